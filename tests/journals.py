"""Journalled runs for tests: a scripted strategy on the simulated broker, recorded and replayed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import count
from pathlib import Path

from framework.backtest.cast import Cast
from framework.backtest.machine import Machine, Market
from framework.backtest.settings import BacktestSettings
from framework.domain.bars import Bars
from framework.domain.events import BrokerEvent
from framework.domain.growing import row_of
from framework.domain.ledger import Ledger
from framework.domain.orders import Order
from framework.engine.blotter import Blotter
from framework.engine.journal import Journal, open_journal
from framework.engine.journal_lock import Trader
from framework.engine.journal_rows import Entry, Instant, SeenQuote, Started
from framework.engine.journalled import JournalledBroker, Recovered, ReplayBroker
from framework.ports import Broker
from framework.strategy import Strategy
from tests.builders import Act, free, scripted

TRADER = Trader("DU1234567", 1)
STARTED = Started(0, "shadow", "DU*****67", 1, "Scripted")


def journal_in(folder: Path, **named: object) -> Journal:
    """A journal whose clock counts; not synced, for no test loses power."""
    ticks = count(1)
    return open_journal(
        folder / "journal.sqlite", TRADER, lambda: next(ticks), **({"synced": False} | named)
    )


class Bench:
    """A market whose orders go through another broker.

    Args:
        to: where orders go and reports come from.
        moves: what advances; None for nothing.
    """

    is_watched = True

    def __init__(self, to: Broker, moves: Market | None) -> None:
        self.to = to
        self._moves = moves

    def advance(self, instant: int) -> None:
        if self._moves is not None:
            self._moves.advance(instant)

    def submit(self, orders: Sequence[Order]) -> None:
        self.to.submit(orders)

    def replace(self, order: Order) -> None:
        self.to.replace(order)

    def cancel(self, order_id: str) -> None:
        self.to.cancel(order_id)

    def poll(self) -> Sequence[BrokerEvent]:
        return self.to.poll()

    def book(self) -> Ledger:
        return self.to.book()


Script = Mapping[int, Act | Sequence[Act]] | Callable[[Strategy, int], object]


def machine_of(
    script: Script,
    bars: Sequence[Bars],
    market: Callable[[Market], Market],
    settings: BacktestSettings | None = None,
) -> Machine:
    strategy = scripted(script)
    cast = Cast(strategy, tuple(bars), settings or free(), {})
    cast.inspect()
    return Machine(cast, {}, market=market)


def record(
    journal: Journal,
    script: Script,
    bars: Sequence[Bars],
    settings: BacktestSettings | None = None,
    stop: int | None = None,
) -> Blotter:
    """Run a script on the simulated broker and journal all of it, or the first `stop` instants."""
    one = bars[0]
    now = 0

    def quote(symbol: str) -> SeenQuote:
        close = float(next(each for each in bars if each.symbol == symbol).close[now])
        return SeenQuote(symbol, close - 0.01, close + 0.01)

    def market(simulated: Market) -> Market:
        broker = JournalledBroker(
            simulated,
            journal,
            lambda: int(one.close_time[now]),
            lambda: int(one.session[now]),
            quote,
        )
        return Bench(broker, simulated)

    def drive(total: int, tell: Callable[[int], None]) -> None:
        nonlocal now
        for now in range(total if stop is None else stop):
            rows = tuple((each.symbol, row_of(each, now)) for each in bars)
            journal.append(Instant(int(one.close_time[now]), int(one.session[now]), rows))
            tell(now)

    journal.append(STARTED)
    machine = machine_of(script, bars, market, settings)
    error = machine.play(None, drive)
    assert error == "", error
    return machine.blotter


def replayed(
    entries: Sequence[Entry],
    script: Script,
    bars: Sequence[Bars],
    settings: BacktestSettings | None = None,
    *,
    shadow: bool = False,
) -> tuple[Blotter, Recovered]:
    """Run a script against the journal; an error of the replay is raised."""
    found: list[ReplayBroker] = []

    def market(simulated: Market) -> Market:
        replay = ReplayBroker(entries, 100_000.0, behind=simulated if shadow else None)
        found.append(replay)
        return Bench(replay, simulated if shadow else None)

    recovered: list[Recovered] = []

    def drive(total: int, tell: Callable[[int], None]) -> None:
        k = 0
        for row in found[0].inputs():
            if isinstance(row, Instant):
                tell(k)
                k += 1
        recovered.append(found[0].finish())

    machine = machine_of(script, bars, market, settings)
    machine._loop(None, drive)
    return machine.blotter, recovered[0]
