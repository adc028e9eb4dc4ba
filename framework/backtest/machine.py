"""Machine: one backtest assembled from strategy, bars and parts, and its loop."""

from __future__ import annotations

__all__ = ["Drive", "Machine", "Market"]

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import numpy as np

from framework.backtest.account import (
    foreign_rates,
    models_of,
    open_actions,
    roll_warnings,
)
from framework.backtest.cast import Cast, Player
from framework.backtest.record import INTERRUPTED, Held, OrderRecord, RunRecord
from framework.backtest.settings import BacktestSettings
from framework.backtest.shortage import shortage_warnings
from framework.backtest.warnings import run_warnings
from framework.brokers.simulated.blind_spots import blind_spots
from framework.brokers.simulated.broker import SimulatedBroker
from framework.brokers.simulated.tape import Tape
from framework.components.breakers import DailyLoss, DailyLossMoney, ErrorRate, MaxDrawdown
from framework.components.margin import RegT
from framework.domain.bars import Bars, FloatArray
from framework.domain.instruments import Instrument
from framework.engine.agenda import Agenda
from framework.engine.blotter import Blotter
from framework.engine.desk import StrategyDesk
from framework.engine.engine import Engine
from framework.engine.judge import Judge
from framework.engine.option_book import OptionBook
from framework.engine.orders import Door
from framework.engine.reconcile import reconcile
from framework.engine.slot import Slot
from framework.engine.station import Station
from framework.engine.venue import Venue
from framework.errors import ConfigError, ReconcileError, SlipwayError
from framework.options.contracts import option_terms
from framework.ports import Broker, Progress

_CHUNK = 1 << 10
_log = logging.getLogger("slipway.backtest")


_PATIENT = frozenset({DailyLoss, DailyLossMoney, MaxDrawdown, ErrorRate})
"""Breakers that have nothing to say while equity stands still and nothing is ordered."""


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
    """

    def __init__(
        self,
        cast: Cast,
        finer: Mapping[str, Bars],
        rehearsal: bool = False,
        market: Callable[[Market], Market] | None = None,
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
        self._market_of_options = simulated
        self._admitted: dict[str, Bars] = {}
        self._broker = simulated if market is None else market(simulated)
        self._door = Door(self._broker, _judge(settings))
        self._stations = [self._station(player) for player in cast.players]
        self._door.open_for([station.slot for station in self._stations], cast.spare_cash)
        self._engine = Engine(
            self._stations,
            self._door,
            settings.breakers,
            self._timeline.instants,
            self._timeline.session,
            self._first,
            self._broker.is_watched,
            all(type(breaker) in _PATIENT for breaker in settings.breakers),
        )
        self._agenda = self._planned(simulated) if market is None else None

    def _planned(self, broker: SimulatedBroker) -> Agenda | None:
        """What says where to go from an instant; None where all of them have something to do: the
        broker looks after the account, or a strategy wants every bar."""
        wanted = any(station.slot.wants_bars for station in self._stations)
        if wanted or broker.is_watched:
            return None
        return Agenda(
            self._stations,
            self._door.blotter,
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
        broker, blotter, instant = self._broker, self._door.blotter, self._engine.instant
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
        broker, blotter, engine = self._broker, self._door.blotter, self._engine
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
        self._door.settle()
        self._engine.note_change(self._done - 1)

    @property
    def blotter(self) -> Blotter:
        """Orders, fills, fees and refusals so far, for who needs no more of the run."""
        return self._door.blotter

    def record(self, error: str) -> RunRecord:
        """Everything the run left behind."""
        slots = [station.slot for station in self._stations]
        ledgers = [*(slot.ledger for slot in slots), self._door.blotter.spare]
        findings = reconcile(ledgers, self._broker.book())
        if findings and not error:
            raise ReconcileError(
                f"The ledger and the broker's book disagree: {'; '.join(findings)}.",
                "This is a defect of the simulator, not of your strategy; please report it.",
            )
        cash, quantities = self._curves(slots)
        equity = cash.copy()
        rates = foreign_rates(self._bars, self._cast.rates, self._timeline.instants)
        rows_by_symbol = dict(self._timeline.rows)
        for symbol, bars in self._admitted.items():
            rows_by_symbol[symbol] = self._timeline.rows_of(bars.close_time)
        for one in (*self._bars, *self._admitted.values()):
            rows = rows_by_symbol[one.symbol]
            held = quantities[one.symbol]
            value = held * one.instrument.multiplier * one.close[np.maximum(rows, 0)]
            option = one.instrument.option
            value *= rates.get(one.symbol if option is None else option.underlying, 1.0)
            equity += np.where(held != 0.0, value, 0.0)
        return RunRecord(
            bars=self._bars,
            listed=tuple(self._admitted.values()),
            marks=tuple(
                mark for station in self._stations if station.book for mark in station.book.marks
            ),
            timeline=self._timeline,
            start=self._first,
            stop=self._done,
            opening_cash=self._settings.cash,
            holdings=Held(cash, quantities),
            equity=equity,
            orders=self._order_records(),
            fills=tuple(self._door.blotter.fills),
            commissions=tuple(self._door.blotter.commissions),
            refused=tuple(self._door.blotter.refused),
            trips=tuple(self._engine.trips),
            positions=tuple(
                p for slot in slots for p in slot.ledger.positions.values() if not p.is_flat
            ),
            warnings=self._warnings(float(cash[: self._done].min(initial=0.0))),
            warmup=self._cast.warmup,
            error=error,
            flows=tuple(self._door.blotter.flows),
            splits=tuple(self._door.blotter.splits),
            actions=open_actions(self._bars, self._settings),
            currency=self._cast.rates.base,
            rates=rates,
        )

    def _station(self, player: Player) -> Station:
        slot = self._cast.slot(player)
        desk = StrategyDesk(slot, self._door, self._settings.sizer, self._admit)
        player.strategy.start(desk, muted=self._rehearsal)
        for timer in player.timers:
            desk.timer(*timer)
        settings, book = self._settings, None
        if slot.options:
            book = OptionBook(slot, self._door, settings.hedge, settings.slippage)
        return Station.of(slot, desk, self._timeline.instants, self._settings.signals, book)

    def _admit(self, slot: Slot, contract: Instrument) -> None:
        """Let an option be traded from here on."""
        terms = option_terms(contract)
        market = slot.options.get(terms.underlying)
        if market is None:
            raise ConfigError(
                f"{contract.symbol} cannot be traded: there are no options on {terms.underlying}.",
                "Give them a volatility: --volatility 0.2, or `options:` in the run file.",
            )
        row = len(slot.world.markets[terms.underlying]) - 1
        bars = market.listing(contract, row).bars
        symbol = contract.symbol
        if symbol not in self._admitted:
            self._admitted[symbol] = bars
            rows = self._timeline.rows_of(bars.close_time)
            self._market_of_options.admit(Tape(bars, rows), self._done - 1)
        slot.world.admit(bars)
        slot.ledger.admit(symbol, contract.multiplier)
        slot.listed.append(contract)

    def _tape(self, bars: Bars, finer: Bars | None) -> Tape:
        whole = self._timeline.is_whole(bars.symbol)
        return Tape(bars, None if whole else self._timeline.rows[bars.symbol], finer)

    def _curves(self, slots: Sequence[Slot]) -> tuple[FloatArray, dict[str, FloatArray]]:
        """Cash and quantities after every instant, from the instants at which they changed."""
        changes = self._engine.changes
        steps = np.array([change[0] for change in changes], dtype=np.int64)
        last = np.searchsorted(steps, np.arange(len(self._timeline.instants)), side="right")
        cash = np.array([self._settings.cash, *(change[1] for change in changes)])[last]
        symbols = [symbol for slot in slots for symbol in slot.ledger.positions]
        quantities = {
            symbol: np.array([0.0, *(change[2].get(symbol, 0.0) for change in changes)])[last]
            for symbol in symbols
        }
        return cash, quantities

    def _order_records(self) -> tuple[OrderRecord, ...]:
        return tuple(
            OrderRecord(
                ticket.order,
                ticket.status,
                ticket.reason,
                ticket.filled,
                ticket.value / ticket.filled if ticket.filled else 0.0,
                ticket.time,
                ticket.commission,
                ticket.slippage,
                ticket.first_stop,
            )
            for ticket in self._door.blotter.tickets.values()
        )

    def _warnings(self, least_cash: float) -> tuple[str, ...]:
        blotter = self._door.blotter
        found = list(roll_warnings(blotter.refused))
        sent = [ticket.order for ticket in blotter.tickets.values()]
        found += blind_spots(sent, self._bars)
        found += shortage_warnings(
            self._settings.liquidity,
            (*self._bars, *self._admitted.values()),
            self._order_records(),
            blotter.fills,
        )
        acted = bool(blotter.tickets or blotter.refused)
        found = [*run_warnings(self._cast, least_cash, acted, tuple(found))]
        for one in self._bars:
            ended = one.session[-1] < self._timeline.session[-1]
            if ended and any(
                not station.slot.ledger.positions[one.symbol].is_flat
                for station in self._stations
                if one.symbol in station.slot.ledger.positions
            ):
                found.append(
                    f"{one.symbol} is still held although its bars end before the others': it is "
                    "marked at its last close, and nothing could close it."
                )
        return tuple(found)


def _judge(settings: BacktestSettings) -> Judge:
    venue = Venue(
        settings.order_rules,
        settings.margin,
        isinstance(settings.margin, RegT),
        settings.financing,
    )
    return Judge(
        Blotter(),
        settings.commission,
        settings.rules,
        settings.exits,
        settings.margin,
        checks_cash=settings.policy.cash_check == "door",
        sizes_at_fill=settings.policy.sizing == "fill",
        exits_reduce=settings.policy.late_exits == "reduce",
        venue=venue,
    )
