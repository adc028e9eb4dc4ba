"""Signals in a session: a file that is followed, each line told once, at its bar; journalled."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from framework.backtest.run import run
from framework.calendar import utc_text
from framework.domain.bars import Bars
from framework.domain.events import Signal, SignalAction
from framework.domain.growing import row_of
from framework.engine.journal import Journal, open_journal, read_journal
from framework.engine.journal_lock import Trader
from framework.engine.journal_rows import Heard, Started
from framework.errors import DataError
from framework.live.shadow import Shadow
from framework.session.bridge import Bridge, Cargo
from framework.session.predictions import SignalFile
from framework.strategy import Strategy
from tests.builders import bars_of, flat_rows, free

HOUR = 3_600 * 10**9
NOON = 1_577_880_000 * 10**9
"""2020-01-01 12:00 UTC."""
HEADER = "time,symbol,action,confidence\n"


def stamp(hours: float) -> str:
    return utc_text(NOON + int(hours * HOUR)).replace(" UTC", "+00:00")


def line(hours: float, action: str = "BUY", symbol: str = "AAA", confidence: str = "0.5") -> str:
    return f"{stamp(hours)},{symbol},{action},{confidence}\n"


class Paper:
    """A file that is written while somebody reads it."""

    def __init__(self, path: Path, text: str = HEADER, zone: str | None = None) -> None:
        self.path = path
        path.write_text(text)
        self.read = SignalFile(path, zone, ["AAA", "BBB"])

    def write(self, text: str) -> None:
        with self.path.open("a") as file:
            file.write(text)

    def heard(self, last: float = -1.0) -> list[tuple[float, str, str]]:
        found = self.read.news(NOON + int(last * HOUR))
        return [((one.time - NOON) / HOUR, one.symbol, one.action.value) for one in found]


@pytest.fixture
def paper(tmp_path: Path) -> Paper:
    return Paper(tmp_path / "signals.csv")


# the file ----------------------------------------------------------------------------------------


def test_lines_are_taken_in_once_each_as_they_come(paper: Paper) -> None:
    assert paper.heard() == []
    paper.write(line(0) + line(1, "SELL", "BBB"))
    assert paper.heard() == [(0.0, "AAA", "BUY"), (1.0, "BBB", "SELL")]
    assert paper.heard() == []
    paper.write(line(2, "SHORT"))
    assert paper.heard() == [(2.0, "AAA", "SHORT")]
    assert paper.read.complaints() == []


def test_a_line_is_read_once_its_end_is_written(paper: Paper) -> None:
    whole = line(0, confidence="0.15")
    paper.write(whole[:-2])
    assert paper.heard() == []
    paper.write(whole[-2:])
    assert paper.heard() == [(0.0, "AAA", "BUY")]


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ("yesterday,AAA,BUY,1\n", "signals.csv, line 3"),
        (f"{stamp(1)},AAA,HOLD,1\n", "the signal is 'HOLD'"),
        (f"{stamp(1)},AAA,BUY,1.5\n", "confidence is '1.5'"),
        (f"{stamp(1)},,BUY,1\n", "the symbol is blank"),
        (f"{stamp(1)},AAA\n", "line 3"),
        (f'{stamp(1)},"AAA,BUY,1\n', "line 3"),
        ("2020-01-01 13:00,AAA,BUY,1\n", "name no time zone"),
        (line(1, symbol="XYZ"), "XYZ, which is not traded"),
        (line(0, "SELL"), "A second signal for AAA"),
        (line(-2), "came too late: its bar is over"),
    ],
)
def test_what_cannot_be_told_is_named_and_left_out(paper: Paper, bad: str, says: str) -> None:
    paper.write(line(0) + bad + line(2))
    assert paper.heard() == [(0.0, "AAA", "BUY"), (2.0, "AAA", "BUY")]
    (complaint,) = paper.read.complaints()
    assert says in complaint
    assert paper.heard() == []
    assert paper.read.complaints() == []


def test_a_file_that_is_written_anew_is_not_heard_twice(paper: Paper) -> None:
    paper.write(line(0) + line(1))
    assert len(paper.heard()) == 2
    other = paper.path.with_name("next.csv")
    other.write_text(HEADER + line(0) + line(1) + line(2))
    other.replace(paper.path)
    assert paper.heard() == [(2.0, "AAA", "BUY")]
    paper.path.write_text(HEADER + line(3))
    assert paper.heard() == [(3.0, "AAA", "BUY")]
    assert paper.read.complaints() == []


def test_a_file_that_goes_and_comes_back_is_said_once(paper: Paper) -> None:
    paper.write(line(0))
    assert len(paper.heard()) == 1
    text = paper.path.read_text()
    paper.path.unlink()
    assert paper.heard() == []
    assert paper.heard() == []
    (complaint,) = paper.read.complaints()
    assert "cannot be read" in complaint
    paper.path.write_text(text + line(1))
    assert paper.heard() == [(1.0, "AAA", "BUY")]


def test_a_zone_for_times_without_one(tmp_path: Path) -> None:
    paper = Paper(tmp_path / "s.csv", zone="America/New_York")
    paper.write("2020-01-01 07:00,AAA,BUY,\n2020-01-01,BBB,SELL,\n")
    assert paper.heard()[0] == (0.0, "AAA", "BUY")


@pytest.mark.parametrize(("text", "says"), [(None, "no file"), ("a,b\n", "no column"), ("", "CSV")])
def test_a_session_does_not_begin_without_a_file_of_signals(
    tmp_path: Path, text: str | None, says: str
) -> None:
    path = tmp_path / "s.csv"
    if text is not None:
        path.write_text(text)
    with pytest.raises(DataError, match=says):
        SignalFile(path, None, ["AAA"])


def test_what_is_there_at_the_beginning_is_as_in_a_backtest(paper: Paper) -> None:
    """Those older than the first bar's day are dropped; those of the history are told along it."""
    bars = bars_of(flat_rows([100.0] * 3))
    day = int(bars.session[0]) * 24 * HOUR
    times = [day - 1, day, int(bars.close_time[-1]) + 1]
    paper.write("".join(f"{utc_text(one - one % 10**9)[:-4]}+00:00,AAA,BUY,1\n" for one in times))
    assert len(paper.read.begin([bars])) == 2
    assert "1 of 3 signals are older" in paper.read.complaints()[0]


# the core and the journal ------------------------------------------------------------------------


class Listener(Strategy):
    """Does what it is told, and keeps in mind when it was told what."""

    heard: list[tuple[int, str]] = []  # noqa: RUF012

    def on_signal(self, signal: Signal) -> None:
        self.heard.append((len(self.data), signal.action.value))
        if signal.action is SignalAction.BUY:
            self.go_long()
        else:
            self.close()


BARS = bars_of(flat_rows([100.0, 101.0, 102.0, 103.0, 104.0, 105.0, 106.0]))


def at(bar: int, action: SignalAction, early: int = 60 * 10**9) -> Signal:
    return Signal(int(BARS.close_time[bar]) - early, "AAA", action, 1.0)


SIGNALS = (at(1, SignalAction.BUY), at(3, SignalAction.SELL), at(5, SignalAction.BUY, 0))


class Desk:
    """A bridge between a journal and the simulated market."""

    def __init__(self, journal: Journal, history: Sequence[Bars]) -> None:
        Listener.heard = []
        self.cargo = Cargo(Listener, {}, free())
        self.shadow: Shadow
        self.bridge = Bridge(self.cargo, journal, self, lambda: 1, None, None)  # type: ignore[arg-type]
        self.history = history

    def submit(self, orders: object) -> None: ...
    def replace(self, order: object) -> None: ...
    def cancel(self, order_id: str) -> None: ...
    def poll(self) -> tuple[object, ...]:
        return ()


def started() -> Started:
    return Started(1, "paper", "DU*****67", 1, "Listener")


def fed(desk: Desk, first: int, last: int) -> None:
    for k in range(first, last):
        desk.bridge.instant(int(BARS.close_time[k]), {"AAA": row_of(BARS, k)})


def in_a_journal(path: Path) -> Journal:
    return open_journal(path, Trader("DU1234567", 1), lambda: 1, synced=False)


@pytest.mark.parametrize("history", [0, 2, 4])
def test_it_is_told_at_the_same_bars_as_in_a_backtest(tmp_path: Path, history: int) -> None:
    """Whether they were known when it began, or came while it went on."""
    Listener.heard = []
    run(Listener, [BARS], free(signals=SIGNALS))
    expected = list(Listener.heard)
    assert [when for when, _ in expected] == [2, 4, 6]
    with in_a_journal(tmp_path / "j") as journal:
        desk = Desk(journal, [BARS.take(0, history)])
        first = int(BARS.close_time[history - 1]) if history else 0
        known = [one for one in SIGNALS if one.time <= first]
        desk.bridge.begin(started(), desk.history, known)
        for one in SIGNALS[len(known) :]:
            desk.bridge.hear(one)
        fed(desk, history, len(BARS))
    assert Listener.heard == expected
    with read_journal(tmp_path / "j") as journal:
        rows = [one.row for one in journal.entries()]
    assert [row.signal for row in rows if isinstance(row, Heard)] == list(SIGNALS)


@pytest.mark.parametrize("cut", range(1, 6))
def test_a_restart_tells_everything_again_and_nothing_twice(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "j"
    with in_a_journal(path) as journal:
        desk = Desk(journal, [BARS.take(0, 1)])
        desk.bridge.begin(started(), desk.history, SIGNALS[:1])
        desk.bridge.hear(SIGNALS[1])
        fed(desk, 1, cut)
        before = list(Listener.heard)
        ids = list(desk.bridge.core.blotter.tickets)
    with in_a_journal(path) as journal:
        desk = Desk(journal, [])
        desk.bridge.recover(started(), list(journal.entries()))
        assert Listener.heard == before
        assert list(desk.bridge.core.blotter.tickets) == ids
        desk.bridge.hear(SIGNALS[2])
        fed(desk, cut, len(BARS))
    assert [when for when, _ in Listener.heard] == [2, 4, 6]


def test_what_a_session_before_has_heard_is_not_heard_again(paper: Paper) -> None:
    """Not even one whose bar is yet to come."""
    paper.write(line(0) + line(5) + line(6))
    paper.read.knows([Signal(NOON + 5 * HOUR, "AAA", SignalAction.BUY, 0.5)])
    assert paper.heard() == [(0.0, "AAA", "BUY"), (6.0, "AAA", "BUY")]
    assert paper.read.complaints() == []
