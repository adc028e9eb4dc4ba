"""Alerts: a person is told, through services, webhooks or a command, and no session waits."""

from __future__ import annotations

__all__ = ["Alerts"]

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace

from framework.config.alert import Channels
from framework.operations.alert_channels import Channel, Delivery, open_channels
from framework.operations.alert_rates import AlertRates
from framework.operations.alert_rules import WATCHED, Alert, AlertRules, Subject
from framework.operations.happenings import Happening, Kind
from framework.operations.worker import Tell, Worker, logged

_ROOM = 4_096
_PAUSES = (1.0, 4.0)
"""Seconds before the second and the third try."""
_ALWAYS = frozenset({Kind.CONNECTED, Kind.DISCONNECTED, Kind.STOPPED, Kind.KILL})
"""Kinds that are few, and that others cannot stand for."""


class Alerts:
    """Tells a person; a Watcher.

    What it is given is handed over to a thread that judges, sends and tries again: three times, or
    once where the place has taken nothing the last time. A place that answers too late may get an
    alert twice. What could not be told is logged as a warning.

    Args:
        subject: the session.
        channels: whom to tell, of what, and how often.
        clock: nanoseconds UTC, that of the happenings.
        mask: hides what must not be shown.
        tell: told what could not be told.
        places: in the place of those of `channels`.
        pauses: seconds before each further try.

    Raises:
        ConfigError: an address is none.
    """

    def __init__(
        self,
        subject: Subject,
        channels: Channels,
        clock: Callable[[], int],
        mask: Callable[[str], str],
        *,
        tell: Tell | None = None,
        places: Sequence[Channel] | None = None,
        pauses: Sequence[float] = _PAUSES,
    ) -> None:
        self._clock = clock
        self._mask = mask
        self._tell = logged("slipway.alerts") if tell is None else tell
        self._pauses = tuple(pauses)
        self._rules = AlertRules(subject, channels.names)
        self._rates = AlertRates(channels.rate)
        self._places = tuple(open_channels(channels) if places is None else places)
        self._mute: set[Channel] = set()
        self._untold = 0
        self._worker: Worker[Happening] = Worker("alerts", self._work, self._tell, room=_ROOM)

    def take(self, happening: Happening) -> None:
        """Something has happened."""
        if happening.kind in WATCHED:
            self._worker.give(happening, happening.kind in _ALWAYS)

    def close(self, deadline: float = 5.0) -> bool:
        """Send what there is, for `deadline` seconds at most.

        Returns:
            Whether every alert was taken everywhere.
        """
        is_done = self._worker.close(deadline)
        if not is_done:
            self._tell("Alerts: the session ended before all of them were sent.")
        if self._worker.dropped:
            self._tell(f"Alerts: {self._worker.dropped} happenings came too fast to be judged.")
        return is_done and not self._untold

    # in the worker's thread ------------------------------------------------------------------

    def _work(self, happenings: Sequence[Happening], is_last: bool) -> None:
        out: deque[Alert] = deque()
        for happening in happenings:
            out += [one for one in self._rules.see(happening) if self._may_go(one)]
        now = self._clock()
        if not is_last:
            out += [one for one in self._rules.due(now) if self._may_go(one)]
        held = self._rates.rest() if is_last else self._rates.due(now)
        out += [self._rules.held_back(one.name, one.count, one.since) for one in held]
        while out:
            self._send(out.popleft())

    def _may_go(self, alert: Alert) -> bool:
        return alert.name is None or self._rates.admit(alert.name, alert.time)

    def _send(self, alert: Alert) -> None:
        """To every place; to those that do not take it, again."""
        masked = replace(
            alert,
            title=self._mask(alert.title),
            text=self._mask(alert.text),
            body=self._mask(alert.body),
        )
        left = {place: self._tried(place, masked) for place in self._places}
        for pause in self._pauses:
            again = [one for one, reason in left.items() if reason and one not in self._mute]
            if not again or self._worker.rest(pause):
                break
            left.update({place: self._tried(place, masked) for place in again})
        for place, reason in left.items():
            self._judge(place, masked, reason)

    def _tried(self, place: Channel, alert: Alert) -> str:
        """Why a place did not take it; empty if it did."""
        try:
            place.send(alert)
        except Delivery as error:
            return str(error) or "no reason given"
        return ""

    def _judge(self, place: Channel, alert: Alert, reason: str) -> None:
        if not reason:
            self._mute.discard(place)
            return
        self._mute.add(place)
        self._untold += 1
        self._tell(f"Alerts: {place.label} did not take {alert.title!r}: {self._mask(reason)}")
