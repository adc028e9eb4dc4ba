"""A resting order: the broker's mutable record of an immutable order."""

from __future__ import annotations

__all__ = ["Resting"]

from dataclasses import dataclass, replace
from math import inf, isnan

from framework.brokers.simulated.adjustment import nearer
from framework.brokers.simulated.matching import RULES, Ask, Rule
from framework.domain.arithmetic import filled_up, order_price, round_down_to_lot
from framework.domain.instruments import Instrument
from framework.domain.orders import CLOSING, Offset, Order, OrderStatus, OrderType, Origin, Side

_NONE = float("nan")
_LEAST = 1e-9
_PROTECTIVE_STOPS = (Origin.STOP_LOSS, Origin.TRAIL)


@dataclass(slots=True, eq=False)
class Resting:
    """What the broker knows of one order.

    Attributes:
        order: as last replaced.
        sequence: order of submission; of a child, of the moment its entry filled.
        status: where it is in its life; HELD children do not match.
        rule: how its type meets a bar.
        stop: trigger level now, NaN without one.
        limit: limit price now, NaN without one.
        triggered: whether its trigger has been reached.
        day: the session it first met a bar in; None until then.
        waits: True while it must not match in the bar its parent filled in.
        asleep: True while its conditions do not hold, or while an entry that still works has
            nothing left for it to protect.
        offset: the distance its price came from, of a child whose entry may still fill on.
        filled: unsigned units filled.
        units: the same on the present scale: every split since a fill has multiplied it.
        opened: units filled that opened or added to a position.
        notional: money the filled units were worth.
        charged: fees charged for them.
        executions: number of fills.
        parts: bars an algo has worked in, or rungs of a ladder that are done.
        rung: units the present rung of a ladder has left; inf without a ladder.
        seen: market volume of those bars.
        since: nanoseconds UTC it was submitted at.
    """

    order: Order
    sequence: int
    status: OrderStatus
    rule: Rule
    stop: float = _NONE
    limit: float = _NONE
    triggered: bool = False
    day: int | None = None
    waits: bool = False
    asleep: bool = False
    offset: Offset | None = None
    filled: float = 0.0
    units: float = 0.0
    opened: float = 0.0
    notional: float = 0.0
    charged: float = 0.0
    executions: int = 0
    parts: int = 0
    rung: float = inf
    seen: float = 0.0
    since: int = 0

    @classmethod
    def of(
        cls, order: Order, sequence: int, status: OrderStatus, instrument: Instrument
    ) -> Resting:
        """A new record; a trailing order of its own starts from its decision price."""
        resting = cls(order, sequence, status, RULES[order.type], since=order.time)
        resting.asleep = order.terms.conditions is not None and not order.terms.conditions.cancels
        if order.terms.scale is not None:
            resting.rung = order.terms.scale.first
        resting.reprice()
        if order.trail is not None and order.parent is None and order.stop is None:
            resting.start_from(order.decision_price, instrument)
        return resting

    def reprice(self) -> None:
        """Take over the prices of the order, on the rung of its ladder if it is one."""
        order = self.order
        self.stop = _NONE if order.stop is None else order.stop
        self.limit = _NONE if order.limit is None else order.limit
        if order.terms.scale is not None:
            self.limit -= order.side * self.parts * order.terms.scale.step

    def start_from(self, price: float, instrument: Instrument) -> None:
        """Fix the level of a trailing stop, or of a price given as an offset, from `price`."""
        order = self.order
        if order.trail is not None and order.stop is None:
            self.follow(price + order.side * order.trail.distance(price), instrument)
        elif order.offset is not None:
            self.offset = order.offset
            self._fix(order.offset, price, instrument)
        self.reprice()

    def start_again_from(self, price: float, instrument: Instrument) -> None:
        """Move a price that was given as an offset to a new average fill of its entry."""
        if self.offset is not None:
            self._fix(self.offset, price, instrument)
            self.reprice()

    def follow(self, level: float, instrument: Instrument) -> None:
        """Put a trailing stop, and its limit if it has one, at `level`."""
        order = self.order
        tick = instrument.tick_at(level)
        stop = _reachable(order_price(level, tick, order.side, is_stop=True), tick)
        limit = None
        if order.terms.limit_offset is not None:
            beyond = stop + order.side * order.terms.limit_offset
            limit = _reachable(order_price(beyond, tick, order.side, is_stop=False), tick)
        self.order = replace(order, stop=stop, limit=limit)
        self.reprice()

    def _fix(self, offset: Offset, price: float, instrument: Instrument) -> None:
        order = self.order
        away = order.side * offset.distance(price)
        is_stop = order.type is OrderType.STOP
        raw = price + away if is_stop else price - away
        tick = instrument.tick_at(raw)
        fixed = _reachable(order_price(raw, tick, order.side, is_stop), tick)
        if is_stop:
            self.order = replace(order, stop=fixed, offset=None)
        else:
            self.order = replace(order, limit=fixed, offset=None)

    def ask(self, margin: float) -> Ask:
        """What it waits for now, with limits that must be exceeded by `margin`."""
        return Ask(self.order.side, self.limit, self.stop, self.triggered, margin)

    def take(self, quantity: float, notional: float) -> None:
        """Note units filled and what they were worth; the last ones make the quantity exact,
        whatever sums of tenths are."""
        self.notional += notional
        self.units += quantity
        self.rung = round(self.rung - quantity, 10)
        self.filled = filled_up(self.filled, quantity, self.order.quantity)

    def climb(self) -> None:
        """Go to the next rung of a ladder once this one has filled."""
        scale = self.order.terms.scale
        if scale is not None and self.rung <= 0.0:
            self.parts += 1
            self.rung = scale.first if scale.size is None else scale.size
            self.reprice()

    def rescale(self, ratio: float, instrument: Instrument) -> None:
        """Follow a split, `ratio` units for each one, in what the order itself does not tell."""
        self.units *= ratio
        self.offset = nearer(self.offset, ratio)
        if self.order.terms.scale is not None:
            lot = instrument.lot
            self.rung = max(round_down_to_lot(self.rung * ratio, lot), lot or self.rung * ratio)

    def average(self, multiplier: float) -> float:
        """Average price of what has filled, on the present scale."""
        return self.notional / self.units / multiplier

    @property
    def remaining(self) -> float:
        """Unsigned units it may still trade."""
        return self.order.quantity - self.filled

    @property
    def portion(self) -> float:
        """Unsigned units it offers at once: all that remain, or what a ladder's rung has left."""
        return self.remaining if self.rung == inf else round(min(self.remaining, self.rung), 10)

    @property
    def is_live(self) -> bool:
        """Whether it may match now."""
        return self.status in _LIVE and not self.waits and not self.asleep

    @property
    def side(self) -> Side:
        """Direction."""
        return self.order.side

    @property
    def kind(self) -> OrderType:
        """Order type."""
        return self.order.type

    @property
    def is_stop(self) -> bool:
        """Whether reaching its price means things went against its sender."""
        return self.rule.adverse

    @property
    def awaited(self) -> float:
        """The price it waits for now; NaN for one that waits for none."""
        return self.limit if self.triggered or isnan(self.stop) else self.stop

    @property
    def is_protective_stop_or_close(self) -> bool:
        """Whether a submission queue puts it first."""
        origin = self.order.origin
        return origin in CLOSING or (origin in _PROTECTIVE_STOPS and self.order.parent is not None)


def _reachable(price: float, tick: float) -> float:
    """A price an order can have: a distance wider than the fill price ends one tick above 0."""
    return max(price, tick or _LEAST)


_LIVE = frozenset({OrderStatus.WORKING, OrderStatus.PARTIAL})
