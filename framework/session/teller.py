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
_LOGIN = frozenset({"not_logged_in", "silent"})
"""Diagnoses of a TWS that is there and waits for its user."""


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
        self._blotter: Blotter | None = None
        self._trips = 0
        self._stale: frozenset[str] = frozenset()
        self._found: dict[tuple[FindingKind, str, bool], Finding] = {}
        self._waits_for_login = False

    def say(self, text: str, kind: Kind = Kind.NOTICE, symbol: str = "", order: str = "") -> None:
        """Something has happened."""
        mark = self._mark
        self._tell(Happening(self._clock(), kind, f"{mark}{text}", symbol, order, self._row()))

    def open(self, blotter: Blotter, trips: int) -> None:
        """Tell of orders from here on; what is there already was told before."""
        self._logbook = Logbook(blotter)
        self._blotter = blotter
        self._trips = trips

    def orders(self) -> bool:
        """What has become of orders since one last looked.

        Returns:
            Whether a stop may be missing: one has ended unasked while its position is held.
        """
        is_bare = False
        if self._logbook is not None:
            for one in self._logbook.news():
                self.say(one.text, one.kind, one.symbol, one.order)
                is_bare = is_bare or one.is_bare
        return is_bare

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
        """What a comparison of the books has found, each thing once while it stands, whatever its
        figures become meanwhile."""
        now = {(one.kind, one.subject, one.blocks): one for one in findings}
        for key, one in now.items():
            if key not in self._found:
                self._found_anew(one)
            elif one.blocks and self._found[key].text != one.text:
                self.say(f"by now: {one.text}")
        for key, one in self._found.items():
            if one.blocks and key not in now:
                self.say(f"found no more: {one.text}")
        self._found = now

    def _found_anew(self, one: Finding) -> None:
        if one.kind is FindingKind.UNPROTECTED:
            self.say(
                f"UNPROTECTED: {one}", Kind.UNPROTECTED, self._symbol(one.subject), one.subject
            )
        elif one.blocks:
            self.say(f"UNEXPLAINED: {one}", Kind.FINDING)
        else:
            self.say(f"explained: {one}", Kind.EXPLAINED)

    def _symbol(self, order: str) -> str:
        """The instrument of one of our orders; empty where it is none."""
        ticket = None if self._blotter is None else self._blotter.tickets.get(order)
        return "" if ticket is None else ticket.order.symbol

    def connection(self, notice: Notice) -> None:
        """The connection has changed, or something was said about it."""
        if notice.state is State.CLOSED:
            return
        text = f"{notice.state}: {notice.text}"
        if notice.state is State.READY:
            self._waits_for_login = False
        if notice.cause in _LOGIN and not self._waits_for_login:
            self._waits_for_login = True
            self.say(text, Kind.LOGIN)
        elif notice.kind is not NoticeKind.STATE and notice.kind is not NoticeKind.GAVE_UP:
            self.say(text)
        elif notice.state is State.READY:
            self.say(text, Kind.CONNECTED)
        else:
            self.say(text, Kind.DISCONNECTED)
