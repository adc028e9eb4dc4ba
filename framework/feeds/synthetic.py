"""Synthetic bars, seeded and labelled as such: no market ever printed them.

Randomness is the raw stream of PCG64, which numpy promises never to change, and only additions,
multiplications and square roots follow it: every machine makes the same bars.
"""

from __future__ import annotations

__all__ = ["synthetic_intraday", "synthetic_universe"]

from math import sqrt

import numpy as np
from numpy.typing import NDArray

from framework.calendar import TradingCalendar, day_of
from framework.domain.bars import Bars, FloatArray
from framework.domain.instruments import Instrument

_MINUTES_5 = 300 * 10**9
_STEPS = 12
"""Prices walked through inside one intraday bar."""

_UNIVERSE = (
    ("SYN_A", 40.0, 0.16, 0.24, 0.7),
    ("SYN_B", 85.0, 0.11, 0.17, 0.8),
    ("SYN_C", 120.0, 0.06, 0.14, 0.5),
    ("SYN_D", 25.0, 0.02, 0.34, 0.6),
    ("SYN_E", 60.0, -0.04, 0.27, 0.4),
    ("SYN_F", 200.0, 0.09, 0.20, -0.2),
)
"""Symbol, first price, drift and volatility a year, correlation with the common factor."""


def synthetic_intraday(seed: int = 7) -> Bars:
    """Some sixty sessions of 5-minute bars of the made-up stock SYNTH5M.

    Volatility and volume are U-shaped over each session of the NYSE, 2023-10-02 to 2023-12-26,
    the early close of 2023-11-24 included. Prices are rounded to the cent.
    """
    calendar = TradingCalendar("XNYS")
    days = calendar.sessions_between(day_of("2023-10-02"), day_of("2023-12-26"))
    opens, ends = calendar.session_open_of(days), calendar.session_close_of(days)
    counts = (ends - opens) // _MINUTES_5
    session = np.repeat(np.arange(len(days)), counts)
    place = np.arange(len(session)) - np.repeat(np.cumsum(counts) - counts, counts)
    shape = _u_shape((place + 0.5) / counts[session])
    source = np.random.PCG64(seed)
    moves = _normal(source, len(session) * _STEPS).reshape(-1, _STEPS) * 0.00028 * shape[:, None]
    moves[place == 0, 0] += _normal(source, len(days)) * 0.006
    path = _rounded(100.0 * np.cumprod(1.0 + moves.ravel()).reshape(moves.shape))
    activity = 0.6 + 0.8 * _uniform(source, len(session))
    range_share = (path.max(axis=1) - path.min(axis=1)) / path[:, 0]
    volume = np.floor(9_000.0 * shape * activity * (1.0 + 150.0 * range_share)) * 10.0
    return Bars(
        Instrument("SYNTH5M"),
        "5m",
        opens[session] + (place + 1) * _MINUTES_5,
        days[session],
        ends[session],
        path[:, 0].copy(),
        path.max(axis=1),
        path.min(axis=1),
        path[:, -1].copy(),
        volume,
        synthetic=True,
    )


def synthetic_universe(seed: int = 11) -> tuple[Bars, ...]:
    """Six made-up stocks SYN_A .. SYN_F, daily from 2016 to 2023, moved by one common factor.

    Drift, volatility and correlation differ; see `_UNIVERSE`.
    """
    calendar = TradingCalendar("XNYS")
    days = calendar.sessions_between(day_of("2016-01-04"), day_of("2023-12-29"))
    closes = calendar.session_close_of(days)
    source = np.random.PCG64(seed)
    factor = _normal(source, len(days))
    found = []
    for symbol, price, drift, volatility, correlation in _UNIVERSE:
        own = _normal(source, len(days))
        shock = correlation * factor + sqrt(1.0 - correlation * correlation) * own
        daily = drift / 252.0 + volatility / sqrt(252.0) * shock
        columns = _daily(source, price, daily, volatility / sqrt(252.0))
        volume = (
            np.floor((0.5 + _uniform(source, len(days))) * (1.0 + np.abs(shock)) * 12_000) * 100
        )
        found.append(
            Bars(
                Instrument(symbol),
                "1d",
                closes.copy(),
                days.copy(),
                closes.copy(),
                *columns,
                volume,
                synthetic=True,
            )
        )
    return tuple(found)


def _daily(
    source: np.random.PCG64, price: float, returns: FloatArray, volatility: float
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    close = price * np.cumprod(1.0 + returns)
    before = np.concatenate(([price], close[:-1]))
    opened = before * (1.0 + 0.35 * returns + 0.2 * volatility * _normal(source, len(close)))
    above = 1.0 + 0.5 * volatility * np.abs(_normal(source, len(close)))
    below = 1.0 - 0.5 * volatility * np.abs(_normal(source, len(close)))
    opened, closed = _rounded(opened), _rounded(close)
    high = _rounded(np.maximum(opened, closed) * above)
    low = _rounded(np.minimum(opened, closed) * below)
    return opened, high, low, closed


def _u_shape(part: FloatArray) -> FloatArray:
    """Activity over a session, `part` in 0..1: 1.9 at its ends, 0.6 in its middle."""
    from_middle = 2.0 * part - 1.0
    return 0.6 + 1.3 * from_middle * from_middle


def _uniform(source: np.random.PCG64, count: int) -> FloatArray:
    """Uniform in [0, 1): the upper 53 bits of each raw draw."""
    bits = np.asarray(source.random_raw(count)) >> np.uint64(11)
    return bits.astype(np.float64) * 2.0**-53


def _normal(source: np.random.PCG64, count: int) -> FloatArray:
    """Nearly standard normal: twelve uniforms summed, less six (Irwin-Hall)."""
    total = np.full(count, -6.0)
    for _ in range(12):
        total += _uniform(source, count)
    return total


def _rounded(prices: NDArray[np.floating]) -> FloatArray:
    return np.round(prices, 2).astype(np.float64)
