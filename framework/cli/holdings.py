"""`slipway positions`, `working`, `account`: what the broker says, as aligned tables or JSON."""

from __future__ import annotations

__all__ = ["show_account", "show_positions", "show_working"]

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from typing import TypeVar

from rich.console import Console
from rich.table import Table
from rich.text import Text

from framework.cli.broker_access import Looker, looked_at
from framework.cli.broker_options import BrokerFlags
from framework.cli.broker_questions import account_of, positions_of, working_of
from framework.session.masking import masked

T = TypeVar("T")


def show_positions(flags: BrokerFlags) -> None:
    """Print what the account holds.

    Raises:
        SlipwayError: the broker cannot be asked, or does not answer completely.
    """
    account, rows = _asked(flags, positions_of)
    if flags.json:
        _print_json({"account": masked(account), "positions": [asdict(row) for row in rows]})
        return
    if not rows:
        print(f"{masked(account)} holds nothing.")
        return
    table = _table("symbol", "kind", "+quantity", "+average", "+price", "+value", "+open P&L", "")
    for row in rows:
        table.add_row(
            Text(row.symbol, "bold"), row.kind, _plain(row.quantity), _plain(row.average_price),
            _plain(row.market_price), _money(row.market_value), _signed(row.unrealized),
            row.currency,
        )  # fmt: skip
    _show(f"Positions of {masked(account)}", table)


def show_working(flags: BrokerFlags) -> None:
    """Print the orders that work.

    Raises:
        SlipwayError: the broker cannot be asked, or does not answer completely.
    """
    account, orders = _asked(flags, working_of)
    if flags.json:
        shown = [asdict(one) | {"account": masked(one.account)} for one in orders]
        _print_json({"account": masked(account), "orders": shown})
        return
    if not orders:
        print(f"No order works for {masked(account)}.")
        return
    table = _table(
        "side", "+quantity", "symbol", "type", "+limit", "+stop", "tif", "status", "+filled",
        "+client", "order", "reference",
    )  # fmt: skip
    for one in orders:
        table.add_row(
            one.side, _plain(one.quantity), Text(one.symbol, "bold"), one.kind, _plain(one.limit),
            _plain(one.stop), one.tif, one.status, _plain(one.filled), str(one.client_id),
            str(one.perm_id or one.order_id), one.reference or Text("not Slipway's", "dim"),
        )  # fmt: skip
    _show(f"Working orders of {masked(account)}", table)


def show_account(flags: BrokerFlags) -> None:
    """Print money and margins.

    Raises:
        SlipwayError: the broker cannot be asked, or does not answer completely.
    """
    account, money = _asked(flags, account_of)
    if flags.json:
        _print_json({"account": masked(account)} | asdict(money))
        return
    table = _table("", "+", "")
    for figure in money.figures:
        table.add_row(Text(figure.name), _money(figure.amount), figure.currency)
    _show(f"Account {masked(account)}", table)
    if len(money.cash) > 1:
        cash = _table("cash in", "+amount", f"+one is, in {money.currency}")
        for one in money.cash:
            cash.add_row(one.currency, _money(one.amount), _plain(one.rate))
        Console(highlight=False).print(cash)


# asked and shown ---------------------------------------------------------------------------------


def _asked(flags: BrokerFlags, question: Callable[[Looker], Awaitable[T]]) -> tuple[str, T]:
    """The account looked at, and the answer."""

    async def work(looker: Looker) -> tuple[str, T]:
        return looker.account, await question(looker)

    return looked_at(flags, work)


def _table(*columns: str) -> Table:
    """A table; a + in front of a name sets the column to the right."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    for name in columns:
        right = name.startswith("+")
        table.add_column(name.removeprefix("+"), justify="right" if right else "left", no_wrap=True)
    return table


def _show(title: str, table: Table) -> None:
    out = Console(highlight=False)
    out.print(Text(title, "bold"))
    out.print(table)


def _print_json(content: Mapping[str, object]) -> None:
    print(json.dumps(content, indent=2))


def _plain(number: float | None) -> str:
    """A quantity or a price, without the noise of its last digits."""
    return "" if number is None else f"{number:,.10g}"


def _money(number: float | None) -> str:
    return "" if number is None else f"{number:,.2f}"


def _signed(number: float | None) -> Text:
    if number is None:
        return Text("")
    return Text(f"{number:+,.2f}", "green" if number > 0.0 else "red" if number < 0.0 else "")
