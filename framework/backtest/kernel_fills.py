"""The kernel's market: one lane's orders meet a bar, and its ledger folds what they do.

The fills of the default fill policy, for market orders and their protective children. What the
simulated broker does with objects for every order type is done here with rows of numbers for these
few, by the same scalar arithmetic.
"""

from __future__ import annotations

__all__ = ["estimated_fee", "meet_bar", "quiet", "tick_at"]


from framework.backtest.layout import (
    AVERAGE,
    AWAY,
    BAND_COLUMNS,
    BANDS,
    BARS,
    BUSY_NOW,
    BY_AMOUNT,
    BY_PERCENT,
    BY_UNIT,
    BY_VALUE,
    CANCELLED,
    CASH,
    DISTANCE,
    DUE,
    ENTRY,
    F_CAP,
    F_FIXED,
    F_FROM,
    F_KIND,
    F_LEAST,
    F_RATE,
    FEE,
    FEE_COLUMNS,
    FEES,
    FILL,
    FILLED,
    FILLED_WHOLE,
    FILLS,
    FIRST,
    FIRST_BAND,
    FREE,
    GAP_SLIP,
    HELD,
    IN_RANGE,
    KIND,
    LAST,
    LEAST_TICK,
    LEAVE,
    MULTIPLIER,
    NONE,
    NOTHING,
    OPENING,
    ORDERS,
    PAID,
    PARENT,
    PRICE,
    QUANTITY,
    REASON,
    REFERENCE,
    REPORTED,
    SAME_BAR,
    SIDE,
    SLIP,
    SLIP_A,
    SLIP_B,
    SLIP_FIXED,
    SLIP_PERCENT,
    SLIP_SPREAD,
    STATUS,
    STOP,
    STOP_LOSS,
    TAKE_PROFIT,
    TARGET,
    TOUCH,
    TRAIL,
    TRAILING,
    WORKING,
    Books,
)
from framework.brokers.simulated.matching import is_reached, is_within, ratchet
from framework.compiled import scalar
from framework.components.commission import per_share_base, percent_base
from framework.components.rates import bounded_fee
from framework.components.slippage import slip_by, slip_half_spread, slip_percent
from framework.domain.arithmetic import held_after, order_price

_LEAST = 1e-9


@scalar
def _is_busy(b: Books, lane: int) -> bool:
    """Whether an order of the lane works."""
    return (
        b.lanes[lane, ENTRY] >= 0.0
        or b.lanes[lane, LEAVE] >= 0.0
        or b.lanes[lane, STOP] >= 0.0
        or b.lanes[lane, TRAIL] >= 0.0
        or b.lanes[lane, TARGET] >= 0.0
    )


@scalar
def meet_bar(b: Books, lane: int, k: int) -> None:
    """Let the lane's orders meet the bar that closes at instant `k`."""
    woken = False
    if b.lanes[lane, LEAVE] >= 0.0:
        _at_market(b, lane, int(b.lanes[lane, LEAVE]), k)
        b.lanes[lane, LEAVE] = NONE
    if b.lanes[lane, ENTRY] >= 0.0:
        entry = int(b.lanes[lane, ENTRY])
        b.lanes[lane, ENTRY] = NONE
        opened = _at_market(b, lane, entry, k)
        woken = opened > 0.0 and _wake(b, lane, entry, opened, k)
    if not woken or b.account[SAME_BAR] != 0.0:
        _protect(b, lane, k)
    if b.lanes[lane, TRAIL] >= 0.0:
        _ratchet(b, lane, k)
    b.lanes[lane, BUSY_NOW] = 1.0 if _is_busy(b, lane) else 0.0


@scalar
def quiet(b: Books, lane: int, k: int) -> int:
    """The first instant from `k` on whose bar an order may trade in, or be moved by."""
    total = b.closes.shape[1]
    lanes = b.lanes
    if lanes[lane, LEAVE] >= 0.0 or lanes[lane, ENTRY] >= 0.0 or lanes[lane, TRAIL] >= 0.0:
        return min(k, total)
    due = lanes[lane, DUE]
    if due >= 0.0:
        total = min(total, max(k, int(due)))
    stop, target = int(lanes[lane, STOP]), int(lanes[lane, TARGET])
    if stop < 0 and target < 0:
        return total
    side = b.orders[stop if stop >= 0 else target, SIDE]
    while k < total:
        worst = b.highs[lane, k] if side > 0.0 else b.lows[lane, k]
        best = b.lows[lane, k] if side > 0.0 else b.highs[lane, k]
        if stop >= 0 and is_reached(b.orders[stop, PRICE], worst, side):
            return k
        if target >= 0 and is_within(b.orders[target, PRICE], best, side, 0.0):
            return k
        k += 1
    return total


@scalar
def tick_at(b: Books, lane: int, price: float) -> float:
    """The smallest step of an order's price at `price`."""
    tick = b.terms[lane, FIRST_BAND + 1]
    for band in range(1, int(b.terms[lane, BANDS])):
        place = FIRST_BAND + BAND_COLUMNS * band
        if price < b.terms[lane, place]:
            break
        tick = b.terms[lane, place + 1]
    return tick


@scalar
def estimated_fee(b: Books, lane: int, units: float, notional: float, k: int) -> float:
    """Fee of an order of `units` > 0 worth `notional`."""
    terms = b.terms
    at = FIRST_BAND + BAND_COLUMNS * int(terms[lane, BANDS])
    for _ in range(1, int(terms[lane, FEES])):
        if b.days[k] < terms[lane, at + FEE_COLUMNS + F_FROM]:
            break
        at += FEE_COLUMNS
    kind = terms[lane, at + F_KIND]
    if kind == FREE:
        return 0.0
    rate, fixed = terms[lane, at + F_RATE], terms[lane, at + F_FIXED]
    base = rate
    if kind == BY_UNIT:
        base = per_share_base(units, rate, fixed)
    elif kind == BY_PERCENT:
        base = percent_base(notional, rate, fixed)
    elif kind == BY_VALUE:
        base = notional * rate
    return bounded_fee(base, units, notional, terms[lane, at + F_LEAST], terms[lane, at + F_CAP])


@scalar
def _at_market(b: Books, lane: int, row: int, k: int) -> float:
    """Fill a market order at the open; unsigned units it opened."""
    before = b.lanes[lane, HELD]
    signed = b.orders[row, SIDE] * b.orders[row, QUANTITY]
    _fill(b, lane, row, k, b.opens[lane, k], True, 0.0)
    if b.orders[row, OPENING] == 0.0:
        return 0.0
    return abs(signed + before) if signed * before < 0.0 else abs(signed)


@scalar
def _fill(
    b: Books, lane: int, row: int, k: int, reference: float, at_open: bool, touch: float
) -> None:
    """One execution of the whole order: price, fee, ledger, and what is known of it."""
    side, quantity = b.orders[row, SIDE], b.orders[row, QUANTITY]
    price = reference
    if b.orders[row, KIND] != TAKE_PROFIT and (b.account[GAP_SLIP] != 0.0 or not at_open):
        price = _slipped(b, lane, reference, side)
        if b.account[IN_RANGE] != 0.0:
            price = min(
                max(price, min(b.lows[lane, k], reference)), max(b.highs[lane, k], reference)
            )
    multiplier = b.terms[lane, MULTIPLIER]
    signed = side * quantity
    fee = estimated_fee(b, lane, quantity, quantity * multiplier * price, k)
    before = b.lanes[lane, HELD]
    b.lanes[lane, CASH] -= signed * multiplier * price
    b.lanes[lane, CASH] -= fee
    held, average = held_after(before, b.lanes[lane, AVERAGE], signed, price)
    b.lanes[lane, HELD], b.lanes[lane, AVERAGE] = held, average
    if held * before <= 0.0:
        b.lanes[lane, DUE] = NONE
    if held * side > 0.0 and b.orders[row, BARS] > 0.0 and b.lanes[lane, DUE] < 0.0:
        b.lanes[lane, DUE] = k + b.orders[row, BARS]
    b.orders[row, STATUS] = FILLED_WHOLE
    b.orders[row, LAST] = k
    b.orders[row, FILL] = b.account[FILLS]
    b.account[FILLS] += 1.0
    b.orders[row, FILLED] = quantity
    b.orders[row, PAID] = price
    b.orders[row, REFERENCE] = reference
    b.orders[row, FEE] = fee
    b.orders[row, TOUCH] = touch
    b.orders[row, REPORTED] = b.orders[row, PRICE]


@scalar
def _slipped(b: Books, lane: int, price: float, side: float) -> float:
    kind = b.account[SLIP]
    if kind == SLIP_FIXED:
        return slip_by(price, side, b.account[SLIP_A])
    if kind == SLIP_PERCENT:
        return slip_percent(price, side, b.account[SLIP_A])
    if kind == SLIP_SPREAD:
        tick = b.terms[lane, LEAST_TICK]
        return slip_half_spread(price, side, b.account[SLIP_A], b.account[SLIP_B], tick)
    return price


# protection --------------------------------------------------------------------------------------


@scalar
def _wake(b: Books, lane: int, entry: int, opened: float, k: int) -> bool:
    """Set the children of an entry to work; whether it has any."""
    units, multiplier = b.orders[entry, FILLED], b.terms[lane, MULTIPLIER]
    price = units * multiplier * b.orders[entry, PAID] / units / multiplier
    row = entry + 1
    while row < b.account[ORDERS] and b.orders[row, PARENT] == entry:
        b.orders[row, QUANTITY] = opened
        b.orders[row, STATUS] = WORKING
        b.orders[row, LAST] = k
        if b.orders[row, AWAY] != NOTHING:
            _fix(b, lane, row, price)
        b.orders[row, REPORTED] = b.orders[row, PRICE]
        if b.orders[row, FIRST] < 0.0 and b.orders[row, KIND] != TAKE_PROFIT:
            b.orders[row, FIRST] = b.orders[row, PRICE]
        b.lanes[lane, _place_of(b.orders[row, KIND])] = row
        row += 1
    return row > entry + 1


@scalar
def _place_of(kind: float) -> int:
    if kind == STOP_LOSS:
        return STOP
    return TRAIL if kind == TRAILING else TARGET


@scalar
def _fix(b: Books, lane: int, row: int, price: float) -> None:
    """Turn a distance from the fill into a price."""
    side = b.orders[row, SIDE]
    away = side * _distance(b, row, price)
    is_stop = b.orders[row, KIND] != TAKE_PROFIT
    raw = price + away if is_stop else price - away
    tick = tick_at(b, lane, raw)
    b.orders[row, PRICE] = _reachable(order_price(raw, tick, int(side), is_stop), tick)


@scalar
def _distance(b: Books, row: int, price: float) -> float:
    if b.orders[row, AWAY] == BY_AMOUNT:
        return b.orders[row, DISTANCE]
    return price * b.orders[row, DISTANCE] / 100.0


@scalar
def _reachable(price: float, tick: float) -> float:
    """A price an order can have: a distance wider than the fill price ends one tick above 0."""
    return max(price, tick if tick != 0.0 else _LEAST)


@scalar
def _protect(b: Books, lane: int, k: int) -> None:
    """Test stops before the target, first at the open and then inside the bar."""
    stop, trail = int(b.lanes[lane, STOP]), int(b.lanes[lane, TRAIL])
    target = int(b.lanes[lane, TARGET])
    if stop < 0 and trail < 0 and target < 0:
        return
    first, second = stop, trail
    price = b.opens[lane, k]
    if _stops_at(b, lane, first, price, k, price, True):
        return
    if _stops_at(b, lane, second, price, k, price, True):
        return
    if target >= 0 and is_within(b.orders[target, PRICE], price, b.orders[target, SIDE], 0.0):
        exact = 1.0 if price == b.orders[target, PRICE] else 0.0
        _exit(b, lane, target, k, price, True, exact)
        return
    if stop >= 0 and trail >= 0:
        nearer = abs(b.orders[trail, PRICE] - price) < abs(b.orders[stop, PRICE] - price)
        if nearer:
            first, second = trail, stop
    guard = first if first >= 0 else second
    if guard >= 0:
        worst = b.highs[lane, k] if b.orders[guard, SIDE] > 0.0 else b.lows[lane, k]
        if first >= 0 and _stops_at(b, lane, first, worst, k, b.orders[first, PRICE], False):
            return
        if second >= 0 and _stops_at(b, lane, second, worst, k, b.orders[second, PRICE], False):
            return
    if target >= 0:
        limit, side = b.orders[target, PRICE], b.orders[target, SIDE]
        best = b.lows[lane, k] if side > 0.0 else b.highs[lane, k]
        if is_within(limit, best, side, 0.0):
            _exit(b, lane, target, k, limit, False, 1.0 if best == limit else 0.0)


@scalar
def _stops_at(
    b: Books, lane: int, row: int, seen: float, k: int, price: float, at_open: bool
) -> bool:
    """Fill a stop at `price` if the price seen reaches it."""
    if row < 0 or not is_reached(b.orders[row, PRICE], seen, b.orders[row, SIDE]):
        return False
    _exit(b, lane, row, k, price, at_open, 0.0)
    return True


@scalar
def _exit(b: Books, lane: int, row: int, k: int, price: float, at_open: bool, touch: float) -> None:
    """Fill a protective order, which ends the others."""
    _fill(b, lane, row, k, price, at_open, touch)
    for place in (STOP, TRAIL, TARGET):
        other = int(b.lanes[lane, place])
        if other >= 0 and other != row:
            b.orders[other, STATUS] = CANCELLED
            b.orders[other, REASON] = row
            b.orders[other, LAST] = k
            b.orders[other, REPORTED] = b.orders[other, PRICE]
        b.lanes[lane, place] = NONE


@scalar
def _ratchet(b: Books, lane: int, k: int) -> None:
    """Move a trailing stop after a close, if that moves it nearer."""
    row = int(b.lanes[lane, TRAIL])
    side, close = b.orders[row, SIDE], b.closes[lane, k]
    level = close + side * _distance(b, row, close)
    if ratchet(side, b.orders[row, PRICE], level) != b.orders[row, PRICE]:
        tick = tick_at(b, lane, level)
        b.orders[row, PRICE] = _reachable(order_price(level, tick, int(side), True), tick)
