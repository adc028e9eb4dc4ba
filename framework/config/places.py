"""Where a project keeps its things: beside the working directory, or beside run.py."""

from __future__ import annotations

__all__ = ["PROJECT", "folders"]

from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
"""The folder that holds run.py, strategies/ and data/."""


def folders(name: str) -> tuple[Path, ...]:
    """The existing folders of that name; the working directory's own comes first."""
    found: list[Path] = []
    for base in (Path.cwd(), PROJECT):
        folder = (base / name).resolve()
        if folder.is_dir() and folder not in found:
            found.append(folder)
    return tuple(found)
