"""Session memory: how a session was started, beside its journal, so that it can be stopped in its
place."""

from __future__ import annotations

__all__ = ["MEMORY_NAME", "Memory", "read_memory", "write_memory"]

from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from framework.errors import DataError
from framework.operations.private_files import write_private

MEMORY_NAME = "session.json"
"""What the file is called."""


@dataclass(frozen=True, slots=True)
class Memory:
    """How a session was started.

    Attributes:
        mode: "shadow", "paper" or "live".
        run: the run file, defaults left out.
        where: the folder it was started in, from which the paths of the run file are counted.
        host, port, client_id, account: of the connection; the file is its owner's alone.
        journal: name of the journal's file.
        history: bars loaded before the first decision.
    """

    mode: str
    run: dict[str, object]
    where: str
    host: str
    port: int
    client_id: int
    account: str
    journal: str
    history: int


_MEMORY = TypeAdapter(Memory)


def write_memory(folder: Path, memory: Memory) -> None:
    """Write it.

    Raises:
        OSError: it cannot be written.
    """
    write_private(folder / MEMORY_NAME, _MEMORY.dump_json(memory, indent=1).decode() + "\n")


def read_memory(folder: Path) -> Memory:
    """How the session of a folder was started.

    Raises:
        DataError: nothing says so.
    """
    path = folder / MEMORY_NAME
    try:
        return _MEMORY.validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise DataError(
            f"{path} does not say how the session was started ({type(error).__name__}).",
            "Look at its orders and positions in TWS.",
        ) from error
