"""Following: which bars of one series are final, which are missing, and which will never come."""

from __future__ import annotations

__all__ = ["Following"]

from collections.abc import Iterable

from framework.brokers.ib.bars import BarSeen
from framework.brokers.ib.frames import Frame, scheduled_closes
from framework.domain.instruments import Instrument


class Following:
    """Bars of one instrument from here on, each told once, in order, and only when it is final.

    A bar is final at its scheduled close and a grace, never when the next one begins: nothing may
    ever trade again. The forming bar's prices before that are nobody's business.

    Args:
        instrument: which.
        frame: of the bars.
        since: nanoseconds UTC up to which bars are known already.
        grace: nanoseconds after its scheduled close at which a bar is final.

    Attributes:
        told: close of the last bar that was told, or proven not to be.
        confirmed: what was said up to here is known: a bar that closes later may yet change, even
            if its time is over.
        absent: closes at which the broker, asked for its history, had no bar.
    """

    def __init__(self, instrument: Instrument, frame: Frame, since: int, grace: int) -> None:
        self.instrument = instrument
        self.frame = frame
        self.grace = grace
        self.told = since
        self.confirmed = since
        self.absent: list[int] = []
        self._known: dict[int, BarSeen] = {}
        self._asked: set[int] = set()

    def take(self, bars: Iterable[BarSeen]) -> bool:
        """Know these bars, a forming one as it is now; whether they say anything new.

        A bar's volume only grows: what shows less of it is older news.
        """
        is_news = False
        for bar in bars:
            known = self._known.get(bar.close_time)
            if bar.close_time <= self.told or bar == known:
                continue
            if known is None or bar.volume >= known.volume:
                self._known[bar.close_time] = bar
                is_news = True
        return is_news

    def correct(self, bars: Iterable[BarSeen]) -> None:
        """Know these bars of the broker's history, whatever was pushed of them before."""
        for bar in bars:
            if bar.close_time > self.told:
                self._known[bar.close_time] = bar

    def due(self, now: int) -> list[BarSeen]:
        """Bars that are final now and were not told, oldest first; none of those behind a gap."""
        found = []
        for close in self._scheduled(now):
            if close not in self._known or close > self.confirmed:
                break
            found.append(self._known.pop(close))
            self._told(close)
        return found

    def missing(self, now: int) -> list[int]:
        """Scheduled closes that are final now, and have no bar or one that may be incomplete."""
        return [
            close
            for close in self._scheduled(now)
            if close not in self._known or close > self.confirmed
        ]

    def answered(self, upto: int) -> None:
        """The broker's history was asked for, and is complete up to `upto`: what is not known of
        it does not exist."""
        self.confirm(upto)
        for close in self._scheduled(upto + self.grace):
            if close not in self._known:
                self.absent.append(close)
                self._known_absent(close)

    def confirm(self, now: int) -> None:
        """Everything that was said before this instant has come in."""
        self.confirmed = max(self.confirmed, now)

    def _known_absent(self, close: int) -> None:
        earlier = [one for one in self._known if one < close]
        if not earlier:
            self._told(close)
        else:
            self._asked.add(close)

    def _scheduled(self, now: int) -> list[int]:
        calendar = self.instrument.calendar
        closes = scheduled_closes(self.frame, calendar, self.told, now - self.grace).tolist()
        outside = [
            one for one in self._known if self.told < one <= now - self.grace and one not in closes
        ]
        return [one for one in sorted({*closes, *outside}) if one not in self._asked]

    def _told(self, close: int) -> None:
        self.told = max(self.told, close)
        self._asked = {one for one in self._asked if one > self.told}
