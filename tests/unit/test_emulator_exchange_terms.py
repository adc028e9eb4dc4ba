"""What the matching engine is given for an order as a client wrote it, term by term."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from framework.domain.conditions import (
    Conditions,
    ExecutionCondition,
    MarginCondition,
    PercentChangeCondition,
    PriceCondition,
    TimeCondition,
    VolumeCondition,
)
from framework.domain.instruments import Instrument
from framework.domain.orders import Offset, Order, OrderType, Side, TimeInForce
from framework.domain.terms import (
    Adaptive,
    OcaType,
    Patience,
    Peg,
    PercentOfVolume,
    Scale,
    Twap,
    Vwap,
)
from framework.emulator.exchange.rejected import RejectedError
from framework.emulator.exchange.translate import Arrival, order_of
from framework.emulator.protocol.conditions import (
    ExecutionCond,
    MarginCond,
    PercentCond,
    PriceCond,
    TimeCond,
    VolumeCond,
)
from framework.emulator.protocol.order import WireOrder
from tests.unit.emulated import limit, order


class Listed:
    """One contract, number 7."""

    def by_con_id(self, con_id: int) -> str:
        if con_id != 7:
            raise RejectedError(200, "unknown")
        return "SPY"

    def by_name(self, symbol: str, sec_type: str) -> str:
        assert sec_type == "STK"
        return symbol


INSTRUMENT = Instrument("AAA", tick=0.05, tick_bands=((10.0, 0.1),))


def read(wire: WireOrder, parent: str | None = None, oca: str | None = None) -> Order:
    arrival = Arrival("77", 123, 100.0, parent, oca, "US/Eastern", Listed())
    return order_of(wire, INSTRUMENT, arrival)


@pytest.mark.parametrize(
    ("wire", "expected"),
    [
        (order(), (OrderType.MARKET, None, None, None)),
        (order("MARKET"), (OrderType.MARKET, None, None, None)),
        (limit(99.5), (OrderType.LIMIT, 99.5, None, None)),
        (order("STP", aux_price=98.0), (OrderType.STOP, None, 98.0, None)),
        (
            order("stp lmt", aux_price=98.0, lmt_price=97.0),
            (OrderType.STOP_LIMIT, 97.0, 98.0, None),
        ),
        (order("STPLMT", aux_price=98.0, lmt_price=97.0), (OrderType.STOP_LIMIT, 97.0, 98.0, None)),
        (order("MIT", aux_price=98.0), (OrderType.MARKET_IF_TOUCHED, None, 98.0, None)),
        (
            order("LIT", aux_price=98.0, lmt_price=97.0),
            (OrderType.LIMIT_IF_TOUCHED, 97.0, 98.0, None),
        ),
        (order("MOC"), (OrderType.MARKET_ON_CLOSE, None, None, None)),
        (order("LOC", lmt_price=97.0), (OrderType.LIMIT_ON_CLOSE, 97.0, None, None)),
        (order("TRAIL", aux_price=2.0), (OrderType.TRAIL, None, None, Offset(amount=2.0))),
        (
            order("TRAIL", trailing_percent=2.0, trail_stop_price=98.0),
            (OrderType.TRAIL, None, 98.0, Offset(percent=2.0)),
        ),
        (
            order("TRAIL LIMIT", aux_price=2.0, lmt_price_offset=0.3),
            (OrderType.TRAIL_LIMIT, None, None, Offset(amount=2.0)),
        ),
        (order("REL", aux_price=0.5, lmt_price=90.0), (OrderType.RELATIVE, 90.0, None, None)),
        (order("PEG MID"), (OrderType.PEG_MID, None, None, None)),
        (order("PEGBEST"), (OrderType.PEG_BEST, None, None, None)),
    ],
)
def test_kinds_and_prices(wire: WireOrder, expected: tuple[Any, ...]) -> None:
    found = read(wire)
    assert (found.type, found.limit, found.stop, found.trail) == expected
    assert (found.id, found.symbol, found.time, found.decision_price) == ("77", "AAA", 123, 100.0)


@pytest.mark.parametrize(
    ("action", "side"), [("BUY", Side.BUY), ("SELL", Side.SELL), ("SSHORT", Side.SELL)]
)
def test_sides(action: str, side: Side) -> None:
    assert read(order(action=action)).side is side


@pytest.mark.parametrize(
    ("tif", "expected"),
    [
        ("", TimeInForce.DAY),
        ("DAY", TimeInForce.DAY),
        ("gtc", TimeInForce.GTC),
        ("DTC", TimeInForce.DAY),
        ("IOC", TimeInForce.IOC),
        ("FOK", TimeInForce.FOK),
        ("OPG", TimeInForce.OPG),
    ],
)
def test_times_in_force(tif: str, expected: TimeInForce) -> None:
    assert read(order(tif=tif)).tif is expected


@pytest.mark.parametrize(
    ("wire", "offset"),
    [
        (order("TRAIL LIMIT", "SELL", aux_price=2.0, lmt_price_offset=0.3), 0.3),
        (order("TRAIL LIMIT", "SELL", aux_price=2.0, trail_stop_price=98.0, lmt_price=97.5), 0.5),
        (order("TRAIL LIMIT", "BUY", aux_price=2.0, trail_stop_price=102.0, lmt_price=102.5), 0.5),
        (order("TRAIL LIMIT", "BUY", aux_price=2.0, lmt_price_offset=-0.3), -0.3),
    ],
)
def test_how_far_a_trailing_limit_lies_beyond_its_stop(wire: WireOrder, offset: float) -> None:
    assert read(wire).terms.limit_offset == pytest.approx(offset)


@pytest.mark.parametrize(
    ("kind", "peg"), [("REL", Peg.PRIMARY), ("PEG MID", Peg.MID), ("PEG BEST", Peg.BEST)]
)
def test_pegs(kind: str, peg: Peg) -> None:
    terms = read(order(kind, aux_price=0.4)).terms
    assert (terms.peg, terms.peg_offset) == (peg, 0.4)


TIME = datetime(2024, 1, 2, 15, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "20240102 10:30:00",
        "20240102 10:30:00 US/Eastern",
        "20240102 15:30:00 UTC",
        "20240102-15:30:00",
        "20240102  10:30:00",
        "20240102 16:30:00 Europe/Berlin",
    ],
)
def test_times_as_clients_write_them(text: str) -> None:
    assert read(order(tif="GTD", good_till_date=text)).terms.good_till == TIME
    after = read(order(good_after_time=text)).terms.conditions
    assert after == Conditions(((TimeCondition(TIME),),))


@pytest.mark.parametrize("text", ["tomorrow", "20241302 10:30:00", "20240102 10:30:00 No/Where"])
def test_times_that_are_none(text: str) -> None:
    with pytest.raises(RejectedError) as caught:
        read(order(tif="GTD", good_till_date=text))
    assert caught.value.code == 391


PRICE = PriceCond(price=400.0, con_id=7, is_more=False)
IS_PRICE = PriceCondition("SPY", 400.0, above=False)


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (PRICE, IS_PRICE),
        (TimeCond(time="20240102 15:30:00 UTC", is_more=True), TimeCondition(TIME, after=True)),
        (TimeCond(time="20240102 15:30:00 UTC", is_more=False), TimeCondition(TIME, after=False)),
        (VolumeCond(volume=500, con_id=7), VolumeCondition("SPY", 500.0)),
        (PercentCond(change_percent=-1.5, con_id=7), PercentChangeCondition("SPY", -1.5)),
        (MarginCond(percent=30, is_more=False), MarginCondition(30.0, above=False)),
        (ExecutionCond(sec_type="STK", exchange="SMART", symbol="BBB"), ExecutionCondition("BBB")),
    ],
)
def test_each_kind_of_condition(one: Any, expected: Any) -> None:
    assert read(order(conditions=(one,))).terms.conditions == Conditions(((expected,),))


@pytest.mark.parametrize("cancels", [True, False])
@pytest.mark.parametrize("ignores", [True, False])
def test_what_conditions_do_and_when_they_are_looked_at(cancels: bool, ignores: bool) -> None:
    wire = order(
        conditions=(PRICE,), conditions_cancel_order=cancels, conditions_ignore_rth=ignores
    )
    assert read(wire).terms.conditions == Conditions(((IS_PRICE,),), cancels, ignores)


def test_and_binds_more_tightly_than_or() -> None:
    either = PriceCond(is_conjunction=False, price=400.0, con_id=7, is_more=False)
    found = read(order(conditions=(PRICE, either, PRICE))).terms.conditions
    assert found == Conditions(((IS_PRICE, IS_PRICE), (IS_PRICE,)))


def test_a_time_to_start_after_joins_every_alternative() -> None:
    either = PriceCond(is_conjunction=False, price=400.0, con_id=7, is_more=False)
    wire = order(conditions=(either, PRICE), good_after_time="20240102 15:30:00 UTC")
    after = TimeCondition(TIME)
    assert read(wire).terms.conditions == Conditions(((IS_PRICE, after), (IS_PRICE, after)))


def test_a_condition_on_what_nobody_knows() -> None:
    with pytest.raises(RejectedError) as caught:
        read(order(conditions=(PriceCond(price=1.0, con_id=8),)))
    assert caught.value.code == 200


START, END = "20240102 10:30:00 US/Eastern", "20240102 15:45:00 UTC"
ENDS = datetime(2024, 1, 2, 15, 45, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "pairs", "expected"),
    [
        ("Twap", {}, Twap()),
        ("TWAP", {"startTime": START, "endTime": END}, Twap(TIME, ENDS)),
        ("Twap", {"allowPastEndTime": "1"}, Twap(allow_past_end=True)),
        ("Vwap", {}, Vwap(max_percent=None)),
        ("Vwap", {"maxPctVol": "0.07"}, Vwap(max_percent=7.0)),
        ("Vwap", {"maxPctVol": "0.29", "noTakeLiq": "1"}, Vwap(None, None, False, 29.0, True)),
        ("PctVol", {"pctVol": "0.07"}, PercentOfVolume(7.0)),
        ("PctVol", {}, PercentOfVolume(10.0)),
        ("PctVol", {"pctVol": "0.5", "startTime": START, "endTime": END, "noTakeLiq": "true"},
         PercentOfVolume(50.0, TIME, ENDS, True)),
        ("Adaptive", {"adaptivePriority": "Patient"}, Adaptive(Patience.PATIENT)),
        ("Adaptive", {"adaptivePriority": "Urgent"}, Adaptive(Patience.URGENT)),
        ("Adaptive", {}, Adaptive(Patience.NORMAL)),
    ],
)  # fmt: skip
def test_algos(name: str, pairs: dict[str, str], expected: Any) -> None:
    wire = order(algo_strategy=name, algo_params=tuple(pairs.items()))
    assert read(wire).terms.algo == expected


@pytest.mark.parametrize(
    ("name", "pairs", "code"),
    [
        ("Sniper", {}, 439),
        ("Vwap", {"maxPctVol": "lots"}, 442),
        ("PctVol", {"pctVol": "0.9"}, 321),
        ("Twap", {"startTime": END, "endTime": START}, 321),
        ("Twap", {"startTime": "noon"}, 391),
    ],
)
def test_algos_nobody_can_work(name: str, pairs: dict[str, str], code: int) -> None:
    with pytest.raises(RejectedError) as caught:
        read(order(algo_strategy=name, algo_params=tuple(pairs.items())))
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        ({"scale_init_level_size": 4, "scale_price_increment": 0.5}, Scale(4.0, 0.5)),
        (
            {
                "scale_init_level_size": 4,
                "scale_subs_level_size": 3,
                "scale_price_increment": 0.5,
            },
            Scale(4.0, 0.5, 3.0),
        ),
        ({"scale_init_level_size": 4}, None),
        ({"scale_price_increment": 0.5}, None),
    ],
)
def test_ladders(terms: dict[str, Any], expected: Scale | None) -> None:
    assert read(limit(99.0, **terms)).terms.scale == expected


@pytest.mark.parametrize("kind", OcaType)
def test_groups(kind: OcaType) -> None:
    found = read(order(oca_group="g", oca_type=int(kind)))
    assert (found.oca, found.terms.oca_type) == ("g", kind)


def test_groups_nobody_asked_for() -> None:
    assert read(order(oca_type=2)).oca is None
    family = read(order(), oca="family-1")
    assert (family.oca, family.terms.oca_type) == ("family-1", OcaType.CANCEL)
    assert read(order(oca_group="own"), oca="family-1").oca == "own"
    assert read(order(oca_group="g")).terms.oca_type is OcaType.CANCEL


def test_hours() -> None:
    assert read(order(outside_rth=True)).terms.outside_hours
    assert not read(order()).terms.outside_hours


@pytest.mark.parametrize(
    ("wire", "code"),
    [
        (limit(99.55), 110),
        (limit(9.95), 0),
        (order("STP", aux_price=99.55), 110),
        (order("TRAIL", aux_price=0.01), 0),
        (limit(99.6 + 1e-12), 0),
        (order(conditions=(PRICE,), conditions_cancel_order=True, good_after_time=START), 321),
        (order(all_or_none=True), 321),
        (order(cash_qty=5000.0), 321),
        (order(hedge_type="D"), 321),
        (order(min_qty=5), 321),
        (order(sweep_to_fill=True), 321),
        (limit(99.0, discretionary_amt=0.1), 321),
        (order(adjusted_order_type="STP"), 321),
        (order(oca_group="g", oca_type=4), 321),
        (order("MKT", "HOLD"), 321),
        (order("LMT"), 321),
        (order("STP"), 321),
        (order("TRAIL"), 321),
        (order("TRAIL", trailing_percent=-5.0), 321),
        (order("TRAIL LIMIT", aux_price=1.0), 321),
        (order("VOL"), 387),
        (order(quantity=0.0), 434),
        (order(quantity=float("nan")), 434),
        (order(quantity=1.5), 10243),
    ],
)
def test_what_is_refused_and_why(wire: WireOrder, code: int) -> None:
    """What the engine cannot honour is never quietly another order."""
    if code == 0:
        read(wire)
        return
    with pytest.raises(RejectedError) as caught:
        read(wire)
    assert caught.value.code == code
