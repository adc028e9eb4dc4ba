"""Orders and contracts as the broker writes them, one case for each word."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from framework.brokers.ib.library import UNSET_DOUBLE, library
from framework.brokers.ib.listed import Book, Listed
from framework.brokers.ib.numbers import amount, count
from framework.brokers.ib.problems import ContractError, RequestError
from framework.brokers.ib.times import parsed_time, time_text
from framework.brokers.ib.translate_contract import (
    check_tradable,
    contract_of,
    listed_of,
    rule_number,
    wanted_contract,
)
from framework.brokers.ib.translate_order import Sent, order_to, provisional
from framework.domain.instruments import AssetType, Instrument
from framework.domain.options import Right
from framework.domain.orders import (
    Order,
    OrderType,
    Origin,
    Side,
    TimeInForce,
    pct,
    points,
)
from framework.domain.terms import Adaptive, OcaType, Patience, Peg, PercentOfVolume, Scale, Terms
from framework.errors import OrderError
from framework.options.contracts import option_contract

LIB = library()
STOCK = Instrument("AAA")
BOOK = Book([Listed(STOCK, 1, "AAA", "STK", "SMART")])
TILL = datetime(2024, 3, 1, 21, 30, tzinfo=UTC)


def order(kind: OrderType = OrderType.MARKET, **changes: object) -> Order:
    plain = Order("o", "AAA", Side.BUY, 10.0, OrderType.MARKET, 0, 100.0)
    return replace(plain, type=kind, **changes)  # type: ignore[arg-type]


T = OrderType
CASES: list[tuple[Order, dict[str, object]]] = [
    (order(), {"orderType": "MKT", "tif": "DAY", "action": "BUY", "totalQuantity": 10.0}),
    (order(side=Side.SELL), {"action": "SELL"}),
    (order(T.LIMIT, limit=95.0), {"orderType": "LMT", "lmtPrice": 95.0}),
    (order(T.STOP, stop=105.0), {"orderType": "STP", "auxPrice": 105.0}),
    (
        order(T.STOP_LIMIT, stop=105.0, limit=106.0),
        {"orderType": "STP LMT", "auxPrice": 105.0, "lmtPrice": 106.0},
    ),
    (
        order(T.TRAIL, trail=points(5.0)),
        {
            "orderType": "TRAIL",
            "auxPrice": 5.0,
            "trailingPercent": UNSET_DOUBLE,
            "trailStopPrice": UNSET_DOUBLE,
        },
    ),
    (order(T.TRAIL, trail=pct(5.0), stop=95.0), {"trailingPercent": 5.0, "trailStopPrice": 95.0}),
    (
        order(T.TRAIL_LIMIT, trail=points(5.0), terms=Terms(limit_offset=1.0)),
        {"orderType": "TRAIL LIMIT", "auxPrice": 5.0, "lmtPriceOffset": 1.0},
    ),
    (order(T.MARKET_IF_TOUCHED, stop=95.0), {"orderType": "MIT", "auxPrice": 95.0}),
    (
        order(T.LIMIT_IF_TOUCHED, stop=95.0, limit=94.0),
        {"orderType": "LIT", "auxPrice": 95.0, "lmtPrice": 94.0},
    ),
    (order(T.MARKET_ON_CLOSE), {"orderType": "MOC", "tif": "DAY"}),
    (order(T.LIMIT_ON_CLOSE, limit=95.0), {"orderType": "LOC", "lmtPrice": 95.0}),
    (order(tif=TimeInForce.OPG), {"orderType": "MKT", "tif": "OPG"}),
    (order(T.LIMIT, limit=95.0, tif=TimeInForce.OPG), {"orderType": "LMT", "tif": "OPG"}),
    (
        order(T.PEG_MID, terms=Terms(peg=Peg.MID, peg_offset=0.02)),
        {"orderType": "PEG MID", "auxPrice": 0.02},
    ),
    (order(T.PEG_BEST, terms=Terms(peg=Peg.BEST)), {"orderType": "PEG BEST"}),
    (
        order(T.RELATIVE, limit=99.0, terms=Terms(peg=Peg.PRIMARY, peg_offset=0.01)),
        {"orderType": "REL", "auxPrice": 0.01, "lmtPrice": 99.0},
    ),
    *[(order(tif=tif), {"tif": tif.value}) for tif in TimeInForce if tif is not TimeInForce.GTD],
    (
        order(T.LIMIT, limit=95.0, tif=TimeInForce.GTD, terms=Terms(good_till=TILL)),
        {"tif": "GTD", "goodTillDate": "20240301 21:30:00 UTC"},
    ),
    (order(terms=Terms(outside_hours=True)), {"outsideRth": True}),
    *[
        (
            order(oca="g", terms=Terms(oca_type=kind)),
            {"ocaGroup": "g", "ocaType": int(kind)},
        )
        for kind in OcaType
    ],
    (
        order(T.LIMIT, limit=95.0, oca="g", parent="p", origin=Origin.TAKE_PROFIT),
        {"ocaGroup": "g", "ocaType": 2},
    ),
    (
        order(T.LIMIT, limit=95.0, terms=Terms(scale=Scale(4.0, 0.5, 3.0))),
        {"scaleInitLevelSize": 4, "scaleSubsLevelSize": 3, "scalePriceIncrement": 0.5},
    ),
    (order(terms=Terms(algo=Adaptive(Patience.PATIENT))), {"algoStrategy": "Adaptive"}),
    (order(terms=Terms(algo=PercentOfVolume(12.5))), {"algoStrategy": "PctVol"}),
]


@pytest.mark.parametrize(("given", "written"), CASES, ids=[str(case[0]) for case in CASES])
def test_how_an_order_is_written(given: Order, written: dict[str, object]) -> None:
    made = order_to(LIB, given, BOOK, Sent("DU1", 7, False))
    assert {name: getattr(made, name) for name in written} == written
    assert (made.orderRef, made.account, made.parentId, made.transmit) == ("o", "DU1", 7, False)


def test_an_order_to_be_sized_at_its_fill_is_refused() -> None:
    with pytest.raises(OrderError, match="only a backtest"):
        order_to(LIB, order(quantity=0.0, fraction=0.5), BOOK, Sent("DU1"))


def test_a_child_s_price_is_reckoned_as_the_simulator_does() -> None:
    stop = order(T.STOP, side=Side.SELL, offset=pct(3.0), parent="p")
    assert provisional(stop, 101.01, STOCK).stop == 97.97
    take = order(T.LIMIT, side=Side.SELL, offset=points(1.005), parent="p")
    assert provisional(take, 100.0, STOCK).limit == 101.01
    assert provisional(order(T.LIMIT, limit=95.0), 100.0, STOCK).limit == 95.0


DAY = (date(2024, 12, 20) - date(1970, 1, 1)).days
SPY = Instrument("SPY")
WANTED = [
    (STOCK, {"secType": "STK", "symbol": "AAA", "exchange": "SMART", "currency": "USD"}),
    (Instrument("BRK.B"), {"symbol": "BRK B"}),
    (
        Instrument("ESZ4", AssetType.FUTURE, calendar="CMES", multiplier=50.0, expiry=DAY),
        {
            "secType": "FUT",
            "symbol": "ES",
            "exchange": "CME",
            "lastTradeDateOrContractMonth": "20241220",
            "multiplier": "50",
        },
    ),
    (
        Instrument("EUR.USD", AssetType.FOREX),
        {"secType": "CASH", "symbol": "EUR", "currency": "USD", "exchange": "IDEALPRO"},
    ),
    (
        Instrument("USDJPY", AssetType.FOREX, currency="JPY"),
        {"symbol": "USD", "currency": "JPY"},
    ),
    (
        Instrument("BTC.USD", AssetType.CRYPTO),
        {"secType": "CRYPTO", "symbol": "BTC", "exchange": "PAXOS"},
    ),
    (Instrument("SPX", AssetType.INDEX), {"secType": "IND", "exchange": "CBOE"}),
    (
        option_contract(SPY, DAY, Right.CALL, 450.5),
        {
            "secType": "OPT",
            "symbol": "SPY",
            "strike": 450.5,
            "right": "C",
            "lastTradeDateOrContractMonth": "20241220",
            "multiplier": "100",
            "tradingClass": "SPY",
            "exchange": "SMART",
        },
    ),
]


@pytest.mark.parametrize(("instrument", "asked"), WANTED, ids=[w[0].symbol for w in WANTED])
def test_what_is_asked_for(instrument: Instrument, asked: dict[str, object]) -> None:
    wanted = wanted_contract(LIB, instrument)
    assert {name: getattr(wanted, name) for name in asked} == asked


def test_an_index_is_refused_with_the_remedy() -> None:
    with pytest.raises(ContractError, match="SPY or ES"):
        check_tradable(Instrument("SPX", AssetType.INDEX))


def test_a_qualified_contract_has_the_broker_s_grid() -> None:
    contract = LIB.Contract(
        conId=9, symbol="AAA", secType="STK", exchange="SMART", currency="USD",
        lastTradeDateOrContractMonth="20241220 08:30 US/Central",
    )  # fmt: skip
    details = LIB.ContractDetails(
        contract=contract, minTick=0.0001, validExchanges="SMART,NYSE", marketRuleIds="26,27",
        sizeIncrement=1.0, timeZoneId="US/Eastern",
    )  # fmt: skip
    assert rule_number(details, "NYSE") == 27
    assert rule_number(details, "ELSEWHERE") == 26
    listed = listed_of(STOCK, details, ((0.0, 0.0001), (1.0, 0.01)))
    assert (listed.expiry, listed.zone) == ("20241220", "US/Eastern")
    assert listed.instrument.tick_at(0.5) == 0.0001
    assert listed.instrument.tick_at(5.0) == 0.01
    assert contract_of(LIB, listed, "NYSE").exchange == "NYSE"
    assert contract_of(LIB, listed).exchange == "SMART"
    assert contract_of(LIB, listed).conId == 9


@pytest.mark.parametrize(
    ("text", "zone", "hour"),
    [
        ("20240102 09:30:00 US/Eastern", "UTC", 14),
        ("20240102  09:30:00", "US/Eastern", 14),
        ("20240102-14:30:00", "US/Eastern", 14),
        ("20240702 09:30:00", "US/Eastern", 13),
        ("20240102 14:30:00 UTC", "US/Eastern", 14),
    ],
)
def test_times_are_read_in_utc(text: str, zone: str, hour: int) -> None:
    assert parsed_time(text, zone).hour == hour
    assert parsed_time(time_text(parsed_time(text, zone)), "Asia/Tokyo") == parsed_time(text, zone)


@pytest.mark.parametrize("text", ["yesterday", "20240102 09:30:00 Nowhere/Land", ""])
def test_a_time_that_cannot_be_read_is_named(text: str) -> None:
    with pytest.raises((RequestError, IndexError)):
        parsed_time(text, "UTC")


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("1.7976931348623157E308", None),
        (1.7976931348623157e308, None),
        ("1.797e+308", None),
        (float("nan"), None),
        (float("inf"), None),
        ("", None),
        (None, None),
        ("-1.25", -1.25),
        (0.0, 0.0),
    ],
)
def test_amounts(value: object, found: float | None) -> None:
    assert amount(value) == found


def test_counts() -> None:
    assert count(2**31 - 1) is None
    assert count("7") == 7
