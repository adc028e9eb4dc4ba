"""Endings: where a trading day is over, as far as it can be known while it lasts.

A day is over with the bar that closes when its session does, or, where that bar is missing, with
the next one there is.
"""

from __future__ import annotations

__all__ = ["ending", "rolls_so_far"]

from collections.abc import Sequence

import numpy as np

from framework.domain.bars import Bars, IntArray
from framework.engine.rolling import Roll, turning_days


def ending(bars: Bars, day: int) -> int | None:
    """The row with which a day is over; None while it is not, or if it was before the first bar.

    Args:
        bars: those known so far.
        day: a trading day, as days since 1970-01-01.
    """
    closed = (bars.session == day) & (bars.close_time >= bars.session_close)
    over = np.flatnonzero((bars.session > day) | closed)
    if not len(over) or (over[0] == 0 and bars.session[0] > day):
        return None
    return int(over[0])


def rolls_so_far(bars: Sequence[Bars], instants: IntArray) -> dict[int, tuple[Roll, ...]]:
    """By index of an instant, the rolls that have come due: at the end of the session `roll_days`
    sessions before a contract's expiry.

    Args:
        bars: what one strategy trades.
        instants: nanoseconds UTC of its own timeline.
    """
    known = {one.symbol for one in bars}
    found: dict[int, tuple[Roll, ...]] = {}
    for one in bars:
        following, expiry = one.instrument.next_contract, one.instrument.expiry
        if following is None or following not in known or expiry is None:
            continue
        row = ending(one, turning_days(one.instrument, expiry)[0])
        if row is not None:
            instant = int(np.searchsorted(instants, one.close_time[row]))
            found[instant] = (*found.get(instant, ()), Roll(one.symbol, following))
    return found
