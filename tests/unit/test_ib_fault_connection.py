"""Connections under fire: each row of the failure table about the wire, injected on the wire."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from framework.brokers.ib.connection import NoticeKind, State
from framework.brokers.ib.problems import ConnectError
from framework.brokers.ib.settings import RestartWindow, Settings, restart_window
from framework.domain.orders import OrderStatus, Origin, Side, TimeInForce
from framework.emulator.server.settings import GatewaySettings
from framework.errors import ConfigError
from tests.unit.ib_ground import (
    FAST,
    IMPATIENT,
    Ground,
    gateway_of,
    ground,
    ground_on,
    plan,
    rows,
)

S = OrderStatus
ACCOUNT = "DU1234567"


def run(scene: object) -> None:
    asyncio.run(scene)  # type: ignore[arg-type]


def said_by_the_broker(g: Ground, code: int) -> None:
    """The broker says something that is about no request."""
    for session in g.gateway.hub.sessions.values():
        session.error(-1, code, "said by hand")


def is_told(g: Ground, state: State) -> bool:
    """Whether the connection was ever said to be so."""
    return any(n.kind is NoticeKind.STATE and n.state is state for n in g.notices)


def test_row_1_a_restart_leaves_no_order_in_doubt_and_sends_none_twice() -> None:
    async def scene() -> None:
        async with ground(plan(1, a="down: 60 -> down: 0.5", b="forget: 1 -> forget: 60")) as g:
            order = g.order("limit", limit=g.below(), tif=TimeInForce.GTC)
            g.broker.submit([order])
            await g.until(lambda: g.connection.link is None, "down")
            refused = g.order()
            g.broker.submit([refused])
            assert "nothing was sent" in (await g.reaches(refused.id, S.REJECTED)).reason
            await g.ready()
            await g.reaches(order.id, S.ABSENT)
            assert g.gateway.hub.exchange.open_orders() == []
            assert S.UNKNOWN in g.states(order.id)

    run(scene())


def test_row_1_nothing_is_submitted_in_the_restart_window() -> None:
    async def scene() -> None:
        async with gateway_of() as gateway:
            now = datetime.fromtimestamp(gateway.hub.clock.now() // 10**9, UTC)
            begin = (now - timedelta(minutes=1)).time()
            window = RestartWindow(begin, minutes=30, zone="UTC")
            async with ground_on(gateway, window=window) as g:
                assert g.connection.state is State.RESTARTING
                order = g.order(origin=Origin.CLOSE, side=Side.SELL)
                g.broker.submit([order])
                assert "restart" in (await g.reaches(order.id, S.REJECTED)).reason
                assert list(gateway.hub.exchange.placed()) == []
                gateway.hub.clock.skip_to(gateway.hub.clock.now() + 30 * 60 * 10**9)
                await g.ready()
                again = g.order("limit", limit=g.below())
                g.broker.submit([again])
                await g.reaches(again.id, S.WORKING)

    run(scene())


def test_row_1_the_restart_window_is_of_new_york_and_may_be_none() -> None:
    usual, other = restart_window(None), restart_window("02:30")
    assert usual is not None
    assert other is not None
    summer = datetime(2024, 7, 2, 3, 50, tzinfo=UTC)  # 23:50 on the first
    for hours, is_in in ((0, True), (1, False), (3, False)):
        now = int((summer + timedelta(hours=hours)).timestamp()) * 10**9
        assert usual.covers(now) is is_in
    assert other.covers(int(datetime(2024, 1, 2, 7, 31, tzinfo=UTC).timestamp()) * 10**9)
    assert restart_window("never") is None
    with pytest.raises(ConfigError, match="'noon'"):
        restart_window("noon")


def test_row_2_a_lost_broker_degrades_once_blocks_risk_and_is_told_of_again() -> None:
    """The broker is away until the test has seen everything, and says it is back."""
    faults = plan(
        2,
        a="start: 5 -> answer: OrderStatus, seconds: 0.1",
        b="seconds: 30 -> seconds: 600",
        c="every: 1 -> every: 0.05",
    )

    async def scene() -> None:
        async with ground(faults) as g:
            working = g.order("limit", limit=g.below())
            g.broker.submit([working])
            await g.reaches(working.id, S.WORKING)
            await g.until(lambda: g.connection.state is State.DEGRADED, "degraded")
            assert "1100" in g.connection.reason
            sent = g.broker.pacer.sent
            risk, exit_ = g.order(), g.order(side=Side.SELL, origin=Origin.CLOSE)
            g.broker.submit([risk])
            assert "degraded" in (await g.reaches(risk.id, S.REJECTED)).reason
            g.broker.replace(replace(working, limit=g.below(0.6)))
            await g.until(lambda: "degraded" in g.updates(working.id)[-1].reason, "no change")
            assert g.broker.pacer.sent == sent, "nothing has left"
            g.broker.submit([exit_])
            await g.reaches(exit_.id, S.FILLED)
            await g.until(
                lambda: any(
                    n.kind is NoticeKind.ALERT and "still degraded" in n.text for n in g.notices
                ),
                "escalation",
            )
            said_by_the_broker(g, 1102)
            await g.ready()
            degraded = [
                n for n in g.notices if n.kind is NoticeKind.STATE and n.state is State.DEGRADED
            ]
            assert len(degraded) == 1, "said again and again, told once"
            again = g.order()
            g.broker.submit([again])
            await g.reaches(again.id, S.FILLED)

    run(scene())


def test_row_3_data_lost_is_asked_for_anew_and_the_books_are_compared() -> None:
    async def scene() -> None:
        faults = plan(3, a="start: 5 -> request: ReqCurrentTime", b="seconds: 10 -> seconds: 0.3")
        async with ground(faults) as g:
            order = g.order("limit", limit=g.below())
            g.broker.submit([order])
            await g.reaches(order.id, S.WORKING)
            (placed,) = g.gateway.hub.exchange.open_orders()
            assert await g.connection.probe()
            await g.until(lambda: is_told(g, State.DEGRADED), "degraded")
            g.gateway.hub.exchange.accounts[ACCOUNT].fill(placed, 10.0, g.below())
            g.gateway.hub.exchange.fetch()  # told to nobody
            await g.until(lambda: any(n.kind is NoticeKind.RESUBSCRIBE for n in g.notices), "anew")
            await g.ready()
            states = [n.state for n in g.notices if n.kind is NoticeKind.STATE]
            assert states[-3:] == [State.DEGRADED, State.SYNCING, State.READY]
            await g.reaches(order.id, S.FILLED)
            assert [fill.quantity for fill in g.fills(order.id)] == [10.0]

    run(scene())


def test_row_4_a_fill_missed_while_the_broker_was_away_is_found() -> None:
    async def scene() -> None:
        async with ground(plan(4, a="seconds: 3 -> seconds: 0.4")) as g:
            order = g.order("limit", limit=g.below())
            g.broker.submit([order])
            await g.reaches(order.id, S.FILLED)
            await g.ready()
            assert [fill.quantity for fill in g.fills(order.id)] == [10.0]
            truth = g.gateway.book(ACCOUNT)
            assert g.broker.book().cash == pytest.approx(truth.cash, abs=0.005)

    run(scene())


def test_row_5_a_drop_before_the_acknowledgement_makes_an_order_unknown() -> None:
    async def scene() -> None:
        async with ground(plan(5)) as g:
            order = g.order("limit", limit=g.below(), tif=TimeInForce.GTC)
            g.broker.submit([order])
            await g.reaches(order.id, S.UNKNOWN)
            await g.reaches(order.id, S.WORKING)
            assert len(list(g.gateway.hub.exchange.placed())) == 1, "never sent again"

    run(scene())


def test_row_5_a_drop_before_it_arrives_ends_as_absent() -> None:
    faults = rows("faults:\n- name: reset\n  when: {request: PlaceOrder}\n  do: [drop, rst]\n")

    async def scene() -> None:
        async with ground(faults) as g:
            order = g.order("limit", limit=g.below())
            g.broker.submit([order])
            await g.reaches(order.id, S.ABSENT)
            assert S.UNKNOWN in g.states(order.id)
            assert list(g.gateway.hub.exchange.placed()) == []

    run(scene())


def test_row_5_a_drop_after_it_arrived_rebinds_it_by_its_reference() -> None:
    faults = rows(
        "faults:\n- name: reset\n  when: {answer: OpenOrder, place: before}\n  do: [drop, rst]\n"
    )

    async def scene() -> None:
        async with ground(faults) as g:
            order = g.order("limit", limit=g.below(), tif=TimeInForce.GTC)
            g.broker.submit([order])
            await g.reaches(order.id, S.UNKNOWN)
            await g.reaches(order.id, S.WORKING)
            assert len(list(g.gateway.hub.exchange.placed())) == 1
            g.broker.cancel(order.id)
            await g.reaches(order.id, S.CANCELLED)

    run(scene())


def test_row_6_a_half_open_connection_is_noticed_and_replaced() -> None:
    async def scene() -> None:
        async with ground(plan(6, a="start: 5 -> start: 0.3"), timings=IMPATIENT) as g:
            await g.until(lambda: any("half-open" in n.text for n in g.notices), "heartbeat missed")
            await g.until(
                lambda: "client id 1" in g.connection.reason, "the same id, still in use there"
            )
            for one in g.gateway.connections():
                one.abort()
            await g.ready()

    run(scene())


def test_row_6_an_order_is_not_sent_into_a_silent_connection() -> None:
    faults = plan(6, a="start: 5 -> start: 0.3")
    calm = replace(IMPATIENT, heartbeat=60.0, look=60.0)

    async def scene() -> None:
        async with ground(faults, timings=calm) as g:
            await g.wait(0.8)
            order = g.order()
            g.broker.submit([order])
            update = await g.reaches(order.id, S.REJECTED)
            assert "nothing was sent" in update.reason
            assert list(g.gateway.hub.exchange.placed()) == []

    run(scene())


def test_row_7_a_refused_connection_is_tried_again_and_named() -> None:
    async def scene() -> None:
        async with ground(plan(7, a="refuse: 30 -> refuse: 0.4"), opens=False) as g:
            with pytest.raises(ConnectError) as caught:
                await g.connection.open(attempts=1)
            assert caught.value.cause == "not_running"
            assert "--gateway emulator" in caught.value.remedy
            await g.connection.open()
            assert g.connection.state is State.READY

    run(scene())


def test_row_7_waits_double_up_to_the_longest_with_seeded_jitter(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from framework.brokers.ib.connection import Connection

    class Fixed:
        def now(self) -> int:
            return 0

    waits: list[list[float]] = []
    really = asyncio.sleep

    async def noted(seconds: float, *_: object) -> None:
        waits[-1].append(seconds)
        await really(0)

    monkeypatch.setattr("framework.brokers.ib.connection.asyncio.sleep", noted)

    async def scene() -> None:
        timings = replace(FAST, first_wait=5.0, longest_wait=60.0)
        for seed in (1, 1, 2):
            waits.append([])
            connection = Connection(Settings(port=1), Fixed(), timings, seed=seed)
            with pytest.raises(ConnectError):
                await connection.open()

    run(scene())
    assert waits[0] == waits[1] != waits[2]
    plain = [5, 10, 20, 40, 60, 60, 60, 60, 60]
    assert len(waits[0]) == len(plain)
    assert all(p <= w <= 1.25 * p for p, w in zip(plain, waits[0], strict=True))


def test_row_8_drops_during_calls_are_survived() -> None:
    async def scene() -> None:
        async with ground(plan(8), opens=False) as g:
            await g.connection.open()
            assert g.connection.state is State.READY
            assert sum(n.state is State.CONNECTING for n in g.notices) >= 3

    run(scene())


@pytest.mark.parametrize("state", [s for s in State if s is not State.READY])
def test_row_8_orders_are_refused_by_any_connection_that_is_not_ready(state: State) -> None:
    async def scene() -> None:
        async with ground() as g:
            g.connection.state = state
            risk, exit_ = g.order(), g.order(side=Side.SELL, origin=Origin.CLOSE)
            g.broker.submit([risk])
            assert "nothing was sent" in (await g.reaches(risk.id, S.REJECTED)).reason
            g.broker.submit([exit_])
            await asyncio.sleep(0)
            g.poll()
            passes = state is State.DEGRADED
            assert (S.REJECTED not in g.states(exit_.id)) is passes
            assert (g.broker.pacer.waiting == 0) is True
            g.connection.state = State.READY

    run(scene())


def test_row_9_a_client_id_in_use_is_named_and_tried_again_under_the_same_id() -> None:
    async def scene() -> None:
        async with ground(plan(9), opens=False) as g:
            with pytest.raises(ConnectError) as caught:
                await g.connection.open(attempts=1)
            assert caught.value.cause == "client_id_in_use"
            await g.connection.open()
            assert g.connection.state is State.READY
            assert g.gateway.hub.sessions.keys() == {1}, "under the same id"
            tried = [n.state for n in g.notices if n.kind is NoticeKind.STATE]
            assert tried.count(State.CONNECTING) == 3

    run(scene())


def test_row_9_two_sessions_with_one_id() -> None:
    async def scene() -> None:
        async with (
            gateway_of() as gateway,
            ground_on(gateway),
            ground_on(gateway, opens=False) as second,
        ):
            with pytest.raises(ConnectError) as caught:
                await second.connection.open(attempts=2)
            assert caught.value.cause == "client_id_in_use"

    run(scene())


def test_row_13_our_own_limit_is_below_the_broker_s() -> None:
    async def scene() -> None:
        async with ground(settings=GatewaySettings(messages_per_second=50)) as g:
            orders = [g.order("limit", limit=g.below()) for _ in range(70)]
            for order in orders:
                g.broker.submit([order])
            await g.until(
                lambda: all(S.WORKING in g.states(one.id) for one in orders), "all working", 8.0
            )
            assert not any(n.code == 100 for n in g.notices)

    run(scene())


def test_row_16_a_silent_handshake_is_named() -> None:
    async def scene() -> None:
        quick = replace(FAST, connect=0.3)
        async with ground(plan(16), opens=False, timings=quick) as g:
            with pytest.raises(ConnectError) as caught:
                await g.connection.open(attempts=1)
            assert caught.value.cause == "silent"
            assert "Enable ActiveX" in caught.value.remedy

    run(scene())


def test_row_18_an_execution_that_cannot_be_read_is_found_in_the_books() -> None:
    async def scene() -> None:
        async with ground(plan(18)) as g:
            order = g.order()
            g.broker.submit([order])
            await g.reaches(order.id, S.FILLED)
            assert [fill.quantity for fill in g.fills(order.id)] == [10.0]
            assert any("could not be read" in text for text in g.alerts)

    run(scene())


def test_row_19_a_burst_costs_time_in_proportion() -> None:
    async def scene() -> None:
        async with ground(plan(19)) as g:
            order = g.order("limit", limit=g.below())
            began = time.monotonic()
            g.broker.submit([order])
            await g.reaches(order.id, S.WORKING)
            await g.quiet()
            assert time.monotonic() - began < 2.0
            assert g.states(order.id) == [S.WORKING]

    run(scene())


def test_row_45_a_read_only_api_is_named() -> None:
    async def scene() -> None:
        async with ground(plan(45), opens=False) as g:
            with pytest.raises(ConnectError) as caught:
                await g.connection.open()
            assert caught.value.cause == "read_only"

    run(scene())


@pytest.mark.parametrize(
    ("talk", "cause"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\nabcdefgh", "wrong_port"),
        (b"\0\0\0\x1a176\x0020240102 09:30:00 EST\0", "not_logged_in"),
    ],
)
def test_what_answers_and_is_no_session_is_named(talk: bytes, cause: str) -> None:
    async def scene() -> None:
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read(10)
            writer.write(talk)
            await reader.read()
            writer.close()

        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        from framework.brokers.ib.connection import Connection

        class Fixed:
            def now(self) -> int:
                return 0

        connection = Connection(Settings(port=port), Fixed(), replace(FAST, connect=0.3))
        with pytest.raises(ConnectError) as caught:
            await connection.open(attempts=1)
        assert caught.value.cause == cause
        server.close()
        await server.wait_closed()
        await asyncio.sleep(0.05)

    run(scene())
