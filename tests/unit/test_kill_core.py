"""The kill switch in the core: nothing new, everything cancelled, on demand everything closed."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pytest

from framework.domain.bars import Bars
from framework.domain.events import Refused
from framework.domain.orders import DONE, Origin
from framework.engine.journal import open_journal
from framework.engine.journal_lock import Trader
from framework.engine.journal_rows import News, Started
from framework.errors import DataError
from framework.live.core import LiveCore
from framework.live.ground import Ground
from framework.live.shadow import Shadow
from framework.operations.stop_flag import Strike, strike_of
from framework.session.bridge import Bridge, Cargo
from framework.strategy import Strategy
from tests.builders import bars_of, flat_rows, free
from tests.live_runs import history_of, rows_at, session

BARS = bars_of(flat_rows([100.0] * 12))
OTHER = bars_of(flat_rows([50.0] * 12), symbol="OTHER")


class Busy(Strategy):
    """Holds both symbols with stops, and a limit that rests in each."""

    universe = True
    calls: int = 0

    def on_bar(self) -> None:
        self.calls += 1
        for symbol in self.symbols:
            if self.positions_of(symbol) == 0.0 and not self.working(symbol):
                self.buy(10, symbol=symbol, stop_loss=10.0)
            self.buy(1, symbol=symbol, limit=20.0, tif="GTC")

    def positions_of(self, symbol: str) -> float:
        return {one.symbol: one.quantity for one in self.positions}.get(symbol, 0.0)

    def working(self, symbol: str) -> bool:
        return any(one.symbol == symbol and one.limit is None for one in self.orders)


def at_work(instants: int = 6) -> tuple[LiveCore, list[tuple[int, dict[str, object]]]]:
    bars: list[Bars] = [BARS, OTHER]
    core = session(Busy, history_of(bars, 2), free())
    coming = list(rows_at(bars, 2))
    for time, rows in coming[:instants]:
        core.instant(time, rows)
    return core, coming[instants:]


def held(core: LiveCore) -> dict[str, float]:
    return {
        symbol: one.quantity
        for ledger in core.ledgers
        for symbol, one in ledger.positions.items()
        if not one.is_flat
    }


def busy(core: LiveCore) -> list[str]:
    return [name for name, one in core.blotter.tickets.items() if one.status not in DONE]


def test_it_cancels_everything_and_orders_nothing() -> None:
    core, coming = at_work()
    assert held(core) == {"AAA": 10.0, "OTHER": 10.0}
    assert len(busy(core)) > 10
    sent, calls = len(core.blotter.tickets), core.slots[0].hooks.calls
    core.strike("enough", False, ())
    assert busy(core) == []
    for time, rows in coming:
        core.instant(time, rows)
    assert len(core.blotter.tickets) == sent
    assert core.slots[0].hooks.calls == calls
    assert held(core) == {"AAA": 10.0, "OTHER": 10.0}


def test_it_closes_what_is_held_but_what_is_excluded() -> None:
    core, coming = at_work()
    core.strike("enough", True, ("OTHER",))
    closing = [t.order for t in core.blotter.tickets.values() if t.order.origin is Origin.KILL]
    assert [(one.symbol, one.quantity) for one in closing] == [("AAA", 10.0)]
    core.instant(*coming[0])
    assert held(core) == {"OTHER": 10.0}
    assert busy(core) == []


def test_what_a_strategy_asks_for_afterwards_is_refused_by_name() -> None:
    core, _ = at_work()
    core.strike("enough", False, ())
    strategy = core.slots[0].hooks
    for verb in (strategy.buy, strategy.sell):
        refused = verb(1, symbol="AAA")
        assert isinstance(refused, Refused)
        assert (refused.rule, refused.reason) == ("kill", "enough")


def test_it_works_while_in_doubt() -> None:
    core, coming = at_work()
    core.doubt("the connection is degraded")
    core.strike("enough", True, ())
    core.instant(*coming[0])
    assert held(core) == {}
    assert busy(core) == []


def test_taken_back_the_strategy_goes_on() -> None:
    core, coming = at_work()
    core.strike("enough", True, ())
    core.instant(*coming[0])
    core.lift()
    for time, rows in coming[1:4]:
        core.instant(time, rows)
    assert held(core) == {"AAA": 10.0, "OTHER": 10.0}


class Stops(Busy):
    """Raises at its fourth bar."""

    def on_bar(self) -> None:
        super().on_bar()
        if self.calls == 4:
            raise RuntimeError("no more")


def test_a_strategy_that_has_stopped_is_closed_all_the_same() -> None:
    bars: list[Bars] = [BARS, OTHER]
    core = session(Stops, history_of(bars, 2), free())
    with pytest.raises(Exception, match="no more"):
        for time, rows in rows_at(bars, 2):
            core.instant(time, rows)
    assert busy(core)
    core.strike("enough", True, ())
    origins = {core.blotter.tickets[name].order.origin for name in busy(core)}
    assert origins == {Origin.KILL}


# journal ----------------------------------------------------------------------------------------


class Told:
    """A session with a journal."""

    def __init__(self, path: Path, strategy: type[Strategy] = Busy) -> None:
        self.clock = iter(range(1, 10_000))
        self.journal = open_journal(path, Trader("DU1", 1), lambda: next(self.clock), synced=False)
        self.ground = Ground(history_of([BARS, OTHER], 0))
        self.shadow = Shadow(self.ground, free())
        self.bridge = Bridge(
            Cargo(strategy, {}, free()), self.journal, self.shadow, lambda: next(self.clock)
        )


def test_a_flag_says_what_it_says() -> None:
    strike = Strike(7, "enough", True, ("SPY",))
    assert strike_of(json.dumps(asdict(strike))) == strike
    with pytest.raises(DataError):
        strike_of("stop")


@pytest.mark.parametrize("act", [lambda b: b.strike(Strike(5, "enough")), lambda b: b.lift()])
def test_it_is_journalled_before_it_is_done(
    tmp_path: Path, act: Callable[[Bridge], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    told = Told(tmp_path / "journal.sqlite")
    told.bridge.begin(Started(0, "shadow", "", 1, "Busy"), history_of([BARS, OTHER], 2))
    seen: list[int] = []
    note = lambda *_: seen.append(told.journal.number)  # noqa: E731
    monkeypatch.setattr(LiveCore, "strike", note)
    monkeypatch.setattr(LiveCore, "lift", note)
    before = told.journal.number
    act(told.bridge)
    assert seen == [before + 1]
    rows = [entry.row for entry in told.journal.entries(["news"])]
    assert len(rows) == 1
    assert isinstance(rows[0], News)
    told.journal.close()
