"""The little language messages are described in: a dataclass is its layout, row by row.

The fields of a message's dataclass, in their order, are what stands on the wire; a field's type
says how it is spelled. What a type cannot say stands beside it:

- `Annotated[str, Since(166)]` and `Until(177)`: versions that have the field;
- `Annotated[float, SIZE]`: another spelling;
- `Annotated[WireContract, Rows("con_id symbol")]`: which fields of a noun, in which order;
- `tuple[X, ...]`: a count, then that many; `X | None` of a noun: a flag, then the noun if set.

Where fields of several nouns alternate, or stand there only under a condition, the message has a
table of `Rows` instead.
"""

from __future__ import annotations

__all__ = [
    "NEWEST",
    "OLDEST",
    "Blank",
    "Choice",
    "Inside",
    "Items",
    "Joined",
    "Led",
    "Message",
    "Named",
    "Row",
    "Rows",
    "Since",
    "Spare",
    "Until",
    "When",
    "by_number",
]

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from framework.emulator.protocol.kinds import Kind

OLDEST = 157
"""The lowest server version spoken here."""

NEWEST = 178
"""The highest; what comes after needs other encodings."""


@dataclass(frozen=True, slots=True)
class Since:
    """The first version that has the field."""

    version: int


@dataclass(frozen=True, slots=True)
class Until:
    """The first version that has the field no more."""

    version: int


@dataclass(frozen=True, slots=True)
class Named:
    """Fields of the present noun, by name, separated by spaces.

    Attributes:
        names: of the fields.
        since: the first version that has them.
        until: the first version that has them no more.
        kind: how they are spelled, where it is not as their types say.
    """

    names: str
    since: int = OLDEST
    until: int = NEWEST + 1
    kind: Kind | None = None


@dataclass(frozen=True, slots=True)
class Spare:
    """A field some senders leave out: it is there if at least `left` fields are left."""

    name: str
    left: int


@dataclass(frozen=True, slots=True)
class Blank:
    """A text that is always the same, of a field nobody reads any more."""

    text: str = ""
    since: int = OLDEST
    until: int = NEWEST + 1


@dataclass(frozen=True, slots=True)
class Joined:
    """Two texts of the present noun in one field: the second, if any, after a space."""

    first: str
    second: str


class Rows:
    """What stands on the wire of one noun; a plain text among the rows is field names."""

    __slots__ = ("rows",)

    def __init__(self, *rows: Row) -> None:
        self.rows = rows


class Inside:
    """Rows of a noun that is a field of the present one."""

    __slots__ = ("name", "rows")

    def __init__(self, name: str, *rows: Row) -> None:
        self.name = name
        self.rows = rows


class When:
    """Rows that are there only if a field before them, `path`, passes a test."""

    __slots__ = ("path", "rows", "test")

    def __init__(self, path: str, test: Callable[[Any], bool], *rows: Row) -> None:
        self.path = path
        self.test = test
        self.rows = rows


class Led:
    """A text, and rows that are there only if it is not empty.

    Args:
        name: of the text.
        rows: what follows it.
        between: fields that stand between the two in any case.
    """

    __slots__ = ("between", "name", "rows")

    def __init__(self, name: str, *rows: Row, between: str = "") -> None:
        self.name = name
        self.rows = rows
        self.between = between


class Items:
    """A counted list of nouns, and what of each is sent: by default all."""

    __slots__ = ("name", "rows")

    def __init__(self, name: str, *rows: Row) -> None:
        self.name = name
        self.rows = rows


@dataclass(frozen=True, slots=True)
class Choice:
    """A counted list of nouns of several classes, each led by the number of its class."""

    name: str
    classes: Mapping[int, type]


Row: TypeAlias = str | Named | Spare | Blank | Joined | Inside | When | Led | Items | Choice


@dataclass(frozen=True, slots=True)
class Message:
    """One row of the protocol: a number, the noun it carries, and how it is laid out.

    Attributes:
        number: first field on the wire.
        noun: a dataclass.
        version: of the message itself, sent as second field; None for messages without.
        version_until: the first server version that sends that field no more.
        rows: the layout, where the dataclass alone is not.
        telling: index of the field, and the texts in it, that mark this noun among several of the
            same number; an index of 0 marks nothing.
        marks: those texts.
    """

    number: int
    noun: type
    version: int | None = None
    version_until: int = NEWEST + 1
    rows: Rows | None = None
    telling: int = 0
    marks: tuple[str, ...] = ()


def by_number(*messages: Message) -> Mapping[int, tuple[Message, ...]]:
    """Messages by their numbers; one number may have several nouns."""
    table: dict[int, tuple[Message, ...]] = {}
    for message in messages:
        table[message.number] = (*table.get(message.number, ()), message)
    return table
