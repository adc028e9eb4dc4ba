"""Manifest: what a backup says it holds, with the hash of every file."""

from __future__ import annotations

__all__ = ["FORMAT", "MANIFEST_NAME", "Entry", "Manifest", "is_safe", "read_manifest"]

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import PurePosixPath

from pydantic import TypeAdapter, ValidationError

from framework.errors import DataError

FORMAT = "slipway backup 1"
"""Marks a manifest as one of ours."""
MANIFEST_NAME = "manifest.json"
"""Where it lies in the archive."""
_DRIVE = re.compile(r"[A-Za-z]:")


@dataclass(frozen=True, slots=True)
class Entry:
    """One file.

    Attributes:
        name: path with slashes, from the project's folder on.
        sha256: of its bytes, in hexadecimal.
        size: bytes.
        kind: "journal", "database" or "file".
        rows: of a journal; None of everything else.
        last: checksum of a journal's last row, which depends on all of them.
        note: what is to be known of it.
        executable: whether its owner may run it.
    """

    name: str
    sha256: str
    size: int
    kind: str = "file"
    rows: int | None = None
    last: int = 0
    note: str = ""
    executable: bool = False


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds.

    Attributes:
        format: `FORMAT`.
        created: ISO 8601, UTC.
        versions: of Slipway, Python and SQLite.
        files: every one, by name.
        left_out: names and reasons of what is not in it.
    """

    format: str
    created: str
    versions: Mapping[str, str]
    files: tuple[Entry, ...]
    left_out: tuple[tuple[str, str], ...] = ()

    def text(self) -> str:
        """As JSON."""
        return json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n"


_MANIFEST = TypeAdapter(Manifest)


def read_manifest(text: bytes, where: str) -> Manifest:
    """A manifest from its JSON.

    Raises:
        DataError: it is none, is one of a newer version, or names a file that lies elsewhere.
    """
    try:
        manifest = _MANIFEST.validate_json(text)
    except ValidationError as error:
        raise DataError(
            f"{where} has no manifest that can be read: {error.errors()[0]['msg']}.",
            "Give a file that `slipway backup` has written.",
        ) from error
    if manifest.format != FORMAT:
        raise DataError(
            f"{where} is {manifest.format!r}, and this is Slipway for {FORMAT!r}.",
            "Use the version of Slipway that wrote it.",
        )
    for entry in manifest.files:
        if not is_safe(entry.name):
            raise DataError(
                f"{where} holds {entry.name!r}, which leads out of the folder.",
                "Nothing was written; mistrust this file.",
            )
    return manifest


def is_safe(name: str) -> bool:
    """Whether a name is a plain path below a folder, on any system."""
    parts = name.split("/")
    plain = all(part not in ("", ".", "..") for part in parts)
    odd = "\\" in name or "\0" in name or any(ord(one) < 32 for one in name)
    return plain and not odd and not _DRIVE.match(name) and not PurePosixPath(name).is_absolute()
