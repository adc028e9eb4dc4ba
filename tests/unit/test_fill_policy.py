"""Every axis of the fill policy: prices worked out by hand, one assumption at a time."""

from __future__ import annotations

import pytest

from framework.brokers.simulated.policy import FillPolicy
from framework.components.commission import PerShare
from framework.components.slippage import FixedSlippage, PercentSlippage
from framework.domain.orders import (
    Order,
    OrderStatus,
    Origin,
    Side,
    TimeInForce,
)
from tests.builders import (
    Market,
    Row,
    bars_of,
    bracket_of,
    five_minutes,
    mirrored,
    order_of,
)

START: Row = (100, 100, 100, 100)
MARKET = order_of("market")
LIMIT = order_of("limit", limit=98)
STOP = order_of("stop", stop=102)


# every axis of the policy ------------------------------------------------------------------


def bracket_trades(policy: FillPolicy, entry: Order, rows: list[Row]) -> list[tuple[str, int]]:
    market = Market(bars_of([START, *rows]), policy=policy)
    market.step()
    market.submit(*bracket_of(entry, 95, 105))
    market.step(len(rows))
    return [(name, bar) for name, bar, _, _ in market.trades()]


HIGH_FIRST: Row = (100, 105.5, 94, 95)
LOW_FIRST: Row = (100, 110, 94, 101)
QUIET: Row = (100, 101, 99, 100)

INTRABAR = [
    ("pessimistic", MARKET, [HIGH_FIRST], [("o1", 1), ("o1.sl", 1)]),
    ("pessimistic", MARKET, [LOW_FIRST], [("o1", 1), ("o1.sl", 1)]),
    ("path", MARKET, [HIGH_FIRST], [("o1", 1), ("o1.tp", 1)]),
    ("path", MARKET, [LOW_FIRST], [("o1", 1), ("o1.sl", 1)]),
    ("next_bar", MARKET, [LOW_FIRST, QUIET], [("o1", 1)]),
    ("next_bar", MARKET, [QUIET, HIGH_FIRST], [("o1", 1), ("o1.sl", 2)]),
    ("next_bar", MARKET, [QUIET, (106, 107, 94, 100)], [("o1", 1), ("o1.tp", 2)]),
    # low first: the limit at 98 fills on the way down, then the stop at 95 on the same way
    ("path", LIMIT, [LOW_FIRST], [("o1", 1), ("o1.sl", 1)]),
    # high first to 105.5, then down through 98 and 95, close 95: the target was passed before
    ("path", LIMIT, [HIGH_FIRST], [("o1", 1), ("o1.sl", 1)]),
    # down to 97 first (entry at 98), up to 106: target
    ("path", LIMIT, [(100, 106, 97, 101)], [("o1", 1), ("o1.tp", 1)]),
    # up to 102 first is nearer? 2 up, 4 down: entry 102 on the way up, then the low 96, no stop
    ("path", STOP, [(100, 102, 96, 97)], [("o1", 1)]),
    # the low comes first, before the stop entry at 102: its stop loss is not reached afterwards
    ("path", STOP, [(100, 108, 94, 103)], [("o1", 1), ("o1.tp", 1)]),
]


@pytest.mark.parametrize(("intrabar", "entry", "rows", "expected"), INTRABAR)
def test_intrabar(
    intrabar: str, entry: Order, rows: list[Row], expected: list[tuple[str, int]]
) -> None:
    assert bracket_trades(FillPolicy(intrabar=intrabar), entry, rows) == expected  # type: ignore[arg-type]


def test_intrabar_path_on_the_way_back_from_the_far_extreme() -> None:
    """Open 100, low 99.8, high 106, close 99.9: entry at 104 on the way up, stop at 103 down."""
    market = Market(bars_of([START, (100, 106, 99.8, 99.9)]), policy=FillPolicy(intrabar="path"))
    market.step()
    market.submit(*bracket_of(order_of("stop", stop=104), 103, 107))
    market.step()
    assert market.trades() == [("o1", 1, 10.0, 104.0), ("o1.sl", 1, -10.0, 103.0)]


def test_intrabar_finer_bars_decide() -> None:
    whole = bars_of([START, (100, 106, 94, 101)])
    up_then_down = five_minutes(
        [START, START, (100, 106, 99, 105), (105, 105, 94, 101)], per_session=2
    )
    down_then_up = five_minutes(
        [START, START, (100, 101, 94, 95), (95, 106, 95, 101)], per_session=2
    )
    for finer, expected in ((up_then_down, "o1.tp"), (down_then_up, "o1.sl")):
        market = Market(whole, policy=FillPolicy(intrabar="finer"), finer={"AAA": finer})
        market.step()
        market.submit(*bracket_of(order_of("market", tif=TimeInForce.DAY), 95, 105))
        market.step()
        assert [t[0] for t in market.trades()] == ["o1", expected]


def test_children_of_market_entries_only() -> None:
    policy = FillPolicy(children="market_entries")
    assert bracket_trades(policy, MARKET, [(100, 106, 96, 101)]) == [("o1", 1), ("o1.tp", 1)]
    dips = [(100, 101, 94, 96), QUIET, (100, 101, 94, 96)]
    assert bracket_trades(policy, LIMIT, dips) == [("o1", 1), ("o1.sl", 3)]
    assert bracket_trades(FillPolicy(), LIMIT, dips) == [("o1", 1), ("o1.sl", 1)]


def test_queue_open_first_or_as_submitted() -> None:
    """A limit to sell at 99, submitted before a market order to buy; the bar opens at 98."""
    for queue, expected in (("open_first", ["buy", "sell"]), ("submission", ["sell", "buy"])):
        policy = FillPolicy(queue=queue)  # type: ignore[arg-type]
        market = Market(bars_of([START, (98, 101, 97, 100)]), policy=policy)
        market.step()
        market.submit(order_of("limit", Side.SELL, id="sell", limit=99))
        market.submit(order_of("market", id="buy"))
        market.step()
        assert [t[0] for t in market.trades()] == expected


def test_exits_first() -> None:
    """Long 10 and, at the same open, an entry submitted before the exit."""
    for first, expected in ((True, ["out", "in"]), (False, ["in", "out"])):
        market = Market(bars_of([START, QUIET, QUIET]), policy=FillPolicy(exits_first=first))
        market.step()
        market.submit(order_of("market", id="start"))
        market.step()
        market.submit(order_of("market", id="in"))
        market.submit(order_of("market", Side.SELL, id="out", origin=Origin.CLOSE))
        market.step()
        assert [t[0] for t in market.trades()] == ["start", *expected]


def test_gap_slip() -> None:
    """A stop gapped at the open slips unless the policy says not; one met in the bar always."""
    gap: list[Row] = [START, (107, 109, 104, 108)]
    inside: list[Row] = [START, (100, 109, 99, 108)]
    for rows, slips, price in ((gap, True, 108), (gap, False, 107), (inside, False, 106)):
        market = Market(
            bars_of(rows), policy=FillPolicy(gap_slip=slips), slippage=FixedSlippage(1.0)
        )
        market.step()
        market.submit(order_of("stop", stop=105))
        market.step()
        assert market.trades()[0][3] == price


@pytest.mark.parametrize(
    ("cap", "row", "price"),
    [
        ("none", (100, 100.5, 99, 100), 102),
        ("range", (100, 100.5, 99, 100), 100.5),
        ("range", (100, 103, 99, 100), 102),
        ("range", (100, 100, 100, 100), 100),
    ],
)
def test_slip_cap(cap: str, row: Row, price: float) -> None:
    for side, rows, wanted in (
        (Side.BUY, [START, row], price),
        (Side.SELL, mirrored([START, row]), 200 - price),
    ):
        market = Market(
            bars_of(rows),
            policy=FillPolicy(slip_cap=cap),  # type: ignore[arg-type]
            slippage=FixedSlippage(2.0),
        )
        market.step()
        market.submit(order_of("market", side))
        market.step()
        assert market.trades()[0][3] == wanted


def test_trade_on_close_fills_at_the_decision_close() -> None:
    rows: list[Row] = [START, (110, 112, 108, 111)]
    for cap in ("none", "range"):
        policy = FillPolicy(trade_on_close=True, slip_cap=cap)  # type: ignore[arg-type]
        market = Market(bars_of(rows), policy=policy)
        market.step()
        market.submit(order_of("market", id="m"))
        market.submit(order_of("limit", id="l", limit=109))
        market.step()
        assert market.trades() == [("m", 0, 10.0, 100.0), ("l", 1, 10.0, 109.0)]


@pytest.mark.parametrize(
    ("fills", "low", "bar", "touch"),
    [("touch", 95, 1, True), ("through", 95, None, False), ("through", 94.99, 1, False)],
)
@pytest.mark.parametrize("intrabar", ["pessimistic", "path"])
def test_limit_fill(fills: str, low: float, bar: int | None, touch: bool, intrabar: str) -> None:
    policy = FillPolicy(limit_fill=fills, intrabar=intrabar)  # type: ignore[arg-type]
    rows: list[Row] = [START, (100, 101, low, 97)]
    for side, bars, price in ((Side.BUY, rows, 95.0), (Side.SELL, mirrored(rows), 105.0)):
        market = Market(bars_of(bars), policy=policy)
        market.step()
        market.submit(order_of("limit", side, limit=price))
        market.step()
        assert market.trades() == ([] if bar is None else [("o1", 1, side * 10.0, price)])
        assert [fill.touch for fill in market.fills] == ([] if bar is None else [touch])


def test_stop_limit_gap() -> None:
    """Stop 105, limit 108, open 107: filled there, or at the stop as if there were no gap."""
    rows: list[Row] = [START, (107, 109, 104, 108)]
    for gap, queue, price in (
        ("open", "open_first", 107),
        ("open", "submission", 107),
        ("stop", "submission", 105),
    ):
        policy = FillPolicy(stop_limit_gap=gap, queue=queue)  # type: ignore[arg-type]
        market = Market(bars_of(rows), policy=policy)
        market.step()
        market.submit(order_of("stop_limit", stop=105, limit=108))
        market.step()
        assert market.trades()[0][3] == price


def test_stop_limit_gap_at_the_stop_means_the_same_in_every_queue() -> None:
    rows: list[Row] = [START, (107, 109, 104, 108)]
    market = Market(bars_of(rows), policy=FillPolicy(stop_limit_gap="stop"))
    market.step()
    market.submit(order_of("stop_limit", stop=105, limit=108))
    market.step()
    assert market.trades()[0][3] == 105


def test_fee_per_order_or_per_lot() -> None:
    """Two lots of 10 closed by one order of 20 at 0.01 a share, at least 1: 1 once, or 1 a lot."""
    fee = PerShare(0.01, minimum=1.0)
    for per, expected in (("order", [1.0, 1.0, 1.0]), ("lot", [1.0, 1.0, 1.0, 1.0])):
        market = Market(
            bars_of([START, QUIET, QUIET, QUIET]),
            policy=FillPolicy(fee_per=per),  # type: ignore[arg-type]
            commission=fee,
        )
        market.step()
        market.submit(order_of("market", id="a"))
        market.step()
        market.submit(order_of("market", id="b"))
        market.step()
        market.submit(order_of("market", Side.SELL, 20.0, id="c"))
        market.step()
        assert market.fees == expected


def test_fees_of_an_order_that_fills_in_parts_are_those_of_the_whole() -> None:
    """The reversal 10 long -> 10 short under slippage on entries is two fills of one order of 20
    shares: 1 for the order, not 1 for each."""
    market = Market(
        bars_of([START, QUIET, QUIET]),
        policy=FillPolicy(slippage_on="entries"),
        commission=PerShare(0.01, minimum=1.0),
        slippage=FixedSlippage(0.5),
    )
    market.step()
    market.submit(order_of("market", id="a"))
    market.step()
    market.submit(order_of("market", Side.SELL, 20.0, id="b"))
    market.step()
    assert market.trades()[1:] == [("b", 2, -10.0, 100.0), ("b", 2, -10.0, 99.5)]
    assert market.fees == [1.0, 1.0, 0.0]


def test_slippage_on_entries() -> None:
    """What opens slips, limits included; what closes does not, stops included."""
    policy = FillPolicy(slippage_on="entries")
    rows: list[Row] = [START, (100, 101, 97, 98), (98, 99, 94, 95)]
    market = Market(bars_of(rows), policy=policy, slippage=FixedSlippage(0.5))
    market.step()
    market.submit(*bracket_of(order_of("limit", limit=98), 95))
    market.step(2)
    assert market.trades() == [("o1", 1, 10.0, 98.5), ("o1.sl", 2, -10.0, 95.0)]


def test_sizing_at_the_fill() -> None:
    """Half of 10,000 free at an open of 50 is 100; what rests is then 5,000."""
    policy = FillPolicy(sizing="fill", cash_check="fill")
    bars = bars_of([START, (50, 51, 49, 50), (50, 51, 49, 50)])
    market = Market(bars, policy=policy, cash=10_000.0)
    market.step()
    market.submit(order_of("market", quantity=0.0, fraction=0.5))
    market.step()
    assert market.trades() == [("o1", 1, 100.0, 50.0)]
    market.submit(order_of("market", quantity=0.0, fraction=0.5, id="o2"))
    market.step()
    assert market.trades()[1] == ("o2", 2, 50.0, 50.0)


def test_sizing_at_the_fill_counts_slippage_and_fees() -> None:
    """9,999 / (50 + 0.5 + fee of a share): 0.10 each makes 50.6, so 197 units."""
    market = Market(
        bars_of([START, (50, 51, 49, 50)]),
        policy=FillPolicy(sizing="fill", cash_check="fill"),
        cash=9_999.0,
        slippage=PercentSlippage(1.0),
        commission=PerShare(0.10),
    )
    market.step()
    market.submit(order_of("market", quantity=0.0, fraction=0.9999999))
    market.step()
    assert market.trades() == [("o1", 1, 197.0, 50.5)]
    assert market.broker.book().cash >= 0.0


def test_sized_at_the_fill_to_nothing_is_a_rejection_that_says_so() -> None:
    market = Market(
        bars_of([START, (50, 51, 49, 50)]),
        policy=FillPolicy(sizing="fill", cash_check="fill"),
        cash=30.0,
    )
    market.step()
    market.submit(*bracket_of(order_of("market", quantity=0.0, fraction=0.5), 40, 60))
    market.step()
    assert market.trades() == []
    assert market.last("o1").status is OrderStatus.REJECTED
    assert market.last("o1").reason
    assert market.path("o1.sl") == ["held", "cancelled"]


def test_cash_check_at_the_fill() -> None:
    """100 x 100 = 10,000 was affordable at the decision, 100 x 101 is not at the fill."""
    for check, expected in (("fill", []), ("door", [("o1", 1, 100.0, 101.0)])):
        market = Market(
            bars_of([START, (101, 102, 100, 101)]),
            policy=FillPolicy(cash_check=check),  # type: ignore[arg-type]
            cash=10_000.0,
        )
        market.step()
        market.submit(order_of("market", quantity=100.0))
        market.step()
        assert market.trades() == expected
        if check == "fill":
            assert market.last("o1").status is OrderStatus.REJECTED


def test_cash_check_at_the_fill_never_stops_an_exit() -> None:
    market = Market(
        bars_of([START, QUIET, QUIET]), policy=FillPolicy(cash_check="fill"), cash=1_050.0
    )
    market.step()
    market.submit(order_of("market", quantity=10.0))
    market.step()
    market.submit(order_of("market", Side.SELL, 30.0, id="o2"))
    market.step()
    assert market.trades() == [("o1", 1, 10.0, 100.0), ("o2", 2, -10.0, 100.0)]
    assert market.last("o2").reason
