"""Breakers: watch the account; once tripped, open risk is closed and new risk refused.

A loss that cannot be computed (NaN equity) trips too: not knowing is no reason to go on.
"""

from __future__ import annotations

__all__ = ["DailyLoss", "DailyLossMoney", "ErrorRate", "MaxDrawdown", "is_tripped", "loss_limit"]

from dataclasses import dataclass

from framework.compiled import scalar
from framework.components.checks import check_number, check_whole
from framework.domain.events import Halt, Trip
from framework.ports import BreakerState


@scalar
def loss_limit(percent: float, money: float) -> float:
    """`percent` of an amount of money."""
    return money * percent / 100.0


@scalar
def is_tripped(loss: float, limit: float) -> bool:
    """Whether a loss has reached its limit, or is not known."""
    return not loss < limit


@dataclass(frozen=True, slots=True)
class DailyLoss:
    """Halt for the session once its loss reaches a percentage of the equity it opened with.

    Attributes:
        percent: percent of the session's opening equity, above 0 and at most 100.
    """

    percent: float = 3.0

    def __post_init__(self) -> None:
        check_number(self, "percent", above=0.0, high=100.0)

    def check(self, state: BreakerState) -> Trip | None:
        """The trip, or None while the loss is smaller."""
        limit = loss_limit(self.percent, state.day_open_equity)
        return _day_trip("daily_loss", state, limit, f"{self.percent:g} % = {limit:,.2f}")


@dataclass(frozen=True, slots=True)
class DailyLossMoney:
    """Halt for the session once its loss reaches an amount of money.

    Attributes:
        money: the loss, > 0.
    """

    money: float = 1_000.0

    def __post_init__(self) -> None:
        check_number(self, "money", above=0.0)

    def check(self, state: BreakerState) -> Trip | None:
        """The trip, or None while the loss is smaller."""
        return _day_trip("daily_loss_money", state, self.money, f"{self.money:,.2f}")


@dataclass(frozen=True, slots=True)
class MaxDrawdown:
    """Halt for good once equity has fallen a percentage below its highest mark.

    Attributes:
        percent: percent of the peak, above 0 and at most 100.
    """

    percent: float = 20.0

    def __post_init__(self) -> None:
        check_number(self, "percent", above=0.0, high=100.0)

    def check(self, state: BreakerState) -> Trip | None:
        """The trip, or None while the drawdown is smaller."""
        limit = loss_limit(self.percent, state.peak_equity)
        fall = state.peak_equity - state.equity
        if not is_tripped(fall, limit):
            return None
        reason = (
            f"Equity {state.equity:,.2f} is {fall:,.2f} below its peak {state.peak_equity:,.2f}; "
            f"the limit is {self.percent:g} % = {limit:,.2f}."
        )
        return Trip("max_drawdown", reason, Halt.RUN, state.time)


@dataclass(frozen=True, slots=True)
class ErrorRate:
    """Halt for good once the share of refused or rejected orders reaches errors / orders.

    Attributes:
        errors: errors tolerated among that many orders, less one; >= 1.
        orders: orders there must have been before the share is looked at, >= errors.
    """

    errors: int = 5
    orders: int = 10

    def __post_init__(self) -> None:
        check_whole(self, "errors", 1)
        check_whole(self, "orders", self.errors)

    def check(self, state: BreakerState) -> Trip | None:
        """The trip, or None while errors are rarer or orders too few to tell."""
        if state.orders < self.orders or state.errors * self.orders < self.errors * state.orders:
            return None
        reason = (
            f"{state.errors} of {state.orders} orders were refused or rejected; "
            f"the limit is {self.errors} in {self.orders}."
        )
        return Trip("error_rate", reason, Halt.RUN, state.time)


def _day_trip(name: str, state: BreakerState, limit: float, limit_text: str) -> Trip | None:
    loss = state.day_open_equity - state.equity
    if not is_tripped(loss, limit):
        return None
    reason = (
        f"The session lost {loss:,.2f} of {state.day_open_equity:,.2f}; the limit is {limit_text}."
    )
    return Trip(name, reason, Halt.SESSION, state.time)
