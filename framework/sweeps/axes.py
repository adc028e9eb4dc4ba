"""Grid: the values each swept parameter takes, and the points they span."""

from __future__ import annotations

__all__ = ["Axis", "Grid", "ParameterSet", "axis_of", "grid_of"]

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from math import prod
from typing import get_args

import numpy as np
from pydantic import TypeAdapter, ValidationError

from framework.domain.bars import IntArray
from framework.errors import ConfigError, did_you_mean
from framework.parameters import converted, hints_of
from framework.strategy import Strategy

ParameterSet = Mapping[str, object]
"""Values of the swept parameters by name; all others are as in the plan."""

_MOST_VALUES = 1_000_000
_MOST_POINTS = 2**62


@dataclass(frozen=True, slots=True)
class Axis:
    """A swept parameter and the values it takes, converted to its type, none of them twice."""

    name: str
    values: tuple[object, ...]

    @property
    def is_ordered(self) -> bool:
        """Whether the values are numbers, so that near ones are alike."""
        return all(
            isinstance(value, int | float) and not isinstance(value, bool) for value in self.values
        )


@dataclass(frozen=True, slots=True)
class Grid:
    """All combinations of the axes' values, numbered from 0; the last axis changes fastest."""

    axes: tuple[Axis, ...]

    @property
    def size(self) -> int:
        """How many points there are."""
        return prod(len(axis.values) for axis in self.axes)

    def at(self, point: int) -> ParameterSet:
        """The values at a point."""
        found: dict[str, object] = {}
        for axis in reversed(self.axes):
            point, which = divmod(point, len(axis.values))
            found[axis.name] = axis.values[which]
        return {axis.name: found[axis.name] for axis in self.axes}

    def point(self, places: Sequence[int]) -> int:
        """The point at a place on each axis."""
        number = 0
        for axis, place in zip(self.axes, places, strict=True):
            number = number * len(axis.values) + place
        return number

    def places(self, points: IntArray) -> list[IntArray]:
        """On each axis, the place of each point: arrays of the shape of `points`."""
        found = []
        for axis in reversed(self.axes):
            points, place = np.divmod(points, len(axis.values))
            found.append(place)
        return found[::-1]


def grid_of(strategy: type[Strategy], given: Mapping[str, str | Sequence[object]]) -> Grid:
    """The grid of the values given by parameter name.

    Args:
        strategy: the class whose parameters they are.
        given: values, or text as `axis_of` reads it.

    Raises:
        ConfigError: nothing to sweep, an unknown parameter, or values that cannot be used.
    """
    if not given:
        names = hints_of(strategy, Strategy)
        listing = f"{strategy.__name__} has {', '.join(names)}." if names else "It has none."
        raise ConfigError(
            f"No parameter of {strategy.__name__} is swept.",
            f"Give the values of one or more, such as --set name=5:50:5. {listing}",
        )
    grid = Grid(tuple(axis_of(strategy, name, values) for name, values in given.items()))
    if grid.size > _MOST_POINTS:
        raise ConfigError(
            f"The grid has {grid.size:.2g} points.", "Take fewer values or larger steps."
        )
    return grid


def axis_of(strategy: type[Strategy], name: str, given: str | Sequence[object]) -> Axis:
    """A parameter with the values it takes.

    Args:
        strategy: the class whose parameter it is.
        name: of the parameter.
        given: values; or text: FIRST:LAST:STEP with the last included, or values with commas
            between them. Only numbers have steps.

    Raises:
        ConfigError: naming parameter and value.
    """
    hints = hints_of(strategy, Strategy)
    if name not in hints:
        raise ConfigError(
            f"{strategy.__name__} has no parameter {name!r}.", did_you_mean(name, hints)
        )
    hint = hints[name]
    has_steps = bool({int, float} & {hint, *get_args(hint)})
    raw = _written(name, given, has_steps) if isinstance(given, str) else _listed(name, given)
    values = _converted(strategy.__name__, name, hint, raw)
    seen: set[str] = set()
    for value in values:
        if repr(value) in seen:
            raise ConfigError(f"{name} takes {value!r} twice.", "Give every value once.")
        seen.add(repr(value))
    return Axis(name, values)


def _converted(owner: str, name: str, hint: type, raw: Sequence[object]) -> tuple[object, ...]:
    """The values as the parameter's type, by one conversion for all of them."""
    convert: Callable[[object], object] = TypeAdapter(hint).validate_python
    try:
        return tuple(convert(value) for value in raw)
    except ValidationError:
        return tuple(converted(owner, name, hint, value) for value in raw)


def _listed(name: str, given: Sequence[object]) -> Sequence[object]:
    if not isinstance(given, Sequence | np.ndarray):
        raise ConfigError(
            f"The values of {name} are {given!r}.",
            f'Give a list, a range, or text such as "5:50:5", for {name}.',
        )
    if len(given) == 0:
        raise ConfigError(f"{name} has no values.", "Give one or more.")
    _check_count(name, len(given))
    return given.tolist() if isinstance(given, np.ndarray) else given


def _written(name: str, text: str, has_steps: bool) -> Sequence[object]:
    parts = [part.strip() for part in text.split(",")]
    if "" in parts:
        raise ConfigError(
            f"{name}={text!r} has no values." if len(parts) == 1 else f"{name}={text!r} has a gap.",
            f"Write {name}=FIRST:LAST:STEP, or {name}=a,b,c.",
        )
    if not has_steps:
        return parts
    return [value for part in parts for value in _range(name, part)]


def _range(name: str, text: str) -> Sequence[object]:
    """The values of FIRST:LAST:STEP; text without a colon is itself."""
    if ":" not in text:
        return [text]
    try:
        first, last, step = (Decimal(part.strip()) for part in text.split(":"))
    except (InvalidOperation, ValueError):
        raise ConfigError(
            f"{name}={text!r} is no range.", f"Write {name}=FIRST:LAST:STEP, such as 5:50:5."
        ) from None
    if not all(number.is_finite() for number in (first, last, step)):
        raise ConfigError(f"{name}={text!r} has no end.", "Give finite numbers.")
    if step == 0:
        raise ConfigError(f"{name}={text!r} has a step of 0.", "Give a step above 0.")
    count = int((last - first) / step) + 1 if (last - first) / step >= 0 else 0
    if count == 0:
        raise ConfigError(
            f"{name}={text!r} is empty: a step of {step} never leads from {first} to {last}.",
            "Swap the ends, or change the sign of the step.",
        )
    _check_count(name, count)
    numbers = [first + step * i for i in range(count)]
    whole = all(number == number.to_integral_value() for number in (first, step))
    return [int(number) if whole else float(number) for number in numbers]


def _check_count(name: str, count: int) -> None:
    if count > _MOST_VALUES:
        raise ConfigError(
            f"{name} has {count:,} values.", f"Take at most {_MOST_VALUES:,}, by a larger step."
        )
