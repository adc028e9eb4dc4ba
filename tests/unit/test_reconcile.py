"""Findings: each way our books and a broker can differ, what is found, and what booking it does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import pytest

from framework.domain.events import Commission, Fill, OrderUpdate
from framework.domain.ledger import Ledger
from framework.domain.orders import Order, OrderStatus, Origin, Side, TimeInForce, can_become
from framework.engine.journal_facts import Facts
from framework.engine.journal_rows import Adopted, Bound, Cancel, EventBatch, Submit
from framework.engine.reconcile import findings, reconcile
from framework.engine.reconcile_booking import adopt, events_of, explained
from framework.engine.reconcile_books import Books, OurOrder, books_of
from framework.engine.reconcile_nouns import (
    Accepted,
    Baseline,
    EndOfOrder,
    ExternalFill,
    ExternalHolding,
    ExternalMoney,
    ExternalOrder,
    Finding,
    FindingKind,
    OurFill,
    Severity,
    StateOfOrder,
    Tolerance,
)
from framework.engine.reconcile_snapshot import (
    BrokerOrder,
    Cash,
    Execution,
    Holding,
    Part,
    Snapshot,
    execution_key,
)
from framework.errors import ReconcileError
from tests.builders import Market, bars_of, flat_rows, order_of
from tests.journals import record

S, K = OrderStatus, FindingKind
SECOND = 1_000_000_000
TODAY, YESTERDAY = 18_000, 17_999
SENT = 100 * SECOND
EARLIER, NOW = 110 * SECOND, 120 * SECOND
US, OTHER = 1, 7


def ours(status: OrderStatus, **named: object) -> OurOrder:
    """An order of ours: a day's limit order for 10 AAA, sent today and heard of."""
    order = named.pop("order", None) or order_of("limit", limit=95.0, tif=TimeInForce.DAY)
    base = OurOrder(order, status, 0.0, TODAY, SENT, acknowledged=True)  # type: ignore[arg-type]
    return replace(base, **named)  # type: ignore[arg-type]


def silent(status: OrderStatus = S.UNKNOWN, **named: object) -> OurOrder:
    return ours(status, acknowledged=False, **named)


def told(status: OrderStatus, **named: object) -> BrokerOrder:
    """What the broker says of it."""
    base = BrokerOrder("o1", 77, US, "AAA", 10.0, 0.0, status, "LMT", 95.0)
    return replace(base, **named)  # type: ignore[arg-type]


def traded(**named: object) -> Execution:
    base = Execution("0001.01.01", "o1", 77, US, "AAA", 10.0, 95.0, 105 * SECOND, 1.0)
    return replace(base, **named)  # type: ignore[arg-type]


def booked(quantity: float = 10.0, exec_id: str = "0001.01.01") -> Fill:
    return Fill(f"o1/{exec_id}", order_of("limit", limit=95.0), 105 * SECOND, quantity, 95.0, 95.0)


HAND = {"ref": "", "perm_id": 99, "client_id": 0}
"""Made by hand, in TWS."""
GONE: dict[str, object] = {}


def snapshot(**named: object) -> Snapshot:
    """An account with 1,000 in cash and nothing else, all of it known."""
    parts: dict[str, object] = {
        "open_orders": (), "completed_orders": (), "executions": (), "positions": (),
        "cash": (Cash("USD", 1_000.0),),
    }  # fmt: skip
    time = int(named.pop("time", NOW))  # type: ignore[call-overload]
    rest = {key: value for key, value in named.items() if key not in parts}
    for key, usual in tuple(parts.items()):
        value = named.get(key, usual)
        parts[key] = value if isinstance(value, Part) else Part.of(value, time)  # type: ignore[arg-type]
    return Snapshot(time, TODAY, **parts, **rest)  # type: ignore[arg-type]


def books(**named: object) -> Books:
    """Books with 1,000 in cash, none of it nobody's."""
    base = Books(US, cash=1_000.0, baseline=Baseline(cash=0.0))
    return replace(base, **named)  # type: ignore[arg-type]


def holding(quantity: float = 10.0, **named: object) -> Books:
    """Books after the order has filled at 95."""
    fill = booked(quantity)
    return books(
        orders={"o1": ours(S.FILLED, filled=quantity)}, fills={"0001.01": fill},
        executions={"0001.01": "0001.01.01"}, quantities={"AAA": quantity},
        cash=1_000.0 - 95.0 * quantity - 1.0, **named,
    )  # fmt: skip


HELD = {"positions": (Holding("AAA", 10.0),), "cash": (Cash("USD", 49.0),)}
"""The account after it."""


@dataclass(frozen=True)
class Case:
    """Books, what the broker says, and what must be found."""

    books: Books
    now: Snapshot
    found: tuple[tuple[FindingKind, Severity, str], ...] = ()
    says: str = ""
    before: Snapshot | None = None
    facts: tuple[object, ...] | None = None


OK, BAD = Severity.EXPLAINED, Severity.UNEXPLAINED
WORKING = {"o1": ours(S.WORKING)}
STOP = order_of(
    "stop", Side.SELL, stop=90.0, id="o1.sl", parent="o1", origin=Origin.STOP_LOSS
)  # fmt: skip


def with_stop(status: OrderStatus, **named: object) -> Books:
    base = holding(entries={"AAA": ("o1",)})
    return replace(base, orders={**base.orders, "o1.sl": ours(status, order=STOP, **named)})


STOP_TOLD = told(S.WORKING, ref="o1.sl", perm_id=78, quantity=-10.0, limit=None, stop=90.0)
BEFORE = snapshot(time=EARLIER)

CASES: dict[str, Case] = {
    "nothing differs": Case(books(), snapshot()),
    "a working order": Case(books(orders=WORKING), snapshot(open_orders=(told(S.WORKING),))),
    "a filled order": Case(holding(), snapshot(executions=(traded(),), **HELD)),
    # what is not known ---------------------------------------------------------------------
    "positions not answered are not flat": Case(
        holding(), snapshot(executions=(traded(),), **HELD | {"positions": Part.unknown("no end")}),
        ((K.UNKNOWN_PART, BAD, "positions"),), "no end",
    ),
    "executions not answered": Case(
        books(orders=WORKING),
        snapshot(open_orders=(told(S.WORKING),), executions=Part.unknown("timed out"),
                 positions=(Holding("AAA", 10.0),)),
        ((K.UNKNOWN_PART, BAD, "executions"),),
    ),
    "open orders not answered": Case(
        books(orders=WORKING), snapshot(open_orders=Part.unknown("the link is down")),
        ((K.UNKNOWN_PART, BAD, "open orders"),),
    ),
    "cash not answered": Case(
        books(), snapshot(cash=Part.unknown("late")), ((K.UNKNOWN_PART, BAD, "cash"),)
    ),
    "positions from before our last change": Case(
        holding(changed=115 * SECOND),
        snapshot(executions=(traded(),), **HELD | {"positions": Part.of([], EARLIER)}),
        ((K.STALE_PART, BAD, "positions"),), "5 s before",
    ),
    "open orders from before our last intent": Case(
        books(orders=WORKING, changed=115 * SECOND), snapshot(open_orders=Part.of([], EARLIER)),
        ((K.STALE_PART, BAD, "open orders"),),
    ),
    # executions ----------------------------------------------------------------------------
    "a fill while we were away": Case(
        books(orders={"o1": ours(S.UNKNOWN)}), snapshot(executions=(traded(),), **HELD),
        ((K.MISSING_FILL, OK, "o1"), (K.ORDER_STATE, OK, "o1")), "bought 10 AAA at 95",
        facts=(OurFill("o1", traded()),
               EndOfOrder("o1", S.FILLED, "its executions make all of it")),
    ),
    "a part of it": Case(
        books(orders=WORKING),
        snapshot(open_orders=(told(S.PARTIAL, filled=4.0),),
                 executions=(traded(quantity=4.0, commission=None),),
                 positions=(Holding("AAA", 4.0),), cash=(Cash("USD", 619.0),)),
        ((K.MISSING_FILL, OK, "o1"),),
    ),
    "an execution told twice": Case(
        books(orders=WORKING), snapshot(executions=(traded(), traded()), **HELD),
        ((K.MISSING_FILL, OK, "o1"), (K.ORDER_STATE, OK, "o1")),
    ),
    "an execution and its correction": Case(
        books(orders=WORKING),
        snapshot(executions=(traded(), traded(exec_id="0001.01.02", price=96.0)),
                 positions=(Holding("AAA", 10.0),), cash=(Cash("USD", 39.0),)),
        ((K.MISSING_FILL, OK, "o1"), (K.ORDER_STATE, OK, "o1")), "at 96",
    ),
    "a correction of a booked one": Case(
        holding(),
        snapshot(executions=(traded(exec_id="0001.01.02", quantity=8.0),),
                 positions=(Holding("AAA", 8.0),), cash=(Cash("USD", 239.0),)),
        ((K.CORRECTED_FILL, OK, "o1"),), "corrects 0001.01.01",
        facts=(OurFill("o1", traded(exec_id="0001.01.02", quantity=8.0), "0001.01.01"),),
    ),
    "a correction that changes nothing": Case(
        holding(), snapshot(executions=(traded(exec_id="0001.01.02"),), **HELD)
    ),
    "a correction already booked": Case(
        replace(holding(), executions={"0001.01": "0001.01.02"}),
        snapshot(executions=(traded(),), **HELD),
    ),
    "a fill of an order known by its permId alone": Case(
        books(orders=WORKING, perm_ids={77: "o1"}),
        snapshot(executions=(traded(ref="", client_id=OTHER),), **HELD),
        ((K.MISSING_FILL, OK, "o1"), (K.ORDER_STATE, OK, "o1")),
    ),
    "a booked fill the broker has not": Case(
        holding(), snapshot(**HELD), ((K.VANISHED_FILL, BAD, "o1/0001.01.01"),),
        facts=(Accepted(K.VANISHED_FILL, "o1/0001.01.01"),),
    ),
    "a booked fill from before it tells": Case(
        holding(), snapshot(executions_from=NOW, **HELD)
    ),
    "somebody buys by hand": Case(
        books(), snapshot(executions=(traded(**HAND),), **HELD),
        ((K.EXTERNAL_FILL, OK, "0001.01.01"),), "not ours (client 0)",
        facts=(ExternalFill(traded(**HAND)),),
    ),
    "another program with our order's name": Case(
        books(orders=WORKING),
        snapshot(open_orders=(told(S.WORKING),), executions=(traded(client_id=OTHER, perm_id=5),),
                 **HELD),
        ((K.EXTERNAL_FILL, OK, "0001.01.01"),),
    ),
    "somebody sells what a strategy holds": Case(
        holding(),
        snapshot(executions=(traded(), traded(exec_id="0002.01.01", quantity=-10.0, **HAND)),
                 cash=(Cash("USD", 998.0),)),
        ((K.EXTERNAL_FILL, BAD, "0002.01.01"),), "takes from the 10 AAA",
    ),
    "a fill of our client id and no order of ours": Case(
        books(), snapshot(executions=(traded(ref="lost-3", perm_id=5),), **HELD),
        ((K.UNKNOWN_FILL, BAD, "0001.01.01"),), "no journal",
    ),
    # orders --------------------------------------------------------------------------------
    "sent, and it works": Case(
        books(orders={"o1": silent(S.SENT)}), snapshot(open_orders=(told(S.WORKING),)),
        ((K.ORDER_STATE, OK, "o1"),), facts=(StateOfOrder("o1", S.WORKING, "the broker says so"),),
    ),
    "unknown, and it waits for its parent": Case(
        books(orders={"o1": silent()}), snapshot(open_orders=(told(S.HELD),)),
        ((K.ORDER_STATE, OK, "o1"),), facts=(StateOfOrder("o1", S.WORKING, "the broker says so"),),
    ),
    "a cancel that was lost": Case(
        books(orders={"o1": ours(S.CANCELLING, let_go=True)}),
        snapshot(open_orders=(told(S.WORKING),)),
        ((K.ORDER_STATE, OK, "o1"),), "Ask for the cancel again",
    ),
    "a cancel under way": Case(
        books(orders={"o1": ours(S.CANCELLING, let_go=True)}),
        snapshot(open_orders=(told(S.CANCELLING),)),
    ),
    "it ended while we were away": Case(
        books(orders=WORKING),
        snapshot(completed_orders=(told(S.CANCELLED, note="by the user"),)),
        ((K.ORDER_STATE, OK, "o1"),), facts=(EndOfOrder("o1", S.CANCELLED, "by the user"),),
    ),
    "ended with more filled than its executions": Case(
        books(orders=WORKING), snapshot(completed_orders=(told(S.FILLED, filled=10.0),)),
        ((K.ORDER_STATE, BAD, "o1"),), "its executions make 0",
    ),
    "a change that was lost": Case(
        books(orders=WORKING), snapshot(open_orders=(told(S.WORKING, limit=94.0),)),
        ((K.ORDER_DIFFERS, BAD, "o1"),), "limit 94, not 95",
        facts=(StateOfOrder("o1", S.WORKING, "adopted as it works", None, 94.0),),
    ),
    "another quantity": Case(
        books(orders=WORKING), snapshot(open_orders=(told(S.WORKING, quantity=30.0),)),
        ((K.ORDER_DIFFERS, BAD, "o1"),), "quantity 30, not 10",
    ),
    "done here, alive there": Case(
        books(orders={"o1": ours(S.CANCELLED)}), snapshot(open_orders=(told(S.WORKING),)),
        ((K.ORDER_ALIVE, BAD, "o1"),), facts=(ExternalOrder(told(S.WORKING)),),
    ),
    "not listed, once": Case(
        books(orders={"o1": silent()}), snapshot(), ((K.ORDER_MISSING, BAD, "o1"),), "Ask again",
        facts=(),
    ),
    "not listed, twice": Case(
        books(orders={"o1": silent()}), snapshot(), ((K.ORDER_ABSENT, OK, "o1"),), "never reached",
        before=BEFORE, facts=(EndOfOrder("o1", S.ABSENT, "it never reached the broker"),),
    ),
    "not listed, twice, but too soon after it was sent": Case(
        books(orders={"o1": silent(sent_at=EARLIER - SECOND)}), snapshot(),
        ((K.ORDER_MISSING, BAD, "o1"),), before=BEFORE, facts=(),
    ),
    "not listed, twice, at one moment": Case(
        books(orders={"o1": silent()}), snapshot(), ((K.ORDER_MISSING, BAD, "o1"),),
        before=snapshot(time=NOW - SECOND), facts=(),
    ),
    "not listed, and the query before was cut off": Case(
        books(orders={"o1": silent()}), snapshot(), ((K.ORDER_MISSING, BAD, "o1"),),
        before=snapshot(time=EARLIER, completed_orders=Part.unknown("cut off")), facts=(),
    ),
    "not listed, and this query is cut off": Case(
        books(orders={"o1": silent()}), snapshot(completed_orders=Part.unknown("cut off")),
        ((K.UNKNOWN_PART, BAD, "completed orders"), (K.ORDER_MISSING, BAD, "o1")), before=BEFORE,
    ),
    "not listed, on a bad link": Case(
        books(orders={"o1": silent()}), snapshot(healthy=False), ((K.ORDER_MISSING, BAD, "o1"),),
        before=BEFORE, facts=(),
    ),
    "not listed, but listed before": Case(
        books(orders={"o1": silent()}), snapshot(), ((K.ORDER_MISSING, BAD, "o1"),),
        before=snapshot(time=EARLIER, open_orders=(told(S.WORKING),)), facts=(),
    ),
    "not listed, and the query before was yesterday's": Case(
        books(orders={"o1": silent()}), snapshot(), ((K.ORDER_MISSING, BAD, "o1"),),
        before=replace(BEFORE, session=YESTERDAY), facts=(),
    ),
    "a child that never arrived": Case(
        books(orders={"o1": silent(S.HELD)}), snapshot(), ((K.ORDER_ABSENT, OK, "o1"),),
        before=BEFORE, facts=(EndOfOrder("o1", S.CANCELLED, "it never reached the broker"),),
    ),
    "it worked, and is listed no more": Case(
        books(orders=WORKING), snapshot(), ((K.ORDER_MISSING, BAD, "o1"),), "had taken it",
        before=BEFORE, facts=(EndOfOrder("o1", S.CANCELLED, "the broker no longer knows it"),),
    ),
    "unknown since yesterday, the position agrees": Case(
        books(orders={"o1": silent(session=YESTERDAY)}), snapshot(),
        ((K.ORDER_MISSING, BAD, "o1"),), "adopt it as absent", before=BEFORE,
        facts=(EndOfOrder("o1", S.ABSENT, "adopted: it never reached the broker"),),
    ),
    "unknown since yesterday, the position does not agree": Case(
        books(orders={"o1": silent(session=YESTERDAY)}),
        snapshot(positions=(Holding("AAA", 10.0),)),
        ((K.ORDER_MISSING, BAD, "o1"), (K.POSITION, BAD, "AAA")), "it may have filled",
        before=BEFORE, facts=(ExternalHolding("AAA", 10.0),),
    ),
    "unknown since yesterday, the position is not known": Case(
        books(orders={"o1": silent(session=YESTERDAY)}), snapshot(positions=Part.unknown("late")),
        ((K.UNKNOWN_PART, BAD, "positions"), (K.ORDER_MISSING, BAD, "o1")), before=BEFORE, facts=(),
    ),
    "for yesterday only": Case(
        books(orders={"o1": ours(S.WORKING, session=YESTERDAY)}), snapshot(),
        ((K.ORDER_STATE, OK, "o1"),), before=BEFORE,
        facts=(EndOfOrder("o1", S.EXPIRED, "its session is over"),),
    ),
    "good till cancelled, gone overnight": Case(
        books(orders={"o1": ours(S.WORKING, session=YESTERDAY,
                                 order=order_of("limit", limit=95.0))}),
        snapshot(), ((K.ORDER_MISSING, BAD, "o1"),), before=BEFORE,
        facts=(EndOfOrder("o1", S.CANCELLED, "adopted: the broker no longer knows it"),),
    ),
    "an order made by hand": Case(
        books(), snapshot(open_orders=(told(S.WORKING, **HAND),)),
        ((K.EXTERNAL_ORDER, OK, "permId 99"),), "never touched",
        facts=(ExternalOrder(told(S.WORKING, **HAND)),),
    ),
    "an order of our client id no journal knows": Case(
        books(), snapshot(open_orders=(told(S.WORKING, ref="lost-3", perm_id=5),)),
        ((K.UNKNOWN_ORDER, BAD, "lost-3"),),
    ),
    "our order id reused by another session's order": Case(
        books(orders=WORKING, perm_ids={77: "o1"}),
        snapshot(open_orders=(told(S.WORKING),
                              told(S.WORKING, ref="", perm_id=5, client_id=OTHER))),
        ((K.EXTERNAL_ORDER, OK, "permId 5"),),
    ),
    # positions -----------------------------------------------------------------------------
    "a position of an older day": Case(
        books(), snapshot(positions=(Holding("BBB", 40.0),)), ((K.POSITION, BAD, "BBB"),),
        "hold 0, and the broker has 40", facts=(ExternalHolding("BBB", 40.0),),
    ),
    "a position of an older day, adopted": Case(
        books(baseline=Baseline({"BBB": 40.0}, 0.0)), snapshot(positions=(Holding("BBB", 40.0),))
    ),
    "a position that is gone": Case(
        holding(), snapshot(executions=(traded(),), cash=(Cash("USD", 49.0),)),
        ((K.POSITION, BAD, "AAA"),), "hold 10, and the broker has 0",
    ),
    "a split nobody told": Case(
        holding(),
        snapshot(executions=(traded(),), **HELD | {"positions": (Holding("AAA", 20.0),)}),
        ((K.POSITION, BAD, "AAA"),), "A split would explain it: 2 units",
    ),
    "tenths that do not add up in binary": Case(
        books(quantities={"AAA": 0.1 + 0.2}, baseline=Baseline({"AAA": -0.1}, 0.0)),
        snapshot(positions=(Holding("AAA", 0.2),)),
    ),
    # protection ----------------------------------------------------------------------------
    "a protected position": Case(
        with_stop(S.WORKING), snapshot(open_orders=(STOP_TOLD,), executions=(traded(),), **HELD)
    ),
    "the stop expired": Case(
        with_stop(S.EXPIRED), snapshot(executions=(traded(),), **HELD),
        ((K.UNPROTECTED, BAD, "o1"),), "covers 0 of 10", facts=(Accepted(K.UNPROTECTED, "o1"),),
    ),
    "the stop is not listed": Case(
        with_stop(S.WORKING), snapshot(executions=(traded(),), **HELD),
        ((K.ORDER_MISSING, BAD, "o1.sl"), (K.UNPROTECTED, BAD, "o1")),
    ),
    "the stop covers a part": Case(
        with_stop(S.WORKING),
        snapshot(open_orders=(replace(STOP_TOLD, quantity=-4.0),), executions=(traded(),), **HELD),
        ((K.ORDER_DIFFERS, BAD, "o1.sl"), (K.UNPROTECTED, BAD, "o1")), "covers 4 of 10",
    ),
    "a stop covers its own strategy's part of what two hold": Case(
        replace(
            with_stop(S.WORKING), shared={"AAA": {"": 4.0, "other": 6.0}},
            orders={"o1": ours(S.FILLED, filled=10.0),
                    "o1.sl": ours(S.WORKING, order=replace(STOP, quantity=4.0))},
        ),
        snapshot(open_orders=(replace(STOP_TOLD, quantity=-4.0),), executions=(traded(),), **HELD),
    ),
    "an account that is flat between two strategies hides no lost stop": Case(
        replace(
            with_stop(S.EXPIRED), shared={"AAA": {"": 10.0, "other": -10.0}},
            quantities={"AAA": 0.0},
        ),
        snapshot(executions=(traded(),), **HELD | {"positions": ()}),
        ((K.UNPROTECTED, BAD, "o1"),), "covers 0 of 10", facts=(Accepted(K.UNPROTECTED, "o1"),),
    ),
    "the stop was let go": Case(
        with_stop(S.CANCELLED, let_go=True), snapshot(executions=(traded(),), **HELD)
    ),
    "the stop has just filled": Case(
        with_stop(S.WORKING),
        snapshot(
            executions=(traded(), traded(exec_id="0002.01.01", ref="o1.sl", perm_id=78,
                                         quantity=-10.0, price=90.0)),
            cash=(Cash("USD", 948.0),)),
        ((K.MISSING_FILL, OK, "o1.sl"), (K.ORDER_STATE, OK, "o1.sl")),
    ),
    # cash ----------------------------------------------------------------------------------
    "the account's other money, seen first": Case(
        books(baseline=Baseline()), snapshot(cash=(Cash("USD", 250_000.0),)),
        ((K.CASH, OK, "USD"),), facts=(ExternalMoney(249_000.0),),
    ),
    "a deposit": Case(
        books(), snapshot(cash=(Cash("USD", 6_000.0),)), ((K.CASH, BAD, "USD"),), "+5,000.00",
        facts=(ExternalMoney(5_000.0),),
    ),
    "some cents": Case(books(), snapshot(cash=(Cash("USD", 1_000.4),))),
    "a fee not told yet": Case(
        holding(uncharged=1),
        snapshot(executions=(traded(),), **HELD | {"cash": (Cash("USD", 44.0),)}),
        ((K.CASH, OK, "USD"),), "not been told yet", facts=(),
    ),
    "more than a fee": Case(
        holding(uncharged=1),
        snapshot(executions=(traded(),), **HELD | {"cash": (Cash("USD", 0.0),)}),
        ((K.CASH, BAD, "USD"),),
    ),
    "another currency at its rate": Case(
        books(cash=1_110.0), snapshot(cash=(Cash("USD", 1_000.0), Cash("EUR", 100.0)),
                                      rates={"EUR": 1.1}),
    ),
    "another currency whose rate moved a little": Case(
        books(cash=1_110.0), snapshot(cash=(Cash("USD", 1_000.0), Cash("EUR", 100.0)),
                                      rates={"EUR": 1.115}),
    ),
    "another currency without a rate": Case(
        books(), snapshot(cash=(Cash("USD", 1_000.0), Cash("EUR", 100.0))),
        ((K.UNKNOWN_PART, BAD, "cash"),), "no rate",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_what_is_found(name: str) -> None:
    case = CASES[name]
    found = findings(case.books, case.now, before=case.before)
    assert [(one.kind, one.severity, one.subject) for one in found] == list(case.found)
    assert case.says in " ".join(map(str, found))
    assert all(one.text and one.remedy for one in found)
    if case.facts is not None:
        assert tuple(one.fact for one in found if one.fact) == case.facts


@pytest.mark.parametrize("name", CASES)
def test_the_same_is_always_found_and_nothing_is_changed(name: str) -> None:
    case = CASES[name]
    before = repr(case)
    again = [findings(case.books, case.now, before=case.before) for _ in range(2)]
    assert again[0] == again[1]
    assert repr(case) == before


def booking(case_books: Books, facts: tuple[object, ...]) -> Books:
    """The books once facts are booked, as a session would."""
    changed = case_books
    for event in events_of(facts, case_books, NOW):  # type: ignore[arg-type]
        orders, one = dict(changed.orders), None
        if isinstance(event, OrderUpdate):
            one = orders[event.order.id]
            assert event.status is one.status or can_become(one.status, event.status), event
            orders[event.order.id] = replace(one, order=event.order, status=event.status)
            changed = replace(changed, orders=orders)
        elif isinstance(event, Fill):
            one = orders[event.order.id]
            orders[event.order.id] = replace(one, filled=one.filled + abs(event.quantity))
            key, exec_id = execution_key(event.id.rpartition("/")[2]), event.id.rpartition("/")[2]
            quantities = dict(changed.quantities)
            quantities[event.symbol] = quantities.get(event.symbol, 0.0) + event.quantity
            changed = replace(
                changed, orders=orders, quantities=quantities,
                cash=changed.cash - event.quantity * event.price,
                fills={**changed.fills, key: event},
                executions={**changed.executions, key: exec_id}, uncharged=changed.uncharged + 1,
            )  # fmt: skip
        elif isinstance(event, Commission):
            changed = replace(
                changed, cash=changed.cash - event.amount, uncharged=changed.uncharged - 1
            )
    return replace(changed, baseline=changed.baseline.after(facts))  # type: ignore[arg-type]


STAYS = {K.UNKNOWN_PART, K.STALE_PART, K.CORRECTED_FILL}
"""Found again: nothing is concluded, or only the broker's adapter can book it."""


@pytest.mark.parametrize("name", CASES)
def test_what_is_explained_and_booked_is_found_no_more(name: str) -> None:
    case = CASES[name]
    found = findings(case.books, case.now, before=case.before)
    after = booking(case.books, explained(found))
    again = findings(after, case.now, before=case.before)
    settled = [one for one in again if one.severity is OK and one.fact and one.kind not in STAYS]
    lost_cancel = [one for one in settled if one.remedy == "Ask for the cancel again."]
    assert settled == lost_cancel
    assert [one for one in found if one.blocks] == [one for one in again if one.blocks]


@pytest.mark.parametrize("name", CASES)
def test_what_is_adopted_is_found_no_more(name: str) -> None:
    case = CASES[name]
    ours, found = case.books, findings(case.books, case.now, before=case.before)
    for _ in range(3):
        if not any(one.blocks for one in found):
            return
        if not any(one.blocks and one.fact for one in found) or _is_partly_unknown(found):
            with pytest.raises(ReconcileError, match="cannot be adopted"):
                adopt(found)
            return
        ours = booking(ours, adopt(found))
        found = findings(ours, case.now, before=case.before)
    raise AssertionError(found)


def _is_partly_unknown(found: tuple[Finding, ...]) -> bool:
    return any(one.kind in (K.UNKNOWN_PART, K.STALE_PART) for one in found)


def test_an_order_is_never_ended_by_one_query_or_by_what_is_unknown() -> None:
    """Whatever is cut off, an order nobody has heard of stays as it is."""
    parts = ("open_orders", "completed_orders", "executions")
    for cut in parts:
        for which in ("before", "now"):
            pair = {"before": {"time": EARLIER}, "now": {}}
            pair[which] = {**pair[which], cut: Part.unknown("cut off")}  # type: ignore[dict-item]
            found = findings(
                books(orders={"o1": silent()}),
                snapshot(**pair["now"]),
                before=snapshot(**pair["before"]),
            )
            assert not any(isinstance(one.fact, EndOfOrder) for one in found)


def test_absence_is_told_to_the_door_through_unknown() -> None:
    case = CASES["not listed, twice"]
    sent = books(orders={"o1": silent(S.SENT)})
    (finding,) = findings(sent, case.now, before=case.before)
    updates = events_of([finding.fact], sent, NOW)  # type: ignore[list-item]
    assert [u.status for u in updates if isinstance(u, OrderUpdate)] == [S.UNKNOWN, S.ABSENT]


def test_a_missing_fill_is_booked_once_with_its_fee() -> None:
    fact = OurFill("o1", traded(rate=1.1))
    fill, fee = events_of([fact], books(orders=WORKING), NOW)
    assert isinstance(fill, Fill)
    assert (fill.id, fill.quantity, fill.price, fill.rate) == ("o1/0001.01.01", 10.0, 95.0, 1.1)
    assert isinstance(fee, Commission)
    assert (fee.fill_id, fee.amount) == (fill.id, 1.0)


def test_others_executions_move_the_baseline_once_and_corrections_replace() -> None:
    first, second = traded(**HAND), traded(**HAND, exec_id="0001.01.02", quantity=8.0)
    base = Baseline(cash=0.0).after([ExternalFill(first), ExternalFill(first)])
    assert (base.quantities, base.cash) == ({"AAA": 10.0}, -951.0)
    base = base.after([ExternalFill(second)])
    assert (base.quantities, base.cash) == ({"AAA": 8.0}, -761.0)


@pytest.mark.parametrize(
    ("exec_id", "key"),
    [("0000e0d5.63f3c1a2.01.01", "0000e0d5.63f3c1a2.01"), ("alone", "alone"), ("a.02", "a")],
)
def test_the_key_of_an_execution(exec_id: str, key: str) -> None:
    assert execution_key(exec_id) == key


def test_an_unknown_part_cannot_be_read_by_mistake() -> None:
    with pytest.raises(ValueError, match="unknown part was read: late"):
        _ = Part[Cash].unknown("late").known


def test_tolerances_can_be_wider() -> None:
    found = findings(books(), snapshot(cash=(Cash("USD", 1_040.0),)), Tolerance(cash=50.0))
    assert found == ()


def test_many_orders_are_compared_in_no_time() -> None:
    from time import process_time

    every = {
        f"o{i}": ours(S.WORKING, order=order_of("limit", limit=95.0, id=f"o{i}"))
        for i in range(1_000)
    }
    listed = tuple(told(S.WORKING, ref=f"o{i}", perm_id=i + 1) for i in range(1_000))
    bound = {i + 1: f"o{i}" for i in range(1_000)}
    before = process_time()
    found = findings(books(orders=every, perm_ids=bound), snapshot(open_orders=listed))
    assert found == ()
    assert process_time() - before < 1.0


# books of a session ---------------------------------------------------------------------------


def test_books_of_a_session_agree_with_its_broker(tmp_path: object) -> None:
    from tests.journals import journal_in

    journal = journal_in(tmp_path)  # type: ignore[arg-type]
    bars = [bars_of(flat_rows([100.0, 100.0, 100.0, 100.0], 1.0))]
    script = {
        0: lambda s: s.go_long(stop_loss=90.0),
        1: lambda s: s.buy(3, limit=80.0, tif=TimeInForce.GTC),
    }
    blotter = record(journal, script, bars)
    found = books_of(blotter, journal.facts, US, "USD", 5)
    assert found.quantities == {"AAA": 10.0}
    assert found.cash == 99_000.0
    assert list(found.orders) == list(blotter.tickets)
    assert found.entries["AAA"] == ["Scripted-1"]
    assert [one.acknowledged for one in found.orders.values()] == [True] * 3
    assert (len(found.fills), found.uncharged) == (1, 0)
    (fill,) = blotter.fills
    stop = next(one.order for one in found.orders.values() if one.order.parent)
    now = snapshot(
        open_orders=(
            told(S.WORKING, ref=stop.id, perm_id=5, quantity=-10.0, limit=None, stop=90.0),
        ),
        positions=(Holding("AAA", 10.0),),
        cash=(Cash("USD", 99_000.0),),
        executions_from=fill.time + 1,
        completed_orders=(),
    )
    kinds = {(one.kind, one.subject) for one in findings(found, now)}
    assert kinds == {(K.ORDER_MISSING, "Scripted-3"), (K.CASH, "USD")}


def test_facts_for_books_come_from_the_journal() -> None:
    facts = Facts()
    order = order_of("market", id="a")
    for row in (
        Submit(SENT, TODAY, (order,)),
        EventBatch(1, 1, (OrderUpdate(order, S.UNKNOWN, 1),)),
        Cancel(2, TODAY, "a"),
        Adopted(3, "user", (ExternalMoney(5.0),)),
    ):
        facts.fold(row)  # type: ignore[arg-type]
    assert (facts.acknowledged, facts.let_go) == (set(), {"a"})
    assert facts.baseline.cash == 5.0
    facts.fold(Bound(4, "a", 77))
    assert facts.acknowledged == {"a"}


# ledgers against a whole book -----------------------------------------------------------------


@dataclass
class Told:
    """What ledgers and a book hold."""

    ledgers: list[Mapping[str, float]] = field(default_factory=list)
    book: Mapping[str, float] = field(default_factory=dict)


def test_ledgers_together_are_the_account() -> None:
    market = Market(bars_of(flat_rows([100.0, 100.0])))
    market.step()
    market.submit(order_of("market"))
    market.step()
    half = Ledger(500_000.0, {"AAA": 1.0})
    for fill in market.fills:
        half.apply(fill)
    assert reconcile([half, Ledger(500_000.0, {})], market.broker.book()) == []
    findings_ = reconcile([Ledger(1_000_000.0, {"AAA": 1.0})], market.broker.book())
    assert len(findings_) == 2


def test_a_finding_reads_as_a_sentence_and_its_remedy() -> None:
    case = CASES["a deposit"]
    (finding,) = findings(case.books, case.now)
    assert isinstance(finding, Finding)
    assert str(finding) == (
        "The account has 6,000.00 USD, and by our books it is 1,000.00: +5,000.00. Look at the "
        "account's statement: a deposit, interest, a dividend or a fee; adopt it."
    )
    assert isinstance(case.books.orders, dict)
    assert not isinstance(finding.fact, Order)
