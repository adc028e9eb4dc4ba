"""What can go wrong with a journal, each with its remedy; all of them are a SlipwayError.

JournalError                  the journal cannot be used
├── JournalBusyError     2    another process already trades this account and client id
├── JournalDamagedError       the file is torn, corrupt or incomplete
├── JournalFullError          there is no room left for it
└── NotSentError              an intent could not be journalled, and therefore was not sent
DivergenceError               the replay decided otherwise than the journal says
"""

from __future__ import annotations

__all__ = [
    "DivergenceError",
    "JournalBusyError",
    "JournalDamagedError",
    "JournalError",
    "JournalFullError",
    "NotSentError",
]

from framework.errors import SlipwayError


class JournalError(SlipwayError):
    """The journal cannot be opened, read or written."""


class JournalBusyError(JournalError):
    """Another process already trades this account and client id, or writes this journal."""

    exit_code = 2


class JournalDamagedError(JournalError):
    """The file is torn, corrupt or incomplete.

    Args:
        problem, remedy: as for every error.
        intact: rows in front of the damage that can be read.
    """

    def __init__(self, problem: str, remedy: str, intact: int = 0) -> None:
        super().__init__(problem, remedy)
        self.intact = intact


class JournalFullError(JournalError):
    """There is no room left to write."""


class NotSentError(JournalError):
    """An intent could not be journalled, and therefore was not sent."""


class DivergenceError(SlipwayError):
    """The replay decided otherwise than the journal says."""
