"""Conditions: true or false at every instant, and what their combinations come to."""

from __future__ import annotations

__all__ = ["Condition", "Masks", "always", "flat", "long", "short"]

from collections.abc import Callable

import numpy as np

from framework.axis import Recorder
from framework.domain.bars import BoolArray
from framework.errors import StrategyError

Masks = tuple[BoolArray, BoolArray, BoolArray]
"""Of a condition, while the position is flat, long and short."""


class Condition:
    """True or false at every instant, for each side the position may be on.

    Args:
        when_flat, when_long, when_short: shape (instants,), or shape () for the same throughout.
        name: how messages call it.
    """

    __slots__ = (
        "__weakref__",
        "_recipe",
        "_recorder",
        "name",
        "when_flat",
        "when_long",
        "when_short",
    )

    def __init__(
        self, when_flat: BoolArray, when_long: BoolArray, when_short: BoolArray, name: str
    ) -> None:
        self.when_flat = when_flat
        self.when_long = when_long
        self.when_short = when_short
        self.name = name
        self._recipe: Callable[[], Masks] | None = None
        self._recorder: Recorder | None = None

    @classmethod
    def made(cls, recorder: Recorder | None, name: str, recipe: Callable[[], Masks]) -> Condition:
        """The condition of a recipe, which is kept where there is a recorder."""
        condition = cls(*recipe(), name)
        if recorder is not None:
            condition._recipe, condition._recorder = recipe, recorder
            recorder.note(condition)
        return condition

    def renew(self) -> None:
        """Follow the recipe again."""
        if self._recipe is not None:
            self.when_flat, self.when_long, self.when_short = self._recipe()

    @property
    def needs_position(self) -> bool:
        """Whether it depends on the side the position is on."""
        return self.when_flat is not self.when_long or self.when_flat is not self.when_short

    def __and__(self, other: Condition) -> Condition:
        return self._join(other, _both, "&")

    def __or__(self, other: Condition) -> Condition:
        return self._join(other, _either, "|")

    def __invert__(self) -> Condition:
        return Condition.made(self._recorder, f"~{self.name}", self._inverted)

    def __bool__(self) -> bool:
        raise StrategyError(
            f"The condition {self.name} was used as true or false.",
            "Combine conditions with & | ~ (not and, or, not) and give them to self.when(...); "
            "in on_bar compare values: series[-1] > 0.",
        )

    def __repr__(self) -> str:
        return f"<condition {self.name}>"

    def _join(
        self, other: Condition, join: Callable[[BoolArray, BoolArray], BoolArray], sign: str
    ) -> Condition:
        name = f"({self.name} {sign} {other.name})"
        recorder = self._recorder or other._recorder
        return Condition.made(recorder, name, lambda: self._joined(other, join))

    def _joined(self, other: Condition, join: Callable[[BoolArray, BoolArray], BoolArray]) -> Masks:
        when_flat = join(self.when_flat, other.when_flat)
        if not self.needs_position and not other.needs_position:
            return when_flat, when_flat, when_flat
        return (
            when_flat,
            join(self.when_long, other.when_long),
            join(self.when_short, other.when_short),
        )

    def _inverted(self) -> Masks:
        when_flat = ~self.when_flat
        if not self.needs_position:
            return when_flat, when_flat, when_flat
        return when_flat, ~self.when_long, ~self.when_short


def _static(mask: BoolArray, name: str) -> Condition:
    return Condition(mask, mask, mask, name)


_TRUE = np.array(True)
_FALSE = np.array(False)


def _both(a: BoolArray, b: BoolArray) -> BoolArray:
    """Where both hold; the one itself where the other is a constant that changes nothing."""
    for one, other in ((a, b), (b, a)):
        if one.ndim == 0:
            return other if one else _FALSE
    return np.logical_and(a, b)


def _either(a: BoolArray, b: BoolArray) -> BoolArray:
    """Where one holds; the one itself where the other is a constant that changes nothing."""
    for one, other in ((a, b), (b, a)):
        if one.ndim == 0:
            return _TRUE if one else other
    return np.logical_or(a, b)


always = _static(_TRUE, "always")
flat = Condition(_TRUE, _FALSE, _FALSE, "flat")
long = Condition(_FALSE, _TRUE, _FALSE, "long")
short = Condition(_FALSE, _FALSE, _TRUE, "short")
