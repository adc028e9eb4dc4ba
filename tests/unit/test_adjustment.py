"""Resting orders on the day of a dividend or a split."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from framework.brokers.simulated.adjustment import after_dividend, after_split
from framework.domain.conditions import PriceCondition, TimeCondition, VolumeCondition, all_of
from framework.domain.instruments import Instrument
from framework.domain.orders import Offset, Order, OrderType, Side, TimeInForce
from framework.domain.terms import Scale, Terms

STOCK = Instrument("AAA", tick_bands=((0.0, 0.0001), (1.0, 0.01)))
GTC = TimeInForce.GTC
T = OrderType


def order(
    type: OrderType,
    side: Side,
    limit: float | None = None,
    stop: float | None = None,
    tif: TimeInForce = GTC,
    quantity: float = 100.0,
) -> Order:
    trails = type in (T.TRAIL, T.TRAIL_LIMIT)
    return Order(
        "x-1",
        "AAA",
        side,
        quantity,
        type,
        0,
        50.0,
        limit=limit,
        stop=stop,
        trail=Offset(amount=2.0) if trails else None,
        tif=tif,
        terms=Terms(limit_offset=0.5) if type is T.TRAIL_LIMIT else Terms(),
    )


@pytest.mark.parametrize(
    ("type", "side", "limit", "stop", "new_limit", "new_stop"),
    [
        (T.LIMIT, Side.BUY, 48.0, None, 47.76, None),
        (T.LIMIT, Side.SELL, 52.0, None, 52.0, None),
        (T.STOP, Side.SELL, None, 45.0, None, 44.76),
        (T.STOP, Side.BUY, None, 55.0, None, 55.0),
        (T.STOP_LIMIT, Side.SELL, 44.0, 45.0, 43.76, 44.76),
        (T.STOP_LIMIT, Side.BUY, 56.0, 55.0, 56.0, 55.0),
        (T.TRAIL, Side.SELL, None, 45.0, None, 44.76),
        (T.TRAIL, Side.BUY, None, 55.0, None, 55.0),
        (T.TRAIL_LIMIT, Side.SELL, 44.5, 45.0, 44.26, 44.76),
        (T.MARKET_IF_TOUCHED, Side.BUY, None, 45.0, None, 44.76),
        (T.MARKET_IF_TOUCHED, Side.SELL, None, 55.0, None, 55.0),
        (T.LIMIT_IF_TOUCHED, Side.BUY, 46.0, 45.0, 45.76, 44.76),
        (T.MARKET, Side.BUY, None, None, None, None),
    ],
)
def test_a_dividend_lowers_buys_below_and_sell_stops(
    type: OrderType,
    side: Side,
    limit: float | None,
    stop: float | None,
    new_limit: float | None,
    new_stop: float | None,
) -> None:
    before = order(type, side, limit, stop)
    assert after_dividend(before, 0.24, STOCK) == replace(before, limit=new_limit, stop=new_stop)


@pytest.mark.parametrize(
    ("limit", "amount", "tif", "lowered"),
    [
        # down to the next tick, and never below one
        (48.0, 0.245, GTC, 47.75),
        (1.02, 0.1, GTC, 0.92),
        (1.02, 0.12345, GTC, 0.8965),
        (0.5, 0.6, GTC, 0.0001),
        (48.0, 0.009, GTC, 48.0),
        (48.0, 0.01, GTC, 47.99),
        (48.0, 0.24, TimeInForce.DAY, 48.0),
        (48.0, 0.24, TimeInForce.OPG, 48.0),
    ],
)
def test_by_how_much(limit: float, amount: float, tif: TimeInForce, lowered: float) -> None:
    assert after_dividend(order(T.LIMIT, Side.BUY, limit, tif=tif), amount, STOCK).limit == lowered


def test_good_till_a_date_is_an_open_order_too() -> None:
    till = Terms(good_till=datetime(2030, 1, 1, tzinfo=UTC))
    before = replace(order(T.LIMIT, Side.BUY, 48.0), tif=TimeInForce.GTD, terms=till)
    assert after_dividend(before, 0.24, STOCK).limit == 47.76


@pytest.mark.parametrize(
    ("type", "side", "limit", "stop", "ratio", "new_limit", "new_stop"),
    [
        (T.LIMIT, Side.BUY, 48.01, None, 2.0, 24.0, None),
        (T.LIMIT, Side.SELL, 48.01, None, 2.0, 24.01, None),
        (T.STOP, Side.SELL, None, 45.01, 2.0, None, 22.5),
        (T.STOP, Side.BUY, None, 45.01, 2.0, None, 22.51),
        (T.MARKET_IF_TOUCHED, Side.BUY, None, 45.01, 2.0, None, 22.5),
        (T.STOP_LIMIT, Side.SELL, 44.0, 45.0, 0.1, 440.0, 450.0),
        (T.LIMIT, Side.BUY, 1.5, None, 4.0, 0.375, None),
    ],
)
def test_a_split_divides_prices(
    type: OrderType,
    side: Side,
    limit: float | None,
    stop: float | None,
    ratio: float,
    new_limit: float | None,
    new_stop: float | None,
) -> None:
    after = after_split(order(type, side, limit, stop), 0.0, ratio, STOCK)
    assert after is not None
    assert (after.limit, after.stop) == (new_limit, new_stop)
    assert after.quantity == 100.0 * ratio


@pytest.mark.parametrize(
    ("quantity", "filled", "ratio", "lot", "new"),
    [
        (100.0, 0.0, 1.5, 1.0, 150.0),
        (5.0, 0.0, 1.5, 1.0, 7.0),
        (5.0, 0.0, 1.5, 0.5, 7.5),
        (100.0, 40.0, 2.0, 1.0, 160.0),
        (25.0, 0.0, 0.1, 1.0, 2.0),
        (9.0, 0.0, 0.1, 1.0, None),
        (100.0, 95.0, 0.1, 1.0, None),
    ],
)
def test_a_split_multiplies_what_is_left(
    quantity: float, filled: float, ratio: float, lot: float, new: float | None
) -> None:
    before = order(T.LIMIT, Side.BUY, 48.0, quantity=quantity)
    after = after_split(before, filled, ratio, Instrument("AAA", lot=lot))
    assert (after.quantity if after else None) == new


def test_a_split_reaches_distances_terms_and_conditions() -> None:
    when = all_of(
        PriceCondition("AAA", 40.0),
        PriceCondition("BBB", 40.0),
        VolumeCondition("AAA", 1_000.0),
        TimeCondition(datetime(2030, 1, 1, tzinfo=UTC)),
    )
    trailing = replace(order(T.TRAIL_LIMIT, Side.SELL, 44.5, 45.0), opens=10.0)
    trailing = replace(trailing, terms=Terms(limit_offset=0.5, conditions=when))
    after = after_split(trailing, 0.0, 4.0, STOCK)
    assert after is not None
    assert after.trail == Offset(amount=0.5)
    assert after.opens == 40.0
    assert after.terms.limit_offset == 0.125
    assert after.terms.conditions is not None
    assert after.terms.conditions.groups[0][:3] == (
        PriceCondition("AAA", 10.0),
        PriceCondition("BBB", 40.0),
        VolumeCondition("AAA", 4_000.0),
    )
    assert after.terms.conditions.groups[0][3] is when.groups[0][3]
    ladder = replace(order(T.LIMIT, Side.BUY, 48.0), terms=Terms(scale=Scale(20.0, 0.4, 10.0)))
    split = after_split(ladder, 0.0, 2.0, STOCK)
    assert split is not None
    assert split.terms.scale == Scale(40.0, 0.2, 20.0)
    plain = replace(order(T.LIMIT, Side.BUY, 48.0), terms=Terms(scale=Scale(20.0, 0.4)))
    again = after_split(plain, 0.0, 2.0, STOCK)
    assert again is not None
    assert again.terms.scale == Scale(40.0, 0.2)


def test_a_distance_in_percent_stays() -> None:
    child = Order("x-2", "AAA", Side.SELL, 100.0, T.STOP, 0, 50.0, offset=Offset(percent=3.0))
    after = after_split(child, 0.0, 2.0, STOCK)
    assert after is not None
    assert after.offset == Offset(percent=3.0)
