"""Ids, who may use them again, and what a change may be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from framework.emulator.exchange.ids import Ids
from framework.emulator.exchange.rejected import RejectedError
from framework.emulator.protocol.answers import Error, OpenOrder, OrderStatus
from framework.errors import DataError
from tests.unit.emulated import ACCOUNT, Bench, flat_bars, limit, order, running, stock, stop


def bench(**settings: Any) -> Bench:
    return Bench(running([flat_bars(), flat_bars(symbol="BBB")], **settings))


def code_of(made: Bench, number: int, *rest: Any, **more: Any) -> int:
    """The code an order is answered with: raised, or told on its id; 0 if it is taken."""
    made.told.clear()
    try:
        made.place(number, *rest, **more)
    except RejectedError as error:
        return error.code
    told = made.answers(Error, number)
    return told[0].code if told else 0


def test_ids_begin_at_one_and_go_on_after_the_highest_used() -> None:
    made = bench()
    assert made.exchange.ids.next_order(1) == 1
    made.place(5, limit(90.0))
    assert made.exchange.ids.next_order(1) == 6
    assert made.exchange.ids.next_order(2) == 1, "each client has its own"


@pytest.mark.parametrize("number", [5, 4, 1, 0, -3])
def test_an_id_that_is_not_above_the_last_is_a_duplicate(number: int) -> None:
    made = bench()
    made.place(5, limit(90.0))
    changed = limit(90.0, "SELL", 7.0)
    assert code_of(made, number, changed) == 103


@pytest.mark.parametrize(
    "wire", [order("ABC"), limit(90.001), limit(90.0, quantity=0.5), stop(0.0), limit(0.0)]
)
def test_an_id_is_used_up_by_an_order_that_is_refused(wire: Any) -> None:
    made = bench()
    assert code_of(made, 1, wire) in (387, 110, 10243, 321)
    assert made.exchange.ids.next_order(1) == 2
    assert code_of(made, 1, limit(90.0)) == 103


def test_two_clients_may_use_the_same_number() -> None:
    made = bench()
    one = made.place(1, limit(90.0))
    other = made.place(1, limit(91.0), client=2)
    assert one is not None and other is not None and one.perm_id != other.perm_id
    made.cancel(1, client=2)
    assert (one.status, other.status) == ("Submitted", "Cancelled")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (limit(91.0), 0),
        (limit(90.0, quantity=20.0), 0),
        (limit(90.0, tif="DAY"), 0),
        (order(), 0),
        (limit(90.0, "SELL"), 103),
        (limit(91.003), 110),
        (order("ABC"), 387),
        (limit(90.0, quantity=0.0), 434),
        (limit(90.0, tif="XYZ"), 321),
    ],
)
def test_what_a_change_of_a_working_order_may_be(change: Any, code: int) -> None:
    made = bench()
    placed = made.place(1, limit(90.0))
    assert placed is not None
    assert code_of(made, 1, change) == code
    if code:
        assert (placed.status, placed.order.lmt_price) == ("Submitted", 90.0)
    else:
        assert placed.order.order_type == change.order_type


def test_a_change_of_another_contract_is_a_duplicate() -> None:
    made = bench()
    made.place(1, limit(90.0))
    assert code_of(made, 1, limit(90.0), stock("BBB")) == 103
    assert code_of(made, 1, limit(90.0), stock("ZZZ")) == 103


def test_a_filled_order_cannot_be_changed_and_its_id_is_taken() -> None:
    made = bench()
    placed = made.place(1, limit(101.0))
    assert placed is not None and placed.status == "Filled"
    assert code_of(made, 1, limit(102.0)) == 104
    assert code_of(made, 1, limit(101.0)) == 103
    assert code_of(made, 1, limit(101.0, quantity=50.0)) == 103


def test_a_cancelled_orders_id_is_taken() -> None:
    made = bench()
    made.place(1, limit(90.0))
    made.cancel(1)
    assert code_of(made, 1, limit(91.0)) == 103


def test_cancels_of_what_is_not_there_or_done() -> None:
    made = bench()
    with pytest.raises(RejectedError, match="10147"):
        made.cancel(9)
    made.place(1, limit(101.0))
    with pytest.raises(RejectedError, match=r"10148.*state: Filled"):
        made.cancel(1)
    made.place(2, limit(90.0))
    with pytest.raises(RejectedError, match="10147"):
        made.cancel(2, client=2)
    made.cancel(2)
    with pytest.raises(RejectedError, match=r"10148.*state: Cancelled"):
        made.cancel(2)


def test_a_cancel_is_told_by_a_status_and_a_confirmation() -> None:
    made = bench()
    made.place(1, limit(90.0))
    made.told.clear()
    made.cancel(1)
    status, error = made.fresh()
    assert isinstance(status, OrderStatus) and status.status == "Cancelled"
    assert isinstance(error, Error) and (error.req_id, error.code) == (1, 202)


def test_accounts_are_named_where_there_are_several() -> None:
    made = bench(accounts=("DU1", "DU2"))
    assert code_of(made, 1, limit(90.0)) == 321
    assert code_of(made, 1, limit(90.0, account="DU9")) == 321
    assert code_of(made, 1, limit(90.0, account="DU2")) == 0
    shown = made.answers(OpenOrder, 1)[0]
    assert shown.order.account == "DU2"


def test_the_only_account_is_shown_where_none_was_named() -> None:
    made = bench()
    made.place(1, limit(90.0))
    assert made.answers(OpenOrder, 1)[0].order.account == ACCOUNT


@pytest.mark.parametrize(
    ("contract", "code"),
    [
        (stock("ZZZ"), 200),
        (stock(""), 200),
    ],
)
def test_an_unknown_contract(contract: Any, code: int) -> None:
    assert code_of(bench(), 1, limit(90.0), contract) == code


# over restarts -----------------------------------------------------------------------------


def test_ids_go_on_after_a_restart(tmp_path: Path) -> None:
    file = tmp_path / "ids.json"
    first = bench(ids_file=file)
    for number in (3, 4):
        first.place(number, limit(101.0))
    first.gateway.save_ids()
    second = bench(ids_file=file)
    assert second.exchange.ids.next_order(1) == 5
    assert code_of(second, 4, limit(90.0)) == 103
    second.place(5, limit(101.0))
    perms = {one.perm_id for one in (*first.exchange.placed(), *second.exchange.placed())}
    assert len(perms) == 3
    executions = [
        one.details.execution.exec_id
        for made in (first, second)
        for one in made.exchange.accounts[ACCOUNT].executions.all
    ]
    assert len(set(executions)) == 3


def test_ids_are_read_back_as_they_were_written(tmp_path: Path) -> None:
    file = tmp_path / "ids.json"
    ids = Ids()
    ids.used(7, 99)
    ids.next_perm()
    ids.next_execution()
    ids.move(40)
    ids.save(file)
    assert Ids.load(file) == ids
    assert Ids.load(tmp_path / "none.json") == Ids()


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"perm": 1, "execution": 1, "orders": 3}', "x"])
def test_a_file_that_holds_no_ids_is_named(tmp_path: Path, text: str) -> None:
    file = tmp_path / "ids.json"
    file.write_text(text)
    with pytest.raises(DataError, match=r"ids\.json holds no ids"):
        Ids.load(file)


def test_ids_of_an_older_file_have_no_floor_of_their_own(tmp_path: Path) -> None:
    file = tmp_path / "ids.json"
    file.write_text('{"perm": 5, "execution": 6, "orders": {"1": 9}}')
    assert Ids.load(file) == Ids(5, 6, {1: 9}, 1)
