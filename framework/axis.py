"""Axis: the rows series live on; and the recorder, so that what is made along one can grow."""

from __future__ import annotations

__all__ = ["Axis", "Recorder", "Renewable"]

from typing import Protocol
from weakref import ref

from framework.domain.bars import IntArray


class Axis:
    """The rows a series lives on, and which of them is now.

    Args:
        length: number of own rows.
        rows: for every instant of the run the last own row known then, -1 before the first; None
            when rows and instants are the same.
        instants: the axis of the run's instants; None when this is it.

    Attributes:
        row: the row that is now, -1 before the first.
        recorder: of an axis of instants that grows, notes what is made along it; else None.
    """

    __slots__ = ("instants", "length", "recorder", "row", "rows")

    def __init__(
        self, length: int, rows: IntArray | None = None, instants: Axis | None = None
    ) -> None:
        self.length = length
        self.rows = rows
        self.instants = instants if instants is not None else self
        self.row = -1
        self.recorder: Recorder | None = None


class Renewable(Protocol):
    """Something that was made from columns, and knows how."""

    def renew(self) -> None:
        """Make it again, in place."""
        ...


class Recorder:
    """What has been made from the columns of a world that grows, so that it can be made again.

    It keeps nothing alive: what nobody holds any more is forgotten.
    """

    __slots__ = ("_made",)

    def __init__(self) -> None:
        self._made: list[ref[Renewable]] = []

    def note(self, made: Renewable) -> None:
        """Note something that knows its recipe."""
        self._made.append(ref(made))

    def renew(self) -> None:
        """Make everything again, in the order it was made, once the columns have grown."""
        kept = []
        for one in self._made:
            made = one()
            if made is not None:
                made.renew()
                kept.append(one)
        self._made = kept
