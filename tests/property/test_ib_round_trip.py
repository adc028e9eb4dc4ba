"""Any order of the whole vocabulary, written for the broker and read back, is the same order."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from framework.brokers.ib.library import IbOrder, library
from framework.brokers.ib.listed import Book, Listed
from framework.brokers.ib.translate_back import order_from
from framework.brokers.ib.translate_contract import contract_of
from framework.brokers.ib.translate_order import Sent, order_to
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
from framework.domain.instruments import AssetType, Instrument
from framework.domain.orders import Offset, Order, OrderType, Side, TimeInForce
from framework.domain.terms import (
    Adaptive,
    Algo,
    OcaType,
    Patience,
    Peg,
    PercentOfVolume,
    Scale,
    Terms,
    Twap,
    Vwap,
)

LIB = library()
STOCK, OTHER = Instrument("AAA"), Instrument("BRK.B")
FUTURE = Instrument("ESZ4", AssetType.FUTURE, expiry=20_077, multiplier=50.0)
BOOK = Book(
    [
        Listed(STOCK, 1, "AAA", "STK", "SMART", exchanges=("SMART", "NYSE")),
        Listed(OTHER, 2, "BRK B", "STK", "SMART"),
        Listed(FUTURE, 3, "ES", "FUT", "CME", expiry="20241220", multiplier="50"),
    ]
)
T = OrderType
START = datetime(2024, 1, 2, 14, 30, tzinfo=UTC)

symbols = st.sampled_from(["AAA", "BRK.B", "ESZ4"])
prices = st.integers(1, 10_000_000).map(lambda cents: cents / 100.0)
units = st.integers(1, 1_000_000).map(float)
times = st.integers(0, 10**7).map(lambda seconds: START + timedelta(seconds=seconds))
percents = st.integers(1, 5000).map(lambda hundredths: hundredths / 100.0)


@st.composite
def windows(draw: st.DrawFn) -> tuple[datetime | None, datetime | None]:
    start = draw(st.none() | times)
    end = draw(st.none() | times)
    if start is not None and end is not None and end <= start:
        end = start + timedelta(hours=1)
    return start, end


@st.composite
def algos(draw: st.DrawFn) -> Algo:
    start, end = draw(windows())
    flag, other = draw(st.booleans()), draw(st.booleans())
    return draw(
        st.sampled_from(
            [
                Twap(start, end, flag),
                Vwap(start, end, flag, draw(st.none() | percents), other),
                PercentOfVolume(draw(percents), start, end, flag),
                Adaptive(draw(st.sampled_from(Patience))),
            ]
        )
    )


conditions: st.SearchStrategy[Condition] = st.one_of(
    st.builds(PriceCondition, symbols, prices, st.booleans()),
    st.builds(TimeCondition, times, st.booleans()),
    st.builds(VolumeCondition, symbols, units, st.booleans()),
    st.builds(PercentChangeCondition, symbols, percents, st.booleans()),
    st.builds(MarginCondition, st.integers(0, 100).map(float), st.booleans()),
    st.builds(ExecutionCondition, symbols),
)
groups = st.lists(st.lists(conditions, min_size=1, max_size=3).map(tuple), min_size=1, max_size=3)
condition_lists = st.builds(Conditions, groups.map(tuple), st.booleans(), st.booleans())
offsets = st.one_of(
    prices.map(lambda p: Offset(amount=p)), percents.map(lambda p: Offset(percent=p))
)
_PEGS = {T.PEG_MID: Peg.MID, T.PEG_BEST: Peg.BEST, T.RELATIVE: Peg.PRIMARY}
_LIMITED = {T.LIMIT, T.STOP_LIMIT, T.LIMIT_IF_TOUCHED, T.LIMIT_ON_CLOSE}
_STOPPED = {T.STOP, T.STOP_LIMIT, T.MARKET_IF_TOUCHED, T.LIMIT_IF_TOUCHED}


@st.composite
def orders(draw: st.DrawFn) -> Order:
    kind = draw(st.sampled_from(OrderType))
    trails, pegged = kind in (T.TRAIL, T.TRAIL_LIMIT), kind in _PEGS
    tif = draw(st.sampled_from(TimeInForce))
    oca = draw(st.none() | st.sampled_from(["g", "Sma-3.exits"]))
    parent = draw(st.none() | st.just("Sma-3"))
    works = kind in (T.MARKET, T.LIMIT)
    algo = draw(st.none() | algos()) if works else None
    scale = None
    if kind is T.LIMIT and algo is None and draw(st.booleans()):
        scale = Scale(draw(units), draw(prices), draw(st.none() | units))
    symbol = draw(symbols)
    terms = Terms(
        good_till=draw(times) if tif is TimeInForce.GTD else None,
        outside_hours=draw(st.booleans()),
        exchange=draw(st.sampled_from(["SMART", "NYSE"])) if symbol == "AAA" else "SMART",
        oca_type=draw(st.sampled_from(OcaType)) if oca and parent is None else OcaType.CANCEL,
        conditions=draw(st.none() | condition_lists),
        algo=algo,
        scale=scale,
        peg=_PEGS.get(kind),
        peg_offset=draw(st.just(0.0) | prices) if pegged else 0.0,
        limit_offset=draw(prices) if kind is T.TRAIL_LIMIT else None,
    )
    level = draw(st.none() | prices) if trails else None
    limited = draw(prices) if kind in _LIMITED else None
    if pegged:
        limited = draw(st.none() | prices)
    return Order(
        id=draw(st.sampled_from(["Sma-1", "a.b/c", "x" * 40])),
        symbol=symbol,
        side=draw(st.sampled_from(Side)),
        quantity=draw(units),
        type=kind,
        time=0,
        decision_price=0.0,
        limit=limited,
        stop=draw(prices) if kind in _STOPPED else level,
        trail=draw(offsets) if trails else None,
        tif=tif,
        parent=parent,
        oca=oca,
        terms=terms,
    )


def read(order: Order, wire: IbOrder) -> Order:
    contract = contract_of(LIB, BOOK.by_key(order.symbol), order.terms.exchange)
    return order_from(contract, wire, BOOK, "US/Eastern", parent=order.parent)


@settings(max_examples=600)
@given(orders())
def test_there_and_back(order: Order) -> None:
    written = order_to(LIB, order, BOOK, Sent("DU1", 5 if order.parent else 0))
    assert read(order, written) == order


@settings(max_examples=200)
@given(orders())
def test_an_echo_of_tws_reads_the_same(order: Order) -> None:
    """TWS fills in 0 where there is no price, an empty ocaType, and other spellings."""
    written = order_to(LIB, order, BOOK, Sent("DU1"))
    unset = LIB.Order().lmtPrice
    if written.lmtPrice == unset:
        written.lmtPrice = 0.0
    if written.auxPrice == unset:
        written.auxPrice = 0.0
    written.orderType = {"STP LMT": "STP LIMIT", "TRAIL LIMIT": "TRAIL LIMIT"}.get(
        written.orderType, written.orderType
    )
    if order.type is T.TRAIL_LIMIT and order.stop is not None:
        written.lmtPrice = 1.25
        assert replace(read(order, written), limit=None) == order
    else:
        assert read(order, written) == order
