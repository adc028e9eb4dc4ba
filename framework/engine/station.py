"""Station: one slot with its desk, and when it has to be woken."""

from __future__ import annotations

__all__ = ["Alarms", "Mask", "Station"]

from bisect import bisect_left
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from framework.domain.bars import BoolArray, IntArray
from framework.domain.events import Signal
from framework.engine.desk import StrategyDesk
from framework.engine.option_book import OptionBook
from framework.engine.slot import Slot
from framework.series import Condition, When


class Mask(Protocol):
    """Whether a condition holds, by instant."""

    def __getitem__(self, now: int, /) -> int:
        """Not 0 where it does."""
        ...


@dataclass(slots=True, eq=False)
class Station:
    """One slot with its desk and the arrays that say when to wake it.

    Attributes:
        slot: the strategy at work.
        desk: its desk.
        symbol: its own instrument.
        instants: nanoseconds UTC of every instant of the run, maybe growing, as all of these.
        known: for every instant of the run, the last index on the slot's own timeline, -1 before
            the first; None when both timelines are the same.
        own: one byte per instant of the run, 1 where one of its bars closes; None as above.
        alarms: its conditions.
        due: by side of the position, one byte per instant of the run: 1 where a condition holds or
            a contract rolls.
        signals: external predictions about its symbols not yet told, by time.
        book: looks after its options; None for a run without.
        awake: whether one of its bars closes at the present instant.
    """

    slot: Slot
    desk: StrategyDesk
    symbol: str
    instants: Sequence[int]
    known: Sequence[int] | None
    own: bytes | bytearray | None
    alarms: Alarms
    due: tuple[bytes, bytes, bytes] | tuple[bytearray, bytearray, bytearray]
    signals: deque[Signal]
    book: OptionBook | None = None
    awake: bool = False

    @classmethod
    def of(
        cls,
        slot: Slot,
        desk: StrategyDesk,
        instants: IntArray,
        signals: Sequence[Signal],
        book: OptionBook | None = None,
    ) -> Station:
        """Work out when to wake a slot along the run's instants."""
        own = slot.world.timeline.instants
        symbol = slot.world.data.symbol
        alarms, told = Alarms(slot.whens, len(own)), _told(slot, signals)
        rings = [alarms.any_of(side, slot.rolls) for side in range(3)]
        if len(own) == len(instants):
            flat, long, short = (one.tobytes() for one in rings)
            due = (flat, long, short)
            return cls(slot, desk, symbol, instants.data, None, None, alarms, due, told, book)
        at = np.searchsorted(instants, own)
        flat, long, short = (_spread(one, at, len(instants)).tobytes() for one in rings)
        closes = _spread(np.ones(len(own), dtype=bool), at, len(instants))
        known = np.cumsum(closes) - 1
        return cls(
            slot,
            desk,
            symbol,
            instants.data,
            known.data,
            closes.tobytes(),
            alarms,
            (flat, long, short),
            told,
            book,
        )

    @classmethod
    def growing(
        cls,
        slot: Slot,
        desk: StrategyDesk,
        instants: Sequence[int],
        signals: Sequence[Signal],
        book: OptionBook | None = None,
    ) -> Station:
        """A slot along instants that become known one by one: each is to be noted with `note`.

        It is to be woken at all of them, and reads its conditions as they are then.
        """
        alarms, told, ones = Alarms(slot.whens, None), _told(slot, signals), bytearray()
        due, symbol = (ones, ones, ones), slot.world.data.symbol
        return cls(slot, desk, symbol, instants, [], bytearray(), alarms, due, told, book)

    def note(self, is_own: bool) -> None:
        """Note the next instant of a growing run, and whether one of its bars closes there."""
        assert isinstance(self.known, list)
        assert isinstance(self.own, bytearray)
        assert isinstance(self.due[0], bytearray)
        last = self.known[-1] if self.known else -1
        self.known.append(last + is_own)
        self.own.append(is_own)
        self.due[0].append(1)

    @property
    def side(self) -> int:
        """0 flat, 1 long, 2 short: the index of a condition's mask."""
        quantity = self.slot.ledger.positions[self.symbol].quantity
        return 0 if quantity == 0.0 else (1 if quantity > 0.0 else 2)

    def see(self, k: int) -> None:
        """Let the slot see the world as it is at instant `k` of the run."""
        known, own = self.known, self.own
        if known is None or own is None:
            self.awake = True
            self.slot.world.move(k)
        elif known[k] >= 0:
            self.awake = own[k] == 1
            self.slot.world.move(known[k])

    def next_wake(self, start: int, stop: int) -> int:
        """The first instant of start..stop-1 at which it may have something to do; `stop` if there
        is none, as long as nothing is held or works that is not held or working now."""
        slot, desk = self.slot, self.desk
        if slot.wants_bars or slot.time_stops or self.book is not None:
            return self._own_bar(start, stop)
        found = self.due[self.side].find(1, start, stop)
        if found >= 0:
            stop = found
        if desk.timers:
            stop = self._own_bar(bisect_left(self.instants, desk.timers[0][0], start, stop), stop)
        if self.signals:
            stop = self._own_bar(
                bisect_left(self.instants, self.signals[0].time, start, stop), stop
            )
        return stop

    def _own_bar(self, start: int, stop: int) -> int:
        """The first of these instants at which one of its bars closes; `stop` if there is none."""
        if self.own is None:
            return start
        found = self.own.find(1, start, stop)
        return stop if found < 0 else found


class Alarms:
    """Conditions unrolled to one byte per instant, so that looking costs nothing.

    Args:
        whens: conditions and verbs, in order.
        length: instants of the slot's timeline; None where they grow: the conditions are then
            read where they stand.

    Attributes:
        whens: as given.
        masks: of each condition, by side of the position.
    """

    __slots__ = ("_length", "masks", "whens")

    def __init__(self, whens: Sequence[When], length: int | None) -> None:
        self.whens = tuple(whens)
        self._length = length or 0
        self.masks: list[tuple[Mask, ...]] = [
            _standing(when.condition) if length is None else self._unrolled(when)
            for when in self.whens
        ]

    def any_of(self, side: int, others: Iterable[int]) -> BoolArray:
        """Whether any condition holds at an instant on a side, or it is one of the others."""
        anything = np.zeros(self._length, dtype=bool)
        for when in self.whens:
            anything |= _by_side(when)[side]
        anything[list(others)] = True
        return anything

    def _unrolled(self, when: When) -> tuple[bytes, ...]:
        flat, long, short = (np.broadcast_to(mask, (self._length,)) for mask in _by_side(when))
        if not when.condition.needs_position:
            return (flat.tobytes(),) * 3
        return flat.tobytes(), long.tobytes(), short.tobytes()


class _Standing:
    """A condition on one side of the position, read where it stands."""

    __slots__ = ("_condition", "_name")

    def __init__(self, condition: Condition, name: str) -> None:
        self._condition = condition
        self._name = name

    def __getitem__(self, now: int, /) -> int:
        mask: BoolArray = getattr(self._condition, self._name)
        return bool(mask[now] if mask.ndim else mask)


def _standing(condition: Condition) -> tuple[Mask, ...]:
    return tuple(_Standing(condition, name) for name in ("when_flat", "when_long", "when_short"))


def _told(slot: Slot, signals: Sequence[Signal]) -> deque[Signal]:
    """The signals about a slot's symbols, by time."""
    known = slot.world.symbols
    return deque(one for one in sorted(signals, key=lambda one: one.time) if one.symbol in known)


def _by_side(when: When) -> tuple[BoolArray, BoolArray, BoolArray]:
    condition = when.condition
    return condition.when_flat, condition.when_long, condition.when_short


def _spread(values: BoolArray, at: IntArray, length: int) -> BoolArray:
    """The values of the slot's own instants, along the run's."""
    found = np.zeros(length, dtype=bool)
    found[at] = values
    return found
