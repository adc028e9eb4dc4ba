"""Execution report: everything `slipway slippage` measures, and its tables."""

from __future__ import annotations

__all__ = ["ExecutionReport", "execution_report", "print_execution"]

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table
from rich.text import Text

from framework.calendar import utc_text
from framework.research.execution_groups import (
    CostLine,
    Zones,
    by_hour,
    by_kind,
    by_symbol,
    cost_line,
)
from framework.research.executions import (
    Arrival,
    FilledOrder,
    Lookup,
    Opportunity,
    filled_orders,
    unfilled,
)
from framework.research.latency import (
    Latency,
    Quantiles,
    Throughput,
    latency_of,
    throughput_of,
)
from framework.research.order_lives import JournalOrders
from framework.research.slippage_fit import SlippageFit

_WIDTH = 100
_ARRIVALS = {
    Arrival.QUOTE: "the middle of the quote",
    Arrival.OPEN: "the open of the next bar",
    Arrival.TRIGGER: "the price they waited for",
    Arrival.DECISION: "the decision's price, for no other is known",
}


@dataclass(frozen=True, slots=True)
class ExecutionReport:
    """What trading cost.

    Attributes:
        journals: their names.
        modes: of their sessions.
        on_market_clock: journals whose clock was the market's own, which tell no latency.
        orders: every order that traded.
        opportunities: every order that ended with something unfilled.
        total: all orders together; None without any.
        kinds, symbols, hours: the same in groups.
        latency, throughput: of the journals with a clock of their own.
    """

    journals: tuple[str, ...]
    modes: tuple[str, ...]
    on_market_clock: int
    orders: tuple[FilledOrder, ...]
    opportunities: tuple[Opportunity, ...]
    total: CostLine | None
    kinds: tuple[CostLine, ...]
    symbols: tuple[CostLine, ...]
    hours: tuple[CostLine, ...]
    latency: Latency
    throughput: Throughput

    @property
    def forgone(self) -> float:
        """Money the market went away with while orders did not fill; < 0 is saved."""
        return sum(one.cost or 0.0 for one in self.opportunities)


def execution_report(found: Sequence[JournalOrders], lookup: Lookup) -> ExecutionReport:
    """Measure the orders of some journals.

    Args:
        found: of each journal.
        lookup: instruments the journals do not describe.
    """
    orders = tuple(one for journal in found for one in filled_orders(journal, lookup))
    zones = _zones(found, lookup)
    return ExecutionReport(
        journals=tuple(journal.name for journal in found),
        modes=tuple(sorted({mode for journal in found for mode in journal.modes})),
        on_market_clock=sum(journal.on_market_clock for journal in found),
        orders=orders,
        opportunities=tuple(one for journal in found for one in unfilled(journal, lookup)),
        total=cost_line("all", orders) if orders else None,
        kinds=by_kind(orders),
        symbols=by_symbol(orders),
        hours=by_hour(orders, zones),
        latency=latency_of(found),
        throughput=throughput_of(found),
    )


def _zones(found: Sequence[JournalOrders], lookup: Lookup) -> Zones:
    known = {symbol: one for journal in found for symbol, one in journal.instruments.items()}
    return lambda symbol: (known.get(symbol) or lookup(symbol)).calendar


# printing ----------------------------------------------------------------------------------


def print_execution(
    report: ExecutionReport, fit: SlippageFit | None = None, console: Console | None = None
) -> None:
    """Print the report, rounded for people, at most 100 columns wide."""
    out = console or Console()
    for part in _parts(report, fit):
        out.print(part, width=min(_WIDTH, out.width), highlight=False)


def _parts(report: ExecutionReport, fit: SlippageFit | None) -> Iterable[Table | Text]:
    yield _headline(report)
    if report.total is not None:
        yield from _costs(report, report.total)
        groups = (("order", report.kinds), ("symbol", report.symbols), ("hour", report.hours))
        for name, lines in groups:
            yield Text("")
            yield _group_table(name, lines)
    yield Text("")
    yield from _speed(report)
    if fit is not None:
        yield Text("")
        yield from _fit_parts(fit)


def _headline(report: ExecutionReport) -> Text:
    text = Text()
    text.append("Execution quality", "bold")
    count = len(report.journals)
    text.append(f" of {count:,} {_word(count, 'journal')} ({', '.join(report.modes) or 'empty'})\n")
    if not report.orders:
        text.append("No order has filled: there is nothing to measure yet.")
        return text
    times = [one.time for one in report.orders]
    text.append(f"{utc_text(min(times))} to {utc_text(max(times))}\n", "dim")
    text.append("A cost above 0 is worse than the price of the decision. ", "dim")
    text.append("Money is in the account's currency; bp is 0.01 % of what was traded.\n", "dim")
    return text


def _costs(report: ExecutionReport, total: CostLine) -> Iterable[Table | Text]:
    table = _table("", "+money", "+bp")
    for name, money, points in (
        ("Delay: decision to arrival", total.delay, total.delay_bps),
        ("Execution: arrival to fill", total.execution, total.execution_bps),
        ("Fees", total.fees, total.fees_bps),
        ("Implementation shortfall", total.shortfall, total.shortfall_bps),
    ):
        style = "bold" if name.startswith("Imp") else ""
        cells = (name, _rounded(money, 2), _rounded(points, 2))
        table.add_row(*(Text(cell, style) for cell in cells))
    yield table
    yield Text(_arrival_text(report.orders), "dim")
    yield Text(_opportunity_text(report), "dim")


def _arrival_text(orders: Sequence[FilledOrder]) -> str:
    counts = {source: sum(one.source is source for one in orders) for source in Arrival}
    parts = [f"of {n:,} {_ARRIVALS[source]}" for source, n in counts.items() if n]
    return f"Arrival, {len(orders):,} {_word(len(orders), 'order')}: {'; '.join(parts)}."


def _opportunity_text(report: ExecutionReport) -> str:
    missed = report.opportunities
    if not missed:
        return "Not filled: nothing."
    units = sum(one.units for one in missed)
    ends = sorted({one.status for one in missed if one.status})
    unknown = sum(one.cost is None for one in missed)
    text = (
        f"Not filled: {len(missed):,} {_word(len(missed), 'order')} ({', '.join(ends)}), "
        f"{units:,.10g} units; the market went {report.forgone:,.2f} away from them"
    )
    return text + (f", the price of {unknown:,} is not known." if unknown else ".")


def _group_table(name: str, lines: Sequence[CostLine]) -> Table:
    table = _table(
        name, "+orders", "+traded", "+delay bp", "+execution bp", "+fees bp", "+shortfall bp",
        "+median", "+90 %", "+ticks",
    )  # fmt: skip
    for one in lines:
        points = (one.delay_bps, one.execution_bps, one.fees_bps, one.shortfall_bps)
        table.add_row(
            one.name, f"{one.orders:,}", f"{one.traded:,.0f}",
            *(_rounded(point, 2) for point in (*points, one.median_bps, one.upper_bps)),
            _rounded(one.ticks, 1),
        )  # fmt: skip
    return table


def _speed(report: ExecutionReport) -> Iterable[Table | Text]:
    if report.on_market_clock:
        yield Text(
            f"{report.on_market_clock:,} {_word(report.on_market_clock, 'journal')} had the "
            "market's own clock (an emulator in lockstep): no latency and no rate from there.",
            "dim",
        )
    latency, rate = report.latency, report.throughput
    if not rate.messages:
        return
    table = _table("latency, ms", "+orders", "+p50", "+p90", "+p99", "+longest")
    for name, waits in (
        ("sent to acknowledged", latency.acknowledged),
        ("sent to first fill", latency.filled),
    ):
        table.add_row(name, f"{waits.count:,}", *_milliseconds(waits))
    yield table
    if latency.unanswered:
        count = latency.unanswered
        yield Text(
            f"{count:,} {_word(count, 'order')} not heard of by the session that sent.", "dim"
        )
    yield Text(
        f"Sent: {rate.messages:,} orders, changes and cancels; at most {rate.peak_second:,} in a "
        f"second and {rate.peak_minute:,} in a minute, {rate.per_second:.1f} a second that had any."
    )


def _milliseconds(waits: Quantiles) -> list[str]:
    if not waits.count:
        return ["-"] * 4
    return [f"{one:,.0f}" for one in (waits.p50, waits.p90, waits.p99, waits.longest)]


def _fit_parts(fit: SlippageFit) -> Iterable[Table | Text]:
    size = fit.spec[fit.parameter]
    text = Text()
    text.append("Calibrated slippage: ", "bold")
    text.append(f"{fit.spec['name']} {fit.parameter}={size:.6g}", "bold")
    text.append(f"  (95 %: {fit.low:.4g} to {fit.high:.4g})\n")
    text.append("\n".join(fit.notes), "dim")
    yield text
    table = _table("form", "+error held out, bp")
    for form in fit.forms:
        table.add_row(form.name, f"{form.error:.2f}")
    yield table


def _rounded(value: float, places: int) -> str:
    """With thousands separated; never -0."""
    return f"{round(value, places) + 0.0:,.{places}f}"


def _word(count: int, noun: str) -> str:
    return noun if count == 1 else f"{noun}s"


def _table(*heads: str) -> Table:
    """A table without lines; heads that begin with + are of numbers."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    for head in heads:
        table.add_column(head.lstrip("+"), justify="right" if head.startswith("+") else "left")
    return table
