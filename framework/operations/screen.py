"""Screen: a session's status as a person reads it, in colour or as plain lines."""

from __future__ import annotations

__all__ = ["plain", "screen"]

from collections.abc import Iterator
from datetime import UTC, datetime
from io import StringIO

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from framework.calendar import utc_text
from framework.operations.happenings import Gravity, Happening
from framework.operations.status import Status, troubles

_SECOND = 1_000_000_000
_EVENTS = 8
_MODES = {"live": "bold white on red", "paper": "bold black on cyan", "shadow": "bold on grey35"}
_GRAVITIES = {Gravity.INFO: "", Gravity.WARNING: "yellow", Gravity.ERROR: "bold red"}


def plain(status: Status, now: int, is_alive: bool, width: int = 110) -> str:
    """The same without colour, for a terminal that is none."""
    out = StringIO()
    Console(file=out, width=width, color_system=None).print(screen(status, now, is_alive))
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines())


def screen(status: Status, now: int, is_alive: bool) -> RenderableType:
    """Everything there is to see of a session.

    Args:
        status: the last look.
        now: nanoseconds UTC, on the machine's clock.
        is_alive: whether the session's process is there.
    """
    return Group(*_parts(status, now, is_alive))


def _parts(status: Status, now: int, is_alive: bool) -> Iterator[RenderableType]:
    yield _head(status)
    yield _verdict(status, now, is_alive)
    yield Text()
    yield _facts(status, now)
    yield Text()
    yield _positions(status)
    yield Text()
    yield _orders(status, now)
    if status.hedges:
        yield Text()
        yield _hedges(status)
    yield Text()
    yield _events(status.events)


def _head(status: Status) -> Text:
    line = Text()
    line.append(f" {status.mode.upper()} ", _MODES.get(status.mode, "bold"))
    line.append(f" {status.strategy}", "bold")
    line.append(f"  account {status.account}, client id {status.client_id}, at {status.where}")
    if "emulator" in status.where:
        line.append("  EMULATOR: no broker", "bold magenta")
    return line


def _verdict(status: Status, now: int, is_alive: bool) -> Text:
    found = troubles(status, now, is_alive)
    if not found:
        return Text(f"healthy, seen {_ago(now - status.time)} ago", "green")
    return Text("\n".join(found), "bold red")


def _facts(status: Status, now: int) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column()
    table.add_row("connection", _connection(status))
    table.add_row("data", _data(status, now))
    table.add_row("next decision", _next(status, now))
    table.add_row("equity", f"{status.equity:,.2f}   cash {status.cash:,.2f}")
    table.add_row("day P&L", _day(status))
    if status.blocked:
        table.add_row("new risk", Text(f"none: {status.blocked}", "bold red"))
    return table


def _connection(status: Status) -> Text:
    if status.connection == "ready":
        return Text("ready", "green")
    return Text(f"{status.connection}: {status.reason}".rstrip(": "), "bold red")


def _data(status: Status, now: int) -> Text:
    parts = []
    for one in status.data:
        if not one.close:
            parts.append(Text(f"{one.symbol} no bar yet"))
        else:
            age = f"{one.symbol} {_ago(now - one.close)} old"
            parts.append(Text(age, "bold red" if one.is_stale else ""))
    return Text(", ").join(parts) if parts else Text("none")


def _next(status: Status, now: int) -> str:
    if not status.next_decision:
        return "not known"
    wait = status.next_decision - now
    when = f"in {_ago(wait)}" if wait > 0 else "due now"
    return f"{when}, the bar of {utc_text(status.next_decision)}"


def _day(status: Status) -> Text:
    text = _signed(status.day_profit)
    if status.day_limit:
        used = max(0.0, -status.day_profit) / status.day_limit
        style = "bold red" if used >= 0.8 else "yellow" if used >= 0.5 else ""
        text.append(f"   {used:.0%} of the limit of {status.day_limit:,.2f} used", style)
    return text


def _positions(status: Status) -> RenderableType:
    if not status.positions:
        return Text("flat", "dim")
    table = _table("position", "+quantity", "+average", "+price", "+value", "+P&L", "+stop")
    several = len({one.strategy for one in status.positions}) > 1
    for one in status.positions:
        name = f"{one.symbol}  {one.strategy}" if several else one.symbol
        stop = Text("none", "yellow") if one.stop is None else Text(_price(one.stop))
        table.add_row(
            Text(name, "bold"), f"{one.quantity:,.10g}", _price(one.average), _price(one.price),
            f"{one.value:,.2f}", _signed(one.profit), stop,
        )  # fmt: skip
    return table


def _orders(status: Status, now: int) -> RenderableType:
    if not status.orders:
        return Text("no working orders", "dim")
    table = _table("order", "", "state", "+filled", "+since")
    for one in status.orders:
        style = "bold red" if one.status == "unknown" else ""
        table.add_row(
            Text(one.id, "bold"), Text(one.text), Text(one.status, style),
            f"{one.filled:,.10g} of {one.quantity:,.10g}", f"{_ago(now - one.since)} ago",
        )  # fmt: skip
    return table


def _hedges(status: Status) -> Table:
    table = _table("hedge", "+delta", "+cost today")
    for one in status.hedges:
        table.add_row(Text(one.underlying, "bold"), f"{one.delta:,.2f}", f"{one.cost:,.2f}")
    return table


def _events(events: tuple[Happening, ...]) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for one in events[-_EVENTS:]:
        table.add_row(_clock(one.time), Text(one.text, _GRAVITIES[one.kind.gravity]))
    return table


def _table(*heads: str) -> Table:
    """A table without lines; heads that begin with + are of numbers."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    for head in heads:
        table.add_column(head.lstrip("+"), justify="right" if head.startswith("+") else "left")
    return table


def _clock(time: int) -> str:
    return datetime.fromtimestamp(time // _SECOND, UTC).strftime("%H:%M:%S")


def _price(price: float) -> str:
    cents = price * 100.0
    if abs(cents - round(cents)) < 1e-6:
        return f"{price:,.2f}"
    return f"{price:,.4f}".rstrip("0")


def _signed(amount: float) -> Text:
    style = "green" if amount > 0.0 else "red" if amount < 0.0 else ""
    return Text(f"{amount:+,.2f}", style)


def _ago(nanoseconds: int) -> str:
    """A length of time as people say it: 5 s, 3 min, 2 h 10 min, 4 days."""
    seconds = max(0, nanoseconds) / _SECOND
    if seconds < 100:
        return f"{seconds:.0f} s"
    if seconds < 100 * 60:
        return f"{seconds / 60:.0f} min"
    if seconds < 48 * 3600:
        return f"{seconds // 3600:.0f} h {seconds % 3600 // 60:.0f} min"
    return f"{seconds / 86400:.0f} days"
