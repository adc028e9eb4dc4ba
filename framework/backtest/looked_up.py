"""Looked up: the names that the code of a strategy class uses."""

from __future__ import annotations

__all__ = ["names_in"]

from collections.abc import Iterator
from types import CodeType, FunctionType

from framework.strategy import Strategy


def names_in(strategy: type) -> Iterator[str]:
    """Every name the code of a strategy class looks up."""
    for one in strategy.__mro__:
        if one is Strategy:
            return
        for value in vars(one).values():
            function = getattr(value, "fget", None) or getattr(value, "__func__", value)
            if isinstance(function, FunctionType):
                yield from _names(function.__code__)


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)
