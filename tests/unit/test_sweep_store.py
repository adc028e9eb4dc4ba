"""The folder of a sweep: parts, going on after a stop, and whose folder it is."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from framework import sweep
from framework.errors import ConfigError
from framework.sweeps import work
from framework.sweeps.axes import Axis, Grid
from framework.sweeps.rows import FIGURES, Row
from framework.sweeps.store import PARTS, TABLE, Store, open_store
from framework.sweeps.table import columns_of
from framework.sweeps.work import Batch, Done

GRID = Grid((Axis("a", tuple(range(10))),))
IDENTITY: Mapping[str, object] = {"format": "slipway sweep 1", "data": "x"}
SINCE = "2016-01-01"


@pytest.fixture(autouse=True)
def _place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def _store(fresh: bool = False, identity: Mapping[str, object] = IDENTITY) -> Store:
    return open_store(Path("out"), identity, columns_of(GRID), fresh)


def _done(start: int, count: int) -> Done:
    rows = [Row(tuple(start + i for _ in FIGURES), (1.0, 0.0, 3.0)) for i in range(count)]
    return Done(Batch(start, range(start, start + count)), rows, 0.0)


def _filled(store: Store, *ranges: tuple[int, int]) -> Store:
    for start, count in ranges:
        store.add(_done(start, count))
    store.flush()
    return store


def _no_luck(rows: object) -> pd.Series[float]:
    return pd.Series([0.5] * len(rows))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("ranges", "files", "missing"),
    [
        ([], [], [(0, 10)]),
        ([(0, 4), (4, 2)], ["0-6"], [(6, 10)]),
        ([(4, 2), (0, 4)], ["0-6"], [(6, 10)]),
        ([(2, 2), (6, 1)], ["2-4", "6-7"], [(0, 2), (4, 6), (7, 10)]),
        ([(5, 5), (0, 5)], ["0-10"], []),
        ([(9, 1)], ["9-10"], [(0, 9)]),
    ],
)
def test_what_is_written_and_what_is_missing(
    ranges: list[tuple[int, int]], files: list[str], missing: list[tuple[int, int]]
) -> None:
    store = _filled(_store(), *ranges)
    names = [path.stem.split("-") for path in sorted(Path("out", PARTS).iterdir())]
    assert [f"{int(start)}-{int(stop)}" for start, stop in names] == files
    assert list(store.missing(0, 10)) == missing
    again = _store()
    assert list(again.missing(0, 10)) == missing
    assert again.done == sum(count for _, count in ranges)


def test_missing_ranges_of_a_later_generation() -> None:
    store = _filled(_store(), (0, 2), (5, 2))
    assert list(store.missing(2, 5)) == [(2, 5)]
    assert list(store.missing(5, 7)) == []
    assert list(store.missing(4, 8)) == [(4, 5), (7, 8)]


def test_a_half_written_part_is_not_there() -> None:
    store = _filled(_store(), (0, 4))
    path = next(Path("out", PARTS).iterdir())
    shutil.copy(path, path.with_name("000000000004-000000000010.draft"))
    assert list(_store().missing(0, 10)) == [(4, 10)]
    store.add(_done(4, 6))
    store.finish(_no_luck)  # type: ignore[arg-type]
    assert list(pd.read_parquet(Path("out", TABLE))["a"]) == list(range(10))
    assert not Path("out", PARTS).exists()


def test_the_table_is_the_same_however_its_parts_were_cut(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("framework.sweeps.store._GROUP", 4)
    found = []
    for ranges in ([(0, 10)], [(7, 3), (0, 1), (1, 6)]):
        store = _store(fresh=True)
        for one in ranges:
            _filled(store, one)
        store.finish(_no_luck)  # type: ignore[arg-type]
        found.append(Path("out", TABLE).read_bytes())
    assert found[0] == found[1]
    file = pq.ParquetFile(Path("out", TABLE))
    assert [file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)] == [4, 4, 2]
    file.close()


def test_parts_that_outlived_the_table_are_removed() -> None:
    store = _filled(_store(), (0, 10))
    shutil.copytree(Path("out", PARTS), "kept")
    store.finish(_no_luck)  # type: ignore[arg-type]
    shutil.copytree("kept", Path("out", PARTS))
    assert _store().is_finished
    assert not Path("out", PARTS).exists()


def test_columns_are_read_back_by_number() -> None:
    store = _filled(_store(), (6, 4), (0, 3), (3, 3))
    assert store.column("sharpe", 2, 8).tolist() == [2, 3, 4, 5, 6, 7]
    assert store.column("trades", 0, 1).tolist() == [0]


def test_another_sweep_is_refused_by_name_and_thrown_away_on_demand() -> None:
    _filled(_store(), (0, 4))
    with pytest.raises(ConfigError, match=r"another sweep: it differs in data.*--fresh"):
        _store(identity={**IDENTITY, "data": "y"})
    Path("out/note.txt").write_text("mine", "utf-8")
    store = _store(fresh=True, identity={**IDENTITY, "data": "y"})
    assert store.done == 0
    assert json.loads(Path("out/sweep.json").read_text("utf-8"))["data"] == "y"
    assert Path("out/note.txt").read_text("utf-8") == "mine"


def test_a_folder_of_something_else_is_left_alone() -> None:
    Path("out").mkdir()
    Path("out/letter.txt").write_text("dear", "utf-8")
    for fresh in (False, True):
        with pytest.raises(ConfigError, match="no sweep has written"):
            _store(fresh=fresh)
    assert [path.name for path in Path("out").iterdir()] == ["letter.txt"]
    Path("file").touch()
    with pytest.raises(ConfigError, match="is a file"):
        open_store(Path("file"), IDENTITY, columns_of(GRID), False)


# a whole sweep ------------------------------------------------------------------------------------

VALUES = {"fast": "5:20:5", "slow": "30:60:10"}


def _stopped_after(runs: int, monkeypatch: pytest.MonkeyPatch, **given: object) -> int:
    """Stop a sweep as Ctrl-C would; how many sets were run until then."""
    seen = 0

    def counting(*args: object) -> list[Row]:
        nonlocal seen
        if seen >= runs:
            raise KeyboardInterrupt
        rows = evaluate(*args)  # type: ignore[arg-type]
        seen += len(rows)
        return rows

    evaluate = work.evaluate
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(work, "evaluate", counting)
        sweep("sma_cross", VALUES, first=SINCE, out="out", **given)  # type: ignore[arg-type]
    return seen


@pytest.mark.parametrize(
    "given", [{}, {"random": 10}, {"bayes": 12}], ids=["grid", "random", "bayes"]
)
def test_a_stopped_sweep_goes_on_where_it_was(
    given: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = _stopped_after(5, monkeypatch, **given)
    assert 5 <= seen < 16
    told: list[tuple[int, int]] = []
    again = sweep(
        "sma_cross", VALUES, first=SINCE, out="out",
        progress=lambda done, total: told.append((done, total)), **given,  # type: ignore[arg-type]
    )  # fmt: skip
    assert told[0][0] == seen
    whole = sweep("sma_cross", VALUES, first=SINCE, out="whole", **given)  # type: ignore[arg-type]
    assert again.path.read_bytes() == whole.path.read_bytes()


def test_a_finished_sweep_is_not_run_again(monkeypatch: pytest.MonkeyPatch) -> None:
    sweep("sma_cross", VALUES, first=SINCE, out="out")
    monkeypatch.setattr(work, "evaluate", None)
    again = sweep("sma_cross", VALUES, first=SINCE, out="out", metric="trades")
    assert again.best is not None
    assert again.metric == "trades"


CHANGES = [
    ({"cash": 5.0e4}, "settings"),
    ({"parameters": {"slow": 50}, "grid": {"fast": "5:20:5"}}, "settings"),
    ({"grid": {"fast": "5:20:5", "slow": "30:50:10"}}, "sweep"),
    ({"first": "2016-02-01"}, "data"),
    ({"random": 5}, "search"),
    ({"train": ":2016-12-31", "test": "2017-01-01:"}, "data"),
]


@pytest.mark.parametrize(("changed", "named"), CHANGES)
def test_a_changed_sweep_is_refused(
    changed: dict[str, object], named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _stopped_after(2, monkeypatch)
    given = {"grid": VALUES, "first": SINCE, "out": "out"} | changed
    with pytest.raises(ConfigError, match=f"differs in .*{named}"):
        sweep("sma_cross", **given)  # type: ignore[arg-type]
    assert sweep("sma_cross", fresh=True, **given).ran > 0  # type: ignore[arg-type]


def test_changed_code_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    text = (
        "from framework import Strategy\n\n\nclass Own(Strategy):\n    n: int = 1\n\n"
        "    def on_bar(self):\n        self.go_long()\n"
    )
    Path("own.py").write_text(text, "utf-8")
    Path("parts.py").write_text(
        "class Free:\n    def fee(self, *given):\n        return 0.0\n", "utf-8"
    )
    given = {"grid": {"n": [1, 2]}, "first": "2018-06-01", "commission": "parts.py:Free"}
    sweep("own.py", out="out", **given)  # type: ignore[arg-type]
    Path("own.py").write_text(text.replace("go_long", "go_short"), "utf-8")
    with pytest.raises(ConfigError, match="differs in code"):
        sweep("own.py", out="out", **given)  # type: ignore[arg-type]
    Path("own.py").write_text(text, "utf-8")
    sweep("own.py", out="out", **given)  # type: ignore[arg-type]
    Path("parts.py").write_text(
        "class Free:\n    def fee(self, *given):\n        return 1.0\n", "utf-8"
    )
    with pytest.raises(ConfigError, match="differs in code"):
        sweep("own.py", out="out", **given)  # type: ignore[arg-type]
