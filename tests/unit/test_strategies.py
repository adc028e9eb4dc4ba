"""The strategies that come along: entries and exits derived by hand, and invariants on samples."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

from framework.backtest.record import RunRecord
from framework.backtest.run import run
from framework.backtest.settings import BacktestSettings
from framework.components.sizing import AtrSizing, PercentOfEquity, RiskPerTrade, SmallestOf
from framework.config.strategies import available, find_strategy
from framework.domain.bars import Bars
from framework.domain.orders import OrderStatus, Origin, Side
from framework.errors import ConfigError
from framework.feeds.resample import resample
from framework.feeds.sample import SAMPLES, sample
from framework.indicators import average_true_range
from framework.strategy import Strategy
from strategies.bollinger_reversion import BollingerReversion
from strategies.macd_trend import MacdTrend
from strategies.momentum_rotation import MomentumRotation
from strategies.opening_range_breakout import OpeningRangeBreakout
from strategies.rsi_reversion import RsiReversion
from strategies.sma_cross import SmaCross
from strategies.turtle import Turtle
from tests.builders import (
    Row,
    bars_of,
    day_number,
    five_minutes,
    flat_rows,
    free,
    mirrored,
    trades_of,
)

FILES = sorted(path for path in Path("strategies").resolve().glob("*.py"))
SINGLE = (SmaCross, RsiReversion, Turtle, BollingerReversion, MacdTrend)
EVERY = (*SINGLE, MomentumRotation, OpeningRangeBreakout)
Trades = list[tuple[int, float, float]]


def ran(
    strategy: type[Strategy],
    bars: Bars | Sequence[Bars],
    settings: BacktestSettings | None = None,
    **parameters: object,
) -> RunRecord:
    several = [bars] if isinstance(bars, Bars) else list(bars)
    record = run(strategy, several, settings or free(), parameters)
    assert record.error == ""
    return record


def swapped(trades: Trades, around: float = 200.0) -> Trades:
    """What trades become when the market is turned upside down."""
    return [(at, -quantity, around - price) for at, quantity, price in trades]


def on_sample(
    strategy: type[Strategy], settings: BacktestSettings | None = None, **parameters: object
) -> RunRecord:
    return ran(strategy, sample(strategy.sample).bars, settings, **parameters)


# all of them -------------------------------------------------------------------------------


def test_the_files_are_the_strategies_found_by_name() -> None:
    assert [path.stem for path in FILES] == list(available())
    found = [find_strategy(path.stem).cls for path in FILES]
    assert {cls.__name__ for cls in found if not cls.option_model} == {
        cls.__name__ for cls in EVERY
    }


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_strategy_is_short_and_imports_the_framework_only(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) < 60
    for node in ast.walk(ast.parse(text)):
        assert not isinstance(node, ast.Import)
        if isinstance(node, ast.ImportFrom):
            assert node.module == "framework"


@pytest.mark.parametrize("strategy", EVERY)
def test_a_strategy_trades_on_its_own_sample(strategy: type[Strategy]) -> None:
    assert strategy.sample in SAMPLES
    record = on_sample(strategy, BacktestSettings())
    assert len(record.fills) > 20
    assert not record.refused


@pytest.mark.parametrize("strategy", EVERY)
@pytest.mark.parametrize("part", [0.4, 0.8])
def test_the_future_changes_no_past_fill(strategy: type[Strategy], part: float) -> None:
    bars = sample(strategy.sample).bars
    length = int(len(bars[0]) * part)
    short = ran(strategy, [one.take(0, length) for one in bars])
    whole = ran(strategy, bars)
    last = short.instants[-1]
    assert trades_of(short) == trades_of(whole)[: len(short.fills)]
    assert all(fill.time > last for fill in whole.fills[len(short.fills) :])


@pytest.mark.parametrize(
    ("strategy", "bars"),
    [
        (SmaCross, 100),
        (RsiReversion, 199),
        (Turtle, 55),
        (BollingerReversion, 19),
        (MacdTrend, 199),
        (MomentumRotation, 126),
        (OpeningRangeBreakout, 6),
    ],
)
def test_nothing_fires_while_warming_up(strategy: type[Strategy], bars: int) -> None:
    several = [one.take(0, bars) for one in sample(strategy.sample).bars]
    record = ran(strategy, several)
    assert not record.orders
    assert not record.refused


@pytest.mark.parametrize("strategy", SINGLE)
@pytest.mark.parametrize("name", ["synthetic-5m", "synthetic-universe"])
def test_a_strategy_of_one_symbol_trades_any_bars(strategy: type[Strategy], name: str) -> None:
    record = ran(strategy, sample(name).bars, BacktestSettings())
    assert len(record.fills) > 10
    assert not record.refused


@pytest.mark.parametrize("strategy", [*SINGLE, OpeningRangeBreakout])
def test_no_position_is_ever_added_to(strategy: type[Strategy]) -> None:
    record = on_sample(strategy, BacktestSettings())
    held = 0.0
    for fill in record.fills:
        assert held * fill.quantity <= 0.0, "an entry on top of a position"
        held = round(held + fill.quantity, 9)


@pytest.mark.parametrize("strategy", EVERY)
def test_flat_prices_are_never_traded(strategy: type[Strategy]) -> None:
    if strategy is OpeningRangeBreakout:
        bars = five_minutes(flat_rows([100.0] * 156), 78)
    else:
        bars = bars_of(flat_rows([100.0] * 260))
    record = ran(strategy, bars)
    assert not record.orders
    assert not record.refused


@pytest.mark.parametrize(
    ("strategy", "parameters", "named"),
    [
        (SmaCross, {"fast": 30, "slow": 30}, "fast=30"),
        (SmaCross, {"fast": 0}, "period is 0"),
        (RsiReversion, {"period": 1}, "period=1"),
        (RsiReversion, {"oversold": 100.0}, "oversold=100"),
        (RsiReversion, {"trend": -5}, "period is -5"),
        (Turtle, {"entry": 10, "leave": 20}, "leave=20"),
        (Turtle, {"stop": 0.0}, "0.0"),
        (BollingerReversion, {"width": 0.0}, "width=0"),
        (BollingerReversion, {"period": 1}, "period=1"),
        (BollingerReversion, {"stop": 0.0}, "0.0"),
        (MacdTrend, {"fast": 26, "slow": 12}, "fast=26"),
        (MacdTrend, {"trail": -1.0}, "-1.0"),
        (MomentumRotation, {"top": 0}, "top=0"),
        (MomentumRotation, {"invested": 1.5}, r"invested=1\.5"),
        (MomentumRotation, {"tolerance": -0.1}, r"tolerance=-0\.1"),
        (OpeningRangeBreakout, {"minutes": 0}, "minutes=0"),
        (OpeningRangeBreakout, {"reward": 0.0}, "reward=0"),
        (OpeningRangeBreakout, {"flat_before": -1}, "flat_before=-1"),
        (OpeningRangeBreakout, {"minutes": 7}, "not a multiple"),
    ],
)
def test_parameters_that_make_no_sense_are_refused(
    strategy: type[Strategy], parameters: Mapping[str, object], named: str
) -> None:
    bars = sample(strategy.sample).bars
    with pytest.raises(Exception, match=named) as caught:
        run(strategy, bars, free(), parameters)
    assert getattr(caught.value, "remedy", ""), "the remedy is said too"
    assert caught.value.exit_code == 2


# SMA cross ---------------------------------------------------------------------------------


def test_sma_cross_buys_the_cross_up_and_sells_the_cross_down() -> None:
    # fast: -, 9.5, 8.5, 8.0, 9.5, 11.5, 12.0, 10.0, 8.0
    # slow: -, -,   9.0, 8.3, 9.0, 10.3, 11.7, 10.7, 9.3: above from bar 4 to bar 6
    bars = bars_of(flat_rows([10, 9, 8, 8, 11, 12, 12, 8, 8.5]))
    record = ran(SmaCross, bars, fast=2, slow=3)
    assert trades_of(record) == [(5, 10.0, 12.0), (8, -10.0, 8.5)]


def test_sma_cross_waits_for_a_cross_when_it_starts_in_a_trend() -> None:
    record = ran(SmaCross, bars_of(flat_rows(list(range(10, 40)))), fast=2, slow=3)
    assert not record.orders


# RSI reversion -----------------------------------------------------------------------------

RISE_AND_DIP = [100, 104, 108, 112, 116, 120, 124, 128, 120, 121, 125, 126]
"""Average gain 4 and loss 0 up to bar 7, then RSI 2/(2+4) = 33.3 at bar 8; the 3-bar average is
123 at bar 9 and 122 at bar 10."""


def test_rsi_reversion_buys_the_dip_and_sells_the_recovery() -> None:
    dip = {"oversold": 35.0, "trend": 8, "recovery": 3}
    record = ran(RsiReversion, bars_of(flat_rows(RISE_AND_DIP)), **dip)
    assert trades_of(record) == [(9, 10.0, 121.0), (11, -10.0, 126.0)]
    deeper = ran(RsiReversion, bars_of(flat_rows(RISE_AND_DIP)), **(dip | {"oversold": 33.0}))
    assert not deeper.orders


def test_rsi_reversion_leaves_dips_below_the_trend_alone() -> None:
    falling = bars_of(flat_rows([200 - 3 * i for i in range(30)]))
    assert not ran(RsiReversion, falling, oversold=35.0, trend=8, recovery=3).orders


# turtle ------------------------------------------------------------------------------------

SMALL_TURTLE = {"entry": 3, "leave": 2, "period": 2, "stop": 2.0}
BREAKOUT = flat_rows([100, 100, 100, 100, 103, 105], 1.0)
"""True ranges 2 up to bar 3 and 4 at bar 4, whose close leaves the highs of 101 behind:
N = (2 + 4) / 2 = 3, so a fill at 105 stops at 99."""


def test_turtle_enters_beyond_the_long_channel_and_leaves_by_the_short_one() -> None:
    # the lows of bars 5 and 6 are 104 and 105: bar 7 closes below them
    rows = [*BREAKOUT, *flat_rows([106, 103, 103.5], 1.0)]
    expected = [(5, 10.0, 105.0), (8, -10.0, 103.5)]
    assert trades_of(ran(Turtle, bars_of(rows), **SMALL_TURTLE)) == expected
    upside_down = ran(Turtle, bars_of(mirrored(rows)), **SMALL_TURTLE)
    assert trades_of(upside_down) == swapped(expected)


def test_turtle_stops_two_n_from_its_fill_and_takes_the_breakout_down() -> None:
    # bar 6 trades through 99 and closes at 98, below the lows of bars 3 to 5 (99, 102, 104)
    rows: list[Row] = [*BREAKOUT, (104, 105, 95, 98), (97, 98, 96, 97)]
    expected = [(5, 10.0, 105.0), (6, -10.0, 99.0), (7, -10.0, 97.0)]
    record = ran(Turtle, bars_of(rows), **SMALL_TURTLE)
    assert trades_of(record) == expected
    assert record.orders[1].order.origin is Origin.STOP_LOSS
    upside_down = ran(Turtle, bars_of(mirrored(rows)), **SMALL_TURTLE)
    assert trades_of(upside_down) == swapped(expected)


def test_turtle_keeps_its_stop_while_the_breakout_goes_on() -> None:
    # every close is a new high and N grows, yet the stop stays 2 N (of the entry) from the fill
    rows = [*BREAKOUT, *flat_rows([109, 114, 120], 1.0)]
    for market, stop in ((rows, 99.0), (mirrored(rows), 101.0)):
        record = ran(Turtle, bars_of(market), **SMALL_TURTLE)
        assert [(str(o.order.origin), o.order.stop) for o in record.orders] == [
            ("strategy", None),
            ("stop_loss", stop),
        ]


def test_turtle_waits_until_n_is_known() -> None:
    rising = bars_of(flat_rows(range(100, 136, 3), 1.0))
    early = ran(Turtle, rising.take(0, 10), entry=3, leave=2, period=10)
    assert not early.orders
    assert not early.refused
    assert trades_of(ran(Turtle, rising, entry=3, leave=2, period=10)) == [(11, 10.0, 133.0)]


def test_turtles_channel_ends_with_the_bar_before() -> None:
    # the high of bar 3 is 104, so the close of 103 at bar 4 breaks nothing; bar 5's does
    rows = [*BREAKOUT[:3], (100, 104, 99, 100), *BREAKOUT[4:], *flat_rows([107], 1.0)]
    assert trades_of(ran(Turtle, bars_of(rows), **SMALL_TURTLE)) == [(6, 10.0, 107.0)]


@pytest.mark.parametrize(
    ("sizer", "risk"),
    [
        (RiskPerTrade(1.0), 0.01),
        (AtrSizing(percent=1.0, period=20, multiple=2.0), 0.01),
        (AtrSizing(percent=0.5, period=20), 0.01),
    ],
)
def test_a_stopped_turtle_loses_one_percent_of_equity(sizer: object, risk: float) -> None:
    record = on_sample(Turtle, free(sizer=sizer, leverage=10.0))
    assert not record.refused
    entries = {o.order.id: o for o in record.orders if o.order.origin is Origin.STRATEGY}
    stops = [o for o in record.orders if o.order.origin is Origin.STOP_LOSS]
    assert len(stops) == len(entries) > 30
    for stop in stops:
        entry = entries[str(stop.order.parent)]
        if entry.status is not OrderStatus.FILLED or stop.first_stop is None:
            continue
        equity = record.equity[np.searchsorted(record.instants, entry.order.time)]
        distance = abs(entry.average_price - stop.first_stop)
        assert distance * entry.filled == pytest.approx(risk * equity, abs=1.02 * distance)


def test_the_turtles_unit_moves_one_percent_per_n_within_what_can_be_paid_for() -> None:
    sizer = SmallestOf((AtrSizing(percent=1.0, period=20), PercentOfEquity(95.0)))
    record = on_sample(Turtle, free(sizer=sizer))
    (bars,) = record.bars
    n = average_true_range(bars.high, bars.low, bars.close, 20)
    by_n = 0
    for one in record.orders:
        if one.order.origin is not Origin.STRATEGY:
            continue
        row = np.searchsorted(record.instants, one.order.time)
        unit = min(0.01 / n[row], 0.95 / bars.close[row]) * record.equity[row]
        assert one.order.quantity == np.floor(unit)
        by_n += 0.01 / n[row] < 0.95 / bars.close[row]
    assert by_n > 30
    assert not record.refused


# Bollinger reversion -----------------------------------------------------------------------

BANDS = {"period": 4, "width": 1.0}
FALL = [100, 102, 100, 102, 100, 96, 97]
"""Bar 5 closes at 96 below 99.5 - 2.18; at bar 6 the middle is 98.75."""


def test_bollinger_reversion_buys_below_the_bands_and_sells_at_the_middle() -> None:
    # middle at bar 7: (100 + 96 + 97 + 99) / 4 = 98, upper band 99.58
    rows = flat_rows([*FALL, 99, 98.5])
    expected = [(6, 10.0, 97.0), (8, -10.0, 98.5)]
    assert trades_of(ran(BollingerReversion, bars_of(rows), **BANDS)) == expected
    upside_down = ran(BollingerReversion, bars_of(mirrored(rows)), **BANDS)
    assert trades_of(upside_down) == swapped(expected)


def test_bollinger_reversion_turns_round_when_the_price_shoots_through_both_bands() -> None:
    # bar 7 closes at 104, above the middle of 99.25 and the upper band of 102.36
    rows = flat_rows([*FALL, 104, 103])
    record = ran(BollingerReversion, bars_of(rows), **BANDS)
    assert trades_of(record) == [(6, 10.0, 97.0), (8, -10.0, 103.0), (8, -10.0, 103.0)]
    assert not record.refused


def test_bollinger_reversion_is_stopped_at_its_percentage() -> None:
    rows: list[Row] = [*flat_rows(FALL), (95, 95, 80, 82)]
    record = ran(BollingerReversion, bars_of(rows), stop=10.0, **BANDS)
    assert trades_of(record) == [(6, 10.0, 97.0), (7, -10.0, 87.3)]
    upside_down = ran(BollingerReversion, bars_of(mirrored(rows)), stop=10.0, **BANDS)
    assert trades_of(upside_down) == [(6, -10.0, 103.0), (7, 10.0, 113.3)]


# MACD trend --------------------------------------------------------------------------------

SMALL_MACD = {"fast": 2, "slow": 3, "signal": 2, "trend": 2}
STEADY = [100] * 16
"""Averages and signal settle at 100 and 0; the true range is 2."""
DROP_AND_JUMP = [97, 97, 103, 104]
"""MACD -0.50, -0.42, 0.74, 0.85 against its signal -0.33, -0.39, 0.36, 0.69: above at the third."""
N = (13 * (13 * (13 * 2 + 4) / 14 + 2) / 14 + 7) / 14
"""True ranges 4, 2, 7 after that, by Wilder over 14 bars."""


def test_macd_trend_buys_the_cross_up_and_sells_the_cross_down() -> None:
    # a close at 100 takes MACD to -0.08, below its signal at 0.17
    rows = flat_rows([*STEADY, *DROP_AND_JUMP, 100, 99], 1.0)
    record = ran(MacdTrend, bars_of(rows), **SMALL_MACD)
    assert trades_of(record) == [(19, 10.0, 104.0), (21, -10.0, 99.0)]


def test_macd_trend_trails_its_best_close_by_three_average_true_ranges() -> None:
    rows: list[Row] = [*flat_rows([*STEADY, *DROP_AND_JUMP, 110, 111], 1.0), (110, 110, 90, 91)]
    record = ran(MacdTrend, bars_of(rows), **SMALL_MACD)
    level = 111 - 3 * N
    entry, leave = trades_of(record)
    assert entry == (19, 10.0, 104.0)
    assert leave == (22, -10.0, pytest.approx(level, abs=0.01))


def test_macd_trend_leaves_crosses_below_the_trend_alone() -> None:
    # 40-bar average at the cross: (17 x 110 + 20 x 100 + 97 + 97 + 103) / 40 = 104.2, above 103
    bars = bars_of(flat_rows([110] * 20 + [100] * 20 + DROP_AND_JUMP, 1.0))
    assert not ran(MacdTrend, bars, **(SMALL_MACD | {"trend": 40})).orders
    assert ran(MacdTrend, bars, **SMALL_MACD).orders


# momentum rotation -------------------------------------------------------------------------

MARCH, APRIL = 20, 42
"""Rows of the first sessions of those months, counted from Monday 2020-02-03."""
FIRST = next(i for i in range(-50, 50) if day_number(i) == np.datetime64("2020-02-03").astype(int))


def lines(symbol: str, february: float, march: float, count: int = 45) -> Bars:
    """A price that changes by so much a bar up to March's first bar, then by so much."""
    closes = [100 + february * min(i, MARCH) + march * max(0, i - MARCH) for i in range(count)]
    return bars_of(flat_rows(closes), symbol, sessions=range(FIRST, FIRST + count))


def rotated(bars: Sequence[Bars], **parameters: object) -> list[tuple[int, str, float]]:
    small = {"lookback": 2, "top": 1, "invested": 0.9}
    record = ran(MomentumRotation, bars, **(small | parameters))
    assert not record.refused
    return [
        (int(np.searchsorted(record.instants, fill.time)), fill.symbol, fill.quantity)
        for fill in record.fills
    ]


def test_rotation_holds_the_strongest_and_changes_when_another_leads() -> None:
    # March: A 120, B 140, 90,000 / 140 = 642.9, filled at the next open of 139; April: A leads
    trades = rotated([lines("A", 1, 2), lines("B", 2, -1), lines("C", -1, 0)])
    cash = 100_000 - 642 * 139
    equity = cash + 642 * (140 - 22)
    assert sorted(trades) == [
        (MARCH + 1, "B", 642.0),
        (APRIL + 1, "A", np.floor(0.9 * equity / 164)),
        (APRIL + 1, "B", -642.0),
    ]


def test_rotation_leaves_a_holding_within_its_tolerance_alone() -> None:
    # bought at 143; by April 642 x 206 / (8,194 + 642 x 206) = 94.2 %
    bars = [lines("A", 1, 0), lines("B", 2, 3)]
    assert rotated(bars, tolerance=0.05) == [(MARCH + 1, "B", 642.0)]
    trimmed = rotated(bars, tolerance=0.04)
    assert [(at, symbol) for at, symbol, _ in trimmed] == [(MARCH + 1, "B"), (APRIL + 1, "B")]
    assert trimmed[1][2] < 0


def test_rotation_goes_to_cash_when_nothing_rises() -> None:
    trades = rotated([lines("A", 1, -1), lines("B", 2, -1)])
    assert trades == [(MARCH + 1, "B", 642.0), (APRIL + 1, "B", -642.0)]


def test_rotation_splits_equally_and_leaves_empty_places_in_cash() -> None:
    trades = rotated([lines("A", 1, 1), lines("B", 2, 2), lines("C", -1, -1)], top=3, tolerance=1.0)
    assert trades == [(MARCH + 1, "A", 250.0), (MARCH + 1, "B", np.floor(30_000 / 140))]


def test_rotation_passes_over_symbols_that_are_gone_or_too_young() -> None:
    gone = lines("GONE", 30, 30, count=10)
    young = bars_of(flat_rows([10, 500, 900]), "YOUNG", sessions=[FIRST + i for i in (19, 20, 21)])
    assert rotated([gone, young, lines("B", 2, 2)], tolerance=1.0) == [(MARCH + 1, "B", 642.0)]


def test_rotation_on_its_sample_is_within_tolerance_of_its_targets() -> None:
    record = on_sample(MomentumRotation)
    months = record.session.astype("M8[D]").astype("M8[M]")
    firsts = np.flatnonzero(months[1:] != months[:-1]) + 1
    close = {one.symbol: one.close for one in record.bars}
    traded = {int(np.searchsorted(record.instants, fill.time)) for fill in record.fills}
    assert traded <= {int(k) + 1 for k in firsts}
    for k in firsts[firsts >= 126]:
        momentum = {s: values[k] / values[k - 126] - 1 for s, values in close.items()}
        best = sorted((s for s in close if momentum[s] > 0), key=lambda s: -momentum[s])[:3]
        equity = record.equity[k]
        for symbol, values in close.items():
            weight = record.quantities[symbol][k + 1] * values[k] / equity
            target = 0.95 / 3 if symbol in best else 0.0
            assert abs(weight - target) <= max(0.02 * (target > 0), values[k] / equity)
            assert (weight > 0) == (symbol in best)


# opening-range breakout --------------------------------------------------------------------

QUIET: Row = (100, 100.5, 99.5, 100)


def session(**changes: Row) -> list[Row]:
    """78 bars of a regular session; `b10=row` is its bar number 10, counted from 0."""
    return [changes.get(f"b{i}", QUIET) for i in range(78)]


RANGE: dict[str, Row] = {"b2": (100, 101, 99, 100)}
"""The first six bars reach from 99 to 101."""
UP: Row = (100, 101.6, 100, 101.5)
DOWN: Row = (100, 100, 98.4, 98.5)


def breakout(*sessions: list[Row], **parameters: object) -> RunRecord:
    rows = [row for one in sessions for row in one]
    return ran(OpeningRangeBreakout, five_minutes(rows, 78), **parameters)


def test_breakout_is_bought_once_and_closed_before_the_close() -> None:
    # bar 74 closes 15 minutes before the end: decided there, filled at the next open
    record = breakout(session(**RANGE, b10=UP, b20=UP))
    assert trades_of(record) == [(11, 10.0, 100.0), (75, -10.0, 100.0)]
    entry, stop, target = record.orders[:3]
    assert (entry.order.side, stop.order.stop, target.order.limit) == (Side.BUY, 99.0, 105.0)
    assert stop.status is target.status is OrderStatus.CANCELLED


def test_breakout_down_is_sold_short_and_leaves_at_its_target() -> None:
    # 2 x (101 - 98.5) = 5 below the fill at 100
    record = breakout(session(**RANGE, b10=DOWN, b15=(100, 100, 94, 99), b30=UP))
    assert trades_of(record) == [(11, -10.0, 100.0), (15, 10.0, 95.0)]
    assert record.orders[1].order.stop == 101.0


def test_breakout_is_stopped_at_the_far_side_and_not_tried_again() -> None:
    record = breakout(session(**RANGE, b10=UP, b15=(100, 100, 98, 100), b30=UP))
    assert trades_of(record) == [(11, 10.0, 100.0), (15, -10.0, 99.0)]


def test_breakout_counts_from_the_completed_range_of_the_same_day() -> None:
    # bar 5 completes the range and its own close cannot be outside; the second day is quieter, so
    # 100.8 is outside its range though inside the first day's
    first = session(**RANGE, b5=(100, 101.6, 100, 101.5))
    second = session(b2=(100, 100.7, 99.2, 100), b10=(100, 100.8, 100, 100.8))
    assert trades_of(breakout(first, second)) == [(78 + 11, 10.0, 100.0), (78 + 75, -10.0, 100.0)]


@pytest.mark.parametrize("bars", [3, 40])
def test_breakout_forgets_the_range_of_a_day_that_broke_off(bars: int) -> None:
    # 101.5 at the second day's third bar is outside the first day's range only
    rows = [*session(**RANGE)[:bars], *session(b2=UP)]
    at = [*range(bars), *range(78)]
    broken = bars_of(
        rows,
        sessions=[0] * bars + [1] * 78,
        minutes=[5 * (77 - i) for i in at],
        frame="5m",
    )
    assert not ran(OpeningRangeBreakout, broken).orders


def test_breakout_comes_too_late_near_the_close() -> None:
    assert not breakout(session(**RANGE, b74=UP)).orders
    assert breakout(session(**RANGE, b73=UP)).orders
    assert breakout(session(**RANGE, b74=UP), flat_before=10).orders


@pytest.mark.parametrize("frame", ["5m", "15m", "30m"])
def test_breakout_is_flat_at_every_close_whatever_the_bars(frame: str) -> None:
    (bars,) = sample("synthetic-5m").bars
    coarse = resample(bars, frame)
    record = ran(OpeningRangeBreakout, coarse, BacktestSettings())
    last = np.append(record.session[1:] != record.session[:-1], True)
    assert not record.quantities[bars.symbol][last].any()
    entries = [o for o in record.orders if o.order.origin is Origin.STRATEGY]
    days = record.session[np.searchsorted(record.instants, [o.order.time for o in entries])]
    assert len(days) > 40
    assert len(days) == len(set(days.tolist()))


def test_breakout_wants_bars_no_longer_than_its_range() -> None:
    with pytest.raises(ConfigError, match="30m is shorter"):
        run(OpeningRangeBreakout, sample("sp500").bars, free())
