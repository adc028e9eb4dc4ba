"""Finding and loading strategies: a name in strategies/, or a file of the user's own."""

from __future__ import annotations

__all__ = ["Found", "available", "find_strategy", "strategy_of_class"]

import inspect
import re
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from types import ModuleType

from framework.adopt.hook import adopt
from framework.config.places import folders
from framework.errors import StrategyError, did_you_mean
from framework.modules import load_module
from framework.strategy import Strategy

_PREFIX = "slipway_strategy_"
_SPEC = re.compile(r"(?P<where>.+?)(?::(?P<name>\w*))?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Found:
    """A strategy class and where it came from.

    Attributes:
        cls: the class.
        source: what a run file calls it; empty if no file holds it.
        code: SHA-256 of the file it is in; empty if no file holds it.
    """

    cls: type[Strategy]
    source: str
    code: str


def available() -> dict[str, Path]:
    """The strategies by name, sorted: every file in the strategies/ folders."""
    found: dict[str, Path] = {}
    for folder in folders("strategies"):
        for file in folder.glob("*.py"):
            if not file.name.startswith(("_", ".")):
                found.setdefault(file.stem, file)
    return dict(sorted(found.items()))


def find_strategy(spec: str) -> Found:
    """The strategy a command line names.

    Args:
        spec: a name in strategies/, or path/to/file.py; `:Class` behind it when there are several.

    Raises:
        StrategyError: nothing has that name, the file does not import (its line is shown), or holds
            no strategy, or several and none is chosen.
    """
    match = _SPEC.fullmatch(spec.strip())
    where, name = (match["where"], match["name"]) if match else ("", None)
    file = _file(where)
    module = load_module(file, _PREFIX, StrategyError)
    return Found(_choose(module, file, name), spec.strip(), _hash(file))


def strategy_of_class(cls: type[Strategy]) -> Found:
    """A strategy class that is already there, such as one written in a notebook."""
    try:
        file = inspect.getsourcefile(cls)
    except (OSError, TypeError):  # typed into a notebook or at the prompt
        file = None
    if file is None or not Path(file).is_file() or "." in cls.__qualname__:
        return Found(cls, "", "")
    return Found(cls, f"{file}:{cls.__name__}", _hash(Path(file)))


def _file(where: str) -> Path:
    known = available()
    if not where:
        raise StrategyError("No strategy is named.", did_you_mean("", known))
    if where in known:
        return known[where]
    path = Path(where).expanduser()
    if path.is_dir():
        raise StrategyError(f"{where} is a folder.", "Name a file in it, such as my_strategy.py.")
    if path.is_file() and path.suffix != ".py":
        raise StrategyError(f"{where} is no Python file.", "Give a file ending in .py.")
    if path.is_file():
        return path
    if path.suffix != ".py" and path.name == where:
        if not known:
            raise StrategyError(
                f"There is no strategy {where!r}: this folder has no strategies/.",
                "Name a file, such as path/to/my_strategy.py.",
            )
        raise StrategyError(f"There is no strategy {where!r}.", did_you_mean(where, known))
    if path.stem in known:
        raise StrategyError(f"There is no file {where}.", f"Did you mean {path.stem!r}?")
    raise StrategyError(
        f"There is no file {where}.",
        "Check its path, or name a strategy that `slipway strategies` lists.",
    )


def _choose(module: ModuleType, file: Path, name: str | None) -> type[Strategy]:
    own = {
        key: value
        for key, value in vars(module).items()
        if inspect.isclass(value) and value.__module__ == module.__name__
    }
    found = {key: value for key, value in own.items() if issubclass(value, Strategy)}
    if not found or (name is not None and name not in found):
        adopted = ((key, adopt(value)) for key, value in own.items())
        found |= {key: strategy for key, strategy in adopted if strategy is not None}
    if name is not None:
        if name not in found:
            raise StrategyError(f"{file.name} has no strategy {name!r}.", did_you_mean(name, found))
        return found[name]
    if not found:
        raise StrategyError(
            f"{file.name} holds no strategy.",
            "Write a class in it that derives from Strategy, or from backtrader's.",
        )
    if len(found) > 1:
        raise StrategyError(
            f"{file.name} holds {len(found)} strategies: {', '.join(found)}.",
            f"Choose one, such as {file.stem}:{next(iter(found))}."
            if len(file.parts) == 1
            else f"Choose one with :{next(iter(found))} behind the name.",
        )
    return next(iter(found.values()))


def _hash(file: Path) -> str:
    return sha256(file.read_bytes()).hexdigest()
