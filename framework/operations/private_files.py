"""Private files: written whole or not at all, for their owner's eyes only."""

from __future__ import annotations

__all__ = ["private_folder", "write_private"]

import os
from contextlib import suppress
from pathlib import Path


def private_folder(path: Path) -> Path:
    """The folder, made if it is not there, for its owner alone."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def write_private(path: Path, text: str) -> None:
    """Replace a file's text in one step; a reader sees the old one or the new one.

    Raises:
        OSError: it cannot be written; the old one is as it was.
    """
    private_folder(path.parent)
    aside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(text)
        aside.replace(path)
    except OSError:
        with suppress(OSError):
            aside.unlink()
        raise
