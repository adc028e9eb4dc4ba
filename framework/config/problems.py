"""What a run file may get wrong, said in our words: the key, its value, the remedy."""

from __future__ import annotations

__all__ = ["problem_of"]

from collections.abc import Mapping, Sequence

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from framework.errors import ConfigError, did_you_mean

_WANTED = {
    "bool_type": "Write true or false.",
    "dict_type": "Write a mapping, one `name: value` a line.",
    "float_parsing": "Give a number.",
    "float_type": "Give a number.",
    "model_type": "Write a mapping, one `name: value` a line.",
    "string_type": "Give text; quote it if it looks like a number, a date or yes/no.",
    "tuple_type": "Give a list, such as [AAPL, MSFT].",
}

_PRIVATE = "alert"
_SHOWABLE = ("only", "except", "rate")
"""The section whose values may be secrets, and the keys of it that are none."""

Place = tuple[str, ...]


def problem_of(
    error: ValidationError,
    where: str,
    model: type[BaseModel],
    flags: Mapping[Place, str],
) -> ConfigError:
    """The first thing wrong, as an error.

    Args:
        error: what validation found.
        where: the run file's name.
        model: what it was validated as.
        flags: by place in the run file, the flag that gave its value instead.
    """
    first = error.errors(include_url=False)[0]
    place = tuple(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        known = _keys(model, place[:-1])
        inside = f" in {'.'.join(place[:-1])}" if len(place) > 1 else ""
        return ConfigError(
            f"{where}: there is no key {place[-1]!r}{inside}.", did_you_mean(place[-1], known)
        )
    name = next((flags[key] for key in _prefixes(place) if key in flags), "")
    if place[0] == _PRIVATE and place[-1] not in _SHOWABLE:
        return ConfigError(f"{where}: {'.'.join(place)} cannot be used.", _remedy(first))
    return ConfigError(
        f"{name or f'{where}: ' + '.'.join(place)} is {first['input']!r}.", _remedy(first)
    )


def _remedy(error: ErrorDetails) -> str:
    context = error.get("ctx", {})
    if error["type"] == "literal_error":
        options = [
            option.strip("' ") for option in context["expected"].replace(" or ", ",").split(",")
        ]
        return did_you_mean(str(error["input"]), options)
    if error["type"] == "value_error":
        return str(context["error"])
    return _WANTED.get(error["type"], f"{error['msg']}.")


def _prefixes(place: Place) -> Sequence[Place]:
    return [place[:length] for length in range(len(place), 0, -1)]


def _keys(model: type[BaseModel], place: Place) -> list[str]:
    """The keys of the section at `place`."""
    for part in place:
        for name, field in model.model_fields.items():
            inner = field.annotation
            if part != (field.alias or name) or not isinstance(inner, type):
                continue
            if issubclass(inner, BaseModel):
                model = inner
    return [field.alias or name for name, field in model.model_fields.items()]
