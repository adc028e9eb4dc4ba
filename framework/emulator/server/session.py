"""Session: one client that has said hello, and everything it has subscribed to."""

from __future__ import annotations

__all__ = ["Session", "Wire"]

from dataclasses import dataclass, field, replace
from typing import Protocol

from framework.emulator.market.times import tws_time
from framework.emulator.protocol.answers import Answer, Error, ExecDetails
from framework.emulator.server.limits import MessageRate
from framework.emulator.server.streams import (
    BarStream,
    DepthStream,
    QuoteStream,
    TickStream,
)


class Wire(Protocol):
    """The way to the client."""

    def answer(self, session: Session, answer: Answer) -> None:
        """Send a message."""
        ...

    def write(self, frames: bytes) -> None:
        """Send messages that are framed already."""
        ...

    def close(self) -> None:
        """End the connection once everything is sent."""
        ...


@dataclass(slots=True, eq=False)
class Session:
    """One connection.

    Attributes:
        number: counts connections since the server started.
        version: server version spoken.
        wire: the way to the client.
        rate: its requests in the last second.
        zone: time zone of times without one.
        client_id: None until it has said who it is.
        quotes, depths, ticks: streams of market data by request id.
        bars: bars of five seconds, and history that is kept up to date, by request id.
        market_data_type: 1 live, 2 frozen, 3 delayed, 4 delayed and frozen.
        positions: whether it is told of every position that changes.
        positions_multi: by request id, accounts of which it is told every position.
        account_updates: account whose values it is told; empty for none.
        shown_values: those it was told last, by stream, key and currency.
        updates_multi: by request id, account, and whether only its ledger.
        summaries: by request id, account names and tags.
        profits: by request id, account and contract id; 0 for the whole account.
        binds: whether it is told of orders that nobody's program has placed.
    """

    number: int
    version: int
    wire: Wire
    rate: MessageRate
    zone: str
    client_id: int | None = None
    quotes: dict[int, QuoteStream] = field(default_factory=dict)
    depths: dict[int, DepthStream] = field(default_factory=dict)
    ticks: dict[int, TickStream] = field(default_factory=dict)
    bars: dict[int, BarStream] = field(default_factory=dict)
    market_data_type: int = 1
    positions: bool = False
    positions_multi: dict[int, str] = field(default_factory=dict)
    account_updates: str = ""
    shown_values: dict[tuple[int, str, str, str], str] = field(default_factory=dict)
    updates_multi: dict[int, tuple[str, bool]] = field(default_factory=dict)
    summaries: dict[int, tuple[tuple[str, ...], str]] = field(default_factory=dict)
    profits: dict[int, tuple[str, int]] = field(default_factory=dict)
    binds: bool = False

    @property
    def lines(self) -> int:
        """Streams of market data it uses."""
        return len(self.quotes) + len(self.ticks)

    def send(self, answer: Answer) -> None:
        """Send a message."""
        self.wire.answer(self, answer)

    def error(self, req_id: int, code: int, text: str) -> None:
        """Send an error, a warning or a notice."""
        self.send(Error(req_id, code, text))

    def send_execution(self, details: ExecDetails, time: int, req_id: int = -1) -> None:
        """Send an execution with its time written as this connection reads it."""
        execution = replace(details.execution, time=tws_time(time, self.version, self.zone))
        self.send(replace(details, req_id=req_id, execution=execution))

    def forget_streams(self) -> None:
        """Lose every subscription to market data."""
        for streams in (self.quotes, self.depths, self.ticks, self.bars):
            streams.clear()
