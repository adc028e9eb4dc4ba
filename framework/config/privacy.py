"""Files that are nobody else's business: whether others may read one."""

from __future__ import annotations

__all__ = ["lax_mode"]

import stat
import sys
from pathlib import Path

_OTHERS = 0o077


def lax_mode(path: Path) -> str:
    """The permissions of a file that others than its owner may use, such as "644"; empty for one
    that is private or not there. Windows keeps other books, and is not asked."""
    if sys.platform == "win32":
        return ""
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
    except FileNotFoundError:
        return ""
    return f"{mode:o}" if mode & _OTHERS else ""
