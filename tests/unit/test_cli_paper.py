"""`run --paper --gateway emulator`: what it prints, what it leaves behind, and what it refuses."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from framework.cli.app import app
from framework.research.files import RUN_FILES

PAPER = "--paper --gateway emulator"
LINE = "run sma_cross --from 2016-01-01 --set fast=5 --set slow=20"


@pytest.fixture(autouse=True)
def _place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def _run(line: str, code: int = 0) -> str:
    result = CliRunner().invoke(app, line.split())
    assert result.exit_code == code, result.output
    return " ".join(result.output.split())


def _table(name: str, *aside: str) -> list[dict[str, str]]:
    with Path(name).open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return [{key: text for key, text in row.items() if key not in aside} for row in rows]


# what it says and leaves -----------------------------------------------------------------------


def test_it_says_that_it_is_an_emulator_wherever_it_shows_anything() -> None:
    said = _run(f"{LINE} {PAPER} --out paper --explain")
    assert "EMULATOR: a paper session on this machine. Nothing reaches Interactive Brokers" in said
    assert "EMULATOR: SmaCross(fast=5, slow=20) on SP500" in said
    assert "Warnings ! EMULATOR: a paper session" in said
    assert "Files: paper/ (run.yaml repeats the run as a backtest)" in said
    assert "Ran by the emulator." in said
    summary = json.loads(Path("paper/summary.json").read_text())
    assert summary["warnings"][0].startswith("EMULATOR: ")
    assert "EMULATOR: " in _run(f"{LINE} {PAPER} --out paper --quiet")


def test_its_files_are_a_backtest_s_but_for_what_no_broker_tells() -> None:
    """A stop that trails, so that orders are cancelled and prices move."""
    line = f"{LINE} --exit trailing_percent:2"
    _run(f"{line} --out backtest --quiet")
    _run(f"{line} {PAPER} --out paper --quiet")
    assert sorted(path.name for path in Path("paper").iterdir()) == sorted(RUN_FILES)
    for name in ("equity.csv", "run.yaml"):
        assert Path("backtest", name).read_bytes() == Path("paper", name).read_bytes()
    aside = {
        "fills.csv": ("id", "before_slippage", "slippage"),
        "orders.csv": ("slippage", "reason"),
        "trades.csv": ("slippage", "best_excursion", "worst_excursion"),  # from the entry's open
    }
    for name, columns in aside.items():
        rows = _table(f"backtest/{name}", *columns)
        assert len(rows) > 10
        assert rows == _table(f"paper/{name}", *columns)
    before, after = (
        json.loads(Path(folder, "summary.json").read_text()) for folder in ("backtest", "paper")
    )
    assert before["hashes"] == after["hashes"]
    for one in (before, after):
        del one["warnings"]
        del one["metrics"]["activity"]["slippage"]
    assert before == after


def test_the_picture_says_so_too(monkeypatch: pytest.MonkeyPatch) -> None:
    from framework.research import plots

    titles = []
    drawn = plots._draw_title

    def draw(figure: object, result: object) -> None:
        titles.append(result.title())  # type: ignore[attr-defined]
        drawn(figure, result)  # type: ignore[arg-type]

    monkeypatch.setattr(plots, "_draw_title", draw)
    _run(f"{LINE} {PAPER} --out paper --quiet --plot paper.png")
    assert Path("paper.png").stat().st_size > 10_000
    assert titles == ["EMULATOR: SmaCross(fast=5, slow=20)"]


def test_a_run_file_plays_as_a_session_too() -> None:
    _run(f"{LINE} --out backtest --quiet")
    _run(f"run --config backtest/run.yaml {PAPER} --out paper --quiet")
    assert Path("backtest/equity.csv").read_bytes() == Path("paper/equity.csv").read_bytes()
    assert yaml.safe_load(Path("paper/run.yaml").read_text())["strategy"] == "sma_cross"


def test_what_a_strategy_did_before_it_raised_is_kept() -> None:
    Path("own.py").write_text(
        "from framework import Strategy\n\n\nclass Own(Strategy):\n"
        "    def on_bar(self):\n"
        "        if len(self.data.close) == 3:\n            self.go_long()\n"
        "        if len(self.data.close) == 9:\n            raise ValueError('enough')\n"
    )
    said = _run(f"run own.py --from 2016-01-01 {PAPER} --out paper", 2)
    assert "the strategy stopped: own.py, line 9" in said
    assert "enough" in said
    assert len(_table("paper/fills.csv")) == 1


def test_a_breaker_is_a_finding_under_strict() -> None:
    _run(f"{LINE} {PAPER} --limit max_drawdown:1 --strict --quiet --out paper", 1)


# what it refuses -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ("--gateway emulator", "--gateway is of a session at a broker, and this would be a"),
        ("--paper --gateway tws", "--gateway is 'tws', of --paper. Write --paper --gateway"),
        ("--live --gateway emulator", "--gateway is 'emulator', of --live."),
        (f"{PAPER} --engine backtrader", "--engine backtrader plays the market itself"),
        (f"{PAPER} --fill backtrader", "The fill policy has cash_check=acceptance"),
        (f"{PAPER} --fill backtesting_py", "The fill policy has sizing=fill"),
        (f"{PAPER} --fill queue=submission", "queue=submission, which no order at a broker"),
        (f"{PAPER} --bar 1w --fill intrabar=finer", "intrabar=finer, which no order at a broker"),
        (f"{PAPER} --bar 1w", "The broker has no bars of '1w'."),
        (f"{PAPER} --financing rates:4.33", "Leave --financing out for a session."),
    ],
)
def test_what_no_session_can_do(flags: str, said: str) -> None:
    printed = _run(f"{LINE} {flags} --out paper", 2)
    assert said in printed
    assert "EMULATOR: SmaCross" not in printed
    assert not Path("paper").exists()
