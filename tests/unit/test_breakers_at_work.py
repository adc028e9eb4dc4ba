"""Breakers, attached exits, timers and signals within an instant, and what a run records."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from framework.backtest.run import run
from framework.components.breakers import DailyLoss, DailyLossMoney, MaxDrawdown
from framework.components.commission import PerOrder
from framework.components.exits import StopPercent, TimeStop
from framework.components.sizing import PercentOfEquity
from framework.domain.events import Signal, SignalAction
from framework.domain.orders import Side
from framework.ports import BreakerState
from framework.strategy import Strategy
from tests.builders import (
    Row,
    bars_of,
    five_minutes,
    flat_rows,
    free,
    played,
    trades_of,
)

QUIET: Row = (100, 101, 99, 100)

# breakers ----------------------------------------------------------------------------------


def falling() -> list[Row]:
    """Bought at 100 in bar 1; bar 2 closes 5 % lower, bar 3 is the breaker's sale at 95."""
    return [
        QUIET,
        QUIET,
        (100, 100, 95, 95),
        (95, 96, 94, 95),
        (95, 96, 94, 95),
        (95, 96, 94, 95),
    ]


def test_a_tripped_breaker_cancels_flattens_skips_the_callbacks_and_refuses_new_risk() -> None:
    called: list[int] = []

    def act(s: Strategy, bar: int) -> None:
        called.append(bar)
        if bar == 0:
            s.go_long(stop_loss=50.0)
            s.buy(1, limit=60.0, tif="GTC")
        if bar >= 2:
            s.go_long()
            s.go_short()

    record = played(
        act,
        bars_of(falling()),
        free(sizer=PercentOfEquity(90.0), breakers=(MaxDrawdown(4.0),)),
    )
    assert called == [0, 1, 3, 4, 5], "bar 2 tripped: its callbacks are skipped, later ones run"
    assert trades_of(record) == [(1, 900.0, 100.0), (3, -900.0, 95.0)]
    assert [str(o.status) for o in record.orders] == [
        "filled",
        "cancelled",
        "cancelled",
        "filled",
    ]
    assert [str(o.order.origin) for o in record.orders][-1] == "breaker"
    assert [(t.breaker, t.time) for t in record.trips] == [
        ("max_drawdown", int(record.instants[2]))
    ]
    assert "95,500.00" in record.trips[0].reason
    assert {r.rule for r in record.refused} == {"halted"}
    assert "max_drawdown" in record.refused[0].reason
    assert len(record.refused) == 6
    assert record.positions == ()


def test_after_a_trip_exits_still_pass() -> None:
    """The breaker closes at bar 3; a strategy that closes too sells nothing twice."""
    record = played(
        lambda s, bar: s.go_long() if bar == 0 else s.close() if bar >= 1 else None,
        bars_of([QUIET, QUIET, (100, 100, 95, 95), (95, 96, 94, 95), (95, 96, 94, 95)]),
        free(sizer=PercentOfEquity(90.0), breakers=(MaxDrawdown(0.0001),)),
    )
    assert sum(f.quantity for f in record.fills) == 0.0
    assert len(record.fills) == 2


def test_equity_of_breakers_includes_fees() -> None:
    """A fee of 500 on 100,000 is a loss of 0.5 % with no price moving at all."""
    record = played(
        {0: lambda s: s.buy(1)},
        bars_of([QUIET] * 4),
        free(commission=PerOrder(500.0), breakers=(MaxDrawdown(0.5),)),
    )
    assert [int(t.time) for t in record.trips] == [int(record.instants[1])]


def test_a_daily_loss_ends_with_its_session() -> None:
    """Session 0: bought, down 2 %, tripped and sold. Session 1: new entries pass again."""
    rows: list[Row] = [
        *[QUIET] * 2,
        (100, 100, 97, 97),
        (97, 98, 96, 97),
        *flat_rows([97.0] * 4),
    ]
    record = played(
        lambda s, bar: s.go_long(),
        five_minutes(rows, 4),
        free(sizer=PercentOfEquity(90.0), breakers=(DailyLoss(2.0),)),
    )
    assert [k for k, _, _ in trades_of(record)] == [1, 3, 5]
    assert [r.time for r in record.refused] == [int(record.instants[3])]
    assert [t.time for t in record.trips] == [int(record.instants[2])]


def test_the_day_opens_with_the_last_mark_of_the_session_before() -> None:
    """Overnight from 100 to 96 with 900 units is 3,600 lost today; each day alone lost less."""
    for money, trips in ((3_600.0, 1), (3_600.01, 0)):
        record = played(
            {0: lambda s: s.go_long()},
            bars_of([QUIET, QUIET, (96, 97, 95, 96), (96, 97, 95, 96)]),
            free(sizer=PercentOfEquity(90.0), breakers=(DailyLossMoney(money),)),
        )
        assert len(record.trips) == trips
    record = played(
        {0: lambda s: s.go_long()},
        bars_of([QUIET, QUIET, (98, 99, 97, 98), (96, 97, 95, 96)]),
        free(sizer=PercentOfEquity(90.0), breakers=(DailyLossMoney(1_801.0),)),
    )
    assert record.trips == (), "1,800 lost on each of two days is not 3,600 on one"


def test_breakers_see_what_the_result_shows() -> None:
    seen: list[tuple[int, float, float, float]] = []

    class Watches:
        def check(self, state: BreakerState) -> None:
            seen.append((state.time, state.equity, state.day_open_equity, state.peak_equity))

    record = played(
        {0: lambda s: s.go_long()},
        bars_of(flat_rows([100.0, 100.0, 110.0, 90.0, 105.0])),
        free(breakers=(Watches(),)),
    )
    assert [equity for _, equity, _, _ in seen] == list(record.equity)
    assert [day for _, _, day, _ in seen] == [100_000.0, 100_000.0, 100_000.0, 100_100.0, 99_900.0]
    assert [peak for _, _, _, peak in seen] == [100_000.0, 100_000.0, *[100_100.0] * 3]


def test_a_breaker_flattens_every_symbol() -> None:
    bars = [bars_of(falling(), "AAA"), bars_of([QUIET] * 6, "BBB")]
    for universe in (True, False):
        record = played(
            lambda s, bar: [s.go_long(symbol=symbol) for symbol in s.symbols] if bar == 0 else None,
            bars,
            free(sizer=PercentOfEquity(90.0), breakers=(MaxDrawdown(2.0),)),
            universe=universe,
        )
        assert len(record.trips) == 1
        assert record.positions == ()
        assert len(record.fills) == 4


def test_a_breaker_reverses_nothing_with_working_entries() -> None:
    """An entry decided in the very bar before the trip has filled with it; one waiting dies."""
    record = played(
        {
            0: lambda s: s.go_long(),
            1: lambda s: s.sell(5, stop=50.0, tif="GTC"),
        },
        bars_of([*falling()[:4], (60, 61, 40, 41), (41, 42, 40, 41)]),
        free(sizer=PercentOfEquity(90.0), breakers=(MaxDrawdown(4.0),)),
    )
    assert record.positions == ()
    assert trades_of(record) == [(1, 900.0, 100.0), (3, -900.0, 95.0)]


# exits attached to any strategy ------------------------------------------------------------


def test_a_time_stop_closes_after_its_bars() -> None:
    """Filled in bar 1; two bars later, at the close of bar 3, the exit is decided."""
    record = played({0: lambda s: s.go_long()}, bars_of([QUIET] * 7), free(exits=(TimeStop(2),)))
    assert trades_of(record) == [(1, 10.0, 100.0), (4, -10.0, 100.0)]
    assert str(record.orders[1].order.origin) == "time_stop"


def test_a_time_stop_counts_anew_for_a_new_position() -> None:
    record = played(
        {0: lambda s: s.go_long(), 2: lambda s: s.close(), 3: lambda s: s.go_long()},
        bars_of([QUIET] * 9),
        free(exits=(TimeStop(3),)),
    )
    assert [k for k, _, _ in trades_of(record)] == [1, 3, 4, 8]


def test_an_attached_exit_leaves_the_strategy_s_own_alone() -> None:
    record = played(
        {0: lambda s: s.go_long(stop_loss=90.0), 3: lambda s: s.close()},
        bars_of([*[QUIET] * 2, (100, 101, 94, 95), *[QUIET] * 2]),
        free(exits=(StopPercent(5.0),)),
    )
    assert trades_of(record) == [(1, 10.0, 100.0), (4, -10.0, 100.0)]
    assert record.orders[1].order.stop == 90.0


def test_a_time_stop_goes_while_a_breaker_is_tripped_only_once() -> None:
    record = played(
        {0: lambda s: s.go_long()},
        bars_of(falling()),
        free(sizer=PercentOfEquity(90.0), exits=(TimeStop(1),), breakers=(MaxDrawdown(4.0),)),
    )
    assert record.positions == ()
    assert len(record.fills) == 2


# timers and signals ------------------------------------------------------------------------


def test_timers_fire_at_the_first_instant_at_or_after_they_are_due() -> None:
    rung: list[tuple[str, datetime]] = []

    class Rings(Strategy):
        def setup(self) -> None:
            self.timer("soon", datetime(2020, 2, 24, 20, 43, tzinfo=UTC))
            self.timer("often", datetime(2020, 2, 24, 20, 45, tzinfo=UTC), timedelta(minutes=7))

        def on_timer(self, name: str) -> None:
            rung.append((name, self.now))

    record = run(Rings, [five_minutes([QUIET] * 5, 5)], free())
    assert record.error == ""

    def at(minute: int) -> datetime:
        return datetime(2020, 2, 24, 20, 0, tzinfo=UTC) + timedelta(minutes=minute)

    # bars close at :40 :45 :50 :55 :60; due 45, 52, 59, 66
    assert rung == [
        ("soon", at(45)),
        ("often", at(45)),
        ("often", at(55)),
        ("often", at(60)),
    ]


def test_a_repeating_timer_rings_once_after_a_gap_and_keeps_its_grid() -> None:
    rung: list[datetime] = []

    class Rings(Strategy):
        def setup(self) -> None:
            self.timer("t", datetime(2020, 2, 24, 21, 0, tzinfo=UTC), timedelta(hours=1))

        def on_timer(self, name: str) -> None:
            rung.append(self.now)

    record = run(Rings, [bars_of([QUIET] * 3)], free())
    assert record.error == ""
    assert [t.day for t in rung] == [24, 25, 26]


def signals_of(bars_times: list[int], *actions: SignalAction) -> tuple[Signal, ...]:
    return tuple(Signal(t, "AAA", a, 0.7) for t, a in zip(bars_times, actions, strict=True))


def test_a_signal_is_heard_at_the_first_instant_at_or_after_its_time() -> None:
    bars = bars_of([QUIET] * 5)
    times = [int(bars.close_time[1]), int(bars.close_time[2]) + 1]
    heard: list[tuple[int, str, float]] = []

    class Hears(Strategy):
        def on_signal(self, signal: Signal) -> None:
            heard.append((len(self.data) - 1, str(signal.action), signal.confidence))
            if signal.action is SignalAction.BUY:
                self.go_long()
            else:
                self.close()

    settings = free(signals=signals_of(times, SignalAction.BUY, SignalAction.SELL))
    record = run(Hears, [bars], settings)
    assert record.error == ""
    assert heard == [(1, "BUY", 0.7), (3, "SELL", 0.7)]
    assert trades_of(record) == [(2, 10.0, 100.0), (4, -10.0, 100.0)]


def test_a_signal_reaches_only_those_who_trade_its_symbol() -> None:
    bars = [bars_of([QUIET] * 3, "AAA"), bars_of([QUIET] * 3, "BBB")]
    heard: list[str] = []

    class Hears(Strategy):
        def on_signal(self, signal: Signal) -> None:
            heard.append(f"{self.data.symbol} heard {signal.symbol}")

    settings = free(signals=signals_of([int(bars[0].close_time[0])], SignalAction.BUY))
    assert run(Hears, bars, settings).error == ""
    assert heard == ["AAA heard AAA"]


def test_signals_out_of_order_are_still_heard_in_time() -> None:
    bars = bars_of([QUIET] * 5)
    times = [int(bars.close_time[3]), int(bars.close_time[1])]
    heard: list[int] = []

    class Hears(Strategy):
        def on_signal(self, signal: Signal) -> None:
            heard.append(len(self.data) - 1)

    settings = free(signals=signals_of(times, SignalAction.SELL, SignalAction.BUY))
    assert run(Hears, [bars], settings).error == ""
    assert heard == [1, 3]


# the record --------------------------------------------------------------------------------


def test_the_curve_is_cash_plus_positions_at_every_instant() -> None:
    record = played(
        {0: lambda s: s.go_long(), 2: lambda s: s.go_short(), 4: lambda s: s.close()},
        bars_of(flat_rows([100.0, 101.0, 103.0, 102.0, 99.0, 98.0])),
        free(commission=PerOrder(1.0)),
    )
    # 10 at 101, 20 sold at 102, 10 bought at 98
    assert list(record.cash) == [
        100_000.0,
        98_989.0,
        98_989.0,
        101_028.0,
        101_028.0,
        100_047.0,
    ]
    assert list(record.quantities["AAA"]) == [0.0, 10.0, 10.0, -10.0, -10.0, 0.0]
    assert list(record.equity) == [
        100_000.0,
        99_999.0,
        100_019.0,
        100_008.0,
        100_038.0,
        100_047.0,
    ]


def test_a_debit_after_a_gap_is_told() -> None:
    record = played(
        {0: lambda s: s.go_long()},
        bars_of([QUIET, (110, 111, 109, 110)]),
        free(sizer=PercentOfEquity(99.0)),
    )
    assert trades_of(record) == [(1, 990.0, 110.0)]
    assert any("-8,900.00" in warning for warning in record.warnings)


def test_order_ids_are_ours_ascii_short_and_unique() -> None:
    class AnExtraordinarilyLongStrategyName(Strategy):
        def on_bar(self) -> None:
            self.go_long(stop_loss=90.0) if self.position.is_flat else self.close()

    symbols = ["SPY_240119C00470", "SPY_240119C00480", "ÄÖÜ"]
    bars = [bars_of([QUIET] * 6, symbol) for symbol in symbols]
    record = run(AnExtraordinarilyLongStrategyName, bars, free())
    assert record.error == ""
    ids = [o.order.id for o in record.orders]
    assert len(set(ids)) == len(ids)
    assert {f.symbol for f in record.fills} == set(symbols)
    assert all(i.isascii() and len(i) <= 40 for i in ids)


@pytest.mark.parametrize("side", list(Side))
def test_the_same_run_twice_is_the_same(side: Side) -> None:
    def once() -> str:
        verb: Callable[[Strategy], None] = (
            (lambda s: s.go_long(stop_loss=95.0))
            if side is Side.BUY
            else (lambda s: s.go_short(stop_loss=105.0))
        )
        record = played({0: verb, 3: lambda s: s.close()}, bars_of([QUIET] * 6))
        return repr((record.fills, record.orders, record.commissions, list(record.equity)))

    assert once() == once()
