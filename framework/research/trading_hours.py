"""Trading hours: whether an order could trade at the moment it was sent."""

from __future__ import annotations

__all__ = ["could_trade"]

from functools import lru_cache

import numpy as np

from framework.calendar import TradingCalendar
from framework.domain.instruments import Instrument
from framework.domain.orders import Order


def could_trade(instrument: Instrument, order: Order, time: int) -> bool:
    """Whether the exchange was open at `time`, nanoseconds UTC; at the very close it is not. An
    order that may trade outside regular hours is taken to find somebody at any time."""
    return order.terms.outside_hours or _is_open(instrument.calendar, time)


@lru_cache(maxsize=4096)
def _is_open(calendar: str, time: int) -> bool:
    return bool(TradingCalendar(calendar).in_session(np.array([time + 1]))[0])
