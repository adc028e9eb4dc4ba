"""Fault plans at work: each known failure, each verb, and plans made up from a seed."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from framework.emulator.faults.acts import ComeUp, GoDown
from framework.emulator.faults.plan import FaultPlan, plan_of
from framework.emulator.faults.random_plan import random_plan
from framework.emulator.faults.rows import known_rows, load_row
from framework.emulator.protocol import answers as a
from framework.emulator.protocol import requests as r
from framework.emulator.server.gateway import Gateway
from tests.unit import failures_of_orders, failures_on_the_way
from tests.unit.emulated import (
    ACCOUNT,
    Client,
    go_on,
    limit,
    order,
    pass_by,
    played,
    running,
    settle,
    stock,
    stop,
)
from tests.unit.sabotaged import (
    STORIES,
    Scene,
    act_out,
    codes,
    moving,
    rest,
    statuses,
)

assert failures_of_orders and failures_on_the_way, "they list the stories"

NAMES = {one.number: f"{one.number} {one.name}" for one in known_rows()}
WANTS_MOVES = {3, 10, 11, 57, 58}


@pytest.mark.parametrize("number", NAMES, ids=NAMES.get)
def test_a_known_failure_happens(number: int) -> None:
    act_out(load_row(number), STORIES[number], is_still=number not in WANTS_MOVES)


# verbs the rows do not show -----------------------------------------------------------------


def planned(*faults: str) -> FaultPlan:
    rows = "".join(f"- {{name: f{n}, {text}}}\n" for n, text in enumerate(faults, 1))
    return plan_of(f"faults:\n{rows}")


def test_a_mute_connection_catches_up_in_order() -> None:
    async def story(s: Scene) -> None:
        client, other = await s.client(1), await s.client(2)
        await pass_by(1.1)
        await rest(client)
        other.ask(r.PlaceOrder(1, stock(), limit(91.0)))
        await other.fence()
        await settle()
        assert statuses(client) == [], "it is not read"
        await pass_by(5.0)
        await client.fence()
        assert statuses(client) == ["Submitted"]
        client.ask(r.CancelOrder(1))
        await client.fence()
        assert statuses(client) == ["Submitted", "Cancelled"]

    act_out(planned("when: {start: 1, client: 1}, do: {mute: 5}"), story)


def test_what_happens_meanwhile_is_kept_for_a_mute_connection() -> None:
    async def story(s: Scene) -> None:
        client = await s.client(1)
        await rest(client)
        await client.fence()
        await pass_by(1.1)
        await pass_by(1.0)
        await settle()
        assert statuses(client) == ["Submitted"] and s.position == 10.0
        await pass_by(4.0)
        await client.fence()
        assert statuses(client) == ["Submitted", "Filled"]
        assert len(client.of(a.ExecDetails)) == len(client.of(a.CommissionReport)) == 1

    act_out(
        planned("when: {start: 1}, do: {mute: 5}", "when: {start: 2}, do: {fill: {order: newest}}"),
        story,
    )


def test_after_the_servers_end_of_a_connection_nothing_more_is_sent() -> None:
    """Half closed, the client may still ask and order."""

    async def story(s: Scene) -> None:
        client, other = await s.client(1), await s.client(2)
        await rest(client)
        await client.fence()
        await pass_by(1.1)
        client.ask(r.ReqCurrentTime(), r.PlaceOrder(2, stock(), order()))
        await settle()
        assert s.orders == ["Submitted", "Filled"]
        assert await client.ends()
        assert statuses(client, 2) == []
        await other.fence()

    act_out(planned("when: {start: 1, client: 1}, do: fin"), story)


def test_a_clock_is_off_for_a_while() -> None:
    async def story(s: Scene) -> None:
        client = await s.client()
        times = []
        for _ in range(3):
            client.ask(r.ReqCurrentTime())
            times.append((await client.next(a.CurrentTime)).time)
            await pass_by(1.1)
        assert (times[1] - times[0], times[2] - times[0]) == (-30, 0)

    act_out(planned("when: {start: 1}, do: {skew: {by: -30, seconds: 1}}"), story)


@pytest.mark.parametrize("announce", ["true", "false"])
def test_ids_roll_back_and_are_free_again(announce: str) -> None:
    async def story(s: Scene) -> None:
        client = await s.client()
        for number in (1, 2, 3):
            await rest(client, number)
        await client.fence()
        await pass_by(1.1)
        await client.fence()
        told = [one.order_id for one in client.of(a.NextValidId)]
        assert told == ([1, 2] if announce == "true" else [1])
        client.ask(r.ReqIds(1))
        assert (await client.next(a.NextValidId)).order_id == 2
        await rest(client, 2, 85.0)
        await client.fence()
        assert codes(client) == [] and len(s.orders) == 4
        assert len({one.perm_id for one in client.of(a.OrderStatus) if one.order_id == 2}) == 2

    act_out(planned(f"when: {{start: 1}}, do: {{ids: {{to: 2, announce: {announce}}}}}"), story)


@pytest.mark.parametrize(("forget", "left"), [(0.0, 3), (1.0, 1), (60.0, 0)])
def test_a_restart_forgets_what_came_last(forget: float, left: int) -> None:
    """A bracket that waits for its entry is forgotten whole; the market goes on."""

    async def story(s: Scene) -> None:
        client = await s.client()
        await rest(client, 1, 80.0)
        await client.fence()
        await pass_by(3.0)
        await rest(client, 2, transmit=False)
        client.ask(r.PlaceOrder(3, stock(), limit(120.0, "SELL", parent_id=2)))
        await client.fence()
        await pass_by(0.5)
        assert await client.ends()
        assert len(s.orders) == left
        go_on(s.gateway, 8)
        assert await s.is_refused()
        await pass_by(10.1)
        again = await s.client()
        again.ask(r.ReqOpenOrders())
        await again.fence()
        assert len(again.of(a.OpenOrder)) == left

    act_out(
        planned(f"when: {{start: 3.4}}, do: {{restart: {{down: 10, forget: {forget}}}}}"), story
    )


def test_restarts_that_overlap_leave_one_open_port() -> None:
    async def story(s: Scene) -> None:
        await s.client(1)
        await pass_by(1.1)
        await pass_by(1.0)
        await pass_by(5.0)
        await pass_by(5.0)
        client = await s.client(1)
        await client.fence()
        assert len(s.gateway.hub.sessions) == 1

    act_out(
        planned(
            "when: {start: 1}, do: {restart: {down: 5}}",
            "when: {start: 2}, do: {restart: {down: 4}}",
            "when: {start: 2}, do: {refuse: 4}",
        ),
        story,
    )


def test_data_lost_in_the_midst_of_a_tick() -> None:
    """A plan may take the very streams away that are being told."""

    async def story(s: Scene) -> None:
        client, other = await s.client(1), await s.client(2)
        for one in (client, other):
            one.ask(*[r.ReqMktData(n, stock(), "", False, False) for n in range(1, 4)])
            one.ask(r.ReqTickByTickData(9, stock(), "Last", 0, False))
            await one.fence()
        client.ask(r.ReqMarketDataType(1))
        await client.fence()
        go_on(s.gateway, 3)
        await client.fence()
        assert not s.gateway.hub.sessions[1].quotes
        go_on(s.gateway, 2)
        await client.fence()
        await other.fence()

    plan = planned(
        "when: {request: ReqMarketDataType}, do: mark",
        "when: {answer: TickPrice, since: f1}, do: lose_data",
    )
    act_out(plan, story, is_still=False)


def test_a_fill_among_the_news_of_an_order_is_told_after_them() -> None:
    """What a plan sets off while the client is being told waits its turn: no status comes stale
    that was not made so."""

    async def story(s: Scene) -> None:
        client = await s.client()
        await rest(client)
        told = await client.fence()
        kinds = [
            one.status if isinstance(one, a.OrderStatus) else type(one).__name__ for one in told
        ]
        assert kinds == [
            "OpenOrder", "Submitted", "ExecDetails", "OpenOrder", "Filled", "OpenOrder",
            "CommissionReport",
        ]  # fmt: skip

    act_out(planned("when: {answer: OpenOrder, nth: 1}, do: fill"), story)


def test_a_plan_whose_restart_comes_while_nobody_is_there() -> None:
    async def story(s: Scene) -> None:
        await pass_by(1.1)
        assert await s.is_refused()
        await pass_by(2.0)
        await s.client()

    act_out(planned("when: {start: 1}, do: {restart: {down: 1.5, forget: 5}}"), story)
    assert GoDown() and ComeUp()


# any plan -----------------------------------------------------------------------------------


AWAY = (ConnectionError, TimeoutError, AssertionError, asyncio.IncompleteReadError)


async def trade_through(s: Scene) -> None:
    """A client that orders, asks and comes back whatever happens to it."""
    client: Client | None = None
    number = 1
    for turn in range(60):
        if client is None or client.is_ended:
            with suppress(
                ConnectionError, TimeoutError, AssertionError, asyncio.IncompleteReadError
            ):
                client = await asyncio.wait_for(Client.greeted(s.gateway.port), 0.05)
                s.clients.append(client)
                client.ask(r.StartApi(1))
        if client is not None and not client.is_ended:
            match turn % 6:
                case 0:
                    client.ask(r.PlaceOrder(number, stock(), order()))
                case 1:
                    client.ask(
                        r.PlaceOrder(number, stock(), limit(99.0, transmit=False)),
                        r.PlaceOrder(number + 1, stock(), stop(90.0, parent_id=number)),
                    )
                case 2:
                    client.ask(r.CancelOrder(number - 2), r.ReqOpenOrders(), r.ReqExecutions(turn))
                case 3:
                    client.ask(r.ReqMktData(turn, stock(), "", False, False), r.ReqPositions())
                case 4:
                    client.ask(
                        r.ReqHistoricalData(
                            turn, stock(), "", "5 mins", "1 D", True, "TRADES", 1, True, ""
                        ),
                        r.ReqAccountUpdates(True, ACCOUNT),
                    )
                case _:
                    client.ask(
                        r.PlaceOrder(number, stock(), limit(80.0)), r.ReqCompletedOrders(False)
                    )
            number += 3
        await settle()
        if s.gateway.hub.market.next_time() is not None:
            go_on(s.gateway, 1)
        await pass_by(1.0)


@pytest.mark.parametrize("seed", range(20))
def test_no_random_plan_kills_the_gateway(seed: int) -> None:
    """Whatever happens, the books are those of what has traded, and a client can come back."""
    plan = random_plan(seed, intensity=0.2 + 0.04 * seed, seconds=50.0)

    async def whole() -> None:
        made = running([moving()], plan=plan, messages_per_second=0, paces_history=False)
        await made.start()
        scene = Scene(made)
        try:
            await trade_through(scene)
            await pass_by(120.0)
            last = await scene.client(55)
            last.ask(r.ReqContractDetails(1, stock()))
            await last.next(a.ContractDetails)
            check_books(made)
            assert made.faults() is not None
        finally:
            for client in scene.clients:
                await client.close()
            await made.close()

    played(whole)


def check_books(made: Gateway) -> None:
    """The true book is the sum of the executions, and the engine's orders are those shown."""
    account = made.hub.exchange.accounts[ACCOUNT]
    held = 0.0
    for one in account.executions.all:
        execution = one.details.execution
        held += execution.shares if execution.side == "BOT" else -execution.shares
    assert account.book.positions["AAA"].quantity == held
    for placed in made.hub.exchange.placed():
        resting = account._broker.resting(placed.key)
        assert (resting is not None) == (placed.key in account.working)
        assert not (placed.is_done and resting is not None)
