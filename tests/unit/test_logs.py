"""A session's logs: which line is in which file, rotation, masks, full disks, and a slow disk."""

from __future__ import annotations

import errno
import json
import logging
import os
import stat
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from framework.config.masks import Mask
from framework.operations.happenings import Happening, Kind
from framework.operations.log_files import DailyFile
from framework.operations.log_lines import FILES, files_of
from framework.operations.logs import Logs
from framework.operations.status import PositionLine, Status
from tests.unit.listeners import until

SECOND = 1_000_000_000
DAY = 86_400 * SECOND
NOON = 1_700_000_000 * SECOND  # 2023-11-14 22:13:20
TODAY = "2023-11-14"


class Book:
    """Logs in a folder, a clock that is set by hand, and what was said on stderr."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.time = NOON
        self.said: list[str] = []
        self.mask = Mask(secrets=["hunter2"])
        self.logs = Logs(
            folder, "paper-sma_cross-1", lambda: self.time, self.mask,
            keep=2, tell=self.said.append, loggers=("slipway.under_test",),
        )  # fmt: skip

    def take(self, kind: Kind, text: str = "as told", order: str = "", symbol: str = "") -> None:
        self.logs.take(Happening(self.time, kind, text, symbol, order, 41))

    def path(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def lines(self, name: str) -> list[dict[str, Any]]:
        path = self.path(name)
        whole = path.read_text("utf-8").rpartition("\n")[0] if path.exists() else ""
        return list(map(json.loads, whole.splitlines()))

    def wait(self, name: str, count: int) -> None:
        until(lambda: len(self.lines(name)) >= count)


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Book]:
    found = Book(tmp_path / "logs")
    yield found
    found.logs.close()


# lines ---------------------------------------------------------------------------------------

ONLY = {"trading"}
WORSE = {"trading", "errors"}


@pytest.mark.parametrize(
    ("kind", "files"),
    [
        (Kind.STARTED, ONLY),
        (Kind.STOPPED, ONLY),
        (Kind.CONNECTED, ONLY),
        (Kind.DISCONNECTED, WORSE),
        (Kind.LOGIN, WORSE),
        (Kind.ORDER, {"trading", "orders"}),
        (Kind.STATUS, {"trading", "orders"}),
        (Kind.FILL, {"trading", "orders", "positions"}),
        (Kind.REFUSED, {"trading", "orders", "errors"}),
        (Kind.REJECTED, {"trading", "orders", "errors"}),
        (Kind.HALTED, WORSE),
        (Kind.FINDING, {"trading", "positions", "errors"}),
        (Kind.EXPLAINED, {"trading", "positions"}),
        (Kind.UNPROTECTED, {"trading", "positions", "errors"}),
        (Kind.STALE, WORSE),
        (Kind.DATA, ONLY),
        (Kind.KILL, WORSE),
        (Kind.NOTICE, ONLY),
        (Kind.ERROR, WORSE),
    ],
)
def test_a_happening_is_in_its_files_and_in_no_other(
    kind: Kind, files: set[str], book: Book
) -> None:
    book.take(kind)
    assert book.logs.close()
    assert {name for name in FILES if book.lines(name)} == files == set(files_of(kind))


def test_a_line_joins_the_journal(book: Book) -> None:
    book.take(Kind.REJECTED, "error 201", "SmaCross-3", "AAPL")
    assert book.logs.close()
    (line,) = book.lines("orders")
    assert line == {
        "time": "2023-11-14T22:13:20.000000Z",
        "level": "error",
        "kind": "rejected",
        "text": "error 201",
        "symbol": "AAPL",
        "order": "SmaCross-3",
        "row": 41,
        "session": "paper-sma_cross-1",
    }


def test_the_programs_own_log_is_written_with_its_tracebacks(book: Book) -> None:
    log = logging.getLogger("slipway.under_test.part")
    log.setLevel(logging.INFO)
    log.info("bars of %s", "AAPL")
    log.debug("not this")
    log.warning("account %s, hunter2", "DU1234567")
    try:
        raise ValueError("U7654321 is broken")
    except ValueError:
        log.exception("it raised")
    logging.getLogger("slipway.elsewhere").error("another one's")
    assert book.logs.close()
    trading, errors = book.lines("trading"), book.lines("errors")
    assert [line["text"] for line in trading] == [
        "bars of AAPL", "account DU*****67, ***", "it raised",
    ]  # fmt: skip
    assert [line["level"] for line in trading] == ["info", "warning", "error"]
    assert errors == trading[1:]
    assert {line["logger"] for line in trading} == {"slipway.under_test.part"}
    trace = errors[1]["exception"]
    assert trace.startswith("Traceback (most recent call last):\n")
    assert "ValueError: U*****21 is broken" in trace
    assert errors[1]["session"] == "paper-sma_cross-1"
    log.error("after the end")
    assert book.lines("errors") == errors


def test_accounts_and_secrets_are_in_no_file(book: Book) -> None:
    book.mask.know(accounts=["MYACCT"])
    for kind in Kind:
        book.take(kind, "DU1234567, MYACCT, hunter2, https://a:pw@host")
    logging.getLogger("slipway.under_test").error("DU1234567, MYACCT, hunter2")
    assert book.logs.close()
    text = "".join(path.read_text() for path in book.folder.iterdir())
    assert text.count("DU*****67") > len(Kind)
    assert not any(one in text for one in ("DU1234567", "MYACCT", "hunter2", "a:pw"))


def position(symbol: str, quantity: float, price: float, stop: float | None = None) -> PositionLine:
    return PositionLine("SmaCross", symbol, quantity, 100.0, price, price * quantity, 0.0, stop)


def looked(book: Book, *positions: PositionLine) -> Status:
    return Status(
        book.time, 1, "paper", "DU*****67", "here", 1, "SmaCross", "j", NOON, "ready",
        positions=positions,
    )  # fmt: skip


def test_positions_are_written_when_they_change(book: Book) -> None:
    looks = [
        (),
        (position("AAPL", 10, 101),),
        (position("AAPL", 10, 102),),  # its price alone
        (position("AAPL", 10, 102, 95.0), position("MSFT", -5, float("nan"))),
        (position("MSFT", -5, 50),),
    ]
    for positions in looks:
        book.logs.look(looked(book, *positions))
    assert book.logs.close()
    lines = book.lines("positions")
    assert [(one["symbol"], one["quantity"], one["stop"]) for one in lines] == [
        ("AAPL", 10, None), ("AAPL", 10, 95.0), ("MSFT", -5, None), ("AAPL", 0, None),
    ]  # fmt: skip
    assert lines[2]["price"] is None  # NaN is no JSON
    assert lines == book.lines("trading")


# files ---------------------------------------------------------------------------------------


def test_files_are_their_owners_alone(book: Book) -> None:
    before = os.umask(0)
    try:
        for kind in Kind:
            book.take(kind)
        assert book.logs.close()
    finally:
        os.umask(before)
    assert stat.S_IMODE(book.folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in book.folder.iterdir()} == {0o600}
    assert {path.name for path in book.folder.iterdir()} == {f"{name}.log" for name in FILES}


def test_a_day_is_a_file_and_old_ones_go(book: Book) -> None:
    days = []
    for number in range(5):
        book.take(Kind.NOTICE, f"day {number}")
        book.wait("trading", 1)
        until(lambda n=number: book.lines("trading")[-1]["text"] == f"day {n}")  # type: ignore[misc]
        days.append(book.lines("trading"))
        book.time += DAY
    assert book.logs.close()
    assert [len(lines) for lines in days] == [1] * 5
    names = sorted(path.name for path in book.folder.iterdir())
    assert names == ["trading.log", "trading.log.2023-11-16", "trading.log.2023-11-17"]
    kept = (book.folder / "trading.log.2023-11-17").read_text()
    assert json.loads(kept)["text"] == "day 3"


def test_yesterdays_file_of_a_process_before_is_put_aside(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    for text in (b"one\n", b"two\n"):
        path.write_bytes(text)
        os.utime(path, (NOON / SECOND - 86_400,) * 2)
        DailyFile(path, 9).add(b"new\n", TODAY)
    assert path.read_bytes() == b"new\n"
    assert (tmp_path / "a.log.2023-11-13").read_bytes() == b"one\ntwo\n"
    DailyFile(path, 9).add(b"more\n", TODAY)  # written today by the clock of the machine: later
    assert path.read_bytes() == b"new\nmore\n"


def test_a_line_that_was_cut_short_does_not_take_the_next_with_it(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_bytes(b"whole\nha")
    file = DailyFile(path, 9)
    file.add(b"next\n", TODAY)
    file.add(b"last\n", TODAY)
    assert path.read_bytes() == b"whole\nha\nnext\nlast\n"


def test_a_file_that_was_taken_away_is_made_again(book: Book) -> None:
    book.take(Kind.NOTICE)
    book.wait("trading", 1)
    book.path("trading").unlink()
    book.folder.rmdir()
    book.take(Kind.NOTICE, "again")
    assert book.logs.close()
    assert [line["text"] for line in book.lines("trading")] == ["again"]


# trouble -------------------------------------------------------------------------------------

FULL = Path("/dev/full")


@pytest.mark.skipif(not FULL.exists(), reason="there is no full disk to write to")
def test_a_full_disk_is_said_once_and_it_goes_on(book: Book) -> None:
    book.folder.mkdir()
    book.path("trading").symlink_to(FULL)
    for number in range(3):
        book.take(Kind.NOTICE, f"lost {number}")
        until(lambda: len(book.said) == 1)
        time.sleep(0.25)
    book.take(Kind.ORDER, "kept in one of two")
    book.wait("orders", 1)
    assert book.said == [
        f"Logs cannot be written to {book.folder}: No space left on device. "
        "The session goes on without them."
    ]
    book.path("trading").unlink()
    book.wait("trading", 1)
    book.take(Kind.NOTICE, "well again")
    book.wait("trading", 2)
    assert book.logs.close()
    assert [line["text"] for line in book.lines("trading")] == [
        "4 lines are missing here: they could not be written, or came too fast", "well again",
    ]  # fmt: skip
    assert len(book.lines("orders")) == 1
    assert book.said[1:] == [f"Logs are written to {book.folder} again."]


@pytest.mark.skipif(not FULL.exists(), reason="there is no full disk to write to")
def test_a_full_disk_does_not_keep_it_from_ending(book: Book) -> None:
    book.folder.mkdir()
    for name in FILES:
        book.path(name).symlink_to(FULL)
    book.take(Kind.ERROR)
    begun = time.monotonic()
    assert not book.logs.close(2.0)
    assert time.monotonic() - begun < 3.0
    assert len(book.said) == 1


def test_a_folder_that_cannot_be_is_said_once(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    book = Book(tmp_path / "file" / "logs")
    book.take(Kind.FILL)
    book.take(Kind.ERROR)
    assert not book.logs.close()
    assert len(book.said) == 1
    assert "Not a directory" in book.said[0]


def test_lines_are_whole_or_not_at_all_when_the_disk_fills_midway(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.log"
    file = DailyFile(path, 9)
    file.add(b"whole\n", TODAY)
    room, real = [4], os.write

    def write(handle: int, data: memoryview) -> int:
        if not room[0]:
            raise OSError(errno.ENOSPC, "No space left on device")
        count = min(room[0], len(data))
        room[0] -= count
        return real(handle, data[:count])

    monkeypatch.setattr(os, "write", write)
    with pytest.raises(OSError, match="No space"):
        file.add(b"halved\n", TODAY)
    assert path.read_bytes() == b"whole\n"
    room[0] = 100
    file.add(b"next\n", TODAY)
    assert path.read_bytes() == b"whole\nnext\n"


def test_nobody_waits_for_a_disk_that_hangs(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    hung, freed = threading.Event(), threading.Event()

    def add(*_: object) -> None:
        hung.set()
        freed.wait(30.0)

    monkeypatch.setattr(DailyFile, "add", add)
    book.take(Kind.NOTICE)
    assert hung.wait(5.0)
    begun = time.monotonic()
    for _ in range(60_000):
        book.take(Kind.NOTICE)
    assert time.monotonic() - begun < 2.0
    begun = time.monotonic()
    assert not book.logs.close(0.3)
    assert time.monotonic() - begun < 2.0
    freed.set()


def test_what_came_too_fast_is_counted(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    goes_on, real = threading.Event(), DailyFile.add
    hung = threading.Event()

    def add(file: DailyFile, data: bytes, day: str) -> None:
        hung.set()
        goes_on.wait(30.0)
        real(file, data, day)

    monkeypatch.setattr(DailyFile, "add", add)
    book.take(Kind.NOTICE, "first")
    assert hung.wait(5.0)
    for _ in range(50_007):
        book.take(Kind.NOTICE)
    goes_on.set()
    book.wait("trading", 50_002)
    assert book.logs.close(10.0)
    lines = book.lines("trading")
    assert len(lines) == 50_002
    assert lines[1]["text"].startswith("7 lines are missing here")


def test_a_record_whose_arguments_do_not_fit_takes_nothing_with_it(
    book: Book, capsys: pytest.CaptureFixture[str]
) -> None:
    log = logging.getLogger("slipway.under_test")
    log.propagate = False
    log.error("%d of them", "none")
    log.error("the next")
    log.propagate = True
    assert book.logs.close()
    assert [line["text"] for line in book.lines("errors")] == ["the next"]
    assert "not all arguments" in (said := capsys.readouterr().err) or "%d format" in said
