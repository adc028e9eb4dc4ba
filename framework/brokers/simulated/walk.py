"""Three ways to take resting orders through one bar: open first, as submitted, along a path."""

from __future__ import annotations

__all__ = ["AT_ONCE", "Floor", "along_path", "as_submitted", "open_first"]

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from math import isnan

from framework.brokers.simulated.matching import Ask, Touch, listed, pegged
from framework.brokers.simulated.policy import FillPolicy
from framework.brokers.simulated.resting import Resting
from framework.brokers.simulated.tape import Bar
from framework.domain.orders import IF_TOUCHED, OrderType, Side, TimeInForce

Trade = Callable[[Resting, float, bool, bool], None]
"""Execute an order at a price: (order, price, whether at the open, whether only touched)."""

AT_ONCE = frozenset({TimeInForce.IOC, TimeInForce.FOK, TimeInForce.OPG})
"""Times in force that are over once the open is."""

_PEGS = frozenset({OrderType.PEG_MID, OrderType.PEG_BEST, OrderType.RELATIVE})


@dataclass(slots=True)
class Floor:
    """Where one bar of one instrument is traded.

    Attributes:
        queue: the instrument's orders; children the trades wake are found in it.
        bar: the bar.
        held: signed units held now by whoever's an order is.
        policy: fill policy.
        margin: how far a limit must be exceeded.
        spread: the quoted spread assumed for pegged orders.
        execute: executes.
        spent: sequence numbers of orders that got all this bar can give them.
    """

    queue: list[Resting]
    bar: Bar
    held: Callable[[Resting], float]
    policy: FillPolicy
    margin: float
    spread: float
    execute: Trade
    spent: set[int] = field(default_factory=set)

    def trade(self, resting: Resting, price: float, at_open: bool, exact: bool) -> None:
        """Execute an order; what is left of it afterwards waits for the next bar, unless it is the
        next rung of a ladder."""
        rung = resting.parts
        self.execute(resting, price, at_open, exact)
        if resting.is_live and resting.parts == rung:
            self.spent.add(resting.sequence)

    def is_open_to(self, resting: Resting) -> bool:
        """Whether an order may still trade in this bar."""
        return resting.is_live and resting.sequence not in self.spent

    def ask(self, resting: Resting) -> Ask:
        """What an order waits for during this bar."""
        margin = self.margin
        if resting.kind in _PEGS:
            margin += self._peg(resting)
        return resting.ask(margin)

    def _peg(self, resting: Resting) -> float:
        """Price a pegged order for this bar.

        Returns:
            How far beyond that price the market must come: whoever trades with an order inside the
            quote came for the quote itself.
        """
        order = resting.order
        offset = order.terms.peg_offset
        level = pegged(order.type, order.side, self.bar.open, self.spread, offset)
        cap = order.limit
        if cap is not None:
            level = min(level, cap) if order.side is Side.BUY else max(level, cap)
        resting.limit = level
        own = self.bar.open - order.side * 0.5 * self.spread
        return max(0.0, (level - own) * order.side)


def open_first(floor: Floor) -> None:
    """What the open fills, then what the bar reaches: exits before entries, stops before limits."""
    _at_open(floor)
    for resting in _ranked(floor, floor.bar.open):
        while floor.is_open_to(resting) and _works_on(resting):
            touch = _in_bar(floor, resting)
            if touch.price is None:
                break
            floor.trade(resting, touch.price, False, touch.exact)
            _stops_of(floor, resting, touch.price)
    _at_close(floor)


def as_submitted(floor: Floor) -> None:
    """Protective stops and closes, newest first, then the rest as submitted, each on the whole bar.

    When a market entry with protection fills, everything is gone through once more, so that its
    protection is tested in the same bar. So it is for a stop entry whose target the bar reaches
    while its stop stays untouched.
    """
    again = False
    sent = [resting for resting in floor.queue if resting.order.terms.algo is None]
    live = sorted(filter(floor.is_open_to, sent), key=lambda resting: resting.sequence)
    first = [resting for resting in live if resting.is_protective_stop_or_close]
    rest = [resting for resting in live if not resting.is_protective_stop_or_close]
    for resting in [*reversed(first), *rest]:
        while floor.is_open_to(resting):
            touch = _listed(floor, resting)
            if touch.price is None:
                break
            floor.trade(resting, touch.price, False, touch.exact)
            children = [c for c in floor.queue if c.order.parent == resting.order.id and c.is_live]
            if children:
                again = again or _tests_children(resting, children, floor.bar)
    if again:
        as_submitted(floor)
    else:
        _at_close(floor)


def along_path(floor: Floor) -> None:
    """Open, nearer extreme, other extreme, close: each order trades when the path reaches it."""
    _at_open(floor)
    bar = floor.bar
    low_first = bar.open - bar.low <= bar.high - bar.open
    turns = (bar.low, bar.high) if low_first else (bar.high, bar.low)
    here = bar.open
    for there in (*turns, bar.close):
        _segment(floor, here, there)
        here = there
    _at_close(floor)


def _at_open(floor: Floor) -> None:
    """Fill what the open fills, children of what it fills included."""
    policy, bar = floor.policy, floor.bar
    seen: set[tuple[int, int]] = set()
    while True:
        ready = [r for r in _ranked(floor) if r.is_live and (r.sequence, r.parts) not in seen]
        if not ready:
            return
        for resting in ready:
            seen.add((resting.sequence, resting.parts))
            if not resting.is_live or _misses_auction(resting, bar):
                continue
            touch = resting.rule.at_open(floor.ask(resting), bar.open)
            at_stop = policy.stop_limit_gap == "stop" and _gaps_into(resting)
            resting.triggered = touch.triggered
            if touch.price is not None:
                price = resting.stop if at_stop else touch.price
                price = bar.previous_close if _on_close(resting, policy) else price
                floor.trade(resting, price, True, touch.exact)


def _at_close(floor: Floor) -> None:
    """The closing auction of the session."""
    if not floor.bar.ends_session:
        return
    for resting in _ranked(floor):
        auction = resting.rule.at_close
        if auction is not None and floor.is_open_to(resting):
            touch = auction(floor.ask(resting), floor.bar.close)
            if touch.price is not None:
                floor.trade(resting, touch.price, False, touch.exact)


def _misses_auction(resting: Resting, bar: Bar) -> bool:
    return resting.order.tif is TimeInForce.OPG and not bar.starts_session


def _works_on(resting: Resting) -> bool:
    """Whether the order is still there once the open is over."""
    return resting.order.tif not in AT_ONCE


def _gaps_into(resting: Resting) -> bool:
    return resting.rule.adverse and not resting.rule.slips and not resting.triggered


def _on_close(resting: Resting, policy: FillPolicy) -> bool:
    return policy.trade_on_close and resting.kind is OrderType.MARKET


def _in_bar(floor: Floor, resting: Resting) -> Touch:
    touch = resting.rule.in_bar(floor.ask(resting), floor.bar.high, floor.bar.low)
    resting.triggered = touch.triggered
    return touch


def _listed(floor: Floor, resting: Resting) -> Touch:
    policy, bar = floor.policy, floor.bar
    if _on_close(resting, policy):
        return Touch(bar.previous_close)
    if not _works_on(resting):
        if _misses_auction(resting, bar):
            return Touch(None, resting.triggered)
        return resting.rule.at_open(floor.ask(resting), bar.open)
    late = policy.trade_on_close and resting.kind is OrderType.STOP and resting.order.parent is None
    touch = listed(
        resting.kind,
        floor.ask(resting),
        bar.previous_close if late else bar.open,
        bar.high,
        bar.low,
        policy.stop_limit_gap == "stop",
    )
    resting.triggered = touch.triggered
    return touch


def _ranked(floor: Floor, start: float | None = None) -> list[Resting]:
    """Exits before entries and stops before limits among exits, then submission order.

    With a `start`, what the price meets first on its way from there comes before submission order.
    """
    queue = [resting for resting in floor.queue if resting.order.terms.algo is None]
    if len(queue) < 2:
        return queue

    def rank(resting: Resting) -> tuple[int, float, int]:
        distance = 0.0 if start is None else abs(resting.awaited - start)
        if isnan(distance):
            distance = 0.0
        exits = resting.order.parent is not None or resting.side * floor.held(resting) < 0.0
        if not exits or not floor.policy.exits_first:
            return (2, distance, resting.sequence)
        return (0 if resting.is_stop else 1, distance, resting.sequence)

    return sorted(queue, key=rank)


def _stops_of(floor: Floor, entry: Resting, entry_price: float) -> None:
    """Test the stops of an entry filled inside the bar, never at a price better than the entry."""
    for child in floor.queue:
        if child.order.parent != entry.order.id or not child.is_stop:
            continue
        touch = _in_bar(floor, child) if floor.is_open_to(child) else Touch(None)
        if touch.price is not None:
            worst = min if child.side is Side.SELL else max
            floor.trade(child, worst(touch.price, entry_price), False, False)


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


def _segment(floor: Floor, here: float, there: float) -> None:
    """Trade everything the price meets on its way from `here` to `there`, nearest first."""
    while True:
        met = [
            (abs(level - here), index, resting, level)
            for index, resting in enumerate(_ranked(floor))
            if floor.is_open_to(resting) and _works_on(resting)
            for level in _levels(floor, resting, here, there)
        ]
        if not met:
            return
        _, _, resting, level = min(met, key=lambda found: found[:2])
        here = level
        if _awaits_trigger(resting):
            resting.triggered = True
            if not resting.rule.slips and (resting.limit - level) * resting.side < floor.margin:
                continue
            exact = level == resting.limit and not resting.rule.slips
            floor.trade(resting, level, False, exact)
        else:
            floor.trade(resting, level, False, there == level)


def _awaits_trigger(resting: Resting) -> bool:
    return not resting.triggered and not isnan(resting.stop)


def _levels(floor: Floor, resting: Resting, here: float, there: float) -> Iterator[float]:
    """The price at which this order is met between `here` and `there`, if any."""
    if resting.rule.at_close is not None:
        return
    rising = there > here
    ask = floor.ask(resting)
    if _awaits_trigger(resting):
        against = resting.kind not in IF_TOUCHED
        meets = rising is ((resting.side is Side.BUY) is against)
        level = deep = resting.stop
    else:
        meets = rising is (resting.side is Side.SELL)
        level = resting.limit
        deep = level + ask.margin if rising else level - ask.margin
    low, high = min(here, there), max(here, there)
    if meets and low <= level <= high and low <= deep <= high:
        yield level
