"""History: bars of the past, asked for in pieces and within the broker's limits."""

from __future__ import annotations

__all__ = ["History"]

from datetime import UTC, datetime

from framework.brokers.ib.bars import BarSeen, bars_from, seen_bars, what_to_show
from framework.brokers.ib.connection import Connection
from framework.brokers.ib.frames import Frame
from framework.brokers.ib.library import IbBarList
from framework.brokers.ib.limits import HistoryAsk
from framework.brokers.ib.link import Link
from framework.brokers.ib.listed import Book, Listed
from framework.brokers.ib.pacing import Pacer
from framework.brokers.ib.pages import Page, pages_back
from framework.brokers.ib.problems import LinkLostError, RequestError
from framework.brokers.ib.times import SECOND, time_text
from framework.brokers.ib.translate_contract import contract_of
from framework.domain.bars import Bars, PriceBasis

_NO_DATA = 162


class History:
    """Asks for the past.

    Args:
        connection: the session.
        pacer: the queue to the broker.
        book: contracts.
        rth: whether only regular hours are wanted.
        prices: what they mean.
        timeout: seconds for one answer.
        patience: seconds a request may wait for its turn.

    Attributes:
        answered: requests for the past that have been answered.
    """

    def __init__(
        self,
        connection: Connection,
        pacer: Pacer,
        book: Book,
        *,
        rth: bool = True,
        prices: PriceBasis = PriceBasis.SPLIT,
        timeout: float = 60.0,
        patience: float = 700.0,
    ) -> None:
        self._connection = connection
        self._pacer = pacer
        self._book = book
        self._timeout = timeout
        self._patience = patience
        self.answered = 0
        self.rth = rth
        self.prices = prices

    async def bars(self, symbol: str, frame: Frame, since: int, until: int | None = None) -> Bars:
        """Complete bars that close in (since, until], oldest first.

        Args:
            symbol: a qualified instrument.
            frame: of the broker's own lengths.
            since, until: nanoseconds UTC; now where `until` is left out.

        Raises:
            RequestError, PacingError, LinkLostError, ContractError: as they say; never an empty
                answer for one that failed.
        """
        listed = self._book.by_key(symbol)
        now = self._connection.clock.now()
        end = now if until is None else until
        found: dict[int, BarSeen] = {}
        pages = pages_back(frame, listed.instrument.calendar, self.rth, since, end)
        # Adjusted prices are kept up to now alone.
        is_open = until is None and self.prices is PriceBasis.TOTAL
        while (page := pages.ask()) is not None:
            seen = await self._page(listed, frame, page, is_open=is_open)
            found |= {bar.close_time: bar for bar in seen}
            pages.told(min((bar.close_time for bar in seen), default=None))
            is_open = False
        kept = [found[close] for close in sorted(found) if since < close <= min(end, now)]
        return bars_from(listed.instrument, frame, kept, self.prices, self.rth)

    def requests(self, symbol: str, frame: Frame, since: int) -> int:
        """How many requests `bars` takes up to now, where bars are below a minute; else 1 at
        least."""
        listed, now = self._book.by_key(symbol), self._connection.clock.now()
        pages, count = pages_back(frame, listed.instrument.calendar, self.rth, since, now), 0
        while pages.ask() is not None:
            pages.told(None)
            count += 1
        return count

    async def _page(
        self, listed: Listed, frame: Frame, page: Page, *, is_open: bool
    ) -> list[BarSeen]:
        shown = what_to_show(listed.instrument, self.prices)
        ends = "" if is_open else time_text(datetime.fromtimestamp(page.end // SECOND, UTC))
        duration = frame.duration(page.span)
        ask = HistoryAsk(
            f"{listed.con_id}|{listed.exchange}|{shown}",
            f"{listed.con_id}|{ends}|{duration}|{frame.size}|{shown}|{self.rth}",
        )
        await self._pacer.history_turn(ask, self._patience)
        what = f"{duration} of {frame.size} bars of {listed.key}"
        link = self._link()
        try:
            answer = await link.ask(
                what,
                lambda: link.ib.reqHistoricalDataAsync(
                    contract_of(link.lib, listed),
                    ends,
                    duration,
                    frame.size,
                    shown,
                    self.rth,
                    2,
                    False,
                    (),
                    0,
                ),
                self._timeout,
            )
        except RequestError as error:
            if error.code == _NO_DATA and "no data" in str(error).lower():
                self.answered += 1
                return []
            raise
        self.answered += 1
        return self.seen(listed, frame, answer)

    def seen(self, listed: Listed, frame: Frame, bars: IbBarList, first: int = 0) -> list[BarSeen]:
        """Bars of an answer of the library's, from row `first` on."""
        zone = listed.zone or self._connection.settings.zone
        rows = range(max(0, first), len(bars))
        return seen_bars(listed.instrument, frame, (bars[row] for row in rows), zone, self.rth)

    async def follow(self, listed: Listed, frame: Frame) -> tuple[Link, IbBarList]:
        """Bars of the last days, of hours where they are short, kept up to date from here on.

        Raises:
            RequestError, PacingError, LinkLostError: as they say.
        """
        shown = what_to_show(listed.instrument, PriceBasis.SPLIT)
        duration = frame.duration(frame.recent)
        ask = HistoryAsk(
            f"{listed.con_id}|{listed.exchange}|{shown}",
            f"{listed.con_id}|follow|{self._connection.clock.now()}|{frame.size}",
        )
        await self._pacer.history_turn(ask, self._patience)
        link = self._link()
        bars = await link.ask(
            f"{frame.size} bars of {listed.key} from here on",
            lambda: link.ib.reqHistoricalDataAsync(
                contract_of(link.lib, listed),
                "",
                duration,
                frame.size,
                shown,
                self.rth,
                2,
                True,
                (),
                0,
            ),
            self._timeout,
        )
        return link, bars

    def _link(self) -> Link:
        link = self._connection.link
        if link is None:
            raise LinkLostError("There is no connection to ask.", "Wait until it is back.")
        return link
