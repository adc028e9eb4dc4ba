"""Gateways with a fault plan: what gives the plan its opportunity, and what has come of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from framework.emulator.faults.plan import FaultPlan
from framework.emulator.protocol import answers as a
from framework.emulator.protocol import requests as r
from framework.emulator.server.gateway import Gateway
from tests.builders import Row, five_minutes
from tests.unit.emulated import (
    ACCOUNT,
    Client,
    flat_bars,
    limit,
    order,
    played,
    running,
    settle,
    stock,
)

UNSET = 1.7976931348623157e308


@dataclass
class Scene:
    """A gateway with a plan, and whoever has connected to it."""

    gateway: Gateway
    clients: list[Client] = field(default_factory=list)

    async def client(self, number: int = 1) -> Client:
        client = await Client.started(self.gateway, number)
        await client.fence()
        self.clients.append(client)
        return client

    async def greeted(self) -> Client:
        client = await Client.greeted(self.gateway.port)
        self.clients.append(client)
        return client

    async def is_refused(self) -> bool:
        """Whether nobody can connect."""
        try:
            client = await Client.connected(self.gateway.port)
        except ConnectionError:
            return True
        self.clients.append(client)
        with suppress(ConnectionError):
            return await asyncio.wait_for(client.reader.read(1), 0.05) == b""
        return True

    @property
    def position(self) -> float:
        return self.gateway.book(ACCOUNT).positions["AAA"].quantity

    @property
    def orders(self) -> list[str]:
        return [one.status for one in self.gateway.hub.exchange.placed()]


Story = Callable[[Scene], Awaitable[None]]
STORIES: dict[int, Story] = {}


def row(number: int) -> Callable[[Story], Story]:
    """The story that gives a row its opportunity."""

    def listed(story: Story) -> Story:
        STORIES[number] = story
        return story

    return listed


def moving() -> Any:
    rows: list[Row] = [(100 + n % 7, 104 + n % 7, 97 + n % 7, 101 + n % 7) for n in range(240)]
    return five_minutes(rows, 60)


def act_out(plan: FaultPlan, story: Story, *, is_still: bool = True, **settings: Any) -> str:
    """Play a story with a plan; every fault of it must have struck. What was reported."""

    async def whole() -> str:
        bars = [flat_bars(), flat_bars((60.0,) * 24, "BBB")] if is_still else [moving()]
        made = running(bars, plan=plan, messages_per_second=0, paces_history=False, **settings)
        await made.start()
        await settle()
        scene = Scene(made)
        try:
            await story(scene)
            report = made.faults()
            assert report is not None
            assert report.idle == (), str(report)
            assert all(not one.note for one in report.fired), str(report)
            return str(report)
        finally:
            for client in scene.clients:
                await client.close()
            await made.close()

    return played(whole)


def codes(client: Client, number: int | None = None) -> list[int]:
    """Errors, notices of the start left out."""
    found = [one for one in client.of(a.Error) if number in (None, one.req_id)]
    return [one.code for one in found[3 if number is None else 0 :]]


def statuses(client: Client, number: int = 1) -> list[str]:
    return [one.status for one in client.of(a.OrderStatus) if one.order_id == number]


async def buy(client: Client, number: int = 1, **more: Any) -> None:
    client.ask(r.PlaceOrder(number, stock(), order(**more)))


async def rest(client: Client, number: int = 1, price: float = 90.0, **more: Any) -> None:
    client.ask(r.PlaceOrder(number, stock(), limit(price, **more)))
