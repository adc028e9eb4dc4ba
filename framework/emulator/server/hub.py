"""Hub: what every answer is made from: market, exchange, clock, and who is connected."""

from __future__ import annotations

__all__ = ["Hub"]

from collections.abc import Iterator
from dataclasses import dataclass, field

from framework.emulator.clock import Clock
from framework.emulator.exchange.account import Account
from framework.emulator.exchange.exchange import Exchange
from framework.emulator.exchange.rejected import RejectedError
from framework.emulator.faults.acts import DataKind
from framework.emulator.market.market import Market
from framework.emulator.server.limits import HistoryPace
from framework.emulator.server.session import Session
from framework.emulator.server.settings import GatewaySettings


@dataclass(slots=True, eq=False)
class Hub:
    """One gateway's parts.

    Attributes:
        market: what is listed, and what it trades at.
        exchange: accounts and orders.
        clock: what time it is on the market.
        settings: of the gateway.
        sessions: clients that have said who they are, by client id.
        pace: of history requests.
        is_read_only: whether orders are refused at present.
        silent: market data that does not flow at present.
        skew: seconds by which the times it tells are off.
        is_sabotaged: whether faults may meet every message.
    """

    market: Market
    exchange: Exchange
    clock: Clock
    settings: GatewaySettings
    sessions: dict[int, Session] = field(default_factory=dict)
    pace: HistoryPace = field(default_factory=HistoryPace)
    is_read_only: bool = False
    silent: set[DataKind] = field(default_factory=set)
    skew: float = 0.0
    is_sabotaged: bool = False

    def now(self) -> int:
        """Nanoseconds UTC as told to clients."""
        return self.clock.now() + int(self.skew * 1e9)

    def told(self, time: int) -> int:
        """A time as told to clients."""
        return time + int(self.skew * 1e9)

    def flows(self, kind: DataKind) -> bool:
        """Whether market data of a kind flows."""
        return kind not in self.silent and DataKind.ALL not in self.silent

    def accounts(self, group: str) -> Iterator[Account]:
        """The accounts a group means: all of them for "All" or nothing, else one.

        Raises:
            RejectedError: there is no such account.
        """
        accounts = self.exchange.accounts
        if group in ("", "All"):
            yield from accounts.values()
            return
        if group not in accounts:
            raise RejectedError(
                321, f"Error validating request:-'b' : cause - Invalid account code '{group}'."
            )
        yield accounts[group]
