"""Families: transmitted together, held until their parent fills, ended with it."""

from __future__ import annotations

from typing import Any

import pytest

from framework.backtest.settings import BacktestSettings
from framework.components.commission import NoCommission
from framework.components.liquidity import FixedUnits
from framework.components.slippage import NoSlippage
from framework.emulator.exchange.placed import Placed
from framework.emulator.protocol.answers import Error, OpenOrder
from tests.unit.emulated import Bench, flat_bars, limit, order, running, stepped, stock, stop

FREE = BacktestSettings(commission=NoCommission(), slippage=NoSlippage())
SIDES = ("running", "stepped")
FALL = (100.0,) * 6 + (94.0,) * 6 + (106.0,) * 12
"""Falls, then rises beyond where it began."""


def bench(kind: str, closes: tuple[float, ...] = (100.0,) * 24, **more: Any) -> Bench:
    if kind == "running":
        return Bench(running([flat_bars(closes), flat_bars(symbol="BBB")], **more))
    made = Bench(stepped([flat_bars(closes), flat_bars(symbol="BBB")], FREE, **more))
    made.step(2)
    return made


def bracket(made: Bench, entry: float = 95.0, quantity: float = 10.0) -> list[Placed]:
    """An entry, a stop and a target, the last of which transmits."""
    made.place(1, limit(entry, quantity=quantity, transmit=False))
    made.place(2, stop(90.0, quantity=quantity, parent_id=1, transmit=False))
    made.place(3, limit(105.0, "SELL", quantity, parent_id=1))
    return made.exchange.placed()


def states(made: Bench) -> list[str]:
    return [one.status for one in made.exchange.placed()]


def until_done(made: Bench, steps: int) -> None:
    kind = 20 if not hasattr(made.gateway._prices, "step") else 1
    made.step(steps * kind // (1 if kind == 1 else 5))


@pytest.mark.parametrize("kind", SIDES)
def test_nothing_is_sent_before_one_of_the_family_transmits(kind: str) -> None:
    made = bench(kind, FALL)
    made.place(1, limit(95.0, transmit=False))
    made.place(2, stop(90.0, parent_id=1, transmit=False))
    until_done(made, 8)
    assert made.book.positions["AAA"].is_flat
    assert states(made) == ["PreSubmitted", "PreSubmitted"]
    made.place(3, limit(105.0, "SELL", parent_id=1))
    assert [one.is_sent for one in made.exchange.placed()] == [True, True, True]


@pytest.mark.parametrize("kind", SIDES)
def test_a_parent_sent_again_with_transmit_sends_its_family(kind: str) -> None:
    made = bench(kind)
    made.place(1, limit(95.0, transmit=False))
    made.place(2, stop(90.0, parent_id=1, transmit=False))
    made.place(1, limit(95.0))
    assert [one.is_sent for one in made.exchange.placed()] == [True, True]
    assert states(made) == ["Submitted", "PreSubmitted"]


@pytest.mark.parametrize("kind", SIDES)
def test_children_wait_for_their_parent_and_end_each_other(kind: str) -> None:
    made = bench(kind, FALL)
    family = bracket(made)
    assert states(made) == ["Submitted", "PreSubmitted", "PreSubmitted"]
    while family[0].status != "Filled":
        made.step()
    assert states(made)[2] == "Submitted"
    while family[2].status != "Filled":
        made.step()
    assert states(made) == ["Filled", "Cancelled", "Filled"]
    assert made.book.positions["AAA"].is_flat


@pytest.mark.parametrize("kind", SIDES)
@pytest.mark.parametrize("by", ["one", "all"])
def test_a_parent_that_ends_unfilled_ends_its_children(kind: str, by: str) -> None:
    made = bench(kind)
    bracket(made)
    if by == "one":
        made.cancel(1)
    else:
        made.exchange.cancel_all()
        made.hear()
    assert states(made) == ["Cancelled"] * 3
    assert [one.code for one in made.answers(Error)].count(202) == 3


@pytest.mark.parametrize("kind", SIDES)
def test_a_child_can_be_cancelled_before_its_parent_fills(kind: str) -> None:
    made = bench(kind, FALL)
    family = bracket(made)
    made.cancel(3)
    while family[0].status != "Filled":
        made.step()
    made.step()
    assert states(made) == ["Filled", "PreSubmitted", "Cancelled"]


@pytest.mark.parametrize("kind", SIDES)
def test_a_child_can_be_changed_before_its_parent_fills(kind: str) -> None:
    made = bench(kind, FALL)
    family = bracket(made)
    made.place(3, limit(104.0, "SELL", parent_id=1))
    while family[2].status != "Filled":
        made.step()
    execution = made.exchange.accounts["DU1234567"].executions.all[-1].details.execution
    assert execution.price >= 104.0


@pytest.mark.parametrize("kind", SIDES)
def test_a_child_of_a_filled_parent_works_at_once(kind: str) -> None:
    made = bench(kind, FALL)
    first = made.place(1, limit(95.0))
    while first is not None and first.status != "Filled":
        made.step()
    made.place(2, limit(105.0, "SELL", parent_id=1))
    assert states(made) == ["Filled", "Submitted"]


@pytest.mark.parametrize("kind", SIDES)
@pytest.mark.parametrize("what", ["nothing", "cancelled", "refused"])
def test_a_child_needs_a_parent(kind: str, what: str) -> None:
    made = bench(kind)
    if what != "nothing":
        made.place(1, limit(95.0) if what == "cancelled" else limit(95.001))
    if what == "cancelled":
        made.cancel(1)
    made.place(2, stop(90.0, parent_id=1))
    assert made.answers(Error, 2)[0].code == 10006
    assert states(made)[-1] == "Inactive"


@pytest.mark.parametrize("kind", SIDES)
def test_a_child_of_another_clients_order_has_no_parent(kind: str) -> None:
    made = bench(kind)
    made.place(1, limit(95.0))
    made.place(2, stop(90.0, parent_id=1), client=2)
    assert made.answers(Error, 2)[0].code == 10006


@pytest.mark.parametrize("kind", SIDES)
def test_a_family_trades_for_one_account(kind: str) -> None:
    """A child for another account would take its parent there."""
    made = bench(kind, accounts=("DU1", "DU2"))
    made.place(1, limit(95.0, account="DU1", transmit=False))
    made.place(2, stop(90.0, account="DU2", parent_id=1))
    assert made.answers(Error, 2)[0].code == 321
    assert not made.exchange.accounts["DU2"].orders
    assert states(made) == ["PreSubmitted", "Inactive"]


@pytest.mark.parametrize("kind", SIDES)
def test_a_child_has_no_children(kind: str) -> None:
    """The matching engine knows none: rather refused than sent without what it waits for."""
    made = bench(kind)
    made.place(1, limit(95.0, transmit=False))
    made.place(2, stop(90.0, parent_id=1, transmit=False))
    made.place(3, limit(95.0, parent_id=2))
    assert made.answers(Error, 3)[0].code == 321
    assert states(made) == ["PreSubmitted", "PreSubmitted", "Inactive"]


# what a house protects, and what it does not ------------------------------------------------


def parts(kind: str) -> Bench:
    """Four units trade in a bar."""
    house = BacktestSettings(
        commission=NoCommission(), slippage=NoSlippage(), liquidity=FixedUnits(4.0)
    )
    bars = [flat_bars((100.0,) * 3 + (94.0,) * 21)]
    if kind == "stepped":
        return Bench(stepped(bars, house))
    gateway = running(bars)
    from dataclasses import replace

    from framework.emulator.build import live_house

    first = live_house(gateway.hub.market)
    small = replace(first, models=replace(first.models, liquidity=FixedUnits(4.0)))
    return Bench(running(bars, small))


def test_in_lockstep_children_cover_what_their_parent_has_opened_so_far() -> None:
    made = parts("stepped")
    made.step(2)
    family = bracket(made)
    made.step(2)
    assert (family[0].filled, family[1].order.total_quantity) == (4.0, 4.0)
    assert family[2].status == "Submitted"
    made.step(2)
    assert (family[0].filled, family[1].order.total_quantity) == (10.0, 10.0)


def test_live_children_wait_until_their_parent_has_filled_whole() -> None:
    made = parts("running")
    family = bracket(made)
    while not family[0].filled:
        made.step()
    assert family[0].filled == 4.0
    assert [one.status for one in family[1:]] == ["PreSubmitted", "PreSubmitted"]
    assert family[2].key not in made.exchange.accounts["DU1234567"].working
    while family[0].status != "Filled":
        made.step()
    assert family[2].status == "Submitted"
    assert [one.order.total_quantity for one in family] == [10.0, 10.0, 10.0]


def test_live_children_of_a_parent_cancelled_in_part_cover_that_part() -> None:
    made = parts("running")
    family = bracket(made)
    while not family[0].filled:
        made.step()
    made.cancel(1)
    assert states(made) == ["Cancelled", "PreSubmitted", "Submitted"]
    assert [one.order.total_quantity for one in family[1:]] == [4.0, 4.0]


def test_live_children_are_not_bound_to_the_position() -> None:
    """An order of its own may have closed it: they work on, as Interactive Brokers' do."""
    made = bench("running", FALL)
    family = bracket(made)
    while family[0].status != "Filled":
        made.step()
    made.place(4, order("MKT", "SELL"))
    assert made.book.positions["AAA"].is_flat
    assert states(made) == ["Filled", "PreSubmitted", "Submitted", "Filled"]


def test_lockstep_children_die_with_what_they_protect() -> None:
    made = bench("stepped", FALL)
    bracket(made)
    made.step(6)
    made.place(4, order("MKT", "SELL"))
    made.step(1)
    assert made.book.positions["AAA"].is_flat
    assert states(made)[1:3] == ["Cancelled", "Cancelled"]


@pytest.mark.parametrize("kind", SIDES)
def test_a_child_that_protects_nothing_waits_all_the_same(kind: str) -> None:
    """Such as a hedge in another instrument."""
    made = bench(kind, FALL)
    made.place(1, limit(95.0, transmit=False))
    made.place(2, order("MKT", "SELL", parent_id=1), stock("BBB"))
    assert states(made) == ["Submitted", "PreSubmitted"]
    assert made.book.positions["BBB"].is_flat
    while made.exchange.placed()[0].status != "Filled":
        made.step()
    made.step(2)
    assert states(made) == ["Filled", "Filled"]
    assert made.book.positions["BBB"].quantity == -10.0


@pytest.mark.parametrize("kind", SIDES)
def test_a_family_shows_whose_child_is_whose(kind: str) -> None:
    made = bench(kind)
    family = bracket(made)
    shown = made.answers(OpenOrder)
    assert {one.order.parent_id for one in shown if one.order_id in (2, 3)} == {1}
    assert {one.order_status().parent_id for one in family[1:]} == {1}
    assert family[0].order_status().parent_id == 0
