"""A wire between client and server that writes down what the client says."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

PLACE_ORDER = 3
"""Number of the message that sends an order."""


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

    def close(self) -> None:
        for one in self._open:
            one.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self._target))
            self._open += [client, server]
            said = bytearray()
            self._said.append(said)
            threading.Thread(target=_pump, args=(client, server, said), daemon=True).start()
            threading.Thread(target=_pump, args=(server, client, None), daemon=True).start()


def numbers_of(said: bytes) -> Iterator[int]:
    """The message numbers of one connection's bytes."""
    rest = said.removeprefix(b"API\0")
    greeting = True
    while len(rest) >= 4:
        size = int.from_bytes(rest[:4], "big")
        body, rest = rest[4 : 4 + size], rest[4 + size :]
        if not greeting:
            yield int(body.partition(b"\0")[0])
        greeting = False


def _pump(source: socket.socket, sink: socket.socket, said: bytearray | None) -> None:
    try:
        while chunk := source.recv(65536):
            if said is not None:
                said += chunk
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
