"""Searches: which points of a grid are run: all of them, or some drawn at random."""

from __future__ import annotations

__all__ = ["Choice", "Everything", "Search", "check_draw", "random_points"]

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from framework.domain.bars import FloatArray
from framework.errors import ConfigError
from framework.sweeps.axes import Grid


class Search(Protocol):
    """Chooses points in generations; the same values seen give the same points."""

    @property
    def total(self) -> int:
        """How many trials there will be, at most."""
        ...

    def following(self, seen: Callable[[], FloatArray]) -> Sequence[int]:
        """The points of the next generation, none when it is done.

        Args:
            seen: gives the metric of each trial of the generation before, higher is better, NaN
                where there is none.
        """
        ...


@dataclass(slots=True)
class Everything:
    """Every point of a grid, in order."""

    grid: Grid
    _begun: bool = False

    @property
    def total(self) -> int:
        """All points."""
        return self.grid.size

    def following(self, seen: Callable[[], FloatArray]) -> Sequence[int]:
        """All points at once, whatever was seen."""
        begun, self._begun = self._begun, True
        return () if begun else range(self.grid.size)


@dataclass(slots=True)
class Choice:
    """Points that were chosen beforehand."""

    points: Sequence[int]
    _begun: bool = False

    @property
    def total(self) -> int:
        """All of them."""
        return len(self.points)

    def following(self, seen: Callable[[], FloatArray]) -> Sequence[int]:
        """All of them at once, whatever was seen."""
        begun, self._begun = self._begun, True
        return () if begun else self.points


def random_points(grid: Grid, count: int, seed: int) -> list[int]:
    """`count` different points, drawn evenly, in ascending order; all if there are no more.

    Raises:
        ConfigError: less than one, or a seed below 0.
    """
    check_draw("--random", count, seed)
    if count >= grid.size:
        return list(range(grid.size))
    drawn = np.random.default_rng(seed).choice(grid.size, count, replace=False, shuffle=False)
    return [int(point) for point in np.sort(drawn)]


def check_draw(flag: str, count: int, seed: int) -> None:
    """Refuse fewer than one trial, and a seed no generator takes."""
    if count < 1:
        raise ConfigError(f"{flag} is {count}.", "Give 1 or more trials.")
    if seed < 0:
        raise ConfigError(f"--seed is {seed}.", "Give 0 or more.")
