"""Contracts are found by whatever part of them is known, as TWS finds them."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from framework.calendar import DAY, day_of
from framework.domain.bars import Bars
from framework.domain.instruments import AssetType, Instrument
from framework.emulator.market.directory import AmbiguousContract, UnknownContract
from framework.emulator.market.hours import close_text, hours_of, zone_of
from framework.emulator.market.market import Market
from framework.emulator.market.markets import bars_market, synthetic_market
from framework.emulator.market.numbers import Numbers
from framework.emulator.protocol.contract import ComboLeg, WireContract
from framework.options.model import OptionModel
from framework.options.volatility import ConstantVolatility
from tests.builders import bars_of

START = day_of("2026-03-10") * DAY + 15 * 3600 * 10**9
MARKET = synthetic_market(START, streaming=())
DIRECTORY = MARKET.directory


def keys(**fields: object) -> list[str]:
    return [one.key for one in DIRECTORY.find(WireContract(**fields))]  # type: ignore[arg-type]


STOCK = {"symbol": "AAPL", "sec_type": "STK", "exchange": "SMART", "currency": "USD"}
CALL = {
    "symbol": "SPY",
    "sec_type": "OPT",
    "last_trade_date": "20260320",
    "strike": 600.0,
    "right": "C",
    "exchange": "SMART",
}
FUTURES = ["ESH6", "ESM6", "ESU6", "ESZ6", "ESH7"]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (STOCK, ["AAPL"]),
        (STOCK | {"symbol": "aapl", "sec_type": "stk"}, ["AAPL"]),
        (STOCK | {"exchange": ""}, ["AAPL"]),
        (STOCK | {"primary_exchange": "NASDAQ"}, ["AAPL"]),
        (STOCK | {"primary_exchange": "ISLAND"}, ["AAPL"]),
        (STOCK | {"primary_exchange": "NYSE"}, []),
        (STOCK | {"exchange": "ISLAND"}, ["AAPL"]),
        (STOCK | {"exchange": "NASDAQ"}, ["AAPL"]),
        (STOCK | {"exchange": "LSE"}, []),
        (STOCK | {"currency": "EUR"}, []),
        (STOCK | {"symbol": "AAPLE"}, []),
        (STOCK | {"sec_type": "CFD"}, []),
        (STOCK | {"sec_type": ""}, []),
        (STOCK | {"sec_id_type": "ISIN", "sec_id": "US0378331005"}, []),
        (STOCK | {"trading_class": "NMS"}, ["AAPL"]),
        (STOCK | {"trading_class": "XYZ"}, []),
        ({"sec_type": "STK"}, []),
        ({"con_id": 265598}, ["AAPL"]),
        ({"con_id": 265598, "exchange": "SMART"}, ["AAPL"]),
        ({"con_id": 265598, "exchange": "XETRA"}, []),
        ({"con_id": 265598, "symbol": "MSFT"}, []),
        ({"con_id": 272093}, ["MSFT"]),
        ({"con_id": 756733}, ["SPY"]),
        ({"con_id": 12087792}, ["EUR.USD"]),
        ({"con_id": 1}, []),
        ({"symbol": "ES", "sec_type": "FUT", "exchange": "CME"}, FUTURES),
        ({"symbol": "ES", "sec_type": "FUT", "exchange": "GLOBEX"}, []),
        ({"symbol": "ES", "sec_type": "FUT", "last_trade_date": "202606"}, ["ESM6"]),
        ({"symbol": "ES", "sec_type": "FUT", "last_trade_date": "20260619"}, ["ESM6"]),
        ({"symbol": "ES", "sec_type": "FUT", "last_trade_date": "20260618"}, []),
        ({"symbol": "ES", "sec_type": "FUT", "multiplier": "50", "currency": "USD"}, FUTURES),
        ({"symbol": "ES", "sec_type": "FUT", "multiplier": "5"}, []),
        ({"local_symbol": "ESZ6", "sec_type": "FUT", "exchange": "CME"}, ["ESZ6"]),
        ({"symbol": "EUR", "sec_type": "CASH", "currency": "USD"}, ["EUR.USD"]),
        (
            {"symbol": "EUR", "sec_type": "CASH", "currency": "USD", "exchange": "IDEALPRO"},
            ["EUR.USD"],
        ),
        ({"symbol": "EUR", "sec_type": "CASH", "currency": "GBP"}, []),
        ({"symbol": "SPX", "sec_type": "IND", "exchange": "CBOE"}, ["SPX"]),
        (CALL, ["SPY 260320C600"]),
        (CALL | {"right": "CALL"}, ["SPY 260320C600"]),
        (CALL | {"right": "PUT"}, ["SPY 260320P600"]),
        (CALL | {"right": ""}, ["SPY 260320C600", "SPY 260320P600"]),
        (CALL | {"right": "X"}, []),
        (CALL | {"strike": 601.37}, []),
        (CALL | {"last_trade_date": "20260321"}, []),
        (CALL | {"last_trade_date": "20260320 08:30 US/Central"}, ["SPY 260320C600"]),
        (CALL | {"multiplier": "100", "trading_class": "SPY"}, ["SPY 260320C600"]),
        (CALL | {"trading_class": "SPXW"}, []),
        (CALL | {"currency": "EUR"}, []),
        (CALL | {"symbol": "MSFT"}, []),
        (CALL | {"exchange": "CBOE"}, ["SPY 260320C600"]),
        (CALL | {"exchange": "CME"}, []),
        ({"sec_type": "OPT", "local_symbol": "SPY   260320C00600000"}, ["SPY 260320C600"]),
        ({"sec_type": "OPT", "local_symbol": "SPY260320C00600000"}, ["SPY 260320C600"]),
        ({"sec_type": "OPT", "local_symbol": "nonsense"}, []),
        ({"sec_type": "OPT", "local_symbol": "SPY   200320C00600000"}, []),
    ],
)
def test_partial_contracts(fields: dict[str, object], expected: list[str]) -> None:
    assert keys(**fields) == expected


def test_months_of_options() -> None:
    found = keys(symbol="SPY", sec_type="OPT", last_trade_date="202603", strike=600.0, right="P")
    assert found == ["SPY 260313P600", "SPY 260320P600", "SPY 260327P600"]


def test_the_exchange_is_the_one_asked_for() -> None:
    for asked, told in (("", "SMART"), ("SMART", "SMART"), ("ARCA", "ARCA"), ("nasdaq", "ISLAND")):
        assert DIRECTORY.one(WireContract(con_id=265598, exchange=asked)).contract.exchange == told


def test_exactly_one() -> None:
    assert DIRECTORY.one(WireContract(**STOCK)).key == "AAPL"  # type: ignore[arg-type]
    with pytest.raises(AmbiguousContract, match="ESH6 and ESM6"):
        DIRECTORY.one(WireContract(symbol="ES", sec_type="FUT"))
    with pytest.raises(UnknownContract, match="AAPLE STK"):
        DIRECTORY.one(WireContract(symbol="AAPLE", sec_type="STK"))


options = st.tuples(
    st.sampled_from(["20260313", "20260320", "20260417"]),
    st.sampled_from([550.0, 600.0, 655.0]),
    st.sampled_from(["C", "P"]),
)


@settings(max_examples=30, deadline=None)
@given(options, st.sets(st.sampled_from(["last_trade_date", "strike", "right", "currency"])))
def test_saying_less_never_finds_less(option: tuple[str, float, str], left_out: set[str]) -> None:
    date, strike, right = option
    whole = WireContract(
        symbol="SPY",
        sec_type="OPT",
        last_trade_date=date,
        strike=strike,
        right=right,
        exchange="SMART",
        currency="USD",
    )
    exact = DIRECTORY.one(whole)
    empty = WireContract()
    vaguer = replace(whole, **{name: getattr(empty, name) for name in left_out})
    assert exact.key in [one.key for one in DIRECTORY.find(vaguer)]
    assert DIRECTORY.one(exact.contract) == exact
    assert DIRECTORY.by_con_id(exact.con_id).key == exact.key


def test_con_ids_survive_a_restart() -> None:
    number = DIRECTORY.one(WireContract(**CALL)).con_id  # type: ignore[arg-type]
    anew = synthetic_market(START, streaming=()).directory
    assert anew.by_con_id(number).key == "SPY 260320C600"
    assert 0 < number < 2**31
    with pytest.raises(UnknownContract, match="12345"):
        anew.by_con_id(12345)


def test_two_keys_never_share_a_number() -> None:
    numbers = Numbers()
    found = [numbers.of(f"KEY{place}") for place in range(20_000)]
    assert len(set(found)) == 20_000
    assert numbers.key(found[7]) == "KEY7"
    numbers.forget("KEY7")
    assert numbers.key(found[7]) is None


def test_an_option_by_name_need_not_be_listed_today() -> None:
    assert DIRECTORY.by_key("SPY 271217C1234.5").contract.strike == 1234.5
    assert DIRECTORY.by_key("SPY   260320C00600000").key == "SPY 260320C600"
    for wrong in ("MSFT 260320C600", "TSLA", "SPX 260320C6000", "SPY 260320C0.0001"):
        with pytest.raises(UnknownContract, match="not listed"):
            DIRECTORY.by_key(wrong)


def test_no_option_expires_on_a_day_without_trading() -> None:
    directory = market_of(Instrument("ACME")).directory
    assert directory.by_key("ACME 200320C100").key == "ACME 200320C100"
    with pytest.raises(UnknownContract, match="day without trading"):
        directory.by_key("ACME 200321C100")


def test_legs_of_a_combo() -> None:
    numbers = [DIRECTORY.by_key(key).con_id for key in ("SPY 260320C600", "SPY 260320P600")]
    bag = WireContract(
        symbol="SPY",
        sec_type="BAG",
        combo_legs=tuple(ComboLeg(number, 1, "BUY", "SMART") for number in numbers),
    )
    assert [one.key for one, _ in DIRECTORY.legs(bag)] == ["SPY 260320C600", "SPY 260320P600"]
    with pytest.raises(UnknownContract):
        DIRECTORY.legs(replace(bag, combo_legs=(ComboLeg(9, 1, "BUY"),)))


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("SP", ["SPY", "SPX"]),
        ("spy", ["SPY"]),
        ("apple", ["AAPL"]),
        ("S&P 500", ["SPY", "SPX"]),
        ("zzz", []),
        (" ", []),
    ],
)
def test_searching(pattern: str, expected: list[str]) -> None:
    assert [match.listing.key for match in DIRECTORY.matching(pattern)] == expected


def test_what_is_written_on_a_match() -> None:
    found = {one.listing.key: one.derivatives for one in DIRECTORY.matching("S&P")}
    assert found == {"SPY": ("OPT",), "SPX": ()}


def test_chains() -> None:
    smart, cboe = DIRECTORY.chains(756733)
    assert (smart.exchange, cboe.exchange) == ("SMART", "CBOE")
    assert replace(smart, exchange="CBOE") == cboe
    assert (smart.multiplier, smart.trading_class, smart.under_con_id) == ("100", "SPY", 756733)
    assert "20260320" in smart.expirations
    assert 600.0 in smart.strikes
    for rising in (smart.expirations, smart.strikes):
        assert all(one < other for one, other in pairwise(rising))
    assert DIRECTORY.chains(272093) == DIRECTORY.chains(1) == ()


def test_every_contract_of_a_chain_is_found() -> None:
    chain = DIRECTORY.chains(265598)[0]
    for strike in chain.strikes:
        contract = WireContract(
            symbol="AAPL",
            sec_type="OPT",
            last_trade_date=chain.expirations[1],
            strike=strike,
            right="P",
            exchange="SMART",
        )
        assert DIRECTORY.one(contract).contract.strike == strike


def test_chains_move_with_the_days_and_what_was_found_stays() -> None:
    market = synthetic_market(START, streaming=["SPY"])
    key = market.directory.one(WireContract(**CALL)).key  # type: ignore[arg-type]
    before = market.directory.chains(756733)[0]
    market.until(START + 3 * DAY + 12 * 3600 * 10**9)
    after = market.directory.chains(756733)[0]
    assert before.expirations[0] == "20260313" != after.expirations[0]
    assert market.directory.one(WireContract(**CALL)).key == key  # type: ignore[arg-type]


def test_market_rules() -> None:
    stock = DIRECTORY.details(DIRECTORY.by_key("AAPL"))
    assert stock.market_rule_ids.split(",")[0] == "26"
    assert len(stock.market_rule_ids.split(",")) == len(stock.valid_exchanges.split(","))
    option = DIRECTORY.by_key("SPY 260320C600")
    assert DIRECTORY.rule(26) == ((0.0, 0.01),)
    assert DIRECTORY.rule(option.market_rule) == ((0.0, 0.01), (3.0, 0.05))
    assert DIRECTORY.rule(DIRECTORY.by_key("ESZ6").market_rule) == ((0.0, 0.25),)
    assert DIRECTORY.rule(999_999) is None


def test_details() -> None:
    future = DIRECTORY.details(DIRECTORY.by_key("ESZ6"))
    assert future.contract.last_trade_date == "20261218"
    assert (future.contract_month, future.contract.multiplier) == ("202612", "50")
    assert (future.under_symbol, future.under_sec_type, future.min_tick) == ("ES", "IND", 0.25)
    option = DIRECTORY.details(DIRECTORY.by_key("SPY 260320C600"))
    assert option.contract.local_symbol == "SPY   260320C00600000"
    assert (option.under_con_id, option.under_symbol, option.under_sec_type) == (
        756733,
        "SPY",
        "STK",
    )
    assert option.trading_hours.startswith("20260310:0000-20260311:0000;20260311:0000")
    assert DIRECTORY.details(DIRECTORY.by_key("EUR.USD")).min_tick == 0.00005


@pytest.mark.parametrize(
    ("instrument", "day", "trading", "liquid"),
    [
        (
            Instrument("A"),
            "2024-07-03",
            "20240703:0400-20240703:1700;20240704:CLOSED;20240705:0400-20240705:2000;",
            "20240703:0930-20240703:1300;20240704:CLOSED;20240705:0930-20240705:1600;",
        ),
        (
            Instrument("ES", AssetType.FUTURE, calendar="CMES"),
            "2024-03-08",
            "20240307:1700-20240308:1700;20240309:CLOSED;20240310:CLOSED;20240310:1700-20240311:1700",
            "20240307:1700-20240308:1700;20240309:CLOSED;20240310:CLOSED;20240310:1700-20240311:1700",
        ),
    ],
)
def test_hours(instrument: Instrument, day: str, trading: str, liquid: str) -> None:
    found = hours_of(instrument, day_of(day))
    assert found[0].startswith(trading)
    assert found[1].startswith(liquid)


def test_zones_and_last_times() -> None:
    assert [zone_of(name) for name in ("XNYS", "CMES", "24/7", "XLON")] == [
        "US/Eastern",
        "US/Central",
        "UTC",
        "Europe/London",
    ]
    assert close_text("XNYS", day_of("2024-07-03")) == "13:00"
    assert close_text("XNYS", day_of("2024-07-04")) == ""
    assert close_text("24/7", day_of("2024-07-04")) == "23:59"


# contracts of bars -------------------------------------------------------------------------------


def series(instrument: Instrument) -> Bars:
    bars = bars_of([(100.0, 101.0, 99.0, 100.0)] * 3, instrument.symbol)
    return replace(bars, instrument=instrument)


def market_of(*instruments: Instrument) -> Market:
    return bars_market([series(one) for one in instruments])


@pytest.mark.parametrize(
    ("instrument", "expected"),
    [
        (Instrument("ACME"), ("ACME", "STK", "SMART", "NYSE", "USD")),
        (
            Instrument("VOD", calendar="XLON", currency="GBP"),
            ("VOD", "STK", "SMART", "LSE", "GBP"),
        ),
        (
            Instrument("NQH4", AssetType.FUTURE, calendar="CMES", multiplier=20, expiry=19797),
            ("NQ", "FUT", "CME", "", "USD"),
        ),
        (Instrument("NQ", AssetType.FUTURE, calendar="CMES"), ("NQ", "FUT", "CME", "", "USD")),
        (Instrument("GBPUSD", AssetType.FOREX), ("GBP", "CASH", "IDEALPRO", "", "USD")),
        (Instrument("USD.JPY", AssetType.FOREX), ("USD", "CASH", "IDEALPRO", "", "JPY")),
        (Instrument("VIX", AssetType.INDEX), ("VIX", "IND", "CBOE", "", "USD")),
        (Instrument("BTC-USD", AssetType.CRYPTO), ("BTC", "CRYPTO", "PAXOS", "", "USD")),
    ],
)
def test_contracts_that_bars_stand_for(instrument: Instrument, expected: tuple[str, ...]) -> None:
    listing = market_of(instrument).directory.by_key(instrument.symbol)
    mine = listing.contract
    assert (
        mine.symbol,
        mine.sec_type,
        mine.exchange,
        mine.primary_exchange,
        mine.currency,
    ) == expected
    assert mine.local_symbol == instrument.symbol


def test_expired_futures_only_when_asked_for() -> None:
    old = Instrument("NQH4", AssetType.FUTURE, multiplier=20, expiry=day_of("2020-01-17"))
    directory = market_of(old).directory
    wanted = WireContract(symbol="NQ", sec_type="FUT")
    assert directory.find(wanted) == ()
    assert len(directory.find(replace(wanted, include_expired=True))) == 1


def test_options_on_bars() -> None:
    directory = market_of(Instrument("ACME"), Instrument("VIX", AssetType.INDEX)).directory
    found = directory.find(WireContract(symbol="ACME", sec_type="OPT", right="C", strike=100.0))
    assert len(found) >= 3
    model = OptionModel(ConstantVolatility(0.3))
    only = bars_market([series(Instrument("ACME"))], options={})
    assert only.directory.find(WireContract(symbol="ACME", sec_type="OPT")) == ()
    with pytest.raises(Exception, match="no bars"):
        bars_market([series(Instrument("ACME"))], options={"ACNE": model})
