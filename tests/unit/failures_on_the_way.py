"""Known failures of connections, data, fills and time: what a client sees of each."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from framework.emulator.protocol import answers as a
from framework.emulator.protocol import requests as r
from tests.unit.emulated import (
    ACCOUNT,
    Client,
    go_on,
    order,
    pass_by,
    settle,
    stock,
)
from tests.unit.sabotaged import (
    UNSET,
    Scene,
    buy,
    codes,
    rest,
    row,
    statuses,
)

# connection ---------------------------------------------------------------------------------


@row(1)
async def daily_restart(s: Scene) -> None:
    client = await s.client()
    await rest(client)
    await settle()
    await pass_by(0.06)
    assert await client.ends()
    assert s.orders == [], "the broker has forgotten it"
    assert await s.is_refused()
    await pass_by(58.0)
    assert await s.is_refused()
    await pass_by(3.0)
    again = await s.client()
    again.ask(r.ReqAllOpenOrders(), r.ReqCompletedOrders(False))
    told = await again.fence()
    assert [type(one) for one in told] == [a.OpenOrderEnd, a.CompletedOrdersEnd]


@row(2)
async def lost_repeated(s: Scene) -> None:
    client = await s.client()
    await pass_by(5.1)
    for _ in range(19):
        await pass_by(1.0)
    await client.fence()
    assert codes(client) == [1100] * 20
    await pass_by(11.0)
    await client.fence()
    assert codes(client) == [1100] * 20 + [1102]


@row(3)
async def data_lost(s: Scene) -> None:
    client = await s.client()
    client.ask(r.ReqMktData(7, stock(), "", False, False))
    await client.fence()
    await pass_by(5.1)
    go_on(s.gateway, 3)
    assert [one for one in await client.fence() if not isinstance(one, a.Error)] == []
    await pass_by(10.0)
    go_on(s.gateway, 3)
    await client.fence()
    assert codes(client) == [1100, 1101]
    assert not s.gateway.hub.sessions[1].quotes
    client.ask(r.ReqMktData(7, stock(), "", False, False))
    await client.fence()
    go_on(s.gateway, 3)
    assert [one for one in await client.fence() if isinstance(one, a.TickPrice)]


@row(4)
async def fill_missed(s: Scene) -> None:
    client = await s.client()
    await rest(client)
    await client.fence()
    await pass_by(0.01)
    await pass_by(3.1)
    await client.fence()
    assert codes(client) == [1100, 1102]
    assert s.position == 10.0 and s.orders == ["Filled"]
    assert client.of(a.ExecDetails) == [] and statuses(client) == ["Submitted"]
    client.ask(r.ReqExecutions(5))
    await client.fence()
    assert client.of(a.ExecDetails)[0].execution.shares == 10.0


@row(5)
async def drop_mid_order(s: Scene) -> None:
    client = await s.client()
    await rest(client)
    assert await client.ends()
    assert statuses(client) == []
    again = await s.client()
    again.ask(r.ReqOpenOrders())
    shown = await again.next(a.OpenOrder)
    assert (shown.order_id, shown.state.status) == (1, "Submitted")


@row(6)
async def half_open(s: Scene) -> None:
    client = await s.client()
    await pass_by(5.1)
    client.ask(r.ReqCurrentTime(), r.PlaceOrder(1, stock(), order()))
    await settle()
    await pass_by(600.0)
    assert not client.is_ended and codes(client) == []
    assert s.orders == [], "what is not read is not done"


@row(7)
async def refused(s: Scene) -> None:
    assert await s.is_refused()
    await pass_by(29.0)
    assert await s.is_refused()
    await pass_by(2.0)
    await s.client()


@row(8)
async def restart_loop(s: Scene) -> None:
    for asking in (r.ReqPositions(), r.ReqExecutions(5), r.ReqContractDetails(6, stock())):
        client = await s.client()
        client.ask(asking)
        assert await client.ends()
    client = await s.client()
    client.ask(r.ReqPositions())
    await client.next(a.PositionEnd)


@row(9)
async def id_in_use(s: Scene) -> None:
    for _ in range(2):
        client = await s.greeted()
        client.ask(r.StartApi(1))
        error = await client.next(a.Error)
        assert (error.req_id, error.code) == (-1, 326)
        assert await client.ends()
    await s.client()


@row(10)
async def competing(s: Scene) -> None:
    client = await s.client()
    client.ask(r.ReqMktData(7, stock(), "", False, False))
    await client.fence()
    await pass_by(1.1)
    go_on(s.gateway, 3)
    told = await client.fence()
    assert [(one.req_id, one.code) for one in told] == [(7, 10197)]
    await buy(client)
    await client.fence()
    assert statuses(client)[-1] == "Filled", "orders work"
    await pass_by(30.0)
    go_on(s.gateway, 2)
    assert [one for one in await client.fence() if isinstance(one, a.TickPrice)]


@row(11)
async def dead_farms(s: Scene) -> None:
    client = await s.client()
    client.ask(r.ReqMktData(7, stock(), "", False, False))
    await client.fence()
    await pass_by(5.1)
    await pass_by(3.1)
    await client.fence()
    assert sorted(codes(client)) == [2103, 2104, 2105, 2106]
    go_on(s.gateway, 5)
    await pass_by(1000.0)
    assert await client.fence() == []


@row(12)
async def notices(s: Scene) -> None:
    client = await s.client()
    await pass_by(5.01)
    for _ in range(6):
        await pass_by(0.11)
    await client.fence()
    assert codes(client) == [2107, 2108, 2110, 2157, 2158, 2199]


@row(13)
async def message_rate(s: Scene) -> None:
    client = await s.client()
    await pass_by(1.5)
    client.ask(*[r.ReqCurrentTime()] * 60)
    assert await client.ends()
    assert codes(client) == [100]
    assert len(client.of(a.CurrentTime)) < 60


@row(14)
async def pacing(s: Scene) -> None:
    client = await s.client()
    day = r.ReqHistoricalData(0, stock(), "", "5 mins", "1 D", True, "TRADES", 1, False, "")
    live = r.ReqRealTimeBars(0, stock(), 5, "TRADES", False)
    client.ask(replace(day, req_id=1), replace(day, req_id=2))
    client.ask(replace(live, req_id=3), replace(live, req_id=4))
    await client.fence()
    assert [one.req_id for one in client.of(a.HistoricalData)] == [1]
    assert [codes(client, n) for n in (1, 2, 3, 4)] == [[], [162], [], [420]]
    assert set(s.gateway.hub.sessions[1].bars) == {3}


@row(15)
async def refused_for_days(s: Scene) -> None:
    for _ in range(3):
        assert await s.is_refused()
        await pass_by(86_400.0)


@row(16)
async def dialog_open(s: Scene) -> None:
    client = await Client.connected(s.gateway.port)
    s.clients.append(client)
    client.writer.write(b"API\0\0\0\0\x09v157..178")
    await settle()
    await pass_by(100.0)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(client.reader.read(1), 0.02)


@row(17)
async def poison(s: Scene) -> None:
    client = await s.client()
    await pass_by(5.1)
    assert await client.ends()
    assert "4294967280" in client.log[-1].why


# fills, account, data, time -----------------------------------------------------------------


@row(50)
async def commission_first(s: Scene) -> None:
    client = await s.client()
    await buy(client)
    kinds = [type(one) for one in await client.fence()]
    assert kinds.index(a.CommissionReport) < kinds.index(a.ExecDetails)


@row(51)
async def commissions(s: Scene) -> None:
    client = await s.client()
    for number in range(1, 6):
        await buy(client, number)
    await client.fence()
    assert [one.commission for one in client.of(a.CommissionReport)] == [UNSET, -1.0, 1.0]
    await pass_by(31.0)
    await client.fence()
    reports = client.of(a.CommissionReport)
    assert len(reports) == 4
    ids = [one.execution.exec_id for one in client.of(a.ExecDetails)]
    assert reports[-1].exec_id == ids[0]
    assert s.gateway.book(ACCOUNT).commission == 5.0


@row(52)
async def correction(s: Scene) -> None:
    client = await s.client()
    await buy(client)
    await client.fence()
    await pass_by(1.1)
    await client.fence()
    first, second = client.of(a.ExecDetails)
    head, tail = first.execution.exec_id.rsplit(".", 1)
    assert (tail, second.execution.exec_id) == ("01", f"{head}.02")
    assert client.of(a.CommissionReport)[-1].exec_id == f"{head}.02"
    assert s.position == 10.0
    client.ask(r.ReqExecutions(5))
    told = await client.fence()
    shown = [one for one in told if isinstance(one, a.ExecDetails)]
    assert [one.execution.exec_id for one in shown] == [f"{head}.02"]


@row(53)
async def fill_offline(s: Scene) -> None:
    client = await s.client()
    await rest(client)
    assert await client.ends()
    assert await s.is_refused()
    await pass_by(1.1)
    assert s.position == 10.0
    await pass_by(9.0)
    again = await s.client()
    again.ask(r.ReqExecutions(5))
    await again.fence()
    assert [one.order_id for one in again.of(a.ExecDetails)] == [1]


@row(54)
async def no_position_end(s: Scene) -> None:
    client = await s.client()
    for _ in range(3):
        client.ask(r.ReqPositions())
    await client.fence()
    assert len(client.of(a.PositionEnd)) == 2


@row(55)
async def currencies(s: Scene) -> None:
    client = await s.client()
    client.ask(r.ReqAccountUpdates(True, ACCOUNT))
    await client.fence()
    cash = [one.currency for one in client.of(a.UpdateAccountValue) if one.key == "CashBalance"]
    assert set(cash) == {"USD", "EUR", "BASE"}


@row(57)
async def bad_data(s: Scene) -> None:
    client = await s.client()
    for number in range(1, 6):
        client.ask(r.ReqMktData(number, stock(), "", False, False))
    await client.fence()
    assert [codes(client, n) for n in range(1, 6)] == [
        [354], [10168], [10167], [10089, 10090], []
    ]  # fmt: skip
    assert set(s.gateway.hub.sessions[1].quotes) == {3, 4, 5}
    go_on(s.gateway, 2)
    await client.fence()
    prices = [one.price for one in client.of(a.TickPrice)]
    assert -1.0 in prices
    payloads = [one for one in client.payloads if one.startswith(b"1\0")]
    assert any(b"\0NaN\0" in one for one in payloads)
    halted = [one.value for one in client.of(a.TickGeneric) if one.tick_type == 49]
    assert 1.0 in halted


@row(58)
async def late_bars(s: Scene) -> None:
    client = await s.client()
    asked = r.ReqHistoricalData(5, stock(), "", "5 mins", "1 D", True, "TRADES", 1, True, "")
    client.ask(asked)
    await client.fence()
    go_on(s.gateway, 2)
    await client.fence()
    assert len(client.of(a.HistoricalDataUpdate)) == 1
    go_on(s.gateway, 2)
    await client.fence()
    assert len(client.of(a.HistoricalDataUpdate)) == 3
    await pass_by(10.1)
    go_on(s.gateway, 3)
    await client.fence()
    assert len(client.of(a.HistoricalDataUpdate)) == 4, "the late one, and no more"
    await pass_by(60.0)
    go_on(s.gateway, 1)
    await client.fence()
    assert len(client.of(a.HistoricalDataUpdate)) == 5


@row(59)
async def clock_skew(s: Scene) -> None:
    client = await s.client()
    client.ask(r.ReqCurrentTime())
    told = (await client.next(a.CurrentTime)).time
    assert told - s.gateway.hub.clock.now() // 10**9 == 5400


@row(60)
async def ambiguous(s: Scene) -> None:
    client = await s.client()
    client.ask(r.ReqContractDetails(1, stock()), r.ReqContractDetails(2, stock()))
    await client.fence()
    ids = [one.details.contract.con_id for one in client.of(a.ContractDetails)]
    assert len(ids) == 2 and ids[1] == 999_999_001
    assert codes(client, 2) == [200]
    assert len(client.of(a.ContractDetailsEnd)) == 1
