"""SimulatedBroker: resting orders against the bars of a tape, behind the Broker port."""

from __future__ import annotations

__all__ = ["SimulatedBroker"]

from collections.abc import Sequence
from dataclasses import replace

from framework.brokers.simulated.execution import Execution
from framework.brokers.simulated.matching import ratchet
from framework.brokers.simulated.policy import FillPolicy
from framework.brokers.simulated.resting import Resting
from framework.brokers.simulated.tape import Bar, Tape
from framework.brokers.simulated.walk import along_path, as_submitted, open_first
from framework.domain.arithmetic import order_price
from framework.domain.bars import IntArray
from framework.domain.events import BrokerEvent, OrderUpdate
from framework.domain.ledger import Ledger
from framework.domain.orders import DONE, Order, OrderStatus, OrderType, TimeInForce
from framework.ports import CommissionModel, SlippageModel


class SimulatedBroker:
    """A broker whose market is the past. It keeps its own book of the account.

    `advance` is the market moving; the rest is the Broker port. Nothing fills inside `submit`.

    Args:
        tapes: what trades, in subscription order.
        instants: nanoseconds UTC of every instant the market can advance to.
        cash: opening cash.
        policy: how orders meet bars.
        commission: fee schedule.
        slippage: cost of aggressive fills.
        leverage: buying power as a multiple of equity.
    """

    __slots__ = (
        "_events",
        "_execution",
        "_instants",
        "_policy",
        "_queues",
        "_sequence",
        "_tapes",
        "_time",
    )

    def __init__(
        self,
        tapes: Sequence[Tape],
        instants: IntArray,
        cash: float,
        policy: FillPolicy,
        commission: CommissionModel,
        slippage: SlippageModel,
        leverage: float = 1.0,
    ) -> None:
        self._tapes = {tape.instrument.symbol: tape for tape in tapes}
        self._policy = policy
        self._queues: dict[str, list[Resting]] = {symbol: [] for symbol in self._tapes}
        self._events: list[BrokerEvent] = []
        self._sequence = 0
        self._time = 0
        self._instants = instants.data
        ledger = Ledger(cash, {s: tape.instrument.multiplier for s, tape in self._tapes.items()})
        self._execution = Execution(
            self._tapes, ledger, policy, commission, slippage, leverage, self._events
        )

    # the Broker port ------------------------------------------------------------------------

    def submit(self, orders: Sequence[Order]) -> None:
        """Accept an entry and its children, which are held until it fills."""
        ids = {order.id for order in orders}
        for order in orders:
            held = order.parent is not None and (
                order.parent in ids or self._find(order.parent) is not None
            )
            status = OrderStatus.HELD if held else OrderStatus.WORKING
            tick = self._tapes[order.symbol].instrument.tick
            resting = Resting.of(order, self._sequence, status, tick)
            if order.parent is not None and not held:
                resting.start_from(order.decision_price, tick)
            self._sequence += 1
            self._time = order.time
            self._queues[order.symbol].append(resting)
            self._report(resting, status, "")
        if orders[0].parent is not None:
            self._end_idle_children(orders[0].symbol)

    def replace(self, order: Order) -> None:
        """Change quantity or prices of the working order with the same id."""
        resting = self._find(order.id)
        if resting is not None:
            moves = order.type is OrderType.TRAIL and resting.order.stop is not None
            resting.order = replace(order, stop=resting.order.stop) if moves else order
            resting.reprice()
            if moves and resting.is_live:
                self._follow(resting, self._tapes[order.symbol].close_by(self._time))
            self._report(resting, resting.status, "replaced")

    def cancel(self, order_id: str) -> None:
        """Cancel at once; the proof is in the next `poll`."""
        resting = self._find(order_id)
        if resting is not None:
            self._end(resting, OrderStatus.CANCELLED, "cancelled")

    def poll(self) -> Sequence[BrokerEvent]:
        """Everything that happened since the last call, oldest first."""
        if not self._events:
            return ()
        events = tuple(self._events)
        self._events.clear()
        return events

    def book(self) -> Ledger:
        """The broker's own account of cash and positions."""
        return self._execution.ledger

    # the market ----------------------------------------------------------------------------

    def advance(self, instant: int) -> None:
        """Match the resting orders against the bars that close at this instant."""
        self._time = self._instants[instant]
        closing = [tape for tape in self._tapes.values() if tape.move(instant)]
        for tape in closing:
            queue = self._queues[tape.instrument.symbol]
            if queue:
                self._match(tape, queue)

    def _match(self, tape: Tape, queue: list[Resting]) -> None:
        bars = tape.finer_bars() if self._policy.intrabar == "finer" else [tape.bar()]
        for bar in bars:
            self._time = bar.time
            self._open_day(queue, bar)
            self._walk(tape, queue, bar)
            for resting in queue:
                resting.waits = False
            self._close_day(queue, bar)
        self._ratchet(queue, bars[-1])
        queue[:] = [resting for resting in queue if resting.status not in DONE]

    def _walk(self, tape: Tape, queue: list[Resting], bar: Bar) -> None:
        policy = self._policy
        lots = self._execution.lots[tape.instrument.symbol]
        margin = 0.0
        if policy.limit_fill == "through":
            margin = tape.instrument.tick or 1e-12 * bar.close

        def held() -> float:
            return lots.quantity

        def trade(resting: Resting, price: float, opening: bool, exact: bool) -> None:
            self._trade(resting, price, bar, opening, exact)

        if policy.queue == "submission":
            as_submitted(queue, bar, policy, trade)
        elif policy.intrabar == "path":
            along_path(queue, bar, held, policy, margin, trade)
        else:
            open_first(queue, bar, held, policy, margin, trade)

    def _trade(self, resting: Resting, price: float, bar: Bar, at_open: bool, exact: bool) -> None:
        opened = self._execution.execute(resting, price, bar, at_open, exact)
        if opened != 0.0:
            self._wake_children(resting, at_open)
        elif resting.filled == 0.0 or resting.order.parent is None:
            self._end_children(resting)
        if resting.filled > 0.0:
            self._end_mates(resting)
        self._end_idle_children(resting.order.symbol)

    def _wake_children(self, parent: Resting, at_open: bool) -> None:
        average = parent.notional / parent.filled
        instrument = self._tapes[parent.order.symbol].instrument
        average /= instrument.multiplier
        for child in self._children(parent):
            if child.status is OrderStatus.HELD:
                covered = self._execution.lots[parent.order.symbol].left(parent.order.id)
                child.order = replace(child.order, quantity=covered, fraction=None)
                child.start_from(average, instrument.tick)
                child.sequence = self._sequence
                self._sequence += 1
                child.waits = not self._live_at_once(child, at_open)
                self._report(child, OrderStatus.WORKING, "")

    def _live_at_once(self, child: Resting, at_open: bool) -> bool:
        policy = self._policy
        if policy.queue == "submission" or policy.intrabar == "path":
            return True
        if policy.intrabar == "next_bar":
            return False
        if policy.children == "market_entries":
            return at_open
        return at_open or child.is_stop

    def _children(self, parent: Resting) -> list[Resting]:
        queue = self._queues[parent.order.symbol]
        return [child for child in queue if child.order.parent == parent.order.id]

    def _end_children(self, parent: Resting) -> None:
        for child in self._children(parent):
            if child.status is OrderStatus.HELD:
                self._end(child, OrderStatus.CANCELLED, "its entry opened nothing")

    def _end_mates(self, filled: Resting) -> None:
        group = filled.order.oca
        if group is None:
            return
        for queue in self._queues.values():
            for mate in queue:
                if mate is not filled and mate.order.oca == group:
                    self._end(mate, OrderStatus.CANCELLED, f"{filled.order.id} filled")

    def _end_idle_children(self, symbol: str) -> None:
        """Protection dies with what it protects, and never covers more than is left of it; an order
        that may only reduce dies when nothing is left to reduce."""
        lots = self._execution.lots[symbol]
        held = lots.quantity
        for resting in self._queues[symbol]:
            order = resting.order
            if order.reduce_only and resting.is_live and order.side * held >= 0.0:
                self._end(resting, OrderStatus.CANCELLED, "nothing left to close")
            if order.parent is None or not (resting.is_live or resting.waits):
                continue
            left = lots.left(order.parent)
            if left == 0.0:
                self._end(resting, OrderStatus.CANCELLED, "nothing left to protect")
            elif order.quantity - resting.filled > left:
                resting.order = replace(order, quantity=resting.filled + left)
                self._report(resting, resting.status, "covers what is left")

    def _open_day(self, queue: list[Resting], bar: Bar) -> None:
        for resting in queue:
            if resting.order.tif is not TimeInForce.DAY or resting.status in DONE:
                continue
            if resting.day is None:
                resting.day = bar.session
            elif resting.day < bar.session:
                self._end(resting, OrderStatus.EXPIRED, "its day is over")

    def _close_day(self, queue: list[Resting], bar: Bar) -> None:
        if not bar.ends_session:
            return
        for resting in queue:
            if resting.order.tif is TimeInForce.DAY and resting.status not in DONE:
                self._end(resting, OrderStatus.EXPIRED, "its day is over")

    def _ratchet(self, queue: list[Resting], bar: Bar) -> None:
        for resting in queue:
            if resting.kind is OrderType.TRAIL and resting.is_live:
                self._follow(resting, bar.close)

    def _follow(self, resting: Resting, close: float) -> None:
        """Move a trailing stop after a close, if that moves it nearer."""
        trail = resting.order.trail
        assert trail is not None
        away = resting.side * trail.distance(close)
        tick = self._tapes[resting.order.symbol].instrument.tick
        level = ratchet(
            resting.side, resting.stop, order_price(close + away, tick, resting.side, is_stop=True)
        )
        if level != resting.stop:
            resting.order = replace(resting.order, stop=level)
            resting.reprice()

    def _end(self, resting: Resting, status: OrderStatus, reason: str) -> None:
        if resting.status in DONE:
            return
        self._report(resting, status, reason)
        if resting.filled == 0.0:
            self._end_children(resting)

    def _report(self, resting: Resting, status: OrderStatus, reason: str) -> None:
        resting.status = status
        self._events.append(OrderUpdate(resting.order, status, self._time, reason))

    def _find(self, order_id: str) -> Resting | None:
        for queue in self._queues.values():
            for resting in queue:
                if resting.order.id == order_id and resting.status not in DONE:
                    return resting
        return None
