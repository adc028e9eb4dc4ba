"""Caps: how small the first live sessions are held, until evidence of live days lifts them."""

from __future__ import annotations

__all__ = ["STEPS", "Cap", "cap_for", "capped"]

from dataclasses import dataclass, replace

from framework.backtest.settings import BacktestSettings
from framework.components.limits import MaxGrossExposure
from framework.readiness.paper_record import PaperRecord


@dataclass(frozen=True, slots=True)
class Cap:
    """How much may be held.

    Attributes:
        exposure: percent of equity that all positions together may be worth; None is no cap.
        text: in words.
    """

    exposure: float | None
    text: str


STEPS = ((5, 10.0), (20, 50.0))
"""Live trading days below which all positions together may be worth so many percent of equity."""


def cap_for(live: PaperRecord) -> Cap:
    """The cap of a strategy's next live session.

    Args:
        live: what its live sessions have come to.
    """
    days = len(live.days)
    if live.unexplained:
        days = 0
    for most, percent in STEPS:
        if days < most:
            because = "an unexplained finding" if live.unexplained else f"{days} live days"
            text = (
                f"after {because}, all positions together may be worth {percent:g} % of equity; "
                f"more from {most} live days on without an unexplained finding"
            )
            return Cap(percent, text)
    return Cap(None, f"after {days} live days without an unexplained finding there is no cap")


def capped(settings: BacktestSettings, cap: Cap) -> BacktestSettings:
    """The settings with the cap behind every other rule."""
    if cap.exposure is None:
        return settings
    return replace(settings, rules=(*settings.rules, MaxGrossExposure(cap.exposure)))
