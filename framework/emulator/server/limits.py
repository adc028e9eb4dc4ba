"""Limits: messages a second, and how fast history may be asked for."""

from __future__ import annotations

__all__ = ["HistoryPace", "MessageRate"]

from collections import deque

_BREACHES = 3
"""Breaches after which TWS closes a connection."""


class MessageRate:
    """Requests of one client: so many at once, and again as many in each second that goes by. A
    client that keeps to the limit is within it however its requests are bunched on the way.

    Args:
        most: how many there may be; 0 for no limit.
    """

    __slots__ = ("_breached", "_left", "_most", "_seen", "breaches")

    def __init__(self, most: int) -> None:
        self._most = most
        self._left = float(most)
        self._seen: float | None = None
        self._breached = -1.0
        self.breaches = 0

    def allows(self, now: float) -> bool:
        """Whether a request at `now`, in seconds, is within the limit; it counts if it is."""
        if self._most == 0:
            return True
        gone = 0.0 if self._seen is None else now - self._seen
        self._seen = now
        self._left = min(float(self._most), self._left + gone * self._most)
        if self._left >= 1.0:
            self._left -= 1.0
            return True
        if now - self._breached >= 1.0:
            self._breached = now
            self.breaches += 1
        return False

    @property
    def is_spent(self) -> bool:
        """Whether the limit was breached so often that the connection is closed."""
        return self.breaches >= _BREACHES


_WINDOW, _IN_WINDOW = 600.0, 60
"""Seconds, and history requests that may be sent in them."""
_SAME = 15.0
"""Seconds in which the same request may not be sent again."""
_BURST, _IN_BURST = 2.0, 6
"""Seconds, and requests for one contract and kind of ticks of which so many are too many."""


class HistoryPace:
    """The pacing rules for historical data, of all clients together.

    60 requests in ten minutes, BID_ASK counting twice; none the same within 15 seconds; fewer than
    six for one contract, exchange and kind of ticks within two seconds.
    """

    __slots__ = ("_by_contract", "_same", "_window")

    def __init__(self) -> None:
        self._window: deque[tuple[float, int]] = deque()
        self._same: dict[str, float] = {}
        self._by_contract: dict[str, deque[float]] = {}

    def violation(self, request: str, contract: str, is_double: bool, now: float) -> str:
        """Why a request breaks the rules, empty if it does not; it counts if it does not.

        Args:
            request: everything the request says but its id.
            contract: contract, exchange and kind of ticks.
            is_double: whether it counts twice.
            now: seconds.
        """
        while self._window and now - self._window[0][0] >= _WINDOW:
            self._window.popleft()
        self._same = {text: at for text, at in self._same.items() if now - at < _SAME}
        if request in self._same:
            return f"the same request was sent {now - self._same[request]:.1f} seconds ago"
        recent = self._by_contract.setdefault(contract, deque())
        while recent and now - recent[0] >= _BURST:
            recent.popleft()
        if len(recent) >= _IN_BURST - 1:
            return f"{_IN_BURST} requests for one contract within {_BURST:g} seconds"
        cost = 2 if is_double else 1
        if sum(each for _, each in self._window) + cost > _IN_WINDOW:
            return f"{_IN_WINDOW} requests within {_WINDOW / 60:g} minutes"
        self._window.append((now, cost))
        self._same[request] = now
        recent.append(now)
        return ""
