"""The judge: rounds a request, asks every rule, and decides what would leave."""

from __future__ import annotations

__all__ = ["HALTED", "Judge"]

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import isnan

from framework.domain.arithmetic import opening_and_closing, round_down_to_lot
from framework.domain.events import Refused
from framework.domain.orders import CLOSING, Order, OrderRequest, OrderType, Protection, Side
from framework.engine.account import account_state
from framework.engine.admission import check_conditions, not_now
from framework.engine.blotter import Blotter
from framework.engine.buying_power import available, lent, reserve, shortfall
from framework.engine.changes import request_of
from framework.engine.commitments import Commitments
from framework.engine.drafts import order_of
from framework.engine.moment import Moment, moment_of
from framework.engine.protection import (
    children_of,
    known_distance,
    resolved,
    unknown_range,
    unsound,
)
from framework.engine.reservations import Reserve
from framework.engine.slot import Slot
from framework.engine.slot_commitments import SlotCommitments
from framework.engine.ticket import Ticket
from framework.engine.venue import Venue
from framework.engine.verdict import Verdict
from framework.errors import OrderError
from framework.ports import CommissionModel, ExitRule, MarginModel, Preview, RiskRule

HALTED = "halted"
"""The rule of refusals made because a breaker has tripped."""


@dataclass(frozen=True, slots=True)
class _Allowed:
    """Units that may open risk; and the order of just these, if the rules were shown that one."""

    units: float
    order: Order | None = None


class Judge:
    """Decides what becomes of a request. Sends nothing and notes nothing.

    Args:
        blotter: every order of the account.
        commission: fee schedule, for estimates.
        rules: asked about whatever increases risk, in this order.
        exits: attached to every entry that leaves them open.
        margin: what positions need.
        checks_cash: whether buying power is checked here (else at the fill).
        sizes_at_fill: whether orders made as a fraction of free margin are allowed.
        exits_reduce: whether an order that can only close when it is made may never open.
        venue: the rules of broker and exchange, asked about every order.

    Attributes:
        blotter: every order of the account.
        attached: what the exits add to an entry.
        now: nanoseconds UTC.
        day: the trading day, as days since 1970-01-01.
    """

    def __init__(
        self,
        blotter: Blotter,
        commission: CommissionModel,
        rules: Sequence[RiskRule],
        exits: Sequence[ExitRule],
        margin: MarginModel,
        checks_cash: bool,
        sizes_at_fill: bool,
        exits_reduce: bool,
        venue: Venue,
    ) -> None:
        self._commission = commission
        self._given = self._rules = tuple(rules)
        self._margin = margin
        self._checks_cash = checks_cash
        self._sizes_at_fill = sizes_at_fill
        self._exits_reduce = exits_reduce
        self.blotter = blotter
        self._commitments = Commitments(blotter, self._reserve)
        self._venue = venue
        venue.blotter = blotter
        venue.commitments = self._commitments
        self.attached = Protection()
        for rule in exits:
            self.attached = self.attached.or_else(rule.protection())
        self._attaches = not self.attached.is_empty
        self.now = 0
        self.day = 0

    def hold(self, cap: RiskRule | None) -> None:
        """Ask this rule after all others from here on; None asks none besides."""
        self._rules = self._given if cap is None else (*self._given, cap)

    def begin_session(self, day: int) -> None:
        """A session begins; `day` is its trading day."""
        self.day = day
        self._venue.begin(day)

    def mark(self) -> None:
        """Reckon what working orders reserve before anybody asks: a bar has closed, or the broker
        has reported. An order that is checked then need not wait for it."""
        if self._checks_cash:
            self._commitments.settle(self.day)

    def buying_power(self, slot: Slot) -> float:
        """Value of its own instrument the slot could still buy, never below 0."""
        return max(0.0, self._free(slot, self._commitments.of(slot), slot.equity())) * lent(
            slot, self._margin
        )

    def verdict(self, slot: Slot, request: OrderRequest) -> Verdict:
        """What becomes of a request.

        The part of it that closes a position passes even when the rest is refused.

        Raises:
            OrderError: for a request no broker could take.
        """
        check_conditions(self.blotter.slots, request)
        moment = moment_of(self.blotter, slot, request.symbol, self.now, self.day)
        quantity = self._whole(request, moment)
        if isinstance(quantity, Refused):
            return Verdict((quantity,))
        if request.trailing is not None:
            trailing = known_distance(slot, request.symbol, request.trailing)
            if trailing.atr is not None:
                reason = unknown_range(trailing)
                return Verdict((self.refusal(request, moment.price, "trailing", reason),))
            request = replace(request, trailing=trailing)
        asked = request.protection
        protection = asked.or_else(self.attached) if self._attaches else asked
        as_asked = type(request.quantity) is float and request.quantity == quantity
        if not as_asked or protection is not asked:
            request = replace(request, quantity=quantity, protection=protection)
        opening, exit_part = self._split(slot, request, quantity)
        judged = self._judge(slot, request, opening, exit_part, moment)
        refused: tuple[Refused, ...] = ()
        if isinstance(judged, Refused):
            refused = (judged,)
            if exit_part == 0.0:
                return Verdict(refused)
            judged, asked = _Allowed(0.0), Protection()
        if request.fraction is not None:
            return self._leaving(slot, request, judged, None, refused, moment)
        if exit_part + judged.units == 0.0:
            reason = "no position is left to close"
            nothing = self.refusal(request, moment.price, "nothing_to_close", reason)
            return Verdict((*refused, nothing))
        return self._as_much(slot, request, judged, exit_part, asked, refused, moment)

    def too_early(self, slot: Slot, request: OrderRequest) -> Refused | None:
        """The refusal of anything asked for before the run starts trading, or after the kill switch
        was used."""
        against = not_now(slot, request)
        return None if against is None else self._refusal_here(slot, request, *against)

    def change(self, slot: Slot, ticket: Ticket, order: Order) -> float | Refused:
        """Units of risk the changed order may open, or why it may not be changed."""
        with self._commitments.without(ticket):
            return self._change(slot, ticket, order, ticket.opening)

    def _change(self, slot: Slot, ticket: Ticket, order: Order, opening: float) -> float | Refused:
        """The same, while the order as it was counts no more."""
        request = replace(request_of(order), quantity=order.quantity - ticket.filled)
        moment = moment_of(self.blotter, slot, order.symbol, self.now, self.day)
        grown = max(0.0, order.quantity - ticket.order.quantity)
        wanted = min(opening + grown, request.quantity) if opening else 0.0
        if order.parent is None and not opening and grown:
            wanted, _ = self._split(slot, request, request.quantity)
        against = self._venue.objection(slot, [order], wanted, moment)
        if against is not None:
            return self.refusal(request, moment.price, *against)
        if wanted == 0.0:
            return 0.0
        if slot.blocked:
            return self.refusal(request, moment.price, HALTED, slot.blocked)
        part = replace(request, quantity=wanted)
        allowed = self._judge_opening(slot, part, request.quantity - wanted, moment)
        if isinstance(allowed, Refused):
            return allowed
        if allowed.units == wanted:
            return wanted
        reason = f"the rules allow {allowed.units:g} of {wanted:g} units"
        return self.refusal(request, moment.price, "modify", reason)

    def preview(self, slot: Slot, request: OrderRequest) -> Preview:
        """What this order would do to the account; nothing is sent and nothing noted.

        What is refused is shown as if it had been let out.

        Raises:
            OrderError: for a request no broker could take.
        """
        early = self.too_early(slot, request)
        if early is not None:
            return self._venue.unchanged(early)
        verdict = self.verdict(slot, request)
        refused = next(iter(verdict.refused), None)
        moment = moment_of(self.blotter, slot, request.symbol, self.now, self.day)
        asked = self._whole(request, moment)
        if isinstance(asked, Refused) or asked == 0.0:
            return self._venue.unchanged(refused)
        order = verdict.order
        opening = verdict.opening
        if order is None or refused is not None:
            order = order_of(replace(request, quantity=asked), moment, slot.peek_id())
            opening, _ = self._split(slot, request, asked)
        return self._venue.preview(
            slot,
            order,
            opening,
            resolved(slot, order.symbol, request.protection.or_else(self.attached)),
            self._fee(slot, order),
            max(0.0, self._free(slot, self._commitments.of(slot), moment.equity)),
            refused,
            moment,
        )

    def estimate(self, slot: Slot, request: OrderRequest) -> float:
        """The estimated fee of a request, in the account's currency."""
        moment = moment_of(self.blotter, slot, request.symbol, self.now, self.day)
        return self._fee(slot, order_of(request, moment, slot.peek_id()))

    def _fee(self, slot: Slot, order: Order) -> float:
        """The estimated fee of a whole order, in the account's currency."""
        instrument = slot.instrument(order.symbol)
        price = order.limit or order.stop or order.decision_price
        notional = order.quantity * instrument.multiplier * price
        signed = order.side * order.quantity
        fee = self._commission.fee(instrument, signed, notional, 0.0, self.day)
        return fee * slot.rate(order.symbol)

    def refusal(self, request: OrderRequest, price: float, rule: str, reason: str) -> Refused:
        """A request kept in, with the rule and the reason."""
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

    # parts of a verdict ---------------------------------------------------------------------

    def _as_much(
        self,
        slot: Slot,
        request: OrderRequest,
        allowed: _Allowed,
        exit_part: float,
        asked: Protection,
        refused: tuple[Refused, ...],
        moment: Moment,
    ) -> Verdict:
        """The order, or at least what closes; `asked` is the protection the strategy gave."""
        limited = self._is_limited(request)
        opening = allowed.units
        if opening == 0.0:
            kept = self._kept(slot, request, asked, limited, moment)
            return self._closing(slot, request, exit_part, kept, limited, refused, moment)
        if request.quantity != exit_part + opening:
            request = replace(request, quantity=exit_part + opening)
        opens = opening if limited else None
        whole = self._leaving(slot, request, allowed, opens, refused, moment)
        if whole.order is not None or exit_part == 0.0:
            return whole
        kept = self._kept(slot, request, Protection(), limited, moment)
        part = self._closing(slot, request, exit_part, kept, limited, whole.refused, moment)
        return whole if part.order is None else part

    def _closing(
        self,
        slot: Slot,
        request: OrderRequest,
        exit_part: float,
        kept: Protection,
        limited: bool,
        refused: tuple[Refused, ...],
        moment: Moment,
    ) -> Verdict:
        """The part of an order that closes, alone."""
        closing = replace(request, quantity=exit_part, protection=kept)
        opens = 0.0 if limited else None
        return self._leaving(slot, closing, _Allowed(0.0), opens, refused, moment)

    def _leaving(
        self,
        slot: Slot,
        request: OrderRequest,
        allowed: _Allowed,
        opens: float | None,
        refused: tuple[Refused, ...],
        moment: Moment,
    ) -> Verdict:
        """The order and its children, unless broker or exchange would not take them."""
        protection = resolved(slot, request.symbol, request.protection)
        number = slot.orders
        name = slot.next_id()
        order = allowed.order or order_of(request, moment, name, opens)
        children = children_of(slot, order, allowed.units or order.quantity, protection)
        slot.orders = number
        against = self._venue.objection(slot, [order, *children], allowed.units, moment)
        if against is not None:
            return Verdict((*refused, self.refusal(request, moment.price, *against)))
        return Verdict(refused, order, tuple(children), allowed.units, protection)

    def _whole(self, request: OrderRequest, moment: Moment) -> float | Refused:
        """The request's quantity in whole lots, or why nothing can leave at all."""
        if isnan(moment.price):
            return self.refusal(request, 0.0, "no_price", "it has no bar yet")
        if request.fraction is not None:
            if not self._sizes_at_fill:
                raise OrderError(
                    f"{request.symbol}: fraction={request.fraction} under a policy that sizes at "
                    "the decision.",
                    "Give a quantity, or use FillPolicy(sizing='fill').",
                )
            return 0.0
        lot = moment.instrument.lot
        quantity = round_down_to_lot(request.quantity, lot)
        if quantity > 0.0:
            return quantity
        reason = f"{request.quantity:g} rounds down to 0 lots of {lot:g}"
        return self.refusal(request, moment.price, "lot", reason)

    def _split(self, slot: Slot, request: OrderRequest, quantity: float) -> tuple[float, float]:
        """Units of an order that open risk, and units that close it.

        Only what is certain to close before it counts against it: market orders, which trade
        before any resting one, and where exits may open also the resting ones before it. A closing
        verb never opens.
        """
        symbol = request.symbol
        position = slot.ledger.positions[symbol].quantity
        closing = 0.0
        if position * request.side < 0.0:
            side = Side.SELL if position > 0.0 else Side.BUY
            at_once = self._exits_reduce or request.type is OrderType.MARKET
            closing = self._commitments.of(slot).closing(symbol, side, at_once=at_once)
        opening, exit_part = opening_and_closing(position, request.side * quantity, closing)
        return 0.0 if request.origin in CLOSING else opening, exit_part

    def _is_limited(self, request: OrderRequest) -> bool:
        """Whether its order may open no more than was judged when it left."""
        return self._exits_reduce or request.origin in CLOSING

    def _kept(
        self,
        slot: Slot,
        request: OrderRequest,
        asked: Protection,
        limited: bool,
        moment: Moment,
    ) -> Protection:
        """Protection of an order that opens nothing now: none, unless it may open later."""
        if limited or asked.is_empty:
            return Protection()
        found = resolved(slot, request.symbol, asked)
        return Protection() if unsound(request, found, moment.price) else found

    def _judge(
        self,
        slot: Slot,
        request: OrderRequest,
        opening: float,
        exit_part: float,
        moment: Moment,
    ) -> _Allowed | Refused:
        """Units of new risk allowed, or why none."""
        if request.fraction is not None:
            against = self._judge_fraction(slot, request, moment.price)
            return _Allowed(0.0) if against is None else against
        if opening == 0.0:
            return _Allowed(0.0)
        wanted = replace(request, quantity=opening) if exit_part else request
        if slot.blocked:
            return self.refusal(wanted, moment.price, HALTED, slot.blocked)
        return self._judge_opening(slot, wanted, exit_part, moment)

    def _judge_opening(
        self, slot: Slot, wanted: OrderRequest, exit_part: float, moment: Moment
    ) -> _Allowed | Refused:
        """Units of new risk allowed by protection, rules and buying power, or why none."""
        instrument, price = moment.instrument, moment.price
        protection = resolved(slot, wanted.symbol, wanted.protection)
        problem = unsound(wanted, protection, price, instrument.tick_at(0.0))
        if problem:
            return self.refusal(wanted, price, "protection", problem)
        ruled = self._ruled(slot, wanted, exit_part, protection, moment)
        if isinstance(ruled, Refused):
            return ruled
        allowed = round_down_to_lot(ruled.units, instrument.lot)
        if allowed == 0.0:
            return self.refusal(wanted, price, "lot", "the rules leave less than one lot")
        shortage = self._shortage(slot, wanted, allowed, exit_part, moment)
        if shortage:
            wanted = replace(wanted, quantity=allowed)
            return self.refusal(wanted, price, "buying_power", shortage)
        is_whole = not exit_part and allowed == wanted.quantity
        return ruled if is_whole else _Allowed(allowed)

    def _ruled(
        self,
        slot: Slot,
        wanted: OrderRequest,
        exit_part: float,
        protection: Protection,
        moment: Moment,
    ) -> _Allowed | Refused:
        """Units left after every rule, or the first refusal."""
        if not self._rules:
            return _Allowed(wanted.quantity)
        opens = wanted.quantity if self._is_limited(wanted) else None
        shown = order = order_of(wanted, moment, slot.peek_id(), opens)
        state = account_state(
            self.blotter.slots,
            self.blotter.spare.cash,
            self._commitments.resting(),
            slot,
            wanted,
            exit_part,
            protection,
            moment,
        )
        for rule in self._rules:
            verdict = rule.check(order, state)
            if isinstance(verdict, Refused):
                return verdict
            order = verdict
        return _Allowed(order.quantity, order if order is shown else None)

    def _shortage(
        self,
        slot: Slot,
        request: OrderRequest,
        opening: float,
        exit_part: float,
        moment: Moment,
    ) -> str:
        if not self._checks_cash:
            return ""
        orders = self._commitments.of(slot)
        return shortfall(
            slot,
            request,
            opening,
            exit_part,
            orders,
            self._free(slot, orders, moment.equity, request.oca),
            self._margin,
            self._commission,
            moment,
        )

    def _free(
        self, slot: Slot, orders: SlotCommitments, equity: float, oca: str | None = None
    ) -> float:
        """Money new risk may still use."""
        orders.reservations.settle(self.day)
        return available(slot, orders, self._margin, equity, oca)

    def _reserve(self, slot: Slot, order: Order, opening: float) -> Reserve:
        """What units of a working order need."""
        return reserve(slot, order, opening, self._margin, self._commission, self.day)

    def _judge_fraction(self, slot: Slot, request: OrderRequest, price: float) -> Refused | None:
        if slot.blocked:
            return self.refusal(request, price, HALTED, slot.blocked)
        if self._rules:
            return self.refusal(
                request, price, "fraction", "risk rules cannot judge an order sized at its fill"
            )
        problem = unsound(request, resolved(slot, request.symbol, request.protection), price)
        return self.refusal(request, price, "protection", problem) if problem else None

    def _refusal_here(self, slot: Slot, request: OrderRequest, rule: str, reason: str) -> Refused:
        return self.refusal(request, slot.price(request.symbol), rule, reason)
