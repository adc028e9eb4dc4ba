"""The tables a compiled run works on: what each column means, and the codes in it.

Every table is an array of float64, one row for each lane (one strategy instance with one
instrument), order, refusal or trip. Instants, rows and codes are whole numbers in it.
"""

from __future__ import annotations

__all__ = [
    "ACCOUNT_COLUMNS",
    "ASKED",
    "AT",
    "AT_PRICE",
    "AVERAGE",
    "AWAY",
    "BANDS",
    "BAND_COLUMNS",
    "BARS",
    "BELOW_TICK",
    "BREAKER",
    "BREAKERS",
    "BUSY_NOW",
    "BUY",
    "BY_AMOUNT",
    "BY_ORDER",
    "BY_PERCENT",
    "BY_REQUEST",
    "BY_SHARE",
    "BY_UNIT",
    "BY_VALUE",
    "CANCELLED",
    "CASH",
    "CLOSE",
    "DAILY_LOSS",
    "DAILY_MONEY",
    "DAY",
    "DAY_OPEN",
    "DISTANCE",
    "DRAWDOWN",
    "DUE",
    "ENTRY",
    "EQUITY",
    "FEE",
    "FEES",
    "FEE_COLUMNS",
    "FILL",
    "FILLED",
    "FILLED_WHOLE",
    "FILLS",
    "FIRST",
    "FIRST_BAND",
    "FREE",
    "F_CAP",
    "F_FIXED",
    "F_FROM",
    "F_KIND",
    "F_LEAST",
    "F_RATE",
    "GAP_SLIP",
    "GAVE_UP",
    "GO_FLAT",
    "GO_LONG",
    "GO_SHORT",
    "HALTED",
    "HALTS",
    "HELD",
    "IN_RANGE",
    "KIND",
    "LANE",
    "LANE_COLUMNS",
    "LAST",
    "LEAST_TICK",
    "LEAVE",
    "LOT",
    "MADE",
    "MARKET",
    "MONEY",
    "MOST_PARTS",
    "MULTIPLIER",
    "NONE",
    "NOTES",
    "NOTE_COLUMNS",
    "NOTHING",
    "NOTHING_TO_CLOSE",
    "NOT_AFFORDED",
    "NO_LOT",
    "NO_REASON",
    "NO_SIZE",
    "NO_SLIP",
    "NUMBER",
    "OPENED_NOTHING",
    "OPENING",
    "ORDERS",
    "ORDER_COLUMNS",
    "ORIGIN",
    "PAID",
    "PARENT",
    "PEAK",
    "PERCENT",
    "PRICE",
    "QUANTITY",
    "REASON",
    "REFERENCE",
    "REMEMBERED",
    "REPORTED",
    "RISK",
    "RULES_LEAVE_NONE",
    "R_A",
    "R_AT",
    "R_B",
    "R_LANE",
    "R_ORIGIN",
    "R_QUANTITY",
    "R_SIDE",
    "R_WHY",
    "SAME_BAR",
    "SELL",
    "SIDE",
    "SIZER",
    "SIZERS",
    "SLIP",
    "SLIP_A",
    "SLIP_B",
    "SLIP_FIXED",
    "SLIP_PERCENT",
    "SLIP_SPREAD",
    "SPARE",
    "START",
    "STATUS",
    "STOP",
    "STOP_AT_ZERO",
    "STOP_LOSS",
    "STOP_NOT_BEHIND",
    "TAKE_PROFIT",
    "TARGET",
    "TARGET_AT_ZERO",
    "TARGET_NOT_AHEAD",
    "TIMES",
    "TIME_STOP",
    "TOUCH",
    "TRAIL",
    "TRAILING",
    "TRAIL_AT_ZERO",
    "TRIPPED",
    "TRIPPER",
    "T_BASE",
    "T_BREAKER",
    "T_EQUITY",
    "UNITS",
    "UNKNOWN",
    "UNKNOWN_RANGE",
    "V_QUANTITY",
    "V_STOP_LEVEL",
    "V_TARGET_LEVEL",
    "V_TRAIL_LEVEL",
    "V_VERB",
    "V_WANTED",
    "WAITING",
    "WANTED",
    "WANTED_COLUMNS",
    "WORKING",
    "W_BARS",
    "W_GIVEN",
    "W_STOP",
    "W_STOP_AT",
    "W_STOP_PERIOD",
    "W_TARGET",
    "W_TARGET_AT",
    "W_TARGET_PERIOD",
    "W_TRAIL",
    "W_TRAIL_AT",
    "W_TRAIL_PERIOD",
    "Books",
    "CodeArray",
]

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from framework.domain.bars import FloatArray, IntArray

CodeArray = NDArray[np.uint32]

NONE = -1.0
"""No order, no instant."""

# lanes: columns of the state of one strategy instance ------------------------------------------
CASH, HELD, AVERAGE, MADE, ENTRY, LEAVE, STOP, TRAIL, TARGET, DUE, REMEMBERED, BUSY_NOW = range(12)
LANE_COLUMNS = 12

# terms: columns of what a lane trades, and at what cost ----------------------------------------
MULTIPLIER, LOT, LEAST_TICK, BANDS, FEES, FIRST_BAND = range(6)
"""BANDS and FEES are counts: rows of (price from which it holds, tick) begin at FIRST_BAND, rows of
fees, in order of their first day, behind them."""
BAND_COLUMNS = 2

F_FROM, F_KIND, F_RATE, F_FIXED, F_LEAST, F_CAP = range(6)
FEE_COLUMNS = 6
FREE, BY_UNIT, BY_PERCENT, BY_ORDER, BY_VALUE = 0.0, 1.0, 2.0, 3.0, 4.0

# the account: its state, its models, and the protection of the verb at hand --------------------
(ORDERS, FILLS, NOTES, SPARE, EQUITY, DAY, DAY_OPEN, PEAK, HALTS, GAVE_UP) = range(10)
(TIMES, SLIP, SLIP_A, SLIP_B, GAP_SLIP, IN_RANGE, SAME_BAR, START) = range(10, 18)
(
    W_STOP,
    W_STOP_AT,
    W_TRAIL,
    W_TRAIL_AT,
    W_TARGET,
    W_TARGET_AT,
    W_BARS,
    W_GIVEN,
    W_STOP_PERIOD,
    W_TRAIL_PERIOD,
    W_TARGET_PERIOD,
) = range(18, 29)
WANTED = W_STOP
WANTED_COLUMNS = 11
SIZERS, BREAKERS = 29, 30
"""Counts; rows of (kind, value) begin at SIZER and at TRIPPER."""
MOST_PARTS = 8
SIZER, TRIPPER = 31, 31 + 2 * MOST_PARTS
ACCOUNT_COLUMNS = TRIPPER + 2 * MOST_PARTS

NO_SLIP, SLIP_FIXED, SLIP_PERCENT, SLIP_SPREAD = 0.0, 1.0, 2.0, 3.0
UNITS, MONEY, PERCENT, RISK = 0.0, 1.0, 2.0, 3.0
"""Sizers."""
DAILY_LOSS, DAILY_MONEY, DRAWDOWN = 1.0, 2.0, 3.0
"""Breakers."""
NOTHING, AT_PRICE, BY_AMOUNT, BY_SHARE, UNKNOWN = 0.0, 1.0, 2.0, 3.0, 4.0
"""How a protective price is given: as a price, an amount or a percentage of the fill, or in average
true ranges that are not known yet."""

# orders ----------------------------------------------------------------------------------------
(
    LANE,
    NUMBER,
    SIDE,
    KIND,
    ORIGIN,
    PARENT,
    AT,
    QUANTITY,
    PRICE,
    REPORTED,
    FIRST,
    AWAY,
    DISTANCE,
    OPENING,
    STATUS,
    REASON,
    LAST,
    FILL,
    FILLED,
    PAID,
    REFERENCE,
    FEE,
    TOUCH,
    BARS,
) = range(24)
ORDER_COLUMNS = 24

MARKET, STOP_LOSS, TRAILING, TAKE_PROFIT = 0.0, 1.0, 2.0, 3.0
"""Kinds of orders: an entry or exit at the market, and its three protective children."""

ASKED, CLOSE, TIME_STOP, BREAKER = 0.0, 1.0, 2.0, 3.0
"""Origins of market orders."""

WAITING, WORKING, FILLED_WHOLE, CANCELLED = 0.0, 1.0, 2.0, 3.0
"""States of orders."""

NO_REASON, BY_REQUEST, OPENED_NOTHING = -1.0, -2.0, -3.0
"""Reasons; a row (>= 0) is that of the protective order whose fill ended this one."""

# notes: refusals, and trips of breakers --------------------------------------------------------
R_LANE, R_AT, R_SIDE, R_QUANTITY, R_ORIGIN, R_WHY, R_A, R_B = range(8)
NOTE_COLUMNS = 8
T_BREAKER, T_EQUITY, T_BASE = R_SIDE, R_A, R_B
"""Of a trip."""

(
    NO_SIZE,
    NO_LOT,
    HALTED,
    UNKNOWN_RANGE,
    STOP_AT_ZERO,
    TRAIL_AT_ZERO,
    TARGET_AT_ZERO,
    BELOW_TICK,
    STOP_NOT_BEHIND,
    TARGET_NOT_AHEAD,
    RULES_LEAVE_NONE,
    NOT_AFFORDED,
    NOTHING_TO_CLOSE,
    TRIPPED,
) = (float(code) for code in range(14))

# whens: columns of a condition's verb; those of the account from WANTED follow -----------------
V_VERB, V_QUANTITY, V_STOP_LEVEL, V_TRAIL_LEVEL, V_TARGET_LEVEL = range(5)
V_WANTED = 5
GO_LONG, GO_SHORT, GO_FLAT, BUY, SELL = 0.0, 1.0, 2.0, 3.0, 4.0


class Books(NamedTuple):
    """Everything a run works on. L lanes, K instants.

    Attributes:
        opens, highs, lows, closes: shape (L, K).
        days: trading day of each instant, shape (K,).
        lanes, account, orders, notes: state and records, columns as above.
        terms: what each lane trades and at what cost, columns as above.
    """

    opens: FloatArray
    highs: FloatArray
    lows: FloatArray
    closes: FloatArray
    days: IntArray
    terms: FloatArray
    lanes: FloatArray
    account: FloatArray
    orders: FloatArray
    notes: FloatArray
