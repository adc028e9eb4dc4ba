"""The rules for day trading on margin: the pattern-day-trader rule, and its successor of 2026."""

from __future__ import annotations

__all__ = ["DayTrading", "MinimumEquity"]

from dataclasses import dataclass
from typing import ClassVar, Literal

from framework.calendar import day_of, day_text
from framework.components.checks import check_number, check_whole
from framework.domain.orders import Order
from framework.errors import ConfigError
from framework.ports import OrderContext

_CENT = 0.005


@dataclass(frozen=True, slots=True)
class DayTrading:
    """Refuses new risk a margin account may not take within the day; closing always passes.

    "pdt", FINRA rule 4210(f)(8)(B) as it was: a day trade opens and closes a stock or option
    position in one session; four within five sessions make a pattern day trader, who must have
    25,000 of equity. Interactive Brokers keeps smaller accounts from becoming one: once three day
    trades are done within five sessions, nothing new may be opened while the equity at the
    previous close, or now, is below that ("Overview of Pattern Day Trading Rules", read
    2026-11-20).

    "intraday", rule 4210(d)(2) as amended by SR-FINRA-2025-017 (SEC release 34-105226 of
    2026-04-14): no day trades are counted. The intraday margin level, equity less maintenance
    margin, must not fall below 0 by a trade; a broker that watches it all the time refuses the
    trade that would do so.

    "auto" takes "pdt" before the day the broker adopted the new rule, "intraday" from then on. The
    rule is in force since 2026-06-04; brokers may change over until 2027-10-20 (Regulatory Notice
    26-10).

    Attributes:
        rule: which of them.
        adopted: ISO date from which "auto" takes the new rule.
        equity: least equity of a pattern day trader, >= 0.
        trades: day trades within five sessions that make one, >= 1.
    """

    name: ClassVar[str] = "day_trading"
    rule: Literal["auto", "pdt", "intraday", "none"] = "auto"
    adopted: str = "2026-06-04"
    equity: float = 25_000.0
    trades: int = 4

    def __post_init__(self) -> None:
        if self.rule not in ("auto", "pdt", "intraday", "none"):
            raise ConfigError(
                f"DayTrading: rule is {self.rule!r}.", "Give auto, pdt, intraday or none."
            )
        try:
            day_of(self.adopted)
        except (TypeError, ValueError) as error:
            raise ConfigError(
                f"DayTrading: adopted is {self.adopted!r}.", "Give a date such as 2026-06-04."
            ) from error
        check_number(self, "equity", low=0.0)
        check_whole(self, "trades", 1)

    def refusal(self, order: Order, context: OrderContext) -> str:
        """Why no new risk may be opened."""
        if not context.on_margin or context.opening <= 0.0:
            return ""
        rule = self.rule
        if rule == "auto":
            rule = "pdt" if context.session < day_of(self.adopted) else "intraday"
        if rule == "pdt":
            return self._pattern(context)
        return _deficit(context) if rule == "intraday" else ""

    def _pattern(self, context: OrderContext) -> str:
        least = context.equity
        if context.previous_equity is not None:
            least = min(least, context.previous_equity)
        if context.day_trades < self.trades - 1 or least >= self.equity:
            return ""
        return (
            f"day trades since {day_text(context.window_start)}: {context.day_trades}, with "
            f"{least:,.2f} of equity; with less than {self.equity:,.0f} no more than "
            f"{self.trades - 1} within five sessions are allowed"
        )


def _deficit(context: OrderContext) -> str:
    level = context.equity - context.maintenance
    if level >= -_CENT:
        return ""
    return (
        f"it would leave the account {-level:,.2f} short of its maintenance margin of "
        f"{context.maintenance:,.2f}"
    )


@dataclass(frozen=True, slots=True)
class MinimumEquity:
    """Refuses to borrow for an account below the least equity of a margin account.

    FINRA rule 4210(b)(4): 2,000, or the whole price of what is bought where that is less.

    Attributes:
        money: least equity of an account that borrows or sells short, >= 0.
    """

    name: ClassVar[str] = "margin"
    money: float = 2_000.0

    def __post_init__(self) -> None:
        check_number(self, "money", low=0.0)

    def refusal(self, order: Order, context: OrderContext) -> str:
        """Why the account may not borrow."""
        if not context.on_margin or context.opening <= 0.0 or context.equity >= self.money:
            return ""
        if not context.borrows:
            return ""
        return f"{context.equity:,.2f} of equity: below {self.money:,.0f} nothing is lent"
