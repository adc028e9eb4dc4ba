"""What parameters a component class takes, and the user's values turned into their types."""

from __future__ import annotations

__all__ = ["ParameterInfo", "convert", "parameters_of", "plain", "summary_of"]

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from inspect import Parameter, getdoc, signature
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from framework.errors import ConfigError


@dataclass(frozen=True, slots=True)
class ParameterInfo:
    """One parameter of a component.

    Attributes:
        name: what a spec calls it.
        type: its type in plain words.
        default: value without one given; None when `required`.
        required: whether it has no default.
        description: what it means, with its unit.
        hint: its Python type.
    """

    name: str
    type: str
    default: object
    required: bool
    description: str
    hint: Any


def summary_of(cls: type) -> str:
    """First line of the class's docstring."""
    return (getdoc(cls) or "").partition("\n")[0]


def parameters_of(cls: type) -> tuple[ParameterInfo, ...]:
    """The parameters of `cls`, in order, from its signature and its docstring."""
    if cls.__init__ is object.__init__:  # type: ignore[misc]
        return ()
    hints = get_type_hints(cls.__init__)  # type: ignore[misc]
    texts = _descriptions(getdoc(cls) or "")
    found = []
    for name, parameter in signature(cls).parameters.items():
        required = parameter.default is Parameter.empty
        hint = hints.get(name, Any)
        default = None if required else parameter.default
        found.append(
            ParameterInfo(name, _words(hint), default, required, texts.get(name, ""), hint)
        )
    return tuple(found)


def convert(owner: str, parameter: ParameterInfo, value: object) -> object:
    """`value` as the parameter's type: text from a command line or a value from a run file.

    A list in text is written with "+": SPY+QQQ.

    Raises:
        ConfigError: it does not fit; `owner` names the component in the message.
    """
    options = _options(parameter.hint)
    prepared = value
    if isinstance(value, str):
        if NoneType in options and value.lower() in ("none", "null"):
            return None
        if any(get_origin(option) in (tuple, list) for option in options):
            prepared = [item.strip() for item in value.split("+")]
    if isinstance(value, bool) and bool not in options and Any not in options:
        raise _misfit(owner, parameter, value)
    from pydantic import (  # noqa: PLC0415  # a component given as an object needs none of it
        PydanticUserError,
        TypeAdapter,
        ValidationError,
    )

    try:
        return TypeAdapter(parameter.hint).validate_python(prepared)
    except (ValidationError, PydanticUserError) as error:
        raise _misfit(owner, parameter, value) from error


def plain(value: object, hint: object) -> object:
    """`value` as a run file writes it: numbers of the parameter's type, lists for tuples."""
    if isinstance(value, str | bool | NoneType):
        return value
    if isinstance(value, Mapping):
        return {str(key): plain(item, Any) for key, item in value.items()}
    if isinstance(value, Sequence):
        return [plain(item, Any) for item in value]
    if float in _options(hint) or not isinstance(value, int):
        return float(value)  # type: ignore[arg-type]
    return int(value)


def _misfit(owner: str, parameter: ParameterInfo, value: object) -> ConfigError:
    return ConfigError(f"{owner}: {parameter.name} is {value!r}.", f"Give {parameter.type}.")


def _options(hint: object) -> tuple[Any, ...]:
    return get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)


def _words(hint: object) -> str:
    simple: dict[object, str] = {
        float: "a number",
        int: "a whole number",
        bool: "true or false",
        str: "text",
        NoneType: "none",
        Any: "any value",
    }
    words = []
    for option in _options(hint):
        if option in simple:
            words.append(simple[option])
        elif get_origin(option) is Literal:
            words += [repr(choice) for choice in get_args(option)]
        elif get_origin(option) in (tuple, list):
            words.append("a list")
        else:
            words.append(str(getattr(option, "__name__", option)))
    return " or ".join(words)


def _descriptions(doc: str) -> dict[str, str]:
    """The "name: text" entries of the docstring's Attributes or Args section."""
    section = re.search(r"^(?:Attributes|Args):\n((?:[ \t]+.*\n?|\n)+)", doc, re.MULTILINE)
    if section is None:
        return {}
    found: dict[str, str] = {}
    name = ""
    for line in section[1].splitlines():
        entry = re.fullmatch(r" {4}(\w+): (.*)", line)
        if entry is not None:
            name = entry[1]
            found[name] = entry[2].strip()
        elif name and line.strip():
            found[name] += " " + line.strip()
    return found
