"""Attribution: what the options on an underlying made, by Greek, and what their hedge made.

From one instant to the next the options make their change of value and the cash of their fills.
Of that, with the Greeks held at the first of the two (Taylor's formula, to the second order in the
price; Hull, Options, Futures and Other Derivatives, chapter on the Greek letters):

    delta  delta x dS                gamma  gamma x dS^2 / 2
    theta  theta x dt                vega   vega x d(volatility)

with dt in years of 365 calendar days. The volatility is that of the option nearest to its expiry,
and counts while that is the same option at both instants. Slippage of the options' own fills is a
part of its own. The residual is the rest: higher orders, what was traded within a bar from its fill
to its close, and changes of the exchange rate.
"""

from __future__ import annotations

__all__ = [
    "Attribution",
    "GreekPnl",
    "HeldGreeks",
    "Money",
    "PartPnl",
    "Totals",
    "totals_of",
]

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from framework.domain.bars import BoolArray, FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class PartPnl:
    """What one part of a book made at each instant, money of the account. Arrays (N,).

    Attributes:
        pnl: change of value and cash of fills, at the prices paid: slippage is in it.
        slippage: of that lost to slippage, >= 0 is a cost.
        commission: fees, not in `pnl`.
    """

    pnl: FloatArray
    slippage: FloatArray
    commission: FloatArray

    @property
    def net(self) -> FloatArray:
        """After all costs."""
        return self.pnl - self.commission

    @property
    def is_active(self) -> bool:
        """Whether it made or cost anything."""
        return bool(self.pnl.any() or self.commission.any())


@dataclass(frozen=True, slots=True, eq=False)
class HeldGreeks:
    """The options as held after each instant, 0 without any. Arrays (N,).

    Attributes:
        delta, gamma, vega, theta: of all of them; units of `BookGreeks`, in their own currency.
        volatility: of the one nearest to its expiry.
        value: of all of them, money of the account.
    """

    delta: FloatArray
    gamma: FloatArray
    vega: FloatArray
    theta: FloatArray
    volatility: FloatArray
    value: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class GreekPnl:
    """The parts of what the options made, money of the account. Arrays (N,).

    With their slippage taken off, they are the options' `pnl`.

    Attributes:
        delta, gamma, theta, vega: by Greek.
        residual: the rest.
    """

    delta: FloatArray
    gamma: FloatArray
    theta: FloatArray
    vega: FloatArray
    residual: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Attribution:
    """The book on one underlying, instant by instant: from `record.start` to `record.stop`.

    Attributes:
        underlying: symbol.
        spot: its last close, (N,); NaN before the first.
        held: the options.
        hedge_units: signed units the hedge holds, deliveries included, (N,).
        options: what the options made.
        greeks: what that came from.
        hedge: what the hedge made.
        other: what the strategy's own trades in the underlying and the hedge instrument made.
    """

    underlying: str
    spot: FloatArray
    held: HeldGreeks
    hedge_units: FloatArray
    options: PartPnl
    greeks: GreekPnl
    hedge: PartPnl
    other: PartPnl

    @property
    def net(self) -> FloatArray:
        """What the whole book made at each instant, after all costs: (N,)."""
        return self.options.net + self.hedge.net + self.other.net

    @property
    def is_active(self) -> BoolArray:
        """Where anything is held, was made or was paid: (N,)."""
        columns = [self.held.value, self.held.gamma, self.hedge_units]
        for part in (self.options, self.hedge, self.other):
            columns += [part.pnl, part.commission]
        found: BoolArray = (np.stack(columns) != 0.0).any(axis=0)
        return found


@dataclass(frozen=True, slots=True)
class Money:
    """What a part made in a whole run; as `PartPnl`."""

    pnl: float
    slippage: float
    commission: float

    @property
    def net(self) -> float:
        """After all costs."""
        return self.pnl - self.commission


@dataclass(frozen=True, slots=True)
class Totals:
    """What books made in a whole run, money of the account.

    Attributes:
        options, hedge, other: the parts.
        delta, gamma, theta, vega, residual: what the options' P&L came from, beside slippage.
    """

    options: Money
    hedge: Money
    other: Money
    delta: float
    gamma: float
    theta: float
    vega: float
    residual: float

    @property
    def whole(self) -> Money:
        """The parts together."""
        parts = (self.options, self.hedge, self.other)
        return Money(
            sum(part.pnl for part in parts),
            sum(part.slippage for part in parts),
            sum(part.commission for part in parts),
        )


def totals_of(books: Sequence[Attribution]) -> Totals:
    """The sums over all instants of some books."""
    sums = [
        sum(float(getattr(book.greeks, name).sum()) for book in books)
        for name in ("delta", "gamma", "theta", "vega", "residual")
    ]
    return Totals(
        _money([book.options for book in books]),
        _money([book.hedge for book in books]),
        _money([book.other for book in books]),
        *sums,
    )


def _money(parts: Sequence[PartPnl]) -> Money:
    return Money(
        sum(float(part.pnl.sum()) for part in parts),
        sum(float(part.slippage.sum()) for part in parts),
        sum(float(part.commission.sum()) for part in parts),
    )
