"""A run refuses what knows the future, names it, and leaves the honest alone."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from framework.backtest.run import run
from framework.domain.bars import Bars, FloatArray
from framework.domain.events import Signal
from framework.errors import LookaheadError, SlipwayError, StrategyError
from framework.indicators import (
    average_true_range,
    bollinger_upper,
    ema,
    highest,
    macd_signal,
    rate_of_change,
    rsi,
    sma,
)
from framework.series import Series, always, crosses_above, whole
from framework.strategy import Strategy
from tests.builders import bars_of, five_minutes, free


def walk(count: int, seed: int = 7) -> list[tuple[float, float, float, float]]:
    """A random walk, seeded."""
    rng = np.random.default_rng(seed)
    close = 100.0 * np.exp(np.cumsum(rng.normal(0.0, 0.01, count)))
    opened = np.concatenate(([100.0], close[:-1]))
    high = np.maximum(opened, close) * (1 + rng.uniform(0, 0.01, count))
    low = np.minimum(opened, close) * (1 - rng.uniform(0, 0.01, count))
    return list(zip(opened, high, low, close, strict=True))


def declaring(body: Callable[[Strategy], object], *, universe: bool = False) -> type[Strategy]:
    trades_all = universe

    class Declares(Strategy):
        universe = trades_all

        def setup(self) -> None:
            body(self)

    return Declares


def peek_one(values: FloatArray) -> FloatArray:
    return np.append(values[1:], np.nan)


def peek_one_hidden(values: FloatArray) -> FloatArray:
    """The next value, except for the last one, where today's stands in."""
    return np.append(values[1:], values[-1])


def centred(values: FloatArray) -> FloatArray:
    return pd.Series(values).rolling(5, center=True).mean().to_numpy()


def normalised(values: FloatArray) -> FloatArray:
    return (values - values.mean()) / values.std()


def negative_shift(values: FloatArray) -> FloatArray:
    return pd.Series(values).shift(-1).ffill().to_numpy()


def back_filled(values: FloatArray) -> FloatArray:
    return pd.Series(values).rolling(20).mean().bfill().to_numpy()


def whole_rank(values: FloatArray) -> FloatArray:
    return pd.Series(values).rank(pct=True).to_numpy()


def reversed_ema(values: FloatArray) -> FloatArray:
    return pd.Series(values[::-1]).ewm(span=5).mean().to_numpy()[::-1].copy()


def smoothed(values: FloatArray) -> FloatArray:
    return np.convolve(values, np.ones(3) / 3, mode="same")


def zigzag(values: FloatArray) -> FloatArray:
    """1 at a local high, known only one bar later."""
    found = np.zeros(len(values))
    found[1:-1] = (values[1:-1] > values[:-2]) & (values[1:-1] > values[2:])
    return found


PEEKS = [
    peek_one,
    peek_one_hidden,
    centred,
    normalised,
    negative_shift,
    back_filled,
    whole_rank,
    reversed_ema,
    smoothed,
    zigzag,
]


@pytest.mark.parametrize("count", [12, 60, 400, 3_000])
@pytest.mark.parametrize("function", PEEKS, ids=lambda f: f.__name__)
def test_a_peek_is_caught_and_named(function: Callable[..., FloatArray], count: int) -> None:
    if count == 12 and function is back_filled:
        return  # all of it is still warming up
    with pytest.raises(LookaheadError, match=function.__name__):
        run(declaring(lambda s: s.indicator(function)), [bars_of(walk(count))], free())


def test_a_peek_at_a_rare_event_is_caught() -> None:
    """Knows one crash among 5,000 bars a day early."""

    def crash_tomorrow(values: FloatArray) -> FloatArray:
        drop = np.zeros(len(values))
        drop[:-1] = values[1:] < 0.8 * values[:-1]
        return drop

    rows = walk(5_000)
    rows = [
        (o, h, low, c) if i < 3_333 else (o / 2, h / 2, low / 2, c / 2)
        for i, (o, h, low, c) in enumerate(rows)
    ]
    with pytest.raises(LookaheadError, match="crash_tomorrow"):
        run(declaring(lambda s: s.indicator(crash_tomorrow)), [bars_of(rows)], free())


def test_a_peek_only_inside_a_condition_is_caught() -> None:
    def body(s: Strategy) -> None:
        tomorrow = Series(peek_one_hidden(whole(s.data.close)), s.data.close.axis, "tomorrow")
        s.when(tomorrow > s.data.close, s.go_long)

    with pytest.raises(LookaheadError, match="tomorrow"):
        run(declaring(body), [bars_of(walk(300))], free())


def test_a_peek_in_an_argument_of_a_verb_is_caught() -> None:
    """`when(always, go_long, stop_loss=series)`: the series decides prices too."""

    def body(s: Strategy) -> None:
        tomorrow = Series(peek_one_hidden(whole(s.data.low)), s.data.low.axis, "tomorrow")
        s.when(always, s.go_long, stop_loss=tomorrow * 0.9)

    with pytest.raises(LookaheadError, match="tomorrow"):
        run(declaring(body), [bars_of(walk(300))], free())


def test_a_peek_on_a_longer_frame_is_caught() -> None:
    bars = five_minutes(walk(78 * 9), 78)

    def body(s: Strategy) -> None:
        s.indicator(peek_one_hidden, on=s.data.every("1d").close)

    with pytest.raises(LookaheadError, match="peek_one_hidden"):
        run(declaring(body), [bars], free())


def test_a_peek_on_another_symbol_is_caught() -> None:
    bars = [bars_of(walk(200, 1), "AAA"), bars_of(walk(200, 2), "BBB")]

    def body(s: Strategy) -> None:
        s.indicator(peek_one_hidden, on=s.data["BBB"].close)

    with pytest.raises(LookaheadError, match="peek_one_hidden"):
        run(declaring(body, universe=True), bars, free())


def test_a_peek_inside_a_composed_indicator_is_caught() -> None:
    def body(s: Strategy) -> None:
        s.indicator(sma, 5, on=s.indicator(peek_one_hidden))

    with pytest.raises(LookaheadError):
        run(declaring(body), [bars_of(walk(200))], free())


def test_the_message_names_the_bar_and_both_values() -> None:
    with pytest.raises(LookaheadError) as caught:
        run(declaring(lambda s: s.indicator(peek_one_hidden)), [bars_of(walk(200))], free())
    assert "UTC" in str(caught.value)
    assert "cut off" in str(caught.value)
    assert caught.value.exit_code == 1


def test_setup_that_depends_on_the_data_is_named() -> None:
    def body(s: Strategy) -> None:
        if len(whole(s.data.close)) > 100:
            s.indicator(sma, 5)

    with pytest.raises(SlipwayError, match="setup"):
        run(declaring(body), [bars_of(walk(200))], free())


# the honest --------------------------------------------------------------------------------

HONEST: list[tuple[str, Callable[[Strategy], object]]] = [
    ("sma", lambda s: s.indicator(sma, 20)),
    ("ema", lambda s: s.indicator(ema, 50)),
    ("rsi", lambda s: s.indicator(rsi, 14)),
    ("atr", lambda s: s.indicator(average_true_range, 14, on=("high", "low", "close"))),
    ("highest", lambda s: s.indicator(highest, 20, on="high")),
    ("bollinger", lambda s: s.indicator(bollinger_upper, 20, 2.0)),
    ("macd signal", lambda s: s.indicator(macd_signal, 12, 26, 9)),
    ("expanding mean", lambda s: s.indicator(lambda v: np.cumsum(v) / (np.arange(len(v)) + 1))),
    ("shifted", lambda s: s.indicator(sma, 5, on=s.data.close.shift(3))),
    ("of an indicator", lambda s: s.indicator(sma, 5, on=s.indicator(ema, 9))),
    ("pandas shift", lambda s: s.indicator(lambda v: pd.Series(v).shift(1).to_numpy())),
    (
        "crossing",
        lambda s: s.when(crosses_above(s.indicator(ema, 5), s.indicator(ema, 20)), s.go_long),
    ),
    ("minutes", lambda s: s.when(s.data.minutes_to_close <= 10, s.close)),
]


@pytest.mark.parametrize("count", [3, 40, 700])
@pytest.mark.parametrize("body", [b for _, b in HONEST], ids=[n for n, _ in HONEST])
def test_the_honest_are_left_alone(body: Callable[[Strategy], object], count: int) -> None:
    record = run(declaring(body), [bars_of(walk(count))], free())
    assert record.error == ""


def test_one_bar_is_enough_to_run() -> None:
    assert run(declaring(lambda s: s.indicator(sma, 5)), [bars_of(walk(1))], free()).error == ""


def honest_universe(s: Strategy) -> None:
    for symbol in s.symbols:
        s.indicator(rate_of_change, 20, on=s.data[symbol].close)
        s.when(s.data[symbol].close > s.indicator(ema, 10, on=s.data[symbol].close), s.go_long)
    s.when(s.data["BBB"].close > s.data["AAA"].close, s.close)


def test_symbols_with_gaps_and_different_starts_are_left_alone() -> None:
    whole = bars_of(walk(400, 1), "AAA")
    rows = walk(400, 2)
    keep = [i for i in range(400) if i % 7 != 3 and i > 60]
    holes = bars_of([rows[i] for i in keep], "BBB", sessions=keep)
    for bars in ([whole, holes], [holes, whole]):
        assert run(declaring(honest_universe, universe=True), bars, free()).error == ""


def test_a_symbol_that_starts_late_is_left_alone() -> None:
    late = bars_of(walk(40, 2), "BBB", sessions=list(range(560, 600)))
    bars = [bars_of(walk(600, 1), "AAA"), late]
    assert run(declaring(honest_universe, universe=True), bars, free()).error == ""


@pytest.mark.parametrize("frame", ["15m", "1h", "1d"])
def test_longer_frames_of_an_intraday_file_are_left_alone(frame: str) -> None:
    bars = five_minutes(walk(78 * 9), 78)

    def body(s: Strategy) -> None:
        longer = s.data.every(frame)
        s.indicator(ema, 3, on=longer.close)
        s.when(s.data.close > s.indicator(sma, 2, on=longer.close), s.go_long)

    assert run(declaring(body), [bars], free()).error == ""


# warm-up -----------------------------------------------------------------------------------


def warmup_of(body: Callable[[Strategy], object], bars: Bars) -> int:
    return run(declaring(body), [bars], free()).warmup


def test_warm_up_of_a_window_is_the_window() -> None:
    bars = bars_of(walk(600))
    assert warmup_of(lambda s: s.indicator(sma, 20), bars) == 19
    assert warmup_of(lambda s: s.indicator(highest, 55, on="high"), bars) == 54


def test_warm_up_of_a_recursion_is_longer_than_its_period() -> None:
    """(1 - 2/21)^n < 1e-9 of the price takes a couple of hundred bars."""
    found = warmup_of(lambda s: s.indicator(ema, 20), bars_of(walk(1_500)))
    assert 100 < found < 400


def test_warm_up_that_never_ends_is_half_the_history() -> None:
    bars = bars_of(walk(600))
    total = warmup_of(lambda s: s.indicator(np.cumsum), bars)
    assert total == 300


def test_no_indicator_needs_no_warm_up() -> None:
    assert warmup_of(lambda s: None, bars_of(walk(100))) == 0


def test_a_shared_state_between_instances_cannot_hide_a_peek() -> None:
    """setup runs on a fresh instance each time; nothing the first left behind is needed."""
    made: list[int] = []

    def body(s: Strategy) -> None:
        made.append(id(s))
        s.indicator(sma, 3)

    run(declaring(body), [bars_of(walk(200))], free())
    assert len(made) > 2


def test_signals_do_not_confuse_the_check() -> None:
    bars = bars_of(walk(100))
    assert isinstance(Signal, type)
    assert run(declaring(lambda s: s.indicator(ema, 5)), [bars], free()).error == ""


def test_an_indicator_of_the_wrong_shape_is_named() -> None:
    with pytest.raises(StrategyError, match="shape"):
        run(declaring(lambda s: s.indicator(lambda v: v[:-1])), [bars_of(walk(50))], free())
