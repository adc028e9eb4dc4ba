"""Machine: one backtest assembled from strategy, bars and parts, and its loop."""

from __future__ import annotations

__all__ = ["Drive", "Machine", "Market"]

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from framework.backtest.account import models_of
from framework.backtest.assembly import enlisted, is_patient, judge_of, seated
from framework.backtest.cast import Cast, Player
from framework.backtest.record import INTERRUPTED, RunRecord
from framework.backtest.recorded import Played, recorded
from framework.brokers.simulated.broker import SimulatedBroker
from framework.brokers.simulated.tape import Tape
from framework.domain.bars import Bars
from framework.domain.instruments import Instrument
from framework.domain.joins import Join
from framework.engine.agenda import Agenda
from framework.engine.blotter import Blotter
from framework.engine.engine import Engine
from framework.engine.orders import Door
from framework.engine.reconcile import reconcile
from framework.engine.slot import Slot
from framework.engine.station import Station
from framework.errors import ReconcileError, SlipwayError
from framework.ports import Broker, Progress

_CHUNK = 1 << 10
_log = logging.getLogger("slipway.backtest")


class Market(Broker, Protocol):
    """A broker whose market moves when it is told to."""

    @property
    def is_watched(self) -> bool:
        """Whether it may have news although no order works."""
        ...

    def advance(self, instant: int) -> None:
        """Let the bars that close at this instant meet the resting orders."""
        ...


Drive = Callable[[int, Callable[[int], None]], None]
"""What takes a run through its instants: (how many, what happens at each)."""


class Machine:
    """One backtest by the event engine: `play` it, then take its `record`.

    Args:
        cast: the strategy instances.
        finer: by symbol, bars of a shorter frame for the fill policy's intrabar="finer".
        rehearsal: a run that only checks: the strategy's log is silent, `on_stop` is not called.
        market: puts another market in place of the simulated one it is given.
        joins: sides taken up at the first instant.

    Attributes:
        door: the one order door.
        simulated: the simulated market, whoever is in its place.
    """

    def __init__(
        self,
        cast: Cast,
        finer: Mapping[str, Bars],
        rehearsal: bool = False,
        market: Callable[[Market], Market] | None = None,
        joins: Sequence[Join] = (),
    ) -> None:
        settings = cast.settings
        self._rehearsal = rehearsal
        self._cast = cast
        self._bars = cast.bars
        self._settings = settings
        self._timeline = cast.timeline
        self._first = cast.first
        self._done = 0
        simulated = SimulatedBroker(
            [self._tape(one, finer.get(one.symbol)) for one in cast.bars],
            self._timeline.instants.data,
            settings.cash,
            settings.policy,
            models_of(cast.bars, settings),
        )
        self.simulated = simulated
        self._admitted: dict[str, Bars] = {}
        self._broker = simulated if market is None else market(simulated)
        self.door = Door(self._broker, judge_of(settings))
        self._stations = [self._station(player) for player in cast.players]
        self.door.open_for([station.slot for station in self._stations], cast.spare_cash)
        self._engine = Engine(
            self._stations,
            self.door,
            settings.breakers,
            self._timeline.instants.data,
            self._timeline.session.data,
            self._first,
            self._broker.is_watched,
            is_patient(settings.breakers),
        )
        self._engine.joins = tuple(joins)
        self._agenda = self._planned(simulated) if market is None else None

    def _planned(self, broker: SimulatedBroker) -> Agenda | None:
        """What says where to go from an instant; None where all of them have something to do: the
        broker looks after the account, or a strategy wants every bar."""
        wanted = any(station.slot.wants_bars for station in self._stations)
        if wanted or broker.is_watched:
            return None
        return Agenda(
            self._stations,
            self.door.blotter,
            broker.quiet_until,
            self._engine.is_alert,
            self._first,
            len(self._timeline.instants),
        )

    def play(self, progress: Progress | None, drive: Drive | None = None) -> str:
        """Run to the end of the data; what cut it short, empty if nothing did.

        Args:
            progress: told now and then how far the run has come.
            drive: takes it through its instants; one after the other without one.
        """
        try:
            self._loop(progress, drive)
        except KeyboardInterrupt:
            self._take_stock()
            return INTERRUPTED
        except SlipwayError as error:
            self._take_stock()
            _log.debug("The strategy was refused.", exc_info=error)
            return self._cast.blamed(error, str(error))
        except Exception as error:  # the strategy is the user's code: anything may come out of it
            self._take_stock()
            _log.debug("The strategy raised.", exc_info=error)
            return self._cast.blamed(error, f"{type(error).__name__}: {error}")
        return ""

    def _loop(self, progress: Progress | None, drive: Drive | None) -> None:
        total = len(self._timeline.instants)
        if drive is not None:
            drive(total, lambda k: self._told(k, total, progress))
        elif self._agenda is None:
            self._step(total, progress)
        else:
            self._leap(self._agenda, total, progress)
        if not self._rehearsal:
            self._engine.stop()

    def _instant(self, k: int) -> None:
        self._done = k + 1
        self._broker.advance(k)
        self._engine.instant(k)

    def _told(self, k: int, total: int, progress: Progress | None) -> None:
        """One instant of a run that is driven from outside."""
        self._instant(k)
        if progress is not None and ((k + 1) % _CHUNK == 0 or k + 1 == total):
            progress(k + 1, total)

    def _step(self, total: int, progress: Progress | None) -> None:
        """Through all instants, one after the other."""
        broker, blotter, instant = self._broker, self.door.blotter, self._engine.instant
        watched = broker.is_watched
        for start in range(0, total, _CHUNK):
            for k in range(start, min(start + _CHUNK, total)):
                self._done = k + 1
                if watched or blotter.at_work:
                    broker.advance(k)
                instant(k)
            if progress is not None:
                progress(self._done, total)

    def _leap(self, agenda: Agenda, total: int, progress: Progress | None) -> None:
        """From each instant at which something can happen to the next."""
        broker, blotter, engine = self._broker, self.door.blotter, self._engine
        k = 0
        while k < total:
            for _ in range(_CHUNK):
                self._done = k + 1
                if blotter.at_work:
                    broker.advance(k)
                engine.instant(k)
                k = agenda.after(k)
                if k >= total:
                    break
            if progress is not None:
                progress(self._done, total)

    def _take_stock(self) -> None:
        """Fold what the broker did at the instant the run was cut short."""
        self.door.settle()
        self._engine.note_change(self._done - 1)

    @property
    def blotter(self) -> Blotter:
        """Orders, fills, fees and refusals so far, for who needs no more of the run."""
        return self.door.blotter

    def record(self, error: str) -> RunRecord:
        """Everything the run left behind."""
        slots = [station.slot for station in self._stations]
        ledgers = [*(slot.ledger for slot in slots), self.door.blotter.spare]
        findings = reconcile(ledgers, self._broker.book())
        if findings and not error:
            raise ReconcileError(
                f"The ledger and the broker's book disagree: {'; '.join(findings)}.",
                "This is a defect of the simulator, not of your strategy; please report it.",
            )
        played = Played(
            self._cast,
            self._bars,
            tuple(self._admitted.values()),
            self._timeline,
            self._first,
            self._done,
            self._stations,
            self.door.blotter,
            self._engine,
        )
        return recorded(played, error)

    def _station(self, player: Player) -> Station:
        slot = self._cast.slot(player)
        settings = self._settings
        desk, book = seated(player, slot, self.door, settings, self._admit, muted=self._rehearsal)
        return Station.of(slot, desk, self._timeline.instants, settings.signals, book)

    def _admit(self, slot: Slot, contract: Instrument) -> None:
        """Let an option be traded from here on."""
        bars = enlisted(slot, contract)
        if contract.symbol not in self._admitted:
            self._admitted[contract.symbol] = bars
            rows = self._timeline.rows_of(bars.close_time)
            self.simulated.admit(Tape(bars, rows), self._done - 1)

    def _tape(self, bars: Bars, finer: Bars | None) -> Tape:
        whole = self._timeline.is_whole(bars.symbol)
        return Tape(bars, None if whole else self._timeline.rows[bars.symbol], finer)
