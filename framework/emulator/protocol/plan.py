"""A message's layout worked out for one version: every field with its path and its kind."""

from __future__ import annotations

__all__ = [
    "Branch",
    "Constant",
    "Extra",
    "Leading",
    "Leaf",
    "Listing",
    "Noun",
    "Pairs",
    "Step",
    "Texts",
    "Variants",
    "default_of",
    "hints_of",
    "plan_of",
]

from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, TypeAlias, get_args, get_origin, get_type_hints

from framework.emulator.protocol import kinds
from framework.emulator.protocol.kinds import Kind
from framework.emulator.protocol.layout import (
    NEWEST,
    OLDEST,
    Blank,
    Choice,
    Inside,
    Items,
    Joined,
    Led,
    Message,
    Named,
    Row,
    Rows,
    Since,
    Spare,
    Until,
    When,
)

_KINDS: Mapping[type, Kind] = {
    bool: kinds.FLAG,
    float: kinds.FLOAT,
    int: kinds.INTEGER,
    str: kinds.TEXT,
}
_MAYBE_KINDS: Mapping[type, Kind] = {
    bool: kinds.MAYBE_FLAG,
    float: kinds.MAYBE_FLOAT,
    int: kinds.MAYBE_INTEGER,
}


@dataclass(frozen=True, slots=True)
class Leaf:
    """One field: where its value is in the noun, how it is spelled, and what stands for empty."""

    path: str
    kind: Kind
    default: Any = MISSING


@dataclass(frozen=True, slots=True)
class Constant:
    """One field that always says the same."""

    text: str


@dataclass(frozen=True, slots=True)
class Extra:
    """One field that is there if so many are left; its default if not."""

    leaf: Leaf
    left: int


@dataclass(frozen=True, slots=True)
class Texts:
    """One field of two texts with a space between them."""

    first: str
    second: str


@dataclass(frozen=True, slots=True)
class Branch:
    """Steps taken if the value at a path passes a test."""

    path: str
    test: Callable[[Any], bool]
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Leading:
    """A text, fields after it, and steps taken if the text as spelled is not empty."""

    leaf: Leaf
    between: tuple[Step, ...]
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Noun:
    """A flag, and the steps of a noun if there is one."""

    path: str
    cls: type
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Listing:
    """A count and the steps of each item; without a class the items are plain values."""

    path: str
    cls: type | None
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Pairs:
    """A count, and two texts for each."""

    path: str


@dataclass(frozen=True, slots=True)
class Variants:
    """A count, and for each item the number of its class and that class's steps."""

    path: str
    classes: Mapping[int, tuple[type, tuple[Step, ...]]]


Step: TypeAlias = (
    Leaf | Extra | Constant | Texts | Branch | Leading | Noun | Listing | Pairs | Variants
)


def plan_of(message: Message, version: int) -> tuple[Step, ...]:
    """The steps of a message in one version, without its number and its own version."""
    rows = _all_of(message.noun) if message.rows is None else message.rows.rows
    return tuple(_steps(message.noun, rows, "", version))


@cache
def hints_of(cls: type) -> dict[str, Any]:
    """The types of a dataclass's fields, with what is said beside them."""
    return get_type_hints(cls, include_extras=True)


def default_of(field: Field[Any]) -> Any:
    """What a field is if nothing is said; MISSING if something must be."""
    if field.default_factory is not MISSING:
        return field.default_factory()
    return field.default


@cache
def _defaults(cls: type) -> dict[str, Any]:
    return {field.name: default_of(field) for field in fields(cls)}


def _all_of(cls: type) -> tuple[Row, ...]:
    return tuple(hints_of(cls))


def _steps(cls: type, rows: tuple[Row, ...], prefix: str, version: int) -> Iterator[Step]:
    for row in rows:
        yield from _row(cls, Named(row) if isinstance(row, str) else row, prefix, version)


def _row(cls: type, row: Row, prefix: str, version: int) -> Iterator[Step]:
    match row:
        case Named() if row.since <= version < row.until:
            for name in row.names.split():
                yield from _field(cls, name, prefix, version, row.kind)
        case Spare():
            (leaf,) = _field(cls, row.name, prefix, version, None)
            assert isinstance(leaf, Leaf)
            yield Extra(leaf, row.left)
        case Blank() if row.since <= version < row.until:
            yield Constant(row.text)
        case Joined():
            yield Texts(prefix + row.first, prefix + row.second)
        case Inside():
            inner = _bare(hints_of(cls)[row.name])
            yield from _steps(inner, row.rows, f"{prefix}{row.name}.", version)
        case When():
            steps = tuple(_steps(cls, row.rows, prefix, version))
            if steps:
                yield Branch(prefix + row.path, row.test, steps)
        case Led():
            (leaf,) = _field(cls, row.name, prefix, version, None)
            assert isinstance(leaf, Leaf)
            between = tuple(_steps(cls, (row.between,), prefix, version))
            yield Leading(leaf, between, tuple(_steps(cls, row.rows, prefix, version)))
        case Items():
            yield _listing(_bare(hints_of(cls)[row.name]), prefix + row.name, row.rows, version)
        case Choice():
            yield _variants(row, prefix, version)


def _field(cls: type, name: str, prefix: str, version: int, kind: Kind | None) -> Iterator[Step]:
    """The steps of one field by its type; none if the version does not have it."""
    hint = hints_of(cls)[name]
    notes = get_args(hint)[1:] if get_origin(hint) is Annotated else ()
    since = next((note.version for note in notes if isinstance(note, Since)), OLDEST)
    until = next((note.version for note in notes if isinstance(note, Until)), NEWEST + 1)
    if not since <= version < until:
        return
    spelled = kind or next((note for note in notes if isinstance(note, Kind)), None)
    path = prefix + name
    if spelled is not None:
        yield Leaf(path, spelled, _defaults(cls)[name])
        return
    rows = next((note.rows for note in notes if isinstance(note, Rows | Items)), ())
    yield from _by_type(_bare(hint), path, rows, version, _defaults(cls)[name])


def _by_type(
    hint: Any, path: str, rows: tuple[Row, ...], version: int, default: Any
) -> Iterator[Step]:
    if hint in _KINDS:
        yield Leaf(path, _KINDS[hint], default)
    elif get_origin(hint) is tuple:
        yield _listing(hint, path, rows, version)
    elif get_origin(hint) is UnionType:
        (inner,) = (part for part in get_args(hint) if part is not NoneType)
        if _is_noun(inner):
            yield Noun(path, inner, tuple(_steps(inner, rows or _all_of(inner), "", version)))
        else:
            yield Leaf(path, _MAYBE_KINDS[inner], default)
    else:
        yield from _steps(hint, rows or _all_of(hint), f"{path}.", version)


def _listing(hint: Any, path: str, rows: tuple[Row, ...], version: int) -> Listing | Pairs:
    item = get_args(hint)[0]
    if get_origin(item) is tuple:
        return Pairs(path)
    if _is_noun(item):
        return Listing(path, item, tuple(_steps(item, rows or _all_of(item), "", version)))
    return Listing(path, None, tuple(_by_type(item, "", (), version, MISSING)))


def _variants(row: Choice, prefix: str, version: int) -> Variants:
    return Variants(
        prefix + row.name,
        {
            number: (cls, tuple(_steps(cls, _all_of(cls), "", version)))
            for number, cls in row.classes.items()
        },
    )


def _bare(hint: Any) -> Any:
    return get_args(hint)[0] if get_origin(hint) is Annotated else hint


def _is_noun(hint: Any) -> bool:
    return is_dataclass(hint)
