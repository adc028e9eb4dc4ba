"""From fields to a noun: every count, number and end is checked, and each error names its field."""

from __future__ import annotations

__all__ = ["Cursor", "Decode", "decoder"]

from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, NoReturn, TypeAlias

from framework.emulator.protocol.errors import ProtocolError
from framework.emulator.protocol.kinds import FLAG, INTEGER, TEXT, Kind, Value
from framework.emulator.protocol.plan import (
    Branch,
    Constant,
    Extra,
    Leading,
    Leaf,
    Listing,
    Noun,
    Pairs,
    Step,
    Texts,
    Variants,
    hints_of,
)

Found: TypeAlias = dict[str, Any]
"""Values by their paths."""

_Take: TypeAlias = "Callable[[Cursor, Found], None]"
Decode: TypeAlias = "Callable[[Cursor], Any]"
"""The noun the rest of the fields means."""


class Cursor:
    """A position in the fields of one message.

    Args:
        texts: the fields.
        message_id: number of the message.
        name: what it is called in an error message.
    """

    __slots__ = ("_at", "_message_id", "_name", "_texts")

    def __init__(self, texts: list[str], message_id: int, name: str) -> None:
        self._texts = texts
        self._at = 0
        self._message_id = message_id
        self._name = name

    @property
    def left(self) -> int:
        """Fields not taken yet."""
        return len(self._texts) - self._at

    def take(self, path: str) -> str:
        """The next field, which is to be the value at a path."""
        if self._at >= len(self._texts):
            self.refuse(f"ends where {path} was expected")
        text = self._texts[self._at]
        self._at += 1
        return text

    def value(self, path: str, kind: Kind) -> Value:
        """The next field's value."""
        text = self.take(path)
        try:
            return kind.read(text)
        except ValueError:
            self.refuse(f"has {_short(text)} as {path}, where {kind.name} was expected")

    def count(self, path: str) -> int:
        """The next field's value where it says how many items follow."""
        number = self.value(f"the number of {path}", INTEGER)
        assert isinstance(number, int)
        if not 0 <= number <= self.left:
            self.refuse(f"announces {number} {path} and has {self.left} more fields")
        return number

    def refuse(self, problem: str) -> NoReturn:
        """Raise the error of this message."""
        raise ProtocolError(
            f"{self._name} (message {self._message_id}) {problem} (field {self._at}).",
            self._message_id,
        )


def decoder(noun: type, steps: tuple[Step, ...]) -> Decode:
    """The function that makes a noun of the fields of its message."""
    takes = _takes(steps)
    make = _maker(noun, "", frozenset(_paths(steps)))

    def decode(cursor: Cursor) -> Any:
        found: Found = {}
        for take in takes:
            take(cursor, found)
        return make(found)

    return decode


def _takes(steps: tuple[Step, ...]) -> list[_Take]:
    return [_take(step) for step in steps]


def _take(step: Step) -> _Take:
    take: _Take
    match step:
        case Leaf():
            take = _leaf(step)
        case Constant():
            take = _constant
        case Extra(leaf, left):
            take = _extra(_leaf(leaf), left)
        case Texts():
            take = _texts(step)
        case Branch(path, test, steps):
            take = _branch(path, test, _takes(steps))
        case Leading():
            take = _leading(step)
        case Noun(path, cls, steps):
            take = _noun(path, decoder(cls, steps))
        case Listing(path, None, steps):
            take = _plain_items(path, steps)
        case Listing(path, type() as cls, steps):
            take = _items(path, decoder(cls, steps))
        case Pairs(path):
            take = _pairs(path)
        case Variants(path, classes):
            take = _variants(
                path, {number: decoder(cls, steps) for number, (cls, steps) in classes.items()}
            )
    return take


def _constant(cursor: Cursor, found: Found) -> None:
    cursor.take("a field without meaning")


def _leaf(leaf: Leaf) -> _Take:
    path, kind, default = leaf.path, leaf.kind, leaf.default
    is_unset = kind.is_unset
    if is_unset is None or default is MISSING:

        def take(cursor: Cursor, found: Found) -> None:
            found[path] = cursor.value(path, kind)

        return take

    def take_or_default(cursor: Cursor, found: Found) -> None:
        text = cursor.take(path)
        if is_unset(text):
            found[path] = default
            return
        try:
            found[path] = kind.read(text)
        except ValueError:
            cursor.refuse(f"has {_short(text)} as {path}, where {kind.name} was expected")

    return take_or_default


def _extra(inner: _Take, left: int) -> _Take:
    def take(cursor: Cursor, found: Found) -> None:
        if cursor.left >= left:
            inner(cursor, found)

    return take


def _texts(step: Texts) -> _Take:
    def take(cursor: Cursor, found: Found) -> None:
        first, _, second = cursor.take(step.first).partition(" ")
        found[step.first] = first
        found[step.second] = second

    return take


def _branch(path: str, test: Callable[[Any], bool], takes: list[_Take]) -> _Take:
    def take(cursor: Cursor, found: Found) -> None:
        if test(found.get(path)):
            for inner in takes:
                inner(cursor, found)

    return take


def _leading(step: Leading) -> _Take:
    path, kind = step.leaf.path, step.leaf.kind
    between, takes = _takes(step.between), _takes(step.steps)

    def take(cursor: Cursor, found: Found) -> None:
        text = cursor.take(path)
        found[path] = kind.read(text)
        for inner in [*between, *takes] if text else between:
            inner(cursor, found)

    return take


def _noun(path: str, decode: Decode) -> _Take:
    def take(cursor: Cursor, found: Found) -> None:
        found[path] = decode(cursor) if cursor.value(path, FLAG) else None

    return take


def _items(path: str, decode: Decode) -> _Take:
    def take(cursor: Cursor, found: Found) -> None:
        found[path] = tuple(decode(cursor) for _ in range(cursor.count(path)))

    return take


def _plain_items(path: str, steps: tuple[Step, ...]) -> _Take:
    (leaf,) = steps
    assert isinstance(leaf, Leaf)
    kind = leaf.kind

    def take(cursor: Cursor, found: Found) -> None:
        found[path] = tuple(cursor.value(path, kind) for _ in range(cursor.count(path)))

    return take


def _pairs(path: str) -> _Take:
    def take(cursor: Cursor, found: Found) -> None:
        found[path] = tuple(
            (cursor.value(path, TEXT), cursor.value(path, TEXT)) for _ in range(cursor.count(path))
        )

    return take


def _variants(path: str, decodes: Mapping[int, Decode]) -> _Take:
    def one(cursor: Cursor) -> Any:
        number = cursor.value(path, INTEGER)
        assert isinstance(number, int)
        if number not in decodes:
            cursor.refuse(f"has {number} among {path}, which is none of {sorted(decodes)}")
        return decodes[number](cursor)

    def take(cursor: Cursor, found: Found) -> None:
        found[path] = tuple(one(cursor) for _ in range(cursor.count(path)))

    return take


def _paths(steps: tuple[Step, ...]) -> set[str]:
    """Every path some steps may find a value for."""
    paths: set[str] = set()
    for step in steps:
        match step:
            case Texts(first, second):
                paths |= {first, second}
            case Branch(_, _, inner):
                paths |= _paths(inner)
            case Extra(leaf, _):
                paths.add(leaf.path)
            case Leading(leaf, between, inner):
                paths |= {leaf.path} | _paths(between) | _paths(inner)
            case Constant():
                pass
            case _:
                paths.add(step.path)
    return paths


def _maker(cls: type, prefix: str, paths: frozenset[str]) -> Callable[[Found], Any]:
    """The function that makes a noun of the values found, and the nouns inside it."""
    direct = [(name, prefix + name) for name in _names(cls) if prefix + name in paths]
    inner = [
        (name, _maker(hint, f"{prefix}{name}.", paths))
        for name, hint in _nouns(cls)
        if any(path.startswith(f"{prefix}{name}.") for path in paths)
    ]

    def make(found: Found) -> Any:
        values = {name: found[path] for name, path in direct if path in found}
        for name, build in inner:
            values[name] = build(found)
        return cls(**values)

    return make


def _names(cls: type) -> list[str]:
    return [field.name for field in fields(cls)] if is_dataclass(cls) else []


def _nouns(cls: type) -> list[tuple[str, type]]:
    """The fields of a noun that are nouns themselves."""
    bare = {name: getattr(hint, "__origin__", hint) for name, hint in hints_of(cls).items()}
    return [
        (name, hint) for name, hint in bare.items() if isinstance(hint, type) and is_dataclass(hint)
    ]


def _short(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:40] + "...")
