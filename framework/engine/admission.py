"""Admission: what a request must fulfil before it is judged at all."""

from __future__ import annotations

__all__ = ["check_conditions", "not_now"]

from collections.abc import Iterable

from framework.domain.orders import BINDING, OrderRequest
from framework.engine.slot import Slot
from framework.errors import OrderError, did_you_mean


def check_conditions(slots: Iterable[Slot], request: OrderRequest) -> None:
    """Refuse conditions on instruments the account has no bars of.

    Raises:
        OrderError: a condition asks about one.
    """
    conditions = request.terms.conditions
    if conditions is None:
        return
    known = {symbol for slot in slots for symbol in slot.world.symbols}
    for symbol in conditions.symbols:
        if symbol not in known:
            raise OrderError(
                f"{request.symbol}: a condition asks about {symbol!r}, not subscribed to.",
                did_you_mean(symbol, known),
            )


def not_now(slot: Slot, request: OrderRequest) -> tuple[str, str] | None:
    """Rule and reason against anything asked for before the run starts trading, or after the kill
    switch was used; None where there is none."""
    if slot.struck and request.origin not in BINDING:
        return "kill", slot.struck
    if slot.trading:
        return None
    return "start", "the run has not started trading yet"
