"""ReplayBroker: the broker during recovery, which answers from the journal and compares."""

from __future__ import annotations

__all__ = ["Mark", "Recovered", "ReplayBroker"]

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from framework.domain.events import BrokerEvent, CashFlow, Commission, Fill, OrderUpdate, Split
from framework.domain.ledger import Ledger
from framework.domain.orders import Order
from framework.engine.journal_differences import first_difference, told
from framework.engine.journal_errors import DivergenceError, NotSentError
from framework.engine.journal_rows import (
    INPUTS,
    Adopted,
    Cancel,
    Cleared,
    Decided,
    Entry,
    EventBatch,
    History,
    Input,
    Instant,
    Intent,
    Joined,
    Replace,
    Row,
    Started,
    Stopped,
    Submit,
    Unsent,
)
from framework.ports import Broker

Mark = Started | Stopped | History | Adopted | Joined
"""Rows between the inputs that tell the core what it stands on."""


@dataclass(frozen=True, slots=True)
class Recovered:
    """What a replay leaves to be done.

    Attributes:
        polls: number of polls made; what comes after the replay counts on from there.
        pending: intents decided and never sent, oldest first.
        fresh: rows of what happened in the replay after the journal's last one.
        unconfirmed: orders sent of which no report ever came: UNKNOWN, never to be sent again.
    """

    polls: int
    pending: tuple[Intent, ...]
    fresh: tuple[Row, ...]
    unconfirmed: tuple[str, ...]


_Act = Intent | Decided | Unsent | EventBatch


@dataclass(slots=True, eq=False)
class _Step:
    """An intent or a batch, with the number of its row and of the input it followed."""

    number: int
    segment: int
    row: _Act


class ReplayBroker:
    """Takes intents and compares each with the journal's; reports what the journal says was
    reported at that very poll.

    Args:
        entries: the journal's rows, from the first on.
        cash, multipliers: what the broker's book began with, for `book`.
        behind: a broker to be brought up to date with the same intents, such as the simulated one
            of a shadow session: what it reports must be what was journalled, and it takes at once
            what is decided after the last row.
        goes_on: called once the journal has no more to say of the last input while the core still
            acts upon it; the broker it answers with is asked from there on. Where time stands
            still between two inputs the core then never notices that there was a break.

    Attributes:
        polls: number of polls made so far.
    """

    def __init__(
        self,
        entries: Sequence[Entry],
        cash: float = 0.0,
        multipliers: Mapping[str, float] | None = None,
        behind: Broker | None = None,
        goes_on: Callable[[Recovered], Broker] | None = None,
    ) -> None:
        self._goes_on = goes_on
        self._next: Broker | None = None
        self._entries = entries
        self._behind = behind
        self._book = Ledger(cash, multipliers or {})
        self._steps: deque[_Step] = deque()
        self._segments = 0
        self._segment = 0
        self._owed: list[Intent] = []
        self._fresh: list[Row] = []
        self._time = self._session = 0
        self._heard: set[str] = set()
        self._sent: dict[str, None] = {}
        self.polls = 0
        for entry in entries:
            self._file(entry.number, entry.row)

    def _file(self, number: int, row: Row) -> None:
        """Put what was done in line; what was done late is no step of the core's."""
        if isinstance(row, INPUTS):
            self._segments += 1
        elif isinstance(row, Submit | Replace | Cancel):
            if isinstance(row, Submit) and not row.held:
                self._sent.update(dict.fromkeys(order.id for order in row.orders))
            if row.late:
                self._owed.remove(_core_of(row))
            else:
                self._steps.append(_Step(number, self._segments, row))
        elif isinstance(row, Cleared):
            self._sent.update(dict.fromkeys(row.orders))
        elif isinstance(row, Unsent) and not row.raised:
            self._owed.remove(_core_of(row.intent))
        elif isinstance(row, Decided | Unsent | EventBatch):
            self._steps.append(_Step(number, self._segments, row))
            if isinstance(row, Decided):
                self._owed.append(_core_of(row.intent))

    def inputs(self) -> Iterator[Input | Mark]:
        """What the core is to be told, in order; ask for the next once it has acted on one.

        Raises:
            DivergenceError: the core did not do all it did then.
        """
        for entry in self._entries:
            row = entry.row
            if isinstance(row, INPUTS):
                self._check_done()
                self._segment += 1
                self._time = row.time
                if isinstance(row, Instant):
                    self._session = row.session
                yield row
            elif isinstance(row, Mark):
                yield row

    def finish(self) -> Recovered:
        """What is left to be done once all inputs are.

        Raises:
            DivergenceError: the core did not do all it did then.
        """
        self._segment = self._segments + 1
        self._check_done()
        return self._recovered()

    def _recovered(self) -> Recovered:
        unconfirmed = tuple(order for order in self._sent if order not in self._heard)
        decided = [row.intent for row in self._fresh if isinstance(row, Decided)]
        pending = (*self._owed, *decided)
        return Recovered(self.polls, pending, tuple(self._fresh), unconfirmed)

    # the Broker port ------------------------------------------------------------------------

    def submit(self, orders: Sequence[Order]) -> None:
        """Compare with what was submitted then.

        Raises:
            DivergenceError: it was something else.
            NotSentError: it was not sent then either.
        """
        beyond = self._beyond()
        if beyond is not None:
            beyond.submit(orders)
        elif self._take(Submit(0, 0, tuple(orders))) and self._behind is not None:
            self._behind.submit(orders)

    def replace(self, order: Order) -> None:
        """Compare with what was replaced then; raises as `submit` does."""
        beyond = self._beyond()
        if beyond is not None:
            beyond.replace(order)
        elif self._take(Replace(0, 0, order)) and self._behind is not None:
            self._behind.replace(order)

    def cancel(self, order_id: str) -> None:
        """Compare with what was cancelled then; raises as `submit` does."""
        beyond = self._beyond()
        if beyond is not None:
            beyond.cancel(order_id)
        elif self._take(Cancel(0, 0, order_id)) and self._behind is not None:
            self._behind.cancel(order_id)

    def poll(self) -> Sequence[BrokerEvent]:
        """What the poll of this number reported.

        Raises:
            DivergenceError: the core polls at another place than it did then.
        """
        beyond = self._beyond()
        if beyond is not None:
            return beyond.poll()
        self.polls += 1
        step = self._steps[0] if self._steps else None
        found: tuple[BrokerEvent, ...] = ()
        if step is not None and isinstance(step.row, EventBatch):
            if step.row.poll == self.polls:
                self._check_segment(step)
                self._steps.popleft()
                found = step.row.events
            elif step.row.poll < self.polls:
                raise self._differs(step, f"its reports came with poll {step.row.poll}", "")
        if self._behind is not None:
            found = self._compared(found, tuple(self._behind.poll()))
        for event in found:
            self._note(event)
        return found

    def book(self) -> Ledger:
        """The broker's book as far as it has been replayed."""
        return self._book

    def _beyond(self) -> Broker | None:
        """The broker that is asked where the journal ends in the midst of the last input."""
        at_end = not self._steps and 0 < self._segments == self._segment
        if self._next is None and self._goes_on is not None and at_end:
            self._next = self._goes_on(self._recovered())
        return self._next

    # comparing ------------------------------------------------------------------------------

    def _take(self, intent: Intent) -> bool:
        """Compare with the next step; whether it was sent."""
        if not self._steps:
            if self._segment < self._segments:
                raise self._extra(intent, "nothing more was decided then")
            return self._note_fresh(intent)
        step = self._steps[0]
        row = step.row
        if isinstance(row, EventBatch):
            raise self._extra(
                intent, f"the reports of poll {row.poll} came next (row {step.number})"
            )
        journalled = row.intent if isinstance(row, Decided | Unsent) else row
        difference = _difference(journalled, intent)
        if difference and step.segment > self._segment and self._segment < self._segments:
            raise self._extra(intent, f"row {step.number} came next, at a later input")
        self._check_segment(step)
        if difference:
            raise self._differs(step, told(journalled), f"{difference}: {told(intent)}")
        self._steps.popleft()
        if isinstance(row, Unsent):
            raise NotSentError(f"Not sent then either: {told(journalled)}.", row.reason)
        return not isinstance(row, Decided)

    def _check_segment(self, step: _Step) -> None:
        if step.segment > self._segment and self._segment < self._segments:
            what = _words(step.row)
            raise self._differs(step, what, f"it comes {step.segment - self._segment} inputs early")

    def _check_done(self) -> None:
        """Whether everything that followed the input before has happened again."""
        if self._steps and self._steps[0].segment <= self._segment:
            step = self._steps[0]
            raise self._differs(step, _words(step.row), "it does not happen now")

    def _extra(self, intent: Intent, then: str) -> DivergenceError:
        return DivergenceError(
            f"The replay decided something that was never decided, after input {self._segment} of "
            f"{self._segments}: {told(intent)}; {then}.",
            _REMEDY,
        )

    def _differs(self, step: _Step, then: str, now: str) -> DivergenceError:
        difference = f"; {now}" if now else ""
        return DivergenceError(
            f"The replay differs from row {step.number} of the journal, {then}{difference}.",
            _REMEDY,
        )

    def _note_fresh(self, intent: Intent) -> bool:
        """Take an intent the journal knows nothing of; whether it goes to the broker behind."""
        if self._behind is None:
            self._fresh.append(Decided(self._time, intent))
            return False
        self._fresh.append(replace(intent, time=self._time, session=self._session))
        return True

    def _compared(
        self, journalled: tuple[BrokerEvent, ...], reported: tuple[BrokerEvent, ...]
    ) -> tuple[BrokerEvent, ...]:
        """What the broker behind reports, which after the last row is news."""
        if reported and not journalled and not self._steps and self._segment >= self._segments:
            self._fresh.append(EventBatch(self._time, self.polls, reported))
            return reported
        difference = first_difference(journalled, reported, "reports")
        if difference:
            raise DivergenceError(
                f"The broker replayed beside the journal reports otherwise at poll {self.polls}: "
                f"{difference}.",
                _REMEDY,
            )
        return journalled

    def _note(self, event: BrokerEvent) -> None:
        """Keep the book, and who was heard of."""
        book = self._book
        if isinstance(event, OrderUpdate):
            self._heard.add(event.order.id)
        elif isinstance(event, Fill):
            self._heard.add(event.order.id)
            book.admit(event.symbol, 1.0)
            book.apply(event)
        elif isinstance(event, Commission):
            book.charge(event)
        elif isinstance(event, CashFlow):
            book.receive(event)
        elif isinstance(event, Split):
            book.admit(event.symbol, 1.0)
            book.split(event)


_REMEDY = (
    "Nothing was sent. The strategy, its parameters or its data are not what they were, or it "
    "depends on something outside: put back what ran, or close what is open and begin a new "
    "journal."
)


def _difference(journalled: Intent, intent: Intent) -> str:
    """The first difference in what was decided; when it was sent and at what quote is not."""
    if type(journalled) is not type(intent):
        return "something else is decided"
    return first_difference(_core_of(journalled), _core_of(intent))


def _core_of(intent: Intent) -> Intent:
    """What was decided, without when it was sent and at what quote."""
    match intent:
        case Submit():
            return Submit(0, 0, intent.orders)
        case Replace():
            return Replace(0, 0, intent.order)
        case Cancel():
            return Cancel(0, 0, intent.order)


def _words(row: _Act) -> str:
    if isinstance(row, EventBatch):
        return f"the reports of poll {row.poll}"
    return told(row.intent if isinstance(row, Decided | Unsent) else row)
