"""The verbs of option books: when they are hedged, how far, and what margin they need."""

from __future__ import annotations

__all__ = [
    "HedgePlan",
    "HedgeState",
    "Hedger",
    "MarginHolding",
    "OptionMargins",
    "VolatilityRule",
]

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from framework.domain.instruments import Instrument
from framework.domain.options import BookGreeks


@dataclass(frozen=True, slots=True)
class HedgeState:
    """What a hedger is told about the book on one underlying.

    Attributes:
        time: nanoseconds UTC of the decision.
        underlying: symbol of what the options are written on.
        price: its last close.
        book: Greeks of everything held on it, the hedge included.
        target: delta wanted, units of the underlying.
        bars: bars of the underlying since the policy last answered with a delta for these options;
            None before.
        elapsed: trading time since then, nanoseconds: only while sessions are open; None before.
        years: to the nearest expiry in the book.
        rate: riskless, a year, continuously compounded.
        volatility: of the option nearest to its expiry, a year.
    """

    time: int
    underlying: str
    price: float
    book: BookGreeks
    target: float
    bars: int | None
    elapsed: int | None
    years: float
    rate: float
    volatility: float


class Hedger(Protocol):
    """When the delta of a book is to be hedged, and how far."""

    def net_delta(self, state: HedgeState) -> float | None:
        """The delta to trade to, units of the underlying; None to leave it as it is."""
        ...


class HedgePlan(Protocol):
    """How a book is hedged: by which policy, to which delta, with what, within which bounds."""

    @property
    def hedger(self) -> Hedger:
        """The policy."""
        ...

    @property
    def target(self) -> float:
        """Delta wanted, units of the underlying."""
        ...

    @property
    def instrument(self) -> str | None:
        """Symbol to hedge with; None is the underlying itself."""
        ...

    def units(
        self, state: HedgeState, net_delta: float, per_unit: float, held: float, lot: float
    ) -> float:
        """Signed units of the hedge instrument to trade, in whole lots; 0 for none.

        Args:
            state: the book.
            net_delta: what the policy wants it to be.
            per_unit: delta of one unit of the hedge instrument.
            held: signed units of it the hedge holds already.
            lot: its smallest quantity step.
        """
        ...

    def affordable(self, units: float, held: float, spent: float, cost: float) -> float:
        """Signed units of an order of `units` that the session's budget leaves.

        Args:
            units: signed units the order would trade.
            held: signed units the hedge holds.
            spent: money hedging has cost in this session.
            cost: estimated money the order would cost.
        """
        ...


@runtime_checkable
class VolatilityRule(Protocol):
    """A hedger that reckons deltas at another volatility than the market's."""

    def volatility(self, volatility: float, *, is_short: bool) -> float:
        """The volatility to reckon with, of options held short or long."""
        ...


@dataclass(frozen=True, slots=True)
class MarginHolding:
    """One position of the account.

    Attributes:
        instrument: an option, or what options are written on.
        quantity: signed contracts or units.
        price: last price, in points.
    """

    instrument: Instrument
    quantity: float
    price: float


@runtime_checkable
class OptionMargins(Protocol):
    """A margin model that looks at all options of an account together."""

    def options(self, holdings: Sequence[MarginHolding], spots: Mapping[str, float]) -> float:
        """Equity the options need beside what their underlyings need, in their currency; inf where
        they cannot be held.

        Args:
            holdings: all options, and the positions in what they are written on.
            spots: price of each underlying.
        """
        ...
