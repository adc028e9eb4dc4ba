"""Rows: a sequence whose objects are made from a table when somebody looks at them."""

from __future__ import annotations

__all__ = ["Rows"]

from collections.abc import Callable, Iterator, Sequence
from typing import Generic, TypeVar, overload

T = TypeVar("T")


class Rows(Sequence[T], Generic[T]):
    """Objects made one by one from the rows of a table, and kept once all were asked for.

    Args:
        count: how many there are.
        make: makes the one of index 0..count - 1.
    """

    __slots__ = ("_count", "_made", "_make")
    __hash__ = None  # type: ignore[assignment]  # equal to any sequence of equal objects

    def __init__(self, count: int, make: Callable[[int], T]) -> None:
        self._count = count
        self._make = make
        self._made: tuple[T, ...] | None = None

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[T]:
        return iter(self._all())

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[T, ...]: ...
    def __getitem__(self, index: int | slice) -> T | tuple[T, ...]:
        if self._made is not None:
            return self._made[index]
        if isinstance(index, slice):
            return tuple(self._make(row) for row in range(*index.indices(self._count)))
        row = index + self._count if index < 0 else index
        if not 0 <= row < self._count:
            raise IndexError(f"row {index} of {self._count}")
        return self._make(row)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence):
            return NotImplemented
        return self._all() == tuple(other)

    def __repr__(self) -> str:
        return repr(self._all())

    def _all(self) -> tuple[T, ...]:
        if self._made is None:
            self._made = tuple(self._make(row) for row in range(self._count))
        return self._made
