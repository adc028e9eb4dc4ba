"""Lookahead: run `setup` again on truncated histories; what changes knew the future."""

from __future__ import annotations

__all__ = ["check_lookahead", "warmup"]

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import numpy as np

from framework.domain.bars import BoolArray, FloatArray, IntArray
from framework.engine.history import World
from framework.errors import LookaheadError, StrategyError
from framework.series import Series, at_instants
from framework.strategy import Strategy

_SHORT = (5, 15, 30, 120, 500, 1500)
_PER_SERIES = 2
_CHEAP = 5_000
_STRIDE = 7_919
"""A prime, so that consecutive numbers fall on places far apart."""
_TOLERANCE = 1e-9

Trial = Callable[[World], Strategy]
"""Makes a fresh strategy whose `setup` has run on a world."""


def check_lookahead(strategy: Strategy, world: World, trial: Trial, at: int | None = None) -> None:
    """Compare every indicator and condition with what it is when the future is cut off.

    Args:
        strategy: the one whose `setup` ran on the whole history.
        world: the whole history.
        trial: runs `setup` of a fresh strategy on a shorter one.
        at: picks the one history to compare with; None for all.

    Raises:
        LookaheadError: naming the series, the bar, and both values.
        StrategyError: if `setup` declares different things on a shorter history.
    """
    whole = _columns(strategy)
    failures: list[Exception] = []
    columns = [values for _, values in whole]
    cuts = _cuts(columns, world) if at is None else _one_cut(columns, world, at)
    for length in cuts:
        try:
            short = _columns(trial(world.cut(length)))
        except Exception as error:  # a user's indicator may not bear so short a history
            failures.append(error)
            continue
        if [name for name, _ in short] != [name for name, _ in whole]:
            raise StrategyError(
                f"{type(strategy).__name__}.setup declares other series on the first {length} bars "
                "than on all of them.",
                "Let setup depend on parameters only, never on the data or on chance.",
            )
        for (name, values), (_, known) in zip(whole, short, strict=True):
            _compare(name, values[:length], known, world)
    if failures and len(failures) == len(cuts):
        raise failures[-1]


def warmup(strategy: Strategy, world: World, trial: Trial) -> int:
    """Bars after which every indicator is the same whatever history came before it.

    Measured by starting later; when a series has not settled within half the history, the answer is
    that half.
    """
    whole = [at_instants(series) for series in strategy.indicators]
    total = len(world.timeline.instants)
    if not whole or total < 4:
        return 0
    longest = total // 2
    for length in sorted({min(longest, 2_000), min(longest, 20_000)}):
        first = total - length
        later = [at_instants(series) for series in trial(world.tail(first)).indicators]
        needed = max(
            _settled(values[first:], other) for values, other in zip(whole, later, strict=True)
        )
        if needed < length:
            return needed
    return longest


def _columns(strategy: Strategy) -> list[tuple[str, FloatArray | BoolArray]]:
    found: list[tuple[str, FloatArray | BoolArray]] = [
        (series.name, at_instants(series)) for series in strategy.indicators
    ]
    for when in strategy.whens:
        found += [
            (value.name, at_instants(value))
            for value in when.arguments.values()
            if isinstance(value, Series)
        ]
        condition = when.condition
        for mask in (condition.when_flat, condition.when_long, condition.when_short):
            if mask.ndim:
                found.append((condition.name, mask))
    return found


def _cuts(columns: Sequence[FloatArray | BoolArray], world: World) -> list[int]:
    """Lengths of the truncated histories: a few short ones, and some that end where a series has
    just changed, because that is where a peek shows."""
    total = len(world.timeline.instants)
    shortest = 1 + world.timeline.first
    cuts = {length for length in _SHORT if length < total}
    for values in columns:
        known = _changes(values[: min(total, _CHEAP)])
        if len(known):
            known = known[np.linspace(0, len(known) - 1, _PER_SERIES).astype(int)]
        else:
            known = _changes(values[:total])[:1]
        cuts.update(int(length) for length in known if length < total)
    spread = sorted({max(length, shortest) for length in cuts if max(length, shortest) < total})
    return spread or ([total - 1] if total > 1 else [])


def _one_cut(columns: Sequence[FloatArray | BoolArray], world: World, number: int) -> list[int]:
    """One of those lengths, another for each number."""
    total = len(world.timeline.instants)
    length = _SHORT[number % len(_SHORT)]
    if columns:
        known = _changes(columns[number % len(columns)][: min(total, _CHEAP)])
        if len(known):
            length = int(known[number * _STRIDE % len(known)])
    length = max(length, 1 + world.timeline.first)
    return [min(length, total - 1)] if total > 1 else []


def _changes(values: FloatArray | BoolArray) -> IntArray:
    """Lengths of histories that end where the values have just changed."""
    with np.errstate(invalid="ignore"):
        return np.flatnonzero(values[1:] != values[:-1]) + 2


def _compare(
    name: str, values: FloatArray | BoolArray, known: FloatArray | BoolArray, world: World
) -> None:
    if known.tobytes() == values.tobytes():
        return
    same = _same(known, values)
    if same.all():
        return
    bad = int(np.argmin(same))
    when = datetime.fromtimestamp(world.timeline.instants[bad] / 1e9, UTC)
    raise LookaheadError(
        f"{name} looks ahead: at {when:%Y-%m-%d %H:%M} UTC it is {values[bad]:.6g} with the later "
        f"bars, but {known[bad]:.6g} when they are cut off.",
        "Compute each value from that bar and earlier ones only (no negative shift, no centred "
        "window, no whole-sample mean).",
    )


def _settled(values: FloatArray, later: FloatArray) -> int:
    """Rows after which `later`, started afresh, agrees with `values` for good."""
    if later.tobytes() == values.tobytes():
        return 0
    different = np.flatnonzero(~_same(later, values))
    return int(different[-1]) + 1 if len(different) else 0


def _same(ones: FloatArray | BoolArray, others: FloatArray | BoolArray) -> BoolArray:
    """Where two columns agree but for rounding, or are both unknown."""
    a, b = np.asarray(ones, dtype=np.float64), np.asarray(others, dtype=np.float64)
    with np.errstate(invalid="ignore", over="ignore"):
        near = (np.abs(a - b) <= _TOLERANCE * np.abs(b)) & np.isfinite(b)
    return np.asarray(near | (a == b) | (np.isnan(a) & np.isnan(b)))
