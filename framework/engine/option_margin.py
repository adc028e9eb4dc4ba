"""Margin of a slot's options, where the account's model looks at all of them together."""

from __future__ import annotations

__all__ = ["is_margined_together", "option_money"]

from collections.abc import Mapping
from functools import lru_cache

from framework.domain.instruments import Instrument
from framework.engine.slot import Slot
from framework.hedge_ports import MarginHolding, OptionMargins
from framework.options.account_margin import options_of
from framework.ports import MarginModel


def is_margined_together(margin: MarginModel, instrument: Instrument) -> bool:
    """Whether an instrument is an option whose margin depends on what else is held."""
    return instrument.option is not None and _looks_at_all(type(margin))


@lru_cache(maxsize=64)
def _looks_at_all(model: type) -> bool:
    """Whether a margin model looks at all options together; asking a Protocol takes its time."""
    return issubclass(model, OptionMargins)


def option_money(slot: Slot, margin: MarginModel, changes: Mapping[str, float]) -> float:
    """Margin of the options of a slot, in the account's currency.

    Args:
        slot: whose they are.
        margin: the account's model.
        changes: by symbol, signed units that are still to trade.
    """
    if not slot.listed or not isinstance(margin, OptionMargins):
        return 0.0
    holdings = [
        MarginHolding(slot.instrument(symbol), units, slot.price(symbol))
        for symbol, position in slot.ledger.positions.items()
        if (units := position.quantity + changes.get(symbol, 0.0)) != 0.0
    ]
    rate = slot.rate(next(iter(slot.options)))
    prices = {underlying: slot.price(underlying) for underlying in slot.options}
    return options_of(margin, holdings, prices) * rate
