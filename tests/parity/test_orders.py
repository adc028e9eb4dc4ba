"""Parity of single orders: each type, time in force, group, condition and algorithm of the README's
table, as a strategy writes it; in days, and in short bars that fill in parts."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from framework.backtest.run import run
from framework.backtest.settings import BacktestSettings
from framework.brokers.simulated.fidelity import ENTRIES
from framework.components.liquidity import FixedUnits
from framework.components.sizing import Shares
from framework.domain.bars import Bars
from framework.domain.conditions import (
    ExecutionCondition,
    MarginCondition,
    PercentChangeCondition,
    PriceCondition,
    TimeCondition,
    VolumeCondition,
    all_of,
    any_of,
)
from framework.domain.orders import Order, pct, points
from framework.domain.terms import (
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
from framework.strategy import Strategy
from tests.builders import Row, bars_of, five_minutes
from tests.parity.comparing import assert_equal, played_twice
from tests.parity.programs import as_listed

ROUND = 5
"""Bars from one order to the next; what is held is closed two bars before."""

Write = Callable[[Strategy, float], object]
"""Sends orders for AAA, whose last close it is given."""


def _when(*conditions: object, **how: bool) -> Terms:
    return Terms(conditions=all_of(*conditions, **how))  # type: ignore[arg-type]


def _pair(strategy: Strategy, close: float, kind: OcaType) -> None:
    terms = Terms(oca_type=kind)
    strategy.buy(10, limit=close * 0.99, oca="g", tif="GTC", terms=terms)
    strategy.buy(6, stop=close * 1.01, oca="g", tif="GTC", terms=terms)


def _changed(strategy: Strategy, close: float) -> None:
    order = strategy.buy(10, limit=close * 0.9, tif="GTC")
    assert isinstance(order, Order)
    strategy.modify(order, limit=close * 1.01, quantity=5)


WRITES: dict[str, Write] = {
    "market": lambda s, _: s.buy(10),
    "limit": lambda s, p: s.buy(10, limit=p * 0.99),
    "stop": lambda s, p: s.sell(10, stop=p * 0.99),
    "stop-limit": lambda s, p: s.sell(10, stop=p * 0.99, limit=p * 0.985),
    "trailing stop": lambda s, _: s.sell(10, trailing=pct(1), tif="GTC"),
    "trailing stop-limit": lambda s, _: s.sell(
        10, trailing=points(1), tif="GTC", terms=Terms(limit_offset=1)
    ),
    "market-if-touched": lambda s, p: s.buy(10, touch=p * 0.99),
    "limit-if-touched": lambda s, p: s.buy(10, touch=p * 0.99, limit=p * 0.98),
    "market- and limit-on-open": lambda s, p: (
        s.buy(10, at="open"),
        s.buy(5, limit=p * 0.99, at="open"),
    ),
    "market-on-close": lambda s, _: s.buy(10, at="close"),
    "limit-on-close": lambda s, p: s.buy(10, limit=p, at="close"),
    "pegged to midpoint": lambda s, _: s.buy(10, terms=Terms(peg=Peg.MID, exchange="NASDAQ")),
    "pegged to best": lambda s, _: s.buy(10, terms=Terms(peg=Peg.BEST, peg_offset=0.01)),
    "relative": lambda s, _: s.buy(10, terms=Terms(peg=Peg.PRIMARY, peg_offset=0.02)),
    "day": lambda s, p: s.buy(10, limit=p * 0.97),
    "good till cancelled": lambda s, p: s.buy(10, limit=p * 0.97, tif="GTC"),
    "good till date": lambda s, p: s.buy(
        10, limit=p * 0.97, terms=Terms(good_till=s.now + timedelta(days=2))
    ),
    "immediate or cancel": lambda s, _: s.buy(10, tif="IOC"),
    "fill or kill": lambda s, p: s.buy(10, limit=p * 1.01, tif="FOK"),
    "outside regular hours": lambda s, p: s.buy(
        10, limit=p * 0.99, terms=Terms(outside_hours=True)
    ),
    "bracket": lambda s, _: s.buy(10, stop_loss=pct(1), take_profit=points(1)),
    "one cancels all": lambda s, p: _pair(s, p, OcaType.CANCEL),
    "one reduces all": lambda s, p: _pair(s, p, OcaType.REDUCE),
    "one reduces all, unblocked": lambda s, p: _pair(s, p, OcaType.REDUCE_UNBLOCKED),
    "price": lambda s, p: s.buy(10, tif="GTC", terms=_when(PriceCondition("BBB", 100.0))),
    "time": lambda s, _: s.buy(
        10, tif="GTC", terms=_when(TimeCondition(s.now + timedelta(minutes=10)))
    ),
    "volume": lambda s, _: s.buy(10, tif="GTC", terms=_when(VolumeCondition("BBB", 90))),
    "percent change": lambda s, _: s.buy(
        10, tif="GTC", terms=_when(PercentChangeCondition("BBB", -1, above=False))
    ),
    "margin": lambda s, _: s.buy(10, tif="GTC", terms=_when(MarginCondition(50))),
    "execution": lambda s, _: (
        s.buy(5),
        s.buy(10, tif="GTC", terms=_when(ExecutionCondition("AAA"))),
    ),
    "and, or": lambda s, p: s.buy(
        10,
        tif="GTC",
        terms=Terms(
            conditions=any_of(PriceCondition("BBB", 103.0), PriceCondition("AAA", p, above=False))
        ),
    ),
    "cancel instead": lambda s, p: s.buy(
        10, limit=p * 0.97, tif="GTC", terms=_when(PriceCondition("AAA", p * 1.01), cancels=True)
    ),
    "ignore hours": lambda s, p: s.buy(
        10, tif="GTC", terms=_when(PriceCondition("AAA", p), ignore_hours=True)
    ),
    "TWAP": lambda s, _: s.buy(10, terms=Terms(algo=Twap(allow_past_end=True))),
    "VWAP": lambda s, _: s.buy(10, terms=Terms(algo=Vwap(max_percent=10))),
    "percent of volume": lambda s, _: s.buy(10, terms=Terms(algo=PercentOfVolume(10))),
    "Adaptive": lambda s, _: s.buy(10, terms=Terms(algo=Adaptive(Patience.PATIENT))),
    "scale": lambda s, p: s.buy(10, limit=p, tif="GTC", terms=Terms(scale=Scale(4, 0.5, 3))),
    "modify": _changed,
    "routing": lambda s, _: s.buy(10, terms=Terms(exchange="NYSE")),
}


def _strategy(write: Write) -> type[Strategy]:
    class Writes(Strategy):
        universe = True
        seen = 0

        def on_bar(self) -> None:
            self.seen += 1
            if self.seen % ROUND == 1:
                write(self, float(self.data["AAA"].close[-1]))
            elif self.seen % ROUND == ROUND - 1:
                self.close("AAA")

    return Writes


def rows(seed: int) -> list[Row]:
    """A walk of some percent a bar, open and close within its range."""
    chance, close, found = random.Random(seed), 100.0, list[Row]()
    for _ in range(30):
        opening = close * (1.0 + chance.choice([0.0, 0.004, -0.004, 0.012, -0.012]))
        close = opening * (1.0 + chance.choice([0.01, -0.01, 0.02, -0.02]))
        high = max(opening, close) * (1.0 + chance.choice([0.0, 0.01]))
        low = min(opening, close) * (1.0 - chance.choice([0.0, 0.01]))
        found.append((round(opening, 2), round(high, 2), round(low, 2), round(close, 2)))
    return found


def _bars(kind: str) -> list[Bars]:
    made = []
    for seed, symbol in enumerate(("AAA", "BBB")):
        bars = (
            bars_of(rows(seed), symbol, volume=100.0)
            if kind == "days"
            else five_minutes(rows(seed), 10, symbol, volume=100.0)
        )
        made.append(as_listed(bars))
    return made


def test_every_order_of_the_table_is_written_here() -> None:
    assert set(WRITES) == {entry.name for entry in ENTRIES}


@pytest.mark.parametrize("kind", ["days", "minutes in parts"])
@pytest.mark.parametrize("name", WRITES)
def test_an_order_means_the_same_over_the_wire(name: str, kind: str) -> None:
    settings = BacktestSettings(sizer=Shares(10))
    if kind != "days":
        settings = replace(settings, liquidity=FixedUnits(4.0))
    backtest, session = played_twice(_strategy(WRITES[name]), _bars(kind), settings)
    assert backtest.orders
    assert not backtest.error
    assert_equal(backtest, session)


def test_every_order_trades_somewhere_here() -> None:
    idle = {
        name
        for name, write in WRITES.items()
        if not any(
            run(_strategy(write), _bars(kind), BacktestSettings()).fills
            for kind in ("days", "minutes")
        )
    }
    assert idle == set()
