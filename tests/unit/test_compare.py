"""Comparing two run folders."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from framework.errors import ConfigError
from framework.research.compare import compare_runs
from framework.research.files import Provenance, write_run
from framework.research.results import result_of
from tests.unit.records import bars_of, fill_of, record_of

BARS = bars_of([100, 102, 104, 110, 108, 90, 95, 96])
RUN_FILE = "strategy: sma\nset:\n  fast: 10\n  slow: 30\n"


def write(folder: Path, rows: tuple[int, ...], run_file: str = RUN_FILE, data: str = "d") -> Path:
    fills = [fill_of(BARS, row, 10 if number % 2 == 0 else -10) for number, row in enumerate(rows)]
    result = result_of(record_of(BARS, fills), strategy="Test")
    return write_run(result, folder, run_file, Provenance("c", "f", data, "1"))


def test_the_same_run_twice_is_identical(tmp_path: Path) -> None:
    found = compare_runs(write(tmp_path / "a", (1, 3)), write(tmp_path / "b", (1, 3)))
    assert found.is_identical
    assert (found.settings, found.partings) == ((), ())


def test_settings_that_differ_are_named(tmp_path: Path) -> None:
    changed = "strategy: sma\nset:\n  fast: 20\n  slow: 30\ncash: 5000\n"
    one = write(tmp_path / "a", (1, 3))
    found = compare_runs(one, write(tmp_path / "b", (1, 3), changed, data="other"))
    assert [(item.name, item.first, item.second) for item in found.settings] == [
        ("set.fast", "10", "20"),
        ("hash of data", "d", "other"),
        ("cash", "-", "5000"),
    ]
    assert not found.is_identical
    assert found.partings == ()


def test_the_first_row_that_differs_is_found(tmp_path: Path) -> None:
    one, other = write(tmp_path / "a", (1, 2, 3, 4)), write(tmp_path / "b", (1, 2, 3, 5))
    found = compare_runs(one, other)
    assert [(parting.table, parting.row) for parting in found.partings] == [
        ("trades.csv", 2),
        ("orders.csv", 4),
    ]
    cells = {cell.name: (cell.first, cell.second) for cell in found.partings[0].cells}
    assert cells["exit_price"] == ("110.0", "108.0")
    assert "entry_price" not in cells


def test_a_run_with_more_trades_parts_where_the_other_ends(tmp_path: Path) -> None:
    found = compare_runs(write(tmp_path / "a", (1, 2)), write(tmp_path / "b", (1, 2, 3, 4)))
    assert found.partings[0].row == 2
    assert ("symbol", "-", "AAA") in [(c.name, c.first, c.second) for c in found.partings[0].cells]


def test_figures_stand_side_by_side(tmp_path: Path) -> None:
    found = compare_runs(write(tmp_path / "a", (1, 3)), write(tmp_path / "b", (1,)))
    trades = next(figure for figure in found.figures if figure.name == "trades")
    assert (trades.group, trades.first, trades.second, trades.unit) == ("activity", 1, 0, "count")
    rate = next(figure for figure in found.figures if figure.name == "win_rate")
    assert (rate.first, rate.second) == (1.0, None)


@pytest.mark.parametrize(
    ("file", "content", "problem"),
    [
        ("summary.json", None, "is no run folder"),
        ("summary.json", "{", "is no run folder"),
        ("summary.json", '{"format": "other"}', "not ours"),
        ("summary.json", json.dumps({"format": "slipway run 1"}), "damaged"),
        ("run.yaml", None, "is no run folder"),
        ("run.yaml", "a: [", "is no run folder"),
        ("trades.csv", None, "is no run folder"),
    ],
)
def test_damage_is_named_with_a_remedy(tmp_path: Path, file, content, problem) -> None:
    one, other = write(tmp_path / "a", (1, 3)), write(tmp_path / "b", (1, 3))
    (other / file).unlink()
    if content is not None:
        (other / file).write_text(content)
    with pytest.raises(ConfigError, match=problem) as caught:
        compare_runs(one, other)
    assert "slipway run" in caught.value.remedy


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"There is no run folder.*nowhere"):
        compare_runs(tmp_path / "nowhere", tmp_path)
