"""Striking: the kill switch carried out in a running session, until every step is proven."""

from __future__ import annotations

__all__ = ["Aftermath", "Striker"]

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from framework.brokers.ib.sending import NEVER_LEFT
from framework.domain.orders import DONE, OrderStatus, Origin
from framework.engine.ticket import Ticket
from framework.operations.stop_flag import Strike
from framework.session.bridge import Bridge

Step = Callable[[], Awaitable[None]]
"""Takes in what the broker has to tell, and lets out what waits."""
Agreed = Callable[[], Awaitable[bool]]
"""Asks the broker for its books; whether they agree with ours."""

_LOOK = 0.02


@dataclass(frozen=True, slots=True)
class Aftermath:
    """What a strike has come to.

    Attributes:
        cancelled: orders that were working and are proven to be done.
        left: orders of which that is not proven.
        held: what is still held that was to be closed, such as "10 SPY"; empty where nothing was.
        kept: what is held and was to be kept.
        confirmed: whether the broker's own books say the same.
        seconds: from the command to the last proof.
    """

    cancelled: int
    left: tuple[str, ...]
    held: tuple[str, ...]
    kept: tuple[str, ...]
    confirmed: bool
    seconds: float

    @property
    def is_done(self) -> bool:
        """Whether everything that was asked for is proven."""
        return not self.left and not self.held and self.confirmed

    def __str__(self) -> str:
        parts = [f"{self.cancelled} orders cancelled"]
        if self.left:
            parts.append(f"NOT PROVEN cancelled: {', '.join(self.left)}")
        if self.held:
            parts.append(f"STILL HELD: {', '.join(self.held)}")
        if self.kept:
            parts.append(f"kept, without protection: {', '.join(self.kept)}")
        if not self.left and not self.held and not self.kept:
            parts.append("flat")
        parts.append(
            "the broker's books agree" if self.confirmed else "the broker's books DO NOT AGREE"
        )
        return f"{'; '.join(parts)}; {self.seconds:.2f} s."


class Striker:
    """Carries out one strike.

    Args:
        bridge: the session's core.
        step: takes in what the broker has to tell, and lets out what waits.
        agreed: asks the broker for its books.
    """

    def __init__(self, bridge: Bridge, step: Step, agreed: Agreed) -> None:
        self._bridge = bridge
        self._step = step
        self._agreed = agreed

    async def strike(self, strike: Strike, patience: float) -> Aftermath:
        """Do it, and wait until it is proven.

        Args:
            strike: what is asked for.
            patience: seconds to wait for the proof at most.
        """
        loop = asyncio.get_running_loop()
        begun = loop.time()
        before = [one for one in self._open() if not _closes(one)]
        self._bridge.strike(strike)
        while not self._is_over(strike) and loop.time() - begun < patience:
            await self._step()
            if self._stayed_here(strike):
                self._bridge.strike(strike)
            await asyncio.sleep(_LOOK)
        confirmed = await self._agreed()
        left = [one.order.id for one in before if one.status not in DONE]
        held, kept = self._held(strike)
        return Aftermath(
            len(before) - len(left),
            tuple(left),
            held,
            kept,
            confirmed,
            loop.time() - begun,
        )

    def _open(self) -> list[Ticket]:
        return list(self._bridge.core.blotter.at_work.values())

    def _is_over(self, strike: Strike) -> bool:
        """Whether nothing works any more and nothing is held that is to be closed."""
        return not self._open() and not self._held(strike)[0]

    def _stayed_here(self, strike: Strike) -> bool:
        """Whether what was to close a position certainly never left: then it is decided anew."""
        if self._open():
            return False
        tickets = self._bridge.core.blotter.tickets.values()
        last = {one.order.symbol: one for one in tickets if _closes(one)}
        return any(
            one.status is OrderStatus.REJECTED
            and one.reason.startswith(NEVER_LEFT)
            and symbol not in strike.exclude
            and any(ledger.positions[symbol].quantity * one.order.side < 0.0
                    for ledger in self._bridge.core.ledgers if symbol in ledger.positions)
            for symbol, one in last.items()
        )  # fmt: skip

    def _held(self, strike: Strike) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """What is held: that which was to be closed, and that which was to be kept."""
        units: dict[str, float] = {}
        for ledger in self._bridge.core.ledgers:
            for symbol, position in ledger.positions.items():
                if not position.is_flat:
                    units[symbol] = units.get(symbol, 0.0) + position.quantity
        closes = {one for one in units if strike.flattens and one not in strike.exclude}
        shown = {symbol: f"{quantity:.10g} {symbol}" for symbol, quantity in units.items()}
        return (
            tuple(text for symbol, text in shown.items() if symbol in closes),
            tuple(text for symbol, text in shown.items() if symbol not in closes),
        )


def _closes(ticket: Ticket) -> bool:
    """Whether an order is the strike's own."""
    return ticket.order.origin is Origin.KILL
