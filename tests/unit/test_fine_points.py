"""Fine points of matching, fees and breakers that nothing else would notice breaking."""

from __future__ import annotations

from dataclasses import replace

from framework.brokers.simulated.policy import FillPolicy
from framework.components.breakers import ErrorRate, MaxDrawdown
from framework.components.commission import IbkrTiered
from framework.domain.orders import OrderStatus, Side, can_become
from framework.strategy import Strategy
from tests.builders import Market, Row, bars_of, bracket_of, free, order_of, played, trades_of

START: Row = (100, 101, 99, 100)


def test_the_finer_bars_of_a_bar_are_its_own() -> None:
    """The touch of 95 lies in the first day; the stop sent after it must not see it again."""
    coarse = bars_of([(100, 101, 95, 100), (100, 102, 99, 101)])
    half = 3_600 * 10**9
    fine_rows: list[Row] = [
        (100, 101, 95, 98),
        (98, 101, 97, 100),
        (100, 101, 99, 100),
        (100, 102, 100, 101),
    ]
    fine = bars_of(fine_rows)
    times = [t for close in coarse.close_time for t in (int(close) - half, int(close))]
    fine = replace(
        fine,
        close_time=coarse.close_time.repeat(2) - [half, 0] * 2,
        session=coarse.session.repeat(2),
        session_close=coarse.session_close.repeat(2),
    )
    assert list(fine.close_time) == times
    market = Market(coarse, policy=FillPolicy(intrabar="finer"), finer={"AAA": fine})
    market.step()
    market.submit(order_of("stop", Side.SELL, stop=96.0))
    market.step()
    assert market.trades() == []


def test_a_stop_inside_its_entry_bar_is_no_better_than_the_entry() -> None:
    """Buy limit 95 below an open of 100; its stop counts from the fill, never from above it."""
    market = Market(bars_of([START, (100, 101, 90, 92)]))
    market.step()
    entry = order_of("limit", limit=95.0)
    market.submit(*bracket_of(entry, stop_loss=97.0))
    market.step()
    assert [trade[3] for trade in market.trades()] == [95.0, 95.0]


def test_a_triggered_stop_limit_is_ranked_by_its_limit() -> None:
    """Triggered at 103 a bar ago, it waits at 98: from the open of 101.5 the price meets 99 first,
    although 103 is nearer to that open than either."""
    market = Market(bars_of([START, (101, 104, 100.5, 102), (101.5, 102, 97, 98)]))
    market.step()
    market.submit(order_of("stop_limit", id="far", stop=103.0, limit=98.0, oca="q"))
    market.submit(order_of("limit", id="near", limit=99.0, oca="q"))
    market.step(2)
    assert [trade[0] for trade in market.trades()] == ["near"]


def test_tiered_fees_count_the_month_before_this_order_and_no_more() -> None:
    """200,000 shares, then 200,000: 100,000 of the second at the cheaper tier."""
    bars = bars_of([(10, 11, 9, 10)] * 4)
    record = played(
        {0: lambda s: s.buy(200_000), 1: lambda s: s.sell(200_000)},
        bars,
        free(commission=IbkrTiered(), cash=10_000_000.0),
    )
    fees = [round(commission.amount, 2) for commission in record.commissions]
    assert fees == [700.0, round(100_000 * 0.0035 + 100_000 * 0.0020, 2)]


def test_a_finished_order_hears_nothing_more() -> None:
    for done in (OrderStatus.FILLED, OrderStatus.CANCELLED, OrderStatus.REJECTED):
        assert not any(can_become(done, status) for status in OrderStatus)


def test_what_a_breaker_refuses_is_no_error() -> None:
    """After the first trip every order is refused; the error rate must not trip on those."""

    def act(s: Strategy, bar: int) -> None:
        s.buy(900 if bar == 0 else 10)

    rows = [START, START, (100, 100, 60, 70), *[(70, 71, 69, 70)] * 12]
    record = played(
        act, bars_of(rows), free(breakers=(MaxDrawdown(10), ErrorRate(errors=1, orders=2)))
    )
    assert [trip.breaker for trip in record.trips] == ["max_drawdown"]
    assert sum(refused.rule == "halted" for refused in record.refused) > 8
    assert trades_of(record)[-1][1] < 0
