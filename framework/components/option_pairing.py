"""Which short options stand together: in a spread, on shares, in a straddle, or alone.

Every way to split the short options between "in a spread" and "not" is tried, all at once, and the
one that ties up the least equity is kept. For one split the rest follows:

- shorts of one expiry in a spread take as many longs of their right that expire no earlier: the
  lowest calls, the highest puts, whose payoff is never below another's. Whether the latest or the
  earliest expiry chooses first is tried both ways;
- the other physically settled shorts stand on the shares, the dearest first;
- what is left is naked, the dearest call beside the dearest put in one straddle.

A long option that is added only adds ways, so it never raises what is asked for by more than it
costs. Where whole contracts allow more than `_MOST_SPLITS` splits, only those are tried that take
the dearest calls and the dearest puts first, and that promise lapses; the cheapest way of all is
not promised either (a long is never kept back for a later expiry at a worse fit).
"""

from __future__ import annotations

__all__ = ["Contracts", "Plans", "Straddles", "cheapest_plan"]

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from math import gcd, prod

import numpy as np
from numpy.typing import NDArray

from framework.domain.bars import FloatArray
from framework.domain.instruments import Instrument

_MOST_SPLITS = 1024


@dataclass(frozen=True, slots=True, eq=False)
class Contracts:
    """Options of one underlying held on one side, in an order that says who is served first.

    Attributes:
        instruments: each once, n of them.
        units: contracts, whole and > 0, shape (n,).
        sign: +1 of calls, -1 of puts.
        strike: in money per unit of the underlying.
        expiry: days since 1970-01-01.
        premium: market value of one contract, in money.
        addition: what the naked contract asks for beside its premium, in money.
        deliverable: whether shares stand for it: settled physically.
    """

    instruments: tuple[Instrument, ...]
    units: FloatArray
    sign: FloatArray
    strike: FloatArray
    expiry: FloatArray
    premium: FloatArray
    addition: FloatArray
    deliverable: NDArray[np.bool_]

    def intrinsic(self, spots: FloatArray) -> FloatArray:
        """Points one option is worth if exercised at each spot, shape (n, spots)."""
        points: FloatArray = np.maximum(self.sign[:, None] * (spots - self.strike[:, None]), 0.0)
        return points


@dataclass(frozen=True, slots=True, eq=False)
class Straddles:
    """Naked calls beside naked puts.

    Attributes:
        calls: places of the calls among the shorts, shape (c,).
        puts: places of the puts, shape (p,).
        units: contracts of each pair, shape (plans, c, p).
        saved: addition of the side that asks for less, in money per pair, shape (c, p).
    """

    calls: NDArray[np.intp]
    puts: NDArray[np.intp]
    units: FloatArray
    saved: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Plans:
    """Several ways to let the same options stand together, one a row.

    Attributes:
        spreads: of each expiry of shorts, contracts bought and sold: (plans, longs) and
            (plans, shorts).
        losses: of each of them the greatest loss at its expiry, in money, shape (plans,).
        covered: shorts that stand on shares, shape (plans, shorts).
        naked: shorts that stand on nothing, those of straddles among them, shape (plans, shorts).
        straddles: which of the naked stand side by side.
        alone: longs that protect nothing, shape (plans, longs).
        money: equity the whole ties up, shape (plans,).
    """

    spreads: tuple[tuple[FloatArray, FloatArray], ...]
    losses: tuple[FloatArray, ...]
    covered: FloatArray
    naked: FloatArray
    straddles: Straddles
    alone: FloatArray
    money: FloatArray

    def cheapest(self) -> Plans:
        """The one plan that ties up the least equity; the first of equals."""
        best = int(np.argmin(self.money))
        row = slice(best, best + 1)
        straddles = self.straddles
        return Plans(
            tuple((bought[row], sold[row]) for bought, sold in self.spreads),
            tuple(loss[row] for loss in self.losses),
            self.covered[row],
            self.naked[row],
            Straddles(straddles.calls, straddles.puts, straddles.units[row], straddles.saved),
            self.alone[row],
            self.money[row],
        )


def cheapest_plan(
    longs: Contracts, shorts: Contracts, multiplier: float, long_cover: float, short_cover: float
) -> Plans:
    """The plan, alone in its row, that ties up the least equity.

    Args:
        longs: those bought, the best protection first within each right.
        shorts: those sold, the dearest first.
        multiplier: money per point of each contract.
        long_cover: calls that the units of the underlying held can deliver.
        short_cover: puts whose delivery would close units of the underlying sold short.
    """
    splits = _splits(longs, shorts)
    days = sorted(set(shorts.expiry.tolist()), reverse=True)
    covers = {1.0: long_cover, -1.0: short_cover}
    found = [
        _plans(longs, shorts, multiplier, covers, splits, order).cheapest()
        for order in ((days, days[::-1]) if len(days) > 1 else (days,))
    ]
    return min(found, key=lambda plan: float(plan.money[0]))


def _savings(shorts: Contracts, calls: NDArray[np.intp], puts: NDArray[np.intp]) -> FloatArray:
    """Addition of the side whose whole requirement is the lesser, shape (calls, puts)."""
    call, put = shorts.addition[calls][:, None], shorts.addition[puts][None, :]
    whole = shorts.addition + shorts.premium
    lead = whole[calls][:, None] - whole[puts][None, :]
    saved: FloatArray = np.where(lead > 0.0, put, np.where(lead < 0.0, call, np.minimum(call, put)))
    return saved


def _splits(longs: Contracts, shorts: Contracts) -> FloatArray:
    """Contracts of each short to put in a spread, one way a row, the most first."""
    most = [
        min(units, float(longs.units[(longs.sign == sign) & (longs.expiry >= day)].sum()))
        for units, sign, day in zip(
            shorts.units.tolist(), shorts.sign.tolist(), shorts.expiry.tolist(), strict=True
        )
    ]
    step = gcd(*(int(units) for units in (*shorts.units.tolist(), *longs.units.tolist())))
    if prod(1.0 + units / step for units in most) <= _MOST_SPLITS:
        ways = list(product(*(range(int(units), -1, -step) for units in most)))
        return np.array(ways, dtype=np.float64).reshape(len(ways), len(most))
    return _dearest_first(shorts, np.array(most))


def _dearest_first(shorts: Contracts, most: FloatArray) -> FloatArray:
    """The first few calls beside the first few puts, in every number of instruments."""
    rows = []
    for right in (1.0, -1.0):
        places = np.flatnonzero((shorts.sign == right) & (most > 0.0))
        some = np.zeros((len(places) + 1, len(most)))
        for row in range(len(places)):
            some[: len(places) - row, places[row]] = most[places[row]]
        rows.append(some)
    calls, puts = rows
    return (calls[:, None, :] + puts[None, :, :]).reshape(-1, len(most))


def _fill(room: FloatArray, amount: FloatArray) -> FloatArray:
    """What each column takes of its row's amount, the first column first."""
    before = np.cumsum(room, axis=1) - room
    return np.clip(amount[:, None] - before, 0.0, room)


def _plans(
    longs: Contracts,
    shorts: Contracts,
    multiplier: float,
    covers: dict[float, float],
    splits: FloatArray,
    days: Sequence[float],
) -> Plans:
    """All splits, where the shorts of the first day choose their longs first."""
    spots = np.concatenate([[0.0], longs.strike, shorts.strike])
    up, down = longs.intrinsic(spots), shorts.intrinsic(spots)
    alone = np.tile(longs.units, (len(splits), 1))
    rest = np.tile(shorts.units, (len(splits), 1))
    spreads, losses = [], []
    money = np.zeros(len(splits))
    for day in days:
        bought, sold = _protected(longs, shorts, alone, splits, day)
        alone, rest = alone - bought, rest - sold
        loss = multiplier * np.max(sold @ down - bought @ up, axis=1)
        loss = np.maximum(loss, 0.0)
        money += np.maximum(loss + bought @ longs.premium - sold @ shorts.premium, 0.0)
        spreads.append((bought, sold))
        losses.append(loss)
    covered = np.zeros_like(rest)
    for right, cover in covers.items():
        ours = (shorts.sign == right) & shorts.deliverable
        covered[:, ours] = _fill(rest[:, ours], np.full(len(splits), cover))
    naked = rest - covered
    straddles = _straddles(shorts, naked)
    money += alone @ longs.premium + naked @ shorts.addition
    money -= (straddles.units * straddles.saved).sum(axis=(1, 2))
    return Plans(tuple(spreads), tuple(losses), covered, naked, straddles, alone, money)


def _protected(
    longs: Contracts, shorts: Contracts, free: FloatArray, splits: FloatArray, day: float
) -> tuple[FloatArray, FloatArray]:
    """Longs taken and shorts protected by them, of the shorts that expire on a day."""
    bought, sold = np.zeros_like(free), np.zeros_like(splits)
    for right in (1.0, -1.0):
        ours = (shorts.sign == right) & (shorts.expiry == day)
        theirs = (longs.sign == right) & (longs.expiry >= day)
        bought[:, theirs] = _fill(free[:, theirs], splits[:, ours].sum(axis=1))
        sold[:, ours] = _fill(splits[:, ours], bought[:, theirs].sum(axis=1))
    return bought, sold


def _straddles(shorts: Contracts, naked: FloatArray) -> Straddles:
    """Calls beside puts, both from the one with the greatest whole requirement down."""
    order = np.argsort(-(shorts.addition + shorts.premium), kind="stable")
    calls, puts = order[shorts.sign[order] > 0.0], order[shorts.sign[order] < 0.0]
    call_end, put_end = np.cumsum(naked[:, calls], axis=1), np.cumsum(naked[:, puts], axis=1)
    end = np.minimum(call_end[:, :, None], put_end[:, None, :])
    start = np.maximum(
        (call_end - naked[:, calls])[:, :, None], (put_end - naked[:, puts])[:, None, :]
    )
    units = np.maximum(end - start, 0.0)
    return Straddles(calls, puts, units, _savings(shorts, calls, puts))
