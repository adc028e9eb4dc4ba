"""Outfit: the parts of a session that differ with where its orders end."""

from __future__ import annotations

__all__ = ["Comparer", "Outfit", "comparer_of", "outfit_of"]

from collections.abc import Callable

from framework.brokers.ib.clock import Clock
from framework.domain.references import References
from framework.engine.journal import Journal
from framework.session.bridge import Bridge
from framework.session.orders import Sailing
from framework.session.reconciling import Reconciler
from framework.session.rigging import Lookup, Rigging
from framework.session.shadowing import ShadowBooks, ShadowRigging

Outfit = Rigging | ShadowRigging
Comparer = Reconciler | ShadowBooks


def outfit_of(
    sailing: Sailing,
    clock: Clock,
    lookup: Lookup,
    journal: Journal,
    keep_ids: Callable[[int], None],
    references: References,
) -> Outfit:
    """What a session hangs on.

    Args:
        sailing: its orders.
        clock: the session's.
        lookup: instruments that come to be traded while the session is under way.
        journal: knows which order numbers are free.
        keep_ids: writes down a number below which all may have been used.
        references: what its orders are called at the broker.
    """
    if sailing.fills == "simulated":
        return ShadowRigging(
            sailing.where,
            clock,
            feed=sailing.feed,
            timings=sailing.timings,
            window=sailing.window,
            market_data=sailing.market_data,
        )
    return Rigging(
        sailing.where,
        clock,
        lookup,
        feed=sailing.feed,
        timings=sailing.timings,
        window=sailing.window,
        id_floor=max(1, journal.facts.floor),
        keep_ids=keep_ids,
        market_data=sailing.market_data,
        what_if=sailing.what_if,
        references=references,
    )


def comparer_of(
    outfit: Outfit,
    bridge: Bridge,
    sailing: Sailing,
    journal: Journal,
    clock: Clock,
    multiplier: Callable[[str], float],
) -> Comparer:
    """What holds a session's books against those of where its orders end.

    Args:
        outfit: of the session.
        bridge: its core.
        sailing: its orders.
        journal: where findings and what was booked are written.
        clock: the session's.
        multiplier: money per price point of a symbol.
    """
    if isinstance(outfit, ShadowRigging):
        return ShadowBooks(bridge, outfit.market)
    return Reconciler(
        bridge, outfit.broker, journal, sailing.where.client_id, clock.now, multiplier
    )
