"""Fills under fire: rows of the failure table about executions, commissions and positions."""

from __future__ import annotations

import asyncio

import pytest

from framework.brokers.ib.problems import RequestError
from framework.brokers.ib.restored import KnownOrder
from framework.domain.orders import OrderStatus, Side, TimeInForce
from tests.unit.ib_ground import IMPATIENT, SOON, gateway_of, ground, ground_on, plan, rows

S = OrderStatus
ACCOUNT = "DU1234567"


def run(scene: object) -> None:
    asyncio.run(scene)  # type: ignore[arg-type]


def test_row_50_a_commission_that_comes_first_is_kept() -> None:
    async def scene() -> None:
        async with ground(plan(50)) as g:
            order = g.order()
            g.broker.submit([order])
            await g.reaches(order.id, S.FILLED)
            (paid,) = g.commissions()
            (fill,) = g.fills(order.id)
            assert (paid.fill_id, paid.amount) == (fill.id, 1.0)

    run(scene())


def test_row_51_commissions_late_missing_unset_and_negative() -> None:
    async def scene() -> None:
        async with ground(plan(51, a="hold: 30 -> hold: 0.5"), waits=SOON) as g:
            for side in (Side.BUY, Side.SELL, Side.BUY, Side.SELL):
                order = g.order(side=side)
                g.broker.submit([order])
                await g.reaches(order.id, S.FILLED)
            await g.until(lambda: len(g.commissions()) == 2, "late and negative")
            amounts = {paid.fill_id.split("/")[0]: paid.amount for paid in g.commissions()}
            assert amounts == {"Test-1": 1.0, "Test-4": -1.0}
            assert all(g.states(f"Test-{n}")[-1] is S.FILLED for n in (1, 2, 3, 4))
            await g.broker.snapshot()
            g.poll()
            assert {p.fill_id.split("/")[0] for p in g.commissions()} >= {"Test-2", "Test-3"}

    run(scene())


def test_row_52_a_correction_of_the_same_counts_once() -> None:
    async def scene() -> None:
        async with ground(plan(52, a="seconds: 1 -> seconds: 0.2")) as g:
            order = g.order()
            g.broker.submit([order])
            await g.reaches(order.id, S.FILLED)
            await g.wait(0.6)
            assert sum(fill.quantity for fill in g.fills(order.id)) == 10.0
            assert sum(paid.amount for paid in g.commissions()) == 1.0

    run(scene())


def test_row_52_a_correction_of_quantity_and_price_replaces() -> None:
    faults = rows(
        "faults:\n- name: corrected\n  when: {answer: ExecDetails, seconds: 0.2}\n"
        "  do: {correct: {quantity: 8, price: 150}}\n"
    )

    async def scene() -> None:
        async with ground(faults) as g:
            order = g.order()
            g.broker.submit([order])
            await g.reaches(order.id, S.FILLED)
            await g.until(lambda: len(g.fills(order.id)) == 3, "correction")
            first, undone, new = g.fills(order.id)
            assert (undone.quantity, undone.price) == (-10.0, first.price)
            assert (new.quantity, new.price) == (8.0, 150.0)
            assert len({fill.id for fill in (first, undone, new)}) == 3

    run(scene())


def test_row_53_fills_of_the_time_away_are_told_after_the_next_connection() -> None:
    async def scene() -> None:
        faults = plan(53, a="refuse: 10 -> refuse: 0.6", b="wait: 1 -> wait: 0.2")
        async with ground(faults) as g:
            order = g.order("limit", limit=g.below(), tif=TimeInForce.GTC)
            g.broker.submit([order])
            await g.until(lambda: g.connection.link is None, "away")
            await g.ready()
            await g.reaches(order.id, S.FILLED)
            assert [fill.quantity for fill in g.fills(order.id)] == [10.0]
            assert len(g.commissions()) == 1
            truth = g.gateway.book(ACCOUNT)
            assert g.broker.book().cash == pytest.approx(truth.cash, abs=0.005)

    run(scene())


def test_row_54_positions_that_never_end_are_unknown_and_not_flat() -> None:
    async def scene() -> None:
        async with ground(plan(54), timings=IMPATIENT) as g:
            order = g.order()
            g.broker.submit([order])
            await g.reaches(order.id, S.FILLED)
            snapshot = await g.broker.snapshot()
            assert snapshot.positions.items is None
            assert "has not answered" in snapshot.positions.reason
            assert not snapshot.is_complete
            g.poll()
            assert g.broker.book().positions["AAPL"].quantity == 10.0
            again = await g.broker.snapshot()
            assert again.positions.items is not None
            assert [held.quantity for held in again.positions.items] == [10.0]

    run(scene())


def test_row_54_a_connection_whose_positions_are_unknown_is_not_trusted() -> None:
    faults = rows(
        "faults:\n- name: unended\n  when: {answer: PositionEnd}\n  do: drop\n  times: all\n"
    )

    async def scene() -> None:
        async with ground(faults, opens=False, timings=IMPATIENT) as g:
            await g.connection.open()
            assert g.connection.state.value == "degraded"
            g.poll()
            assert g.broker.account.figure("TotalCashValue") is not None
            with pytest.raises(RequestError, match="positions are not known"):
                g.broker.book()

    run(scene())


def test_a_restart_knows_what_a_journal_tells_it() -> None:
    async def scene() -> None:
        async with gateway_of() as gateway:
            async with ground_on(gateway) as g:
                done, open_ = g.order(), g.order("limit", limit=g.below(), tif=TimeInForce.GTC)
                lost = g.order("limit", limit=g.below())
                g.broker.submit([done])
                g.broker.submit([open_])
                await g.reaches(done.id, S.FILLED)
                await g.reaches(open_.id, S.WORKING)
                fills, paid = g.fills(done.id), g.commissions()
                floor = g.broker.id_floor
            async with ground_on(gateway, opens=False) as g:
                async with ground_on(gateway, client_id=9) as other:
                    for listed in other.broker.contracts:
                        g.broker.contracts.add(listed)
                g.broker.restore(
                    [
                        KnownOrder(done, S.SENT),
                        KnownOrder(open_, S.WORKING),
                        KnownOrder(lost, S.UNKNOWN),
                    ],
                    id_floor=floor,
                )
                await g.connection.open()
                await g.reaches(done.id, S.FILLED)
                assert [f.id for f in g.fills(done.id)] == [f.id for f in fills]
                await g.reaches(lost.id, S.ABSENT)
                assert S.UNKNOWN not in g.states(open_.id)
                g.broker.cancel(open_.id)
                await g.reaches(open_.id, S.CANCELLED)
            async with ground_on(gateway, opens=False) as g:
                async with ground_on(gateway, client_id=9) as other:
                    for listed in other.broker.contracts:
                        g.broker.contracts.add(listed)
                g.broker.restore([KnownOrder(done, S.FILLED)], fills, paid, floor)
                await g.connection.open()
                await g.wait(0.3)
                assert g.said == [], "nothing new is known"

    run(scene())
