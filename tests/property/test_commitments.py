"""Whatever becomes of the working orders: the sums kept of them are what each of them comes to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from math import fsum, inf, nan
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from framework.backtest.cast import Cast
from framework.backtest.machine import Machine
from framework.backtest.settings import BacktestSettings
from framework.components.limits import MaxConcentration, MaxGrossExposure, MaxNetExposure
from framework.components.margin import CashAccount, Leverage, RegT
from framework.domain.currency import Rates
from framework.domain.events import Fill, OrderUpdate, Split
from framework.domain.exact import ExactSum
from framework.domain.instruments import Instrument
from framework.domain.orders import (
    Offset,
    Order,
    OrderRequest,
    OrderStatus,
    OrderType,
    Side,
    TimeInForce,
)
from framework.engine.judge import Judge
from framework.engine.ticket import Ticket
from framework.strategy import Strategy
from tests.builders import bars_of, flat_rows
from tests.property import test_option_runs, whole_runs
from tests.property.commitments_reckoned import disagreements

# sums ----------------------------------------------------------------------------------------

NUMBERS = st.floats(-1e12, 1e12) | st.floats(-1e-300, 1e-300) | st.integers(-9, 9)


@given(st.lists(st.tuples(NUMBERS, st.booleans()), max_size=40))
def test_a_sum_remembers_nothing_of_what_has_left(terms: list[tuple[float, bool]]) -> None:
    kept = ExactSum()
    for term, _ in terms:
        kept.add(term)
    for term, leaves in terms:
        if leaves:
            kept.remove(term)
    left = [term for term, leaves in terms if not leaves]
    assert kept.value == fsum(left)
    if left:
        assert kept.without(left[0]) == fsum(left[1:])
    assert kept.value == fsum(left)


def test_a_sum_of_what_is_no_number() -> None:
    kept = ExactSum()
    kept.add(1.5)
    kept.add(inf)
    assert kept.value == inf
    kept.add(nan)
    assert repr(kept.value) == "nan"
    kept.remove(nan)
    kept.remove(inf)
    assert kept.value == 1.5
    for _ in range(2):
        kept.add(1.7e308)
    assert kept.value == inf


# one event after the other ----------------------------------------------------------------------


@dataclass(frozen=True)
class Dated:
    """A fee that is another one every third day."""

    def fee(
        self, instrument: Instrument, quantity: float, notional: float, month: float, day: int
    ) -> float:
        return 0.35 * (1 + day % 3) + 0.0007 * notional + 0.01 * abs(quantity)


class Idle(Strategy):
    universe = True


SYMBOLS = ("AAA", "BBB", "EUR")
BARS = 40
CLOSES = {
    "AAA": [100.0 + 0.37 * (k * 7 % 11) for k in range(BARS)],
    "BBB": [20.0 + 0.11 * (k * 5 % 13) for k in range(BARS)],
    "EUR": [50.0 - 0.13 * (k * 3 % 7) for k in range(BARS)],
}
ACTS = st.sampled_from(
    ["submit"] * 6
    + ["fill", "fill", "end", "change", "reopen", "move", "bar", "day", "split", "look", "aside"]
)
MIXED = st.integers(0, 10**6).map(lambda n: n * 2_654_435_761 % 1_000_003)
"""Small numbers are drawn most; every digit of these says something else."""
STEPS = st.lists(st.tuples(ACTS, MIXED), min_size=25, max_size=60)


class Ground:
    """An account whose orders are moved by hand."""

    def __init__(self, margin: Any, universe: bool) -> None:
        bars = [bars_of(flat_rows(CLOSES[symbol]), symbol, lot=0.1) for symbol in SYMBOLS]
        bars[2] = replace(bars[2], instrument=replace(bars[2].instrument, currency="EUR"))
        market = BacktestSettings(
            cash=1e5, account=margin, commission=Dated(), rates=Rates.constant("USD", {"EUR": 1.1})
        )
        strategy = type("Idle", (Idle,), {"universe": universe})
        self.machine = Machine(Cast(strategy, tuple(bars), market, {}), {})
        self.judge: Judge = self.machine.door.judge
        self.blotter = self.machine.blotter
        self.rates = [1.1 + 0.01 * (k % 5) for k in range(BARS)]
        for slot in self.blotter.slots:
            slot.rates = dict.fromkeys(slot.rates, self.rates)
        self.now = 0
        self.count = 0
        self._see()

    def _see(self) -> None:
        for slot in self.blotter.slots:
            slot.world.move(self.now)

    def _any(self, n: int) -> Ticket | None:
        working = self.blotter.all_working()
        return working[n % len(working)] if working else None

    def take(self, act: str, n: int) -> None:
        """One step of a program."""
        ticket = self._any(n // 7)
        if act in ("submit", "bar", "day", "split", "look"):
            getattr(self, f"_{act}")(n)
        elif ticket is not None:
            getattr(self, f"_{act}")(ticket, n)

    def _submit(self, n: int) -> None:
        slot = self.blotter.slots[n % len(self.blotter.slots)]
        symbols = slot.world.symbols
        symbol = symbols[n // 3 % len(symbols)]
        self.count += 1
        kind = list(_KINDS)[n // 11 % len(_KINDS)]
        units = 0.1 * (1 + n // 13 % 97)
        order = Order(
            id=f"{slot.name}-{self.count}",
            symbol=symbol,
            side=Side.BUY if n % 2 else Side.SELL,
            quantity=units,
            type=kind,
            time=0,
            decision_price=slot.price(symbol),
            tif=TimeInForce.GTC,
            oca=(None, None, "g", "h")[n // 17 % 4],
            parent="another" if n // 19 % 7 == 0 else None,
            **_KINDS[kind](slot.price(symbol) * (0.9 + 0.01 * (n % 23))),
        )
        part = (1.0, 1.0, 0.0, 0.5)[n // 23 % 4] if order.parent is None else 0.0
        self.blotter.record(Ticket(slot, order, OrderStatus.SENT, units * part, 0))

    def _fill(self, ticket: Ticket, n: int) -> None:
        if ticket.remaining <= 0.0:
            return
        units = ticket.remaining * (1.0 if n % 3 == 0 else 0.25)
        order, price = ticket.order, 100.0
        self.count += 1
        fill = Fill(f"{order.id}/{self.count}", order, 0, order.side * units, price, price)
        self.blotter.fold(fill)
        done = ticket.remaining <= 0.0
        status = OrderStatus.FILLED if done else OrderStatus.PARTIAL
        if n % 2:  # else what the broker says of the order comes late
            self.blotter.fold(OrderUpdate(order, status, 0))

    def _end(self, ticket: Ticket, n: int) -> None:
        ends = (OrderStatus.CANCELLED, OrderStatus.EXPIRED, OrderStatus.REJECTED)
        self.blotter.fold(OrderUpdate(ticket.order, ends[n % 3], 0))

    def _change(self, ticket: Ticket, n: int) -> None:
        """What the broker reports of an order whose level moves or that is made smaller."""
        order = ticket.order
        if order.type is OrderType.TRAIL:
            order = replace(order, stop=80.0 + n % 31)
        elif ticket.filled == 0.0 and n % 2:
            order = replace(order, quantity=order.quantity * 0.5)
        status = OrderStatus.WORKING if ticket.filled == 0.0 else OrderStatus.PARTIAL
        self.blotter.fold(OrderUpdate(order, status, 0))

    def _reopen(self, ticket: Ticket, n: int) -> None:
        """What the door does when an order is modified."""
        if ticket.order.parent is None:
            ticket.order = replace(ticket.order, quantity=ticket.order.quantity + 0.1 * (n % 5))
            ticket.opening = ticket.remaining * (n % 3) / 2.0
            self.blotter.touch(ticket)

    def _move(self, ticket: Ticket, n: int) -> None:
        """What the door does when a price is replaced."""
        name = next((one for one in ("limit", "stop") if getattr(ticket.order, one)), None)
        if name is not None:
            ticket.order = replace(ticket.order, **{name: 40.0 + n % 53})
            self.blotter.touch(ticket)

    def _aside(self, ticket: Ticket, n: int) -> None:
        with self.judge._commitments.without(ticket):
            assert list(disagreements(self.judge, ticket)) == []

    def _bar(self, n: int) -> None:
        self.now = min(self.now + 1, BARS - 1)
        self._see()
        if n % 2:
            self.judge.mark()

    def _day(self, n: int) -> None:
        self.judge.begin_session(self.judge.day + 1 + n % 2)

    def _split(self, n: int) -> None:
        symbol = SYMBOLS[n % len(SYMBOLS)]
        held = sum(slot.ledger.positions[symbol].quantity for slot in self._of(symbol)[:1])
        ratio = (2.0, 0.5, 3.0)[n // 5 % 3]
        self.blotter.fold(Split(symbol, ratio, round(held * ratio, 1), 0))

    def _of(self, symbol: str) -> list[Any]:
        return [slot for slot in self.blotter.slots if symbol in slot.ledger.positions]

    def _look(self, n: int) -> None:
        assert list(disagreements(self.judge)) == []


_KINDS: dict[OrderType, Any] = {
    OrderType.LIMIT: lambda price: {"limit": price},
    OrderType.MARKET: lambda price: {},
    OrderType.STOP: lambda price: {"stop": price},
    OrderType.STOP_LIMIT: lambda price: {"stop": price, "limit": price + 1.0},
    OrderType.TRAIL: lambda price: {"trail": Offset(percent=3.0)},
    OrderType.MARKET_ON_CLOSE: lambda price: {},
}


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from([None, RegT(), CashAccount(), Leverage(3.0)]), st.booleans(), STEPS)
def test_sums_are_what_the_orders_come_to(
    margin: Any, universe: bool, steps: list[tuple[str, int]]
) -> None:
    ground = Ground(margin, universe)
    for act, n in steps:
        ground.take(act, n)
    assert list(disagreements(ground.judge)) == []


class Silent:
    """A broker that takes everything and reports nothing."""

    def submit(self, orders: Any) -> None: ...
    def cancel(self, order_id: str) -> None: ...
    def replace(self, order: Order) -> None: ...
    def poll(self) -> list[Any]:
        return []


def test_a_change_counts_before_the_broker_has_taken_it() -> None:
    ground = Ground(None, universe=True)
    door, slot = ground.machine.door, ground.blotter.slots[0]
    door.use(Silent())
    slot.trading = True
    order = door.place(slot, OrderRequest("AAA", Side.BUY, 10.0, limit=90.0))
    assert isinstance(order, Order)
    reserved = ground.judge._commitments.of(slot).reservations

    def needs() -> float:
        assert list(disagreements(ground.judge)) == []
        return reserved.money()[0]

    before = needs()
    order = door.modify(slot, replace(order, quantity=20.0))
    assert isinstance(order, Order)
    assert needs() == pytest.approx(2.0 * before, rel=1e-3)
    door.replace(replace(order, limit=45.0))
    assert needs() == pytest.approx(before, rel=1e-3)
    assert not door.modify(slot, replace(order, quantity=1e6))
    assert needs() == pytest.approx(before, rel=1e-3)


# whole runs ----------------------------------------------------------------------------------

RULES = (MaxGrossExposure(150.0), MaxNetExposure(90.0), MaxConcentration(80.0))


@contextmanager
def looked_into(found: list[str], looks: list[int]) -> Iterator[None]:
    """Compare the figures before and after each verdict, and while an order is changed."""
    verdict, change = Judge.verdict, Judge._change

    def judged(judge: Judge, *asked: Any) -> Any:
        found.extend(disagreements(judge))
        answer = verdict(judge, *asked)
        found.extend(disagreements(judge))
        looks.append(len(judge.blotter.at_work))
        return answer

    def changed(judge: Judge, slot: Any, ticket: Ticket, *asked: Any) -> Any:
        found.extend(disagreements(judge, ticket))
        return change(judge, slot, ticket, *asked)

    with patch.object(Judge, "verdict", judged), patch.object(Judge, "_change", changed):
        yield


@pytest.mark.parametrize("make", [whole_runs.program, test_option_runs.program])
@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_sums_hold_through_whole_runs(make: Any, seed: int) -> None:
    one = make(seed)
    rules = one.settings.rules or RULES[: seed % 4]
    found: list[str] = []
    looks: list[int] = []
    cast = Cast(one.strategy, one.bars, replace(one.settings, rules=rules), {})
    machine = Machine(cast, {})
    with looked_into(found, looks):
        machine.play(None)
    assert found == []
    assert looks or not machine.blotter.tickets
