"""Orders, terms and conditions no broker could take are refused where they are made."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

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
from framework.domain.orders import Offset, OrderType, TimeInForce, points
from framework.domain.terms import (
    Adaptive,
    PercentOfVolume,
    Scale,
    Terms,
    Twap,
    Vwap,
)
from framework.errors import OrderError
from tests.builders import order_of

NAIVE = datetime(2024, 1, 2, 15, 0)  # noqa: DTZ001  # the point of the test
NOON = datetime(2024, 1, 2, 12, 0, tzinfo=UTC)
THREE = datetime(2024, 1, 2, 15, 0, tzinfo=UTC)
NAN = float("nan")


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (lambda: Twap(start=NAIVE), "time zone"),
        (lambda: Vwap(end=NAIVE), "time zone"),
        (lambda: Twap(start=THREE, end=NOON), "before it starts"),
        (lambda: Twap(start=NOON, end=NOON), "before it starts"),
        (lambda: Vwap(max_percent=0.0), "Vwap.max_percent is 0"),
        (lambda: Vwap(max_percent=51.0), "51"),
        (lambda: PercentOfVolume(rate=0.001), "0.001"),
        (lambda: Adaptive("eager"), "Patience.URGENT"),  # type: ignore[arg-type]
        (lambda: Scale(0.0, 1.0), "first is 0"),
        (lambda: Scale(1.0, -1.0), "step is -1"),
        (lambda: Scale(1.0, 1.0, NAN), "size is nan"),
        (lambda: Terms(good_till=NAIVE), "time zone"),
        (lambda: Terms(exchange=""), "exchange"),
        (lambda: Terms(exchange="BÖRSE"), "exchange"),
        (lambda: Terms(peg_offset=-0.01), "peg_offset"),
        (lambda: Terms(limit_offset=NAN), "limit_offset"),
        (lambda: Terms(peg="mid"), "Peg.MID"),  # type: ignore[arg-type]
        (lambda: Terms(oca_type=2), "OcaType.CANCEL"),  # type: ignore[arg-type]
        (lambda: Terms(conditions=PriceCondition("AAA", 1.0)), "all_of"),  # type: ignore[arg-type]
        (lambda: Terms(algo="twap"), "Twap()"),  # type: ignore[arg-type]
        (lambda: Terms(scale=5.0), "Scale(first"),  # type: ignore[arg-type]
        (lambda: Terms(algo=Twap(), scale=Scale(1.0, 1.0)), "both"),
        (lambda: PriceCondition("AAA", NAN), "price is nan"),
        (lambda: VolumeCondition("AAA", -1.0), "volume is -1"),
        (lambda: PercentChangeCondition("AAA", float("inf")), "percent is inf"),
        (lambda: MarginCondition(NAN), "percent is nan"),
        (lambda: TimeCondition(NAIVE), "time zone"),
        (lambda: Conditions(()), "empty"),
        (all_of, "empty"),
        (lambda: Conditions(((),)), "empty"),
        (lambda: order_of("market", quantity=0.0), "quantity is 0"),
        (lambda: order_of("market", quantity=NAN), "quantity is nan"),
        (lambda: order_of("limit"), "needs a limit"),
        (lambda: order_of("market_if_touched"), "needs a stop"),
        (lambda: order_of("limit", limit=-1.0), "limit price is -1"),
        (lambda: order_of("market_on_close", limit=1.0), "takes no limit"),
        (lambda: order_of("market", stop=1.0), "takes no stop"),
        (lambda: order_of("trail"), "trailing distance"),
        (lambda: order_of("market", trail=points(1)), "trailing distance"),
        (lambda: order_of("trail_limit", trail=points(1)), "limit_offset"),
        (lambda: order_of("limit", limit=1.0, terms=Terms(limit_offset=1.0)), "limit_offset"),
        (lambda: order_of("market", tif=TimeInForce.GTD), "good_till"),
        (lambda: order_of("market", terms=Terms(good_till=NOON)), "good_till"),
        (lambda: order_of("market", terms=Terms(scale=Scale(1.0, 1.0))), "scale"),
        (lambda: order_of("stop", stop=1.0, terms=Terms(algo=Twap())), "algo"),
        (Offset, "missing"),
        (lambda: Offset(amount=1.0, percent=1.0), "distance"),
        (lambda: Offset(atr=1.0, atr_period=0), "ATR period"),
        (lambda: Offset(atr=1.0).distance(100.0), "resolved"),
    ],
)
def test_what_no_order_can_be_is_refused_by_name(make: Callable[[], object], named: str) -> None:
    with pytest.raises(OrderError) as refused:
        make()
    assert named in str(refused.value)


def test_groups_of_conditions() -> None:
    price, traded = PriceCondition("AAA", 10.0), ExecutionCondition("BBB")
    assert all_of(price, traded).groups == ((price, traded),)
    assert any_of(price, traded, cancels=True).groups == ((price,), (traded,))
    assert any_of(price, cancels=True).cancels
    assert all_of(price, ignore_hours=True).ignore_hours


@pytest.mark.parametrize("kind", [t for t in OrderType if t.value.startswith("peg")])
def test_a_pegged_order_may_have_a_worst_price(kind: OrderType) -> None:
    assert order_of(kind, limit=10.0).limit == 10.0
    assert order_of(kind).limit is None
