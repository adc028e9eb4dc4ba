"""The command line, its sessions' clock ahead of the machine's by what a file says.

`python shifted_clock_script.py FILE WORDS...`: nanoseconds stand in the file.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import framework.session.clock


class ShiftedClock:
    """A clock ahead of the machine's."""

    def now(self) -> int:
        """Nanoseconds UTC."""
        return time.time_ns() + int(Path(sys.argv[1]).read_text())


def main() -> None:
    """Run a command."""
    framework.session.clock.WallClock = ShiftedClock  # type: ignore[misc]
    from framework.cli import main as command

    command(sys.argv[2:])


if __name__ == "__main__":
    main()
