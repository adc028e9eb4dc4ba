"""A journal's codec loses nothing: every noun comes back as it was, to the last bit of a float."""

from __future__ import annotations

import struct
from datetime import UTC, datetime, timedelta, timezone
from typing import get_args
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from framework.domain.bars import Bars, PriceBasis
from framework.domain.conditions import (
    Conditions,
    ExecutionCondition,
    MarginCondition,
    PercentChangeCondition,
    PriceCondition,
    TimeCondition,
    VolumeCondition,
)
from framework.domain.events import (
    CashFlow,
    CashFlowKind,
    Commission,
    Fill,
    Halt,
    OrderUpdate,
    Signal,
    SignalAction,
    Split,
)
from framework.domain.growing import BarRow
from framework.domain.instruments import AssetType, Instrument
from framework.domain.options import OptionTerms, Right, Settlement, Style
from framework.domain.orders import (
    Offset,
    Order,
    OrderStatus,
    OrderType,
    Origin,
    Side,
    TimeInForce,
)
from framework.domain.terms import (
    PLAIN,
    Adaptive,
    OcaType,
    Patience,
    Peg,
    PercentOfVolume,
    Scale,
    Terms,
    Twap,
    Vwap,
)
from framework.engine import journal_rows as rows
from framework.engine import reconcile_nouns as nouns
from framework.engine import reconcile_snapshot as told
from framework.engine.journal_codec import (
    CodecError,
    decode_row,
    decoded,
    encode_row,
    encoded,
)

floats = st.floats(allow_nan=False)
positive = st.floats(min_value=1e-300, max_value=1e300)
ints = st.integers(min_value=-(1 << 63), max_value=(1 << 63) - 1)
words = st.text(max_size=8)
names = st.text(min_size=1, max_size=8)
flags = st.booleans()
zones = st.sampled_from([UTC, ZoneInfo("America/New_York"), timezone(timedelta(minutes=-150))])
_DAYS = (datetime(1990, 1, 1), datetime(2100, 1, 1))  # noqa: DTZ001
times = st.datetimes(*_DAYS, timezones=zones, allow_imaginary=True).map(
    lambda time: time if isinstance(time.tzinfo, ZoneInfo) else time.replace(fold=0)
)
maybe = st.none() | positive


@st.composite
def offsets(draw: st.DrawFn) -> Offset:
    name = draw(st.sampled_from(["amount", "percent", "atr"]))
    return Offset(**{name: draw(positive)}, atr_period=draw(st.integers(1, 99)))  # type: ignore[arg-type]


conditions = st.one_of(
    st.builds(PriceCondition, names, floats.filter(np.isfinite), flags),
    st.builds(TimeCondition, times, flags),
    st.builds(VolumeCondition, names, st.floats(0, 1e12), flags),
    st.builds(PercentChangeCondition, names, st.floats(-99, 99), flags),
    st.builds(MarginCondition, st.floats(0, 100), flags),
    st.builds(ExecutionCondition, names),
)
groups = st.lists(st.lists(conditions, min_size=1, max_size=2).map(tuple), min_size=1, max_size=2)
percent = st.none() | st.floats(0.01, 50.0)
start = times.map(lambda time: time.astimezone(UTC))
algos = st.one_of(
    st.builds(Twap, start, st.none(), flags),
    st.builds(Vwap, st.none(), start, flags, percent, flags),
    st.builds(PercentOfVolume, st.floats(0.01, 50.0), st.none(), start, flags),
    st.builds(Adaptive, st.sampled_from(Patience)),
)
scales = st.builds(Scale, positive, positive, maybe)


@st.composite
def orders(draw: st.DrawFn) -> Order:
    """Any order the checks let through."""
    kind = draw(st.sampled_from(OrderType))
    tif = draw(st.sampled_from(TimeInForce))
    limited = kind in (
        OrderType.LIMIT, OrderType.STOP_LIMIT, OrderType.LIMIT_IF_TOUCHED, OrderType.LIMIT_ON_CLOSE
    )  # fmt: skip
    stopped = kind in (
        OrderType.STOP, OrderType.STOP_LIMIT, OrderType.MARKET_IF_TOUCHED,
        OrderType.LIMIT_IF_TOUCHED,
    )  # fmt: skip
    trails = kind in (OrderType.TRAIL, OrderType.TRAIL_LIMIT)
    oca = draw(st.none() | names)
    worked = draw(st.sampled_from(["", "algo", "scale"]))
    algo = worked == "algo" and kind in (OrderType.MARKET, OrderType.LIMIT)
    scale = worked == "scale" and kind is OrderType.LIMIT
    terms = Terms(
        good_till=draw(times) if tif is TimeInForce.GTD else None,
        outside_hours=draw(flags),
        exchange=draw(st.sampled_from(["SMART", "NYSE"])),
        oca_type=draw(st.sampled_from(OcaType)) if oca is not None else OcaType.CANCEL,
        conditions=draw(st.none() | st.builds(Conditions, groups.map(tuple), flags, flags)),
        algo=draw(algos) if algo else None,
        scale=draw(scales) if scale else None,
        peg=draw(st.none() | st.sampled_from(Peg)),
        peg_offset=draw(st.floats(0, 1e9)),
        limit_offset=draw(st.floats(-1e9, 1e9)) if kind is OrderType.TRAIL_LIMIT else None,
    )
    return Order(
        id=draw(names),
        symbol=draw(names),
        side=draw(st.sampled_from(Side)),
        quantity=draw(positive),
        type=kind,
        time=draw(ints),
        decision_price=draw(floats),
        limit=draw(positive) if limited else None,
        stop=draw(positive) if stopped else None,
        trail=draw(offsets()) if trails else None,
        offset=draw(st.none() | offsets()),
        tif=tif,
        parent=draw(st.none() | names),
        oca=oca,
        origin=draw(st.sampled_from(Origin)),
        fraction=draw(maybe),
        opens=draw(st.none() | st.floats(0, 1e9)),
        terms=terms,
    )


statuses = st.sampled_from(OrderStatus)
events = st.one_of(
    st.builds(Fill, names, orders(), ints, floats, floats, floats, flags, floats),
    st.builds(Commission, names, names, floats, ints),
    st.builds(OrderUpdate, orders(), statuses, ints, words),
    st.builds(CashFlow, words, st.sampled_from(CashFlowKind), floats, ints),
    st.builds(Split, names, floats, floats, ints),
)
options = st.builds(
    OptionTerms, names, st.sampled_from(Right), positive, st.sampled_from(Style),
    st.sampled_from(Settlement),
)  # fmt: skip
instruments = st.one_of(
    st.builds(
        Instrument, names, st.sampled_from([AssetType.STOCK, AssetType.CRYPTO]),
        tick=st.floats(0, 9), lot=st.floats(0, 9), multiplier=positive,
        tick_bands=st.sampled_from([(), ((0.0, 0.01), (5.0, 0.05))]), initial_margin=maybe,
    ),
    st.builds(
        Instrument, names, st.just(AssetType.OPTION), expiry=st.integers(0, 30_000), option=options
    ),
)  # fmt: skip


@st.composite
def bars(draw: st.DrawFn) -> Bars:
    count = draw(st.integers(0, 4))
    whole = st.lists(ints, min_size=count, max_size=count).map(lambda v: np.array(v, np.int64))
    real = st.lists(st.floats(), min_size=count, max_size=count).map(lambda v: np.array(v, float))
    truth = st.lists(flags, min_size=count, max_size=count).map(lambda v: np.array(v, bool))
    return Bars(
        draw(instruments), draw(words), draw(whole), draw(whole), draw(whole),
        *(draw(real) for _ in range(5)), draw(st.sampled_from(PriceBasis)), draw(flags),
        draw(st.none() | truth),
    )  # fmt: skip


bar_rows = st.builds(BarRow, ints, ints, floats, floats, floats, floats, floats, flags)
quotes = st.lists(st.builds(rows.SeenQuote, names, floats, floats, ints), max_size=2).map(tuple)
intents = st.one_of(
    st.builds(
        rows.Submit, ints, ints, st.lists(orders(), min_size=1, max_size=3).map(tuple), quotes,
        flags,
    ),
    st.builds(rows.Replace, ints, ints, orders(), quotes, flags),
    st.builds(rows.Cancel, ints, ints, names, flags),
)  # fmt: skip
broker_orders = st.builds(
    told.BrokerOrder, words, ints, ints, names, floats, floats, statuses, words, maybe, maybe,
    ints, words,
)  # fmt: skip
executions = st.builds(
    told.Execution, names, words, ints, ints, names, floats, floats, ints, st.none() | floats,
    floats, floats,
)  # fmt: skip
facts = st.one_of(
    st.builds(nouns.OurFill, names, executions, words),
    st.builds(nouns.StateOfOrder, names, statuses, words, maybe, maybe, maybe),
    st.builds(nouns.EndOfOrder, names, statuses, words),
    st.builds(nouns.ExternalFill, executions),
    st.builds(nouns.ExternalOrder, broker_orders),
    st.builds(nouns.ExternalHolding, names, floats),
    st.builds(nouns.ExternalMoney, floats),
    st.builds(nouns.Accepted, st.sampled_from(nouns.FindingKind), names),
)
found = st.builds(
    nouns.Finding, st.sampled_from(nouns.FindingKind), st.sampled_from(nouns.Severity), words,
    words, words, words, words, st.none() | facts,
)  # fmt: skip
every_row = st.one_of(
    st.builds(
        rows.Started, ints, words, words, ints, words, words, words, words,
        st.lists(st.tuples(words, words), max_size=2).map(tuple),
    ),
    st.builds(rows.Stopped, ints, words, ints),
    st.builds(rows.Adopted, ints, words, st.lists(facts, max_size=3).map(tuple)),
    st.builds(
        rows.Instant, ints, ints, st.lists(st.tuples(names, bar_rows), max_size=3).map(tuple)
    ),
    st.builds(rows.TimerDue, ints, words),
    st.builds(
        rows.Heard, ints, st.builds(Signal, ints, names, st.sampled_from(SignalAction), floats)
    ),
    st.builds(rows.News, ints, words, words),
    st.builds(rows.Woken, ints),
    intents,
    st.builds(rows.Decided, ints, intents),
    st.builds(rows.Unsent, ints, intents, words, flags),
    st.builds(rows.EventBatch, ints, ints, st.lists(events, max_size=3).map(tuple)),
    st.builds(
        rows.RiskState, ints, ints, floats, floats, ints, ints,
        st.lists(st.tuples(words, st.sampled_from(Halt)), max_size=2).map(tuple),
    ),
    st.builds(rows.IdFloor, ints, ints),
    st.builds(rows.Bound, ints, names, ints, ints),
    st.builds(rows.SeenExecution, ints, names, names),
    st.builds(rows.Found, ints, found),
)  # fmt: skip


@given(orders())
def test_an_order_comes_back(order: Order) -> None:
    again = decoded(Order, encoded(order))
    assert again == order
    assert repr(again) == repr(order)
    assert (again.terms is PLAIN) == (order.terms == PLAIN)


@given(every_row)
def test_every_row_comes_back(row: rows.Row) -> None:
    kind, body = encode_row(row)
    again = decode_row(kind, body)
    assert again == row
    assert repr(again) == repr(row)
    assert encode_row(again) == (kind, body)


def test_no_kind_of_row_is_left_out() -> None:
    assert set(rows.KINDS.values()) == set(get_args(rows.Row))


@given(ints, bars())
def test_bars_come_back_to_the_byte(time: int, one: Bars) -> None:
    kind, body = encode_row(rows.History(time, one))
    row = decode_row(kind, body)
    assert isinstance(row, rows.History)
    again = row.bars
    assert (again.instrument, again.frame, again.prices) == (one.instrument, one.frame, one.prices)
    for name in ("close_time", "session", "session_close", "open", "high", "low", "close"):
        assert getattr(again, name).tobytes() == getattr(one, name).tobytes()
    assert again.volume.tobytes() == one.volume.tobytes()
    assert (again.regular is None) == (one.regular is None)
    assert encode_row(row) == (kind, body)


@given(st.floats())
def test_a_float_comes_back_to_the_bit(number: float) -> None:
    again = decoded(Commission, encoded(Commission("f", "A", number, 0))).amount
    if number == number:
        assert struct.pack("<d", again) == struct.pack("<d", number)
    else:
        assert again != again


@given(st.text(max_size=60) | every_row.map(lambda row: encode_row(row)[1][:-3]))
def test_nonsense_is_refused_and_never_half_read(text: str) -> None:
    for kind in rows.KINDS:
        with pytest.raises(CodecError):
            decode_row(kind, text)


SMALL = '{"id":"f/1","symbol":"A","ratio":2.0,"quantity":4.0,"time":5}'


@pytest.mark.parametrize(
    ("cls", "text", "message"),
    [
        (Split, '{"symbol":"A","ratio":2.0,"quantity":4.0}', "has no time"),
        (Split, SMALL, "unknown field id"),
        (Split, '{"symbol":"A","ratio":"2","quantity":4.0,"time":5}', "'2' is no number"),
        (Split, '{"symbol":"A","ratio":true,"quantity":4.0,"time":5}', "True is no number"),
        (Split, '{"symbol":7,"ratio":2.0,"quantity":4.0,"time":5}', "7 is no text"),
        (Split, '{"symbol":"A","ratio":2.0,"quantity":4.0,"time":5.5}', "no whole number"),
        (rows.Cancel, '{"time":1,"session":1,"order":"a","late":1}', "no truth value"),
        (rows.EventBatch, '{"time":1,"poll":1,"events":[{"is":"Order"}]}', "none of Fill"),
        (rows.EventBatch, '{"time":1,"poll":1,"events":5}', "5 is no list"),
        (CashFlow, '{"symbol":"","kind":"gift","amount":1.0,"time":1}', "gift"),
        (TimeCondition, '{"time":"noon","after":true}', "no time"),
        (TimeCondition, '{"time":["2020-01-01T00:00:00","Mars/Base",0]}', "no time"),
    ],
)
def test_what_is_wrong_is_named(cls: type, text: str, message: str) -> None:
    with pytest.raises(CodecError, match=message):
        decoded(cls, text)


def test_only_nouns_of_the_journal_are_written() -> None:
    with pytest.raises(CodecError, match="no noun"):
        encoded(object())
    with pytest.raises(CodecError, match="no kind of row"):
        decode_row("shell", "{}")


def test_a_field_added_later_has_its_default_in_old_rows() -> None:
    row = decode_row("cancel", '{"time":1,"session":1,"order":"a"}')
    assert row == rows.Cancel(1, 1, "a")
