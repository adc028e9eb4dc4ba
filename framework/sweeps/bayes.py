"""Bayes: points chosen by what earlier ones came to, with optuna's Parzen estimator (TPE).

Source: Bergstra, Bardenet, Bengio and Kegl (2011), Algorithms for Hyper-Parameter Optimization.
"""

from __future__ import annotations

__all__ = ["Bayes"]

import warnings
from collections.abc import Callable, Sequence
from math import isnan, nan
from typing import TYPE_CHECKING

from framework.domain.bars import FloatArray
from framework.sweeps.axes import Grid
from framework.sweeps.searches import check_draw

if TYPE_CHECKING:
    from optuna.study import Study
    from optuna.trial import Trial

_GENERATION = 8
"""Points asked for at a time, whatever the number of jobs."""
_PATIENCE = 10
"""Generations without a new point after which the search has nothing left to try."""


class Bayes:
    """Asks for points a generation at a time and learns from their metric.

    A point that comes up again is not run again, so the trials are all different.

    Args:
        grid: what may be tried.
        count: trials at most.
        seed: of the sampler.

    Raises:
        ConfigError: less than one trial, or a seed below 0.
    """

    def __init__(self, grid: Grid, count: int, seed: int) -> None:
        check_draw("--bayes", count, seed)
        self._grid = grid
        self._left = min(count, grid.size)
        self._total = self._left
        self._study = _study(seed)
        self._asked: list[tuple[Trial, int]] = []
        self._new: list[int] = []
        self._known: dict[int, float] = {}

    @property
    def total(self) -> int:
        """Trials at most; fewer if the sampler runs out of new points."""
        return self._total

    def following(self, seen: Callable[[], FloatArray]) -> Sequence[int]:
        """The next few new points."""
        if self._new:
            self._known.update(zip(self._new, seen().tolist(), strict=True))
        for _ in range(_PATIENCE):
            self._tell()
            if self._left == 0:
                return ()
            self._ask()
            if self._new:
                self._left -= len(self._new)
                return self._new
        return ()

    def _ask(self) -> None:
        self._asked = [self._one() for _ in range(_GENERATION)]
        new = dict.fromkeys(point for _, point in self._asked if point not in self._known)
        self._new = list(new)[: self._left]

    def _one(self) -> tuple[Trial, int]:
        trial = self._study.ask()
        places = [
            trial.suggest_int(axis.name, 0, len(axis.values) - 1)
            if axis.is_ordered
            else trial.suggest_categorical(axis.name, list(range(len(axis.values))))
            for axis in self._grid.axes
        ]
        return trial, self._grid.point(places)

    def _tell(self) -> None:
        from optuna.trial import TrialState  # noqa: PLC0415  # only this search needs it

        for trial, point in self._asked:
            value = self._known.get(point, nan)
            if isnan(value):
                self._study.tell(trial, state=TrialState.FAIL)
            else:
                self._study.tell(trial, value)
        self._asked = []


def _study(seed: int) -> Study:
    import optuna  # noqa: PLC0415  # only this search needs it

    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            sampler = optuna.samplers.TPESampler(seed=seed, constant_liar=True)
        return optuna.create_study(direction="maximize", sampler=sampler)
    finally:
        optuna.logging.set_verbosity(before)
