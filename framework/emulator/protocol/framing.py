"""Where a message begins and ends in the stream, and the greeting before the first."""

from __future__ import annotations

__all__ = ["LIMIT", "Deframer", "Hello", "frame", "negotiated", "read_hello"]

import re
from dataclasses import dataclass
from struct import Struct

from framework.emulator.protocol.errors import ProtocolError
from framework.emulator.protocol.layout import NEWEST, OLDEST

LIMIT = 1 << 20
"""Bytes a message may have."""

_LENGTH = Struct(">I")
_GREETING = b"API\0"
_GREETING_LIMIT = 4096
_VERSIONS = re.compile(r"v([0-9]{1,6})(?:\.\.([0-9]{1,6}))?(?: (.*))?", re.DOTALL)


def frame(payload: bytes) -> bytes:
    """The payload with its length before it."""
    return _LENGTH.pack(len(payload)) + payload


class Deframer:
    """Cuts a stream of bytes into payloads.

    Args:
        limit: bytes a payload may have.
    """

    __slots__ = ("_data", "_limit")

    def __init__(self, limit: int = LIMIT) -> None:
        self._data = bytearray()
        self._limit = limit

    def feed(self, data: bytes) -> list[bytes]:
        """The payloads that `data` completes, in order.

        Raises:
            ProtocolError: a length is above the limit; the stream cannot be read on.
        """
        self._data += data
        payloads: list[bytes] = []
        start = 0
        while len(self._data) - start >= _LENGTH.size:
            (size,) = _LENGTH.unpack_from(self._data, start)
            if size > self._limit:
                raise ProtocolError(
                    f"A message of {size} bytes is announced; {self._limit} are allowed."
                )
            end = start + _LENGTH.size + size
            if end > len(self._data):
                break
            payloads.append(bytes(self._data[start + _LENGTH.size : end]))
            start = end
        del self._data[:start]
        return payloads

    @property
    def pending(self) -> int:
        """Bytes of a message that is not complete yet."""
        return len(self._data)


@dataclass(frozen=True, slots=True)
class Hello:
    """A client's greeting.

    Attributes:
        min_version: the lowest server version it speaks.
        max_version: the highest.
        options: what follows the versions.
        size: bytes the greeting took; what follows is the first message.
    """

    min_version: int
    max_version: int
    options: str
    size: int


def read_hello(data: bytes) -> Hello | None:
    """The greeting at the start of a connection's bytes; None while it is incomplete.

    Raises:
        ProtocolError: it is none.
    """
    head = data[: len(_GREETING)]
    if head != _GREETING[: len(head)]:
        raise ProtocolError(f"A connection starts with {bytes(head)!r} where 'API' was expected.")
    start = len(_GREETING) + _LENGTH.size
    if len(data) < start:
        return None
    (size,) = _LENGTH.unpack_from(data, len(_GREETING))
    if size > _GREETING_LIMIT:
        raise ProtocolError(f"A greeting of {size} bytes; {_GREETING_LIMIT} are allowed.")
    if len(data) < start + size:
        return None
    text = bytes(data[start : start + size]).rstrip(b"\0").decode("utf-8", "backslashreplace")
    found = _VERSIONS.fullmatch(text)
    if found is None:
        raise ProtocolError(f"A greeting says {text!r}; versions such as 'v157..176' are expected.")
    low, high, options = found.groups()
    return Hello(int(low), int(low if high is None else high), options or "", start + size)


def negotiated(min_version: int, max_version: int) -> int | None:
    """The version spoken with a client of these versions; None if there is none."""
    version = min(NEWEST, max_version)
    return version if version >= max(OLDEST, min_version) else None
