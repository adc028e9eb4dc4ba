"""Rolling: at which closes positions move from an expiring contract to the next one."""

from __future__ import annotations

__all__ = ["Roll", "rolls_of", "turning_days"]

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from framework.calendar import TradingCalendar
from framework.domain.bars import Bars, IntArray
from framework.domain.instruments import Instrument

_MARGIN = 30
"""Calendar days that hold the holidays of any stretch of sessions."""


class Roll(NamedTuple):
    """A move from one contract to the next."""

    front: str
    following: str


def rolls_of(bars: Sequence[Bars], instants: IntArray) -> dict[int, tuple[Roll, ...]]:
    """By index of an instant, the rolls due at its close.

    A contract rolls at its last bar of the session `roll_days` sessions before its expiry; one
    whose next contract is not among the bars, or whose bars end before, does not.

    Args:
        bars: what one strategy trades.
        instants: nanoseconds UTC of its own timeline.
    """
    known = {one.symbol for one in bars}
    found: dict[int, tuple[Roll, ...]] = {}
    for one in bars:
        instrument = one.instrument
        following = instrument.next_contract
        if following not in known or following is None or instrument.expiry is None:
            continue
        day, _ = turning_days(instrument, instrument.expiry)
        row = int(np.searchsorted(one.session, day, side="right")) - 1
        if row < 0 or one.session[-1] < day:
            continue
        instant = int(np.searchsorted(instants, one.close_time[row]))
        found[instant] = (*found.get(instant, ()), Roll(one.symbol, following))
    return found


def turning_days(instrument: Instrument, expiry: int) -> tuple[int, int]:
    """The session `roll_days` sessions before the last one of a contract, and that last one."""
    first = expiry - 2 * instrument.roll_days - _MARGIN
    sessions = TradingCalendar(instrument.calendar).sessions_between(first, expiry)
    return int(sessions[-1 - instrument.roll_days]), int(sessions[-1])
