"""The live gate: real money moves on evidence, or on the user's own word, and small at first."""

from __future__ import annotations

__all__ = ["NotReadyError", "Pass", "live_pass"]

from dataclasses import dataclass
from pathlib import Path

from framework.config.plan import Plan
from framework.errors import ConfigError
from framework.operations.sessions import SESSIONS
from framework.readiness.caps import cap_for
from framework.readiness.paper_record import paper_record
from framework.readiness.standing import Standing
from framework.readiness.standing_in import standing_in
from framework.readiness.subject import Subject, subject_of

_SHOWN = 4


class NotReadyError(ConfigError):
    """Evidence is lacking for a live session."""


@dataclass(frozen=True, slots=True)
class Pass:
    """What a session may begin with.

    Attributes:
        subject: what it is evidence for.
        cap: percent of equity its positions are held to; None without a cap.
        override: why it begins without evidence; empty with it.
        said: what the user is told, one sentence each.
    """

    subject: Subject
    cap: float | None = None
    override: str = ""
    said: tuple[str, ...] = ()


def live_pass(plan: Plan, is_live: bool, not_ready: str | None, sessions: Path = SESSIONS) -> Pass:
    """Whether a session may begin, and how large.

    Args:
        plan: of the session.
        is_live: whether real money is meant; everything else always may begin.
        not_ready: the user's reason to begin without evidence; None without one.
        sessions: folder of evidence and journals.

    Raises:
        NotReadyError: evidence is lacking, and no reason was given.
        ConfigError: a reason where there is nothing to override, or an empty one.
    """
    subject = subject_of(plan)
    if not is_live:
        if not_ready is not None:
            raise ConfigError("--not-ready is of --live.", "Leave it out.")
        return Pass(subject)
    standing = standing_in(sessions, subject, plan)
    cap = cap_for(paper_record(sessions, subject, "live"))
    if standing.is_ready:
        return Pass(subject, cap.exposure, "", (f"Live: {cap.text}.",))
    if not_ready is None:
        raise _refusal(standing)
    if not not_ready.strip():
        raise ConfigError("--not-ready has no reason.", 'Write --not-ready "reason".')
    lacking = ", ".join(item.name for item in standing.lacking)
    said = f"NOT READY, and live all the same ({not_ready}); lacking: {lacking}."
    return Pass(subject, cap.exposure, not_ready, (said, f"Live: {cap.text}."))


def _refusal(standing: Standing) -> NotReadyError:
    lacking = standing.lacking
    named = "; ".join(f"{one.name}: {one.verdict.value}, {one.detail}" for one in lacking[:_SHOWN])
    more = len(lacking) - _SHOWN
    rest = f"; and {more} more" if more > 0 else ""
    return NotReadyError(
        f"{standing.subject.strategy} is not ready for live: {named}{rest}.",
        '`slipway ready` lists all of it and what to do; --not-ready "reason" begins without.',
    )
