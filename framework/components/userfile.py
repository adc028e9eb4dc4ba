"""The user's own component: a class in a Python file, loaded and checked."""

from __future__ import annotations

__all__ = ["load_class", "path_of"]

import sys
from inspect import isclass
from pathlib import Path

from framework.errors import ConfigError, did_you_mean
from framework.modules import load_module

_PREFIX = "slipway_component_"


def load_class(path: str, name: str, method: str, kind: str) -> type:
    """Class `name` of the file at `path`; it must have the method components of `kind` have.

    Raises:
        ConfigError: no such file or class, a file that does not import, a class without the method.
    """
    file = Path(path)
    if not file.is_file():
        raise ConfigError(f"{kind}: there is no file {path}.", "Check the path of your component.")
    module = load_module(file, _PREFIX, ConfigError)
    classes = {
        key: value
        for key, value in vars(module).items()
        if isclass(value) and value.__module__ == module.__name__
    }
    if name not in classes:
        raise ConfigError(f"{kind}: {path} has no class {name!r}.", did_you_mean(name, classes))
    if not callable(getattr(classes[name], method, None)):
        raise ConfigError(
            f"{kind}: {name} in {path} has no method {method!r}.",
            f"Every {kind} component has one; framework/ports.py shows its arguments.",
        )
    return classes[name]


def path_of(cls: type) -> str | None:
    """The file a user's class is in, relative to here if below; None if it is in none.

    That is a file a spec has named, or the script that is running.
    """
    source = getattr(sys.modules.get(cls.__module__), "__file__", None)
    if source is None or not (cls.__module__.startswith(_PREFIX) or cls.__module__ == "__main__"):
        return None
    file = Path(source)
    here = Path.cwd()
    return (file.relative_to(here) if file.is_relative_to(here) else file).as_posix()
