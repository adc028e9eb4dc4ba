"""One look at an equity curve: everything its figures are made of, by arrays or by machine code."""

from __future__ import annotations

__all__ = ["CurveScan", "Timeline", "scan_arrays", "scan_curve", "scan_scalars", "timeline_of"]

from dataclasses import dataclass
from math import isnan, nan

import numpy as np

from framework.backtest.record import RunRecord
from framework.compiled import compiled, entry, scalar
from framework.domain.bars import FloatArray, IntArray
from framework.research.curves import returns_between, session_ends, span, underwater
from framework.research.metrics import drawdowns
from framework.research.sums import block_deviation, block_total, deviation, mean

_DAY = 86_400e9


@dataclass(frozen=True, slots=True, eq=False)
class Timeline:
    """When a curve is looked at, the same for every run over the same bars.

    Attributes:
        times: nanoseconds UTC of each instant from the start of a run to its end, shape (N,).
        ends: positions in `times` of each session's last instant, shape (sessions,); a session that
            ends at the start instant is left out.
        opening: value before the first instant: the opening cash.
        risk_free: risk-free rate for one session.
        periods: sessions in a year.
    """

    times: IntArray
    ends: IntArray
    opening: float
    risk_free: float
    periods: float

    @property
    def years(self) -> float:
        """How many years the sessions make."""
        return len(self.ends) / self.periods


def timeline_of(record: RunRecord, risk_free: float, periods: float) -> Timeline:
    """The timeline of a run.

    Args:
        record: the run.
        risk_free: annual risk-free rate, 0.02 is two percent.
        periods: sessions in a year.
    """
    cut = span(record)
    return Timeline(
        times=np.ascontiguousarray(record.instants[cut]),
        ends=session_ends(record.session[cut]),
        opening=record.opening_cash,
        risk_free=(1.0 + risk_free) ** (1.0 / periods) - 1.0,
        periods=periods,
    )


@dataclass(frozen=True, slots=True)
class CurveScan:
    """What the figures of a curve are made of; NaN where there is nothing to look at.

    Attributes:
        average: mean value of the curve.
        deviation: sample deviation of the sessions' returns.
        excess, excess_deviation: mean and sample deviation of the returns above the risk-free rate.
        shortfall: mean square of the returns' shortfalls below it.
        depth: deepest drawdown, a fraction <= 0.
        days, bars: how long the deepest one lasted.
        longest_days: how long the longest one lasted.
    """

    average: float
    deviation: float
    excess: float
    excess_deviation: float
    shortfall: float
    depth: float
    days: float
    bars: float
    longest_days: float


def scan_curve(timeline: Timeline, curve: FloatArray) -> CurveScan:
    """Look at a curve once.

    Args:
        timeline: its instants.
        curve: value of the account at each, shape (N,), contiguous.

    Raises:
        ValueError: the curve has more or fewer values than the timeline has instants.
    """
    if len(curve) != len(timeline.times):
        raise ValueError(
            f"A curve of {len(curve)} values for {len(timeline.times)} instants. "
            "Give one value for each instant from the start of the run to its end."
        )
    machine = compiled(scan_scalars)
    if machine is scan_scalars or len(curve) == 0:
        return scan_arrays(timeline, curve)
    found, room = np.empty(9), np.empty((2, len(timeline.ends)))
    machine(
        curve,
        timeline.times,
        timeline.ends,
        timeline.opening,
        timeline.risk_free,
        room[0],
        room[1],
        found,
    )
    return CurveScan(*found.tolist())


def scan_arrays(timeline: Timeline, curve: FloatArray) -> CurveScan:
    """`scan_curve` by whole arrays."""
    returns = returns_between(timeline.opening, curve[timeline.ends])
    present = returns[~np.isnan(returns)]
    excess = present - timeline.risk_free
    falls = drawdowns(np.concatenate(([timeline.opening], curve)))[1:]
    below = underwater(timeline.times, falls)
    return CurveScan(
        average=mean(curve),
        deviation=deviation(present),
        excess=mean(excess),
        excess_deviation=deviation(excess),
        shortfall=mean(np.square(np.minimum(excess, 0.0))),
        depth=below.depth,
        days=below.days,
        bars=below.bars,
        longest_days=below.longest_days,
    )


_F = "Array(f8, 1, 'C', readonly=True)"
_I = "Array(i8, 1, 'C', readonly=True)"


@entry(f"void({_F}, {_I}, {_I}, f8, f8, f8[::1], f8[::1], f8[::1])")
def scan_scalars(
    curve: FloatArray,
    times: IntArray,
    ends: IntArray,
    opening: float,
    risk_free: float,
    returns: FloatArray,
    squares: FloatArray,
    found: FloatArray,
) -> None:
    """`scan_curve` one value at a time; `found` becomes the fields of a CurveScan in order.

    `returns` and `squares` are room to work in, one number for each session.
    """
    for k in range(len(found)):
        found[k] = nan
    found[0] = block_total(curve, len(curve)) / len(curve)
    count = _returns(curve, ends, opening, returns)
    if count > 0:
        average = block_total(returns, count) / count
        found[1] = block_deviation(returns, count, average, squares)
        for k in range(count):
            returns[k] -= risk_free
        found[2], found[3] = block_total(returns, count) / count, found[1]
        if risk_free != 0.0:
            found[3] = block_deviation(returns, count, found[2], squares)
        for k in range(count):
            short = min(returns[k], 0.0)
            squares[k] = short * short
        found[4] = block_total(squares, count) / count
    _underwater(curve, times, opening, found)


@scalar
def _returns(curve: FloatArray, ends: IntArray, opening: float, returns: FloatArray) -> int:
    """The sessions' returns, those that there are."""
    count, before = 0, opening
    for k in range(len(ends)):
        value = curve[ends[k]]
        change = (value - before) / before if before > 0.0 else nan
        if not isnan(change):
            returns[count] = change
            count += 1
        before = value
    return count


@scalar
def _underwater(curve: FloatArray, times: IntArray, opening: float, found: FloatArray) -> None:
    """Depth and lengths of the drawdowns, from peak to new peak or the end."""
    peak, lowest, depth = opening, opening, 0.0
    start, bars, lasted, longest = 0, 0, 0, 0
    is_deepest = False
    for k in range(len(curve)):
        value = curve[k]
        if value >= peak:
            since = times[k] - times[start] if k - start > 1 else 0
            longest = max(longest, since)
            if is_deepest:
                bars, lasted, is_deepest = k - start, since, False
            start, peak, lowest = k, value, value
        elif value < lowest:
            lowest = value
            if (value - peak) / peak < depth:
                depth, is_deepest = (value - peak) / peak, True
        elif not value >= lowest:
            return
    end = len(curve) - 1
    longest = max(longest, times[end] - times[start])
    if is_deepest:
        bars, lasted = end - start, times[end] - times[start]
    found[5], found[6], found[7], found[8] = depth, lasted / _DAY, float(bars), longest / _DAY
    if depth == 0.0:
        found[6], found[7], found[8] = 0.0, 0.0, 0.0
