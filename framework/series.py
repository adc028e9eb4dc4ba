"""Series and conditions: what a strategy's `setup` is written in.

A series is one array on its own rows plus a shared place called now. In `setup` it takes part in
arithmetic and comparisons but has no readable value; while bars run, `series[-1]` is the value now.
"""

from __future__ import annotations

__all__ = [
    "Axis",
    "Condition",
    "Series",
    "When",
    "always",
    "at_instants",
    "computed",
    "crosses_above",
    "crosses_below",
    "flat",
    "long",
    "refill",
    "short",
    "whole",
]

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from framework.axis import Axis
from framework.comparisons import (
    ABOVE,
    BELOW,
    DIFFERENT,
    LEVEL,
    NOT_ABOVE,
    NOT_BELOW,
    compared,
    crossed,
)
from framework.condition import Condition, Masks, always, flat, long, short
from framework.domain.bars import BoolArray, FloatArray
from framework.errors import LookaheadError, OrderError, StrategyError


class Series:
    """A column of numbers on an axis. Index -1 is now, -2 the row before.

    Args:
        values: shape (axis.length,).
        axis: where it lives.
        name: how messages call it.
    """

    __slots__ = ("__weakref__", "_axis", "_cells", "_recipe", "_values", "name")
    __hash__ = None  # type: ignore[assignment]  # == makes a condition, so a series has no hash

    def __init__(self, values: FloatArray, axis: Axis, name: str) -> None:
        self._values = np.ascontiguousarray(values, dtype=np.float64)
        self._cells = self._values.data
        self._axis = axis
        self._recipe: Callable[[], FloatArray] | None = None
        self.name = name

    @classmethod
    def made(cls, axis: Axis, name: str, recipe: Callable[[], FloatArray]) -> Series:
        """The series of a recipe, which is kept where the axis grows."""
        series = cls(recipe(), axis, name)
        recorder = axis.instants.recorder
        if recorder is not None:
            series._recipe = recipe
            recorder.note(series)
        return series

    def renew(self) -> None:
        """Follow the recipe again."""
        if self._recipe is not None:
            refill(self, self._recipe())

    def __getitem__(self, index: int) -> float:
        """The value `-index - 1` rows before now; `last(5)` gives the last five.

        Raises:
            StrategyError: in `setup`, or before there are that many rows.
            LookaheadError: for an index of 0 or more.
        """
        row = self._axis.row
        if index == -1 and row >= 0:
            now: float = self._cells[row]
            return now
        return self._earlier(index)

    def _earlier(self, index: int) -> float:
        """A value before now, or why there is none."""
        try:
            row = self._axis.row + 1 + index
        except TypeError:
            raise StrategyError(
                f"{self.name}[{index!r}] is no row.",
                "Use -1 for now, or last(5) for the last five.",
            ) from None
        if index >= 0 or row < 0:
            raise self._unreadable(index)
        value: float = self._cells[row]
        return value

    def last(self, count: int) -> FloatArray:
        """The last `count` values, oldest first; fewer if there are fewer.

        A copy: a view would lead back to the whole array, and so to the future.
        """
        now = self._axis.row
        if now < 0:
            raise self._unreadable(-1)
        return self._values[max(0, now + 1 - count) : now + 1].copy()

    def shift(self, rows: int) -> Series:
        """The series as it was `rows` rows ago (1 or more)."""
        if rows < 1:
            raise LookaheadError(
                f"{self.name}.shift({rows}) reads the future.", "Shift by 1 row or more."
            )
        name = f"{self.name}.shift({rows})"
        return Series.made(self._axis, name, lambda: _shifted(self._values, rows))

    @property
    def axis(self) -> Axis:
        """Where it lives."""
        return self._axis

    def __len__(self) -> int:
        return self._axis.row + 1

    def __bool__(self) -> bool:
        raise StrategyError(
            f"{self.name} was used as true or false.",
            "Compare its value now: `if series[-1] > 0`; in setup combine conditions with & | ~.",
        )

    def __float__(self) -> float:
        return self[-1]

    def __repr__(self) -> str:
        return f"<series {self.name}>"

    def __add__(self, other: Series | float) -> Series:
        return _combine(np.add, "+", self, other)

    def __radd__(self, other: float) -> Series:
        return _combine(np.add, "+", other, self)

    def __sub__(self, other: Series | float) -> Series:
        return _combine(np.subtract, "-", self, other)

    def __rsub__(self, other: float) -> Series:
        return _combine(np.subtract, "-", other, self)

    def __mul__(self, other: Series | float) -> Series:
        return _combine(np.multiply, "*", self, other)

    def __rmul__(self, other: float) -> Series:
        return _combine(np.multiply, "*", other, self)

    def __truediv__(self, other: Series | float) -> Series:
        return _combine(np.divide, "/", self, other)

    def __rtruediv__(self, other: float) -> Series:
        return _combine(np.divide, "/", other, self)

    def __neg__(self) -> Series:
        return Series.made(self._axis, f"-{self.name}", lambda: -self._values)

    def __abs__(self) -> Series:
        return Series.made(self._axis, f"abs({self.name})", lambda: np.abs(self._values))

    def __gt__(self, other: Series | float) -> Condition:
        return _compare(">", self, other, ABOVE)

    def __lt__(self, other: Series | float) -> Condition:
        return _compare("<", self, other, BELOW)

    def __ge__(self, other: Series | float) -> Condition:
        return _compare(">=", self, other, NOT_BELOW)

    def __le__(self, other: Series | float) -> Condition:
        return _compare("<=", self, other, NOT_ABOVE)

    def __eq__(self, other: object) -> Condition:  # type: ignore[override]  # a condition, not bool
        return _compare("==", self, _number(other), LEVEL)

    def __ne__(self, other: object) -> Condition:  # type: ignore[override]  # a condition, not bool
        return _compare("!=", self, _number(other), DIFFERENT)

    def _unreadable(self, index: int) -> StrategyError | LookaheadError | IndexError:
        if index >= 0:
            return LookaheadError(
                f"{self.name}[{index}] counts from the start of the data, future included.",
                "Index -1 is now, -2 the bar before.",
            )
        if self._axis.row < 0:
            return StrategyError(
                f"{self.name}[{index}] was read before there is any bar.",
                "In setup a series has no values yet; read it in on_bar, or build a condition.",
            )
        return IndexError(
            f"{self.name}[{index}] reaches back further than the {len(self)} bars so far; "
            "check len(series) first."
        )


def whole(series: Series) -> FloatArray:
    """Every value of the run, the future included: for indicators, never for decisions."""
    return series._values


def refill(series: Series, values: FloatArray) -> None:
    """Let a series hold these values from here on: those it had, and more."""
    series._values = np.ascontiguousarray(values, dtype=np.float64)
    series._cells = series._values.data


def _shifted(values: FloatArray, rows: int) -> FloatArray:
    moved = np.full(len(values), np.nan)
    moved[rows:] = values[:-rows]
    return moved


def at_instants(series: Series) -> FloatArray:
    """The value known at every instant of the run; NaN before the first. Never for decisions."""
    values, rows = series._values, series._axis.rows
    if rows is None:
        return values
    if not len(values):
        return np.full(len(rows), np.nan)
    return np.where(rows >= 0, values[rows], np.nan)


@dataclass(frozen=True, slots=True, eq=False)
class When:
    """What a strategy does when a condition holds.

    Attributes:
        condition: at which instants, on which side.
        verb: what to call then; its arguments that are series are read at that instant.
        arguments: of the verb, by name.
    """

    condition: Condition
    verb: Callable[..., object]
    arguments: Mapping[str, object]

    def fire(self) -> None:
        """Call the verb with its arguments as they are now.

        Raises:
            OrderError: from the verb, with the condition and the arguments named.
        """
        given = {name: _present(value) for name, value in self.arguments.items()}
        try:
            self.verb(**given)
        except OrderError as error:
            name = getattr(self.verb, "__name__", repr(self.verb))
            read = ", ".join(
                f"{key}={value.name}"
                for key, value in self.arguments.items()
                if isinstance(value, Series)
            )
            where = f"when({self.condition.name}, {name}{', ' + read if read else ''})"
            raise OrderError(f"{where}: {error.problem}", error.remedy) from error


def _present(value: object) -> object:
    return value[-1] if isinstance(value, Series) else value


def crosses_above(a: Series | float, b: Series | float) -> Condition:
    """True where `a` is above `b` and the last time they differed it was below."""
    name = f"crosses_above({_name(a)}, {_name(b)})"
    return _along(name, a, b, lambda one, other: crossed(one, other, upwards=True))


def crosses_below(a: Series | float, b: Series | float) -> Condition:
    """True where `a` is below `b` and the last time they differed it was above."""
    name = f"crosses_below({_name(a)}, {_name(b)})"
    return _along(name, a, b, lambda one, other: crossed(one, other, upwards=False))


def _along(
    name: str,
    a: Series | float,
    b: Series | float,
    mask: Callable[[FloatArray, FloatArray], BoolArray],
) -> Condition:
    """What a mask says of two columns, whatever the position."""

    def recipe() -> Masks:
        found = mask(_at_instants(a), _at_instants(b))
        return found, found, found

    series = next((one for one in (a, b) if isinstance(one, Series)), None)
    recorder = None if series is None else series.axis.instants.recorder
    return Condition.made(recorder, name, recipe)


def _at_instants(value: Series | float) -> FloatArray:
    return at_instants(value) if isinstance(value, Series) else np.asarray(float(value))


def _compare(sign: str, a: Series, b: Series | float, asked: int) -> Condition:
    name = f"{_name(a)} {sign} {_name(b)}"
    return _along(name, a, b, lambda one, other: compared(one, other, asked))


def _combine(operation: np.ufunc, sign: str, a: Series | float, b: Series | float) -> Series:
    name = f"({_name(a)} {sign} {_name(b)})"
    series = [value for value in (a, b) if isinstance(value, Series)]
    axis = series[0].axis
    values = whole
    if any(value.axis is not axis for value in series):
        values, axis = at_instants, axis.instants

    def recipe() -> FloatArray:
        left = values(a) if isinstance(a, Series) else float(a)
        right = values(b) if isinstance(b, Series) else float(b)
        with np.errstate(all="ignore"):
            return np.asarray(operation(left, right))

    return Series.made(axis, name, recipe)


def _number(value: object) -> Series | float:
    if isinstance(value, Series):
        return value
    if isinstance(value, int | float):
        return float(value)
    raise StrategyError(
        f"A series was compared with {value!r}.", "Compare it with a number or another series."
    )


def _name(value: Series | float) -> str:
    return value.name if isinstance(value, Series) else f"{value:g}"


def computed(
    function: Callable[..., object], inputs: Sequence[Series], args: Sequence[float]
) -> Series:
    """The series `function(*inputs, *args)`, for machinery only.

    Raises:
        StrategyError: if the result is not one array of the inputs' length.
    """
    name = f"{getattr(function, '__name__', repr(function))}({', '.join(map(_shown, args))})"
    axis = inputs[0].axis
    values = whole
    if any(series.axis is not axis for series in inputs):
        values, axis = at_instants, axis.instants

    def recipe() -> FloatArray:
        result = np.asarray(function(*map(values, inputs), *args))
        if result.shape != (axis.length,):
            raise StrategyError(
                f"The indicator {name} returned shape {result.shape} for {axis.length} bars.",
                "Return one array with one value per bar, NaN while it warms up.",
            )
        return np.asarray(result, dtype=np.float64)

    return Series.made(axis, name, recipe)


def _shown(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
