"""Random markets, accounts and programs of orders for a broker, and for a gateway before it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np
from hypothesis import strategies as st

from framework.backtest.settings import BacktestSettings
from framework.brokers.simulated.policy import FillPolicy
from framework.components.commission import IbkrFixed, PerShare
from framework.components.liquidity import FixedUnits, VolumeShare
from framework.components.margin import RegT
from framework.components.slippage import NoSlippage, PercentSlippage
from framework.domain.actions import CorporateAction, Dividend, StockSplit
from framework.domain.bars import Bars, PriceBasis
from framework.domain.conditions import (
    Condition,
    Conditions,
    ExecutionCondition,
    MarginCondition,
    PercentChangeCondition,
    PriceCondition,
    TimeCondition,
    VolumeCondition,
)
from framework.domain.instruments import Instrument
from framework.domain.orders import Offset, OrderType, Side, TimeInForce
from framework.domain.terms import (
    Adaptive,
    Algo,
    OcaType,
    Patience,
    Peg,
    PercentOfVolume,
    Scale,
    Twap,
    Vwap,
)
from tests.builders import DAY, FIRST, MINUTE, bars_of, five_minutes

BARS = 12
SYMBOLS = ("AAA", "BBB", "CCC")
ACCOUNTS = ("DU1111111", "DU2222222")
CLIENTS = (1, 7)
START = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=FIRST)

# markets -----------------------------------------------------------------------------------

_row = st.tuples(
    st.integers(360, 440), st.integers(360, 440), st.integers(0, 12), st.integers(0, 12)
).map(
    lambda r: (
        r[0] / 4,
        (max(r[0], r[1]) + r[2]) / 4,
        (min(r[0], r[1]) - r[3]) / 4,
        r[1] / 4,
    )
)
_rows = st.lists(_row, min_size=BARS, max_size=BARS)


def always_open(rows: list[tuple[float, float, float, float]], symbol: str) -> Bars:
    """Hourly bars around a midnight of a market that never closes."""
    prices = np.array(rows, dtype=float)
    closes = FIRST * DAY + (np.arange(len(rows)) + 18) * 60 * MINUTE
    session = (closes - 1) // DAY
    return Bars(
        instrument=Instrument(symbol, calendar="24/7"),
        frame="1h",
        close_time=closes.astype(np.int64),
        session=session.astype(np.int64),
        session_close=((session + 1) * DAY).astype(np.int64),
        open=prices[:, 0].copy(),
        high=prices[:, 1].copy(),
        low=prices[:, 2].copy(),
        close=prices[:, 3].copy(),
        volume=np.full(len(rows), 1000.0),
    )


def with_extended_hours(bars: Bars) -> Bars:
    """The first bar of every four lies before the open."""
    regular = np.arange(len(bars)) % 4 != 0
    return replace(bars, regular=regular)


KINDS = ("daily", "intraday", "extended", "mixed", "always")


@st.composite
def markets(draw: st.DrawFn, kinds: tuple[str, ...] = KINDS) -> list[Bars]:
    """Three symbols with bars of one kind or of two, some of which are missing."""
    kind = draw(st.sampled_from(kinds))
    found = []
    for symbol in SYMBOLS:
        rows = draw(_rows)
        volume = draw(st.sampled_from([40.0, 1_000_000.0]))
        if kind == "always":
            bars = always_open(rows, symbol)
        elif kind == "daily" or (kind == "mixed" and symbol == SYMBOLS[0]):
            bars = bars_of(rows, symbol, volume=volume)
        else:
            bars = five_minutes(rows, 4, symbol, volume=volume)
        if kind == "extended":
            bars = with_extended_hours(bars)
        missing = draw(st.sets(st.integers(1, BARS - 1), max_size=4))
        kept = np.array([number not in missing for number in range(BARS)])
        bars = replace(bars, prices=PriceBasis.RAW)
        found.append(bars if draw(st.booleans()) or kind == "extended" else bars.where(kept))
    return found


# accounts ----------------------------------------------------------------------------------

policies = st.sampled_from(
    [
        FillPolicy(),
        FillPolicy(intrabar="next_bar"),
        FillPolicy(intrabar="path", limit_fill="through", slippage_on="taking"),
        FillPolicy(queue="submission"),
        FillPolicy(exits_first=False, children="market_entries", slip_cap="range"),
    ]
)
_actions: st.SearchStrategy[CorporateAction] = st.one_of(
    st.builds(Dividend, st.sampled_from(SYMBOLS), st.integers(FIRST + 1, FIRST + 8), st.just(0.5)),
    st.builds(
        StockSplit,
        st.sampled_from(SYMBOLS),
        st.integers(FIRST + 1, FIRST + 8),
        st.sampled_from([2.0, 0.25]),
    ),
)
houses = st.builds(
    BacktestSettings,
    cash=st.sampled_from([1_500.0, 20_000.0, 1_000_000.0]),
    commission=st.sampled_from([PerShare(0.01, minimum=1.0), IbkrFixed()]),
    slippage=st.sampled_from([NoSlippage(), PercentSlippage(0.05)]),
    liquidity=st.sampled_from([None, None, FixedUnits(7.0), VolumeShare(10.0)]),
    account=st.sampled_from([None, None, RegT()]),
    policy=policies,
    actions=st.one_of(st.just(()), st.lists(_actions, max_size=2).map(tuple)),
)

thin_houses = st.builds(
    BacktestSettings,
    cash=st.just(1_000_000.0),
    commission=st.just(PerShare(0.01, minimum=1.0)),
    slippage=st.just(NoSlippage()),
    liquidity=st.sampled_from([FixedUnits(7.0), FixedUnits(3.0)]),
    policy=policies,
    actions=st.lists(_actions, min_size=1, max_size=3).map(tuple),
)
"""Orders fill in parts, and dividends move them."""

# programs ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Write:
    """A new order: prices are distances, in quarters, from the present close."""

    kind: OrderType
    symbol: str
    side: Side
    units: int
    near: int
    beyond: int
    tif: TimeInForce
    hours: int
    group: str
    oca: OcaType
    trail: Offset
    more: str
    conditions: Conditions | None
    algo: Algo
    scale: Scale
    outside: bool
    protect: str


@dataclass(frozen=True)
class Change:
    """A change of one of the orders so far."""

    which: int
    units: int
    near: int
    tif: TimeInForce | None


@dataclass(frozen=True)
class Cancel:
    """An end to one of the orders so far."""

    which: int


@dataclass(frozen=True)
class CancelAll:
    """An end to everything of everybody."""


@dataclass(frozen=True)
class Protect:
    """Another child for one of the orders so far."""

    which: int
    kind: OrderType
    near: int


@dataclass(frozen=True)
class Together:
    """A combo of two legs; `near` is what its limit is above the present net price."""

    legs: tuple[tuple[str, int], tuple[str, int]]
    side: Side
    units: int
    near: int
    is_market: bool
    tif: TimeInForce


Act = Write | Change | Cancel | CancelAll | Protect | Together


@dataclass(frozen=True)
class Step:
    """Who does something after which instant."""

    instant: int
    client: int
    account: int
    act: Act


_symbols = st.sampled_from(SYMBOLS)
_times = st.integers(0, 90).map(lambda hours: START + timedelta(hours=hours, minutes=30))
_condition: st.SearchStrategy[Condition] = st.one_of(
    st.builds(PriceCondition, _symbols, st.integers(92, 108).map(float), st.booleans()),
    st.builds(TimeCondition, _times, st.booleans()),
    st.builds(VolumeCondition, _symbols, st.sampled_from([50.0, 3e6]), st.booleans()),
    st.builds(
        PercentChangeCondition, _symbols, st.integers(-5, 5).map(lambda n: n / 2), st.booleans()
    ),
    st.builds(MarginCondition, st.integers(10, 90).map(float), st.booleans()),
    st.builds(ExecutionCondition, _symbols),
)
_groups = st.lists(
    st.lists(_condition, min_size=1, max_size=2).map(tuple), min_size=1, max_size=2
).map(tuple)
_conditions = st.builds(Conditions, _groups, st.booleans(), st.booleans())
_percents = st.sampled_from([7.0, 14.0, 10.0, 29.0, 50.0])
_algos: st.SearchStrategy[Algo] = st.one_of(
    st.just(Twap()),
    st.builds(lambda start, past: Twap(start, None, past), _times, st.booleans()),
    st.builds(
        lambda most, quiet: Vwap(max_percent=most, no_take_liquidity=quiet),
        st.one_of(st.none(), _percents),
        st.booleans(),
    ),
    st.builds(PercentOfVolume, _percents),
    st.builds(Adaptive, st.sampled_from(Patience)),
)
_offsets = st.one_of(
    st.sampled_from([0.25, 1.0, 2.5]).map(lambda n: Offset(amount=n)),
    st.sampled_from([0.5, 1.7, 3.0]).map(lambda n: Offset(percent=n)),
)
_sides = st.sampled_from(Side)
_writes = st.builds(
    Write,
    kind=st.sampled_from(OrderType),
    symbol=_symbols,
    side=_sides,
    units=st.sampled_from([1, 5, 10, 33, 150]),
    near=st.integers(-12, 12),
    beyond=st.integers(-2, 6),
    tif=st.sampled_from(
        [TimeInForce.DAY, TimeInForce.GTC, TimeInForce.GTC, *TimeInForce],
    ),
    hours=st.integers(1, 80),
    group=st.sampled_from(["", "", "", "g1", "g2"]),
    oca=st.sampled_from(OcaType),
    trail=_offsets,
    more=st.sampled_from(["", "", "", "conditions", "algo", "scale"]),
    conditions=_conditions,
    algo=_algos,
    scale=st.builds(
        Scale,
        st.sampled_from([3.0, 8.0]),
        st.sampled_from([0.25, 1.0]),
        st.sampled_from([None, 4.0]),
    ),
    outside=st.booleans(),
    protect=st.sampled_from(["", "", "stop", "target", "both", "trail"]),
)
_mates = st.builds(
    Write,
    kind=st.sampled_from(
        [OrderType.LIMIT, OrderType.STOP, OrderType.MARKET_IF_TOUCHED, OrderType.STOP_LIMIT]
    ),
    symbol=st.sampled_from(SYMBOLS[:2]),
    side=_sides,
    units=st.sampled_from([10, 33]),
    near=st.integers(-4, 4),
    beyond=st.integers(-1, 3),
    tif=st.sampled_from([TimeInForce.DAY, TimeInForce.GTC]),
    hours=st.just(1),
    group=st.sampled_from(["", "g1", "g1", "g2"]),
    oca=st.sampled_from(OcaType),
    trail=st.just(Offset(amount=1.0)),
    more=st.just(""),
    conditions=st.none(),
    algo=st.just(Twap()),
    scale=st.just(Scale(3.0, 0.25)),
    outside=st.booleans(),
    protect=st.just(""),
)
_acts: st.SearchStrategy[Act] = st.one_of(
    _writes,
    _writes,
    _writes,
    st.builds(
        Change,
        st.integers(0, 9),
        st.sampled_from([0, 0, 3, 12, 25]),
        st.integers(-8, 8),
        st.sampled_from([None, None, TimeInForce.DAY, TimeInForce.GTC]),
    ),
    st.builds(Cancel, st.integers(0, 9)),
    st.just(CancelAll()),
    st.builds(
        Protect,
        st.integers(0, 9),
        st.sampled_from([OrderType.STOP, OrderType.LIMIT, OrderType.TRAIL, OrderType.MARKET]),
        st.integers(1, 8),
    ),
    st.builds(
        Together,
        st.tuples(
            st.tuples(st.just("AAA"), st.sampled_from([1, -1, 2])),
            st.tuples(st.just("BBB"), st.sampled_from([1, -1, -2])),
        ),
        _sides,
        st.integers(1, 4),
        st.integers(-8, 8),
        st.booleans(),
        st.sampled_from([TimeInForce.DAY, TimeInForce.GTC, TimeInForce.IOC]),
    ),
)
_steps = st.builds(
    Step, st.integers(0, BARS - 2), st.sampled_from([0, 0, 1]), st.sampled_from([0, 0, 1]), _acts
)
programs = st.lists(_steps, min_size=1, max_size=10)
long_programs = st.lists(_steps, min_size=12, max_size=30)
crowds = st.lists(
    st.builds(Step, st.integers(0, 4), st.just(0), st.just(0), _mates), min_size=6, max_size=16
)
"""Orders of one account that are in each other's groups."""
PEGS = {
    OrderType.PEG_MID: Peg.MID,
    OrderType.PEG_BEST: Peg.BEST,
    OrderType.RELATIVE: Peg.PRIMARY,
}
