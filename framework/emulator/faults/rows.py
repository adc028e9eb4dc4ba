"""The known failures of IB connections, each with a plan that makes it happen."""

from __future__ import annotations

__all__ = ["NOT_INJECTED", "FailureRow", "known_rows", "load_row"]

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from framework.emulator.faults.plan import FaultPlan, load_plan
from framework.errors import ConfigError

_FOLDER = Path(__file__).with_name("plans")

NOT_INJECTED: Mapping[int, str] = {
    56: "multipliers and price magnifiers are facts of contracts: list GC and GF to trade them",
}
"""Rows without a plan, and why."""


@dataclass(frozen=True, slots=True)
class FailureRow:
    """A failure with a plan.

    Attributes:
        number: of the failure, 1 to 60.
        name: in short.
        path: of its plan.
    """

    number: int
    name: str
    path: Path


def known_rows() -> tuple[FailureRow, ...]:
    """The failures with a plan, by number."""
    found = []
    for path in sorted(_FOLDER.glob("*.yaml")):
        number, _, name = path.stem.partition("-")
        found.append(FailureRow(int(number), name.replace("-", " "), path))
    return tuple(found)


def load_row(number: int, seed: int | None = None) -> FaultPlan:
    """The plan of a failure.

    Args:
        number: of the failure.
        seed: instead of the plan's own.

    Raises:
        ConfigError: there is no plan of this number.
    """
    for row in known_rows():
        if row.number == number:
            return load_plan(row.path, seed)
    if number in NOT_INJECTED:
        raise ConfigError(
            f"Failure {number} has no plan.", f"It needs none: {NOT_INJECTED[number]}."
        )
    listing = ", ".join(str(row.number) for row in known_rows())
    raise ConfigError(f"There is no failure {number!r}.", f"Known: {listing}.")
