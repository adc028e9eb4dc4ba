"""SimulatedBroker: resting orders against the bars of a tape, behind the Broker port."""

from __future__ import annotations

__all__ = ["SimulatedBroker"]

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from framework.brokers.simulated.acceptance import Acceptance
from framework.brokers.simulated.accepted import AcceptedPass
from framework.brokers.simulated.account import BackOffice
from framework.brokers.simulated.execution import Execution
from framework.brokers.simulated.family import Family
from framework.brokers.simulated.lifetimes import expired_after, expired_before, works_in
from framework.brokers.simulated.linked import LinkedFamily
from framework.brokers.simulated.matching import ratchet
from framework.brokers.simulated.models import Models
from framework.brokers.simulated.outlook import next_stir
from framework.brokers.simulated.policy import FillPolicy
from framework.brokers.simulated.resting import Resting
from framework.brokers.simulated.servicing import Servicing
from framework.brokers.simulated.tape import Bar, Tape
from framework.brokers.simulated.together import net_prices
from framework.brokers.simulated.triggers import Facts, Market, hold, market_of
from framework.brokers.simulated.walk import Floor, along_path, as_submitted, open_first
from framework.brokers.simulated.working import due_in
from framework.domain.events import BrokerEvent, OrderUpdate
from framework.domain.ledger import Ledger
from framework.domain.orders import DONE, Order, OrderStatus


class SimulatedBroker:
    """A broker whose market is the past. It keeps its own book of the account.

    `advance` is the market moving; the rest is the Broker port. Nothing fills inside `submit`.

    Args:
        tapes: what trades, in subscription order.
        instants: nanoseconds UTC of every instant the market can advance to, rising; one that
            goes on may grow.
        cash: opening cash.
        policy: how orders meet bars.
        models: what trading costs, and what a bar can give.

    Attributes:
        execution: what books a trade.
        pause: called after each fill that may matter to other orders of its instrument, before the
            bar goes on; for a market whose clients react within a bar.
    """

    __slots__ = (
        "_acceptance",
        "_conditional",
        "_events",
        "_family",
        "_instants",
        "_instruments",
        "_leverage",
        "_office",
        "_pass",
        "_policy",
        "_queues",
        "_sequence",
        "_servicing",
        "_tapes",
        "_time",
        "_traded",
        "execution",
        "pause",
    )

    def __init__(
        self,
        tapes: Sequence[Tape],
        instants: Sequence[int],
        cash: float,
        policy: FillPolicy,
        models: Models,
    ) -> None:
        self._tapes = {tape.instrument.symbol: tape for tape in tapes}
        self._policy = policy
        self._queues: dict[str, list[Resting]] = {symbol: [] for symbol in self._tapes}
        self._events: list[BrokerEvent] = []
        self._sequence = 0
        self._time = 0
        self._conditional = False
        self.pause: Callable[[], None] | None = None
        self._leverage = models.leverage
        self._traded: dict[str, int] = {}
        self._instants = instants
        instruments = {symbol: tape.instrument for symbol, tape in self._tapes.items()}
        self._instruments = instruments
        ledger = Ledger(cash, {s: instrument.multiplier for s, instrument in instruments.items()})
        self.execution = Execution(self._tapes, ledger, policy, models, self._events)
        family = LinkedFamily if policy.brackets == "linked" else Family
        self._family = family(self._queues, self.execution.lots, instruments, policy, self._report)
        self._acceptance: Acceptance | None = None
        if policy.cash_check == "acceptance":
            funds = self.execution.funds
            self._acceptance = Acceptance(ledger, funds, self._report, self._family.end)
        self._pass = AcceptedPass(policy, self.execution, self._family, self._trade, self._follow)
        self._office = BackOffice(
            ledger,
            self._tapes.values(),
            models.margin,
            models.financing,
            models.actions,
            models.rates,
            models.lists_options,
        )
        self._servicing = self._serviced(ledger)

    # the Broker port ------------------------------------------------------------------------

    def submit(self, orders: Sequence[Order]) -> None:
        """Accept an entry and its children, which are held until it fills."""
        made: list[Resting] = []
        for order in orders:
            held = order.parent is not None and self._family.holds(self._find(order.parent))
            status = OrderStatus.HELD if held else OrderStatus.WORKING
            instrument = self._tapes[order.symbol].instrument
            resting = Resting.of(order, self._sequence, status, instrument)
            made.append(resting)
            if order.parent is not None and not held:
                resting.start_from(order.decision_price, instrument)
            self._conditional = self._conditional or order.terms.conditions is not None
            self._sequence += 1
            self._time = order.time
            self._queues[order.symbol].append(resting)
            if self._acceptance is None:
                self._report(resting, status, "")
            else:
                self._acceptance.add(resting, status)
        if any(order.terms.conditions is not None for order in orders):
            self._catch_up()
            for resting in made:
                self._look_at(resting, self._markets(()))
        if orders[0].parent is not None:
            self._family.end_idle(orders[0].symbol)

    def replace(self, order: Order) -> None:
        """Change quantity, prices or time in force of the working order with the same id."""
        resting = self._find(order.id)
        if resting is not None:
            self._change(resting, order)
            self._report(resting, resting.status, "replaced")

    def _change(self, resting: Resting, order: Order) -> None:
        """Let a resting order be this one. A trailing stop keeps its level, or moves nearer where a
        new distance from the present close has it."""
        old = resting.order
        moves = order.trail is not None and old.stop is not None
        if moves:
            order = replace(order, stop=old.stop, limit=old.limit)
        resting.order = order
        resting.triggered = resting.triggered and order.stop == old.stop
        if order.tif is not old.tif:
            resting.day = None
        if (order.stop, order.limit) != (old.stop, old.limit):
            resting.offset = None
        resting.reprice()
        if moves and resting.is_live and order.trail != old.trail and not resting.triggered:
            self._follow(resting, self._tapes[order.symbol].close_by(self._time))

    def cancel(self, order_id: str) -> None:
        """Cancel at once; the proof is in the next `poll`. What waits to be accepted stays."""
        resting = self._find(order_id)
        if resting is not None and resting.status is not OrderStatus.SENT:
            self._family.end(resting, OrderStatus.CANCELLED, "cancelled")

    def poll(self) -> Sequence[BrokerEvent]:
        """Everything that happened since the last call, oldest first."""
        if not self._events:
            return ()
        events = tuple(self._events)
        self._events.clear()
        return events

    def book(self) -> Ledger:
        """The broker's own account of cash and positions."""
        return self.execution.ledger

    def resting(self, order_id: str) -> Resting | None:
        """The record of an order that is not done; to be looked at only."""
        return self._find(order_id)

    def admit(self, tape: Tape, instant: int) -> None:
        """Let another instrument trade, from the instant after this one."""
        instrument = tape.instrument
        tape.move(instant)
        self._tapes[instrument.symbol] = tape
        self._instruments[instrument.symbol] = instrument
        self._queues[instrument.symbol] = []
        self.execution.admit(instrument)
        self._office.admit(tape)

    # the market ----------------------------------------------------------------------------

    def advance(self, instant: int) -> None:
        """Match the resting orders against the bars that close at this instant."""
        self._time = self._instants[instant]
        closing = [tape for tape in self._tapes.values() if tape.move(instant)]
        as_accepted = self._policy.queue == "accepted"
        if as_accepted and closing:
            self._decide(closing)
        if self._servicing is not None and closing:
            self._servicing.before(closing, self._time)
        if as_accepted:
            self._match_as_accepted(closing)
        for tape in () if as_accepted else closing:
            queue = self._queues[tape.instrument.symbol]
            if queue:
                self._match(tape, queue)
        if self._servicing is not None and closing:
            self._servicing.after(closing, self._instants[instant])
        if self._conditional:
            self._look_at_conditions(closing)

    def trade_together(self, orders: Sequence[Order], most: float | None) -> bool:
        """Trade market orders, the legs of a combo, whole and at once or not at all, against the
        bars that close at the present instant; whether they did.

        Args:
            orders: one per leg; they are known to nobody before and after.
            most: sum of side x units x price that may be paid at most, negative for what must be
                received at least; None without a limit.
        """
        legs = [
            Resting.of(order, self._sequence, OrderStatus.WORKING, self._instruments[order.symbol])
            for order in orders
        ]
        found = net_prices(legs, self._tapes, self.execution.slip, most, self._time)
        if not found or not all(self.execution.has_room(leg.resting, leg.bar) for leg in found):
            return False
        for leg in found:
            self._trade(leg.resting, leg.reference, leg.bar, leg.at_open, False, leg.price)
        return True

    def fill(self, order_id: str, quantity: float, price: float) -> None:
        """Trade units of a resting order at a price, whatever the market does; nothing happens if
        the order is done."""
        resting = self._find(order_id)
        if resting is not None:
            bar, before = self._tapes[resting.order.symbol].bar(), resting.filled
            opened = self.execution.execute(resting, price, bar, False, False, quantity, paid=price)
            self._settle(resting, before, opened, False)

    def _decide(self, closing: Sequence[Tape]) -> None:
        """Settle futures at the closes before, and decide about the orders that came in."""
        before = {symbol: tape.close for symbol, tape in self._tapes.items()}
        before |= {tape.instrument.symbol: tape.bar().previous_close for tape in closing}
        self.execution.begin(int(closing[0].bars.session[closing[0].row]), before)
        if self._acceptance is not None:
            self._acceptance.decide()

    def _match_as_accepted(self, closing: Sequence[Tape]) -> None:
        """Go once through the orders of all instruments whose bar closes now."""
        queues = [(tape, self._queues[tape.instrument.symbol], tape.bar()) for tape in closing]
        floors = [self._floor(*one) for one in queues]
        self._pass.go({one[0].instrument.symbol: f for one, f in zip(queues, floors, strict=True)})
        for tape, queue, bar in queues:
            self._work_algos(tape, queue, bar)
            self._close_bar(tape, queue, bar)
            queue[:] = [resting for resting in queue if resting.status not in DONE]

    def quiet_until(self, start: int, stop: int) -> int:
        """The first instant of start..stop-1 at which a resting order may have something to do, be
        it too early; `stop` if there is none."""
        finer = self._policy.intrabar == "finer"
        if self._conditional or self._servicing is not None or finer:
            return start
        for symbol, queue in self._queues.items():
            if queue and start < stop:
                stop = next_stir(self._tapes[symbol], queue, start, stop)
        return stop

    @property
    def is_watched(self) -> bool:
        """Whether something may happen to the account although no order works."""
        return self._servicing is not None

    def _serviced(self, ledger: Ledger) -> Servicing | None:
        """Servicing of the account, if there is anything it could ever do."""
        if self._office.is_idle:
            return None
        return Servicing(
            self._office,
            ledger,
            self.execution.lots,
            self._queues,
            self._family,
            self._events,
            self.submit,
        )

    def _match(self, tape: Tape, queue: list[Resting]) -> None:
        whole = tape.bar()
        bars = tape.finer_bars() if self._policy.intrabar == "finer" else [whole]
        for bar in bars:
            self._time = bar.time
            self._open_bar(queue, bar)
            self._walk(tape, queue, bar)
            if bar is bars[-1]:
                self._work_algos(tape, queue, whole)
            self._close_bar(tape, queue, bar)
        self._ratchet(queue, bars[-1])
        queue[:] = [resting for resting in queue if resting.status not in DONE]

    def _open_bar(self, queue: list[Resting], bar: Bar) -> None:
        for resting in queue:
            reason = expired_before(resting, bar)
            if reason:
                self._family.end(resting, OrderStatus.EXPIRED, reason)

    def _close_bar(self, tape: Tape, queue: list[Resting], bar: Bar) -> None:
        self._family.close_bar()
        extended = tape.bars.regular is not None
        for resting in queue:
            resting.waits = False
            end = expired_after(resting, bar, extended)
            if end is not None:
                self._family.end(resting, *end)

    def _walk(self, tape: Tape, queue: list[Resting], bar: Bar) -> None:
        floor = self._floor(tape, queue, bar)
        if self._policy.queue == "submission":
            as_submitted(floor)
        elif self._policy.intrabar == "path":
            along_path(floor)
        else:
            open_first(floor)

    def _floor(self, tape: Tape, queue: list[Resting], bar: Bar) -> Floor:
        policy = self._policy
        instrument = tape.instrument
        lots = self.execution.lots[instrument.symbol]
        tick = instrument.tick_at(bar.open)
        margin = 0.0
        if policy.limit_fill == "through":
            margin = tick or 1e-12 * bar.close

        def held(resting: Resting) -> float:
            return lots.of(resting.order.id).quantity

        def execute(resting: Resting, price: float, opening: bool, exact: bool) -> None:
            self._trade(resting, price, bar, opening, exact)

        working = queue
        if not bar.regular:
            working = [resting for resting in queue if works_in(resting, bar)]
        spread = policy.quoted_spread * tick
        return Floor(working, bar, held, policy, margin, spread, execute)

    def _trade(
        self,
        resting: Resting,
        price: float,
        bar: Bar,
        at_open: bool,
        exact: bool,
        paid: float | None = None,
    ) -> None:
        before = resting.filled
        opened = self.execution.execute(resting, price, bar, at_open, exact, paid=paid)
        self._settle(resting, before, opened, at_open)

    def _settle(self, resting: Resting, before: float, opened: float, at_open: bool) -> None:
        """What a fill means for the orders around it."""
        family = self._family
        if opened != 0.0:
            self._sequence = family.wake(resting, at_open, self._sequence)
        elif resting.status in DONE and (resting.filled == 0.0 or resting.order.parent is None):
            family.end_children(resting)
        if resting.filled > before:
            self._traded[resting.order.symbol] = self._time
            resting.climb()
            family.after_fill(resting, before)
        if resting.status in _UNFILLED:
            family.after_end(resting)
        family.end_idle(resting.order.symbol)
        if self.pause is not None and resting.filled > before and self._is_watched_by(resting):
            self.pause()

    def _is_watched_by(self, filled: Resting) -> bool:
        """Whether a fill may matter to another order of its instrument."""
        queue = self._queues[filled.order.symbol]
        return any(one is not filled and one.status not in DONE for one in queue)

    def _work_algos(self, tape: Tape, queue: list[Resting], bar: Bar) -> None:
        for resting in queue:
            algo = resting.order.terms.algo
            if algo is None or not resting.is_live or not works_in(resting, bar):
                continue
            due = due_in(resting, algo, bar, tape)
            if due.units > 0.0:
                before = resting.filled
                opened = self.execution.execute(
                    resting, due.price, bar, False, False, due.units, due.slip_share
                )
                self._settle(resting, before, opened, False)
            if due.ends:
                self._family.end(resting, OrderStatus.EXPIRED, due.ends)

    def _ratchet(self, queue: list[Resting], bar: Bar) -> None:
        for resting in queue:
            trails = resting.order.trail is not None and not resting.triggered
            if trails and resting.is_live and works_in(resting, bar):
                self._follow(resting, bar.close)

    def _follow(self, resting: Resting, close: float) -> None:
        """Move a trailing stop after a close, if that moves it nearer."""
        trail = resting.order.trail
        assert trail is not None
        instrument = self._tapes[resting.order.symbol].instrument
        level = close + resting.side * trail.distance(close)
        if ratchet(resting.side, resting.stop, level) != resting.stop:
            resting.follow(level, instrument)

    def _look_at_conditions(self, closing: Sequence[Tape]) -> None:
        """Wake, or cancel, the orders whose conditions hold at this close."""
        waiting = [
            resting
            for queue in self._queues.values()
            for resting in queue
            if resting.order.terms.conditions is not None and resting.status not in DONE
        ]
        self._conditional = bool(waiting)
        if not waiting:
            return
        markets = self._markets(closing)
        for resting in waiting:
            self._look_at(resting, markets)

    def _catch_up(self) -> None:
        """Turn the tapes to the present instant; nobody does while no order works."""
        instant = bisect_right(self._instants, self._time) - 1
        if instant >= 0:
            for tape in self._tapes.values():
                tape.move(instant)

    def _markets(self, closing: Sequence[Tape]) -> dict[str, Market]:
        """What conditions may ask of each instrument that has had a bar."""
        fresh = {tape.instrument.symbol for tape in closing}
        return {
            symbol: market_of(tape, symbol in fresh)
            for symbol, tape in self._tapes.items()
            if tape.row >= 0
        }

    def _look_at(self, resting: Resting, markets: Mapping[str, Market]) -> None:
        """Wake, or cancel, an order if its conditions hold."""
        order = resting.order
        facts = Facts(
            self._time, markets, self._cushion(), self._traded, resting.since, order.symbol
        )
        conditions = order.terms.conditions
        if conditions is None or not hold(conditions, facts):
            return
        if conditions.cancels:
            self._family.end(resting, OrderStatus.CANCELLED, "its conditions hold")
        elif resting.asleep:
            self._awaken(resting)

    def _awaken(self, resting: Resting) -> None:
        """Let an order work from here on; a trailing stop starts from the present close."""
        resting.asleep = False
        trail = resting.order.trail
        if trail is not None:
            tape = self._tapes[resting.order.symbol]
            close = tape.close_by(self._time)
            resting.follow(close + resting.side * trail.distance(close), tape.instrument)

    def _cushion(self) -> float:
        """Percent of equity not needed to hold the present positions."""
        prices, needed = self._office.marks(self._time), self._office.needed(self._time)
        ledger = self.execution.ledger
        equity = ledger.equity(prices)
        if equity <= 0.0:
            return 0.0
        needed = needed or ledger.gross_exposure(prices) / self._leverage
        return 100.0 * (1.0 - needed / equity)

    def _report(self, resting: Resting, status: OrderStatus, reason: str) -> None:
        resting.status = status
        self._events.append(OrderUpdate(resting.order, status, self._time, reason))

    def _find(self, order_id: str) -> Resting | None:
        for queue in self._queues.values():
            for resting in queue:
                if resting.order.id == order_id and resting.status not in DONE:
                    return resting
        return None


_UNFILLED = frozenset({OrderStatus.CANCELLED, OrderStatus.REJECTED})
