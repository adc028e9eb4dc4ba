"""Looking: a running session's status, taken from its core, its connection and its bars."""

from __future__ import annotations

__all__ = ["LookOut", "Seen"]

import os
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from framework.components.breakers import DailyLoss, DailyLossMoney
from framework.domain.orders import OrderStatus
from framework.engine.reconcile_nouns import Finding, FindingKind
from framework.engine.slot import Slot
from framework.engine.slot_greeks import greeks_of
from framework.engine.ticket import Ticket
from framework.live.core import LiveCore
from framework.operations.happenings import Happening
from framework.operations.status import (
    DataAge,
    HedgeLine,
    OrderLine,
    PositionLine,
    Status,
)
from framework.ports import Breaker

_KEPT = 30
_ORDERS = 200
"""Working orders a status lists at most."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a session knows of itself besides its core.

    Attributes:
        connection: state of the connection.
        reason: why it is in that state.
        blocked: why no new risk may be taken.
        next_decision: nanoseconds UTC of the next bar's close; 0 where it is not known.
        findings: of the last comparison of the books.
        ended: why the session ended; empty while it runs.
    """

    connection: str
    reason: str
    blocked: str
    next_decision: int
    findings: Sequence[Finding]
    ended: str = ""


class LookOut:
    """Takes looks at one session, and keeps its last happenings.

    Args:
        mode: "shadow", "paper" or "live".
        account: masked.
        where: the broker's address; says "emulator" if it is one.
        client_id: of the connection.
        strategy: names of what runs.
        journal: path of its journal.
        breakers: of the session, for the day's limit.
        is_stale: whether the bars of a symbol are known not to come.
        began: nanoseconds UTC.
        now: nanoseconds UTC, on the machine's clock.
    """

    def __init__(
        self,
        mode: str,
        account: str,
        where: str,
        client_id: int,
        strategy: str,
        journal: str,
        breakers: Iterable[Breaker],
        is_stale: Callable[[str], bool],
        began: int,
        now: Callable[[], int],
    ) -> None:
        self._mode, self._account, self._where = mode, account, where
        self._client_id, self._strategy, self._journal = client_id, strategy, journal
        self._breakers = tuple(breakers)
        self._is_stale = is_stale
        self._began, self._now = began, now
        self._events: deque[Happening] = deque(maxlen=_KEPT)

    def take(self, happening: Happening) -> None:
        """Something has happened."""
        self._events.append(happening)

    def look(self, core: LiveCore, seen: Seen) -> Status:
        """The session as it is now."""
        equity, opened = core.equity, core.day_open_equity
        return Status(
            time=self._now(),
            pid=os.getpid(),
            mode=self._mode,
            account=self._account,
            where=self._where,
            client_id=self._client_id,
            strategy=self._strategy,
            journal=self._journal,
            began=self._began,
            connection=seen.connection,
            reason=seen.reason,
            blocked=seen.blocked,
            data=tuple(self._data(core)),
            next_decision=seen.next_decision,
            cash=sum(ledger.cash for ledger in core.ledgers),
            equity=equity,
            day_profit=equity - opened,
            day_limit=self._limit(opened),
            positions=tuple(line for slot in core.slots for line in _positions(core, slot)),
            orders=tuple(map(_order, list(core.blotter.at_work.values())[-_ORDERS:])),
            hedges=tuple(line for slot in core.slots for line in _hedges(slot)),
            findings=tuple(
                one.text for one in seen.findings if one.blocks and not _is_unprotected(one)
            ),
            unprotected=tuple(one.text for one in seen.findings if _is_unprotected(one)),
            events=tuple(self._events),
            ended=seen.ended,
        )

    def _data(self, core: LiveCore) -> Iterable[DataAge]:
        for symbol, line in core.ground.lines.items():
            if line.bars.instrument.option is None:
                last = int(line.bars.close_time[-1]) if len(line.bars) else 0
                yield DataAge(symbol, last, self._is_stale(symbol))

    def _limit(self, opened: float) -> float | None:
        """The smallest daily loss at which a breaker trips."""
        limits = [
            one.money if isinstance(one, DailyLossMoney) else opened * one.percent / 100.0
            for one in self._breakers
            if isinstance(one, DailyLoss | DailyLossMoney)
        ]
        return min(limits, default=None)


def _is_unprotected(finding: Finding) -> bool:
    return finding.kind is FindingKind.UNPROTECTED


def _positions(core: LiveCore, slot: Slot) -> Iterable[PositionLine]:
    for symbol, position in slot.ledger.positions.items():
        if position.is_flat:
            continue
        price, rate = slot.price(symbol), slot.rate(symbol)
        money = slot.instrument(symbol).multiplier * rate
        yield PositionLine(
            slot.name,
            symbol,
            position.quantity,
            position.average_price,
            price,
            position.quantity * price * money,
            position.quantity * (price - position.average_price) * money,
            _stop(core, slot, symbol, position.quantity),
        )


def _stop(core: LiveCore, slot: Slot, symbol: str, held: float) -> float | None:
    """The stop price that would be reached first."""
    stops = [
        ticket.order.stop
        for ticket in core.blotter.working(slot, symbol)
        if ticket.order.stop is not None and ticket.order.side * held < 0.0
    ]
    if not stops:
        return None
    return max(stops) if held > 0.0 else min(stops)


def _order(ticket: Ticket) -> OrderLine:
    order = ticket.order
    text = str(order).removeprefix(f"{order.id} ")
    status = "unknown" if ticket.status is OrderStatus.UNKNOWN else ticket.status.value.lower()
    return OrderLine(order.id, text, status, ticket.filled, order.quantity, ticket.time)


def _hedges(slot: Slot) -> Iterable[HedgeLine]:
    if not slot.options:
        return
    for underlying, greeks in greeks_of(slot).items():
        yield HedgeLine(underlying, greeks.delta, slot.hedge_cost)
