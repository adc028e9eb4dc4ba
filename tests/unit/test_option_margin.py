"""Option margins: published examples, the table of positions by hand, and what is refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import inf, nan

import pytest

from framework.components.option_margin import (
    OptionMargin,
    cash_option_margin,
    option_margin,
)
from framework.domain.instruments import AssetType, Instrument
from framework.domain.options import Right, Settlement
from framework.errors import DataError
from framework.hedge_ports import MarginHolding
from framework.options.contracts import option_contract
from framework.options.occ import day_of

MARCH, APRIL, MAY = day_of("2024-03-15"), day_of("2024-04-19"), day_of("2024-05-17")
XYZ = Instrument("XYZ")
INDEX = Instrument("SPX", AssetType.INDEX)
FUTURE = Instrument("ES", AssetType.FUTURE, multiplier=50.0)

Row = tuple[str, float, float]
"""An option such as C100, C100@APRIL or XYZ (shares); signed quantity; price."""


def held(row: Row, underlying: Instrument) -> MarginHolding:
    name, quantity, price = row
    if name == underlying.symbol:
        return MarginHolding(underlying, quantity, price)
    strike, _, month = name[1:].partition("@")
    expiry = {"": MARCH, "APRIL": APRIL, "MAY": MAY}[month]
    option = option_contract(underlying, expiry, Right(name[0]), float(strike))
    return MarginHolding(option, quantity, price)


def margin(spot: float, *rows: Row, underlying: Instrument = XYZ) -> OptionMargin:
    found = option_margin([held(row, underlying) for row in rows], {underlying.symbol: spot})
    assert found.maintenance == found.initial
    return found


def requirement(found: OptionMargin) -> float:
    return sum(part.requirement for part in found.parts)


def kinds(found: OptionMargin) -> list[str]:
    return [part.kind for part in found.parts]


# Cboe, "Margin Requirement Examples for Sample Options-based Positions" (2007), strategy-based
# column: IBM at 97.73, the S&P 500 at 1451.19 (the spot its figures imply: 217.6785 / 0.15). They
# are net of the premiums received, which is the equity needed.
@pytest.mark.parametrize(
    ("underlying", "spot", "rows", "money"),
    [
        (XYZ, 97.73, [("C100", -100, 1.68)], 172_760.0),
        (XYZ, 97.73, [("P100", -100, 3.18)], 195_460.0),
        (XYZ, 97.73, [("C100", 100, 1.68), ("P100", -100, 3.18)], 212_260.0),
        (XYZ, 97.73, [("P95", 100, 1.02), ("C105", -100, 0.40)], 132_960.0),
        (XYZ, 97.73, [("C95", 100, 4.53), ("C105", -100, 0.40)], 41_300.0),
        (INDEX, 1451.19, [("C1460", -100, 21.66)], 2_088_685.0),
        (INDEX, 1451.19, [("P1460", -100, 22.55)], 2_176_785.0),
        (INDEX, 1451.19, [("C1460", 100, 21.66), ("P1460", -100, 22.55)], 2_393_385.0),
        (INDEX, 1451.19, [("P1450", 100, 18.72), ("C1500", -100, 5.96)], 1_875_885.0),
        (INDEX, 1451.19, [("C1450", 100, 27.57), ("C1500", -100, 5.96)], 216_100.0),
        (INDEX, 1451.19, [("P1450", 100, 18.72), ("C1450", 100, 27.56)], 462_800.0),
    ],
)
def test_published_equity(
    underlying: Instrument, spot: float, rows: list[Row], money: float
) -> None:
    assert margin(spot, *rows, underlying=underlying).initial == pytest.approx(money, abs=1e-6)


@pytest.mark.parametrize(
    ("spot", "rows", "asked", "money"),
    [
        # Cboe Margin Manual, short straddle: call 7 + 18.526, put 3.70 + 18.526 - 2.63 is less;
        # 25.526 + 3.70
        (92.63, [("C90", -1, 7.0), ("P90", -1, 3.7)], 2_922.60, 1_852.60),
        # tastytrade, short strangle: call 9 - 2 + 2.10 = 910, put 820; 910 + 120
        (45.0, [("C47", -1, 2.1), ("P43", -1, 1.2)], 1_030.0, 700.0),
        # tastytrade, short butterfly: 5 wide, 3 of them
        (80.0, [("P75", -3, 1.5), ("P80", 6, 4.0), ("P85", -3, 6.0)], 1_500.0, 1_650.0),
        # DeltaPro, short put: 41.80 - 9 + 1.20, of which 120 are received
        (209.0, [("P200", -1, 1.2)], 3_400.0, 3_280.0),
    ],
)  # fmt: skip
def test_published_requirements(spot: float, rows: list[Row], asked: float, money: float) -> None:
    found = margin(spot, *rows)
    assert requirement(found) == pytest.approx(asked, abs=1e-6)
    assert found.initial == pytest.approx(money, abs=1e-6)


CASES: dict[str, tuple[list[Row], list[str], float, float]] = {
    # spot 100; rows, kinds, requirement by the rule, equity needed
    "long": ([("C100", 2, 3.0)], ["long"], 0.0, 600.0),
    # far out of the money: 10 % of the spot of a call, of the strike of a put
    "far_call": ([("C150", -1, 0.1)], ["naked_call"], 1_010.0, 1_000.0),
    "far_put": ([("P60", -1, 0.1)], ["naked_put"], 610.0, 600.0),
    # in the money: nothing is taken off
    "deep_put": ([("P120", -1, 21.0)], ["naked_put"], 4_100.0, 2_000.0),
    # sold for 3: 10 wide, of which 3 are received; 7 can be lost
    "credit_put": ([("P90", 1, 1.0), ("P100", -1, 4.0)], ["vertical"], 1_000.0, 700.0),
    # bought for 3: paid, nothing more
    "debit_put": ([("P90", -1, 1.0), ("P100", 1, 4.0)], ["vertical"], 0.0, 300.0),
    "credit_call": ([("C100", -2, 4.0), ("C105", 2, 2.0)], ["vertical"], 1_000.0, 600.0),
    # one wing 10 wide, one 5: only one side can lose
    "iron_condor": (
        [("P80", 1, 0.5), ("P90", -1, 1.5), ("C110", -1, 1.5), ("C115", 1, 0.8)],
        ["iron_condor"], 1_000.0, 830.0,
    ),
    "iron_butterfly": (
        [("P90", 1, 1.0), ("P100", -1, 4.0), ("C100", -1, 4.0), ("C110", 1, 1.0)],
        ["iron_butterfly"], 1_000.0, 400.0,
    ),
    # a butterfly bought can lose its price, one sold 10 less its price
    "butterfly": (
        [("C90", 1, 11.0), ("C100", -2, 4.0), ("C110", 1, 1.0)], ["butterfly"], 0.0, 400.0
    ),
    "short_butterfly": (
        [("C90", -1, 11.0), ("C100", 2, 4.0), ("C110", -1, 1.0)], ["butterfly"], 1_000.0, 600.0
    ),
    "short_box": (
        [("C90", -1, 11.0), ("C110", 1, 1.0), ("P90", 1, 1.0), ("P110", -1, 10.8)],
        ["spread"], 2_000.0, 20.0,
    ),
    "calendar": ([("C100", -1, 4.0), ("C100@APRIL", 1, 6.0)], ["calendar"], 0.0, 200.0),
    "diagonal": ([("P100", -1, 4.0), ("P95@APRIL", 1, 4.5)], ["diagonal"], 500.0, 550.0),
    # the long expires first: it protects nothing
    "reverse_calendar": (
        [("C100", 1, 4.0), ("C100@APRIL", -1, 6.0)], ["naked_call", "long"], 2_600.0, 2_400.0
    ),
    # two bought against three sold; the third is naked at 20 - 5
    "ratio": (
        [("C100", 2, 4.0), ("C105", -3, 2.0)], ["vertical", "naked_call"], 1_700.0, 1_900.0
    ),
    # the wing is too far to help: the straddle asks for less than a spread 40 wide
    "far_wing": (
        [("C100", -1, 4.0), ("P100", -1, 4.0), ("C140", 1, 0.1)], ["straddle", "long"],
        2_800.0, 2_010.0,
    ),
    # one condor a month: both can lose, and one month's calls do not pay for the other's puts
    "two_months": (
        [("P90", 1, 1.0), ("P100", -1, 4.0), ("C100@APRIL", -1, 5.0), ("C110@APRIL", 1, 1.0)],
        ["vertical", "vertical"], 2_000.0, 1_300.0,
    ),
    # the later short finds its own long only if the earlier chooses first
    "earlier_first": (
        [("C90", -1, 11.0), ("C100@APRIL", -1, 5.0), ("C90@MAY", 1, 14.0), ("C100@MAY", 1, 7.0)],
        ["calendar", "calendar"], 0.0, 500.0,
    ),
    # of two longs the lower call protects better
    "best_wing": (
        [("C105", 1, 2.0), ("C95", 1, 7.0), ("C100", -1, 4.0)], ["vertical", "long"], 0.0, 500.0
    ),
    # of two longs the one that expires too early protects nothing
    "lasting_wing": (
        [("C100", 1, 4.0), ("C110@APRIL", 1, 2.0), ("C100@APRIL", -1, 6.0)],
        ["vertical", "long"], 1_000.0, 1_000.0,
    ),
    # paid in full, although it cannot lose its price: nothing is lent on it
    "long_box": (
        [("C90", 1, 11.0), ("C110", -1, 1.0), ("P90", -1, 1.0), ("P110", 1, 10.8)],
        ["spread"], 0.0, 1_980.0,
    ),
    # beside the nearer call 5 wide and 20 for the other, not 20 wide and 10
    "cheaper_pair": (
        [("C100", -1, 4.0), ("C115", -1, 0.5), ("C120", 1, 0.2)], ["vertical", "naked_call"],
        2_900.0, 2_470.0,
    ),
    # the put stands beside the dearer call
    "dearer_side": (
        [("C115", -1, 0.5), ("C100", -1, 4.0), ("P100", -1, 4.0)], ["straddle", "naked_call"],
        3_850.0, 3_000.0,
    ),
    "covered_call": ([("XYZ", 100, 100.0), ("C105", -1, 2.0)], ["covered_call"], 0.0, 0.0),
    "covered_put": ([("XYZ", -100, 100.0), ("P95", -1, 2.0)], ["covered_put"], 0.0, 0.0),
    # 250 shares stand for two calls; the dearest of them first
    "partly_covered": (
        [("XYZ", 250, 100.0), ("C100", -2, 4.0), ("C110", -1, 1.0)],
        ["covered_call", "naked_call"], 1_100.0, 1_000.0,
    ),
    # shares held do not stand for puts
    "wrong_cover": ([("XYZ", 100, 100.0), ("P95", -1, 2.0)], ["naked_put"], 1_700.0, 1_500.0),
    "collar": (
        [("XYZ", 100, 100.0), ("C105", -1, 2.0), ("P95", 1, 1.5)], ["covered_call", "long"],
        0.0, 150.0,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_positions(name: str) -> None:
    rows, recognised, asked, money = CASES[name]
    found = margin(100.0, *rows)
    assert sorted(kinds(found)) == sorted(recognised)
    assert requirement(found) == pytest.approx(asked, abs=1e-9)
    assert found.initial == pytest.approx(money, abs=1e-9)


@pytest.mark.parametrize(
    ("rows", "units"),
    [
        ([("XYZ", 250, 100.0), ("C105", -1, 2.0)], {"XYZ": 100.0}),
        ([("XYZ", 250, 100.0), ("C105", -9, 2.0)], {"XYZ": 200.0}),
        ([("XYZ", 99, 100.0), ("C105", -1, 2.0)], {}),
        ([("XYZ", -300, 100.0), ("P95", -2, 2.0), ("C105", -1, 2.0)], {"XYZ": -200.0}),
        ([("XYZ", 100, 100.0), ("C105", 1, 2.0)], {}),
        # the long protects the short call for less: the shares stay free
        ([("XYZ", 100, 100.0), ("C105", -1, 2.0), ("C100", 1, 3.0)], {}),
    ],
)
def test_covers(rows: list[Row], units: Mapping[str, float]) -> None:
    assert dict(margin(100.0, *rows).covers) == units


def test_a_part_tells_its_legs() -> None:
    found = margin(100.0, ("XYZ", 200, 100.0), ("C105", -2, 2.0), ("P95", -1, 2.0))
    told = {part.kind: [(leg.symbol, leg.quantity) for leg in part.legs] for part in found.parts}
    assert told == {
        "covered_call": [("XYZ", 200.0), ("XYZ 240315C105", -2.0)],
        "naked_put": [("XYZ 240315P95", -1.0)],
    }
    assert [part.value for part in found.parts] == [-400.0, -200.0]


def test_cash_settled_calls_do_not_stand_on_shares() -> None:
    row = held(("C105", -1, 2.0), XYZ)
    assert row.instrument.option is not None
    terms = replace(row.instrument.option, settlement=Settlement.CASH)
    cash = replace(row, instrument=replace(row.instrument, option=terms))
    found = option_margin([cash, MarginHolding(XYZ, 100.0, 100.0)], {"XYZ": 100.0})
    # American: no index option, 20 % of 100 less the 5 it is away
    assert (kinds(found), found.initial) == (["naked_call"], 1_500.0)


def test_underlyings_add_up() -> None:
    rows = [held(("C100", -1, 4.0), XYZ), held(("P4000", -1, 80.0), INDEX)]
    found = option_margin(rows, {"XYZ": 100.0, "SPX": 4_000.0})
    assert [(part.underlying, part.money) for part in found.parts] == [
        ("SPX", 60_000.0),
        ("XYZ", 2_000.0),
    ]
    assert found.initial == 62_000.0


def test_nothing_held_asks_for_nothing() -> None:
    assert option_margin([], {}) == OptionMargin(0, 0, {}, ())
    assert margin(100.0, ("XYZ", 100, 100.0), ("C100", 0, 3.0)).parts == ()


@pytest.mark.parametrize(
    ("rows", "recognised", "money"),
    [
        ([("P95", -2, 1.5)], ["cash_secured_put"], 18_700.0),
        ([("C95", 2, 1.5)], ["long"], 300.0),
        # in a cash account a long put does not lower what secures a short one
        ([("P95", -1, 1.5), ("P90", 1, 0.5)], ["cash_secured_put", "long"], 9_400.0),
        ([("XYZ", 100, 100.0), ("C105", -1, 2.0)], ["covered_call"], 0.0),
        ([("C105", -1, 2.0)], ["naked_call"], inf),
        ([("XYZ", 100, 100.0), ("C105", -2, 2.0)], ["covered_call", "naked_call"], inf),
        ([("XYZ", 100, 100.0), ("C105", -1, 2.0), ("C99", -1, 3.0)],
         ["covered_call", "naked_call"], inf),
    ],
)  # fmt: skip
def test_cash_accounts(rows: list[Row], recognised: list[str], money: float) -> None:
    found = cash_option_margin([held(row, XYZ) for row in rows], {"XYZ": 100.0})
    assert kinds(found) == recognised
    assert found.initial == found.maintenance == money


def test_large_books_are_never_dearer_than_naked() -> None:
    """More splits than can be tried: the coarse ones hold, and condors are still seen."""
    rows: list[Row] = []
    for width in range(1, 7):
        rows += [
            (f"P{90 - width}", 5 + width, 1.0),
            (f"P{100 - width}", -5 - width, 3.0),
            (f"C{100 + width}", -5 - width, 3.0),
            (f"C{110 + width}", 5 + width, 1.0),
        ]
    found = margin(100.0, *rows)
    assert kinds(found) == ["spread"]
    # 51 wings 10 wide on the side that loses, 400 received for each pair
    assert requirement(found) == pytest.approx(51 * 1_000.0)
    assert found.initial == pytest.approx(51 * 600.0)


SHORT = held(("C100", -1, 4.0), XYZ)


@pytest.mark.parametrize(
    ("holdings", "spots", "message"),
    [
        ([SHORT], {"ABC": 1.0}, r"XYZ 240315C100: no price of its underlying XYZ\. Give spots"),
        ([SHORT], {"XYZ": nan}, "XYZ: a price of nan"),
        ([SHORT], {"XYZ": -1.0}, "XYZ: a price of -1"),
        ([replace(SHORT, price=nan)], {"XYZ": 1.0}, "XYZ 240315C100: a price of nan"),
        ([replace(SHORT, price=-0.1)], {"XYZ": 1.0}, "XYZ 240315C100: a price of -0.1"),
        ([replace(SHORT, quantity=-1.5)], {"XYZ": 1.0}, "a quantity of -1.5.*whole contracts"),
        ([replace(SHORT, quantity=nan)], {"XYZ": 1.0}, "a quantity of nan"),
        ([SHORT, SHORT], {"XYZ": 1.0}, "XYZ 240315C100 is held twice"),
        (
            [SHORT, MarginHolding(replace(XYZ, currency="EUR"), 1.0, 1.0)],
            {"XYZ": 1.0},
            "XYZ 240315C100 is in USD, XYZ in EUR",
        ),
        (
            [SHORT, held(("C50", 1, 1.0), replace(XYZ, multiplier=1.0)), MarginHolding(
                option_contract(XYZ, MARCH, Right.PUT, 90.0, multiplier=10.0), 1.0, 1.0)],
            {"XYZ": 1.0},
            "XYZ 240315P90 has a multiplier of 10, XYZ 240315C100 of 100",
        ),
        (
            [held(("C4000", -1, 4.0), FUTURE), MarginHolding(FUTURE, 1.0, 4_000.0)],
            {"ES": 4_000.0},
            "ES 240315C4000 is an option on the future ES",
        ),
        (
            [MarginHolding(Instrument("XYZ C", AssetType.OPTION), -1.0, 1.0)],
            {"XYZ": 1.0},
            "XYZ C is no option contract",
        ),
    ],
)  # fmt: skip
def test_refusals(holdings: list[MarginHolding], spots: Mapping[str, float], message: str) -> None:
    with pytest.raises(DataError, match=message):
        option_margin(holdings, spots)
