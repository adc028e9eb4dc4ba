"""Runs on bars before the open and after the close: what trades there, and when a day begins."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from framework.components.breakers import DailyLoss
from framework.domain.bars import Bars
from framework.domain.orders import OrderStatus, TimeInForce, points
from framework.domain.terms import Terms
from framework.indicators import sma
from framework.strategy import Strategy
from tests.builders import DAY, FIRST, MINUTE, Act, bars_of, free, played, resting, trades_of

OUTSIDE = Terms(outside_hours=True)
OFFSETS = (-420, -390, -360, -330, 0, 30, 60)
"""Minutes from the close at which the bars of a day end: two before the open, three in regular
hours (the last at the close), two after it."""
REGULAR = np.array([False, False, True, True, True, False, False])
A_DAY = len(OFFSETS)


def extended(prices: list[float]) -> Bars:
    """Whole days of bars that open and close at one price, and reach 0.5 to both sides."""
    days = len(prices) // A_DAY
    bars = bars_of(
        [(p, p + 0.5, p - 0.5, p) for p in prices],
        sessions=[i // A_DAY for i in range(len(prices))],
        minutes=[-minute for minute in OFFSETS * days],
        frame="30m",
    )
    return replace(bars, regular=np.tile(REGULAR, days))


TWO_DAYS = extended([100.0 + i for i in range(2 * A_DAY)])
LAST_REGULAR, FIRST_AFTER, NEXT_OPEN = 4, 5, A_DAY + 2
TILL = datetime.fromtimestamp((FIRST * DAY + (21 * 60 + 45) * MINUTE) / 1e9, UTC)


@pytest.mark.parametrize(
    ("bar", "act", "expected"),
    [
        pytest.param(0, lambda s: s.buy(1), [(2, 1, 102)], id="market: waits for the open"),
        pytest.param(
            LAST_REGULAR, lambda s: s.buy(1), [(NEXT_OPEN, 1, 109)],
            id="market, made at the close: the next day",
        ),
        pytest.param(
            FIRST_AFTER, lambda s: s.buy(1), [(NEXT_OPEN, 1, 109)],
            id="market, made after the close: the next day",
        ),
        pytest.param(0, lambda s: s.buy(1, limit=101.2), [], id="limit: only regular bars count"),
        pytest.param(
            0, lambda s: s.buy(1, limit=101.2, terms=OUTSIDE), [(1, 1, 101)],
            id="limit outside hours: before the open",
        ),
        pytest.param(
            LAST_REGULAR, lambda s: s.buy(1, limit=105.2, terms=OUTSIDE), [(5, 1, 105)],
            id="limit outside hours: after the close",
        ),
        pytest.param(
            0, lambda s: s.buy(1, stop=101.2, terms=OUTSIDE), [(1, 1, 101.2)],
            id="stop outside hours",
        ),
        pytest.param(
            0, lambda s: s.buy(1, stop=101.2), [(2, 1, 102)], id="stop: gaps at the open"
        ),
        pytest.param(
            0, lambda s: s.buy(1, tif=TimeInForce.OPG), [(2, 1, 102)],
            id="the auction is that of the first regular bar",
        ),
        pytest.param(
            0, lambda s: s.buy(1, at="close"), [(LAST_REGULAR, 1, 104)],
            id="the auction is that of the last regular bar",
        ),
    ],
)  # fmt: skip
def test_what_trades_when(bar: int, act: Act, expected: list[tuple[int, float, float]]) -> None:
    assert trades_of(played({bar: act}, TWO_DAYS)) == expected


@pytest.mark.parametrize(
    ("act", "ends"),
    [
        pytest.param(lambda s: s.buy(1, limit=50), LAST_REGULAR, id="DAY: with the regular close"),
        pytest.param(
            lambda s: s.buy(1, limit=50, terms=OUTSIDE), A_DAY, id="DAY outside hours: with the day"
        ),
        pytest.param(
            lambda s: s.buy(
                1, limit=50, tif="GTD", terms=Terms(outside_hours=True, good_till=TILL)
            ),
            FIRST_AFTER + 1, id="GTD: at its time, after the close",
        ),
        pytest.param(lambda s: s.buy(1, limit=50, tif="GTC"), None, id="GTC"),
    ],
)  # fmt: skip
def test_when_an_order_ends(act: Act, ends: int | None) -> None:
    record = played({0: act}, TWO_DAYS)
    if ends is None:
        assert len(resting(record)) == 1
        return
    (order,) = record.orders
    assert order.status is OrderStatus.EXPIRED
    assert int(np.searchsorted(record.instants, order.time)) == ends


def test_a_session_runs_from_its_first_bar_to_its_last() -> None:
    """After the close 100 units lose 4,000: more than 3 % of the equity this day opened with."""
    prices = [100.0] * 5 + [60.0, 60.0] + [60.0] * A_DAY
    record = played(
        {0: lambda s: s.buy(100), A_DAY + 3: lambda s: s.buy(1)},
        extended(prices),
        free(breakers=(DailyLoss(3.0),)),
    )
    assert [int(np.searchsorted(record.instants, trip.time)) for trip in record.trips] == [5]
    assert trades_of(record) == [(2, 100, 100), (NEXT_OPEN, -100, 60), (A_DAY + 4, 1, 60)]


def test_indicators_see_every_bar() -> None:
    class Average(Strategy):
        seen: list[float] = []  # noqa: RUF012

        def setup(self) -> None:
            self.average = self.indicator(sma, 2)

        def on_bar(self) -> None:
            self.seen.append(float(self.average[-1]))

    from framework.backtest.run import run

    Average.seen = []
    run(Average, [TWO_DAYS], free())
    assert Average.seen[1:4] == [100.5, 101.5, 102.5]


def test_longer_bars_inside_a_strategy_are_made_of_regular_ones() -> None:
    closes: list[float] = []

    def look(strategy: Strategy, bar: int) -> None:
        days = strategy.data.every("1d")
        closes.append(float(days.close[-1]) if len(days) else float("nan"))

    played(look, TWO_DAYS)
    assert np.isnan(closes[:LAST_REGULAR]).all()
    assert closes[LAST_REGULAR:-3] == [104.0] * 7
    assert closes[-3:] == [111.0] * 3


@pytest.mark.parametrize(("terms", "exits"), [(Terms(), []), (OUTSIDE, [(A_DAY, -1, 104)])])
def test_a_trailing_stop_follows_the_bars_it_works_in(
    terms: Terms, exits: list[tuple[int, float, float]]
) -> None:
    """After the close the price goes from 100 to 110, the next day it is 104."""
    bars = extended([100.0] * 5 + [110.0, 110.0] + [104.0] * A_DAY)
    record = played(
        {
            2: lambda s: s.buy(1),
            3: lambda s: s.sell(1, trailing=points(5), tif="GTC", terms=terms),
        },
        bars,
    )
    assert trades_of(record) == [(3, 1, 100), *exits]
