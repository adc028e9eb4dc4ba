"""How long orders work: DAY, GTC, GTD, IOC, FOK, OPG, and outside regular hours."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest

from framework.brokers.simulated.policy import FillPolicy
from framework.domain.bars import Bars
from framework.domain.instruments import Instrument
from framework.domain.orders import Order, Side, TimeInForce, points
from framework.domain.terms import Terms
from framework.errors import OrderError
from framework.strategy import Strategy
from tests.builders import (
    Market,
    Row,
    bars_of,
    bracket_of,
    five_minutes,
    free,
    mirrored,
    order_of,
    played,
    trades_of,
)

START: Row = (100, 100, 100, 100)
QUIET: Row = (100, 101, 99, 100)
DAY, GTC, GTD = TimeInForce.DAY, TimeInForce.GTC, TimeInForce.GTD
IOC, FOK, OPG = TimeInForce.IOC, TimeInForce.FOK, TimeInForce.OPG


@dataclass(frozen=True)
class Cap:
    """So many units a bar, and no more."""

    most: float

    def units(
        self, instrument: Instrument, price: float, high: float, low: float, volume: float
    ) -> float:
        return self.most


def upside_down(order: Order) -> Order:
    return replace(
        order,
        side=order.side.opposite,
        limit=None if order.limit is None else 200 - order.limit,
        stop=None if order.stop is None else 200 - order.stop,
    )


# at once -----------------------------------------------------------------------------------

# name, order of a buyer, first bar, units IOC fills, units FOK fills; ten are wanted, six there are
AT_ONCE = [
    ("market", order_of("market"), (103, 105, 99, 101), 6, 0),
    ("a small market order", order_of("market", quantity=5), (103, 105, 99, 101), 5, 5),
    ("limit the open is within", order_of("limit", limit=104), (103, 105, 99, 101), 6, 0),
    ("small limit", order_of("limit", quantity=6, limit=104), (103, 105, 99, 101), 6, 6),
    ("limit reached only later", order_of("limit", limit=100), (103, 105, 99, 101), 0, 0),
    ("stop the open is beyond", order_of("stop", stop=102), (103, 105, 99, 101), 6, 0),
    ("stop reached only later", order_of("stop", stop=104), (103, 105, 99, 101), 0, 0),
    ("touched at the open", order_of("market_if_touched", stop=104), (103, 105, 99, 101), 6, 0),
    ("touched only later", order_of("market_if_touched", stop=100), (103, 105, 99, 101), 0, 0),
]


@pytest.mark.parametrize("queue", ["open_first", "submission", "accepted"])
@pytest.mark.parametrize("side", list(Side), ids=lambda side: side.name)
@pytest.mark.parametrize("tif", [IOC, FOK])
@pytest.mark.parametrize(
    ("order", "row", "some", "whole"), [c[1:] for c in AT_ONCE], ids=[c[0] for c in AT_ONCE]
)
def test_at_once_or_not_at_all(
    order: Order, row: Row, some: int, whole: int, tif: TimeInForce, side: Side, queue: str
) -> None:
    rows: list[Row] = [START, row, (90, 110, 80, 100), QUIET]
    if side is Side.SELL:
        order, rows = upside_down(order), mirrored(rows)
    market = Market(bars_of(rows), liquidity=Cap(6), policy=FillPolicy(queue=queue))
    market.step()
    market.submit(replace(order, tif=tif))
    market.step(3)
    units = some if tif is IOC else whole
    price = 103.0 if side is Side.BUY else 97.0
    assert market.trades() == ([("o1", 1, float(side * units), price)] if units else [])
    end = "filled" if units == order.quantity else "cancelled"
    assert market.path("o1")[-1] == end
    assert market.last("o1").time == int(market.bars[0].close_time[1])
    if end == "cancelled":
        assert market.last("o1").reason.endswith("could not trade at once")


def test_what_is_there_is_given_once() -> None:
    """Ten units: six for the first, and four are not enough for all of the second."""
    market = Market(bars_of([START, QUIET]), liquidity=Cap(10))
    market.step()
    market.submit(order_of("market", quantity=6, id="a", tif=FOK))
    market.submit(order_of("market", quantity=6, id="b", tif=FOK))
    market.submit(order_of("market", quantity=6, id="c", tif=IOC))
    market.step()
    assert [t[::2] for t in market.trades()] == [("a", 6.0), ("c", 4.0)]


def test_protection_of_what_an_ioc_entry_got() -> None:
    rows: list[Row] = [START, (100, 101, 99, 100), (100, 101, 90, 91)]
    market = Market(bars_of(rows), liquidity=Cap(6))
    market.step()
    market.submit(*bracket_of(order_of("market", tif=IOC), 95.0, 110.0))
    market.step(2)
    assert market.trades() == [("o1", 1, 6.0, 100.0), ("o1.sl", 2, -6.0, 95.0)]
    assert market.path("o1") == ["working", "partial", "cancelled"]


# good till a date --------------------------------------------------------------------------


def at(bars: Bars, row: int) -> datetime:
    return datetime.fromtimestamp(int(bars.close_time[row]) / 1e9, UTC)


@pytest.mark.parametrize(
    ("after", "fills"), [(timedelta(0), True), (timedelta(microseconds=-1), False)]
)
@pytest.mark.parametrize("zone", [UTC, timezone(timedelta(hours=-5))])
def test_a_gtd_order_works_in_the_bars_that_close_by_its_time(
    after: timedelta, fills: bool, zone: timezone
) -> None:
    bars = five_minutes([START, QUIET, QUIET, (100, 101, 94, 95), QUIET, QUIET], 2)
    till = (at(bars, 3) + after).astimezone(zone)
    market = Market(bars)
    market.step()
    market.submit(order_of("limit", limit=95, tif=GTD, terms=Terms(good_till=till)))
    market.step(5)
    assert market.trades() == ([("o1", 3, 10.0, 95.0)] if fills else [])
    assert market.path("o1") == ["working", "filled" if fills else "expired"]
    if not fills:
        assert market.last("o1").reason == "its time is over"


@pytest.mark.parametrize(
    ("tif", "terms"),
    [(GTD, Terms()), (DAY, Terms(good_till=datetime(2030, 1, 1, tzinfo=UTC)))],
)
def test_a_date_belongs_to_gtd_and_to_nothing_else(tif: TimeInForce, terms: Terms) -> None:
    with pytest.raises(OrderError, match="good_till"):
        order_of("limit", limit=95, tif=tif, terms=terms)


def test_a_gtc_order_outlives_its_sessions() -> None:
    rows = [QUIET] * 8 + [(100, 101, 94, 95)]
    market = Market(five_minutes(rows, 3))
    market.step()
    market.submit(order_of("limit", limit=95, tif=GTC))
    market.step(8)
    assert market.trades() == [("o1", 8, 10.0, 95.0)]


# outside regular hours ---------------------------------------------------------------------

BEFORE: Row = (105, 112, 88, 106)
FIRST: Row = (101, 103, 97, 102)
LAST: Row = (102, 104, 98, 103)
AFTER: Row = (108, 115, 85, 107)


def long_days(count: int = 2) -> Bars:
    """Sessions of four bars: before the open, two in regular hours, after the close."""
    bars = bars_of(
        [BEFORE, FIRST, LAST, AFTER] * count,
        sessions=[i for i in range(count) for _ in range(4)],
        minutes=[400, 10, 0, -60] * count,
        frame="5m",
    )
    return replace(bars, regular=np.array([False, True, True, False] * count))


ANYTIME = Terms(outside_hours=True)

# name, order made after the bar of that number, (bar, price) of its fill, its last state
HOURS = [
    ("market waits for regular hours", order_of("market", tif=DAY), 3, (5, 101), "filled"),
    ("market at any time", order_of("market", tif=DAY, terms=ANYTIME), 3, (4, 105), "filled"),
    ("limit not reached in regular hours", order_of("limit", limit=90), 3, None, "working"),
    ("limit at any time", order_of("limit", limit=90, terms=ANYTIME), 3, (4, 90), "filled"),
    ("stop not reached in regular hours", order_of("stop", stop=110), 3, None, "working"),
    ("stop at any time", order_of("stop", stop=110, terms=ANYTIME), 3, (4, 110), "filled"),
    ("touched not in regular hours", order_of("market_if_touched", stop=90), 3, None, "working"),
    ("a day ends with regular hours", order_of("limit", limit=90, tif=DAY), 0, None, "expired"),
    (
        "a day at any time ends with its last bar",
        order_of("limit", limit=86, tif=DAY, terms=ANYTIME),
        0,
        (3, 86),
        "filled",
    ),
    (
        "and no later",
        order_of("limit", limit=84, tif=DAY, terms=ANYTIME),
        0,
        None,
        "expired",
    ),
    (
        "made after hours, a day is the next",
        order_of("limit", limit=97, tif=DAY),
        3,
        (5, 97),
        "filled",
    ),
    ("the opening auction is the regular one", order_of("market", tif=OPG), 3, (5, 101), "filled"),
    ("the closing auction is the regular one", order_of("market_on_close"), 3, (6, 103), "filled"),
    ("at once means once there is a market", order_of("market", tif=IOC), 3, (5, 101), "filled"),
]


@pytest.mark.parametrize(
    ("order", "after", "expected", "state"), [c[1:] for c in HOURS], ids=[c[0] for c in HOURS]
)
def test_outside_regular_hours(
    order: Order, after: int, expected: tuple[int, float] | None, state: str
) -> None:
    market = Market(long_days())
    market.step(after + 1)
    market.submit(order)
    market.step(8 - after - 1)
    assert market.trades() == ([] if expected is None else [("o1", expected[0], 10.0, expected[1])])
    assert market.path("o1")[-1] == state


@pytest.mark.parametrize(("terms", "sold"), [(Terms(), []), (ANYTIME, [("o1", 5, -10.0, 97.0)])])
def test_a_trailing_stop_follows_the_hours_it_works_in(
    terms: Terms, sold: list[tuple[str, int, float, float]]
) -> None:
    """10 below the best close: 102 in regular hours, 107 after them."""
    rows: list[Row] = [
        *[START, (100, 103, 99, 102), (102, 103, 100, 102), (105, 108, 104, 107)],
        *[(105, 106, 98, 105), (103, 104, 95, 100), (100, 101, 93, 99), (99, 99, 99, 99)],
    ]
    minutes = [400, 10, 0, -60] * 2
    bars = bars_of(rows, sessions=[0] * 4 + [1] * 4, minutes=minutes, frame="5m")
    market = Market(replace(bars, regular=np.array([False, True, True, False] * 2)))
    market.step(2)
    market.submit(order_of("trail", Side.SELL, trail=points(10), terms=terms))
    market.step(6)
    assert market.trades() == sold


def test_a_change_after_hours_leaves_a_trailing_stop_where_regular_hours_had_it() -> None:
    """The close after hours is 107; 10 below the best regular close, 103, is 93."""
    market = Market(long_days())
    market.step(3)
    market.submit(order_of("trail", Side.SELL, trail=points(10)))
    market.step()
    market.broker.replace(replace(market.last("o1").order, quantity=5.0))
    market.events += market.broker.poll()
    assert (market.last("o1").order.quantity, market.last("o1").order.stop) == (5.0, 93.0)


def test_a_sale_in_the_next_opening_auction_is_not_certain_to_come_first() -> None:
    """Both sales of what is held only close: whichever trades first, the other ends."""
    sent: list[Order] = []

    def script(s: Strategy, bar: int) -> None:
        if bar == 0:
            s.buy(10)
        if bar == 1:
            for order in (s.sell(10, at="open"), s.sell(10, limit=101, tif="GTC")):
                assert isinstance(order, Order)
                sent.append(order)

    record = played(script, five_minutes([QUIET] * 8, 4), free())
    assert [order.opens for order in sent] == [0.0, 0.0]
    assert trades_of(record) == [(1, 10, 100), (2, -10, 101)]
    assert record.positions == ()
