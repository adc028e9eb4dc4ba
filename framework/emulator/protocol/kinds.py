"""How one value is spelled on the wire: numbers, flags, texts, and the many ways to say "unset"."""

from __future__ import annotations

__all__ = [
    "CONJUNCTION",
    "ESCAPED",
    "FLAG",
    "FLOAT",
    "GREEK",
    "INTEGER",
    "MAYBE_FLAG",
    "MAYBE_FLOAT",
    "MAYBE_INTEGER",
    "OFFSET",
    "OR_NONE",
    "OR_QUESTION",
    "PREMIUM",
    "QUESTIONABLE",
    "SHORT",
    "SIZE",
    "TEXT",
    "UNSET_FLOAT",
    "UNSET_INTEGER",
    "Kind",
    "Read",
    "Value",
    "Write",
]

import re
from collections.abc import Callable
from dataclasses import dataclass
from math import inf, isfinite
from typing import TypeAlias

Value: TypeAlias = "str | float | bool | None"
"""What one field of a message can mean."""

Write: TypeAlias = Callable[..., str]
Read: TypeAlias = Callable[[str], Value]

UNSET_FLOAT = "1.7976931348623157E308"
UNSET_INTEGER = "2147483647"

_UNSET = frozenset({"", UNSET_INTEGER, "9223372036854775807", "-9223372036854775808"})
_HUGE = 1e300
"""From here on a number is a client's spelling of "unset", of which there are several."""

_INTEGER = re.compile(r"-?[0-9]{1,19}")
_NUMBER = re.compile(r"-?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]{1,4})?")
_LONGEST_NUMBER = 400
_FLAGS = {"0": False, "1": True, "false": False, "true": True}
_INFINITE = frozenset({"Infinity", "Infinite"})


@dataclass(frozen=True, slots=True)
class Kind:
    """One way to spell a value.

    Attributes:
        name: of the kind, for an error message.
        read: the value a text means; a ValueError if none.
        ask: spelling in a client's message.
        tell: spelling in a server's message.
        tell_whole: spelling in a server's message to clients that read sizes as integers.
        is_unset: whether a text stands for the field's default, where it has one.
    """

    name: str
    read: Read
    ask: Write
    tell: Write
    tell_whole: Write
    is_unset: Callable[[str], bool] | None = None


def _plain(
    name: str, read: Read, write: Write, is_unset: Callable[[str], bool] | None = None
) -> Kind:
    return Kind(name, read, write, write, write, is_unset)


def _empty(text: str) -> bool:
    return not text


def _empty_or_huge(text: str) -> bool:
    return not text or ("308" in text and text.upper().replace("E+", "E") == UNSET_FLOAT)


def _write_integer(value: int) -> str:
    return f"{value:d}"


def _read_integer(text: str) -> int:
    if _INTEGER.fullmatch(text) is None:
        raise ValueError(text)
    return int(text)


def _write_float(value: float) -> str:
    if value - value:  # not a number, or infinite
        raise ValueError(f"{value} is no number")
    return f"{value}"


def _read_float(text: str) -> float:
    if len(text) > _LONGEST_NUMBER or _NUMBER.fullmatch(text) is None:
        raise ValueError(text)
    value = float(text)
    if not isfinite(value):
        raise ValueError(text)
    return value


def _write_size(value: float) -> str:
    whole = int(value)
    return f"{whole}" if whole == value else f"{value}"


def _write_whole(value: float) -> str:
    return f"{int(value)}"


def _write_text(value: str) -> str:
    if "\0" in value:
        raise ValueError(f"{value!r} holds the separator")
    return value


def _read_text(text: str) -> str:
    return text


def _write_escaped(value: str) -> str:
    return value.encode("unicode_escape").decode("ascii")


def _read_escaped(text: str) -> str:
    try:
        return text.encode("ascii").decode("unicode_escape")
    except UnicodeError as error:
        raise ValueError(text) from error


def _write_flag(value: bool) -> str:
    return "1" if value else "0"


def _read_flag(text: str) -> bool:
    if text not in _FLAGS:
        raise ValueError(text)
    return _FLAGS[text]


def _maybe(write: Write, unset: str) -> Write:
    def spelled(value: float | None) -> str:
        return unset if value is None else write(value)

    return spelled


def _read_maybe_float(text: str) -> float | None:
    if text in _UNSET:
        return None
    value = _read_float(text)
    return None if abs(value) >= _HUGE else value


def _read_maybe_integer(text: str) -> int | None:
    return None if text in _UNSET else _read_integer(text)


def _read_maybe_flag(text: str) -> bool | None:
    return None if text in _UNSET else _read_flag(text)


def _write_offset(value: float) -> str:
    return "Infinity" if value == inf else _write_float(value)


def _read_offset(text: str) -> float | None:
    return inf if text in _INFINITE else _read_maybe_float(text)


def _read_conjunction(text: str) -> bool:
    if text not in ("a", "o"):
        raise ValueError(text)
    return text == "a"


def _write_conjunction(value: bool) -> str:
    return "a" if value else "o"


def _or(word: str) -> Kind:
    """A text whose absence the server spells out."""

    def read(text: str) -> str:
        return "" if text == word else text

    def tell(value: str) -> str:
        return _write_text(value) or word

    return Kind("a text", read, _write_text, tell, tell)


def _computed(unset: float) -> Kind:
    """An output of an option model, with a number that says "not computed"."""

    def read(text: str) -> float | None:
        value = _read_float(text)
        return None if value == unset else value

    return _plain("a number", read, _maybe(_write_float, f"{unset:g}"))


INTEGER = _plain("an integer", _read_integer, _write_integer, _empty)
FLOAT = _plain("a number", _read_float, _write_float, _empty_or_huge)
SIZE = Kind("a number", _read_float, _write_size, _write_size, _write_whole, _empty_or_huge)
"""A size of the market's. Clients below version 163 read it as an integer."""

SHORT = _plain("a number", _read_float, _write_size, _empty_or_huge)
"""A number without a point where it is whole: a quantity of orders, positions, executions."""

TEXT = _plain("a text", _read_text, _write_text)
FLAG = _plain("0 or 1", _read_flag, _write_flag, _empty)
MAYBE_FLAG = _plain("0, 1 or empty", _read_maybe_flag, _maybe(_write_flag, ""))
MAYBE_FLOAT = Kind(
    "a number or empty",
    _read_maybe_float,
    _maybe(_write_float, ""),
    _maybe(_write_float, UNSET_FLOAT),
    _maybe(_write_float, UNSET_FLOAT),
)
MAYBE_INTEGER = Kind(
    "an integer or empty",
    _read_maybe_integer,
    _maybe(_write_integer, ""),
    _maybe(_write_integer, UNSET_INTEGER),
    _maybe(_write_integer, UNSET_INTEGER),
)
OFFSET = Kind(
    "a number, Infinity or empty",
    _read_offset,
    _maybe(_write_offset, ""),
    _maybe(_write_offset, UNSET_FLOAT),
    _maybe(_write_offset, UNSET_FLOAT),
)
ESCAPED = _plain("an escaped text", _read_escaped, _write_escaped)
"""A text in 7-bit characters: the others, and backslashes, as Python escapes them."""

CONJUNCTION = _plain("a or o", _read_conjunction, _write_conjunction)
"""How a condition is joined to the next: by "and" or by "or"."""

OR_NONE = _or("None")
OR_QUESTION = _or("?")
QUESTIONABLE = _plain("a text", OR_QUESTION.read, _write_text)
"""A text whose absence servers spell out in some messages, and clients that copy it in any."""

PREMIUM = _computed(-1.0)
GREEK = _computed(-2.0)
