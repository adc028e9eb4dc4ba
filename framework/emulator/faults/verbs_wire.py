"""Verbs on the connection: refused, silent, reset, muted, fed errors and broken bytes."""

from __future__ import annotations

__all__ = [
    "Error",
    "Fin",
    "Garbage",
    "Malformed",
    "Mark",
    "Mute",
    "Poison",
    "Raw",
    "Refuse",
    "Rst",
    "Silent",
    "Wait",
]

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from framework.emulator.faults import acts
from framework.emulator.faults.scene import Doing, Scene
from framework.emulator.faults.texts import text_of
from framework.emulator.faults.values import (
    AT_ONCE,
    Flag,
    Names,
    Seconds,
    Spell,
    Text,
    Value,
    choice,
)


def _error_id(value: object) -> int | str:
    if value in ("order", "request", "data"):
        return str(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError("Give order, request, data, or a number; -1 is the system.")
    return value


def _code(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError("Give the number of an error, such as 1100.")
    return value


def _length(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**32:
        raise ValueError("Give a number of bytes, 0 to 0xFFFFFFFF.")
    return value


@dataclass(frozen=True, slots=True)
class Wait:
    """The verbs after it strike later.

    Attributes:
        seconds: how much.
    """

    seconds: Spell = AT_ONCE


@dataclass(frozen=True, slots=True)
class Mark:
    """Nothing happens: other faults wait for it."""

    def acts(self, scene: Scene) -> Sequence[Doing]:
        """Nothing."""
        return ()


@dataclass(frozen=True, slots=True)
class Refuse:
    """Connections are refused, those there live on.

    Attributes:
        seconds: how long; None is until told, 0 is the connection that is being made alone.
    """

    seconds: Seconds = None

    def acts(self, scene: Scene) -> Sequence[Doing]:
        """The port closes."""
        if self.seconds == 0.0:
            return ()
        return (Doing(acts.ClosePort(), acts.OpenPort(), self.seconds),)


@dataclass(frozen=True, slots=True)
class Silent:
    """The connection that is being made is accepted and never answered."""

    def acts(self, scene: Scene) -> Sequence[Doing]:
        """Nothing: the verdict on the connection says it."""
        return ()


@dataclass(frozen=True, slots=True)
class Rst:
    """The connection is reset."""

    def acts(self, scene: Scene) -> Sequence[Doing]:
        """One reset a connection."""
        return [Doing(acts.ResetConnection(session)) for session in scene.sessions]


@dataclass(frozen=True, slots=True)
class Fin:
    """The connection is closed from the server's side."""

    def acts(self, scene: Scene) -> Sequence[Doing]:
        """One FIN a connection."""
        return [Doing(acts.HalfClose(session)) for session in scene.sessions]


@dataclass(frozen=True, slots=True)
class Mute:
    """The socket is open and silent; what would be said comes afterwards.

    Attributes:
        seconds: how long; None is until told.
    """

    seconds: Seconds = None

    def acts(self, scene: Scene) -> Sequence[Doing]:
        """One mute a connection."""
        return [
            Doing(acts.Mute(session), acts.Unmute(session), self.seconds)
            for session in scene.sessions
        ]


@dataclass(frozen=True, slots=True)
class Error:
    """An Error is sent.

    Attributes:
        code: its number.
        text: its message; empty is the usual one.
        id: what it is about: order, request, a number, -1 the system, or data for one error on the
            id of each live subscription of ticks.
        everyone: whether it goes to all connections.
    """

    code: Annotated[int, Value(_code)]
    text: Text = ""
    id: Annotated[int | str, Value(_error_id)] = -1
    everyone: Flag = False

    def acts(self, scene: Scene) -> Sequence[Doing]:
        """One error a connection."""
        text = self.text or text_of(self.code)
        sessions = scene.everybody if self.everyone else scene.sessions
        if self.id == "data":
            return [Doing(acts.SendDataError(one, self.code, text)) for one in sessions]
        number = scene.id_of(self.id)
        return [Doing(acts.SendError(one, number, self.code, text)) for one in sessions]


@dataclass(frozen=True, slots=True)
class Raw:
    """Bytes are sent.

    Attributes:
        fields: texts of a message's fields, the id first; framed as messages are. `$order`,
            `$request` and `$client` stand for ids.
        hex: instead, bytes in hexadecimal.
        framed: whether a length goes before those.
    """

    fields: Names = ()
    hex: Text = ""
    framed: Flag = False

    def __post_init__(self) -> None:
        if bool(self.fields) == bool(self.hex):
            raise ValueError("Give fields: [4, 2, -1, ...] or hex: 00ff, one of them.")
        try:
            bytes.fromhex(self.hex)
        except ValueError:
            raise ValueError("Write hex as pairs of 0-9 and a-f; quote it.") from None

    def acts(self, scene: Scene) -> Sequence[Doing]:
        """The same bytes for each connection."""
        data = bytes.fromhex(self.hex)
        if self.fields:
            data = "".join(f"{scene.filled(text)}\0" for text in self.fields).encode()
        if self.fields or self.framed:
            data = _frame(data)
        return [Doing(acts.SendRaw(session, data)) for session in scene.sessions]


class Garbage(StrEnum):
    """Ways a frame can be no message."""

    WORDS = "words"
    """Its message id is no number."""
    UNKNOWN = "unknown"
    """A message id nobody knows."""
    EMPTY = "empty"
    """A frame of no bytes."""
    SHORT = "short"
    """An order status that ends after its id."""
    UNENDED = "unended"
    """An order status whose last field has no NUL."""
    BYTES = "bytes"
    """Bytes that are no UTF-8."""
    HALF = "half"
    """A frame that announces more than it brings: what follows is swallowed."""


_GARBAGE = {
    Garbage.WORDS: b"order\0status\0",
    Garbage.UNKNOWN: b"9999\x001\0",
    Garbage.EMPTY: b"",
    Garbage.SHORT: b"3\x001\0",
    Garbage.UNENDED: b"3\x001\0Submitted\x000\x001\x000\x000\x000\x000\x000\0\x000",
    Garbage.BYTES: b"4\x002\0-1\x00\xff\xfe\0\x80\0",
}


@dataclass(frozen=True, slots=True)
class Malformed:
    """A frame is sent that is no message.

    Attributes:
        kind: in which way.
    """

    kind: Annotated[Garbage, choice(Garbage)] = Garbage.WORDS

    def acts(self, scene: Scene) -> Sequence[Doing]:
        """The same frame for each connection."""
        half = (64).to_bytes(4, "big") + b"3\x001\0Submi"
        data = half if self.kind is Garbage.HALF else _frame(_GARBAGE[self.kind])
        return [Doing(acts.SendRaw(session, data)) for session in scene.sessions]


@dataclass(frozen=True, slots=True)
class Poison:
    """A length is sent that no message has: whatever follows is taken for its contents.

    Attributes:
        length: in bytes.
    """

    length: Annotated[int, Value(_length)] = 0xFFFFFFF0

    def acts(self, scene: Scene) -> Sequence[Doing]:
        """Four bytes for each connection."""
        data = self.length.to_bytes(4, "big")
        return [Doing(acts.SendRaw(session, data)) for session in scene.sessions]


def _frame(payload: bytes) -> bytes:
    return len(payload).to_bytes(4, "big") + payload
