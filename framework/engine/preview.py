"""What an order would do to the account: margins, fee, buying power, and what to be warned of."""

from __future__ import annotations

__all__ = ["Holding", "Margins", "filled", "margins_of", "previewed", "warnings_of"]

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from framework.domain.events import Refused
from framework.domain.instruments import AssetType, Instrument
from framework.domain.orders import Offset, Order, Protection
from framework.engine.option_margin import is_margined_together
from framework.hedge_ports import MarginHolding, OptionMargins
from framework.options.account_margin import options_of
from framework.ports import MarginModel, OrderContext, Preview

_MUCH_POWER = 50.0
"""Percent of the free buying power one order may use without a warning."""
_FAR_STOP = 20.0
"""Percent from the entry beyond which a stop protects little."""
_MUCH_VOLUME = 10.0
"""Percent of the last bar's volume beyond which an order moves the market."""
_THIN_CUSHION = 10.0
"""Percent of equity above maintenance margin below which a liquidation is near."""


@dataclass(frozen=True, slots=True)
class Holding:
    """One position of the account, and what it is worth.

    Attributes:
        instrument: what is held.
        quantity: signed units.
        price: last price, in the instrument's currency.
        rate: units of the account's currency for one of the instrument's.
    """

    instrument: Instrument
    quantity: float
    price: float
    rate: float = 1.0

    @property
    def value(self) -> float:
        """Unsigned market value in the account's currency; 0 of what is not held."""
        if self.quantity == 0.0:
            return 0.0
        return abs(self.quantity) * self.instrument.multiplier * self.price * self.rate


@dataclass(frozen=True, slots=True)
class Margins:
    """Margin requirements of an account.

    Attributes:
        initial, maintenance: of all positions together.
        by_type: initial margin by kind of instrument.
    """

    initial: float
    maintenance: float
    by_type: Mapping[AssetType, float]


def margins_of(holdings: Sequence[Holding], model: MarginModel) -> Margins:
    """What the account must hold for its positions."""
    by_type: dict[AssetType, float] = {}
    maintenance = 0.0
    for one in holdings:
        if one.quantity == 0.0 or is_margined_together(model, one.instrument):
            continue
        initial = model.initial(one.instrument, one.quantity, one.price) * one.rate
        by_type[one.instrument.type] = by_type.get(one.instrument.type, 0.0) + initial
        maintenance += model.maintenance(one.instrument, one.quantity, one.price) * one.rate
    options = _options(holdings, model)
    if options:
        by_type[AssetType.OPTION] = options
        maintenance += options
    return Margins(sum(by_type.values()), maintenance, by_type)


def _options(holdings: Sequence[Holding], model: MarginModel) -> float:
    """Margin of all options together, where the model looks at them so."""
    if not isinstance(model, OptionMargins):
        return 0.0
    held = [MarginHolding(o.instrument, o.quantity, o.price) for o in holdings if o.quantity]
    rates = [o.rate for o in holdings if o.quantity and o.instrument.option is not None]
    prices = {one.instrument.symbol: one.price for one in holdings}
    return options_of(model, held, prices) * rates[0] if rates else 0.0


def filled(holdings: Sequence[Holding], order: Order, quantity: float) -> tuple[Holding, ...]:
    """The holdings once `quantity` units of the order have traded."""
    return tuple(
        replace(one, quantity=one.quantity + order.side * quantity)
        if one.instrument.symbol == order.symbol
        else one
        for one in holdings
    )


def previewed(
    order: Order,
    protection: Protection,
    holdings: Sequence[Holding],
    model: MarginModel,
    fee: float,
    free: float,
    context: OrderContext,
    volume: float,
    refused: Refused | None,
) -> Preview:
    """The order's effect on the account; nothing is sent.

    Args:
        order: as it would leave.
        protection: its protection, resolved.
        holdings: every instrument of the account, the order's among them, flat or not.
        model: of margins.
        fee: estimated for the whole order.
        free: money no margin needs before it.
        context: what its rules are told.
        volume: units traded in the last bar, 0 if unknown.
        refused: why it would not be let out; None if it would.
    """
    after = margins_of(filled(holdings, order, order.quantity), model)
    used = _binds(order, holdings, model) + fee
    return Preview(
        passed=refused is None,
        initial=after.initial,
        maintenance=after.maintenance,
        commission=fee,
        buying_power_used=used,
        by_type=after.by_type,
        warnings=warnings_of(
            order, protection, replace(context, maintenance=after.maintenance), used, free, volume
        ),
        refused=refused,
    )


def _binds(order: Order, holdings: Sequence[Holding], model: MarginModel) -> float:
    """Margin the order adds at its own price, as the door reckons; 0 if it frees some."""
    price = order.limit or order.stop or order.decision_price
    if any(
        one.instrument.symbol == order.symbol and is_margined_together(model, one.instrument)
        for one in holdings
    ):
        after_all = _options(filled(holdings, order, order.quantity), model)
        return max(0.0, after_all - _options(holdings, model))
    mine = [one for one in holdings if one.instrument.symbol == order.symbol]
    after = filled(mine, order, order.quantity)
    before, needed = (
        sum(model.initial(one.instrument, one.quantity, price) * one.rate for one in side)
        for side in (mine, after)
    )
    return 0.0 if needed <= before else needed - before


def warnings_of(
    order: Order,
    protection: Protection,
    context: OrderContext,
    used: float,
    free: float,
    volume: float,
) -> tuple[str, ...]:
    """What the sender ought to know of an order, one sentence each.

    Args:
        order: as it would leave.
        protection: its protection, resolved.
        context: what its rules are told; `maintenance` with the order filled.
        used, free: buying power it uses, and what was free before it.
        volume: units traded in the last bar, 0 if unknown.
    """
    found = [
        _power(used, free),
        _protected(order, protection, context),
        _liquid(order, volume),
        _waits(order, context),
        _day_trade(order, context),
        _cushion(context),
        _worked(order, protection),
    ]
    return tuple(text for text in found if text)


def _power(used: float, free: float) -> str:
    if used <= free * _MUCH_POWER / 100.0:
        return ""
    share = f"{100.0 * used / free:.0f} %" if free > 0.0 else "more than all"
    return f"It uses {share} of the buying power that is free."


def _protected(order: Order, protection: Protection, context: OrderContext) -> str:
    if context.opening <= 0.0:
        return ""
    stop = protection.stop_loss if protection.stop_loss is not None else protection.trail
    if stop is None:
        return "Nothing protects it: no stop_loss and no trail."
    entry = order.limit or order.stop or context.price
    distance = stop.distance(entry) if isinstance(stop, Offset) else abs(entry - stop)
    percent = 100.0 * distance / abs(entry)
    return f"Its stop is {percent:.0f} % away." if percent > _FAR_STOP else ""


def _liquid(order: Order, volume: float) -> str:
    if volume <= 0.0:
        return "The last bar has no volume: how much the market can take is not known."
    percent = 100.0 * order.quantity / volume
    if percent <= _MUCH_VOLUME:
        return ""
    return f"It is {percent:.0f} % of the last bar's volume of {volume:g}."


def _waits(order: Order, context: OrderContext) -> str:
    closed = context.session_open > context.time
    if not closed or order.terms.outside_hours:
        return ""
    return "The session is closed: it waits for the next open."


def _day_trade(order: Order, context: OrderContext) -> str:
    if not context.on_margin or context.day_trades == 0:
        return ""
    closes = context.opened_today > 0.0 and order.side * context.position < 0.0
    count = f"Day trades in five sessions: {context.day_trades}"
    return f"{count}, and this would be one more." if closes else f"{count}."


def _cushion(context: OrderContext) -> str:
    if context.maintenance <= 0.0 or context.equity <= 0.0:
        return ""
    cushion = 100.0 * (context.equity - context.maintenance) / context.equity
    if cushion >= _THIN_CUSHION:
        return ""
    return f"Equity would be {cushion:.0f} % above maintenance margin: a liquidation is near."


def _worked(order: Order, protection: Protection) -> str:
    if order.terms.algo is None or protection.is_empty:
        return ""
    return "Protection attached to an algo may not be taken live: add it after the fill."
