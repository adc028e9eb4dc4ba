"""Lots: which fills opened what, and which closed it, first in first out by order.

All fills of an order that open go into one lot at their average; what another order closes of a
lot is one match, however many fills it takes. An order that has a parent closes what its parent
opened before anything else. A split puts every lot on its new scale.
"""

from __future__ import annotations

__all__ = ["End", "Match", "matches_of"]

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain

from framework.domain.arithmetic import round_down_to_lot
from framework.domain.events import Fill, Split

_DUST = 1e-9
"""Share of a fill below which what is left of it is rounding, as in the ledger."""


@dataclass(slots=True)
class End:
    """One end of a trade: units one order bought or sold, and what they came to on average.

    Attributes:
        first, last: its first and its last fill so far.
        quantity: units, > 0.
        price, reference, fee: averages a unit: paid, before slippage, of commission.
        paid: average price in the account's currency.
        ratio: product of the splits since; the averages are on the scale after them.
        lost: what the fractions that splits paid out had cost, for each unit left.
    """

    first: Fill
    last: Fill
    quantity: float = 0.0
    price: float = 0.0
    reference: float = 0.0
    fee: float = 0.0
    paid: float = 0.0
    ratio: float = 1.0
    lost: float = 0.0

    def add(self, other: End, quantity: float) -> None:
        """Take in `quantity` units of `other`."""
        share = quantity / (self.quantity + quantity)
        self.last = other.last
        self.quantity += quantity
        self.price += share * (other.price - self.price)
        self.reference += share * (other.reference - self.reference)
        self.fee += share * (other.fee - self.fee)
        self.paid += share * (other.paid - self.paid)
        self.lost += share * (other.lost - self.lost)

    def split(self, ratio: float, quantity: float) -> None:
        """Make `quantity` units of it, `ratio` for each one before."""
        self.quantity = quantity
        self.price /= ratio
        self.reference /= ratio
        self.fee /= ratio
        self.paid /= ratio
        self.lost /= ratio
        self.ratio *= ratio

    @classmethod
    def of(cls, fill: Fill, fee: float) -> End:
        """The end one fill makes."""
        paid = fill.price * fill.rate
        return cls(fill, fill, abs(fill.quantity), fill.price, fill.reference, fee, paid)

    def part(self, quantity: float) -> End:
        """The same averages for so many units."""
        return replace(self, quantity=quantity)

    @property
    def slip(self) -> float:
        """Money a unit lost to slippage, in the account's currency."""
        rate = self.paid / self.price if self.price else 1.0
        return (self.price - self.reference) * (rate if self.first.quantity > 0 else -rate)


@dataclass(slots=True, eq=False)
class Match:
    """Units of an entry with what closed them.

    Attributes:
        entry: how they were opened.
        leave: how they were closed, None while they are still held.
        closed: number of the last fill that closed some of them.
    """

    entry: End
    leave: End | None
    closed: int = 0


@dataclass(slots=True, eq=False)
class _Lot:
    """What is left of what an order opened, and the trades made of the rest, by closing order."""

    entry: End
    matches: dict[str, Match] = field(default_factory=dict)


def matches_of(
    fills: Sequence[Fill],
    fees: Mapping[str, float],
    splits: Sequence[Split] = (),
    sizes: Mapping[str, float] | None = None,
) -> list[Match]:
    """The matches of a run in order of closing, then what is still held.

    Args:
        fills: every execution, in order.
        fees: commission per unit, by the fill's id.
        splits: every split, in order.
        sizes: by symbol, its smallest quantity step; 1 where it is missing.
    """
    held: dict[str, deque[_Lot]] = {}
    closed: list[Match] = []
    to_come = deque(splits)
    for number, fill in enumerate(fills):
        while to_come and to_come[0].time <= fill.time:
            _split(held, to_come.popleft(), sizes or {})
        lots = held.setdefault(fill.symbol, deque())
        end = End.of(fill, fees[fill.id])
        left = _close(end, number, lots, closed)
        if left > 0.0:
            _open(end.part(left), lots)
    while to_come:
        _split(held, to_come.popleft(), sizes or {})
    still = [Match(lot.entry, None) for lot in chain.from_iterable(held.values())]
    closed.sort(key=lambda match: match.closed)
    return closed + sorted(still, key=lambda match: match.entry.first.time)


def _split(held: Mapping[str, deque[_Lot]], split: Split, sizes: Mapping[str, float]) -> None:
    """Split every lot into whole units, the oldest keeping what is left of the position, and
    cost and fees of the fraction that was paid out."""
    lots = held.get(split.symbol)
    if not lots:
        return
    size = sizes.get(split.symbol, 1.0)
    cost, fees = _spent(lots)
    for lot in lots:
        units = round_down_to_lot(lot.entry.quantity * split.ratio, size)
        lot.entry.split(split.ratio, units)
    lots[0].entry.quantity += abs(split.quantity) - sum(lot.entry.quantity for lot in lots)
    for lot in [lot for lot in lots if lot.entry.quantity <= 0.0]:
        lots.remove(lot)
    if lots:
        oldest = lots[0].entry
        left, left_fees = _spent(lots)
        oldest.lost += (cost - left) / oldest.quantity
        oldest.fee += (fees - left_fees) / oldest.quantity


def _spent(lots: Iterable[_Lot]) -> tuple[float, float]:
    """What the units of some lots had cost, and their fees."""
    ends = [lot.entry for lot in lots]
    return (
        sum(end.quantity * (end.paid + end.lost) for end in ends),
        sum(end.quantity * end.fee for end in ends),
    )


def _open(end: End, lots: deque[_Lot]) -> None:
    """A new lot, or more of the one the same order has opened."""
    for lot in lots:
        if lot.entry.first.order.id == end.first.order.id:
            lot.entry.add(end, end.quantity)
            return
    lots.append(_Lot(end))


def _close(end: End, number: int, lots: deque[_Lot], closed: list[Match]) -> float:
    """Match a fill with the lots it closes; the units left over open a new one."""
    left = end.quantity
    if not lots or lots[0].entry.first.quantity * end.first.quantity > 0.0:
        return left
    parent = end.first.order.parent
    own = [lot for lot in lots if parent is not None and lot.entry.first.order.id == parent]
    while lots and left > 0.0:
        lot = own.pop(0) if own else lots[0]
        quantity = min(lot.entry.quantity, left)
        _leave(lot, end, quantity, number, closed)
        dust = _DUST * max(lot.entry.quantity, end.quantity)
        lot.entry.quantity -= quantity
        left = left - quantity if left - quantity > dust else 0.0
        if lot.entry.quantity <= dust:
            lots.remove(lot)
    return left


def _leave(lot: _Lot, end: End, quantity: float, number: int, closed: list[Match]) -> None:
    """Book units of a lot as closed: a new trade, or more of one the same order is closing."""
    match = lot.matches.get(end.first.order.id)
    if match is None or match.leave is None:
        match = lot.matches[end.first.order.id] = Match(
            lot.entry.part(quantity), end.part(quantity)
        )
        closed.append(match)
    else:
        match.entry.add(lot.entry, quantity)
        match.leave.add(end, quantity)
    match.closed = number
