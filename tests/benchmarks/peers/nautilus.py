"""nautilus_trader: a BacktestEngine fed with external bars of last prices.

A strategy that sees a bar trades at that bar's close, not at the next open: it is compared on
prices without gaps, where the two are the same, and sends nothing at the last bar.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import partial

import nautilus_trader
from nautilus_trader.backtest.engine import BacktestEngine, BacktestEngineConfig
from nautilus_trader.config import LoggingConfig
from nautilus_trader.indicators import SimpleMovingAverage
from nautilus_trader.model.currencies import USDT
from nautilus_trader.model.data import Bar, BarType
from nautilus_trader.model.enums import AccountType, OmsType, OrderSide, TimeInForce
from nautilus_trader.model.identifiers import InstrumentId, Symbol, TraderId, Venue
from nautilus_trader.model.instruments import Equity
from nautilus_trader.model.objects import Money, Price, Quantity
from nautilus_trader.persistence.wranglers import BarDataWrangler
from nautilus_trader.trading.strategy import Strategy

from tests.benchmarks.outcome import Outcome, Program, Run
from tests.benchmarks.peers.frames import frames
from tests.benchmarks.workloads import CASH, EPSILON, FEE, SIZE, STOP, TARGET, Task

_VENUE = Venue("SIM")
_UNITS = Quantity.from_int(int(SIZE))
_FEE = Decimal(str(FEE))


class Market:
    """The instruments of a task, their bars, and when the last one closes."""

    def __init__(self, task: Task) -> None:
        self.instruments: list[Equity] = []
        self.types: list[BarType] = []
        self.bars: list[list[Bar]] = []
        self.closes: dict[InstrumentId, float] = {}
        unit = "DAY" if task.daily else "MINUTE"
        for number, frame in enumerate(frames(task)):
            instrument = equity_called(f"I{number:03d}")
            kind = BarType.from_str(f"{instrument.id}-1-{unit}-LAST-EXTERNAL")
            self.instruments.append(instrument)
            self.types.append(kind)
            self.bars.append(BarDataWrangler(kind, instrument).process(frame.tz_localize("UTC")))
            self.closes[instrument.id] = float(frame["close"].iloc[-1])
        self.end = self.bars[0][-1].ts_event

    def engine(self) -> BacktestEngine:
        """A fresh engine with everything in it but a strategy."""
        quiet = LoggingConfig(bypass_logging=True)
        engine = BacktestEngine(
            BacktestEngineConfig(trader_id=TraderId("B-1"), logging=quiet, run_analysis=False)
        )
        engine.add_venue(
            venue=_VENUE,
            oms_type=OmsType.NETTING,
            account_type=AccountType.CASH,
            base_currency=USDT,
            starting_balances=[Money(CASH, USDT)],
        )
        last = len(self.bars) - 1
        for number, (instrument, bars) in enumerate(zip(self.instruments, self.bars, strict=True)):
            engine.add_instrument(instrument)
            engine.add_data(bars, sort=number == last)
        return engine

    def outcome(self, engine: BacktestEngine) -> Outcome:
        """Trades and final equity of an engine that has run."""
        value = engine.portfolio.account(_VENUE).balance_total(USDT).as_double()
        held = engine.cache.positions_open()
        value += sum(float(one.signed_qty) * self.closes[one.instrument_id] for one in held)
        filled = sum(order.filled_qty > 0 for order in engine.cache.orders())
        return Outcome.of((filled - len(held)) // 2, value)


def equity_called(name: str) -> Equity:
    """A share with a tick of a cent."""
    return Equity(
        instrument_id=InstrumentId(Symbol(name), _VENUE),
        raw_symbol=Symbol(name),
        currency=USDT,
        price_precision=2,
        price_increment=Price.from_str("0.01"),
        lot_size=Quantity.from_int(1),
        maker_fee=_FEE,
        taker_fee=_FEE,
        ts_event=0,
        ts_init=0,
    )


class Averages(Strategy):
    """The average rule on every instrument. Orders fill at once and in full, so it keeps its own
    note of what it holds."""

    def __init__(self, market: Market, pair: tuple[int, int]) -> None:
        super().__init__()
        self.end = market.end
        self.lines = {
            kind: (instrument.id, *(SimpleMovingAverage(period) for period in pair))
            for kind, instrument in zip(market.types, market.instruments, strict=True)
        }
        self.held: set[InstrumentId] = set()

    def on_start(self) -> None:
        for kind, (_, fast, slow) in self.lines.items():
            self.register_indicator_for_bars(kind, fast)
            self.register_indicator_for_bars(kind, slow)
            self.subscribe_bars(kind)

    def on_bar(self, bar: Bar) -> None:
        name, fast, slow = self.lines[bar.bar_type]
        if not slow.initialized or bar.ts_event == self.end:
            return
        gap = fast.value - slow.value
        if name not in self.held:
            if gap > EPSILON:
                self.held.add(name)
                self.submit_order(self.order_factory.market(name, OrderSide.BUY, _UNITS))
        elif gap < -EPSILON:
            self.held.remove(name)
            self.submit_order(self.order_factory.market(name, OrderSide.SELL, _UNITS))


class Bracketed(Strategy):
    """Always in, by bracket orders."""

    def __init__(self, market: Market, _pair: tuple[int, int]) -> None:
        super().__init__()
        self.kind, self.name, self.end = market.types[0], market.instruments[0].id, market.end
        self.seen = 0

    def on_start(self) -> None:
        self.subscribe_bars(self.kind)

    def on_bar(self, bar: Bar) -> None:
        self.seen += 1
        if self.seen < 2 or bar.ts_event == self.end or not self.portfolio.is_flat(self.name):
            return
        close = bar.close.as_double()
        self.submit_order_list(
            self.order_factory.bracket(
                instrument_id=self.name,
                order_side=OrderSide.BUY,
                quantity=_UNITS,
                sl_trigger_price=Price(round(close * (1.0 - STOP) * 100.0) / 100.0, 2),
                tp_price=Price(round(close * (1.0 + TARGET) * 100.0) / 100.0, 2),
                tp_post_only=False,
                time_in_force=TimeInForce.GTC,
            )
        )


def single(strategy: Callable[..., Strategy], task: Task) -> Run:
    """One run; the engine is filled beforehand."""
    market = Market(task)
    engine = market.engine()
    engine.add_strategy(strategy(market, task.pairs[0]))

    def run() -> Outcome:
        engine.run()
        return market.outcome(engine)

    return run


def sweep(task: Task) -> Run:
    """A loop with a fresh engine each: one that is reset gets slower with every run."""
    market = Market(task)

    def run() -> Outcome:
        found = []
        for pair in task.pairs:
            engine = market.engine()
            engine.add_strategy(Averages(market, pair))
            engine.run()
            found.append(market.outcome(engine))
            engine.dispose()
        return Outcome([one.trades[0] for one in found], [one.profits[0] for one in found])

    return run


PROGRAM = Program(
    nautilus_trader.__version__,
    {
        "sma": partial(single, Averages),
        "panel": partial(single, Averages),
        "sweep": sweep,
        "bracket": partial(single, Bracketed),
    },
    gapless=True,
)
