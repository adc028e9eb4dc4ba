"""`slipway hedge-lab`: what it prints, writes and draws, and its mistakes."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from rich.console import Console
from typer.testing import CliRunner

from framework.cli.app import app
from framework.cli.progress import LateBar
from framework.errors import ConfigError
from framework.hedgelab.experiment import Experiment
from framework.hedgelab.lab import hedge_lab
from framework.hedgelab.picture import figure_of_lab, save_lab_picture, show_lab_picture
from framework.hedgelab.report import print_lab

SHORT = Experiment(weeks=4.0, step=1.0)


@pytest.fixture(autouse=True)
def _place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


# the command ------------------------------------------------------------------------------------


def run(line: str, code: int = 0) -> str:
    result = CliRunner().invoke(app, ["hedge-lab", *line.split()], env={"COLUMNS": "110"})
    assert result.exit_code == code, result.output
    return " ".join(result.output.split())


def test_it_prints_the_table_and_writes_it_and_the_picture() -> None:
    shown = run("--weeks 4 --step 1 --paths 20 --out t.csv --plot=p.png --seed 3")
    assert "A short call worth" in shown
    assert "20 paths of seed 3" in shown
    assert "stop_loss" in shown
    assert "Picture: p.png" in shown
    table = pd.read_csv("t.csv")
    assert list(table.columns) == [
        "policy", "rebalances", "mean_cost", "hedging_error", "standard_error", "transaction_costs",
    ]  # fmt: skip
    outcome = hedge_lab([table.policy[0]], SHORT, paths=20, seed=3).outcomes[0]
    assert table.hedging_error[0] == pytest.approx(outcome.error, rel=1e-12)
    assert f"{outcome.error:.4f}" in shown
    assert Path("p.png").stat().st_size > 20_000
    assert run("--weeks 4 --step 1 --paths 3 --policy interval --quiet") == ""


MISTAKES = [
    ("--policy stop_los", "Did you mean 'stop_loss'?"),
    ("--policy intervall:2", "Did you mean 'interval'?"),
    ("--policy interval:barz=2", "Did you mean 'bars'?"),
    ("--policy stop_loss:foo=1", "there is no parameter 'foo'"),
    ("--policy stop_loss:1,2", "there is no parameter '2'"),
    ("--policy stop_loss:bars=half", "bars is 'half'"),
    ("--policy stop_loss:0", "bars is 0"),
    ("--policy leland:0.002", "bars_per_year=104"),
    ("--policy missing.py:Mine", "there is no file missing.py"),
    ("--policy interval --policy interval", "given twice"),
    ("--strike -1", "strike is -1.0"),
    ("--step 3", "does not divide 20 weeks"),
    ("--paths 1", "paths is 1"),
    ("--plot=x.gif", "--plot is 'x.gif'"),
    ("--plot=no/x.png", "nothing can be written to no"),
    ("--out x.txt", "ends in .csv"),
]


@pytest.mark.parametrize(("line", "said"), MISTAKES)
def test_a_mistake_gets_a_sentence(line: str, said: str) -> None:
    shown = run(line, code=2)
    assert said in shown
    assert "defect" not in shown


OWN = """class Lazy:
    def __init__(self, width: float = 0.1) -> None:
        self.width = width

    def net_delta(self, state):
        return 0.0 if abs(state.book.delta) > self.width else None
"""


def test_a_policy_of_the_users_own_file_in_two_processes() -> None:
    Path("own.py").write_text(OWN, "utf-8")
    line = "--weeks 4 --step 1 --paths 60 --policy own.py:Lazy:width=0.2 --policy band:0.2"
    run(f"{line} --jobs 2 --out t.csv")
    own, band = pd.read_csv("t.csv").to_dict("records")
    assert {**own, "policy": ""} == {**band, "policy": ""}


def test_a_window_where_there_is_none_is_a_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    import matplotlib.pyplot as plt

    monkeypatch.setattr(plt, "get_backend", lambda: "agg")
    shown = run("--weeks 4 --step 1 --paths 3 --policy interval --plot=window", code=2)
    assert "No window can be opened here." in shown
    drawn: list[bool] = []
    monkeypatch.setattr(plt, "get_backend", lambda: "own")
    monkeypatch.setattr(plt, "show", lambda: drawn.append(True))
    show_lab_picture(hedge_lab(["interval"], SHORT, paths=3))
    plt.close("all")
    assert drawn == [True]


def test_a_bar_shows_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[int, int]] = []
    monkeypatch.setattr(LateBar, "__call__", lambda _, *done: told.append(done))
    run("--weeks 4 --step 1 --paths 60 --policy interval")
    assert told == [(50, 60), (60, 60)]


def test_narrow_terminals_fold_after_commas() -> None:
    shown = StringIO()
    print_lab(hedge_lab((), SHORT, paths=2), Console(width=80, file=shown))
    lines = shown.getvalue().splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith("whalley_wilmott"))
    assert lines[at].split()[0] == "whalley_wilmott:cost=0.001,"
    assert lines[at + 1].strip() == "risk_aversion=0.1"


# the picture ------------------------------------------------------------------------------------


def test_the_picture_has_a_line_for_each_policy_and_the_rule() -> None:
    result = hedge_lab((), SHORT, paths=5)
    left, right = figure_of_lab(result).axes
    families = {one.policy.family for one in result.outcomes}
    assert len(left.containers) == len(right.containers) == len(families)
    assert left.get_xlabel() == "mean transaction costs, % of the call's price"
    (rule,) = [line for line in right.lines if "Kamal" in str(line.get_label())]
    weeks, error = (np.asarray(values) for values in rule.get_data())
    assert error * np.sqrt(weeks[0] / weeks) == pytest.approx(np.full(len(weeks), error[0]))
    free = figure_of_lab(hedge_lab((), replace(SHORT, cost=0.0), paths=5)).axes[0]
    assert free.get_xlabel() == "hedges on average"


def test_a_policy_that_never_hedges_can_be_drawn() -> None:
    result = hedge_lab(["band:5", "interval"], SHORT, paths=5)
    assert result.outcomes[0].mean_rebalances == 0.0
    band = figure_of_lab(result).axes[1].containers[0]
    assert len(band[0].get_xdata()) == 0
    save_lab_picture(result, Path("p.svg"))
    assert Path("p.svg").read_text("utf-8").startswith("<?xml")
    for name in ("p.gif", "own.py/p.png"):
        Path("own.py").write_text(OWN, "utf-8")
        with pytest.raises(ConfigError, match="cannot be"):
            save_lab_picture(result, Path(name))
