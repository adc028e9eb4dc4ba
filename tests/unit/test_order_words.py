"""Orders in words: what a log shows of them, and the terms column of orders.csv."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from framework.domain.conditions import (
    Conditions,
    ExecutionCondition,
    MarginCondition,
    PercentChangeCondition,
    PriceCondition,
    TimeCondition,
    VolumeCondition,
    all_of,
    any_of,
)
from framework.domain.events import Fill, OrderUpdate, Refused
from framework.domain.orders import (
    Offset,
    Order,
    OrderStatus,
    OrderType,
    Side,
    TimeInForce,
    atr,
    pct,
    points,
)
from framework.domain.terms import (
    Adaptive,
    OcaType,
    Patience,
    Peg,
    PercentOfVolume,
    Scale,
    Terms,
    Twap,
    Vwap,
)
from framework.research.terms import terms_text

NOON = datetime(2020, 2, 24, 12, tzinfo=UTC)
NIGHT = datetime(2020, 2, 24, 20, 30, tzinfo=timezone(timedelta(hours=-5)))


def order_of(kind: str = "limit", **given: Any) -> Order:
    if kind == "limit":
        given.setdefault("limit", 95.0)
    named: dict[str, Any] = {"side": Side.BUY, "quantity": 10.0} | given
    return Order("Sma-3", "AAA", type=OrderType(kind), time=0, decision_price=100.0, **named)


@pytest.mark.parametrize(
    ("order", "text"),
    [
        (order_of(), "buy 10 AAA limit 95 DAY"),
        (order_of("market", side=Side.SELL, quantity=0.5), "sell 0.5 AAA market DAY"),
        (order_of("market", quantity=0.0, fraction=0.5), "buy 50% AAA market DAY"),
        (order_of("market", quantity=1_234_567.0), "buy 1234567 AAA market DAY"),
        (order_of(limit=1.08345), "buy 10 AAA limit 1.08345 DAY"),
        (order_of("stop", stop=105.5, tif=TimeInForce.GTC), "buy 10 AAA stop 105.5 GTC"),
        (order_of("stop_limit", stop=105.5, limit=106.0),
         "buy 10 AAA stop limit 105.5, limit 106 DAY"),
        (order_of("trail", trail=pct(5)), "buy 10 AAA trail 5% DAY"),
        (order_of("trail", trail=points(2.5), stop=97.5), "buy 10 AAA trail 2.5 at 97.5 DAY"),
        (order_of("stop", offset=atr(2), quantity=3.0), "buy 3 AAA stop 2 ATR DAY"),
        (order_of("stop", offset=pct(3), stop=97.0), "buy 10 AAA stop 97 DAY"),
        (order_of("market_on_close"), "buy 10 AAA market on close DAY"),
    ],
)  # fmt: skip
def test_an_order_in_a_log(order: Order, text: str) -> None:
    assert f"{order}" == f"Sma-3 {text}"


def test_what_became_of_an_order_in_a_log() -> None:
    fill = Fill("x", order_of(), 0, 10.0, 94.5, 94.5)
    assert f"{fill}" == "Sma-3 bought 10 AAA at 94.5"
    sold = Fill("x", order_of(side=Side.SELL), 0, -2.5, 95.123456789, 95.0)
    assert str(sold) == "Sma-3 sold 2.5 AAA at 95.12345679"
    update = OrderUpdate(order_of(), OrderStatus.EXPIRED, 0, "its session is over")
    assert str(update) == "Sma-3 buy 10 AAA limit 95 DAY: expired (its session is over)"
    assert str(OrderUpdate(order_of(), OrderStatus.FILLED, 0)).endswith(" DAY: filled")
    refused = Refused(0, "AAA", Side.BUY, 10.0, 100.0, "buying_power", "needs 1,000, 5 is free")
    assert str(refused) == "buy 10 AAA refused by buying_power: needs 1,000, 5 is free"
    unsized = Refused(0, "AAA", Side.SELL, 0.0, 100.0, "sizer", "no size")
    assert str(unsized) == "sell AAA refused by sizer: no size"


@pytest.mark.parametrize(
    ("offset", "text"), [(pct(0.3), "0.3%"), (points(1.5), "1.5"), (atr(2), "2 ATR")]
)
def test_a_distance_in_words(offset: Offset, text: str) -> None:
    assert str(offset) == text


PRICE = PriceCondition("SPY", 400.0)
VOLUME = VolumeCondition("SPY", 1e6, above=False)
GTD = {"tif": TimeInForce.GTD}


@pytest.mark.parametrize(
    ("given", "terms", "text"),
    [
        ({}, Terms(), None),
        ({"parent": "Sma-1", "oca": "Sma-1.exits"}, Terms(), None),
        ({"oca": "g"}, Terms(), "oca g cancel"),
        ({"oca": "g"}, Terms(oca_type=OcaType.REDUCE), "oca g reduce"),
        ({}, Terms(exchange="NYSE", outside_hours=True), "via NYSE; outside hours"),
        (GTD, Terms(good_till=NIGHT), "till 2020-02-25T01:30:00Z"),
        ({}, Terms(algo=Adaptive(Patience.PATIENT)), "adaptive patient"),
        ({}, Terms(algo=Twap(NOON, NIGHT, allow_past_end=True)),
         "twap from 2020-02-24T12:00:00Z until 2020-02-25T01:30:00Z or later"),
        ({}, Terms(algo=Vwap()), "vwap max 10%"),
        ({}, Terms(algo=Vwap(max_percent=None, no_take_liquidity=True)),
         "vwap without taking liquidity"),
        ({}, Terms(algo=PercentOfVolume(2.5)), "2.5% of volume"),
        ({}, Terms(scale=Scale(4, 0.5, 3)), "scale 4 then 3 step 0.5"),
        ({}, Terms(scale=Scale(4, 0.5)), "scale 4 step 0.5"),
        ({}, Terms(conditions=all_of(PRICE, VOLUME)), "if SPY >= 400 and volume SPY <= 1000000"),
        ({}, Terms(conditions=any_of(PRICE, ExecutionCondition("SPY"), cancels=True)),
         "cancel if SPY >= 400 or SPY trades"),
        ({}, Terms(conditions=Conditions(((MarginCondition(20.0, above=False),),), False, True)),
         "if cushion <= 20% at all hours"),
        ({}, Terms(conditions=all_of(TimeCondition(NOON), TimeCondition(NIGHT, after=False))),
         "if time >= 2020-02-24T12:00:00Z and time < 2020-02-25T01:30:00Z"),
        ({}, Terms(conditions=all_of(PercentChangeCondition("SPY", -2.0, above=False))),
         "if change SPY <= -2%"),
        ({"oca": "g"}, Terms(algo=Twap(), exchange="ARCA"), "twap; oca g cancel; via ARCA"),
    ],
)  # fmt: skip
def test_terms_in_words(given: dict[str, Any], terms: Terms, text: str | None) -> None:
    assert terms_text(order_of(**given, terms=terms)) == text


def test_terms_of_other_types_in_words() -> None:
    relative = order_of("relative", terms=Terms(peg=Peg.PRIMARY, peg_offset=0.02))
    assert terms_text(relative) == "peg primary offset 0.02"
    assert terms_text(order_of("peg_mid", terms=Terms(peg=Peg.MID))) == "peg mid"
    trailing = order_of("trail_limit", trail=points(5), terms=Terms(limit_offset=1.0))
    assert terms_text(trailing) == "limit offset 1.0"
