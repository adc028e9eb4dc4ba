"""Until when a fee stays as it is: what was reckoned with it need not be reckoned again before."""

from __future__ import annotations

__all__ = ["SteadyFees", "fees_until"]

from functools import lru_cache
from typing import Protocol, cast, runtime_checkable

from framework.domain.instruments import Instrument
from framework.ports import CommissionModel


@runtime_checkable
class SteadyFees(Protocol):
    """A commission model that knows when its fees change."""

    def fees_until(self, instrument: Instrument, day: int) -> float:
        """First day after `day` on which an instrument's fees may be others; inf for none."""
        ...


def fees_until(model: CommissionModel, instrument: Instrument, day: int) -> float:
    """First day after `day` on which a fee may be another one: the next, if nobody says."""
    if not _is_steady(type(model)):
        return day + 1.0
    return cast("SteadyFees", model).fees_until(instrument, day)


@lru_cache(maxsize=64)
def _is_steady(model: type) -> bool:
    """Whether a model knows; asking a Protocol takes its time."""
    return issubclass(model, SteadyFees)
