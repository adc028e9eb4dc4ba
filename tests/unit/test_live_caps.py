"""The cap of a live session: an input like any other, repeated by a replay as it was."""

from __future__ import annotations

from pathlib import Path

from framework.engine.journal import Journal, open_journal
from framework.engine.journal_lock import Trader
from framework.engine.journal_rows import News, Started
from framework.live.core import LiveCore
from framework.session.bridge import Bridge, Cargo
from framework.session.shadowing import ShadowMarket
from framework.strategy import Strategy
from tests.builders import bars_of, flat_rows, free
from tests.live_runs import history_of, rows_at, session

BARS = bars_of(flat_rows([100.0] * 12))


class Greedy(Strategy):
    """Wants half of its equity, again and again."""

    def on_bar(self) -> None:
        if not self.position and not self.orders:
            self.buy(500)
        elif self.position:
            self.close()


def bought(core: LiveCore) -> list[float]:
    return [fill.quantity for fill in core.blotter.fills if fill.quantity > 0.0]


def test_positions_are_held_to_it_and_it_can_be_lifted() -> None:
    core = session(Greedy, history_of([BARS], 2), free())
    core.cap(10.0)
    coming = list(rows_at([BARS], 2))
    for time, rows in coming[:4]:
        core.instant(time, rows)
    core.cap(None)
    for time, rows in coming[4:]:
        core.instant(time, rows)
    sizes = bought(core)
    assert sizes[:2] == [100.0, 100.0]
    assert set(sizes[2:]) == {500.0}


def test_a_replay_repeats_it_where_it_was(tmp_path: Path) -> None:
    """The cap of a session's second day is not that of its first; neither is decided anew."""

    def bridge() -> tuple[Bridge, Journal]:
        clock = iter(range(1, 10_000))
        journal = open_journal(
            tmp_path / "journal.sqlite", Trader("DU1", 1), lambda: next(clock), synced=False
        )
        settings = free()
        market = ShadowMarket()
        made = Bridge(
            Cargo(Greedy, {}, settings), journal, market, lambda: next(clock), None, market
        )
        return made, journal

    started = Started(0, "shadow", "DU1", 1, "Greedy")
    first, journal = bridge()
    first.begin(started, history_of([BARS], 2))
    first.cap(10.0)
    coming = list(rows_at([BARS], 2))
    for time, rows in coming[:3]:
        first.instant(time, rows)
    first.cap(10.0)
    first.cap(20.0)
    for time, rows in coming[3:6]:
        first.instant(time, rows)
    before = bought(first.core)
    rows_of_cap = [
        entry.row.text
        for entry in journal.entries(["news"])
        if isinstance(entry.row, News) and entry.row.topic == "cap"
    ]
    assert rows_of_cap == ["10", "20"]
    entries = list(journal.entries())
    journal.close()
    second, journal = bridge()
    second.recover(started, entries)
    assert bought(second.core) == before
    second.cap(20.0)
    second.cap(None)
    for time, rows in coming[6:]:
        second.instant(time, rows)
    assert bought(second.core)[-1] == 500.0
    journal.close()
