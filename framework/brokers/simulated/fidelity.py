"""Fidelity: what a backtest makes of every order, time in force and term; one table."""

from __future__ import annotations

__all__ = ["ENTRIES", "Entry", "Fidelity", "markdown"]

from dataclasses import dataclass
from enum import StrEnum


class Fidelity(StrEnum):
    """How close to the truth bars let a simulation come."""

    EXACT = "exact on bars"
    """Follows from the bars and the fill policy, without a further assumption."""
    MODELLED = "modelled"
    """Follows an equation that stands for what bars do not show."""
    LIVE = "live only"
    """A backtest ignores it, and the run's warnings say so; the order trades by its other rules."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the order table.

    Attributes:
        group: heading it stands under.
        name: what it is called here.
        ib: what Interactive Brokers calls it.
        write: how a strategy writes it.
        fidelity: how close its simulation is.
        rule: what a backtest does, with the equation of what is modelled.
        covers: the names it documents, such as "OrderType.MARKET" or "Terms.peg_offset".
    """

    group: str
    name: str
    ib: str
    write: str
    fidelity: Fidelity
    rule: str
    covers: tuple[str, ...]


_EXACT, _MODELLED, _LIVE = Fidelity.EXACT, Fidelity.MODELLED, Fidelity.LIVE


def _group(title: str, *rows: tuple[str, str, str, Fidelity, str, str]) -> tuple[Entry, ...]:
    return tuple(
        Entry(title, name, ib, write, fidelity, rule, tuple(covers.split()))
        for name, ib, write, fidelity, rule, covers in rows
    )


ENTRIES: tuple[Entry, ...] = (
    *_group(
        "Order types",
        (
            "market",
            "MKT",
            "buy(10)",
            _EXACT,
            "the next bar's open, then slippage",
            "OrderType.MARKET",
        ),
        (
            "limit",
            "LMT",
            "buy(10, limit=95)",
            _EXACT,
            "the open if that is as good or better, else the limit once the bar reaches it",
            "OrderType.LIMIT",
        ),
        (
            "stop",
            "STP",
            "sell(10, stop=95)",
            _EXACT,
            "the open if it gaps through the stop, else the stop once reached; then slippage",
            "OrderType.STOP",
        ),
        (
            "stop-limit",
            "STP LMT",
            "sell(10, stop=95, limit=94)",
            _EXACT,
            "triggered as a stop, from there on a limit",
            "OrderType.STOP_LIMIT",
        ),
        (
            "trailing stop",
            "TRAIL",
            "sell(10, trailing=pct(5))",
            _MODELLED,
            "a sale's stop = max(stop, close - distance), a purchase's = min(stop, close + "
            "distance), at each close of a bar, effective from the next one",
            "OrderType.TRAIL",
        ),
        (
            "trailing stop-limit",
            "TRAIL LIMIT",
            "sell(10, trailing=points(5), terms=Terms(limit_offset=1))",
            _MODELLED,
            "stop as of a trailing stop; a sale's limit = stop - limit_offset, "
            "a purchase's = stop + limit_offset",
            "OrderType.TRAIL_LIMIT Terms.limit_offset",
        ),
        (
            "market-if-touched",
            "MIT",
            "buy(10, touch=95)",
            _EXACT,
            "the open if it is at the trigger or better, else the trigger once reached; "
            "then slippage",
            "OrderType.MARKET_IF_TOUCHED",
        ),
        (
            "limit-if-touched",
            "LIT",
            "buy(10, touch=95, limit=94)",
            _EXACT,
            "triggered as a market-if-touched order, from there on a limit",
            "OrderType.LIMIT_IF_TOUCHED",
        ),
        (
            "market- and limit-on-open",
            "MKT + OPG, LMT + OPG",
            'buy(10, at="open"), buy(10, limit=95, at="open")',
            _EXACT,
            "the open of a session's first regular bar, without slippage; "
            "what does not trade there expires",
            "TimeInForce.OPG",
        ),
        (
            "market-on-close",
            "MOC",
            'buy(10, at="close")',
            _EXACT,
            "the close of a session's last regular bar, without slippage",
            "OrderType.MARKET_ON_CLOSE",
        ),
        (
            "limit-on-close",
            "LOC",
            'buy(10, limit=95, at="close")',
            _EXACT,
            "the same, if the limit allows that close",
            "OrderType.LIMIT_ON_CLOSE",
        ),
        (
            "pegged to midpoint",
            "PEG MID",
            'buy(10, terms=Terms(peg=Peg.MID, exchange="NASDAQ"))',
            _MODELLED,
            "price = open - offset once low <= min(price, open - s/2), s the quoted spread "
            "(a sale mirrored); a stock needs a direct route",
            "OrderType.PEG_MID Peg.MID Terms.peg",
        ),
        (
            "pegged to best",
            "PEG BEST",
            'buy(10, terms=Terms(peg=Peg.BEST, peg_offset=0.01, exchange="IBKRATS"))',
            _MODELLED,
            "price = open - max(0, s/2 - offset) once low <= open - s/2; a stock goes to IBKRATS, "
            "an option to IBUSOPT",
            "OrderType.PEG_BEST Peg.BEST Terms.peg_offset",
        ),
        (
            "relative",
            "REL",
            "buy(10, terms=Terms(peg=Peg.PRIMARY, peg_offset=0.02))",
            _MODELLED,
            "price = open - max(0, s/2 - offset) once low <= open - s/2",
            "OrderType.RELATIVE Peg.PRIMARY",
        ),
    ),
    *_group(
        "Times in force",
        (
            "day",
            "DAY",
            "buy(10, limit=95)",
            _EXACT,
            "until the end of the first session it can trade in",
            "TimeInForce.DAY",
        ),
        (
            "good till cancelled",
            "GTC",
            'buy(10, limit=95, tif="GTC")',
            _EXACT,
            "until filled or cancelled",
            "TimeInForce.GTC",
        ),
        (
            "good till date",
            "GTD",
            "buy(10, limit=95, terms=Terms(good_till=time))",
            _EXACT,
            "in bars that close at or before its time",
            "TimeInForce.GTD Terms.good_till",
        ),
        (
            "immediate or cancel",
            "IOC",
            'buy(10, tif="IOC")',
            _EXACT,
            "what the next bar's open fills; the rest is cancelled",
            "TimeInForce.IOC",
        ),
        (
            "fill or kill",
            "FOK (options only)",
            'buy(10, limit=95, tif="FOK")',
            _EXACT,
            "all of it at the next bar's open, or nothing",
            "TimeInForce.FOK",
        ),
        (
            "outside regular hours",
            "outsideRth",
            "buy(10, limit=95, terms=Terms(outside_hours=True))",
            _EXACT,
            "also in bars outside regular hours (--hours all); without such bars it is ignored",
            "Terms.outside_hours",
        ),
    ),
    *_group(
        "Orders that know of each other",
        (
            "bracket",
            "parentId",
            "buy(10, stop_loss=pct(3), take_profit=points(5))",
            _EXACT,
            "children wake with the entry's first fill and follow every further one; distances "
            "count from its average price; once they have closed it, its rest is cancelled",
            "Protection",
        ),
        (
            "one cancels all",
            "ocaType 1",
            'buy(10, limit=95, oca="g")',
            _EXACT,
            "any fill cancels the others",
            "OcaType.CANCEL Terms.oca_type",
        ),
        (
            "one reduces all",
            "ocaType 2",
            'buy(10, limit=95, oca="g", terms=Terms(oca_type=OcaType.REDUCE))',
            _EXACT,
            "a fill of a share of an order takes that share of the others at once, in whole lots",
            "OcaType.REDUCE",
        ),
        (
            "one reduces all, unblocked",
            "ocaType 3",
            'buy(10, limit=95, oca="g", terms=Terms(oca_type=OcaType.REDUCE_UNBLOCKED))',
            _MODELLED,
            "the same once the bar is over: all orders one bar reaches fill",
            "OcaType.REDUCE_UNBLOCKED",
        ),
    ),
    *_group(
        "Conditions: Terms(conditions=all_of(...))",
        (
            "price",
            "PriceCondition",
            'PriceCondition("SPY", 400)',
            _EXACT,
            "high >= price (below: low <= price)",
            "PriceCondition Terms.conditions",
        ),
        (
            "time",
            "TimeCondition",
            "TimeCondition(time)",
            _EXACT,
            "a bar closes at or after it",
            "TimeCondition",
        ),
        (
            "volume",
            "VolumeCondition",
            'VolumeCondition("SPY", 1_000_000)',
            _EXACT,
            "the session's volume so far",
            "VolumeCondition",
        ),
        (
            "percent change",
            "PercentChangeCondition",
            'PercentChangeCondition("SPY", -2, above=False)',
            _EXACT,
            "100 x (high or low / last close of the session before - 1)",
            "PercentChangeCondition",
        ),
        (
            "margin",
            "MarginCondition",
            "MarginCondition(20, above=False)",
            _MODELLED,
            "100 x (1 - maintenance margin / equity) at the closes",
            "MarginCondition",
        ),
        (
            "execution",
            "ExecutionCondition",
            'ExecutionCondition("SPY")',
            _EXACT,
            "an order for it fills after this one was sent",
            "ExecutionCondition",
        ),
        (
            "and, or",
            "isConjunction",
            "all_of(a, b), any_of(a, b), Conditions(((a, b), (c,)))",
            _EXACT,
            "looked at when the order is sent and at every close after that; "
            "it works from the next bar",
            "Conditions.groups",
        ),
        (
            "cancel instead",
            "conditionsCancelOrder",
            "all_of(a, cancels=True)",
            _EXACT,
            "the order works until they hold",
            "Conditions.cancels",
        ),
        (
            "ignore hours",
            "conditionsIgnoreRth",
            "all_of(a, ignore_hours=True)",
            _EXACT,
            "also looked at when bars outside regular hours close",
            "Conditions.ignore_hours",
        ),
    ),
    *_group(
        "Worked over time: Terms(algo=...), Terms(scale=...)",
        (
            "TWAP",
            "Twap",
            "Twap(start, end)",
            _MODELLED,
            "remaining / bars left, at (O + H + L + C) / 4",
            "Twap Terms.algo",
        ),
        (
            "VWAP",
            "Vwap",
            "Vwap(start, end, max_percent=10)",
            _MODELLED,
            "remaining x v / (v + (bars left - 1) x mean v), at most max_percent of v, "
            "at (H + L + C) / 3, v the bar's volume",
            "Vwap",
        ),
        (
            "percent of volume",
            "PctVol",
            "PercentOfVolume(rate=10)",
            _MODELLED,
            "rate % of the volume so far, less what is filled, at (H + L + C) / 3",
            "PercentOfVolume",
        ),
        (
            "Adaptive",
            "Adaptive",
            "Adaptive(Patience.NORMAL)",
            _MODELLED,
            "equal parts over 2, 4, 8 bars (urgent, normal, patient) at (O + H + L + C) / 4, "
            "with all, half, a quarter of the slippage",
            "Adaptive Patience.URGENT Patience.NORMAL Patience.PATIENT",
        ),
        (
            "scale",
            "scaleInitLevelSize ...",
            "buy(10, limit=98, terms=Terms(scale=Scale(4, 0.5, 3)))",
            _EXACT,
            "limits at limit, limit - step, limit - 2 step ..., one after the other; "
            "several in one bar if it reaches them",
            "Scale Terms.scale",
        ),
    ),
    *_group(
        "Besides",
        (
            "modify",
            "placeOrder, same id",
            "modify(order, limit=96, quantity=5)",
            _EXACT,
            "from the next bar; judged by rules and buying power like a new order",
            "Strategy.modify",
        ),
        (
            "routing",
            "exchange",
            'Terms(exchange="NYSE")',
            _LIVE,
            "ignored: a backtest has one market",
            "Terms.exchange",
        ),
    ),
)
"""Every order type, time in force and term there is."""


def markdown() -> str:
    """The table as Markdown, one row per entry, groups as rows of their own."""
    lines = [
        "| order | at IB | in a strategy | fidelity | in a backtest |",
        "|---|---|---|---|---|",
    ]
    group = ""
    for entry in ENTRIES:
        if entry.group != group:
            group = entry.group
            lines.append(f"| **{group}** | | | | |")
        cells = (
            entry.name,
            entry.ib,
            f"`{entry.write}`",
            entry.fidelity.value,
            entry.rule,
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"
