"""Blind spots: what the orders of a run asked for and its bars could not show."""

from __future__ import annotations

__all__ = ["blind_spots"]

from collections.abc import Iterable, Sequence

from framework.domain.bars import Bars
from framework.domain.orders import Order
from framework.domain.terms import PLAIN

_AROUND_THE_CLOCK = frozenset({"24/5", "24/7"})
"""Calendars without hours that are not regular."""


def blind_spots(orders: Iterable[Order], bars: Sequence[Bars]) -> tuple[str, ...]:
    """One sentence for each kind of thing that was ignored, for a run's warnings."""
    rare = [order for order in orders if order.terms is not PLAIN]
    found = []
    routes = sorted({order.terms.exchange for order in rare} - {"SMART"})
    if routes:
        found.append(
            f"Orders were routed to {', '.join(routes)}: a backtest has one market and ignores it."
        )
    extended = {
        one.symbol
        for one in bars
        if one.regular is not None or one.instrument.calendar in _AROUND_THE_CLOCK
    }
    blind = sorted({o.symbol for o in rare if o.terms.outside_hours} - extended)
    if blind:
        found.append(
            f"Orders for {', '.join(blind)} were to work outside regular hours, but the bars hold "
            "none: they traded in regular hours only."
        )
    return tuple(found)
