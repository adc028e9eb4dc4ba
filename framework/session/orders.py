"""What a session is asked to do, besides what it trades."""

from __future__ import annotations

__all__ = ["Sailing"]

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from framework.brokers.ib.feed import FeedSettings
from framework.brokers.ib.settings import RestartWindow, Settings, Timings
from framework.config.environment import Mode
from framework.session.gate import Releases
from framework.session.quoting import MarketData


@dataclass(frozen=True, slots=True)
class Sailing:
    """One session's orders.

    Attributes:
        mode: whose money, and whose login is asked for bars.
        where: TWS, and the account.
        journal: the session's file.
        locks: folder of the locks between traders.
        frame: length of the bars, such as "1d" or "5m".
        history: bars loaded before the first decision, at least.
        adopts: whether what the broker has and we cannot explain is taken as it is.
        once: whether it ends once the decision that is due is taken and sent.
        at_end: what becomes of working orders when it is stopped.
        fills: who fills its orders: the broker, or a simulated market, and none leaves the machine.
        timings, feed: every wait.
        window: the time of day at which TWS restarts, and nothing is sent; None for never.
        reconcile: seconds between two looks at the broker's books.
        look: seconds between two looks at what has come in.
        market_data: which quotes are followed, and written beside each order.
        what_if: of which orders the broker is asked what they would do, before they are sent.
        code, config: hashes of what decides, for the journal and for evidence.
        cap: percent of equity that all positions together are held to; None without a cap.
        override: why it trades without the evidence that is asked for; empty with it.
    """

    mode: Mode
    where: Settings
    journal: Path
    frame: str
    locks: Path | None = None
    history: int = 500
    adopts: bool = False
    once: bool = False
    at_end: Literal["keep", "cancel"] = "keep"
    fills: Literal["broker", "simulated"] = "broker"
    timings: Timings = field(default_factory=Timings)
    feed: FeedSettings = field(default_factory=FeedSettings)
    window: RestartWindow | None = None
    reconcile: float = 60.0
    look: float = 0.1
    market_data: MarketData = "live"
    what_if: Releases = "never"
    code: str = ""
    config: str = ""
    cap: float | None = None
    override: str = ""

    @property
    def name(self) -> str:
        """What kind of session it is: "shadow", "paper" or "live"."""
        return self.mode.value if self.fills == "broker" else "shadow"
