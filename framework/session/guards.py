"""Guards: what must be true before an order may leave, each a pure function with its objections.

Whoever starts a session asks them twice, before it connects and before it trades, and passes what
they say to `insist`. None of them knows a port or a file that proves anything: only the account the
broker itself reports does.
"""

from __future__ import annotations

__all__ = [
    "Blocking",
    "GuardError",
    "LiveFacts",
    "Objection",
    "UnreconciledError",
    "Weight",
    "account_objections",
    "insist",
    "insist_reconciled",
    "is_paper",
    "live_objections",
    "paper_objections",
    "port_objections",
    "privacy_objections",
]

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from framework.config.environment import PORTS, Mode
from framework.config.privacy import lax_mode
from framework.errors import ConfigError, ReconcileError
from framework.session.masking import masked

_PAPER = re.compile(r"DU[A-Z]?\d+")
_SHOWN = 5
"""Findings a refusal names."""


class Weight(StrEnum):
    """What an objection leads to."""

    REFUSE = "refuse"
    WARN = "warn"


@dataclass(frozen=True, slots=True)
class Objection:
    """Something that does not agree.

    Attributes:
        cause: its short name, such as "paper_account".
        weight: what it leads to.
        problem: the thing and its value; account ids masked.
        remedy: what to do.
    """

    cause: str
    weight: Weight
    problem: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.problem} {self.remedy}"


class GuardError(ConfigError):
    """A session is refused.

    Args:
        objections: why; at least one.
    """

    def __init__(self, objections: Sequence[Objection]) -> None:
        self.objections = tuple(objections)
        *others, last = objections
        super().__init__(" ".join([*map(str, others), last.problem]), last.remedy)

    @property
    def causes(self) -> tuple[str, ...]:
        """Short names of the objections."""
        return tuple(one.cause for one in self.objections)


class UnreconciledError(ReconcileError):
    """A session is refused because books differ."""


class Blocking(Protocol):
    """A difference between two books."""

    @property
    def blocks(self) -> bool:
        """Whether nothing may be traded before it is explained or adopted."""
        ...


@dataclass(frozen=True, slots=True, repr=False)
class LiveFacts:
    """The four facts that must agree before real money moves.

    Attributes:
        mode: what the configuration says: "live", or something else, or nothing.
        flag: whether --live was given.
        typed: the account id typed with --account.
        reported: the accounts the broker says this login has; None before anybody asked.
        configured: IB_LIVE_ACCOUNT, where it is set: one more that must agree.
    """

    mode: str
    flag: bool
    typed: str
    reported: tuple[str, ...] | None = None
    configured: str = ""

    def __repr__(self) -> str:
        reported = None if self.reported is None else tuple(map(masked, self.reported))
        return (
            f"LiveFacts(mode={self.mode!r}, flag={self.flag}, typed={masked(self.typed)!r}, "
            f"reported={reported}, configured={masked(self.configured)!r})"
        )


def is_paper(account: str) -> bool:
    """Whether an account holds simulated money for certain; what nobody knows is real."""
    return _PAPER.fullmatch(account) is not None


def live_objections(facts: LiveFacts, *, connected: bool) -> tuple[Objection, ...]:
    """What keeps a live session from starting.

    Args:
        facts: the four.
        connected: whether the broker has been asked: then what it reports must be there, too.
    """
    found = []
    if facts.mode != Mode.LIVE:
        said = f"says {facts.mode!r}" if facts.mode else "does not say so"
        found.append(
            _refuse(
                "mode",
                f"Live was asked for, and the configuration {said}.",
                "Write `mode: live` into the run file if real money is meant.",
            )
        )
    if not facts.flag:
        found.append(
            _refuse("flag", "Live needs the flag --live.", "Add it, or leave it at paper.")
        )
    if not facts.typed:
        found.append(
            _refuse(
                "account_missing",
                "Live needs the account typed on the command line.",
                "Add --account U..., the account real money is in.",
            )
        )
    else:
        found += account_objections(Mode.LIVE, facts.typed)
        if facts.configured and facts.configured != facts.typed:
            found.append(
                _refuse(
                    "account_differs",
                    f"--account is {masked(facts.typed)}, and IB_LIVE_ACCOUNT is "
                    f"{masked(facts.configured)}.",
                    "Correct the one that is wrong.",
                )
            )
        if connected:
            found += _reported(facts.typed, facts.reported)
    return tuple(found)


def paper_objections(account: str, reported: Sequence[str]) -> tuple[Objection, ...]:
    """What keeps a paper session from trading.

    Args:
        account: that would be traded, detected or named.
        reported: the accounts the broker says this login has.
    """
    return (*account_objections(Mode.PAPER, account), *_reported(account, reported))


def account_objections(mode: Mode, account: str) -> tuple[Objection, ...]:
    """Whether an account's prefix and the mode contradict each other."""
    if mode is Mode.LIVE and is_paper(account):
        return (
            _refuse(
                "paper_account",
                f"--live, and {masked(account)} is a paper account.",
                "Use --paper, or name the live account.",
            ),
        )
    if mode is Mode.PAPER and not is_paper(account):
        return (
            _refuse(
                "live_account",
                f"--paper, and {masked(account)} is no paper account: those begin with DU, and "
                "whatever else counts as real money.",
                "Log TWS in with the paper user, or correct the port or IB_PAPER_ACCOUNT.",
            ),
        )
    return ()


def _reported(account: str, reported: Sequence[str] | None) -> tuple[Objection, ...]:
    if reported is None:
        return (
            _refuse(
                "not_reported",
                f"The broker has not reported account {masked(account)}.",
                "Wait until it has; nothing is sent before.",
            ),
        )
    if account in reported:
        return ()
    names = ", ".join(map(masked, reported)) or "none"
    return (
        _refuse(
            "account_not_reported",
            f"The broker reports {names}, and not {masked(account)}.",
            "Correct the account, or log TWS in as its user.",
        ),
    )


def port_objections(mode: Mode, port: int) -> tuple[Objection, ...]:
    """Whether a port is usually the other mode's. It is a hint, for a port proves nothing."""
    usual = {number: (whose, gateway) for (whose, gateway), number in PORTS.items()}
    whose, gateway = usual.get(port, (mode, False))
    if whose is mode:
        return ()
    program = "IB Gateway" if gateway else "TWS"
    return (
        Objection(
            "port",
            Weight.WARN,
            f"--{mode}, and {port} is usually the port of {program} logged in for {whose}.",
            f"If it was not moved on purpose, use {PORTS[mode, gateway]}.",
        ),
    )


def privacy_objections(path: Path, what: str, mode: Mode) -> tuple[Objection, ...]:
    """Whether others may read a file that is the owner's business.

    Args:
        path: of the file; one that is not there is private.
        what: it is, such as "journal".
        mode: live is refused, paper is warned.
    """
    lax = lax_mode(path)
    if not lax:
        return ()
    return (
        Objection(
            "privacy",
            Weight.REFUSE if mode is Mode.LIVE else Weight.WARN,
            f"Others may read the {what} {path} (mode {lax}).",
            f"Make it yours alone: chmod 600 {path}",
        ),
    )


def insist(objections: Iterable[Objection]) -> tuple[str, ...]:
    """Refuse if there is a reason to; else the warnings, one sentence each.

    Raises:
        GuardError: with every objection that refuses.
    """
    found = tuple(objections)
    refused = [one for one in found if one.weight is Weight.REFUSE]
    if refused:
        raise GuardError(refused)
    return tuple(str(one) for one in found)


def insist_reconciled(findings: Iterable[Blocking]) -> None:
    """Refuse to start while the books differ in something that is neither explained nor adopted.

    Raises:
        UnreconciledError: with the first findings.
    """
    blocking = [one for one in findings if one.blocks]
    if not blocking:
        return
    named = "; ".join(str(one) for one in blocking[:_SHOWN])
    more = len(blocking) - _SHOWN
    rest = f"; and {more} more" if more > 0 else ""
    raise UnreconciledError(
        f"The books differ, and nothing is traded: {named}{rest}.",
        "Look at the account with `slipway positions` and `slipway working`; --adopt takes what it "
        "has besides.",
    )


def _refuse(cause: str, problem: str, remedy: str) -> Objection:
    return Objection(cause, Weight.REFUSE, problem, remedy)
