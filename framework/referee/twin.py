"""Twin: our simulated broker plays, backtrader calls every play, and both are compared."""

from __future__ import annotations

__all__ = ["Difference", "Twin"]

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from framework.backtest.machine import Market
from framework.domain.bars import Bars
from framework.domain.events import BrokerEvent, Fill, OrderUpdate
from framework.domain.ledger import Ledger
from framework.domain.orders import DONE, Order, OrderStatus
from framework.engine.history import Timeline
from framework.referee.broker import CerebroBroker
from framework.referee.cover import Cover, Standing
from framework.referee.outcome import Outcome, outcomes_of
from framework.referee.round import Bar, Round, as_limit
from framework.referee.rules import OLD_BAR, explanation
from framework.referee.translate import Costs


@dataclass(frozen=True, slots=True)
class Difference:
    """One order of which the two brokers made something else.

    Attributes:
        time: nanoseconds UTC of the instant.
        order_id: the order.
        ours, theirs: what each made of it.
        rule: id of the rule that predicts both; empty if none does.
    """

    time: int
    order_id: str
    ours: Outcome
    theirs: Outcome
    rule: str


class Twin:
    """A broker that is ours, with backtrader's beside it.

    Both get every order. At every instant what they made of each is compared, in the same state of
    the account: after a difference backtrader goes on from our standing, so that one difference
    never causes another.

    Args:
        ours: the simulated broker.
        theirs: backtrader's.
        bars: what trades, in subscription order.
        costs: slippage.

    """

    def __init__(
        self,
        ours: Market,
        theirs: CerebroBroker,
        bars: Sequence[Bars],
        costs: Costs,
    ) -> None:
        self._ours = ours
        self._theirs = theirs
        self._bars = {one.symbol: one for one in bars}
        self._timeline = Timeline(bars)
        self._costs = costs
        self._k = 0
        self._triggered: frozenset[str] = frozenset()
        self._events: list[BrokerEvent] = []
        self._unseen: list[BrokerEvent] = []
        self._alive: dict[str, tuple[Order, OrderStatus, float]] = {}
        self._cover = Cover(self._bars, theirs.linked)
        self.differences: list[Difference] = []
        self.theirs: dict[str, Outcome] = {}

    # the Broker port -------------------------------------------------------------------------

    def submit(self, orders: Sequence[Order]) -> None:
        """Send to both."""
        self._ours.submit(orders)
        self._theirs.submit(orders)
        self._collect()

    def replace(self, order: Order) -> None:
        """Change in both."""
        self._ours.replace(order)
        self._theirs.replace(order)
        self._collect()

    def cancel(self, order_id: str) -> None:
        """Cancel in both."""
        self._ours.cancel(order_id)
        self._theirs.cancel(order_id)
        self._collect()

    def poll(self) -> Sequence[BrokerEvent]:
        """What ours reports."""
        events, self._events = tuple(self._events), []
        return events

    def book(self) -> Ledger:
        """Our account."""
        return self._ours.book()

    @property
    def is_watched(self) -> bool:
        """Whether ours may have news although no order works."""
        return self._ours.is_watched

    def advance(self, instant: int) -> None:
        """Match in both, and compare."""
        self._k = instant
        self._ours.advance(instant)
        self._theirs.advance(instant)
        self._collect()
        self.compare()

    # comparing -------------------------------------------------------------------------------

    def compare(self) -> None:
        """Compare what both made of the orders since the last look.

        It must be called at the end of every instant too, before backtrader's next bar.
        """
        ours, theirs = outcomes_of(self._unseen), outcomes_of(self._theirs.poll())
        found = [self._early(order, what) for order, what in self._theirs.early()]
        if ours or theirs:
            found += self._parted(ours, theirs)
            self._note(theirs)
            self._fold()
            self._theirs.adopt(self._cover)
        if found:
            self.differences += found
            alive = tuple(self._alive.values())
            self._theirs.align(Standing(self._ours.book(), self._cover, alive))
        self._triggered = self._theirs.triggered()

    def _parted(
        self, ours: Mapping[str, Outcome], theirs: Mapping[str, Outcome]
    ) -> list[Difference]:
        filled = {order_id: units for order_id, (_, _, units) in self._alive.items()}
        round_ = Round(
            self._known(ours, theirs),
            filled,
            ours,
            theirs,
            self._present_bars(),
            self._cover,
            self._costs,
            self._triggered,
        )
        return [
            self._difference(round_, order_id)
            for order_id in dict.fromkeys([*ours, *theirs])
            if not round_.agreed(order_id)
        ]

    def _early(self, order: Order, what: str) -> Difference:
        """What an old bar did to an order: no fill yet, but it would be one."""
        time = int(self._timeline.instants[self._k])
        theirs = Outcome(order, reason=what)
        return Difference(time, order.id, Outcome(order), theirs, OLD_BAR)

    def _known(
        self, ours: Mapping[str, Outcome], theirs: Mapping[str, Outcome]
    ) -> dict[str, Order]:
        """The orders as they rested: a trailing level is told only by what happens to it."""
        known = {order_id: order for order_id, (order, _, _) in self._alive.items()}
        for outcome in (*theirs.values(), *ours.values()):
            order = outcome.order
            status = self._alive.get(order.id, (order, OrderStatus.HELD))[1]
            if status is not OrderStatus.HELD:
                order = replace(order, quantity=known[order.id].quantity)
            if order.id in self._triggered:
                order = as_limit(order)
            known[order.id] = order
        return known

    def _difference(self, round_: Round, order_id: str) -> Difference:
        rule = explanation(round_, order_id)
        time = int(self._timeline.instants[self._k])
        return Difference(time, order_id, *round_.both(order_id), rule.id if rule else "")

    def _note(self, theirs: dict[str, Outcome]) -> None:
        """Keep what backtrader made of each order, until the first difference about it."""
        differed = {difference.order_id for difference in self.differences}
        for order_id, outcome in theirs.items():
            if order_id not in differed:
                before = self.theirs.get(order_id)
                self.theirs[order_id] = outcome if before is None else before.then(outcome)

    def _collect(self) -> None:
        events = self._ours.poll()
        self._events += events
        self._unseen += events

    def _fold(self) -> None:
        """Keep what is alive and what is held as our broker has it."""
        for event in self._unseen:
            if isinstance(event, OrderUpdate):
                before = self._alive.get(event.order.id)
                wakes = before is not None and before[1] is OrderStatus.HELD
                if event.status in DONE or (wakes and not self._theirs.linked):
                    self._alive.pop(event.order.id, None)  # a child queues when it wakes
                if event.status not in DONE:
                    filled = before[2] if before else 0.0
                    self._alive[event.order.id] = (event.order, event.status, filled)
            elif isinstance(event, Fill):
                if event.order.id in self._alive:
                    order, status, filled = self._alive[event.order.id]
                    self._alive[order.id] = (order, status, filled + abs(event.quantity))
                self._cover.fold(event.order, event.quantity)
        self._unseen.clear()

    def _present_bars(self) -> dict[str, Bar]:
        found = {}
        for symbol, bars in self._bars.items():
            rows = self._timeline.rows[symbol]
            row = int(rows[self._k])
            if row >= 0:
                fresh = self._k == 0 or int(rows[self._k - 1]) != row
                found[symbol] = Bar(
                    float(bars.open[row]),
                    float(bars.high[row]),
                    float(bars.low[row]),
                    float(bars.close[row]),
                    fresh,
                    bool(bars.close_time[row] >= bars.session_close[row]),
                )
        return found
