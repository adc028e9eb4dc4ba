"""Blame: an error with the line of the strategy it came from."""

from __future__ import annotations

__all__ = ["blamed"]

import inspect
import traceback
from collections.abc import Sequence
from pathlib import Path

from framework.strategy import Strategy

_FRAMEWORK = Path(__file__).parents[1]
_LIBRARIES = {"site-packages", "dist-packages"}


def blamed(strategies: Sequence[type[Strategy]], error: BaseException, message: str) -> str:
    """`message`, with file, line and source of the user's own code in front if it came from there.

    The strategy's own line comes first; else the last line outside the framework, such as that of
    a component in a file of the user's.
    """
    sources = {Path(_source_of(strategy)) for strategy in strategies}
    frames = list(reversed(traceback.extract_tb(error.__traceback__)))
    own = [frame for frame in frames if Path(frame.filename) in sources]
    other = [frame for frame in frames if Path(frame.filename).is_file() and _is_users(frame)]
    for frame in [*own, *other]:
        name = Path(frame.filename).name
        return f"{name}, line {frame.lineno}, `{frame.line}`: {message}"
    return message


def _is_users(frame: traceback.FrameSummary) -> bool:
    """Whether a frame is neither the framework's nor an installed library's."""
    path = Path(frame.filename)
    return _FRAMEWORK not in path.parents and not _LIBRARIES & set(path.parts)


def _source_of(strategy: type[Strategy]) -> str:
    try:
        return inspect.getfile(strategy)
    except (OSError, TypeError):
        return ""
