"""Where every kind of order fills: gap, touch and miss, both sides, prices worked out by hand.

Bar 0 is the decision, flat at 100. Tables are written for one side; the other side is the same
market upside down, every price p becoming 200 - p.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from framework.brokers.simulated.policy import FillPolicy
from framework.components.slippage import FixedSlippage
from framework.domain.orders import (
    Offset,
    Order,
    Side,
    pct,
    points,
)
from tests.builders import (
    Market,
    Row,
    bars_of,
    bracket_of,
    mirrored,
    order_of,
)

START: Row = (100, 100, 100, 100)


def upside_down(order: Order) -> Order:
    return replace(
        order,
        side=order.side.opposite,
        limit=None if order.limit is None else 200 - order.limit,
        stop=None if order.stop is None else 200 - order.stop,
    )


# name, order of a buyer, bars after the decision, (bar, price) of the fill, only just touched
SINGLE = [
    ("market at the next open", order_of("market"), [(103, 105, 99, 101)], (1, 103), False),
    ("market on a flat bar", order_of("market"), [(98, 98, 98, 98)], (1, 98), False),
    ("limit missed", order_of("limit", limit=95), [(100, 101, 95.01, 97)], None, False),
    ("limit touched", order_of("limit", limit=95), [(100, 101, 95, 97)], (1, 95), True),
    ("limit exceeded", order_of("limit", limit=95), [(100, 101, 90, 97)], (1, 95), False),
    ("limit, open is better", order_of("limit", limit=95), [(93, 96, 92, 95)], (1, 93), False),
    ("limit, open is it", order_of("limit", limit=95), [(95, 96, 95, 96)], (1, 95), True),
    ("limit above the market", order_of("limit", limit=108), [(103, 110, 99, 105)], (1, 103), 0),
    (
        "limit waits for a later bar",
        order_of("limit", limit=95),
        [(100, 101, 96, 97), (97, 98, 94, 95)],
        (2, 95),
        False,
    ),
    ("stop missed", order_of("stop", stop=105), [(100, 104.99, 99, 104)], None, False),
    ("stop touched", order_of("stop", stop=105), [(100, 105, 99, 101)], (1, 105), False),
    ("stop exceeded", order_of("stop", stop=105), [(100, 109, 99, 108)], (1, 105), False),
    ("stop gapped", order_of("stop", stop=105), [(107, 109, 104, 108)], (1, 107), False),
    ("stop, open is it", order_of("stop", stop=105), [(105, 109, 104, 108)], (1, 105), False),
    ("stop below the market", order_of("stop", stop=95), [(99, 101, 98, 100)], (1, 99), False),
    (
        "stop-limit missed",
        order_of("stop_limit", stop=105, limit=106),
        [(100, 104, 90, 101)],
        None,
        False,
    ),
    (
        "stop-limit touched",
        order_of("stop_limit", stop=105, limit=106),
        [(100, 105, 99, 101)],
        (1, 105),
        False,
    ),
    (
        "stop-limit gapped within its limit",
        order_of("stop_limit", stop=105, limit=106),
        [(105.5, 109, 105, 108)],
        (1, 105.5),
        False,
    ),
    (
        "stop-limit gapped beyond its limit",
        order_of("stop_limit", stop=105, limit=106),
        [(108, 110, 106.5, 109)],
        None,
        False,
    ),
    (
        "stop-limit gapped beyond, the bar comes back",
        order_of("stop_limit", stop=105, limit=106),
        [(108, 110, 105.5, 109)],
        (1, 106),
        False,
    ),
    (
        "stop-limit once triggered is a limit in later bars",
        order_of("stop_limit", stop=105, limit=106),
        [(108, 110, 107, 109), (109, 110, 106, 107)],
        (2, 106),
        True,
    ),
    (
        "stop-limit once triggered takes a better open",
        order_of("stop_limit", stop=105, limit=106),
        [(108, 110, 107, 109), (101, 102, 100, 101)],
        (2, 101),
        False,
    ),
    (
        "stop-limit with its limit on the other side waits for the next bar",
        order_of("stop_limit", stop=105, limit=104),
        [(100, 106, 99, 105), (105, 106, 103, 104)],
        (2, 104),
        False,
    ),
    (
        "stop-limit untriggered ignores its limit",
        order_of("stop_limit", stop=105, limit=106),
        [(100, 104, 90, 92), (92, 93, 91, 92)],
        None,
        False,
    ),
    ("trail missed", order_of("trail", trail=points(5)), [(100, 104.99, 98, 101)], None, False),
    ("trail touched", order_of("trail", trail=points(5)), [(100, 105, 98, 101)], (1, 105), False),
    ("trail gapped", order_of("trail", trail=points(5)), [(107, 109, 104, 108)], (1, 107), False),
    (
        "trail follows the close, not the extreme",
        order_of("trail", trail=points(5)),
        [(100, 101, 90, 96), (96, 100.99, 95, 97), (97, 101, 96, 99)],
        (3, 101),
        False,
    ),
    (
        "trail moves only after the bar has closed",
        order_of("trail", trail=points(5)),
        [(100, 104, 90, 90), (94, 94.5, 93, 94), (94, 95, 93, 94)],
        (3, 95),
        False,
    ),
    (
        "trail never moves back",
        order_of("trail", trail=points(5)),
        [(96, 97, 95, 96), (97, 100, 97, 100), (100, 101, 99, 100)],
        (3, 101),
        False,
    ),
]


@pytest.mark.parametrize("side", list(Side), ids=lambda side: side.name)
@pytest.mark.parametrize(
    ("order", "rows", "expected", "touch"), [c[1:] for c in SINGLE], ids=[c[0] for c in SINGLE]
)
def test_single_order(
    order: Order, rows: list[Row], expected: tuple[int, float] | None, touch: bool, side: Side
) -> None:
    if side is Side.SELL:
        order, rows = upside_down(order), mirrored(rows)
        expected = expected and (expected[0], 200 - expected[1])
    for policy in (FillPolicy(), FillPolicy(exits_first=False), FillPolicy(intrabar="next_bar")):
        market = Market(bars_of([START, *rows]), policy=policy)
        market.step()
        market.submit(order)
        assert not market.fills, "nothing fills inside submit"
        market.step(len(rows))
        if expected is None:
            assert market.trades() == []
            assert market.path("o1") == ["working"]
        else:
            assert market.trades() == [("o1", expected[0], side * 10.0, expected[1])]
            assert market.fills[0].touch == touch
            assert market.path("o1") == ["working", "filled"]


@pytest.mark.parametrize(
    ("order", "rows", "expected", "touch"), [c[1:] for c in SINGLE], ids=[c[0] for c in SINGLE]
)
@pytest.mark.parametrize("side", list(Side), ids=lambda side: side.name)
def test_single_order_along_the_path(
    order: Order, rows: list[Row], expected: tuple[int, float] | None, touch: bool, side: Side
) -> None:
    """One order alone fills at the same price whatever the order of prices inside the bar, but
    for a stop-limit whose limit lies before its stop: the path tells which came first."""
    if order.limit is not None and order.stop is not None and order.limit < order.stop:
        expected = (1, 104)  # open 100, low 99, high 106 (trigger), close 105: seen in the next bar
        rows = [(100, 106, 99, 103)]
    if side is Side.SELL:
        order, rows = upside_down(order), mirrored(rows)
        expected = expected and (expected[0], 200 - expected[1])
    market = Market(bars_of([START, *rows]), policy=FillPolicy(intrabar="path"))
    market.step()
    market.submit(order)
    market.step(len(rows))
    assert market.trades() == (
        [] if expected is None else [("o1", expected[0], side * 10.0, expected[1])]
    )


PERCENT_TRAIL = [
    # 5 % of 100 is 5; after a close at 120 the stop of a long is 114, at 80 that of a short 84
    (Side.SELL, [(100, 101, 95, 99)], (1, 95)),
    (Side.SELL, [(100, 121, 99, 120), (118, 119, 114, 116)], (2, 114)),
    (Side.SELL, [(100, 121, 99, 120), (118, 119, 114.01, 116)], None),
    (Side.BUY, [(100, 105, 99, 99)], (1, 105)),
    (Side.BUY, [(100, 101, 79, 80), (82, 84, 81, 83)], (2, 84)),
    (Side.BUY, [(100, 101, 79, 80), (82, 83.99, 81, 83)], None),
]


@pytest.mark.parametrize(("side", "rows", "expected"), PERCENT_TRAIL)
def test_percent_trail(side: Side, rows: list[Row], expected: tuple[int, float] | None) -> None:
    market = Market(bars_of([START, *rows]))
    market.step()
    market.submit(order_of("trail", side, trail=pct(5)))
    market.step(len(rows))
    assert market.trades() == (
        [] if expected is None else [("o1", expected[0], side * 10.0, expected[1])]
    )


# brackets ----------------------------------------------------------------------------------

MARKET = order_of("market")
LIMIT = order_of("limit", limit=98)
STOP = order_of("stop", stop=102)

# name, entry of a buyer, stop loss, target, bars, trades as (order, bar, price)
BRACKETS = [
    ("neither", MARKET, 95, 105, [(100, 104, 96, 101)], [("o1", 1, 100)]),
    ("stop only", MARKET, 95, 105, [(100, 104, 95, 101)], [("o1", 1, 100), ("o1.sl", 1, 95)]),
    ("target only", MARKET, 95, 105, [(100, 106, 96, 101)], [("o1", 1, 100), ("o1.tp", 1, 105)]),
    (
        "both reached in the entry's bar: the stop",
        MARKET,
        95,
        105,
        [(100, 106, 94, 101)],
        [("o1", 1, 100), ("o1.sl", 1, 95)],
    ),
    (
        "both reached in a later bar: the stop",
        MARKET,
        95,
        105,
        [(100, 101, 99, 100), (100, 106, 94, 101)],
        [("o1", 1, 100), ("o1.sl", 2, 95)],
    ),
    (
        "a later bar opens beyond the target and then falls to the stop: the target",
        MARKET,
        95,
        105,
        [(100, 101, 99, 100), (107, 108, 94, 101)],
        [("o1", 1, 100), ("o1.tp", 2, 107)],
    ),
    (
        "a later bar gaps through the stop",
        MARKET,
        95,
        105,
        [(100, 101, 99, 100), (93, 106, 92, 101)],
        [("o1", 1, 100), ("o1.sl", 2, 93)],
    ),
    (
        "the entry itself gaps below its stop",
        MARKET,
        95,
        105,
        [(94, 106, 93, 101)],
        [("o1", 1, 94), ("o1.sl", 1, 94)],
    ),
    ("entry missed, children sleep", LIMIT, 95, 105, [(100, 106, 98.5, 101)], []),
    (
        "limit entry, stop in its own bar",
        LIMIT,
        95,
        105,
        [(100, 101, 94, 96)],
        [("o1", 1, 98), ("o1.sl", 1, 95)],
    ),
    (
        "limit entry, target not in its own bar",
        LIMIT,
        95,
        105,
        [(100, 106, 97, 101), (101, 105, 100, 104)],
        [("o1", 1, 98), ("o1.tp", 2, 105)],
    ),
    (
        "stop entry, stop in its own bar",
        STOP,
        97,
        105,
        [(100, 103, 96, 103)],
        [("o1", 1, 102), ("o1.sl", 1, 97)],
    ),
    (
        "stop entry at the open, target in its own bar",
        STOP,
        97,
        105,
        [(102.5, 106, 99, 103)],
        [("o1", 1, 102.5), ("o1.tp", 1, 105)],
    ),
    (
        "stop loss beyond the entry at the open",
        STOP,
        101,
        None,
        [(100, 103, 99, 103)],
        [("o1", 1, 102), ("o1.sl", 1, 101)],
    ),
]


@pytest.mark.parametrize(
    "policy", [FillPolicy(), FillPolicy(exits_first=False)], ids=["exits first", "as submitted"]
)
@pytest.mark.parametrize("side", list(Side), ids=lambda side: side.name)
@pytest.mark.parametrize(
    ("entry", "stop", "target", "rows", "expected"),
    [c[1:] for c in BRACKETS],
    ids=[c[0] for c in BRACKETS],
)
def test_bracket(
    entry: Order,
    stop: float,
    target: float | None,
    rows: list[Row],
    expected: list[tuple[str, int, float]],
    side: Side,
    policy: FillPolicy,
) -> None:
    if side is Side.SELL:
        entry, rows, stop = upside_down(entry), mirrored(rows), 200 - stop
        target = None if target is None else 200 - target
        expected = [(name, bar, 200 - price) for name, bar, price in expected]
    market = Market(bars_of([START, *rows]), policy=policy)
    market.step()
    market.submit(*bracket_of(entry, stop, target))
    assert market.path("o1.sl") == ["held"]
    market.step(len(rows))
    assert [(name, bar, price) for name, bar, _, price in market.trades()] == expected
    done = {name for name, _, _ in expected}
    if "o1.sl" in done and target is not None:
        assert market.path("o1.tp") == ["held", "working", "cancelled"]
    if "o1.tp" in done:
        assert market.path("o1.sl") == ["held", "working", "cancelled"]
    if "o1" not in done:
        assert market.path("o1.sl") == ["held"]
    sign = {"o1": int(side)}
    assert [q for _, _, q, _ in market.trades()] == [
        10.0 * sign.get(name, -int(side)) for name, _, _ in expected
    ]


# A buy fills at 102 + 0.03 = 102.03: 4 away is 98.03, 10 % is 91.827, 5 % above is 107.1315.
# A sale fills at 101.97: 4 away is 105.97, 10 % is 112.167, 5 % below is 96.8715.
# A stop is rounded so that it triggers no earlier, a target so that it asks for no less.
OFFSETS = [
    (Side.BUY, points(4), None, [(102, 103, 98, 99)], "o1.sl", 98.03),
    (Side.BUY, pct(10), None, [(102, 103, 91, 92)], "o1.sl", 91.82),
    (Side.BUY, None, pct(5), [(102, 108, 101, 107)], "o1.tp", 107.14),
    (Side.SELL, points(4), None, [(102, 107, 101, 103)], "o1.sl", 105.97),
    (Side.SELL, pct(10), None, [(102, 113, 101, 112)], "o1.sl", 112.17),
    (Side.SELL, None, pct(5), [(102, 103, 96, 97)], "o1.tp", 96.87),
]


@pytest.mark.parametrize(("side", "stop", "target", "rows", "name", "price"), OFFSETS)
def test_distances_count_from_the_average_fill_and_are_rounded_to_the_tick(
    side: Side,
    stop: Offset | None,
    target: Offset | None,
    rows: list[Row],
    name: str,
    price: float,
) -> None:
    market = Market(bars_of([START, *rows]), slippage=FixedSlippage(0.03))
    market.step()
    market.submit(*bracket_of(order_of("market", side), stop, target))
    market.step()
    assert market.trades()[0][3] == pytest.approx(102 + side * 0.03)
    leave = market.fills[1]
    assert (leave.order.id, leave.reference) == (name, price)


def test_a_trailing_child_starts_from_the_fill_and_ratchets_on_closes() -> None:
    rows: list[Row] = [
        START,
        (102, 103, 98, 101),  # filled at 102, stop 97; best close 101 leaves it
        (101, 112, 97.01, 110),  # stop 105 from the next bar
        (109, 110, 105.01, 106),
        (106, 107, 104, 106),
    ]
    market = Market(bars_of(rows))
    market.step()
    market.submit(*bracket_of(order_of("market"), trail=points(5)))
    market.step(4)
    assert market.trades() == [("o1", 1, 10.0, 102.0), ("o1.tr", 4, -10.0, 105.0)]
