"""Figures of an account: margins, values by currency, profits, and what an order would change."""

from __future__ import annotations

__all__ = [
    "Profits",
    "Value",
    "account_values",
    "ledger_values",
    "previewed",
    "profits_of",
    "shortfall",
]

from collections.abc import Iterator, Sequence
from math import isfinite
from typing import NamedTuple

from framework.domain.instruments import AssetType
from framework.domain.orders import Order
from framework.emulator.exchange.account import Account
from framework.emulator.protocol.order import OrderState
from framework.engine.preview import Holding, Margins, filled, margins_of

_DAY_TRADING_POWER = 4.0
"""Buying power of a margin account as a multiple of its available funds, FINRA rule 4210(f)(8)."""


class Value(NamedTuple):
    """One value of an account; `currency` is "" for what is no money."""

    key: str
    value: str
    currency: str


class Profits(NamedTuple):
    """Profits in the account's currency: since the day began, open, and realised."""

    daily: float
    unrealized: float
    realized: float


def _holdings(account: Account, orders: Sequence[Order] = ()) -> tuple[Holding, ...]:
    """What is held, and what some orders would trade."""
    held = [s for s, p in account.book.positions.items() if not p.is_flat]
    symbols = dict.fromkeys([*held, *(order.symbol for order in orders)])
    written = dict.fromkeys(
        option.underlying
        for symbol in symbols
        if (option := account.instrument(symbol).option) is not None
    )
    return tuple(
        Holding(
            account.instrument(symbol),
            account.book.positions[symbol].quantity,
            account.close(symbol),
            account.rate(symbol),
        )
        for symbol in dict.fromkeys([*symbols, *written])
    )


def _margins(account: Account, holdings: Sequence[Holding]) -> Margins:
    model = account.house.models.margin
    return Margins(0.0, 0.0, {}) if model is None else margins_of(holdings, model)


def _after(account: Account, orders: Sequence[Order]) -> tuple[Margins, Margins]:
    """Margins before and after some orders have traded whole."""
    holdings = _holdings(account, orders)
    before = _margins(account, holdings)
    for order in orders:
        holdings = filled(holdings, order, order.quantity)
    return before, _margins(account, holdings)


def _fee(account: Account, orders: Sequence[Order]) -> float:
    """Estimated commission of some orders, in the account's currency."""
    total = 0.0
    for order in orders:
        instrument = account.instrument(order.symbol)
        price = order.limit or order.stop or order.decision_price
        notional = order.quantity * instrument.multiplier * price
        fee = account.house.models.commission.fee(
            instrument, order.side * order.quantity, notional, 0.0, account.session(order.symbol)
        )
        total += fee * account.rate(order.symbol)
    return total


def shortfall(account: Account, orders: Sequence[Order]) -> str:
    """Why margin would not carry orders traded together; empty if it would."""
    before, after = _after(account, orders)
    equity = account.equity()
    if after.initial <= before.initial or after.initial <= equity:
        return ""
    if not isfinite(after.initial):
        return "This account cannot hold such a position."
    return (
        "We are unable to accept your order. Your Available Funds are insufficient: the initial "
        f"margin would be {after.initial:,.2f} {account.currency} and the equity with loan value "
        f"is {equity:,.2f} {account.currency}."
    )


def previewed(account: Account, orders: Sequence[Order]) -> OrderState:
    """What orders traded together would do to the account."""
    before, after = _after(account, orders)
    equity, fee = account.equity(), _fee(account, orders)
    known = _or_none(fee)
    return OrderState(
        status="PreSubmitted",
        init_margin_before=_or_none(before.initial),
        maint_margin_before=_or_none(before.maintenance),
        equity_with_loan_before=_or_none(equity),
        init_margin_change=_or_none(after.initial - before.initial),
        maint_margin_change=_or_none(after.maintenance - before.maintenance),
        equity_with_loan_change=_or_none(-fee),
        init_margin_after=_or_none(after.initial),
        maint_margin_after=_or_none(after.maintenance),
        equity_with_loan_after=_or_none(equity - fee),
        commission=known,
        min_commission=known,
        max_commission=known,
        commission_currency=account.currency,
    )


def _or_none(figure: float) -> float | None:
    """A figure, unless nobody knows it: there is no price yet, or no such account can be."""
    return figure if isfinite(figure) else None


def profits_of(account: Account) -> Profits:
    """Profits of the whole account."""
    unrealized = sum(
        position.profit(account.close(symbol)) * account.rate(symbol)
        for symbol, position in account.book.positions.items()
        if not position.is_flat
    )
    return Profits(account.equity() - account.day_equity, unrealized, account.holdings.realized)


def account_values(account: Account) -> Iterator[Value]:
    """Everything an account window shows: first of the whole, then by currency."""
    base = account.currency
    margins = _margins(account, _holdings(account))
    equity, cash = account.equity(), account.book.cash
    gross = account.book.gross_exposure(account.marks())
    available, excess = equity - margins.initial, equity - margins.maintenance
    yield Value("AccountCode", account.name, "")
    yield Value("AccountReady", "true", "")
    yield Value("AccountType", "INDIVIDUAL", "")
    yield Value("Currency", base, base)
    yield Value("Cushion", f"{excess / equity if equity > 0.0 else 0.0:.6f}", "")
    yield Value("DayTradesRemaining", "-1", "")
    yield Value("Leverage-S", f"{gross / equity if equity > 0.0 else 0.0:.2f}", "")
    yield Value("TradingType-S", "STKNOPT", "")
    money = {
        "NetLiquidation": equity,
        "TotalCashValue": cash,
        "SettledCash": cash,
        "AccruedCash": 0.0,
        "AccruedDividend": 0.0,
        "BuyingPower": max(0.0, available) * _DAY_TRADING_POWER,
        "EquityWithLoanValue": equity,
        "PreviousDayEquityWithLoanValue": account.day_equity,
        "GrossPositionValue": gross,
        "RegTEquity": equity,
        "RegTMargin": margins.initial,
        "SMA": max(0.0, available),
        "InitMarginReq": margins.initial,
        "MaintMarginReq": margins.maintenance,
        "AvailableFunds": available,
        "ExcessLiquidity": excess,
        "FullInitMarginReq": margins.initial,
        "FullMaintMarginReq": margins.maintenance,
        "FullAvailableFunds": available,
        "FullExcessLiquidity": excess,
        "LookAheadInitMarginReq": margins.initial,
        "LookAheadMaintMarginReq": margins.maintenance,
        "LookAheadAvailableFunds": available,
        "LookAheadExcessLiquidity": excess,
    }
    for key, amount in money.items():
        yield Value(key, f"{amount:.2f}", base)
    yield from ledger_values(account)


_SHELVES = {
    "StockMarketValue": AssetType.STOCK,
    "OptionMarketValue": AssetType.OPTION,
    "Cryptocurrency": AssetType.CRYPTO,
}
"""Market values of the ledger by the kind of what is held."""


def ledger_values(account: Account) -> Iterator[Value]:
    """Cash and positions by currency, and all together as BASE.

    Currencies bought against another one count as cash of both: units of the first, less what was
    paid of the second.
    """
    base = account.currency
    cash = {base: account.book.cash}
    held: dict[str, list[str]] = {base: []}
    for symbol, position in account.book.positions.items():
        instrument = account.instrument(symbol)
        if not account.holdings.has_traded(symbol):
            continue
        if instrument.type is AssetType.FOREX:
            bought = symbol.split(".")[0]
            cash[bought] = cash.get(bought, 0.0) + position.quantity
            held.setdefault(bought, [])
        else:
            held.setdefault(instrument.currency, []).append(symbol)
            cash.setdefault(instrument.currency, 0.0)
    rates = {currency: _rate(account, currency) for currency in cash}
    total_cash = sum(amount * rates[currency] for currency, amount in cash.items())
    everything = [symbol for symbols in held.values() for symbol in symbols]
    yield from _shelf(account, "BASE", total_cash, everything, 1.0)
    for currency, amount in cash.items():
        yield from _shelf(account, currency, amount, held[currency], rates[currency])


def _rate(account: Account, currency: str) -> float:
    """Units of the account's currency for one of another."""
    base = account.currency
    if currency == base:
        return 1.0
    pair, inverse = f"{currency}.{base}", f"{base}.{currency}"
    if account.knows(pair):
        return account.close(pair)
    if account.knows(inverse):
        return 1.0 / account.close(inverse)
    return account.house.models.rates.rate(currency, account.time)


def _shelf(
    account: Account, currency: str, cash: float, symbols: Sequence[str], rate: float
) -> Iterator[Value]:
    """The values of one currency, in that currency; of BASE in the account's own."""
    shelves = dict.fromkeys(_SHELVES, 0.0)
    unrealized = futures = realized = 0.0
    for symbol in symbols:
        position = account.book.positions[symbol]
        instrument = account.instrument(symbol)
        each = account.rate(symbol) / rate if currency == "BASE" else 1.0
        value = position.value(account.close(symbol)) * each
        profit = position.profit(account.close(symbol)) * each
        unrealized += profit
        realized += account.holdings.realized_of(symbol) / rate
        if instrument.type is AssetType.FUTURE:
            futures += profit
            cash += value - profit
        for name, kind in _SHELVES.items():
            shelves[name] += value if instrument.type is kind else 0.0
    if currency == "BASE":
        realized = account.holdings.realized
    worth = cash + futures + sum(shelves.values())
    for key, amount in (
        ("CashBalance", cash),
        ("TotalCashBalance", cash),
        ("AccruedCash", 0.0),
        *shelves.items(),
        ("FutureOptionValue", 0.0),
        ("FuturesPNL", futures),
        ("NetLiquidationByCurrency", worth),
        ("UnrealizedPnL", unrealized),
        ("RealizedPnL", realized),
    ):
        yield Value(key, f"{amount:.2f}", currency)
    yield Value("ExchangeRate", f"{rate:.6f}", currency)
    yield Value("Currency", currency, currency)
    yield Value("RealCurrency", account.currency if currency == "BASE" else currency, currency)
