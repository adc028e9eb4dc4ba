"""Servicing: what the back office finds is booked, and lots and resting orders follow."""

from __future__ import annotations

__all__ = ["Servicing"]

from collections.abc import Callable, Mapping, Sequence

from framework.brokers.simulated.account import BackOffice, made_by_broker
from framework.brokers.simulated.adjustment import after_dividend, after_split
from framework.brokers.simulated.exercise import delivered, is_exercised_early
from framework.brokers.simulated.family import Family
from framework.brokers.simulated.owned import Lots
from framework.brokers.simulated.resting import Resting
from framework.brokers.simulated.tape import Tape
from framework.domain.actions import CorporateAction, Dividend
from framework.domain.events import BrokerEvent, CashFlow, Fill, OrderUpdate, Split
from framework.domain.instruments import Instrument
from framework.domain.ledger import Ledger
from framework.domain.options import OptionTerms
from framework.domain.orders import DONE, Order, OrderStatus, Origin

Submit = Callable[[Sequence[Order]], None]


class Servicing:
    """The broker's own acts on the account, before and after the bars of an instant are matched.

    Args:
        office: finds what is due.
        ledger: the broker's book.
        lots: by symbol.
        queues: the broker's orders by symbol.
        family: ends orders.
        events: where reports are appended.
        submit: takes an order the broker makes itself.
    """

    __slots__ = ("_events", "_family", "_ledger", "_lots", "_made", "_office", "_queues", "_submit")

    def __init__(
        self,
        office: BackOffice,
        ledger: Ledger,
        lots: Mapping[str, Lots],
        queues: Mapping[str, list[Resting]],
        family: Family,
        events: list[BrokerEvent],
        submit: Submit,
    ) -> None:
        self._office = office
        self._ledger = ledger
        self._lots = lots
        self._queues = queues
        self._family = family
        self._events = events
        self._submit = submit
        self._made = 0

    def before(self, closing: Sequence[Tape], time: int) -> None:
        """Book the night, then the dividends and splits of the day."""
        session = max(int(tape.bars.session[tape.row]) for tape in closing)
        for flow in self._office.night(session, closing, time):
            self._book(flow)
        for tape in closing:
            for action in self._office.due(tape):
                self._act(tape, action)

    def after(self, closing: Sequence[Tape], time: int) -> None:
        """Settle what has expired, then liquidate what the margin no longer carries."""
        for tape in closing:
            if self._office.expires(tape):
                self._expire(tape, time)
            elif tape.instrument.option is not None:
                self._assign_early(tape, time)
        for symbol, quantity, price in self._office.liquidations(time, self._under_way()):
            self._made += 1
            order = made_by_broker(Origin.LIQUIDATION, self._made, symbol, quantity, price, time)
            self._submit([order])

    def _under_way(self) -> dict[str, float]:
        """By symbol, signed units that liquidations sent before will still trade."""
        found: dict[str, float] = {}
        for symbol, queue in self._queues.items():
            for resting in queue:
                if resting.order.origin is Origin.LIQUIDATION and resting.status not in DONE:
                    found[symbol] = found.get(symbol, 0.0) + resting.side * resting.remaining
        return found

    def _book(self, event: CashFlow | Split) -> None:
        if isinstance(event, CashFlow):
            self._ledger.receive(event)
        else:
            self._ledger.split(event)
        self._events.append(event)

    def _act(self, tape: Tape, action: CorporateAction) -> None:
        """Book one action, at the time of the first bar orders can trade in after it."""
        time = tape.finer_bars()[0].time
        for event in self._office.booked(tape, action, time):
            self._book(event)
            if isinstance(event, Split):
                lots = self._lots[event.symbol]
                lots.rescale(event.ratio, event.quantity, tape.instrument.lot)
        for resting in tuple(self._queues[action.symbol]):
            if resting.status not in DONE:
                self._adjust(tape, resting, action, time)
        self._family.end_idle(action.symbol)

    def _adjust(self, tape: Tape, resting: Resting, action: CorporateAction, time: int) -> None:
        order = resting.order
        if isinstance(action, Dividend):
            after: Order | None = after_dividend(order, action.amount, tape.instrument)
            reason = f"lowered by the dividend of {action.amount:g}"
        else:
            covered = self._family.covered(resting)
            after = after_split(
                order, resting.filled, action.ratio, tape.instrument, resting.opened, covered
            )
            reason = f"adjusted for the split, {action.ratio:g} for 1"
            resting.rescale(action.ratio, tape.instrument)
        if after is None:
            self._family.end(resting, OrderStatus.CANCELLED, "the split leaves less than one lot")
        elif after != order:
            resting.order = after
            resting.reprice()
            self._events.append(OrderUpdate(after, resting.status, time, reason))

    def _expire(self, tape: Tape, time: int) -> None:
        """End the orders of a contract and settle its position, without costs: a future at its last
        close, an option by what it pays."""
        symbol = tape.instrument.symbol
        for resting in tuple(self._queues[symbol]):
            self._family.end(resting, OrderStatus.EXPIRED, "the contract has expired")
        held = self._ledger.positions[symbol].quantity
        if held == 0.0:
            return
        terms = tape.instrument.option
        if terms is None:
            self._trade(Origin.EXPIRY, symbol, -held, tape.close, time)
        else:
            self._deliver(tape.instrument, terms, held, time)

    def _assign_early(self, tape: Tape, time: int) -> None:
        """Deliver for a short option that its holder exercises before the expiry."""
        instrument, terms = tape.instrument, tape.instrument.option
        held = self._ledger.positions[instrument.symbol].quantity
        if held >= 0.0 or terms is None:
            return
        spot = self._office.close(terms.underlying)
        if is_exercised_early(terms, tape.close, spot):
            self._deliver(instrument, terms, held, time)

    def _deliver(self, option: Instrument, terms: OptionTerms, held: float, time: int) -> None:
        """Settle an option by what it pays, or against its underlying."""
        underlying = self._office.instrument(terms.underlying)
        spot = self._office.close(terms.underlying)
        for one in delivered(option, terms, underlying, held, spot):
            self._trade(one.origin, one.symbol, one.quantity, one.price, time)

    def _trade(self, origin: Origin, symbol: str, quantity: float, price: float, time: int) -> None:
        """Book a trade of the broker's own, without costs."""
        self._made += 1
        opens = abs(quantity) if origin is Origin.EXERCISE else 0.0
        order = made_by_broker(origin, self._made, symbol, quantity, price, time, opens)
        rate = self._office.rate(symbol, time)
        fill = Fill(f"{order.id}/1", order, time, quantity, price, price, rate=rate)
        self._ledger.apply(fill)
        self._lots[symbol].trade(order.id, quantity, None)
        self._events += (
            OrderUpdate(order, OrderStatus.WORKING, time),
            fill,
            OrderUpdate(order, OrderStatus.FILLED, time),
        )
