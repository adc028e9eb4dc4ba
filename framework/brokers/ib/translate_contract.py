"""From an instrument to the broker's contract, and from what the broker says of it back."""

from __future__ import annotations

__all__ = [
    "bands_of",
    "check_tradable",
    "contract_of",
    "instrument_key",
    "is_expired",
    "listed_of",
    "rule_number",
    "wanted_contract",
]

import re
from dataclasses import replace

from framework.brokers.ib.library import IbContract, IbDetails, IbIncrement, Library
from framework.brokers.ib.listed import Listed
from framework.brokers.ib.problems import ContractError
from framework.brokers.ib.times import day_text
from framework.calendar import DAY
from framework.domain.instruments import AssetType, Instrument
from framework.options.contracts import option_expiry, option_symbol, option_terms

_SEC_TYPES = {
    AssetType.STOCK: "STK",
    AssetType.FUTURE: "FUT",
    AssetType.FOREX: "CASH",
    AssetType.INDEX: "IND",
    AssetType.CRYPTO: "CRYPTO",
    AssetType.OPTION: "OPT",
}
_MONTHS = "FGHJKMNQUVXZ"
_FUTURE = re.compile(rf"(.+?)[{_MONTHS}]\d{{1,2}}")
_FUTURES_EXCHANGES = {"CMES": "CME", "XEUR": "EUREX", "XNYS": "CFE"}
_PAIR = re.compile(r"[./-]")
_PAIR_LENGTH = 6
_NO_DAYS = 1e-9


def wanted_contract(lib: Library, instrument: Instrument, exchange: str = "") -> IbContract:
    """What is asked of the broker to find the contract of an instrument.

    Args:
        lib: the client library.
        instrument: any kind; an index can be looked at, not traded.
        exchange: where it trades, if the usual one is not meant.
    """
    kind = instrument.type
    found = lib.Contract(secType=_SEC_TYPES[kind], currency=instrument.currency)
    found.symbol = instrument.symbol
    if kind is AssetType.STOCK:
        found.symbol = instrument.symbol.replace(".", " ")
        found.exchange = "SMART"
    elif kind is AssetType.FUTURE:
        found.symbol = _root(instrument)
        found.exchange = _FUTURES_EXCHANGES.get(instrument.calendar, "CME")
        if instrument.expiry is not None:
            found.lastTradeDateOrContractMonth = day_text(instrument.expiry)
            found.multiplier = f"{instrument.multiplier:g}"
    elif kind in (AssetType.FOREX, AssetType.CRYPTO):
        found.symbol, found.currency = _pair(instrument)
        found.exchange = "IDEALPRO" if kind is AssetType.FOREX else "PAXOS"
    elif kind is AssetType.INDEX:
        found.exchange = "CBOE"
    else:
        _fill_option(found, instrument)
    if exchange:
        found.exchange = exchange
    return found


def _fill_option(found: IbContract, instrument: Instrument) -> None:
    terms, name = option_terms(instrument), option_symbol(instrument)
    found.symbol = terms.underlying.replace(".", " ")
    found.tradingClass = name.root.replace(".", " ")
    found.lastTradeDateOrContractMonth = day_text(option_expiry(instrument))
    found.strike = terms.strike
    found.right = terms.right.value
    found.multiplier = f"{instrument.multiplier:g}"
    found.exchange = "SMART"


def _root(instrument: Instrument) -> str:
    """ES of ESZ5."""
    match = _FUTURE.fullmatch(instrument.symbol)
    return match[1] if match and instrument.expiry is not None else instrument.symbol


def _pair(instrument: Instrument) -> tuple[str, str]:
    plain = _PAIR.sub("", instrument.symbol)
    if len(plain) == _PAIR_LENGTH and plain.isalpha():
        return plain[:3].upper(), plain[3:].upper()
    return _PAIR.split(instrument.symbol)[0].upper(), instrument.currency


def contract_of(lib: Library, listed: Listed, exchange: str = "") -> IbContract:
    """The contract of an order, or of a request for data.

    Args:
        lib: the client library.
        listed: the qualified contract.
        exchange: where it is sent; the usual one if empty or SMART where there is no routing.
    """
    routed = exchange if exchange and exchange != "SMART" else listed.exchange
    return lib.Contract(
        secType=listed.sec_type,
        conId=listed.con_id,
        symbol=listed.symbol,
        lastTradeDateOrContractMonth=listed.expiry,
        strike=listed.strike,
        right=listed.right,
        multiplier=listed.multiplier,
        exchange=routed,
        primaryExchange=listed.primary_exchange,
        currency=listed.currency,
        localSymbol=listed.local_symbol,
        tradingClass=listed.trading_class,
    )


def check_tradable(instrument: Instrument) -> None:
    """Refuse what nobody can buy.

    Raises:
        ContractError: an index.
    """
    if instrument.type is AssetType.INDEX:
        raise ContractError(
            f"{instrument.symbol} is an index and cannot be traded.",
            "Trade a fund or a future on it, such as SPY or ES for the S&P 500, or its options.",
        )


def listed_of(
    instrument: Instrument, details: IbDetails, rule: tuple[tuple[float, float], ...] = ()
) -> Listed:
    """The qualified contract of an instrument.

    Args:
        instrument: as it was asked for; its ticks and lot become the broker's.
        details: the broker's answer.
        rule: (price from which it holds, tick), the first from 0, of the market rule of the
            exchange orders go to; empty if it could not be had.
    """
    contract = details.contract
    exchange = contract.exchange
    words = contract.lastTradeDateOrContractMonth.split()
    return Listed(
        instrument=_on_grid(instrument, details, rule),
        con_id=contract.conId,
        symbol=contract.symbol,
        sec_type=contract.secType,
        exchange=exchange,
        primary_exchange=contract.primaryExchange,
        currency=contract.currency,
        expiry=words[0] if words else "",
        strike=float(contract.strike),
        right=contract.right,
        multiplier=contract.multiplier,
        local_symbol=contract.localSymbol,
        trading_class=contract.tradingClass,
        zone=details.timeZoneId,
        magnifier=details.priceMagnifier or 1,
        exchanges=tuple(word for word in details.validExchanges.split(",") if word),
        order_types=tuple(word for word in details.orderTypes.split(",") if word),
    )


def _on_grid(
    instrument: Instrument, details: IbDetails, rule: tuple[tuple[float, float], ...]
) -> Instrument:
    tick = details.minTick or instrument.tick
    bands: tuple[tuple[float, float], ...] = ()
    if rule:
        tick, bands = rule[0][1], rule[1:]
    lot = details.sizeIncrement if details.sizeIncrement > _NO_DAYS else instrument.lot
    if instrument.type is not AssetType.CRYPTO and lot < instrument.lot:
        lot = instrument.lot
    return replace(instrument, tick=tick, tick_bands=bands, lot=lot)


def bands_of(increments: list[IbIncrement]) -> tuple[tuple[float, float], ...]:
    """(price from which it holds, tick) of a market rule."""
    return tuple((float(one.lowEdge), float(one.increment)) for one in increments)


def rule_number(details: IbDetails, exchange: str) -> int | None:
    """Number of the market rule of an exchange: the lists of both run side by side."""
    names, rules = details.validExchanges.split(","), details.marketRuleIds.split(",")
    numbers = dict(zip(names, rules, strict=False))
    text = numbers.get(exchange) or (rules[0] if rules else "")
    return int(text) if text.strip().isdigit() else None


def gone(instrument: Instrument, contract: IbContract) -> Listed:
    """A contract the broker knows no more, by its name."""
    return Listed(
        instrument=instrument,
        con_id=0,
        symbol=contract.symbol,
        sec_type=contract.secType,
        exchange=contract.exchange,
        currency=contract.currency,
        expiry=contract.lastTradeDateOrContractMonth,
        strike=float(contract.strike),
        right=contract.right,
        multiplier=contract.multiplier,
    )


def instrument_key(contract: IbContract) -> str:
    """What a contract nobody asked for is called: its symbol, or its local symbol where the
    symbol alone does not name it."""
    if contract.secType == "STK":
        return contract.symbol.replace(" ", ".")
    if contract.secType in ("CASH", "CRYPTO"):
        return f"{contract.symbol}.{contract.currency}"
    return contract.localSymbol or contract.symbol


def is_expired(listed: Listed, now: int) -> bool:
    """Whether a contract's last day is over."""
    expiry = listed.instrument.expiry
    return expiry is not None and now // DAY > expiry
