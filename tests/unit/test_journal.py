"""The journal's file: append-only, private, one writer, whole after a kill, named when damaged."""

from __future__ import annotations

import logging
import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from time import monotonic, sleep

import numpy as np
import pytest

import framework
from framework.domain.events import BrokerEvent, Commission, Fill, Halt, OrderUpdate
from framework.domain.ledger import Ledger
from framework.domain.orders import Order, OrderStatus, Origin, Side
from framework.engine import journal_ballast
from framework.engine.journal import Journal, open_journal, read_journal
from framework.engine.journal_errors import (
    JournalBusyError,
    JournalDamagedError,
    JournalError,
    JournalFullError,
    NotSentError,
)
from framework.engine.journal_lock import Trader, masked, masked_text
from framework.engine.journal_rows import (
    Adopted,
    Bound,
    Cancel,
    EventBatch,
    IdFloor,
    Instant,
    News,
    Replace,
    RiskState,
    Row,
    SeenExecution,
    Started,
    Stopped,
    Submit,
    Unsent,
)
from framework.engine.journalled import JournalledBroker, ReplayBroker, is_exit
from framework.engine.reconcile_nouns import ExternalHolding
from tests.builders import bracket_of, order_of
from tests.journals import STARTED, TRADER, journal_in

ROOT = Path(framework.__file__).parents[1]
SCRIPT = Path(__file__).with_name("journal_writer_script.py")
posix = pytest.mark.skipif(sys.platform == "win32", reason="rights of files are POSIX's")


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return journal_in(tmp_path)


def rows_of(path: Path) -> list[Row]:
    with read_journal(path) as reader:
        return [entry.row for entry in reader.entries()]


def news(count: int) -> list[News]:
    return [News(number, "doubt", f"number {number}") for number in range(count)]


# rows in order --------------------------------------------------------------------------------


def test_rows_come_back_in_order_with_numbers_sessions_and_times(journal: Journal) -> None:
    journal.append(News(1, "doubt", "early"))
    journal.append(STARTED, *news(2))
    journal.append(STARTED)
    found = list(journal.entries())
    assert [entry.number for entry in found] == [1, 2, 3, 4, 5]
    assert [entry.run for entry in found] == [0, 1, 1, 1, 2]
    assert [entry.written for entry in found] == [1, 2, 2, 2, 3]
    assert [entry.row for entry in found[1:4]] == [STARTED, *news(2)]
    assert journal.number == 5


def test_kinds_can_be_chosen(journal: Journal) -> None:
    journal.append(STARTED, *news(2), Cancel(1, 1, "a"))
    assert [entry.number for entry in journal.entries(["cancel", "started"])] == [1, 4]


def test_it_goes_on_after_it_was_closed(tmp_path: Path) -> None:
    for number in range(3):
        with journal_in(tmp_path) as journal:
            assert journal.number == 2 * number
            journal.append(STARTED, Stopped(number, "done"))
    assert [type(row) for row in rows_of(tmp_path / "journal.sqlite")] == [Started, Stopped] * 3


def test_it_is_whole_without_the_files_beside_it_once_closed(tmp_path: Path) -> None:
    with journal_in(tmp_path) as journal:
        journal.append(STARTED, *news(500))
    alone = tmp_path / "copy"
    alone.write_bytes((tmp_path / "journal.sqlite").read_bytes())
    assert len(rows_of(alone)) == 501


def test_readers_read_while_it_is_written(journal: Journal) -> None:
    journal.append(STARTED)
    with read_journal(journal.path) as reader:
        assert len(list(reader.entries())) == 1
        journal.append(*news(5))
        rows = reader.entries()
        next(rows)
        journal.append(*news(5))
        journal.tidy()
        assert len(list(rows)) == 5, "a reader sees the journal as it was when it began"
        assert len(list(reader.entries())) == 11


def test_a_long_journal_stays_in_the_room_made_for_it(journal: Journal) -> None:
    text = "x" * 40_000
    for number in range(400):
        journal.append(News(number, "doubt", text))
    beside = journal.path.with_name(f"{journal.path.name}-wal")
    assert beside.stat().st_size < 5 << 20
    assert sum(isinstance(entry.row, News) for entry in journal.entries()) == 400


# append-only ----------------------------------------------------------------------------------

ATTACKS = {
    "change": "UPDATE rows SET body = '{}' WHERE number = 2",
    "delete": "DELETE FROM rows WHERE number = 3",
    "delete all": "DELETE FROM rows",
    "insert a second": "INSERT INTO rows SELECT 2, run, written, kind, body, checksum FROM rows "
    "WHERE number = 1",
    "insert or replace": "INSERT OR REPLACE INTO rows SELECT 2, run, written, kind, body, checksum "
    "FROM rows WHERE number = 1",
    "leave a gap": "INSERT INTO rows SELECT 9, run, written, kind, body, checksum FROM rows "
    "WHERE number = 1",
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_row_can_be_changed_or_deleted(journal: Journal, attack: str) -> None:
    journal.append(STARTED, *news(2))
    other = sqlite3.connect(journal.path)
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        other.execute(ATTACKS[attack])
    other.close()
    assert len(list(journal.entries())) == 3


@pytest.mark.parametrize("attack", ["change", "delete", "insert a second"])
def test_whoever_removes_the_guard_is_found_out(tmp_path: Path, attack: str) -> None:
    with journal_in(tmp_path) as journal:
        journal.append(STARTED, *news(3))
    other = sqlite3.connect(tmp_path / "journal.sqlite", isolation_level=None)
    for name in ("rows_stay", "rows_are_kept", "rows_follow"):
        other.execute(f"DROP TRIGGER {name}")
    for statement in (ATTACKS["delete"], ATTACKS["change"])[attack == "change" :]:
        other.execute(statement)
    other.close()
    with pytest.raises(JournalDamagedError, match="rows_are_kept"):
        read_journal(tmp_path / "journal.sqlite")


def _unguarded(path: Path, statement: str) -> None:
    """Change a row behind the journal's back and put the guards back."""
    other = sqlite3.connect(path, isolation_level=None)
    guards = [sql for (sql,) in other.execute("SELECT sql FROM sqlite_master WHERE type='trigger'")]
    for name in ("rows_stay", "rows_are_kept", "rows_follow"):
        other.execute(f"DROP TRIGGER {name}")
    other.execute(statement)
    for guard in guards:
        other.execute(guard)
    other.close()


@pytest.mark.parametrize(
    ("statement", "message", "intact"),
    [
        ("UPDATE rows SET body = replace(body, '1', '2') WHERE number = 3", "row 3 is not as", 2),
        ("UPDATE rows SET written = 77 WHERE number = 2", "row 2 is not as", 1),
        ("DELETE FROM rows WHERE number = 2", "row 2 is missing", 1),
        ("UPDATE rows SET checksum = checksum + 1 WHERE number = 4", "row 4 is not as", 3),
    ],
)
def test_a_row_that_is_not_as_written_is_found(
    tmp_path: Path, statement: str, message: str, intact: int
) -> None:
    with journal_in(tmp_path) as journal:
        journal.append(STARTED, *news(3))
    path = tmp_path / "journal.sqlite"
    _unguarded(path, statement)
    with pytest.raises(JournalDamagedError, match=message) as caught:
        rows_of(path)
    assert caught.value.intact == intact
    assert "Move it aside" in str(caught.value)
    with pytest.raises(JournalDamagedError, match=message):
        journal_in(tmp_path)


# files ----------------------------------------------------------------------------------------


@posix
def test_only_its_owner_can_read_it(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        journal = journal_in(tmp_path / "new")
        journal.append(STARTED, *news(3))
    finally:
        os.umask(before)
    files = {path.name: path for path in (tmp_path / "new").iterdir()}
    assert {"journal.sqlite", "journal.sqlite-wal", "journal.sqlite-shm"} <= set(files)
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in files.values()), files
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700


@posix
def test_a_journal_others_can_read_is_refused(tmp_path: Path) -> None:
    journal_in(tmp_path).close()
    (tmp_path / "journal.sqlite").chmod(0o640)
    with pytest.raises(JournalError, match="chmod 600"):
        journal_in(tmp_path)


def test_no_file_says_the_account(tmp_path: Path) -> None:
    with journal_in(tmp_path) as journal:
        journal.append(STARTED)
    for path in tmp_path.iterdir():
        assert "1234567" not in path.name
        assert b"1234567" not in path.read_bytes()


@pytest.mark.parametrize(
    ("account", "shown"),
    [("DU1234567", "DU*****67"), ("U7654321", "U*****21"), ("U12", "U12"), ("demo", "demo")],
)
def test_account_ids_are_masked(account: str, shown: str) -> None:
    assert masked(account) == shown


def test_account_ids_in_texts_are_masked() -> None:
    text = masked_text("order of DU1234567 refused; UAL 12345, F100 and U9999999 stay")
    assert text == "order of DU*****67 refused; UAL 12345, F100 and U*****99 stay"


def test_what_is_no_journal_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE mine (x)")
    other.commit()
    other.close()
    path.chmod(0o600)
    with pytest.raises(JournalError, match="is no journal"):
        journal_in(tmp_path)
    with pytest.raises(JournalError, match="is no journal"):
        read_journal(path)
    path.write_text("time,price\n" * 1000)
    with pytest.raises(JournalDamagedError, match="not a database"):
        journal_in(tmp_path)


def test_a_newer_layout_is_refused(tmp_path: Path) -> None:
    journal_in(tmp_path).close()
    other = sqlite3.connect(tmp_path / "journal.sqlite")
    other.execute("PRAGMA user_version = 2")
    other.close()
    with pytest.raises(JournalError, match="layout 2"):
        journal_in(tmp_path)


def test_there_is_none(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="no journal"):
        read_journal(tmp_path / "journal.sqlite")
    (tmp_path / "folder").mkdir()
    with pytest.raises(JournalError, match="is no file"):
        open_journal(tmp_path / "folder", TRADER, lambda: 1)


def test_a_kill_while_it_was_made_does_no_harm(tmp_path: Path) -> None:
    (tmp_path / "journal.sqlite").touch(mode=0o600)
    with journal_in(tmp_path) as journal:
        journal.append(STARTED)
    assert rows_of(tmp_path / "journal.sqlite") == [STARTED]


@pytest.mark.parametrize("keep", [0.2, 0.5, 0.9])
def test_a_torn_file_is_named_with_its_remedy(tmp_path: Path, keep: float) -> None:
    with journal_in(tmp_path) as journal:
        journal.append(STARTED, *(News(n, "doubt", "x" * 20_000) for n in range(400)))
    path = tmp_path / "journal.sqlite"
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * keep)])
    with pytest.raises(JournalDamagedError, match="Move it aside"):
        journal_in(tmp_path)
    with pytest.raises(JournalDamagedError):
        rows_of(path)


def test_flipped_bits_are_never_read_as_data(tmp_path: Path) -> None:
    """Wherever a byte changes, either a named error or the very rows that were written."""
    with journal_in(tmp_path) as journal:
        journal.append(STARTED, *(News(n, "doubt", "x" * 400) for n in range(200)))
    path = tmp_path / "journal.sqlite"
    content, rows = path.read_bytes(), rows_of(path)
    written = np.flatnonzero(np.frombuffer(content, dtype=np.uint8))
    chosen = np.random.Generator(np.random.PCG64(3)).integers(0, len(written), 100)
    found = 0
    for place in written[chosen].tolist():
        path.write_bytes(content[:place] + bytes([content[place] ^ 4]) + content[place + 1 :])
        try:
            assert rows_of(path) == rows
        except JournalError:
            found += 1
    assert found > 50


# one writer -----------------------------------------------------------------------------------


def test_a_second_trader_is_refused_by_name(tmp_path: Path) -> None:
    locks = tmp_path / "locks"
    first = journal_in(tmp_path / "a", locks=locks)
    with pytest.raises(JournalBusyError, match=rf"DU\*\*\*\*\*67, client id 1.*{os.getpid()}"):
        journal_in(tmp_path / "b", locks=locks)
    with pytest.raises(JournalBusyError):
        journal_in(tmp_path / "a", locks=tmp_path / "others")
    other = open_journal(tmp_path / "c" / "j", Trader("DU1234567", 2), lambda: 1, locks)
    other.close()
    first.close()
    journal_in(tmp_path / "b", locks=locks).close()


def test_a_journal_of_another_account_is_refused(tmp_path: Path) -> None:
    with journal_in(tmp_path) as journal:
        journal.append(STARTED)
    for trader in (Trader("DU7654321", 1), Trader("DU1234567", 2)):
        with pytest.raises(JournalError, match="journal of its own"):
            open_journal(tmp_path / "journal.sqlite", trader, lambda: 1)
    journal_in(tmp_path).close()


def _writer(path: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(SCRIPT), str(path)], stdout=subprocess.PIPE, text=True, cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip


def test_a_killed_writer_leaves_whole_rows_and_every_intent_it_sent(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    waits = np.random.Generator(np.random.PCG64(11)).uniform(0.0, 0.25, 8)
    sent: list[str] = []
    for wait in waits.tolist():
        with _writer(path) as process:
            assert process.stdout is not None
            sent.append(process.stdout.readline().strip())
            with pytest.raises(JournalBusyError, match="already trades"):
                journal_in(tmp_path)
            sleep(wait)
            process.kill()
            sent += process.stdout.read().split()
        with journal_in(tmp_path) as journal:
            entries = list(journal.entries())
            assert [entry.number for entry in entries] == list(range(1, len(entries) + 1))
            there = [e.row.orders[0].id for e in entries if isinstance(e.row, Submit)]
            known = set(there)
            assert [name for name in sent if name not in known] == []
            assert len(there) - len(sent) <= 8, "at most the last one of each kill was not said"
            assert all(len(e.row.orders) == 3 for e in entries if isinstance(e.row, Submit))
            assert journal.facts.runs == len({entry.run for entry in entries})
    assert len(sent) > 50


# a full disk ----------------------------------------------------------------------------------


class Wire:
    """A broker that remembers what it was told."""

    def __init__(self) -> None:
        self.told: list[object] = []
        self.reports: list[BrokerEvent] = []

    def submit(self, orders: Sequence[Order]) -> None:
        self.told += [order.id for order in orders]

    def replace(self, order: Order) -> None:
        self.told.append(("replace", order.id))

    def cancel(self, order_id: str) -> None:
        self.told.append(("cancel", order_id))

    def poll(self) -> Sequence[BrokerEvent]:
        reports, self.reports = self.reports, []
        return reports

    def book(self) -> Ledger:
        return Ledger(0.0, {})


class Disk:
    """Fills the disk under a journal: no page can be added to its file, and no ballast loaded."""

    def __init__(self, journal: Journal, patch: pytest.MonkeyPatch) -> None:
        self._journal = journal
        self._patch = patch

    def fill(self, free_with_ballast: bool) -> None:
        connection, ballast = self._journal._connection, self._journal._ballast
        connection.execute("PRAGMA max_page_count = 1")
        for size in (4000, 1000, 200, 20, 0):
            with suppress(JournalFullError):
                while True:
                    self._journal.append(Stopped(0, "x" * size))
        ballast.throw_off()
        if free_with_ballast:
            self._patch.setattr(ballast, "throw_off", self.empty)

        def refuse() -> None:
            raise JournalFullError("There is no room for the journal.", "Free some.")

        self._patch.setattr(ballast, "load", refuse)

    def empty(self) -> None:
        self._journal._connection.execute("PRAGMA max_page_count = 1000000")

    def free(self) -> None:
        self._patch.undo()
        self.empty()


class Witness(Wire):
    """A broker that looks into the journal's file when it is told something."""

    def __init__(self, journal: Journal) -> None:
        super().__init__()
        self._journal = journal
        self.seen: list[Row] = []

    def submit(self, orders: Sequence[Order]) -> None:
        self.seen.append(rows_of(self._journal.path)[-1])

    def replace(self, order: Order) -> None:
        self.seen.append(rows_of(self._journal.path)[-1])

    def cancel(self, order_id: str) -> None:
        self.seen.append(rows_of(self._journal.path)[-1])


def test_an_intent_is_in_the_file_before_the_broker_is_told(journal: Journal) -> None:
    witness = Witness(journal)
    broker = JournalledBroker(witness, journal, lambda: 5, lambda: 1)
    family = tuple(bracket_of(ENTRY, 95.0, 110.0))
    broker.submit(family)
    broker.replace(ENTRY)
    broker.cancel("entry")
    assert witness.seen == [Submit(5, 1, family), Replace(5, 1, ENTRY), Cancel(5, 1, "entry")]


def test_a_report_is_in_the_file_before_it_is_given_out(journal: Journal) -> None:
    broker, wire = brokers(journal)
    assert list(broker.poll()) == []
    assert journal.number == 0, "an empty poll is counted, and not written"
    update = OrderUpdate(EXIT, OrderStatus.WORKING, 6)
    wire.reports = [update]
    assert list(broker.poll()) == [update]
    assert rows_of(journal.path) == [EventBatch(5, 2, (update,))]


@pytest.fixture
def full(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> Disk:
    monkeypatch.setattr(journal_ballast, "_SIZE", 1 << 16)
    journal.append(STARTED)
    for number in range(40):
        journal.append(News(number, "doubt", "x" * 200_000))
    return Disk(journal, monkeypatch)


def brokers(journal: Journal) -> tuple[JournalledBroker, Wire]:
    wire = Wire()
    return JournalledBroker(wire, journal, lambda: 5, lambda: 1), wire


ENTRY = order_of("market", id="entry")
EXIT = order_of("market", Side.SELL, id="exit", origin=Origin.BREAKER)


def test_what_cannot_be_journalled_is_not_sent(journal: Journal, full: Disk) -> None:
    broker, wire = brokers(journal)
    full.fill(False)
    with pytest.raises(NotSentError, match=r"submit entry buy 10 AAA.*no room"):
        broker.submit([ENTRY, *bracket_of(ENTRY, 95.0)[1:]])
    with pytest.raises(NotSentError, match="replace entry"):
        broker.replace(ENTRY)
    assert wire.told == []
    first, second = broker.poll()
    assert isinstance(first, OrderUpdate)
    assert isinstance(second, OrderUpdate)
    assert (first.order.id, first.status) == ("entry", OrderStatus.REJECTED)
    assert second.order.id == "entry.sl"


def test_exits_and_cancels_go_out_and_are_journalled_with_the_ballast(
    journal: Journal, full: Disk
) -> None:
    broker, wire = brokers(journal)
    full.fill(True)
    broker.submit([EXIT])
    broker.cancel("entry")
    broker.replace(replace(EXIT, quantity=4.0))
    assert wire.told == ["exit", ("cancel", "entry"), ("replace", "exit")]
    assert [type(e.row) for e in journal.entries()][-3:] == [Submit, Cancel, Replace]
    assert not journal.owed
    with pytest.raises(NotSentError):
        broker.submit([ENTRY])
    assert isinstance([e.row for e in journal.entries()][-1], Unsent)


def test_where_nothing_helps_exits_go_out_logged_and_are_written_later(
    journal: Journal, full: Disk, caplog: pytest.LogCaptureFixture
) -> None:
    broker, wire = brokers(journal)
    full.fill(False)
    count = journal.number
    with caplog.at_level(logging.CRITICAL, "slipway.journal"):
        broker.submit([EXIT])
        wire.reports = [OrderUpdate(EXIT, OrderStatus.WORKING, 6)]
        assert len(broker.poll()) == 1
        broker.cancel("entry")
    assert wire.told == ["exit", ("cancel", "entry")]
    assert journal.number == count
    assert len(journal.owed) == 3
    assert '"id":"exit"' in caplog.text
    with pytest.raises(JournalFullError):
        journal.append(*news(1))
    full.free()
    journal.append(*news(1))
    assert not journal.owed
    assert [type(e.row) for e in journal.entries()][-4:] == [Submit, EventBatch, Cancel, News]
    assert journal.facts.sent_at["exit"] == 5


def test_rows_owed_are_written_when_it_is_closed(
    tmp_path: Path, journal: Journal, full: Disk
) -> None:
    broker, _ = brokers(journal)
    full.fill(False)
    broker.cancel("entry")
    full.free()
    journal.close()
    assert rows_of(tmp_path / "journal.sqlite")[-1] == Cancel(5, 1, "entry")


def test_a_full_disk_replays_as_it_was(journal: Journal, full: Disk) -> None:
    broker, _ = brokers(journal)
    journal.append(Instant(1, 1, ()))
    full.fill(True)
    with pytest.raises(NotSentError):
        broker.submit([ENTRY])
    broker.poll()
    broker.submit([EXIT])
    replay = ReplayBroker(list(journal.entries()))
    for row in replay.inputs():
        if isinstance(row, Instant):
            with pytest.raises(NotSentError):
                replay.submit([ENTRY])
            (update,) = replay.poll()
            assert isinstance(update, OrderUpdate)
            replay.submit([EXIT])
    assert replay.finish().pending == ()


def test_no_room_for_the_ballast_is_said_at_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full_disk(file: int, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(journal_ballast.os, "write", full_disk)
    with pytest.raises(JournalFullError, match="No space left"):
        journal_in(tmp_path)
    monkeypatch.undo()
    journal_in(tmp_path).close()


@pytest.mark.parametrize(
    ("order", "closes"),
    [
        (ENTRY, False),
        (EXIT, True),
        (order_of("stop", Side.SELL, stop=90.0, parent="entry"), True),
        (order_of("market", Side.SELL, reduce_only=True), True),
        (order_of("market", Side.SELL, origin=Origin.CLOSE), True),
        (order_of("market", Side.SELL, origin=Origin.HEDGE), False),
        (order_of("market", Side.SELL), False),
    ],
)
def test_what_counts_as_an_exit(order: Order, closes: bool) -> None:
    assert is_exit(order) is closes


# facts ----------------------------------------------------------------------------------------


def test_facts_survive_a_restart(tmp_path: Path) -> None:
    fill = Fill("a/0001.01.01", order_of("market", id="a"), 7, 10.0, 100.0, 100.0)
    with journal_in(tmp_path) as journal:
        journal.append(
            STARTED,
            Submit(3, 18_000, (order_of("market", id="a"), order_of("market", id="b"))),
            Bound(3, "a", 77, 12),
            Bound(3, "a", 78, 12),
            IdFloor(3, 9),
            EventBatch(4, 1, (fill, Commission(fill.id, "AAA", 1.0, 8))),
            EventBatch(4, 2, (replace(fill, id="a/0001.01.02~", quantity=-10.0),)),
            SeenExecution(5, "0009.01.01", "a"),
            RiskState(5, 18_000, 99_000.0, 101_000.0, halts=(("max_drawdown", Halt.RUN),)),
            Cancel(6, 18_000, "b"),
            Adopted(6, "user", (ExternalHolding("BBB", 40.0),)),
        )
        live = journal.facts
    for facts in (live, journal_in(tmp_path).facts):
        assert facts.perm_ids == {"a": (77, 78)}
        assert facts.floor == 13
        assert facts.executions == {"0001.01": "0001.01.01", "0009.01": "0009.01.01"}
        assert facts.sessions == {"a": 18_000, "b": 18_000}
        assert facts.acknowledged == {"a"}
        assert facts.let_go == {"b"}
        assert facts.risk is not None
        assert facts.risk.halts == (("max_drawdown", Halt.RUN),)
        assert facts.baseline.quantities == {"BBB": 40.0}
        assert (facts.runs, facts.stopped) == (1, None)


def test_one_intent_is_durable_in_some_milliseconds(tmp_path: Path) -> None:
    """A bound that only a defect would miss; the README's figures are measured apart."""
    journal = open_journal(tmp_path / "j", TRADER, lambda: 1)
    family = tuple(bracket_of(order_of("market"), 95.0, 110.0))
    took = []
    for number in range(50):
        before = monotonic()
        journal.append(Submit(number, 1, family))
        took.append(monotonic() - before)
    assert sorted(took)[25] < 0.25
