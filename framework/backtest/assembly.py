"""Assembly: parts of a run by the event engine, put together alike wherever its bars come from."""

from __future__ import annotations

__all__ = ["enlisted", "is_patient", "judge_of", "seated"]

from collections.abc import Sequence

from framework.backtest.cast import Player
from framework.backtest.settings import BacktestSettings
from framework.components.breakers import DailyLoss, DailyLossMoney, ErrorRate, MaxDrawdown
from framework.components.margin import RegT
from framework.domain.bars import Bars
from framework.domain.instruments import Instrument
from framework.engine.blotter import Blotter
from framework.engine.desk import Lister, StrategyDesk
from framework.engine.judge import Judge
from framework.engine.option_book import OptionBook
from framework.engine.orders import Door
from framework.engine.slot import Slot
from framework.engine.venue import Venue
from framework.errors import ConfigError
from framework.options.contracts import option_terms
from framework.ports import Breaker

_PATIENT = frozenset({DailyLoss, DailyLossMoney, MaxDrawdown, ErrorRate})
"""Breakers that have nothing to say while equity stands still and nothing is ordered."""


def judge_of(settings: BacktestSettings) -> Judge:
    """What decides about orders."""
    venue = Venue(
        settings.order_rules,
        settings.margin,
        isinstance(settings.margin, RegT),
        settings.financing,
    )
    return Judge(
        Blotter(),
        settings.commission,
        settings.rules,
        settings.exits,
        settings.margin,
        checks_cash=settings.policy.cash_check == "door",
        sizes_at_fill=settings.policy.sizing == "fill",
        exits_reduce=settings.policy.late_exits == "reduce",
        venue=venue,
    )


def is_patient(breakers: Sequence[Breaker]) -> bool:
    """Whether none has anything to say while equity stands still and nothing is ordered."""
    return all(type(breaker) in _PATIENT for breaker in breakers)


def seated(
    player: Player,
    slot: Slot,
    door: Door,
    settings: BacktestSettings,
    lister: Lister,
    *,
    muted: bool = False,
) -> tuple[StrategyDesk, OptionBook | None]:
    """A player at its desk, its timers set, and what looks after its options."""
    desk = StrategyDesk(slot, door, player.role.sizer or settings.sizer, lister)
    player.strategy.start(desk, muted=muted)
    for timer in player.timers:
        desk.timer(*timer)
    if not slot.options:
        return desk, None
    return desk, OptionBook(slot, door, settings.hedge, settings.slippage)


def enlisted(slot: Slot, contract: Instrument) -> Bars:
    """Let a slot trade an option from here on; how the option trades.

    Raises:
        ConfigError: there are no options on its underlying.
        DataError: it cannot be traded now.
    """
    terms = option_terms(contract)
    market = slot.options.get(terms.underlying)
    if market is None:
        raise ConfigError(
            f"{contract.symbol} cannot be traded: there are no options on {terms.underlying}.",
            "Give them a volatility: --volatility 0.2, or `options:` in the run file.",
        )
    bars = market.listing(contract, len(slot.world.markets[terms.underlying]) - 1).bars
    slot.world.admit(bars)
    slot.ledger.admit(contract.symbol, contract.multiplier)
    slot.listed.append(contract)
    return bars
