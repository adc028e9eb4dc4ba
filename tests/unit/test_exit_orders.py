"""Orders that close: what the price meets first, what is left to close, and groups of exits."""

from __future__ import annotations

from framework.backtest.run import run
from framework.components.exits import StopPercent, TrailingPercent
from framework.domain.orders import Offset, OrderStatus, Side, atr, pct
from framework.strategy import Strategy
from tests.builders import Row, bars_of, free, order_of, played, trades_of

QUIET: Row = (100, 101, 99, 100)
SPIKE: Row = (100, 110, 99.5, 109)


def quiet(count: int) -> list[Row]:
    return [QUIET] * count


# what the price meets first ----------------------------------------------------------------


def test_of_two_targets_the_nearer_fills_whatever_was_sent_first() -> None:
    record = played(
        {
            0: lambda s: s.buy(10),
            1: [
                lambda s: s.sell(10, limit=108.0, oca="q"),
                lambda s: s.sell(10, limit=103.0, oca="q"),
            ],
        },
        bars_of([QUIET, QUIET, SPIKE]),
    )
    assert trades_of(record) == [(1, 10.0, 100.0), (2, -10.0, 103.0)]


def test_of_two_stop_entries_the_nearer_fills_whatever_was_sent_first() -> None:
    record = played(
        {
            0: [
                lambda s: s.buy(10, stop=106.0, oca="q"),
                lambda s: s.buy(10, stop=103.0, oca="q"),
            ]
        },
        bars_of([QUIET, SPIKE]),
    )
    assert trades_of(record) == [(1, 10.0, 103.0)]


def test_a_trail_above_the_stop_loss_leaves_first() -> None:
    """Entry 100, stop loss 95, trail ratcheted to 97 % of 109: the fall meets 105.73 first."""
    record = played(
        {0: lambda s: s.go_long()},
        bars_of([QUIET, (100, 109, 100, 109), (109, 109.5, 92, 94)]),
        free(exits=(StopPercent(5), TrailingPercent(3))),
    )
    assert trades_of(record) == [(1, 10.0, 100.0), (2, -10.0, 105.73)]


# what is left to close ---------------------------------------------------------------------


def test_an_exit_dies_with_the_position_it_was_to_close() -> None:
    record = played(
        {0: lambda s: s.buy(10, stop_loss=95.0), 1: lambda s: s.sell(10, limit=110.0, tif="GTC")},
        bars_of([QUIET, QUIET, (100, 101, 94, 96), (100, 120, 99, 118)]),
    )
    assert trades_of(record) == [(1, 10.0, 100.0), (2, -10.0, 95.0)]
    exit_order = next(item for item in record.orders if item.order.limit == 110.0)
    assert (exit_order.status, exit_order.reason) == (
        OrderStatus.CANCELLED,
        "nothing left to close",
    )


def test_an_exit_at_the_price_of_the_target_does_not_sell_twice() -> None:
    record = played(
        {
            0: lambda s: s.buy(10, take_profit=105.0),
            1: lambda s: s.sell(10, limit=105.0, tif="GTC"),
        },
        bars_of([QUIET, QUIET, SPIKE, QUIET]),
    )
    assert sum(fill.quantity for fill in record.fills) == 0.0
    assert record.positions == ()


def test_an_exit_closes_no_more_than_is_left() -> None:
    record = played(
        {
            0: lambda s: s.buy(10),
            1: lambda s: s.sell(10, limit=104.0, tif="GTC"),
            2: lambda s: s.sell(6),
        },
        bars_of([QUIET, QUIET, QUIET, QUIET, SPIKE]),
    )
    assert trades_of(record) == [(1, 10.0, 100.0), (3, -6.0, 100.0), (4, -4.0, 104.0)]


# groups of exits ---------------------------------------------------------------------------


def test_a_hand_made_exit_pair_needs_no_buying_power_and_closes_once() -> None:
    """Everything is invested: both halves of the pair close, so neither is new risk."""
    record = played(
        {
            0: lambda s: s.buy(950),
            1: [
                lambda s: s.sell(950, limit=110.0, tif="GTC", oca="x"),
                lambda s: s.sell(950, stop=90.0, tif="GTC", oca="x"),
            ],
        },
        bars_of([QUIET, QUIET, (100, 101, 88, 89), (100, 120, 99, 118)]),
    )
    assert record.refused == ()
    assert trades_of(record) == [(1, 950.0, 100.0), (2, -950.0, 90.0)]


def test_a_straddle_of_entries_reserves_the_dearer_side_once() -> None:
    record = played(
        {
            0: [
                lambda s: s.buy(900, stop=105.0, oca="x"),
                lambda s: s.sell(900, stop=95.0, oca="x"),
                lambda s: s.buy(100),
            ]
        },
        bars_of([QUIET, QUIET]),
    )
    assert [(r.rule, r.quantity) for r in record.refused] == [("buying_power", 100.0)]


# distances in average true ranges --------------------------------------------------------------


def test_an_own_trailing_order_may_be_given_in_true_ranges() -> None:
    """Every true range is 2, so atr(2) is a distance of 4 from the decision's close."""
    record = played(
        {20: lambda s: s.sell(10, trailing=atr(2), tif="GTC"), 19: lambda s: s.buy(10)},
        bars_of([*quiet(22), (100, 101, 95, 96)]),
    )
    assert record.error == ""
    trail = next(item.order for item in record.orders if item.order.trail is not None)
    assert trail.trail == Offset(amount=4.0)
    assert trades_of(record) == [(20, 10.0, 100.0), (22, -10.0, 96.0)]


def test_a_trailing_order_waits_for_its_true_range() -> None:
    record = played({1: lambda s: s.buy(10, trailing=atr(2))}, bars_of(quiet(4)))
    assert [(r.rule, "not known yet" in r.reason) for r in record.refused] == [("trailing", True)]


def test_renewing_with_an_unknown_true_range_is_refused_and_keeps_the_stop() -> None:
    record = played(
        {0: lambda s: s.go_long(stop_loss=95.0), 2: lambda s: s.go_long(stop_loss=atr(2))},
        bars_of(quiet(5)),
    )
    assert record.error == ""
    assert [(r.rule, r.side) for r in record.refused] == [("protection", Side.BUY)]
    assert record.orders[1].order.stop == 95.0


# protection made anew ------------------------------------------------------------------------


def test_a_tighter_trail_holds_from_the_very_next_bar() -> None:
    """Long at 100 behind 20 %; at the close of 100 the trail becomes 1 %, which is 99."""
    record = played(
        {0: lambda s: s.go_long(trail=pct(20)), 2: lambda s: s.go_long(trail=pct(1))},
        bars_of([QUIET, QUIET, QUIET, (100, 100.5, 97, 98)]),
    )
    assert trades_of(record) == [(1, 10.0, 100.0), (3, -10.0, 99.0)]


def test_a_target_already_held_still_renews_its_stop() -> None:
    record = played(
        {
            0: lambda s: s.target(10, stop_loss=pct(5)),
            2: lambda s: s.target(10, stop_loss=pct(2)),
        },
        bars_of(quiet(5)),
    )
    assert trades_of(record) == [(1, 10.0, 100.0)]
    assert record.orders[1].order.stop == 98.0


def test_a_share_below_one_lot_is_a_refusal() -> None:
    record = played({0: lambda s: s.target_percent(0.05)}, bars_of(quiet(3)))
    assert trades_of(record) == []
    assert [r.rule for r in record.refused] == ["lot"]


def test_trailing_levels_stay_on_the_tick() -> None:
    """3.333 % below the close of 102.5 is 99.0837, which a sell stop rounds down."""
    record = played(
        {0: lambda s: s.go_long(trail=pct(3.333))},
        bars_of([QUIET, QUIET, (100, 103, 100, 102.5), (102, 102, 95, 96)]),
    )
    assert record.orders[1].first_stop == 96.66
    assert trades_of(record) == [(1, 10.0, 100.0), (3, -10.0, 99.08)]


def test_reduce_only_is_what_the_broker_is_told() -> None:
    record = played(
        {0: lambda s: s.buy(10), 1: lambda s: s.sell(4, limit=120.0, tif="GTC")},
        bars_of(quiet(4)),
    )
    assert [item.order.reduce_only for item in record.orders] == [False, True]
    assert order_of("market").reduce_only is False


# timers ------------------------------------------------------------------------------------


def test_a_timer_set_while_one_rings_waits_for_the_next_bar() -> None:
    rings: list[int] = []

    class Chain(Strategy):
        def setup(self) -> None:
            self.timer("again")

        def on_timer(self, name: str) -> None:
            rings.append(len(self.data))
            self.timer("again")

    assert run(Chain, [bars_of(quiet(4))], free()).error == ""
    assert rings == [1, 2, 3, 4]
