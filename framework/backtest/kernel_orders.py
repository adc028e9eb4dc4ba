"""The kernel's orders: sizes, verdicts, and the rows of what leaves and of what is kept in.

The sizer, the judge and the order of the engine, for orders at the market and their protection.
Where a strategy asks for what the tables cannot hold, the run gives up and the engine runs it.
"""

from __future__ import annotations

__all__ = ["ADDED", "GIVEN_UP", "NO_NUMBER", "RENEWED", "SECOND", "lane_equity", "place", "sized"]

from math import isfinite, isnan

from framework.backtest.kernel_fills import estimated_fee, tick_at
from framework.backtest.layout import (
    ASKED,
    AT,
    AT_PRICE,
    AWAY,
    BARS,
    BELOW_TICK,
    BUSY_NOW,
    BY_AMOUNT,
    CASH,
    DISTANCE,
    ENTRY,
    FILL,
    FIRST,
    GAVE_UP,
    HALTED,
    HALTS,
    HELD,
    KIND,
    LANE,
    LAST,
    LEAST_TICK,
    LEAVE,
    LOT,
    MADE,
    MARKET,
    MONEY,
    MULTIPLIER,
    NO_LOT,
    NO_REASON,
    NO_SIZE,
    NONE,
    NOT_AFFORDED,
    NOTES,
    NOTHING,
    NOTHING_TO_CLOSE,
    NUMBER,
    OPENING,
    ORDER_COLUMNS,
    ORDERS,
    ORIGIN,
    PARENT,
    PERCENT,
    PRICE,
    QUANTITY,
    R_A,
    R_AT,
    R_B,
    R_LANE,
    R_ORIGIN,
    R_QUANTITY,
    R_SIDE,
    R_WHY,
    REASON,
    REPORTED,
    RISK,
    RULES_LEAVE_NONE,
    SIDE,
    SIZER,
    SIZERS,
    STATUS,
    STOP_AT_ZERO,
    STOP_LOSS,
    STOP_NOT_BEHIND,
    TAKE_PROFIT,
    TARGET_AT_ZERO,
    TARGET_NOT_AHEAD,
    TIMES,
    TRAIL_AT_ZERO,
    TRAILING,
    UNKNOWN,
    UNKNOWN_RANGE,
    W_BARS,
    W_STOP,
    W_STOP_AT,
    W_STOP_PERIOD,
    W_TARGET,
    W_TARGET_AT,
    W_TARGET_PERIOD,
    W_TRAIL,
    W_TRAIL_AT,
    W_TRAIL_PERIOD,
    WAITING,
    WORKING,
    Books,
)
from framework.compiled import scalar
from framework.components.margin import levered
from framework.components.sizing import risked, share_of_equity, units_for
from framework.domain.arithmetic import (
    covered,
    opening_and_closing,
    order_price,
    round_down_to_lot,
)

GIVEN_UP = (
    "",
    "protection was renewed while it worked",
    "a second order was sent before the first had filled",
    "a position with protection was added to",
    "fractions of a unit were added to a position",
    "a size or a protective price was no number above 0",
    "risk sizing met an entry without a stop",
)
"""Why a compiled run gave up, by its code."""
RENEWED, SECOND, ADDED, _FRACTIONS, NO_NUMBER, _NO_STOP = 1.0, 2.0, 3.0, 4.0, 5.0, 6.0


@scalar
def lane_equity(b: Books, lane: int, k: int) -> float:
    """Equity of the lane's own ledger at the close."""
    equity = b.lanes[lane, CASH]
    held = b.lanes[lane, HELD]
    if held != 0.0:
        equity += held * b.terms[lane, MULTIPLIER] * b.closes[lane, k]
    return equity


@scalar
def _closing(b: Books, lane: int) -> float:
    """Signed units of the working market orders that close what is held."""
    total = 0.0
    for place in (LEAVE, ENTRY):
        row = int(b.lanes[lane, place])
        if row >= 0:
            total += b.orders[row, SIDE] * (b.orders[row, QUANTITY] - b.orders[row, OPENING])
    return total


# sizes --------------------------------------------------------------------------------------------


@scalar
def sized(b: Books, lane: int, k: int, side: float) -> float:
    """Whole lots the smallest sizer wants, at the decision's close."""
    price, multiplier = b.closes[lane, k], b.terms[lane, MULTIPLIER]
    equity = lane_equity(b, lane, k)
    wanted = 0.0
    for number in range(int(b.account[SIZERS])):
        kind, value = b.account[SIZER + 2 * number], b.account[SIZER + 2 * number + 1]
        units = value
        if kind == MONEY:
            units = units_for(value, price * multiplier)
        elif kind == PERCENT:
            units = share_of_equity(value, equity, 1.0, price * multiplier)
        elif kind == RISK:
            distance = _stop_distance(b, price, side)
            if isnan(distance):
                b.account[GAVE_UP] = _NO_STOP
                return 0.0
            units = risked(value, equity, distance, multiplier)
        if number == 0 or units < wanted:
            wanted = units
    if not isfinite(wanted) or wanted < 0.0:
        b.account[GAVE_UP] = NO_NUMBER
        return 0.0
    lot = b.terms[lane, LOT]
    quantity = round_down_to_lot(wanted, lot)
    if quantity == 0.0:
        _refuse(b, lane, k, side, wanted, ASKED, NO_SIZE, wanted, lot)
    return quantity


@scalar
def _stop_distance(b: Books, price: float, side: float) -> float:
    """Price distance to the stop that comes with the entry; NaN without one."""
    kind, value = b.account[W_STOP], b.account[W_STOP_AT]
    if kind == NOTHING:
        kind, value = b.account[W_TRAIL], b.account[W_TRAIL_AT]
    if kind in (NOTHING, UNKNOWN):
        return float("nan")
    stop = value
    if kind != AT_PRICE:
        stop = price - side * _away(kind, value, price)
    return (price - stop) * side


@scalar
def _away(kind: float, value: float, price: float) -> float:
    """A distance from `price`."""
    return value if kind == BY_AMOUNT else price * value / 100.0


# the verdict --------------------------------------------------------------------------------------


@scalar
def _refuse(
    b: Books,
    lane: int,
    k: int,
    side: float,
    quantity: float,
    origin: float,
    why: float,
    first: float,
    second: float,
) -> None:
    row = int(b.account[NOTES])
    b.notes[row, R_LANE] = lane
    b.notes[row, R_AT] = k
    b.notes[row, R_SIDE] = side
    b.notes[row, R_QUANTITY] = quantity
    b.notes[row, R_ORIGIN] = origin
    b.notes[row, R_WHY] = why
    b.notes[row, R_A] = first
    b.notes[row, R_B] = second
    b.account[NOTES] += 1.0


@scalar
def place(
    b: Books, lane: int, k: int, side: float, wanted: float, origin: float, guarded: bool
) -> None:
    """Let a market order out, as much of it as may leave, or say why not."""
    lot = b.terms[lane, LOT]
    quantity = round_down_to_lot(wanted, lot)
    if not quantity > 0.0:
        _refuse(b, lane, k, side, wanted, origin, NO_LOT, wanted, lot)
        return
    held = b.lanes[lane, HELD]
    if held != 0.0 and origin == ASKED and (quantity % 1.0 != 0.0 or held % 1.0 != 0.0):
        b.account[GAVE_UP] = _FRACTIONS
        return
    closing = _closing(b, lane)
    opening, exits = opening_and_closing(
        held, side * quantity, abs(closing) if closing * held < 0.0 else 0.0
    )
    if origin != ASKED:
        opening = 0.0
    allowed = opening
    if opening > 0.0:
        allowed = _allowed(b, lane, k, side, opening, exits, guarded)
        if b.account[GAVE_UP] != 0.0 or (allowed == 0.0 and exits == 0.0):
            return
    if exits + allowed == 0.0:
        _refuse(b, lane, k, side, quantity, origin, NOTHING_TO_CLOSE, 0.0, 0.0)
        return
    _send(b, lane, k, side, exits + allowed, allowed, origin, guarded)


@scalar
def _allowed(
    b: Books, lane: int, k: int, side: float, opening: float, exits: float, guarded: bool
) -> float:
    """Units of new risk the account allows, 0 if it refuses them."""
    if b.account[HALTS] != 0.0:
        _refuse(b, lane, k, side, opening, ASKED, HALTED, b.account[HALTS], 0.0)
        return 0.0
    price, multiplier = b.closes[lane, k], b.terms[lane, MULTIPLIER]
    if guarded and not _is_sound(b, lane, k, side, opening, price):
        return 0.0
    lot = b.terms[lane, LOT]
    allowed = round_down_to_lot(opening, lot)
    if allowed == 0.0:
        _refuse(b, lane, k, side, opening, ASKED, RULES_LEAVE_NONE, 0.0, 0.0)
        return 0.0
    times = b.account[TIMES]
    held = b.lanes[lane, HELD]
    used = 0.0
    if held != 0.0:
        used += levered(abs(held) * multiplier * price, times)
    closing = _closing(b, lane)
    if closing * held < 0.0:
        used -= levered(min(abs(closing), abs(held)) * multiplier * price, times)
    free = lane_equity(b, lane, k) - used
    need = levered(allowed * multiplier * price, times)
    fee = estimated_fee(b, lane, allowed, allowed * multiplier * price, k)
    if exits != 0.0:
        free += levered(exits * multiplier * price, times)
    if covered(need, fee, free):
        return allowed
    _refuse(b, lane, k, side, allowed, ASKED, NOT_AFFORDED, need + fee, free)
    return 0.0


@scalar
def _is_sound(b: Books, lane: int, k: int, side: float, opening: float, entry: float) -> bool:
    """Whether the protection can go with the entry; refuses it otherwise."""
    w = b.account
    stop, trail, target = w[W_STOP], w[W_TRAIL], w[W_TARGET]
    why, first, second = NONE, 0.0, 0.0
    if stop == UNKNOWN:
        why, first = UNKNOWN_RANGE, w[W_STOP_PERIOD]
    elif target == UNKNOWN:
        why, first = UNKNOWN_RANGE, w[W_TARGET_PERIOD]
    elif trail == UNKNOWN:
        why, first = UNKNOWN_RANGE, w[W_TRAIL_PERIOD]
    elif stop > AT_PRICE and not entry - side * _away(stop, w[W_STOP_AT], entry) > 0.0:
        why, first = STOP_AT_ZERO, entry - side * _away(stop, w[W_STOP_AT], entry)
    elif trail > AT_PRICE and not entry - side * _away(trail, w[W_TRAIL_AT], entry) > 0.0:
        why, first = TRAIL_AT_ZERO, entry - side * _away(trail, w[W_TRAIL_AT], entry)
    elif target > AT_PRICE and not entry + side * _away(target, w[W_TARGET_AT], entry) > 0.0:
        why, first = TARGET_AT_ZERO, entry + side * _away(target, w[W_TARGET_AT], entry)
    elif stop == AT_PRICE and w[W_STOP_AT] < b.terms[lane, LEAST_TICK]:
        why, first, second = BELOW_TICK, w[W_STOP_AT], b.terms[lane, LEAST_TICK]
    elif target == AT_PRICE and w[W_TARGET_AT] < b.terms[lane, LEAST_TICK]:
        why, first, second = BELOW_TICK, w[W_TARGET_AT], b.terms[lane, LEAST_TICK]
    elif stop == AT_PRICE and (entry - w[W_STOP_AT]) * side <= 0.0:
        why, first, second = STOP_NOT_BEHIND, w[W_STOP_AT], entry
    elif target == AT_PRICE and (w[W_TARGET_AT] - entry) * side <= 0.0:
        why, first, second = TARGET_NOT_AHEAD, w[W_TARGET_AT], entry
    if why == NONE:
        return True
    _refuse(b, lane, k, side, opening, ASKED, why, first, second)
    return False


# orders -------------------------------------------------------------------------------------------


@scalar
def _send(
    b: Books,
    lane: int,
    k: int,
    side: float,
    quantity: float,
    opening: float,
    origin: float,
    guarded: bool,
) -> None:
    """Write an order, and its children, into the tables."""
    place = ENTRY if origin == ASKED else LEAVE
    if b.lanes[lane, place] >= 0.0:
        b.account[GAVE_UP] = SECOND
        return
    row = _row(b, lane, k, side, MARKET, quantity)
    b.orders[row, ORIGIN] = origin
    b.orders[row, OPENING] = opening
    b.orders[row, STATUS] = WORKING
    b.lanes[lane, place] = row
    b.lanes[lane, BUSY_NOW] = 1.0
    if guarded and opening > 0.0:
        b.orders[row, BARS] = b.account[W_BARS]
        _child(b, lane, k, row, STOP_LOSS, b.account[W_STOP], b.account[W_STOP_AT])
        _child(b, lane, k, row, TRAILING, b.account[W_TRAIL], b.account[W_TRAIL_AT])
        _child(b, lane, k, row, TAKE_PROFIT, b.account[W_TARGET], b.account[W_TARGET_AT])


@scalar
def _child(
    b: Books, lane: int, k: int, entry: int, kind: float, given: float, value: float
) -> None:
    if given == NOTHING:
        return
    side = -b.orders[entry, SIDE]
    row = _row(b, lane, k, side, kind, b.orders[entry, OPENING])
    b.orders[row, PARENT] = entry
    b.orders[row, STATUS] = WAITING
    if given != AT_PRICE:
        b.orders[row, AWAY] = given
        b.orders[row, DISTANCE] = value
        return
    is_stop = kind != TAKE_PROFIT
    price = order_price(value, tick_at(b, lane, value), int(side), is_stop)
    if not price > 0.0 or not isfinite(price):
        b.account[GAVE_UP] = NO_NUMBER
    b.orders[row, PRICE] = price
    b.orders[row, REPORTED] = price
    if is_stop:
        b.orders[row, FIRST] = price


@scalar
def _row(b: Books, lane: int, k: int, side: float, kind: float, quantity: float) -> int:
    """A fresh order row."""
    row = int(b.account[ORDERS])
    b.account[ORDERS] += 1.0
    b.lanes[lane, MADE] += 1.0
    for column in range(ORDER_COLUMNS):
        b.orders[row, column] = 0.0
    b.orders[row, LANE] = lane
    b.orders[row, NUMBER] = b.lanes[lane, MADE]
    b.orders[row, SIDE] = side
    b.orders[row, KIND] = kind
    b.orders[row, PARENT] = NONE
    b.orders[row, AT] = k
    b.orders[row, LAST] = k
    b.orders[row, QUANTITY] = quantity
    b.orders[row, PRICE] = NONE
    b.orders[row, REPORTED] = NONE
    b.orders[row, FIRST] = NONE
    b.orders[row, REASON] = NO_REASON
    b.orders[row, FILL] = NONE
    return row
