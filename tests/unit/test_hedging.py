"""Hedging: what each policy answers, the units a hedge trades, and the words of a run file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import inf, nan
from typing import Any

import pytest

from framework.components.hedge import Hedge, affordable_units, hedge_units
from framework.components.hedging import (
    AllOf,
    DeltaBand,
    FirstOf,
    Interval,
    Leland,
    WhalleyWilmott,
    half_width,
    leland_number,
)
from framework.components.registry import hedger_specs
from framework.config.parts import hedger_of
from framework.domain.options import BookGreeks
from framework.errors import ConfigError, DataError, SlipwayError
from framework.hedge_ports import HedgePlan, Hedger, HedgeState, VolatilityRule
from framework.options import black_scholes

HOUR = 3_600 * 10**9
BOOK = BookGreeks(delta=120.0, gamma=-4.0, vega=-900.0, theta=300.0)
STATE = HedgeState(
    time=7,
    underlying="SPY",
    price=100.0,
    book=BOOK,
    target=20.0,
    bars=3,
    elapsed=4 * HOUR,
    years=0.25,
    rate=0.05,
    volatility=0.2,
)
FIRST = replace(STATE, bars=None, elapsed=None)
SHORT = replace(STATE, book=replace(BOOK, delta=-80.0))
WILD = WhalleyWilmott(cost=0.005, risk_aversion=1e-4)


def off_by(delta: float) -> HedgeState:
    return replace(STATE, book=replace(BOOK, delta=STATE.target + delta))


# when, and how far -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hedger", "state", "level"),
    [
        (Interval(), FIRST, 20.0),
        (Interval(), replace(STATE, bars=0), None),
        (Interval(), replace(STATE, bars=1), 20.0),
        (Interval(bars=3), STATE, 20.0),
        (Interval(bars=4), STATE, None),
        (Interval(bars=4), FIRST, 20.0),
        (Interval(hours=4), STATE, 20.0),
        (Interval(hours=4), replace(STATE, elapsed=4 * HOUR - 1), None),
        (Interval(hours=0.07), replace(STATE, elapsed=7 * HOUR // 100), 20.0),
        (Interval(hours=99), FIRST, 20.0),
        (DeltaBand(100), STATE, None),
        (DeltaBand(99), STATE, 20.0),
        (DeltaBand(99, "edge"), STATE, 119.0),
        (DeltaBand(100), SHORT, None),
        (DeltaBand(99), SHORT, 20.0),
        (DeltaBand(99, "edge"), SHORT, -79.0),
        (DeltaBand(0.3), off_by(0.1 + 0.2), None),
        (Leland(0.01, bars=3), STATE, 20.0),
        (Leland(0.01, bars=4), STATE, None),
        (Leland(0.01, hours=5), STATE, None),
        (AllOf((Interval(bars=3), DeltaBand(99, "edge"))), STATE, 119.0),
        (AllOf((DeltaBand(99, "edge"), Interval(bars=3))), STATE, 20.0),
        (AllOf((Interval(bars=4), DeltaBand(99))), STATE, None),
        (AllOf((Interval(bars=3), DeltaBand(100))), STATE, None),
        (FirstOf((Interval(bars=4), DeltaBand(99, "edge"))), STATE, 119.0),
        (FirstOf((Interval(bars=3), DeltaBand(99, "edge"))), STATE, 20.0),
        (FirstOf((Interval(bars=4), DeltaBand(100))), STATE, None),
    ],
)
def test_net_delta(hedger: Hedger, state: HedgeState, level: float | None) -> None:
    assert hedger.net_delta(state) == level


def test_the_published_whalley_wilmott_band() -> None:
    greeks = black_scholes.greeks(1.0, 100.0, 100.0, 0.25, 0.05, 0.0, 0.2)
    gamma = float(greeks.gamma)
    assert gamma == pytest.approx(0.03928800094473793, rel=1e-12)
    width = half_width(price=100, gamma=gamma, years=0.25, rate=0.05, cost=0.005, risk_aversion=1)
    assert width == pytest.approx(0.10456447192291043, rel=1e-12)
    hedger = WhalleyWilmott(cost=0.005, risk_aversion=1.0)
    delta = float(greeks.delta)
    assert delta == pytest.approx(0.5694601832076737, rel=1e-12)
    for side in (1.0, -1.0):
        held = BookGreeks(delta=side * delta, gamma=side * gamma)
        state = replace(STATE, book=held, target=0.0)
        assert hedger.net_delta(state) == pytest.approx(side * width, rel=1e-12)
        inside = replace(state, target=side * (delta - width * 0.999))
        assert hedger.net_delta(inside) is None


def test_a_whalley_wilmott_band_is_the_whole_books() -> None:
    """H is homogeneous: n units at aversion a / n are n times one unit at a."""
    one = half_width(price=100, gamma=0.04, years=0.25, rate=0.05, cost=0.005, risk_aversion=1.0)
    for n in (10.0, 500.0):
        whole = half_width(
            price=100, gamma=n * 0.04, years=0.25, rate=0.05, cost=0.005, risk_aversion=1.0
        )
        assert whole == pytest.approx(n ** (2 / 3) * one, rel=1e-12)
        alike = half_width(
            price=100, gamma=n * 0.04, years=0.25, rate=0.05, cost=0.005, risk_aversion=1.0 / n
        )
        assert alike == pytest.approx(n * one, rel=1e-12)


def test_the_whalley_wilmott_width_is_the_cheapest() -> None:
    """Costs per time plus what exponential utility charges for variance are least at H.

    With the miss uniform over the band, variance costs a S^2 s^2 H^2 / 6 per time, and a miss of
    volatility gamma S s that is reflected at both edges trades (gamma S s)^2 / (2 H) units.
    """
    gamma, price, sigma, cost, aversion = 4.0, 100.0, 0.2, 0.005, 1e-4

    def burden(width: float) -> float:
        risk = aversion * (price * sigma) ** 2 * width**2 / 6.0
        return risk + cost * price * (gamma * price * sigma) ** 2 / (2.0 * width)

    best = half_width(
        price=price, gamma=gamma, years=0.0, rate=0.0, cost=cost, risk_aversion=aversion
    )
    assert burden(best) < min(burden(best * 0.99), burden(best * 1.01))


def test_without_gamma_there_is_no_band() -> None:
    flat = replace(STATE, book=replace(BOOK, gamma=0.0))
    assert WILD.net_delta(flat) == 20.0


def test_the_published_leland_volatilities() -> None:
    number = leland_number(volatility=0.2, cost=0.01, years=1 / 52)
    assert number == pytest.approx(0.2876813695875795, rel=1e-12)
    for weekly in (Leland(0.01, bars=1, bars_per_year=52), Leland(0.01, hours=31.5)):
        assert weekly.years == 1 / 52
        short = weekly.volatility(0.2, is_short=True)
        assert short == pytest.approx(0.22695209799317384, rel=1e-12)
        long = weekly.volatility(0.2, is_short=False)
        assert long == pytest.approx(0.1687979419794472, rel=1e-12)
    price = black_scholes.price(1.0, 100.0, 100.0, 0.25, 0.05, 0.0, 0.2)
    assert float(price) == pytest.approx(4.614997129602855, rel=1e-12)
    dearer = black_scholes.price(1.0, 100.0, 100.0, 0.25, 0.05, 0.0, 0.22695209799317384)
    assert float(dearer) == pytest.approx(5.144842369494654, rel=1e-12)


def test_combinations_pass_a_members_volatility_on() -> None:
    leland = Leland(0.01, bars_per_year=52)
    inner = AllOf((DeltaBand(5), leland))
    for outer in (AllOf, FirstOf):
        whole = outer((outer((Interval(), DeltaBand(3))), inner))
        assert isinstance(whole, VolatilityRule)
        for is_short in (True, False):
            own = leland.volatility(0.2, is_short=is_short)
            assert whole.volatility(0.2, is_short=is_short) == own
        assert outer((Interval(), DeltaBand(3))).volatility(0.2, is_short=True) == 0.2
    assert not isinstance(Interval(), VolatilityRule)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Interval(bars=0), "Interval: bars is 0. Give a whole number of at least 1."),
        (lambda: Interval(hours=0), "Interval: hours is 0. Give a number above 0."),
        (lambda: Interval(2, 3), "Interval: bars is 2 and hours is 3. Give one of them"),
        (lambda: DeltaBand(0), "DeltaBand: width is 0."),
        (
            lambda: DeltaBand(1, "middle"),  # type: ignore[arg-type]
            "DeltaBand: to is 'middle'. Give 'target' or 'edge'.",
        ),
        (lambda: WhalleyWilmott(0, 1), "WhalleyWilmott: cost is 0."),
        (lambda: WhalleyWilmott(0.1, 0), "WhalleyWilmott: risk_aversion is 0."),
        (lambda: Leland(1), "Leland: cost is 1. Give a number above 0 and below 1."),
        (lambda: Leland(0.01, 1, 1), "Leland: bars is 1 and hours is 1."),
        (lambda: Leland(0.01, bars_per_year=0), "Leland: bars_per_year is 0."),
        (lambda: Leland(0.01, hours_per_year=nan), "Leland: hours_per_year is nan."),
        (lambda: AllOf(()), "AllOf: hedgers is (). Give a tuple of at least one."),
        (lambda: FirstOf((5,)), "FirstOf: 5 is no hedger."),  # type: ignore[arg-type]
        (
            lambda: AllOf((Leland(0.01), FirstOf((Leland(0.02),)))),
            "AllOf: Leland and FirstOf each reckon with a volatility of their own.",
        ),
        (
            lambda: Leland(0.05).volatility(0.1, is_short=False),
            "has a Leland number of 6.333 at volatility 0.1; from 1 on there is no volatility",
        ),
        (lambda: Leland(0.05).volatility(0.0, is_short=True), "The volatility to hedge at is 0.0."),
        (lambda: Leland(0.05).volatility(nan, is_short=True), "The volatility to hedge at is nan."),
        (lambda: DeltaBand(5).net_delta(off_by(nan)), "SPY: the delta of the book is nan"),
        (lambda: WILD.net_delta(off_by(inf)), "SPY: the delta of the book is inf"),
        (lambda: WILD.net_delta(replace(STATE, years=nan)), "a Whalley-Wilmott band at price 100"),
        (lambda: WILD.net_delta(replace(STATE, price=-1.0)), "a Whalley-Wilmott band at price -1"),
        (
            lambda: WILD.net_delta(replace(STATE, book=replace(BOOK, gamma=nan))),
            "gamma nan, 0.25 years",
        ),
        (
            lambda: AllOf((Interval(bars=9), DeltaBand(5))).net_delta(off_by(nan)),
            "SPY: the delta of the book is nan",
        ),
    ],
)
def test_what_a_policy_refuses(make: Callable[[], object], message: str) -> None:
    with pytest.raises((ConfigError, DataError)) as caught:
        make()
    assert message.lower() in str(caught.value).lower()


# how many units ----------------------------------------------------------------------------

PLAIN = Hedge(Interval())


@pytest.mark.parametrize(
    ("settings", "net_delta", "per_unit", "held", "lot", "units"),
    [
        (PLAIN, 20.0, 1.0, 0.0, 1.0, -100.0),
        (PLAIN, 20.9, 1.0, 0.0, 1.0, -99.0),
        (PLAIN, 220.9, 1.0, 0.0, 1.0, 100.0),
        (PLAIN, 119.5, 1.0, 0.0, 1.0, 0.0),
        (PLAIN, 119.5, 1.0, 0.0, 0.25, -0.5),
        (PLAIN, 119.7, 1.0, 0.0, 0.1, -0.3),
        (PLAIN, 20.0, 50.0, 0.0, 1.0, -2.0),
        (PLAIN, 21.0, 50.0, 0.0, 1.0, -1.0),
        (PLAIN, 20.0, -10.0, 0.0, 1.0, 10.0),
        (Hedge(Interval(), max_trade=30), 20.0, 1.0, 0.0, 1.0, -30.0),
        (Hedge(Interval(), max_trade=30.5), 20.0, 1.0, 0.0, 1.0, -30.0),
        (Hedge(Interval(), max_hedge=60), 20.0, 1.0, 0.0, 1.0, -60.0),
        (Hedge(Interval(), max_hedge=60), 20.0, 1.0, -50.0, 1.0, -10.0),
        (Hedge(Interval(), max_hedge=60), 20.0, 1.0, 50.0, 1.0, -100.0),
        (Hedge(Interval(), max_hedge=60), 20.0, 1.0, -70.0, 1.0, 0.0),
        (Hedge(Interval(), max_hedge=60), 130.0, 1.0, -70.0, 1.0, 10.0),
        (Hedge(Interval(), min_trade=100), 20.0, 1.0, 0.0, 1.0, -100.0),
        (Hedge(Interval(), min_trade=101), 20.0, 1.0, 0.0, 1.0, 0.0),
        (Hedge(Interval(), min_trade=20, max_hedge=60), 20.0, 1.0, -50.0, 1.0, 0.0),
        (Hedge(Interval(), min_trade=0.3), 119.7, 1.0, 0.0, 0.1, -0.3),
    ],
)
def test_hedge_units(
    settings: Hedge, net_delta: float, per_unit: float, held: float, lot: float, units: float
) -> None:
    assert hedge_units(settings, STATE, net_delta, per_unit, held, lot) == units
    plan: HedgePlan = settings
    assert plan.units(STATE, net_delta, per_unit, held, lot) == units


@pytest.mark.parametrize(
    ("units", "held", "spent", "cost", "left"),
    [
        (-40.0, 0.0, 90.0, 10.0, -40.0),
        (-40.0, 0.0, 90.0, 10.01, 0.0),
        (-40.0, -10.0, 100.0, 1.0, 0.0),
        (-40.0, 100.0, 100.0, 1.0, -40.0),
        (-40.0, 10.0, 100.0, 1.0, -10.0),
        (40.0, -10.0, 100.0, 1.0, 10.0),
        (0.0, -10.0, 100.0, 1.0, 0.0),
    ],
)
def test_beyond_its_budget_a_hedge_is_only_closed(
    units: float, held: float, spent: float, cost: float, left: float
) -> None:
    plan: HedgePlan = Hedge(Interval(), budget=100)
    assert plan.affordable(units, held, spent, cost) == left
    assert affordable_units(Hedge(Interval(), budget=100), units, held, spent, cost) == left
    assert affordable_units(PLAIN, units, held, spent, cost) == units


@pytest.mark.parametrize(
    ("net_delta", "per_unit", "held", "message"),
    [
        (nan, 1.0, 0.0, "SPY: the delta to trade to is nan."),
        (20.0, nan, 0.0, "SPY: the delta of a unit of the hedge is nan."),
        (20.0, 0.0, 0.0, "SPY: a unit of the hedge instrument has no delta."),
        (20.0, 1.0, nan, "SPY: the size of the hedge is nan."),
    ],
)
def test_nothing_is_hedged_by_a_guess(
    net_delta: float, per_unit: float, held: float, message: str
) -> None:
    with pytest.raises(DataError) as caught:
        hedge_units(PLAIN, STATE, net_delta, per_unit, held, 1.0)
    assert message in str(caught.value)


def test_an_unknown_book_or_cost_is_named() -> None:
    with pytest.raises(DataError, match="SPY: the delta of the book is nan"):
        hedge_units(PLAIN, off_by(nan), 20.0, 1.0, 0.0, 1.0)
    with pytest.raises(DataError, match=r"The hedge has cost 0\.0 and would cost nan"):
        affordable_units(PLAIN, 5.0, 0.0, 0.0, nan)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"hedger": 5}, "hedger is 5. Give a policy"),
        ({"instrument": ""}, "instrument is ''. Give a symbol"),
        ({"target": inf}, "target is inf. Give a number."),
        ({"min_trade": -1.0}, "min_trade is -1.0."),
        ({"max_trade": 0.0}, "max_trade is 0.0. Give a number above 0, or inf"),
        ({"max_hedge": nan}, "max_hedge is nan."),
        ({"budget": -1.0}, "budget is -1.0. Give a number of at least 0, or inf"),
        ({"budget": True}, "budget is True."),
        ({"greeks": "guessed"}, "greeks is 'guessed'. Give 'model' or 'broker'."),
        ({"stale_after": 0.0}, "stale_after is 0.0."),
        ({"min_trade": 5.0, "max_trade": 4.0}, "min_trade is 5 and max_trade 4."),
        ({"min_trade": 5.0, "max_hedge": 4.0}, "min_trade is 5 and max_hedge 4."),
    ],
)
def test_what_a_hedge_refuses(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Hedge(**{"hedger": Interval(), **given})
    assert str(caught.value).startswith("Hedge: " + message)
    assert Hedge(Interval(), budget=0.0).budget == 0.0


# the words of a run file -------------------------------------------------------------------

EDGE = DeltaBand(50.0, "edge")


@pytest.mark.parametrize(
    ("given", "hedger"),
    [
        ("interval", Interval()),
        ("interval:5", Interval(bars=5)),
        ("interval:hours=6.5", Interval(hours=6.5)),
        ("band:50,edge", EDGE),
        ({"name": "band", "width": 50, "to": "edge"}, EDGE),
        ("whalley_wilmott:0.005,0.0001", WILD),
        ("leland:0.01,bars=5", Leland(0.01, bars=5)),
        (EDGE, EDGE),
        (["band:50,edge"], EDGE),
        (["interval:5", EDGE], AllOf((Interval(5), EDGE))),
        (["all_of", "interval:5", EDGE], AllOf((Interval(5), EDGE))),
        (["first_of", "interval:5", EDGE], FirstOf((Interval(5), EDGE))),
        (["first_of", EDGE], FirstOf((EDGE,))),
        (
            ["first_of", ["interval:5", EDGE], "band:90"],
            FirstOf((AllOf((Interval(5), EDGE)), DeltaBand(90.0))),
        ),
    ],
)
def test_hedger_of(given: Any, hedger: Hedger) -> None:
    found = hedger_of(given)
    assert found == hedger
    assert hedger_of(hedger_specs(found)) == hedger  # type: ignore[arg-type]


def test_specs_are_plain() -> None:
    both = FirstOf((AllOf((Interval(5), EDGE)), DeltaBand(90)))
    band = {"name": "band", "width": 50.0, "to": "edge"}
    assert hedger_specs(both) == [
        "first_of",
        ["all_of", {"name": "interval", "bars": 5, "hours": None}, band],
        {"name": "band", "width": 90.0, "to": "target"},
    ]
    assert hedger_specs(EDGE) == [band]


@dataclass(frozen=True)
class Timid:
    """Has no method of a hedger."""


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("bnd:5", "no hedge component 'bnd'. Did you mean 'band'?"),
        ("band", "hedge band: width is missing. Write band:width=VALUE."),
        ("band:5,middle", "hedge band: to is 'middle'. Give 'target' or 'edge'."),
        ("interval:2.5", "hedge interval: bars is '2.5'."),
        ([], "AllOf: hedgers is ()."),
        (["first_of"], "FirstOf: hedgers is ()."),
        (Timid(), "Timid() is no hedge component."),
        (["interval", Timid()], "Timid() is no hedge component."),
    ],
)
def test_a_wrong_hedge_names_the_part(given: Any, message: str) -> None:
    with pytest.raises(SlipwayError) as caught:
        hedger_of(given)
    assert message in str(caught.value)
