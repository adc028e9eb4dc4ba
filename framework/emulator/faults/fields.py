"""The fields of a message by name or number: found, compared and overwritten in its raw bytes.

Where a named field stands is asked of the protocol itself: the message is read, the one field
changed, and written again; the first field that differs is the one. So a plan says "outside_rth"
of an OpenOrder, and no place is written down a second time.
"""

from __future__ import annotations

__all__ = ["changed", "check_fields", "place_of", "reads"]

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from decimal import Decimal, InvalidOperation
from functools import cache
from types import NoneType
from typing import Any, cast, get_args, get_type_hints

from framework.emulator.faults.fault import Fault
from framework.emulator.faults.kinds import noun_of
from framework.emulator.faults.message import Direction, MessageView
from framework.emulator.faults.scene import Scene
from framework.emulator.faults.triggers import OnAnswer, OnRequest
from framework.emulator.faults.values import Numbers, Pairs
from framework.emulator.faults.verbs import expanded
from framework.emulator.faults.verbs_message import Dup, Mutate
from framework.emulator.protocol.codec import (
    decode_answer,
    decode_request,
    encode_answer,
    encode_request,
)
from framework.emulator.protocol.errors import ProtocolError
from framework.errors import ConfigError, did_you_mean

_CONDITIONAL = frozenset({"CompletedOrder", "OpenOrder", "PlaceOrder"})
"""Messages whose fields move with what is in them."""

_SCALARS = {bool, float, int, str, NoneType}
"""What one field can hold."""

Path = tuple[str, ...]


def check_fields(fault: Fault, where: str) -> None:
    """Refuse names that are no fields of the messages the fault is about.

    Raises:
        ConfigError: naming the field and the nearest one.
    """
    when = fault.when
    if not isinstance(when, OnAnswer | OnRequest):
        return
    direction = Direction.REQUEST if isinstance(when, OnRequest) else Direction.ANSWER
    messages = when.request if isinstance(when, OnRequest) else when.answer
    names = {name: "when.where" for name, _ in when.where}
    for verb in expanded(fault.do):
        if isinstance(verb, Dup | Mutate):
            names |= {name: type(verb).__name__.lower() for name, _ in (*verb.set, *verb.add)}
    for name, place in names.items():
        if name.isdecimal():
            continue
        if not messages:
            raise ConfigError(
                f"{where}: {place} names the field {name!r} of any message.",
                "Name the messages, or give the field's number; 0 is the message's id.",
            )
        for message in messages:
            known = _paths(noun_of(direction, message))
            if name not in known:
                raise ConfigError(
                    f"{where}: {place}: {message} has no field {name!r}.",
                    did_you_mean(name, known),
                )


def reads(view: MessageView, wanted: Pairs) -> bool:
    """Whether fields of the message read as wanted: the same text, or the same number."""
    texts = _split(view.payload)
    for name, text in wanted:
        place = place_of(view, name)
        if place is None or place >= len(texts) or not _same(texts[place], text):
            return False
    return True


def changed(
    view: MessageView, payload: bytes, texts: Pairs, numbers: Numbers, scene: Scene
) -> tuple[bytes, str]:
    """A copy of the message with fields overwritten.

    Args:
        view: the message as it came; it says where fields are.
        payload: the copy.
        texts: what fields are to read.
        numbers: what is added to fields.
        scene: what `$order`, `$request` and `$client` stand for.

    Returns:
        the bytes, and what could not be done; empty if all was.
    """
    found = _split(payload)
    notes = []
    for name, text in texts:
        place = place_of(view, name)
        if place is None or place >= len(found):
            notes.append(f"no field {name}")
        else:
            found[place] = scene.filled(text).replace("$text", found[place])
    for name, number in numbers:
        place = place_of(view, name)
        if place is None or place >= len(found):
            notes.append(f"no field {name}")
            continue
        total = _sum(found[place], number)
        if total is None:
            notes.append(f"{name} is no number")
        else:
            found[place] = total
    return _joined(found), ", ".join(notes)


def place_of(view: MessageView, name: str) -> int | None:
    """Where a field stands among those of a message, from 0; None if it is not there."""
    if name.isdecimal():
        return int(name)
    if view.message in _CONDITIONAL:
        return _searched(view, name)
    key = (view.direction, view.message, view.version, view.payload.count(b"\0"), name)
    if key not in _PLACES:
        found = _searched(view, name)
        if found is None:
            return None
        _PLACES[key] = found
    return _PLACES[key]


_PLACES: dict[tuple[Direction, str, int, int, str], int] = {}
"""Places found before, of messages in which they stay the same."""


def _searched(view: MessageView, name: str) -> int | None:
    path = _paths(noun_of(view.direction, view.message))[name]
    try:
        noun = _read(view)
        plain = _split(_written(view, noun))
        other = _split(_written(view, _altered(noun, path)))
    except ProtocolError:
        return None
    pairs = enumerate(zip(plain, other, strict=False))
    return next((place for place, (one, two) in pairs if one != two), None)


def _read(view: MessageView) -> Any:
    request = view.direction is Direction.REQUEST
    return (decode_request if request else decode_answer)(view.payload, view.version)


def _written(view: MessageView, noun: Any) -> bytes:
    request = view.direction is Direction.REQUEST
    return (encode_request if request else encode_answer)(noun, view.version)


@cache
def _paths(cls: type) -> Mapping[str, Path]:
    """Where each name is in a noun and the nouns in it: the outermost wins, then the first."""
    hints = get_type_hints(cls)
    found: dict[str, Path] = {}
    inner: list[tuple[str, type]] = []
    for field in fields(cast(Any, cls)):
        if is_dataclass(hints[field.name]):
            inner.append((field.name, cast(type, hints[field.name])))
        elif set(get_args(hints[field.name]) or (hints[field.name],)) <= _SCALARS:
            found[field.name] = (field.name,)
    for name, noun in inner:
        for below, path in _paths(noun).items():
            found.setdefault(below, (name, *path))
            found.setdefault(f"{name}.{below}", (name, *path))
    return found


def _altered(noun: Any, path: Path) -> Any:
    """The noun with another value at a path."""
    name, rest = path[0], path[1:]
    value = getattr(noun, name)
    return replace(noun, **{name: _altered(value, rest) if rest else _other(value)})


def _other(value: object) -> object:
    if isinstance(value, bool):
        return not value
    if isinstance(value, str):
        return f"{value}1"
    if value is None:
        return 1
    assert isinstance(value, int | float)
    return value + 1 if value + 1 != value else 1.0


def _split(payload: bytes) -> list[str]:
    return payload.decode("utf-8", "surrogateescape").split("\0")[:-1]


def _joined(texts: list[str]) -> bytes:
    return "".join(f"{text}\0" for text in texts).encode("utf-8", "surrogateescape")


def _same(one: str, other: str) -> bool:
    if one == other:
        return True
    try:
        return Decimal(one) == Decimal(other)
    except InvalidOperation:
        return False


def _sum(text: str, number: float) -> str | None:
    """The text of a sum; a whole number stays one. None if the text is no number."""
    try:
        total = Decimal(text) + Decimal(repr(number))
    except InvalidOperation:
        return None
    whole = total.is_finite() and total == total.to_integral_value() and "." not in text
    return str(int(total)) if whole else str(total)
