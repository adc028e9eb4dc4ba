"""Modify: every working order can be changed, and is judged like a new one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest

from framework.backtest.record import RunRecord
from framework.components.limits import MaxShares
from framework.domain.bars import Bars
from framework.domain.conditions import TimeCondition, all_of
from framework.domain.events import Refused
from framework.domain.instruments import Instrument
from framework.domain.orders import Order, OrderStatus, TimeInForce, atr, pct, points
from framework.domain.terms import Peg, Scale, Terms, Twap
from framework.errors import OrderError
from framework.strategy import Strategy
from tests.builders import Act, Row, bars_of, five_minutes, free, played, trades_of

QUIET: Row = (100, 101, 99, 100)
DIP: Row = (100, 101, 90, 95)
Change = Callable[[Strategy, Order], object]


@dataclass(frozen=True)
class Cap:
    most: float

    def units(
        self, instrument: Instrument, price: float, high: float, low: float, volume: float
    ) -> float:
        return self.most


def changed(
    send: Act, change: Change, rows: list[Row] | Bars, at: int = 0, **settings: object
) -> tuple[RunRecord, list[object]]:
    """Send in bar 0, change in bar `at`; the record, and what the change was answered."""
    sent: list[Order] = []
    answers: list[object] = []

    def script(s: Strategy, bar: int) -> None:
        if bar == 0:
            order = send(s)
            assert isinstance(order, Order), order
            sent.append(order)
        if bar == at:
            answers.append(change(s, sent[0]))

    bars = rows if isinstance(rows, Bars) else bars_of(rows)
    return played(script, bars, free(**settings)), answers


def far(**terms: object) -> Terms:
    return Terms(**terms)  # type: ignore[arg-type]


LADDER = Terms(scale=Scale(first=4, step=1))
SOON = all_of(TimeCondition(datetime(2020, 2, 25, 21, tzinfo=UTC)))

# name, sent after bar 0, change, bars after it, fills as (bar, units, price)
CHANGES: list[tuple[str, Act, Change, list[Row], list[tuple[int, float, float]]]] = [
    (
        "limit up",
        lambda s: s.buy(10, limit=80),
        lambda s, o: s.modify(o, limit=95),
        [DIP],
        [(1, 10, 95)],
    ),
    (
        "limit down",
        lambda s: s.buy(10, limit=95),
        lambda s, o: s.modify(o, limit=92),
        [DIP],
        [(1, 10, 92)],
    ),
    (
        "limit through the market",
        lambda s: s.buy(10, limit=80),
        lambda s, o: s.modify(o, limit=120),
        [DIP],
        [(1, 10, 100)],
    ),
    (
        "quantity up",
        lambda s: s.buy(10, limit=95),
        lambda s, o: s.modify(o, quantity=15),
        [DIP],
        [(1, 15, 95)],
    ),
    (
        "quantity down",
        lambda s: s.buy(10, limit=95),
        lambda s, o: s.modify(o, quantity=4),
        [DIP],
        [(1, 4, 95)],
    ),
    ("market", lambda s: s.buy(10), lambda s, o: s.modify(o, quantity=7), [DIP], [(1, 7, 100)]),
    (
        "stop",
        lambda s: s.sell(10, stop=80),
        lambda s, o: s.modify(o, stop=94),
        [DIP],
        [(1, -10, 94)],
    ),
    (
        "stop-limit",
        lambda s: s.sell(10, stop=94, limit=93),
        lambda s, o: s.modify(o, stop=96, limit=95),
        [DIP],
        [(1, -10, 96)],
    ),
    (
        "touch",
        lambda s: s.buy(10, touch=80),
        lambda s, o: s.modify(o, stop=92),
        [DIP],
        [(1, 10, 92)],
    ),
    (
        "limit if touched",
        lambda s: s.buy(10, touch=95, limit=80),
        lambda s, o: s.modify(o, limit=91),
        [DIP],
        [(1, 10, 91)],
    ),
    (
        "trailing, nearer",
        lambda s: s.sell(10, trailing=points(20)),
        lambda s, o: s.modify(o, trailing=points(4)),
        [DIP],
        [(1, -10, 96)],
    ),
    (
        "trailing, never further",
        lambda s: s.sell(10, trailing=points(4)),
        lambda s, o: s.modify(o, trailing=points(20)),
        [DIP],
        [(1, -10, 96)],
    ),
    (
        "trailing, a quantity alone leaves its level",
        lambda s: s.sell(10, trailing=points(4)),
        lambda s, o: s.modify(o, quantity=6),
        [DIP],
        [(1, -6, 96)],
    ),
    (
        "ladder, the whole of it lower",
        lambda s: s.buy(10, limit=99, terms=LADDER),
        lambda s, o: s.modify(o, limit=93),
        [DIP],
        [(1, 4, 93), (1, 4, 92), (1, 2, 91)],
    ),
    (
        "ladder, shorter",
        lambda s: s.buy(10, limit=99, terms=LADDER),
        lambda s, o: s.modify(o, quantity=6),
        [DIP],
        [(1, 4, 99), (1, 2, 98)],
    ),
    (
        "pegged, capped lower",
        lambda s: s.buy(10, limit=99, terms=far(peg=Peg.MID)),
        lambda s, o: s.modify(o, limit=91),
        [DIP],
        [(1, 10, 91)],
    ),
    (
        "on the close",
        lambda s: s.buy(10, limit=80, at="close"),
        lambda s, o: s.modify(o, limit=96),
        [DIP],
        [(1, 10, 95)],
    ),
    (
        "conditional, asleep",
        lambda s: s.buy(10, limit=80, tif="GTC", terms=far(conditions=SOON)),
        lambda s, o: s.modify(o, limit=95, quantity=3),
        [DIP, DIP],
        [(2, 3, 95)],
    ),
]


@pytest.mark.parametrize(
    ("send", "change", "rows", "expected"), [c[1:] for c in CHANGES], ids=[c[0] for c in CHANGES]
)
def test_change(
    send: Act, change: Change, rows: list[Row], expected: list[tuple[int, float, float]]
) -> None:
    record, (answer,) = changed(send, change, [QUIET, *rows])
    assert isinstance(answer, Order)
    assert answer.id == record.orders[0].order.id
    assert trades_of(record) == expected
    assert record.refused == ()
    assert len(record.orders) == 1


def test_an_algo_spreads_what_is_then_left() -> None:
    """60 over six bars; after the second, 20 are done and 80 are wanted: 60 over four."""
    bars = five_minutes([(100, 100, 100, 100)] * 7, 7)
    record, _ = changed(
        lambda s: s.buy(60, terms=Terms(algo=Twap())),
        lambda s, o: s.modify(o, quantity=80),
        bars,
        at=2,
    )
    assert [units for _, units, _ in trades_of(record)] == [10, 10, 15, 15, 15, 15]


# protection --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "change", "price"),
    [("stop_loss", {"stop": 96.0}, 96.0), ("take_profit", {"limit": 101.5}, 101.5)],
)
def test_a_child_is_moved(name: str, change: dict[str, float], price: float) -> None:
    def move(s: Strategy, order: Order) -> object:
        child = next(each for each in s.orders if str(each.origin) == name)
        return s.modify(child, **change)  # type: ignore[arg-type]

    rows: list[Row] = [QUIET, QUIET, (100, 102, 99.5, 101) if name != "stop_loss" else DIP]
    record, (answer,) = changed(
        lambda s: s.buy(10, stop_loss=85.0, take_profit=130.0), move, rows, at=1
    )
    assert isinstance(answer, Order)
    assert trades_of(record) == [(1, 10, 100), (2, -10, price)]


def test_a_child_moved_by_hand_stays_there_when_its_entry_fills_on() -> None:
    def move(s: Strategy, order: Order) -> object:
        return s.modify(next(each for each in s.orders if each.parent), stop=93.0)

    rows: list[Row] = [QUIET, QUIET, (110, 111, 109, 110), (110, 111, 92, 93)]
    record, _ = changed(
        lambda s: s.buy(10, tif="GTC", stop_loss=points(5)), move, rows, at=1, liquidity=Cap(6)
    )
    assert trades_of(record)[:2] == [(1, 6, 100), (2, 4, 110)]
    assert trades_of(record)[2] == (3, -6, 93)


def test_a_child_asleep_is_moved_to_a_price_of_its_own() -> None:
    def move(s: Strategy, order: Order) -> object:
        return s.modify(next(each for each in s.orders if each.parent), stop=96.0)

    record, _ = changed(lambda s: s.buy(10, limit=99, stop_loss=points(5)), move, [QUIET, DIP])
    assert trades_of(record) == [(1, 10, 99), (1, -10, 96)]


# partly filled -----------------------------------------------------------------------------


@pytest.mark.parametrize(("wanted", "total"), [(20, 20), (7, 7), (5, 5)])
def test_a_quantity_counts_what_has_traded(wanted: float, total: float) -> None:
    rows: list[Row] = [QUIET, DIP, *[DIP] * 6]
    record, (answer,) = changed(
        lambda s: s.buy(10, limit=98, tif="GTC"),
        lambda s, o: s.modify(o, quantity=wanted),
        rows,
        at=1,
        liquidity=Cap(4),
    )
    assert isinstance(answer, Order)
    assert sum(units for _, units, _ in trades_of(record)) == total
    assert record.orders[0].status is OrderStatus.FILLED


@pytest.mark.parametrize("wanted", [4, 3, 4.5])
def test_no_fewer_than_have_traded(wanted: float) -> None:
    record, (answer,) = changed(
        lambda s: s.buy(10, limit=98, tif="GTC"),
        lambda s, o: s.modify(o, quantity=wanted),
        [QUIET, *[DIP] * 4],
        at=1,
        liquidity=Cap(4),
    )
    assert isinstance(answer, Refused)
    assert (answer.rule, "4 of" in answer.reason) == ("modify", True)
    assert sum(units for _, units, _ in trades_of(record)) == 10, "it works on as it was"


# time in force -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after", "fills"),
    [("DAY", "GTC", True), ("GTC", "DAY", False), ("GTC", "IOC", False), ("DAY", "DAY", False)],
)
def test_a_time_in_force_counts_from_the_change(before: str, after: str, fills: bool) -> None:
    """Sent in session 0; changed at the close of session 1 (GTC) or at once; reached in session 3.

    A day given in session 1 is session 2, not the one long gone by.
    """
    at = 0 if before == "DAY" else 1
    rows: list[Row] = [QUIET, QUIET, QUIET, DIP]
    record, _ = changed(
        lambda s: s.buy(10, limit=95, tif=before),  # type: ignore[arg-type]
        lambda s, o: s.modify(o, tif=after),  # type: ignore[arg-type]
        rows,
        at=at,
    )
    assert bool(trades_of(record)) is fills
    if after == "DAY" and before == "GTC":
        assert record.orders[0].time == record.instants[2]


def test_a_new_day_is_a_whole_one() -> None:
    """A GTC order made a DAY order at the close of session 1 trades in session 2."""
    record, _ = changed(
        lambda s: s.buy(10, limit=95, tif="GTC"),
        lambda s, o: s.modify(o, tif="DAY"),
        [QUIET, QUIET, DIP],
        at=1,
    )
    assert trades_of(record) == [(2, 10, 95)]


def test_a_date_goes_with_gtd() -> None:
    till = Terms(good_till=datetime(2020, 2, 26, 22, tzinfo=UTC))
    record, (answer,) = changed(
        lambda s: s.buy(10, limit=95, terms=till),
        lambda s, o: s.modify(o, tif="GTC"),
        [QUIET, QUIET, QUIET, QUIET, DIP],
    )
    assert isinstance(answer, Order)
    assert (answer.tif, answer.terms.good_till) == (TimeInForce.GTC, None)
    assert trades_of(record) == [(4, 10, 95)]


# several changes ---------------------------------------------------------------------------


def test_what_is_left_out_stays_as_it_now_works() -> None:
    """Changed twice with the order as it was first sent: the limit of the first change stays."""

    def twice(s: Strategy, order: Order) -> object:
        s.modify(order, limit=93.0)
        return s.modify(order, quantity=3)

    record, (answer,) = changed(lambda s: s.buy(10, limit=80), twice, [QUIET, DIP])
    assert isinstance(answer, Order)
    assert trades_of(record) == [(1, 3, 93)]


def test_prices_and_quantities_are_put_on_the_grid() -> None:
    _, (answer,) = changed(
        lambda s: s.buy(10, limit=80),
        lambda s, o: s.modify(o, limit=95.019, quantity=7.9),
        [QUIET, DIP],
    )
    assert isinstance(answer, Order)
    assert (answer.limit, answer.quantity) == (95.01, 7.0)


# judged ------------------------------------------------------------------------------------

# name, sent, change, settings, rule of the refusal
REFUSED: list[tuple[str, Act, Change, dict[str, object], str]] = [
    (
        "more than money pays for",
        lambda s: s.buy(10, limit=95),
        lambda s, o: s.modify(o, quantity=2000),
        {},
        "buying_power",
    ),
    (
        "a price money does not pay for",
        lambda s: s.buy(1000, limit=95),
        lambda s, o: s.modify(o, limit=101),
        {},
        "buying_power",
    ),
    (
        "more than a rule allows",
        lambda s: s.buy(10, limit=95),
        lambda s, o: s.modify(o, quantity=30),
        {"rules": (MaxShares(20.0),)},
        "modify",
    ),
    (
        "the quantity of protection",
        lambda s: s.buy(10, limit=95, stop_loss=90.0),
        lambda s, o: s.modify(next(e for e in s.orders if e.parent), quantity=5),
        {},
        "modify",
    ),
    (
        "an order of another side",
        lambda s: s.buy(10, limit=95),
        lambda s, o: s._desk.modify(replace(o, side=o.side.opposite)),
        {},
        "modify",
    ),
    (
        "another group",
        lambda s: s.buy(10, limit=95),
        lambda s, o: s._desk.modify(replace(o, oca="g")),
        {},
        "modify",
    ),
    (
        "a cancelled order",
        lambda s: s.buy(10, limit=95),
        lambda s, o: (s.cancel(o), s.modify(o, limit=90))[1],
        {},
        "not_working",
    ),
    (
        "an order nobody knows",
        lambda s: s.buy(10, limit=95),
        lambda s, o: s.modify(replace(o, id="nobody"), limit=90),
        {},
        "not_working",
    ),
]


@pytest.mark.parametrize(
    ("send", "change", "settings", "rule"), [c[1:] for c in REFUSED], ids=[c[0] for c in REFUSED]
)
def test_refused(send: Act, change: Change, settings: dict[str, object], rule: str) -> None:
    record, (answer,) = changed(send, change, [QUIET, QUIET, QUIET], **settings)
    assert isinstance(answer, Refused)
    assert answer.rule == rule
    assert record.refused == (answer,)


def test_a_refused_change_leaves_the_order_and_its_money_reserved() -> None:
    def change(s: Strategy, order: Order) -> object:
        before = s.account.buying_power
        refused = s.modify(order, quantity=5000)
        assert s.account.buying_power == before
        return refused

    record, (answer,) = changed(lambda s: s.buy(10, limit=95), change, [QUIET, DIP])
    assert isinstance(answer, Refused)
    assert trades_of(record) == [(1, 10, 95)]


def test_money_is_reserved_for_the_order_as_it_now_is() -> None:
    free_after: list[float] = []

    def change(s: Strategy, order: Order) -> object:
        for quantity in (100, 500, 20):
            s.modify(order, quantity=quantity)
            free_after.append(s.account.buying_power)
        return s.modify(order, limit=50.0)

    changed(lambda s: s.buy(10, limit=100), change, [QUIET, QUIET])
    assert free_after == [90_000.0, 50_000.0, 98_000.0]


def test_an_exit_that_grows_beyond_what_is_held_is_judged_as_an_entry() -> None:
    """Long 10, a sale of 10 at 105 made one of 25: 15 of it are a short that must be paid for."""

    def script(s: Strategy, bar: int) -> object:
        if bar == 0:
            return s.buy(10)
        if bar == 1:
            order = s.sell(10, limit=105)
            assert isinstance(order, Order)
            return [s.modify(order, quantity=5000), s.modify(order, quantity=25)]
        return None

    rows: list[Row] = [QUIET, QUIET, (100, 106, 99, 100)]
    record = played(script, bars_of(rows), free())
    assert [refusal.rule for refusal in record.refused] == ["buying_power"]
    assert trades_of(record) == [(1, 10, 100), (2, -25, 105)]


@pytest.mark.parametrize(
    "change",
    [
        lambda s, o: s.modify(o, quantity=0),
        lambda s, o: s.modify(o, limit=-1),
        lambda s, o: s.modify(o, stop=95.0),
        lambda s, o: s.modify(o, trailing=pct(3)),
        lambda s, o: s.modify(o, trailing=atr(2)),
        lambda s, o: s.modify(o, trailing=3),
        lambda s, o: s.modify(o, tif="GTD"),
        lambda s, o: s.modify(o, tif="never"),
    ],
)
def test_what_no_order_could_be_is_an_error(change: Change) -> None:
    errors: list[Exception] = []

    def attempt(s: Strategy, order: Order) -> None:
        try:
            change(s, order)
        except OrderError as error:
            errors.append(error)

    changed(lambda s: s.buy(10, limit=95), attempt, [QUIET, QUIET])
    assert len(errors) == 1
