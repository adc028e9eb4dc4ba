"""The engine: one instant of the run, in the order the house plan lays down."""

from __future__ import annotations

__all__ = ["Engine"]

from collections.abc import Collection, Sequence

from framework.domain.arithmetic import total
from framework.domain.events import Fill, Halt, OrderUpdate, Trip
from framework.domain.joins import Join
from framework.domain.orders import OrderStatus, Origin
from framework.engine.judge import HALTED
from framework.engine.orders import Door
from framework.engine.station import Station
from framework.ports import Breaker, BreakerState


class Engine:
    """Runs instants. Knows no broker, no clock and no mode: bars in, orders out.

    Args:
        stations: the slots, in order.
        door: the one order door.
        breakers: watch the account.
        instants: nanoseconds UTC of every instant of the run, maybe growing.
        session: trading day of every instant, as long.
        first: index of the first instant at which orders are allowed.
        is_watched: whether the broker may report something although no order works.
        is_patient: whether no breaker has anything to say while equity stands still above 0 and
            nothing is ordered.

    Attributes:
        first, is_watched: as given.
        joins: sides that are taken up at the next instant at which orders are allowed, once the
            strategies have decided there.
        trips: every breaker that tripped.
        changes: cash and units by symbol, with the index of the instant they have been so since.
    """

    def __init__(
        self,
        stations: Sequence[Station],
        door: Door,
        breakers: Sequence[Breaker],
        instants: Sequence[int],
        session: Sequence[int],
        first: int,
        is_watched: bool,
        is_patient: bool = False,
    ) -> None:
        self._stations = tuple(stations)
        self._door = door
        self._breakers = tuple(breakers)
        self._instants = instants
        self._session = session
        self.first = first
        self.is_watched = is_watched
        self._is_patient = is_patient
        self._day: int | None = None
        self._state = BreakerState(0, 0.0, 0.0, 0.0)
        self._halts: dict[str, Halt] = {}
        self._doubt = ""
        self._refused_seen = 0
        self.joins: tuple[Join, ...] = ()
        self.trips: list[Trip] = []
        self.changes: list[tuple[int, float, dict[str, float]]] = []

    def instant(self, k: int) -> None:
        """Everything that happens at instant `k`, whose fills the broker has ready."""
        door = self._door
        door.judge.now = self._instants[k]
        if k == self.first:
            self._start()
        if self._session[k] != self._day:
            self._new_session(k)
        for station in self._stations:
            station.see(k)
        blotter = door.blotter
        if self.is_watched or blotter.at_work:
            self._take_fills(k)
        if self._breakers and k >= self.first and self._trips_now():
            self._finish(k)
            return
        for station in self._stations:
            if station.awake and not station.slot.struck:
                self._wake(station, k)
        if self.joins and k >= self.first:
            self._join()
        if blotter.at_work or blotter.notices:
            self._finish(k)

    def is_alert(self) -> bool:
        """Whether the breakers have to see the next instant, whatever it brings."""
        if not self._breakers:
            return False
        state, blotter = self._state, self._door.blotter
        return (
            not self._is_patient
            or not state.equity > 0.0
            or state.orders != self._door.sent + len(blotter.refused)
            or any(
                position.quantity != 0.0
                for station in self._stations
                for position in station.slot.ledger.positions.values()
            )
        )

    def news(self, k: int) -> None:
        """Fold what the broker reports before instant `k`, and tell the strategies; nothing else.

        What they order thereupon leaves at once.
        """
        self._take_fills(k)
        if self._door.blotter.at_work or self._door.blotter.notices:
            self._finish(k)

    def doubt(self, reason: str) -> None:
        """Let nothing out that increases risk, for this reason, until it is empty again."""
        self._doubt = reason
        self._block()

    def strike(self, reason: str, flattens: bool, exclude: Collection[str]) -> None:
        """The kill switch: nothing is ordered from here on, every working order is cancelled, and
        on demand what is held is closed. The strategies are called no more.

        Args:
            reason: what later requests are refused with.
            flattens: whether positions are closed.
            exclude: symbols whose positions are kept.
        """
        for station in self._stations:
            station.slot.struck = reason
        for station in self._stations:
            for symbol in station.slot.world.symbols:
                station.desk.strike(symbol, flattens and symbol not in exclude)

    def lift(self) -> None:
        """The kill switch is taken back: orders may leave again, and the strategies go on."""
        for station in self._stations:
            station.slot.struck = ""

    def stop(self) -> None:
        """The data is over; nothing is flattened."""
        for station in self._stations:
            if not station.slot.struck:
                station.slot.hooks.on_stop()

    def _wake(self, station: Station, k: int) -> None:
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
        side = station.side
        if station.due[side][k]:
            now = slot.world.now
            for when, masks in zip(station.alarms.whens, station.alarms.masks, strict=True):
                if masks[side][now]:
                    when.fire()
        if slot.wants_bars:
            slot.hooks.on_bar()
        if station.book is not None:
            station.book.act(k)

    def _take_fills(self, k: int) -> None:
        """Fold what the bars closing now did to the resting orders, and tell the strategies."""
        news = self._door.settle()
        self._door.judge.mark()
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

    def _join(self) -> None:
        """Take up the sides that are to be taken up, where nothing was decided otherwise."""
        joins, self.joins = self.joins, ()
        for join in joins:
            for station in self._stations:
                if join.symbol in station.slot.world.symbols:
                    station.desk.join(join)

    def _new_session(self, k: int) -> None:
        self._day = self._session[k]
        self._door.judge.begin_session(self._day)
        for station in self._stations:
            station.slot.orders_today = 0
            station.slot.hedge_cost = 0.0
        for name, halt in tuple(self._halts.items()):
            if halt is Halt.SESSION:
                del self._halts[name]
        self._block()
        self._state.day_open_equity = self._state.equity

    def _notify(self) -> None:
        while self._door.blotter.notices:
            notices, self._door.blotter.notices = self._door.blotter.notices, []
            for slot, notice in notices:
                if slot.struck:
                    continue
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
        ledgers = [station.slot.ledger for station in self._stations]
        cash = self._door.blotter.spare.cash + total([ledger.cash for ledger in ledgers])
        held: dict[str, float] = {}
        for ledger in ledgers:
            for symbol, position in ledger.positions.items():
                units = position.quantity
                held[symbol] = held[symbol] + units if symbol in held else units
        self.changes.append((k, cash, held))

    def _trips_now(self) -> bool:
        """Mark the account and ask the breakers; whether one has just tripped."""
        state = self._state
        equity = self._door.blotter.spare.cash + total(
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
        reason = f"halted by {', '.join(self._halts)}" if self._halts else self._doubt
        for station in self._stations:
            station.slot.blocked = reason
