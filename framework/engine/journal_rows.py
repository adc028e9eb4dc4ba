"""The rows of a journal: what the core was told, what it decided, and what became of it."""

from __future__ import annotations

__all__ = [
    "INPUTS",
    "INTENTS",
    "KINDS",
    "Adopted",
    "Bound",
    "Cancel",
    "Cleared",
    "Decided",
    "Entry",
    "EventBatch",
    "Found",
    "Heard",
    "History",
    "IdFloor",
    "Input",
    "Instant",
    "Intent",
    "Joined",
    "News",
    "Replace",
    "RiskState",
    "Row",
    "SeenExecution",
    "SeenQuote",
    "Started",
    "Stopped",
    "Submit",
    "TimerDue",
    "Unsent",
    "Woken",
    "kind_of",
]

from dataclasses import dataclass

from framework.domain.bars import Bars
from framework.domain.events import BrokerEvent, Halt, Signal
from framework.domain.growing import BarRow
from framework.domain.joins import Join
from framework.domain.options import Quote
from framework.domain.orders import Order
from framework.engine.reconcile_nouns import Fact, Finding

# quotes ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SeenQuote:
    """The best prices of an instrument, as they were known at one moment.

    Attributes:
        symbol: instrument.
        bid, ask: prices; None where there was none to be trusted.
        time: nanoseconds UTC at which they were last heard of; 0 for never.
        last: price of the last trade; None as above.
        quality: what was known of it, such as "live", "stale" or "delayed"; empty where nobody
            said. Only a live one has prices.
    """

    symbol: str
    bid: float | None
    ask: float | None
    time: int = 0
    last: float | None = None
    quality: str = ""

    @property
    def quote(self) -> Quote | None:
        """Bid and ask, where there are both."""
        if self.bid is None or self.ask is None:
            return None
        return Quote(self.bid, self.ask)


# a session ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Started:
    """A session began.

    Attributes:
        time: nanoseconds UTC.
        mode: "shadow", "paper" or "live".
        account: the account, masked.
        client_id: of the connection that trades.
        strategy: names of what runs.
        code, config, data: hashes, in hexadecimal, of what decides.
        versions: name and version of the program and of what it stands on.
        cash: money its strategies begin with together; None where that was not written down.
        tag: of the journal, with which its orders travel; see domain/references.py. What the first
            row of a journal says holds; empty where orders travel by their ids.
    """

    time: int
    mode: str
    account: str
    client_id: int
    strategy: str
    code: str = ""
    config: str = ""
    data: str = ""
    versions: tuple[tuple[str, str], ...] = ()
    cash: float | None = None
    tag: str = ""


@dataclass(frozen=True, slots=True)
class Stopped:
    """A session ended in good order."""

    time: int
    reason: str
    exit_code: int = 0


@dataclass(frozen=True, slots=True)
class Adopted:
    """Facts booked after a reconciliation.

    Attributes:
        time: nanoseconds UTC.
        by: "reconcile" for what explains itself, "user" for what was adopted.
        facts: what is true from here on.
    """

    time: int
    by: str
    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class Joined:
    """Which sides are taken up at the next instant, the first decision of a session.

    Attributes:
        time: nanoseconds UTC.
        joins: the sides, maybe none.
    """

    time: int
    joins: tuple[Join, ...]


# inputs ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class History:
    """The bars of one instrument before the first instant."""

    time: int
    bars: Bars


@dataclass(frozen=True, slots=True)
class Instant:
    """An instant of the run, with the bars that closed.

    Attributes:
        time: nanoseconds UTC of the instant.
        session: its trading day, as days since 1970-01-01.
        bars: symbol and bar of those that closed, in subscription order.
        quotes: best prices the decisions are checked against; none where no fresh ones are known.
    """

    time: int
    session: int
    bars: tuple[tuple[str, BarRow], ...]
    quotes: tuple[SeenQuote, ...] = ()


@dataclass(frozen=True, slots=True)
class TimerDue:
    """A timer rang between two instants."""

    time: int
    name: str


@dataclass(frozen=True, slots=True)
class Heard:
    """An external prediction became known."""

    time: int
    signal: Signal


@dataclass(frozen=True, slots=True)
class News:
    """Something else the core was told that may change what it decides.

    Attributes:
        time: nanoseconds UTC.
        topic: what it is about, such as "doubt" or "command".
        text: what it says, such as "the link is down" or "flatten".
    """

    time: int
    topic: str
    text: str


@dataclass(frozen=True, slots=True)
class Woken:
    """The broker had reports between two instants, and the door was asked to take them in.

    Attributes:
        time: nanoseconds UTC.
        quotes: as of an `Instant`.
    """

    time: int
    quotes: tuple[SeenQuote, ...] = ()


Input = Instant | TimerDue | Heard | News | Woken
"""What makes the core do something."""


# intents --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Submit:
    """An order and its children, about to be sent as one unit.

    Attributes:
        time: nanoseconds UTC of the sending, on the session's clock.
        session: trading day, as days since 1970-01-01.
        orders: the entry first; each carries the time and the price of its decision.
        quotes: of its instruments, where known.
        late: whether it was decided in a replay, and noted as `Decided` then.
        held: whether it is sent only once it is `Cleared`; until then it has not been.
    """

    time: int
    session: int
    orders: tuple[Order, ...]
    quotes: tuple[SeenQuote, ...] = ()
    late: bool = False
    held: bool = False


@dataclass(frozen=True, slots=True)
class Replace:
    """A change of a working order, about to be sent."""

    time: int
    session: int
    order: Order
    quotes: tuple[SeenQuote, ...] = ()
    late: bool = False


@dataclass(frozen=True, slots=True)
class Cancel:
    """A cancel, about to be sent."""

    time: int
    session: int
    order: str
    late: bool = False


Intent = Submit | Replace | Cancel


@dataclass(frozen=True, slots=True)
class Decided:
    """An intent that only a replay came to, for the process had ended before it: it is sent later,
    or never."""

    time: int
    intent: Intent


@dataclass(frozen=True, slots=True)
class Unsent:
    """An intent that was decided and not sent.

    Attributes:
        time: nanoseconds UTC.
        intent: what was decided.
        reason: why it was not sent.
        raised: whether who decided was told by an error at once; otherwise it was `Decided` before.
    """

    time: int
    intent: Intent
    reason: str
    raised: bool = True


@dataclass(frozen=True, slots=True)
class Cleared:
    """Orders that were held and are about to be sent.

    Attributes:
        time: nanoseconds UTC of the sending, on the session's clock.
        session: trading day, as days since 1970-01-01.
        orders: their ids.
        text: why they may leave, such as the broker's figures.
    """

    time: int
    session: int
    orders: tuple[str, ...]
    text: str


# reports --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class EventBatch:
    """What one poll of the broker returned.

    Attributes:
        time: nanoseconds UTC, on the session's clock.
        poll: number of that poll call; polls that return nothing are counted too.
        events: oldest first.
    """

    time: int
    poll: int
    events: tuple[BrokerEvent, ...]


# state that must survive ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RiskState:
    """What loss limits are measured against.

    Attributes:
        time: nanoseconds UTC.
        session: trading day, as days since 1970-01-01.
        day_open_equity: equity when that session opened.
        peak_equity: highest mark so far.
        orders, errors: let out or refused, and refused or rejected, so far.
        halts: by name of the breaker, how long it keeps new risk out.
    """

    time: int
    session: int
    day_open_equity: float
    peak_equity: float
    orders: int = 0
    errors: int = 0
    halts: tuple[tuple[str, Halt], ...] = ()


@dataclass(frozen=True, slots=True)
class IdFloor:
    """Every IB order id below this one may have been used."""

    time: int
    order_id: int


@dataclass(frozen=True, slots=True)
class Bound:
    """The broker's numbers of one of our orders; an order can get several permIds."""

    time: int
    order: str
    perm_id: int
    order_id: int = 0


@dataclass(frozen=True, slots=True)
class SeenExecution:
    """An execution taken note of that is no fill of its own, such as a leg's beside its combo's."""

    time: int
    exec_id: str
    order: str


@dataclass(frozen=True, slots=True)
class Found:
    """A finding of a reconciliation."""

    time: int
    finding: Finding


Row = (
    Started
    | Stopped
    | Adopted
    | History
    | Joined
    | Instant
    | TimerDue
    | Heard
    | News
    | Woken
    | Submit
    | Replace
    | Cancel
    | Decided
    | Unsent
    | Cleared
    | EventBatch
    | RiskState
    | IdFloor
    | Bound
    | SeenExecution
    | Found
)

KINDS: dict[str, type[Row]] = {
    "started": Started,
    "stopped": Stopped,
    "adopted": Adopted,
    "history": History,
    "joined": Joined,
    "instant": Instant,
    "timer": TimerDue,
    "signal": Heard,
    "news": News,
    "woken": Woken,
    "submit": Submit,
    "replace": Replace,
    "cancel": Cancel,
    "decided": Decided,
    "unsent": Unsent,
    "cleared": Cleared,
    "events": EventBatch,
    "risk": RiskState,
    "floor": IdFloor,
    "bound": Bound,
    "execution": SeenExecution,
    "finding": Found,
}
"""What a row is called in the file."""

INPUTS = (Instant, TimerDue, Heard, News, Woken)
INTENTS = (Submit, Replace, Cancel)

_NAMES = {cls: name for name, cls in KINDS.items()}


def kind_of(row: Row) -> str:
    """What a row of this class is called in the file."""
    return _NAMES[type(row)]


@dataclass(frozen=True, slots=True)
class Entry:
    """A row in its place.

    Attributes:
        number: of the row, from 1 on without a gap.
        run: number of the session it belongs to; 0 before the first.
        written: nanoseconds UTC at which it was written, for people to read.
        row: what it says.
    """

    number: int
    run: int
    written: int
    row: Row
