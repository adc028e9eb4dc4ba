"""The account of a backtest: its currency, what its broker charges, and what to be warned of."""

from __future__ import annotations

__all__ = [
    "account_warnings",
    "check_account",
    "foreign_rates",
    "models_of",
    "open_actions",
    "rates_of",
    "roll_warnings",
]

from collections.abc import Sequence

from framework.backtest.settings import BacktestSettings
from framework.brokers.simulated.models import Models
from framework.components.financing import NoFinancing
from framework.components.margin import check_margins
from framework.components.slippage import OptionsApart
from framework.domain.actions import CorporateAction, bookable
from framework.domain.bars import Bars, FloatArray, IntArray
from framework.domain.currency import Rates
from framework.domain.events import Refused
from framework.domain.orders import Origin
from framework.errors import ConfigError, DataError, did_you_mean


def rates_of(bars: Sequence[Bars], settings: BacktestSettings) -> Rates:
    """The rates given, or an account in the one currency all bars are in."""
    return settings.rates or Rates(bars[0].instrument.currency)


def foreign_rates(bars: Sequence[Bars], rates: Rates, instants: IntArray) -> dict[str, FloatArray]:
    """By symbol of another currency than the account's, its rate at every instant."""
    return {
        one.symbol: rates.along(one.instrument.currency, instants)
        for one in bars
        if one.instrument.currency != rates.base
    }


def open_actions(bars: Sequence[Bars], settings: BacktestSettings) -> tuple[CorporateAction, ...]:
    """The actions that the bars' prices do not contain, symbol by symbol."""
    return tuple(
        action
        for one in bars
        for action in bookable(settings.actions, one.prices)
        if action.symbol == one.symbol
    )


def models_of(bars: Sequence[Bars], settings: BacktestSettings) -> Models:
    """What the simulated broker is put together from."""
    free = isinstance(settings.financing, NoFinancing)
    return Models(
        settings.commission,
        (
            settings.slippage
            if settings.option_spread is None
            else OptionsApart(settings.slippage, settings.option_spread)
        ),
        settings.liquidity,
        settings.times,
        settings.margin,
        None if free else settings.financing,
        settings.actions,
        rates_of(bars, settings),
        settings.options is not None,
        settings.owned,
    )


def check_account(bars: Sequence[Bars], settings: BacktestSettings) -> None:
    """Whether everything can be paid for and margined, before anything runs.

    Raises:
        DataError: several currencies without rates, a rate that is missing or begins too late, or
            actions of a symbol that is not there.
        ConfigError: a future without its margins, weights of other symbols, or a second currency
            under a fill policy that checks cash at the fill.
    """
    currencies = sorted({one.instrument.currency for one in bars})
    if settings.rates is None and len(currencies) > 1:
        raise DataError(
            f"The symbols are in several currencies: {', '.join(currencies)}.",
            "Name the account's with --currency, and give exchange rates with --rates.",
        )
    rates = rates_of(bars, settings)
    for one in bars:
        currency = one.instrument.currency
        if len(one):
            rates.rate(currency, int(one.close_time[0]))
        if settings.policy.cash_check != "door" and currency != rates.base:
            raise ConfigError(
                f"{one.symbol} is in {currency}, the account in {rates.base}, and the fill policy "
                f"has cash_check={settings.policy.cash_check}, which knows one currency only.",
                f"Let the account be in {currency}, or use a policy with cash_check=door.",
            )
    check_margins(settings.margin, [one.instrument for one in bars])
    symbols = [one.symbol for one in bars]
    if settings.weights is not None and set(settings.weights) != set(symbols):
        raise ConfigError(
            f"Weights name {', '.join(sorted(settings.weights))}; the symbols are "
            f"{', '.join(sorted(symbols))}.",
            "Give one weight per symbol.",
        )
    others = sorted({action.symbol for action in settings.actions} - set(symbols))
    if others and len(others) == len({action.symbol for action in settings.actions}):
        raise DataError(
            f"The actions are of {', '.join(others[:5])}, which is not traded.",
            did_you_mean(others[0], symbols),
        )


def roll_warnings(refused: Sequence[Refused]) -> tuple[str, ...]:
    """Rolls that closed a contract and could not open the next, one sentence each."""
    return tuple(
        f"The roll into {one.symbol} was refused ({one.rule}: {one.reason}): the contract before "
        "it was closed and nothing took its place."
        for one in refused
        if one.origin is Origin.ROLL
    )


def account_warnings(bars: Sequence[Bars], settings: BacktestSettings) -> tuple[str, ...]:
    """What the user ought to know about actions and contracts, one sentence each."""
    found = []
    symbols = {one.symbol for one in bars}
    strangers = sorted({action.symbol for action in settings.actions} - symbols)
    if strangers:
        found.append(f"Actions of {', '.join(strangers)} were not booked: nobody trades that.")
    for one in bars:
        mine = [action for action in settings.actions if action.symbol == one.symbol]
        left = len(mine) - len(bookable(mine, one.prices))
        if left:
            found.append(
                f"{left} of {len(mine)} actions of {one.symbol} were not booked: its prices "
                f"({one.prices.value}) already contain them."
            )
        following = one.instrument.next_contract
        if following is not None and following not in symbols:
            found.append(
                f"{one.symbol} does not roll: {following}, its next contract, is not among the "
                "symbols."
            )
        elif following is not None and one.instrument.roll_days == 0:
            found.append(
                f"{one.symbol} does not roll: with roll_days: 0 it is settled at the close of its "
                "last session first."
            )
    return tuple(found)
