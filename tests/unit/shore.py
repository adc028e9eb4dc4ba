"""A gateway in a thread of its own, for desks of this process and of others; and a wire that breaks
while an order is on its way."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from framework.emulator.build import live_gateway, live_house
from framework.emulator.clock import wall_time
from framework.emulator.market.markets import synthetic_market
from framework.emulator.server.gateway import Gateway
from framework.emulator.server.settings import GatewaySettings
from framework.session.deck import Deck
from tests.unit.tapped import PLACE_ORDER, numbers_of

ACCOUNT = "DU7654321"


@contextmanager
def shore(account: str = ACCOUNT, cash: float = 1_000_000.0) -> Iterator[Gateway]:
    """A made-up market by the clock of this machine."""
    stop: list[asyncio.Event] = []

    async def served(ready: Callable[[Gateway], None]) -> None:
        stop.append(asyncio.Event())
        market = synthetic_market(wall_time(), points=60)
        settings = GatewaySettings(accounts=(account,), messages_per_second=0, paces_history=False)
        gateway = live_gateway(market, settings, live_house(market, cash))
        await gateway.start()
        ready(gateway)
        await stop[0].wait()
        await gateway.close()

    deck: Deck[Gateway, None] = Deck(served)
    gateway = deck.start()
    try:
        yield gateway
    finally:
        deck.end(stop[0].set)


class Severed:
    """A wire that breaks when the first order passes, and is whole again afterwards.

    Args:
        target: port of the gateway.
        delivers: whether that order still arrives; its answer never does.

    Attributes:
        port: where the client is to connect.
        orders: messages the client sent as orders.
        breaks: how often it broke.
    """

    def __init__(self, target: int, delivers: bool) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._target = target
        self._delivers = delivers
        self._open: list[socket.socket] = [self._listener]
        self.port = int(self._listener.getsockname()[1])
        self.orders = 0
        self.breaks = 0
        threading.Thread(target=self._accept, daemon=True).start()

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
            mute = threading.Event()
            threading.Thread(target=self._up, args=(client, server, mute), daemon=True).start()
            threading.Thread(target=self._down, args=(server, client, mute), daemon=True).start()

    def _up(self, client: socket.socket, server: socket.socket, mute: threading.Event) -> None:
        said = b""
        try:
            while chunk := client.recv(65536):
                before = list(numbers_of(said)).count(PLACE_ORDER)
                said += chunk
                new = list(numbers_of(said)).count(PLACE_ORDER) - before
                self.orders += new
                if new and not self.breaks:
                    self.breaks += 1
                    mute.set()
                    if self._delivers:
                        server.sendall(chunk)
                    break
                server.sendall(chunk)
        except OSError:
            pass
        _end(client, server)

    @staticmethod
    def _down(server: socket.socket, client: socket.socket, mute: threading.Event) -> None:
        try:
            while chunk := server.recv(65536):
                if mute.is_set():
                    break
                client.sendall(chunk)
        except OSError:
            pass
        _end(client, server)


def _end(*sockets: socket.socket) -> None:
    for one in sockets:
        try:
            one.shutdown(socket.SHUT_RDWR)
        except OSError:
            continue


@contextmanager
def severed(target: int, delivers: bool) -> Iterator[Severed]:
    """A wire to a port of this machine that breaks once."""
    found = Severed(target, delivers)
    try:
        yield found
    finally:
        found.close()
