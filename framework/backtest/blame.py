"""Blame: an error with the line of the strategy it came from."""

from __future__ import annotations

__all__ = ["blamed"]

import inspect
import traceback
from pathlib import Path

from framework.strategy import Strategy


def blamed(strategy: type[Strategy], error: BaseException, message: str) -> str:
    """`message`, with the strategy's file, line and source in front if it came from there."""
    source = Path(_source_of(strategy))
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if Path(frame.filename) == source:
            return f"{source.name}, line {frame.lineno}, `{frame.line}`: {message}"
    return message


def _source_of(strategy: type[Strategy]) -> str:
    try:
        return inspect.getfile(strategy)
    except (OSError, TypeError):
        return ""
