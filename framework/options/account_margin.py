"""The margin of the options among everything an account holds."""

from __future__ import annotations

__all__ = ["options_of"]

from collections.abc import Iterable, Mapping, Sequence

from framework.hedge_ports import MarginHolding, OptionMargins


def options_of(
    margin: OptionMargins, holdings: Sequence[MarginHolding], prices: Mapping[str, float]
) -> float:
    """Margin of the options among some holdings, in their currency.

    Args:
        margin: the account's model.
        holdings: of anything.
        prices: of the underlyings at least.
    """
    written_on = set(_underlyings(holdings))
    if not written_on:
        return 0.0
    concerned = [
        one
        for one in holdings
        if one.instrument.option is not None or one.instrument.symbol in written_on
    ]
    return margin.options(concerned, {symbol: prices[symbol] for symbol in sorted(written_on)})


def _underlyings(holdings: Iterable[MarginHolding]) -> Iterable[str]:
    for one in holdings:
        if one.instrument.option is not None:
            yield one.instrument.option.underlying
