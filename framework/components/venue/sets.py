"""Sets of rules that go together by name."""

from __future__ import annotations

__all__ = ["IB_RULES", "NO_RULES", "RULE_SETS"]

from framework.components.venue.borrowing import Borrowable
from framework.components.venue.day_trading import DayTrading, MinimumEquity
from framework.components.venue.hours import AuctionHours
from framework.components.venue.prices import MinimumTick, PriceCap
from framework.components.venue.products import OrderTypes, TimesInForce, Tradable, WholeUnits
from framework.ports import OrderRule

IB_RULES: tuple[OrderRule, ...] = (
    Tradable(),
    OrderTypes(),
    TimesInForce(),
    AuctionHours(),
    WholeUnits(),
    MinimumTick(),
    PriceCap(),
    Borrowable(),
    MinimumEquity(),
    DayTrading(),
)
"""Interactive Brokers' rules, in the order they are asked."""

NO_RULES: tuple[OrderRule, ...] = ()
"""A venue that takes everything."""

RULE_SETS = {"ib": IB_RULES, "none": NO_RULES}
"""By the name a run file gives them."""
