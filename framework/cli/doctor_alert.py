"""`slipway doctor --alert`: one alert as a test to every place a run file names, and whether it was
taken."""

from __future__ import annotations

__all__ = ["alert_command"]

import os
import time
from collections.abc import Callable
from pathlib import Path

from framework.cli.doctor_nouns import Check, Verdict
from framework.cli.doctoring import show_checks
from framework.cli.reporting import complain
from framework.cli.session_plan import session_plan
from framework.config.alert import channels_of
from framework.config.dotenv import variables
from framework.config.environment import find_env_file
from framework.config.masks import Mask
from framework.config.request import request_of
from framework.config.runfile import RunFile, read, validate
from framework.errors import ConfigError, InputError
from framework.operations.alert_channels import Channel, Delivery, open_channels
from framework.operations.alert_rules import Alert, trial
from framework.operations.sessions import SESSIONS
from framework.readiness.evidence import Evidence, EvidenceBook, Trial
from framework.readiness.subject import subject_of


def alert_command(config: Path | None, is_asked: bool, as_json: bool) -> int:
    """Send one alert to each place, once, and print what became of it.

    Args:
        config: the run file.
        is_asked: whether --alert was given.
        as_json: whether it is for scripts.

    Returns:
        The exit code: 1 where a place has not taken it.

    Raises:
        ConfigError: the run file tells nobody, or what it says cannot be used.
    """
    if not is_asked or config is None:
        raise ConfigError(
            "--alert and --config FILE go together.",
            "Write `slipway doctor --alert --config FILE`; FILE is the run file with `alert:`.",
        )
    run_file = validate(read(config.expanduser()), config.name)
    if run_file.alert.is_empty:
        raise ConfigError(
            f"{config.name} tells nobody: it has no `alert:`.",
            "Write one, such as `alert: mailto://user:${PASSWORD}@host`.",
        )
    channels = channels_of(run_file.alert, variables(os.environ, find_env_file()))
    mask = Mask(secrets=channels.secrets)
    alert = trial(run_file.strategy or config.name, time.time_ns())
    found = [_tried(place, alert, mask) for place in open_channels(channels)]
    code = show_checks(found, as_json)
    if run_file.strategy is not None or run_file.strategies:
        _note(run_file, code == 0, ", ".join(one.name for one in found), as_json)
    return code


def _note(run_file: RunFile, passed: bool, places: str, as_json: bool) -> None:
    """Keep it as evidence for the strategy the run file names."""
    try:
        subject = subject_of(session_plan(request_of(run_file)))
    except InputError as error:
        if not as_json:
            complain(f"Not kept as evidence of a strategy: {error}")
        return
    detail = f"{'taken' if passed else 'not taken'} by {places}"
    EvidenceBook(SESSIONS).add(Evidence(subject, Trial.ALERTS, time.time_ns(), passed, detail))


def _tried(place: Channel, alert: Alert, mask: Callable[[str], str]) -> Check:
    try:
        place.send(alert)
    except Delivery as error:
        return Check(
            place.label,
            Verdict.FAIL,
            f"not taken: {mask(str(error))}",
            "Check the address, the login and that this machine can reach it.",
        )
    return Check(place.label, Verdict.OK, "taken")
