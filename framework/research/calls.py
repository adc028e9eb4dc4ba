"""Calling a scalar function: its machine code if that is at hand, the function itself if not."""

from __future__ import annotations

__all__ = ["call"]

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from framework.compiled import compiled

Argument = NDArray[np.float64] | NDArray[np.int64] | NDArray[np.bool_] | float | int


def call(function: Callable[..., None], *arguments: Argument) -> None:
    """Call an entry. Python reads numbers faster from a buffer's view than from its array.

    Args:
        function: writes what it finds into arrays it is given.
        arguments: arrays and numbers.
    """
    machine = compiled(function)
    if machine is not function:
        machine(*arguments)
        return
    views = (one.data if isinstance(one, np.ndarray) else one for one in arguments)
    function(*views)
