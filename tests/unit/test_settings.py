"""The settings of a run: every fill policy prints, and an adopted strategy shows what sizes it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest
from typer.testing import CliRunner

from framework.cli.app import app
from framework.config.parts import fill_axes, fill_policy_of, policy_names
from framework.research.backtest import run_backtest
from framework.strategy import Strategy
from tests.unit.records import bars_of

AXES = [(axis, value) for axis, values in fill_axes().items() for value in values]
NEEDY = {"cash_check=acceptance", "slip_cap=wait", "limit_slip_cap=wait", "stop_limit_bar=colour"}
"""Values that need the queue of accepted orders."""

ADOPTED = """import backtrader as bt


class Own(bt.Strategy):
    def next(self):
        if not self.position:
            self.buy()
"""


class Still(Strategy):
    """Does nothing."""


def settings(fill: str | list[str], slippage: str = "percent:0.05") -> dict[str, str]:
    bars = bars_of([100.0] * 6, per_session=3)
    return dict(run_backtest(Still, data=bars, bar="1d", fill=fill, slippage=slippage).settings)


@pytest.mark.parametrize(("axis", "value"), AXES, ids=[f"{a}={v}" for a, v in AXES])
def test_every_value_of_every_axis_prints(axis: str, value: str) -> None:
    given = [f"{axis}={value}"]
    queue = ["queue=accepted"] if given[0] in NEEDY else []
    rows = settings([*queue, *given])
    assert rows["Slippage"].startswith("percent(percent=0.05) on ")
    default = fill_policy_of([*queue, *given]) == fill_policy_of("default")
    assert rows["Fill policy"].startswith("default") is default
    if not default:
        assert axis in rows["Fill policy"]


@pytest.mark.parametrize(
    ("fill", "where"),
    [
        ("default", "on market and stop fills"),
        ("backtesting_py", "on entries"),
        ("backtrader", "on market, stop and marketable limit fills, none at the open"),
        (["backtrader", "gap_slip=true"], "on market, stop and marketable limit fills"),
        ("gap_slip=false", "on market and stop fills, none at the open"),
    ],
)
def test_the_slippage_row_says_what_slips(fill: str | list[str], where: str) -> None:
    assert settings(fill)["Slippage"] == f"percent(percent=0.05) {where}"


@pytest.mark.parametrize("name", policy_names())
@pytest.mark.parametrize("also", ["", "--fill gap_slip=true"])
def test_every_preset_runs_from_the_command_line(
    name: str, also: Literal["", "--fill gap_slip=true"], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    line = f"run sma_cross --set fast=5 --to 1999-12-31 --out run --fill {name} {also}"
    done = CliRunner().invoke(app, line.split())
    assert done.exit_code == 0, done.output
    assert "Fill policy" in done.output
    assert (tmp_path / "run" / "fills.csv").read_text("utf-8").count("\n") > 1


@pytest.mark.parametrize(
    ("given", "sizing", "title"),
    [
        ("", "the strategy's own (backtrader's default: 1 unit)", "Own on SP500"),
        (
            "FixedSize(stake=3)",
            "FixedSize(stake=3)",
            "Own(sizer=FixedSize(stake=3)) on SP500",
        ),
    ],
)
def test_an_adopted_strategy_shows_its_own_sizer(
    given: str, sizing: str, title: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("own.py").write_text(ADOPTED, "utf-8")
    line = ["run", "own.py", "--to", "1999-12-31", "--out", "run"]
    done = CliRunner().invoke(app, [*line, "--set", f"sizer={given}"] if given else line)
    assert done.exit_code == 0, done.output
    lines = [" ".join(text.split()) for text in done.output.splitlines()]
    assert lines[0] == title
    assert f"Sizing {sizing}" in lines


def test_a_parameter_without_a_value_is_not_in_the_title() -> None:
    found = run_backtest(Still, data=[bars_of([100, 101, 102])])
    shown = replace(found, parameters=(("a", "1"), ("b", ""), ("c", "3")))
    assert shown.title() == "Still(a=1, c=3)"
    assert shown.title(most=1) == "Still(a=1)"
    assert found.title() == "Still"
