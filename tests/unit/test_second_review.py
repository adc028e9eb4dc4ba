"""Books that agree to the cent, orders that cannot leave, exits that stay, protection per entry."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from framework.backtest.record import INTERRUPTED
from framework.backtest.run import run, run_verified
from framework.brokers.simulated.policy import FillPolicy
from framework.components.breakers import MaxDrawdown
from framework.components.commission import IbkrFixed
from framework.components.limits import MaxGrossExposure, MaxPositionPercent
from framework.components.sizing import Shares
from framework.domain.bars import FloatArray
from framework.domain.events import OrderUpdate
from framework.domain.ledger import Ledger
from framework.domain.orders import OrderStatus, Origin, atr, pct, points
from framework.errors import LookaheadError, OrderError
from framework.strategy import Strategy
from tests.builders import Row, bars_of, flat_rows, free, played, scripted, trades_of

QUIET: Row = (100, 101, 99, 100)


def quiet(count: int) -> list[Row]:
    return [QUIET] * count


# books -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mine", "theirs", "agree"),
    [
        (99830.065, 99830.065 - 2e-11, True),
        (0.005, 0.00499999, True),
        (100.0, 100.004, True),
        (100.0, 100.006, False),
        (100.0, float("nan"), False),
    ],
)
def test_books_agree_to_half_a_cent(mine: float, theirs: float, agree: bool) -> None:
    assert (Ledger(mine, {}).differences(Ledger(theirs, {})) == []) is agree


def test_half_cent_fees_on_several_symbols_reconcile() -> None:
    rng = np.random.default_rng(1)
    bars = [
        bars_of(flat_rows(list(np.round(100 + rng.normal(0, 1, 60).cumsum(), 3))), name)
        for name in ("AAA", "BBB", "CCC")
    ]
    script = {i: (lambda s: s.go_long()) if i % 2 else (lambda s: s.close()) for i in range(58)}
    for shares in (211, 213, 217):
        record = played(script, bars, free(sizer=Shares(shares), commission=IbkrFixed()))
        assert len(record.fills) > 100


# orders that cannot leave --------------------------------------------------------------------


def test_a_stop_below_one_tick_is_refused_and_leaves_nothing_behind() -> None:
    record = played(
        {0: lambda s: s.buy(900, stop_loss=0.004), 1: lambda s: s.buy(900)}, bars_of(quiet(4))
    )
    assert [r.rule for r in record.refused] == ["protection"]
    assert trades_of(record) == [(2, 900.0, 100.0)]


def test_an_error_the_strategy_catches_does_not_lock_the_symbol() -> None:
    def act(s: Strategy, bar: int) -> None:
        if bar == 0:
            with pytest.raises(OrderError):
                s.buy(10, limit=95.0, stop_loss="97")  # type: ignore[arg-type]
            s.go_long()
        if bar == 2:
            s.close()

    record = run(scripted(act), [bars_of(quiet(5))], free())
    assert trades_of(record) == [(1, 10.0, 100.0), (3, -10.0, 100.0)]


def test_protection_in_true_ranges_is_checked_for_orders_sized_at_the_fill() -> None:
    record = played(
        {1: lambda s: s.buy(fraction=0.5, stop_loss=atr(2))},
        bars_of(quiet(4)),
        free(policy=FillPolicy.backtesting_py()),
    )
    assert [r.rule for r in record.refused] == ["protection"]


# exits that stay ---------------------------------------------------------------------------


def test_cancel_all_leaves_what_closes_a_position() -> None:
    record = played(
        {
            0: lambda s: s.buy(10, stop_loss=95.0),
            2: [lambda s: s.close(), lambda s: s.cancel_all()],
        },
        bars_of(quiet(5)),
    )
    assert trades_of(record) == [(1, 10.0, 100.0), (3, -10.0, 100.0)]


def test_a_breakers_exit_cannot_be_called_off() -> None:
    def act(s: Strategy, bar: int) -> None:
        if bar == 0:
            s.buy(900, stop_loss=50.0)
        for order in s.orders:
            if order.origin is Origin.BREAKER:
                s.cancel(order)
        if bar > 1:
            s.cancel_all()

    class Stubborn(scripted(act)):  # type: ignore[misc]
        def on_order(self, update: OrderUpdate) -> None:
            if update.status is OrderStatus.CANCELLED:
                self.cancel_all()

    rows = [QUIET, QUIET, (100, 100, 60, 70), (70, 70, 60, 65), (65, 65, 60, 62)]
    record = run(Stubborn, [bars_of(rows)], free(breakers=(MaxDrawdown(10),)))
    assert [trip.breaker for trip in record.trips] == ["max_drawdown"]
    assert record.positions == ()
    assert trades_of(record)[-1] == (3, -900.0, 70.0)


def test_the_exit_of_a_symbol_whose_bars_have_ended_frees_no_buying_power() -> None:
    ended = bars_of(quiet(3), "AAA")
    going = bars_of(quiet(8), "BBB")
    record = played(
        {
            0: lambda s: s.buy(900, symbol="AAA"),
            5: [lambda s: s.close(symbol="AAA"), lambda s: s.buy(900, symbol="BBB")],
        },
        [going, ended],
        universe=True,
    )
    assert [(r.rule, r.symbol) for r in record.refused] == [("buying_power", "BBB")]
    assert "AAA is still held although its bars end" in " ".join(record.warnings)


def test_a_resting_reversal_opens_no_more_than_was_judged() -> None:
    """Judged as 900 to close and 900 to open; the stop loss closes first, at 97."""
    record = played(
        {
            0: lambda s: s.buy(900, stop_loss=97.0),
            1: lambda s: s.sell(1800, stop=95.0, tif="GTC"),
        },
        bars_of([QUIET, QUIET, (100, 101, 94, 96), QUIET]),
    )
    assert trades_of(record) == [(1, 900.0, 100.0), (2, -900.0, 97.0), (2, -900.0, 95.0)]


# what the rules see ------------------------------------------------------------------------


def test_percent_limits_count_the_whole_accounts_equity() -> None:
    """Two sleeves of 50,000: 60 % of the account is 60,000, more than a sleeve holds."""
    record = played(
        {0: lambda s: s.buy(490)},
        [bars_of(quiet(3), "AAA"), bars_of(quiet(3), "BBB")],
        free(rules=(MaxPositionPercent(40.0),)),
    )
    assert [(f.symbol, f.quantity) for f in record.fills] == [("AAA", 400.0), ("BBB", 400.0)]


def test_the_exit_part_of_a_reversal_frees_exposure_for_its_entry() -> None:
    record = played(
        {0: lambda s: s.go_long(), 2: lambda s: s.go_short()},
        bars_of(quiet(5)),
        free(sizer=Shares(600), rules=(MaxGrossExposure(70.0),)),
    )
    assert trades_of(record) == [(1, 600.0, 100.0), (3, -1200.0, 100.0)]


# protection per entry ------------------------------------------------------------------------


def test_renewing_gives_every_lot_its_stop() -> None:
    record = played(
        {
            0: lambda s: s.buy(10, stop_loss=90.0),
            1: lambda s: s.buy(5),
            3: lambda s: s.go_long(stop_loss=97.0),
        },
        bars_of([*quiet(5), (100, 101, 96, 98)]),
    )
    assert trades_of(record)[2:] == [(5, -10.0, 97.0), (5, -5.0, 97.0)]


def test_a_reversal_taken_back_in_the_same_instant_keeps_the_stop() -> None:
    record = played(
        {
            0: lambda s: s.go_long(stop_loss=95.0),
            2: [lambda s: s.go_short(), lambda s: s.go_long()],
        },
        bars_of([*quiet(4), (100, 101, 94, 96)]),
    )
    assert trades_of(record) == [(1, 10.0, 100.0), (4, -10.0, 95.0)]


def test_a_renewal_wider_than_the_price_is_refused_and_changes_nothing() -> None:
    record = played(
        {0: lambda s: s.go_long(stop_loss=95.0), 2: lambda s: s.go_long(stop_loss=points(200))},
        bars_of([*quiet(4), (100, 101, 94, 96)]),
    )
    assert [r.rule for r in record.refused] == ["protection"]
    assert trades_of(record)[1] == (4, -10.0, 95.0)


def test_a_trail_made_and_renewed_at_once_follows_the_present_close() -> None:
    rows = [(200, 201, 199, 200), (200, 201, 199, 200), *[(150, 151, 149, 150)] * 3]
    record = played(
        {
            0: lambda s: s.go_long(),
            3: [lambda s: s.go_long(trail=pct(5)), lambda s: s.go_long(trail=pct(4))],
        },
        bars_of([*rows, (150, 151, 143, 145)]),
    )
    assert trades_of(record)[1] == (5, -10.0, 144.0)


def test_below_zero_equity_a_share_closes_what_is_held() -> None:
    record = played(
        {0: lambda s: s.buy(2000), 2: lambda s: s.target_percent(50)},
        bars_of([QUIET, QUIET, (40, 41, 39, 40), (40, 41, 39, 40)]),
        free(leverage=2.0),
    )
    assert record.equity[2] < 0
    assert trades_of(record)[1:] == [(3, -2000.0, 40.0)]


def test_a_reduce_only_order_ends_when_its_last_unit_is_gone() -> None:
    record = played(
        {
            0: lambda s: s.buy(10),
            1: [
                lambda s: s.sell(10, limit=105.0, tif="GTC"),
                lambda s: s.sell(10, limit=106.0, tif="GTC"),
            ],
        },
        bars_of([QUIET, QUIET, (100, 105.5, 99, 105), QUIET]),
    )
    assert [item.status for item in record.orders] == [
        OrderStatus.FILLED,
        OrderStatus.FILLED,
        OrderStatus.CANCELLED,
    ]


# runs cut short, and replays -------------------------------------------------------------------


def test_a_run_cut_short_keeps_the_fills_of_its_last_instant_in_its_curve() -> None:
    def act(s: Strategy, bar: int) -> None:
        if bar == 0:
            s.buy(10)
        if bar == 1:
            raise ValueError("just after the fill")

    record = run(scripted(act), [bars_of([QUIET, (100, 111, 99, 110), QUIET])], free())
    assert record.stop == 2
    assert record.equity[1] == 100_100.0
    assert list(record.quantities["AAA"][:2]) == [0.0, 10.0]


def needs_fifty(values: FloatArray) -> FloatArray:
    """An honest indicator that cannot bear a short history."""
    if len(values) < 50:
        raise ValueError("too short")
    return values


class Closes(Strategy):
    """Honest, and busy at the end."""

    def setup(self) -> None:
        self.indicator(needs_fifty)

    def on_bar(self) -> None:
        if len(self.data) % 10 == 0:
            self.buy(1)

    def on_stop(self) -> None:
        self.close()


def test_short_histories_and_orders_at_the_end_are_no_lookahead() -> None:
    record = run_verified(Closes, [bars_of(quiet(200))], free(), {}, {})
    assert record.error == ""
    assert len(record.fills) == 19


def test_an_interrupt_during_the_replays_interrupts_the_run() -> None:
    seen = []

    class Slow(Strategy):
        def on_bar(self) -> None:
            seen.append(1)
            if len(seen) > 60:
                raise KeyboardInterrupt
            if len(self.data) == 5:
                self.buy(1)

    record = run_verified(Slow, [bars_of(quiet(58))], free(), {}, {})
    assert record.error == INTERRUPTED
    assert len(record.fills) == 1


def test_a_replay_that_raises_where_the_run_did_not_is_named() -> None:
    class Reaches(Strategy):
        total = 100

        def on_bar(self) -> None:
            if len(self.data) == 20:
                self.buy(1)
                if type(self).total == 100:
                    type(self).total = 0
                else:
                    raise IndexError("no tomorrow")

    with pytest.raises(LookaheadError, match="the strategy stops there instead"):
        run_verified(Reaches, [bars_of(quiet(100))], free(), {}, {})


def test_late_starting_symbols_are_replayed_from_their_first_bar() -> None:
    late = bars_of(quiet(60), "BBB").take(30, 60)
    record = run_verified(
        scripted({5: lambda s: s.buy(1), 40: lambda s: s.buy(1, symbol="BBB")}, universe=True),
        [bars_of(quiet(60), "AAA"), late],
        replace(free(), start=None),
        {},
        {},
    )
    assert record.error == ""
