"""Algos over bars: TWAP, VWAP, percent of volume and Adaptive, part by part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np
import pytest

from framework.brokers.simulated.algos import Work, price_of, spread_share, units_of
from framework.brokers.simulated.policy import FillPolicy
from framework.components.slippage import FixedSlippage
from framework.domain.bars import Bars
from framework.domain.instruments import Instrument
from framework.domain.orders import Order, Side, TimeInForce
from framework.domain.terms import Adaptive, Algo, Patience, PercentOfVolume, Terms, Twap, Vwap
from tests.builders import Market, Row, bars_of, bracket_of, five_minutes, order_of

ROW: Row = (100, 104, 96, 101)
MEAN = 100.25
"""(O + H + L + C) / 4"""
TYPICAL = (104 + 96 + 101) / 3
UNCAPPED = Vwap(max_percent=None)
PER_SESSION = 7
"""Bars of a session: one in which the order is made, and six to work in."""


@dataclass(frozen=True)
class Cap:
    most: float

    def units(
        self, instrument: Instrument, price: float, high: float, low: float, volume: float
    ) -> float:
        return self.most


def session(volumes: Sequence[float] | None = None, lot: float = 1.0, sessions: int = 2) -> Bars:
    bars = five_minutes([ROW] * PER_SESSION * sessions, PER_SESSION, lot=lot)
    if volumes is None:
        return bars
    rest = [volumes[-1]] * (len(bars) - 1 - len(volumes))
    return replace(bars, volume=np.array([1e6, *volumes, *rest]))


def worked(algo: Algo, quantity: float = 60.0, side: Side = Side.BUY, **named: object) -> Order:
    kind = "limit" if "limit" in named else "market"
    return order_of(kind, side, quantity, terms=Terms(algo=algo), **named)  # type: ignore[arg-type]


def at(row: int) -> datetime:
    return datetime.fromtimestamp(int(session().close_time[row]) // 10**9, UTC)


def parts(market: Market, name: str = "o1") -> list[tuple[int, float]]:
    return [(bar, abs(units)) for who, bar, units, _ in market.trades() if who == name]


def from_one(*units: float) -> list[tuple[int, float]]:
    """Parts in bar 1, 2, 3 ..., empty ones left out."""
    return [(bar, u) for bar, u in enumerate(units, start=1) if u]


OVER = "its window is over"
UNKNOWN = "its window is over, and no bar in it showed a volume"
SINGLE = "a single bar is left of its window: use shorter bars or a later end"

# name, order, volumes from bar 1 on, parts from bar 1 on, reason it ended for (empty: filled)
SLICES = [
    ("twap, equal parts", worked(Twap()), None, [10] * 6, ""),
    ("twap, whole lots, early rather than late", worked(Twap(), 10), None, [2, 2, 2, 2, 1, 1], ""),
    ("twap, fewer lots than bars", worked(Twap(), 3), None, [1, 1, 1], ""),
    ("twap from a start", worked(Twap(start=at(3))), None, [0, 0, 0, 20, 20, 20], ""),
    ("twap to an end", worked(Twap(end=at(3))), None, [20, 20, 20], ""),
    (
        "twap to an end between two bars",
        worked(Twap(end=at(4).replace(minute=49))),
        None,
        [20] * 3,
        "",
    ),
    ("twap in a window", worked(Twap(at(1), at(4))), None, [0, 20, 20, 20], ""),
    ("twap in a window of one bar", worked(Twap(at(3), at(4))), None, [], SINGLE),
    ("twap in a window that is over", worked(Twap(end=at(0))), None, [], OVER),
    ("twap knows no volume", worked(Twap()), [0.0], [10] * 6, ""),
    ("vwap, even volume", worked(UNCAPPED), [100.0], [10] * 6, ""),
    # 60 x 100/600; 50 x 200/(200 + 4 x 150); 37 x 300/(300 + 3 x 200); 24 x 200/(200 + 2 x 200);
    # 16 x 100/(100 + 180); the rest
    (
        "vwap, in step with the volume",
        worked(UNCAPPED),
        [100, 200, 300, 200, 100, 50],
        [10, 13, 13, 8, 6, 10],
        "",
    ),
    ("vwap, equal parts without volumes", worked(UNCAPPED), [0.0], [10] * 6, ""),
    # 60 x 100/600; none; 50 x 100/(100 + 3 x 200/3); none; 33 x 100/(100 + 300/5); none
    (
        "vwap, nothing in a bar nobody traded in",
        worked(UNCAPPED, tif=TimeInForce.DAY),
        [100, 0, 100, 0, 100, 0],
        [10, 0, 17, 0, 21, 0],
        OVER,
    ),
    ("vwap, no more than its percent", worked(Vwap(max_percent=10.0)), [55.0], [5] * 6, OVER),
    # 5; 5; 50 x 1000/(1000 + 3 x 1100/3); 26 x 1000/(1000 + 2 x 2100/4); 13 x 1000/1620; the rest
    (
        "vwap, its percent where the volume is low",
        worked(Vwap(max_percent=10.0)),
        [50, 50, 1000, 1000, 1000, 1000],
        [5, 5, 24, 13, 9, 4],
        "",
    ),
    ("vwap with a percent, no volumes", worked(Vwap()), [0.0], [], UNKNOWN),
    ("percent of volume", worked(PercentOfVolume(10.0)), [100.0], [10] * 6, ""),
    # 10 % of 55, 110, 165 ... volume seen, rounded down
    ("its fractions add up", worked(PercentOfVolume(10.0)), [55.0], [5, 6, 5, 6, 5, 6], OVER),
    ("small bars add up", worked(PercentOfVolume(10.0)), [4.0], [0, 0, 1, 0, 1, 0], OVER),
    ("no more than is wanted", worked(PercentOfVolume(50.0)), [100.0], [50, 10], ""),
    (
        "percent of volume in a window",
        worked(PercentOfVolume(10.0, at(2), at(4))),
        [100.0],
        [0, 0, 10, 10],
        OVER,
    ),
    ("a large bar gives half at most", worked(PercentOfVolume()), [1e6], [30, 30], ""),
    ("percent of no volume", worked(PercentOfVolume(10.0)), [0.0], [], UNKNOWN),
    ("adaptive urgent", worked(Adaptive(Patience.URGENT), 16), None, [8, 8], ""),
    ("adaptive normal", worked(Adaptive(), 16), None, [4] * 4, ""),
    (
        "adaptive patient, as long as there is",
        worked(Adaptive(Patience.PATIENT), 12),
        None,
        [2] * 6,
        "",
    ),
]


POLICIES = {
    "pessimistic": FillPolicy(),
    "next_bar": FillPolicy(intrabar="next_bar"),
    "path": FillPolicy(intrabar="path"),
    "submission": FillPolicy(queue="submission"),
}


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("side", list(Side), ids=lambda side: side.name)
@pytest.mark.parametrize(
    ("order", "volumes", "units", "reason"), [c[1:] for c in SLICES], ids=[c[0] for c in SLICES]
)
def test_the_parts_of_an_algo(
    order: Order,
    volumes: list[float] | None,
    units: list[float],
    reason: str,
    side: Side,
    policy: str,
) -> None:
    market = Market(session(volumes), policy=POLICIES[policy])
    market.step()
    market.submit(replace(order, side=side))
    market.step(12)
    assert parts(market) == from_one(*units)
    assert len(units) != 1, "never whole in one bar"
    last = market.last("o1")
    assert (str(last.status), last.reason) == ("expired" if reason else "filled", reason)


@pytest.mark.parametrize("algo", [Twap(), UNCAPPED, Adaptive(), PercentOfVolume()])
def test_on_daily_bars_the_session_is_one_bar_and_nothing_trades(algo: Algo) -> None:
    market = Market(bars_of([ROW] * 3))
    market.step()
    market.submit(worked(algo))
    market.step(2)
    assert market.trades() == []
    assert market.last("o1").reason == SINGLE


def test_over_several_daily_bars_it_needs_an_end() -> None:
    end = datetime(2020, 2, 27, 21, tzinfo=UTC)
    market = Market(bars_of([ROW] * 6))
    market.step()
    market.submit(worked(Twap(end=end)))
    market.step(5)
    assert parts(market) == [(1, 20.0), (2, 20.0), (3, 20.0)]


def test_a_lot_is_not_split() -> None:
    market = Market(session(lot=25.0))
    market.step()
    market.submit(worked(Twap(), 100.0))
    market.step(6)
    assert parts(market) == from_one(25, 25, 25, 25)


# limits, liquidity and the end ----------------------------------------------------------------


@pytest.mark.parametrize("side", list(Side), ids=lambda side: side.name)
def test_a_limit_sits_out_the_bars_it_does_not_allow(side: Side) -> None:
    """Bars 2 and 3 trade 10 away; what was left out is made up for in bars 4, 5, 6."""
    far = 10.0 * side
    rows = [ROW] * 2 + [tuple(p + far for p in ROW)] * 2 + [ROW] * 10  # type: ignore[list-item]
    market = Market(five_minutes(rows, PER_SESSION), slippage=FixedSlippage(0.5))
    market.step()
    market.submit(worked(Twap(), side=side, limit=100.0 + side))
    market.step(6)
    assert parts(market) == [(1, 10), (4, 17), (5, 17), (6, 16)]
    assert {fill.price for fill in market.fills} == {MEAN}, "a limit order pays no slippage"


def test_a_bar_sat_out_does_not_count_as_volume_seen() -> None:
    rows = [ROW] * 2 + [(110.0, 114.0, 106.0, 111.0)] * 2 + [ROW] * 10
    bars = five_minutes(rows, PER_SESSION)
    market = Market(replace(bars, volume=np.full(len(bars), 100.0)))
    market.step()
    market.submit(worked(PercentOfVolume(10.0), limit=101.0))
    market.step(6)
    assert parts(market) == [(1, 10), (4, 10), (5, 10), (6, 10)]


@pytest.mark.parametrize(
    ("algo", "units"),
    [
        (Twap(end=at(4)), [6, 6, 6, 6]),
        (Twap(end=at(4), allow_past_end=True), [6] * 6),
        (replace(UNCAPPED, end=at(4)), [6, 6, 6, 6]),
        (replace(UNCAPPED, end=at(4), allow_past_end=True), [6] * 6),
    ],
)
def test_what_is_left_at_the_end(algo: Algo, units: list[float]) -> None:
    """Six units a bar are too few for 60 in four bars; past the end there is the session's rest."""
    market = Market(session([100.0]), liquidity=Cap(6.0))
    market.step()
    market.submit(worked(algo))
    market.step(12)
    assert parts(market) == from_one(*units)
    assert market.path("o1") == ["working", "partial", "expired"]
    assert market.last("o1").reason == OVER


def test_past_the_end_it_is_still_not_one_fill() -> None:
    """Kept out until its end by its limit, it spreads over the two bars left, not over one."""
    away: Row = (110.0, 114.0, 106.0, 111.0)
    rows = [ROW] + [away] * 4 + [ROW] * 9
    market = Market(five_minutes(rows, PER_SESSION))
    market.step()
    market.submit(worked(Twap(end=at(4), allow_past_end=True), limit=101.0))
    market.step(6)
    assert parts(market) == [(5, 30), (6, 30)]


def test_a_cap_on_the_bar_is_shared_with_other_orders() -> None:
    market = Market(session(), liquidity=Cap(12.0))
    market.step()
    market.submit(order_of("market", quantity=5.0, id="other"))
    market.submit(worked(Twap()))
    market.step(2)
    assert parts(market, "other") == [(1, 5)]
    assert parts(market) == [(1, 7), (2, 11)]  # 53 left over 5 bars


def test_a_good_till_date_ends_the_window() -> None:
    order = order_of(
        "market", quantity=60.0, tif=TimeInForce.GTD, terms=Terms(algo=Twap(), good_till=at(3))
    )
    market = Market(session())
    market.step()
    market.submit(order)
    market.step(6)
    assert parts(market) == from_one(20, 20, 20)


def test_finer_bars_do_not_cut_finer_parts() -> None:
    """The parts belong to the run's bars, whatever tells the order of prices inside them."""
    bars = session(sessions=1)
    finer = bars_of(
        [ROW] * 14,
        sessions=[0] * 14,
        minutes=[int(m) for m in np.arange(32.5, -2.5, -2.5)][:14],
        frame="1m",
    )
    times = np.sort(np.concatenate([bars.close_time, bars.close_time - 150 * 10**9]))
    finer = replace(finer, close_time=times)
    market = Market(bars, policy=FillPolicy(intrabar="finer"), finer={"AAA": finer})
    market.step()
    market.submit(worked(Twap()))
    market.step(6)
    assert parts(market) == from_one(*[10] * 6)


# prices ------------------------------------------------------------------------------------


@pytest.mark.parametrize("side", list(Side), ids=lambda side: side.name)
@pytest.mark.parametrize(
    ("algo", "reference", "share"),
    [
        (Twap(), MEAN, 1.0),
        (UNCAPPED, TYPICAL, 1.0),
        (Vwap(max_percent=None, no_take_liquidity=True), TYPICAL, 0.0),
        (PercentOfVolume(), TYPICAL, 1.0),
        (PercentOfVolume(no_take_liquidity=True), TYPICAL, 0.0),
        (Adaptive(Patience.URGENT), MEAN, 1.0),
        (Adaptive(Patience.NORMAL), MEAN, 0.5),
        (Adaptive(Patience.PATIENT), MEAN, 0.25),
    ],
)
def test_the_price_of_a_part(algo: Algo, reference: float, share: float, side: Side) -> None:
    market = Market(session(), slippage=FixedSlippage(0.4))
    market.step()
    market.submit(worked(algo, side=side))
    market.step()
    (fill,) = market.fills
    assert fill.reference == pytest.approx(reference)
    assert fill.price == pytest.approx(reference + side * share * 0.4)
    assert spread_share(algo) == share


@pytest.mark.parametrize("algo", [Twap(), UNCAPPED])
@pytest.mark.parametrize("price", [0.1, 1.1, 100.1, 33.33])
def test_the_price_of_a_flat_bar_is_its_price(algo: Algo, price: float) -> None:
    assert price_of(algo, price, price, price, price) == price


def test_without_a_grid_of_quantities_parts_are_exact() -> None:
    work = Work(10.0, 0.0, 4, 1, 100.0, 100.0, 0.0)
    assert units_of(Twap(), work) == 2.5
    assert units_of(PercentOfVolume(1.5), work) == 1.5


# what comes with it ------------------------------------------------------------------------


def test_protection_covers_each_part() -> None:
    market = Market(session())
    market.step()
    market.submit(*bracket_of(worked(Twap()), 90.0, 120.0))
    covered = []
    for _ in range(6):
        market.step()
        covered.append(market.last("o1.sl").order.quantity)
    assert covered == [10, 20, 30, 40, 50, 60]
    assert market.last("o1.tp").order.quantity == 60


def test_once_protection_has_sold_it_the_rest_is_not_bought() -> None:
    rows = [ROW] * 3 + [(92.0, 93.0, 88.0, 90.0)] + [ROW] * 10
    market = Market(five_minutes(rows, PER_SESSION))
    market.step()
    market.submit(*bracket_of(worked(Twap()), 90.0))
    market.step(6)
    assert market.trades()[:2] == [("o1", 1, 10.0, MEAN), ("o1", 2, 10.0, MEAN)]
    assert market.trades()[2:] == [("o1.sl", 3, -20.0, 90.0)]
    assert market.path("o1") == ["working", "partial", "cancelled"]
    assert market.broker.book().positions["AAA"].is_flat
