"""Shadowing: a session whose orders never leave the machine: bars from the broker, fills on our
side.

Nothing that could send an order is made: the connection asks for contracts and bars, and the market
is simulated, bar by bar, as a backtest's is. What it reports follows from bars and orders alone, so
after a restart it is brought up to date by the replay of the journal itself, and the replay checks
that it reports what was written down.
"""

from __future__ import annotations

__all__ = ["NOTE", "ShadowBooks", "ShadowMarket", "ShadowRigging"]

from collections.abc import Callable, Sequence

from framework.backtest.settings import BacktestSettings
from framework.brokers.ib.clock import Clock
from framework.brokers.ib.connection import Connection
from framework.brokers.ib.contracts import Contracts
from framework.brokers.ib.feed import FeedSettings, IbFeed
from framework.brokers.ib.history import History
from framework.brokers.ib.level_one import LevelOne
from framework.brokers.ib.limits import Limits
from framework.brokers.ib.listed import Book
from framework.brokers.ib.pacing import Pacer
from framework.brokers.ib.settings import RestartWindow, Settings, Timings
from framework.domain.events import BrokerEvent
from framework.domain.ledger import Ledger
from framework.domain.orders import Order
from framework.engine.blotter import Blotter
from framework.engine.journal_facts import Facts
from framework.engine.reconcile import reconcile
from framework.engine.reconcile_nouns import Finding
from framework.errors import ReconcileError
from framework.live.ground import Ground
from framework.live.shadow import Shadow
from framework.session.bridge import Bridge
from framework.session.quoting import MarketData
from framework.session.watch import Watch

NOTE = "SHADOW, no order leaves this machine: "
"""Begins everything such a session says."""


class ShadowMarket:
    """The market of a session in shadow, in the mailbox's place: what is put in is acted upon at
    once, so nothing ever waits.
    """

    is_empty = True
    """Nothing waits to be passed on."""
    has_news = False
    """Whatever comes of an order is told with the order or with a bar."""

    def __init__(self) -> None:
        self._shadow: Shadow = None  # type: ignore[assignment]  # begin makes it

    def begin(self, ground: Ground, settings: BacktestSettings) -> None:
        """Trade on what a session sees.

        Args:
            ground: that.
            settings: the account, and how its orders are filled.

        Raises:
            ConfigError: the fill policy looks into bars shorter than those there are.
        """
        self._shadow = Shadow(ground, settings)

    # the Broker and LiveMarket ports ----------------------------------------------------------

    def advance(self, instant: int) -> None:
        """Let the bars that close at this instant meet the resting orders."""
        self._shadow.advance(instant)

    def admit(self, symbol: str, instant: int) -> None:
        """Let an option trade, from the instant after this one."""
        self._shadow.admit(symbol, instant)

    def submit(self, orders: Sequence[Order]) -> None:
        """Accept an entry and its children."""
        self._shadow.submit(orders)

    def replace(self, order: Order) -> None:
        """Change a working order."""
        self._shadow.replace(order)

    def cancel(self, order_id: str) -> None:
        """Cancel at once."""
        self._shadow.cancel(order_id)

    def poll(self) -> Sequence[BrokerEvent]:
        """Everything that happened since the last call, oldest first."""
        return self._shadow.poll()

    def book(self) -> Ledger:
        """The market's own account of cash and positions."""
        return self._shadow.book()

    # the mailbox's side -----------------------------------------------------------------------

    async def send(self) -> None:
        """Nothing has waited."""

    def collect(self) -> bool:
        """Whether there were news: never between two bars."""
        return False

    def close(self, reason: str) -> None:
        """Nothing is held."""


class _Nobody:
    """The broker of a session without one."""

    is_quiet = True
    """Nothing is on its way."""

    def alerts(self) -> Sequence[str]:
        """Nothing to be told."""
        return ()

    def bar(self, bar: Callable[[Order], str]) -> None:
        """Nothing leaves anyway."""

    def cancel_everything(self) -> None:
        """A session in shadow does not touch the account."""


class ShadowRigging:
    """Connection, contracts and bars of a session in shadow, and its own market.

    Args:
        settings: where TWS is.
        clock: the session's.
        limits: what we allow ourselves.
        feed: how closed bars are waited for.
        timings: every wait.
        window: when TWS restarts; None for never.
        market_data: which quotes are followed.

    Attributes:
        connection, listed, contracts, history, feed, watch: as of any session.
        mailbox, market: where its orders end.
        broker: nobody.
    """

    gate = None
    """No order is held."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        *,
        limits: Limits | None = None,
        feed: FeedSettings | None = None,
        timings: Timings | None = None,
        window: RestartWindow | None = None,
        market_data: MarketData = "none",
    ) -> None:
        self.connection = Connection(settings, clock, timings, window=window)
        self.listed = Book()
        pacer = Pacer(clock, limits)
        self.contracts = Contracts(self.connection, pacer, self.listed)
        self.history = History(self.connection, pacer, self.listed)
        self.feed = IbFeed(self.connection, self.history, self.listed, feed)
        quotes = LevelOne(
            self.connection, pacer, self.listed, allows_delayed=market_data == "delayed"
        )
        self.watch = Watch(self.feed, quotes, market_data, (limits or Limits()).lines)
        self.mailbox = self.market = ShadowMarket()
        self.broker = _Nobody()

    def restore(self, blotter: Blotter, facts: Facts) -> None:
        """Nothing is to be brought back: the replay has passed through the market itself."""


class ShadowBooks:
    """Compares a session's books with those of its own market.

    Args:
        bridge: the session's core.
        market: where its orders end.
    """

    def __init__(self, bridge: Bridge, market: ShadowMarket) -> None:
        self._bridge = bridge
        self._market = market

    async def look(self, session: int, adopts: bool = False) -> tuple[Finding, ...]:
        """Hold one against the other; there is nothing that could explain a difference.

        Raises:
            ReconcileError: they differ.
        """
        found = reconcile(self._bridge.core.ledgers, self._market.book())
        if found:
            raise ReconcileError(
                f"The session's books and its simulated market's disagree: {'; '.join(found)}.",
                "This is a defect of the session, not of your strategy; please report it.",
            )
        return ()
