"""Chance, from the raw stream of PCG64, which numpy promises never to change."""

from __future__ import annotations

__all__ = ["Dice"]

import numpy as np


class Dice:
    """A stream of its own for each fault: what one draws moves no other."""

    def __init__(self, seed: int, stream: int) -> None:
        self._source = np.random.PCG64((seed, stream))

    def draw(self) -> float:
        """Uniform in [0, 1): the upper 53 bits of a raw draw."""
        return float(int(self._source.random_raw()) >> 11) * 2.0**-53
