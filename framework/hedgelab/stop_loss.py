"""The stop-loss strategy: all of the underlying above the strike, none of it below.

Hull, Options, Futures and Other Derivatives, chapter on the Greek letters, shows it as what not to
do: it trades at prices on the wrong side of the strike each time it is crossed.
"""

from __future__ import annotations

__all__ = ["StopLoss"]

from dataclasses import dataclass

from framework.components.checks import check_number, check_whole
from framework.hedge_ports import HedgeState

_NOTHING = 1e-6
"""Part of the options below which a delta is that of no position in the underlying."""


@dataclass(frozen=True, slots=True)
class StopLoss:
    """Covers a short call while the price is above its strike, and only then.

    The delta of a short call is never above 0, so a book of it and of as many units of the
    underlying has one above 0 when it is covered, and one below when it is not.

    Attributes:
        strike: of the call.
        options: calls sold, each on one unit.
        looks: at the market until the expiry.
        years: from the first of them to the expiry.
        bars: from one check to the next, >= 1; every bar without it.
    """

    strike: float
    options: float
    looks: int
    years: float
    bars: int = 1

    def __post_init__(self) -> None:
        for name in ("strike", "options", "years"):
            check_number(self, name, above=0.0)
        check_whole(self, "looks", 1)
        check_whole(self, "bars", 1)

    def net_delta(self, state: HedgeState) -> float | None:
        """The delta after buying or selling all that covers the call; None if it is as it is."""
        look = self.looks - round(state.years / self.years * self.looks)
        delta = state.book.delta
        if look % self.bars:
            return None
        if state.price > self.strike and delta < -_NOTHING * self.options:
            return delta + self.options
        if state.price <= self.strike and delta > _NOTHING * self.options:
            return delta - self.options
        return None
