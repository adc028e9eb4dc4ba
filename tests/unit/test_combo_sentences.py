"""Combos said as a sentence, and sentences that cannot be."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from framework.domain.bars import FloatArray
from framework.domain.instruments import Instrument
from framework.domain.options import Right
from framework.errors import DataError
from framework.options import spreads
from framework.options.builder import call, on, put
from framework.options.chain import OptionChain
from framework.options.contracts import option_contract, option_terms
from framework.options.occ import day_of

CALL, PUT = Right.CALL, Right.PUT
TODAY = day_of("2024-02-01")
MARCH, APRIL = day_of("2024-03-15"), day_of("2024-04-19")
SPY = Instrument("SPY")
CHAIN = OptionChain(
    "SPY",
    TODAY,
    tuple(
        option_contract(SPY, expiry, right, strike)
        for expiry in (MARCH, APRIL)
        for strike in (80.0, 90.0, 95.0, 100.0, 105.0, 110.0, 120.0)
        for right in Right
    ),
)
HOLED = OptionChain(
    "SPY", TODAY, tuple(one for one in CHAIN.contracts if one.symbol != "SPY 240315P100")
)


def slope(contracts: Sequence[Instrument]) -> FloatArray:
    """Deltas that fall by 0.02 a point from 0.5 at 100."""
    terms = [option_terms(one) for one in contracts]
    calls = np.clip([0.5 - 0.02 * (one.strike - 100.0) for one in terms], 0.0, 1.0)
    puts = np.array([1.0 if one.right is PUT else 0.0 for one in terms])
    return np.asarray(calls - puts, dtype=np.float64)


def test_an_iron_condor_said() -> None:
    said = (
        on(CHAIN, deltas=slope)
        .expiring(in_days=45)
        .sell(put, delta=-0.31).buy(put, below=10)
        .sell(call, delta=0.29).buy(call, above=10)
        .combo()
    )  # fmt: skip
    assert said.symbol == "iron_condor SPY 240315 -P90 +P80 -C110 +C120"


def test_a_straddle_said() -> None:
    said = (
        on(CHAIN, spot=101.0).expiring(at_least=44).sell(call, moneyness=1).sell(put, moneyness=1)
    )
    assert said.combo().symbol == "straddle SPY 240419 -C100 -P100"
    assert said.combo("my_own").symbol == "my_own SPY 240419 -C100 -P100"


def test_held_underlying_and_two_expiries_said() -> None:
    covered = on(CHAIN).hold(SPY).expiring(date="2024-03-15").sell(call, strike=105)
    assert covered.combo() == spreads.covered_call(CHAIN, SPY, MARCH, 105)
    calendar = on(CHAIN).expiring(date=MARCH).sell(call, strike=100)
    calendar = calendar.expiring(date=APRIL).buy(call, strike=100)
    assert calendar.combo() == spreads.calendar_spread(CHAIN, CALL, 100, sell=MARCH, buy=APRIL)
    fly = on(CHAIN).expiring(in_days=43).buy(call, strike=90).sell(call, 2, above=10)
    whole = spreads.butterfly(CHAIN, MARCH, CALL, low=90, middle=100, high=110)
    assert fly.buy(call, above=10).combo() == whole
    assert fly.combo().symbol == "ratio SPY 240315 +C90 -2C100"


MARCH_SAID = on(CHAIN, spot=100.0, deltas=slope).expiring(date=MARCH)


@pytest.mark.parametrize(
    ("say", "said"),
    [
        (lambda: on(CHAIN).expiring(), "expiring is told by nothing. Say one of in_days="),
        (lambda: on(CHAIN).expiring(in_days=45, at_least=30), "in_days and at_least"),
        (lambda: on(CHAIN).expiring(in_days=10),
         r"no expiry within 21 days of 10.*2024-03-15, in 43"),
        (lambda: on(CHAIN).expiring(at_least=400), "no expiry 400 days or more"),
        (lambda: on(CHAIN).expiring(date="2024-03-22"), "SPY options of 2024-03-22 are not listed"),
        (lambda: on(CHAIN).expiring(date=TODAY - 9), "SPY options of 2024-01-23 expired before"),
        (lambda: on(CHAIN).sell(put, strike=90), "a put without an expiry"),
        (lambda: MARCH_SAID.sell(put), "an option is told by nothing"),
        (lambda: MARCH_SAID.sell(put, strike=90, delta=-0.3), "told by strike and delta"),
        (lambda: MARCH_SAID.sell(put, below=5), "is to lie below or above another"),
        (lambda: MARCH_SAID.hold(SPY).sell(put, below=5), "is to lie below or above another"),
        (lambda: MARCH_SAID.sell(put, strike=90).buy(put, below=7), "SPY 240315P83 is not listed"),
        (lambda: MARCH_SAID.sell(put, strike=90).buy(put, below=-10),
         "below another by -10 points"),
        (lambda: MARCH_SAID.sell(put, strike=91), "SPY 240315P91 is not listed"),
        (lambda: MARCH_SAID.sell(put, delta=0.3), "a delta of 0.3 is asked for"),
        (lambda: MARCH_SAID.sell(put, delta=-0.2, within=0.05), "no delta within 0.05 of -0.2"),
        (lambda: MARCH_SAID.sell(put, moneyness=0.5), "no strike within 0.1 of a moneyness of 0.5"),
        (lambda: on(CHAIN).expiring(date=MARCH).sell(put, delta=-0.3), "and no deltas"),
        (lambda: on(CHAIN).expiring(date=MARCH).sell(put, moneyness=1), "and no spot"),
        (lambda: on(HOLED, spot=100.0).expiring(date=MARCH).sell(put, moneyness=1),
         "SPY 240315P100 is not listed, though the call"),
        (lambda: MARCH_SAID.sell(put, 0, strike=90), "A leg of 0 contracts"),
        (lambda: MARCH_SAID.sell(put, -1, strike=90), "A leg of -1 contracts"),
        (lambda: MARCH_SAID.hold(Instrument("QQQ")), "QQQ is not what"),
        (lambda: on(CHAIN.only(days=(0, 1))).hold(SPY), "the chain is empty"),
        (lambda: on(CHAIN.only(days=(0, 1))).expiring(in_days=45), "no option is listed"),
        (MARCH_SAID.combo, "without a leg"),
        (lambda: MARCH_SAID.sell(put, strike=90).buy(put, strike=90).combo(), "two legs in"),
    ],
)  # fmt: skip
def test_a_sentence_that_cannot_be_is_named(say: Callable[[], object], said: str) -> None:
    with pytest.raises(DataError, match=said):
        say()


def test_a_sentence_leaves_the_one_before_as_it_was() -> None:
    base = MARCH_SAID.sell(put, strike=90)
    assert base.buy(put, strike=80).combo().kind == "vertical"
    assert base.combo().kind == "single"
