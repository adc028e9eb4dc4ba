"""Whatever a strategy orders: inside the broker everything agrees, at every instant.

A few programs here, and a thousand with `pytest -m slow`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pytest

from framework.backtest.cast import Cast
from framework.backtest.machine import Machine
from framework.backtest.record import RunRecord
from framework.backtest.run import run_verified
from framework.brokers.simulated.broker import SimulatedBroker
from framework.brokers.simulated.policy import FillPolicy
from framework.brokers.simulated.resting import Resting
from framework.domain.bars import Bars, FloatArray
from framework.domain.events import Fill, Split
from framework.domain.orders import (
    DONE,
    Order,
    OrderStatus,
    OrderType,
    Origin,
    TimeInForce,
)
from framework.domain.terms import OcaType
from framework.engine.ticket import Ticket
from tests.property.whole_runs import EURO, Program, program

SHORT, LONG, BATCH = 60, 1_000, 10
NEAR = 1e-6
"""How far sums of tenths and of split units may be off."""
REPLAYED = 4
"""One program in so many is also cut short at some of its decisions."""


@dataclass(frozen=True)
class Outcome:
    """What a program left behind, and a sentence for everything that was wrong on the way."""

    record: RunRecord
    findings: list[str]


def watched(one: Program) -> Outcome:
    """Run a program and look into its broker at every instant."""
    machine = Machine(Cast(one.strategy, one.bars, one.settings, {}), {})
    found: list[str] = []

    def drive(total: int, instant: Callable[[int], None]) -> None:
        for k in range(total):
            instant(k)
            found.extend(f"instant {k}: {each}" for each in inside(machine, one.settings.policy))

    error = machine.play(None, drive)
    record = machine.record(error)
    if error:
        return Outcome(record, [*found, error])
    return Outcome(record, [*found, *over_time(one, record)])


# at every instant --------------------------------------------------------------------------


def inside(machine: Machine, policy: FillPolicy) -> Iterator[str]:
    """What does not agree between book, lots, resting orders and what the door knows of them."""
    broker, blotter = machine._broker, machine.door.blotter
    assert isinstance(broker, SimulatedBroker)
    queues = {
        symbol: [resting for resting in queue if resting.status not in DONE]
        for symbol, queue in broker._queues.items()
    }
    for symbol, queue in queues.items():
        lots = broker.execution.lots[symbol]
        held = broker.book().positions[symbol].quantity
        if abs(lots.quantity - held) > NEAR or (lots.quantity == 0.0) != (held == 0.0):
            yield f"{symbol}: lots of {lots.quantity}, {held} in the book"
        yield from _quantities(queue)
        if policy.brackets == "protect":
            parents = {resting.order.id: resting for resting in queue}
            yield from _protection(queue, parents, lots.left)
            yield from _reducing(queue, held)
    working = {resting.order.id: resting for queue in queues.values() for resting in queue}
    yield from _copies(working, {t.order.id: t for t in blotter.all_working()}, policy)


def _quantities(queue: list[Resting]) -> Iterator[str]:
    """An order at work has something left to trade, and never less than nothing."""
    for resting in queue:
        left = resting.remaining
        if left < -1e-9 or (left <= 1e-9 and resting.order.fraction is None):
            yield f"{resting.order} works with {left} left"


def _protection(
    queue: list[Resting], parents: Mapping[str, Resting], left: Callable[[str], float]
) -> Iterator[str]:
    """Children are held until their entry opens something, and then cover what is left of it."""
    for resting in queue:
        entry = resting.order.parent
        if entry is None:
            continue
        if resting.status is OrderStatus.HELD:
            if entry not in parents or parents[entry].opened > 0.0:
                yield f"{resting.order} is held, and its entry has opened something or is gone"
        elif not resting.asleep and abs(resting.remaining - left(entry)) > NEAR:
            yield f"{resting.order} covers {resting.remaining} of {left(entry)}"


def _reducing(queue: list[Resting], held: float) -> Iterator[str]:
    """What may only close has something to close."""
    for resting in queue:
        awake = resting.status is not OrderStatus.HELD and not resting.asleep
        if resting.order.reduce_only and awake and resting.side * held >= 0.0:
            yield f"{resting.order} may only close, and {held} is held"


def _copies(
    working: Mapping[str, Resting], tickets: Mapping[str, Ticket], policy: FillPolicy
) -> Iterator[str]:
    """The door knows what works, how it reads now, and how much of it has filled."""
    if working.keys() != tickets.keys():
        yield f"the broker works {sorted(working)}, the door knows {sorted(tickets)}"
    for resting, ticket in ((working[i], tickets[i]) for i in working.keys() & tickets.keys()):
        theirs, ours = (_told(order, resting, policy) for order in (resting.order, ticket.order))
        if theirs != ours:
            yield f"the broker has {theirs!r}, the door {ours!r}"
        if abs(resting.filled - ticket.filled) > 1e-9:
            yield f"{ours} filled {resting.filled}, the door knows of {ticket.filled}"
        if resting.status not in (ticket.status, OrderStatus.SENT):
            yield f"{ours} is {resting.status}, the door takes it for {ticket.status}"
        if ticket.opening > ticket.remaining + 1e-9:
            yield f"{ours} has {ticket.remaining} left to trade and {ticket.opening} to open"


def _told(order: Order, resting: Resting, policy: FillPolicy) -> Order:
    """The order without what a broker does not report: how a trailing stop moves, and, under
    backtrader's rules, that a one-cancels-all group has ended without it."""
    if order.trail is not None:
        order = replace(order, stop=None, limit=None)
    if policy.oca_ends == "any" and resting.order.oca is None:
        order = replace(order, oca=None, terms=replace(order.terms, oca_type=OcaType.CANCEL))
    return order


# over the whole run ------------------------------------------------------------------------


def over_time(one: Program, record: RunRecord) -> Iterator[str]:
    """What the record of a whole run contradicts."""
    by_symbol = {bars.symbol: bars for bars in one.bars}
    for state in record.orders:
        if state.filled > state.order.quantity + 1e-9:
            yield f"{state.order} filled {state.filled}"
    for fill in record.fills:
        yield from _impossible(fill, by_symbol[fill.symbol], one.settings.policy)
    if one.settings.policy.participation == "bar":
        yield from _too_much(one, record)
    if not one.settings.policy.trade_on_close:  # whose fills are dated before they are booked
        cash = _cash(record, by_symbol)
        if not np.allclose(cash, record.cash, rtol=0.0, atol=NEAR):
            yield f"the events sum to cash of {cash}, the record says {record.cash}"
        equity = cash + sum(_value(bars, record) for bars in one.bars)
        if not np.allclose(equity, record.equity, rtol=0.0, atol=1e-4):
            yield f"the events sum to equity of {equity}, the record says {record.equity}"


def _row(bars: Bars, fill: Fill) -> int:
    return int(np.searchsorted(bars.close_time, fill.time))


def _impossible(fill: Fill, bars: Bars, policy: FillPolicy) -> Iterator[str]:
    """A fill before its order, outside its bar, beyond its limit or of a broken lot."""
    order, row = fill.order, _row(bars, fill)
    if fill.time <= order.time and order.origin is not Origin.EXPIRY and not policy.trade_on_close:
        yield f"{order} filled before it was made"
    low, high = bars.low[row] - 1e-9, bars.high[row] + 1e-9
    in_bar = policy.stop_limit_gap == "open" and not policy.trade_on_close
    if in_bar and not low <= fill.reference <= high:
        yield f"{order} filled at {fill.reference}, outside {low} to {high}"
    keeps = policy.slippage_on == "aggressive" and order.terms.scale is None
    if keeps and order.limit is not None and (fill.price - order.limit) * order.side > 1e-9:
        yield f"{order} filled at {fill.price}, beyond its limit"
    lots = fill.quantity / bars.instrument.lot
    if abs(lots - round(lots)) > NEAR:
        yield f"{order} filled {fill.quantity}, no whole lots"


def _too_much(one: Program, record: RunRecord) -> Iterator[str]:
    """More traded in a bar than the liquidity of the settings gives."""
    model = one.settings.liquidity
    if model is None:
        return
    by_symbol = {bars.symbol: bars for bars in one.bars}
    traded: dict[tuple[str, int], float] = defaultdict(float)
    for fill in record.fills:
        if fill.order.origin is not Origin.EXPIRY:
            traded[fill.symbol, _row(by_symbol[fill.symbol], fill)] += abs(fill.quantity)
    for (symbol, row), units in traded.items():
        b = by_symbol[symbol]
        most = model.units(b.instrument, b.close[row], b.high[row], b.low[row], b.volume[row])
        if units > most + 1e-9:
            yield f"{units} {symbol} traded in bar {row}, which gives {most}"


def _cash(record: RunRecord, by_symbol: Mapping[str, Bars]) -> FloatArray:
    """Cash after every instant: what was there, and everything paid and received since."""
    moved = np.zeros(len(record.instants))

    def at(time: int) -> int:
        return int(np.searchsorted(record.instants, time))

    for fill in record.fills:
        multiplier = by_symbol[fill.symbol].instrument.multiplier
        moved[at(fill.time)] -= fill.quantity * fill.price * fill.rate * multiplier
    for fee in record.commissions:
        moved[at(fee.time)] -= fee.amount
    for flow in record.flows:
        moved[at(flow.time)] += flow.amount
    return record.opening_cash + np.cumsum(moved)


def _value(bars: Bars, record: RunRecord) -> FloatArray:
    """What is held of an instrument after every instant, in the account's currency."""
    quantities = np.zeros(len(record.instants))
    splits = [split for split in record.splits if split.symbol == bars.symbol]
    fills = [fill for fill in record.fills if fill.symbol == bars.symbol]
    events: list[Split | Fill] = sorted([*splits, *fills], key=lambda event: event.time)
    for event in events:  # of one instant the split comes first, as sorting keeps the order
        since = int(np.searchsorted(record.instants, event.time))
        before = 0.0 if isinstance(event, Split) else quantities[since]
        quantities[since:] = before + event.quantity
    quantities[np.abs(quantities) < 1e-9] = 0.0
    rate = EURO if bars.instrument.currency == "EUR" else 1.0
    closes = bars.close[np.maximum(record.rows[bars.symbol], 0)]
    return quantities * closes * bars.instrument.multiplier * rate


# the tests ---------------------------------------------------------------------------------


def checked(seed: int) -> RunRecord:
    """Watch the program of a seed; its record."""
    one = program(seed)
    outcome = watched(one)
    assert not outcome.findings, f"seed {seed}: {outcome.findings[0]}"
    if seed % REPLAYED == 0:
        again = run_verified(one.strategy, one.bars, one.settings, {}, {})
        assert not again.error, f"seed {seed}: {again.error}"
        assert again.fills == outcome.record.fills, f"seed {seed}"
        assert again.orders == outcome.record.orders, f"seed {seed}"
    return outcome.record


@pytest.mark.parametrize("batch", range(SHORT // BATCH))
def test_a_broker_agrees_with_itself(batch: int) -> None:
    records = [checked(seed) for seed in range(batch * BATCH, (batch + 1) * BATCH)]
    assert sum(len(record.fills) for record in records) > 5 * BATCH


@pytest.mark.slow
@pytest.mark.parametrize("batch", range(SHORT // BATCH, LONG // BATCH))
def test_a_broker_agrees_with_itself_a_thousand_times(batch: int) -> None:
    test_a_broker_agrees_with_itself(batch)


def test_the_programs_use_everything() -> None:
    used: set[str] = set()
    for seed in range(3 * SHORT):
        record = watched(program(seed)).record
        for order in (fill.order for fill in record.fills):
            rare = (order.terms.algo, order.terms.scale, order.terms.conditions)
            used |= {repr(each) for each in (order.type, order.tif, order.origin)}
            used |= {type(each).__name__ for each in rare}
        used |= {repr(state.status) for state in record.orders}
        booked = (*record.splits, *record.flows, *record.trips)
        used |= {type(each).__name__ for each in booked}
    # one program in sixty rolls; options have programs of their own
    origins = set(Origin) - {Origin.ROLL, Origin.HEDGE, Origin.EXERCISE, Origin.KILL}
    kinds = (*OrderType, *TimeInForce, *origins, *DONE - {OrderStatus.ABSENT})
    names = {"Twap", "Vwap", "PercentOfVolume", "Adaptive", "Scale", "Conditions"}
    missing = {repr(each) for each in kinds} - used
    assert not missing
    missing = (names | {"Split", "CashFlow", "Trip"}) - used
    assert not missing
