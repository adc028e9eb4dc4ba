"""Rows of the failure table beyond the first ones: rewritten, doubled, held, blocked orders."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from framework.brokers.ib.connection import NoticeKind, State
from framework.domain.orders import Order, OrderStatus, OrderType, Origin, Side, TimeInForce
from framework.domain.terms import Terms
from tests.unit.ib_ground import SOON, Ground, ground, plan, rows

S = OrderStatus
ACCOUNT = "DU1234567"


def run(scene: object) -> None:
    asyncio.run(scene)  # type: ignore[arg-type]


def bracket(g: Ground, stop: float, target: float, **changes: object) -> list[Order]:
    entry = g.order(**changes)  # type: ignore[arg-type]
    common = {"side": Side.SELL, "parent": entry.id, "oca": f"{entry.id}.exits"}
    return [
        entry,
        replace(
            g.order("stop", stop=stop, tif=TimeInForce.GTC, **common),  # type: ignore[arg-type]
            origin=Origin.STOP_LOSS,
        ),
        replace(
            g.order("limit", limit=target, tif=TimeInForce.GTC, **common),  # type: ignore[arg-type]
            origin=Origin.TAKE_PROFIT,
        ),
    ]


def test_row_24_what_the_broker_rewrites_is_told() -> None:
    async def scene() -> None:
        async with ground(plan(24)) as g:
            order = g.order("limit", limit=g.below(), terms=Terms(outside_hours=True))
            g.broker.submit([order])
            await g.until(
                lambda: any("does not work outside" in u.reason for u in g.updates(order.id)),
                "remark",
            )
            assert g.updates(order.id)[-1].status is S.WORKING

    run(scene())


def test_row_27_no_change_while_the_broker_is_away_and_a_second_permanent_id_is_ours() -> None:
    faults = rows(
        "faults:\n- name: fork\n  when: {answer: OrderStatus, seconds: 0.1}\n  do: fork\n"
    )

    async def scene() -> None:
        async with ground(plan(27, a="seconds: 10 -> seconds: 1")) as g:
            order = g.order("limit", limit=g.below())
            g.broker.submit([order])
            await g.until(lambda: g.connection.state is State.DEGRADED, "degraded")
            await g.reaches(order.id, S.WORKING)
            g.broker.replace(replace(order, limit=g.below(0.6)))
            await g.until(lambda: "change refused" in g.updates(order.id)[-1].reason, "refused")
            assert g.updates(order.id)[-1].order.limit == order.limit
            assert len(g.gateway.hub.exchange.open_orders()) == 1
        async with ground(faults) as g:
            order = g.order("limit", limit=g.below())
            g.broker.submit([order])
            await g.reaches(order.id, S.WORKING)
            tracked = g.broker._work.register.get(order.id)
            assert tracked is not None
            await g.until(lambda: len(tracked.perms) == 2, "two permanent ids")
            assert g.externals == []

    run(scene())


def test_row_41_an_inactive_order_is_not_over_until_it_is_proven() -> None:
    faults = rows(
        "faults:\n- name: inactive\n  when: {answer: [OpenOrder, OrderStatus]}\n"
        "  do: {mutate: {set: {status: Inactive}}}\n  times: 2\n"
    )

    async def scene() -> None:
        async with ground(faults) as g:
            order = g.order("limit", limit=g.below())
            g.broker.submit([order])
            await g.reaches(order.id, S.WORKING)
            assert S.REJECTED not in g.states(order.id)
            g.broker.cancel(order.id)
            await g.reaches(order.id, S.CANCELLED)

    run(scene())


def test_row_42_a_hold_is_told() -> None:
    async def scene() -> None:
        async with ground(plan(42)) as g:
            order = g.order("limit", side=Side.SELL, limit=round(g.price() * 2, 2))
            g.broker.submit([order])
            await g.until(lambda: any("locate" in u.reason for u in g.updates(order.id)), "held")
            assert g.updates(order.id)[-1].status is S.WORKING

    run(scene())


def test_rows_23_44_a_refused_price_is_a_refused_order() -> None:
    async def scene() -> None:
        for row, code in ((23, "110"), (44, "109")):
            async with ground(plan(row)) as g:
                order = g.order("limit", limit=g.below())
                g.broker.submit([order])
                assert code in (await g.reaches(order.id, S.REJECTED)).reason

    run(scene())


def test_row_46_orders_of_others_survive_everything_we_do() -> None:
    async def scene() -> None:
        faults = plan(46, a="start: 1 -> start: 0.1")
        async with ground(faults) as g:
            await g.wait(0.3)
            order = g.order("limit", limit=g.below())
            g.broker.submit([order])
            await g.reaches(order.id, S.WORKING)
            g.broker.cancel(order.id)
            await g.reaches(order.id, S.CANCELLED)
            await g.broker.snapshot()
            g.poll()
            assert len(g.gateway.hub.exchange.open_orders()) == 2
            assert {one.client_id for one in g.externals} == {0, 99}

    run(scene())


def test_row_48_a_position_whose_stop_has_ended_unasked_is_told_of() -> None:
    async def scene() -> None:
        async with ground() as g:
            price = g.price()
            orders = bracket(g, round(price * 0.5, 2), round(price * 2, 2))[:2]
            g.broker.submit(orders)
            await g.reaches(orders[1].id, S.WORKING)
            (placed,) = g.gateway.hub.exchange.open_orders()
            g.gateway.hub.exchange.cancel_placed(placed, "its day is over")
            g.gateway.tell()
            await g.reaches(orders[1].id, S.CANCELLED)
            await g.until(lambda: any("no stop any more" in text for text in g.alerts), "alarm")

    run(scene())


def test_a_bracket_lives_and_dies_with_its_entry() -> None:
    async def scene() -> None:
        async with ground() as g:
            price = g.price()
            orders = bracket(g, round(price * 0.5, 2), round(price * 2, 2))
            g.broker.submit(orders)
            entry, stop, target = (one.id for one in orders)
            await g.reaches(entry, S.FILLED)
            await g.reaches(stop, S.WORKING)
            await g.reaches(target, S.WORKING)
            assert g.states(stop)[0] is S.HELD
            g.broker.replace(replace(orders[1], stop=round(price * 0.6, 2)))
            await g.until(lambda: g.updates(stop)[-1].reason == "replaced", "moved")
            g.broker.cancel(target)
            await g.reaches(target, S.CANCELLED)
            close = g.order(side=Side.SELL, origin=Origin.CLOSE)
            g.broker.submit([close])
            await g.reaches(close.id, S.FILLED)
            await g.reaches(stop, S.CANCELLED)
            await g.quiet()
            assert g.alerts == []
            assert g.gateway.hub.exchange.open_orders() == []
            waiting = bracket(g, round(price * 0.4, 2), round(price * 2, 2))
            waiting[0] = replace(waiting[0], type=OrderType.LIMIT, limit=g.below())
            g.broker.submit(waiting)
            await g.reaches(waiting[0].id, S.WORKING)
            await g.reaches(waiting[1].id, S.HELD)
            g.broker.cancel(waiting[0].id)
            for one in waiting:
                await g.reaches(one.id, S.CANCELLED)

    run(scene())


def test_an_order_cancelled_before_it_was_sent_never_leaves() -> None:
    async def scene() -> None:
        async with ground() as g:
            g.broker.pacer.gate = lambda _: False
            order = g.order()
            g.broker.submit([order])
            g.broker.cancel(order.id)
            g.broker.pacer.gate = lambda _: True
            g.broker.pacer.pump()
            update = await g.reaches(order.id, S.CANCELLED)
            assert "before it was sent" in update.reason
            assert list(g.gateway.hub.exchange.placed()) == []

    run(scene())


def test_what_waited_too_long_is_refused_and_never_leaves() -> None:
    async def scene() -> None:
        async with ground(speed=20.0, waits=SOON) as g:
            g.broker.pacer.gate = lambda _: False
            order = g.order()
            g.broker.submit([order])
            await asyncio.sleep(0.2)
            g.broker.pacer.gate = lambda _: True
            g.broker.pacer.pump()
            assert "waited too long" in (await g.reaches(order.id, S.REJECTED)).reason
            assert list(g.gateway.hub.exchange.placed()) == []

    run(scene())


def test_row_12_what_informs_changes_nothing_and_what_nobody_knows_is_told() -> None:
    async def scene() -> None:
        async with ground(plan(12, a="start: 5 -> start: 0.3")) as g:
            order = g.order("limit", limit=g.below())
            g.broker.submit([order])
            await g.reaches(order.id, S.WORKING)
            await g.until(lambda: any(n.code == 2199 for n in g.notices), "the unknown code")
            await g.ready()
            (told,) = [n for n in g.notices if n.code == 2199]
            assert told.kind is NoticeKind.ALERT
            assert g.states(order.id) == [S.WORKING]

    run(scene())
