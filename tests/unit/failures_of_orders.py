"""Known failures of orders: what a client sees of each."""

from __future__ import annotations

from framework.emulator.protocol import answers as a
from framework.emulator.protocol import requests as r
from framework.emulator.protocol.contract import ComboLeg, WireContract
from tests.unit.emulated import (
    ACCOUNT,
    Odd,
    limit,
    order,
    pass_by,
    settle,
    stock,
    stop,
)
from tests.unit.sabotaged import (
    STORIES,
    Scene,
    Story,
    buy,
    codes,
    rest,
    row,
    statuses,
)

# orders -------------------------------------------------------------------------------------


@row(18)
async def undecodable(s: Scene) -> None:
    client = await s.client()
    await buy(client)
    await client.fence()
    (odd,) = client.of(Odd)
    assert b"1O0" in odd.payload and odd.payload.startswith(b"11\0")
    assert statuses(client)[-1] == "Filled" and s.position == 10.0


@row(19)
async def burst(s: Scene) -> None:
    client = await s.client()
    await rest(client)
    await client.fence()
    assert len(statuses(client)) == 2001


@row(20)
async def rejected(s: Scene) -> None:
    client = await s.client()
    await rest(client)
    await client.fence()
    assert codes(client, 1) == [201]
    assert statuses(client) == ["Inactive"]
    assert client.of(a.OpenOrder)[0].state.status == "Inactive"
    assert s.orders == ["Cancelled"]


def only_answer(code: int) -> Story:
    async def story(s: Scene) -> None:
        client = await s.client()
        await rest(client)
        assert [(one.req_id, one.code) for one in await client.fence()] == [(1, code)]
        assert s.orders == []

    return story


STORIES |= {21: only_answer(200), 23: only_answer(110), 28: only_answer(103), 44: only_answer(109)}


@row(22)
async def warned(s: Scene) -> None:
    client = await s.client()
    await rest(client, 1)
    await rest(client, 2)
    await client.fence()
    assert (codes(client, 1), codes(client, 2)) == ([404], [399])
    assert s.orders == ["Submitted", "Submitted"]


@row(24)
async def rewritten(s: Scene) -> None:
    client = await s.client()
    await rest(client, outside_rth=True)
    told = await client.fence()
    assert [type(one) for one in told] == [a.Error, a.OpenOrder, a.OrderStatus]
    assert (told[0].req_id, told[0].code) == (1, 2109)
    assert told[1].order.outside_rth is False


@row(25)
async def preset(s: Scene) -> None:
    client = await s.client()
    await rest(client)
    await client.fence()
    assert codes(client, 1) == [10349] and s.orders == ["Submitted"]
    await pass_by(2.1)
    await client.fence()
    assert statuses(client) == ["Submitted", "Filled"] and s.position == 10.0


@row(26)
async def rejected_change(s: Scene) -> None:
    client = await s.client()
    await rest(client)
    await rest(client, price=91.0)
    await client.fence()
    assert codes(client, 1) == [201]
    (placed,) = s.gateway.hub.exchange.placed()
    assert (placed.status, placed.order.lmt_price) == ("Submitted", 90.0)


@row(27)
async def two_perm_ids(s: Scene) -> None:
    client = await s.client()
    await rest(client)
    await client.fence()
    assert codes(client) == [1100]
    await rest(client, price=91.0)
    await client.fence()
    assert len({one.perm_id for one in client.of(a.OrderStatus)}) == 2
    assert s.orders == ["Submitted", "Submitted"]
    await pass_by(10.1)
    await client.fence()
    assert codes(client) == [1100, 1102]


@row(29)
async def id_moves(s: Scene) -> None:
    client = await s.client()
    await rest(client, 50)
    await client.fence()
    await client.close()
    await settle()
    second, third = await s.client(), await s.client(2)
    assert second.of(a.NextValidId)[0].order_id == 1
    assert third.of(a.NextValidId)[0].order_id == 1_000_001


@row(30)
async def id_reused(s: Scene) -> None:
    client = await s.client()
    await buy(client)
    await client.fence()
    strange = [one for one in client.of(a.OrderStatus) if one.perm_id == 1_999_999_999]
    assert [(one.order_id, one.status) for one in strange] == [(1, "Filled")]
    execution = client.of(a.ExecDetails)[1].execution
    assert (execution.perm_id, execution.exec_id) == (1_999_999_999, "0000e0d5.0000beef.01.01")
    assert s.position == 10.0, "the true book knows of one"


@row(31)
async def foreign(s: Scene) -> None:
    client, master = await s.client(1), await s.client(0)
    await pass_by(5.1)
    assert s.position == 10.0
    await pass_by(1.0)
    client.ask(r.ReqAllOpenOrders(), r.ReqCompletedOrders(False))
    told = await client.fence()
    open_ = [one for one in told if isinstance(one, a.OpenOrder)]
    assert [(one.order_id, one.order.action) for one in open_] == [(-7, "SELL")]
    assert len([one for one in told if isinstance(one, a.CompletedOrder)]) == 1
    assert client.of(a.ExecDetails) == []
    await master.fence()
    assert [one.order_id for one in master.of(a.ExecDetails)] == [0]


@row(32)
async def twice(s: Scene) -> None:
    client = await s.client()
    await buy(client)
    await client.fence()
    assert statuses(client) == ["PreSubmitted", "PreSubmitted", "Filled", "Filled"]
    assert len(client.of(a.ExecDetails)) == 1


@row(33)
async def stale(s: Scene) -> None:
    client = await s.client()
    await buy(client)
    await client.fence()
    assert statuses(client) == ["Filled", "PreSubmitted"]


@row(34)
async def no_status(s: Scene) -> None:
    client = await s.client()
    await buy(client)
    await client.fence()
    assert statuses(client) == [] and len(client.of(a.ExecDetails)) == 1


@row(35)
async def fill_first(s: Scene) -> None:
    client = await s.client()
    await buy(client)
    told = await client.fence()
    first = [type(one) for one in told]
    assert first.index(a.ExecDetails) < first.index(a.OpenOrder)


@row(36)
async def no_callback(s: Scene) -> None:
    client = await s.client()
    await buy(client)
    await rest(client, 2)
    assert await client.fence() == []
    assert s.orders == ["Filled", "Submitted"]
    client.ask(r.ReqExecutions(5), r.ReqOpenOrders())
    told = await client.fence()
    assert [type(one) for one in told] == [
        a.ExecDetails, a.CommissionReport, a.ExecDetailsEnd, a.OpenOrder, a.OrderStatus,
        a.OpenOrderEnd,
    ]  # fmt: skip


@row(37)
async def cancel_unanswered(s: Scene) -> None:
    client = await s.client()
    await rest(client)
    client.ask(r.CancelOrder(1))
    await client.fence()
    assert s.orders == ["Cancelled"]
    assert statuses(client) == ["Submitted"] and codes(client) == []
    await pass_by(61.0)
    await client.fence()
    assert statuses(client)[-1] == "Cancelled" and codes(client) == [202]


@row(38)
async def fill_while_cancelling(s: Scene) -> None:
    client = await s.client()
    await rest(client)
    client.ask(r.CancelOrder(1))
    await client.fence()
    assert statuses(client) == ["Submitted", "Filled"] and codes(client) == [10148]
    assert s.position == 10.0


@row(39)
async def cancel_refused(s: Scene) -> None:
    client = await s.client()
    await rest(client)
    client.ask(*[r.CancelOrder(1)] * 3)
    await client.fence()
    assert codes(client, 1) == [10147, 10148, 161]
    assert s.orders == ["Submitted"]


@row(40)
async def confirmation_order(s: Scene) -> None:
    client = await s.client()
    await rest(client)
    client.ask(r.CancelOrder(1))
    await client.fence()
    await pass_by(10.0)
    await client.fence()
    assert codes(client) == [202] and statuses(client)[-1] == "Cancelled"


@row(41)
async def inactive(s: Scene) -> None:
    client = await s.client()
    await rest(client)
    client.ask(r.CancelOrder(1))
    await client.fence()
    assert statuses(client) == ["Inactive", "Filled"] and s.position == 10.0


@row(42)
async def locate_hold(s: Scene) -> None:
    client = await s.client()
    client.ask(r.PlaceOrder(1, stock(), limit(110.0, "SELL")))
    await client.fence()
    (status,) = client.of(a.OrderStatus)
    assert (status.status, status.why_held) == ("PreSubmitted", "locate")


@row(43)
async def sentinels(s: Scene) -> None:
    client = await s.client()
    for number in (1, 2):
        await buy(client, number, what_if=True)
    await client.fence()
    spellings = [b"1.7976931348623157E308", b"1.7976931348623157e+308"]
    shown = [one for one in client.payloads if one.startswith(b"5\0")]
    assert [spelling in one for one, spelling in zip(shown, spellings, strict=True)] == [True, True]
    states = [one.state for one in client.of(a.OpenOrder)]
    for state in states:
        assert state.init_margin_after is None and state.commission is None
        assert state.maint_margin_after is not None
    assert len(shown) == 2 and s.orders == []


@row(45)
async def read_only(s: Scene) -> None:
    client = await s.client()
    await rest(client)
    client.ask(r.ReqOpenOrders())
    assert [(one.req_id, one.code) for one in await client.fence()] == [(-1, 321)] * 2
    assert s.orders == []


@row(46)
async def others(s: Scene) -> None:
    client = await s.client()
    await rest(client)
    await pass_by(1.1)
    assert len(s.orders) == 3
    client.ask(r.ReqOpenOrders())
    await client.fence()
    assert {one.order.client_id for one in client.of(a.OpenOrder)} == {1}
    client.ask(r.ReqAllOpenOrders())
    await client.fence()
    assert {one.order.client_id for one in client.of(a.OpenOrder)} == {0, 1, 99}
    client.ask(r.ReqGlobalCancel())
    await client.fence()
    assert s.orders == ["Cancelled"] * 3


@row(47)
async def several_accounts(s: Scene) -> None:
    client = await s.client()
    assert client.of(a.ManagedAccounts)[0].accounts == "DU1234567,DU2"
    await rest(client, 1)
    await rest(client, 2, account=ACCOUNT)
    await client.fence()
    assert (codes(client, 1), codes(client, 2)) == ([321], [])
    assert s.orders == ["Submitted"]


@row(48)
async def day_expires(s: Scene) -> None:
    client = await s.client()
    await buy(client, 1, transmit=False)
    client.ask(
        r.PlaceOrder(2, stock(), stop(80.0, parent_id=1, tif="DAY", transmit=False)),
        r.PlaceOrder(3, stock(), limit(120.0, "SELL", parent_id=1)),
    )
    await client.fence()
    await pass_by(1.1)
    assert s.orders == ["Filled", "Cancelled", "Submitted"]
    await client.fence()
    assert statuses(client, 2)[-1] == "PreSubmitted", "nobody was told"


@row(49)
async def combo_legs(s: Scene) -> None:
    client = await s.client()
    listed = s.gateway.hub.market.directory
    legs = tuple(
        ComboLeg(listed.by_key(symbol).con_id, 1, action, "SMART")
        for symbol, action in (("AAA", "BUY"), ("BBB", "SELL"))
    )
    bag = WireContract(
        symbol="AAA", sec_type="BAG", exchange="SMART", currency="USD", combo_legs=legs
    )
    client.ask(r.PlaceOrder(1, bag, order()))
    await client.fence()
    kinds = [one.contract.sec_type for one in client.of(a.ExecDetails)]
    assert kinds == ["STK", "STK", "BAG", "STK"]
    assert client.of(a.ExecDetails)[-1].execution.exec_id == "0000e0d5.0000c0de.02.01"
    assert s.position == 10.0
