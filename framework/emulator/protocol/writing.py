"""From a noun to its fields: a plan made into functions once, so that a tick costs microseconds."""

from __future__ import annotations

__all__ = ["Encode", "Spell", "encoder"]

from collections.abc import Callable, Iterable, Mapping
from operator import attrgetter
from typing import Any, TypeAlias

from framework.emulator.protocol.errors import ProtocolError
from framework.emulator.protocol.kinds import FLAG, INTEGER, TEXT, Kind, Write
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
)

Encode: TypeAlias = Callable[[Any], bytes]
"""A noun's payload."""

Spell: TypeAlias = Callable[[Kind], Write]
"""Which of a kind's spellings is used: a client's, a server's, or a server's without fractions."""

_Put: TypeAlias = Callable[[Any, list[str]], None]
"""Append a noun's fields."""

_WRONG = (ArithmeticError, AttributeError, TypeError, ValueError)
"""What a value of another type than its field's raises when it is spelled."""


def encoder(head: Iterable[str], steps: tuple[Step, ...], name: str, spell: Spell) -> Encode:
    """The function that makes a noun's payload.

    Args:
        head: the fields before the noun's own.
        steps: of the noun.
        name: of the noun, for error messages.
        spell: picks a kind's spelling.
    """
    start = "".join(f"{text}\0" for text in head)
    if steps and all(isinstance(step, Leaf) for step in steps):
        return _flat(start, [step for step in steps if isinstance(step, Leaf)], name, spell)
    puts = _puts(steps, spell)

    def encode(noun: Any) -> bytes:
        out: list[str] = []
        try:
            for put in puts:
                put(noun, out)
            out.append("")
            return (start + "\0".join(out)).encode()
        except _WRONG as error:
            raise ProtocolError(f"{name} cannot be written: {error}.") from error

    return encode


def _flat(start: str, leaves: list[Leaf], name: str, spell: Spell) -> Encode:
    """The same for a noun that is all plain fields, as quick as can be."""
    get = _getter([leaf.path for leaf in leaves])
    writes = [spell(leaf.kind) for leaf in leaves]

    def encode(noun: Any) -> bytes:
        try:
            texts = [write(value) for write, value in zip(writes, get(noun), strict=True)]
            texts.append("")
            return (start + "\0".join(texts)).encode()
        except _WRONG as error:
            raise ProtocolError(f"{name} cannot be written: {error}.") from error

    return encode


def _getter(paths: list[str]) -> Callable[[Any], tuple[Any, ...]]:
    """The values at several paths; at one path, a tuple all the same."""
    if len(paths) > 1:
        return attrgetter(*paths)
    get = _at(paths[0])
    return lambda noun: (get(noun),)


def _at(path: str) -> Callable[[Any], Any]:
    """The value at a path; the noun itself at an empty one."""
    return attrgetter(path) if path else lambda value: value


def _puts(steps: tuple[Step, ...], spell: Spell) -> list[_Put]:
    """The functions of some steps; neighbouring plain fields share one."""
    puts: list[_Put] = []
    run: list[Leaf] = []
    for step in steps:
        if isinstance(step, Leaf):
            run.append(step)
            continue
        if run:
            puts.append(_run(run, spell))
            run = []
        puts.append(_put(step, spell))
    return [*puts, _run(run, spell)] if run else puts


def _run(leaves: list[Leaf], spell: Spell) -> _Put:
    get = _getter([leaf.path for leaf in leaves])
    writes = [spell(leaf.kind) for leaf in leaves]

    def put(noun: Any, out: list[str]) -> None:
        out += [write(value) for write, value in zip(writes, get(noun), strict=True)]

    return put


def _put(step: Step, spell: Spell) -> _Put:
    put: _Put
    match step:
        case Constant(text):
            put = _constant(text)
        case Extra(leaf, _):
            put = _run([leaf], spell)
        case Texts():
            put = _texts(step, spell)
        case Branch(path, test, steps):
            put = _branch(_at(path), test, _puts(steps, spell))
        case Leading():
            put = _leading(step, spell)
        case Noun(path, _, steps):
            put = _noun(_at(path), _puts(steps, spell), spell)
        case Listing(path, _, steps):
            put = _listing(_at(path), _puts(steps, spell), spell)
        case Pairs(path):
            put = _pairs(_at(path), spell)
        case Variants(path, classes):
            puts = {cls: (number, _puts(steps, spell)) for number, (cls, steps) in classes.items()}
            put = _variants(_at(path), puts, spell)
        case Leaf():
            put = _run([step], spell)
    return put


def _constant(text: str) -> _Put:
    return lambda noun, out: out.append(text)


def _texts(step: Texts, spell: Spell) -> _Put:
    first, second, write = _at(step.first), _at(step.second), spell(TEXT)

    def put(noun: Any, out: list[str]) -> None:
        more = second(noun)
        out.append(write(f"{first(noun)} {more}" if more else first(noun)))

    return put


def _branch(get: Callable[[Any], Any], test: Callable[[Any], bool], puts: list[_Put]) -> _Put:
    def put(noun: Any, out: list[str]) -> None:
        if test(get(noun)):
            for inner in puts:
                inner(noun, out)

    return put


def _leading(step: Leading, spell: Spell) -> _Put:
    get, write = _at(step.leaf.path), spell(step.leaf.kind)
    between, puts = _puts(step.between, spell), _puts(step.steps, spell)

    def put(noun: Any, out: list[str]) -> None:
        text = write(get(noun))
        out.append(text)
        for inner in [*between, *puts] if text else between:
            inner(noun, out)

    return put


def _noun(get: Callable[[Any], Any], puts: list[_Put], spell: Spell) -> _Put:
    flag = spell(FLAG)

    def put(noun: Any, out: list[str]) -> None:
        inner = get(noun)
        out.append(flag(inner is not None))
        if inner is not None:
            for each in puts:
                each(inner, out)

    return put


def _listing(get: Callable[[Any], Any], puts: list[_Put], spell: Spell) -> _Put:
    count = spell(INTEGER)

    def put(noun: Any, out: list[str]) -> None:
        items = get(noun)
        out.append(count(len(items)))
        for item in items:
            for each in puts:
                each(item, out)

    return put


def _pairs(get: Callable[[Any], Any], spell: Spell) -> _Put:
    count, write = spell(INTEGER), spell(TEXT)

    def put(noun: Any, out: list[str]) -> None:
        pairs = get(noun)
        out.append(count(len(pairs)))
        for tag, value in pairs:
            out += (write(tag), write(value))

    return put


def _variants(
    get: Callable[[Any], Any], classes: Mapping[type, tuple[int, list[_Put]]], spell: Spell
) -> _Put:
    count = spell(INTEGER)

    def put(noun: Any, out: list[str]) -> None:
        items = get(noun)
        out.append(count(len(items)))
        for item in items:
            if type(item) not in classes:
                raise ValueError(f"{item!r} has no number on the wire")
            number, puts = classes[type(item)]
            out.append(count(number))
            for each in puts:
                each(item, out)

    return put
