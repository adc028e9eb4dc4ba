"""Settings of a connection, its timings, and the time of day at which TWS restarts."""

from __future__ import annotations

__all__ = ["RestartWindow", "Settings", "Timings", "restart_window"]

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from framework.brokers.ib.times import SECOND
from framework.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Settings:
    """Where TWS is, and as whom it is talked to.

    Attributes:
        host, port: of TWS or IB Gateway.
        client_id: orders belong to the id that sent them, so a session keeps its own.
        account: what is traded; empty takes the login's only one.
        zone: time zone TWS was logged in with: servers below version 174 name none.
        trades: whether orders are wanted; a read-only API then is an error.
    """

    host: str = "127.0.0.1"
    port: int = 7497
    client_id: int = 1
    account: str = ""
    zone: str = "US/Eastern"
    trades: bool = True


@dataclass(frozen=True, slots=True)
class Timings:
    """Seconds, unless said otherwise.

    Attributes:
        attempts: to connect before giving up.
        first_wait, longest_wait: between attempts; each wait is twice the one before.
        jitter: share of a wait by which it may be longer.
        connect: for accounts and ids to come.
        answer: for the end of any query.
        heartbeat: of silence after which the broker is asked for its time.
        look: between two looks at the silence.
        heartbeat_answer: for its time to come; if it does not the connection is dead.
        fresh: of silence after which orders wait for a proof that the connection lives.
        probe: for that proof to come.
        syncs: tries to compare the books after a connection was made.
        sync_wait: between them.
        escalate: after which a broker that is still away is told of again.
        preview: for the broker to say what an order would do.
    """

    attempts: int = 10
    first_wait: float = 5.0
    longest_wait: float = 60.0
    jitter: float = 0.25
    connect: float = 10.0
    answer: float = 15.0
    heartbeat: float = 60.0
    look: float = 10.0
    heartbeat_answer: float = 10.0
    fresh: float = 20.0
    probe: float = 3.0
    syncs: int = 3
    sync_wait: float = 2.0
    escalate: float = 300.0
    preview: float = 10.0


@dataclass(frozen=True, slots=True)
class RestartWindow:
    """The time of day at which TWS or the broker restarts: nothing is submitted in it.

    Attributes:
        start: when it begins, in `zone`.
        minutes: how long it takes.
        zone: of `start`.
    """

    start: time = time(23, 45)
    minutes: int = 15
    zone: str = "US/Eastern"

    def covers(self, now: int) -> bool:
        """Whether nanoseconds UTC lie in it."""
        moment = datetime.fromtimestamp(now // SECOND, UTC).astimezone(ZoneInfo(self.zone))
        for day in (moment, moment - timedelta(days=1)):
            begin = datetime.combine(day.date(), self.start, moment.tzinfo)
            if begin <= moment < begin + timedelta(minutes=self.minutes):
                return True
        return False


def restart_window(text: str | None) -> RestartWindow | None:
    """The window that begins at a time of day such as "23:45", in New York; the default one for
    None, and none for "never".

    Raises:
        ConfigError: it is no time of day.
    """
    if text is None:
        return RestartWindow()
    if text == "never":
        return None
    try:
        return RestartWindow(time.fromisoformat(text))
    except ValueError:
        raise ConfigError(
            f"TWS cannot restart at {text!r}.", "Give a time in New York as HH:MM, or never."
        ) from None
