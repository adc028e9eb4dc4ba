"""Combos: whole or not at all, at a signed net price, for as long as they are good."""

from __future__ import annotations

from typing import Any

import pytest

from framework.backtest.settings import BacktestSettings
from framework.components.commission import PerShare
from framework.components.slippage import NoSlippage
from framework.emulator.exchange.placed import Placed
from framework.emulator.exchange.rejected import RejectedError
from framework.emulator.protocol.answers import (
    CommissionReport,
    Error,
    ExecDetails,
    OpenOrder,
    OrderStatus,
)
from framework.emulator.protocol.contract import ComboLeg, WireContract
from tests.unit.emulated import (
    ACCOUNT,
    Bench,
    daily_bars,
    flat_bars,
    limit,
    order,
    running,
    stepped,
    stop,
)

HOUSE = BacktestSettings(
    cash=1_000_000.0, commission=PerShare(0.0, per_order=1.0), slippage=NoSlippage()
)
SPREAD = ((1, "BUY"), (1, "SELL"))


def combo(made: Bench, legs: Any = SPREAD) -> WireContract:
    """Of AAA and BBB: ratio and action of each leg."""
    listed = made.gateway.hub.market.directory
    found = tuple(
        ComboLeg(listed.by_key(symbol).con_id, ratio, action, "SMART")
        for symbol, (ratio, action) in zip(("AAA", "BBB"), legs, strict=False)
    )
    return WireContract(
        symbol="AAA", sec_type="BAG", exchange="SMART", currency="USD", combo_legs=found
    )


def made_of(
    ours: tuple[float, ...] = (100.0,) * 24,
    theirs: tuple[float, ...] = (60.0,) * 24,
    kind: str = "stepped",
) -> Bench:
    bars = [flat_bars(ours), flat_bars(theirs, "BBB")]
    made = Bench(stepped(bars, HOUSE) if kind == "stepped" else running(bars))
    if kind == "stepped":
        made.step()
    return made


def held(made: Bench) -> tuple[float, float]:
    return made.book.positions["AAA"].quantity, made.book.positions["BBB"].quantity


def placed(made: Bench, wire: Any, legs: Any = SPREAD, number: int = 1) -> Placed:
    found = made.place(number, wire, combo(made, legs))
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("action", "price", "legs", "trades"),
    [
        ("BUY", 40.0, SPREAD, True),
        ("BUY", 39.5, SPREAD, False),
        ("SELL", 40.0, SPREAD, True),
        ("SELL", 40.5, SPREAD, False),
        ("BUY", -40.0, ((1, "SELL"), (1, "BUY")), True),
        ("BUY", -40.5, ((1, "SELL"), (1, "BUY")), False),
        ("SELL", -40.0, ((1, "SELL"), (1, "BUY")), True),
        ("SELL", -39.5, ((1, "SELL"), (1, "BUY")), False),
        ("BUY", 160.0, ((1, "BUY"), (1, "BUY")), True),
        ("BUY", 280.0, ((1, "BUY"), (3, "BUY")), True),
        ("BUY", 279.0, ((1, "BUY"), (3, "BUY")), False),
        ("BUY", 140.0, ((2, "BUY"), (1, "SELL")), True),
    ],
)
def test_a_net_price_is_signed_and_is_the_worst_there_may_be(
    action: str, price: float, legs: Any, trades: bool
) -> None:
    """A credit is a negative price; selling a combo takes the other side of every leg."""
    made = made_of()
    one = placed(made, limit(price, action, 5.0), legs)
    assert one.status == "Submitted"
    made.step()
    assert one.status == ("Filled" if trades else "Submitted")
    turn = 1 if action == "BUY" else -1
    signs = [ratio * (1 if side == "BUY" else -1) for ratio, side in legs]
    assert held(made) == (tuple(5.0 * turn * each for each in signs) if trades else (0.0, 0.0))


def test_executions_are_those_of_the_legs_and_of_the_whole() -> None:
    made = made_of()
    one = placed(made, limit(41.0, quantity=3.0, order_ref="mine"))
    made.told.clear()
    made.step()
    kinds = [type(each.answer) for each in made.told]
    assert kinds == [
        ExecDetails,
        ExecDetails,
        ExecDetails,
        OpenOrder,
        OrderStatus,
        OpenOrder,
        CommissionReport,
        OpenOrder,
        CommissionReport,
    ]
    details = made.answers(ExecDetails)
    assert [(e.contract.sec_type, e.execution.side) for e in details] == [
        ("STK", "BOT"),
        ("STK", "SLD"),
        ("BAG", "BOT"),
    ]
    assert [e.execution.shares for e in details] == [3.0, 3.0, 3.0]
    assert [e.execution.price for e in details] == [100.0, 60.0, 40.0]
    assert {e.execution.order_ref for e in details} == {"mine"}
    assert {e.execution.perm_id for e in details} == {one.perm_id}
    assert len({e.execution.exec_id for e in details}) == 3
    assert (one.filled, one.remaining, one.average) == (3.0, 0.0, 40.0)
    assert one.commission == 2.0
    assert made.book.cash == 1_000_000.0 - 3 * 40.0 - 2.0


def test_a_sold_combos_average_is_what_was_received() -> None:
    made = made_of()
    one = placed(made, order("MKT", "SELL", 2.0))
    made.step()
    assert one.average == 40.0
    details = made.answers(ExecDetails)
    assert (details[-1].execution.side, details[-1].execution.price) == ("SLD", 40.0)


def test_a_combo_waits_for_its_price_and_trades_whole() -> None:
    made = made_of((100.0,) * 4 + (95.0,) * 8)
    one = placed(made, limit(36.0, quantity=7.0))
    made.step(2)
    assert held(made) == (0.0, 0.0)
    made.step(2)
    assert one.status == "Filled" and held(made) == (7.0, -7.0)


@pytest.mark.parametrize("kind", ["stepped", "running"])
def test_what_cannot_trade_at_once_ends(kind: str) -> None:
    made = made_of(kind=kind)
    one = placed(made, limit(30.0, tif="IOC"))
    other = placed(made, limit(45.0, tif="IOC"), number=2)
    made.step()
    assert (one.status, other.status) == ("Cancelled", "Filled")
    assert [each.code for each in made.answers(Error, 1)] == [202]


def test_a_combo_for_the_day_ends_with_the_session() -> None:
    made = made_of()
    one = placed(made, limit(30.0, tif="DAY"))
    made.step(4)
    assert one.status == "Submitted"
    made.step()
    assert one.status == "Cancelled" and one.reason == "its day is over"


def test_a_combo_placed_at_a_close_is_for_the_next_day() -> None:
    made = made_of()
    made.step(5)
    one = placed(made, limit(30.0, tif="DAY"))
    made.step(5)
    assert one.status == "Submitted"
    made.step()
    assert one.status == "Cancelled"


def test_a_combo_for_the_day_trades_on_daily_bars() -> None:
    """Placed at one day's close it is good for the whole next one."""
    bars = [daily_bars((100.0,) * 6), daily_bars((60.0,) * 6, "BBB")]
    made = Bench(stepped(bars, HOUSE))
    made.step()
    one = placed(made, order(tif="DAY"))
    other = placed(made, limit(30.0, tif="DAY"), number=2)
    made.step()
    assert (one.status, other.status) == ("Filled", "Cancelled")


def test_a_combo_until_cancelled_outlives_the_day() -> None:
    made = made_of()
    one = placed(made, limit(30.0))
    made.step(12)
    assert one.status == "Submitted"
    made.cancel(1)
    assert one.status == "Cancelled"
    made.step(3)
    assert held(made) == (0.0, 0.0)


def test_a_combo_can_be_changed() -> None:
    made = made_of()
    one = placed(made, limit(30.0))
    made.place(1, limit(41.0, quantity=4.0), combo(made))
    made.step()
    assert one.status == "Filled" and held(made) == (4.0, -4.0)


@pytest.mark.parametrize(
    ("wire", "legs", "code"),
    [
        (stop(5.0, "BUY"), SPREAD, 387),
        (limit(30.0, quantity=0.0), SPREAD, 434),
        (limit(30.0, tif="GTD"), SPREAD, 321),
        (order("LMT"), SPREAD, 321),
        (limit(30.0, "SELL"), SPREAD, 103),
        (limit(30.0), ((1, "SELL"), (1, "BUY")), 103),
        (limit(30.0), ((2, "BUY"), (1, "SELL")), 103),
    ],
)
def test_what_a_combo_cannot_be_changed_into(wire: Any, legs: Any, code: int) -> None:
    made = made_of()
    one = placed(made, limit(30.0))
    with pytest.raises(RejectedError, match=str(code)):
        made.place(1, wire, combo(made, legs))
    assert (one.order.order_type, one.order.lmt_price) == ("LMT", 30.0)
    made.step()
    assert one.status == "Submitted"


@pytest.mark.parametrize(
    ("wire", "code"),
    [
        (stop(5.0, "BUY"), 387),
        (order("TRAIL", aux_price=1.0), 387),
        (limit(30.0, quantity=0.0), 434),
        (limit(30.0, quantity=1.5), 434),
        (limit(30.0, tif="OPG"), 321),
        (order("LMT"), 321),
        (limit(30.0, "HOLD"), 321),
    ],
)
def test_what_a_combo_cannot_be(wire: Any, code: int) -> None:
    made = made_of()
    one = placed(made, wire)
    assert one.status == "Inactive"
    assert made.answers(Error, 1)[0].code == code


@pytest.mark.parametrize(("legs", "code"), [((), 321), (((0, "BUY"),), 321), (((1, "HOLD"),), 321)])
def test_legs_that_are_none(legs: Any, code: int) -> None:
    made = made_of()
    with pytest.raises(RejectedError, match=str(code)):
        made.place(1, order(), combo(made, legs))


def test_a_leg_nobody_knows() -> None:
    made = made_of()
    bag = WireContract(
        symbol="AAA", sec_type="BAG", exchange="SMART", currency="USD",
        combo_legs=(ComboLeg(4711, 1, "BUY", "SMART"),),
    )  # fmt: skip
    with pytest.raises(RejectedError, match="200"):
        made.place(1, order(), bag)


def test_a_running_combo_trades_at_once_at_the_quotes() -> None:
    made = made_of(kind="running")
    one = placed(made, order(quantity=2.0))
    assert one.status == "Filled"
    assert one.average == pytest.approx(100.01 - 59.99)
    assert held(made) == (2.0, -2.0)


def test_a_running_combo_is_tried_again_when_it_is_changed() -> None:
    made = made_of(kind="running")
    one = placed(made, limit(40.0))
    assert one.status == "Submitted"
    made.place(1, limit(40.02), combo(made))
    assert one.status == "Filled"


def test_a_combo_as_a_child_waits_for_its_parent() -> None:
    made = made_of((100.0,) * 6 + (94.0,) * 18, kind="running")
    entry = made.place(1, limit(95.0, transmit=False))
    assert entry is not None
    child = placed(made, order("MKT", "SELL", 2.0, parent_id=1), number=2)
    assert child.status == "PreSubmitted" and held(made) == (0.0, 0.0)
    while entry.status != "Filled":
        made.step()
    made.step()
    assert child.status == "Filled"
    assert held(made) == (8.0, 2.0)


def test_combos_of_two_accounts_are_apart() -> None:
    bars = [flat_bars(), flat_bars((60.0,) * 24, "BBB")]
    made = Bench(stepped(bars, HOUSE, accounts=("DU1", "DU2")))
    made.step()
    placed(made, order(quantity=1.0, account="DU1"))
    placed(made, order("MKT", "SELL", 2.0, account="DU2"), number=2)
    made.step()
    quantities = [
        {s: p.quantity for s, p in one.book.positions.items()}
        for one in made.exchange.accounts.values()
    ]
    assert quantities == [{"AAA": 1.0, "BBB": -1.0}, {"AAA": -2.0, "BBB": 2.0}]


def test_a_combo_is_described_by_its_legs() -> None:
    made = made_of()
    placed(made, limit(30.0))
    shown = made.answers(OpenOrder, 1)[0].contract
    ids = [leg.con_id for leg in shown.combo_legs]
    assert shown.combo_legs_descrip == f"{ids[0]}|1,{ids[1]}|-1"
    assert made.exchange.accounts[ACCOUNT].orders
