"""Outbox: orders made in one bar wait here for its end; from then on each stands for one of ours.

Until then the parts of a bracket and of a one-cancels-all group are not all known.
"""

from __future__ import annotations

__all__ = ["Outbox"]

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import backtrader as bt

from framework.adopt.feed import ExchangeClock
from framework.adopt.orders import child_of, request_of, revised
from framework.domain.events import Refused
from framework.domain.instruments import Instrument
from framework.domain.orders import Order
from framework.errors import StrategyError
from framework.ports import Desk

_SHORT_OF_MONEY = frozenset({"buying_power"})
"""Rules of our door that backtrader would call Margin; the others are Rejected."""


class Outbox:
    """The orders of an adopted strategy, as backtrader's objects, and which of ours each one is.

    Args:
        desk: the way to the order door.
        clock: the exchange's time.
        instruments: what is traded, by symbol.
        tell: notes an order for the strategy's next notification.
    """

    def __init__(
        self,
        desk: Desk,
        clock: ExchangeClock,
        instruments: Mapping[str, Instrument],
        tell: Callable[[Any], None],
    ) -> None:
        self._desk = desk
        self._instruments = instruments
        self._clock = clock
        self._tell = tell
        self._made: dict[int, Any] = {}
        self._families: dict[int, list[Any]] = {}
        self._ready: list[int] = []
        self._groups: dict[int, str] = {}
        self._ids: dict[int, str] = {}
        self._orders: dict[str, Any] = {}

    def alive(self) -> list[Any]:
        """Orders that may still trade, oldest first."""
        return [order for order in self._made.values() if order.alive()]

    def original(self, order: Any) -> Any:
        """The order a copy was made of."""
        return self._made.get(order.ref, order)

    def find(self, order_id: str) -> Any | None:
        """The order that one of ours stands for."""
        return self._orders.get(order_id)

    def add(self, order: Any, oco: Any) -> None:
        """Keep an order until the strategy is done with its bar.

        Args:
            order: new.
            oco: a member of the one-cancels-all group it joins, or None.

        Raises:
            StrategyError: its parent or its group has left already.
        """
        self._made[order.ref] = order
        if oco is not None:
            self._join(order, self.original(oco))
        parent = order.p.parent
        main = order if parent is None else self.original(parent)
        if not main.alive():
            order.reject(order.broker)
            self._tell(order)
            return
        if main.ref in self._ids:
            raise StrategyError(
                f"{order.data._name}: a child order for a parent that has left already.",
                "Make parent and children in the same bar, the parent with transmit=False.",
            )
        family = self._families.setdefault(main.ref, [])
        family.append(order)
        if order.p.transmit:
            self._transmit(main.ref, family)

    def cancel(self, order: Any) -> bool:
        """Cancel an order and, as backtrader does, its bracket and its one-cancels-all group."""
        known = self._made.get(order.ref)
        if known is None or not known.alive():
            return False
        self.end_with(known)
        return True

    def end_with(self, order: Any) -> None:
        """End what ends with an order that is cancelled, refused or over, itself included."""
        for one in self._bound(order):
            if one.ref in self._ids:
                self._desk.cancel(self._ids[one.ref])
            else:
                one.cancel()
                self._tell(one)

    def flush(self) -> None:
        """Send what the strategy has ordered in this bar."""
        for ref in self._ready:
            family = [order for order in self._families[ref] if order.alive()]
            if family:
                self._send(family[0], family[1:])
        self._ready.clear()

    def match(self, order: Any, ours: Order) -> None:
        """Let an order stand for one of ours."""
        self._made[order.ref] = order
        self._ids[order.ref] = ours.id
        self._orders[ours.id] = order

    def _transmit(self, ref: int, family: Sequence[Any]) -> None:
        for each in family:
            if each.status == bt.Order.Created:
                each.submit(each.broker)
                self._tell(each)
        if ref not in self._ready:
            self._ready.append(ref)

    def _send(self, main: Any, children: Sequence[Any]) -> None:
        moment, instrument = self._clock.moment, self._instruments[main.data._name]
        group = self._groups.get(main.ref)
        answer = self._desk.place(request_of(main, children, group, instrument, moment))
        if isinstance(answer, Refused):
            self._refuse(main, answer)
            return
        self.match(main, answer)
        rest = list(children)
        for ours in self._desk.working(answer.symbol):
            child = child_of(rest, ours) if ours.parent == answer.id else None
            if child is None:
                continue
            rest.remove(child)
            self.match(child, ours)
            wanted = revised(ours, child, moment)
            if wanted != ours:
                self._desk.modify(wanted)
        for child in rest:
            child.reject(child.broker)
            self._tell(child)

    def _refuse(self, main: Any, answer: Refused) -> None:
        main.addinfo(refused=f"{answer.rule}: {answer.reason}")
        if answer.rule in _SHORT_OF_MONEY:
            main.margin()
        else:
            main.reject(main.broker)
        self._tell(main)
        self.end_with(main)

    def _join(self, order: Any, leader: Any) -> None:
        """Put an order into the one-cancels-all group of another."""
        if not leader.alive():
            return
        if leader.ref not in self._groups:
            if leader.ref in self._ids:
                raise StrategyError(
                    f"{order.data._name}: oco= names an order that has left already.",
                    "Make the orders of a group in the same bar.",
                )
            self._groups[leader.ref] = f"oco.{self._desk.now()}.{len(self._groups)}"
        self._groups[order.ref] = self._groups[leader.ref]

    def _bound(self, order: Any) -> list[Any]:
        """The living orders among an order, its bracket and its one-cancels-all group."""
        parent = order.p.parent
        family = self._families.get(order.ref if parent is None else parent.ref, [])
        group = self._groups.get(order.ref)
        mates = [self._made[ref] for ref, name in self._groups.items() if name == group]
        found = {one.ref: one for one in (order, *family, *mates)}
        return [one for one in found.values() if one.alive()]
