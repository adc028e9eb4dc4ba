"""Margin of options, of the spreads they make and of the shares they stand on.

FINRA rule 4210(f)(2), which Regulation T takes over for opening (12 CFR 220.12(f)), and the tables
of Cboe's Margin Manual. Opening and holding ask for the same. Per contract, in money:

| position | requirement |
|---|---|
| long | nothing: it is paid in full, and nothing is lent on it |
| naked short call | premium + the greater of 20 % of spot - out of the money and 10 % of spot |
| naked short put | premium + the greater of 20 % of spot - out of the money and 10 % of strike |
| naked short call and put | the greater of the two requirements + the premium of the other |
| short call on shares held, short put on shares sold short | nothing |
| spread | the greatest loss of its legs at the shorts' expiry, premiums left out |
| short put in a cash account | the strike |

A spread is every set of shorts of one expiry, each beside a long of its right that expires no
earlier: a vertical asks for its width, an iron condor for its wider wing, once.

Options that are European and settled in cash count as options on a broad index, with 15 % for 20 %.

**What it is compared with.** The rule's figures are held against an account in which options count
for nothing and the premium received is cash. Slipway's equity counts options at market, shorts as
a debt. So the equity a position needs is its requirement plus its signed market value: a vertical
10 wide sold for 3 asks for 10 by the rule, of which the 3 received pay a part; equity has the 3 as
cash and owes 3, so 7 of it, the most that can still be lost, must be there. A naked short asks for
the addition to its premium, a long for its premium. `requirement` is the rule's figure, `money` the
equity, and `OptionMargin` sums the latter. It is never below 0: the time value of a covered call,
which the rule would let pay for a part of the shares, does not.

Left out: the 25 % lent on options with more than nine months to run, the lower maintenance of
shares with a protective option, spreads in a cash account, and what a broker adds of its own.
"""

from __future__ import annotations

__all__ = [
    "MarginLeg",
    "MarginPart",
    "OptionMargin",
    "cash_option_margin",
    "option_margin",
]

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import inf

import numpy as np

from framework.components.margin_book import MarginBook, books_of, contracts_of
from framework.components.option_pairing import Contracts, Plans, cheapest_plan
from framework.domain.bars import FloatArray
from framework.domain.instruments import Instrument
from framework.domain.options import Right
from framework.hedge_ports import MarginHolding
from framework.options.combos import Leg
from framework.options.contracts import option_terms
from framework.options.shapes import CUSTOM, shape_of


@dataclass(frozen=True, slots=True)
class MarginLeg:
    """Signed contracts or units of one instrument."""

    symbol: str
    quantity: float


@dataclass(frozen=True, slots=True)
class MarginPart:
    """Options that are margined together.

    Attributes:
        kind: "long", "naked_call", "naked_put", "straddle", "strangle", "covered_call",
            "covered_put", "cash_secured_put", the name `shape_of` has for a spread, or "spread".
        underlying: symbol of what they are written on.
        legs: what stands together; of a covered one, the shares too.
        requirement: what the rule asks for, in money, options counting for nothing.
        value: signed market value of the options, in money.
    """

    kind: str
    underlying: str
    legs: tuple[MarginLeg, ...]
    requirement: float
    value: float

    @property
    def money(self) -> float:
        """Equity it needs where equity counts options at market."""
        return max(self.requirement + self.value, 0.0)


@dataclass(frozen=True, slots=True)
class OptionMargin:
    """Equity that all options of an account need, beside what its shares need.

    Attributes:
        initial: to open, in the currency of the instruments; inf where it cannot be held.
        maintenance: to hold.
        covers: by underlying, signed units that options stand on; below 0, sold short.
        parts: what was recognised, by underlying.
    """

    initial: float
    maintenance: float
    covers: Mapping[str, float]
    parts: tuple[MarginPart, ...]


def option_margin(holdings: Sequence[MarginHolding], spots: Mapping[str, float]) -> OptionMargin:
    """What a margin account needs for its options; see the module's table.

    Spreads, covers and straddles are chosen so that the whole ties up little equity, never more
    than every short naked and every long paid.

    Args:
        holdings: all options, and the positions in their underlyings, each instrument once, all
            of one currency; in any order.
        spots: price of each underlying.

    Raises:
        DataError: a missing or impossible spot, price or quantity, an instrument twice, two
            currencies, two multipliers on one underlying, or options on a future.
    """
    return _margin(holdings, spots, _margin_parts)


def cash_option_margin(
    holdings: Sequence[MarginHolding], spots: Mapping[str, float]
) -> OptionMargin:
    """What a cash account needs: longs and the strikes of short puts in full, calls on shares.

    A short call on anything else needs inf: it cannot be held. Arguments and errors are those of
    `option_margin`.
    """
    return _margin(holdings, spots, _cash_parts)


def _margin(
    holdings: Sequence[MarginHolding],
    spots: Mapping[str, float],
    parts_of: Callable[[MarginBook], list[MarginPart]],
) -> OptionMargin:
    parts: list[MarginPart] = []
    covers: dict[str, float] = {}
    for book in books_of(holdings, spots):
        found = parts_of(book)
        covers[book.underlying] = 0.0
        for part in found:
            shares = [leg.quantity for leg in part.legs if leg.symbol == book.underlying]
            covers[book.underlying] += sum(shares)
        parts += found
    money = sum(part.money for part in parts)
    covers = {underlying: units for underlying, units in covers.items() if units}
    return OptionMargin(money, money, covers, tuple(parts))


def _margin_parts(book: MarginBook) -> list[MarginPart]:
    """What stands together in the cheapest plan."""
    longs, shorts = contracts_of(book, 1.0), contracts_of(book, -1.0)
    plan = cheapest_plan(
        longs, shorts, book.multiplier, book.cover(Right.CALL), book.cover(Right.PUT)
    )
    return [
        *_spread_parts(book, longs, shorts, plan),
        *_covered_parts(book, shorts, plan.covered[0]),
        *_naked_parts(book, shorts, plan),
        *_long_parts(book, longs, plan.alone[0]),
    ]


def _spread_parts(
    book: MarginBook, longs: Contracts, shorts: Contracts, plan: Plans
) -> list[MarginPart]:
    parts = []
    for (bought, sold), loss in zip(plan.spreads, plan.losses, strict=True):
        legs = [
            Leg(instrument, int(side * units))
            for side, options, count in ((1, longs, bought[0]), (-1, shorts, sold[0]))
            for instrument, units in zip(options.instruments, count.tolist(), strict=True)
            if units > 0.0
        ]
        if legs:
            value = float(bought[0] @ longs.premium - sold[0] @ shorts.premium)
            kind = shape_of(legs)
            named = tuple(MarginLeg(leg.instrument.symbol, float(leg.ratio)) for leg in legs)
            parts.append(
                MarginPart(
                    "spread" if kind == CUSTOM else kind,
                    book.underlying,
                    named,
                    float(loss[0]),
                    value,
                )
            )
    return parts


def _covered_parts(book: MarginBook, shorts: Contracts, covered: FloatArray) -> list[MarginPart]:
    return [
        _covered_part(book, instrument, units, premium)
        for instrument, units, premium in zip(
            shorts.instruments, covered.tolist(), shorts.premium.tolist(), strict=True
        )
        if units > 0.0
    ]


def _covered_part(
    book: MarginBook, instrument: Instrument, units: float, premium: float
) -> MarginPart:
    call = option_terms(instrument).right is Right.CALL
    shares = book.units_for(units) if call else -book.units_for(units)
    legs = MarginLeg(book.underlying, shares), MarginLeg(instrument.symbol, -units)
    kind = "covered_call" if call else "covered_put"
    return MarginPart(kind, book.underlying, legs, 0.0, -units * premium)


def _naked_parts(book: MarginBook, shorts: Contracts, plan: Plans) -> list[MarginPart]:
    """Straddles first, then what has nobody beside it."""
    parts = []
    left = plan.naked[0].copy()
    straddles = plan.straddles
    whole = shorts.premium + shorts.addition
    for row, column in np.argwhere(straddles.units[0] > 0.0).tolist():
        call, put = int(straddles.calls[row]), int(straddles.puts[column])
        units = float(straddles.units[0, row, column])
        left[[call, put]] -= units
        one, other = shorts.instruments[call], shorts.instruments[put]
        same = shorts.strike[call] == shorts.strike[put]
        each = float(whole[call] + whole[put] - straddles.saved[row, column])
        parts.append(
            MarginPart(
                "straddle" if same else "strangle",
                book.underlying,
                (MarginLeg(one.symbol, -units), MarginLeg(other.symbol, -units)),
                units * each,
                -units * float(shorts.premium[call] + shorts.premium[put]),
            )
        )
    for place, instrument in enumerate(shorts.instruments):
        units = float(left[place])
        if units > 0.0:
            kind = "naked_call" if shorts.sign[place] > 0.0 else "naked_put"
            value = -units * float(shorts.premium[place])
            legs = (MarginLeg(instrument.symbol, -units),)
            parts.append(
                MarginPart(kind, book.underlying, legs, units * float(whole[place]), value)
            )
    return parts


def _long_parts(book: MarginBook, longs: Contracts, alone: FloatArray) -> list[MarginPart]:
    return [
        MarginPart(
            "long", book.underlying, (MarginLeg(instrument.symbol, units),), 0.0, units * premium
        )
        for instrument, units, premium in zip(
            longs.instruments, alone.tolist(), longs.premium.tolist(), strict=True
        )
        if units > 0.0
    ]


def _cash_parts(book: MarginBook) -> list[MarginPart]:
    """Each option by itself, calls on shares first."""
    longs, shorts = contracts_of(book, 1.0), contracts_of(book, -1.0)
    parts = []
    cover = book.cover(Right.CALL)
    for place, instrument in enumerate(shorts.instruments):
        units, premium = float(shorts.units[place]), float(shorts.premium[place])
        if shorts.sign[place] < 0.0:
            strike = units * float(shorts.strike[place]) * book.multiplier
            legs = (MarginLeg(instrument.symbol, -units),)
            parts.append(
                MarginPart("cash_secured_put", book.underlying, legs, strike, -units * premium)
            )
            continue
        covered = min(units, cover) if shorts.deliverable[place] else 0.0
        cover -= covered
        if covered:
            parts.append(_covered_part(book, instrument, covered, premium))
        if units > covered:
            naked = units - covered
            legs = (MarginLeg(instrument.symbol, -naked),)
            parts.append(MarginPart("naked_call", book.underlying, legs, inf, -naked * premium))
    return [*parts, *_long_parts(book, longs, longs.units)]
