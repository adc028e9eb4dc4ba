"""The picture of a run: price with its trades, equity beside buy and hold, drawdown."""

from __future__ import annotations

__all__ = ["figure_of", "plot"]

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from framework.domain.bars import FloatArray, IntArray
from framework.domain.orders import Origin, Side
from framework.errors import ConfigError
from framework.research.attribution import Attribution
from framework.research.axis import date_ticks, extremes
from framework.research.curves import drawdown_curve, span
from framework.research.hedge_plot import draw_books
from framework.research.results import Result
from framework.research.trades import Trade

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_INK = "#22303c"
_FAINT = "#8a97a3"
_STRATEGY = "#1f5fa8"
_HOLD = "#c2872b"
_WIN = "#14866d"
_LOSS = "#c8443b"
_SYMBOLS = ("#22303c", "#8d5bb0", "#1fa3b5", "#d65a9c", "#7d8c1f", "#7a4a2b", "#6f7df5", "#5fbf8f")
"""Of symbols that were traded: apart from each other, from buy and hold and from the marks."""
_IDLE = "#bcc5cd"
"""Of symbols that were never traded."""
_MOST_MARKS = 300
_NAMED = 6
_CANDLES = 160
_WIDE = 10.0
_SUFFIXES = (".pdf", ".png", ".svg")
_NO_WINDOW = frozenset({"agg", "cairo", "pdf", "pgf", "ps", "svg", "template"})


def plot(result: Result, path: Path | None = None) -> None:
    """Save the picture of a run to `path`, or open it in a window.

    Raises:
        ConfigError: the suffix is none of .png, .pdf and .svg, the file cannot be written, or no
            window can be opened here.
    """
    if path is None:
        _show(result)
        return
    if path.suffix.lower() not in _SUFFIXES:
        raise ConfigError(
            f"A picture cannot be saved as {path.name!r}.",
            f"End the name in one of {', '.join(_SUFFIXES)}.",
        )
    picture = BytesIO()
    figure_of(result).savefig(picture, format=path.suffix.lower()[1:])
    target = path.expanduser()
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(picture.getvalue())
    except OSError as error:
        raise ConfigError(
            f"The picture cannot be written to {target}: {error.strerror or error}.",
            "Choose another file with --plot.",
        ) from error


def figure_of(result: Result) -> Figure:
    """The picture as a matplotlib figure of 1600 x 1000 pixels, tied to no window."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415
    from matplotlib.figure import Figure  # noqa: PLC0415

    figure = Figure(figsize=(16, 10), dpi=100, facecolor="white")
    FigureCanvasAgg(figure)
    _draw(figure, result)
    return figure


def _show(result: Result) -> None:
    import matplotlib.pyplot as plt  # noqa: PLC0415

    if plt.get_backend().lower() in _NO_WINDOW:
        raise ConfigError(
            "No window can be opened here.", "Save the picture instead, with --plot out.png."
        )
    _draw(plt.figure(figsize=(16, 10)), result)
    plt.show()


def _draw(figure: Figure, result: Result) -> None:
    books = result.attribution
    heights = (2.7, 1.6, 1.6, 0.9) if books else (3.2, 2.0, 1.1)
    panels = figure.subplots(
        len(heights), 1, sharex=True, gridspec_kw={"height_ratios": heights, "hspace": 0.16}
    )
    figure.subplots_adjust(left=0.075, right=0.935, top=0.875, bottom=0.05)
    record = result.record
    cut = span(record)
    for axes in panels:
        _plain(axes)
    if cut.stop > cut.start:
        _draw_price(panels[0], result)
        _draw_equity(panels[1], result)
        if books:
            draw_books(panels[2], books)
            _label(panels[2], "Options and hedge" if _is_hedged(books) else "Options")
            _legend(panels[2])
        bottom = panels[-1]
        _draw_drawdown(bottom, result)
        ticks = date_ticks(record.instants[cut], record.session[cut])
        bottom.set_xticks([tick.position for tick in ticks], [tick.label for tick in ticks])
        margin = max(1.0, 0.01 * (cut.stop - cut.start))
        bottom.set_xlim(-margin, cut.stop - cut.start - 1 + margin)
    _draw_title(figure, result)


def _is_hedged(books: Sequence[Attribution]) -> bool:
    return any(book.hedge.is_active for book in books)


def _plain(axes: Axes) -> None:
    axes.grid(axis="both", color="#e6eaee", linewidth=0.8)
    axes.set_axisbelow(True)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color("#c5cdd4")
    axes.tick_params(colors=_INK, labelsize=11, length=0, pad=6)
    axes.margins(y=0.07)


def _draw_title(figure: Figure, result: Result) -> None:
    record, strategy = result.record, result.summary.strategy
    symbols = [bars.symbol for bars in record.bars]
    names = ", ".join(symbols[:6]) + (f" and {len(symbols) - 6} more" if len(symbols) > 6 else "")
    made_up = "  (synthetic bars)" if any(bars.synthetic for bars in record.bars) else ""
    headline = f"{result.title(most=6)} on {names}{made_up}"
    size = min(19.0, 1700.0 / len(headline))
    figure.text(0.02, 0.958, headline, color=_INK, size=size, weight="bold")
    days = record.session[span(record)].astype("M8[D]")
    period = f"{days[0]} to {days[-1]}, {record.bars[0].frame} bars" if len(days) else "no bars"
    activity = result.summary.activity
    figures = (
        f"return {_percent(strategy.total_return)}"
        f" (holding {_percent(result.summary.buy_and_hold.total_return)})",
        f"a year {_percent(strategy.annual_return)}",
        f"volatility {_percent(strategy.volatility)}",
        f"Sharpe {_number(strategy.sharpe)}",
        f"max drawdown {_percent(strategy.max_drawdown)}",
        f"{activity.trades:,} trades, {_percent(activity.win_rate, 0)} won",
    )
    line = "   ·   ".join((period, *figures))
    figure.text(0.02, 0.925, line, color="#51606d", size=min(12.5, 2100.0 / len(line)))


@dataclass(frozen=True, slots=True)
class _Price:
    """Closes of one symbol on the picture's scale; NaN before its first bar."""

    symbol: str
    scale: float
    close: FloatArray


def _prices(result: Result) -> list[_Price]:
    record, cut = result.record, span(result.record)
    several = len(record.bars) > 1
    found = []
    for bars in record.bars:
        rows = record.rows[bars.symbol][cut]
        known = rows >= 0
        close = np.where(known, bars.close[np.maximum(rows, 0)], np.nan)
        first = close[known][0] if known.any() else 1.0
        scale = 100.0 / float(first) if several else 1.0
        found.append(_Price(bars.symbol, scale, close * scale))
    return found


def _draw_price(axes: Axes, result: Result) -> None:
    prices = _prices(result)
    several = len(prices) > 1
    shown = len(prices[0].close)
    if shown <= _CANDLES and not several:
        _draw_candles(axes, result)
    else:
        colours = _colours(result)
        for number, price in enumerate(prices):
            known = np.flatnonzero(~np.isnan(price.close))
            keep = known[extremes(price.close[known])] if len(known) else known
            colour = colours[price.symbol] if several else _INK
            name = price.symbol if number < _NAMED else "_"
            axes.plot(
                keep, price.close[keep], color=colour, linewidth=1.0, label=name,
                zorder=1.9 if colour == _IDLE else 2.0,
            )  # fmt: skip
    _draw_trades(axes, result, {price.symbol: price for price in prices})
    _label(axes, "Price, start = 100" if several else f"Price of {prices[0].symbol}")
    _scale(axes, [price.close for price in prices])
    _legend(axes)


def _colours(result: Result) -> dict[str, str]:
    """By symbol, a colour for each that was traded and grey for the others."""
    traded = {trade.symbol for trade in result.trades}
    colours = {bars.symbol: _IDLE for bars in result.record.bars}
    for number, symbol in enumerate(symbol for symbol in colours if symbol in traded):
        colours[symbol] = _SYMBOLS[number % len(_SYMBOLS)]
    return colours


def _draw_candles(axes: Axes, result: Result) -> None:
    record, cut = result.record, span(result.record)
    bars = record.bars[0]
    rows = record.rows[bars.symbol][cut]
    at = np.flatnonzero(rows >= 0)
    opened, close = bars.open[rows[at]], bars.close[rows[at]]
    width = max(2.0, 620.0 / max(len(rows), 1))
    axes.vlines(at, bars.low[rows[at]], bars.high[rows[at]], color=_FAINT, linewidth=1.1)
    rising = close >= opened
    for mask, colour in ((rising, "#b9c6d1"), (~rising, "#5b6b79")):
        low, high = np.minimum(opened, close)[mask], np.maximum(opened, close)[mask]
        axes.vlines(at[mask], low, high, color=colour, linewidth=width)


def _heights(
    result: Result, prices: dict[str, _Price], ends: Sequence[tuple[str, float]], at: IntArray
) -> FloatArray:
    """Where trades are drawn: at their price, those in options at their underlying's close."""
    options = {bars.symbol: bars.instrument.option for bars in result.record.listed}
    found = []
    for (symbol, price), place in zip(ends, at.tolist(), strict=True):
        option = options.get(symbol)
        if option is None:
            found.append(price * prices[symbol].scale)
        else:
            found.append(float(prices[option.underlying].close[place]))
    return np.array(found)


def _without_hedges(result: Result) -> Sequence[Trade]:
    """The trades that no hedge order opened; those are too many to see anything else."""
    hedges = {one.order.id for one in result.record.orders if one.order.origin is Origin.HEDGE}
    if not hedges:
        return result.trades
    return [trade for trade in result.trades if trade.entry_order not in hedges]


def _draw_trades(axes: Axes, result: Result, prices: dict[str, _Price]) -> None:
    from matplotlib.collections import LineCollection  # noqa: PLC0415

    candidates = _without_hedges(result)
    trades = sorted(candidates, key=lambda trade: -abs(trade.profit))[:_MOST_MARKS]
    if not trades:
        return
    times = result.record.instants[span(result.record)]
    enter = np.searchsorted(times, [trade.entry_time for trade in trades])
    leave = np.searchsorted(times, [trade.exit_time for trade in trades])
    entries = [(trade.symbol, trade.entry_price) for trade in trades]
    exits = [(trade.symbol, trade.exit_price) for trade in trades]
    paid, got = _heights(result, prices, entries, enter), _heights(result, prices, exits, leave)
    won = np.array([trade.profit > 0.0 for trade in trades])
    still = np.array([trade.is_open for trade in trades])
    colours = np.where(won, _WIN, _LOSS)
    lines = np.stack((np.column_stack((enter, paid)), np.column_stack((leave, got))), axis=1)
    axes.add_collection(LineCollection(list(lines), colors=colours, linewidths=1.4, alpha=0.75))
    size = float(np.clip(7000 / len(trades), 22, 85))
    for side, marker, name in ((Side.BUY, "^", "long entry"), (Side.SELL, "v", "short entry")):
        mine = np.array([trade.side is side for trade in trades])
        _marks(axes, enter[mine], paid[mine], _Mark(name, marker, _STRATEGY, size))
    dot = 0.6 * size
    lost = ~won & ~still
    won &= ~still
    _marks(axes, leave[won], got[won], _Mark("exit with profit", "o", _WIN, dot))
    _marks(axes, leave[lost], got[lost], _Mark("exit with loss", "o", _LOSS, dot))
    _marks(axes, leave[still], got[still], _Mark("still open", "D", _FAINT, dot))
    notes = []
    if len(candidates) > _MOST_MARKS:
        notes.append(f"the {_MOST_MARKS} largest of {len(candidates):,} trades are marked")
    if len(candidates) < len(result.trades):
        notes.append("hedges are not marked")
    if notes:
        note = "; ".join(notes)
        axes.text(0.995, 0.02, note, transform=axes.transAxes, ha="right", color=_FAINT, size=10.5)


@dataclass(frozen=True, slots=True)
class _Mark:
    """How a kind of mark looks."""

    name: str
    marker: str
    colour: str
    size: float


def _marks(axes: Axes, x: IntArray, y: FloatArray, mark: _Mark) -> None:
    if len(x) == 0:
        return
    axes.scatter(
        x, y, s=mark.size, marker=mark.marker, c=mark.colour, edgecolors="white", linewidths=0.8,
        zorder=4, label=mark.name,
    )  # fmt: skip


def _draw_equity(axes: Axes, result: Result) -> None:
    equity = result.record.equity[span(result.record)]
    curves = (
        (result.buy_and_hold, _HOLD, 1.1, "Buy and hold"),
        (equity, _STRATEGY, 1.8, "Strategy"),
    )
    for values, colour, width, name in curves:
        keep = extremes(values)
        axes.plot(keep, values[keep], color=colour, linewidth=width, label=name)
    axes.axhline(result.record.opening_cash, color=_FAINT, linewidth=0.8, linestyle=(0, (4, 4)))
    _scale(axes, [values for values, _, _, _ in curves])
    _end_labels(axes, [(values[-1], colour) for values, colour, _, _ in curves])
    _label(axes, "Equity")
    _legend(axes)


def _end_labels(axes: Axes, ends: Sequence[tuple[float, str]]) -> None:
    """Final values at the right edge, moved apart when they would overlap."""
    to_axes = axes.transData + axes.transAxes.inverted()
    places = np.array([to_axes.transform((0.0, value))[1] for value, _ in ends])
    gap = 0.09 - abs(places[0] - places[1])
    if gap > 0.0:
        up = 1 if places[1] >= places[0] else -1
        places += np.array([-0.5, 0.5]) * gap * up
    for (value, colour), place in zip(ends, places, strict=True):
        axes.text(
            1.006, place, f"{value:,.0f}", transform=axes.transAxes, color=colour, va="center",
            size=11.5, weight="bold",
        )  # fmt: skip


def _draw_drawdown(axes: Axes, result: Result) -> None:
    record = result.record
    mine = drawdown_curve(record, record.equity[span(record)])
    hold = drawdown_curve(record, result.buy_and_hold)
    keep = extremes(hold)
    axes.plot(keep, hold[keep], color=_HOLD, linewidth=0.9)
    keep = extremes(mine)
    axes.fill_between(keep, mine[keep], 0.0, color=_STRATEGY, alpha=0.28, linewidth=0)
    axes.plot(keep, mine[keep], color=_STRATEGY, linewidth=1.0)
    deepest = int(np.argmin(mine))
    if mine[deepest] < 0.0:
        axes.plot(
            [deepest], [mine[deepest]], "o", color=_STRATEGY, markersize=5, label="deepest drawdown"
        )  # fmt: skip
        _legend(axes)
    axes.set_ylim(top=0.0)
    axes.yaxis.set_major_formatter(lambda value, _: f"{100 * value:g} %")
    _label(axes, "Drawdown")


def _scale(axes: Axes, curves: Sequence[FloatArray]) -> None:
    """Numbers in full, and equal distances for equal growth where a curve spans a wide range."""
    from matplotlib.ticker import LogLocator, NullLocator  # noqa: PLC0415

    low = min(float(np.nanmin(curve)) for curve in curves)
    high = max(float(np.nanmax(curve)) for curve in curves)
    if low > 0.0 and high / low > _WIDE:
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 3.0, 5.0)))
        axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(lambda value, _: _full(value))


def _label(axes: Axes, text: str) -> None:
    axes.set_ylabel(text, color=_INK, size=12)
    axes.yaxis.set_label_coords(-0.058, 0.5)


def _legend(axes: Axes) -> None:
    """One line above the panel, clear of the curves."""
    handles, labels = axes.get_legend_handles_labels()
    axes.legend(
        handles, labels, loc="lower left",
        bbox_to_anchor=(-0.008, 0.985), ncols=_NAMED + 5, frameon=False, fontsize=11,
        labelcolor=_INK, borderpad=0.2, handlelength=1.4, columnspacing=1.6,
    )  # fmt: skip


def _full(value: float) -> str:
    if abs(value) >= 1e6:
        return f"{value / 1e6:,g} M"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:g}"


def _percent(value: float, places: int = 1) -> str:
    return "n/a" if isnan(value) else f"{100 * value:,.{places}f} %"


def _number(value: float) -> str:
    return "n/a" if isnan(value) else f"{value:.2f}"
