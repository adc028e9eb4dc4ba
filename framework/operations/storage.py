"""Storage: whole files put under a name, on this machine or wherever fsspec reaches, and replaced
as a whole."""

from __future__ import annotations

__all__ = ["LocalFolder", "RemoteFolder", "Storage", "storage_of"]

import os
from contextlib import suppress
from pathlib import Path
from tempfile import mkstemp
from typing import TYPE_CHECKING, Protocol

from framework.errors import ConfigError

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem


class Storage(Protocol):
    """A place for files."""

    def put(self, name: str, content: bytes) -> None:
        """Keep a file, in the place of one of the same name.

        Args:
            name: of it, with folders, as in "2026-11-30/fills.parquet".
            content: of it.

        Raises:
            OSError: it cannot be kept; one that was there is as it was, on this machine.
        """
        ...


class LocalFolder:
    """A folder of this machine; what is put there is its owner's alone.

    Args:
        folder: made when there is something to put.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, name: str, content: bytes) -> None:
        """Keep a file, whole or not at all."""
        target = self._folder / name
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file, draft = mkstemp(prefix=f".{target.name}.", dir=target.parent)  # mode 0600
        try:
            with os.fdopen(file, "wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
            Path(draft).replace(target)
        finally:
            with suppress(OSError):
                Path(draft).unlink()  # if it has not become the file


class RemoteFolder:
    """A folder of a file system of fsspec's.

    Args:
        system: which.
        path: of the folder, as that system writes it.
    """

    def __init__(self, system: AbstractFileSystem, path: str) -> None:
        self._system = system
        self._path = path.rstrip("/")

    def put(self, name: str, content: bytes) -> None:
        """Keep a file; stores of objects replace one as a whole."""
        target = f"{self._path}/{name}"
        self._system.makedirs(target.rpartition("/")[0], exist_ok=True)
        self._system.pipe_file(target, content)


def storage_of(place: str | Path) -> Storage:
    """The storage a text names: a path, or an address such as s3://bucket/folder.

    Raises:
        ConfigError: nothing installed can reach it.
    """
    if isinstance(place, Path) or "://" not in place:
        return LocalFolder(Path(place).expanduser())
    import fsspec  # noqa: PLC0415  # only who stores elsewhere waits for it
    from fsspec.implementations.local import LocalFileSystem  # noqa: PLC0415  # likewise

    scheme = place.partition("://")[0]
    try:
        system, path = fsspec.url_to_fs(place)
    except ImportError as error:
        raise ConfigError(
            f"Nothing here can reach {scheme}:// ({error}).",
            "Install what it needs, such as s3fs for s3://, or give a folder.",
        ) from error
    except ValueError as error:
        raise ConfigError(
            f"There is no storage called {scheme}://.", "Give a folder, or s3://, gs://, abfs://."
        ) from error
    if isinstance(system, LocalFileSystem):
        return LocalFolder(Path(path))
    return RemoteFolder(system, path)
