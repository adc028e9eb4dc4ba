"""Every verb of a strategy: what it sends, what it must not send, and what it refuses."""

from __future__ import annotations

import pytest

from framework.backtest.run import run
from framework.components.exits import StopPercent
from framework.components.sizing import PercentOfEquity, RiskPerTrade, Shares
from framework.components.slippage import FixedSlippage
from framework.domain.orders import (
    Side,
    atr,
    pct,
    points,
)
from framework.strategy import Strategy
from tests.builders import (
    Row,
    bars_of,
    flat_rows,
    free,
    played,
    scripted,
    statuses,
    trades_of,
)

QUIET: Row = (100, 101, 99, 100)


def quiet(count: int) -> list[Row]:
    return [QUIET] * count


# reaching a side ---------------------------------------------------------------------------


def test_go_long_every_bar_buys_once() -> None:
    record = played(lambda s, bar: s.go_long(), bars_of(quiet(6)))
    assert trades_of(record) == [(1, 10.0, 100.0)]
    assert len(record.orders) == 1
    assert record.refused == ()


def test_go_short_every_bar_sells_once() -> None:
    record = played(lambda s, bar: s.go_short(), bars_of(quiet(6)))
    assert trades_of(record) == [(1, -10.0, 100.0)]
    assert record.positions[0].quantity == -10.0


def test_going_long_twice_in_one_bar_buys_once() -> None:
    record = played({0: [lambda s: s.go_long(), lambda s: s.go_long()]}, bars_of(quiet(3)))
    assert trades_of(record) == [(1, 10.0, 100.0)]


def test_long_then_short_in_one_bar_ends_short_with_one_fill() -> None:
    """The working entry is cancelled first; only the last wish reaches the market."""
    record = played({0: [lambda s: s.go_long(), lambda s: s.go_short()]}, bars_of(quiet(3)))
    assert trades_of(record) == [(1, -10.0, 100.0)]
    assert statuses(record) == [("strategy", "cancelled", 0.0), ("strategy", "filled", 10.0)]


def test_a_reversal_taken_back_in_the_same_bar_leaves_the_position_as_it_was() -> None:
    """Long 10; short and long again at one close: nothing trades, and the stop given protects."""
    record = played(
        {
            0: lambda s: s.go_long(stop_loss=90.0),
            2: [lambda s: s.go_short(), lambda s: s.go_long(stop_loss=92.0)],
        },
        bars_of([*[QUIET] * 4, (100, 101, 85, 86)]),
    )
    assert trades_of(record) == [(1, 10.0, 100.0), (4, -10.0, 92.0)]
    assert record.positions == ()


def test_a_reversal_taken_back_keeps_the_exits_attached_to_the_run() -> None:
    record = played(
        {0: lambda s: s.go_long(), 2: [lambda s: s.go_short(), lambda s: s.go_long()]},
        bars_of([*[QUIET] * 4, (100, 101, 85, 86)]),
        free(exits=(StopPercent(5.0),)),
    )
    assert trades_of(record) == [(1, 10.0, 100.0), (4, -10.0, 95.0)]


def test_long_then_close_in_one_bar_trades_nothing() -> None:
    record = played({0: [lambda s: s.go_long(), lambda s: s.close()]}, bars_of(quiet(3)))
    assert trades_of(record) == []


def test_close_then_long_in_one_bar_stays_long() -> None:
    """The last word counts: at the end of the day the strategy is long 10 again."""
    record = played(
        {0: lambda s: s.go_long(), 2: [lambda s: s.close(), lambda s: s.go_long()]},
        bars_of(quiet(5)),
    )
    assert record.positions[0].quantity == 10.0


def test_a_reversal_is_one_order() -> None:
    record = played({0: lambda s: s.go_long(), 2: lambda s: s.go_short()}, bars_of(quiet(5)))
    assert trades_of(record) == [(1, 10.0, 100.0), (3, -20.0, 100.0)]
    assert len(record.orders) == 2


def test_a_reversal_cancels_the_old_protection_and_brings_its_own() -> None:
    record = played(
        {
            0: lambda s: s.go_long(stop_loss=90.0, take_profit=120.0),
            2: lambda s: s.go_short(stop_loss=110.0),
        },
        bars_of([*quiet(4), (100, 121, 85, 100)]),
    )
    assert trades_of(record) == [(1, 10.0, 100.0), (3, -20.0, 100.0), (4, 10.0, 110.0)]
    assert record.positions == ()


def test_the_exit_part_of_a_reversal_passes_when_the_new_side_is_refused() -> None:
    """All cash is in the long; at 95 % a short of 3 x the account cannot be paid for."""
    sizes = iter([PercentOfEquity(95.0), PercentOfEquity(300.0)])

    class Grows:
        def quantity(self, request: object) -> float:
            return next(sizes).quantity(request)  # type: ignore[arg-type]

    record = played(
        {0: lambda s: s.go_long(), 2: lambda s: s.go_short()},
        bars_of(quiet(5)),
        free(sizer=Grows()),
    )
    assert trades_of(record) == [(1, 950.0, 100.0), (3, -950.0, 100.0)]
    assert [(r.rule, r.side, r.quantity) for r in record.refused] == [
        ("buying_power", Side.SELL, 3000.0)
    ]
    assert record.positions == ()


def test_a_reversal_past_a_working_limit_exit_still_leaves_the_old_side() -> None:
    """A resting sell limit is no reason to stay long, and must not sell again afterwards."""
    record = played(
        {
            0: lambda s: s.go_long(),
            2: lambda s: s.sell(s.position.quantity, limit=120.0, tif="GTC"),
            3: lambda s: s.go_short(),
        },
        bars_of([*quiet(5), (100, 125, 99, 100)]),
        free(sizer=PercentOfEquity(60.0)),
    )
    assert trades_of(record)[:2] == [(1, 600.0, 100.0), (4, -1200.0, 100.0)]
    assert record.positions[0].quantity == -600.0


def test_going_long_beside_a_working_limit_buy_adds_nothing() -> None:
    record = played(
        {0: [lambda s: s.buy(10, limit=95.0, tif="GTC"), lambda s: s.go_long()]},
        bars_of([*quiet(3), (96, 97, 94, 96)]),
    )
    assert trades_of(record) == [(3, 10.0, 95.0)]


def test_going_long_calls_off_a_working_short_entry() -> None:
    record = played(
        {0: [lambda s: s.sell(10, limit=105.0, tif="GTC"), lambda s: s.go_long()]},
        bars_of([*quiet(3), (104, 107, 103, 106)]),
    )
    assert trades_of(record) == [(1, 10.0, 100.0)]


def test_a_distance_wider_than_the_fill_price_ends_one_tick_above_zero() -> None:
    """Sound at the decision's close of 100; the open gaps down below the distance itself."""
    record = played(
        {0: lambda s: s.go_long(stop_loss=points(50))},
        bars_of([QUIET, (40, 41, 39, 40), (40, 41, 39, 40)]),
    )
    assert record.error == ""
    assert trades_of(record) == [(1, 10.0, 40.0)]
    assert record.orders[1].order.stop == 0.01


def test_a_reversal_past_a_working_stop_that_would_reverse_too_reverses_once() -> None:
    record = played(
        {
            0: lambda s: s.go_long(),
            2: lambda s: s.sell(20, stop=90.0, tif="GTC"),
            3: lambda s: s.go_short(),
        },
        bars_of([*quiet(5), (100, 101, 85, 88)]),
    )
    assert trades_of(record) == [(1, 10.0, 100.0), (4, -20.0, 100.0)]


def test_a_size_of_zero_is_a_refusal() -> None:
    record = played({0: lambda s: s.go_long()}, bars_of(quiet(3)), free(sizer=Shares(0.4)))
    assert trades_of(record) == []
    assert [(r.rule, r.symbol, r.side) for r in record.refused] == [("sizer", "AAA", Side.BUY)]
    assert "0.4" in record.refused[0].reason


def test_a_reversal_of_size_zero_still_leaves_the_old_side() -> None:
    sizes = iter([10.0, 0.0])

    class Shrinks:
        def quantity(self, request: object) -> float:
            return next(sizes)

    record = played(
        {0: lambda s: s.go_long(stop_loss=90.0), 2: lambda s: s.go_short()},
        bars_of([*quiet(4), (100, 101, 80, 90)]),
        free(sizer=Shrinks()),
    )
    assert trades_of(record) == [(1, 10.0, 100.0), (3, -10.0, 100.0)]
    assert [r.rule for r in record.refused] == ["sizer"]


def test_quantity_rounds_down_to_the_lot_and_is_not_resized_at_the_fill() -> None:
    rows: list[Row] = [(99, 99, 99, 99), (110, 110, 110, 110)]
    record = played(
        {0: lambda s: s.go_long()}, bars_of(rows, lot=100.0), free(sizer=PercentOfEquity(95.0))
    )
    assert trades_of(record) == [(1, 900.0, 110.0)]  # 95,000 / 99 = 959.6
    assert record.positions[0].quantity == 900.0


def test_a_risk_sizer_without_a_stop_is_an_error() -> None:
    record = run(
        scripted({0: lambda s: s.go_long()}), [bars_of(quiet(3))], free(sizer=RiskPerTrade(1.0))
    )
    assert "stop" in record.error
    assert record.orders == ()


def test_the_sizer_is_asked_with_the_stop_at_the_decision() -> None:
    """1 % of 100,000 is 1,000; 5 away makes 200."""
    record = played(
        {0: lambda s: s.go_long(stop_loss=pct(5))},
        bars_of(quiet(3)),
        free(sizer=RiskPerTrade(1.0)),
    )
    assert trades_of(record) == [(1, 200.0, 100.0)]


# protective prices -------------------------------------------------------------------------


def test_a_second_call_renews_only_the_price_it_passes() -> None:
    rows = [*quiet(4), (100, 101, 96, 97), (97, 98, 94, 95)]
    record = played(
        {
            0: lambda s: s.go_long(stop_loss=90.0, take_profit=120.0),
            2: lambda s: s.go_long(stop_loss=95.0),
            3: lambda s: s.go_long(),
        },
        bars_of(rows),
    )
    assert trades_of(record) == [(1, 10.0, 100.0), (5, -10.0, 95.0)]
    target = next(o for o in record.orders if o.order.origin == "take_profit")
    assert target.order.limit == 120.0
    assert len(record.orders) == 3


def test_renewing_while_the_entry_still_works_moves_its_protection() -> None:
    record = played(
        {0: [lambda s: s.go_long(stop_loss=90.0), lambda s: s.go_long(stop_loss=95.0)]},
        bars_of([QUIET, QUIET, (100, 101, 94, 95)]),
    )
    assert trades_of(record) == [(1, 10.0, 100.0), (2, -10.0, 95.0)]


def test_renewing_adds_protection_a_position_lacks() -> None:
    record = played(
        {0: lambda s: s.go_long(), 2: lambda s: s.go_long(stop_loss=95.0)},
        bars_of([*quiet(3), (100, 101, 94, 95), (95, 96, 80, 81)]),
    )
    assert trades_of(record) == [(1, 10.0, 100.0), (3, -10.0, 95.0)]
    assert record.positions == ()


def test_protection_added_to_an_entry_that_still_works_covers_it() -> None:
    record = played(
        {0: [lambda s: s.go_long(), lambda s: s.go_long(stop_loss=95.0)]},
        bars_of([*quiet(2), (100, 101, 94, 95)]),
    )
    assert trades_of(record) == [(1, 10.0, 100.0), (2, -10.0, 95.0)]


def test_added_protection_covers_each_entry_once() -> None:
    """Two buys of 10, then a stop for both: together they sell 20, never 40."""
    seen: list[float] = []

    def act(s: Strategy, bar: int) -> None:
        if bar in (0, 1):
            s.buy(10)
        if bar == 3:
            s.go_long(stop_loss=95.0)
        if bar == 4:
            seen.extend(order.quantity for order in s.orders)

    record = played(act, bars_of([*quiet(5), (100, 101, 94, 95)]))
    assert sum(seen) == 20.0
    assert sum(f.quantity for f in record.fills) == 0.0


def test_a_renewed_trail_takes_the_new_distance_and_never_loosens() -> None:
    """Trail 10 from 100 is 90; renewed at 3 it is 97 after the next close at 100."""
    record = played(
        {0: lambda s: s.go_long(trail=points(10)), 2: lambda s: s.go_long(trail=points(3))},
        bars_of([*quiet(4), (100, 101, 96, 100)]),
    )
    assert trades_of(record) == [(1, 10.0, 100.0), (4, -10.0, 97.0)]


@pytest.mark.parametrize(
    ("protection", "price"),
    [(pct(10), 92.7), (points(4), 99.0), (atr(2, 1), 99.0), (95.0, 95.0)],
)
def test_distances_count_from_the_average_fill(protection: object, price: float) -> None:
    """Decided at 100, filled at 102.5 + 0.5: 10 % is 10.3; the average true range of the decision
    bar is 2, twice that is 4."""
    rows: list[Row] = [QUIET, QUIET, (102.5, 104, 102, 103), (103, 104, 80, 81)]
    record = played(
        {1: lambda s: s.go_long(stop_loss=protection)},  # type: ignore[arg-type]
        bars_of(rows),
        free(slippage=FixedSlippage(0.5)),
    )
    assert record.fills[1].reference == pytest.approx(price)


def test_protection_follows_partial_closes() -> None:
    seen: list[list[float]] = []
    record = played(
        {
            0: lambda s: s.go_long(stop_loss=90.0, take_profit=120.0),
            2: lambda s: s.sell(4),
            3: lambda s: seen.append([order.quantity for order in s.orders]),
        },
        bars_of([*quiet(4), (100, 101, 85, 86)]),
    )
    assert seen == [[6.0, 6.0]]
    assert trades_of(record)[2:] == [(4, -6.0, 90.0)]


def test_a_stop_on_the_wrong_side_is_refused_before_anything_is_sent() -> None:
    for act in (
        lambda s: s.go_long(stop_loss=101.0),
        lambda s: s.go_short(stop_loss=99.0),
        lambda s: s.buy(5, take_profit=99.0),
        lambda s: s.buy(5, limit=95.0, stop_loss=96.0),
        lambda s: s.go_long(stop_loss=pct(100)),
        lambda s: s.go_long(trail=points(100)),
        lambda s: s.go_short(take_profit=pct(120)),
    ):
        record = played({0: act}, bars_of(quiet(3)))
        assert trades_of(record) == []
        assert [r.rule for r in record.refused] == ["protection"]


# closing -----------------------------------------------------------------------------------


def test_close_cancels_protection_and_sells_what_is_held() -> None:
    record = played(
        {0: lambda s: s.go_long(stop_loss=90.0, take_profit=120.0), 2: lambda s: s.close()},
        bars_of([*quiet(4), (100, 121, 85, 100)]),
    )
    assert trades_of(record) == [(1, 10.0, 100.0), (3, -10.0, 100.0)]
    assert statuses(record)[1:3] == [
        ("stop_loss", "cancelled", 0.0),
        ("take_profit", "cancelled", 0.0),
    ]


def test_close_when_flat_sends_nothing_but_cancels_entries() -> None:
    record = played(
        {0: lambda s: s.buy(5, limit=95.0, tif="GTC"), 1: lambda s: s.close()},
        bars_of([QUIET, QUIET, (100, 101, 90, 91)]),
    )
    assert trades_of(record) == []
    assert statuses(record) == [("strategy", "cancelled", 0.0)]


def test_close_every_bar_sells_once() -> None:
    record = played(
        lambda s, bar: s.go_long() if bar == 0 else s.close() if bar >= 2 else None,
        bars_of(quiet(6)),
    )
    assert trades_of(record) == [(1, 10.0, 100.0), (3, -10.0, 100.0)]


def test_close_covers_a_short() -> None:
    record = played({0: lambda s: s.go_short(), 2: lambda s: s.close()}, bars_of(quiet(5)))
    assert trades_of(record) == [(1, -10.0, 100.0), (3, 10.0, 100.0)]


def test_close_goes_through_the_door_with_no_money_left() -> None:
    record = played(
        {0: lambda s: s.go_long(), 2: lambda s: s.close()},
        bars_of([*quiet(2), (50, 51, 49, 50), (50, 51, 49, 50)]),
        free(sizer=PercentOfEquity(100.0)),
    )
    assert trades_of(record) == [(1, 1000.0, 100.0), (3, -1000.0, 50.0)]


# targets -----------------------------------------------------------------------------------


def test_target_trades_the_difference() -> None:
    record = played(
        {
            0: lambda s: s.target(30),
            2: lambda s: s.target(50),
            4: lambda s: s.target(20),
            6: lambda s: s.target(-5),
            8: lambda s: s.target(-5),
            9: lambda s: s.target(0),
        },
        bars_of(quiet(12)),
    )
    assert [(bar, q) for bar, q, _ in trades_of(record)] == [
        (1, 30.0),
        (3, 20.0),
        (5, -30.0),
        (7, -25.0),
        (10, 5.0),
    ]


def test_target_twice_in_one_bar_counts_the_working_order() -> None:
    record = played({0: [lambda s: s.target(30), lambda s: s.target(30)]}, bars_of(quiet(3)))
    assert sum(q for _, q, _ in trades_of(record)) == 30.0


def test_the_last_target_of_a_bar_counts() -> None:
    record = played({0: [lambda s: s.target(30), lambda s: s.target(10)]}, bars_of(quiet(3)))
    assert record.positions[0].quantity == 10.0


def test_target_percent_is_of_equity() -> None:
    record = played(
        {0: lambda s: s.target_percent(50), 2: lambda s: s.target_percent(-25)},
        bars_of(quiet(5)),
    )
    assert [(bar, q) for bar, q, _ in trades_of(record)] == [(1, 500.0), (3, -750.0)]


def test_target_weights_sells_before_it_buys_and_leaves_what_is_close() -> None:
    bars = [bars_of(flat_rows([100.0] * 8), symbol) for symbol in ("AAA", "BBB", "CCC")]
    record = played(
        {
            0: lambda s: s.target_weights({"AAA": 0.5, "BBB": 0.5}),
            2: lambda s: s.target_weights({"AAA": 0.52, "CCC": 0.48}, tolerance=0.05),
            4: lambda s: s.target_weights({"AAA": 0.3}, tolerance=0.05),
        },
        bars,
        universe=True,
    )
    assert record.refused == ()
    assert [(f.symbol, f.quantity) for f in record.fills] == [
        ("AAA", 500.0),
        ("BBB", 500.0),
        ("BBB", -500.0),
        ("CCC", 480.0),
        ("AAA", -200.0),
        ("CCC", -480.0),
    ] or sorted((f.symbol, f.quantity) for f in record.fills) == sorted(
        [
            ("AAA", 500.0),
            ("BBB", 500.0),
            ("BBB", -500.0),
            ("CCC", 480.0),
            ("CCC", -480.0),
            ("AAA", -200.0),
        ]
    )


def test_target_weights_can_swap_the_whole_account() -> None:
    bars = [bars_of(flat_rows([100.0] * 6), symbol) for symbol in ("AAA", "BBB")]
    record = played(
        {
            0: lambda s: s.target_weights({"AAA": 1.0}),
            2: lambda s: s.target_weights({"BBB": 1.0}),
        },
        bars,
        universe=True,
    )
    assert record.refused == ()
    assert [(p.symbol, p.quantity) for p in record.positions] == [("BBB", 1000.0)]
    assert record.cash.min() >= 0.0


def test_target_weights_sells_before_it_buys_whatever_the_multiplier() -> None:
    bars = [
        bars_of(flat_rows([100.0] * 6), "AAA", multiplier=10.0),
        bars_of(flat_rows([100.0] * 6), "BBB"),
    ]
    record = played(
        {
            0: lambda s: s.target_weights({"AAA": 0.8, "BBB": 0.2}),
            2: lambda s: s.target_weights({"AAA": 0.2, "BBB": 0.8}),
        },
        bars,
        universe=True,
    )
    assert record.refused == ()
    assert [(p.symbol, p.quantity) for p in record.positions] == [("AAA", 20.0), ("BBB", 800.0)]
