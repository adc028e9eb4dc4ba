"""Gateways put together: one whose market runs, and one that is stepped bar by bar."""

from __future__ import annotations

__all__ = ["QuotedSpread", "live_gateway", "live_house", "lockstep_gateway"]

from collections.abc import Sequence
from dataclasses import dataclass

from framework.backtest.account import models_of
from framework.backtest.settings import BacktestSettings
from framework.brokers.simulated.models import Models
from framework.brokers.simulated.policy import FillPolicy
from framework.components.commission import IbkrFixed
from framework.components.margin import RegT
from framework.components.slippage import slip_by
from framework.domain.bars import Bars
from framework.domain.currency import Rates
from framework.domain.instruments import Instrument
from framework.domain.orders import Side
from framework.emulator.clock import RunningClock, SteppedClock
from framework.emulator.exchange.account import House
from framework.emulator.exchange.exchange import Exchange
from framework.emulator.exchange.ids import Ids
from framework.emulator.exchange.prices import LivePrices, Prices, StaticPrices
from framework.emulator.faults.plan import FaultPlan
from framework.emulator.market.grid import snapped
from framework.emulator.market.market import Market
from framework.emulator.market.markets import bars_market
from framework.emulator.market.quotes import half_spread
from framework.emulator.server.gateway import Gateway, Watcher
from framework.emulator.server.hub import Hub
from framework.emulator.server.settings import GatewaySettings
from framework.emulator.stepped import Stepped
from framework.errors import ConfigError


@dataclass(frozen=True, slots=True)
class QuotedSpread:
    """Half the spread the market quotes: who is in a hurry buys at the ask and sells at the bid.

    Attributes:
        option_spread: width of an option's quote as a part of its price.
    """

    option_spread: float

    def price(
        self, instrument: Instrument, side: Side, price: float, quantity: float, volume: float
    ) -> float:
        """The other side of the quote, on the tick grid."""
        half = half_spread(instrument, price, self.option_spread)
        quoted = snapped(slip_by(price, float(side), half), instrument.tick_at(price))
        return max(quoted, price) if side is Side.BUY else min(quoted, price)


def live_house(market: Market, cash: float = 1_000_000.0, currency: str = "USD") -> House:
    """How a running gateway treats its accounts: IBKR's commission, Regulation T, the quoted
    spread; ticks are matched in the order in which they come."""
    models = Models(
        commission=IbkrFixed(),
        slippage=QuotedSpread(market.spread),
        margin=RegT(),
        rates=Rates(currency),
        lists_options=True,
    )
    policy = FillPolicy(
        intrabar="path", slippage_on="taking", limit_fill="through", quoted_spread=2.0
    )
    return House(models, policy, cash)


def live_gateway(
    market: Market,
    settings: GatewaySettings | None = None,
    house: House | None = None,
    *,
    speed: float = 1.0,
    plan: FaultPlan | None = None,
    watcher: Watcher | None = None,
) -> Gateway:
    """A gateway whose market runs by the clock, `speed` market seconds per real second."""
    settings = settings or GatewaySettings()
    if not speed > 0.0:
        raise ConfigError(f"The speed is {speed}.", "Give market seconds per real second, above 0.")
    past = [market.bars_before(key) for key in market.streaming]

    def listing(key: str) -> Bars:
        market.activate(key)
        return market.bars_before(key)

    prices = LivePrices(past, market.spacing, listing, market.close_of)
    hub = _hub(market, settings, house or live_house(market), prices)
    hub.clock = RunningClock(market.now, speed)
    return Gateway(hub, prices, plan, watcher)


def lockstep_gateway(
    bars: Sequence[Bars],
    backtest: BacktestSettings,
    settings: GatewaySettings | None = None,
    *,
    plan: FaultPlan | None = None,
    watcher: Watcher | None = None,
) -> Gateway:
    """A gateway over whole bars that moves only by `Gateway.step`, with a backtest's own broker:
    its fill policy, costs, cash and account. No order is rejected for want of margin: that is the
    business of whoever sends it."""
    settings = settings or GatewaySettings(messages_per_second=0, paces_history=False)
    stepped = Stepped(bars, backtest.options)
    first = int(stepped.timeline.instants[0])
    market = bars_market(bars, first - 1, points=0, options=stepped.listed_by)
    prices = StaticPrices(
        stepped.tapes,
        stepped.timeline.instants,
        lambda symbol: stepped.option(market.directory.by_key(symbol).instrument, prices.instant),
    )
    house = House(
        models_of(tuple(bars), backtest),
        backtest.policy,
        backtest.cash,
        checks_margin=False,
        protects=True,
    )
    hub = _hub(market, settings, house, prices)
    hub.clock = SteppedClock(first - 1)
    return Gateway(hub, prices, plan, watcher)


def _hub(market: Market, settings: GatewaySettings, house: House, prices: Prices) -> Hub:
    ids = Ids() if settings.ids_file is None else Ids.load(settings.ids_file)
    exchange = Exchange(settings.accounts, house, prices, market.directory, settings.zone, ids)
    return Hub(
        market, exchange, SteppedClock(market.now), settings, is_read_only=settings.read_only
    )
