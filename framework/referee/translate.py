"""Translate: our orders in backtrader's words, and what it has no word for."""

from __future__ import annotations

__all__ = [
    "EXEC_TYPES",
    "TRAILING",
    "Cap",
    "Costs",
    "check_parts",
    "costs_of",
    "missing",
    "priced_from",
    "trailed_to",
]

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import backtrader as bt

from framework.backtest.settings import BacktestSettings
from framework.brokers.simulated.policy import FillPolicy
from framework.components.financing import NoFinancing
from framework.components.liquidity import Unlimited
from framework.components.slippage import FixedSlippage, NoSlippage, PercentSlippage
from framework.domain.arithmetic import order_price
from framework.domain.bars import Bars
from framework.domain.instruments import Instrument
from framework.domain.orders import Order, OrderType, Side, TimeInForce
from framework.domain.terms import OcaType
from framework.errors import ConfigError
from framework.ports import MarginModel

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
TRAILING = frozenset({OrderType.TRAIL, OrderType.TRAIL_LIMIT})
"""The order types whose stop moves."""


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


Cap = Literal["none", "range", "wait"]
"""What becomes of slippage that would leave the bar: see `FillPolicy.slip_cap`."""


@dataclass(frozen=True, slots=True)
class Costs:
    """Slippage as backtrader has it: a share of the price, or an amount of it.

    Attributes:
        share: part of the price lost, 0..1.
        amount: price units lost.
        at_open: whether what the open fills slips too.
        cap: what happens where slippage would leave the bar's range: "none", "range" ends it there,
            "wait" leaves the order for the next bar.
        limit_cap: the same for orders with a limit.
    """

    share: float = 0.0
    amount: float = 0.0
    at_open: bool = True
    cap: Cap = "none"
    limit_cap: Cap = "none"

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
        ConfigError: it has none like it.
    """
    slippage, policy = settings.slippage, settings.policy
    limit_cap: Cap = "none" if policy.slippage_on == "aggressive" else policy.limit_slip_cap
    plain = Costs(at_open=policy.gap_slip, cap=policy.slip_cap, limit_cap=limit_cap)
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


def check_parts(bars: Sequence[Bars], settings: BacktestSettings) -> None:
    """Refuse what would move money or fills in a way backtrader cannot follow.

    Raises:
        ConfigError: a run has such a part.
    """
    lacking = {
        "limited liquidity": not isinstance(settings.liquidity, Unlimited | None),
        "financing": not isinstance(settings.financing, NoFinancing),
        "dividends and splits": bool(settings.actions),
        "exchange rates": settings.rates is not None,
        "options": settings.options is not None,
    }
    for name, is_there in lacking.items():
        if is_there:
            raise ConfigError(
                f"The referee cannot follow {name}: backtrader has no such thing.",
                f"Run it without {name}.",
            )
    _check_policy(settings.policy)
    for one in bars:
        _check_margin(one, settings.margin)


_FIXED = (
    "children",
    "queue",
    "sizing",
    "brackets",
    "slippage_on",
    "stop_limit_gap",
    "stop_limit_bar",
    "limit_fill",
    "fee_per",
)
"""Axes the referee follows at the values of our default and of backtrader's own policy only."""


def _check_policy(policy: FillPolicy) -> None:
    """Refuse fill rules backtrader cannot be told about."""
    known = FillPolicy.backtrader() if policy.queue == "accepted" else FillPolicy()
    for axis in _FIXED:
        value = getattr(policy, axis)
        if value != getattr(known, axis):
            raise ConfigError(
                f"The referee cannot follow the fill policy's {axis}={value}.",
                "Compare under --fill default or --fill backtrader.",
            )
    if policy.queue == "accepted" and {policy.slip_cap, policy.limit_slip_cap} == {"none", "range"}:
        raise ConfigError(
            f"The referee cannot follow slip_cap={policy.slip_cap} beside "
            f"limit_slip_cap={policy.limit_slip_cap}: backtrader has one word for both.",
            "Give both the same value.",
        )


def _check_margin(bars: Bars, margin: MarginModel) -> None:
    """Refuse an account that could be called."""
    if len(bars) and any(
        margin.maintenance(bars.instrument, units, float(bars.close[0])) > 0.0
        for units in (1.0, -1.0)
    ):
        raise ConfigError(
            f"The referee cannot follow the margin calls of a {type(margin).__name__} account on "
            f"{bars.symbol}: backtrader makes none.",
            "Give --account leverage:TIMES, which is never called.",
        )


def priced_from(order: Order, price: float, instrument: Instrument) -> Order:
    """The order with the prices it counts from `price`: its parent's average fill, or a close."""
    side = order.side
    if order.type in TRAILING and order.trail is not None and order.stop is None:
        return trailed_to(order, price + side * order.trail.distance(price), instrument)
    if order.offset is None:
        return order
    away = side * order.offset.distance(price)
    if order.type is OrderType.STOP:
        return replace(order, stop=_on_grid(order, price + away, instrument, True), offset=None)
    return replace(order, limit=_on_grid(order, price - away, instrument, False), offset=None)


def trailed_to(order: Order, level: float, instrument: Instrument) -> Order:
    """A trailing order with its stop, and its limit if it has one, at `level`, on the tick."""
    stop = _on_grid(order, level, instrument, is_stop=True)
    if order.terms.limit_offset is None:
        return replace(order, stop=stop)
    beyond = stop + order.side * order.terms.limit_offset
    return replace(order, stop=stop, limit=_on_grid(order, beyond, instrument, is_stop=False))


def _on_grid(order: Order, wanted: float, instrument: Instrument, is_stop: bool) -> float:
    tick = instrument.tick_at(wanted)
    return max(order_price(wanted, tick, order.side, is_stop), tick or 1e-9)
