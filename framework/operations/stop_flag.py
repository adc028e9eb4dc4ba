"""The stop flag: a file beside a session's journal; while it is there, no new risk leaves."""

from __future__ import annotations

__all__ = ["STOP_NAME", "StopFlag", "Strike", "strike_of"]

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from framework.errors import DataError
from framework.operations.private_files import write_private

STOP_NAME = "STOP"
"""What the file is called."""


@dataclass(frozen=True, slots=True)
class Strike:
    """What the kill switch is to do.

    Attributes:
        time: nanoseconds UTC at which the user asked.
        reason: in the user's words.
        flattens: whether positions are closed, besides cancelling every working order.
        exclude: symbols whose positions are kept.
    """

    time: int
    reason: str = "kill switch"
    flattens: bool = False
    exclude: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Such as "cancel all, flatten but SPY: kill switch"."""
        but = f" but {', '.join(self.exclude)}" if self.exclude else ""
        return f"cancel all{', flatten' + but if self.flattens else ''}: {self.reason}"


class StopFlag:
    """A session's stop flag.

    Args:
        folder: of the session's journal.
    """

    __slots__ = ("_name", "path")

    def __init__(self, folder: Path) -> None:
        self.path = folder / STOP_NAME
        self._name = str(self.path)

    @property
    def is_raised(self) -> bool:
        """Whether it is there, whatever it says: an empty file made by hand stops as well."""
        return self.path.exists()

    def raise_for(self, strike: Strike) -> None:
        """Raise it.

        Raises:
            OSError: it cannot be written.
        """
        write_private(self.path, json.dumps(asdict(strike), indent=1) + "\n")

    def strike(self) -> Strike | None:
        """What it asks for; None where it is down. One that cannot be read asks for the least:
        nothing new, and every working order cancelled."""
        try:
            text = self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        except OSError as error:
            return Strike(0, f"a stop flag that cannot be read ({error.strerror})")
        try:
            return strike_of(text)
        except DataError:
            return Strike(0, text.strip()[:80] or "a stop flag raised by hand")

    def lower(self) -> bool:
        """Take it down; whether it was there."""
        try:
            self.path.unlink()
        except FileNotFoundError:
            return False
        return True


def strike_of(text: str) -> Strike:
    """What a flag's text asks for.

    Raises:
        DataError: it says nothing that can be read.
    """
    try:
        said = json.loads(text)
        return Strike(
            int(said["time"]),
            str(said["reason"]),
            bool(said["flattens"]),
            tuple(map(str, said["exclude"])),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise DataError("The stop flag says nothing that can be read.", "Raise it anew.") from error
