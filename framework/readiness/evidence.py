"""Evidence: what was tried, with which result, written down once and never changed."""

from __future__ import annotations

__all__ = ["EVIDENCE_NAME", "Evidence", "EvidenceBook", "Trial"]

import os
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from framework.config.privacy import lax_mode
from framework.errors import DataError
from framework.operations.private_files import private_folder
from framework.readiness.subject import Subject

EVIDENCE_NAME = "evidence.jsonl"
"""What the file is called, in the folder of the sessions."""


class Trial(StrEnum):
    """What evidence can be of."""

    COSTS = "costs"
    """A backtest with doubled costs ends with a gain."""
    UNSEEN = "unseen"
    """So does one on days the strategy was not made on."""
    LOOKAHEAD = "lookahead"
    """No indicator or condition knows the future."""
    REFEREE = "referee"
    """backtrader's broker comes to the same orders and fills."""
    PARITY = "parity"
    """A session over the wire comes to what the backtest does, to the cent."""
    LIMITS = "limits"
    """A loss limit stands behind it."""
    DRILL = "drill"
    """The kill switch was tried on a session of it."""
    ALERTS = "alerts"
    """A test alert has arrived."""
    CHECKLIST = "checklist"
    """The questions of docs/going-live.md are answered."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One result.

    Attributes:
        subject: what it is about.
        trial: what was tried.
        time: nanoseconds UTC.
        passed: whether it came out well.
        detail: the figures, in one sentence.
        data: SHA-256 of the bars it was tried on; empty where there are none.
    """

    subject: Subject
    trial: Trial
    time: int
    passed: bool
    detail: str
    data: str = ""


_EVIDENCE = TypeAdapter(Evidence)


class EvidenceBook:
    """The evidence there is, one JSON object a line, oldest first.

    Args:
        folder: of the sessions.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / EVIDENCE_NAME

    def add(self, evidence: Evidence) -> None:
        """Write one down, synced to the disk.

        Raises:
            DataError: it cannot be written.
        """
        line = _EVIDENCE.dump_json(evidence) + b"\n"
        try:
            private_folder(self.path.parent)
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
            with os.fdopen(os.open(self.path, flags, 0o600), "wb") as file:
                file.write(line)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise DataError(
                f"The evidence cannot be written to {self.path}: {error.strerror}.",
                "Make room, or let the folder be yours.",
            ) from error

    def __iter__(self) -> Iterator[Evidence]:
        """All of it.

        Raises:
            DataError: a line that is none, or a file that others may write.
        """
        try:
            lines = self.path.read_bytes().splitlines()
        except FileNotFoundError:
            return
        if lax_mode(self.path):
            raise DataError(
                f"Others may change the evidence {self.path} (mode {lax_mode(self.path)}).",
                f"Make it yours alone: chmod 600 {self.path}",
            )
        for number, line in enumerate(lines, start=1):
            try:
                yield _EVIDENCE.validate_json(line)
            except ValidationError as error:
                raise DataError(
                    f"Line {number} of {self.path} is no evidence.", "Take the line out."
                ) from error
