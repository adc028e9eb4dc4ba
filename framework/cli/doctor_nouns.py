"""What the doctor says: a check with its verdict, and how long it is waited for."""

from __future__ import annotations

__all__ = ["NAMES", "Check", "Patience", "Verdict", "failed"]

from dataclasses import dataclass
from enum import StrEnum

from framework.brokers.ib.settings import Timings
from framework.cli.broker_access import LOOKING
from framework.errors import SlipwayError
from framework.session.masking import masked_text

NAMES = (
    "settings",
    "server",
    "handshake",
    "version",
    "accounts",
    "data farms",
    "balance",
    "positions",
    "orders",
    "contract",
    "market data",
    "history",
    "clock",
    "pacing",
)
"""The checks, in order."""


class Verdict(StrEnum):
    """What a check has found."""

    OK = "OK"
    WARN = "WARN"
    FAIL = "FAIL"
    SKIP = "-"
    """Not looked at, for something before it has failed."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at.

    Attributes:
        name: what.
        verdict: whether it is well.
        found: what was found.
        remedy: what to do; empty where all is well.
    """

    name: str
    verdict: Verdict
    found: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds the doctor waits.

    Attributes:
        timings: of the connection.
        quote: for the first bid and ask.
    """

    timings: Timings = LOOKING
    quote: float = 6.0


def failed(name: str, error: SlipwayError) -> Check:
    """A check that ended in an error."""
    remedy = error.remedy or "Run the doctor again; if it stays, restart TWS."
    return Check(name, Verdict.FAIL, masked_text(error.problem), masked_text(remedy))
