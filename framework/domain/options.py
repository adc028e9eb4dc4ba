"""What an option gives the right to, and the quote it trades at."""

from __future__ import annotations

__all__ = ["BookGreeks", "OptionTerms", "Quote", "Right", "Settlement", "Style"]

from dataclasses import dataclass
from enum import StrEnum
from math import isfinite

from framework.errors import DataError


class Right(StrEnum):
    """What the holder may do with the underlying: buy it (call) or sell it (put)."""

    CALL = "C"
    PUT = "P"

    @property
    def sign(self) -> float:
        """+1.0 of a call, -1.0 of a put: the pricing functions' sign."""
        return 1.0 if self is Right.CALL else -1.0

    @property
    def opposite(self) -> Right:
        """The other right."""
        return Right.PUT if self is Right.CALL else Right.CALL


class Style(StrEnum):
    """When the right can be used."""

    AMERICAN = "american"
    """On any day up to the expiry."""
    EUROPEAN = "european"
    """At the expiry only."""


class Settlement(StrEnum):
    """What changes hands when the right is used."""

    PHYSICAL = "physical"
    """The underlying, against the strike."""
    CASH = "cash"
    """The difference between the underlying's price and the strike."""


@dataclass(frozen=True, slots=True)
class OptionTerms:
    """What makes an instrument an option; the expiry is `Instrument.expiry`.

    Attributes:
        underlying: symbol of what it is written on.
        right: call or put.
        strike: price at which the underlying changes hands, > 0.
        style: when it can be exercised.
        settlement: what changes hands then.
    """

    underlying: str
    right: Right
    strike: float
    style: Style = Style.AMERICAN
    settlement: Settlement = Settlement.PHYSICAL

    def __post_init__(self) -> None:
        if not self.underlying:
            raise DataError("An option has an empty underlying.", "Name what it is written on.")
        if not (isfinite(self.strike) and self.strike > 0.0):
            raise DataError(
                f"{self.underlying}: the strike is {self.strike}.", "It must be above 0."
            )
        for name, kind in (("right", Right), ("style", Style), ("settlement", Settlement)):
            value = getattr(self, name)
            if not isinstance(value, kind):
                known = ", ".join(f"{kind.__name__}.{word.name}" for word in kind)
                raise DataError(f"{self.underlying}: {name} is {value!r}.", f"Give one of {known}.")


@dataclass(frozen=True, slots=True)
class BookGreeks:
    """What a book, or one unit of an instrument, does when its underlying moves.

    Attributes:
        delta: units of the underlying it moves like.
        gamma: change of delta per point of the underlying's price.
        vega: money per 1.00 of volatility.
        theta: money per year that passes.
    """

    delta: float = 0.0
    gamma: float = 0.0
    vega: float = 0.0
    theta: float = 0.0

    def plus(self, other: BookGreeks, units: float = 1.0) -> BookGreeks:
        """These and `units` (signed) of the other's."""
        return BookGreeks(
            self.delta + units * other.delta,
            self.gamma + units * other.gamma,
            self.vega + units * other.vega,
            self.theta + units * other.theta,
        )


@dataclass(frozen=True, slots=True)
class Quote:
    """The best prices of one instrument at one instant.

    Attributes:
        bid: highest price somebody pays.
        ask: lowest price somebody takes.
    """

    bid: float
    ask: float

    @property
    def problem(self) -> str:
        """What keeps one from trading on it, such as "a bid of 0"; empty if nothing does.

        Only for prices that are above 0 by nature: a combo's own quote is signed.
        """
        for name, price in (("bid", self.bid), ("ask", self.ask)):
            if not (isfinite(price) and price > 0.0):
                return f"a {name} of {price:g}".replace("a ask", "an ask")
        if self.bid > self.ask:
            return f"a bid of {self.bid:g} above an ask of {self.ask:g}"
        return ""
