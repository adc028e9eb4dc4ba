"""The one order door: every order of every strategy is rounded, judged, named and sent here."""

from __future__ import annotations

__all__ = ["HALTED", "Door"]

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from math import isnan

from framework.domain.arithmetic import order_price, round_down_to_lot
from framework.domain.events import Commission, Fill, OrderUpdate, Refused
from framework.domain.orders import (
    CLOSING,
    DONE,
    Order,
    OrderRequest,
    OrderStatus,
    OrderType,
    Protection,
    can_become,
)
from framework.engine.account import account_state
from framework.engine.buying_power import available, opening_and_exit, shortfall
from framework.engine.protection import (
    children_of,
    known_distance,
    resolved,
    unknown_range,
    unsound,
)
from framework.engine.slot import Slot, TimeStop
from framework.engine.ticket import Ticket
from framework.errors import OrderError
from framework.ports import Broker, CommissionModel, ExitRule, RiskRule

_log = logging.getLogger("slipway.door")


Notice = Fill | OrderUpdate


HALTED = "halted"
"""The rule of refusals made because a breaker has tripped."""


class Door:
    """Lets orders out, keeps their state, folds what comes back into the ledgers.

    Args:
        broker: where orders go.
        commission: fee schedule, for estimates.
        rules: asked about whatever increases risk, in this order.
        exits: attached to every entry that leaves them open.
        leverage: buying power as a multiple of equity.
        checks_cash: whether buying power is checked here (else at the fill).
        sizes_at_fill: whether orders made as a fraction of free margin are allowed.
        exits_reduce: whether an order that can only close when it is made may never open.
    """

    def __init__(
        self,
        broker: Broker,
        commission: CommissionModel,
        rules: Sequence[RiskRule],
        exits: Sequence[ExitRule],
        leverage: float,
        checks_cash: bool,
        sizes_at_fill: bool,
        exits_reduce: bool,
    ) -> None:
        self._broker = broker
        self._commission = commission
        self._rules = tuple(rules)
        self._leverage = leverage
        self._checks_cash = checks_cash
        self._sizes_at_fill = sizes_at_fill
        self._exits_reduce = exits_reduce
        self.attached = Protection()
        for rule in exits:
            self.attached = self.attached.or_else(rule.protection())
        self._working: dict[str, Ticket] = {}
        self._waiting: list[tuple[set[str], Callable[[], None]]] = []
        self._slots: tuple[Slot, ...] = ()
        self._spare_cash = 0.0
        self.now = 0
        self.sent = 0
        self.tickets: dict[str, Ticket] = {}
        self.refused: list[Refused] = []
        self.fills: list[Fill] = []
        self.commissions: list[Commission] = []
        self.notices: list[tuple[Slot, Notice]] = []

    def buying_power(self, slot: Slot) -> float:
        """Money the slot may still put at risk, never below 0."""
        return max(0.0, available(slot, self.working(slot), self._leverage, self._commission))

    def open_for(self, slots: Sequence[Slot], spare_cash: float) -> None:
        """Name the slots of the account, and its cash that none of them was given."""
        self._slots = tuple(slots)
        self._spare_cash = spare_cash

    @property
    def has_working(self) -> bool:
        """Whether any order may still trade."""
        return bool(self._working)

    def working(self, slot: Slot, symbol: str | None = None) -> Iterator[Ticket]:
        """Orders of a slot that may still trade, oldest first."""
        for ticket in tuple(self._working.values()):
            if ticket.slot is slot and symbol in (None, ticket.order.symbol):
                yield ticket

    def place(self, slot: Slot, request: OrderRequest) -> Order | Refused:
        """Let an order out, or say why not.

        The part of it that closes a position passes even when the rest is refused.

        Raises:
            OrderError: for a request no broker could take.
        """
        quantity = self._whole(slot, request)
        if isinstance(quantity, Refused):
            return quantity
        if request.trailing is not None:
            trailing = known_distance(slot, request.symbol, request.trailing)
            if trailing.atr is not None:
                return self._refuse_here(slot, request, "trailing", unknown_range(trailing))
            request = replace(request, trailing=trailing)
        asked = request.protection
        request = replace(request, quantity=quantity, protection=asked.or_else(self.attached))
        opening, exit_part = self._split(slot, request, quantity)
        judged = self._judge(slot, request, opening, exit_part)
        if isinstance(judged, Refused):
            self.refused.append(judged)
            if exit_part == 0.0:
                return judged
            judged, asked = 0.0, Protection()
        if request.fraction is not None:
            return self._send(slot, request, judged, opens=None)
        if exit_part + judged == 0.0:
            reason = "no position is left to close"
            return self._refuse_here(slot, request, "nothing_to_close", reason)
        limited = self._exits_reduce or request.origin in CLOSING
        if judged == 0.0:
            request = replace(request, protection=self._kept(slot, request, asked, limited))
        if request.quantity != exit_part + judged:
            request = replace(request, quantity=exit_part + judged)
        return self._send(slot, request, judged, judged if limited else None)

    def cancel(self, order_id: str) -> None:
        """Ask for a cancel; its proof comes back through `settle`."""
        ticket = self._working.get(order_id)
        if ticket is not None and ticket.status is not OrderStatus.CANCELLING:
            ticket.status = OrderStatus.CANCELLING
            self._broker.cancel(order_id)

    def replace(self, order: Order) -> None:
        """Change the prices or the quantity of a working order."""
        ticket = self._working.get(order.id)
        if ticket is not None:
            ticket.order = order
            self._broker.replace(order)

    def send_child(self, slot: Slot, order: Order) -> None:
        """Send a protective order for a position already held."""
        self._record(slot, order, 0.0, None)
        self._broker.submit([order])
        self.settle()

    def after_cancels(self, order_ids: Sequence[str], action: Callable[[], None]) -> None:
        """Cancel these orders and run `action` once all of them are proven done."""
        pending = {order_id for order_id in order_ids if order_id in self._working}
        for order_id in order_ids:
            self.cancel(order_id)
        if pending:
            self._waiting.append((pending, action))
            self.settle()
        else:
            action()

    def settle(self) -> None:
        """Fold everything the broker has reported; hooks are told later, from `notices`."""
        while events := self._broker.poll():
            for event in events:
                if isinstance(event, Fill):
                    self._fill(event)
                elif isinstance(event, Commission):
                    self._charge(event)
                else:
                    self._update(event)

    # letting out ---------------------------------------------------------------------------

    def _whole(self, slot: Slot, request: OrderRequest) -> float | Refused:
        """The request's quantity in whole lots, or why nothing can leave at all."""
        price = slot.price(request.symbol)
        if not slot.trading:
            return self._refusal(request, price, "start", "the run has not started trading yet")
        if isnan(price):
            refusal = self._refusal(request, 0.0, "no_price", "it has no bar yet")
            self.refused.append(refusal)
            return refusal
        if request.fraction is not None:
            if not self._sizes_at_fill:
                raise OrderError(
                    f"{request.symbol}: fraction={request.fraction} under a policy that sizes at "
                    "the decision.",
                    "Give a quantity, or use FillPolicy(sizing='fill').",
                )
            return 0.0
        lot = slot.instrument(request.symbol).lot
        quantity = round_down_to_lot(request.quantity, lot)
        if quantity > 0.0:
            return quantity
        refusal = self._refusal(
            request, price, "lot", f"{request.quantity:g} rounds down to 0 lots of {lot:g}"
        )
        self.refused.append(refusal)
        return refusal

    def _split(self, slot: Slot, request: OrderRequest, quantity: float) -> tuple[float, float]:
        """Units that open risk and units that close it.

        Only what is certain to close before it counts against it: market orders, which trade
        before any resting one, and where exits may open also the resting ones before it. A closing
        verb never opens.
        """
        position = slot.ledger.positions[request.symbol].quantity
        working: Iterable[Ticket] = self.working(slot, request.symbol)
        if self._exits_reduce or request.type is OrderType.MARKET:
            working = [ticket for ticket in working if ticket.order.type is OrderType.MARKET]
        opening, exit_part = opening_and_exit(position, request.side * quantity, working)
        return 0.0 if request.origin in CLOSING else opening, exit_part

    def _kept(
        self, slot: Slot, request: OrderRequest, asked: Protection, limited: bool
    ) -> Protection:
        """Protection of an order that opens nothing now: none, unless it may open later."""
        found = resolved(slot, request.symbol, asked)
        if limited or unsound(request, found, slot.price(request.symbol)):
            return Protection()
        return found

    def _judge(
        self, slot: Slot, request: OrderRequest, opening: float, exit_part: float
    ) -> float | Refused:
        """Units of new risk allowed, or why none."""
        price = slot.price(request.symbol)
        if request.fraction is not None:
            return self._judge_fraction(slot, request, price)
        if opening == 0.0:
            return 0.0
        wanted = replace(request, quantity=opening) if exit_part else request
        if slot.blocked:
            return self._refusal(wanted, price, HALTED, slot.blocked)
        return self._judge_opening(slot, wanted, exit_part)

    def _judge_opening(self, slot: Slot, wanted: OrderRequest, exit_part: float) -> float | Refused:
        """Units of new risk allowed by protection, rules and buying power, or why none."""
        price = slot.price(wanted.symbol)
        protection = resolved(slot, wanted.symbol, wanted.protection)
        problem = unsound(wanted, protection, price, slot.instrument(wanted.symbol).tick)
        if problem:
            return self._refusal(wanted, price, "protection", problem)
        ruled = self._ruled(slot, wanted, exit_part, protection)
        if isinstance(ruled, Refused):
            return ruled
        allowed = round_down_to_lot(ruled, slot.instrument(wanted.symbol).lot)
        if allowed == 0.0:
            return self._refusal(wanted, price, "lot", "the rules leave less than one lot")
        shortage = self._shortage(slot, wanted, allowed, exit_part)
        if shortage:
            wanted = replace(wanted, quantity=allowed)
            return self._refusal(wanted, price, "buying_power", shortage)
        return allowed

    def _ruled(
        self, slot: Slot, wanted: OrderRequest, exit_part: float, protection: Protection
    ) -> float | Refused:
        """Units left after every rule, or the first refusal."""
        if not self._rules:
            return wanted.quantity
        order = self._order(slot, wanted, "judged", opens=None)
        state = account_state(
            self._slots,
            self._spare_cash,
            self._working.values(),
            slot,
            wanted,
            exit_part,
            protection,
            self.now,
        )
        for rule in self._rules:
            verdict = rule.check(order, state)
            if isinstance(verdict, Refused):
                return verdict
            order = verdict
        return order.quantity

    def _shortage(self, slot: Slot, request: OrderRequest, opening: float, exit_part: float) -> str:
        if not self._checks_cash:
            return ""
        free = available(slot, self.working(slot), self._leverage, self._commission, request.oca)
        return shortfall(slot, request, opening, exit_part, free, self._commission)

    def _judge_fraction(self, slot: Slot, request: OrderRequest, price: float) -> float | Refused:
        if slot.blocked:
            return self._refusal(request, price, HALTED, slot.blocked)
        if self._rules:
            return self._refusal(
                request, price, "fraction", "risk rules cannot judge an order sized at its fill"
            )
        problem = unsound(request, resolved(slot, request.symbol, request.protection), price)
        return self._refusal(request, price, "protection", problem) if problem else 0.0

    def _send(
        self, slot: Slot, request: OrderRequest, opening: float, opens: float | None
    ) -> Order:
        order = self._order(slot, request, slot.next_id(), opens)
        protection = resolved(slot, request.symbol, request.protection)
        children = children_of(slot, order, opening or order.quantity, protection)
        self._record(slot, order, opening, protection.max_bars)
        slot.orders_today += 1
        self.sent += 1
        for child in children:
            self._record(slot, child, 0.0, None)
        self._broker.submit([order, *children])
        self.settle()
        return order

    def _order(
        self, slot: Slot, request: OrderRequest, order_id: str, opens: float | None
    ) -> Order:
        tick = slot.instrument(request.symbol).tick
        limit, stop = request.limit, request.stop
        return Order(
            id=order_id,
            symbol=request.symbol,
            side=request.side,
            quantity=request.quantity,
            type=request.type,
            time=self.now,
            decision_price=slot.price(request.symbol),
            limit=None if limit is None else order_price(limit, tick, request.side, False),
            stop=None if stop is None else order_price(stop, tick, request.side, True),
            trail=request.trailing,
            tif=request.tif,
            oca=request.oca,
            origin=request.origin,
            fraction=request.fraction,
            opens=opens,
        )

    def _record(self, slot: Slot, order: Order, opening: float, max_bars: int | None) -> None:
        status = OrderStatus.SENT if order.parent is None else OrderStatus.HELD
        ticket = Ticket(slot, order, status, opening, self.now, max_bars=max_bars)
        self.tickets[order.id] = ticket
        self._working[order.id] = ticket

    def _refusal(self, request: OrderRequest, price: float, rule: str, reason: str) -> Refused:
        return Refused(
            self.now,
            request.symbol,
            request.side,
            request.quantity,
            price,
            rule,
            reason,
            request.origin,
        )

    def _refuse_here(self, slot: Slot, request: OrderRequest, rule: str, reason: str) -> Refused:
        return self.refuse(request, slot.price(request.symbol), rule, reason)

    def refuse(self, request: OrderRequest, price: float, rule: str, reason: str) -> Refused:
        """Note an intent that never became an order."""
        refusal = self._refusal(request, price, rule, reason)
        self.refused.append(refusal)
        return refusal

    # folding back --------------------------------------------------------------------------

    def _fill(self, fill: Fill) -> None:
        ticket = self.tickets[fill.order.id]
        slot = ticket.slot
        symbol = fill.symbol
        before = slot.ledger.positions[symbol]
        slot.ledger.apply(fill)
        ticket.filled += abs(fill.quantity)
        ticket.value += abs(fill.quantity) * fill.price
        ticket.slippage += (fill.price - fill.reference) * fill.quantity * before.multiplier
        ticket.time = fill.time
        ticket.opening = min(ticket.opening, ticket.remaining)
        self.fills.append(fill)
        self.notices.append((slot, fill))
        self._track_entry(ticket, before.quantity)

    def _track_entry(self, ticket: Ticket, before: float) -> None:
        """Keep the list of entries behind the present position, and their time stops."""
        slot, order = ticket.slot, ticket.order
        now = slot.ledger.positions[order.symbol].quantity
        entries = slot.entries.setdefault(order.symbol, [])
        if now * before <= 0.0:
            entries.clear()
            slot.time_stops = [t for t in slot.time_stops if t.symbol != order.symbol]
        if now * order.side > 0.0 and order.parent is None and order.id not in entries:
            entries.append(order.id)
            if ticket.max_bars is not None:
                row = len(slot.world.markets[order.symbol]) - 1
                due = TimeStop(order.symbol, row + ticket.max_bars)
                slot.time_stops.append(due)

    def _charge(self, commission: Commission) -> None:
        ticket = self.tickets[commission.fill_id.rsplit("/", 1)[0]]
        ticket.slot.ledger.charge(commission)
        ticket.commission += commission.amount
        self.commissions.append(commission)

    def _update(self, update: OrderUpdate) -> None:
        ticket = self.tickets[update.order.id]
        if update.status is not ticket.status and not can_become(ticket.status, update.status):
            _log.warning("%s: %s after %s ignored", update.order.id, update.status, ticket.status)
            return
        ticket.order = update.order
        if ticket.first_stop is None:
            ticket.first_stop = update.order.stop
        ticket.status = update.status
        ticket.time = update.time
        ticket.reason = update.reason
        self.notices.append((ticket.slot, update))
        if update.status in DONE:
            self._working.pop(update.order.id, None)
            self._proven_done(update.order.id)

    def _proven_done(self, order_id: str) -> None:
        for pending, _ in self._waiting:
            pending.discard(order_id)
        ready = [action for pending, action in self._waiting if not pending]
        self._waiting = [waiting for waiting in self._waiting if waiting[0]]
        for action in ready:
            action()
