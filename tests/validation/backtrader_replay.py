"""An order program in backtrader's terms on its way through Strategy, engine and broker."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import isnan, nan

import numpy as np

from framework.backtest.record import OrderRecord, RunRecord
from framework.backtest.run import run
from framework.domain.bars import Bars
from framework.domain.events import CashFlow, CashFlowKind, Fill
from framework.domain.ledger import Position
from framework.domain.orders import (
    Offset,
    Order,
    OrderRequest,
    OrderStatus,
    OrderType,
    TimeInForce,
)
from framework.domain.terms import PLAIN, Terms
from framework.strategy import Strategy
from tests.validation.backtrader_terms import Account, Request, beyond_stop, settings_of

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


Traded = tuple[int, int, float, float]
"""Request, nanoseconds, signed units, price."""


@dataclass(frozen=True)
class Trip:
    """From flat to flat: first and last fill, profit before and after fees, and the fees."""

    opened: int
    closed: int
    profit: float
    net: float
    fees: float


@dataclass
class Outcome:
    """What a program came to, ours or the peer's, in the peer's terms.

    Attributes:
        fills: in order.
        fates: by request, its last status in the peer's words and when it got it.
        cash: the peer's notion of cash after each bar, shape (n,).
        value: worth of the account after each bar, shape (n,).
        units: signed units held after each bar, summed over symbols, shape (n,).
        trips: round trips that are over.
        fees: all commissions; interest is no commission.
    """

    fills: list[Traded]
    fates: dict[int, tuple[str, int]]
    cash: np.ndarray
    value: np.ndarray
    units: np.ndarray
    trips: list[Trip]
    fees: float


FATES: Mapping[OrderStatus, str] = {
    OrderStatus.FILLED: "Completed",
    OrderStatus.CANCELLED: "Canceled",
    OrderStatus.EXPIRED: "Expired",
    OrderStatus.REJECTED: "Rejected",
}
"""Our last states in the peer's words; every other state is an order still alive."""

ALIVE = "Alive"


def peer_fate(status: str) -> str:
    """A status of the peer, with its ways of being alive and of being refused told no further."""
    if status in ("Created", "Submitted", "Accepted", "Partial", ALIVE):
        return ALIVE
    return "Rejected" if status in ("Margin", "Rejected") else status


def replay(
    requests: Iterable[Request], bars: Sequence[Bars], account: Account
) -> tuple[RunRecord, Outcome]:
    """Run a program of requests through the whole machine.

    `bars` are aligned and trade under `account.instrument(symbol)`; a request without a symbol is
    for the first of them.
    """
    due: dict[int, list[Request]] = defaultdict(list)
    cancels: dict[int, list[int]] = defaultdict(list)
    for request in requests:
        due[request.bar].append(request)
        if request.cancel is not None:
            cancels[request.cancel].append(request.ref)
    groups = _groups(requests)
    sent: dict[int, Order] = {}

    class Program(Strategy):
        universe = True

        def on_bar(self) -> None:
            bar = len(self.data) - 1
            known = [ref for ref in cancels[bar] if ref in sent]
            for ref in known:
                self.cancel(sent[ref])
            for request in due[bar]:
                sent[request.ref] = _placed(self, request, groups.get(request.ref), sent)
            for ref in cancels[bar]:
                if ref not in known:
                    self.cancel(sent[ref])

    record = run(Program, bars, settings_of(account))
    if record.error:
        raise AssertionError(record.error)
    if record.refused:
        raise AssertionError(record.refused)
    return record, outcome_of(record, {order.id: ref for ref, order in sent.items()}, account)


def _groups(requests: Iterable[Request]) -> dict[int, str]:
    """The one-cancels-all group of every request that has one, by its first member."""
    leaders = {request.ref: request.oco for request in requests if request.oco is not None}
    found = {}
    for ref in leaders:
        leader = ref
        while leader in leaders:
            leader = leaders[leader]  # type: ignore[assignment]
        found[ref] = found[leader] = f"oco{leader}"
    return found


_TYPES = {
    "Market": OrderType.MARKET,
    "Close": OrderType.MARKET_ON_CLOSE,
    "Limit": OrderType.LIMIT,
    "Stop": OrderType.STOP,
    "StopLimit": OrderType.STOP_LIMIT,
    "StopTrail": OrderType.TRAIL,
    "StopTrailLimit": OrderType.TRAIL_LIMIT,
}


def _placed(
    strategy: Strategy, request: Request, group: str | None, sent: Mapping[int, Order]
) -> Order:
    """Send one request through the desk; a child follows its parent's order out of the door."""
    symbol = request.symbol or strategy.symbols[0]
    kind = _TYPES[request.type]
    limit, stop = request.plimit, nan
    if kind is OrderType.LIMIT:
        limit = request.price
    elif kind is not OrderType.MARKET:
        stop = request.price
    trails = kind in (OrderType.TRAIL, OrderType.TRAIL_LIMIT)
    valid = None if kind is OrderType.MARKET else request.valid
    terms = PLAIN
    if valid is not None:
        terms = Terms(good_till=EPOCH + timedelta(microseconds=valid // 1000))
    if kind is OrderType.TRAIL_LIMIT:
        terms = beyond_stop(request.side * (request.plimit - request.price), terms)
    wanted = OrderRequest(
        symbol,
        request.side,
        request.size,
        limit=None if kind not in _LIMITED or isnan(limit) else limit,
        stop=None if kind not in _STOPPED or isnan(stop) else stop,
        trailing=_trail(request) if trails else None,
        tif=TimeInForce.GTC if valid is None else TimeInForce.GTD,
        oca=group,
        at_close=kind is OrderType.MARKET_ON_CLOSE,
        terms=terms,
    )
    if request.parent is None:
        order = strategy._desk.place(wanted)
        assert isinstance(order, Order), order
        return order
    return _child(strategy, wanted, sent[request.parent].id)


_LIMITED = frozenset({OrderType.LIMIT, OrderType.STOP_LIMIT, OrderType.TRAIL_LIMIT})
_STOPPED = frozenset({OrderType.STOP, OrderType.STOP_LIMIT, OrderType.TRAIL, OrderType.TRAIL_LIMIT})


def _trail(request: Request) -> Offset:
    if request.trailamount:
        return Offset(amount=request.trailamount)
    return Offset(percent=100.0 * request.trailpercent)


def _child(strategy: Strategy, wanted: OrderRequest, parent: str) -> Order:
    """An order of its own under a parent: protection with prices alone cannot say all of them."""
    desk = strategy._desk
    door, slot = desk._door, desk._slot  # type: ignore[attr-defined]
    order = Order(
        id=slot.next_id(),
        symbol=wanted.symbol,
        side=wanted.side,
        quantity=wanted.quantity,
        type=wanted.type,
        time=door.now,
        decision_price=slot.price(wanted.symbol),
        limit=wanted.limit,
        stop=wanted.stop,
        trail=wanted.trailing,
        tif=wanted.tif,
        parent=parent,
        terms=wanted.terms,
    )
    door.send_child(slot, order)
    return order


def merged(fills: Iterable[Traded]) -> list[Traded]:
    """The fills of one order at one time and price as one: ours close and open separately."""
    found: dict[tuple[int, int, float], float] = {}
    for ref, time, size, price in fills:
        key = (ref, time, round(price, 9))
        found[key] = found.get(key, 0.0) + size
    return [(ref, time, size, price) for (ref, time, price), size in found.items()]


def _fate(one: OrderRecord) -> str:
    """How an order of ours ended: what the peer ends for want of cash need not be untouched."""
    if one.status is OrderStatus.CANCELLED and one.reason == "the rest was not covered":
        return "Rejected"
    return FATES.get(one.status, ALIVE)


def outcome_of(record: RunRecord, refs: Mapping[str, int], account: Account) -> Outcome:
    """Our record in the peer's terms."""
    fates = {
        refs[one.order.id]: (_fate(one), one.time) for one in record.orders if one.order.id in refs
    }
    held = _held(record)
    bound = sum(_bound(account, *held[one.symbol], one.close) for one in record.bars)
    return Outcome(
        fills=merged((refs[f.order.id], f.time, f.quantity, f.price) for f in record.fills),
        fates=fates,
        cash=record.equity - bound,
        value=record.equity.copy(),
        units=np.sum([record.quantities[one.symbol] for one in record.bars], axis=0),
        trips=_trips(record, account),
        fees=sum(commission.amount for commission in record.commissions),
    )


def _held(record: RunRecord) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """By symbol, units and average price after every instant.

    A fill at the close it was decided on is dated there, and booked when the cash shows it.
    """
    fees = {one.fill_id: one.amount for one in record.commissions}
    positions = {
        one.symbol: Position(one.symbol, multiplier=one.instrument.multiplier)
        for one in record.bars
    }
    averages = {symbol: np.zeros(len(record.instants)) for symbol in positions}
    fills, flows, cash = list(record.fills), list(record.flows), record.opening_cash
    for k, time in enumerate(record.instants):
        while flows and flows[0].time <= time:
            cash += flows.pop(0).amount
        while fills and fills[0].time <= time:
            late = fills[0].time == fills[0].order.time
            if late and abs(cash - record.cash[k]) < 1e-6:
                break
            fill = fills.pop(0)
            position = positions[fill.symbol]
            cash -= fill.quantity * fill.price * position.multiplier + fees[fill.id]
            positions[fill.symbol] = position.after(fill.quantity, fill.price)
        for symbol, position in positions.items():
            averages[symbol][k] = position.average_price
    return {symbol: (record.quantities[symbol], averages[symbol]) for symbol in positions}


def _bound(
    account: Account, units: np.ndarray, average: np.ndarray, close: np.ndarray
) -> np.ndarray:
    """What the peer counts as worth of a position rather than as cash."""
    if not account.is_stock:
        return np.abs(units) * account.unit_margin
    profit = units * (close - average)
    long = units * average / account.leverage + profit
    short = units * close if account.shortcash else -units * average / account.leverage + profit
    return np.where(units >= 0.0, long, short)


def _trips(record: RunRecord, account: Account) -> list[Trip]:
    """Round trips as the peer books them: what holding cost is a fee of the fill that closes."""
    found = [trip for one in record.bars for trip in _trips_of(record, one, account)]
    return sorted(found, key=lambda trip: trip.closed)


def _trips_of(record: RunRecord, bars: Bars, account: Account) -> Iterator[Trip]:
    fees = {one.fill_id: one.amount for one in record.commissions}
    position = Position(bars.symbol, multiplier=bars.instrument.multiplier)
    costs = [(f.time, -f.amount) for f in holding_costs(record) if f.symbol == bars.symbol]
    opened, profit, paid = 0, 0.0, 0.0
    for fill in (fill for fill in record.fills if fill.symbol == bars.symbol):
        before, left, time = position, fill.quantity, _booked(record, fill)
        if before.quantity * left < 0.0:
            closed = -before.quantity if abs(left) > abs(before.quantity) else left
            due = [cost for night, cost in costs if night <= time]
            costs = costs[len(due) :]
            paid += fees[fill.id] * closed / fill.quantity
            paid += sum(due) if account.int2pnl else 0.0
            profit -= closed * (fill.price - before.average_price) * before.multiplier
            left -= closed
            if before.quantity + closed == 0.0:
                yield Trip(opened, time, profit, profit - paid, paid)
                profit, paid = 0.0, 0.0
        if left:
            opened = opened if before.quantity * left > 0.0 else time
            paid += fees[fill.id] * left / fill.quantity
        position = before.after(fill.quantity, fill.price)


def _booked(record: RunRecord, fill: Fill) -> int:
    """When a fill was booked: one at the close it was decided on, a bar later."""
    late = fill.time == fill.order.time
    return int(record.instants[np.searchsorted(record.instants, fill.time) + late])


def holding_costs(record: RunRecord) -> list[CashFlow]:
    """What was paid for holding positions, in order."""
    kinds = (CashFlowKind.INTEREST, CashFlowKind.BORROW_FEE)
    return [flow for flow in record.flows if flow.symbol and flow.kind in kinds]
