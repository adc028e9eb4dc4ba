"""`slipway referee`: every order of a run on both sides, the rules it took, and the verdict."""

from __future__ import annotations

__all__ = ["play_on_backtrader", "print_verdict", "referee_command"]

from collections.abc import Sequence
from dataclasses import replace

from rich.console import Console
from rich.table import Table
from rich.text import Text

from framework.calendar import TradingCalendar
from framework.config.plan import Plan
from framework.domain.orders import OrderStatus, Side
from framework.ports import Progress
from framework.referee.compare import Row, Verdict, referee, run_on_backtrader
from framework.referee.outcome import Outcome
from framework.referee.rules import RULES
from framework.research.results import Result, result_of
from framework.research.settings import settings_of

_WIDTH = 90
_FINDING = 1


def referee_command(
    plan: Plan, only_differences: bool = False, progress: Progress | None = None
) -> int:
    """Play a plan on both sides and print what the referee found.

    Args:
        plan: the run.
        only_differences: leave out the orders both sides agree about.
        progress: told now and then how far it has come.

    Returns:
        0, or 1 if a difference has no rule.

    Raises:
        ConfigError: backtrader lacks a part of the plan.
    """
    plan.alone("The referee")
    verdict = referee(plan.found.cls, plan.market.bars, plan.settings, plan.parameters, progress)
    print_verdict(verdict, plan.found.cls.__name__, only_differences)
    return _FINDING if verdict.unexplained or verdict.ours.error else 0


def play_on_backtrader(plan: Plan, progress: Progress | None = None) -> Result:
    """Run a plan with backtrader as its broker and interpret what happened.

    Raises:
        ConfigError: backtrader lacks a part of the plan.
    """
    plan.alone("backtrader")
    market = plan.market
    record = run_on_backtrader(
        plan.found.cls, market.bars, plan.settings, plan.parameters, progress
    )
    calendars = {series.instrument.calendar for series in market.bars}
    return result_of(
        replace(record, warnings=(*plan.warnings, *record.warnings)),
        strategy=plan.found.cls.__name__,
        parameters=[(name, str(value)) for name, value in plan.parameters.items()],
        settings=[("Broker", "backtrader"), *settings_of(plan)],
        periods=max(TradingCalendar(name).periods_per_year for name in calendars),
    )


def print_verdict(
    verdict: Verdict, strategy: str, only_differences: bool = False, console: Console | None = None
) -> None:
    """Print both sides order by order, then the rules and the verdict."""
    out = console or Console()
    shown = [row for row in verdict.rows if row.differences or not only_differences]
    if shown:
        out.print(_orders_table(shown, strategy), width=min(_WIDTH, out.width), highlight=False)
    if verdict.rules:
        out.print(_rules_table(verdict), width=min(_WIDTH, out.width), highlight=False)
    out.print(_summary(verdict, strategy), width=min(_WIDTH, out.width), highlight=False)


def _table(title: str) -> Table:
    return Table(
        title=title, title_justify="left", title_style="bold", box=None, padding=(0, 2, 0, 0),
        pad_edge=False,
    )  # fmt: skip


def _orders_table(rows: Sequence[Row], strategy: str) -> Table:
    """Ids without the strategy's name, which is the same in all of them."""
    table = _table("Orders")
    table.add_column("Order", no_wrap=True, overflow="ellipsis")
    table.add_column("What", no_wrap=True)
    table.add_column("Ours", no_wrap=True)
    table.add_column("backtrader", no_wrap=True)
    table.add_column("Rule", overflow="fold")
    for row in rows:
        order = row.ours.order
        side = "buy" if order.side is Side.BUY else "sell"
        rules = dict.fromkeys(d.rule or "UNEXPLAINED" for d in row.differences)
        table.add_row(
            order.id.removeprefix(strategy[:20]).lstrip("-."),
            f"{side} {order.quantity:g} {order.type.value}",
            _shown(row.ours.filled, row.ours.average_price, row.ours.status),
            _theirs(row.theirs),
            Text(", ".join(rules), "bold red" if row.is_unexplained else ""),
        )
    return table


def _theirs(outcome: Outcome | None) -> str:
    if outcome is None:
        return OrderStatus.WORKING.value
    return _shown(abs(outcome.quantity), outcome.price, outcome.ended or OrderStatus.WORKING)


def _shown(filled: float, price: float, status: OrderStatus) -> str:
    return f"{status.value} {price:,.4f}" if filled else status.value


def _rules_table(verdict: Verdict) -> Table:
    texts = {rule.id: rule.text for rule in RULES}
    table = _table("\nRules")
    table.show_header = False
    table.add_column("", no_wrap=True)
    table.add_column("", justify="right", no_wrap=True)
    table.add_column("", overflow="fold")
    for rule, count in sorted(verdict.rules.items()):
        table.add_row(rule, f"{count:,}", texts[rule])
    return table


def _summary(verdict: Verdict, strategy: str) -> Text:
    orders, differing = len(verdict.rows), verdict.differing
    share = 100.0 * differing / orders if orders else 0.0
    text = Text(
        f"\n{strategy}: {orders:,} orders, {differing:,} different ({share:.1f} %), "
        f"{verdict.unexplained:,} without a rule.\n"
    )
    ours, alone = verdict.ours.equity[-1], verdict.alone.equity[-1]
    text.append(f"Final equity: ours {ours:,.2f}, backtrader alone {alone:,.2f}.\n")
    if verdict.path:
        text.append(f"The runs part: {verdict.path}.\n", "bold red")
    if verdict.ours.error:
        text.append(f"Cut short: {verdict.ours.error}\n", "bold red")
    return text
