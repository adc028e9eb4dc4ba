"""Behind the client's back: what a fault plan lets happen at the broker, and what stays true."""

from __future__ import annotations

from typing import Any

import pytest

from framework.backtest.settings import BacktestSettings
from framework.components.commission import NoCommission
from framework.components.slippage import NoSlippage
from framework.emulator.exchange.behind import BackDoor
from framework.emulator.exchange.rejected import RejectedError
from framework.emulator.faults.acts import (
    CancelAtBroker,
    CorrectExecution,
    ExpireDay,
    FillOrder,
    ForkPermId,
    ManualOrder,
    MoveIds,
    OrderRef,
)
from framework.emulator.protocol.answers import CommissionReport, Error, ExecDetails, OpenOrder
from tests.unit.emulated import (
    ACCOUNT,
    Bench,
    flat_bars,
    limit,
    order,
    running,
    stepped,
    stop,
)

FREE = BacktestSettings(commission=NoCommission(), slippage=NoSlippage())
NEWEST = OrderRef()


def bench(kind: str = "running", closes: tuple[float, ...] = (100.0,) * 24) -> Bench:
    if kind == "running":
        return Bench(running([flat_bars(closes)]))
    made = Bench(stepped([flat_bars(closes)], FREE))
    made.step(2)
    return made


def door(made: Bench) -> BackDoor:
    return BackDoor(made.exchange, made.gateway.hub.market.directory)


def act(made: Bench, do: Any, *rest: Any) -> None:
    made.told.clear()
    do(*rest)
    made.hear()


# fills and ends -----------------------------------------------------------------------------


@pytest.mark.parametrize("tell", [True, False])
@pytest.mark.parametrize(
    ("quantity", "price", "filled", "paid"),
    [(None, None, 10.0, 90.0), (4.0, 91.5, 4.0, 91.5), (99.0, 88.0, 10.0, 88.0)],
)
def test_an_order_is_filled(
    tell: bool, quantity: float | None, price: float | None, filled: float, paid: float
) -> None:
    made = bench()
    placed = made.place(1, limit(90.0))
    act(made, door(made).fill, FillOrder(NEWEST, quantity, price, tell))
    assert placed is not None and (placed.filled, placed.average) == (filled, paid)
    assert made.book.positions["AAA"].quantity == filled
    assert bool(made.told) is tell
    assert len(made.answers(ExecDetails)) == len(made.answers(CommissionReport)) == int(tell)


def test_the_order_meant_is_the_newest_or_the_one_that_is_named() -> None:
    made = bench()
    for number in (1, 2, 3):
        made.place(number, limit(90.0))
    made.place(1, limit(90.0), client=2)
    found = made.exchange.placed()
    act(made, door(made).fill, FillOrder(OrderRef(2, 1), None, None, True))
    act(made, door(made).fill, FillOrder(OrderRef(1, None), None, None, True))
    act(made, door(made).fill, FillOrder(OrderRef(None, 1), None, None, True))
    assert [one.status for one in found] == ["Submitted", "Filled", "Filled", "Filled"]
    act(made, door(made).fill, FillOrder(OrderRef(9, None), None, None, True))
    assert not made.told, "nobody is meant"


@pytest.mark.parametrize("tell", [True, False])
def test_an_order_is_cancelled_unasked(tell: bool) -> None:
    made = bench()
    placed = made.place(1, limit(90.0))
    act(made, door(made).cancel, CancelAtBroker(NEWEST, tell))
    assert placed is not None and placed.status == "Cancelled"
    assert [one.code for one in made.answers(Error, 1)] == [202] * tell


@pytest.mark.parametrize("kind", ["running", "stepped"])
def test_the_day_ends_and_takes_children_with_it(kind: str) -> None:
    """Children that are good until cancelled stay with what has been opened."""
    made = bench(kind)
    made.place(1, order(tif="DAY", transmit=False))
    made.place(2, stop(90.0, parent_id=1, tif="DAY", transmit=False))
    made.place(3, limit(110.0, "SELL", parent_id=1))
    made.place(4, limit(80.0, tif="DAY"))
    made.place(5, limit(80.0))
    if kind == "stepped":
        made.step()
    act(made, door(made).expire_day, ExpireDay(False))
    states = {one.order_id: one.status for one in made.exchange.placed()}
    assert states == {
        1: "Filled", 2: "Cancelled", 3: "Submitted", 4: "Cancelled", 5: "Submitted"
    }  # fmt: skip
    assert not made.told
    made.step(3)
    assert {one.order_id: one.status for one in made.exchange.placed()} == states


# other hands --------------------------------------------------------------------------------


@pytest.mark.parametrize("fill", [True, False])
@pytest.mark.parametrize("number", [0, -7])
def test_an_order_is_typed_into_tws(fill: bool, number: int) -> None:
    made = bench()
    act(made, door(made).manual, ManualOrder("AAA", "BUY", 5.0, 90.0, number, 0, "GTC", fill))
    (placed,) = made.exchange.placed()
    assert (placed.order_id, placed.client_id) == (number, 0)
    assert placed.status == ("Filled" if fill else "Submitted")
    assert made.book.positions["AAA"].quantity == (5.0 if fill else 0.0)
    assert {one.client_id for one in made.told} == {0}


def test_a_manual_order_is_in_the_stock_of_the_newest_order_or_the_first() -> None:
    made = Bench(running([flat_bars(), flat_bars(symbol="BBB")]))
    from tests.unit.emulated import stock

    act(made, door(made).manual, ManualOrder(quantity=1.0, limit=90.0))
    made.place(1, limit(90.0), stock("BBB"))
    act(made, door(made).manual, ManualOrder(quantity=1.0, limit=90.0, order_id=-1))
    assert [one.contract.symbol for one in made.exchange.placed()] == ["AAA", "BBB", "BBB"]


def test_a_manual_order_for_what_nobody_knows_is_not_possible() -> None:
    made = bench()
    with pytest.raises(RejectedError, match="200"):
        door(made).manual(ManualOrder("ZZZ"))
    assert made.exchange.placed() == []


def test_another_clients_order_can_be_cancelled_by_it_alone() -> None:
    made = bench()
    act(made, door(made).manual, ManualOrder("AAA", "BUY", 5.0, 90.0, 3, 99, "GTC"))
    with pytest.raises(RejectedError, match="10147"):
        made.cancel(3)
    made.cancel(3, client=99)
    assert made.exchange.placed()[0].status == "Cancelled"


# two lives ----------------------------------------------------------------------------------


def test_a_fork_is_an_order_of_its_own_with_what_is_left() -> None:
    made = bench()
    made.place(1, limit(90.0, order_ref="mine"))
    act(made, door(made).fill, FillOrder(NEWEST, 4.0, None, True))
    act(made, door(made).fork, ForkPermId(NEWEST))
    one, other = made.exchange.placed()
    assert (one.order_id, other.order_id) == (1, 1)
    assert one.perm_id != other.perm_id
    assert (other.order.total_quantity, other.order.order_ref) == (6.0, "mine")
    assert other.status == "Submitted"
    shown = made.answers(OpenOrder, 1)
    assert [each.order.perm_id for each in shown] == [other.perm_id]
    made.cancel(1)
    assert (one.status, other.status) == ("Cancelled", "Submitted"), "its client knows of one"
    act(made, door(made).fill, FillOrder(NEWEST, None, None, True))
    assert made.book.positions["AAA"].quantity == 10.0


# never been here ----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["running", "stepped"])
def test_a_family_is_forgotten_whole(kind: str) -> None:
    made = bench(kind, (100.0,) * 6 + (90.0,) * 18)
    made.place(1, limit(95.0, transmit=False))
    made.place(2, stop(80.0, parent_id=1, transmit=False))
    made.place(3, limit(105.0, "SELL", parent_id=1))
    perms = {one.perm_id for one in made.exchange.placed()}
    act(made, door(made).forget, perms)
    assert made.exchange.placed() == [] and not made.told
    made.step(9)
    assert made.exchange.placed() == [] and not made.told
    assert made.book.positions["AAA"].is_flat
    with pytest.raises(RejectedError, match="10147"):
        made.cancel(1)


@pytest.mark.parametrize("kind", ["running", "stepped"])
def test_a_forgotten_child_does_not_come_back(kind: str) -> None:
    made = bench(kind, (100.0,) * 6 + (94.0,) * 18)
    made.place(1, limit(95.0, transmit=False))
    made.place(2, stop(80.0, parent_id=1))
    act(made, door(made).forget, {made.exchange.placed()[1].perm_id})
    while made.exchange.placed()[0].status != "Filled":
        made.step()
    made.step(2)
    assert [one.order_id for one in made.exchange.placed()] == [1]


@pytest.mark.parametrize("kind", ["running", "stepped"])
@pytest.mark.parametrize("is_sent", [True, False])
def test_children_of_a_forgotten_parent_end(kind: str, is_sent: bool) -> None:
    made = bench(kind)
    made.place(1, limit(95.0, transmit=False))
    made.place(2, stop(80.0, parent_id=1, transmit=is_sent))
    act(made, door(made).forget, {made.exchange.placed()[0].perm_id})
    (child,) = made.exchange.placed()
    assert (child.order_id, child.status) == (2, "Cancelled")
    made.step(3)


def test_a_forgotten_mate_does_not_end_its_group() -> None:
    made = bench()
    made.place(1, limit(90.0, oca_group="g"))
    made.place(2, limit(91.0, oca_group="g"))
    act(made, door(made).forget, {made.exchange.placed()[1].perm_id})
    account = made.exchange.accounts[ACCOUNT]
    (left,) = made.exchange.placed()
    assert left.status == "Submitted" and left.key in account.working


def test_what_a_forgotten_order_has_traded_stays() -> None:
    made = bench()
    made.place(1, order())
    act(made, door(made).forget, {made.exchange.placed()[0].perm_id})
    assert made.exchange.placed() == []
    assert made.book.positions["AAA"].quantity == 10.0
    assert len(made.exchange.accounts[ACCOUNT].executions.all) == 1


def test_a_forgotten_orders_id_stays_used() -> None:
    """Its client was told it; only a restart may free it."""
    made = bench()
    made.place(4, limit(90.0))
    act(made, door(made).forget, {made.exchange.placed()[0].perm_id})
    with pytest.raises(RejectedError, match="103"):
        made.place(4, limit(90.0))


# ids ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("moved", "following"),
    [(MoveIds(2, None, False), 2), (MoveIds(None, -3, False), 3), (MoveIds(None, -99, False), 1),
     (MoveIds(5000, None, False), 5000), (MoveIds(None, 10, False), 16)],
)  # fmt: skip
def test_ids_move_for_everybody(moved: MoveIds, following: int) -> None:
    made = bench()
    made.place(5, limit(90.0))
    assert door(made).move_ids(moved) == following
    assert made.exchange.ids.next_order(1) == following
    assert made.exchange.ids.next_order(77) == following, "of a client that has used none, too"


def test_ids_that_are_free_again_are_other_orders() -> None:
    made = bench()
    for number in (1, 2, 3):
        made.place(number, limit(90.0))
    old = made.exchange.placed()
    door(made).move_ids(MoveIds(2, None, False))
    new = made.place(2, limit(85.0))
    assert new is not None and new.perm_id not in {one.perm_id for one in old}
    made.cancel(2)
    assert new.status == "Cancelled"
    assert [one.status for one in old] == ["Submitted"] * 3
    made.cancel(1)
    assert old[0].status == "Cancelled", "an id below is what it was"
    assert made.exchange.ids.next_order(1) == 3


# corrections --------------------------------------------------------------------------------


def test_the_last_execution_of_the_order_meant_is_corrected() -> None:
    made = bench()
    made.place(1, order(quantity=3.0))
    made.place(2, order(quantity=4.0))
    act(made, door(made).correct, CorrectExecution(OrderRef(1), 90.0, None))
    details, report = made.fresh()
    assert isinstance(details, ExecDetails) and isinstance(report, CommissionReport)
    assert (details.order_id, details.execution.price, details.execution.shares) == (1, 90.0, 3.0)
    assert details.execution.exec_id == report.exec_id
    assert details.execution.exec_id.endswith(".02")
    act(made, door(made).correct, CorrectExecution(NEWEST, None, 2.0))
    corrected = made.answers(ExecDetails)[0]
    assert (corrected.order_id, corrected.execution.shares) == (2, 2.0)
    assert made.book.positions["AAA"].quantity == 5.0


def test_an_order_that_has_not_traded_is_not_corrected() -> None:
    made = bench()
    made.place(1, limit(90.0))
    act(made, door(made).correct, CorrectExecution(NEWEST, 1.0, None))
    assert not made.told
