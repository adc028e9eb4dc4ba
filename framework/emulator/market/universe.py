"""What is listed: the contracts of the made-up market, and those that given bars stand for."""

from __future__ import annotations

__all__ = ["Entry", "bars_universe", "default_universe", "listing_of", "option_listing"]

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from framework.calendar import TradingCalendar, day_text
from framework.domain.instruments import AssetType, Instrument
from framework.emulator.market.facts import (
    FACTS,
    OPTION_EXCHANGES,
    OPTION_ORDERS,
    Facts,
    venue_of,
)
from framework.emulator.market.hours import close_text, compact_day, zone_of
from framework.emulator.market.listing import Listing
from framework.emulator.market.numbers import Numbers
from framework.emulator.market.rules import increments_of, rule_number
from framework.emulator.market.smile import Smile
from framework.emulator.market.synthetic import Maker
from framework.emulator.protocol.contract import WireContract
from framework.errors import DataError
from framework.options.contracts import option_expiry, option_symbol, option_terms
from framework.options.listing import ListingRule, expiry_days
from framework.options.model import OptionModel

_ALWAYS = "24/7"
_QUARTERS = 5
"""Quarterly futures listed."""
_QUARTER_MONTHS = ("03", "06", "09", "12")
_MONTH_CODES = "FGHJKMNQUVXZ"
_FUTURE = re.compile(rf"(.+?)([{_MONTH_CODES}])(\d{{1,2}})")
_PLAIN_VOLATILITY = 0.2
_ODD = re.compile(r"\s")


@dataclass(frozen=True, slots=True)
class Entry:
    """Something listed that has prices of its own.

    Attributes:
        listing: the contract.
        options: how options on it are listed and priced; None for no options.
    """

    listing: Listing
    options: OptionModel | None = None


def default_universe(day: int, numbers: Numbers) -> tuple[tuple[Entry, ...], tuple[Maker, ...]]:
    """The made-up market as of a day: three stocks, five futures, a currency pair and an index.

    SPY, SPX and ES follow one path, as they do.
    """
    found: list[tuple[Entry, Maker]] = []
    for symbol, price, level, volume, step in (
        ("AAPL", 230.0, 0.28, 5e7, 2.5),
        ("MSFT", 430.0, 0.25, 2e7, 5.0),
        ("SPY", 600.0, 0.16, 7e7, 5.0),
    ):
        stock = Instrument(symbol, calendar=_ALWAYS)
        rule = ListingRule(horizon=70, width=0.2, step=step, weeklies=True)
        options = None if symbol == "MSFT" else OptionModel(Smile(level), listing=rule)
        driver = "SPX" if symbol == "SPY" else symbol
        maker = Maker(stock, driver, price, level, volume=volume)
        found.append((Entry(listing_of(stock, numbers), options), maker))
    for expiry in _quarters(day):
        future = _es(expiry)
        listing = listing_of(future, numbers)
        found.append((Entry(listing), Maker(future, "SPX", 6000.0, 0.16, 0.03, 1.2e6)))
    pair = Instrument("EUR.USD", AssetType.FOREX, calendar=_ALWAYS, tick=0.00005)
    index = Instrument("SPX", AssetType.INDEX, calendar=_ALWAYS)
    found.append((Entry(listing_of(pair, numbers)), Maker(pair, "EUR.USD", 1.1, 0.08, volume=5e9)))
    found.append((Entry(listing_of(index, numbers)), Maker(index, "SPX", 6000.0, 0.16, volume=0.0)))
    return tuple(entry for entry, _ in found), tuple(maker for _, maker in found)


def bars_universe(
    instruments: Iterable[Instrument],
    numbers: Numbers,
    options: Mapping[str, OptionModel] | None = None,
) -> tuple[Entry, ...]:
    """What bars stand for.

    Args:
        instruments: of the bars.
        numbers: gives con ids.
        options: how options are listed and priced, by the underlying's symbol; None lists them on
            every stock and index with a volatility of 20 %.

    Raises:
        DataError: options on a symbol without bars.
    """
    known = {instrument.symbol: instrument for instrument in instruments}
    for symbol in options or ():
        if symbol not in known:
            raise DataError(f"Options on {symbol!r}, which has no bars.", "Correct the symbol.")
    found = []
    for symbol, instrument in known.items():
        usual = instrument.type in (AssetType.STOCK, AssetType.INDEX) and not _ODD.search(symbol)
        model = OptionModel(Smile(_PLAIN_VOLATILITY)) if usual else None
        if options is not None:
            model = options.get(symbol)
        found.append(Entry(listing_of(instrument, numbers), model))
    return tuple(found)


def listing_of(instrument: Instrument, numbers: Numbers) -> Listing:
    """The contract an instrument stands for; options have `option_listing`."""
    venue, key = venue_of(instrument), instrument.symbol
    symbol, currency = _wire_symbol(instrument)
    facts = FACTS.get(key) or FACTS.get(symbol) or Facts(key)
    expiry = instrument.expiry
    increments = increments_of(instrument)
    contract = WireContract(
        con_id=numbers.of(key),
        symbol=symbol,
        sec_type=venue.sec_type,
        last_trade_date="" if expiry is None else compact_day(expiry),
        multiplier="" if instrument.type is not AssetType.FUTURE else f"{instrument.multiplier:g}",
        exchange=venue.exchanges[0],
        primary_exchange=facts.primary or venue.primary,
        currency=currency,
        local_symbol=key,
        trading_class=facts.trading_class or symbol,
    )
    is_future = instrument.type is AssetType.FUTURE
    return Listing(
        con_id=contract.con_id,
        instrument=instrument,
        contract=contract,
        long_name=facts.long_name,
        min_tick=min(step for _, step in increments),
        valid_exchanges=venue.exchanges,
        increments=increments,
        market_rule=rule_number(increments),
        time_zone=zone_of(instrument.calendar),
        order_types=venue.orders,
        contract_month="" if expiry is None else compact_day(expiry)[:6],
        last_trade_time="" if expiry is None else close_text(instrument.calendar, expiry),
        industry=facts.industry,
        category=facts.category,
        subcategory=facts.subcategory,
        stock_type=facts.stock_type or ("COMMON" if venue.sec_type == "STK" else ""),
        under_con_id=numbers.of(f"{symbol}@index") if is_future else 0,
        under_symbol=symbol if is_future else "",
        under_sec_type="IND" if is_future else "",
    )


def option_listing(instrument: Instrument, under: Listing, numbers: Numbers) -> Listing:
    """The contract of an option on something listed."""
    terms, name = option_terms(instrument), option_symbol(instrument)
    day = option_expiry(instrument)
    increments = increments_of(instrument)
    contract = WireContract(
        con_id=numbers.of(instrument.symbol),
        symbol=under.contract.symbol,
        sec_type="OPT",
        last_trade_date=compact_day(day),
        strike=terms.strike,
        right=terms.right.value,
        multiplier=f"{instrument.multiplier:g}",
        exchange=OPTION_EXCHANGES[0],
        currency=instrument.currency,
        local_symbol=name.occ if len(name.root) <= 6 and name.strike < 1e5 else name.short,
        trading_class=name.root,
    )
    return Listing(
        con_id=contract.con_id,
        instrument=instrument,
        contract=contract,
        long_name=under.long_name,
        min_tick=min(step for _, step in increments),
        valid_exchanges=OPTION_EXCHANGES,
        increments=increments,
        market_rule=rule_number(increments),
        time_zone=under.time_zone,
        order_types=OPTION_ORDERS,
        contract_month=compact_day(day)[:6],
        last_trade_time=close_text(instrument.calendar, day),
        industry=under.industry,
        category=under.category,
        subcategory=under.subcategory,
        under_key=under.key,
        under_con_id=under.con_id,
        under_symbol=under.contract.symbol,
        under_sec_type=under.contract.sec_type,
    )


def _wire_symbol(instrument: Instrument) -> tuple[str, str]:
    """Symbol and currency as TWS splits them."""
    key = instrument.symbol
    if instrument.type in (AssetType.FOREX, AssetType.CRYPTO):
        plain = re.sub(r"[./-]", "", key)
        if len(plain) == 6 and plain.isalpha():
            return plain[:3].upper(), plain[3:].upper()
        return re.split(r"[./-]", key)[0], instrument.currency
    future = _FUTURE.fullmatch(key) if instrument.type is AssetType.FUTURE else None
    return (future[1] if future and instrument.expiry else key), instrument.currency


def _quarters(day: int) -> list[int]:
    """The next quarterly expiries: third Fridays of March, June, September and December."""
    sessions = TradingCalendar(_ALWAYS).sessions_between(day - 10, day + 500)
    days = expiry_days(day, sessions, 480)
    return [one for one in days.tolist() if day_text(one)[5:7] in _QUARTER_MONTHS][:_QUARTERS]


def _es(expiry: int) -> Instrument:
    date = day_text(expiry)
    code = _MONTH_CODES[int(date[5:7]) - 1]
    return Instrument(
        f"ES{code}{date[3]}",
        AssetType.FUTURE,
        calendar=_ALWAYS,
        tick=0.25,
        multiplier=50.0,
        expiry=expiry,
        initial_margin=22_000.0,
        maintenance_margin=20_000.0,
    )
