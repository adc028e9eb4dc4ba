"""Status: one look at a running session, and whether it is healthy."""

from __future__ import annotations

__all__ = [
    "SILENCE",
    "DataAge",
    "HedgeLine",
    "OrderLine",
    "PositionLine",
    "Status",
    "troubles",
]

from dataclasses import dataclass

from framework.calendar import utc_text
from framework.operations.happenings import Happening

SILENCE = 15.0
"""Seconds after which a session that has written nothing is taken for dead or hung."""
_SECOND = 1_000_000_000


@dataclass(frozen=True, slots=True)
class DataAge:
    """How fresh an instrument's bars are.

    Attributes:
        symbol: instrument.
        close: nanoseconds UTC of the last bar's close; 0 before the first.
        is_stale: whether a bar that is due has not come.
    """

    symbol: str
    close: int
    is_stale: bool = False


@dataclass(frozen=True, slots=True)
class PositionLine:
    """What a strategy holds of an instrument.

    Attributes:
        strategy: whose ledger.
        symbol: instrument.
        quantity: signed units.
        average: average price of the open units.
        price: last known close.
        value: signed, in the account's currency.
        profit: unrealized, in the account's currency.
        stop: nearest working stop price that would close it; None where there is none.
    """

    strategy: str
    symbol: str
    quantity: float
    average: float
    price: float
    value: float
    profit: float
    stop: float | None = None


@dataclass(frozen=True, slots=True)
class OrderLine:
    """An order that may still trade.

    Attributes:
        id: ours.
        text: the order in words.
        status: its state.
        filled, quantity: unsigned units.
        since: nanoseconds UTC of its last state.
    """

    id: str
    text: str
    status: str
    filled: float
    quantity: float
    since: int


@dataclass(frozen=True, slots=True)
class HedgeLine:
    """A hedged book of options.

    Attributes:
        underlying: of the book.
        delta: of options and hedge together, in units of the underlying.
        cost: money hedging has cost this session.
    """

    underlying: str
    delta: float
    cost: float


@dataclass(frozen=True, slots=True)
class Status:
    """One look at a session.

    Attributes:
        time: nanoseconds UTC at which it was taken, on the machine's clock.
        pid: of the session's process.
        mode: "shadow", "paper" or "live".
        account: masked.
        where: the broker's address; says "emulator" if it is one.
        client_id: of the connection.
        strategy: names of what runs.
        journal: path of its journal.
        began: nanoseconds UTC.
        connection: state of the connection, "ready" if whole.
        reason: why the connection is in that state.
        blocked: why no new risk may be taken; empty while it may.
        data: age of every instrument's bars.
        next_decision: nanoseconds UTC of the next bar's close; 0 where it is not known.
        cash, equity: of the account as the session keeps it, in its currency.
        day_profit: equity less that of the day's opening.
        day_limit: loss at which the daily breaker trips, > 0; None without one.
        positions, orders, hedges: what is held, what works, what is hedged.
        findings: differences of the books that nothing explains.
        unprotected: positions that have lost their stop.
        events: the last happenings, oldest first.
        ended: why it ended; empty while it runs.
    """

    time: int
    pid: int
    mode: str
    account: str
    where: str
    client_id: int
    strategy: str
    journal: str
    began: int
    connection: str
    reason: str = ""
    blocked: str = ""
    data: tuple[DataAge, ...] = ()
    next_decision: int = 0
    cash: float = 0.0
    equity: float = 0.0
    day_profit: float = 0.0
    day_limit: float | None = None
    positions: tuple[PositionLine, ...] = ()
    orders: tuple[OrderLine, ...] = ()
    hedges: tuple[HedgeLine, ...] = ()
    findings: tuple[str, ...] = ()
    unprotected: tuple[str, ...] = ()
    events: tuple[Happening, ...] = ()
    ended: str = ""


def troubles(status: Status, now: int, is_alive: bool) -> tuple[str, ...]:
    """What is wrong with a session, one sentence each; empty if it is healthy.

    Args:
        status: the last look.
        now: nanoseconds UTC, on the machine's clock.
        is_alive: whether its process is there.
    """
    if status.ended:
        return (f"It is not running: {status.ended}, {utc_text(status.time)}.",)
    if not is_alive:
        return (f"Its process {status.pid} is gone; it last wrote at {utc_text(status.time)}.",)
    found = []
    silent = (now - status.time) / _SECOND
    if silent > SILENCE:
        found.append(f"It has written nothing for {silent:.0f} s: process {status.pid} hangs.")
    if status.connection != "ready":
        because = f": {status.reason}" if status.reason else ""
        found.append(f"The connection is {status.connection}{because}.")
    if status.blocked:
        found.append(f"No new risk is taken: {status.blocked}.")
    stale = [one.symbol for one in status.data if one.is_stale]
    if stale:
        found.append(f"Bars that are due have not come: {', '.join(stale)}.")
    found += [f"Unexplained: {one}" for one in status.findings]
    found += [f"Unprotected: {one}" for one in status.unprotected]
    return tuple(found)
