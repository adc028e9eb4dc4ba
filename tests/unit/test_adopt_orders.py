"""Orders of adopted strategies: translation, notifications, refusals, what cannot come along."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any

import pytest

from framework.adopt.adopted import adopted
from framework.backtest.run import run
from framework.components.commission import PercentCommission
from framework.components.liquidity import VolumeShare
from framework.domain.actions import StockSplit
from framework.domain.bars import PriceBasis
from framework.domain.instruments import AssetType
from framework.domain.orders import OrderStatus, OrderType, Origin, Side, TimeInForce
from tests.builders import bars_of, flat_rows, free
from tests.unit.adopting import RISING, Act, Scripted, played, scripted, stopped

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import backtrader as bt

NAIVE: tzinfo | None = None
"""backtrader's times have no zone."""
# translation -------------------------------------------------------------------------------

KIND = [
    ({}, OrderType.MARKET, None, None, TimeInForce.GTC),
    (
        {"exectype": bt.Order.Market, "price": 90.0, "valid": timedelta(days=1)},
        OrderType.MARKET,
        None,
        None,
        TimeInForce.GTC,
    ),
    ({"exectype": bt.Order.Close}, OrderType.MARKET_ON_CLOSE, None, None, TimeInForce.DAY),
    ({"exectype": bt.Order.Limit, "price": 90.0}, OrderType.LIMIT, 90.0, None, TimeInForce.GTC),
    ({"exectype": bt.Order.Stop, "price": 190.0}, OrderType.STOP, None, 190.0, TimeInForce.GTC),
    (
        {"exectype": bt.Order.StopLimit, "price": 190.0, "plimit": 191.0},
        OrderType.STOP_LIMIT,
        191.0,
        190.0,
        TimeInForce.GTC,
    ),
    (
        {"exectype": bt.Order.StopTrail, "trailamount": 50.0},
        OrderType.TRAIL,
        None,
        153.0,
        TimeInForce.GTC,
    ),
    (
        {"exectype": bt.Order.StopTrail, "trailpercent": 0.5, "price": 110.0},
        OrderType.TRAIL,
        None,
        165.0,
        TimeInForce.GTC,
    ),
    (
        {
            "exectype": bt.Order.StopTrailLimit,
            "trailamount": 50.0,
            "price": 110.0,
            "plimit": 111.0,
        },
        OrderType.TRAIL_LIMIT,
        161.0,
        160.0,
        TimeInForce.GTC,
    ),
]


@pytest.mark.parametrize(("asked", "kind", "limit", "stop", "tif"), KIND)
def test_each_order_type_is_ours(
    asked: dict[str, Any], kind: OrderType, limit: float, stop: float, tif: TimeInForce
) -> None:
    cls = scripted({2: lambda s: s.buy(size=7, **asked)})
    order = played(cls, bars_of(RISING[:3])).orders[0].order
    assert (order.type, order.side, order.quantity) == (kind, Side.BUY, 7.0)
    assert (order.limit, order.stop, order.tif) == (limit, stop, tif)


LIFE = [
    (None, TimeInForce.GTC, None),
    (bt.Order.DAY, TimeInForce.DAY, None),
    (0, TimeInForce.DAY, None),
    (timedelta(days=3), TimeInForce.GTD, datetime(2020, 2, 29, 21, tzinfo=UTC)),
    (
        datetime(2020, 7, 1, 12, 30, tzinfo=NAIVE),
        TimeInForce.GTD,
        datetime(2020, 7, 1, 16, 30, tzinfo=UTC),
    ),
    (date(2020, 3, 2), TimeInForce.GTD, datetime(2020, 3, 2, 5, tzinfo=UTC)),
    (
        bt.date2num(datetime(2020, 3, 2, 9, 45, tzinfo=NAIVE)),
        TimeInForce.GTD,
        datetime(2020, 3, 2, 14, 45, tzinfo=UTC),
    ),
]


@pytest.mark.parametrize(("valid", "tif", "until"), LIFE)
def test_validity_is_a_time_in_force(
    valid: object, tif: TimeInForce, until: datetime | None
) -> None:
    """Times are New York's: in winter five hours behind UTC, in summer four."""
    cls = scripted({2: lambda s: s.sell(exectype=bt.Order.Limit, price=500.0, valid=valid)})
    order = played(cls, bars_of(RISING[:3])).orders[0].order
    assert (order.tif, order.terms.good_till) == (tif, until)


def test_a_bracket_is_an_entry_with_protection() -> None:
    def act(s: Scripted) -> object:
        return s.sell_bracket(
            size=5,
            exectype=bt.Order.Market,
            stopprice=120.0,
            limitprice=90.0,
            limitargs={"valid": timedelta(days=30)},
        )

    record = played(scripted({2: act}), bars_of(flat_rows([100.0] * 6, 1.0)))
    entry, stop, target = (item.order for item in record.orders)
    assert (entry.type, entry.side) == (OrderType.MARKET, Side.SELL)
    assert (stop.parent, stop.origin, stop.stop) == (entry.id, Origin.STOP_LOSS, 120.0)
    assert (target.parent, target.origin, target.limit) == (entry.id, Origin.TAKE_PROFIT, 90.0)
    assert (stop.tif, target.tif) == (TimeInForce.GTC, TimeInForce.GTD)
    assert target.terms.good_till == datetime(2020, 3, 27, 20, tzinfo=UTC)


def test_a_market_order_of_crypto_is_one_the_broker_takes() -> None:
    bars = bars_of(RISING[:3])
    crypto = replace(bars, instrument=replace(bars.instrument, type=AssetType.CRYPTO))
    record = played(scripted({2: lambda s: s.buy(size=1)}), crypto)
    assert record.orders[0].order.tif is TimeInForce.DAY


def test_a_trailing_child_starts_where_it_was_told_to() -> None:
    def act(s: Scripted) -> object:
        return s.buy_bracket(
            size=5,
            exectype=bt.Order.Market,
            stopexec=bt.Order.StopTrail,
            stopprice=90.0,
            stopargs={"trailamount": 4.0},
            limitexec=None,
        )

    record = played(scripted({2: act}), bars_of(flat_rows([100.0] * 3, 1.0)))
    child = record.orders[1].order
    assert (child.type, child.origin, child.stop) == (OrderType.TRAIL, Origin.TRAIL, 86.0)


def test_a_mate_of_what_is_over_stands_alone() -> None:
    made: list[bt.Order] = []
    script: dict[int, Act] = {
        0: lambda s: made.append(s.buy(size=1)),
        3: lambda s: s.buy(exectype=bt.Order.Limit, price=50.0, oco=made[0]),
    }
    assert [item.order.oca for item in played(scripted(script)).orders] == [None, None]


def test_orders_that_name_one_another_share_a_group() -> None:
    def act(s: Scripted) -> object:
        first = s.buy(exectype=bt.Order.Limit, price=50.0)
        second = s.buy(exectype=bt.Order.Limit, price=40.0, oco=first)
        third = s.buy(exectype=bt.Order.Limit, price=30.0, oco=second)
        return s.buy(exectype=bt.Order.Limit, price=20.0), third

    groups = [item.order.oca for item in played(scripted({2: act})).orders]
    assert groups[0] is not None
    assert groups == [groups[0]] * 3 + [None]


# what is told ------------------------------------------------------------------------------


def test_a_fill_is_told_in_backtraders_words() -> None:
    class Told(Scripted):
        def notify_order(self, order: bt.Order) -> None:
            if order.status == bt.Order.Completed:
                done = order.executed
                self.seen.append(
                    (done.size, done.price, done.value, done.comm, done.pnl, done.remsize)
                )

        def notify_trade(self, trade: bt.Trade) -> None:
            self.seen.append((trade.isclosed, trade.size, trade.pnl, round(trade.pnlcomm, 9)))

    Told.seen = []
    Told.script = {0: lambda s: s.buy(size=10) and None, 3: lambda s: s.sell(size=15) and None}
    played(Told, commission=PercentCommission(1.0))
    assert Told.seen == [
        None,
        (10, 101.0, 1010.0, 10.1, 0.0, 0),
        (False, 10, 0.0, -10.1),
        None,
        (-15, 104.0, pytest.approx(1010.0 - 520.0), pytest.approx(15.6), 30.0, 0),
        (True, 0, 30.0, pytest.approx(30.0 - 10.1 - 10.4)),
        (False, -5, 0.0, pytest.approx(-5.2)),
    ]


def test_the_account_is_ours_and_up_to_date() -> None:
    def look(s: Scripted) -> object:
        return (
            s.broker.getcash(),
            s.broker.getvalue(),
            s.broker.getvalue([s.data]),
            s.position.size,
            s.position.price,
            s.broker.startingcash,
        )

    cls = scripted({0: lambda s: s.buy(size=10) and None, 1: look})
    played(cls)
    assert cls.seen[1] == (98_990.0, 100_010.0, 1020.0, 10, 101.0, 100_000.0)
    assert isinstance(cls.seen[1][3], int)


def test_money_counts_the_multiplier() -> None:
    def look(s: Scripted) -> object:
        scheme = s.broker.getcommissioninfo(s.data)
        worth = s.broker.getvalue([s.data])
        return worth, scheme.getsize(100.0, 12_000.0), scheme.getoperationcost(-2, 100.0)

    cls = scripted({0: lambda s: s.buy(size=3), 1: look})
    played(cls, bars_of(flat_rows([100.0] * 4), multiplier=50.0))
    assert cls.seen[1] == (15_000.0, 2, 10_000.0)


def test_what_trades_in_parts_is_told_in_parts_and_ends_complete() -> None:
    """Three tenths in parts of one: floats leave some dust."""
    cls = scripted({0: lambda s: s.buy(size=0.3)})
    played(cls, bars_of(RISING, lot=0.0, volume=1.0), liquidity=VolumeShare(10.0))
    assert [name for _, _, name in cls.told[2:]] == ["Partial", "Partial", "Completed"]
    assert cls.seen[0].executed.size == pytest.approx(0.3)
    assert cls.seen[0].executed.remsize == 0


def test_a_split_reaches_position_and_trade() -> None:
    class Holder(Scripted):
        def notify_trade(self, trade: bt.Trade) -> None:
            self.seen.append((trade.isclosed, trade.pnl))

    Holder.seen = []
    Holder.script = {
        0: lambda s: s.buy(size=10) and None,
        4: lambda s: (s.position.size, s.position.price),
        5: lambda s: s.close() and None,
    }
    rows = flat_rows([100.0] * 3 + [50.0] * 4 + [60.0])
    bars = replace(bars_of(rows), prices=PriceBasis.RAW)
    played(Holder, bars, actions=(StockSplit("AAA", int(bars.session[3]), 2.0),))
    assert Holder.seen == [None, (False, 0.0), (20, 50.0), None, (True, 0.0)]


REFUSED = [
    (lambda s: s.buy(size=5_000), "Margin", "buying_power"),
    (lambda s: s.buy(size=0.4), "Rejected", "lot"),
    (
        lambda s: s.buy_bracket(
            size=1, exectype=bt.Order.Market, stopprice=300.0, limitprice=400.0
        )[0],
        "Rejected",
        "protection",
    ),
]


@pytest.mark.parametrize(("act", "status", "rule"), REFUSED)
def test_a_refusal_is_told_with_its_reason(act: Act, status: str, rule: str) -> None:
    cls = scripted({0: act, 2: lambda s: None})
    record = played(cls)
    order = cls.seen[0]
    assert order.getstatusname() == status
    assert order.info.refused.startswith(f"{rule}: ")
    assert [item.rule for item in record.refused] == [rule]
    assert (1, order.getordername(), status) in cls.told
    assert record.orders == ()


def test_a_quantity_the_door_has_made_smaller_is_what_was_ordered() -> None:
    cls = scripted({0: lambda s: s.buy(size=3.7)})
    played(cls)
    assert (cls.seen[0].size, cls.seen[0].executed.remsize) == (3, 0)
    assert cls.told[-1] == (1, "Market", "Completed")


def test_an_order_can_be_called_off_in_the_bar_it_was_made() -> None:
    def act(s: Scripted) -> object:
        order = s.buy(size=1)
        s.cancel(order)
        return order

    cls = scripted({0: act})
    assert played(cls).orders == ()
    assert [name for _, _, name in cls.told] == ["Submitted", "Canceled"]


def test_a_cancelled_part_takes_its_bracket_along() -> None:
    """As in backtrader; our door alone would let the other protection live."""
    made: list[bt.Order] = []

    def enter(s: Scripted) -> None:
        made.extend(
            s.buy_bracket(size=5, exectype=bt.Order.Market, stopprice=50.0, limitprice=500.0)
        )

    record = played(scripted({0: enter, 3: lambda s: s.cancel(made[1])}))
    assert [item.status for item in record.orders] == [
        OrderStatus.FILLED,
        OrderStatus.CANCELLED,
        OrderStatus.CANCELLED,
    ]


def test_a_cancelled_mate_takes_its_group_along() -> None:
    made: list[bt.Order] = []

    def enter(s: Scripted) -> None:
        made.append(s.buy(exectype=bt.Order.Limit, price=50.0))
        made.append(s.buy(exectype=bt.Order.Limit, price=40.0, oco=made[0]))

    record = played(scripted({0: enter, 2: lambda s: s.cancel(made[1])}))
    assert [item.status for item in record.orders] == [OrderStatus.CANCELLED] * 2


def test_a_part_that_expires_takes_its_bracket_along() -> None:
    def act(s: Scripted) -> object:
        return s.buy_bracket(
            size=5,
            exectype=bt.Order.Market,
            stopprice=50.0,
            limitprice=500.0,
            limitargs={"valid": timedelta(days=2)},
        )

    cls = scripted({0: act})
    record = played(cls)
    assert [item.status for item in record.orders] == [
        OrderStatus.FILLED,
        OrderStatus.CANCELLED,
        OrderStatus.EXPIRED,
    ]
    assert (3, "Limit", "Expired") in cls.told


def test_a_child_of_a_dead_parent_is_rejected() -> None:
    made: list[bt.Order] = []

    def orphan(s: Scripted) -> object:
        return s.sell(exectype=bt.Order.Stop, price=50.0, size=1, parent=made[0])

    cls = scripted({0: lambda s: made.append(s.buy(size=1)), 3: orphan})
    played(cls)
    assert cls.seen[1].getstatusname() == "Rejected"


def test_open_orders_are_those_that_live() -> None:
    cls = scripted(
        {
            0: lambda s: (s.buy(size=1), s.buy(exectype=bt.Order.Limit, price=50.0)),
            2: lambda s: [order.getordername() for order in s.broker.get_orders_open()],
        }
    )
    played(cls)
    assert cls.seen[1] == ["Limit"]


# what cannot come along --------------------------------------------------------------------


def _later(first: Act, then: Callable[[Scripted, Any], object]) -> dict[int, Act]:
    made: list[Any] = []
    return {0: lambda s: made.append(first(s)), 2: lambda s: then(s, made[0])}


def _resting(s: Scripted) -> Any:
    return s.buy(exectype=bt.Order.Limit, price=50.0, size=2)


STOPPED = [
    (
        {0: lambda s: s.buy_bracket(size=1, stopprice=90, price=100, stopexec=bt.Order.StopLimit)},
        "StopLimit order inside a bracket",
    ),
    (
        {
            0: lambda s: s.sell(
                size=2,
                exectype=bt.Order.Stop,
                price=90,
                parent=s.buy(size=1, transmit=False),
            )
        },
        "2 for a parent of 1",
    ),
    (
        {0: lambda s: s.buy(size=1, parent=s.buy(size=1, transmit=False))},
        "is a buy of AAA",
    ),
    (
        {
            0: lambda s: s.buy(
                exectype=bt.Order.StopTrailLimit, trailamount=5, price=110, plimit=105
            )
        },
        "plimit=105",
    ),
    ({0: lambda s: s.buy(exectype=bt.Order.StopTrail)}, "without a distance"),
    (
        {
            0: lambda s: s.buy_bracket(
                size=1, price=100, stopprice=90, stopexec=bt.Order.Limit, limitprice=120
            )
        },
        "a second Limit order",
    ),
    ({0: lambda s: s.buy(exectype=bt.Order.Historical, price=90)}, "a Historical order"),
    (
        _later(_resting, lambda s, o: s.sell(size=2, price=90, exectype=bt.Order.Stop, parent=o)),
        "parent that has left already",
    ),
    (_later(_resting, lambda s, o: s.buy(size=2, oco=o)), "oco= names an order that has left"),
]


@pytest.mark.parametrize(("script", "problem"), STOPPED, ids=[p for _, p in STOPPED])
def test_what_cannot_come_along_is_said(script: dict[int, Act], problem: str) -> None:
    assert problem in stopped(script)


def test_a_timer_that_cheats_is_refused() -> None:
    class Cheat(bt.Strategy):
        def __init__(self) -> None:
            self.add_timer(when=time(9, 30), cheat=True)

    error = run(adopted(Cheat), [bars_of(RISING)], free()).error
    assert "cheat=True" in error
