"""What a plan file may say in one place: each kind of value, how it is read and written."""

from __future__ import annotations

__all__ = [
    "AT_ONCE",
    "Above",
    "Chance",
    "Count",
    "Flag",
    "Messages",
    "Money",
    "Names",
    "Number",
    "Numbers",
    "OrderId",
    "Pairs",
    "Rate",
    "Seconds",
    "Span",
    "Spell",
    "Text",
    "Times",
    "Value",
    "Whole",
    "choice",
    "value_of",
]

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, get_type_hints

from framework.errors import did_you_mean


@dataclass(frozen=True, slots=True)
class Value:
    """One kind of value.

    Attributes:
        read: the value written in a file; a ValueError says what to write instead.
        write: what to write for a value.
    """

    read: Callable[[object], object]
    write: Callable[[object], object] = lambda value: value


@dataclass(frozen=True, slots=True)
class Span:
    """A length of time, or one drawn evenly between two: seconds."""

    low: float = 0.0
    high: float = 0.0

    @property
    def drawn(self) -> bool:
        """Whether it has to be drawn."""
        return self.high > self.low

    def at(self, part: float) -> float:
        """The length so far along the way from the lower end to the upper one, 0..1."""
        return self.low + (self.high - self.low) * part


AT_ONCE = Span()
"""No time at all."""


_HUGE = 1e300
"""Numbers in a plan are below it; what is no number at all is not."""


def value_of(cls: type, field: str) -> Value:
    """The kind of value of one field of a class."""
    found: Value = get_type_hints(cls, include_extras=True)[field].__metadata__[0]
    return found


def choice(options: type[StrEnum]) -> Value:
    """One of the members of an enumeration, by its text."""

    def read(value: object) -> StrEnum:
        names = [str(option) for option in options]
        if value not in names:
            raise ValueError(did_you_mean(str(value), names))
        return options(str(value))

    return Value(read, str)


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < _HUGE:
        raise ValueError("Give a number.")
    return float(value)


def _above(lowest: float, remedy: str) -> Callable[[object], float]:
    def read(value: object) -> float:
        found = _number(value)
        if found < lowest:
            raise ValueError(remedy)
        return found

    return read


def _positive(value: object) -> float:
    found = _number(value)
    if found <= 0.0:
        raise ValueError("Give a number above 0.")
    return found


def _chance(value: object) -> float:
    found = _number(value)
    if not 0.0 <= found <= 1.0:
        raise ValueError("Give a probability from 0 to 1.")
    return found


def _whole(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError("Give a whole number.")
    return value


def _count(value: object) -> int:
    found = _whole(value)
    if found < 1:
        raise ValueError("Give a whole number from 1.")
    return found


def _times(value: object) -> int | None:
    if value == "all":
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError("Give a whole number from 1, or all.")
    return value


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("Write true or false.")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("Give text; quote it if it looks like a number, a date or yes/no.")
    return value


def _field_text(value: object) -> str:
    """A scalar as the wire spells it."""
    if isinstance(value, bool):
        return str(int(value))
    if not isinstance(value, str | int | float):
        raise ValueError("Give text or a number; quote what looks like a date.")
    return str(value)


def _span(value: object) -> Span:
    if not isinstance(value, list):
        found = _above(0.0, _SPAN)(value)
        return Span(found, found)
    if len(value) != 2:
        raise ValueError(_SPAN)
    low, high = (_above(0.0, _SPAN)(one) for one in value)
    if high < low:
        raise ValueError(_SPAN)
    return Span(low, high)


_SPAN = "Give a number of seconds from 0, or [least, most] to draw one between them."


def _plain_span(value: object) -> object:
    assert isinstance(value, Span)
    return [value.low, value.high] if value.drawn else value.low


def _optional(read: Callable[[object], object]) -> Callable[[object], object]:
    return lambda value: None if value is None else read(value)


def _messages(value: object) -> tuple[str, ...]:
    if value == "any":
        return ()
    names = value if isinstance(value, list) else [value]
    if not names or not all(isinstance(name, str) for name in names):
        raise ValueError("Give the name of a message, a list of names, or any.")
    return tuple(names)


def _plain_messages(value: object) -> object:
    assert isinstance(value, tuple)
    if not value:
        return "any"
    return value[0] if len(value) == 1 else list(value)


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise ValueError("Give a list, such as [4, 2, -1, 1100, lost].")
    return tuple(_field_text(one) for one in value)


def _plain_texts(value: object) -> object:
    assert isinstance(value, tuple)
    return list(value)


def _pairs(value: object) -> tuple[tuple[str, str], ...]:
    return tuple((str(key), _field_text(one)) for key, one in _mapping(value).items())


def _numbers(value: object) -> tuple[tuple[str, float], ...]:
    return tuple((str(key), _number(one)) for key, one in _mapping(value).items())


def _mapping(value: object) -> Mapping[object, object]:
    if not isinstance(value, dict):
        raise ValueError("Write a mapping, such as {field: value}.")
    return value


def _plain_pairs(value: object) -> object:
    assert isinstance(value, tuple)
    return dict(value)


def _order_id(value: object) -> int | str:
    if value in ("this", "newest"):
        return str(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError("Give this, newest, or an order id.")
    return value


Number = Annotated[float, Value(_number)]
Above = Annotated[float, Value(_above(0.0, "Give a number from 0."))]
Rate = Annotated[float | None, Value(_optional(_positive))]
Money = Annotated[float | None, Value(_optional(_positive))]
Chance = Annotated[float, Value(_chance)]
Seconds = Annotated[
    float | None, Value(_optional(_above(0.0, "Give a number of seconds from 0, or null.")))
]
Spell = Annotated[Span, Value(_span, _plain_span)]
Whole = Annotated[int | None, Value(_optional(_whole))]
Count = Annotated[int | None, Value(_optional(_count))]
Times = Annotated[int | None, Value(_times, lambda value: "all" if value is None else value)]
Flag = Annotated[bool, Value(_flag)]
Text = Annotated[str, Value(_text)]
Messages = Annotated[tuple[str, ...], Value(_messages, _plain_messages)]
Names = Annotated[tuple[str, ...], Value(_texts, _plain_texts)]
Pairs = Annotated[tuple[tuple[str, str], ...], Value(_pairs, _plain_pairs)]
Numbers = Annotated[tuple[tuple[str, float], ...], Value(_numbers, _plain_pairs)]
OrderId = Annotated[int | str, Value(_order_id)]
