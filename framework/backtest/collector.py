"""The garbage collector, kept from looking through the compiler's library in the midst of a run."""

from __future__ import annotations

__all__ = ["paused"]

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def paused() -> Iterator[None]:
    """No cyclic garbage is looked for meanwhile: for what is short and makes little of it.

    With numba loaded one look costs as much as a compiled run of a million bars.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
