"""Exit rules: protection attachable to any strategy without touching its code."""

from __future__ import annotations

__all__ = [
    "AtrStop",
    "AtrTarget",
    "StopPercent",
    "TargetPercent",
    "TimeStop",
    "TrailingAmount",
    "TrailingAtr",
    "TrailingPercent",
]

from dataclasses import dataclass

from framework.components.checks import check_number, check_whole
from framework.domain.orders import Offset, Protection


@dataclass(frozen=True, slots=True)
class StopPercent:
    """Cut a loss at a percentage away from the average fill.

    Attributes:
        percent: percent of the fill price, above 0 and below 100.
    """

    percent: float = 5.0

    def __post_init__(self) -> None:
        check_number(self, "percent", above=0.0, below=100.0)

    def protection(self) -> Protection:
        """A stop loss."""
        return Protection(stop_loss=Offset(percent=self.percent))


@dataclass(frozen=True, slots=True)
class TargetPercent:
    """Take a profit at a percentage away from the average fill.

    Attributes:
        percent: percent of the fill price, > 0.
    """

    percent: float = 10.0

    def __post_init__(self) -> None:
        check_number(self, "percent", above=0.0)

    def protection(self) -> Protection:
        """A take profit."""
        return Protection(take_profit=Offset(percent=self.percent))


@dataclass(frozen=True, slots=True)
class AtrStop:
    """Cut a loss a multiple of the average true range away from the average fill.

    Attributes:
        multiple: average true ranges at the decision, > 0.
        period: bars of the average true range, >= 1.
    """

    multiple: float = 2.0
    period: int = 14

    def __post_init__(self) -> None:
        check_number(self, "multiple", above=0.0)
        check_whole(self, "period", 1)

    def protection(self) -> Protection:
        """A stop loss, its distance known at the decision."""
        return Protection(stop_loss=Offset(atr=self.multiple, atr_period=self.period))


@dataclass(frozen=True, slots=True)
class AtrTarget:
    """Take a profit a multiple of the average true range away from the average fill.

    Attributes:
        multiple: average true ranges at the decision, > 0.
        period: bars of the average true range, >= 1.
    """

    multiple: float = 4.0
    period: int = 14

    def __post_init__(self) -> None:
        check_number(self, "multiple", above=0.0)
        check_whole(self, "period", 1)

    def protection(self) -> Protection:
        """A take profit, its distance known at the decision."""
        return Protection(take_profit=Offset(atr=self.multiple, atr_period=self.period))


@dataclass(frozen=True, slots=True)
class TrailingPercent:
    """Trail the best close since the fill at a percentage.

    Attributes:
        percent: percent of the price, above 0 and below 100.
    """

    percent: float = 5.0

    def __post_init__(self) -> None:
        check_number(self, "percent", above=0.0, below=100.0)

    def protection(self) -> Protection:
        """A trailing stop."""
        return Protection(trail=Offset(percent=self.percent))


@dataclass(frozen=True, slots=True)
class TrailingAmount:
    """Trail the best close since the fill at a fixed distance.

    Attributes:
        amount: price units, > 0.
    """

    amount: float

    def __post_init__(self) -> None:
        check_number(self, "amount", above=0.0)

    def protection(self) -> Protection:
        """A trailing stop."""
        return Protection(trail=Offset(amount=self.amount))


@dataclass(frozen=True, slots=True)
class TrailingAtr:
    """Trail the best close since the fill at a multiple of the average true range.

    Attributes:
        multiple: average true ranges at the decision, > 0.
        period: bars of the average true range, >= 1.
    """

    multiple: float = 3.0
    period: int = 14

    def __post_init__(self) -> None:
        check_number(self, "multiple", above=0.0)
        check_whole(self, "period", 1)

    def protection(self) -> Protection:
        """A trailing stop, its distance known at the decision."""
        return Protection(trail=Offset(atr=self.multiple, atr_period=self.period))


@dataclass(frozen=True, slots=True)
class TimeStop:
    """Close the position after a number of bars.

    Attributes:
        bars: bars after the entry's fill, at whose close the exit is decided, >= 1.
    """

    bars: int

    def __post_init__(self) -> None:
        check_whole(self, "bars", 1)

    def protection(self) -> Protection:
        """A time stop."""
        return Protection(max_bars=self.bars)
