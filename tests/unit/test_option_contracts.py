"""Option contracts: their terms, their names, and the conventions of each kind of underlying."""

from __future__ import annotations

from dataclasses import replace

import pytest

from framework.calendar import day_text
from framework.domain.instruments import AssetType, Instrument
from framework.domain.options import OptionTerms, Quote, Right, Settlement, Style
from framework.errors import DataError
from framework.options.contracts import (
    option_contract,
    option_expiry,
    option_symbol,
    option_terms,
)
from framework.options.occ import OptionSymbol, day_of, parse_symbol

MARCH = day_of("2024-03-15")
SPY = Instrument("SPY")
SPX = Instrument("SPX", AssetType.INDEX, currency="EUR", calendar="XEUR")
ES = Instrument("ESH4", AssetType.FUTURE, tick=0.25, multiplier=50.0, expiry=MARCH)


def test_a_right_has_one_sign() -> None:
    assert (Right.CALL.sign, Right.PUT.sign) == (1.0, -1.0)
    assert (Right.CALL.opposite, Right.PUT.opposite) == (Right.PUT, Right.CALL)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("AAPL  240315C00170000", OptionSymbol("AAPL", MARCH, Right.CALL, 170.0)),
        ("AAPL240315C00170000", OptionSymbol("AAPL", MARCH, Right.CALL, 170.0)),
        ("AAPL 240315P00170000", OptionSymbol("AAPL", MARCH, Right.PUT, 170.0)),
        ("AAPL1240315C00170500", OptionSymbol("AAPL1", MARCH, Right.CALL, 170.5)),
        ("GOOGLE240315C99999999", OptionSymbol("GOOGLE", MARCH, Right.CALL, 99999.999)),
        ("SPY 240315C450", OptionSymbol("SPY", MARCH, Right.CALL, 450.0)),
        (" SPY 240315P450.5 ", OptionSymbol("SPY", MARCH, Right.PUT, 450.5)),
        ("F 000229P0.001", OptionSymbol("F", day_of("2000-02-29"), Right.PUT, 0.001)),
        ("EUR.USD 991231C1234567",
         OptionSymbol("EUR.USD", day_of("2099-12-31"), Right.CALL, 1234567.0)),
    ],
)  # fmt: skip
def test_symbols_are_read(text: str, parts: OptionSymbol) -> None:
    assert parse_symbol(text) == parts


def test_symbols_are_written() -> None:
    parts = OptionSymbol("AAPL", MARCH, Right.CALL, 170.0)
    assert parts.occ == "AAPL  240315C00170000"
    assert len(parts.occ) == 21
    assert parts.compact == "AAPL240315C00170000"
    assert parts.short == "AAPL 240315C170"
    assert replace(parts, strike=0.1 + 0.2).short == "AAPL 240315C0.3"
    assert replace(parts, strike=1000.0).short == "AAPL 240315C1000"
    assert replace(parts, strike=4.35).occ.endswith("00004350")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("AAPL  240231C00170000", "no day 240231"),
        ("SPY 241301C450", "no day 241301"),
        ("SPY 240315C0", "strike of 0.0"),
        ("SPY240315C00000000", "strike of 0.0"),
        ("SPY 240315C450.0005", "no option symbol"),
        ("SPY 240315X450", "no option symbol"),
        ("SPY", "no option symbol"),
        ("", "no option symbol"),
        ("TOOLONG240315C00170000", "7 characters"),
        ("240315C00170000", "0 characters"),
        ("SPY  240315C450", "no option symbol"),
    ],
)
def test_what_is_no_symbol_is_named(text: str, said: str) -> None:
    with pytest.raises(DataError, match=said):
        parse_symbol(text)


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        (("SPY", MARCH, Right.CALL, 0.0), "strike of 0.0"),
        (("SPY", MARCH, Right.CALL, -5.0), "strike of -5.0"),
        (("SPY", MARCH, Right.CALL, float("nan")), "strike of nan"),
        (("SPY", MARCH, Right.CALL, 450.0005), "multiples of 0.001"),
        (("SPY", MARCH, Right.CALL, 1e7), "below 1e7"),
        (("SPY", day_of("1999-12-31"), Right.CALL, 450.0), "expiring on day 10956"),
        (("SPY", day_of("2100-01-01"), Right.CALL, 450.0), "years 2000 to 2099"),
        (("S PY", MARCH, Right.CALL, 450.0), "root is 'S PY'"),
        (("", MARCH, Right.CALL, 450.0), "root is ''"),
        (("SPY", MARCH, "C", 450.0), "right is 'C'"),
    ],
)
def test_what_no_symbol_can_carry_is_refused(
    parts: tuple[str, int, Right, float], said: str
) -> None:
    with pytest.raises(DataError, match=said):
        OptionSymbol(*parts)


@pytest.mark.parametrize(
    ("root", "strike", "said"), [("EUR.USD", 1.1, "7 characters"), ("BTC", 1e5, "99999.999")]
)
def test_what_occ_cannot_write(root: str, strike: float, said: str) -> None:
    parts = OptionSymbol(root, MARCH, Right.CALL, strike)
    assert parse_symbol(parts.short) == parts
    for form in ("occ", "compact"):
        with pytest.raises(DataError, match=said):
            getattr(parts, form)


def test_days() -> None:
    assert day_text(day_of("2024-03-15")) == "2024-03-15"
    with pytest.raises(DataError, match="no date"):
        day_of("15.3.2024")


@pytest.mark.parametrize(
    ("underlying", "expected"),
    [
        (SPY, Instrument(
            "SPY 240315P450.5", AssetType.OPTION, tick=0.01, multiplier=100.0,
            tick_bands=((3.0, 0.05),), expiry=MARCH,
            option=OptionTerms("SPY", Right.PUT, 450.5, Style.AMERICAN, Settlement.PHYSICAL))),
        (SPX, Instrument(
            "SPX 240315P450.5", AssetType.OPTION, "EUR", "XEUR", 0.05, multiplier=100.0,
            tick_bands=((3.0, 0.10),), expiry=MARCH,
            option=OptionTerms("SPX", Right.PUT, 450.5, Style.EUROPEAN, Settlement.CASH))),
        (ES, Instrument(
            "ESH4 240315P450.5", AssetType.OPTION, tick=0.25, multiplier=50.0, expiry=MARCH,
            option=OptionTerms("ESH4", Right.PUT, 450.5, Style.AMERICAN, Settlement.PHYSICAL))),
    ],
)  # fmt: skip
def test_each_underlying_has_its_conventions(underlying: Instrument, expected: Instrument) -> None:
    assert option_contract(underlying, MARCH, Right.PUT, 450.5) == expected


def test_ticks_below_and_from_three() -> None:
    stock = option_contract(SPY, MARCH, Right.CALL, 450.0)
    index = option_contract(SPX, MARCH, Right.CALL, 450.0)
    assert [stock.tick_at(price) for price in (0.5, 2.99, 3.0, 50.0)] == [0.01, 0.01, 0.05, 0.05]
    assert [index.tick_at(price) for price in (0.5, 2.99, 3.0, 50.0)] == [0.05, 0.05, 0.10, 0.10]


def test_conventions_can_be_given() -> None:
    made = option_contract(
        SPX, MARCH, Right.CALL, 450.0, style=Style.AMERICAN, settlement=Settlement.PHYSICAL,
        multiplier=10.0, tick_bands=((0.0, 0.01),), root="XSP",
    )  # fmt: skip
    assert made.symbol == "XSP 240315C450"
    assert option_terms(made) == OptionTerms("SPX", Right.CALL, 450.0)
    assert (made.multiplier, made.tick, made.tick_bands) == (10.0, 0.01, ())
    assert option_symbol(made).occ == "XSP   240315C00450000"
    assert option_expiry(made) == MARCH


@pytest.mark.parametrize(
    ("underlying", "expiry", "bands", "said"),
    [
        (Instrument("EUR.USD", AssetType.FOREX), MARCH, None, "type is forex"),
        (option_contract(SPY, MARCH, Right.CALL, 450.0), MARCH, None, "type is option"),
        (ES, MARCH + 1, None, "expires after its underlying, on 2024-03-15"),
        (SPY, MARCH, ((3.0, 0.05),), "first begin at 0"),
        (SPY, MARCH, ((0.0, 0.05), (3.0, 0.1), (3.0, 0.2)), "tick_bands are"),
    ],
)
def test_what_cannot_be_a_contract(
    underlying: Instrument,
    expiry: int,
    bands: tuple[tuple[float, float], ...] | None,
    said: str,
) -> None:
    with pytest.raises(DataError, match=said):
        option_contract(underlying, expiry, Right.CALL, 450.0, tick_bands=bands)


def test_only_options_have_terms_and_they_need_an_expiry() -> None:
    terms = OptionTerms("SPY", Right.CALL, 450.0)
    with pytest.raises(DataError, match="X: an option without an expiry"):
        Instrument("X", AssetType.OPTION, option=terms)
    with pytest.raises(DataError, match="X: a stock with option terms"):
        Instrument("X", expiry=MARCH, option=terms)
    assert Instrument("X", AssetType.OPTION).option is None
    for read in (option_terms, option_expiry, option_symbol):
        with pytest.raises(DataError, match="SPY is no option contract"):
            read(SPY)


@pytest.mark.parametrize(
    ("terms", "said"),
    [
        (("", Right.CALL, 450.0), "empty underlying"),
        (("SPY", Right.CALL, 0.0), "SPY: the strike is 0.0"),
        (("SPY", Right.CALL, float("inf")), "SPY: the strike is inf"),
        (("SPY", "call", 450.0), r"right is 'call'.*Right.CALL, Right.PUT"),
        (("SPY", Right.CALL, 450.0, "bermudan"), "style is 'bermudan'"),
        (("SPY", Right.CALL, 450.0, Style.AMERICAN, "gold"), "settlement is 'gold'"),
    ],
)
def test_terms_that_cannot_be(terms: tuple[str, Right, float], said: str) -> None:
    with pytest.raises(DataError, match=said):
        OptionTerms(*terms)


@pytest.mark.parametrize(
    ("bid", "ask", "problem"),
    [
        (1.0, 1.1, ""),
        (1.0, 1.0, ""),
        (0.0, 1.0, "a bid of 0"),
        (1.0, 0.0, "an ask of 0"),
        (float("nan"), 1.0, "a bid of nan"),
        (1.0, float("inf"), "an ask of inf"),
        (1.2, 1.1, "a bid of 1.2 above an ask of 1.1"),
    ],
)
def test_quotes_one_cannot_trade_on(bid: float, ask: float, problem: str) -> None:
    assert Quote(bid, ask).problem == problem
