"""Plan files to faults and back: every key checked, every problem named with its place."""

from __future__ import annotations

__all__ = ["fault_of", "keyed", "plain_fault", "said_of", "said_when"]

from collections.abc import Iterable, Mapping
from dataclasses import MISSING, fields
from typing import Any, TypeVar, cast

import yaml

from framework.emulator.faults.fault import Fault
from framework.emulator.faults.triggers import TRIGGERS, Trigger
from framework.emulator.faults.values import value_of
from framework.emulator.faults.verbs import VERBS
from framework.errors import ConfigError, did_you_mean

T = TypeVar("T")

_KEYS = ("name", "when", "do", "times", "chance")


def fault_of(given: object, row: int, file: str) -> Fault:
    """The fault a plan's entry describes.

    Args:
        given: the entry.
        row: its place in the list, from 1.
        file: what the plan is called.

    Raises:
        ConfigError: naming file, row, key, value and remedy.
    """
    where = f"{file}: fault {row}"
    content = keyed(where, given, _KEYS)
    if isinstance(content.get("name"), str):
        where = f"{where} ({content['name']})"
    for key in ("when", "do"):
        if key not in content:
            raise ConfigError(f"{where} has no {key!r}.", _EXAMPLE)
    values: dict[str, object] = {"name": content.get("name", f"fault_{row}")}
    values |= {key: content[key] for key in ("times", "chance") if key in content}
    return Fault(
        when=_trigger(f"{where}: when", content["when"]),
        do=tuple(_verbs(f"{where}: do", content["do"])),
        **cast(Any, {key: _value(where, Fault, key, value) for key, value in values.items()}),
    )


_EXAMPLE = "Write {when: {answer: OrderStatus}, do: drop}."


def plain_fault(fault: Fault) -> dict[str, object]:
    """What a plan file says of a fault."""
    found: dict[str, object] = {"name": fault.name, "when": _plain_trigger(fault.when)}
    verbs = [_plain_verb(verb) for verb in fault.do]
    found["do"] = verbs[0] if len(verbs) == 1 else verbs
    return found | _changed(fault, ("times", "chance"))


def said_of(fault: Fault) -> str:
    """Its verbs in one line, as a plan writes them."""
    return ", ".join(_line(_plain_verb(verb)) for verb in fault.do)


def said_when(fault: Fault) -> str:
    """Its trigger in one line, as a plan writes it."""
    return _line(_plain_trigger(fault.when))


def _line(plain: object) -> str:
    if isinstance(plain, str):
        return plain
    text: str = yaml.safe_dump(plain, default_flow_style=True, sort_keys=False, width=10_000)
    return text.strip().removeprefix("{").removesuffix("}")


def keyed(where: str, given: object, known: Iterable[str]) -> Mapping[str, object]:
    """A mapping with known keys only.

    Raises:
        ConfigError: it is none, or has others.
    """
    if not isinstance(given, dict):
        raise ConfigError(f"{where} is {given!r}.", "Write a mapping, one `key: value` a line.")
    for key in given:
        if key not in known:
            raise ConfigError(f"{where}: there is no key {key!r}.", did_you_mean(str(key), known))
    return given


def _trigger(where: str, given: object) -> Trigger:
    if isinstance(given, str):
        if given not in ("start", "connect"):
            raise ConfigError(
                f"{where} is {given!r}.", "Write {answer: OrderStatus}, start or connect."
            )
        return TRIGGERS[given]()
    if not isinstance(given, dict):
        raise ConfigError(f"{where} is {given!r}.", "Write a mapping: {answer: OrderStatus}.")
    kinds = [key for key in given if key in TRIGGERS]
    if len(kinds) != 1:
        said = f"says {' and '.join(kinds)}" if kinds else f"is {given!r}"
        raise ConfigError(f"{where} {said}.", f"Give one of: {', '.join(TRIGGERS)}.")
    cls = TRIGGERS[kinds[0]]
    if cls is TRIGGERS["connect"] and given["connect"] == "any":
        given = {key: value for key, value in given.items() if key != "connect"}
    return _built(where, cls, given)


def _plain_trigger(trigger: Trigger) -> object:
    key = fields(trigger)[0].name
    plain = _changed(trigger, [field.name for field in fields(trigger)])
    if not plain and key in ("start", "connect"):
        return key
    return {key: 0.0 if key == "start" else "any"} | plain


def _verbs(where: str, given: object) -> Iterable[object]:
    listed = given if isinstance(given, list) else [given]
    if not listed:
        raise ConfigError(f"{where} is empty.", f"Give verbs. {did_you_mean('', VERBS)}")
    for number, one in enumerate(listed, start=1):
        yield _verb(f"{where}[{number}]" if len(listed) > 1 else where, one)


def _verb(where: str, given: object) -> object:
    name, content = given, cast(object, {})
    if isinstance(given, dict) and len(given) == 1:
        ((name, content),) = given.items()
    if not isinstance(name, str):
        raise ConfigError(f"{where} is {given!r}.", "Write one verb: drop, or {hold: 3}.")
    if name not in VERBS:
        raise ConfigError(f"{where}: there is no verb {name!r}.", did_you_mean(name, VERBS))
    cls, where = VERBS[name], f"{where}.{name}"
    if not isinstance(content, dict):
        known = [field.name for field in fields(cls)]
        if not known:
            raise ConfigError(f"{where} is {content!r}.", f"Write {name} alone: it takes nothing.")
        content = {known[0]: content}
    return _built(where, cls, content)


def _plain_verb(verb: object) -> object:
    name = next(name for name, cls in VERBS.items() if cls is type(verb))
    known = [field.name for field in fields(cast(Any, verb))]
    plain = _changed(verb, known)
    if not plain:
        return name
    alone = list(plain) == known[:1] and not isinstance(plain[known[0]], dict)
    return {name: plain[known[0]] if alone else plain}


def _built(where: str, cls: type[T], given: Mapping[Any, object]) -> T:
    known = {field.name: field for field in fields(cast(Any, cls))}
    content = keyed(where, given, known)
    values = {key: _value(where, cls, key, value) for key, value in content.items()}
    missing = [
        name for name, field in known.items() if field.default is MISSING and name not in values
    ]
    if missing:
        raise ConfigError(f"{where}: {missing[0]} is missing.", f"Write {missing[0]}: VALUE.")
    try:
        return cls(**values)
    except ValueError as error:
        raise ConfigError(f"{where} is {dict(content)!r}.", str(error)) from None


def _value(where: str, cls: type, key: str, value: object) -> object:
    try:
        return value_of(cls, key).read(value)
    except ValueError as error:
        raise ConfigError(f"{where}.{key} is {value!r}.", str(error)) from None


def _changed(noun: object, names: Iterable[str]) -> dict[str, object]:
    """The fields that are not what they are by default, plainly written."""
    defaults = {field.name: field.default for field in fields(cast(Any, noun))}
    return {
        name: value_of(type(noun), name).write(getattr(noun, name))
        for name in names
        if getattr(noun, name) != defaults[name]
    }
