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
    "short",
    "whole",
]

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

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
from framework.domain.bars import BoolArray, FloatArray, IntArray
from framework.errors import LookaheadError, OrderError, StrategyError


class Axis:
    """The rows a series lives on, and which of them is now.

    Args:
        length: number of own rows.
        rows: for every instant of the run the last own row known then, -1 before the first; None
            when rows and instants are the same.
        instants: the axis of the run's instants; None when this is it.
    """

    __slots__ = ("instants", "length", "row", "rows")

    def __init__(
        self, length: int, rows: IntArray | None = None, instants: Axis | None = None
    ) -> None:
        self.length = length
        self.rows = rows
        self.instants = instants if instants is not None else self
        self.row = -1


class Series:
    """A column of numbers on an axis. Index -1 is now, -2 the row before.

    Args:
        values: shape (axis.length,).
        axis: where it lives.
        name: how messages call it.
    """

    __slots__ = ("_axis", "_cells", "_values", "name")
    __hash__ = None  # type: ignore[assignment]  # == makes a condition, so a series has no hash

    def __init__(self, values: FloatArray, axis: Axis, name: str) -> None:
        self._values = np.ascontiguousarray(values, dtype=np.float64)
        self._cells = self._values.data
        self._axis = axis
        self.name = name

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
        moved = np.full(len(self._values), np.nan)
        moved[rows:] = self._values[:-rows]
        return Series(moved, self._axis, f"{self.name}.shift({rows})")

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
        return Series(-self._values, self._axis, f"-{self.name}")

    def __abs__(self) -> Series:
        return Series(np.abs(self._values), self._axis, f"abs({self.name})")

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


def at_instants(series: Series) -> FloatArray:
    """The value known at every instant of the run; NaN before the first. Never for decisions."""
    values, rows = series._values, series._axis.rows
    if rows is None:
        return values
    if not len(values):
        return np.full(len(rows), np.nan)
    return np.where(rows >= 0, values[rows], np.nan)


class Condition:
    """True or false at every instant, for each side the position may be on.

    Args:
        when_flat, when_long, when_short: shape (instants,), or shape () for the same throughout.
        name: how messages call it.
    """

    __slots__ = ("name", "when_flat", "when_long", "when_short")

    def __init__(
        self, when_flat: BoolArray, when_long: BoolArray, when_short: BoolArray, name: str
    ) -> None:
        self.when_flat = when_flat
        self.when_long = when_long
        self.when_short = when_short
        self.name = name

    @property
    def needs_position(self) -> bool:
        """Whether it depends on the side the position is on."""
        return self.when_flat is not self.when_long or self.when_flat is not self.when_short

    def __and__(self, other: Condition) -> Condition:
        return self._join(other, _both, "&")

    def __or__(self, other: Condition) -> Condition:
        return self._join(other, _either, "|")

    def __invert__(self) -> Condition:
        if not self.needs_position:
            return _static(~self.when_flat, f"~{self.name}")
        return Condition(~self.when_flat, ~self.when_long, ~self.when_short, f"~{self.name}")

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
        if not self.needs_position and not other.needs_position:
            return _static(join(self.when_flat, other.when_flat), name)
        return Condition(
            join(self.when_flat, other.when_flat),
            join(self.when_long, other.when_long),
            join(self.when_short, other.when_short),
            name,
        )


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


def crosses_above(a: Series | float, b: Series | float) -> Condition:
    """True where `a` is above `b` and the last time they differed it was below."""
    name = f"crosses_above({_name(a)}, {_name(b)})"
    return _static(crossed(_at_instants(a), _at_instants(b), upwards=True), name)


def crosses_below(a: Series | float, b: Series | float) -> Condition:
    """True where `a` is below `b` and the last time they differed it was above."""
    name = f"crosses_below({_name(a)}, {_name(b)})"
    return _static(crossed(_at_instants(a), _at_instants(b), upwards=False), name)


def _at_instants(value: Series | float) -> FloatArray:
    return at_instants(value) if isinstance(value, Series) else np.asarray(float(value))


def _compare(sign: str, a: Series, b: Series | float, asked: int) -> Condition:
    mask = compared(at_instants(a), _at_instants(b), asked)
    return _static(mask, f"{_name(a)} {sign} {_name(b)}")


def _combine(operation: np.ufunc, sign: str, a: Series | float, b: Series | float) -> Series:
    name = f"({_name(a)} {sign} {_name(b)})"
    series = [value for value in (a, b) if isinstance(value, Series)]
    axis = series[0].axis
    with np.errstate(all="ignore"):
        if all(value.axis is axis for value in series):
            left = whole(a) if isinstance(a, Series) else float(a)
            right = whole(b) if isinstance(b, Series) else float(b)
            return Series(operation(left, right), axis, name)
        return Series(operation(_at_instants(a), _at_instants(b)), axis.instants, name)


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
    if any(series.axis is not axis for series in inputs):
        arrays, axis = [at_instants(series) for series in inputs], axis.instants
    else:
        arrays = [whole(series) for series in inputs]
    result = np.asarray(function(*arrays, *args))
    if result.shape != (axis.length,):
        raise StrategyError(
            f"The indicator {name} returned shape {result.shape} for {axis.length} bars.",
            "Return one array with one value per bar, NaN while it warms up.",
        )
    return Series(np.asarray(result, dtype=np.float64), axis, name)


def _shown(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
