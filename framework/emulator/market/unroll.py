"""Unrolling: a bar as the path of ticks that the simulator's `path` rule takes through it.

Open, nearer extreme, other extreme, close. The first segment is the open's own tick; each further
one leads from the price before to its price, so that its high and low are its ends. Together they
are exactly the bar: its open, high, low, close and volume.
"""

from __future__ import annotations

__all__ = ["FEWEST", "parts", "path", "segments", "times", "walked"]

from collections.abc import Sequence
from math import floor

from framework.emulator.market.grid import snapped
from framework.emulator.market.segment import Segment

FEWEST = 4
"""Segments a bar needs at least: its open, two extremes and its close."""


def path(
    opened: float, high: float, low: float, close: float, points: int, tick: float
) -> list[float]:
    """The price at the end of each of a bar's segments, the first being the open.

    Args:
        opened, high, low, close: the bar.
        points: how many, at least `FEWEST`.
        tick: grid of the prices in between; 0 for none.
    """
    turns = (low, high) if opened - low <= high - opened else (high, low)
    stops = (opened, *turns, close)
    lengths = [abs(stops[leg + 1] - stops[leg]) for leg in range(3)]
    prices = [opened]
    for leg, count in enumerate(_counts(lengths, points - 1)):
        here, there = stops[leg], stops[leg + 1]
        _walk(prices, here, there, count, tick)
    return prices


def parts(volume: float, points: int) -> list[float]:
    """A bar's volume over its segments: whole units alike, the rest with the last."""
    each = float(floor(volume / points))
    return [*[each] * (points - 1), volume - each * (points - 1)]


def times(opened: int, closed: int, points: int) -> list[int]:
    """When each segment of a bar ends: evenly, the last with the bar."""
    span = closed - opened
    return [opened + span * place // points for place in range(1, points + 1)]


def segments(bar: Segment, opened: int, points: int, tick: float) -> list[Segment]:
    """A bar that opened at `opened`, unrolled."""
    prices = path(bar.open, bar.high, bar.low, bar.close, points, tick)
    return _led(bar.key, bar, times(opened, bar.time, points), prices, parts(bar.volume, points))


def walked(
    key: str, bar: Segment, along: Sequence[Segment], prices: Sequence[float]
) -> list[Segment]:
    """An option's segments along its underlying's; nobody trades it, so they have no volume."""
    return _led(key, bar, [one.time for one in along], prices, [0.0] * len(along))


def _led(
    key: str,
    bar: Segment,
    ends: Sequence[int],
    prices: Sequence[float],
    volumes: Sequence[float],
) -> list[Segment]:
    """Segments that lead from price to price."""
    _, _, session, session_close, *_, regular = bar
    found, here = [], prices[0]
    for end, price, volume in zip(ends, prices, volumes, strict=True):
        high, low = (price, here) if price > here else (here, price)
        found.append(
            Segment(key, end, session, session_close, here, high, low, price, volume, regular)
        )
        here = price
    return found


def _counts(lengths: list[float], points: int) -> list[int]:
    """How many segments each leg gets: by length, but one at least where it has any."""
    total = sum(lengths)
    if total <= 0.0:
        return [0, 0, points]
    least = [1 if length > 0.0 else 0 for length in lengths]
    rest = points - sum(least)
    ends = [int(rest * (lengths[0] / total)), int(rest * ((lengths[0] + lengths[1]) / total)), rest]
    if not least[2]:
        ends[1] = rest
    if not least[2] and not least[1]:
        ends[0] = rest
    return [least[0] + ends[0], least[1] + ends[1] - ends[0], least[2] + ends[2] - ends[1]]


def _walk(prices: list[float], here: float, there: float, count: int, tick: float) -> None:
    step = (there - here) / count if count else 0.0
    low, high = (here, there) if here <= there else (there, here)
    for place in range(1, count):
        price = snapped(here + step * place, tick)
        prices.append(low if price < low else high if price > high else price)
    if count:
        prices.append(there)
