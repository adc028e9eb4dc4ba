"""The one order door: every order of every strategy is rounded, judged, named and sent here."""

from __future__ import annotations

__all__ = ["HALTED", "Door"]

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from math import isnan

from framework.domain.arithmetic import round_down_to_lot
from framework.domain.events import Refused
from framework.domain.ledger import Ledger
from framework.domain.orders import (
    CLOSING,
    Order,
    OrderRequest,
    OrderStatus,
    OrderType,
    Protection,
)
from framework.engine.account import account_state
from framework.engine.blotter import Blotter
from framework.engine.buying_power import available, opening_and_exit, shortfall
from framework.engine.changes import request_of, rounded, unchangeable
from framework.engine.protection import (
    children_of,
    known_distance,
    resolved,
    unknown_range,
    unsound,
)
from framework.engine.slot import Slot
from framework.engine.ticket import Ticket
from framework.errors import OrderError
from framework.ports import (
    Broker,
    CommissionModel,
    ExitRule,
    OrderContext,
    OrderRule,
    RiskRule,
)

HALTED = "halted"
"""The rule of refusals made because a breaker has tripped."""


class Door:
    """Lets orders out; its blotter keeps their state and folds what comes back.

    Args:
        broker: where orders go.
        commission: fee schedule, for estimates.
        rules: asked about whatever increases risk, in this order.
        exits: attached to every entry that leaves them open.
        leverage: buying power as a multiple of equity.
        checks_cash: whether buying power is checked here (else at the fill).
        sizes_at_fill: whether orders made as a fraction of free margin are allowed.
        exits_reduce: whether an order that can only close when it is made may never open.
        order_rules: of the broker and the exchange, asked about every order.
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
        order_rules: Sequence[OrderRule] = (),
    ) -> None:
        self._broker = broker
        self._commission = commission
        self._rules = tuple(rules)
        self._order_rules = tuple(order_rules)
        self._leverage = leverage
        self._checks_cash = checks_cash
        self._sizes_at_fill = sizes_at_fill
        self._exits_reduce = exits_reduce
        self.attached = Protection()
        for rule in exits:
            self.attached = self.attached.or_else(rule.protection())
        self.blotter = Blotter()
        self.now = 0
        self.day = 0
        self.sent = 0

    def buying_power(self, slot: Slot) -> float:
        """Money the slot may still put at risk, never below 0."""
        working = self.blotter.working(slot)
        return max(0.0, available(slot, working, self._leverage, self._commission, self.day))

    def open_for(self, slots: Sequence[Slot], spare_cash: float) -> None:
        """Name the slots of the account, and its cash that none of them was given."""
        self.blotter.slots = tuple(slots)
        self.blotter.spare = Ledger(spare_cash, {})

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
            self.blotter.refused.append(judged)
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
        ticket = self.blotter.find(order_id)
        if ticket is not None and ticket.status is not OrderStatus.CANCELLING:
            ticket.status = OrderStatus.CANCELLING
            self._broker.cancel(order_id)

    def replace(self, order: Order) -> None:
        """Change the prices or the quantity of a working order, unjudged: protection only."""
        ticket = self.blotter.find(order.id)
        if ticket is not None:
            ticket.order = order
            self._broker.replace(order)

    def modify(self, slot: Slot, order: Order) -> Order | Refused:
        """Change quantity, prices or time in force of a working order, judged like a new one.

        Args:
            slot: whose order it is.
            order: as it shall be; id, side and type stay.
        """
        ticket = self.blotter.find(order.id)
        wanted = request_of(order)
        if ticket is None or ticket.slot is not slot:
            return self._refuse_here(slot, wanted, "not_working", f"{order.id} is done")
        reason = unchangeable(ticket, order)
        if reason:
            return self._refuse_here(slot, wanted, "modify", reason)
        order = rounded(order, slot.instrument(order.symbol))
        opening = ticket.opening
        ticket.opening = 0.0
        judged = self._judge_change(slot, ticket, order, opening)
        if isinstance(judged, Refused):
            ticket.opening = opening
            self.blotter.refused.append(judged)
            return judged
        ticket.opening = judged
        ticket.order = order if order.opens is None else replace(order, opens=judged)
        self._broker.replace(ticket.order)
        self.settle()
        return ticket.order

    def send_child(self, slot: Slot, order: Order) -> None:
        """Send a protective order for a position already held."""
        self._record(slot, order, 0.0, None)
        self._broker.submit([order])
        self.settle()

    def after_cancels(self, order_ids: Sequence[str], action: Callable[[], None]) -> None:
        """Cancel these orders and run `action` once all of them are proven done."""
        pending = self.blotter.when_done(order_ids, action)
        for order_id in order_ids:
            self.cancel(order_id)
        if pending:
            self.settle()
        else:
            action()

    def settle(self) -> bool:
        """Fold everything the broker has reported; hooks are told later, from the notices.

        Returns:
            Whether there was anything.
        """
        anything = False
        while events := self._broker.poll():
            anything = True
            for event in events:
                self.blotter.fold(event)
        return anything

    # letting out ---------------------------------------------------------------------------

    def _whole(self, slot: Slot, request: OrderRequest) -> float | Refused:
        """The request's quantity in whole lots, or why nothing can leave at all."""
        price = slot.price(request.symbol)
        if not slot.trading:
            return self._refusal(request, price, "start", "the run has not started trading yet")
        if isnan(price):
            refusal = self._refusal(request, 0.0, "no_price", "it has no bar yet")
            self.blotter.refused.append(refusal)
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
        self.blotter.refused.append(refusal)
        return refusal

    def _split(self, slot: Slot, request: OrderRequest, quantity: float) -> tuple[float, float]:
        """Units that open risk and units that close it.

        Only what is certain to close before it counts against it: market orders, which trade
        before any resting one, and where exits may open also the resting ones before it. A closing
        verb never opens.
        """
        position = slot.ledger.positions[request.symbol].quantity
        working: Iterable[Ticket] = self.blotter.working(slot, request.symbol)
        if self._exits_reduce or request.type is OrderType.MARKET:
            working = [ticket for ticket in working if ticket.order.trades_at_once]
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
            self.blotter.slots,
            self.blotter.spare.cash,
            self.blotter.all_working(),
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
        free = available(
            slot,
            self.blotter.working(slot),
            self._leverage,
            self._commission,
            self.day,
            request.oca,
        )
        return shortfall(slot, request, opening, exit_part, free, self._commission, self.day)

    def _judge_fraction(self, slot: Slot, request: OrderRequest, price: float) -> float | Refused:
        if slot.blocked:
            return self._refusal(request, price, HALTED, slot.blocked)
        if self._rules:
            return self._refusal(
                request, price, "fraction", "risk rules cannot judge an order sized at its fill"
            )
        problem = unsound(request, resolved(slot, request.symbol, request.protection), price)
        return self._refusal(request, price, "protection", problem) if problem else 0.0

    def _judge_change(
        self, slot: Slot, ticket: Ticket, order: Order, opening: float
    ) -> float | Refused:
        """Units of risk the changed order may open, or why it may not be changed."""
        request = replace(request_of(order), quantity=order.quantity - ticket.filled)
        grown = max(0.0, order.quantity - ticket.order.quantity)
        wanted = min(opening + grown, request.quantity) if opening else 0.0
        if order.parent is None and not opening and grown:
            wanted, _ = self._split(slot, replace(request, quantity=grown), grown)
        against = self._against_rules(slot, order)
        if against is not None:
            return against
        if wanted == 0.0:
            return 0.0
        if slot.blocked:
            price = slot.price(order.symbol)
            return self._refusal(request, price, HALTED, slot.blocked)
        allowed = self._judge_opening(
            slot, replace(request, quantity=wanted), request.quantity - wanted
        )
        if isinstance(allowed, Refused) or allowed == wanted:
            return allowed
        reason = f"the rules allow {allowed:g} of {wanted:g} units"
        return self._refusal(request, slot.price(order.symbol), "modify", reason)

    def _send(
        self, slot: Slot, request: OrderRequest, opening: float, opens: float | None
    ) -> Order | Refused:
        order = self._order(slot, request, slot.peek_id(), opens)
        protection = resolved(slot, request.symbol, request.protection)
        against = self._against_rules(slot, order)
        if against is not None:
            self.blotter.refused.append(against)
            return against
        slot.next_id()
        children = children_of(slot, order, opening or order.quantity, protection)
        self._record(slot, order, opening, protection.max_bars)
        slot.orders_today += 1
        self.sent += 1
        for child in children:
            self._record(slot, child, 0.0, None)
        self._broker.submit([order, *children])
        self.settle()
        return order

    def _against_rules(self, slot: Slot, order: Order) -> Refused | None:
        """What broker and exchange would say against the order; None if they would take it."""
        if not self._order_rules:
            return None
        context = self._context(slot, order.symbol)
        for rule in self._order_rules:
            reason = rule.refusal(order, context)
            if reason:
                return self._refusal(request_of(order), context.price, rule.name, reason)
        return None

    def _context(self, slot: Slot, symbol: str) -> OrderContext:
        return OrderContext(
            time=self.now,
            session=self.day,
            instrument=slot.instrument(symbol),
            price=slot.price(symbol),
            position=slot.ledger.positions[symbol].quantity,
            equity=slot.equity(),
        )

    def _order(
        self, slot: Slot, request: OrderRequest, order_id: str, opens: float | None
    ) -> Order:
        order = Order(
            id=order_id,
            symbol=request.symbol,
            side=request.side,
            quantity=request.quantity,
            type=request.type,
            time=self.now,
            decision_price=slot.price(request.symbol),
            limit=request.limit,
            stop=request.trigger,
            trail=request.trailing,
            tif=request.tif,
            oca=request.oca,
            origin=request.origin,
            fraction=request.fraction,
            opens=opens,
            terms=request.terms,
        )
        if order.limit is None and order.stop is None:
            return order
        return rounded(order, slot.instrument(request.symbol))

    def _record(self, slot: Slot, order: Order, opening: float, max_bars: int | None) -> None:
        status = OrderStatus.SENT if order.parent is None else OrderStatus.HELD
        ticket = Ticket(slot, order, status, opening, self.now, max_bars=max_bars)
        self.blotter.record(ticket)

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
        self.blotter.refused.append(refusal)
        return refusal
