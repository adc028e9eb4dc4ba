"""What the terminal shows: figures beside buy and hold, trades, costs, settings, conventions."""

from __future__ import annotations

__all__ = ["print_comparison", "print_note", "print_result"]

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from math import isnan

from rich.console import Console
from rich.table import Table
from rich.text import Text

from framework.backtest.record import OrderRecord
from framework.domain.orders import DONE
from framework.research.attribution import Attribution, Money, Totals, totals_of
from framework.research.compare import Comparison, Difference
from framework.research.curves import span
from framework.research.results import Result
from framework.research.summary import Activity, Measure, Unit, measures

_WHOLE_DAYS = 10.0
"""Days from which on fractions of a day are noise."""
_TRIPS = 5
"""Most trips of breakers that are told one by one."""
_WIDTH = 80
_HALF_A_CENT = 0.005
_PLACES = (2, 4, 6, 8)
"""Decimals that two differing numbers are shown with: the first that tells them apart."""
_HASH = re.compile(r"[0-9a-f]{64}")
_FRACTION = re.compile(r"-?\d+\.\d+(e[+-]?\d+)?")
_WRITTEN: dict[str, tuple[float, str]] = {
    Unit.FRACTION: (100.0, " %"),
    Unit.PER_YEAR: (1.0, " x/yr"),
}
_COSTS = ("commission", "slippage", "turnover", "exposure")
_LEFT_OVER = ("open_trades", "working_orders", "refused_orders", "touch_fills", "breakers_tripped")


def print_result(result: Result, console: Console | None = None) -> None:
    """Print everything a run is judged by, at most 80 columns wide."""
    out = console or Console()
    for part in _result_parts(result):
        _print(out, part)


def print_comparison(comparison: Comparison, console: Console | None = None) -> None:
    """Print how two runs differ, at most 80 columns wide."""
    out = console or Console()
    for part in _comparison_parts(comparison):
        _print(out, part)


def print_note(line: str, console: Console | None = None) -> None:
    """Print a remark as the conventions are printed, at most 80 columns wide."""
    _print(console or Console(), _points("·", [line], "dim"))


def _print(out: Console, part: Table | Text) -> None:
    out.print(part, width=min(_WIDTH, out.width), soft_wrap=False, highlight=False)


def _result_parts(result: Result) -> Iterable[Table | Text]:
    yield _headline(result)
    yield _performance_table(result)
    yield _activity_table(result.summary.activity)
    if result.record.strategies:
        yield _strategies_table(result)
    if books := result.attribution:
        yield from _book_tables(result, books)
    income = _income(result)
    if income:
        yield from _pairs("Dividends, interest and margin", income)
    if result.summary.refused:
        yield from _pairs(
            "Refused orders", [(rule, f"{count:,}") for rule, count in result.summary.refused]
        )
    yield from _notes(result)
    if result.settings:
        yield from _pairs("Settings", result.settings)
    yield Text("")
    yield _points("·", result.conventions, "dim")


def _income(result: Result) -> list[tuple[str, str]]:
    """What moved besides trades; nothing where nothing did."""
    summary = result.summary
    rows = [
        (kind.replace("_", " ").capitalize(), f"{money:,.2f}") for kind, money in summary.income
    ]
    if summary.margin_calls:
        rows.append(("Margin calls", f"{summary.margin_calls:,} orders sent by the broker"))
    return rows


def _headline(result: Result) -> Text:
    record = result.record
    days = record.session[span(record)].astype("M8[D]")
    symbols = ", ".join(bars.symbol for bars in record.bars[:8])
    more = f" and {len(record.bars) - 8} more" if len(record.bars) > 8 else ""
    made_up = ", synthetic" if any(bars.synthetic for bars in record.bars) else ""
    frame = record.bars[0].frame
    text = Text()
    text.append(result.title(), "bold")
    text.append(f" on {symbols}{more}\n")
    if len(days):
        text.append(f"{days[0]} to {days[-1]}, {len(days):,} bars of {frame}{made_up}\n", "dim")
    else:
        text.append("no bars\n", "dim")
    return text


def _table(title: str) -> Table:
    return Table(
        title=title or None, title_justify="left", title_style="bold", box=None,
        padding=(0, 2, 0, 0), pad_edge=False,
    )  # fmt: skip


def _performance_table(result: Result) -> Table:
    table = _table("")
    table.add_column("", min_width=24, no_wrap=True)
    table.add_column("Strategy", justify="right", min_width=16, no_wrap=True)
    table.add_column("Buy and hold", justify="right", min_width=16, no_wrap=True)
    pairs = zip(
        measures(result.summary.strategy), measures(result.summary.buy_and_hold), strict=True
    )
    for mine, hold in pairs:
        table.add_row(mine.label, _shown(mine), _shown(hold))
    return table


def _activity_table(activity: Activity) -> Table:
    """Trades on the left; costs, exposure and what was left over on the right."""
    by_name = {measure.name: measure for measure in measures(activity)}
    right = [by_name[name] for name in (*_COSTS, *_LEFT_OVER)]
    left = [measure for measure in by_name.values() if measure not in right]
    table = _table("\nTrades and costs")
    table.show_header = False
    table.add_column("", min_width=20, no_wrap=True)
    table.add_column("", justify="right", min_width=13, no_wrap=True)
    table.add_column("", min_width=22, no_wrap=True)
    table.add_column("", justify="right", min_width=12, no_wrap=True)
    for number in range(max(len(left), len(right))):
        cells: list[str] = []
        for column in (left, right):
            shown = number < len(column)
            cells += [column[number].label, _shown(column[number])] if shown else ["", ""]
        table.add_row(*cells)
    return table


def _strategies_table(result: Result) -> Table:
    """What each of several strategies made of its share of the account."""
    table = _table("\nStrategies")
    table.add_column("", min_width=20, no_wrap=True)
    for heading in ("Cash given", "Trades", "Commission", "Profit"):
        table.add_column(heading, justify="right", min_width=10, no_wrap=True)
    record = result.record
    count = Counter(result.strategy_of(trade) for trade in result.trades if not trade.is_open)
    for one in record.strategies:
        figures = (_money(one.opening_cash), f"{count[one.name]:,}")
        table.add_row(one.name, *figures, _money(one.commission), _money(one.profit))
    made = sum(one.profit for one in record.strategies)
    equity = record.equity[span(record)]
    rest = float(equity[-1]) - record.opening_cash - made if len(equity) else 0.0
    if abs(rest) > _HALF_A_CENT:
        table.add_row("Account itself", "", "", "", _money(rest))
    return table


def _book_tables(result: Result, books: Sequence[Attribution]) -> Iterable[Table | Text]:
    """What options, hedge and other trades made, with their costs; then the options by Greek."""
    totals, equity = totals_of(books), result.record.equity[span(result.record)]
    hedged = any(book.hedge.is_active for book in books)
    parts = [("Options (premium)", totals.options)]
    if hedged:
        parts.append(("Hedge", totals.hedge))
    if any(book.other.is_active for book in books):
        parts.append(("Underlying itself", totals.other))
    table = _table("\nOptions and hedge" if hedged else "\nOptions")
    table.add_column("", min_width=22, no_wrap=True)
    for heading in ("Before costs", "Slippage", "Commission", "After costs"):
        table.add_column(heading, justify="right", min_width=12, no_wrap=True)
    for name, part in (*parts, ("Together", totals.whole)):
        table.add_row(name, *_part_cells(part))
    rest = float(equity[-1]) - result.record.opening_cash - totals.whole.net
    if abs(rest) > _HALF_A_CENT:
        table.add_row("Rest of the account", "", "", "", _money(rest))
    yield table
    yield _greek_table(totals, hedged)


def _part_cells(part: Money) -> tuple[str, ...]:
    amounts = (part.pnl + part.slippage, -part.slippage, -part.commission, part.net)
    return tuple(map(_money, amounts))


def _greek_table(totals: Totals, hedged: bool) -> Table:
    """What the options made before costs by Greek; beside delta, what the hedge made against it."""
    made = totals.hedge.pnl + totals.hedge.slippage
    gross = totals.options.pnl + totals.options.slippage
    rows: list[tuple[str, float, float | None]] = [("Delta", totals.delta, made)]
    for name in ("gamma", "theta", "vega", "residual"):
        rows.append((name.capitalize(), getattr(totals, name), None))
    rows.append(("Together", gross, made))
    table = _table("\nBefore costs, by Greek")
    table.add_column("", min_width=22, no_wrap=True)
    for heading in ("Options", "Hedge", "Both")[: 3 if hedged else 1]:
        table.add_column(heading, justify="right", min_width=12, no_wrap=True)
    for name, options, hedge in rows:
        cells = (_money(options), "" if hedge is None else _money(hedge))
        both = _money(options + (hedge or 0.0))
        table.add_row(name, *((*cells, both) if hedged else cells[:1]))
    return table


def _money(amount: float) -> str:
    """To the cent, and never a negative zero."""
    return f"{round(amount, 2) + 0.0:,.2f}"


def _pairs(title: str, rows: Sequence[tuple[str, str]]) -> Iterable[Table | Text]:
    """Names and values; the title stands above the table, which may be narrower."""
    yield Text(f"\n{title}", style="bold")
    table = _table("")
    table.show_header = False
    table.add_column("", no_wrap=True, max_width=30, overflow="ellipsis")
    table.add_column("", overflow="fold")
    for name, value in rows:
        table.add_row(Text(name), Text(value))
    yield table


def _notes(result: Result) -> Iterable[Table | Text]:
    """Whatever the reader must not overlook."""
    record = result.record
    lines = []
    if record.error:
        lines.append(f"Cut short: {record.error}")
    trips = [f"Breaker {trip.breaker} tripped: {trip.reason}" for trip in record.trips]
    lines += trips[:_TRIPS]
    if len(trips) > _TRIPS:
        lines.append(f"{len(trips) - _TRIPS:,} more trips of breakers are in summary.json.")
    # Protection of what is still held is no order left over.
    working = [
        _described(order)
        for order in record.orders
        if order.status not in DONE and order.order.parent is None
    ]
    if working:
        more = f" and {len(working) - 5} more" if len(working) > 5 else ""
        lines.append(f"Still working when the data ended: {'; '.join(working[:5])}{more}")
    lines += record.warnings
    if lines:
        yield Text("\nWarnings", style="bold yellow")
        yield _points("!", lines, "yellow")


def _described(record: OrderRecord) -> str:
    """An order in a few words, such as "limit buy 10 of 40 AAPL at 95.00"."""
    order = record.order
    units = f"{order.quantity - record.filled:,.10g} " if order.quantity else ""
    units += f"of {order.quantity:,.10g} " if record.filled else ""
    words = f"{order.type.replace('_', ' ')} {order.side.name.lower()} {units}{order.symbol}"
    prices = [_price(price) for price in (order.stop, order.limit) if price is not None]
    return f"{words} at {', limit '.join(prices)}" if prices else words


def _price(value: float) -> str:
    """At least two decimals, more where the price has more."""
    return f"{value:,.2f}" if value == round(value, 2) else f"{round(value, 6):,}"


def _points(mark: str, lines: Iterable[str], style: str) -> Table:
    grid = Table.grid(padding=(0, 1, 0, 0))
    for line in lines:
        grid.add_row(Text(mark, style=style), Text(line, style=style))
    return grid


def _shown(measure: Measure) -> str:
    return _formatted(measure.value, measure.unit)


def _formatted(value: float, unit: str) -> str:
    if isnan(value):
        return "n/a"
    if unit in (Unit.DAYS, Unit.COUNT, Unit.BARS):
        enough = value == int(value) or (unit == Unit.DAYS and value >= _WHOLE_DAYS)
        return f"{value:,.0f}" if enough else f"{value:,.1f}"
    scale, suffix = _WRITTEN.get(unit, (1.0, ""))
    return f"{scale * value:,.2f}{suffix}"


def _comparison_parts(comparison: Comparison) -> Iterable[Table | Text]:
    yield Text.assemble(
        ("A  ", "bold"), f"{comparison.first}\n", ("B  ", "bold"), f"{comparison.second}\n"
    )
    if comparison.is_identical:
        yield Text("The runs are identical.", style="bold green")
        return
    if comparison.settings:
        table = _three("Settings that differ")
        for item in comparison.settings:
            table.add_row(*_short(item))
        yield table
    yield _figures_table(comparison)
    for parting in comparison.partings:
        table = _three(f"\n{parting.table}: first difference in row {parting.row}")
        for item in parting.cells:
            table.add_row(*_short(item))
        yield table
    if not comparison.partings:
        yield Text("\nTrades and orders are the same.")


def _short(item: Difference) -> tuple[Text, Text, Text]:
    """Name and both values; hashes cut and fractions rounded as far as the two stay different."""
    pair = (item.first, item.second)
    for places in _PLACES:
        first, second = (_rounded(value, places) for value in pair)
        if first != second:
            return Text(item.name), Text(first), Text(second)
    return Text(item.name), Text(pair[0]), Text(pair[1])


def _rounded(value: str, places: int) -> str:
    if _HASH.fullmatch(value):
        return value[:12]
    if not _FRACTION.fullmatch(value):
        return value
    return f"{float(value):.{places}f}".rstrip("0").rstrip(".")


def _three(title: str) -> Table:
    table = _table(title)
    table.add_column("", overflow="fold", ratio=2)
    table.add_column("A", overflow="fold", ratio=3)
    table.add_column("B", overflow="fold", ratio=3)
    table.expand = True
    return table


def _figures_table(comparison: Comparison) -> Table:
    table = _table("\nFigures")
    table.add_column("", min_width=24, no_wrap=True)
    for heading in ("A", "B", "B - A"):
        table.add_column(heading, justify="right", min_width=14, no_wrap=True)
    for figure in comparison.figures:
        if figure.group == "buy_and_hold":
            continue
        cells = [
            "n/a" if value is None else _formatted(value, figure.unit)
            for value in (figure.first, figure.second)
        ]
        change = ""
        if figure.first is not None and figure.second is not None and figure.first != figure.second:
            change = _formatted(figure.second - figure.first, figure.unit)
        style = "bold" if figure.first != figure.second else ""
        table.add_row(figure.name.replace("_", " "), *cells, change, style=style)
    return table
