"""Live runs for tests: a session that is given the bars of a backtest one instant at a time."""

from __future__ import annotations

__all__ = ["COMPARED", "differences", "fed", "history_of", "rows_at", "session", "split"]

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from framework.backtest.record import RunRecord
from framework.backtest.settings import BacktestSettings
from framework.domain.bars import Bars
from framework.domain.growing import BarRow, row_of
from framework.engine.history import Timeline
from framework.errors import SlipwayError
from framework.live.core import LiveCore
from framework.live.ground import Ground
from framework.live.shadow import Shadow
from framework.strategy import Strategy
from tests.property.record_fields import COMPARED as OF_BACKTESTS

COMPARED = tuple(name for name in OF_BACKTESTS if name not in ("warmup", "warnings"))
"""What a session and a backtest must agree on to the last byte: all but what is measured on, and
said of, the whole history."""


def history_of(bars: Sequence[Bars], instants: int) -> list[Bars]:
    """The bars of the first so many instants."""
    times = Timeline(bars).instants
    end = int(times[instants - 1]) if instants else -1
    return [one.take(0, int(np.searchsorted(one.close_time, end, side="right"))) for one in bars]


def rows_at(bars: Sequence[Bars], first: int) -> Iterator[tuple[int, dict[str, BarRow]]]:
    """Time and rows of every instant from the one of index `first` on."""
    for time in Timeline(bars).instants[first:].tolist():
        found = {}
        for one in bars:
            row = int(np.searchsorted(one.close_time, time))
            if row < len(one) and one.close_time[row] == time:
                found[one.symbol] = row_of(one, row)
        yield time, found


def session(
    strategy: type[Strategy],
    history: Sequence[Bars],
    settings: BacktestSettings,
    parameters: Mapping[str, object] | None = None,
    start: int | None = None,
) -> LiveCore:
    """A session with the shadow broker."""
    ground = Ground(history)
    shadow = Shadow(ground, settings)
    return LiveCore(
        strategy, parameters or {}, settings, ground, shadow, start=start, market=shadow
    )


def fed(
    strategy: type[Strategy],
    bars: Sequence[Bars],
    settings: BacktestSettings,
    parameters: Mapping[str, object] | None = None,
    history: int = 0,
) -> LiveCore:
    """A session that has been given all bars, unless the strategy raised or was interrupted: the
    first instants as history, the rest one by one.

    Trading starts where the settings say; that must not be within the history.
    """
    past = history_of(bars, history)
    core = session(strategy, past, settings, parameters, start=settings.start)
    try:
        for time, rows in rows_at(bars, history):
            core.instant(time, rows)
        core.stop()
    except (SlipwayError, KeyboardInterrupt):
        if not core.error:
            raise
    return core


def split(bars: Sequence[Bars], settings: BacktestSettings) -> int:
    """How many instants can be history at most: those before the start."""
    if settings.start is None:
        return 0
    return int(np.searchsorted(Timeline(bars).instants, settings.start))


def differences(backtest: RunRecord, live: RunRecord) -> list[str]:
    """The fields in which two records are not the same to the last byte, with both values; along
    the instants that both went through."""
    assert backtest.stop == live.stop
    found = []
    for name in COMPARED:
        a, b = (_cut(getattr(one, name), live.stop) for one in (backtest, live))
        if _bytes(a) != _bytes(b):
            found.append(f"{name}: {_first(a, b)}")
    return found


def _cut(value: object, stop: int) -> object:
    """What lies along the instants, as far as a run has come."""
    if isinstance(value, np.ndarray):
        return value[:stop]
    if isinstance(value, Mapping):
        return {key: _cut(each, stop) for key, each in value.items()}
    return value


def _first(a: object, b: object) -> str:
    if isinstance(a, tuple) and isinstance(b, tuple):
        for p, q in zip(a, b, strict=False):
            if repr(p) != repr(q):
                return f"{p} / {q}"
        return f"{len(a)} / {len(b)} of them"
    return f"{a} / {b}"


def _bytes(value: object) -> object:
    if isinstance(value, np.ndarray):
        return value.tobytes()
    if isinstance(value, Mapping):
        return {key: _bytes(each) for key, each in value.items()}
    if isinstance(value, Bars):
        columns = (value.close_time, value.open, value.high, value.low, value.close, value.volume)
        return repr(value.instrument), [column.tobytes() for column in columns]
    if isinstance(value, tuple | list):
        return [_bytes(each) for each in value]
    return repr(value)
