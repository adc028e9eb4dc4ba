"""What every broker behind the Broker port must do, whatever is on the other side of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from framework.domain.conditions import PriceCondition, all_of
from framework.domain.events import BrokerEvent, Commission, Fill, OrderUpdate
from framework.domain.ledger import Ledger
from framework.domain.orders import (
    DONE,
    Order,
    OrderStatus,
    Side,
    TimeInForce,
    can_become,
    pct,
    points,
)
from framework.domain.terms import OcaType, Scale, Terms
from framework.engine.reconcile import reconcile
from tests.builders import Row, bars_of, bracket_of, order_of
from tests.contract.grounds import CASH, FEE, GROUNDS, Ground

ROWS: list[Row] = [
    (100, 100, 100, 100),
    (100, 101, 99, 100),
    (100, 106, 94, 104),
    (104, 105, 103, 104),
]


class Session:
    """A ground, and everything its broker has said."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self.broker = ground.broker
        self.said: list[BrokerEvent] = []

    def step(self, count: int = 1) -> None:
        for _ in range(count):
            self.ground.step()
            self.said += self.broker.poll()

    def submit(self, *orders: Order) -> None:
        self.broker.submit([replace(order, time=1) for order in orders])
        self.said += self.broker.poll()

    def of(self, kind: type) -> list:
        return [event for event in self.said if isinstance(event, kind)]

    def states(self, order_id: str) -> list[OrderStatus]:
        return [update.status for update in self.of(OrderUpdate) if update.order.id == order_id]


def begun(ground: Ground) -> Iterator[Session]:
    found = Session(ground)
    found.step()
    yield found
    ground.close()


@pytest.fixture(params=sorted(GROUNDS))
def session(request: pytest.FixtureRequest) -> Iterator[Session]:
    bars = [bars_of(ROWS, "AAA"), bars_of(ROWS, "BBB")]
    yield from begun(GROUNDS[request.param](bars, None))


@pytest.fixture(params=sorted(GROUNDS))
def thin(request: pytest.FixtureRequest) -> Iterator[Session]:
    """A market that gives four units a bar."""
    yield from begun(GROUNDS[request.param]([bars_of(ROWS, "AAA")], 4.0))


def test_an_accepted_order_is_reported_working_and_nothing_fills_inside_submit(
    session: Session,
) -> None:
    session.submit(order_of("market"))
    assert session.states("o1")[-1] is OrderStatus.WORKING
    assert session.of(Fill) == []
    assert session.broker.book().cash == CASH


def test_poll_tells_everything_once(session: Session) -> None:
    session.submit(order_of("market"))
    session.step()
    assert len(session.of(Fill)) == 1
    assert list(session.broker.poll()) == []


def test_a_fill_comes_with_its_commission_and_then_the_end_of_its_order(session: Session) -> None:
    session.submit(order_of("market"))
    session.step()
    fill, commission, update = session.said[-3:]
    assert isinstance(fill, Fill)
    assert isinstance(commission, Commission)
    assert isinstance(update, OrderUpdate)
    assert (fill.quantity, fill.price, fill.order.id) == (10.0, 100.0, "o1")
    assert (commission.fill_id, commission.amount, commission.symbol) == (fill.id, FEE, "AAA")
    assert update.status is OrderStatus.FILLED
    assert fill.time == commission.time == update.time


def test_money_moves_only_by_executions_and_the_book_is_their_sum(session: Session) -> None:
    session.submit(order_of("market"))
    session.submit(order_of("limit", limit=95.0, id="o2", symbol="BBB"))
    session.submit(order_of("limit", Side.SELL, limit=200.0, id="o3"))
    session.step(3)
    ledger = Ledger(CASH, {"AAA": 1.0, "BBB": 1.0})
    for event in session.said:
        if isinstance(event, Fill):
            ledger.apply(event)
        elif isinstance(event, Commission):
            ledger.charge(event)
    assert reconcile([ledger], session.broker.book()) == []
    assert ledger.cash == CASH - 1_000.0 - 950.0 - 2 * FEE


def test_reconcile_would_notice(session: Session) -> None:
    session.submit(order_of("market"))
    session.step()
    findings = reconcile([Ledger(CASH, {"AAA": 1.0, "BBB": 1.0})], session.broker.book())
    assert len(findings) == 2
    assert "AAA" in findings[1]


def test_children_sleep_until_their_parent_fills_and_mates_die(session: Session) -> None:
    session.submit(*bracket_of(order_of("market"), 95.0, 110.0))
    assert session.states("o1.sl") == [OrderStatus.HELD]
    session.step()
    assert session.states("o1.sl")[-1] is OrderStatus.WORKING
    session.step()
    assert session.states("o1.sl")[-1] is OrderStatus.FILLED
    assert session.states("o1.tp")[-1] is OrderStatus.CANCELLED
    assert session.broker.book().positions["AAA"].is_flat


def test_children_of_a_cancelled_entry_end(session: Session) -> None:
    session.submit(*bracket_of(order_of("limit", limit=50.0), 40.0, 60.0))
    session.broker.cancel("o1")
    session.step()
    for name in ("o1", "o1.sl", "o1.tp"):
        assert session.states(name)[-1] is OrderStatus.CANCELLED


def test_a_cancel_is_proven_by_an_update_and_the_order_never_fills(session: Session) -> None:
    session.submit(order_of("limit", limit=95.0))
    session.broker.cancel("o1")
    session.step(3)
    assert session.states("o1")[-1] is OrderStatus.CANCELLED
    assert session.of(Fill) == []


def test_cancelling_twice_or_what_nobody_knows_says_nothing_new(session: Session) -> None:
    session.submit(order_of("limit", limit=95.0))
    session.broker.cancel("o1")
    session.said += session.broker.poll()
    count = len(session.said)
    session.broker.cancel("o1")
    session.broker.cancel("nobody")
    session.said += session.broker.poll()
    assert len(session.said) == count


def test_cancelling_a_filled_order_changes_nothing(session: Session) -> None:
    session.submit(order_of("market"))
    session.step()
    session.broker.cancel("o1")
    session.said += session.broker.poll()
    assert session.states("o1")[-1] is OrderStatus.FILLED


def test_a_replaced_order_works_at_its_new_price_and_quantity(session: Session) -> None:
    order = order_of("limit", limit=95.0)
    session.submit(order)
    session.broker.replace(replace(order, limit=99.0, quantity=4.0))
    session.step()
    (fill,) = session.of(Fill)
    assert (fill.quantity, fill.price) == (4.0, 99.0)
    assert fill.order.limit == 99.0


CHANGES = [
    ("limit", order_of("limit", limit=50.0), {"limit": 99.5}, (10.0, 99.5)),
    ("limit through the market", order_of("limit", limit=50.0), {"limit": 120.0}, (10.0, 100.0)),
    ("quantity up", order_of("limit", limit=99.0), {"quantity": 15.0}, (15.0, 99.0)),
    ("quantity down", order_of("limit", limit=99.0), {"quantity": 1.0}, (1.0, 99.0)),
    ("stop", order_of("stop", stop=150.0), {"stop": 101.0}, (10.0, 101.0)),
    (
        "stop-limit",
        order_of("stop_limit", stop=150.0, limit=151.0),
        {"stop": 100.5, "limit": 101.0},
        (10.0, 100.5),
    ),
    ("if touched", order_of("market_if_touched", stop=50.0), {"stop": 99.0}, (10.0, 99.0)),
    (
        "time in force",
        order_of("limit", limit=99.0),
        {"tif": TimeInForce.IOC, "limit": 101.0},
        (10.0, 100.0),
    ),
    (
        "ladder",
        order_of("limit", limit=50.0, terms=Terms(scale=Scale(10.0, 1.0))),
        {"limit": 99.0},
        (10.0, 99.0),
    ),
]


@pytest.mark.parametrize(
    ("order", "change", "expected"), [c[1:] for c in CHANGES], ids=[c[0] for c in CHANGES]
)
def test_every_resting_order_can_be_replaced(
    session: Session, order: Order, change: dict[str, object], expected: tuple[float, float]
) -> None:
    session.submit(order)
    changed = replace(order, **change)  # type: ignore[arg-type]
    session.broker.replace(changed)
    session.said += session.broker.poll()
    update = session.said[-1]
    assert isinstance(update, OrderUpdate)
    assert (update.order, update.status) == (changed, OrderStatus.WORKING)
    session.step()
    (fill,) = session.of(Fill)
    assert (fill.quantity, fill.price) == expected


def test_replacing_what_is_done_or_unknown_changes_nothing(session: Session) -> None:
    order = order_of("market")
    session.submit(order)
    session.step()
    count = len(session.said)
    session.broker.replace(replace(order, quantity=50.0))
    session.broker.replace(order_of("limit", limit=99.0, id="nobody"))
    session.step(2)
    assert len(session.said) == count


def test_an_order_larger_than_the_market_fills_in_parts(thin: Session) -> None:
    thin.submit(order_of("market"))
    thin.step(3)
    fills = thin.of(Fill)
    assert [(fill.quantity, fill.price) for fill in fills] == [(4, 100), (4, 100), (2, 104)]
    assert len({fill.id for fill in fills}) == 3
    assert [fee.fill_id for fee in thin.of(Commission)] == [fill.id for fill in fills]
    assert sum(fee.amount for fee in thin.of(Commission)) == FEE, "a fee of the order, not of parts"
    partial = OrderStatus.PARTIAL
    assert thin.states("o1") == [OrderStatus.WORKING, partial, partial, OrderStatus.FILLED]


def test_children_follow_each_part_and_its_average(thin: Session) -> None:
    thin.submit(*bracket_of(order_of("market"), points(50.0), pct(50.0)))
    thin.step()
    covers = [u.order for u in thin.of(OrderUpdate) if u.order.id == "o1.sl"]
    assert (covers[-1].quantity, covers[-1].stop) == (4.0, 50.0)
    thin.step(2)
    covers = [u.order for u in thin.of(OrderUpdate) if u.order.id == "o1.sl"]
    assert (covers[-1].quantity, covers[-1].stop) == (10.0, 50.8)  # 4, 4 at 100, 2 at 104


@pytest.mark.parametrize(
    ("tif", "quantity", "filled"),
    [
        (TimeInForce.IOC, 10.0, 4.0),
        (TimeInForce.IOC, 3.0, 3.0),
        (TimeInForce.FOK, 10.0, 0.0),
        (TimeInForce.FOK, 4.0, 4.0),
    ],
)
def test_at_once(thin: Session, tif: TimeInForce, quantity: float, filled: float) -> None:
    thin.submit(order_of("market", quantity=quantity, tif=tif))
    thin.step(3)
    assert sum(fill.quantity for fill in thin.of(Fill)) == filled
    end = OrderStatus.FILLED if filled == quantity else OrderStatus.CANCELLED
    assert thin.states("o1")[-1] is end


def test_a_cancel_keeps_what_has_filled(thin: Session) -> None:
    thin.submit(order_of("market"))
    thin.step()
    thin.broker.cancel("o1")
    thin.step(2)
    assert thin.states("o1")[-1] is OrderStatus.CANCELLED
    assert thin.broker.book().positions["AAA"].quantity == 4.0


def test_a_replaced_quantity_counts_what_has_filled(thin: Session) -> None:
    order = order_of("market")
    thin.submit(order)
    thin.step()
    thin.broker.replace(replace(order, quantity=6.0))
    thin.step(2)
    assert [fill.quantity for fill in thin.of(Fill)] == [4.0, 2.0]
    assert thin.states("o1")[-1] is OrderStatus.FILLED


def test_a_group_that_reduces_says_what_is_left(thin: Session) -> None:
    terms = Terms(oca_type=OcaType.REDUCE)
    thin.submit(order_of("market", id="a", oca="g", terms=terms))
    thin.submit(order_of("limit", id="b", quantity=20.0, limit=50.0, oca="g", terms=terms))
    thin.step()
    left = [u.order.quantity for u in thin.of(OrderUpdate) if u.order.id == "b"]
    assert left == [20.0, 12.0]


def test_a_date_ends_an_order(session: Session) -> None:
    till = Terms(good_till=datetime(2020, 2, 25, 21, tzinfo=UTC))
    session.submit(order_of("limit", limit=95.0, tif=TimeInForce.GTD, terms=till))
    session.step(3)
    assert session.of(Fill) == []
    assert session.states("o1")[-1] is OrderStatus.EXPIRED


def test_a_conditional_order_waits(session: Session) -> None:
    terms = Terms(conditions=all_of(PriceCondition("BBB", 106.0)))
    session.submit(order_of("market", terms=terms))
    session.step(2)
    assert session.of(Fill) == []
    session.step()
    assert [fill.price for fill in session.of(Fill)] == [104.0]


def test_a_replaced_trailing_stop_never_moves_back(session: Session) -> None:
    session.submit(order_of("market"))
    trail = order_of("trail", Side.SELL, trail=points(8.0), id="t")
    session.step()
    session.submit(trail)
    session.step()
    session.broker.replace(replace(trail, trail=points(50.0)))
    session.step()
    assert session.broker.poll() == ()
    levels = [u.order.stop for u in session.of(OrderUpdate) if u.order.id == "t"]
    assert levels[-1] == 96.0  # 104 - 8, the close of the bar before the replacement


def test_every_reported_state_follows_from_the_one_before(session: Session) -> None:
    session.submit(*bracket_of(order_of("market"), 95.0, 110.0))
    session.submit(order_of("limit", limit=50.0, id="o2"))
    session.submit(order_of("stop", stop=200.0, id="o3", oca="g"))
    session.submit(order_of("limit", limit=99.0, id="o4", oca="g"))
    session.broker.cancel("o2")
    session.step(3)
    state: dict[str, OrderStatus] = {}
    for update in session.of(OrderUpdate):
        before = state.get(update.order.id)
        if before is not None and before is not update.status:
            assert can_become(before, update.status)
        state[update.order.id] = update.status
    assert set(state.values()) <= DONE
    assert state["o3"] is OrderStatus.CANCELLED
    assert state["o4"] is OrderStatus.FILLED


def test_execution_ids_are_unique_and_name_their_order(session: Session) -> None:
    for number in range(4):
        session.submit(order_of("market", id=f"n{number}"))
    session.step()
    fills = session.of(Fill)
    assert len({fill.id for fill in fills}) == 4
    assert [fill.order.id for fill in fills] == ["n0", "n1", "n2", "n3"]
