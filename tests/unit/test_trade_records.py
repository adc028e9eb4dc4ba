"""Trade records: every fill and closed trade by day, the same twice, wherever they are stored."""

from __future__ import annotations

import stat
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from framework.backtest.record import RunRecord
from framework.calendar import DAY, day_text
from framework.components.commission import PerShare
from framework.config.masks import Mask
from framework.domain.events import Commission
from framework.errors import ConfigError
from framework.operations.storage import LocalFolder, RemoteFolder, storage_of
from framework.operations.trade_records import TradeRecords
from framework.operations.trade_tables import FILLS, TRADES
from framework.research.trades import trades_of
from tests.builders import Act, bars_of, day_number, flat_rows, free, played
from tests.unit.listeners import until

SESSION = "paper-two_trades-1"
BARS = bars_of(flat_rows([100.0, 101.0, 102.0, 103.0, 104.0, 105.0], 0.5), multiplier=2.0)
ACTS: dict[int, Act] = {
    0: lambda s: s.buy(10, stop_loss=90.0),
    1: lambda s: s.sell(10),
    2: lambda s: s.sell(4),
    3: lambda s: s.close(),
    4: lambda s: s.buy(1),
}


def record() -> RunRecord:
    return played(ACTS, BARS, free(commission=PerShare(0.01)))


def kept(place: str | Path, *records: RunRecord, said: list[str] | None = None) -> bool:
    told = [] if said is None else said
    records_ = TradeRecords(place, SESSION, Mask(), tell=told.append)
    for one in records:
        records_.keep(one)
    return records_.close(10.0)


def tables(folder: Path, kind: str) -> dict[str, pa.Table]:
    return {
        path.parent.name: pq.read_table(path)
        for path in sorted(folder.glob(f"*/{kind}-{SESSION}.parquet"))
    }


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def day(index: int) -> str:
    return day_text(day_number(index))


def test_every_fill_and_closed_trade_is_in_the_file_of_its_day(tmp_path: Path) -> None:
    run = record()
    assert kept(tmp_path, run)
    fills, trades = tables(tmp_path, "fills"), tables(tmp_path, "trades")
    assert list(fills) == [day(1), day(2), day(3), day(4), day(5)]
    assert list(trades) == [day(2), day(4)]  # the third is open
    assert {table.schema.remove_metadata() for table in fills.values()} == {FILLS}
    assert {table.schema.remove_metadata() for table in trades.values()} == {TRADES}
    rows = [row for table in fills.values() for row in table.to_pylist()]
    assert [row["id"] for row in rows] == [fill.id for fill in run.fills]
    assert [row["order"] for row in rows] == [fill.order.id for fill in run.fills]
    ns = [value for table in fills.values() for value in table["time"].cast("int64").to_pylist()]
    assert ns == [fill.time for fill in run.fills]
    assert [row["quantity"] for row in rows] == [10, 10, 4, 4, 1]
    assert [row["side"] for row in rows] == ["BUY", "SELL", "SELL", "BUY", "BUY"]
    assert sum(row["commission"] for row in rows) == pytest.approx(0.29)
    assert {row["session"] for row in rows} == {SESSION}
    done = [row for table in trades.values() for row in table.to_pylist()]
    known = [trade for trade in trades_of(run) if not trade.is_open]
    assert len(done) == len(known) == 2
    for row, trade in zip(done, known, strict=True):
        assert row["profit"] == trade.profit
        assert (row["entry_order"], row["exit_order"]) == (trade.entry_order, trade.exit_order)
        assert row["side"] == ("long" if trade.side > 0 else "short")
    assert done[0]["profit"] == pytest.approx(10 * 2 * (102 - 101) - 0.2)
    assert done[1]["r_multiple"] is None


def test_files_are_their_owners_alone(tmp_path: Path) -> None:
    assert kept(tmp_path / "trades", record())
    files = [path for path in (tmp_path / "trades").rglob("*") if path.is_file()]
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    assert {stat.S_IMODE(path.parent.stat().st_mode) for path in files} == {0o700}


def test_twice_is_the_same_as_once(tmp_path: Path) -> None:
    once, twice = tmp_path / "once", tmp_path / "twice"
    assert kept(once, record())
    assert kept(twice, record(), record())
    assert kept(twice, record())  # a process that was started again
    assert contents(once) == contents(twice)
    assert len(contents(once)) == 7


def test_only_what_is_new_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names: list[str] = []
    real = LocalFolder.put

    def put(folder: LocalFolder, name: str, content: bytes) -> None:
        names.append(name)
        real(folder, name, content)

    monkeypatch.setattr(LocalFolder, "put", put)
    run = record()
    early = replace(run, fills=run.fills[:2], commissions=run.commissions[:1])
    records = TradeRecords(tmp_path, SESSION, Mask())
    for one, count in ((early, 3), (replace(early, commissions=run.commissions[:2]), 5), (run, 9)):
        records.keep(one)
        until(lambda n=count: len(names) == n)  # type: ignore[misc]
    assert records.close(10.0)
    first, second = f"{day(1)}/fills-{SESSION}.parquet", f"{day(2)}/fills-{SESSION}.parquet"
    assert names[:3] == [first, second, f"{day(2)}/trades-{SESSION}.parquet"]
    assert names[3:5] == [second, f"{day(2)}/trades-{SESSION}.parquet"]  # a fee that came late
    assert not set(names[5:]) & set(names[:5])
    assert kept(tmp_path / "other", run)
    assert contents(tmp_path / "other") == {
        name: content for name, content in contents(tmp_path).items() if "other" not in name
    }


def test_a_fee_that_is_corrected_counts_once_more(tmp_path: Path) -> None:
    run = record()
    fill = run.fills[0]
    more = Commission(fill.id, fill.symbol, -0.04, fill.time)
    assert kept(tmp_path, replace(run, commissions=(*run.commissions, more)))
    (row,) = tables(tmp_path, "fills")[day(1)].to_pylist()
    assert row["commission"] == pytest.approx(0.10 - 0.04)


def test_a_fill_after_the_last_bar_is_recorded(tmp_path: Path) -> None:
    """At a broker orders fill between bars."""
    run = record()
    late = [
        replace(fill, time=run.fills[-1].time + number) for number, fill in enumerate(run.fills)
    ]
    assert kept(tmp_path, replace(run, fills=tuple(late)))
    assert [len(table) for table in tables(tmp_path, "fills").values()] == [5]
    assert [len(table) for table in tables(tmp_path, "trades").values()] == [2]


def test_nothing_traded_is_nothing_written(tmp_path: Path) -> None:
    assert kept(tmp_path / "trades", played({}, BARS, free()))
    assert not (tmp_path / "trades").exists()


# elsewhere -----------------------------------------------------------------------------------


@pytest.fixture
def memory() -> Iterator[str]:
    import fsspec

    system = fsspec.filesystem("memory")
    yield "memory://bucket/trades"
    system.store.clear()
    system.pseudo_dirs[:] = [""]


def test_it_is_the_same_anywhere(tmp_path: Path, memory: str) -> None:
    import fsspec

    assert kept(tmp_path / "here", record())
    assert kept(f"file://{tmp_path}/there", record())
    assert kept(memory, record(), record())
    system = fsspec.filesystem("memory")
    root = "/bucket/trades/"
    stored = {name.removeprefix(root): system.cat_file(name) for name in system.find(root)}
    assert contents(tmp_path / "here") == contents(tmp_path / "there") == stored
    mode = {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "there").glob("*/*")}
    assert mode == {0o600}


def test_a_storage_that_is_not_there_is_named() -> None:
    with pytest.raises(ConfigError, match="no storage called nosuch://"):
        storage_of("nosuch://bucket")
    assert isinstance(storage_of("~/trades"), LocalFolder)
    assert isinstance(storage_of("memory://trades"), RemoteFolder)


# trouble -------------------------------------------------------------------------------------


def test_a_place_that_cannot_be_written_is_told_and_ends(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    said: list[str] = []
    assert not kept(tmp_path / "file" / "trades", record(), said=said)
    assert len(said) == 1
    assert "7 files cannot be written" in said[0]
    assert "NotADirectoryError" in said[0]
    assert "The journal has what is in them" in said[0]


def test_a_disk_that_is_full_midway_leaves_the_file_that_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = LocalFolder(tmp_path)
    folder.put("a/b", b"before")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        folder.put("a/b", b"after")
    assert contents(tmp_path) == {"a/b": b"before"}


def test_what_could_not_be_written_is_written_the_next_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    records = TradeRecords(tmp_path / "trades", SESSION, Mask(), tell=said.append)
    (tmp_path / "trades").write_text("in the way")
    records.keep(record())
    until(lambda: len(said) == 1)
    (tmp_path / "trades").unlink()
    records.keep(record())
    assert records.close(10.0)
    assert len(contents(tmp_path / "trades")) == 7


def test_nobody_waits_for_a_storage_that_hangs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    freed = threading.Event()
    monkeypatch.setattr(LocalFolder, "put", lambda *_: freed.wait(30.0))
    said: list[str] = []
    records = TradeRecords(tmp_path, SESSION, Mask(), tell=said.append)
    run = record()
    begun = time.monotonic()
    records.keep(run)
    assert time.monotonic() - begun < 0.2
    assert not records.close(0.3)
    assert time.monotonic() - begun < 2.0
    assert said == [f"Trade records: the session ended before they were written to {tmp_path}."]
    freed.set()


def test_a_day_that_has_begun_is_due_once(tmp_path: Path) -> None:
    records = TradeRecords(tmp_path, SESSION, Mask())
    times = (5 * DAY, 5 * DAY + 1, 6 * DAY - 1, 6 * DAY, 6 * DAY + 1, 9 * DAY)
    assert [records.is_due(now) for now in times] == [False, False, False, True, False, True]
    assert records.close(5.0)
