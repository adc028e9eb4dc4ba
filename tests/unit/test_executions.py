"""What trading cost: from decision to arrival to fill, what was not filled, and how fast it was."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framework.domain.bars import Bars
from framework.domain.events import Commission, Fill, OrderUpdate
from framework.domain.growing import row_of
from framework.domain.instruments import AssetType, Instrument
from framework.domain.orders import Order, OrderStatus, Side, TimeInForce
from framework.domain.terms import Adaptive, Terms
from framework.engine.journal_facts import UNDONE
from framework.engine.journal_rows import (
    Cancel,
    Entry,
    EventBatch,
    History,
    Instant,
    Replace,
    Row,
    SeenQuote,
    Started,
    Submit,
    Unsent,
)
from framework.research.execution_groups import by_hour, by_kind, cost_line
from framework.research.executions import Arrival, FilledOrder, filled_orders, unfilled
from framework.research.latency import latency_of, throughput_of
from framework.research.order_lives import JournalOrders, journal_orders
from tests.builders import MINUTE, bars_of, bracket_of, order_of

SECOND = 10**9
MS = 10**6
BARS = bars_of([(100, 101, 99, 100), (102, 104, 101, 103), (104, 106, 90, 95), (90, 92, 88, 91)])
T = BARS.close_time.tolist()
LATER = T[1] - 60 * MINUTE
"""The next day, an hour before the close."""
STARTED = Started(0, "paper", "DU*****67", 1, "Scripted")


def journal(
    *rows: Row, runs: Sequence[int] = (), bars: Bars = BARS, upto: int = 4
) -> JournalOrders:
    """The rows of a session, with the bars of the market around them."""
    head: list[Row] = [STARTED, History(0, bars.take(0, 1))]
    tail: list[Row] = [
        Instant(int(bars.close_time[k]), int(bars.session[k]), ((bars.symbol, row_of(bars, k)),))
        for k in range(1, upto)
    ]
    every = [*head, *rows, *tail]
    numbers = [1, 1, *(runs or [1] * len(rows)), *([1] * len(tail))]
    entries = [
        Entry(number, run, 0, row)
        for number, (run, row) in enumerate(zip(numbers, every, strict=True), start=1)
    ]
    return journal_orders("j", entries)


def fill(order: Order, price: float, *, units: float = 10.0, time: int = LATER, key: str = "1",
         rate: float = 1.0) -> Fill:  # fmt: skip
    return Fill(f"{order.id}/{key}", order, time, order.side * units, price, price, rate=rate)


def cost_of(*rows: Row, bars: Bars = BARS, upto: int = 4) -> FilledOrder:
    (found,) = filled_orders(journal(*rows, bars=bars, upto=upto), Instrument)
    return found


def batch(*events: Fill | OrderUpdate | Commission, time: int = LATER) -> EventBatch:
    return EventBatch(time, 1, events)


# one order -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("side", "price", "execution"), [(Side.BUY, 102.5, 5.0), (Side.SELL, 101.5, 5.0)]
)
def test_a_cost_is_worse_than_the_decision_on_both_sides(
    side: Side, price: float, execution: float
) -> None:
    order = order_of("market", side)
    found = cost_of(
        Submit(T[0] + SECOND, 1, (order,)),
        batch(fill(order, price), Commission("o1/1", "AAA", 1.5, LATER)),
    )
    assert (found.decision, found.arrival, found.source) == (100.0, 102.0, Arrival.OPEN)
    assert found.delay == side * 20.0
    assert found.execution == pytest.approx(execution)
    assert found.fees == 1.5
    assert found.shortfall == pytest.approx(side * 20.0 + execution + 1.5)
    assert found.ticks == pytest.approx(50.0)
    assert found.basis_points(found.execution) == pytest.approx(50.0)


def test_a_quote_is_the_arrival_where_it_was_written_down() -> None:
    order = order_of("market")
    quotes = (SeenQuote("BBB", 1.0, 2.0), SeenQuote("AAA", 101.0, 101.5))
    found = cost_of(Submit(LATER, 1, (order,), quotes), batch(fill(order, 101.5)))
    assert (found.arrival, found.source) == (101.25, Arrival.QUOTE)
    assert (found.bid, found.ask) == (101.0, 101.5)
    assert found.delay + found.execution == pytest.approx(15.0)


@pytest.mark.parametrize(
    ("sent", "source"),
    [
        (T[1] - 1, Arrival.QUOTE),
        (T[1], Arrival.OPEN),
        (T[1] + 3 * SECOND, Arrival.OPEN),
        (T[1] + 24 * 60 * MINUTE - 391 * MINUTE, Arrival.OPEN),
        (T[1] + 24 * 60 * MINUTE - 389 * MINUTE, Arrival.QUOTE),
    ],
)
def test_what_waits_for_the_open_arrives_there(sent: int, source: Arrival) -> None:
    """A quote of the evening before says nothing of a fill at the next open."""
    order = order_of("market")
    quotes = (SeenQuote("AAA", 101.0, 101.5),)
    time = max(sent + SECOND, T[2] - 60 * MINUTE)
    row = Submit(sent, 1, (order,), quotes)
    found = cost_of(row, batch(fill(order, 104.5, time=time), time=time))
    assert found.source is source
    assert found.arrival == (101.25 if source is Arrival.QUOTE else 104.0)


def test_a_quote_without_a_side_is_none() -> None:
    order = order_of("market")
    row = Submit(LATER, 1, (order,), (SeenQuote("AAA", None, 101.5),))
    found = cost_of(row, batch(fill(order, 101.5)))
    assert (found.source, found.bid, found.ask) == (Arrival.OPEN, None, 101.5)


def test_without_quote_or_bar_everything_is_execution() -> None:
    order = order_of("market")
    found = cost_of(Submit(T[3] + 1, 1, (order,)), batch(fill(order, 101.0, time=T[3] + SECOND)))
    assert (found.source, found.delay) == (Arrival.DECISION, 0.0)
    assert found.execution == pytest.approx(10.0)


STOPS = [
    ("a sale's stop in its bar", "stop", Side.SELL, 97.0, 96.9, 2, 97.0),
    ("a sale's stop in a gap", "stop", Side.SELL, 97.0, 89.9, 3, 90.0),
    ("a purchase's stop in a gap", "stop", Side.BUY, 101.0, 102.1, 1, 102.0),
    ("a purchase touched in its bar", "market_if_touched", Side.BUY, 95.0, 95.1, 2, 95.0),
    ("a purchase touched in a gap", "market_if_touched", Side.BUY, 95.0, 90.1, 3, 90.0),
    ("a sale touched in a gap", "market_if_touched", Side.SELL, 101.0, 101.9, 1, 102.0),
]


@pytest.mark.parametrize(("name", "kind", "side", "level", "price", "bar", "aimed"), STOPS)
def test_what_waits_for_a_price_is_held_against_it_or_the_open_beyond(
    name: str, kind: str, side: Side, level: float, price: float, bar: int, aimed: float
) -> None:
    order = order_of(kind, side, stop=level)
    time = T[bar] - 60 * SECOND
    found = cost_of(Submit(T[0] + 1, 1, (order,)), batch(fill(order, price, time=time), time=time))
    assert (found.decision, found.source) == (level, Arrival.TRIGGER)
    assert (found.arrival, found.reference) == (aimed, aimed), name
    assert found.slippage == pytest.approx(1.0)
    assert found.takes


def test_a_target_is_held_against_its_own_limit() -> None:
    entry, stop, target = bracket_of(order_of("market"), 95.0, 105.0)
    found = cost_of(Submit(T[0] + 1, 1, (entry, stop, target)), batch(fill(target, 106.0)))
    assert (found.decision, found.arrival, found.execution) == (105.0, 105.0, -10.0)
    assert not found.takes


def test_parts_of_an_order_are_held_against_the_bars_they_trade_in() -> None:
    order = order_of("market", quantity=10.0)
    rows = [
        Submit(T[0] + 1, 1, (order,)),
        batch(fill(order, 102.5, units=4.0)),
        batch(
            fill(order, 104.5, units=6.0, time=T[2] - 60 * MINUTE, key="2"), time=T[2] - 60 * MINUTE
        ),
    ]
    found = cost_of(*rows)
    assert found.slippage == pytest.approx(5.0)
    assert found.execution == pytest.approx(4 * 0.5 + 6 * 2.5)
    assert found.units == 10.0


def test_a_corrected_execution_counts_once() -> None:
    order = order_of("market")
    undone = replace(fill(order, 103.0), id=f"o1/1{UNDONE}", quantity=-10.0)
    found = cost_of(
        Submit(T[0] + 1, 1, (order,)),
        batch(fill(order, 103.0), undone, fill(order, 102.0, key="2")),
    )
    assert (found.units, found.price, found.execution) == (10.0, pytest.approx(102.0), 0.0)


def test_money_is_the_account_s() -> None:
    bars = bars_of([(100, 101, 99, 100), (102, 104, 101, 103)], multiplier=50.0, tick=0.25)
    order = order_of("market")
    found = cost_of(
        Submit(T[0] + 1, 1, (order,)), batch(fill(order, 102.5, rate=0.5)), bars=bars, upto=2
    )
    assert found.execution == pytest.approx(10 * 50 * 0.5 * 0.5)
    assert found.traded == pytest.approx(10 * 50 * 100 * 0.5)
    assert found.ticks == pytest.approx(2.0)


def test_a_whole_second_before_the_order_is_not_the_bar_before() -> None:
    """A broker tells 16:00:00 of what traded at 16:00:00.9, after the bar has closed."""
    order = order_of("stop", stop=103.0)
    found = cost_of(
        Submit(T[1] + SECOND // 2, 1, (order,)), batch(fill(order, 104.5, time=T[1]), time=T[1])
    )
    assert (found.arrival, found.reference) == (104.0, 104.0)


@pytest.mark.parametrize(
    ("order", "kind", "takes"),
    [
        (order_of("market"), "market", True),
        (order_of("market", tif=TimeInForce.OPG), "market on open", False),
        (order_of("market_on_close", tif=TimeInForce.DAY), "market on close", False),
        (order_of("limit", limit=100.0), "limit", False),
        (order_of("market", terms=Terms(algo=Adaptive())), "market, Adaptive", False),
        (order_of("stop_limit", stop=101.0, limit=102.0), "stop limit", False),
    ],
)
def test_only_what_a_backtest_slips_takes_liquidity(order: Order, kind: str, takes: bool) -> None:
    found = cost_of(Submit(T[0] + 1, 1, (order,)), batch(fill(order, 102.0)))
    assert (found.kind, found.takes) == (kind, takes)


def test_an_instrument_the_journal_does_not_describe_is_looked_up() -> None:
    order = order_of("market", symbol="ZZZ")
    rows = (Submit(T[0] + 1, 1, (order,)), batch(fill(order, 101.0)))
    (found,) = filled_orders(
        journal(*rows), lambda name: Instrument(name, AssetType.OPTION, multiplier=100.0)
    )
    assert found.is_option
    assert found.execution == pytest.approx(1_000.0)


@given(
    prices=st.lists(st.floats(1.0, 1e4), min_size=1, max_size=6),
    units=st.floats(1.0, 1e4),
    side=st.sampled_from([Side.BUY, Side.SELL]),
    fee=st.floats(0.0, 50.0),
)
def test_the_parts_are_the_whole(prices: list[float], units: float, side: Side, fee: float) -> None:
    """Delay, execution and fees are what money really went away, whatever the arrival."""
    order = order_of("market", side, units * len(prices))
    fills = [fill(order, price, units=units, key=str(k)) for k, price in enumerate(prices)]
    fees = [Commission(one.id, "AAA", fee, LATER) for one in fills]
    found = cost_of(Submit(T[0] + 1, 1, (order,)), batch(*fills, *fees))
    paid = sum(one.quantity * one.price for one in fills) + fee * len(fills)
    paper = sum(one.quantity for one in fills) * 100.0
    assert found.shortfall == pytest.approx(paid - paper, rel=1e-9, abs=1e-6)


# what was not filled ---------------------------------------------------------------------------


def _missed(*rows: Row) -> list[tuple[str, float, float | None]]:
    return [(one.status, one.units, one.cost) for one in unfilled(journal(*rows), Instrument)]


def test_what_did_not_fill_is_counted_at_the_close_it_ended_at() -> None:
    order = order_of("limit", limit=99.0)
    ended = OrderUpdate(order, OrderStatus.EXPIRED, T[1])
    sent = Submit(T[0] + 1, 1, (order,))
    assert _missed(sent, batch(ended, time=T[1] + 1)) == [("expired", 10.0, 30.0)]
    part = batch(fill(order, 99.0, units=4.0))
    assert _missed(sent, part, batch(ended, time=T[1] + 1)) == [("expired", 6.0, 18.0)]
    assert _missed(sent) == []


def test_what_was_never_sent_is_counted() -> None:
    order = order_of("market")
    rejected = OrderUpdate(order, OrderStatus.REJECTED, T[0], "never sent")
    unsent = Unsent(T[0], Submit(T[0], 1, (order,)), "no room")
    assert _missed(unsent, batch(rejected, time=T[0])) == [("rejected", 10.0, 0.0)]


def test_a_protective_order_that_never_trades_misses_nothing() -> None:
    entry, stop, target = bracket_of(order_of("market"), 95.0, 105.0)
    ended = [OrderUpdate(one, OrderStatus.CANCELLED, LATER) for one in (stop, target)]
    assert _missed(Submit(T[0] + 1, 1, (entry, stop, target)), batch(*ended)) == []


# groups ----------------------------------------------------------------------------------------


def _orders(*prices: float, kind: str = "market") -> list[FilledOrder]:
    found = []
    for price in prices:
        order = order_of(kind, limit=200.0 if kind == "limit" else None)
        found.append(cost_of(Submit(T[0] + 1, 1, (order,)), batch(fill(order, price))))
    return found


def test_a_group_adds_money_and_weighs_by_it() -> None:
    orders = _orders(102.0, 102.1, 102.5)
    line = cost_line("all", orders)
    assert (line.orders, line.traded) == (3, 3_000.0)
    assert line.execution == pytest.approx(6.0)
    assert line.execution_bps == pytest.approx(20.0)
    assert line.median_bps == pytest.approx(10.0)
    assert line.delay_bps == pytest.approx(200.0)
    assert line.ticks == pytest.approx(20.0)


def test_groups_hold_every_order_once() -> None:
    orders = [*_orders(102.0, 103.0), *_orders(101.0, kind="limit")]
    lines = by_kind(orders)
    assert [(line.name, line.orders) for line in lines] == [("market", 2), ("limit", 1)]
    assert sum(line.shortfall for line in lines) == pytest.approx(
        cost_line("all", orders).shortfall
    )


@pytest.mark.parametrize(
    ("minutes", "hour"), [(0, "15:00"), (-1, "15:00"), (-59, "15:00"), (-60, "14:00"), (1, "16:00")]
)
def test_the_hour_is_the_exchange_s(minutes: int, hour: str) -> None:
    (one,) = _orders(102.0)
    moved = replace(one, time=T[1] + minutes * MINUTE)
    assert [line.name for line in by_hour([moved], lambda _: "XNYS")] == [hour]


# speed -----------------------------------------------------------------------------------------


def _sent(number: int, at: int) -> tuple[Order, Submit]:
    order = order_of("market", id=f"o{number}")
    return order, Submit(at, 1, (order,))


def test_latency_is_from_sending_to_the_first_word_and_the_first_fill() -> None:
    rows: list[Row] = []
    for number, (ack, filled) in enumerate([(10, 50), (20, 60), (30, 400)]):
        at = LATER + number * SECOND
        order, submit = _sent(number, at)
        rows.append(submit)
        rows.append(batch(OrderUpdate(order, OrderStatus.SENT, at), time=at + 1 * MS))
        rows.append(batch(OrderUpdate(order, OrderStatus.WORKING, at), time=at + ack * MS))
        rows.append(batch(fill(order, 102.0), time=at + filled * MS))
    found = latency_of([journal(*rows)])
    assert (found.acknowledged.count, found.acknowledged.p50) == (3, 20.0)
    assert found.acknowledged.p90 == pytest.approx(28.0)
    assert (found.filled.p50, found.filled.longest) == (60.0, 400.0)
    assert found.filled.p99 == pytest.approx(393.2)
    assert found.unanswered == 0


def test_the_wait_for_the_open_is_no_latency() -> None:
    order, submit = _sent(1, T[0] + 3 * SECOND)
    told = batch(OrderUpdate(order, OrderStatus.WORKING, 0), time=T[0] + 4 * SECOND)
    found = latency_of([journal(submit, told, batch(fill(order, 102.0)))])
    assert (found.acknowledged.count, found.filled.count) == (1, 0)


def test_a_session_s_end_is_no_latency() -> None:
    """What the next session is told of an order took the night, not the wire."""
    order, submit = _sent(1, LATER)
    told = batch(OrderUpdate(order, OrderStatus.WORKING, LATER), fill(order, 102.0),
                 time=LATER + 3600 * SECOND)  # fmt: skip
    found = latency_of([journal(submit, told, runs=[1, 2])])
    assert (found.acknowledged.count, found.filled.count, found.unanswered) == (0, 0, 1)


def test_the_market_s_own_clock_tells_nothing() -> None:
    order, submit = _sent(1, T[0])
    rows = [
        Instant(T[0], 1, ()),
        submit,
        batch(OrderUpdate(order, OrderStatus.WORKING, T[0]), time=T[0]),
    ]
    found = journal(*rows)
    assert found.on_market_clock
    assert latency_of([found]).acknowledged.count == 0
    assert throughput_of([found]).messages == 0


def test_throughput_counts_everything_that_left() -> None:
    rows: list[Row] = []
    for number, at in enumerate([0, 100, 999, 1000, 1500, 70_000]):
        order, submit = _sent(number, LATER + at * MS)
        rows.append(submit)
    rows += [Replace(LATER + 1_600 * MS, 1, order), Cancel(LATER + 1_700 * MS, 1, order.id)]
    found = throughput_of([journal(*rows)])
    assert (found.messages, found.peak_second, found.peak_minute) == (8, 5, 7)
    assert found.per_second == pytest.approx(8 / 3)


def test_a_second_ends_where_the_next_begins() -> None:
    rows = [_sent(number, LATER + number * SECOND)[1] for number in range(3)]
    assert throughput_of([journal(*rows)]).peak_second == 1
