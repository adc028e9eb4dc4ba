"""Shown: how a value shows itself in a notebook: in its own words instead of field by field."""

from __future__ import annotations

__all__ = ["in_words"]

from typing import Protocol


class Pen(Protocol):
    """What IPython hands to a value that shows itself."""

    def text(self, text: str) -> None:
        """Write."""
        ...


def in_words(value: object, pen: Pen, cycle: bool) -> None:
    """Write a value's `str`. A class says `_repr_pretty_ = in_words` itself, and none of its bases:
    IPython asks every class for its `__repr__` before it asks the next one for this."""
    pen.text(str(value))
