"""Lots: which fills opened what, and which closed it, first in first out by order.

All fills of an order that open go into one lot at their average; what another order closes of a
lot is one match, however many fills it takes. An order that has a parent closes what its parent
opened before anything else. A split puts every lot on its new scale.

The functions marked `entry` and `scalar` are run plainly and compiled, with the same result. What
they know of lots and matches is in the rows of plain arrays, whose columns are named here.
"""

from __future__ import annotations

__all__ = [
    "CLOSED_BY",
    "FEE",
    "LOST",
    "OPENED_BY",
    "PAID",
    "PRICE",
    "QUANTITY",
    "RATIO",
    "REFERENCE",
    "SCALE",
    "LotBook",
    "match_fills",
]

from dataclasses import dataclass

import numpy as np

from framework.compiled import entry, scalar
from framework.domain.arithmetic import round_down_to_lot
from framework.domain.bars import FloatArray, IntArray

_DUST = 1e-9
"""Share of a fill below which what is left of it is rounding, as in the ledger."""

QUANTITY = 0
PRICE = 1
REFERENCE = 2
FEE = 3
PAID = 4
LOST = 5
RATIO = 6
SCALE = 7
"""Columns of an end, the units one order bought or sold and what they came to on average.

QUANTITY: units, > 0. PRICE, REFERENCE, FEE: averages a unit: paid, before slippage, of commission.
PAID: average price in the account's currency. LOST: what the fractions that splits paid out had
cost, for each unit left. RATIO: product of the splits since; the averages are on the scale after
them. SCALE: product of those that the symbol's last bar has not seen.
"""

OPENED_BY = 0
_SYMBOL, _NEXT, _BEFORE, _HELD, _TOUCHED = range(1, 6)
"""Columns of a lot: its first fill, its symbol, its neighbours in line, whether any of it is still
held, and whether some of it has been closed."""

CLOSED_BY = 1
_LOT, _EARLIER = range(2, 4)
"""Columns of a match beside OPENED_BY: the last fill that closed some of it, the lot, and the match
before it of the same closing order."""

_OPEN_LOT, _LAST = range(2)
"""Columns of an order: the lot it has opened, and the last match it has made."""

_HEAD, _TAIL, _PLACE = range(3)
"""Columns of a symbol: the oldest and the newest of its lots, and when it was first traded."""

_LOTS, _MATCHES, _SYMBOLS = range(3)
"""What has been used: lots, matches, symbols."""

_IN = "Array(f8, 1, 'C', readonly=True)"
_NUMBERS = "Array(i8, 1, 'C', readonly=True)"
_FS, _NS = "f8[:,::1]", "i8[:,::1]"
_TABLES = ", ".join([_FS, _FS, _NS, _FS, _FS, _NS, _NS, _NS, "i8[::1]"])


@dataclass(frozen=True, slots=True, eq=False)
class LotBook:
    """Lots and matches while fills are worked through.

    Attributes:
        end: of the fill at hand, shape (1, 8).
        lots: an end for each lot, what is left of it; shape (fills, 8).
        lot_links: where it comes from and stands, shape (fills, 6).
        entries, exits: both ends of each match, shape (2 fills, 8).
        match_links: where they come from, shape (2 fills, 4).
        orders: what each order has opened and closed, shape (orders, 2).
        symbols: the line of lots of each symbol, shape (symbols, 3).
        used: lots, matches and symbols in use, shape (3,).
    """

    end: FloatArray
    lots: FloatArray
    lot_links: IntArray
    entries: FloatArray
    exits: FloatArray
    match_links: IntArray
    orders: IntArray
    symbols: IntArray
    used: IntArray

    @classmethod
    def of(cls, fills: int, orders: int, symbols: int) -> LotBook:
        """An empty book for so many of each."""
        return cls(
            np.empty((1, 8)),
            np.empty((fills, 8)),
            np.empty((fills, 6), dtype=np.int64),
            np.empty((2 * fills, 8)),
            np.empty((2 * fills, 8)),
            np.empty((2 * fills, 4), dtype=np.int64),
            np.full((orders, 2), -1),
            np.full((symbols, 3), -1),
            np.zeros(3, dtype=np.int64),
        )

    @property
    def matches(self) -> int:
        """How many matches there are."""
        return int(self.used[_MATCHES])

    def held(self, symbol: int, quantity: FloatArray) -> float:
        """Signed units held of a symbol.

        Args:
            symbol: its number.
            quantity: signed units of each fill.
        """
        numbers = self._line(symbol)
        signs = np.sign(quantity[self.lot_links[numbers, OPENED_BY]])
        return float((signs * self.lots[numbers, QUANTITY]).sum())

    def still_held(self, time: IntArray) -> IntArray:
        """Numbers of the lots still held, by the time of their first fill.

        Args:
            time: nanoseconds UTC of each fill.
        """
        links = self.lot_links[: int(self.used[_LOTS])]
        held = np.flatnonzero(links[:, _HELD])
        if len(held) < 2:
            return held
        place = self.symbols[links[held, _SYMBOL], _PLACE]
        return held[np.lexsort((place, time[links[held, OPENED_BY]]))]

    def split(self, symbol: int, ratio: float, quantity: float, lot: float, *, seen: bool) -> None:
        """Split every lot of a symbol into whole units, the oldest keeping what is left of the
        position, and cost and fees of the fraction that was paid out.

        Args:
            symbol: its number.
            ratio: new units for each old one.
            quantity: units held afterwards, unsigned.
            lot: smallest quantity step.
            seen: whether the last bar's prices are on the new scale.
        """
        numbers = self._line(symbol)
        if not numbers:
            return
        cost, fees = self._spent(numbers)
        units = [round_down_to_lot(float(self.lots[n, QUANTITY]) * ratio, lot) for n in numbers]
        for number in numbers:
            self.lots[number, PRICE : LOST + 1] /= ratio
            self.lots[number, RATIO] *= ratio
            self.lots[number, SCALE] *= 1.0 if seen else ratio
        units[0] += quantity - sum(units)
        self.lots[numbers, QUANTITY] = units
        for number in numbers:
            if self.lots[number, QUANTITY] <= 0.0:
                _remove(number, self.lot_links, self.symbols)
        left = self._line(symbol)
        if left:
            oldest = self.lots[left[0]]
            cost_left, fees_left = self._spent(left)
            oldest[LOST] += (cost - cost_left) / oldest[QUANTITY]
            oldest[FEE] += (fees - fees_left) / oldest[QUANTITY]

    def _line(self, symbol: int) -> list[int]:
        """The lots of a symbol, oldest first."""
        found = []
        lot = int(self.symbols[symbol, _HEAD])
        while lot >= 0:
            found.append(lot)
            lot = int(self.lot_links[lot, _NEXT])
        return found

    def _spent(self, numbers: list[int]) -> tuple[float, float]:
        """What the units of some lots had cost, and their fees."""
        ends = self.lots[numbers].tolist()
        return (
            sum(end[QUANTITY] * (end[PAID] + end[LOST]) for end in ends),
            sum(end[QUANTITY] * end[FEE] for end in ends),
        )


@entry(f"void(i8, i8, {', '.join([_NUMBERS] * 3)}, {', '.join([_IN] * 5)}, {_TABLES})")
def match_fills(
    start: int,
    stop: int,
    order: IntArray,
    parent: IntArray,
    symbol: IntArray,
    quantity: FloatArray,
    price: FloatArray,
    reference: FloatArray,
    fee: FloatArray,
    rate: FloatArray,
    end: FloatArray,
    lots: FloatArray,
    lot_links: IntArray,
    entries: FloatArray,
    exits: FloatArray,
    match_links: IntArray,
    orders: IntArray,
    symbols: IntArray,
    used: IntArray,
) -> None:
    """Work through the fills start..stop-1: close lots, open lots.

    The columns of fills are those of `FillColumns`, the tables those of `LotBook`.
    """
    for k in range(start, stop):
        line, units = symbol[k], abs(quantity[k])
        end[0, QUANTITY], end[0, PRICE], end[0, REFERENCE] = units, price[k], reference[k]
        end[0, FEE], end[0, PAID], end[0, LOST] = fee[k] / units, price[k] * rate[k], 0.0
        end[0, RATIO], end[0, SCALE] = 1.0, 1.0
        if symbols[line, _PLACE] < 0:
            symbols[line, _PLACE] = used[_SYMBOLS]
            used[_SYMBOLS] += 1
        lot = symbols[line, _HEAD]
        if lot >= 0 and not quantity[lot_links[lot, OPENED_BY]] * quantity[k] > 0.0:
            own = _open_lot(parent[k], lot_links, orders)
            units = _close(
                k,
                order[k],
                line,
                own if own >= 0 else lot,
                end,
                lots,
                lot_links,
                entries,
                exits,
                match_links,
                orders,
                symbols,
                used,
            )
        if units > 0.0:
            lot = _open_lot(order[k], lot_links, orders)
            if lot >= 0:
                _add(end, 0, units, lots, lot)
            else:
                orders[order[k], _OPEN_LOT] = used[_LOTS]
                _open(k, line, units, end, lots, lot_links, symbols, used)


@scalar
def _open_lot(order: int, lot_links: IntArray, orders: IntArray) -> int:
    """The lot an order has opened, -1 if there is none or it is closed."""
    lot = orders[order, _OPEN_LOT] if order >= 0 else -1
    return int(lot) if lot >= 0 and lot_links[lot, _HELD] else -1


@scalar
def _open(
    fill: int,
    line: int,
    units: float,
    end: FloatArray,
    lots: FloatArray,
    lot_links: IntArray,
    symbols: IntArray,
    used: IntArray,
) -> None:
    """A new lot at the end of its line."""
    lot, newest = used[_LOTS], symbols[line, _TAIL]
    used[_LOTS] += 1
    _put(end, 0, units, lots, lot)
    lot_links[lot, OPENED_BY], lot_links[lot, _SYMBOL] = fill, line
    lot_links[lot, _HELD], lot_links[lot, _TOUCHED] = 1, 0
    lot_links[lot, _NEXT], lot_links[lot, _BEFORE] = -1, newest
    symbols[line, _TAIL] = lot
    if newest >= 0:
        lot_links[newest, _NEXT] = lot
    else:
        symbols[line, _HEAD] = lot


@scalar
def _close(
    fill: int,
    order: int,
    line: int,
    lot: int,
    end: FloatArray,
    lots: FloatArray,
    lot_links: IntArray,
    entries: FloatArray,
    exits: FloatArray,
    match_links: IntArray,
    orders: IntArray,
    symbols: IntArray,
    used: IntArray,
) -> float:
    """Match a fill with the lots it closes, `lot` before the others; the units left over."""
    units = end[0, QUANTITY]
    left = units
    while lot >= 0 and left > 0.0:
        held = lots[lot, QUANTITY]
        closed = min(held, left)
        match = _match(lot, order, match_links, orders) if lot_links[lot, _TOUCHED] else -1
        if match >= 0:
            _add(lots, lot, closed, entries, match)
            _add(end, 0, closed, exits, match)
        else:
            match = used[_MATCHES]
            used[_MATCHES] += 1
            _put(lots, lot, closed, entries, match)
            _put(end, 0, closed, exits, match)
            match_links[match, OPENED_BY] = lot_links[lot, OPENED_BY]
            match_links[match, _LOT], match_links[match, _EARLIER] = lot, orders[order, _LAST]
            lot_links[lot, _TOUCHED], orders[order, _LAST] = 1, match
        match_links[match, CLOSED_BY] = fill
        dust = _DUST * max(held, units)
        lots[lot, QUANTITY] = held - closed
        left = left - closed if left - closed > dust else 0.0
        if lots[lot, QUANTITY] <= dust:
            _remove(lot, lot_links, symbols)
        lot = symbols[line, _HEAD]
    return float(left)


@scalar
def _match(lot: int, order: int, match_links: IntArray, orders: IntArray) -> int:
    """The match an order has already made with a lot, -1 without one."""
    match = orders[order, _LAST]
    while match >= 0 and match_links[match, _LOT] != lot:
        match = match_links[match, _EARLIER]
    return int(match)


@scalar
def _put(ends: FloatArray, at: int, quantity: float, into: FloatArray, row: int) -> None:
    """The same averages for so many units."""
    for column in range(8):
        into[row, column] = ends[at, column]
    into[row, QUANTITY] = quantity


@scalar
def _add(ends: FloatArray, at: int, quantity: float, into: FloatArray, row: int) -> None:
    """Take `quantity` units of another end in."""
    share = quantity / (into[row, QUANTITY] + quantity)
    into[row, QUANTITY] += quantity
    for column in range(PRICE, LOST + 1):
        into[row, column] += share * (ends[at, column] - into[row, column])


@scalar
def _remove(lot: int, lot_links: IntArray, symbols: IntArray) -> None:
    """Take a lot out of its line."""
    line, after, before = lot_links[lot, _SYMBOL], lot_links[lot, _NEXT], lot_links[lot, _BEFORE]
    lot_links[lot, _HELD] = 0
    if before >= 0:
        lot_links[before, _NEXT] = after
    else:
        symbols[line, _HEAD] = after
    if after >= 0:
        lot_links[after, _BEFORE] = before
    else:
        symbols[line, _TAIL] = before
