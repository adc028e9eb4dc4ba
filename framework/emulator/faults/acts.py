"""What faults do beyond the message itself: values that whoever runs the server performs.

An act is performed at once, in the order in which the injector gives it, and shown to the injector
no further: the errors and bytes sent here pass no fault again. Acts carry no times: what ends after
a while (a mute, a closed port) is given as two acts, the second out of `Injector.due`. A session
that is gone by then is no error: the act is skipped. Book acts are performed whether or not anybody
is connected. "Newest" is the order that was accepted last among those that still work.
"""

from __future__ import annotations

__all__ = [
    "Act",
    "CancelAtBroker",
    "ClosePort",
    "ComeUp",
    "CorrectExecution",
    "DataKind",
    "ExpireDay",
    "FillOrder",
    "ForkPermId",
    "GoDown",
    "HalfClose",
    "LoseSubscriptions",
    "ManualOrder",
    "MoveIds",
    "Mute",
    "OpenPort",
    "OrderRef",
    "ReadOnly",
    "ResetConnection",
    "ResumeData",
    "SendDataError",
    "SendError",
    "SendRaw",
    "SkewClock",
    "StopData",
    "Unmute",
]

from dataclasses import dataclass
from enum import StrEnum


class DataKind(StrEnum):
    """Which market data."""

    TICKS = "ticks"
    """Quotes, trades and depth: ReqMktData, ReqTickByTickData, ReqMktDepth."""
    BARS = "bars"
    """Real-time bars and historical bars that are kept up to date."""
    ALL = "all"
    """Both."""


@dataclass(frozen=True, slots=True)
class OrderRef:
    """An order at the broker.

    Attributes:
        order_id: its client's id for it; None is the newest.
        client_id: whose; None is anybody's.
    """

    order_id: int | None = None
    client_id: int | None = None


@dataclass(frozen=True, slots=True)
class ResetConnection:
    """Abort the connection: RST, with what is still unsent thrown away; its orders stay."""

    session: int


@dataclass(frozen=True, slots=True)
class HalfClose:
    """Send what is still unsent, then FIN; keep reading what the client sends until it closes."""

    session: int


@dataclass(frozen=True, slots=True)
class Mute:
    """Go silent with the socket open: read nothing more of it and write nothing to it.

    What would be written meanwhile is kept, in order. Muting twice is muting once.
    """

    session: int


@dataclass(frozen=True, slots=True)
class Unmute:
    """Speak again: write what was kept in order, then read on. Nothing if it was not muted."""

    session: int


@dataclass(frozen=True, slots=True)
class ClosePort:
    """Stop listening, so that connections are refused; those there are live on."""


@dataclass(frozen=True, slots=True)
class OpenPort:
    """Listen again, on the same port. Nothing if it does."""


@dataclass(frozen=True, slots=True)
class GoDown:
    """The gateway goes down: abort every connection and close the port, until `ComeUp`.

    The broker works on meanwhile: orders trade and expire.

    Attributes:
        forget_seconds: orders the broker took within so many seconds before now vanish without a
            word: no book, open or completed list knows them afterwards. What has traded stays.
    """

    forget_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class ComeUp:
    """The gateway is back: open the port. Nothing if it is open."""


@dataclass(frozen=True, slots=True)
class SendError:
    """Write an Error (4) to the session.

    Attributes:
        session: to whom.
        req_id: id of an order or a request; -1 for neither.
        code: of the error.
        text: its message.
    """

    session: int
    req_id: int
    code: int
    text: str


@dataclass(frozen=True, slots=True)
class SendDataError:
    """Write an Error for every live market data subscription of the session, each on its own id.

    Attributes:
        session: to whom.
        code: of the error.
        text: its message.
        kind: which subscriptions.
    """

    session: int
    code: int
    text: str
    kind: DataKind = DataKind.TICKS


@dataclass(frozen=True, slots=True)
class SendRaw:
    """Write these bytes as they are: whatever length they need is among them."""

    session: int
    data: bytes


@dataclass(frozen=True, slots=True)
class MoveIds:
    """Change the next order id, as a restarted gateway may.

    From then on sessions are told the new id, and ids from it on count as unused even if the book
    has an order with such an id. One of `to` and `by` is given.

    Attributes:
        to: the next id.
        by: how far the next id moves; below 0 is a roll-back, and it never falls below 1.
        announce: whether every session is sent a NextValidId at once.
    """

    to: int | None
    by: int | None
    announce: bool


@dataclass(frozen=True, slots=True)
class ReadOnly:
    """Switch the API's read-only mode.

    While on, whatever places, changes or cancels orders is answered by error 321 on id -1 and
    nothing else, and requests for open and completed orders are answered the same way and
    otherwise never. Executions are told.
    """

    on: bool


@dataclass(frozen=True, slots=True)
class StopData:
    """Market data of this kind falls silent for everybody; subscriptions stay, none is told.

    New subscriptions are accepted and silent as well. What is stopped twice is stopped once. Kinds
    are stopped and resumed apart: ticks flow if neither TICKS nor ALL is stopped.
    """

    kind: DataKind


@dataclass(frozen=True, slots=True)
class ResumeData:
    """Market data of this kind flows again; what came meanwhile is lost."""

    kind: DataKind


@dataclass(frozen=True, slots=True)
class LoseSubscriptions:
    """Forget every market data subscription of every session; nobody is told, ids are free."""


@dataclass(frozen=True, slots=True)
class SkewClock:
    """The broker's clock is off by so many seconds from now on; 0 sets it right.

    Every time it tells is off: CurrentTime, the greeting, executions, account times. The market's
    own time is not.
    """

    seconds: float


@dataclass(frozen=True, slots=True)
class FillOrder:
    """Trade an order at the broker outside the market.

    Attributes:
        order: which; an order that does not work any more, or never did, is left alone.
        quantity: how much; None, or more than there is left, is all that is left.
        price: None is the order's limit price, or without one the last price.
        tell: whether the client hears of it now. If not, its executions, position and commission
            are there for whoever asks later.
    """

    order: OrderRef
    quantity: float | None = None
    price: float | None = None
    tell: bool = True


@dataclass(frozen=True, slots=True)
class CancelAtBroker:
    """Cancel an order without the client having asked for it.

    Attributes:
        order: which; an order that does not work any more is left alone.
        tell: whether the client hears of it: error 202 and the order's status.
    """

    order: OrderRef
    tell: bool = True


@dataclass(frozen=True, slots=True)
class ExpireDay:
    """End every DAY order, as the close does, children of brackets included; GTC orders stay.

    Attributes:
        tell: whether clients hear of it.
    """

    tell: bool = False


@dataclass(frozen=True, slots=True)
class ManualOrder:
    """Take an order that no connected client placed: typed into TWS, or of another client.

    Attributes:
        symbol: a stock in the directory; empty is the one of the newest order, or if there never
            was an order, the directory's first stock.
        action: BUY or SELL.
        quantity: how much.
        limit: limit price; None is a market order.
        order_id: 0 or below for an order typed into TWS.
        client_id: 0 for TWS itself.
        tif: DAY or GTC.
        fill: whether it trades at once, at its limit price or the last one.
    """

    symbol: str = ""
    action: str = "BUY"
    quantity: float = 100.0
    limit: float | None = None
    order_id: int = 0
    client_id: int = 0
    tif: str = "DAY"
    fill: bool = False


@dataclass(frozen=True, slots=True)
class ForkPermId:
    """Let an order live twice: beside it works a copy with a permId of its own.

    The copy has the same client, order id, orderRef and terms, and what is left of the quantity.
    The client hears of it as of any order: OpenOrder and OrderStatus with the new permId.
    """

    order: OrderRef


@dataclass(frozen=True, slots=True)
class CorrectExecution:
    """Correct the last execution of an order: the same execId, its last part one higher.

    The book, position and cash then hold the corrected execution instead of the first one; ".01" is
    followed by ".02". The client is sent ExecDetails of the correction and its CommissionReport.

    Attributes:
        order: which; nothing happens to an order without executions. "Newest" here is the one that
            traded last.
        price: None keeps it.
        quantity: None keeps it.
    """

    order: OrderRef
    price: float | None = None
    quantity: float | None = None


Act = (
    CancelAtBroker
    | ClosePort
    | ComeUp
    | CorrectExecution
    | ExpireDay
    | FillOrder
    | ForkPermId
    | GoDown
    | HalfClose
    | LoseSubscriptions
    | ManualOrder
    | MoveIds
    | Mute
    | OpenPort
    | ReadOnly
    | ResetConnection
    | ResumeData
    | SendDataError
    | SendError
    | SendRaw
    | SkewClock
    | StopData
    | Unmute
)
"""Everything that is asked of the server and its exchange."""
