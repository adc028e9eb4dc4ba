"""Whatever is ordered on whatever bars: the books agree and no fill is impossible."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from framework.backtest.record import RunRecord
from framework.backtest.run import run
from framework.backtest.settings import BacktestSettings
from framework.brokers.simulated.policy import FillPolicy
from framework.components.breakers import MaxDrawdown
from framework.components.commission import PerShare
from framework.components.exits import TimeStop
from framework.components.sizing import Shares
from framework.components.slippage import NoSlippage, PercentSlippage
from framework.domain.bars import Bars
from framework.domain.events import OrderUpdate
from framework.domain.ledger import Ledger
from framework.domain.orders import (
    Order,
    OrderStatus,
    OrderType,
    Origin,
    can_become,
    pct,
    points,
)
from framework.strategy import Strategy
from tests.builders import bars_of, five_minutes

BARS = 14
SYMBOLS = ("AAA", "BBB")
FEE = PerShare(0.01, minimum=1.0)
REDUCING = {Origin.CLOSE, Origin.TIME_STOP, Origin.BREAKER}


@dataclass(frozen=True)
class Action:
    """One thing a program does; prices are whole distances from the close of its bar."""

    bar: int
    verb: str
    symbol: str
    units: int
    near: int
    far: int
    tif: str
    protect: str
    group: bool


actions = st.builds(
    Action,
    bar=st.integers(0, BARS - 1),
    verb=st.sampled_from(
        [
            "market",
            "limit",
            "stop",
            "stop_limit",
            "trail",
            "long",
            "short",
            "close",
            "target",
            "percent",
            "weights",
            "cancel",
            "cancel_all",
        ]
    ),
    symbol=st.sampled_from(SYMBOLS),
    units=st.sampled_from([-30, -20, -10, -7, 5, 10, 20, 30]),
    near=st.integers(-4, 4),
    far=st.integers(1, 5),
    tif=st.sampled_from(["DAY", "GTC"]),
    protect=st.sampled_from(["", "", "prices", "points", "percent", "trail", "all"]),
    group=st.booleans(),
)

_row = st.tuples(
    st.integers(90, 110), st.integers(90, 110), st.integers(0, 4), st.integers(0, 4)
).map(lambda r: (r[0], max(r[0], r[1]) + r[2], min(r[0], r[1]) - r[3], r[1]))
_rows = st.lists(_row, min_size=BARS, max_size=BARS)


@st.composite
def markets(draw: st.DrawFn) -> list[Bars]:
    intraday = draw(st.booleans())
    found = []
    for symbol in SYMBOLS:
        rows = draw(_rows)
        bars = five_minutes(rows, 4, symbol) if intraday else bars_of(rows, symbol)
        first, last = draw(st.sampled_from([(0, BARS), (0, BARS), (2, BARS), (0, BARS - 3)]))
        found.append(bars.take(first, last))
    return found


policies = st.builds(
    FillPolicy,
    intrabar=st.sampled_from(["pessimistic", "next_bar", "path"]),
    children=st.sampled_from(["stops", "market_entries"]),
    exits_first=st.booleans(),
    gap_slip=st.booleans(),
    slip_cap=st.sampled_from(["none", "range"]),
    limit_fill=st.sampled_from(["touch", "through"]),
    fee_per=st.just("order"),
)
any_policy = st.one_of(policies, st.just(FillPolicy()), st.just(FillPolicy(queue="submission")))
programs = st.lists(actions, min_size=1, max_size=14)


def protection(action: Action, side: int, price: float) -> dict[str, object]:
    near, far = float(action.far), float(action.far + 2)
    return {
        "": {},
        "prices": {"stop_loss": price - side * near, "take_profit": price + side * far},
        "points": {"stop_loss": points(near), "take_profit": points(far)},
        "percent": {"stop_loss": pct(near)},
        "trail": {"trail": points(near)},
        "all": {"stop_loss": points(far), "trail": points(near), "take_profit": pct(far)},
    }[action.protect]


def perform(s: Strategy, action: Action, made: list[Order]) -> None:
    market = s.data[action.symbol]
    if not len(market):
        return
    close, side = market.close[-1], 1 if action.units > 0 else -1
    units, symbol = float(abs(action.units)), action.symbol
    at = close + action.near
    named = {"symbol": symbol, "tif": action.tif, "oca": "group" if action.group else None}
    send = s.buy if side > 0 else s.sell
    if action.verb in ("market", "limit", "stop", "stop_limit", "trail"):
        prices = {
            "market": {},
            "limit": {"limit": at},
            "stop": {"stop": at},
            "stop_limit": {"stop": at, "limit": at + side * (action.far - 3)},
            "trail": {"trailing": points(action.far)},
        }[action.verb]
        entry = at if action.verb in ("limit", "stop") else close
        entry = prices.get("limit", entry)
        answer = send(units, **prices, **named, **protection(action, side, entry))
        if isinstance(answer, Order):
            made.append(answer)
    elif action.verb == "long":
        s.go_long(symbol=symbol, **protection(action, 1, close))
    elif action.verb == "short":
        s.go_short(symbol=symbol, **protection(action, -1, close))
    elif action.verb == "close":
        s.close(symbol=symbol)
    elif action.verb == "target":
        s.target(float(action.units), symbol=symbol, **protection(action, side, close))
    elif action.verb == "percent":
        s.target_percent(float(action.near), symbol=symbol)
    elif action.verb == "weights":
        s.target_weights({symbol: action.near / 10.0}, tolerance=0.01)
    elif action.verb == "cancel" and made:
        s.cancel(made[abs(action.units) % len(made)])
    elif action.verb == "cancel_all":
        s.cancel_all()


def program_of(program: list[Action]) -> type[Strategy]:
    class Program(Strategy):
        universe = True
        heard: list[OrderUpdate] = []  # noqa: RUF012
        covers: list[tuple[tuple[Order, ...], dict[str, float]]] = []  # noqa: RUF012

        def setup(self) -> None:
            self.step = -1
            self.made: list[Order] = []

        def on_order(self, update: OrderUpdate) -> None:
            self.heard.append(update)

        def on_bar(self) -> None:
            self.step += 1
            self.covers.append(
                (self.orders, {name: self.position_of(name) for name in self.symbols})
            )
            for action in program:
                if action.bar == self.step:
                    perform(self, action, self.made)

        def position_of(self, symbol: str) -> float:
            held = {p.symbol: p.quantity for p in self.positions}
            return held.get(symbol, 0.0)

    Program.heard, Program.covers = [], []
    return Program


def play(
    bars: list[Bars], program: list[Action], policy: FillPolicy, **more: object
) -> tuple[RunRecord, type[Strategy]]:
    chosen: dict[str, object] = {
        "sizer": Shares(10.0),
        "commission": FEE,
        "slippage": PercentSlippage(0.5),
        "policy": policy,
        "cash": 20_000.0,
    }
    cls = program_of(program)
    record = run(cls, bars, BacktestSettings(**(chosen | more)))  # type: ignore[arg-type]
    assert record.error == ""
    return record, cls


def check_books(record: RunRecord) -> None:
    """The ledger rebuilt from fills and commissions is the curve and the final book."""
    ledger = Ledger(record.opening_cash, {one.symbol: 1.0 for one in record.bars})
    fees = {commission.fill_id: commission for commission in record.commissions}
    assert len(fees) == len(record.fills) == len(record.commissions)
    by_instant: dict[int, list] = defaultdict(list)
    for fill in record.fills:
        by_instant[int(np.searchsorted(record.instants, fill.time))].append(fill)
    for k in range(len(record.instants)):
        for fill in by_instant[k]:
            ledger.apply(fill)
            ledger.charge(fees[fill.id])
        prices = {
            one.symbol: float(one.close[max(0, record.rows[one.symbol][k])]) for one in record.bars
        }
        assert record.cash[k] == pytest.approx(ledger.cash, abs=1e-6)
        assert record.equity[k] == pytest.approx(ledger.equity(prices), abs=1e-6)
        for symbol, position in ledger.positions.items():
            assert record.quantities[symbol][k] == position.quantity
    final = {p.symbol: p.quantity for p in ledger.positions.values() if not p.is_flat}
    assert final == {p.symbol: p.quantity for p in record.positions}


def check_fills(record: RunRecord, policy: FillPolicy) -> None:
    bars = {one.symbol: one for one in record.bars}
    for fill in record.fills:
        one, order = bars[fill.symbol], fill.order
        row = int(np.searchsorted(one.close_time, fill.time))
        assert one.close_time[row] == fill.time, "a fill happens in a bar of its own instrument"
        assert one.low[row] <= fill.reference <= one.high[row]
        assert fill.time > order.time, "filled before it was placed"
        assert np.sign(fill.quantity) == order.side
        assert (fill.price - fill.reference) * order.side >= 0.0, "slippage never helps"
        if policy.slip_cap == "range":
            assert one.low[row] <= fill.price <= one.high[row]
        if order.limit is not None:
            assert (fill.price - order.limit) * order.side <= 0.0, "worse than its limit"
        if order.type in (OrderType.STOP, OrderType.TRAIL):
            assert order.stop is not None
            assert (fill.reference - order.stop) * order.side >= 0.0, "better than its stop"


def check_orders(record: RunRecord, heard: list[OrderUpdate]) -> None:
    groups: dict[str, set[str]] = defaultdict(set)
    held: dict[str, float] = defaultdict(float)
    filled: dict[str, float] = defaultdict(float)
    for fill in record.fills:
        order, before = fill.order, held[fill.symbol]
        held[fill.symbol] += fill.quantity
        filled[order.id] += abs(fill.quantity)
        if order.parent is not None or order.origin in REDUCING:
            assert before * fill.quantity < 0.0, "an exit opened a position"
            assert abs(fill.quantity) <= abs(before)
        if order.parent is not None:
            assert filled[order.id] <= filled[order.parent]
        if order.oca is not None:
            groups[order.oca].add(order.id)
    ids = [o.order.id for o in record.orders]
    assert len(set(ids)) == len(ids)
    for mates in groups.values():
        if len(mates) > 1:
            # the name of a group may be used again once everybody in the old one is done
            times = [
                (min(f.time for f in record.fills if f.order.id == name), name) for name in mates
            ]
            later = sorted(times)[1:]
            first = min(times)[0]
            placed = {o.order.id: o.order.time for o in record.orders}
            assert all(placed[name] >= first for _, name in later), "two mates filled"
    for one in record.orders:
        assert one.filled == filled[one.order.id]
        assert one.filled <= one.order.quantity
        if one.status is OrderStatus.FILLED:
            assert one.filled == one.order.quantity
        if one.filled:
            whole = FEE.fee(
                record.bars[0].instrument,
                one.order.side * one.filled,
                one.filled * one.average_price,
                0.0,
                0,
            )
            assert one.commission == pytest.approx(whole)
    state: dict[str, OrderStatus] = {}
    for update in heard:
        start = OrderStatus.HELD if update.order.parent is not None else OrderStatus.SENT
        before_ = state.get(update.order.id, start)
        same = before_ is update.status and before_ in (OrderStatus.WORKING, OrderStatus.HELD)
        assert same or can_become(before_, update.status), f"{before_} -> {update.status}"
        state[update.order.id] = update.status
    for one in record.orders:
        assert state[one.order.id] is one.status


def check_cover(cls: type[Strategy], record: RunRecord) -> None:
    """At every close, the protective orders that are awake cover no more than is held."""
    asleep = {o.order.id for o in record.orders if not o.filled}
    for working, held in cls.covers:  # type: ignore[attr-defined]
        cover: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
        for order in working:
            if order.parent is None or order.parent in asleep:
                continue
            if any(other.id == order.parent for other in working):
                continue
            group = cover[order.symbol]
            group[order.parent] = max(group[order.parent], order.quantity)
            assert held[order.symbol] * order.side < 0.0, "protection on the wrong side"
        for symbol, by_entry in cover.items():
            assert sum(by_entry.values()) <= abs(held[symbol])


@settings(max_examples=300, deadline=None)
@given(markets(), programs, any_policy)
def test_whatever_is_ordered_the_books_agree_and_no_fill_is_impossible(
    bars: list[Bars], program: list[Action], policy: FillPolicy
) -> None:
    record, cls = play(bars, program, policy)
    check_books(record)
    check_fills(record, policy)
    check_orders(record, cls.heard)  # type: ignore[attr-defined]
    check_cover(cls, record)


@settings(max_examples=50, deadline=None)
@given(markets(), programs)
def test_so_it_is_with_breakers_time_stops_and_leverage(
    bars: list[Bars], program: list[Action]
) -> None:
    policy = FillPolicy()
    record, cls = play(
        bars,
        program,
        policy,
        breakers=(MaxDrawdown(0.5),),
        exits=(TimeStop(2),),
        leverage=3.0,
    )
    check_books(record)
    check_fills(record, policy)
    check_orders(record, cls.heard)  # type: ignore[attr-defined]
    check_cover(cls, record)
    if record.trips:
        tripped = min(trip.time for trip in record.trips)
        held: dict[str, float] = defaultdict(float)
        for fill in record.fills:
            before = held[fill.symbol]
            held[fill.symbol] += fill.quantity
            if fill.order.time >= tripped and fill.order.parent is None:
                assert abs(held[fill.symbol]) < abs(before), "risk taken after a trip"


@settings(max_examples=40, deadline=None)
@given(markets(), programs, any_policy)
def test_the_same_run_twice_is_byte_identical(
    bars: list[Bars], program: list[Action], policy: FillPolicy
) -> None:
    def once() -> bytes:
        record, _ = play(bars, program, policy)
        said = repr((record.orders, record.fills, record.commissions, record.refused))
        return said.encode() + record.cash.tobytes() + record.equity.tobytes()

    assert once() == once()


@settings(max_examples=40, deadline=None)
@given(markets(), programs, st.integers(1, BARS - 1))
def test_nothing_trades_before_the_start(
    bars: list[Bars], program: list[Action], start: int
) -> None:
    instants = np.unique(np.concatenate([one.close_time for one in bars]))
    start = min(start, len(instants) - 1)
    record, _ = play(bars, program, FillPolicy(), start=int(instants[start]))
    assert all(fill.time > instants[start] for fill in record.fills)
    assert all(one.order.time >= instants[start] for one in record.orders)


@settings(max_examples=60, deadline=None)
@given(markets(), programs)
def test_the_future_changes_no_fill(bars: list[Bars], program: list[Action]) -> None:
    """Cut the bars off at any instant: what was filled until then was the same."""
    whole, _ = play(bars, program, FillPolicy())
    end = int(whole.instants[len(whole.instants) // 2])
    cut = [one.take(0, int(np.searchsorted(one.close_time, end, side="right"))) for one in bars]
    part, _ = play(cut, program, FillPolicy())
    before = [fill for fill in whole.fills if fill.time <= end]
    assert [(f.id, f.time, f.quantity, f.price) for f in part.fills] == [
        (f.id, f.time, f.quantity, f.price) for f in before
    ]


@settings(max_examples=60, deadline=None)
@given(markets(), programs)
def test_without_gaps_slippage_or_fees_nobody_owes_more_than_they_could_pay(
    bars: list[Bars], program: list[Action]
) -> None:
    """Buying power is checked at the decision's close: where every bar stays at that price,
    exposure never exceeds equity."""
    still = [
        bars_of([(100, 100, 100, 100)] * len(one), one.symbol) for one in bars if len(one) == BARS
    ]
    if len(still) < len(bars):
        return
    record, _ = play(
        still,
        [a for a in program if a.verb in ("market", "long", "short", "close", "target")],
        FillPolicy(),
        slippage=NoSlippage(),
        cash=3_500.0,
    )
    exposure = sum(np.abs(record.quantities[one.symbol]) * one.close for one in still)
    assert (exposure <= record.equity + 30.0).all()
    assert (record.cash - 2 * exposure <= record.equity + 30.0).all()
