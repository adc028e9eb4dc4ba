"""Luck: the best Sharpe ratio a sweep would show if no set of parameters were worth anything.

Source: Bailey and Lopez de Prado (2014), The Deflated Sharpe Ratio, Journal of Portfolio Management
40(5).
"""

from __future__ import annotations

__all__ = ["Luck", "luck_of"]

from dataclasses import dataclass
from math import isnan, nan, sqrt

import numpy as np
import pyarrow as pa

from framework.domain.bars import FloatArray
from framework.research.significance import expected_max_sharpe, probabilistic_sharpe

_USUAL = 0.95


@dataclass(frozen=True, slots=True)
class Luck:
    """What chance alone would do.

    Attributes:
        trials: parameter sets that ran to the end.
        variance: of their daily Sharpe ratios.
        periods: sessions in a year.
    """

    trials: int
    variance: float
    periods: float

    @property
    def expected(self) -> float:
        """Annual Sharpe ratio the best of as many worthless sets is expected to show."""
        return expected_max_sharpe(self.trials, self.variance) * sqrt(self.periods)

    def deflated(self, rows: pa.Table) -> FloatArray:
        """Deflated Sharpe ratio of each row: the probability that its true Sharpe ratio is above
        what luck would show; NaN where the Sharpe ratio is not known. Shape (n,)."""
        luck = expected_max_sharpe(self.trials, self.variance)
        columns = (rows.column(name).to_pylist() for name in _COLUMNS)
        return np.array(
            [
                nan
                if None in cells or isnan(cells[0])
                else probabilistic_sharpe(cells[0] / sqrt(self.periods), luck, *cells[1:])
                for cells in zip(*columns, strict=True)
            ],
            dtype=np.float64,
        )

    def verdict(self, sharpe: float, deflated: float) -> str:
        """What the deflated Sharpe ratio of the best set says, in plain words."""
        if isnan(deflated):
            return (
                "Deflated Sharpe ratio: not known, because the best set has no Sharpe ratio. "
                "The best of a sweep is always better than it deserves: try it on other days."
            )
        tail = (
            "More than luck, if the trials are all there ever were and the future is like the past."
            if deflated >= _USUAL
            else f"Below {_USUAL:g} it is no evidence that the strategy works."
        )
        sets = "1 set" if self.trials == 1 else f"{self.trials:,} sets"
        return (
            f"Deflated Sharpe ratio {deflated:.2f}: the best of {sets} would be expected to show a "
            f"Sharpe ratio of {self.expected:.2f} if none were worth anything; this one shows "
            f"{sharpe:.2f}, and is better than luck with a probability of {100 * deflated:.0f} %. "
            f"{tail}"
        )


_COLUMNS = ("sharpe", "observations", "skewness", "kurtosis")


def luck_of(sharpe: FloatArray, ran: int, periods: float) -> Luck:
    """The luck of a sweep.

    Args:
        sharpe: annual Sharpe ratios of its trials, NaN where there is none.
        ran: trials that ran to the end.
        periods: sessions in a year.
    """
    known = sharpe[np.isfinite(sharpe)]
    variance = float(known.var(ddof=1)) / periods if len(known) > 1 else 0.0
    return Luck(ran, variance, periods)
