"""Identity: what a sweep is made of, so that a folder is only gone on with by the same one."""

from __future__ import annotations

__all__ = ["FORMAT", "Identity", "changes", "identity_of"]

import inspect
import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from hashlib import sha256
from pathlib import Path

import framework
from framework.config.plan import Plan, run_file_of
from framework.errors import ConfigError
from framework.research.backtest import component_files
from framework.sweeps.axes import Grid

FORMAT = "slipway sweep 1"
"""Marks `sweep.json`, and with it the folder, as a sweep of ours."""

Identity = Mapping[str, object]
"""What must be the same, by name, as JSON can hold it."""


def identity_of(plan: Plan, grid: Grid, search: Mapping[str, object]) -> Identity:
    """What shapes the rows of a sweep.

    Args:
        plan: the run it repeats.
        grid: what is swept.
        search: how points are chosen.
    """
    return {
        "format": FORMAT,
        "version": framework.__version__,
        "strategy": plan.found.cls.__name__,
        "code": _code(plan),
        "data": plan.market.sha256,
        "settings": _settings(plan),
        "sweep": {axis.name: _sha256(repr(axis.values).encode()) for axis in grid.axes},
        "search": dict(search),
    }


def changes(before: Identity, now: Identity) -> list[str]:
    """Names of what differs."""
    return [
        name
        for name in {**before, **now}
        if json.dumps(before.get(name), sort_keys=True) != json.dumps(now.get(name), sort_keys=True)
    ]


def _code(plan: Plan) -> str:
    """Hash of the strategy's file, or of its class, and of the user's own component files."""
    hashes = [plan.found.code or _sha256(_text(plan.found.cls).encode())]
    hashes += [_sha256(Path(path).read_bytes()) for path in component_files(plan)]
    return _sha256("\n".join(hashes).encode())


def _text(cls: type) -> str:
    try:
        return inspect.getsource(cls)
    except (OSError, TypeError):  # typed at the prompt
        return cls.__qualname__


def _settings(plan: Plan) -> object:
    """Everything else, as the run file has it; as Python shows it where no file can hold it."""
    try:
        content = run_file_of(plan).model_dump(by_alias=True, mode="json")
    except ConfigError:
        return {
            "parameters": {name: repr(value) for name, value in plan.parameters.items()},
            **{
                item.name: _shown(getattr(plan.settings, item.name))
                for item in fields(plan.settings)
            },
        }
    return content


def _shown(part: object) -> str:
    """A part by its values; one that does not show them by its class."""
    if isinstance(part, tuple):
        return f"({', '.join(map(_shown, part))})"
    plain = part is None or isinstance(part, str | int | float | dict) or is_dataclass(part)
    return repr(part) if plain else type(part).__qualname__


def _sha256(content: bytes) -> str:
    return sha256(content).hexdigest()
