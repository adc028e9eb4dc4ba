"""Limits: how many requests the broker takes in a time, counted on our side."""

from __future__ import annotations

__all__ = ["HistoryAsk", "HistoryPace", "Limits", "Window"]

from collections import deque
from dataclasses import dataclass

from framework.brokers.ib.times import SECOND


@dataclass(frozen=True, slots=True)
class Limits:
    """What we allow ourselves, below what the broker allows; 0 is no limit.

    Attributes:
        messages: a second; the broker takes 50.
        urgent: messages a second where one of them is a cancel.
        history: history requests in ten minutes, BID_ASK counting twice.
        same: seconds before the same history request may be sent again.
        burst: requests for one contract, exchange and kind of ticks in two seconds.
        market_data: requests of quotes in ten seconds.
        lines: quotes that are followed at the same time.
    """

    messages: int = 40
    urgent: int = 48
    history: int = 60
    same: float = 15.0
    burst: int = 5
    market_data: int = 100
    lines: int = 100


class Window:
    """At most so many in so many seconds.

    Args:
        most: how many; 0 for no limit.
        seconds: in how long.
    """

    __slots__ = ("_most", "_span", "_spent", "_times")

    def __init__(self, most: int, seconds: float) -> None:
        self._most = most
        self._span = int(seconds * SECOND)
        self._times: deque[tuple[int, int]] = deque()
        self._spent = 0

    def wait(self, now: int, cost: int = 1, most: int | None = None) -> int:
        """Nanoseconds until `cost` more may be spent; 0 if they may now.

        A cost above the limit waits for an empty window. `most` takes the limit's place.
        """
        if self._most == 0:
            return 0
        self._forget(now)
        limit = self._most if most is None else most
        over = self._spent + min(cost, limit) - limit
        if over <= 0:
            return 0
        for time, spent in self._times:
            over -= spent
            if over <= 0:
                return time + self._span - now
        return 0

    def spend(self, now: int, cost: int = 1) -> None:
        """Count `cost`."""
        if self._most:
            self._times.append((now, cost))
            self._spent += cost

    def _forget(self, now: int) -> None:
        while self._times and now - self._times[0][0] >= self._span:
            self._spent -= self._times.popleft()[1]


@dataclass(frozen=True, slots=True)
class HistoryAsk:
    """A history request, as the broker's rules see it.

    Attributes:
        contract: contract, exchange and kind of ticks.
        request: everything it says.
        is_double: whether it counts twice (BID_ASK).
    """

    contract: str
    request: str
    is_double: bool = False


_TEN_MINUTES, _TWO_SECONDS = 600.0, 2.0


class HistoryPace:
    """The broker's three rules for history.

    Args:
        limits: the numbers.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._all = Window(limits.history, _TEN_MINUTES)
        self._bursts: dict[str, Window] = {}
        self._same: dict[str, int] = {}

    def wait(self, ask: HistoryAsk, now: int) -> tuple[int, str]:
        """Nanoseconds until it may be sent, and which rule says so."""
        same = int(self._limits.same * SECOND)
        last = self._same.get(ask.request)
        waits = [
            (self._all.wait(now, self._cost(ask)), f"{self._limits.history} in ten minutes"),
            (self._burst(ask).wait(now), f"{self._limits.burst} for one contract in two seconds"),
            (0 if last is None else max(0, last + same - now), "the same one again so soon"),
        ]
        return max(waits, key=lambda one: one[0])

    def spend(self, ask: HistoryAsk, now: int) -> None:
        """Count it."""
        self._all.spend(now, self._cost(ask))
        self._burst(ask).spend(now)
        same = int(self._limits.same * SECOND)
        self._same = {text: at for text, at in self._same.items() if now - at < same}
        self._same[ask.request] = now

    def _burst(self, ask: HistoryAsk) -> Window:
        return self._bursts.setdefault(ask.contract, Window(self._limits.burst, _TWO_SECONDS))

    @staticmethod
    def _cost(ask: HistoryAsk) -> int:
        return 2 if ask.is_double else 1
