"""What slips, how long orders live, one-cancels-all, and what must never happen."""

from __future__ import annotations

from dataclasses import replace

import pytest

from framework.brokers.simulated.policy import FillPolicy
from framework.components.slippage import FixedSlippage
from framework.domain.events import OrderUpdate
from framework.domain.orders import (
    Order,
    OrderStatus,
    Origin,
    Side,
    TimeInForce,
    points,
)
from tests.builders import (
    Market,
    Row,
    bars_of,
    bracket_of,
    flat_rows,
    mirrored,
    order_of,
)

START: Row = (100, 100, 100, 100)
QUIET: Row = (100, 101, 99, 100)


def upside_down(order: Order) -> Order:
    return replace(
        order,
        side=order.side.opposite,
        limit=None if order.limit is None else 200 - order.limit,
        stop=None if order.stop is None else 200 - order.stop,
    )


# slippage and limits -----------------------------------------------------------------------


@pytest.mark.parametrize("side", list(Side), ids=lambda side: side.name)
def test_what_slips(side: Side) -> None:
    """Market, stop and trailing fills slip, even out of a flat bar; limits never do."""
    rows: list[Row] = [START, (106, 106, 106, 106)]
    for order, price in (
        (order_of("market"), 106.5),
        (order_of("stop", stop=105), 106.5),
        (order_of("trail", trail=points(5)), 106.5),
        (order_of("limit", limit=107), 106),
        (order_of("stop_limit", stop=105, limit=107), 106),
    ):
        wanted, bars = (order, rows) if side is Side.BUY else (upside_down(order), mirrored(rows))
        market = Market(bars_of(bars), slippage=FixedSlippage(0.5))
        market.step()
        market.submit(wanted)
        market.step()
        assert market.trades()[0][3] == (price if side is Side.BUY else 200 - price)
        assert market.fills[0].reference == (106 if side is Side.BUY else 94)


# time in force -----------------------------------------------------------------------------


def test_a_day_order_lives_for_one_daily_bar_and_a_gtc_order_until_filled() -> None:
    rows: list[Row] = [START, (100, 101, 99, 100), (100, 101, 94, 95)]
    market = Market(bars_of(rows))
    market.step()
    market.submit(order_of("limit", limit=95, id="day", tif=TimeInForce.DAY))
    market.submit(order_of("limit", limit=95, id="gtc", tif=TimeInForce.GTC))
    market.step(2)
    assert market.trades() == [("gtc", 2, 10.0, 95.0)]
    assert market.path("day") == ["working", "expired"]
    assert market.last("day").time == int(market.bars[0].close_time[1])


def test_a_day_order_works_until_its_session_closes() -> None:
    rows = [START, (100, 101, 99, 100), (100, 101, 99, 100), (100, 101, 94, 100)]
    for last_session, expected in ((0, [("o1", 3, 10.0, 95.0)]), (1, [])):
        bars = bars_of(
            rows,
            sessions=[0, 0, 0, last_session],
            minutes=[15, 10, 5 if last_session == 0 else 0, 0],
            frame="5m",
        )
        market = Market(bars)
        market.step()
        market.submit(order_of("limit", limit=95, tif=TimeInForce.DAY))
        market.step(3)
        assert market.trades() == expected


def test_a_day_order_made_at_the_close_works_in_the_next_session() -> None:
    rows = [START, START, (100, 101, 99, 100), (100, 101, 94, 95), (95, 96, 90, 91)]
    bars = bars_of(rows, sessions=[0, 0, 1, 1, 2], minutes=[5, 0, 5, 0, 5], frame="5m")
    market = Market(bars)
    market.step(2)
    market.submit(order_of("limit", limit=95, id="fills", tif=TimeInForce.DAY))
    market.submit(order_of("limit", limit=93, id="expires", tif=TimeInForce.DAY))
    market.step(3)
    assert market.trades() == [("fills", 3, 10.0, 95.0)]
    assert market.path("expires") == ["working", "expired"]


def test_a_day_order_expires_even_if_its_session_ends_without_a_bar() -> None:
    rows = [START, (100, 101, 99, 100), (100, 101, 94, 95)]
    bars = bars_of(rows, sessions=[0, 0, 1], minutes=[30, 25, 5], frame="5m")
    market = Market(bars)
    market.step()
    market.submit(order_of("limit", limit=95, tif=TimeInForce.DAY))
    market.step(2)
    assert market.trades() == []
    assert market.path("o1") == ["working", "expired"]


def test_children_of_an_expired_entry_end_with_it_but_stay_once_it_has_filled() -> None:
    rows: list[Row] = [START, (100, 101, 99, 100), (100, 101, 99, 100), (100, 101, 90, 95)]
    market = Market(bars_of(rows))
    market.step()
    unfilled = order_of("limit", limit=90, id="a", tif=TimeInForce.DAY)
    market.submit(*bracket_of(unfilled, 85, 105))
    market.submit(*bracket_of(order_of("market", id="b", tif=TimeInForce.DAY), 95, 105))
    market.step(3)
    assert market.path("a.sl") == ["held", "cancelled"]
    assert market.path("a.tp") == ["held", "cancelled"]
    assert [t[:2] for t in market.trades()] == [("b", 1), ("b.sl", 3)]


# one cancels all ---------------------------------------------------------------------------


@pytest.mark.parametrize("side", list(Side), ids=lambda side: side.name)
def test_oca_the_first_fill_cancels_the_rest(side: Side) -> None:
    rows: list[Row] = [START, (100, 104, 96, 100), (100, 106, 99, 105), (105, 106, 90, 91)]
    up = order_of("stop", Side.BUY, id="up", stop=105, oca="straddle")
    down = order_of("stop", Side.SELL, id="down", stop=95, oca="straddle")
    if side is Side.SELL:
        rows, up, down = mirrored(rows), upside_down(down), upside_down(up)
        up, down = replace(up, id="other"), replace(down, id="up")
    market = Market(bars_of(rows))
    market.step()
    market.submit(up)
    market.submit(down)
    market.step(3)
    assert [t[:2] for t in market.trades()] == [("up", 2)]
    assert [t[2:] for t in market.trades()] == [(side * 10.0, 105.0 if side is Side.BUY else 95.0)]


def test_oca_when_one_bar_reaches_all_of_them_one_fills() -> None:
    for policy in (FillPolicy(), FillPolicy(intrabar="path"), FillPolicy(queue="submission")):
        market = Market(bars_of([START, (100, 110, 90, 100)]), policy=policy)
        market.step()
        market.submit(order_of("stop", Side.BUY, id="up", stop=105, oca="g"))
        market.submit(order_of("stop", Side.SELL, id="down", stop=95, oca="g"))
        market.submit(order_of("limit", Side.BUY, id="low", limit=93, oca="g"))
        market.step()
        assert len(market.fills) == 1
        ends = [market.last(name).status for name in ("up", "down", "low")]
        assert sorted(ends) == [OrderStatus.CANCELLED, OrderStatus.CANCELLED, OrderStatus.FILLED]


def test_oca_across_instruments() -> None:
    rows: list[Row] = [START, (100, 106, 94, 100)]
    market = Market(bars_of(rows), bars_of(rows, "BBB"))
    market.step()
    market.submit(order_of("stop", id="b", symbol="BBB", stop=105, oca="g"))
    market.submit(order_of("stop", id="a", stop=105, oca="g"))
    market.step()
    assert [t[0] for t in market.trades()] == ["a"]
    assert market.path("b") == ["working", "cancelled"]


# what must never happen --------------------------------------------------------------------


def test_protection_never_opens_a_position_after_a_close() -> None:
    rows: list[Row] = [START, QUIET, (100, 101, 90, 91), (91, 92, 80, 81)]
    market = Market(bars_of(rows))
    market.step()
    market.submit(*bracket_of(order_of("market"), 95, 105))
    market.step()
    market.submit(order_of("market", Side.SELL, id="close", origin=Origin.CLOSE))
    market.step(2)
    assert market.trades() == [("o1", 1, 10.0, 100.0), ("close", 2, -10.0, 100.0)]
    assert market.path("o1.sl") == ["held", "working", "cancelled"]


def test_protection_covers_what_is_left_after_a_partial_close() -> None:
    rows: list[Row] = [START, QUIET, QUIET, (100, 101, 90, 91)]
    market = Market(bars_of(rows))
    market.step()
    market.submit(*bracket_of(order_of("market"), 95, 105))
    market.step()
    market.submit(order_of("market", Side.SELL, 4.0, id="part"))
    market.step()
    assert market.last("o1.sl").order.quantity == 6.0
    assert market.last("o1.tp").order.quantity == 6.0
    market.step()
    assert market.trades()[2:] == [("o1.sl", 3, -6.0, 95.0)]


def test_every_entry_keeps_its_own_protection() -> None:
    """Two entries with stops at 95 and 90; the first stop sells the first entry alone."""
    rows: list[Row] = [START, QUIET, QUIET, (96, 97, 94, 95), (95, 96, 89, 90)]
    market = Market(bars_of(rows))
    market.step()
    market.submit(*bracket_of(order_of("market", id="a"), 95))
    market.step()
    market.submit(*bracket_of(order_of("market", id="b", quantity=5.0), 90))
    market.step(3)
    assert market.trades()[2:] == [("a.sl", 3, -10.0, 95.0), ("b.sl", 4, -5.0, 90.0)]


def test_a_close_order_reduces_and_never_opens() -> None:
    rows: list[Row] = [START, QUIET, QUIET]
    market = Market(bars_of(rows))
    market.step()
    market.submit(order_of("market", quantity=4.0))
    market.step()
    market.submit(order_of("market", Side.SELL, 10.0, id="close", reduce_only=True))
    market.step()
    assert market.trades()[1] == ("close", 2, -4.0, 100.0)
    assert market.broker.book().positions["AAA"].is_flat


def test_a_market_order_waits_for_the_next_bar_of_its_own_instrument() -> None:
    market = Market(bars_of(flat_rows([100, 101, 102])))
    market.step()
    market.submit(order_of("market"))
    market.step(2)
    assert market.trades() == [("o1", 1, 10.0, 101.0)]


def test_a_cancelled_order_never_fills() -> None:
    market = Market(bars_of([START, (100, 101, 90, 95)]))
    market.step()
    market.submit(order_of("limit", limit=95))
    market.broker.cancel("o1")
    market.step()
    assert market.trades() == []
    assert [e.status for e in market.events if isinstance(e, OrderUpdate)][-1] == "cancelled"


def test_a_replaced_order_fills_at_its_new_price() -> None:
    market = Market(bars_of([START, (100, 101, 90, 95)]))
    market.step()
    order = order_of("limit", limit=95)
    market.submit(order)
    market.broker.replace(replace(market.stamped(order), limit=92.0, quantity=7.0))
    market.step()
    assert market.trades() == [("o1", 1, 7.0, 92.0)]


def test_a_multiplier_counts_in_cash() -> None:
    market = Market(bars_of([START, (100, 101, 99, 101)], multiplier=50.0), cash=100_000.0)
    market.step()
    market.submit(order_of("market", quantity=2.0))
    market.step()
    book = market.broker.book()
    assert book.cash == 100_000.0 - 2 * 50 * 100
    assert book.equity({"AAA": 101.0}) == 100_100.0
