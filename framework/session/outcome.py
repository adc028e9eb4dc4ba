"""Outcome: how a session ended."""

from __future__ import annotations

__all__ = ["Outcome"]

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a session ended.

    Attributes:
        exit_code: 0 done, 1 a finding, a strike, or no bar where one was due.
        reason: why it ended.
        working: orders left working.
    """

    exit_code: int
    reason: str
    working: int
