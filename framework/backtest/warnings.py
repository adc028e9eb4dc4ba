"""Warnings: what the user ought to know about a run, whichever way it was run."""

from __future__ import annotations

__all__ = ["run_warnings"]

from framework.backtest.account import account_warnings
from framework.backtest.cast import Cast
from framework.components.margin import CashAccount, Leverage


def run_warnings(
    cast: Cast, least_cash: float, has_acted: bool, found: tuple[str, ...] = ()
) -> tuple[str, ...]:
    """One sentence for each thing.

    Args:
        cast: the run.
        least_cash: the lowest cash ever was, 0 if it was never below.
        has_acted: whether an order was sent or refused.
        found: what its orders and fills have shown.
    """
    settings = cast.settings
    warnings = []
    if settings.policy.backtest_only:
        axes = ", ".join(settings.policy.backtest_only)
        warnings.append(f"The fill policy is backtest-only ({axes}): paper would refuse it.")
    warnings += [*account_warnings(cast.bars, settings), *found]
    if least_cash < 0.0 and settings.margin in (Leverage(), CashAccount()):
        warnings.append(
            f"Cash fell to {least_cash:,.2f} without leverage: fills after a gap cost more than "
            "was free at the decision. A real account would have had a margin event."
        )
    if not has_acted:
        warnings.append("The strategy never sent an order.")
    return tuple(warnings)
