"""What a plan really did: which faults struck, when and on what, and which never could."""

from __future__ import annotations

__all__ = ["Fired", "Idle", "Report"]

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fired:
    """A fault struck.

    Attributes:
        fault: its name.
        time: when, seconds.
        on: what set it off.
        did: its verbs.
        note: what of it could not be done; empty if all was.
    """

    fault: str
    time: float
    on: str
    did: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Idle:
    """A fault never struck.

    Attributes:
        fault: its name.
        waited_for: its trigger, as a plan writes it.
        opportunities: how often it might have.
        struck: how often it has, and its time has not come yet.
    """

    fault: str
    waited_for: str
    opportunities: int
    struck: int = 0


@dataclass(frozen=True, slots=True)
class Report:
    """Everything a plan did, as an aligned table.

    Attributes:
        fired: in order of time.
        idle: in the plan's order.
    """

    fired: tuple[Fired, ...]
    idle: tuple[Idle, ...]

    def __str__(self) -> str:
        if not self.fired and not self.idle:
            return "no faults"
        struck = [
            (
                f"{one.time:.3f}",
                one.fault,
                one.did,
                f"{one.on}{f' ({one.note})' if one.note else ''}",
            )
            for one in self.fired
        ]
        never = [("never", one.fault, _missed(one), one.waited_for) for one in self.idle]
        return _aligned([("seconds", "fault", "did", "on"), *struck, *never])


def _missed(one: Idle) -> str:
    if one.struck:
        return "not due yet"
    if not one.opportunities:
        return "no opportunity"
    noun = "opportunity" if one.opportunities == 1 else "opportunities"
    return f"{one.opportunities} {noun} passed by"


def _aligned(rows: list[tuple[str, ...]]) -> str:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [row[0].rjust(widths[0])]
        cells += [cell.ljust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)
