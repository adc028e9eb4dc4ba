"""Shown: values that a notebook shows in their own words instead of field by field."""

from __future__ import annotations

__all__ = ["Shown"]

from typing import Protocol


class Pen(Protocol):
    """What IPython hands to a value that shows itself."""

    def text(self, text: str) -> None:
        """Write."""
        ...


class Shown:
    """A value whose `str` is what people read."""

    __slots__ = ()

    def _repr_pretty_(self, pen: Pen, cycle: bool) -> None:
        pen.text(str(self))
