"""Connection: one socket: greeting, frames in, frames out."""

from __future__ import annotations

__all__ = ["Connection", "Host"]

import asyncio
import socket
import struct
from typing import Protocol

from framework.emulator.faults.message import ConnectVerdict
from framework.emulator.protocol.answers import Answer
from framework.emulator.protocol.errors import ProtocolError
from framework.emulator.protocol.framing import Deframer, frame, negotiated, read_hello
from framework.emulator.server.session import Session

_MOST_UNSENT = 64 << 20
"""Bytes a client may leave unread before it is given up."""


class Host(Protocol):
    """Who serves connections."""

    def connected(self, connection: Connection) -> ConnectVerdict:
        """A connection was made."""
        ...

    def greeting(self, version: int) -> bytes:
        """What a client is greeted with."""
        ...

    def new_session(self, connection: Connection, version: int) -> Session:
        """A client has said hello."""
        ...

    def received(self, session: Session, payload: bytes) -> None:
        """A request came in."""
        ...

    def answering(self, session: Session, answer: Answer) -> None:
        """A message is to be sent."""
        ...

    def lost(self, connection: Connection) -> None:
        """A connection has ended."""
        ...


class Connection(asyncio.Protocol):
    """One client's socket.

    Args:
        host: who serves it.
        number: counts connections.
        max_version: newest version spoken.

    Attributes:
        number: as given.
        session: once the client has said hello.
    """

    def __init__(self, host: Host, number: int, max_version: int) -> None:
        self._host = host
        self._max_version = max_version
        self._transport: asyncio.Transport | None = None
        self._greeting = bytearray()
        self._frames = Deframer()
        self._is_silent = False
        self._is_ended = False
        self._is_mute = False
        self._kept: list[bytes] = []
        self._unsent: list[bytes] = []
        self.number = number
        self.session: Session | None = None

    # asyncio's side --------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client has connected."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        raw = transport.get_extra_info("socket")
        if raw is not None:
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        match self._host.connected(self):
            case ConnectVerdict.REFUSE:
                self.abort()
            case ConnectVerdict.SILENT:
                self._is_silent = True
            case ConnectVerdict.SERVE:
                pass

    def data_received(self, data: bytes) -> None:
        """Bytes came in."""
        if self._is_silent:
            return
        try:
            self._read(data)
        except ProtocolError:
            self.close()

    def eof_received(self) -> bool:
        """The client will send no more: the connection ends."""
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection has ended."""
        self._transport = None
        self._host.lost(self)

    def _read(self, data: bytes) -> None:
        if self.session is None:
            self._greeting += data
            hello = read_hello(bytes(self._greeting))
            if hello is None:
                return
            data = bytes(self._greeting[hello.size :])
            version = negotiated(hello.min_version, min(hello.max_version, self._max_version))
            if version is None:
                self.close()
                return
            self.session = self._host.new_session(self, version)
            self.write(frame(self._host.greeting(version)))
        for payload in self._frames.feed(data):
            if self._transport is None or self._transport.is_closing():
                return
            self._host.received(self.session, payload)

    # the server's side -----------------------------------------------------------------------

    def answer(self, session: Session, answer: Answer) -> None:
        """Send a message."""
        self._host.answering(session, answer)

    def write(self, frames: bytes) -> None:
        """Send bytes; what a mute connection would send is kept.

        What is written between two awaits leaves in one piece.
        """
        if self._transport is None or self._transport.is_closing() or self._is_ended:
            return
        if self._is_mute:
            self._kept.append(frames)
            return
        if not self._unsent:
            asyncio.get_running_loop().call_soon(self._flush)
        self._unsent.append(frames)

    def _flush(self) -> None:
        unsent, self._unsent = self._unsent, []
        transport = self._transport
        if transport is None or transport.is_closing() or not unsent:
            return
        transport.write(b"".join(unsent))
        if transport.get_write_buffer_size() > _MOST_UNSENT:
            transport.abort()

    def close(self) -> None:
        """End the connection once everything is sent."""
        self._flush()
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """Reset the connection; what is unsent is lost."""
        if self._transport is None:
            return
        raw = self._transport.get_extra_info("socket")
        if raw is not None:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER)
        self._transport.abort()

    def half_close(self) -> None:
        """Send no more, but go on reading."""
        self._flush()
        if self._transport is not None and self._transport.can_write_eof():
            self._is_ended = True
            self._transport.write_eof()

    def mute(self) -> None:
        """Fall silent with the socket open."""
        if self._transport is not None and not self._is_mute:
            self._is_mute = True
            self._transport.pause_reading()

    def unmute(self) -> None:
        """Speak again."""
        if self._transport is None or not self._is_mute:
            return
        self._is_mute = False
        kept, self._kept = self._kept, []
        for frames in kept:
            self.write(frames)
        self._transport.resume_reading()


_LINGER = struct.pack("ii", 1, 0)
"""Closing with this set sends RST."""
