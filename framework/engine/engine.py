"""The engine: one instant of the run, in the order the house plan lays down."""

from __future__ import annotations

__all__ = ["Engine", "Station"]

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from framework.domain.bars import IntArray
from framework.domain.events import Fill, Halt, OrderUpdate, Signal, Trip
from framework.domain.orders import OrderStatus, Origin
from framework.engine.desk import StrategyDesk
from framework.engine.judge import HALTED
from framework.engine.orders import Door
from framework.engine.slot import Slot
from framework.ports import Breaker, BreakerState
from framework.series import When


@dataclass(slots=True, eq=False)
class Station:
    """One slot with its desk and the arrays that say when to wake it.

    Attributes:
        slot: the strategy at work.
        desk: its desk.
        instants: for every instant of the run, the index on the slot's own timeline, -1 where none
            of its bars closes; None when both timelines are the same.
        alarms: the conditions as bytes per instant, by side of the position.
        signals: external predictions about its symbols not yet told, by time.
        awake: whether one of its bars closes at the present instant.
    """

    slot: Slot
    desk: StrategyDesk
    instants: memoryview | None
    alarms: Alarms
    signals: deque[Signal]
    awake: bool = False

    @classmethod
    def of(
        cls, slot: Slot, desk: StrategyDesk, instants: IntArray, signals: Sequence[Signal]
    ) -> Station:
        """Work out when to wake a slot along the run's instants."""
        own = slot.world.timeline.instants
        alarms = Alarms(slot.whens, len(own))
        known = sorted(signals, key=lambda signal: signal.time)
        told = deque(s for s in known if s.symbol in slot.world.symbols)
        if len(own) == len(instants):
            return cls(slot, desk, None, alarms, told)
        at = np.full(len(instants), -1, dtype=np.int64)
        at[np.searchsorted(instants, own)] = np.arange(len(own))
        return cls(slot, desk, at.data, alarms, told)


class Alarms:
    """Conditions unrolled to one byte per instant, so that looking costs nothing.

    Args:
        whens: conditions and verbs, in order.
        length: instants of the slot's timeline.
    """

    __slots__ = ("any", "masks", "whens")

    def __init__(self, whens: Sequence[When], length: int) -> None:
        self.whens = tuple(whens)
        self.masks = [
            tuple(
                np.broadcast_to(mask, (length,)).tobytes()
                for mask in (c.when_flat, c.when_long, c.when_short)
            )
            for c in (when.condition for when in self.whens)
        ]
        anything = np.zeros(length, dtype=bool)
        for when in self.whens:
            for mask in (
                when.condition.when_flat,
                when.condition.when_long,
                when.condition.when_short,
            ):
                anything |= mask
        self.any = anything.tobytes()


class Engine:
    """Runs instants. Knows no broker, no clock and no mode: bars in, orders out.

    Args:
        stations: the slots, in order.
        door: the one order door.
        breakers: watch the account.
        instants: nanoseconds UTC of every instant of the run.
        session: trading day of every instant.
        first: index of the first instant at which orders are allowed.
        is_watched: whether the broker may report something although no order works.
    """

    def __init__(
        self,
        stations: Sequence[Station],
        door: Door,
        breakers: Sequence[Breaker],
        instants: IntArray,
        session: IntArray,
        first: int,
        is_watched: bool,
    ) -> None:
        self._stations = tuple(stations)
        self._door = door
        self._breakers = tuple(breakers)
        self._instants = instants.data
        self._session = session.data
        self._first = first
        self._is_watched = is_watched
        self._day: int | None = None
        self._state = BreakerState(0, 0.0, 0.0, 0.0)
        self._halts: dict[str, Halt] = {}
        self._refused_seen = 0
        self.trips: list[Trip] = []
        self.changes: list[tuple[int, float, tuple[float, ...]]] = []

    def instant(self, k: int) -> None:
        """Everything that happens at instant `k`, whose fills the broker has ready."""
        door = self._door
        door.judge.now = self._instants[k]
        if k == self._first:
            self._start()
        if self._session[k] != self._day:
            self._new_session(k)
        for station in self._stations:
            at = k if station.instants is None else station.instants[k]
            station.awake = at >= 0
            if station.awake:
                station.slot.world.move(at)
        blotter = door.blotter
        if self._is_watched or blotter.at_work:
            self._take_fills(k)
        if self._breakers and k >= self._first and self._trips_now():
            self._finish(k)
            return
        for station in self._stations:
            if station.awake:
                self._wake(station)
        if blotter.at_work or blotter.notices:
            self._finish(k)

    def stop(self) -> None:
        """The data is over; nothing is flattened."""
        for station in self._stations:
            station.slot.hooks.on_stop()

    def _wake(self, station: Station) -> None:
        slot, desk = station.slot, station.desk
        if desk.leaving:
            desk.finish_leaving()
        if slot.time_stops:
            desk.close_timed_out()
        if slot.rolls:
            desk.roll()
        if desk.timers:
            desk.ring()
        while station.signals and station.signals[0].time <= self._door.now:
            slot.hooks.on_signal(station.signals.popleft())
        now = slot.world.now
        alarms = station.alarms
        if alarms.any and alarms.any[now]:
            for when, masks in zip(alarms.whens, alarms.masks, strict=True):
                if masks[_side(slot)][now]:
                    when.fire()
        if slot.wants_bars:
            slot.hooks.on_bar()

    def _take_fills(self, k: int) -> None:
        """Fold what the bars closing now did to the resting orders, and tell the strategies."""
        news = self._door.settle()
        if news or self._door.blotter.notices:
            self.note_change(k)
            self._notify()

    def _finish(self, k: int) -> None:
        """Take in what the broker answered at once, such as the proof of a cancel."""
        self._door.settle()
        if self._door.blotter.notices:
            self._notify()
            self.note_change(k)

    def _start(self) -> None:
        for station in self._stations:
            station.slot.trading = True

    def _new_session(self, k: int) -> None:
        self._day = self._session[k]
        self._door.judge.begin_session(self._day)
        for station in self._stations:
            station.slot.orders_today = 0
        for name, halt in tuple(self._halts.items()):
            if halt is Halt.SESSION:
                del self._halts[name]
        self._block()
        self._state.day_open_equity = self._state.equity

    def _notify(self) -> None:
        while self._door.blotter.notices:
            notices, self._door.blotter.notices = self._door.blotter.notices, []
            for slot, notice in notices:
                if isinstance(notice, Fill):
                    slot.hooks.on_fill(notice)
                else:
                    slot.hooks.on_order(notice)
                    self._count_rejection(notice)

    def _count_rejection(self, update: OrderUpdate) -> None:
        if update.status is OrderStatus.REJECTED:
            self._state.errors += 1

    def note_change(self, k: int) -> None:
        """Note cash and positions as they are at instant `k`."""
        cash = self._door.blotter.spare.cash + _total(s.slot.ledger.cash for s in self._stations)
        held = tuple(
            position.quantity
            for station in self._stations
            for position in station.slot.ledger.positions.values()
        )
        self.changes.append((k, cash, held))

    def _trips_now(self) -> bool:
        """Mark the account and ask the breakers; whether one has just tripped."""
        state = self._state
        equity = self._door.blotter.spare.cash + _total(
            station.slot.equity() for station in self._stations
        )
        if state.peak_equity == 0.0:
            state.day_open_equity = state.peak_equity = equity
        state.time = self._door.now
        state.equity = equity
        state.peak_equity = max(state.peak_equity, equity)
        state.orders = self._door.sent + len(self._door.blotter.refused)
        news = self._door.blotter.refused[self._refused_seen :]
        state.errors += sum(refusal.rule != HALTED for refusal in news)
        self._refused_seen += len(news)
        tripped = False
        for breaker in self._breakers:
            trip = breaker.check(state)
            if trip is not None and trip.breaker not in self._halts:
                self.trips.append(trip)
                self._halts[trip.breaker] = trip.halt
                tripped = True
        if tripped:
            self._block()
        if self._halts:
            self._flatten()
        return tripped

    def _flatten(self) -> None:
        """Close whatever is still held, and cancel whatever works, while halted."""
        for station in self._stations:
            for symbol in station.slot.world.symbols:
                station.desk.flatten(symbol, Origin.BREAKER)

    def _block(self) -> None:
        reason = f"halted by {', '.join(self._halts)}" if self._halts else ""
        for station in self._stations:
            station.slot.blocked = reason


def _total(amounts: Iterable[float]) -> float:
    """The sum, term by term: newer Pythons' `sum` corrects rounding, compiled code does not."""
    total = 0.0
    for amount in amounts:
        total += amount
    return total


def _side(slot: Slot) -> int:
    """0 flat, 1 long, 2 short: the index of a condition's mask."""
    quantity = slot.ledger.positions[slot.world.data.symbol].quantity
    return 0 if quantity == 0.0 else (1 if quantity > 0.0 else 2)
