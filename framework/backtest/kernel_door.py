"""The kernel's door: what a lane's verb becomes, an order, a refusal, or nothing.

The verdicts of the engine's desk and judge, for orders at the market and their protection. Where a
strategy asks for what the tables cannot hold, the run gives up and the engine runs it instead.
"""

from __future__ import annotations

__all__ = ["act", "flatten"]


from framework.backtest.kernel_orders import ADDED, RENEWED, SECOND, place, sized
from framework.backtest.layout import (
    ASKED,
    BREAKER,
    BUY,
    BY_REQUEST,
    CANCELLED,
    CLOSE,
    ENTRY,
    GAVE_UP,
    GO_FLAT,
    GO_LONG,
    GO_SHORT,
    HELD,
    LAST,
    LEAVE,
    NONE,
    NOTHING,
    OPENED_NOTHING,
    OPENING,
    ORDERS,
    ORIGIN,
    PARENT,
    PRICE,
    QUANTITY,
    REASON,
    REMEMBERED,
    REPORTED,
    SIDE,
    START,
    STATUS,
    STOP,
    TARGET,
    TRAIL,
    W_GIVEN,
    W_STOP,
    W_TARGET,
    W_TRAIL,
    Books,
)
from framework.compiled import scalar


@scalar
def act(b: Books, lane: int, k: int, verb: float, quantity: float) -> None:
    """One verb of the lane's strategy, with the protection in `b.wanted`."""
    if verb == GO_LONG:
        _reach(b, lane, k, 1.0)
    elif verb == GO_SHORT:
        _reach(b, lane, k, -1.0)
    elif verb == GO_FLAT:
        flatten(b, lane, k, CLOSE)
    elif k >= b.account[START]:
        side = 1.0 if verb == BUY else -1.0
        if b.lanes[lane, ENTRY] >= 0.0:
            b.account[GAVE_UP] = SECOND
        elif _is_guarded(b, lane) or (_protects(b) and b.lanes[lane, HELD] * side > 0.0):
            b.account[GAVE_UP] = ADDED
        else:
            place(b, lane, k, side, quantity, ASKED, True)


@scalar
def flatten(b: Books, lane: int, k: int, origin: float) -> None:
    """Cancel everything working but what closes already, then close what is held."""
    _cancel_children(b, lane, k)
    _cancel_entry(b, lane, k)
    present = _effective(b, lane)
    if present != 0.0 and k >= b.account[START]:
        place(b, lane, k, -1.0 if present > 0.0 else 1.0, abs(present), origin, False)


@scalar
def _reach(b: Books, lane: int, k: int, side: float) -> None:
    if k < b.account[START]:
        return
    held = _effective(b, lane)
    entry = int(b.lanes[lane, ENTRY])
    enters = entry >= 0 and b.orders[entry, OPENING] > 0.0
    if held * side > 0.0 or (held == 0.0 and enters and b.orders[entry, SIDE] == side):
        if b.account[W_GIVEN] != 0.0:
            b.account[GAVE_UP] = RENEWED
        return
    quantity = sized(b, lane, k, side)
    if (quantity == 0.0 and held == 0.0) or b.account[GAVE_UP] != 0.0:
        return
    if held != 0.0:
        if _is_guarded(b, lane) or (entry >= 0 and _has_children(b, entry)):
            b.lanes[lane, REMEMBERED] = k
        _cancel_all(b, lane, k)
    elif enters:
        _cancel_entry(b, lane, k)
    _enter(b, lane, k, side, quantity)


@scalar
def _enter(b: Books, lane: int, k: int, side: float, quantity: float) -> None:
    """Send the order that reaches a side, once nothing is in its way."""
    present = _effective(b, lane)
    if present * side > 0.0:
        if b.lanes[lane, REMEMBERED] == k or _protects(b):
            b.account[GAVE_UP] = RENEWED
        return
    closing = abs(present) if present * side < 0.0 else 0.0
    if quantity == 0.0 and closing > 0.0:
        place(b, lane, k, side, closing, CLOSE, False)
    elif closing + quantity > 0.0:
        place(b, lane, k, side, closing + quantity, ASKED, True)


@scalar
def _effective(b: Books, lane: int) -> float:
    """Signed units held once the working market orders have filled."""
    total = b.lanes[lane, HELD]
    leave, entry = int(b.lanes[lane, LEAVE]), int(b.lanes[lane, ENTRY])
    if leave >= 0:
        total += b.orders[leave, SIDE] * b.orders[leave, QUANTITY]
    if entry >= 0:
        total += b.orders[entry, SIDE] * b.orders[entry, QUANTITY]
    return total


@scalar
def _is_guarded(b: Books, lane: int) -> bool:
    """Whether protective orders work."""
    return b.lanes[lane, STOP] >= 0.0 or b.lanes[lane, TRAIL] >= 0.0 or b.lanes[lane, TARGET] >= 0.0


@scalar
def _protects(b: Books) -> bool:
    """Whether the verb at hand brings protective orders."""
    return (
        b.account[W_STOP] != NOTHING
        or b.account[W_TRAIL] != NOTHING
        or b.account[W_TARGET] != NOTHING
    )


@scalar
def _has_children(b: Books, entry: int) -> bool:
    return entry + 1 < b.account[ORDERS] and b.orders[entry + 1, PARENT] == entry


# cancels ------------------------------------------------------------------------------------------


@scalar
def _end(b: Books, row: int, k: int, reason: float) -> None:
    b.orders[row, STATUS] = CANCELLED
    b.orders[row, REASON] = reason
    b.orders[row, LAST] = k
    b.orders[row, REPORTED] = b.orders[row, PRICE]


@scalar
def _cancel_children(b: Books, lane: int, k: int) -> None:
    for column in (STOP, TRAIL, TARGET):
        row = int(b.lanes[lane, column])
        if row >= 0:
            _end(b, row, k, BY_REQUEST)
            b.lanes[lane, column] = NONE


@scalar
def _cancel_entry(b: Books, lane: int, k: int) -> None:
    entry = int(b.lanes[lane, ENTRY])
    if entry < 0:
        return
    _end(b, entry, k, BY_REQUEST)
    row = entry + 1
    while row < b.account[ORDERS] and b.orders[row, PARENT] == entry:
        _end(b, row, k, OPENED_NOTHING)
        row += 1
    b.lanes[lane, ENTRY] = NONE


@scalar
def _cancel_all(b: Books, lane: int, k: int) -> None:
    """Cancel what the strategy may cancel: everything but the exit of a breaker."""
    _cancel_children(b, lane, k)
    leave = int(b.lanes[lane, LEAVE])
    if leave >= 0 and b.orders[leave, ORIGIN] != BREAKER:
        _end(b, leave, k, BY_REQUEST)
        b.lanes[lane, LEAVE] = NONE
    _cancel_entry(b, lane, k)
