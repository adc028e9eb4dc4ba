"""The option market of a backtest: a contract's bars, chains and Greeks against the formula."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import erf, exp, log, pi, sqrt

import numpy as np
import pytest

from framework.domain.bars import Bars
from framework.domain.instruments import Instrument
from framework.domain.options import Right, Settlement, Style
from framework.errors import DataError
from framework.options.contracts import option_contract, option_terms
from framework.options.listing import ListingRule
from framework.options.market import ModelMarket
from framework.options.model import OptionModel
from framework.options.volatility import ConstantVolatility, VolatilityInput, VolatilitySeries
from tests.builders import DAY, MINUTE, Row, bars_of, day_number, five_minutes, flat_rows

SESSION = 390 * MINUTE
YEAR = 365 * DAY
EXPIRY = day_number(4)
"""Friday of the first week."""
ROWS: list[Row] = [
    (100, 102, 99, 101),
    (101.5, 104, 101, 103),
    (102, 103, 96, 97),
    (98, 99, 97.5, 98.5),
    (99, 106, 98, 104),
    (104, 105, 103, 104),
]
LIKE = ConstantVolatility(0.3)


def normal(x: float) -> float:
    return 0.5 * (1.0 + erf(x / sqrt(2.0)))


def value(
    sign: float, spot: float, strike: float, years: float, sigma: float, r: float, q: float
) -> float:
    """Black-Scholes-Merton, written out."""
    if years <= 0.0:
        return max(0.0, sign * (spot - strike))
    wide = sigma * sqrt(years)
    d1 = (log(spot / strike) + (r - q + 0.5 * sigma * sigma) * years) / wide
    d2 = d1 - wide
    return sign * (
        spot * exp(-q * years) * normal(sign * d1) - strike * exp(-r * years) * normal(sign * d2)
    )


def market(
    bars: Bars | None = None, volatility: VolatilityInput = LIKE, **named: object
) -> ModelMarket:
    named.setdefault("style", Style.EUROPEAN)
    model = OptionModel(volatility, rate=0.05, dividend_yield=0.02)
    return ModelMarket(bars or bars_of(ROWS), replace(model, **named))  # type: ignore[arg-type]


def contract(
    right: Right = Right.CALL,
    strike: float = 100.0,
    expiry: int = EXPIRY,
    style: Style = Style.EUROPEAN,
    underlying: Instrument | None = None,
) -> Instrument:
    return option_contract(underlying or Instrument("AAA"), expiry, right, strike, style=style)


def series(values: list[float], start: int = 0) -> VolatilitySeries:
    """Known at the closes of sessions from `start` on."""
    closes = bars_of(flat_rows([1.0] * (start + len(values)))).close_time[start:]
    return VolatilitySeries("fear", closes, np.array(values))


# bars of a contract -------------------------------------------------------------------------


@pytest.mark.parametrize("right", Right)
@pytest.mark.parametrize("strike", [90.0, 100.0, 110.0])
def test_a_daily_bar_is_the_formula_at_the_underlyings_prices(right: Right, strike: float) -> None:
    vols = [0.2, 0.3, 0.25, 0.4, 0.35, 0.3]
    made = market(volatility=series(vols)).listing(contract(right, strike), 1)
    bars = made.bars
    assert made.first == 1
    assert len(bars) == 4, "from the row asked for to the expiry, both included"
    assert bars.symbol == contract(right, strike).symbol
    assert bars.synthetic
    for place, row in enumerate(range(1, 5)):
        o, h, low, c = ROWS[row]
        to_close = (4 - row) * DAY / YEAR
        to_open = ((4 - row) * DAY + SESSION) / YEAR

        def at(spot: float, years: float, sigma: float) -> float:
            return value(right.sign, spot, strike, years, sigma, 0.05, 0.02)

        opened = at(o, to_open, vols[row - 1])
        closed = at(c, to_close, vols[row])
        ends = [at(h, to_close, vols[row]), at(low, to_close, vols[row]), opened, closed]
        assert bars.close[place] == pytest.approx(closed, abs=1e-9)
        if place:  # nobody can trade at the first one's open
            assert bars.open[place] == pytest.approx(opened, abs=1e-9)
            assert bars.high[place] == pytest.approx(max(ends), abs=1e-9)
            assert bars.low[place] == pytest.approx(min(ends), abs=1e-9)
        assert bars.close_time[place] == bars_of(ROWS).close_time[row]
        assert made.years[place] == pytest.approx(to_close, abs=1e-12)
        assert made.volatility[place] == vols[row]


def test_time_runs_over_the_weekend() -> None:
    made = market().listing(contract(expiry=day_number(5)), 4)
    assert made.years[0] == pytest.approx(3 / 365)
    assert made.years[1] == 0.0


def test_the_first_bar_of_all_opens_at_its_own_volatility() -> None:
    made = market(volatility=series([0.5, 0.3, 0.3, 0.3, 0.3, 0.3])).listing(contract(), 0)
    opened = value(1.0, 100.0, 100.0, (4 * DAY + SESSION) / YEAR, 0.5, 0.05, 0.02)
    assert made.bars.open[0] == pytest.approx(opened)


def test_within_a_session_a_bar_opens_where_the_one_before_closed() -> None:
    rows = flat_rows([100, 101, 102, 103])
    bars = five_minutes(rows, 2)
    expiry = day_number(1)
    made = market(bars).listing(contract(expiry=expiry), 0)
    left = [DAY + 5 * MINUTE, DAY, 5 * MINUTE, 0]
    assert made.years * YEAR == pytest.approx(left)
    # the second bar opens five minutes before its close; a session's first opens with the session
    opens = [(100, DAY + SESSION), (101, DAY + 5 * MINUTE), (102, SESSION), (103, 5 * MINUTE)]
    for place, (spot, time) in enumerate(opens):
        wanted = value(1.0, spot, 100.0, time / YEAR, 0.3, 0.05, 0.02)
        assert made.bars.open[place] == pytest.approx(wanted, abs=1e-9)


def test_at_the_open_only_what_was_known_the_bar_before_counts() -> None:
    calm, jump = [0.2] * 6, [0.2, 0.2, 0.9, 0.9, 0.9, 0.9]
    before = market(volatility=series(calm)).listing(contract(), 0).bars
    after = market(volatility=series(jump)).listing(contract(), 0).bars
    assert after.open[2] == before.open[2]
    assert after.close[2] > before.close[2]
    assert after.open[3] > before.open[3]


@pytest.mark.parametrize("style", Style)
@pytest.mark.parametrize(
    ("right", "strike", "pays"),
    [
        (Right.CALL, 100.0, 4.0),
        (Right.CALL, 104.0, 0.0),
        (Right.CALL, 110.0, 0.0),
        (Right.PUT, 100.0, 0.0),
        (Right.PUT, 104.0, 0.0),
        (Right.PUT, 110.0, 6.0),
    ],
)
def test_at_the_close_of_its_expiry_it_is_worth_what_it_pays(
    style: Style, right: Right, strike: float, pays: float
) -> None:
    made = market(style=style).listing(contract(right, strike, style=style), 0)
    assert made.bars.close[-1] == pytest.approx(pays, abs=1e-12)
    assert made.bars.session[-1] == EXPIRY


def test_an_american_put_deep_in_the_money_is_worth_its_intrinsic_value() -> None:
    american = market(style=Style.AMERICAN)
    made = american.listing(contract(Right.PUT, 150.0, style=Style.AMERICAN), 0).bars
    assert made.close == pytest.approx([49.0, 47.0, 53.0, 51.5, 46.0])
    european = market().listing(contract(Right.PUT, 150.0), 0).bars
    assert (european.close[:-1] < made.close[:-1]).all()


def test_bars_that_end_before_the_expiry_end_the_contracts_bars() -> None:
    made = market(bars_of(ROWS[:3])).listing(contract(), 1)
    assert len(made.bars) == 2
    assert made.years[-1] == pytest.approx(2 / 365)
    assert made.bars.close[-1] > 0.0


def test_a_bar_does_not_depend_on_later_bars_of_the_underlying() -> None:
    long = market().listing(contract(), 0).bars
    short = market(bars_of(ROWS[:3])).listing(contract(), 0).bars
    for name in ("open", "high", "low", "close"):
        assert getattr(short, name) == pytest.approx(getattr(long, name)[:3], abs=0.0)


def test_a_contract_is_priced_once() -> None:
    one = market()
    assert one.listing(contract(), 1) is one.listing(contract(), 3)


# what is wrong ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("volatility", "row", "named"),
    [
        (series([0.2] * 4, start=2), 0, "fear begins on 2020-02-26"),
        (VolatilitySeries("fear", series([0.2]).times, np.array([0.2]), 2.0), 0, "2 days old"),
    ],
)
def test_a_volatility_that_is_not_known_is_named(
    volatility: VolatilityInput, row: int, named: str
) -> None:
    with pytest.raises(DataError, match=named) as caught:
        market(volatility=volatility).listing(contract(), row)
    assert caught.value.remedy


def test_a_volatility_known_from_the_day_of_the_trade_on_is_enough() -> None:
    # the contract's bars begin at row 2; no price of an earlier time is ever asked for
    made = market(volatility=series([0.2] * 4, start=2)).listing(contract(), 2)
    assert made.volatility[0] == 0.2


def test_an_expired_contract_is_named() -> None:
    with pytest.raises(DataError, match="AAA 200228C100 expired on 2020-02-28, before 2020-03-02"):
        market().listing(contract(), 5)


def test_a_contract_priced_before_it_expired_is_expired_all_the_same() -> None:
    one = market()
    one.listing(contract(), 0)
    with pytest.raises(DataError, match="expired on 2020-02-28"):
        one.listing(contract(), 5)
    with pytest.raises(DataError, match="AAA 200228C100"):
        one.greeks(contract(), 5)


def test_an_option_on_something_else_is_named() -> None:
    other = contract(underlying=Instrument("BBB"))
    with pytest.raises(DataError, match="BBB 200228C100 is an option on BBB, not on AAA"):
        market().listing(other, 0)


def test_another_contract_of_the_same_name_is_not_taken_for_the_first() -> None:
    one = market()
    hundred = contract()
    ten = option_contract(
        Instrument("AAA"), EXPIRY, Right.CALL, 100.0, style=Style.EUROPEAN, multiplier=10
    )
    one.listing(hundred, 0)
    try:
        found = one.listing(ten, 0).contract
    except DataError as error:
        assert "AAA 200228C100" in str(error)
    else:
        assert found.multiplier == 10


# the chain ----------------------------------------------------------------------------------


def test_the_chain_lists_what_expires_later_around_the_price() -> None:
    rule = ListingRule(horizon=20, width=0.05, weeklies=True)
    chain = market(listing=rule).chain(0)
    assert chain.underlying == "AAA"
    assert chain.day == day_number(0)
    assert chain.expiries == (day_number(4), day_number(9), day_number(14))
    assert chain.strikes(EXPIRY) == (100.0, 105.0)
    assert len(chain.contracts) == 3 * 2 * 2
    for one in chain.contracts:
        terms = option_terms(one)
        assert (terms.style, terms.settlement) == (Style.EUROPEAN, Settlement.PHYSICAL)
        assert one.multiplier == 100


def test_what_expires_today_is_not_in_the_chain() -> None:
    chain = market(listing=ListingRule(horizon=20, weeklies=True)).chain(4)
    assert chain.expiries[0] == day_number(9)


def test_a_chain_says_what_the_model_says_of_its_contracts() -> None:
    one = market(
        settlement=Settlement.CASH,
        style=Style.AMERICAN,
        multiplier=10.0,
        listing=ListingRule(horizon=30, width=0.05, step=1.0),
    )
    chain = one.chain(0)
    assert chain.strikes(chain.expiries[0]) == tuple(float(k) for k in range(96, 107))
    first = chain.contracts[0]
    terms = option_terms(first)
    assert (terms.style, terms.settlement) == (Style.AMERICAN, Settlement.CASH)
    assert first.multiplier == 10


@pytest.mark.parametrize("style", Style)
def test_prices_and_deltas_of_a_chain_are_those_of_its_contracts_bars(style: Style) -> None:
    one = market(style=style, volatility=series([0.2, 0.3, 0.25, 0.4, 0.35, 0.3]))
    contracts = tuple(contract(r, k, style=style) for k in (95.0, 100.0) for r in Right)
    prices, deltas = one.prices(contracts, 2), one.deltas(contracts, 2)
    for place, each in enumerate(contracts):
        bars = one.listing(each, 2).bars
        assert prices[place] == pytest.approx(bars.close[0], abs=1e-9)
        unit = one.greeks(each, 2)
        assert deltas[place] * each.multiplier == pytest.approx(unit.delta, abs=1e-9)
    assert one.prices((), 2).shape == (0,)


# greeks -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Twice:
    """Reckons short options at twice the volatility, long ones at half of it."""

    def volatility(self, volatility: float, *, is_short: bool) -> float:
        return volatility * (2.0 if is_short else 0.5)


@pytest.mark.parametrize("right", Right)
@pytest.mark.parametrize(
    ("rule", "is_short", "sigma"),
    [(None, False, 0.3), (None, True, 0.3), (Twice(), True, 0.6), (Twice(), False, 0.15)],
)
def test_greeks_are_the_formulas_times_the_multiplier(
    right: Right, rule: Twice | None, is_short: bool, sigma: float
) -> None:
    unit = market().greeks(contract(right), 1, rule, is_short=is_short)
    spot, years, r, q = 103.0, 3 / 365, 0.05, 0.02
    d1 = (log(spot / 100.0) + (r - q + sigma**2 / 2) * years) / (sigma * sqrt(years))
    density = exp(-d1 * d1 / 2) / sqrt(2 * pi)
    fade = exp(-q * years)
    sign = right.sign
    assert unit.delta == pytest.approx(100 * sign * fade * normal(sign * d1))
    assert unit.gamma == pytest.approx(100 * fade * density / (spot * sigma * sqrt(years)))
    assert unit.vega == pytest.approx(100 * spot * fade * density * sqrt(years))

    def at(left: float) -> float:
        return value(sign, spot, 100.0, left, sigma, r, q)

    step = 1e-6
    theta = -(at(years + step) - at(years - step)) / (2 * step)
    assert unit.theta == pytest.approx(100 * theta, rel=1e-5)


def test_greeks_before_the_contract_was_asked_for_are_not_made_up() -> None:
    one = market()
    one.listing(contract(), 3)
    with pytest.raises(DataError, match="The Greeks of AAA 200228C100 are not known on 2020-02-25"):
        one.greeks(contract(), 1)


def test_state_is_years_and_volatility_at_a_close() -> None:
    one = market(volatility=series([0.2, 0.3, 0.25, 0.4, 0.35, 0.3]))
    assert one.state(contract(), 1) == pytest.approx((3 / 365, 0.3))
    assert one.state(contract(), 4) == pytest.approx((0.0, 0.35))


def test_traded_time_leaves_out_the_hours_between_sessions() -> None:
    assert market().traded_time(1, 3) == 2 * SESSION
    assert market(five_minutes(flat_rows([100] * 6), 3)).traded_time(0, 1) == 5 * MINUTE
