"""RunTables: what a compiled run left behind, and the orders, fills and refusals it stands for."""

from __future__ import annotations

__all__ = ["RunTables", "rule_of"]

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from framework.backtest.layout import (
    ASKED,
    AT,
    AWAY,
    BELOW_TICK,
    BREAKER,
    BY_AMOUNT,
    BY_REQUEST,
    CANCELLED,
    CLOSE,
    DISTANCE,
    FEE,
    FILLED,
    FILLED_WHOLE,
    FIRST,
    HALTED,
    KIND,
    LANE,
    LAST,
    MARKET,
    NO_LOT,
    NO_SIZE,
    NOT_AFFORDED,
    NOTHING,
    NOTHING_TO_CLOSE,
    NUMBER,
    OPENED_NOTHING,
    OPENING,
    ORIGIN,
    PAID,
    PARENT,
    PRICE,
    QUANTITY,
    R_A,
    R_AT,
    R_B,
    R_LANE,
    R_ORIGIN,
    R_QUANTITY,
    R_SIDE,
    R_WHY,
    REASON,
    REFERENCE,
    REPORTED,
    RULES_LEAVE_NONE,
    SIDE,
    STATUS,
    STOP_AT_ZERO,
    STOP_LOSS,
    STOP_NOT_BEHIND,
    T_BASE,
    T_BREAKER,
    T_EQUITY,
    TAKE_PROFIT,
    TARGET_AT_ZERO,
    TIME_STOP,
    TOUCH,
    TRAIL_AT_ZERO,
    TRAILING,
    UNKNOWN_RANGE,
    WAITING,
    WORKING,
)
from framework.backtest.record import OrderRecord
from framework.backtest.rows import Rows
from framework.domain.bars import Bars, FloatArray, IntArray
from framework.domain.events import Commission, Fill, Refused, Trip
from framework.domain.orders import Offset, Order, OrderStatus, OrderType, Origin, Side, TimeInForce
from framework.ports import Breaker, BreakerState

_DECIDED = [LANE, NUMBER, SIDE, KIND, ORIGIN, PARENT, AT]
_KEPT_IN = [R_LANE, R_AT, R_SIDE, R_WHY]

_STATUS = {
    WAITING: OrderStatus.HELD,
    WORKING: OrderStatus.WORKING,
    FILLED_WHOLE: OrderStatus.FILLED,
    CANCELLED: OrderStatus.CANCELLED,
}
_TYPES = {
    MARKET: OrderType.MARKET,
    STOP_LOSS: OrderType.STOP,
    TRAILING: OrderType.TRAIL,
    TAKE_PROFIT: OrderType.LIMIT,
}
_CHILDREN = {
    STOP_LOSS: Origin.STOP_LOSS,
    TRAILING: Origin.TRAIL,
    TAKE_PROFIT: Origin.TAKE_PROFIT,
}
_ORIGINS = {
    ASKED: Origin.STRATEGY,
    CLOSE: Origin.CLOSE,
    TIME_STOP: Origin.TIME_STOP,
    BREAKER: Origin.BREAKER,
}


@dataclass(frozen=True, slots=True, eq=False)
class RunTables:
    """The tables of a run, columns as in `layout`, lanes in subscription order.

    Attributes:
        names: prefix of the order ids, by lane.
        bars: by lane.
        instants: nanoseconds UTC, shape (K,).
        orders: in order of leaving, shape (N, 24).
        filled: rows of the orders that traded, in order of trading.
        traded: those rows themselves, shape (C, 24).
        refusals: shape (R, 8).
        trips: shape (T, 8).
        breakers: of the account.
    """

    names: Sequence[str]
    bars: Sequence[Bars]
    instants: IntArray
    orders: FloatArray
    filled: IntArray
    traded: FloatArray
    refusals: FloatArray
    trips: FloatArray
    breakers: Sequence[Breaker]

    def order_records(self) -> Sequence[OrderRecord]:
        """How every order ended."""
        return Rows(len(self.orders), self._record)

    def fills(self) -> Sequence[Fill]:
        """Every execution."""
        return Rows(len(self.filled), self._fill)

    def commissions(self) -> Sequence[Commission]:
        """Every fee."""
        return Rows(len(self.filled), self._commission)

    def refused(self) -> Sequence[Refused]:
        """Every order the door kept in."""
        return Rows(len(self.refusals), self._refused)

    def tripped(self) -> tuple[Trip, ...]:
        """Every breaker that tripped."""
        return tuple(self._trip(row) for row in self.trips)

    def decided(self, before: int) -> IntArray:
        """Nanoseconds UTC of the instants of index below `before` at which an order was made or
        kept in, in order."""
        sent = int(np.searchsorted(self.orders[:, AT], before))
        kept_in = int(np.searchsorted(self.refusals[:, R_AT], before))
        entries = self.orders[:sent]
        entries = entries[entries[:, PARENT] < 0.0, AT]
        decided = np.concatenate([entries, self.refusals[:kept_in, R_AT]]).astype(np.int64)
        return self.instants[np.unique(decided)]

    def until(self, time: int) -> tuple[int, int]:
        """How many orders had been made by then, and how many had been kept in."""
        instant = int(np.searchsorted(self.instants, time, side="right")) - 1
        sent = np.searchsorted(self.orders[:, AT], instant, side="right")
        return int(sent), int(np.searchsorted(self.refusals[:, R_AT], instant, side="right"))

    def same_until(self, other: RunTables, time: int) -> bool:
        """Whether another run over the same first bars had made and kept in the same by then."""
        if self.until(time) != other.until(time):
            return False
        sent, kept_in = self.until(time)
        made = self.orders[:sent, _DECIDED], other.orders[:sent, _DECIDED]
        kept = self.refusals[:kept_in, _KEPT_IN], other.refusals[:kept_in, _KEPT_IN]
        return np.array_equal(*made) and np.array_equal(*kept)

    def order(self, row: int) -> Order:
        """One order, as last reported."""
        one = self.orders[row].tolist()
        bars = self.bars[int(one[LANE])]
        kind, parent = one[KIND], int(one[PARENT])
        price = None if one[REPORTED] < 0.0 else one[REPORTED]
        away = None
        if one[AWAY] != NOTHING:
            amount = one[AWAY] == BY_AMOUNT
            away = Offset(amount=one[DISTANCE]) if amount else Offset(percent=one[DISTANCE])
        at = int(one[AT])
        entry = self._id(parent) if parent >= 0 else None
        return Order(
            id=self._id(row),
            symbol=bars.symbol,
            side=Side(int(one[SIDE])),
            quantity=one[QUANTITY],
            type=_TYPES[kind],
            time=int(self.instants[at]),
            decision_price=float(bars.close[at]),
            limit=price if kind == TAKE_PROFIT else None,
            stop=price if kind in (STOP_LOSS, TRAILING) else None,
            trail=away if kind == TRAILING else None,
            offset=away if kind != TRAILING and one[PRICE] < 0.0 else None,
            tif=TimeInForce.GTC if parent >= 0 else TimeInForce.DAY,
            parent=entry,
            oca=None if entry is None else f"{entry}.exits",
            origin=_CHILDREN[kind] if parent >= 0 else _ORIGINS[one[ORIGIN]],
            opens=None if parent >= 0 else one[OPENING],
        )

    def _id(self, row: int) -> str:
        return f"{self.names[int(self.orders[row, LANE])]}-{int(self.orders[row, NUMBER])}"

    def _record(self, row: int) -> OrderRecord:
        one = self.orders[row].tolist()
        filled = one[FILLED]
        multiplier = self.bars[int(one[LANE])].instrument.multiplier
        lost = (one[PAID] - one[REFERENCE]) * (one[SIDE] * filled) * multiplier
        return OrderRecord(
            self.order(row),
            _STATUS[one[STATUS]],
            self._reason(one[REASON]),
            filled,
            filled * one[PAID] / filled if filled else 0.0,
            int(self.instants[int(one[LAST])]),
            one[FEE],
            0.0 + lost,
            one[FIRST] if one[FIRST] >= 0.0 else None,
        )

    def _reason(self, code: float) -> str:
        if code >= 0.0:
            return f"{self._id(int(code))} filled"
        if code == BY_REQUEST:
            return "cancelled"
        return "its entry opened nothing" if code == OPENED_NOTHING else ""

    def _fill(self, number: int) -> Fill:
        row = int(self.filled[number])
        one = self.orders[row].tolist()
        return Fill(
            f"{self._id(row)}/1",
            self.order(row),
            int(self.instants[int(one[LAST])]),
            one[SIDE] * one[FILLED],
            one[PAID],
            one[REFERENCE],
            one[TOUCH] != 0.0,
        )

    def _commission(self, number: int) -> Commission:
        row = int(self.filled[number])
        one = self.orders[row].tolist()
        symbol = self.bars[int(one[LANE])].symbol
        return Commission(
            f"{self._id(row)}/1", symbol, one[FEE], int(self.instants[int(one[LAST])])
        )

    def _refused(self, row: int) -> Refused:
        one = self.refusals[row].tolist()
        bars, at = self.bars[int(one[R_LANE])], int(one[R_AT])
        rule, reason = _why(one)
        return Refused(
            int(self.instants[at]),
            bars.symbol,
            Side(int(one[R_SIDE])),
            one[R_QUANTITY],
            float(bars.close[at]),
            rule,
            reason,
            _ORIGINS[one[R_ORIGIN]],
        )

    def _trip(self, row: FloatArray) -> Trip:
        """What the breaker itself says of the figures it saw."""
        one = row.tolist()
        breaker = self.breakers[int(one[T_BREAKER])]
        state = BreakerState(
            time=int(self.instants[int(one[R_AT])]),
            equity=one[T_EQUITY],
            day_open_equity=one[T_BASE],
            peak_equity=one[T_BASE],
        )
        trip = breaker.check(state)
        assert trip is not None
        return trip


_ZERO = {STOP_AT_ZERO: "stop loss", TRAIL_AT_ZERO: "trailing stop", TARGET_AT_ZERO: "take profit"}
_RULES = {
    NO_SIZE: "sizer",
    NO_LOT: "lot",
    RULES_LEAVE_NONE: "lot",
    HALTED: "halted",
    NOT_AFFORDED: "buying_power",
    NOTHING_TO_CLOSE: "nothing_to_close",
}
_NAMES = {1: "daily_loss", 2: "daily_loss_money", 3: "max_drawdown"}


def rule_of(why: float) -> str:
    """The rule behind a refusal's code."""
    return _RULES.get(why, "protection")


def _why(row: Sequence[float]) -> tuple[str, str]:
    """Rule and reason of a refusal, in the words of the engine."""
    why, first, second, buys = row[R_WHY], row[R_A], row[R_B], row[R_SIDE] > 0.0
    return rule_of(why), _reason(why, first, second, buys)


def _reason(why: float, first: float, second: float, buys: bool) -> str:
    free = max(0.0, second)
    told = {
        NO_SIZE: f"the size {first:g} rounds down to 0 lots of {second:g}",
        NO_LOT: f"{first:g} rounds down to 0 lots of {second:g}",
        RULES_LEAVE_NONE: "the rules leave less than one lot",
        NOT_AFFORDED: f"needs {first:,.2f} with fees, {free:,.2f} is free",
        NOTHING_TO_CLOSE: "no position is left to close",
    }
    if why == HALTED:
        return f"halted by {', '.join(_NAMES[kind] for kind in _digits(int(first)))}"
    return told.get(why) or _unsound(why, first, second, buys)


def _unsound(why: float, first: float, second: float, buys: bool) -> str:
    if why == UNKNOWN_RANGE:
        return f"the average true range over {int(first)} bars is not known yet"
    if why in _ZERO:
        return f"the {_ZERO[why]} would be at {first:g}"
    if why == BELOW_TICK:
        return f"the price {first:g} is below one tick of {second:g}"
    if why == STOP_NOT_BEHIND:
        where = "below" if buys else "above"
        return f"the stop loss {first:g} is not {where} the entry at {second:g}"
    where = "above" if buys else "below"
    return f"the take profit {first:g} is not {where} the entry at {second:g}"


def _digits(number: int) -> list[int]:
    """The digits of a number to base 4, the highest first."""
    found: list[int] = []
    while number:
        found.insert(0, number % 4)
        number //= 4
    return found
