"""Warnings: what the user ought to know about a run, whichever way it was run."""

from __future__ import annotations

__all__ = ["run_warnings"]

from framework.backtest.account import account_warnings
from framework.backtest.cast import Cast
from framework.components.margin import CashAccount, Leverage
from framework.domain.bars import FloatArray


def run_warnings(
    cast: Cast, cash: FloatArray, has_acted: bool, found: tuple[str, ...] = ()
) -> tuple[str, ...]:
    """One sentence for each thing.

    Args:
        cast: the run.
        cash: after each instant done.
        has_acted: whether an order was sent or refused.
        found: what its orders and fills have shown.
    """
    settings = cast.settings
    warnings = []
    if settings.policy.backtest_only:
        axes = ", ".join(settings.policy.backtest_only)
        warnings.append(f"The fill policy is backtest-only ({axes}): paper would refuse it.")
    warnings += [*account_warnings(cast.bars, settings), *found]
    debit = float(cash.min(initial=0.0))
    if debit < 0.0 and settings.margin in (Leverage(), CashAccount()):
        warnings.append(
            f"Cash fell to {debit:,.2f} without leverage: fills after a gap cost more than was "
            "free at the decision. A real account would have had a margin event."
        )
    if not has_acted:
        warnings.append("The strategy never sent an order.")
    return tuple(warnings)
