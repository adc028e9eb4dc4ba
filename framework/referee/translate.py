"""Translate: our orders in backtrader's words, and what it has no word for."""

from __future__ import annotations

__all__ = ["EXEC_TYPES", "Costs", "costs_of", "missing", "priced_from"]

from dataclasses import dataclass, replace

import backtrader as bt

from framework.backtest.settings import BacktestSettings
from framework.components.financing import NoFinancing
from framework.components.liquidity import Unlimited
from framework.components.slippage import FixedSlippage, NoSlippage, PercentSlippage
from framework.domain.arithmetic import order_price
from framework.domain.instruments import Instrument
from framework.domain.orders import Order, OrderType, Side, TimeInForce
from framework.domain.terms import OcaType
from framework.errors import ConfigError

EXEC_TYPES: dict[OrderType, int] = {
    OrderType.MARKET: bt.Order.Market,
    OrderType.LIMIT: bt.Order.Limit,
    OrderType.STOP: bt.Order.Stop,
    OrderType.STOP_LIMIT: bt.Order.StopLimit,
    OrderType.TRAIL: bt.Order.StopTrail,
    OrderType.TRAIL_LIMIT: bt.Order.StopTrailLimit,
    OrderType.MARKET_ON_CLOSE: bt.Order.Close,
}
"""The order types backtrader has, in its words."""
_TIMES = frozenset({TimeInForce.DAY, TimeInForce.GTC, TimeInForce.GTD})
_TRAILING = frozenset({OrderType.TRAIL, OrderType.TRAIL_LIMIT})


def missing(order: Order) -> str:
    """What of this order backtrader has no word for; empty if it has one for all of it."""
    terms = order.terms
    if order.type not in EXEC_TYPES:
        return f"backtrader has no {order.type} orders"
    if order.tif not in _TIMES:
        return f"backtrader has no {order.tif} orders"
    if order.fraction is not None:
        return "backtrader has no orders sized at the fill"
    if order.oca is not None and terms.oca_type is not OcaType.CANCEL:
        return "backtrader has no groups that shrink instead of ending"
    for name in ("conditions", "algo", "scale"):
        if getattr(terms, name) is not None:
            return f"backtrader has no orders with {name}"
    return ""


@dataclass(frozen=True, slots=True)
class Costs:
    """Slippage as backtrader has it: a share of the price, or an amount of it.

    Attributes:
        share: part of the price lost, 0..1.
        amount: price units lost.
        at_open: whether what the open fills slips too.
        capped: whether slippage ends at the bar's high or low.
    """

    share: float = 0.0
    amount: float = 0.0
    at_open: bool = True
    capped: bool = False

    def worse(self, price: float, side: Side) -> float:
        """`price` after slippage."""
        if self.share:
            return price * (1.0 + side * self.share)
        return price + side * self.amount

    def before(self, price: float, side: Side) -> float:
        """The price that slipped to `price`."""
        if self.share:
            return price / (1.0 + side * self.share)
        return price - side * self.amount


def costs_of(settings: BacktestSettings) -> Costs:
    """Our slippage model as backtrader's, under the run's fill policy.

    Raises:
        ConfigError: it has none like it, or lacks another part of the run.
    """
    _check_parts(settings)
    slippage, policy = settings.slippage, settings.policy
    plain = Costs(at_open=policy.gap_slip, capped=policy.slip_cap != "none")
    if isinstance(slippage, PercentSlippage):
        return replace(plain, share=slippage.percent / 100.0)
    if isinstance(slippage, FixedSlippage):
        return replace(plain, amount=slippage.amount)
    if isinstance(slippage, NoSlippage):
        return plain
    raise ConfigError(
        f"backtrader has no slippage like {type(slippage).__name__}.",
        "Give --slippage none, fixed or percent.",
    )


def _check_parts(settings: BacktestSettings) -> None:
    """Refuse what would move money or fills in a way backtrader cannot follow."""
    lacking = {
        "limited liquidity": not isinstance(settings.liquidity, Unlimited | None),
        "financing": not isinstance(settings.financing, NoFinancing),
        "dividends and splits": bool(settings.actions),
        "exchange rates": settings.rates is not None,
    }
    for name, is_there in lacking.items():
        if is_there:
            raise ConfigError(
                f"The referee cannot follow {name}: backtrader has no such thing.",
                f"Run it without {name}.",
            )


def priced_from(order: Order, price: float, instrument: Instrument) -> Order:
    """The order with the prices it counts from `price`: its parent's average fill, or a close."""
    side = order.side

    def on_grid(wanted: float, is_stop: bool) -> float:
        tick = instrument.tick_at(wanted)
        return max(order_price(wanted, tick, side, is_stop), tick or 1e-9)

    if order.type in _TRAILING and order.trail is not None and order.stop is None:
        stop = on_grid(price + side * order.trail.distance(price), is_stop=True)
        return replace(order, stop=stop)
    if order.offset is None:
        return order
    away = side * order.offset.distance(price)
    if order.type is OrderType.STOP:
        return replace(order, stop=on_grid(price + away, is_stop=True), offset=None)
    return replace(order, limit=on_grid(price - away, is_stop=False), offset=None)
