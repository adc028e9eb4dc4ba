"""The machine measured on: what a reader needs to judge a figure, and no names."""

from __future__ import annotations

import os
import platform
import sys
from pathlib import Path

_STATUS = Path("/proc/self/status")


def peak_mb() -> float:
    """Megabytes of memory this process held at most; 0 where the system does not tell.

    Linux hands getrusage's peak down from the process that started this one, so there it is read
    from the status file, which begins afresh.
    """
    if _STATUS.exists():
        for line in _STATUS.read_text(encoding="ascii").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024.0
    if sys.platform == "darwin":
        from resource import RUSAGE_SELF, getrusage

        return getrusage(RUSAGE_SELF).ru_maxrss / 1024.0**2
    return 0.0


def described() -> str:
    """Processor, cores, system and Python, such as "AMD EPYC, 2 cores, Linux, Python 3.11.7"."""
    cores = os.cpu_count() or 1
    return (
        f"{_processor()}, {cores} core{'s' if cores > 1 else ''}, {platform.system()}, "
        f"Python {platform.python_version()}"
    )


def _processor() -> str:
    """The processor's model, where the system tells."""
    told = Path("/proc/cpuinfo")
    if told.exists():
        for line in told.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
