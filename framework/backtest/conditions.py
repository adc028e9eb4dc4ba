"""Conditions in scalar form: `when(condition, verb)` as bits, verbs and prices by instant."""

from __future__ import annotations

__all__ = ["Decisions", "decisions_of"]

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf

import numpy as np

from framework.arguments import protection_of
from framework.backtest.cast import Cast, Player
from framework.backtest.layout import (
    BUY,
    GO_FLAT,
    GO_LONG,
    GO_SHORT,
    NONE,
    SELL,
    V_QUANTITY,
    V_STOP_LEVEL,
    V_TARGET_LEVEL,
    V_TRAIL_LEVEL,
    V_VERB,
    V_WANTED,
    WANTED_COLUMNS,
    CodeArray,
)
from framework.backtest.scalar_form import Unsuited, wanted_row
from framework.compiled import entry, fast
from framework.domain.bars import BoolArray, FloatArray, IntArray
from framework.domain.orders import Offset, Protection
from framework.errors import OrderError
from framework.indicators import average_true_range
from framework.series import Condition, Series, When, at_instants, whole
from framework.strategy import Strategy

_MOST_MASKS = 32
_COLUMNS = V_WANTED + WANTED_COLUMNS
_PRICES = ("stop_loss", "take_profit", "trail")
_LEVELS = {"stop_loss": V_STOP_LEVEL, "trail": V_TRAIL_LEVEL, "take_profit": V_TARGET_LEVEL}

_VERBS: Mapping[Callable[..., object], tuple[float, frozenset[str]]] = {
    Strategy.go_long: (GO_LONG, frozenset({*_PRICES, "symbol"})),
    Strategy.go_short: (GO_SHORT, frozenset({*_PRICES, "symbol"})),
    Strategy.close: (GO_FLAT, frozenset({"symbol"})),
    Strategy.buy: (BUY, frozenset({*_PRICES, "symbol", "quantity"})),
    Strategy.sell: (SELL, frozenset({*_PRICES, "symbol", "quantity"})),
}
"""The verbs with a scalar form, and the arguments they may be given."""


@dataclass(frozen=True, slots=True, eq=False)
class Decisions:
    """Everything the players of a run have declared. L lanes, W conditions, K instants.

    Attributes:
        codes: one bit for each mask that holds, shape (L, K).
        asked: the bits any condition looks at on each side, shape (L, 3).
        bits: the bit of each condition on each side, shape (L, W, 3).
        whens: verbs, columns as in `layout`, shape (L, W, 16).
        stops, trails, targets: prices and distances that change by instant, shape (L, N, K).
    """

    codes: CodeArray
    asked: IntArray
    bits: IntArray
    whens: FloatArray
    stops: FloatArray
    trails: FloatArray
    targets: FloatArray


def decisions_of(cast: Cast, players: Sequence[Player], attached: Protection) -> Decisions:
    """What some players have declared.

    Args:
        cast: the run.
        players: all of the same class, each with one instrument.
        attached: what the exits add to every entry.

    Raises:
        Unsuited: one of their conditions has no scalar form.
    """
    lanes = [_Lane(player, attached, len(cast.timeline.instants)) for player in players]
    counts = {len(lane.rows) for lane in lanes}
    if len(counts) > 1:
        raise Unsuited("the instances declare different numbers of conditions")
    bits = np.array([lane.bits for lane in lanes], dtype=np.int64).reshape(len(lanes), -1, 3)
    stops, trails, targets = (
        _levels([lane.levels[column] for lane in lanes], len(cast.timeline.instants))
        for column in (V_STOP_LEVEL, V_TRAIL_LEVEL, V_TARGET_LEVEL)
    )
    return Decisions(
        codes=_stacked([lane.codes for lane in lanes]),
        asked=np.bitwise_or.reduce(bits, axis=1),
        bits=bits,
        whens=np.array([lane.rows for lane in lanes]).reshape(*bits.shape[:2], _COLUMNS),
        stops=stops,
        trails=trails,
        targets=targets,
    )


class _Lane:
    """The declarations of one player."""

    def __init__(self, player: Player, attached: Protection, length: int) -> None:
        self.codes = np.zeros(length, dtype=np.uint32)
        self.bits: list[tuple[int, int, int]] = []
        self.rows: list[FloatArray] = []
        self.levels: dict[int, list[FloatArray]] = {column: [] for column in _LEVELS.values()}
        self._player = player
        self._attached = attached
        self._guards = attached != Protection()
        self._masks: dict[int, int] = {}
        for when in player.strategy.whens:
            self.bits.append(self._bits_of(when.condition))
            self.rows.append(self._row(when))

    def _bits_of(self, condition: Condition) -> tuple[int, int, int]:
        masks = (condition.when_flat, condition.when_long, condition.when_short)
        flat, long, short = (self._bit(mask) for mask in masks)
        return flat, long, short

    def _bit(self, mask: BoolArray) -> int:
        """The bit of a mask, set where it holds; 0 for one that never does."""
        if mask.ndim == 0 and not mask:
            return 0
        if id(mask) not in self._masks:
            number = len(self._masks)
            if number == _MOST_MASKS:
                raise Unsuited(f"its conditions need more than {_MOST_MASKS} masks")
            self._masks[id(mask)] = 1 << number
            if mask.ndim == 0:
                self.codes |= np.uint32(1 << number)
            else:
                _set(self.codes, mask, number)
        return self._masks[id(mask)]

    def _row(self, when: When) -> FloatArray:
        verb, allowed = self._verb(when)
        strangers = set(when.arguments) - allowed
        if strangers:
            raise Unsuited(f"{_name(when)} is given {', '.join(sorted(strangers))}")
        if when.arguments.get("symbol") not in (None, self._player.bars[0].symbol):
            raise Unsuited(f"{_name(when)} trades another symbol")
        row = np.full(_COLUMNS, NONE)
        row[V_VERB], row[V_QUANTITY] = verb, self._quantity(when, verb)
        if not self._guards and not any(name in when.arguments for name in _PRICES):
            row[V_WANTED:] = 0.0
            return row
        given = {name: when.arguments.get(name) for name in _PRICES}
        series = {name: value for name, value in given.items() if isinstance(value, Series)}
        fixed = {name: None if name in series else value for name, value in given.items()}
        if "trail" in series:
            raise Unsuited(f"{_name(when)} is given a series as its trailing distance")
        try:
            asked = protection_of(**fixed)  # type: ignore[arg-type]  # checked there
        except OrderError as error:
            raise Unsuited(f"{_name(when)}: {error.problem}") from error
        if "stop_loss" in series:
            asked = replace(asked, stop_loss=1.0)
        if "take_profit" in series:
            asked = replace(asked, take_profit=1.0)
        wanted = asked.or_else(self._attached)
        row[V_WANTED:] = wanted_row(wanted, given=not asked.is_empty)
        for name, column in _LEVELS.items():
            row[column] = self._level(column, getattr(wanted, name), series.get(name))
        return row

    def _verb(self, when: When) -> tuple[float, frozenset[str]]:
        function = getattr(when.verb, "__func__", None)
        mine = getattr(when.verb, "__self__", None) is self._player.strategy
        if not mine or function is None or function not in _VERBS:
            raise Unsuited(f"{_name(when)} is no plain verb")
        return _VERBS[function]

    def _quantity(self, when: When, verb: float) -> float:
        if verb not in (BUY, SELL):
            return 0.0
        quantity = when.arguments.get("quantity", 0.0)
        is_number = isinstance(quantity, int | float) and not isinstance(quantity, bool)
        if not isinstance(quantity, int | float) or not is_number or not 0.0 < quantity < inf:
            raise Unsuited(f"{_name(when)} is given the quantity {quantity!r}")
        return float(quantity)

    def _level(self, column: int, wanted: float | Offset | None, series: Series | None) -> float:
        """Index of the level a protective price is read from; NONE for a constant."""
        if series is not None:
            values = at_instants(series)
        elif isinstance(wanted, Offset) and wanted.atr is not None:
            data = self._player.world.data
            columns = (whole(data.high), whole(data.low), whole(data.close))
            values = wanted.atr * average_true_range(*columns, wanted.atr_period)
        else:
            return NONE
        self.levels[column].append(values)
        return float(len(self.levels[column]) - 1)


def _set(codes: CodeArray, mask: BoolArray, number: int) -> None:
    """Set bit `number` wherever a mask holds."""
    run = fast(_mark)
    if run is None:
        codes |= np.left_shift(mask, np.uint32(number), dtype=np.uint32)
    else:
        run(codes, np.ascontiguousarray(mask), number)


@entry("void(u4[::1], Array(b1, 1, 'C', readonly=True), i8)")
def _mark(codes: CodeArray, mask: BoolArray, number: int) -> None:
    bit = 1 << number
    for k in range(len(codes)):
        if mask[k]:
            codes[k] |= bit


def _name(when: When) -> str:
    return f"when({when.condition.name}, {getattr(when.verb, '__name__', when.verb)})"


def _stacked(rows: Sequence[CodeArray]) -> CodeArray:
    return rows[0].reshape(1, -1) if len(rows) == 1 else np.stack(rows)


def _levels(lanes: Sequence[Sequence[FloatArray]], length: int) -> FloatArray:
    """The levels of one kind of all lanes as one array, without a copy where there is one alone."""
    if len(lanes) == 1 and len(lanes[0]) == 1:
        return np.ascontiguousarray(lanes[0][0]).reshape(1, 1, length)
    most = max(len(levels) for levels in lanes)
    table = np.zeros((len(lanes), most, length))
    for number, levels in enumerate(lanes):
        for place, values in enumerate(levels):
            table[number, place] = values
    return table
