"""Whatever orders with whatever terms on whatever bars: none fills where or more than it may."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from framework.backtest.record import RunRecord
from framework.backtest.run import run
from framework.backtest.settings import BacktestSettings
from framework.brokers.simulated.policy import FillPolicy
from framework.components.commission import PerShare
from framework.components.sizing import Shares
from framework.components.slippage import PercentSlippage
from framework.domain.bars import Bars
from framework.domain.conditions import (
    Condition,
    Conditions,
    ExecutionCondition,
    MarginCondition,
    PercentChangeCondition,
    PriceCondition,
    TimeCondition,
    VolumeCondition,
)
from framework.domain.events import OrderUpdate
from framework.domain.instruments import Instrument
from framework.domain.orders import (
    Offset,
    Order,
    OrderStatus,
    OrderType,
    TimeInForce,
    can_become,
    pct,
    points,
)
from framework.domain.terms import (
    Adaptive,
    Algo,
    OcaType,
    Patience,
    Peg,
    PercentOfVolume,
    Scale,
    Terms,
    Twap,
    Vwap,
)
from framework.strategy import Strategy
from tests.builders import bars_of, five_minutes
from tests.property.test_broker_properties import check_books

BARS = 16
PER_SESSION = 4
SYMBOLS = ("AAA", "BBB")
EPSILON = 1e-9


@dataclass(frozen=True)
class Cap:
    """So many units a bar, and no more."""

    most: float

    def units(
        self, instrument: Instrument, price: float, high: float, low: float, volume: float
    ) -> float:
        return self.most


@dataclass(frozen=True)
class Wish:
    """An order to be sent at a bar; prices are whole distances from the close of its bar."""

    bar: int
    kind: str
    symbol: str
    units: int
    near: int
    far: int
    tif: str
    group: OcaType | None
    extra: str
    protect: bool
    hours: int


@dataclass(frozen=True)
class Change:
    """What is done to an order sent before."""

    bar: int
    which: int
    what: str
    by: int


KINDS = [
    *["market", "limit", "stop", "stop_limit", "mit", "lit", "trail", "trail_limit", "moc", "loc"],
    *["moo", "loo", "mid", "best", "relative", "twap", "vwap", "pov", "adaptive", "scale"],
]
CONDITIONS = ["price", "time", "volume", "change", "margin", "execution", "both", "either"]

wishes = st.builds(
    Wish,
    bar=st.integers(0, BARS - 2),
    kind=st.sampled_from(KINDS),
    symbol=st.sampled_from(SYMBOLS),
    units=st.sampled_from([-30, -20, -10, -7, 3, 5, 10, 20, 30]),
    near=st.integers(-4, 4),
    far=st.integers(1, 5),
    tif=st.sampled_from(["DAY", "GTC", "GTD", "IOC", "FOK"]),
    group=st.sampled_from([None, None, None, *OcaType]),
    extra=st.sampled_from(["", "", "", "", "cancels", *CONDITIONS]),
    protect=st.booleans(),
    hours=st.integers(1, 80),
)
changes = st.builds(
    Change,
    bar=st.integers(1, BARS - 2),
    which=st.integers(0, 20),
    what=st.sampled_from(["quantity", "limit", "stop", "tif", "trailing", "cancel"]),
    by=st.integers(-8, 8),
)
programs = st.tuples(
    st.lists(wishes, min_size=1, max_size=8), st.lists(changes, min_size=0, max_size=5)
)
_row = st.tuples(
    st.integers(90, 110), st.integers(90, 110), st.integers(0, 4), st.integers(0, 4)
).map(lambda r: (r[0], max(r[0], r[1]) + r[2], min(r[0], r[1]) - r[3], r[1]))
_rows = st.lists(_row, min_size=BARS, max_size=BARS)


@st.composite
def markets(draw: st.DrawFn) -> list[Bars]:
    intraday = draw(st.sampled_from([True, True, False]))
    extended = intraday and draw(st.booleans())
    found = []
    for symbol in SYMBOLS:
        rows = draw(_rows)
        bars = five_minutes(rows, PER_SESSION, symbol) if intraday else bars_of(rows, symbol)
        volume = draw(st.lists(st.sampled_from([0, 40, 100, 1000]), min_size=BARS, max_size=BARS))
        bars = replace(bars, volume=np.array(volume, dtype=float))
        if extended:
            bars = replace(bars, regular=np.arange(BARS) % PER_SESSION != 0)
        found.append(bars)
    return found


policies = st.builds(
    FillPolicy,
    intrabar=st.sampled_from(["pessimistic", "next_bar", "path"]),
    queue=st.sampled_from(["open_first", "open_first", "submission"]),
    exits_first=st.booleans(),
    limit_fill=st.sampled_from(["touch", "through"]),
    quoted_spread=st.sampled_from([0.0, 2.0, 150.0]),
)
caps = st.sampled_from([None, 0.0, 2.0, 4.5, 11.0])


# sending -----------------------------------------------------------------------------------


def condition(kind: str, wish: Wish, s: Strategy, close: float) -> Conditions:
    symbol, above = SYMBOLS[wish.far % 2], wish.near > 0
    soon = s.now + timedelta(minutes=5 * wish.hours)
    each: dict[str, Condition] = {
        "price": PriceCondition(symbol, close + wish.near, above),
        "time": TimeCondition(soon, after=above),
        "volume": VolumeCondition(symbol, 100.0 * wish.far, above),
        "change": PercentChangeCondition(symbol, float(wish.near), above),
        "margin": MarginCondition(20.0 * wish.far, above),
        "execution": ExecutionCondition(symbol),
    }
    if kind in ("both", "cancels"):
        return Conditions(((each["price"], each["volume"]),), cancels=kind == "cancels")
    if kind == "either":
        return Conditions(((each["price"],), (each["time"],)), ignore_hours=above)
    return Conditions(((each[kind],),), ignore_hours=above)


def algo(wish: Wish, now: datetime) -> Algo:
    end = now + timedelta(minutes=5 * wish.hours) if wish.near > 0 else None
    past = wish.far > 3
    return {
        "twap": Twap(end=end, allow_past_end=past),
        "vwap": Vwap(end=end, allow_past_end=past, max_percent=None if past else 10.0),
        "pov": PercentOfVolume(float(wish.far), end=end),
        "adaptive": Adaptive(list(Patience)[wish.far % 3]),
    }[wish.kind]  # type: ignore[return-value]


def send(s: Strategy, wish: Wish) -> Order | None:
    market = s.data[wish.symbol]
    if not len(market):
        return None
    close, side = market.close[-1], 1 if wish.units > 0 else -1
    at, beyond = close + wish.near, float(wish.far)
    terms = Terms(outside_hours=wish.hours % 2 == 0, oca_type=wish.group or OcaType.CANCEL)
    tif = wish.tif if wish.kind not in ("moo", "loo") else "DAY"
    if wish.kind in ("twap", "vwap", "pov", "adaptive"):
        terms = replace(terms, algo=algo(wish, s.now))
        tif = tif if tif in ("DAY", "GTC", "GTD") else "DAY"
    if wish.kind == "scale":
        terms = replace(terms, scale=Scale(1 + wish.far, 0.5, float(wish.far)))
    if wish.kind in ("mid", "best", "relative"):
        peg = {"mid": Peg.MID, "best": Peg.BEST, "relative": Peg.PRIMARY}[wish.kind]
        terms = replace(terms, peg=peg, peg_offset=0.25 * wish.far)
    if wish.kind == "trail_limit":
        terms = replace(terms, limit_offset=0.25 * wish.far)
    if tif == "GTD":
        terms = replace(terms, good_till=s.now + timedelta(minutes=5 * wish.hours))
    if wish.extra:
        terms = replace(terms, conditions=condition(wish.extra, wish, s, close))
    prices: dict[str, float] = {
        "limit": {"limit": at},
        "scale": {"limit": at},
        "stop": {"stop": at},
        "stop_limit": {"stop": at, "limit": at + side * (beyond - 3)},
        "mit": {"touch": at},
        "lit": {"touch": at, "limit": at - side * (beyond - 3)},
        "loc": {"limit": at},
        "loo": {"limit": at},
        "mid": {"limit": at} if wish.far > 2 else {},
    }.get(wish.kind, {})
    if wish.kind in ("twap", "pov") and wish.far > 3:
        prices = {"limit": at}
    trailing: Offset | None = points(beyond) if wish.kind.startswith("trail") else None
    auction: Literal["open", "close"] | None = None
    if wish.kind in ("moo", "loo", "moc", "loc"):
        auction = "open" if wish.kind in ("moo", "loo") else "close"
    verb = s.buy if side > 0 else s.sell
    answer = verb(
        abs(wish.units),
        **prices,  # type: ignore[arg-type]
        trailing=trailing,
        at=auction,
        tif=tif,  # type: ignore[arg-type]
        oca=None if wish.group is None else f"g{wish.bar}{wish.group}",
        symbol=wish.symbol,
        terms=terms,
        stop_loss=pct(3) if wish.protect else None,
        take_profit=points(beyond) if wish.protect and wish.near > 0 else None,
        trail=points(2) if wish.protect and wish.near < 0 else None,
    )
    return answer if isinstance(answer, Order) else None


def change(s: Strategy, one: Change, made: list[Order]) -> str | None:
    """Change an order; its id if it was changed."""
    working = {order.id: order for order in s.orders}
    if not made:
        return None
    order = working.get(made[one.which % len(made)].id)
    if order is None or order.oca is not None:
        return None
    close = s.data[order.symbol].close[-1]
    if one.what == "cancel":
        s.cancel(order)
    elif one.what == "quantity" and order.quantity + one.by > 0:
        s.modify(order, quantity=order.quantity + one.by)
    elif one.what == "limit" and order.limit is not None and order.trail is None:
        s.modify(order, limit=close + one.by)
    elif one.what == "stop" and order.stop is not None and order.trail is None:
        s.modify(order, stop=close + one.by)
    elif one.what == "tif" and order.terms.algo is None:
        s.modify(order, tif="DAY" if one.by > 0 else "GTC")
    elif one.what == "trailing" and order.trail is not None:
        s.modify(order, trailing=points(abs(one.by) + 0.5))
    return order.id


def program_of(wanted: list[Wish], later: list[Change]) -> type[Strategy]:
    class Program(Strategy):
        universe = True
        heard: list[OrderUpdate] = []  # noqa: RUF012
        made: list[Order] = []  # noqa: RUF012
        touched: set[str] = set()  # noqa: RUF012

        def setup(self) -> None:
            self.step = -1
            self.made.clear()
            self.touched.clear()
            self.heard.clear()

        def on_order(self, update: OrderUpdate) -> None:
            self.heard.append(update)

        def on_bar(self) -> None:
            self.step += 1
            for one in later:
                if one.bar == self.step:
                    name = change(self, one, self.made)
                    if name is not None:
                        self.touched.add(name)
            for wish in wanted:
                if wish.bar == self.step:
                    order = send(self, wish)
                    if order is not None:
                        self.made.append(order)

    Program.heard, Program.made, Program.touched = [], [], set()
    return Program


def play(bars: list[Bars], cls: type[Strategy], policy: FillPolicy, cap: float | None) -> RunRecord:
    record = run(
        cls,
        bars,
        BacktestSettings(
            sizer=Shares(10.0),
            commission=PerShare(0.01, minimum=1.0),
            slippage=PercentSlippage(0.5),
            liquidity=None if cap is None else Cap(cap),
            policy=policy,
            cash=30_000.0,
            order_rules=(),
        ),
    )
    assert record.error == ""
    return record


# checking ----------------------------------------------------------------------------------


def check_prices(record: RunRecord) -> None:
    bars = {one.symbol: one for one in record.bars}
    for fill in record.fills:
        one, order = bars[fill.symbol], fill.order
        row = int(np.searchsorted(one.close_time, fill.time))
        assert one.low[row] <= fill.reference <= one.high[row], "outside the bar"
        assert fill.time > order.time
        assert np.sign(fill.quantity) == order.side
        assert (fill.price - fill.reference) * order.side >= 0.0, "slippage never helps"
        if order.limit is not None:
            assert (fill.price - order.limit) * order.side <= EPSILON, "worse than its limit"
        if one.regular is not None and not one.regular[row]:
            assert order.terms.outside_hours, "outside regular hours"
        starts = row == 0 or one.session[row - 1] != one.session[row]
        if one.regular is not None:
            starts = one.regular[row] and not one.regular[row - 1]
        if order.tif is TimeInForce.OPG:
            assert starts
            assert fill.reference == one.open[row]
        if order.type in (OrderType.MARKET_ON_CLOSE, OrderType.LIMIT_ON_CLOSE):
            assert fill.time == one.session_close[row]
            assert fill.reference == one.close[row]


def check_quantities(record: RunRecord, cap: float | None, touched: set[str]) -> None:
    bars = {one.symbol: one for one in record.bars}
    taken: dict[tuple[str, int], float] = defaultdict(float)
    by_order: dict[str, list] = defaultdict(list)
    for fill in record.fills:
        taken[fill.symbol, fill.time] += abs(fill.quantity)
        by_order[fill.order.id].append(fill)
    if cap is not None:
        assert all(units <= cap + EPSILON for units in taken.values()), "more than the bar gives"
    ids = [one.order.id for one in record.orders]
    assert len(set(ids)) == len(ids), "doubled"
    for one in record.orders:
        fills = by_order[one.order.id]
        assert one.filled == pytest.approx(sum(abs(fill.quantity) for fill in fills))
        assert one.filled <= one.order.quantity + EPSILON, "more than was wanted"
        if one.status is OrderStatus.FILLED:
            assert one.filled == one.order.quantity
        if one.order.id in touched:
            continue
        times = {fill.time for fill in fills}
        if one.order.tif in (TimeInForce.IOC, TimeInForce.FOK, TimeInForce.OPG):
            assert len(times) <= 1, "at once, or never"
        if one.order.tif is TimeInForce.FOK and one.order.terms.scale is None and fills:
            assert one.status is OrderStatus.FILLED
            assert len(fills) == 1
        if one.order.tif is TimeInForce.DAY:
            rows = np.searchsorted(bars[one.order.symbol].close_time, sorted(times))
            assert len(set(bars[one.order.symbol].session[rows])) <= 1, "a day is one day"
        till = one.order.terms.good_till
        if till is not None:
            last = till.astimezone(UTC).timestamp() * 1e9
            assert all(time <= last for time in times)
        if one.order.terms.algo is not None and one.order.quantity >= 2 and fills:
            whole = one.filled == one.order.quantity
            assert not whole or len(times) > 1, "an algo in one bar"


def check_groups(record: RunRecord, made: list[Order]) -> None:
    """Of a group of type 1 or 2 no more than the whole is filled, as fractions of the orders."""
    filled = {one.order.id: one.filled for one in record.orders}
    shares: dict[str, float] = defaultdict(float)
    for order in made:
        if order.oca is not None and order.terms.oca_type is not OcaType.REDUCE_UNBLOCKED:
            shares[order.oca] += filled[order.id] / order.quantity
    assert all(share <= 1.0 + EPSILON for share in shares.values()), "overfilled"


def check_lives(record: RunRecord, heard: list[OrderUpdate]) -> None:
    state: dict[str, OrderStatus] = {}
    for update in heard:
        start = OrderStatus.HELD if update.order.parent is not None else OrderStatus.SENT
        before = state.get(update.order.id, start)
        same = before is update.status and before not in (OrderStatus.SENT,)
        assert same or can_become(before, update.status), f"{before} -> {update.status}"
        state[update.order.id] = update.status
    for one in record.orders:
        assert state[one.order.id] is one.status


def check_protection(record: RunRecord) -> None:
    """Children sell no more than their entry bought."""
    filled: dict[str, float] = defaultdict(float)
    for fill in record.fills:
        filled[fill.order.id] += abs(fill.quantity)
        if fill.order.parent is not None:
            family = [o.order.id for o in record.orders if o.order.parent == fill.order.parent]
            sold = sum(filled[name] for name in family)
            assert sold <= filled[fill.order.parent] + EPSILON


@settings(max_examples=250, deadline=None)
@given(markets(), programs, policies, caps)
def test_no_order_fills_where_or_more_than_it_may(
    bars: list[Bars],
    program: tuple[list[Wish], list[Change]],
    policy: FillPolicy,
    cap: float | None,
) -> None:
    cls = program_of(*program)
    record = play(bars, cls, policy, cap)
    check_books(record)
    check_prices(record)
    check_quantities(record, cap, cls.touched)  # type: ignore[attr-defined]
    check_groups(record, cls.made)  # type: ignore[attr-defined]
    check_lives(record, cls.heard)  # type: ignore[attr-defined]
    check_protection(record)


@settings(max_examples=40, deadline=None)
@given(markets(), programs, policies, caps)
def test_the_same_orders_twice_are_the_same_run(
    bars: list[Bars],
    program: tuple[list[Wish], list[Change]],
    policy: FillPolicy,
    cap: float | None,
) -> None:
    def once() -> bytes:
        record = play(bars, program_of(*program), policy, cap)
        said = repr((record.orders, record.fills, record.commissions, record.refused))
        return said.encode() + record.cash.tobytes() + record.equity.tobytes()

    assert once() == once()
