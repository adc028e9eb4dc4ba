"""Exact sums: floats may come and go in any order, and the sum is what it would be without them."""

from __future__ import annotations

__all__ = ["ExactSum"]

from math import inf

_ONE = 1 << 1074
"""What 1.0 is counted as: every finite float is a whole number of 2**-1074."""


class ExactSum:
    """A sum of floats, kept without rounding; its value is the float nearest to it.

    That is `math.fsum` of the terms that are in it, whatever came and went before and in whatever
    order, where a running float would keep a trace of each.
    """

    __slots__ = ("_odd", "_whole")

    def __init__(self) -> None:
        self._whole = 0
        self._odd: dict[str, int] = {}

    def add(self, term: float) -> None:
        """Let a term in."""
        try:
            self._whole += _counted(term)
        except (OverflowError, ValueError):
            self._note(term, 1)

    def remove(self, term: float) -> None:
        """Let a term out that is in."""
        try:
            self._whole -= _counted(term)
        except (OverflowError, ValueError):
            self._note(term, -1)

    def _note(self, term: float, times: int) -> None:
        """Count an infinity or a NaN, which no whole number stands for."""
        name = repr(float(term))
        self._odd[name] = self._odd.get(name, 0) + times

    @property
    def value(self) -> float:
        """The sum; as floats have it where a term is infinite or NaN."""
        if self._odd:
            odd = [float(name) for name, count in self._odd.items() if count]
            if odd:
                return sum(odd)
        try:
            return self._whole / _ONE
        except OverflowError:
            return inf if self._whole > 0 else -inf

    def without(self, term: float) -> float:
        """What the value would be without a term that is in."""
        self.remove(term)
        value = self.value
        self.add(term)
        return value


def _counted(term: float) -> int:
    """A finite float as a whole number of 2**-1074."""
    top, bottom = term.as_integer_ratio()
    return top << (1075 - bottom.bit_length())
