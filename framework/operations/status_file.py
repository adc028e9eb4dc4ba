"""The status file: a session's last look at itself, beside its journal, for other processes."""

from __future__ import annotations

__all__ = ["STATUS_NAME", "is_alive", "read_status", "status_json", "write_status"]

import os
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from framework.errors import DataError
from framework.operations.private_files import write_private
from framework.operations.status import Status

STATUS_NAME = "status.json"
"""What the file is called."""
_STATUS = TypeAdapter(Status)


def status_json(status: Status) -> str:
    """The status as JSON, for scripts and health checks."""
    return _STATUS.dump_json(status).decode()


def write_status(folder: Path, status: Status) -> None:
    """Write it.

    Raises:
        OSError: it cannot be written.
    """
    write_private(folder / STATUS_NAME, status_json(status))


def read_status(folder: Path) -> Status | None:
    """The last look; None where a session has never been.

    Raises:
        DataError: the file cannot be read.
    """
    path = folder / STATUS_NAME
    try:
        return _STATUS.validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        raise DataError(
            f"{path} is no status of a session ({type(error).__name__}).",
            "Delete it; a running session writes it anew each second.",
        ) from error


def is_alive(pid: int) -> bool:
    """Whether a process is there; one that has ended and is not yet collected is not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return True
    return state != "Z"
