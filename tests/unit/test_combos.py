"""Combos: the named ones, their signed prices, their payoffs and their names."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import inf

import numpy as np
import pytest

from framework.domain.bars import FloatArray
from framework.domain.instruments import AssetType, Instrument
from framework.domain.options import Quote, Right
from framework.errors import DataError
from framework.options import spreads
from framework.options.chain import OptionChain
from framework.options.combos import Combo, Leg, combo_of
from framework.options.contracts import option_contract
from framework.options.occ import day_of
from framework.options.payoff import payoff_of
from framework.options.shapes import CUSTOM, SHAPES, makes, shape_of

CALL, PUT = Right.CALL, Right.PUT
TODAY = day_of("2024-02-01")
MARCH, APRIL = day_of("2024-03-15"), day_of("2024-04-19")
SPY = Instrument("SPY")
STRIKES = (80.0, 90.0, 95.0, 100.0, 105.0, 110.0, 120.0)
CHAIN = OptionChain(
    "SPY",
    TODAY,
    tuple(
        option_contract(SPY, expiry, right, strike)
        for expiry in (MARCH, APRIL) for strike in STRIKES for right in Right
    ),
)  # fmt: skip
HOLED = OptionChain(
    "SPY", TODAY, tuple(one for one in CHAIN.contracts if one.symbol != "SPY 240315P100")
)

NAMED: dict[str, tuple[Combo, str]] = {
    "bull_call": (
        spreads.vertical(CHAIN, MARCH, CALL, buy=100, sell=110),
        "vertical SPY 240315 +C100 -C110",
    ),
    "bull_put": (
        spreads.vertical(CHAIN, MARCH, PUT, buy=90, sell=100),
        "vertical SPY 240315 +P90 -P100",
    ),
    "straddle": (spreads.straddle(CHAIN, MARCH, 100), "straddle SPY 240315 +C100 +P100"),
    "strangle": (
        spreads.strangle(CHAIN, MARCH, put=90, call=110),
        "strangle SPY 240315 +P90 +C110",
    ),
    "iron_condor": (
        spreads.iron_condor(CHAIN, MARCH, buy_put=80, sell_put=90, sell_call=110, buy_call=120),
        "iron_condor SPY 240315 +P80 -P90 -C110 +C120",
    ),
    "butterfly": (
        spreads.butterfly(CHAIN, MARCH, CALL, low=90, middle=100, high=110),
        "butterfly SPY 240315 +C90 -2C100 +C110",
    ),
    "covered_call": (
        spreads.covered_call(CHAIN, SPY, MARCH, 105),
        "covered_call SPY +100 SPY 240315 -C105",
    ),
    "collar": (
        spreads.collar(CHAIN, SPY, MARCH, put=95, call=105),
        "collar SPY +100 SPY 240315 +P95 -C105",
    ),
    "ratio": (
        spreads.ratio_spread(CHAIN, MARCH, CALL, buy=100, sell=110),
        "ratio SPY 240315 +C100 -2C110",
    ),
    "back_ratio": (
        spreads.ratio_spread(CHAIN, MARCH, PUT, buy=100, sell=90, times=3).reversed(),
        "ratio SPY 240315 -P100 +3P90",
    ),
}
TWO_EXPIRIES: dict[str, tuple[Combo, str]] = {
    "calendar": (
        spreads.calendar_spread(CHAIN, CALL, 100, sell=MARCH, buy=APRIL),
        "calendar SPY 240315 -C100 SPY 240419 +C100",
    ),
    "diagonal": (
        spreads.diagonal(CHAIN, PUT, sell=(MARCH, 95), buy=(APRIL, 90)),
        "diagonal SPY 240315 -P95 SPY 240419 +P90",
    ),
}
EVERY = NAMED | TWO_EXPIRIES

KNOWN = {one.symbol: one for one in (*CHAIN.contracts, SPY)}


@pytest.mark.parametrize("name", EVERY)
def test_names_are_read_back(name: str) -> None:
    combo, symbol = EVERY[name]
    assert combo.symbol == symbol
    assert combo_of(symbol, KNOWN) == combo
    assert combo_of(combo.reversed().symbol, KNOWN) == combo.reversed()
    assert combo.reversed().reversed() == combo


@pytest.mark.parametrize("name", EVERY)
def test_shapes_are_known_whatever_the_order_the_side_and_the_number(name: str) -> None:
    combo, _ = EVERY[name]
    assert shape_of(combo.legs) == combo.kind
    assert shape_of(combo.reversed().legs) == combo.kind
    assert shape_of([Leg(leg.instrument, 3 * leg.ratio) for leg in combo.legs[::-1]]) == combo.kind
    assert combo.kind in SHAPES
    assert makes(combo.kind, combo.legs)


def test_a_shape_has_a_bought_side() -> None:
    condor, _ = NAMED["iron_condor"]
    assert not makes("iron_condor", condor.reversed().legs)


def legs(*parts: tuple[int, Instrument]) -> tuple[Leg, ...]:
    return tuple(Leg(instrument, ratio) for ratio, instrument in parts)


MARCH_C100, MARCH_C110 = CHAIN.find("SPY 240315C100"), CHAIN.find("SPY 240315C110")
MARCH_P90, MARCH_P100 = CHAIN.find("SPY 240315P90"), CHAIN.find("SPY 240315P100")
APRIL_C110 = CHAIN.find("SPY 240419C110")


@pytest.mark.parametrize(
    ("made", "kind"),
    [
        (legs((2, MARCH_C100)), "single"),
        (legs((-1, MARCH_C100), (-1, MARCH_P100), (1, MARCH_C110), (1, MARCH_P90)),
         "iron_butterfly"),
        (legs((1, MARCH_C100), (-1, MARCH_P100)), CUSTOM),
        (legs((1, MARCH_C100), (1, MARCH_C110)), CUSTOM),
        (legs((1, MARCH_P90), (1, MARCH_C100), (-1, MARCH_C110)), CUSTOM),
        (legs((1, MARCH_C100), (-2, APRIL_C110)), CUSTOM),
        (legs((150, SPY), (-1, MARCH_C100)), CUSTOM),
        (legs((200, SPY), (-2, MARCH_C100)), "covered_call"),
        (legs((200, SPY), (-1, MARCH_C100)), CUSTOM),
        (legs((100, SPY), (1, MARCH_C100)), CUSTOM),
        (legs((100, SPY)), CUSTOM),
    ],
)  # fmt: skip
def test_other_shapes(made: tuple[Leg, ...], kind: str) -> None:
    assert shape_of(made) == kind


def condor_of(buy_put: float, sell_put: float, sell_call: float, buy_call: float) -> Combo:
    return spreads.iron_condor(
        CHAIN, MARCH, buy_put=buy_put, sell_put=sell_put, sell_call=sell_call, buy_call=buy_call
    )


INDEX_CHAIN = OptionChain(
    "SPX", TODAY, (option_contract(Instrument("SPX", AssetType.INDEX), MARCH, CALL, 5000.0),)
)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: spreads.vertical(CHAIN, MARCH, CALL, buy=100, sell=100),
         "two legs in SPY 240315C100"),
        (lambda: spreads.straddle(HOLED, MARCH, 100),
         "SPY 240315P100 is not listed, though the call"),
        (lambda: spreads.straddle(CHAIN, MARCH, 101), "SPY 240315C101 is not listed"),
        (lambda: spreads.straddle(CHAIN, MARCH + 7, 100),
         "SPY options of 2024-03-22 are not listed"),
        (lambda: spreads.strangle(CHAIN, MARCH, put=110, call=90),
         "no strangle. It needs: put < call"),
        (lambda: spreads.strangle(CHAIN, MARCH, put=100, call=100), "no strangle"),
        (lambda: condor_of(90, 80, 120, 110), "no iron_condor"),
        (lambda: condor_of(80, 110, 90, 120), "no iron_condor"),
        (lambda: condor_of(80, 100, 100, 120), "no iron_condor"),
        (lambda: spreads.butterfly(CHAIN, MARCH, CALL, low=100, middle=90, high=110),
         "no butterfly"),
        (lambda: spreads.calendar_spread(CHAIN, CALL, 100, sell=APRIL, buy=MARCH),
         "sell the earlier expiry"),
        (lambda: spreads.diagonal(CHAIN, CALL, sell=(MARCH, 100), buy=(APRIL, 100)), "no diagonal"),
        (lambda: spreads.diagonal(CHAIN, CALL, sell=(MARCH, 100), buy=(MARCH, 110)), "no diagonal"),
        (lambda: spreads.collar(CHAIN, SPY, MARCH, put=105, call=95), "no collar"),
        (lambda: spreads.ratio_spread(CHAIN, MARCH, CALL, buy=100, sell=110, times=1), "no ratio"),
        (lambda: spreads.ratio_spread(CHAIN, MARCH, CALL, buy=100, sell=110, times=-2), "no ratio"),
        (lambda: spreads.ratio_spread(CHAIN, MARCH, CALL, buy=100, sell=110, times=0),
         "ratio of 0"),
        (lambda: spreads.covered_call(CHAIN, Instrument("QQQ"), MARCH, 105), "with a leg in QQQ"),
        (lambda: spreads.covered_call(CHAIN, replace(SPY, multiplier=7.0), MARCH, 105),
         "14.2857 units"),
        (lambda: spreads.covered_call(INDEX_CHAIN, Instrument("SPX", AssetType.INDEX), MARCH, 5000),
         "SPX is an index, which nobody can hold"),
    ],
)  # fmt: skip
def test_what_cannot_be_made_is_named(make: Callable[[], Combo], said: str) -> None:
    with pytest.raises(DataError, match=said):
        make()


@pytest.mark.parametrize(
    ("kind", "made", "said"),
    [
        ("two words", legs((1, MARCH_C100)), "kind 'two words'"),
        ("custom", (), "custom without an option"),
        ("custom", legs((100, SPY)), "custom without an option"),
        ("custom", legs((1, replace(MARCH_C100, currency="EUR")), (1, MARCH_P90)), "in EUR with"),
        ("custom", legs((1, MARCH_C100), (1, replace(MARCH_P90, multiplier=10.0))),
         "multiplier 100 with SPY 240315P90 of 10"),
        ("custom", legs((1, MARCH_C100), (1, option_contract(Instrument("QQQ"), MARCH, CALL, 5.0))),
         "on SPY with a leg in QQQ 240315C5"),
    ],
)  # fmt: skip
def test_legs_that_cannot_be_one_combo(kind: str, made: tuple[Leg, ...], said: str) -> None:
    with pytest.raises(DataError, match=said):
        Combo(kind, made)


@pytest.mark.parametrize("ratio", [0, 1.0, True, "1"])
def test_ratios_are_whole(ratio: int) -> None:
    with pytest.raises(DataError, match="a leg with a ratio of"):
        Leg(MARCH_C100, ratio)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is no combo"),
        ("straddle", "is no combo"),
        ("straddle SPY 240315", "is no combo"),
        ("straddle SPY 240315 +C100 SPY", "is no combo"),
        ("straddle +C100", "'[+]C100' is no leg"),
        ("straddle SPY +C100", "'SPY [+]C100' is no leg"),
        ("straddle SPY 240315 +100", "'SPY 240315 [+]100' is no leg"),
        ("straddle SPY 240315 +0C100", "is no leg"),
        ("straddle SPY 240231 +C100", "no day 240231"),
        ("straddle SPY 240315 +C101", "SPY 240315C101 is not known. Give every leg"),
    ],
)
def test_what_is_no_combo_s_name(text: str, said: str) -> None:
    with pytest.raises(DataError, match=said):
        combo_of(text, KNOWN)


PRICES = {
    "SPY": 100.0,
    "SPY 240315P80": 0.3, "SPY 240315P90": 1.1, "SPY 240315P95": 2.0, "SPY 240315P100": 3.9,
    "SPY 240315C90": 11.5, "SPY 240315C100": 4.1, "SPY 240315C105": 2.2, "SPY 240315C110": 1.2,
    "SPY 240315C120": 0.25, "SPY 240419C100": 5.6, "SPY 240419P90": 1.9,
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "price"),
    [
        ("bull_call", 2.9),
        ("bull_put", -2.8),
        ("straddle", 8.0),
        ("iron_condor", 0.3 - 1.1 - 1.2 + 0.25),
        ("butterfly", 11.5 - 8.2 + 1.2),
        ("covered_call", 97.8),
        ("collar", 99.8),
        ("ratio", 1.7),
        ("calendar", 1.5),
        ("diagonal", -0.1),
    ],
)
def test_the_net_price_is_signed(name: str, price: float) -> None:
    combo, _ = EVERY[name]
    assert combo.net_price(PRICES) == pytest.approx(price, abs=1e-12)
    assert combo.reversed().net_price(PRICES) == pytest.approx(-price, abs=1e-12)


@pytest.mark.parametrize("bad", [0.0, -1.0, float("nan"), inf])
def test_no_net_price_without_every_price(bad: float) -> None:
    combo, symbol = NAMED["bull_call"]
    with pytest.raises(
        DataError, match=f"{symbol.replace('+', '[+]')}: the price of SPY 240315C110 is"
    ):
        combo.net_price(PRICES | {"SPY 240315C110": bad})
    with pytest.raises(
        DataError, match=r"SPY 240315C110 has no price\. Give those of SPY 240315C100, SPY"
    ):
        combo.net_price({"SPY 240315C100": 4.1})


def test_the_net_quote_buys_at_the_ask_and_sells_at_the_bid() -> None:
    quotes = {name: Quote(price - 0.05, price + 0.1) for name, price in PRICES.items()}
    vertical, _ = NAMED["bull_call"]
    quote = vertical.net_quote(quotes)
    assert (quote.bid, quote.ask) == pytest.approx((4.05 - 1.3, 4.2 - 1.15))
    credit, _ = NAMED["bull_put"]
    quote = credit.net_quote(quotes)
    assert (quote.bid, quote.ask) == pytest.approx((1.05 - 4.0, 1.2 - 3.85))
    covered, _ = NAMED["covered_call"]
    quote = covered.net_quote(quotes)
    assert (quote.bid, quote.ask) == pytest.approx((99.95 - 2.3, 100.1 - 2.15))
    butterfly, _ = NAMED["butterfly"]
    assert butterfly.net_quote(quotes).bid == pytest.approx(11.45 - 2 * 4.2 + 1.15)
    for combo, _ in EVERY.values():
        there, back = combo.net_quote(quotes), combo.reversed().net_quote(quotes)
        assert (back.bid, back.ask) == pytest.approx((-there.ask, -there.bid))
        assert there.bid < combo.net_price(PRICES) < there.ask


@pytest.mark.parametrize(
    ("quote", "said"),
    [
        (Quote(1.3, 1.2), "SPY 240315C110 has a bid of 1.3 above an ask of 1.2"),
        (Quote(0.0, 1.2), "SPY 240315C110 has a bid of 0"),
        (Quote(1.2, 0.0), "SPY 240315C110 has an ask of 0"),
        (Quote(float("nan"), 1.2), "SPY 240315C110 has a bid of nan"),
        (None, "SPY 240315C110 has no quote"),
    ],
)
def test_no_net_quote_without_every_quote(quote: Quote | None, said: str) -> None:
    combo, _ = NAMED["bull_call"]
    quotes = {"SPY 240315C100": Quote(4.0, 4.2)}
    if quote is not None:
        quotes["SPY 240315C110"] = quote
    with pytest.raises(DataError, match=said):
        combo.net_quote(quotes)


def test_greeks_add_up_with_their_signs() -> None:
    collar, _ = NAMED["collar"]
    puts = np.array([-0.3, np.nan])
    deltas: dict[str, FloatArray | float] = {
        "SPY": 1.0, "SPY 240315P95": puts, "SPY 240315C105": 0.25,
    }  # fmt: skip
    np.testing.assert_allclose(collar.greek(deltas), np.array([1.0 - 0.3 - 0.25, np.nan]))
    straddle, _ = NAMED["straddle"]
    assert straddle.greek({"SPY 240315C100": 0.5, "SPY 240315P100": -0.5}) == 0.0
    with pytest.raises(DataError, match="SPY 240315P100 has no Greek"):
        straddle.greek({"SPY 240315C100": 0.5})


def test_a_combo_is_one_instrument() -> None:
    calendar, symbol = TWO_EXPIRIES["calendar"]
    assert calendar.instrument() == Instrument(
        symbol, AssetType.OPTION, tick=0.01, multiplier=100.0, expiry=MARCH
    )
    assert (calendar.underlying, calendar.expiries) == ("SPY", (MARCH, APRIL))
    covered, _ = NAMED["covered_call"]
    assert covered.instrument().multiplier == covered.multiplier == 100.0
    np.testing.assert_array_equal(covered.weights, [1.0, -1.0])


def test_the_underlying_of_a_future_s_option_weighs_its_multiplier() -> None:
    future = Instrument("ESH4", AssetType.FUTURE, multiplier=50.0, expiry=MARCH)
    sold = option_contract(future, MARCH, CALL, 5000.0)
    chain = OptionChain("ESH4", TODAY, (sold,))
    combo = spreads.covered_call(chain, future, MARCH, 5000)
    assert combo.symbol == "covered_call ESH4 +1 ESH4 240315 -C5000"
    np.testing.assert_array_equal(combo.weights, [1.0, -1.0])


@pytest.mark.parametrize(
    ("name", "price", "loss", "gain", "break_evens"),
    [
        ("bull_call", 2.9, 2.9, 7.1, [102.9]),
        ("bull_put", -2.8, 7.2, 2.8, [97.2]),
        ("straddle", 8.0, 8.0, inf, [92.0, 108.0]),
        ("strangle", 2.3, 2.3, inf, [87.7, 112.3]),
        ("iron_condor", -1.75, 8.25, 1.75, [88.25, 111.75]),
        ("butterfly", 4.5, 4.5, 5.5, [94.5, 105.5]),
        ("covered_call", 97.8, 97.8, 7.2, [97.8]),
        ("collar", 99.8, 4.8, 5.2, [99.8]),
        ("ratio", 1.7, inf, 8.3, [101.7, 118.3]),
        ("back_ratio", 0.0, 10.0, 170.0, [85.0, 100.0]),
        ("straddle", 0.0, 0.0, inf, [100.0]),
        ("straddle", -1.0, -1.0, inf, []),
        ("bull_call", 0.0, 0.0, 10.0, [0.0, 100.0]),
        ("bull_call", 10.0, 10.0, 0.0, [110.0]),
    ],
)
def test_loss_gain_and_break_evens(
    name: str, price: float, loss: float, gain: float, break_evens: list[float]
) -> None:
    combo, _ = NAMED[name]
    payoff = payoff_of(combo)
    assert payoff.max_loss(price) == pytest.approx(loss)
    assert payoff.max_gain(price) == pytest.approx(gain)
    np.testing.assert_allclose(payoff.break_evens(price), break_evens)


def test_a_sold_straddle_can_lose_without_a_limit() -> None:
    combo, _ = NAMED["straddle"]
    payoff = payoff_of(combo.reversed())
    assert payoff.max_loss(-8.0) == inf
    assert payoff.max_gain(-8.0) == 8.0
    np.testing.assert_allclose(payoff.break_evens(-8.0), [92.0, 108.0])


@pytest.mark.parametrize("name", TWO_EXPIRIES)
def test_two_expiries_have_no_one_payoff(name: str) -> None:
    combo, _ = TWO_EXPIRIES[name]
    with pytest.raises(DataError, match=r"expire on 2024-03-15 and 2024-04-19.*net_price\(\)"):
        payoff_of(combo)


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda payoff: payoff.at(np.array([1.0, -2.0])), "spot of -2.0"),
        (lambda payoff: payoff.at(float("nan")), "spot of nan"),
        (lambda payoff: payoff.max_loss(float("nan")), "bought at nan"),
        (lambda payoff: payoff.max_gain(inf), "bought at inf"),
        (lambda payoff: payoff.break_evens(inf), "bought at inf"),
    ],
)
def test_a_payoff_is_asked_sensibly(ask: Callable[[object], object], said: str) -> None:
    with pytest.raises(DataError, match=said):
        ask(payoff_of(NAMED["bull_put"][0]))
