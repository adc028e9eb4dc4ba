"""The kernel: whole runs of `when(condition, verb)`, and single steps for `on_bar`, compiled.

Whatever it cannot hold makes it give up, and the engine runs the strategy instead: the kernel never
decides what happens, it only gets there faster. A property test compares the two byte by byte.
"""

from __future__ import annotations

__all__ = [
    "BUSY",
    "KEPT_IN",
    "NO_ROOM",
    "SENT",
    "TRADED",
    "expand",
    "play",
    "quiet_until",
    "step",
    "verb",
    "worth",
]

from math import inf, isfinite

from framework.backtest.kernel_door import act, flatten
from framework.backtest.kernel_fills import meet_bar, quiet
from framework.backtest.kernel_orders import NO_NUMBER, lane_equity
from framework.backtest.layout import (
    BREAKER,
    BREAKERS,
    BUSY_NOW,
    BY_AMOUNT,
    DAILY_MONEY,
    DAY,
    DAY_OPEN,
    DRAWDOWN,
    DUE,
    ENTRY,
    EQUITY,
    FILLS,
    GAVE_UP,
    HALTS,
    HELD,
    LEAVE,
    NOTES,
    ORDERS,
    PEAK,
    PRICE,
    R_AT,
    R_WHY,
    SIDE,
    SPARE,
    START,
    STOP,
    T_BASE,
    T_BREAKER,
    T_EQUITY,
    TARGET,
    TIME_STOP,
    TRAIL,
    TRIPPED,
    TRIPPER,
    UNKNOWN,
    V_QUANTITY,
    V_STOP_LEVEL,
    V_TARGET_LEVEL,
    V_TRAIL_LEVEL,
    V_VERB,
    V_WANTED,
    W_STOP,
    W_STOP_AT,
    W_TARGET,
    W_TARGET_AT,
    W_TRAIL,
    W_TRAIL_AT,
    WANTED,
    WANTED_COLUMNS,
    Books,
    CodeArray,
)
from framework.compiled import entry, scalar
from framework.components.breakers import is_tripped, loss_limit
from framework.domain.arithmetic import held_after
from framework.domain.bars import FloatArray, IntArray

_READ = "Array(f8, {}, 'C', readonly=True)"
_LEVELS = ", ".join([_READ.format(3)] * 3)
_BARS = ", ".join([_READ.format(2)] * 4)
_BOOKS = (
    f"{_BARS}, Array(i8, 1, 'C', readonly=True), f8[:,::1], f8[:,::1], f8[::1], f8[:,::1], "
    "f8[:,::1]"
)
TRADED, SENT, KEPT_IN, BUSY, NO_ROOM = 1, 2, 4, 8, 16
"""What a step or a verb has done, added up; NO_ROOM stands alone: nothing was done yet."""

_ROOM = 8
"""Rows of each table one lane can need within one instant, for each of its conditions."""


@entry(f"i8({_BOOKS}, u4[:,::1], i8[:,::1], i8[:,:,::1], f8[:,:,::1], {_LEVELS}, i8, i8)")
def play(
    opens: FloatArray,
    highs: FloatArray,
    lows: FloatArray,
    closes: FloatArray,
    days: IntArray,
    terms: FloatArray,
    lanes: FloatArray,
    account: FloatArray,
    orders: FloatArray,
    notes: FloatArray,
    codes: CodeArray,
    asked: IntArray,
    bits: IntArray,
    whens: FloatArray,
    stops: FloatArray,
    trails: FloatArray,
    targets: FloatArray,
    first: int,
    stop: int,
) -> int:
    """Run the instants `first`..`stop` - 1; the first instant not done yet.

    Args:
        opens: and what follows, the fields of `Books`.
        codes: which masks hold, one bit each, shape (L, K).
        asked: by lane and side (flat, long, short), the bits any condition looks at, shape (L, 3).
        bits: by lane, condition and side (flat, long, short), the bit to look at, shape (L, W, 3).
        whens: by lane and condition, its verb, shape (L, W, 16).
        stops, trails, targets: prices and distances that change by instant, shape (L, N, K).
        first, stop: indices of instants.
    """
    b = Books(opens, highs, lows, closes, days, terms, lanes, account, orders, notes)
    count = lanes.shape[0]
    room = _ROOM * count * (whens.shape[1] + 2)
    watched = account[BREAKERS] > 0.0
    alone = count == 1 and not watched
    k = first - 1
    while k + 1 < stop:
        k += 1
        if alone:
            k = _next_event(b, codes, asked, k, stop)
            if k == stop:
                return stop
        if account[ORDERS] + room > orders.shape[0] or account[NOTES] + room > notes.shape[0]:
            return k
        for lane in range(count):
            if lanes[lane, BUSY_NOW] != 0.0:
                meet_bar(b, lane, k)
        if watched and _halts(b, k):
            continue
        for lane in range(count):
            due = lanes[lane, DUE]
            if due >= 0.0 and k >= due and lanes[lane, HELD] != 0.0:
                flatten(b, lane, k, TIME_STOP)
            code = codes[lane, k]
            held = lanes[lane, HELD]
            if code & asked[lane, 0 if held == 0.0 else (1 if held > 0.0 else 2)] != 0:
                _decide(b, lane, k, code, bits, whens, stops, trails, targets)
                if account[GAVE_UP] != 0.0:
                    return k
    return stop


@entry(f"i8({_BOOKS}, i8)")
def step(
    opens: FloatArray,
    highs: FloatArray,
    lows: FloatArray,
    closes: FloatArray,
    days: IntArray,
    terms: FloatArray,
    lanes: FloatArray,
    account: FloatArray,
    orders: FloatArray,
    notes: FloatArray,
    k: int,
) -> int:
    """Let the orders of a single lane meet the bar that closes at instant `k`."""
    b = Books(opens, highs, lows, closes, days, terms, lanes, account, orders, notes)
    if _is_full(b):
        return NO_ROOM
    before = account[FILLS]
    meet_bar(b, 0, k)
    due = lanes[0, DUE]
    if due >= 0.0 and k >= due and lanes[0, HELD] != 0.0:
        flatten(b, 0, k, TIME_STOP)
    return (TRADED if account[FILLS] > before else 0) + _business(b)


@entry(f"i8({_BOOKS}, i8, f8, f8)")
def verb(
    opens: FloatArray,
    highs: FloatArray,
    lows: FloatArray,
    closes: FloatArray,
    days: IntArray,
    terms: FloatArray,
    lanes: FloatArray,
    account: FloatArray,
    orders: FloatArray,
    notes: FloatArray,
    k: int,
    what: float,
    quantity: float,
) -> int:
    """One verb of a single lane at instant `k`."""
    b = Books(opens, highs, lows, closes, days, terms, lanes, account, orders, notes)
    if _is_full(b):
        return NO_ROOM
    sent, kept_in = account[ORDERS], account[NOTES]
    act(b, 0, k, what, quantity)
    if account[GAVE_UP] != 0.0:
        return -int(account[GAVE_UP])
    code = SENT if account[ORDERS] > sent else 0
    return code + (KEPT_IN if account[NOTES] > kept_in else 0) + _business(b)


@entry(f"i8({_BOOKS}, i8)")
def quiet_until(
    opens: FloatArray,
    highs: FloatArray,
    lows: FloatArray,
    closes: FloatArray,
    days: IntArray,
    terms: FloatArray,
    lanes: FloatArray,
    account: FloatArray,
    orders: FloatArray,
    notes: FloatArray,
    k: int,
) -> int:
    """The first instant from `k` on at which the orders of a single lane may do something."""
    b = Books(opens, highs, lows, closes, days, terms, lanes, account, orders, notes)
    return quiet(b, 0, k)


@scalar
def _is_full(b: Books) -> bool:
    """Whether a table has no room for what one verb may add."""
    return (
        b.account[ORDERS] + _ROOM > b.orders.shape[0] or b.account[NOTES] + _ROOM > b.notes.shape[0]
    )


@scalar
def _business(b: Books) -> int:
    return BUSY if b.lanes[0, BUSY_NOW] != 0.0 or b.lanes[0, DUE] >= 0.0 else 0


@scalar
def _next_event(b: Books, codes: CodeArray, asked: IntArray, k: int, stop: int) -> int:
    """The first instant from `k` on at which a condition holds, an order may trade or a time stop
    is due, of a run with one lane; `stop` if there is none before."""
    lanes, orders = b.lanes, b.orders
    if lanes[0, ENTRY] >= 0.0 or lanes[0, LEAVE] >= 0.0 or lanes[0, TRAIL] >= 0.0:
        return k
    if lanes[0, DUE] >= 0.0:
        stop = min(stop, max(k, int(lanes[0, DUE])))
    held = lanes[0, HELD]
    mask = asked[0, 0 if held == 0.0 else (1 if held > 0.0 else 2)]
    guard, target = int(lanes[0, STOP]), int(lanes[0, TARGET])
    if guard < 0 and target < 0:
        while k < stop and codes[0, k] & mask == 0:
            k += 1
        return k
    floor, ceiling = -inf, inf
    side = orders[guard if guard >= 0 else target, SIDE]
    if guard >= 0:
        floor, ceiling = _narrowed(floor, ceiling, orders[guard, PRICE], side)
    if target >= 0:
        floor, ceiling = _narrowed(floor, ceiling, orders[target, PRICE], -side)
    lows, highs = b.lows, b.highs
    while k < stop and codes[0, k] & mask == 0 and lows[0, k] > floor and highs[0, k] < ceiling:
        k += 1
    return k


@scalar
def _narrowed(floor: float, ceiling: float, price: float, side: float) -> tuple[float, float]:
    """Prices that do nothing, once an order that waits for `price` is among those that work."""
    return (max(floor, price), ceiling) if side < 0.0 else (floor, min(ceiling, price))


@scalar
def _decide(
    b: Books,
    lane: int,
    k: int,
    code: int,
    bits: IntArray,
    whens: FloatArray,
    stops: FloatArray,
    trails: FloatArray,
    targets: FloatArray,
) -> None:
    """Fire the conditions that hold, in order."""
    held = b.lanes[lane, HELD]
    side = 0 if held == 0.0 else (1 if held > 0.0 else 2)
    for number in range(whens.shape[1]):
        if code & bits[lane, number, side]:
            for column in range(WANTED_COLUMNS):
                b.account[WANTED + column] = whens[lane, number, V_WANTED + column]
            _read(b, lane, k, whens[lane, number, V_STOP_LEVEL], W_STOP, W_STOP_AT, stops)
            _read(b, lane, k, whens[lane, number, V_TRAIL_LEVEL], W_TRAIL, W_TRAIL_AT, trails)
            _read(b, lane, k, whens[lane, number, V_TARGET_LEVEL], W_TARGET, W_TARGET_AT, targets)
            if b.account[GAVE_UP] == 0.0:
                act(b, lane, k, whens[lane, number, V_VERB], whens[lane, number, V_QUANTITY])
            if b.account[GAVE_UP] != 0.0:
                return


@scalar
def _read(
    b: Books, lane: int, k: int, level: float, kind: int, value: int, levels: FloatArray
) -> None:
    """Read a protective price, or a distance in average true ranges, at this instant."""
    if level < 0.0:
        return
    now = levels[lane, int(level), k]
    b.account[value] = now
    is_number = now > 0.0 and isfinite(now)
    if b.account[kind] == BY_AMOUNT and not now > 0.0:
        b.account[kind] = UNKNOWN
    elif not is_number:
        b.account[GAVE_UP] = NO_NUMBER


# breakers -------------------------------------------------------------------------------------


@scalar
def _halts(b: Books, k: int) -> bool:
    """Mark the account, ask the breakers, flatten while halted; whether one has just tripped."""
    account = b.account
    day = float(b.days[k])
    if day != account[DAY]:
        account[DAY] = day
        _reopen(b)
        account[DAY_OPEN] = account[EQUITY]
    if k < b.account[START]:
        return False
    total = 0.0
    for lane in range(b.lanes.shape[0]):
        total += lane_equity(b, lane, k)
    equity = account[SPARE] + total
    if account[PEAK] == 0.0:
        account[DAY_OPEN] = equity
        account[PEAK] = equity
    account[EQUITY] = equity
    account[PEAK] = max(account[PEAK], equity)
    tripped = False
    for number in range(int(account[BREAKERS])):
        tripped = _check(b, k, number) or tripped
    if account[HALTS] != 0.0:
        for lane in range(b.lanes.shape[0]):
            flatten(b, lane, k, BREAKER)
    return tripped


@scalar
def _check(b: Books, k: int, number: int) -> bool:
    """Ask one breaker; whether it trips now."""
    account = b.account
    kind, value = account[TRIPPER + 2 * number], account[TRIPPER + 2 * number + 1]
    base = account[PEAK] if kind == DRAWDOWN else account[DAY_OPEN]
    limit = value if kind == DAILY_MONEY else loss_limit(value, base)
    loss = base - account[EQUITY]
    if not is_tripped(loss, limit) or _is_halted_by(account[HALTS], kind):
        return False
    account[HALTS] = account[HALTS] * 4.0 + kind
    row = int(account[NOTES])
    b.notes[row, R_AT] = k
    b.notes[row, R_WHY] = TRIPPED
    b.notes[row, T_BREAKER] = number
    b.notes[row, T_EQUITY] = account[EQUITY]
    b.notes[row, T_BASE] = base
    account[NOTES] += 1.0
    return True


@scalar
def _is_halted_by(halts: float, kind: float) -> bool:
    """Whether a kind of breaker is among those that have tripped, digits to base 4."""
    left = int(halts)
    while left > 0:
        if left % 4 == int(kind):
            return True
        left //= 4
    return False


@scalar
def _reopen(b: Books) -> None:
    """A session begins: what was halted for a session only trades again."""
    kept = 0.0
    if _is_halted_by(b.account[HALTS], DRAWDOWN):
        kept = DRAWDOWN
    b.account[HALTS] = kept


# curves ---------------------------------------------------------------------------------------


@entry(f"f8({_READ.format(1)}, i8[::1], f8[::1], f8[::1], f8[::1], f8[::1], f8, f8)")
def worth(
    closes: FloatArray,
    steps: IntArray,
    traded: FloatArray,
    prices: FloatArray,
    fees: FloatArray,
    equity: FloatArray,
    opening: float,
    multiplier: float,
) -> float:
    """Equity after every instant, from the executions of a single lane; the lowest cash, or 0.

    Arguments are those of `expand`; `equity` is written to, shape (K,).
    """
    money, units, average, least = opening, 0.0, 0.0, 0.0
    k = 0
    for done in range(len(steps) + 1):
        until = steps[done] if done < len(steps) else len(closes)
        if units == 0.0:
            while k < until:
                equity[k] = money
                k += 1
        else:
            while k < until:
                equity[k] = units * multiplier * closes[k] + money
                k += 1
        if done < len(steps):
            money -= traded[done] * multiplier * prices[done]
            money -= fees[done]
            units, average = held_after(units, average, traded[done], prices[done])
            if done + 1 == len(steps) or steps[done + 1] > until:
                least = min(least, money)
    return least


@entry(
    f"void({_READ.format(1)}, i8[::1], f8[::1], f8[::1], f8[::1], f8[::1], f8[::1], f8[::1], "
    "f8, f8)"
)
def expand(
    closes: FloatArray,
    steps: IntArray,
    traded: FloatArray,
    prices: FloatArray,
    fees: FloatArray,
    cash: FloatArray,
    held: FloatArray,
    value: FloatArray,
    opening: float,
    multiplier: float,
) -> None:
    """Cash, units and market value after every instant, from the executions of one lane.

    Args:
        closes: shape (K,).
        steps: instants of the executions, in order, shape (C,).
        traded, prices, fees: signed units, price and fee of each, shape (C,).
        cash, held, value: written to, shape (K,).
        opening: cash before the first.
        multiplier: of the instrument.
    """
    money, units, average = opening, 0.0, 0.0
    done = 0
    for k in range(len(closes)):
        while done < len(steps) and steps[done] == k:
            money -= traded[done] * multiplier * prices[done]
            money -= fees[done]
            units, average = held_after(units, average, traded[done], prices[done])
            done += 1
        cash[k] = money
        held[k] = units
        value[k] = units * multiplier * closes[k] if units != 0.0 else 0.0
