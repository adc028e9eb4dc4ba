"""The back office of the simulated broker: nights, actions, margin calls, expiries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

import pytest

from framework.brokers.simulated.account import (
    BackOffice,
    interest_balance,
    made_by_broker,
    settled_balance,
)
from framework.brokers.simulated.tape import Tape
from framework.components.financing import IbkrFinancing, NoFinancing, SimpleInterest
from framework.components.margin import CashAccount, Leverage, RegT
from framework.domain.actions import CorporateAction, Dividend, StockSplit
from framework.domain.bars import PriceBasis
from framework.domain.currency import Rates
from framework.domain.events import CashFlow, CashFlowKind, Split
from framework.domain.instruments import AssetType, Instrument
from framework.domain.ledger import Ledger, Position
from framework.domain.orders import Order, OrderType, Origin, Side, TimeInForce
from framework.ports import FinancingModel, MarginModel
from tests.builders import bars_of, day_number, flat_rows

ES = Instrument(
    "ES", AssetType.FUTURE, multiplier=50.0, initial_margin=15_000.0, maintenance_margin=10_000.0
)


_PLAIN = Leverage()
_FREE = NoFinancing()


def book(cash: float, *positions: Position) -> Ledger:
    ledger = Ledger(cash, {p.symbol: p.multiplier for p in positions})
    ledger.positions.update({p.symbol: p for p in positions})
    return ledger


def tape_of(
    instrument: Instrument | str,
    closes: Sequence[float],
    prices: PriceBasis = PriceBasis.RAW,
    row: int = 0,
) -> Tape:
    name = instrument if isinstance(instrument, str) else instrument.symbol
    bars = replace(bars_of(flat_rows(closes), name), prices=prices)
    if isinstance(instrument, Instrument):
        bars = replace(bars, instrument=instrument)
    tape = Tape(bars, None)
    tape.move(row)
    return tape


def office(
    ledger: Ledger,
    tapes: Sequence[Tape],
    margin: MarginModel = _PLAIN,
    financing: FinancingModel = _FREE,
    actions: Sequence[CorporateAction] = (),
    rates: Mapping[str, float] | None = None,
) -> BackOffice:
    table = Rates.constant("USD", rates or {})
    return BackOffice(ledger, tapes, margin, financing, actions, table)


# balances ----------------------------------------------------------------------------------


def test_a_future_moves_the_settled_balance_only_by_its_gains() -> None:
    instruments = {"ES": ES, "AAA": Instrument("AAA"), "BBB": Instrument("BBB")}
    ledger = book(
        100_000.0 - 2 * 50 * 4_000.0 - 10_000.0 + 5_000.0,
        Position("ES", 2.0, 4_000.0, 50.0),
        Position("AAA", 100.0, 100.0),
        Position("BBB", -50.0, 100.0),
    )
    prices = {"ES": 4_010.0, "AAA": 110.0, "BBB": 90.0}
    assert settled_balance(ledger, instruments, prices) == 100_000.0 + 1_000.0 - 5_000.0
    assert interest_balance(ledger, instruments, prices) == 96_000.0 - 50 * 90.0


# nights ------------------------------------------------------------------------------------


def test_the_first_session_and_a_quiet_model_book_nothing() -> None:
    tape = tape_of("AAA", [10.0, 10.0, 10.0])
    debt = book(-36_000.0, Position("AAA"))
    desk = office(debt, [tape], financing=IbkrFinancing(spread=1.0))
    assert desk.night(10, [tape], 5) == []
    assert desk.night(10, [], 6) == []
    assert desk.night(13, [], 7) == [CashFlow("", CashFlowKind.INTEREST, -3.0, 7)]
    free = office(debt, [tape])
    assert [free.night(day, [], 5) for day in (10, 11)] == [[], []]


def test_a_loan_is_charged_at_the_close_before_in_the_account_currency() -> None:
    foreign = Instrument("SAP", currency="EUR")
    tape = tape_of(foreign, [50.0, 80.0], row=1)
    ledger = book(0.0, Position("SAP", -100.0, 60.0))
    desk = office(
        ledger, [tape], financing=IbkrFinancing(spread=0.0, borrow=36.0), rates={"EUR": 1.25}
    )
    desk.night(10, [], 1)
    fee = 100 * 51 * 0.36 / 360 * 3 * 1.25
    flow = desk.night(13, [tape], 9)[0]
    assert (flow.symbol, flow.kind, flow.time) == ("SAP", CashFlowKind.BORROW_FEE, 9)
    assert flow.amount == pytest.approx(-fee)
    later = desk.night(14, [], 10)
    assert later[0].amount == pytest.approx(-100 * 82 * 0.36 / 360 * 1.25)


def test_simple_interest_goes_by_the_average_price() -> None:
    tape = tape_of("AAA", [10.0, 20.0], row=1)
    ledger = book(0.0, Position("AAA", -73.0, 50.0))
    desk = office(ledger, [tape], financing=SimpleInterest(10.0))
    desk.night(10, [], 1)
    flow = desk.night(12, [tape], 2)[0]
    assert (flow.symbol, flow.kind) == ("AAA", CashFlowKind.INTEREST)
    assert flow.amount == pytest.approx(-2.0)


# actions -----------------------------------------------------------------------------------


def test_actions_are_due_once_at_the_first_bar_of_their_day() -> None:
    sessions = [day_number(i) for i in range(5)]
    tape = tape_of("AAA", [10.0] * 5)
    actions = (
        Dividend("AAA", sessions[0], 1.0),
        Dividend("AAA", sessions[2], 2.0),
        StockSplit("AAA", sessions[2], 2.0),
        Dividend("AAA", sessions[3] - 0, 3.0),
        Dividend("BBB", sessions[2], 9.0),
    )
    desk = office(book(0.0, Position("AAA")), [tape], actions=actions)
    found = []
    for row in range(5):
        tape.move(row)
        found.append(desk.due(tape))
    assert found == [[], [], [actions[2], actions[1]], [actions[3]], []]


def test_a_weekend_action_waits_for_the_next_bar() -> None:
    tape = tape_of("AAA", [10.0] * 7)
    saturday = day_number(4) + 1
    desk = office(book(0.0, Position("AAA")), [tape], actions=(Dividend("AAA", saturday, 1.0),))
    due = []
    for row in range(7):
        tape.move(row)
        due.append(len(desk.due(tape)))
    assert due == [0, 0, 0, 0, 0, 1, 0]


@pytest.mark.parametrize(("prices", "count"), [("raw", 2), ("split", 1), ("total", 0)])
def test_prices_decide_what_is_due(prices: str, count: int) -> None:
    tape = tape_of("AAA", [10.0] * 2, PriceBasis(prices), row=1)
    day = day_number(1)
    actions = (Dividend("AAA", day, 1.0), StockSplit("AAA", day, 2.0))
    assert len(office(book(0.0, Position("AAA")), [tape], actions=actions).due(tape)) == count


@pytest.mark.parametrize(
    ("quantity", "action", "events"),
    [
        (100.0, Dividend("AAA", 0, 0.5), [("dividend", 62.5)]),
        (-100.0, Dividend("AAA", 0, 0.5), [("dividend", -62.5)]),
        (0.0, Dividend("AAA", 0, 0.5), []),
        (100.0, StockSplit("AAA", 0, 2.0), [("units", 200.0)]),
        (-100.0, StockSplit("AAA", 0, 2.0), [("units", -200.0)]),
        (0.0, StockSplit("AAA", 0, 2.0), [("units", 0.0)]),
        # 7.5 units: 7 stay, half a unit is paid at 30 / 1.5 x 1.25
        (5.0, StockSplit("AAA", 0, 1.5), [("units", 7.0), ("cash_in_lieu", 12.5)]),
        (-5.0, StockSplit("AAA", 0, 1.5), [("units", -7.0), ("cash_in_lieu", -12.5)]),
        (3.0, StockSplit("AAA", 0, 0.1), [("units", 0.0), ("cash_in_lieu", 112.5)]),
    ],
)
def test_what_an_action_books(
    quantity: float, action: CorporateAction, events: list[tuple[str, float]]
) -> None:
    tape = tape_of(Instrument("AAA", currency="EUR"), [30.0, 20.0], row=1)
    desk = office(book(0.0, Position("AAA", quantity, 25.0)), [tape], rates={"EUR": 1.25})
    found = [
        ("units", event.quantity) if isinstance(event, Split) else (event.kind.value, event.amount)
        for event in desk.booked(tape, action, 7)
    ]
    assert [name for name, _ in found] == [name for name, _ in events]
    assert [value for _, value in found] == pytest.approx([value for _, value in events])


# margin calls ------------------------------------------------------------------------------


def calls(desk: BackOffice, pending: Mapping[str, float] = MappingProxyType({})) -> list[object]:
    return [(symbol, quantity) for symbol, quantity, _ in desk.liquidations(0, pending)]


@pytest.mark.parametrize(
    ("margin", "cash", "positions", "closes", "orders"),
    [
        # 100 x 100 bought with 5,000 of equity; at 66 equity 1,600, needed 1,650, short by 50,
        # each unit frees 16.50
        (RegT(), -5_000.0, {"AAA": 100.0}, {"AAA": 66.0}, [("AAA", -4.0)]),
        (RegT(), -5_000.0, {"AAA": 100.0}, {"AAA": 67.0}, []),
        # exactly at maintenance is not below it
        (RegT(), -4_800.0, {"AAA": 100.0}, {"AAA": 64.0}, []),
        # under water: everything goes
        (RegT(), -9_000.0, {"AAA": 100.0}, {"AAA": 66.0}, [("AAA", -100.0)]),
        # a short position is bought back: 15,000 - 11,600 = 3,400 < 3,480, each unit frees 34.80
        (RegT(), 15_000.0, {"AAA": -100.0}, {"AAA": 116.0}, [("AAA", 3.0)]),
        # the larger requirement first, the next only for what is still missing
        (
            RegT(),
            -12_000.0,
            {"AAA": 100.0, "BBB": 100.0},
            {"AAA": 50.0, "BBB": 80.0},
            [("BBB", -100.0), ("AAA", -20.0)],
        ),
        (
            RegT(),
            -10_000.0,
            {"AAA": 100.0, "BBB": 100.0},
            {"AAA": 50.0, "BBB": 80.0},
            [("BBB", -13.0)],
        ),
        (Leverage(4.0), -50_000.0, {"AAA": 100.0}, {"AAA": 66.0}, []),
        (Leverage(4.0, 25.0), -5_000.0, {"AAA": 100.0}, {"AAA": 66.0}, [("AAA", -4.0)]),
        (CashAccount(), -50_000.0, {"AAA": 100.0}, {"AAA": 66.0}, []),
        (RegT(), -5_000.0, {"AAA": 0.0}, {"AAA": 66.0}, []),
    ],
)
def test_margin_calls(
    margin: MarginModel,
    cash: float,
    positions: Mapping[str, float],
    closes: Mapping[str, float],
    orders: list[tuple[str, float]],
) -> None:
    ledger = book(cash, *(Position(s, q, 100.0) for s, q in positions.items()))
    tapes = [tape_of(symbol, [close]) for symbol, close in closes.items()]
    assert calls(office(ledger, tapes, margin)) == orders


def test_what_is_under_way_counts() -> None:
    ledger = book(-5_000.0, Position("AAA", 100.0, 100.0))
    desk = office(ledger, [tape_of("AAA", [66.0])], RegT())
    assert desk.liquidations(0, {"AAA": -3.0}) == [("AAA", -1.0, 66.0)]
    assert calls(desk, {"AAA": -4.0}) == []


def test_a_call_in_two_currencies_and_whole_lots() -> None:
    ledger = book(-61_000.0, Position("SAP", 1_000.0, 100.0))
    tape = tape_of(Instrument("SAP", currency="EUR", lot=10.0), [64.0])
    # 80,000 - 61,000 = 19,000 of 20,000 needed; a lot of ten frees 200
    assert calls(office(ledger, [tape], RegT(), rates={"EUR": 1.25})) == [("SAP", -50.0)]


def test_futures_are_called_by_their_own_margin() -> None:
    ledger = book(25_000.0 - 3 * 50 * 4_000.0, Position("ES", 3.0, 4_000.0, 50.0))
    assert calls(office(ledger, [tape_of(ES, [4_050.0])], CashAccount())) == []
    assert calls(office(ledger, [tape_of(ES, [4_010.0])], CashAccount())) == [("ES", -1.0)]


# expiry and the broker's own orders ----------------------------------------------------------


@pytest.mark.parametrize(
    ("expiry", "bars", "row"),
    [
        (day_number(2), 7, 2),
        (day_number(4) + 1, 7, 4),
        # on a Saturday, and the bars end on the Friday before it
        (day_number(4) + 1, 5, 4),
        (day_number(6), 7, 6),
        (day_number(6) + 1, 7, None),
    ],
)
def test_a_contract_expires_at_its_last_bar(expiry: int, bars: int, row: int | None) -> None:
    tape = tape_of(replace(ES, expiry=expiry), [10.0] * bars)
    desk = office(book(0.0, Position("ES")), [tape])
    found = []
    for at in range(bars):
        tape.move(at)
        found.append(desk.expires(tape))
    assert found == [at == row for at in range(bars)]


def test_an_order_of_the_broker_only_closes() -> None:
    assert made_by_broker(Origin.LIQUIDATION, 3, "AAA", -40.0, 66.0, 9) == Order(
        "liquidation-3",
        "AAA",
        Side.SELL,
        40.0,
        OrderType.MARKET,
        9,
        66.0,
        tif=TimeInForce.GTC,
        origin=Origin.LIQUIDATION,
        opens=0.0,
    )
    assert made_by_broker(Origin.EXPIRY, 1, "ES", 2.0, 66.0, 9).side is Side.BUY
