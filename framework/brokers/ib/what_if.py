"""What-if: what the broker says an order would do to the account, before it is sent."""

from __future__ import annotations

__all__ = ["WhatIf", "what_if_of"]

from dataclasses import dataclass

from framework.brokers.ib.library import IbOrderState
from framework.brokers.ib.numbers import amount
from framework.brokers.ib.problems import RequestError
from framework.domain.orders import Order


@dataclass(frozen=True, slots=True)
class WhatIf:
    """What the broker says an order would do to the account.

    Attributes:
        initial, maintenance: margin of the account with the order filled.
        initial_change, maintenance_change: what the order adds to them.
        equity: equity with loan value afterwards.
        commission: the largest it may be; None where the broker does not say.
        warning: what the broker remarks.
    """

    initial: float
    maintenance: float
    initial_change: float
    maintenance_change: float
    equity: float
    commission: float | None
    warning: str


def what_if_of(order: Order, state: IbOrderState) -> WhatIf:
    """The figures of an answer.

    Raises:
        RequestError: a figure is none: the broker writes 1.797e308, in several spellings.
    """
    most = amount(state.maxCommission)
    return WhatIf(
        _figure(order, "initial margin", state.initMarginAfter),
        _figure(order, "maintenance margin", state.maintMarginAfter),
        _figure(order, "change of the initial margin", state.initMarginChange),
        _figure(order, "change of the maintenance margin", state.maintMarginChange),
        _figure(order, "equity", state.equityWithLoanAfter),
        amount(state.commission) if most is None else most,
        state.warningText,
    )


def _figure(order: Order, name: str, text: object) -> float:
    value = amount(text)
    if value is None:
        raise RequestError(
            0,
            f"The broker answered a what-if of {order} with {text} as its {name}.",
            "Its margin is unknown: ask again when the market is open, or do without the check.",
        )
    return value
