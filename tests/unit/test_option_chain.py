"""Chains: what is listed is found, what is not is refused by name, and a backtest lists its own."""

from __future__ import annotations

import numpy as np
import pytest

from framework.calendar import day_text
from framework.domain.bars import IntArray
from framework.domain.instruments import AssetType, Instrument
from framework.domain.options import Right
from framework.errors import DataError
from framework.options.chain import OptionChain, alive
from framework.options.contracts import option_contract
from framework.options.listing import ListingRule, expiry_days, listed_chain, strike_ladder
from framework.options.occ import day_of

CALL, PUT = Right.CALL, Right.PUT
TODAY = day_of("2024-02-01")
MARCH, APRIL, JUNE = day_of("2024-03-15"), day_of("2024-04-19"), day_of("2024-06-21")
SPY = Instrument("SPY")


def contracts(*kept: tuple[int, Right, float]) -> tuple[Instrument, ...]:
    return tuple(option_contract(SPY, *one) for one in kept)


def chain_of(
    strikes: tuple[float, ...] = (440.0, 445.0, 450.0, 455.0), *, without: str = ""
) -> OptionChain:
    every = contracts(
        *((expiry, right, strike) for expiry in (APRIL, MARCH, JUNE) for strike in strikes[::-1]
          for right in Right)
    )  # fmt: skip
    return OptionChain("SPY", TODAY, tuple(one for one in every if one.symbol != without))


HOLED = chain_of(without="SPY 240315P445")


def test_what_is_listed() -> None:
    chain = chain_of()
    assert len(chain) == 24
    assert chain.expiries == (MARCH, APRIL, JUNE)
    assert [chain.days_to_expiry(day) for day in chain.expiries] == [43, 78, 141]
    assert chain.strikes(MARCH) == (440.0, 445.0, 450.0, 455.0)
    assert HOLED.strikes(MARCH) == HOLED.strikes(MARCH, CALL) == (440.0, 445.0, 450.0, 455.0)
    assert HOLED.strikes(MARCH, PUT) == (440.0, 450.0, 455.0)
    assert [one.symbol for one in HOLED.listed(MARCH, PUT)] == [
        "SPY 240315P440", "SPY 240315P450", "SPY 240315P455",
    ]  # fmt: skip
    assert HOLED.holes(MARCH) == ("SPY 240315P445",)
    assert HOLED.holes(APRIL) == ()


@pytest.mark.parametrize(
    "symbol", ["SPY 240315C450", "SPY   240315C00450000", "SPY240315C00450000"]
)
def test_contracts_are_found(symbol: str) -> None:
    chain = chain_of()
    assert chain.find(symbol) is chain.contract(MARCH, CALL, 450.0)
    assert chain.contract(MARCH, CALL, 450).symbol == "SPY 240315C450"


def test_a_strike_is_found_whatever_its_rounding() -> None:
    chain = OptionChain("SPY", TODAY, contracts((MARCH, CALL, 0.3)))
    assert chain.contract(MARCH, CALL, 0.1 + 0.2).symbol == "SPY 240315C0.3"


@pytest.mark.parametrize(
    ("expiry", "right", "strike", "said"),
    [
        (MARCH, CALL, 447.0,
         "SPY 240315C447 is not listed. Nearest listed: "
         "SPY 240315C440, SPY 240315C445, SPY 240315C450."),
        (MARCH, PUT, 445.0,
         "SPY 240315P445 is not listed, though the call of that strike is. Nearest listed: "
         "SPY 240315P440, SPY 240315P450, SPY 240315P455."),
        (MARCH + 7, CALL, 450.0,
         "SPY options of 2024-03-22 are not listed. "
         "Nearest listed: 2024-03-15, 2024-04-19, 2024-06-21."),
        (TODAY - 1, CALL, 450.0,
         "SPY options of 2024-01-31 expired before 2024-02-01. "
         "Nearest listed: 2024-03-15, 2024-04-19, 2024-06-21."),
        (MARCH, CALL, 0.0, "SPY: an option with a strike of 0.0. "
         "Give a price from 0.001 to below 1e7."),
    ],
)  # fmt: skip
def test_what_is_not_listed_is_named(expiry: int, right: Right, strike: float, said: str) -> None:
    with pytest.raises(DataError) as caught:
        HOLED.contract(expiry, right, strike)
    assert str(caught.value) == said


def test_a_right_nobody_listed() -> None:
    chain = OptionChain("SPY", TODAY, contracts((MARCH, CALL, 450.0)))
    with pytest.raises(DataError, match=r"though the call.*no put at all"):
        chain.contract(MARCH, PUT, 450.0)
    assert chain.listed(MARCH, PUT) == ()


def test_a_symbol_of_another_class_is_not_taken_for_it() -> None:
    weekly = option_contract(Instrument("SPX", AssetType.INDEX), MARCH, CALL, 450.0, root="SPXW")
    chain = OptionChain("SPX", TODAY, (weekly,))
    assert chain.find("SPXW 240315C450") is weekly
    with pytest.raises(DataError, match="Did you mean 'SPXW 240315C450'"):
        chain.find("SPX 240315C450")
    with pytest.raises(DataError, match="SPXW 240315P450 is not listed"):
        chain.contract(MARCH, PUT, 450.0)
    assert chain.holes(MARCH) == ("SPXW 240315P450",)


@pytest.mark.parametrize(
    ("days", "expiry"), [(0, MARCH), (45, MARCH), (60.5, MARCH), (61, APRIL), (1000, JUNE)]
)
def test_the_nearest_expiry(days: float, expiry: int) -> None:
    assert chain_of().expiry_nearest(days) == expiry


@pytest.mark.parametrize(("days", "expiry"), [(0, MARCH), (43, MARCH), (44, APRIL), (141, JUNE)])
def test_the_first_expiry_far_enough(days: float, expiry: int) -> None:
    assert chain_of().expiry_at_least(days) == expiry


def test_no_expiry_is_far_enough() -> None:
    with pytest.raises(DataError, match=r"no expiry 142 days.*2024-06-21 \(141 days\)"):
        chain_of().expiry_at_least(142)


@pytest.mark.parametrize(
    ("price", "strike"),
    [(1.0, 440.0), (442.5, 440.0), (442.6, 445.0), (451.0, 450.0), (900.0, 455.0)],
)  # fmt: skip
def test_the_nearest_strike(price: float, strike: float) -> None:
    assert HOLED.nearest_strike(MARCH, price) == strike
    assert HOLED.nearest_moneyness(MARCH, price / 448.0, 448.0) == strike


@pytest.mark.parametrize("price", [0.0, -1.0, float("nan"), float("inf")])
def test_no_strike_is_nearest_to_no_price(price: float) -> None:
    with pytest.raises(DataError, match="a strike nearest to"):
        HOLED.nearest_strike(MARCH, price)


@pytest.mark.parametrize(
    ("right", "target", "deltas", "strike"),
    [
        (PUT, -0.16, [-0.10, -0.17, -0.30], 450.0),
        (PUT, -0.16, [-0.10, np.nan, -0.30], 440.0),
        (PUT, -0.20, [-0.10, -0.20, -0.20], 450.0),
        (PUT, -1.0, [-0.10, -0.17, np.nan], 450.0),
        (PUT, -0.16, [np.inf, -np.inf, -0.99], 455.0),
        (CALL, 0.16, [0.8, 0.6, 0.3, 0.1], 455.0),
        (CALL, 0.0, [0.8, 0.6, 0.0, 0.1], 450.0),
    ],
)
def test_the_nearest_delta(right: Right, target: float, deltas: list[float], strike: float) -> None:
    found = HOLED.nearest_delta(MARCH, right, target, np.array(deltas))
    assert found is HOLED.contract(MARCH, right, strike)


@pytest.mark.parametrize(
    ("right", "target", "deltas", "within", "said"),
    [
        (PUT, 0.16, [-0.1, -0.2, -0.3], 1.0, r"a delta of 0.16 is asked for. Give -1 to 0"),
        (CALL, -0.16, [0.1] * 4, 1.0, "a delta of -0.16 is asked for. Give 0 to 1"),
        (CALL, 16.0, [0.1] * 4, 1.0, "a delta of 16 is asked for"),
        (CALL, float("nan"), [0.1] * 4, 1.0, "a delta of nan is asked for"),
        (PUT, -0.16, [-0.1, -0.2, -0.3, -0.4], 1.0, r"deltas of shape \(4,\) for 3 contracts"),
        (PUT, -0.16, [np.nan] * 3, 1.0, r"SPY puts of 2024-03-15 \(43 days\): no delta is known"),
        (PUT, -0.16, [-0.3, -0.4, -0.5], 0.1,
         "no delta within 0.1 of -0.16. The nearest is -0.300, SPY 240315P440"),
    ],
)  # fmt: skip
def test_no_delta_to_be_had(
    right: Right, target: float, deltas: list[float], within: float, said: str
) -> None:
    with pytest.raises(DataError, match=said):
        HOLED.nearest_delta(MARCH, right, target, np.array(deltas), within)


def test_a_chain_is_narrowed() -> None:
    chain = chain_of()
    near = chain.only(right=PUT, days=(43, 78), strikes=(445, 450))
    assert sorted(one.symbol for one in near.contracts) == [
        "SPY 240315P445", "SPY 240315P450", "SPY 240419P445", "SPY 240419P450",
    ]  # fmt: skip
    assert chain.only() == chain
    nothing = chain.only(days=(0, 10))
    assert len(nothing) == 0
    for asked in (nothing.expiry_nearest, nothing.expiry_at_least):
        with pytest.raises(DataError, match="SPY: no option is listed on 2024-02-01"):
            asked(45)


def test_a_later_day_has_lost_the_expired() -> None:
    chain = chain_of()
    assert chain.on(MARCH).expiries == (MARCH, APRIL, JUNE)
    assert chain.on(MARCH + 1).expiries == (APRIL, JUNE)
    assert chain.on(MARCH + 1).day == MARCH + 1
    assert alive(chain.contracts, JUNE + 1) == ()


@pytest.mark.parametrize(
    ("day", "made", "said"),
    [
        (TODAY, contracts((MARCH, CALL, 450.0)) * 2, "are one contract in the chain of SPY"),
        (MARCH + 1, contracts((MARCH, CALL, 450.0)), "SPY 240315C450 expired on 2024-03-15"),
        (TODAY, (SPY,), "SPY is no option contract"),
        (TODAY, (option_contract(Instrument("QQQ"), MARCH, CALL, 450.0),),
         "QQQ 240315C450 is an option on QQQ, in the chain of SPY"),
    ],
)  # fmt: skip
def test_what_cannot_be_a_chain(day: int, made: tuple[Instrument, ...], said: str) -> None:
    with pytest.raises(DataError, match=said):
        OptionChain("SPY", day, made)


def sessions_without(*closed: str) -> IntArray:
    """Weekdays of 2018 to 2020 but these."""
    days = np.arange(day_of("2018-01-01"), day_of("2020-12-31") + 1)
    weekdays = days[(days + 3) % 7 < 5]
    return weekdays[~np.isin(weekdays, [day_of(day) for day in closed])]


def told(days: IntArray) -> list[str]:
    return [day_text(int(day)) for day in days]


@pytest.mark.parametrize(
    ("day", "horizon", "weeklies", "closed", "expected"),
    [
        ("2019-01-01", 100, False, (), ["2019-01-18", "2019-02-15", "2019-03-15"]),
        ("2019-06-01", 25, False, (), ["2019-06-21"]),
        ("2019-01-18", 28, False, (), ["2019-01-18", "2019-02-15"]),
        ("2019-01-19", 27, False, (), ["2019-02-15"]),
        ("2019-01-19", 26, False, (), []),
        ("2019-04-01", 30, False, ("2019-04-19",), ["2019-04-18"]),
        ("2019-04-01", 30, False, ("2019-04-18", "2019-04-19"), ["2019-04-17"]),
        ("2019-04-19", 10, False, ("2019-04-19",), []),
        ("2019-03-27", 20, True, (), ["2019-03-29", "2019-04-05", "2019-04-12"]),
        ("2019-04-13", 14, True, ("2019-04-19",), ["2019-04-18", "2019-04-26"]),
        ("2019-04-10", 17, True,
         ("2019-04-15", "2019-04-16", "2019-04-17", "2019-04-18", "2019-04-19"),
         ["2019-04-12", "2019-04-26"]),
    ],
)  # fmt: skip
def test_expiries_are_third_fridays(
    day: str, horizon: int, weeklies: bool, closed: tuple[str, ...], expected: list[str]
) -> None:
    assert told(expiry_days(day_of(day), sessions_without(*closed), horizon, weeklies)) == expected


@pytest.mark.parametrize(
    ("sessions", "said"),
    [
        (sessions_without()[:0], "those given are none"),
        (sessions_without()[:100], "2018-01-01 to 2018-05-18"),
        (sessions_without()[400:], "2019-07-15 to 2020-12-31"),
    ],
)
def test_sessions_that_cannot_tell(sessions: IntArray, said: str) -> None:
    with pytest.raises(DataError, match=said):
        expiry_days(day_of("2019-01-01"), sessions, 30)


def test_sessions_that_begin_today_can_tell() -> None:
    sessions = sessions_without()
    day = day_of("2019-01-16")
    assert told(expiry_days(day, sessions[sessions >= day], 10)) == ["2019-01-18"]


@pytest.mark.parametrize(
    ("price", "width", "step", "expected"),
    [
        (100.0, 0.1, 5.0, (90.0, 95.0, 100.0, 105.0, 110.0)),
        (101.0, 0.1, 5.0, (95.0, 100.0, 105.0, 110.0)),
        (4.0, 0.2, None, (3.5, 4.0, 4.5)),
        (20.0, 0.1, None, (18.0, 19.0, 20.0, 21.0, 22.0)),
        (60.0, 0.05, None, (57.5, 60.0, 62.5)),
        (200.0, 0.05, None, (190.0, 195.0, 200.0, 205.0, 210.0)),
        (600.0, 0.02, None, (590.0, 600.0, 610.0)),
        (2000.0, 0.02, None, (1975.0, 2000.0, 2025.0)),
        (0.6, 0.9, 0.1, (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1)),
    ],
)
def test_the_ladder_of_strikes(
    price: float, width: float, step: float | None, expected: tuple[float, ...]
) -> None:
    assert strike_ladder(price, width, step) == expected


@pytest.mark.parametrize(
    ("price", "step", "said"),
    [
        (0.0, None, "a price of 0.0"),
        (float("nan"), None, "a price of nan"),
        (103.0, 50.0, "No multiple of 50 lies within 1% of 103"),
    ],
)
def test_no_ladder(price: float, step: float | None, said: str) -> None:
    with pytest.raises(DataError, match=said):
        strike_ladder(price, 0.01, step)


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({"horizon": 0}, "horizon is 0 days"),
        ({"width": 0.0}, "width is 0.0"),
        ({"width": 25.0}, "width is 25.0"),
        ({"step": 0.0}, "step is 0.0"),
        ({"step": float("nan")}, "step is nan"),
    ],
)
def test_rules_that_cannot_be(rule: dict[str, float], said: str) -> None:
    with pytest.raises(DataError, match=said):
        ListingRule(**rule)  # type: ignore[arg-type]


def test_a_backtest_lists_its_own_chain() -> None:
    day = day_of("2019-04-01")
    sessions = sessions_without("2019-04-19")
    rule = ListingRule(horizon=50, width=0.1, step=10.0)
    chain = listed_chain(SPY, 100.0, day, sessions, rule)
    assert (chain.underlying, chain.day) == ("SPY", day)
    assert told(np.array(chain.expiries)) == ["2019-04-18", "2019-05-17"]
    for expiry in chain.expiries:
        assert chain.strikes(expiry, CALL) == chain.strikes(expiry, PUT) == (90.0, 100.0, 110.0)
        assert chain.holes(expiry) == ()
    assert len(listed_chain(SPY, 100.0, day, sessions)) == 3 * 11 * 2


def test_no_option_outlives_its_future() -> None:
    day = day_of("2019-04-01")
    future = Instrument("ESM9", AssetType.FUTURE, multiplier=50.0, expiry=day_of("2019-05-17"))
    chain = listed_chain(future, 2900.0, day, sessions_without(), ListingRule(horizon=100))
    assert told(np.array(chain.expiries)) == ["2019-04-19", "2019-05-17"]
