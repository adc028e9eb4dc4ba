"""An emulator in a thread of its own, for commands that run an event loop of theirs."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from framework.emulator.build import live_gateway
from framework.emulator.faults.plan import FaultPlan, plan_of
from framework.emulator.market.market import Market
from framework.emulator.market.markets import synthetic_market
from framework.emulator.server.gateway import Gateway
from framework.emulator.server.settings import GatewaySettings

T = TypeVar("T")


class Served:
    """A gateway that serves in its thread.

    Attributes:
        gateway: to be touched by `do` alone while it serves.
    """

    def __init__(self, gateway: Gateway, loop: asyncio.AbstractEventLoop) -> None:
        self.gateway = gateway
        self._loop = loop

    @property
    def port(self) -> int:
        return self.gateway.port

    def do(self, act: Callable[[Gateway], T]) -> T:
        """Do something to it, in its thread."""

        async def done() -> T:
            return act(self.gateway)

        return self.wait(done())

    def until(self, happens: Callable[[Gateway], bool]) -> None:
        """Wait until something is so of it; connections end a moment after the client."""
        end = time.monotonic() + 5.0
        while not self.do(happens):
            assert time.monotonic() < end
            time.sleep(0.005)

    def wait(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine in its loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10.0)


@contextmanager
def serving(
    faults: str | FaultPlan = "",
    settings: GatewaySettings | None = None,
    start: int | None = None,
    market: Market | None = None,
) -> Iterator[Served]:
    """The emulator of a market, the made-up one as of now, with the faults of a plan's text."""
    plan = plan_of(faults) if isinstance(faults, str) and faults else None
    if isinstance(faults, FaultPlan):
        plan = faults
    moment = time.time_ns() if start is None else start
    gateway = live_gateway(market or synthetic_market(moment), settings, plan=plan)
    loop = asyncio.new_event_loop()

    def run() -> None:
        asyncio.set_event_loop(loop)  # the client library asks for the thread's own
        loop.run_forever()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    served = Served(gateway, loop)
    served.wait(gateway.start())
    try:
        yield served
    finally:
        served.wait(gateway.close())
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10.0)
        loop.close()
