"""CompiledRun: the tables of one run, filled by the kernel, and the record they make."""

from __future__ import annotations

__all__ = ["CompiledRun", "Group", "check_player", "fresh_books", "with_room"]

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from framework.backtest.cast import Cast, Player
from framework.backtest.collector import paused
from framework.backtest.compiled_record import record_of
from framework.backtest.conditions import decisions_of
from framework.backtest.kernel import play
from framework.backtest.kernel_orders import GIVEN_UP
from framework.backtest.layout import (
    BREAKERS,
    CASH,
    DUE,
    ENTRY,
    GAVE_UP,
    LANE_COLUMNS,
    LEAVE,
    NONE,
    NOTE_COLUMNS,
    NOTES,
    ORDER_COLUMNS,
    ORDERS,
    REMEMBERED,
    STOP,
    TARGET,
    TRAIL,
    Books,
)
from framework.backtest.record import INTERRUPTED, RunRecord
from framework.backtest.scalar_form import Costs, Unsuited, account_form
from framework.compiled import compiled
from framework.domain.bars import FloatArray
from framework.ports import Progress
from framework.strategy import Strategy

_ROWS = 1 << 9
_BARS_PER_ORDER = 16
"""Room is made for so many orders at first; pages never written to cost nothing."""
_CHUNK = 1 << 20


class Group:
    """Lanes that share tables: all of a run where breakers watch the account as a whole, else one.

    Args:
        cast: the run.
        costs: its components as tables.
        players: the lanes.
        first: number of the first of them in the run.

    Raises:
        Unsuited: what they declared has no scalar form.
    """

    def __init__(self, cast: Cast, costs: Costs, players: Sequence[Player], first: int) -> None:
        lanes = range(first, first + len(players))
        self.books = fresh_books(cast, costs, players, lanes)
        self._decisions = decisions_of(cast, players, costs.attached)
        self._done = 0

    def play(self, until: int) -> None:
        """Go on to the instant of index `until`.

        Raises:
            Unsuited: something was asked for that the tables cannot hold.
        """
        run, declared = compiled(play), self._decisions
        while self._done < until:
            before = self._done
            self._done = run(
                *self.books,
                declared.codes,
                declared.asked,
                declared.bits,
                declared.whens,
                declared.stops,
                declared.trails,
                declared.targets,
                self._done,
                until,
            )
            if self.books.account[GAVE_UP] != 0.0:
                raise Unsuited(GIVEN_UP[int(self.books.account[GAVE_UP])])
            if self._done == before:
                self.books = with_room(self.books, declared.whens.shape[1])


@dataclass(slots=True)
class CompiledRun:
    """A run of declared conditions in scalar form.

    Attributes:
        cast: the run.
        costs: its components as tables.
        groups: its lanes.
    """

    cast: Cast
    costs: Costs
    groups: Sequence[Group]

    @classmethod
    def of(cls, cast: Cast, costs: Costs | None = None) -> CompiledRun:
        """The scalar form of a run.

        Args:
            cast: the run.
            costs: its components as tables, where another run with the same ones has them.

        Raises:
            Unsuited: it has none.
        """
        for player in cast.players:
            check_player(player)
            if player.wants_bars:
                raise Unsuited("the strategy has an on_bar")
        costs = costs or account_form(cast)
        if costs.account[BREAKERS] > 0.0:
            return cls(cast, costs, [Group(cast, costs, cast.players, 0)])
        groups = [Group(cast, costs, [one], lane) for lane, one in enumerate(cast.players)]
        return cls(cast, costs, groups)

    def record(self, progress: Progress | None) -> RunRecord:
        """Run it; an interrupted run ends with the chunk of instants it is in.

        Raises:
            Unsuited: it asked for something the tables cannot hold.
        """
        with paused():
            return self._recorded(progress)

    def _recorded(self, progress: Progress | None) -> RunRecord:
        total, done, error = len(self.cast.timeline.instants), 0, ""
        while done < total and not error:
            done = min(done + _CHUNK, total)
            try:
                self._play(done)
            except KeyboardInterrupt:
                self._play(done)
                error = INTERRUPTED
            if progress is not None:
                progress(done, total)
        books = [group.books for group in self.groups]
        return record_of(self.cast, self.costs, books, done, error)

    def _play(self, until: int) -> None:
        for group in self.groups:
            group.play(until)


def check_player(player: Player) -> None:
    """Whether an instance can be run without objects.

    Raises:
        Unsuited: it cannot.
    """
    if len(player.bars) > 1:
        raise Unsuited("one instance trades several symbols (universe)")
    if player.timers:
        raise Unsuited("the strategy sets timers")
    for name in ("on_fill", "on_order", "on_timer", "on_signal", "on_stop"):
        if getattr(type(player.strategy), name) is not getattr(Strategy, name):
            raise Unsuited(f"the strategy has an {name}")


def fresh_books(cast: Cast, costs: Costs, group: Sequence[Player], lanes: range) -> Books:
    """The tables of a run that has not begun."""
    bars = [player.bars[0] for player in group]
    state = np.zeros((len(group), LANE_COLUMNS))
    state[:, CASH] = [player.cash for player in group]
    state[:, [ENTRY, LEAVE, STOP, TRAIL, TARGET, DUE, REMEMBERED]] = NONE
    rows = max(_ROWS, len(group) * len(bars[0]) // _BARS_PER_ORDER)
    return Books(
        opens=_table([one.open for one in bars]),
        highs=_table([one.high for one in bars]),
        lows=_table([one.low for one in bars]),
        closes=_table([one.close for one in bars]),
        days=np.ascontiguousarray(cast.timeline.session),
        terms=costs.terms[lanes.start : lanes.stop],
        lanes=state,
        account=costs.account.copy(),
        orders=np.empty((rows, ORDER_COLUMNS)),
        notes=np.empty((_ROWS // 4, NOTE_COLUMNS)),
    )


def with_room(books: Books, conditions: int) -> Books:
    """The same tables with room for more rows, where there is too little."""
    least = 8 * len(books.lanes) * (conditions + 2)
    return books._replace(
        orders=_grown(books.orders, int(books.account[ORDERS]), least),
        notes=_grown(books.notes, int(books.account[NOTES]), least),
    )


def _grown(table: FloatArray, used: int, least: int) -> FloatArray:
    if used + least <= len(table):
        return table
    larger = np.empty((2 * len(table) + least, table.shape[1]))
    larger[:used] = table[:used]
    return larger


def _table(columns: Sequence[FloatArray]) -> FloatArray:
    """Columns of lanes as one array, without a copy where there is one alone."""
    if len(columns) == 1:
        return np.ascontiguousarray(columns[0]).reshape(1, -1)
    return np.stack(columns)
