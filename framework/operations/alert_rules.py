"""Alert rules: which happenings are worth an alert, and in which words; they know no clock but the
times they are given, and send nothing."""

from __future__ import annotations

__all__ = ["PATIENCE", "WATCHED", "Alert", "AlertRules", "Subject", "trial"]

from dataclasses import dataclass

from framework.calendar import utc_text
from framework.config.alert import AlertName
from framework.operations.happenings import Gravity, Happening, Kind

PATIENCE = 60.0
"""Seconds for which a connection may be away before anybody is told."""

_SECOND = 1_000_000_000
_ALERTS = {
    Kind.STARTED: (AlertName.START, "started"),
    Kind.STOPPED: (AlertName.STOP, "stopped"),
    Kind.LOGIN: (AlertName.LOGIN, "the broker wants you to log in"),
    Kind.REJECTED: (AlertName.REJECTION, "order rejected"),
    Kind.HALTED: (AlertName.BREAKER, "halted"),
    Kind.FINDING: (AlertName.FINDING, "the books differ"),
    Kind.UNPROTECTED: (AlertName.UNPROTECTED, "position without a stop"),
    Kind.STALE: (AlertName.STALE, "data is late"),
    Kind.KILL: (AlertName.KILL, "kill switch"),
    Kind.OVERRIDE: (AlertName.OVERRIDE, "a safeguard is set aside"),
    Kind.ERROR: (AlertName.ERROR, "error"),
}
WATCHED = frozenset({*_ALERTS, Kind.CONNECTED, Kind.DISCONNECTED})
"""Kinds the rules look at; all others may be left out."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Which session an alert is about.

    Attributes:
        mode: "shadow", "paper" or "live".
        strategy: names of what runs.
        session: name of the session's folder.
        is_emulator: whether its broker is the emulator.
    """

    mode: str
    strategy: str
    session: str = ""
    is_emulator: bool = False

    def __str__(self) -> str:
        """Such as "PAPER (emulator) SmaCross"."""
        where = " (emulator)" if self.is_emulator else ""
        return f"{self.mode.upper()}{where} {self.strategy}"


@dataclass(frozen=True, slots=True)
class Alert:
    """Something a person is told.

    Attributes:
        name: of it; None of a trial.
        time: nanoseconds UTC of what it is about.
        gravity: how much it matters.
        title: one line.
        text: what happened, in words.
        body: the text, and below it when and where, a fact a line.
        symbol, order: as of the happening.
    """

    name: AlertName | None
    time: int
    gravity: Gravity
    title: str
    text: str
    body: str
    symbol: str = ""
    order: str = ""


class AlertRules:
    """Turns happenings, in order, and the passing of time into alerts.

    Args:
        subject: the session.
        names: what is told.
    """

    def __init__(self, subject: Subject, names: frozenset[AlertName]) -> None:
        self._subject = subject
        self._names = names
        self._lost: Happening | None = None
        self._is_told = False

    def see(self, happening: Happening) -> tuple[Alert, ...]:
        """What a happening is worth, and what was due by its time."""
        found = list(self.due(happening.time))
        if happening.kind is Kind.DISCONNECTED:
            self._lost = self._lost or happening
        elif happening.kind in (Kind.CONNECTED, Kind.STOPPED):
            self._lost, self._is_told = None, False
        if happening.kind in _ALERTS:
            name, headline = _ALERTS[happening.kind]
            found += self._alert(name, headline, happening)
        return tuple(found)

    def due(self, now: int) -> tuple[Alert, ...]:
        """What is due because time has passed.

        Args:
            now: nanoseconds UTC, on the clock of the happenings.
        """
        lost = self._lost
        if lost is None or self._is_told or now - lost.time < PATIENCE * _SECOND:
            return ()
        self._is_told = True
        return self._alert(AlertName.DISCONNECT, f"no connection for {PATIENCE:.0f} s", lost)

    def held_back(self, name: AlertName, count: int, since: int) -> Alert:
        """The alert that tells of others which were too many.

        Args:
            name: of them.
            count: how many.
            since: nanoseconds UTC of the first.
        """
        verb = "was" if count == 1 else "were"
        text = (
            f"{count} more of {name.value!r} {verb} held back since {utc_text(since)}: see the log."
        )
        return self._made(name, Gravity.WARNING, f"{count} more of {name.value!r}", text, since)

    def _alert(self, name: AlertName, headline: str, one: Happening) -> tuple[Alert, ...]:
        if name not in self._names:
            return ()
        about = f", {one.symbol}" if one.symbol else ""
        gravity = one.kind.gravity
        return (
            self._made(
                name,
                gravity,
                f"{headline}{about}",
                one.text,
                one.time,
                one.symbol,
                one.order,
                one.row,
            ),
        )

    def _made(
        self,
        name: AlertName,
        gravity: Gravity,
        headline: str,
        text: str,
        time: int,
        symbol: str = "",
        order: str = "",
        row: int = 0,
    ) -> Alert:
        facts = {
            "Time": utc_text(time),
            "Order": order,
            "Symbol": symbol,
            "Session": self._subject.session,
            "Journal row": str(row) if row else "",
        }
        return Alert(
            name,
            time,
            gravity,
            " ".join(f"{self._subject}: {headline}".split()),
            text,
            _body(text, facts),
            symbol,
            order,
        )


def trial(subject: str, time: int) -> Alert:
    """The alert that says alerts arrive.

    Args:
        subject: of the session that would be told of.
        time: nanoseconds UTC.
    """
    text = "This is a test: alerts of Slipway arrive here."
    body = _body(text, {"Time": utc_text(time)})
    return Alert(None, time, Gravity.INFO, f"TEST {subject}: alerts arrive", text, body)


def _body(text: str, facts: dict[str, str]) -> str:
    lines = [f"{name}: {value}" for name, value in facts.items() if value]
    return "\n".join([text, "", *lines])
