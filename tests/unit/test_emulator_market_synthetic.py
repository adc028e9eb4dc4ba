"""The made-up market is the same whatever was asked before, and its frames agree."""

from __future__ import annotations

from time import perf_counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from framework.calendar import DAY, day_of
from framework.domain.instruments import AssetType, Instrument
from framework.emulator.market.paths import BLOCK, days_of_block
from framework.emulator.market.sources import Stretch
from framework.emulator.market.synthetic import FIRST_DAY, MINUTE, Maker, SyntheticSource

SPY = Instrument("SPY", calendar="24/7")
ES = Instrument("ESZ6", AssetType.FUTURE, calendar="24/7", tick=0.25, expiry=day_of("2026-12-18"))
PAIR = Instrument("EUR.USD", AssetType.FOREX, calendar="24/7", tick=0.00005)
MAKERS = (
    Maker(SPY, "SPX", 600.0, 0.2, volume=7e7),
    Maker(ES, "SPX", 6000.0, 0.2, 0.03, 1e6),
    Maker(PAIR, "EUR.USD", 1.1, 0.08, volume=5e9),
)
TODAY = day_of("2026-03-10")
days = st.integers(TODAY - 3000, TODAY + 3000)


def fresh(seed: int = 7) -> SyntheticSource:
    return SyntheticSource(MAKERS, seed)


SHARED = fresh()
"""Asked in whatever order the examples come."""


def columns(stretch: Stretch) -> list[list[float]]:
    bars = stretch.bars
    return [one.tolist() for one in (bars.open, bars.high, bars.low, bars.close, bars.volume)]


@settings(max_examples=25, deadline=None)
@given(days)
def test_a_day_does_not_depend_on_what_was_asked_before(day: int) -> None:
    assert columns(SHARED.session("SPY", day)) == columns(fresh().session("SPY", day))


@settings(max_examples=25, deadline=None)
@given(days, st.sampled_from(["SPY", "ESZ6", "EUR.USD"]))
def test_a_day_is_what_its_minutes_add_up_to(day: int, key: str) -> None:
    minutes = SHARED.session(key, day).bars
    whole = SHARED.days(key, day, day, regular=True)
    if key == "ESZ6" and day > day_of("2026-12-18"):
        assert len(minutes) == len(whole) == 0
        return
    assert len(minutes) == 1440
    assert whole.open[0] == minutes.open[0]
    assert whole.high[0] == minutes.high.max()
    assert whole.low[0] == minutes.low.min()
    assert whole.close[0] == minutes.close[-1]
    assert whole.volume[0] == minutes.volume.sum()
    assert (minutes.volume >= 0.0).all()
    assert (minutes.open[1:] == minutes.close[:-1]).all()
    assert (minutes.high >= np.maximum(minutes.open, minutes.close)).all()
    assert (minutes.low <= np.minimum(minutes.open, minutes.close)).all()


def test_days_follow_each_other_over_the_pins_too() -> None:
    start = (TODAY // BLOCK) * BLOCK
    bars = fresh().days("SPY", start - 20, start + 20, regular=True)
    assert len(bars) == 41
    assert bars.open[1:] == pytest.approx(bars.close[:-1])


def test_another_seed_is_another_market() -> None:
    assert columns(fresh(7).session("SPY", TODAY)) != columns(fresh(8).session("SPY", TODAY))


def test_prices_move_as_much_as_promised_and_stay_near_the_usual() -> None:
    bars = fresh().days("SPY", TODAY - 10 * 365, TODAY, regular=True)
    moves = np.diff(np.log(bars.close))
    assert moves.std() * 365**0.5 == pytest.approx(0.2, rel=0.1)
    assert 150.0 < bars.low.min() < 600.0 < bars.high.max() < 2400.0
    minutes = fresh().between("SPY", (TODAY - 30) * DAY, TODAY * DAY).bars
    assert np.diff(np.log(minutes.close)).std() * (365 * 1440) ** 0.5 == pytest.approx(0.2, rel=0.2)


@pytest.mark.parametrize("key", ["SPY", "ESZ6", "EUR.USD"])
def test_prices_lie_on_the_grid(key: str) -> None:
    source = fresh()
    bars = source.session(key, TODAY).bars
    tick = source.instruments[key].tick
    steps = bars.close / tick
    assert np.abs(steps - np.rint(steps)).max() < 1e-6
    assert all(price == float(f"{price:.5f}") for price in bars.close.tolist())


def test_symbols_of_one_driver_move_together() -> None:
    source = fresh()
    spy, future = (source.days(key, TODAY - 100, TODAY, regular=True) for key in ("SPY", "ESZ6"))
    assert np.corrcoef(np.diff(spy.close), np.diff(future.close))[0, 1] > 0.99
    assert future.close[-1] / spy.close[-1] == pytest.approx(
        10.0 * (1 + 0.03 * 283 / 365), rel=1e-3
    )


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 3 * 1440), st.integers(0, 2 * 1440))
def test_between_is_what_closes_in_between(first: int, length: int) -> None:
    start = TODAY * DAY + first * MINUTE + 7
    found = SHARED.between("SPY", start, start + length * MINUTE)
    closes = found.bars.close_time
    assert len(found) == length
    assert not len(closes) or (start < closes[0] and closes[-1] <= start + length * MINUTE)
    assert (np.diff(closes) == MINUTE).all()
    assert (closes - found.opens == MINUTE).all()


def test_blocks_and_what_lies_before() -> None:
    source = fresh()
    time = TODAY * DAY + 90 * MINUTE
    assert source.block("SPY", time).bars.close_time[0] == time + MINUTE
    assert source.before("SPY", time, 3).bars.close_time.tolist() == [
        time - 2 * MINUTE,
        time - MINUTE,
        time,
    ]
    assert source.before("SPY", TODAY * DAY, 1).bars.session[0] == TODAY - 1
    end = (day_of("2026-12-18") + 1) * DAY
    assert len(source.block("ESZ6", end)) == 0
    assert source.before("ESZ6", end + 40 * DAY, 2).bars.close_time[-1] == end
    assert len(source.before("SPY", FIRST_DAY * DAY, 5)) == 0


def test_memory_is_bounded() -> None:
    source = fresh()
    for day in range(TODAY, TODAY + 600):
        source.session("SPY", day)
    assert len(source._minutes) <= 256


def test_the_first_blocks_are_pinned() -> None:
    found = days_of_block(7, "SPX", 20, 0.2)
    following = days_of_block(7, "SPX", 21, 0.2)
    assert found.close[-1] == following.open[0]


def test_five_years_of_days_cost_nothing() -> None:
    source = fresh()
    begun = perf_counter()
    assert len(source.days("SPY", TODAY - 1825, TODAY, regular=True)) == 1826
    assert perf_counter() - begun < 0.5


def test_golden_prices() -> None:
    """The same on every machine, for ever."""
    bars = fresh().session("SPY", TODAY).bars
    picked = [float(bars.close[row]) for row in (0, 700, 1439)]
    assert picked == GOLDEN


GOLDEN = [658.35, 654.63, 658.14]
