"""A message as the injector sees it on its way, and what is really handed on in its place."""

from __future__ import annotations

__all__ = ["ConnectVerdict", "Delivery", "Direction", "MessageView"]

from dataclasses import dataclass
from enum import StrEnum


class Direction(StrEnum):
    """Which way a message goes."""

    REQUEST = "request"
    """From the client to the server."""
    ANSWER = "answer"
    """From the server to the client."""


class ConnectVerdict(StrEnum):
    """What becomes of a connection the moment it is made."""

    SERVE = "serve"
    """As usual."""
    REFUSE = "refuse"
    """Reset at once, not one byte read or written."""
    SILENT = "silent"
    """Kept open and read, never answered: not even the handshake."""


@dataclass(frozen=True, slots=True)
class MessageView:
    """One message on its way.

    Attributes:
        direction: which way.
        session: number of the connection, as `Injector.on_connect` was told it.
        client_id: whose; None before StartApi. The view of StartApi itself may carry either.
        message: name of the message's class, such as "PlaceOrder" or "OrderStatus".
        message_id: what it is on the wire.
        payload: its bytes without the length: the fields, each ended by NUL.
        order_id: the order it is about, if any: of an Error the id, if that is an order's.
        request_id: the request it is about, if any.
        version: server version of the session.
    """

    direction: Direction
    session: int
    client_id: int | None
    message: str
    message_id: int
    payload: bytes
    order_id: int | None = None
    request_id: int | None = None
    version: int = 178


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message to be handed on now: what was seen, a changed one, a copy, or one held until now.

    Whoever performs it writes the payload of an ANSWER to the session's socket, framed, and gives
    the payload of a REQUEST to the exchange as if it had just been read. Neither is shown to the
    injector again. An answer to a session that is gone is dropped; a request of a session that is
    gone is still handed on, for the order had reached the broker.
    """

    session: int
    direction: Direction
    payload: bytes
