"""Teller: what happens in a session, told in words to whoever watches, each thing once."""

from __future__ import annotations

__all__ = ["Say", "Tell", "Teller"]

from collections.abc import Callable, Iterable, Sequence

from framework.brokers.ib.connection import Notice, NoticeKind, State
from framework.domain.events import Trip
from framework.engine.blotter import Blotter
from framework.engine.reconcile_nouns import Finding, FindingKind
from framework.operations.happenings import Happening, Kind
from framework.session.logbook import Logbook

Tell = Callable[[Happening], None]
"""Told what happens."""
Say = Callable[[str], None]
"""Told, in words, what happens."""
_LOGIN = ("not logged in", "log it in", "second factor")
"""Words of a connection that waits for its user."""


class Teller:
    """Tells what happens.

    Args:
        tell: told.
        clock: nanoseconds UTC, the session's.
        row: number of the journal's last row.
        mark: begins everything it says.
    """

    def __init__(
        self, tell: Tell, clock: Callable[[], int], row: Callable[[], int], mark: str = ""
    ) -> None:
        self._tell = tell
        self._clock = clock
        self._row = row
        self._mark = mark
        self._logbook: Logbook | None = None
        self._trips = 0
        self._stale: frozenset[str] = frozenset()
        self._found: frozenset[str] = frozenset()

    def say(self, text: str, kind: Kind = Kind.NOTICE, symbol: str = "", order: str = "") -> None:
        """Something has happened."""
        mark = self._mark
        self._tell(Happening(self._clock(), kind, f"{mark}{text}", symbol, order, self._row()))

    def open(self, blotter: Blotter, trips: int) -> None:
        """Tell of orders from here on; what is there already was told before."""
        self._logbook = Logbook(blotter)
        self._trips = trips

    def orders(self) -> None:
        """What has become of orders since one last looked."""
        if self._logbook is not None:
            for one in self._logbook.news():
                self.say(one.text, one.kind, one.symbol, one.order)

    def trips(self, trips: Sequence[Trip]) -> None:
        """Breakers that have tripped since one last looked."""
        for trip in trips[self._trips :]:
            self.say(f"HALTED by {trip.breaker}: {trip.reason}", Kind.HALTED)
        self._trips = len(trips)

    def data(self, notices: Iterable[str], stale: Iterable[str]) -> None:
        """What has happened to bars and quotes, and of which the bars do not come."""
        for text in notices:
            self.say(text, Kind.DATA)
        now = frozenset(stale)
        for symbol in sorted(now - self._stale):
            self.say(f"{symbol}: bars that are due have not come", Kind.STALE, symbol)
        for symbol in sorted(self._stale - now):
            self.say(f"{symbol}: bars come again", Kind.DATA, symbol)
        self._stale = now

    def findings(self, findings: Sequence[Finding]) -> None:
        """What a comparison of the books has found, each thing once while it stands."""
        now = {one.text: one for one in findings}
        for text, one in now.items():
            if text in self._found:
                continue
            if one.kind is FindingKind.UNPROTECTED:
                self.say(f"UNPROTECTED: {one}", Kind.UNPROTECTED, one.subject)
            elif one.blocks:
                self.say(f"UNEXPLAINED: {one}", Kind.FINDING)
            else:
                self.say(f"explained: {one}", Kind.EXPLAINED)
        self._found = frozenset(now)

    def connection(self, notice: Notice) -> None:
        """The connection has changed, or something was said about it."""
        if notice.state is State.CLOSED:
            return
        text = f"{notice.state}: {notice.text}"
        if any(words in notice.text.lower() for words in _LOGIN):
            self.say(text, Kind.LOGIN)
        elif notice.kind is not NoticeKind.STATE and notice.kind is not NoticeKind.GAVE_UP:
            self.say(text)
        elif notice.state is State.READY:
            self.say(text, Kind.CONNECTED)
        else:
            self.say(text, Kind.DISCONNECTED)
