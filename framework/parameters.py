"""Parameters: the typed class attributes of a strategy, found, described and converted."""

from __future__ import annotations

__all__ = ["Parameter", "converted", "described", "hints_of"]

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar, get_origin, get_type_hints

from framework.errors import ConfigError, StrategyError

if TYPE_CHECKING:
    from pydantic import TypeAdapter


@dataclass(frozen=True, slots=True)
class Parameter:
    """One typed class attribute of a strategy.

    Attributes:
        name: attribute name.
        type: how its type is written.
        default: value when nothing is given.
    """

    name: str
    type: str
    default: object


def described(cls: type, hints: Mapping[str, type]) -> tuple[Parameter, ...]:
    """The parameters of a class, from their types."""
    return tuple(
        Parameter(name, getattr(hint, "__name__", str(hint)), getattr(cls, name))
        for name, hint in hints.items()
    )


def hints_of(cls: type, root: type) -> dict[str, type]:
    """Types of the parameters of a class by name, in the order written, base classes first.

    Args:
        cls: the class.
        root: the base class whose own attributes are no parameters.

    Raises:
        StrategyError: for a type without a default.
    """
    return _found_hints(cls, root)


@lru_cache(maxsize=1024)
def _found_hints(cls: Any, root: Any) -> dict[str, type]:
    found: dict[str, type] = {}
    for base in reversed(cls.__mro__):
        if base is root or not issubclass(base, root):
            continue
        hints = get_type_hints(base)
        for name in inspect.get_annotations(base):
            if name.startswith("_") or get_origin(hints[name]) is ClassVar:
                continue
            if not hasattr(cls, name):
                raise StrategyError(
                    f"{cls.__name__}.{name} has a type but no default.",
                    f"Write {name}: {getattr(hints[name], '__name__', hints[name])} = ...",
                )
            found[name] = hints[name]
    return found


@lru_cache(maxsize=256)
def _adapter(hint: type) -> TypeAdapter[object]:
    from pydantic import TypeAdapter  # noqa: PLC0415  # defaults need none of it

    return TypeAdapter(hint)


def converted(owner: str, name: str, hint: type, value: object) -> object:
    """`value` as a parameter of this type; text is converted.

    Raises:
        ConfigError: naming owner, parameter, value and type.
    """
    from pydantic import ValidationError  # noqa: PLC0415  # defaults need none of it

    try:
        return _adapter(hint).validate_python(value)
    except ValidationError as error:
        wanted = getattr(hint, "__name__", str(hint))
        raise ConfigError(
            f"{owner}: {name}={value!r} is not a valid {wanted} "
            f"({error.errors()[0]['msg'].lower()}).",
            f"Give {name} as {wanted}.",
        ) from None
