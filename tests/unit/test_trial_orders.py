"""The first mistakes with the new orders get a sentence, and refusals are harmless."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from framework.backtest.run import run
from framework.domain.conditions import PriceCondition, TimeCondition, all_of
from framework.domain.events import Refused
from framework.domain.orders import Order, OrderRequest, Side
from framework.domain.terms import OcaType, Terms
from framework.errors import OrderError
from framework.ports import Preview
from framework.strategy import Strategy
from tests.builders import bars_of, flat_rows, free, scripted

BARS = [bars_of(flat_rows([100.0] * 5), "AAA"), bars_of(flat_rows([50.0] * 5), "BBB")]
NOON = datetime(2030, 1, 1, 12, 0, tzinfo=UTC)


def stopped_by(act: Callable[[Strategy], object]) -> str:
    return run(scripted({1: act}, universe=True), BARS, free()).error


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (lambda s: s.cancel("x"), "cancel was given 'x'"),
        (lambda s: s.modify("x", limit=3.0), "modify was given 'x'"),
        (lambda s: s.what_if(5), "what_if was given 5"),
        (lambda s: s.buy("10"), "Give a number above 0"),
        (lambda s: s.buy(10, terms=Terms(good_till="2030-01-01")), "Give an aware datetime"),
        (lambda s: s.buy(10, tif="GTC", terms=Terms(good_till=NOON)), "Leave tif out"),
        (lambda s: s.buy(10, terms=Terms(oca_type=OcaType.REDUCE)), "oca="),
        (
            lambda s: s.buy(10, terms=Terms(conditions=all_of(PriceCondition("ZZZ", 3.0)))),
            "'ZZZ', not subscribed",
        ),
    ],
)
def test_a_mistake_stops_the_run_with_a_sentence(
    act: Callable[[Strategy], object], said: str
) -> None:
    assert said in stopped_by(act)


def test_a_condition_may_ask_about_any_subscribed_symbol() -> None:
    condition = all_of(PriceCondition("BBB", 40.0))
    assert stopped_by(lambda s: s.buy(10, terms=Terms(conditions=condition))) == ""


def test_a_time_condition_without_a_time_is_refused() -> None:
    with pytest.raises(OrderError, match="aware datetime"):
        TimeCondition(None)  # type: ignore[arg-type]


def test_a_refused_order_is_false_and_can_be_cancelled_or_modified_for_nothing() -> None:
    seen: list[object] = []

    def act(strategy: Strategy) -> None:
        order = strategy.buy(10_000_000)
        assert isinstance(order, Refused)
        seen.append(bool(order))
        strategy.cancel(order)
        seen.append(strategy.modify(order, limit=3.0) is order)

    record = run(scripted({1: act}), BARS[:1], free())
    assert record.error == ""
    assert seen == [False, True]
    assert len(record.refused) == 1


def test_an_order_is_true() -> None:
    seen: list[object] = []
    run(scripted({1: lambda s: seen.append(s.buy(1))}), BARS[:1], free())
    assert isinstance(seen[0], Order)
    assert seen[0]


def test_what_if_reckons_as_the_door_does_at_the_orders_own_price() -> None:
    seen: list[Preview] = []
    request = OrderRequest("AAA", Side.BUY, 1_000, limit=99.0)
    run(scripted({1: lambda s: seen.append(s.what_if(request))}), BARS[:1], free())
    assert seen[0].buying_power_used == pytest.approx(99_000.0)
