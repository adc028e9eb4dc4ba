"""The sizer a run asks for by name: one of backtrader's, or one in the strategy's own file."""

from __future__ import annotations

__all__ = ["sizer_of"]

import ast
import inspect
import sys
from collections.abc import Mapping
from typing import Any

import backtrader as bt

from framework.errors import ConfigError, did_you_mean


def sizer_of(text: str, module: str) -> tuple[type[Any], Mapping[str, object]]:
    """The sizer class and its parameters that a text such as "PercentSizer(percents=20)" names.

    Args:
        text: a class name, with parameters in brackets if there are any.
        module: name of the module the strategy is in; its own sizers come first.

    Raises:
        ConfigError: for a text that is no such call, an unknown sizer or an unknown parameter.
    """
    name, given = _parsed(text)
    known = _sizers(vars(bt.sizers)) | _sizers(vars(sys.modules[module]))
    if name not in known:
        raise ConfigError(f"There is no sizer {name!r}.", did_you_mean(name, known))
    sizer = known[name]
    names = list(sizer.params._getkeys())
    for parameter in given:
        if parameter not in names:
            raise ConfigError(
                f"The sizer {name} has no parameter {parameter!r}.", did_you_mean(parameter, names)
            )
    return sizer, given


def _sizers(names: Mapping[str, object]) -> dict[str, type[Any]]:
    return {
        name: value
        for name, value in names.items()
        if inspect.isclass(value) and issubclass(value, bt.Sizer) and value is not bt.Sizer
    }


def _parsed(text: str) -> tuple[str, dict[str, object]]:
    try:
        node = ast.parse(text.strip(), mode="eval").body
        if isinstance(node, ast.Name):
            return node.id, {}
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.args:
            named = {str(one.arg): ast.literal_eval(one.value) for one in node.keywords}
            return node.func.id, named
    except (SyntaxError, ValueError):
        pass
    raise ConfigError(
        f"The sizer is {text!r}.", 'Write it as "PercentSizer" or "PercentSizer(percents=20)".'
    )
