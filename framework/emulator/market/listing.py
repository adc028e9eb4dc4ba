"""Listing: one contract as TWS lists it, with the instrument it is inside Slipway."""

from __future__ import annotations

__all__ = ["Chain", "Increments", "Listing", "Match", "details"]

from dataclasses import dataclass, replace

from framework.domain.instruments import AssetType, Instrument
from framework.emulator.market.hours import compact_day, hours_of
from framework.emulator.protocol.answer_details import Details
from framework.emulator.protocol.contract import WireContract

Increments = tuple[tuple[float, float], ...]
"""(price from which it holds, smallest step of prices), in rising order, the first from 0."""


@dataclass(frozen=True, slots=True)
class Listing:
    """One contract.

    Attributes:
        con_id: its number.
        instrument: what it is inside Slipway; `instrument.symbol` is its key everywhere.
        contract: every field, the exchange being the one it was asked for on.
        long_name: such as "APPLE INC".
        min_tick: smallest step of prices anywhere.
        valid_exchanges: where orders for it can go, the usual one first.
        increments: the steps of its prices; `market_rule` is their number.
        market_rule: number of its market rule, the same on every exchange.
        time_zone: as TWS spells it, such as "US/Eastern".
        order_types: comma separated.
        contract_month: YYYYMM of what expires, else "".
        last_trade_time: HH:MM at which its last day ends, else "".
        industry, category, subcategory, stock_type: as TWS fills them.
        under_key: key of what an option is written on, else "".
        under_con_id, under_symbol, under_sec_type: the same as TWS says it; of a future, its index.
        derivatives: sec types written on it, such as ("OPT",).
    """

    con_id: int
    instrument: Instrument
    contract: WireContract
    long_name: str
    min_tick: float
    valid_exchanges: tuple[str, ...]
    increments: Increments
    market_rule: int
    time_zone: str
    order_types: str = ""
    contract_month: str = ""
    last_trade_time: str = ""
    industry: str = ""
    category: str = ""
    subcategory: str = ""
    stock_type: str = ""
    under_key: str = ""
    under_con_id: int = 0
    under_symbol: str = ""
    under_sec_type: str = ""
    derivatives: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """The instrument's symbol, unique."""
        return self.instrument.symbol

    @property
    def is_option(self) -> bool:
        """Whether it is priced from an underlying."""
        return self.instrument.option is not None

    def on(self, exchange: str) -> Listing:
        """The same on one of its valid exchanges."""
        if exchange == self.contract.exchange:
            return self
        return replace(self, contract=replace(self.contract, exchange=exchange))


@dataclass(frozen=True, slots=True)
class Match:
    """One answer to a search for symbols.

    Attributes:
        listing: what was found.
        derivatives: sec types written on it.
    """

    listing: Listing
    derivatives: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Chain:
    """The option parameters of an underlying on one exchange.

    Attributes:
        exchange: SMART or another.
        under_con_id: of the underlying.
        trading_class: such as SPY.
        multiplier: as on the wire, "100".
        expirations: YYYYMMDD, rising.
        strikes: rising.
    """

    exchange: str
    under_con_id: int
    trading_class: str
    multiplier: str
    expirations: tuple[str, ...]
    strikes: tuple[float, ...]


def details(listing: Listing, day: int) -> Details:
    """All TWS tells about a contract, its hours from `day` on."""
    instrument = listing.instrument
    trading, liquid = hours_of(instrument, day)
    last = f"{listing.last_trade_time} {listing.time_zone}" if listing.last_trade_time else ""
    lot, usual = instrument.lot, 100.0 if instrument.type is AssetType.STOCK else instrument.lot
    return Details(
        contract=listing.contract,
        last_trade_time=last,
        market_name=listing.contract.trading_class or listing.contract.symbol,
        min_tick=listing.min_tick,
        order_types=listing.order_types,
        valid_exchanges=",".join(listing.valid_exchanges),
        under_con_id=listing.under_con_id,
        long_name=listing.long_name,
        contract_month=listing.contract_month,
        industry=listing.industry,
        category=listing.category,
        subcategory=listing.subcategory,
        time_zone_id=listing.time_zone,
        trading_hours=trading,
        liquid_hours=liquid,
        agg_group=1,
        under_symbol=listing.under_symbol,
        under_sec_type=listing.under_sec_type,
        market_rule_ids=",".join([str(listing.market_rule)] * len(listing.valid_exchanges)),
        real_expiration_date="" if instrument.expiry is None else compact_day(instrument.expiry),
        stock_type=listing.stock_type,
        min_size=lot,
        size_increment=lot,
        suggested_size_increment=usual,
    )
