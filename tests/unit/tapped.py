"""A wire between client and server that writes down what the client says."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

PLACE_ORDER, CANCEL_ORDER = 3, 4
"""Numbers of the messages that send an order, and a cancel."""


class Wire:
    """What has passed, client to server.

    Attributes:
        port: where the client is to connect.
        connections: made so far.
    """

    def __init__(self, target: int) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._target = target
        self._said: list[bytearray] = []
        self._times: list[list[tuple[int, float]]] = []
        self._open: list[socket.socket] = [self._listener]
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def connections(self) -> int:
        return len(self._said)

    @property
    def messages(self) -> list[int]:
        """The numbers of the messages, after each connection's greeting."""
        return [number for said in self._said for number in numbers_of(bytes(said))]

    def sent(self, number: int) -> list[float]:
        """When each message of a number had passed, on the monotonic clock, in seconds."""
        found = []
        for said, times in zip(self._said, self._times, strict=True):
            for each, end in _messages(bytes(said)):
                if each == number:
                    found.append(next(at for length, at in times if length >= end))
        return found

    def close(self) -> None:
        for one in self._open:
            one.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(("127.0.0.1", self._target))
            except OSError:  # nobody listens: neither does the wire
                client.close()
                continue
            self._open += [client, server]
            said = bytearray()
            times: list[tuple[int, float]] = []
            self._times.append(times)
            self._said.append(said)
            there, back = (client, server, said, times), (server, client, None, None)
            threading.Thread(target=_pump, args=there, daemon=True).start()
            threading.Thread(target=_pump, args=back, daemon=True).start()


def numbers_of(said: bytes) -> Iterator[int]:
    """The message numbers of one connection's bytes."""
    return (number for number, _ in _messages(said))


def _messages(said: bytes) -> Iterator[tuple[int, int]]:
    """The messages of one connection's bytes: number, and where it ends."""
    place = 4 if said.startswith(b"API\0") else 0
    greeting = True
    while len(said) >= place + 4:
        end = place + 4 + int.from_bytes(said[place : place + 4], "big")
        if not greeting:
            yield int(said[place + 4 : end].partition(b"\0")[0]), end
        place = end
        greeting = False


def _pump(
    source: socket.socket,
    sink: socket.socket,
    said: bytearray | None,
    times: list[tuple[int, float]] | None,
) -> None:
    try:
        while chunk := source.recv(65536):
            if said is not None and times is not None:
                said += chunk
                times.append((len(said), time.monotonic()))
            sink.sendall(chunk)
    except OSError:
        pass
    for one in (source, sink):
        try:
            one.shutdown(socket.SHUT_RDWR)
        except OSError:
            continue


@contextmanager
def wire(target: int) -> Iterator[Wire]:
    """A wire to a port of this machine."""
    found = Wire(target)
    try:
        yield found
    finally:
        found.close()
