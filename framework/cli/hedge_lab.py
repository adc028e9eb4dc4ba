"""`slipway hedge-lab`: an experiment run with a bar, its table printed, its picture saved."""

from __future__ import annotations

__all__ = ["hedge_lab_command"]

import os
from pathlib import Path

from rich.console import Console

from framework.cli.flags import PICTURES
from framework.cli.hedge_lab_options import LabFlags
from framework.cli.progress import LateBar
from framework.errors import ConfigError
from framework.hedgelab.experiment import Experiment
from framework.hedgelab.lab import hedge_lab
from framework.hedgelab.picture import save_lab_picture, show_lab_picture
from framework.hedgelab.report import print_lab

_WINDOW = "window"


def hedge_lab_command(flags: LabFlags) -> None:
    """Run the experiment, print, write.

    Raises:
        SlipwayError: something given cannot be used; nothing has run then.
    """
    picture = None if flags.plot in (None, _WINDOW) else Path(str(flags.plot))
    _check_file("--plot", picture, PICTURES)
    _check_file("--out", flags.out, (".csv",))
    experiment = Experiment(
        spot=flags.spot,
        strike=flags.strike,
        rate=flags.rate,
        volatility=flags.volatility,
        drift=flags.drift,
        weeks=flags.weeks,
        step=flags.step,
        cost=flags.cost,
    )
    with LateBar(Console(stderr=True), "runs") as bar:
        result = hedge_lab(
            flags.policies,
            experiment,
            paths=flags.paths,
            seed=flags.seed,
            jobs=flags.jobs,
            progress=bar,
        )
    if picture is not None:
        save_lab_picture(result, picture)
    if flags.out is not None:
        result.frame().to_csv(flags.out, index=False, lineterminator="\n")
    if not flags.quiet:
        print_lab(result)
        for name, path in (("Picture", picture), ("Table", flags.out)):
            if path is not None:
                print(f"{name}: {path}")
    if flags.plot == _WINDOW:
        show_lab_picture(result)


def _check_file(flag: str, path: Path | None, endings: tuple[str, ...]) -> None:
    """Refuse, before anything runs, a file that could not be written."""
    if path is None:
        return
    if path.suffix.lower() not in endings:
        raise ConfigError(
            f"{flag} is {str(path)!r}.", f"Give a file whose name ends in {', '.join(endings)}."
        )
    parent = path.expanduser().parent
    if not (parent.is_dir() and os.access(parent, os.W_OK)):
        raise ConfigError(
            f"{flag}: nothing can be written to {parent}.", "Choose a folder that is there."
        )
