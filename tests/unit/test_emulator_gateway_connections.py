"""Connections: greeting, ids, limits, malformed input, and who is hurt by it."""

from __future__ import annotations

import asyncio
import struct
from pathlib import Path
from typing import Any

import pytest

from framework.emulator.protocol import answers as a
from framework.emulator.protocol import requests as r
from framework.emulator.protocol.codec import encode_request
from framework.emulator.protocol.framing import frame
from framework.emulator.server.gateway import Gateway
from framework.emulator.server.settings import GatewaySettings
from framework.errors import ConfigError
from tests.unit.emulated import (
    ACCOUNT,
    Client,
    flat_bars,
    limit,
    order,
    pass_by,
    played,
    running,
    settle,
    stock,
)


def gateway(**settings: Any) -> Gateway:
    return running([flat_bars(), flat_bars(symbol="BBB")], **settings)


def in_session(story: Any, **settings: Any) -> None:
    """Play a story with a gateway that is closed in the end."""

    async def whole() -> None:
        made = gateway(**settings)
        await made.start()
        try:
            await story(made)
        finally:
            await made.close()

    played(whole)


# settings -----------------------------------------------------------------------------------


@pytest.mark.parametrize("port", [4001, 4002, 7496, 7497])
def test_the_brokers_own_ports_are_refused(port: int) -> None:
    with pytest.raises(ConfigError, match="belongs to TWS"):
        GatewaySettings(port=port)


@pytest.mark.parametrize("port", [-1, 65_536])
def test_a_port_that_is_none(port: int) -> None:
    with pytest.raises(ConfigError, match="The port is"):
        GatewaySettings(port=port)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "::", "example.com", ""])
def test_only_loopback_is_listened_on(host: str) -> None:
    with pytest.raises(ConfigError, match="where others can reach it"):
        GatewaySettings(host=host)
    assert GatewaySettings(host=host, open_to_network=True).host == host


@pytest.mark.parametrize("host", ["127.0.0.1", "127.5.5.5", "::1", "localhost"])
def test_loopback_has_several_names(host: str) -> None:
    assert GatewaySettings(host=host).host == host


@pytest.mark.parametrize("accounts", [(), ("",), ("DU1,DU2",), ("DU1", " ")])
def test_accounts_that_are_none(accounts: tuple[str, ...]) -> None:
    with pytest.raises(ConfigError, match="The accounts are"):
        GatewaySettings(accounts=accounts)


@pytest.mark.parametrize("version", [156, 179, 0])
def test_versions_nobody_speaks(version: int) -> None:
    with pytest.raises(ConfigError, match="The newest version"):
        GatewaySettings(max_version=version)


@pytest.mark.parametrize("zone", ["Nowhere/City", "", "../etc/passwd"])
def test_a_time_zone_that_is_none(zone: str) -> None:
    with pytest.raises(ConfigError, match="is no time zone"):
        GatewaySettings(zone=zone)


# greeting -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "version"),
    [
        (b"v157..178", 178),
        (b"v157..176", 176),
        (b"v100..157", 157),
        (b"v100..225", 178),
        (b"v178", 178),
        (b"v157..178 +PACEAPI", 178),
        (b"v1..170", 170),
    ],
)
def test_the_newest_version_both_speak(said: bytes, version: int) -> None:
    async def story(made: Gateway) -> None:
        client = await Client.connected(made.port)
        client.writer.write(b"API\0" + frame(said))
        assert await client.shake() == version
        zone = client.greeting.split(b"\0")[1]
        assert zone.endswith(b"US/Eastern")
        await client.close()

    in_session(story)


@pytest.mark.parametrize(
    "said",
    [
        b"API\0" + frame(b"v100..156"),
        b"API\0" + frame(b"v179..200"),
        b"API\0" + frame(b"hello"),
        b"API\0" + frame(b"v200..100"),
        b"GET / HTTP/1.1\r\n\r\n",
        b"API\0" + struct.pack(">I", 1 << 31),
    ],
)
def test_whoever_speaks_otherwise_is_turned_away(said: bytes) -> None:
    async def story(made: Gateway) -> None:
        client = await Client.connected(made.port)
        client.writer.write(said)
        assert await asyncio.wait_for(client.reader.read(), 5.0) == b""
        await client.close()
        other = await Client.started(made)
        await other.close()

    in_session(story)


def test_a_server_that_speaks_an_older_version() -> None:
    async def story(made: Gateway) -> None:
        client = await Client.started(made, version=178)
        assert client.version == 163
        await client.close()

    in_session(story, max_version=163)


def test_a_greeting_may_come_byte_by_byte_with_requests_behind_it() -> None:
    async def story(made: Gateway) -> None:
        client = await Client.connected(made.port)
        said = b"API\0" + frame(b"v157..178") + frame(encode_request(r.StartApi(3), 178))
        for byte in said:
            client.writer.write(bytes([byte]))
            await client.writer.drain()
            await asyncio.sleep(0)
        await client.shake()
        assert (await client.next(a.NextValidId)).order_id == 1
        await client.close()

    in_session(story)


def test_the_burst_of_a_start() -> None:
    async def story(made: Gateway) -> None:
        client = await Client.started(made)
        await client.fence()
        head = client.log[:2]
        assert head == [a.ManagedAccounts("DU1,DU2"), a.NextValidId(1)]
        notices = client.of(a.Error)
        assert [(one.req_id, one.code) for one in notices] == [(-1, 2104), (-1, 2106), (-1, 2158)]
        await client.close()

    in_session(story, accounts=("DU1", "DU2"))


def test_nothing_is_answered_before_the_client_says_who_it_is() -> None:
    async def story(made: Gateway) -> None:
        client = await Client.greeted(made.port)
        client.ask(r.ReqPositions(), r.PlaceOrder(1, stock(), order()))
        errors = [await client.next(a.Error), await client.next(a.Error)]
        assert [(one.req_id, one.code) for one in errors] == [(-1, 504)] * 2
        assert made.hub.exchange.placed() == []
        await client.close()

    in_session(story)


def test_a_client_id_is_nobody_elses() -> None:
    async def story(made: Gateway) -> None:
        first = await Client.started(made, 7)
        second = await Client.greeted(made.port)
        second.ask(r.StartApi(7))
        error = await second.next(a.Error)
        assert (error.req_id, error.code) == (-1, 326)
        assert await second.ends()
        await first.fence()
        third = await Client.started(made, 8)
        await first.close()
        await settle()
        again = await Client.started(made, 7)
        for client in (second, third, again):
            await client.close()

    in_session(story)


def test_an_abrupt_end_frees_the_client_id() -> None:
    async def story(made: Gateway) -> None:
        first = await Client.started(made, 7)
        first.writer.transport.abort()
        await settle()
        again = await Client.started(made, 7)
        await again.close()

    in_session(story)


def test_saying_who_it_is_twice_changes_nothing() -> None:
    async def story(made: Gateway) -> None:
        client = await Client.started(made, 7)
        client.ask(r.StartApi(9))
        await client.fence()
        assert list(made.hub.sessions) == [7]
        other = await Client.started(made, 9)
        await other.close()
        await client.close()

    in_session(story)


def test_the_next_id_after_orders() -> None:
    async def story(made: Gateway) -> None:
        client = await Client.started(made, 7)
        client.ask(r.PlaceOrder(11, stock(), limit(90.0)), r.ReqIds(1))
        assert (await client.next(a.NextValidId)).order_id == 12
        await client.close()
        await settle()
        again = await Client.greeted(made.port)
        again.ask(r.StartApi(7))
        assert (await again.next(a.NextValidId)).order_id == 12
        await again.close()

    in_session(story)


def test_ids_survive_the_gateway(tmp_path: Path) -> None:
    async def placing(made: Gateway) -> None:
        client = await Client.started(made, 7)
        client.ask(r.PlaceOrder(11, stock(), limit(90.0)))
        await client.fence()
        await client.close()

    async def asking(made: Gateway) -> None:
        client = await Client.started(made, 7)
        assert client.of(a.NextValidId)[0].order_id == 12
        await client.close()

    in_session(placing, ids_file=tmp_path / "ids.json")
    in_session(asking, ids_file=tmp_path / "ids.json")


# limits -------------------------------------------------------------------------------------


def test_fifty_messages_a_second_and_three_breaches() -> None:
    async def story(made: Gateway) -> None:
        client = await Client.started(made)
        await pass_by(1.1)
        for breach in range(1, 4):
            client.log.clear()
            client._read = 0
            client.ask(*[r.ReqCurrentTime()] * 52)
            error = await client.next(a.Error)
            assert (error.req_id, error.code) == (-1, 100)
            assert len(client.of(a.CurrentTime)) == 50
            if breach < 3:
                await settle()
                assert not client.is_ended
                await pass_by(1.1)
        assert await client.ends()
        await client.close()

    in_session(story)


def test_fifty_messages_a_second_are_allowed() -> None:
    async def story(made: Gateway) -> None:
        client = await Client.started(made)
        for _ in range(6):
            await pass_by(1.01)
            client.ask(*[r.ReqCurrentTime()] * 50)
            for _ in range(50):
                await client.next(a.CurrentTime)
        assert 100 not in {one.code for one in client.of(a.Error)}
        await client.close()

    in_session(story)


def test_no_limit_where_none_is_set() -> None:
    async def story(made: Gateway) -> None:
        client = await Client.started(made)
        client.ask(*[r.ReqCurrentTime()] * 500)
        for _ in range(500):
            await client.next(a.CurrentTime)
        await client.close()

    in_session(story, messages_per_second=0)


# malformed ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "payload",
    [b"", b"\0", b"x\0", b"9999\x001\0", b"3\0", b"3\x001\0", b"1", b"49\x001", b"\xff\xfe\0"],
)
def test_a_request_that_cannot_be_read_is_answered_and_no_more(payload: bytes) -> None:
    async def story(made: Gateway) -> None:
        client = await Client.started(made)
        client.writer.write(frame(payload))
        error = await client.next(a.Error, lambda one: one.code == 320)
        assert error.req_id == -1
        await client.fence()
        await client.close()

    in_session(story)


def test_a_length_no_message_has_ends_the_connection_alone() -> None:
    async def story(made: Gateway) -> None:
        client, other = await Client.started(made, 1), await Client.started(made, 2)
        client.writer.write(struct.pack(">I", 0xFFFFFFF0))
        assert await client.ends()
        await other.fence()
        await client.close()
        await other.close()

    in_session(story)


@pytest.mark.parametrize("field", ["total_quantity", "lmt_price", "aux_price", "trailing_percent"])
@pytest.mark.parametrize("value", ["inf", "-inf", "nan", "1e308", "-5", "1e-300"])
def test_numbers_no_order_has(field: str, value: str) -> None:
    """The client is answered, and its connection lives on."""

    async def story(made: Gateway) -> None:
        client = await Client.started(made)
        kind = {"aux_price": "STP", "trailing_percent": "TRAIL"}.get(field, "LMT")
        wire = order(kind, lmt_price=90.0, aux_price=90.0, trailing_percent=77.0)
        plain = encode_request(r.PlaceOrder(1, stock(), wire), 178).split(b"\0")
        written = {"total_quantity": b"10", "trailing_percent": b"77.0"}.get(field, b"90.0")
        places = [n for n, text in enumerate(plain) if text == written]
        place = places[-1] if field == "aux_price" else places[0]
        plain[place] = value.encode()
        client.writer.write(frame(b"\0".join(plain)))
        await client.fence()
        assert client.of(a.Error)[3:] or made.hub.exchange.placed()
        for one in made.hub.exchange.placed():
            assert one.status in ("Inactive", "PreSubmitted", "Submitted", "Cancelled", "Filled")
        await client.close()

    in_session(story)


def test_what_the_emulator_does_not_do_is_refused_by_name() -> None:
    async def story(made: Gateway) -> None:
        client = await Client.started(made)
        client.ask(r.ReqScannerParameters())
        error = await client.next(a.Error, lambda one: one.code not in (2104, 2106, 2158))
        assert "ReqScannerParameters" in error.message
        await client.fence()
        await client.close()

    in_session(story)


# others are not hurt ------------------------------------------------------------------------


def test_a_slow_reader_stalls_nobody() -> None:
    async def story(made: Gateway) -> None:
        slow = await Client.started(made, 1)
        assert slow._task is not None
        slow._task.cancel()
        slow.reader._transport.pause_reading()  # type: ignore[attr-defined]
        other = await Client.started(made, 2)
        for number in range(1, 60):
            slow.ask(*[r.ReqContractDetails(number, stock())] * 40)
            await slow.writer.drain()
        for _ in range(50):
            await asyncio.wait_for(other.fence(), 1.0)
        assert len(made.hub.sessions) == 2, "it may catch up later"
        await slow.close()
        await other.close()

    in_session(story, messages_per_second=0)


def test_whoever_never_reads_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    from framework.emulator.server import connection

    monkeypatch.setattr(connection, "_MOST_UNSENT", 100_000)

    async def story(made: Gateway) -> None:
        slow, other = await Client.started(made, 1), await Client.started(made, 2)
        assert slow._task is not None
        slow._task.cancel()
        slow.reader._transport.pause_reading()  # type: ignore[attr-defined]
        for number in range(1, 300):
            slow.ask(*[r.ReqContractDetails(number, stock())] * 40)
            await asyncio.sleep(0)
            if len(made.hub.sessions) < 2:
                break
        await settle()
        assert list(made.hub.sessions) == [2]
        await other.fence()
        await slow.close()
        await other.close()

    in_session(story, messages_per_second=0)


def test_a_client_that_leaves_leaves_its_orders_and_takes_its_subscriptions() -> None:
    async def story(made: Gateway) -> None:
        first, second = await Client.started(made, 1), await Client.started(made, 2)
        first.ask(
            r.PlaceOrder(1, stock(), limit(90.0)),
            r.ReqMktData(5, stock(), "", False, False),
            r.ReqMktDepth(6, stock(), 5, False),
            r.ReqTickByTickData(7, stock(), "Last", 0, False),
            r.ReqRealTimeBars(8, stock(), 5, "TRADES", False),
            r.ReqPositions(),
        )
        await first.fence()
        session = made.hub.sessions[1]
        assert (session.lines, len(session.depths), len(session.bars)) == (2, 1, 1)
        await first.close()
        await settle()
        assert (session.lines, len(session.depths), len(session.bars)) == (0, 0, 0)
        second.ask(r.ReqAllOpenOrders())
        shown = await second.next(a.OpenOrder)
        assert (shown.order.client_id, shown.order_id) == (1, 1)
        again = await Client.started(made, 1)
        again.ask(r.CancelOrder(1))
        await again.next(a.OrderStatus, lambda one: one.status == "Cancelled")
        await again.close()
        await second.close()

    in_session(story)


# read-only ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "request_",
    [
        r.PlaceOrder(1, stock(), limit(90.0)),
        r.PlaceOrder(1, stock(), limit(90.0, what_if=True)),
        r.CancelOrder(1),
        r.ReqGlobalCancel(),
        r.ReqOpenOrders(),
        r.ReqAllOpenOrders(),
        r.ReqCompletedOrders(False),
    ],
    ids=lambda one: type(one).__name__,
)
def test_a_read_only_gateway_answers_orders_with_one_error(request_: Any) -> None:
    async def story(made: Gateway) -> None:
        client = await Client.started(made)
        client.ask(request_)
        told = await client.fence()
        told = [one for one in told if not (isinstance(one, a.Error) and 2100 <= one.code < 2200)]
        assert [(one.req_id, one.code) for one in told] == [(-1, 321)]
        assert "Read-Only" in told[0].message
        client.ask(r.ReqPositions(), r.ReqExecutions(5))
        await client.next(a.PositionEnd)
        await client.next(a.ExecDetailsEnd)
        assert made.hub.exchange.placed() == []
        await client.close()

    in_session(story, read_only=True)


def test_the_port_is_free_and_loopback() -> None:
    async def story(made: Gateway) -> None:
        assert made._server is not None
        (listening,) = made._server.sockets
        assert listening.getsockname() == ("127.0.0.1", made.port)
        assert made.port > 1023
        assert made.book(ACCOUNT).cash == 1_000_000.0

    in_session(story)


def test_closing_a_port_while_it_opens_leaves_it_closed() -> None:
    """Opened twice at once and closed in the midst of it: nobody listens in the end."""

    async def whole() -> None:
        made = gateway()
        await made.start()
        port = made.port
        made.deafen()
        opening = [asyncio.ensure_future(made.listen()) for _ in range(2)]
        await asyncio.sleep(0)
        made.deafen()
        await asyncio.gather(*opening)
        with pytest.raises(ConnectionError):
            await asyncio.open_connection("127.0.0.1", port)
        await made.listen()
        assert made.port == port
        client = await Client.started(made)
        await client.close()
        await made.close()

    played(whole)
