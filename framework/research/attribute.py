"""Working out the attribution of a run: its option books, instant by instant."""

from __future__ import annotations

__all__ = ["attribution_of"]

from collections.abc import Mapping, Sequence

import numpy as np

from framework.backtest.record import RunRecord
from framework.domain.bars import Bars, FloatArray, IntArray
from framework.engine.option_book import BookMark
from framework.research.attribution import Attribution, GreekPnl, HeldGreeks, PartPnl
from framework.research.book_parts import Part, Piece, pieces_of
from framework.research.curves import span

_YEAR = 365.0 * 86_400 * 10**9

Fees = Mapping[str, Sequence[tuple[int, float]]]
"""By id of a fill, the places of its fees on the run's timeline and their amounts."""

Units = Mapping[str, FloatArray]
"""By symbol, signed units after each instant."""


def attribution_of(record: RunRecord) -> tuple[Attribution, ...]:
    """The option books of a run, by underlying in the order they were first traded in.

    Empty for a run that never held an option.
    """
    pieces = pieces_of(record) if record.listed else ()
    if not pieces:
        return ()
    fees = _fees(record)
    underlyings = dict.fromkeys(piece.underlying for piece in pieces if piece.part is Part.OPTIONS)
    return tuple(_Book(record, one, pieces, fees).attribution() for one in underlyings)


def _fees(record: RunRecord) -> Fees:
    places = np.searchsorted(record.instants, [fee.time for fee in record.commissions])
    found: dict[str, list[tuple[int, float]]] = {}
    for fee, place in zip(record.commissions, places.tolist(), strict=True):
        found.setdefault(fee.fill_id, []).append((place, fee.amount))
    return found


class _Book:
    """The book on one underlying while it is worked out: all arrays begin at `record.start`."""

    def __init__(
        self, record: RunRecord, underlying: str, pieces: Sequence[Piece], fees: Fees
    ) -> None:
        self._record = record
        self._cut = span(record)
        self._count = self._cut.stop - self._cut.start
        self._underlying = underlying
        self._pieces = [piece for piece in pieces if piece.underlying == underlying]
        self._fees = fees
        self._bars = {bars.symbol: bars for bars in record.bars}

    def attribution(self) -> Attribution:
        value, nearest = self._options()
        held = self._held(value, nearest)
        spot = self._closes(self._bars[self._underlying])
        options = self._part(Part.OPTIONS, value)
        units = self._units(Part.HEDGE)
        hedge = self._part(Part.HEDGE, self._value(units))
        other = self._part(Part.OTHER, self._value(self._others(units)))
        self._add_flows(units, hedge, other)
        return Attribution(
            underlying=self._underlying,
            spot=spot,
            held=held,
            hedge_units=sum(units.values(), np.zeros(self._count)),
            options=options,
            greeks=self._by_greek(held, nearest, spot, options),
            hedge=hedge,
            other=other,
        )

    # what is held ---------------------------------------------------------------------------

    def _options(self) -> tuple[FloatArray, IntArray]:
        """Value of the options, and which of them expires next, -1 without any."""
        value, nearest = np.zeros(self._count), np.full(self._count, -1, dtype=np.int64)
        listed = _by_expiry(self._record.listed, self._underlying)
        for number in reversed(range(len(listed))):
            held = self._quantities(listed[number].symbol)
            value += self._worth(held, listed[number], self._underlying)
            nearest[held != 0.0] = number
        return value, nearest

    def _held(self, value: FloatArray, nearest: IntArray) -> HeldGreeks:
        """The Greeks of the last mark since which options have been held without a break."""
        columns, last = np.zeros((5, self._count)), np.full(self._count, -1, dtype=np.int64)
        for mark in self._record.marks:
            place = mark.instant - self._cut.start
            if mark.underlying == self._underlying:
                columns[:4, place] += _greeks(mark)
                columns[4, place] = mark.volatility
                last[place] = place
        last = np.maximum.accumulate(last)
        broke = np.maximum.accumulate(np.where(nearest < 0, np.arange(self._count), -1))
        delta, gamma, vega, theta, volatility = np.where(last > broke, columns[:, last], 0.0)
        return HeldGreeks(delta, gamma, vega, theta, volatility, value)

    def _units(self, part: Part) -> Units:
        """Units a part holds after each instant."""
        steps: dict[str, dict[int, float]] = {}
        for piece in self._pieces:
            if piece.part is part:
                steps.setdefault(piece.symbol, {})[piece.place] = piece.units
        return {symbol: self._stairs(each) for symbol, each in steps.items()}

    def _stairs(self, steps: Mapping[int, float]) -> FloatArray:
        """The last value of each place's step, 0 before the first."""
        places = np.array(list(steps), dtype=np.int64) - self._cut.start
        values = np.array([0.0, *steps.values()])
        found: FloatArray = values[np.searchsorted(places, np.arange(self._count), side="right")]
        return found

    def _others(self, hedge: Units) -> Units:
        """Units that are not the hedge's."""
        none = np.zeros(self._count)
        symbols = dict.fromkeys((self._underlying, *hedge))
        return {symbol: self._quantities(symbol) - hedge.get(symbol, none) for symbol in symbols}

    def _value(self, units: Units) -> FloatArray:
        none = np.zeros(self._count)
        return sum((self._worth(units[one], self._bars[one], one) for one in units), none)

    def _worth(self, held: FloatArray, bars: Bars, currency_of: str) -> FloatArray:
        """Money of the account some units are worth at the closes."""
        value, there = np.zeros(self._count), held != 0.0
        price = self._closes(bars)[there] * self._rate(currency_of)[there]
        value[there] = held[there] * bars.instrument.multiplier * price
        return value

    # what it made ---------------------------------------------------------------------------

    def _part(self, part: Part, value: FloatArray) -> PartPnl:
        """Change of value and cash of a part at each instant, and its costs."""
        cash, slippage, commission = np.zeros((3, self._count))
        first = self._cut.start
        for piece in self._pieces:
            if piece.part is not part:
                continue
            cash[piece.place - first] += piece.cash
            slippage[piece.place - first] += piece.slippage
            for place, amount in self._fees.get(piece.fill, ()):
                commission[max(place, piece.place) - first] += piece.share * amount
        return PartPnl(np.diff(value, prepend=0.0) + cash, slippage, commission)

    def _add_flows(self, units: Units, hedge: PartPnl, other: PartPnl) -> None:
        """Dividends and fees on what was held, to whom it belonged when they fell due."""
        symbols = dict.fromkeys((self._underlying, *units))
        flows = [flow for flow in self._record.flows if flow.symbol in symbols]
        places = np.searchsorted(self._record.instants, [flow.time for flow in flows])
        for flow, place in zip(flows, (places - self._cut.start).tolist(), strict=True):
            held = self._quantities(flow.symbol)[place - 1] if place else 0.0
            mine = units[flow.symbol][place - 1] if held and flow.symbol in units else 0.0
            share = mine / held if held else 0.0
            hedge.pnl[place] += share * flow.amount
            other.pnl[place] += (1.0 - share) * flow.amount

    def _by_greek(
        self, held: HeldGreeks, nearest: IntArray, spot: FloatArray, options: PartPnl
    ) -> GreekPnl:
        """The parts of the step to each instant from the one before; 0 at the first."""
        step = slice(1, None)
        delta, gamma, theta, vega = np.zeros((4, self._count))
        times = self._record.instants[self._cut]
        there = nearest[:-1] >= 0
        move = np.where(there, np.diff(spot), 0.0)
        same = there & (nearest[1:] == nearest[:-1]) & (held.volatility[:-1] > 0.0)
        change = np.where(same, np.diff(held.volatility), 0.0)
        rate = np.where(there, self._rate(self._underlying)[step], 0.0)
        delta[step] = held.delta[:-1] * move * rate
        gamma[step] = held.gamma[:-1] * move**2 / 2.0 * rate
        theta[step] = held.theta[:-1] * np.diff(times) / _YEAR * rate
        vega[step] = held.vega[:-1] * change * rate
        residual = options.pnl + options.slippage - (delta + gamma + theta + vega)
        return GreekPnl(delta, gamma, theta, vega, residual)

    # parts ----------------------------------------------------------------------------------

    def _quantities(self, symbol: str) -> FloatArray:
        return self._record.quantities[symbol][self._cut]

    def _closes(self, bars: Bars) -> FloatArray:
        rows = self._record.timeline.rows_of(bars.close_time)[self._cut]
        found: FloatArray = np.where(rows < 0, np.nan, bars.close[np.maximum(rows, 0)])
        return found

    def _rate(self, symbol: str) -> FloatArray:
        """Money of the account for one of the instrument's currency, at each instant."""
        found = self._record.rates.get(symbol)
        return np.ones(self._count) if found is None else found[self._cut]


def _by_expiry(listed: Sequence[Bars], underlying: str) -> list[Bars]:
    """The options on an underlying, the next to expire first."""
    mine = [
        bars
        for bars in listed
        if bars.instrument.option is not None and bars.instrument.option.underlying == underlying
    ]
    return sorted(mine, key=lambda bars: (bars.instrument.expiry or 0, bars.symbol))


def _greeks(mark: BookMark) -> FloatArray:
    greeks = mark.greeks
    return np.array([greeks.delta, greeks.gamma, greeks.vega, greeks.theta])
