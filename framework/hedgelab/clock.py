"""True time: a policy that is shown the experiment's years, where the engine counts its own.

The engine's bars are a day each, however long a step of the experiment is. Rate and volatility are
stretched with time, so that prices and deltas are those of the experiment; a policy that reckons
with time, rate or volatility itself has to be shown the true ones. The market trades 1,638 hours a
year, 252 sessions of 6.5 hours.
"""

from __future__ import annotations

__all__ = ["TrueTime", "in_true_time"]

from dataclasses import dataclass
from math import sqrt

from framework.domain.options import BookGreeks
from framework.hedge_ports import Hedger, HedgeState, VolatilityRule

_HOURS = 1_638.0
_ENGINE_HOURS = 8_760.0


@dataclass(frozen=True, slots=True)
class TrueTime:
    """A policy in the time of the experiment.

    Attributes:
        hedger: the policy.
        stretch: true years in a year of the engine's.
    """

    hedger: Hedger
    stretch: float

    def net_delta(self, state: HedgeState) -> float | None:
        """What the policy says."""
        stretch, book, elapsed = self.stretch, state.book, state.elapsed
        root = sqrt(stretch)
        if elapsed is not None:
            elapsed = round(elapsed * stretch * _HOURS / _ENGINE_HOURS)
        shown = HedgeState(
            time=state.time,
            underlying=state.underlying,
            price=state.price,
            book=BookGreeks(book.delta, book.gamma, book.vega * root, book.theta / stretch),
            target=state.target,
            bars=state.bars,
            elapsed=elapsed,
            years=state.years * stretch,
            rate=state.rate / stretch,
            volatility=state.volatility / root,
        )
        return self.hedger.net_delta(shown)


@dataclass(frozen=True, slots=True)
class _WithVolatility(TrueTime):
    """One that reckons with a volatility of its own."""

    rule: VolatilityRule

    def volatility(self, volatility: float, *, is_short: bool) -> float:
        """The policy's volatility, in the engine's time."""
        root = sqrt(self.stretch)
        return root * self.rule.volatility(volatility / root, is_short=is_short)


def in_true_time(hedger: Hedger, stretch: float) -> Hedger:
    """The policy as the engine is to be given it."""
    if isinstance(hedger, VolatilityRule):
        return _WithVolatility(hedger, stretch, hedger)
    return TrueTime(hedger, stretch)
