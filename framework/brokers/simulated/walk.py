"""Three ways to take resting orders through one bar: open first, as submitted, along a path."""

from __future__ import annotations

__all__ = ["Trade", "along_path", "as_submitted", "open_first"]

from collections.abc import Callable, Iterator
from math import isnan

from framework.brokers.simulated.matching import Touch, at_open, in_bar, listed
from framework.brokers.simulated.policy import FillPolicy
from framework.brokers.simulated.resting import Resting
from framework.brokers.simulated.tape import Bar
from framework.domain.orders import OrderType, Side

Trade = Callable[[Resting, float, bool, bool], None]
"""Execute an order at a price: (order, price, whether at the open, whether only touched)."""


def open_first(
    queue: list[Resting],
    bar: Bar,
    held: Callable[[], float],
    policy: FillPolicy,
    margin: float,
    trade: Trade,
) -> None:
    """What the open fills, then what the bar reaches: exits before entries, stops before limits.

    Args:
        queue: the instrument's orders; children the trades wake are found in it.
        bar: the bar.
        held: signed units held now.
        policy: fill policy.
        margin: how far a limit must be exceeded.
        trade: executes.
    """
    _at_open(queue, bar, held, policy, margin, trade)
    for resting in _ranked(queue, held, policy, bar.open):
        if resting.is_live:
            touch = _in_bar(resting, bar, margin)
            if touch.price is not None:
                trade(resting, touch.price, False, touch.exact)
                _stops_of(queue, resting, bar, touch.price, margin, trade)


def as_submitted(
    queue: list[Resting],
    bar: Bar,
    policy: FillPolicy,
    trade: Trade,
) -> None:
    """Protective stops and closes, newest first, then the rest as submitted, each on the whole bar.

    When a market entry with protection fills, everything is gone through once more, so that its
    protection is tested in the same bar. So it is for a stop entry whose target the bar reaches
    while its stop stays untouched.
    """
    again = False
    live = sorted((r for r in queue if r.is_live), key=lambda resting: resting.sequence)
    first = [resting for resting in live if resting.is_protective_stop_or_close]
    rest = [resting for resting in live if not resting.is_protective_stop_or_close]
    for resting in [*reversed(first), *rest]:
        if not resting.is_live:
            continue
        touch = _listed(resting, bar, policy)
        if touch.price is None:
            continue
        trade(resting, touch.price, False, touch.exact)
        children = [c for c in queue if c.order.parent == resting.order.id and c.is_live]
        if children:
            again = again or _tests_children(resting, children, bar)
    if again:
        as_submitted(queue, bar, policy, trade)


def along_path(
    queue: list[Resting],
    bar: Bar,
    held: Callable[[], float],
    policy: FillPolicy,
    margin: float,
    trade: Trade,
) -> None:
    """Open, nearer extreme, other extreme, close: each order trades when the path reaches it."""
    _at_open(queue, bar, held, policy, margin, trade)
    low_first = bar.open - bar.low <= bar.high - bar.open
    turns = (bar.low, bar.high) if low_first else (bar.high, bar.low)
    here = bar.open
    for there in (*turns, bar.close):
        _segment(queue, here, there, held, policy, margin, trade)
        here = there


def _at_open(
    queue: list[Resting],
    bar: Bar,
    held: Callable[[], float],
    policy: FillPolicy,
    margin: float,
    trade: Trade,
) -> None:
    """Fill what the open fills, children of what it fills included."""
    seen: set[int] = set()
    while True:
        ready = [r for r in _ranked(queue, held, policy) if r.is_live and r.sequence not in seen]
        if not ready:
            return
        for resting in ready:
            seen.add(resting.sequence)
            if not resting.is_live:
                continue
            order = resting.order
            touch = at_open(
                order.type,
                order.side,
                resting.limit,
                resting.stop,
                resting.triggered,
                bar.open,
                margin,
            )
            at_stop = policy.stop_limit_gap == "stop" and _gaps_into(resting)
            resting.triggered = touch.triggered
            if touch.price is not None:
                price = resting.stop if at_stop else touch.price
                price = bar.previous_close if _on_close(resting, policy) else price
                trade(resting, price, True, touch.exact)


def _gaps_into(resting: Resting) -> bool:
    return resting.kind is OrderType.STOP_LIMIT and not resting.triggered


def _on_close(resting: Resting, policy: FillPolicy) -> bool:
    return policy.trade_on_close and resting.kind is OrderType.MARKET


def _in_bar(resting: Resting, bar: Bar, margin: float) -> Touch:
    touch = in_bar(
        resting.kind,
        resting.side,
        resting.limit,
        resting.stop,
        resting.triggered,
        bar.high,
        bar.low,
        margin,
    )
    resting.triggered = touch.triggered
    return touch


def _listed(resting: Resting, bar: Bar, policy: FillPolicy) -> Touch:
    if _on_close(resting, policy):
        return Touch(bar.previous_close)
    late = policy.trade_on_close and resting.kind is OrderType.STOP and resting.order.parent is None
    touch = listed(
        resting.kind,
        resting.side,
        resting.limit,
        resting.stop,
        resting.triggered,
        bar.previous_close if late else bar.open,
        bar.high,
        bar.low,
        policy.stop_limit_gap == "stop",
    )
    resting.triggered = touch.triggered
    return touch


def _ranked(
    queue: list[Resting],
    held: Callable[[], float],
    policy: FillPolicy,
    start: float | None = None,
) -> list[Resting]:
    """Exits before entries and stops before limits among exits, then submission order.

    With a `start`, what the price meets first on its way from there comes before submission order.
    """
    position = held()

    def rank(resting: Resting) -> tuple[int, float, int]:
        distance = 0.0 if start is None else abs(_awaited(resting) - start)
        if isnan(distance):
            distance = 0.0
        exits = resting.order.parent is not None or resting.side * position < 0.0
        if not exits or not policy.exits_first:
            return (2, distance, resting.sequence)
        return (0 if resting.is_stop else 1, distance, resting.sequence)

    return sorted(queue, key=rank)


def _awaited(resting: Resting) -> float:
    """The price an order waits for now; NaN for a market order."""
    return resting.stop if resting.is_stop and not resting.triggered else resting.limit


def _stops_of(
    queue: list[Resting],
    entry: Resting,
    bar: Bar,
    entry_price: float,
    margin: float,
    trade: Trade,
) -> None:
    """Test the stops of an entry filled inside the bar, never at a price better than the entry."""
    for child in queue:
        if child.order.parent != entry.order.id or not child.is_live or not child.is_stop:
            continue
        touch = _in_bar(child, bar, margin)
        if touch.price is not None:
            worst = min if child.side is Side.SELL else max
            trade(child, worst(touch.price, entry_price), False, False)


def _tests_children(entry: Resting, children: list[Resting], bar: Bar) -> bool:
    if entry.kind is OrderType.MARKET:
        return True
    if entry.kind is not OrderType.STOP:
        return False
    target = next((c.limit for c in children if not c.is_stop), float("nan"))
    stop = next((c.stop for c in children if c.is_stop), None)
    if entry.side is Side.BUY:
        return target <= bar.high and (stop is None or stop < bar.low)
    # The published engine compares a short's target with the low this way round.
    return target >= bar.low and (stop is None or stop > bar.high)


def _segment(
    queue: list[Resting],
    here: float,
    there: float,
    held: Callable[[], float],
    policy: FillPolicy,
    margin: float,
    trade: Trade,
) -> None:
    """Trade everything the price meets on its way from `here` to `there`, nearest first."""
    while True:
        met = [
            (abs(level - here), index, resting, level)
            for index, resting in enumerate(_ranked(queue, held, policy))
            if resting.is_live
            for level in _levels(resting, here, there, margin)
        ]
        if not met:
            return
        _, _, resting, level = min(met, key=lambda found: found[:2])
        here = level
        if resting.kind is OrderType.STOP_LIMIT and not resting.triggered:
            resting.triggered = True
            if (resting.limit - level) * resting.side < margin:
                continue
            trade(resting, level, False, level == resting.limit)
        else:
            trade(resting, level, False, there == level and not resting.is_stop)


def _levels(resting: Resting, here: float, there: float, margin: float) -> Iterator[float]:
    """The price at which this order is met between `here` and `there`, if any."""
    rising = there > here
    awaits_stop = resting.is_stop and not resting.triggered
    if awaits_stop:
        meets = rising is (resting.side is Side.BUY)
        level = resting.stop
        deep = level
    else:
        meets = rising is (resting.side is Side.SELL)
        level = resting.limit
        deep = level + margin if rising else level - margin
    low, high = min(here, there), max(here, there)
    if meets and low <= level <= high and low <= deep <= high:
        yield level
