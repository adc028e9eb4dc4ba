"""A journal's rows as lines of plain columns: one for every order sent and every report."""

from __future__ import annotations

__all__ = ["COLUMNS", "Line", "lines_of"]

from collections.abc import Iterator
from typing import NamedTuple

from framework.domain.events import (
    BrokerEvent,
    CashFlow,
    Commission,
    Fill,
    OrderUpdate,
    Split,
)
from framework.domain.orders import Order, OrderRequest, Side
from framework.engine.journal_codec import CodecError, decoded
from framework.engine.journal_differences import told
from framework.engine.journal_lock import masked_text
from framework.engine.journal_rows import (
    Adopted,
    Bound,
    Cancel,
    Cleared,
    Decided,
    Entry,
    EventBatch,
    Found,
    Heard,
    History,
    IdFloor,
    Instant,
    Joined,
    News,
    Replace,
    RiskState,
    Row,
    SeenExecution,
    SeenQuote,
    Started,
    Stopped,
    Submit,
    TimerDue,
    Unsent,
    kind_of,
)
from framework.research.tables import iso_times
from framework.research.terms import terms_text
from framework.session.hand_bridge import ORDER


class Line(NamedTuple):
    """One line; what a row has not is None. Times are ISO 8601 in UTC."""

    row: int
    session: int
    written: str
    time: str
    kind: str
    order: str | None = None
    symbol: str | None = None
    side: str | None = None
    quantity: float | None = None
    type: str | None = None
    limit: float | None = None
    stop: float | None = None
    tif: str | None = None
    terms: str | None = None
    decided: str | None = None
    decision_price: float | None = None
    bid: float | None = None
    ask: float | None = None
    last: float | None = None
    quoted: str | None = None
    quote: str | None = None
    price: float | None = None
    amount: float | None = None
    status: str | None = None
    text: str = ""


COLUMNS = Line._fields
"""What a line consists of, in order."""


def lines_of(entry: Entry) -> Iterator[Line]:
    """The lines of one row, in order."""
    row = entry.row
    written, time = (iso_times([moment])[0] for moment in (entry.written, row.time))
    base = Line(entry.number, entry.run, written, time, kind_of(row))
    match row:
        case Submit():
            for order in row.orders:
                words = f"{_late(row.late)}{' held for its what-if' if row.held else ''}".strip()
                yield _of_order(base, order, _quote(row.quotes, order.symbol), words)
        case Replace():
            yield _of_order(base, row.order, _quote(row.quotes, row.order.symbol), _late(row.late))
        case EventBatch():
            for event in row.events:
                yield _of_event(base, event, row.poll)
        case Cancel():
            yield base._replace(order=row.order, text=_late(row.late))
        case Cleared():
            for name in row.orders:
                yield base._replace(order=name, text=f"sent: {row.text}")
        case Instant():
            for symbol, bar in row.bars:
                text = f"open {bar.open:.10g} high {bar.high:.10g} low {bar.low:.10g}"
                yield base._replace(symbol=symbol, price=bar.close, quantity=bar.volume, text=text)
            if not row.bars:
                yield base
        case _:
            yield _of_rest(base, row)


def _of_rest(base: Line, row: Row) -> Line:
    match row:
        case Found():
            finding = row.finding
            return base._replace(
                order=finding.subject,
                status=finding.severity.value,
                text=masked_text(f"{finding.kind}: {finding}"),
            )
        case Bound():
            return base._replace(order=row.order, text=f"permId {row.perm_id}")
        case SeenExecution():
            return base._replace(order=row.order, text=f"execution {row.exec_id}")
        case RiskState():
            halts = "".join(f", halted by {name} ({halt})" for name, halt in row.halts)
            text = f"day opened at {row.day_open_equity:,.2f}, peak {row.peak_equity:,.2f}{halts}"
            return base._replace(amount=row.peak_equity, text=text)
        case Heard():
            signal = row.signal
            return base._replace(
                symbol=signal.symbol, side=signal.action.lower(), text=f"{signal.confidence:g}"
            )
        case _:
            return base._replace(text=masked_text(_words(row)))


def _words(row: Row) -> str:
    text = ""
    match row:
        case Started():
            versions = " ".join(f"{name} {number}" for name, number in row.versions)
            text = f"{row.mode} {row.account} client {row.client_id}, {row.strategy} {versions}"
            if row.tag:
                text += f" (its orders are called ID@{row.tag} at the broker)"
        case Stopped():
            text = f"{row.reason} (exit code {row.exit_code})"
        case Adopted():
            text = f"by {row.by}: " + "; ".join(str(fact) for fact in row.facts)
        case History():
            text = f"{len(row.bars)} bars of {row.bars.symbol} {row.bars.frame}"
        case Joined():
            text = "; ".join(map(str, row.joins)) or "flat"
        case News():
            words = _asked(row.text) if row.topic == ORDER else row.text
            text = f"{row.topic}: {words}"
        case TimerDue():
            text = row.name
        case IdFloor():
            text = f"order ids below {row.order_id} are used"
        case Decided():
            text = f"by the replay: {told(row.intent)}"
        case Unsent():
            text = f"not sent: {told(row.intent)}: {row.reason}"
        case _:
            pass
    return text.strip()


def _asked(text: str) -> str:
    """What was asked for by hand, in words."""
    try:
        asked: OrderRequest = decoded(OrderRequest, text)
    except CodecError:
        return text
    parts = [asked.side.name.lower(), f"{asked.quantity:.10g}", asked.symbol, asked.type.value]
    for name, price in (("at", asked.limit), ("trigger", asked.trigger)):
        parts += [f"{name} {price:.10g}"] if price is not None else []
    guards = asked.protection
    for name, guard in (("stop", guards.stop_loss), ("target", guards.take_profit)):
        parts += [f"{name} {guard}"] if guard is not None else []
    return " ".join(parts)


def _of_order(base: Line, order: Order, quote: SeenQuote | None, text: str) -> Line:
    distance = order.trail or order.offset
    away = "" if distance is None else f"at {distance}"
    parent = "" if order.parent is None else f"of {order.parent}"
    return base._replace(
        order=order.id,
        symbol=order.symbol,
        side=order.side.name.lower(),
        quantity=order.quantity,
        type=order.type.value,
        limit=order.limit,
        stop=order.stop,
        tif=order.tif.value,
        terms=terms_text(order),
        decided=iso_times([order.time])[0],
        decision_price=order.decision_price,
        bid=None if quote is None else quote.bid,
        ask=None if quote is None else quote.ask,
        last=None if quote is None else quote.last,
        quoted=None if quote is None or not quote.time else iso_times([quote.time])[0],
        quote=None if quote is None else quote.quality or None,
        text=" ".join(part for part in (order.origin.value, parent, away, text) if part),
    )


def _of_event(base: Line, event: BrokerEvent, poll: int) -> Line:
    base = base._replace(time=iso_times([event.time])[0])
    match event:
        case Fill():
            return base._replace(
                kind="fill",
                order=event.order.id,
                symbol=event.symbol,
                side=(Side.BUY if event.quantity > 0 else Side.SELL).name.lower(),
                quantity=abs(event.quantity),
                decision_price=event.order.decision_price,
                price=event.price,
                text=event.id,
            )
        case Commission():
            return base._replace(
                kind="commission",
                order=event.fill_id.rpartition("/")[0],
                symbol=event.symbol,
                amount=event.amount,
                text=event.fill_id,
            )
        case OrderUpdate():
            line = _of_order(base, event.order, None, "")
            return line._replace(
                kind="update",
                status=event.status.value,
                text=masked_text(event.reason),
            )
        case CashFlow():
            return base._replace(
                kind="cash", symbol=event.symbol, amount=event.amount, text=event.kind.value
            )
        case Split():
            return base._replace(
                kind="split", symbol=event.symbol, quantity=event.quantity, text=f"{event.ratio:g}"
            )


def _quote(quotes: tuple[SeenQuote, ...], symbol: str) -> SeenQuote | None:
    return next((quote for quote in quotes if quote.symbol == symbol), None)


def _late(late: bool) -> str:
    return "decided in a replay" if late else ""
