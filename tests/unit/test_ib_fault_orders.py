"""Orders under fire: each row of the failure table about orders and fills, injected on the wire."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from framework.brokers.ib.external import ExternalFill, ExternalOrder
from framework.brokers.ib.facts import StatusSeen
from framework.brokers.ib.problems import ConnectError, RequestError
from framework.domain.orders import OrderStatus
from framework.emulator.server.settings import GatewaySettings
from tests.unit.ib_ground import (
    IMPATIENT,
    LONG,
    SOON,
    Ground,
    ground,
    plan,
    plan_and,
    rows,
)

S = OrderStatus
ACCOUNT = "DU1234567"


def run(scene: object) -> None:
    asyncio.run(scene)  # type: ignore[arg-type]


def is_noted(g: Ground, order_id: str, code: str) -> bool:
    """Whether a remark was told with an order."""
    return any(code in update.reason for update in g.updates(order_id))


def test_row_20_a_rejection_is_told_once_whatever_comes_after_it() -> None:
    async def scene() -> None:
        async with ground(plan(20)) as g:
            order = g.order("limit", limit=g.below())
            g.broker.submit([order])
            update = await g.reaches(order.id, S.REJECTED)
            assert "201" in update.reason
            await g.settled()
            assert g.states(order.id) == [S.REJECTED]

    run(scene())


@pytest.mark.parametrize("code", [200, 203, 460])
def test_row_21_an_error_may_be_all_that_is_ever_said(code: int) -> None:
    async def scene() -> None:
        faults = plan(21, code=f"code: 200 -> code: {code}")
        async with ground(faults) as g:
            order = g.order()
            g.broker.submit([order])
            update = await g.reaches(order.id, S.REJECTED)
            assert str(code) in update.reason
            assert g.states(order.id) == [S.REJECTED], "at once, and never in doubt"

    run(scene())


def test_row_22_a_warning_leaves_the_order_working() -> None:
    async def scene() -> None:
        async with ground(plan(22)) as g:
            for code in ("404", "399"):
                order = g.order("limit", limit=g.below())
                g.broker.submit([order])
                await g.until(lambda one=order.id, code=code: is_noted(g, one, code), "note")
                assert set(g.states(order.id)) == {S.WORKING}
            assert len(g.gateway.hub.exchange.open_orders()) == 2
            g.broker.cancel(order.id)
            await g.reaches(order.id, S.CANCELLED)

    run(scene())


def test_row_25_a_preset_is_a_remark_and_a_later_fill_counts() -> None:
    async def scene() -> None:
        async with ground(plan(25, wait="wait: 2 -> wait: 0.3")) as g:
            order = g.order("limit", limit=g.below())
            g.broker.submit([order])
            await g.until(lambda: is_noted(g, order.id, "10349"), "note")
            assert g.updates(order.id)[-1].status is S.WORKING
            (placed,) = g.gateway.hub.exchange.open_orders()
            assert placed.order.tif == "DAY", "there is nothing for a preset to set"
            await g.reaches(order.id, S.FILLED)
            assert sum(fill.quantity for fill in g.fills(order.id)) == 10.0

    run(scene())


def test_row_25_a_preset_has_the_books_looked_at() -> None:
    """The library calls the order cancelled; a fill that is told to nobody shows what it is."""
    faults = rows(
        "faults:\n- name: preset\n  when: {answer: OrderStatus}\n"
        "  do: [{fill: {tell: false}}, {error: {code: 10349, id: order}}]\n"
    )

    async def scene() -> None:
        async with ground(faults) as g:
            order = g.order("limit", limit=g.below())
            g.broker.submit([order])
            await g.reaches(order.id, S.FILLED)
            assert [fill.quantity for fill in g.fills(order.id)] == [10.0]
            assert S.CANCELLED not in g.states(order.id)

    run(scene())


def test_row_26_a_rejected_change_leaves_the_order_as_it_was() -> None:
    async def scene() -> None:
        async with ground(plan(26)) as g:
            order = g.order("limit", limit=g.below())
            g.broker.submit([order])
            await g.reaches(order.id, S.WORKING)
            g.broker.replace(replace(order, limit=g.below(0.6)))
            await g.until(lambda: len(g.updates(order.id)) == 2, "answer")
            last = g.updates(order.id)[-1]
            assert (last.status, last.order.limit) == (S.WORKING, order.limit)
            assert "change refused" in last.reason
            g.broker.cancel(order.id)
            await g.reaches(order.id, S.CANCELLED)

    run(scene())


def test_row_28_a_taken_number_is_replaced_once_the_books_prove_that_nothing_arrived() -> None:
    async def scene() -> None:
        async with ground(plan(28)) as g:
            order = g.order("limit", limit=g.below())
            g.broker.submit([order])
            await g.reaches(order.id, S.WORKING)
            assert S.REJECTED not in g.states(order.id)
            placed = g.gateway.hub.exchange.open_orders()
            assert [one.order.order_ref for one in placed] == [order.id]

    run(scene())


def test_row_28_a_taken_number_of_an_order_that_did_arrive_sends_nothing() -> None:
    """The frame was doubled on its way: the broker has the order, and complains about the copy."""
    faults = rows(
        "faults:\n- name: late\n  when: {answer: [OpenOrder, OrderStatus], nth: 1}\n"
        "  do: {hold: 0.3}\n"
        "- name: copy\n  when: {request: PlaceOrder}\n  do: {error: {code: 103, id: order}}\n"
    )

    async def scene() -> None:
        async with ground(faults) as g:
            order = g.order("limit", limit=g.below())
            g.broker.submit([order])
            await g.reaches(order.id, S.WORKING)
            await g.wait(0.5)
            assert len(g.gateway.hub.exchange.open_orders()) == 1

    run(scene())


UNSEEN = """
- name: unseen
  when: {answer: [OpenOrder, OrderStatus]}
  do: drop
  times: all
"""


@pytest.mark.parametrize("also", ["", UNSEEN], ids=["shown", "never_shown"])
def test_row_29_numbers_never_come_back(also: str) -> None:
    """The orders before are filled, and shown nowhere any more: only the floor remembers them.

    Where they never were shown either, nothing but having given a number out raises the floor.
    """

    async def scene() -> None:
        async with ground(plan_and(29, also)) as g:
            numbers = []
            for count in (1, 2, 3):
                order = g.order()
                g.broker.submit([order])
                await g.reaches(order.id, S.FILLED)
                numbers.append(max(one.order_id for one in g.gateway.hub.exchange.placed()))
                for one in g.gateway.connections():
                    one.abort()
                await g.until(lambda n=count: g.connections > n, "a new connection")
                await g.ready()
                await g.quiet()
            assert numbers == sorted(set(numbers))
            assert numbers[-1] > 1_000_000, "the broker's jump is followed"
            assert g.alerts == [], "none had to be sent anew"
            assert all(g.states(f"Test-{n}")[-1] is S.FILLED for n in (1, 2, 3))

    run(scene())


def test_row_30_a_fill_under_another_permanent_id_is_not_ours() -> None:
    async def scene() -> None:
        async with ground(plan(30)) as g:
            order = g.order()
            g.broker.submit([order])
            await g.reaches(order.id, S.FILLED)
            await g.until(lambda: any(isinstance(e, ExternalFill) for e in g.externals), "external")
            await g.quiet()
            assert [fill.quantity for fill in g.fills(order.id)] == [10.0]
            (other,) = [e for e in g.externals if isinstance(e, ExternalFill)]
            assert other.perm_id == 1_999_999_999

    run(scene())


def test_row_31_orders_of_others_are_reported_and_never_touched() -> None:
    async def scene() -> None:
        faults = plan(31, a="start: 5 -> start: 0.2", b="start: 6 -> start: 0.3")
        async with ground(faults) as g:
            exchange = g.gateway.hub.exchange
            await g.until(lambda: len(exchange.placed()) == 2, "orders by hand")
            snapshot = await g.broker.snapshot()
            g.poll()
            assert any(isinstance(e, ExternalOrder) and e.order_id == -7 for e in g.externals)
            fills = [e for e in g.externals if isinstance(e, ExternalFill)]
            assert [fill.quantity for fill in fills] == [10.0]
            assert snapshot.positions.items is not None
            assert [held.quantity for held in snapshot.positions.items] == [10.0]
            await g.wait(0.3)
            assert [one.order_id for one in g.gateway.hub.exchange.open_orders()] == [-7]
            assert g.broker.book().positions["AAPL"].quantity == 10.0

    run(scene())


@pytest.mark.parametrize("row", [32, 34, 35])
def test_rows_32_34_35_repeated_missing_and_early_messages_change_nothing(row: int) -> None:
    async def scene() -> None:
        async with ground(plan(row)) as g:
            order = g.order()
            g.broker.submit([order])
            await g.reaches(order.id, S.FILLED)
            await g.quiet()
            assert [fill.quantity for fill in g.fills(order.id)] == [10.0]
            assert g.states(order.id).count(S.FILLED) == 1
            assert len(g.commissions()) == 1
            truth = g.gateway.book(ACCOUNT)
            assert g.broker.book().cash == pytest.approx(truth.cash, abs=0.005)

    run(scene())


UNLOOKED = """
- name: placed
  when: {request: PlaceOrder}
  do: mark
- name: none
  when: {answer: [OpenOrder, OrderStatus]}
  do: drop
  times: all
- name: unanswered
  when: {request: [ReqAllOpenOrders, ReqCompletedOrders, ReqExecutions], since: placed}
  do: drop
  times: all
"""
"""Nothing but executions and commissions is ever said, and no look at the books is answered."""
NAMELESS = """
- name: nameless
  when: {answer: ExecDetails}
  do: {mutate: {set: {order_ref: ""}}}
  times: all
"""


@pytest.mark.parametrize("also", ["", NAMELESS], ids=["by_reference", "by_number"])
def test_rows_34_35_executions_alone_fill_an_order(also: str) -> None:
    async def scene() -> None:
        async with ground(rows(f"faults:{UNLOOKED}{also}")) as g:
            order = g.order()
            g.broker.submit([order])
            await g.reaches(order.id, S.FILLED)
            assert g.states(order.id) == [S.FILLED]
            assert [fill.quantity for fill in g.fills(order.id)] == [10.0]
            assert len(g.commissions()) == 1
            assert g.externals == []
            assert g.broker.is_quiet, "nothing had to be asked"

    run(scene())


def test_row_35_an_execution_under_an_unknown_permanent_id_is_parked_and_resolved() -> None:
    """The order has forked at the broker, and the copy trades before it is shown. The broker tells
    that only once: its executions are those since midnight."""
    faults = rows(
        "faults:\n- name: fork\n  when: {answer: OrderStatus, seconds: 0.1}\n  do: fork\n"
        "- name: looked\n  when: {request: ReqAllOpenOrders, since: fork}\n  do: mark\n"
        "- name: unshown\n  when: {answer: [OpenOrder, OrderStatus], since: fork, until: looked}\n"
        "  do: drop\n  times: all\n"
        "- name: yesterday\n  when: {answer: ExecDetails, since: looked}\n"
        "  do: drop\n  times: all\n"
    )

    async def scene() -> None:
        async with ground(faults) as g:
            order = g.order("limit", limit=g.below())
            g.broker.submit([order])
            await g.reaches(order.id, S.WORKING)
            exchange = g.gateway.hub.exchange
            await g.until(lambda: len(exchange.open_orders()) == 2, "the fork")
            _, copy = sorted(exchange.open_orders(), key=lambda one: one.perm_id)
            exchange.accounts[ACCOUNT].fill(copy, 10.0, g.below())
            g.gateway.tell()
            await g.reaches(order.id, S.FILLED)
            assert [fill.quantity for fill in g.fills(order.id)] == [10.0]
            assert g.externals == []

    run(scene())


def test_row_33_a_status_from_before_a_fill_says_nothing() -> None:
    async def scene() -> None:
        async with ground() as g:
            order = g.order("limit", limit=g.below(), quantity=10.0)
            g.broker.submit([order])
            await g.reaches(order.id, S.WORKING)
            (placed,) = g.gateway.hub.exchange.open_orders()
            g.gateway.hub.exchange.accounts[ACCOUNT].fill(placed, 4.0, g.below())
            g.gateway.tell()
            await g.reaches(order.id, S.PARTIAL)
            told = len(g.said)
            perm = placed.perm_id
            for status in ("Submitted", "Inactive", "PendingCancel", "Filled"):
                g.broker.take(StatusSeen(placed.order_id, status, 0.0, 10.0, 0.0, perm, 0, 1, ""))
            await g.settled()
            assert len(g.said) == told
            assert g.broker.is_quiet

    run(scene())


def test_row_33_a_stale_status_never_brings_a_filled_order_back() -> None:
    async def scene() -> None:
        async with ground(plan(33, a="seconds: 60 -> seconds: 1")) as g:
            order = g.order()
            g.broker.submit([order])
            await g.reaches(order.id, S.FILLED)
            await g.wait(1.3)
            assert g.states(order.id)[-1] is S.FILLED
            assert g.states(order.id).count(S.FILLED) == 1

    run(scene())


def test_row_36_silence_makes_an_order_unknown_and_the_books_settle_it() -> None:
    async def scene() -> None:
        async with ground(plan(36), waits=SOON) as g:
            order = g.order("limit", limit=g.below())
            g.broker.submit([order])
            await g.reaches(order.id, S.UNKNOWN)
            await g.reaches(order.id, S.WORKING)
            assert len(g.gateway.hub.exchange.open_orders()) == 1

    run(scene())


def test_row_36_an_order_that_never_arrived_is_absent_after_two_complete_looks() -> None:
    faults = rows(
        "faults:\n- name: gone\n  when: {request: PlaceOrder}\n  do: drop\n"
        "- name: look\n  when: {request: ReqCompletedOrders, since: gone}\n"
        "  do: mark\n  times: all\n"
    )

    async def scene() -> None:
        async with ground(faults, waits=SOON) as g:
            order = g.order("limit", limit=g.below())
            g.broker.submit([order])
            await g.reaches(order.id, S.ABSENT)
            states = [
                s for i, s in enumerate(g.states(order.id)) if s not in g.states(order.id)[:i]
            ]
            assert states == [S.UNKNOWN, S.ABSENT]
            report = g.gateway.faults()
            assert report is not None
            assert sum(one.fault == "look" for one in report.fired) == 2
            assert g.gateway.hub.exchange.open_orders() == []

    run(scene())


def test_row_36_incomplete_looks_prove_nothing() -> None:
    faults = rows(
        "faults:\n- name: gone\n  when: {request: PlaceOrder}\n  do: [drop, mark]\n"
        "- name: unended\n  when: {answer: CompletedOrdersEnd, since: gone}\n"
        "  do: drop\n  times: all\n"
    )

    async def scene() -> None:
        async with ground(faults, waits=SOON, timings=IMPATIENT) as g:
            order = g.order("limit", limit=g.below())
            g.broker.submit([order])
            await g.reaches(order.id, S.UNKNOWN)
            await g.wait(2.5)
            assert S.ABSENT not in g.states(order.id)

    run(scene())


def test_rows_37_38_39_40_cancels() -> None:
    async def scene() -> None:
        async with ground(plan(38)) as g:
            order = g.order("limit", limit=g.below())
            g.broker.submit([order])
            await g.reaches(order.id, S.WORKING)
            g.broker.cancel(order.id)
            await g.reaches(order.id, S.FILLED)
            assert S.CANCELLED not in g.states(order.id)
        async with ground(plan(39)) as g:
            for _ in range(3):
                order = g.order("limit", limit=g.below())
                g.broker.submit([order])
                await g.reaches(order.id, S.WORKING)
                g.broker.cancel(order.id)
                await g.until(
                    lambda name=order.id: "not cancelled" in g.updates(name)[-1].reason, "refusal"
                )
                assert g.updates(order.id)[-1].status is S.WORKING, "the broker still works it"
            g.broker.cancel(order.id)
            await g.reaches(order.id, S.CANCELLED)
        async with ground(plan(40)) as g:
            order = g.order("limit", limit=g.below())
            g.broker.submit([order])
            await g.reaches(order.id, S.WORKING)
            g.broker.cancel(order.id)
            await g.reaches(order.id, S.CANCELLED)
            assert g.states(order.id).count(S.CANCELLED) == 1

    run(scene())


def test_row_43_a_what_if_without_figures_is_refused_in_both_spellings() -> None:
    async def scene() -> None:
        async with ground(plan(43)) as g:
            for _ in range(2):
                with pytest.raises(RequestError, match=r"(?i)1\.79\d*e\+?308"):
                    await g.broker.preview(g.order(), 1.0)
            known = await g.broker.preview(g.order())
            assert known.initial_change > 0.0
            assert known.commission is not None

    run(scene())


def test_row_43_a_what_if_nobody_answers_is_no_answer() -> None:
    faults = rows(
        "faults:\n- name: unsaid\n  when: {answer: OpenOrder, where: {what_if: 1}}\n  do: drop\n"
    )

    async def scene() -> None:
        async with ground(faults) as g:
            with pytest.raises(RequestError, match="has not answered"):
                async with asyncio.timeout(LONG):
                    await g.broker.preview(g.order(), 0.3)

    run(scene())


def test_row_47_every_order_names_its_account() -> None:
    async def scene() -> None:
        two = GatewaySettings(accounts=(ACCOUNT, "DU7654321"))
        async with ground(plan(47), settings=two, account="DU7654321") as g:
            order = g.order()
            g.broker.submit([order])
            await g.reaches(order.id, S.FILLED)
            assert g.gateway.book("DU7654321").positions["AAPL"].quantity == 10.0
            assert g.gateway.book(ACCOUNT).positions["AAPL"].is_flat

    run(scene())


@pytest.mark.parametrize(
    ("account", "cause"), [("", "several_accounts"), ("DU9", "account_not_managed")]
)
def test_row_47_an_account_that_is_none_or_not_ours_is_refused(account: str, cause: str) -> None:
    async def scene() -> None:
        async with ground(plan(47), account=account, opens=False) as g:
            with pytest.raises(ConnectError) as caught:
                await g.connection.open()
            assert caught.value.cause == cause

    run(scene())
