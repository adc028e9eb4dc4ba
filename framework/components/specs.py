"""Spec: a component as the user writes it, taken apart but not yet understood."""

from __future__ import annotations

__all__ = ["Spec", "parse_spec"]

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from framework.errors import ConfigError

_USER_CLASS = re.compile(r"(?P<path>.+\.py):(?P<name>[^:]*)(?::(?P<rest>.*))?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Spec:
    """A name and its parameters.

    Attributes:
        name: registry name, or the class's name when `path` is given.
        path: the user's file, None for a built-in component.
        positional: values without a name, for the first parameters in order.
        named: values by parameter name.
    """

    name: str
    path: str | None = None
    positional: tuple[str, ...] = ()
    named: Mapping[str, object] = field(default_factory=dict)


def parse_spec(kind: str, spec: str | Mapping[str, object]) -> Spec:
    """Take a spec apart.

    Raises:
        ConfigError: it is no text or mapping, it has no name, or a part of it is malformed.
    """
    if isinstance(spec, str):
        name, path, rest = _split(spec)
        positional, named = _parameters(kind, name, rest)
        return Spec(_named(kind, name), path, positional, named)
    if not isinstance(spec, Mapping):
        raise ConfigError(
            f"A {kind} component is {spec!r}.", 'Write "name:value" or {name: ..., parameter: ...}.'
        )
    wrong = [key for key in spec if not isinstance(key, str)]
    if wrong:
        raise ConfigError(f"{kind}: the parameter name {wrong[0]!r} is no text.", "Quote it.")
    text = spec.get("name")
    if not isinstance(text, str):
        raise ConfigError(f"{kind}: the component {dict(spec)!r} has no name.", "Add name: NAME.")
    name, path, rest = _split(text)
    if rest:
        raise ConfigError(
            f"{kind}: the name {text!r} carries parameters.", "Give them as keys of the mapping."
        )
    return Spec(_named(kind, name), path, (), {key: spec[key] for key in spec if key != "name"})


def _split(text: str) -> tuple[str, str | None, str]:
    user = _USER_CLASS.fullmatch(text.strip())
    if user is not None:
        return user["name"].strip(), user["path"], user["rest"] or ""
    name, _, rest = text.strip().partition(":")
    return name.strip(), None, rest


def _named(kind: str, name: str) -> str:
    if not name:
        raise ConfigError(f"{kind}: the component has no name.", 'Write "name:value".')
    return name


def _parameters(kind: str, name: str, text: str) -> tuple[tuple[str, ...], dict[str, object]]:
    positional: list[str] = []
    named: dict[str, object] = {}
    for part in [item.strip() for item in text.split(",")] if text.strip() else []:
        key, equals, value = (piece.strip() for piece in part.partition("="))
        if not key or (equals and not value):
            raise ConfigError(
                f"{kind} {name}: the parameter {part!r} is incomplete.", "Write parameter=value."
            )
        if not equals and named:
            raise ConfigError(f"{kind} {name}: {part!r} follows a named parameter.", "Name it too.")
        if key in named:
            raise ConfigError(f"{kind} {name}: {key} is given twice.", "Give it once.")
        if equals:
            named[key] = value
        else:
            positional.append(key)
    return tuple(positional), named
