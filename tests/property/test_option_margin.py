"""Whatever the book: margins are 0 or more, in proportion, in no order, and never above naked."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from framework.components.option_margin import OptionMargin, option_margin
from framework.domain.instruments import AssetType, Instrument
from framework.domain.options import Right
from framework.hedge_ports import MarginHolding
from framework.options.black_scholes import price
from framework.options.contracts import option_contract, option_terms
from framework.options.occ import day_of

SPOT = 100.0
DAYS = {day_of("2024-03-15"): 0.1, day_of("2024-04-19"): 0.2, day_of("2024-05-17"): 0.3}
STRIKES = (70.0, 85.0, 95.0, 100.0, 105.0, 115.0, 130.0)
XYZ = Instrument("XYZ")
CONTRACTS = [
    MarginHolding(
        option_contract(XYZ, day, right, strike),
        1.0,
        float(price(right.sign, SPOT, strike, years, 0.0, 0.0, 0.3)),
    )
    for day, years in DAYS.items()
    for strike in STRIKES
    for right in Right
]
"""One of each, at prices without arbitrage."""
NEAR = [one for one in CONTRACTS if one.instrument.expiry == min(DAYS)]

Book = list[MarginHolding]


def books(contracts: Book, shares: tuple[float, ...]) -> st.SearchStrategy[Book]:
    return st.builds(
        lambda units, held: [
            *(replace(contracts[place], quantity=float(n)) for place, n in units.items()),
            *([MarginHolding(XYZ, held, SPOT)] if held else []),
        ],
        st.dictionaries(
            st.integers(0, len(contracts) - 1),
            st.integers(-3, 3).filter(bool),
            min_size=1,
            max_size=5,
        ),
        st.sampled_from(shares),
    )


BOOKS = books(CONTRACTS, (0.0, 150.0, -200.0))
WITHOUT_SHARES = books(NEAR, (0.0,))
NAKED = {"naked_call", "naked_put", "straddle", "strangle"}


def margin(book: Book) -> OptionMargin:
    return option_margin(book, {"XYZ": SPOT})


def options(book: Book) -> Book:
    return [one for one in book if one.instrument.type is AssetType.OPTION]


def naked(one: MarginHolding) -> float:
    """Equity one holding needs by itself, by the published formula."""
    terms = option_terms(one.instrument)
    if one.quantity > 0:
        return one.quantity * one.price * 100.0
    away = max(terms.right.sign * (terms.strike - SPOT), 0.0)
    least = SPOT if terms.right is Right.CALL else terms.strike
    return -one.quantity * max(0.2 * SPOT - away, 0.1 * least) * 100.0


@given(BOOKS)
def test_between_nothing_and_all_naked(book: Book) -> None:
    found = margin(book)
    assert 0.0 <= found.initial <= sum(map(naked, options(book))) + 1e-6
    assert found.initial == pytest.approx(sum(part.money for part in found.parts))


@given(BOOKS)
def test_every_contract_is_in_one_part(book: Book) -> None:
    found: dict[str, float] = {}
    for part in margin(book).parts:
        for leg in part.legs:
            found[leg.symbol] = found.get(leg.symbol, 0.0) + leg.quantity
    shares = found.pop("XYZ", 0.0)
    held = {one.instrument.symbol: one.quantity for one in book}
    assert 0.0 <= shares / held.pop("XYZ", 1.0) <= 1.0
    assert found == held


@given(BOOKS, st.sampled_from([2.0, 3.0, 10.0]))
def test_in_proportion_to_size(book: Book, times: float) -> None:
    assume(all(one.quantity % 100.0 == 0.0 for one in book if one not in options(book)))
    more = [replace(one, quantity=times * one.quantity) for one in book]
    assert margin(more).initial == pytest.approx(times * margin(book).initial)


@given(BOOKS.flatmap(lambda book: st.tuples(st.just(book), st.permutations(book))))
def test_in_any_order(books: tuple[Book, Book]) -> None:
    one, other = books
    assert margin(other) == margin(one)


@given(BOOKS, st.sampled_from(CONTRACTS), st.integers(1, 3))
def test_a_long_more_costs_its_premium_at_most(book: Book, one: MarginHolding, n: int) -> None:
    held = {other.instrument.symbol: other for other in book}
    before = held.get(one.instrument.symbol, replace(one, quantity=0.0))
    assume(before.quantity >= 0.0)
    more = [other for other in book if other.instrument != one.instrument]
    more.append(replace(one, quantity=before.quantity + n))
    assert margin(more).initial <= margin(book).initial + n * one.price * 100.0 + 1e-6


@given(WITHOUT_SHARES)
def test_a_protected_book_s_equity_covers_its_greatest_loss(book: Book) -> None:
    """From now to the expiry: the greatest loss of the payoff, plus what the book is worth now."""
    found = margin(book)
    assume(not any(part.kind in NAKED for part in found.parts))
    spots = np.array([0.0, *STRIKES, 1_000.0])
    payoff = np.zeros(len(spots))
    for one in book:
        terms = option_terms(one.instrument)
        payoff += one.quantity * np.maximum(terms.right.sign * (spots - terms.strike), 0.0)
    value = sum(one.quantity * one.price for one in book)
    assert found.initial >= 100.0 * (value - payoff.min()) - 1e-6
