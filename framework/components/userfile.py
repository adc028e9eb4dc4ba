"""The user's own component: a class in a Python file, loaded and checked."""

from __future__ import annotations

__all__ = ["load_class", "path_of"]

import sys
from hashlib import sha256
from importlib.util import module_from_spec, spec_from_file_location
from inspect import isclass
from pathlib import Path
from types import ModuleType

from framework.errors import ConfigError, did_you_mean

_PREFIX = "slipway_component_"


def load_class(path: str, name: str, method: str, kind: str) -> type:
    """Class `name` of the file at `path`; it must have the method components of `kind` have.

    Raises:
        ConfigError: no such file or class, a file that does not import, a class without the method.
    """
    file = Path(path)
    if not file.is_file():
        raise ConfigError(f"{kind}: there is no file {path}.", "Check the path of your component.")
    module = _load(file, kind)
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
    """The file a user's class was loaded from, relative to here if below; None if it was not."""
    if not cls.__module__.startswith(_PREFIX):
        return None
    file = Path(str(sys.modules[cls.__module__].__file__))
    here = Path.cwd()
    return (file.relative_to(here) if file.is_relative_to(here) else file).as_posix()


def _load(file: Path, kind: str) -> ModuleType:
    """The file as a module; the same text at the same place is loaded once."""
    resolved = file.resolve()
    stamp = sha256(str(resolved).encode() + b"\0" + resolved.read_bytes()).hexdigest()[:12]
    name = f"{_PREFIX}{resolved.stem}_{stamp}"
    if name in sys.modules:
        return sys.modules[name]
    spec = spec_from_file_location(name, resolved)
    if spec is None or spec.loader is None:
        raise ConfigError(f"{kind}: {file} is no Python file.", "Give a path ending in .py.")
    module = module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # the user's code may raise anything at all
        del sys.modules[name]
        raise ConfigError(
            f"{kind}: {file} cannot be imported: {type(error).__name__}: {error}.",
            "Correct the file.",
        ) from error
    return module
