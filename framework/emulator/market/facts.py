"""What TWS tells about well-known contracts, and where each kind of contract trades."""

from __future__ import annotations

__all__ = [
    "FACTS",
    "OPTION_EXCHANGES",
    "OPTION_ORDERS",
    "SAME_EXCHANGE",
    "VENUES",
    "Facts",
    "Venue",
    "venue_of",
]

from collections.abc import Mapping
from dataclasses import dataclass

from framework.domain.instruments import AssetType, Instrument

_STOCK_ORDERS = (
    "ACTIVETIM,AD,ADJUST,ALERT,ALGO,ALLOC,AVGCOST,BASKET,COND,CONDORDER,DAY,FOK,GAT,GTC,GTD,IOC,"
    "LIT,LMT,LOC,LOO,MIT,MKT,MOC,MOO,NONALGO,OCA,OPG,OUTRTH,PEGBENCH,PEGMID,PEGMKT,REL,SCALE,"
    "SNAPMID,SNAPMKT,SNAPREL,STP,STPLMT,TRAIL,TRAILLIT,TRAILLMT,TRAILMIT,WHATIF"
)
OPTION_ORDERS = (
    "ACTIVETIM,AD,ADJUST,ALERT,ALGO,ALLOC,AVGCOST,BASKET,COND,CONDORDER,DAY,FOK,GAT,GTC,GTD,IOC,"
    "LIT,LMT,MIT,MKT,NONALGO,OCA,OPENCLOSE,OUTRTH,PEGMID,REL,SCALE,STP,STPLMT,TRAIL,TRAILLMT,WHATIF"
)
_OTHER_ORDERS = (
    "ACTIVETIM,AD,ADJUST,ALERT,ALGO,BASKET,COND,CONDORDER,DAY,FOK,GAT,GTC,GTD,IOC,LIT,LMT,MIT,MKT,"
    "MTL,NONALGO,OCA,OUTRTH,SCALE,STP,STPLMT,TRAIL,TRAILLIT,TRAILLMT,TRAILMIT,WHATIF"
)
_US_EXCHANGES = (
    "SMART",
    *("AMEX", "NYSE", "CBOE", "PHLX", "ISE", "CHX", "ARCA", "ISLAND", "DRCTEDGE", "BEX", "BATS"),
    *("EDGEA", "BYX", "IEX", "EDGX", "PEARL", "NYSENAT", "LTSE", "MEMX"),
)
OPTION_EXCHANGES = (
    "SMART",
    *("AMEX", "CBOE", "PHLX", "PSE", "ISE", "BOX", "BATS", "NASDAQOM", "CBOE2", "NASDAQBX", "MIAX"),
    *("EDGX", "MEMX"),
)

SAME_EXCHANGE = {"NASDAQ": "ISLAND"}
"""Newer names of exchanges, each with the one listed here."""


@dataclass(frozen=True, slots=True)
class Venue:
    """Where contracts of one kind trade: their sec type, exchanges and order types.

    Attributes:
        sec_type: of TWS.
        exchanges: valid ones, the usual one first.
        primary: the primary exchange.
        orders: comma separated.
    """

    sec_type: str
    exchanges: tuple[str, ...]
    primary: str = ""
    orders: str = _OTHER_ORDERS


VENUES: Mapping[AssetType, Venue] = {
    AssetType.STOCK: Venue("STK", _US_EXCHANGES, "NYSE", _STOCK_ORDERS),
    AssetType.FUTURE: Venue("FUT", ("CME", "QBALGO")),
    AssetType.FOREX: Venue("CASH", ("IDEALPRO",)),
    AssetType.INDEX: Venue("IND", ("CBOE",)),
    AssetType.CRYPTO: Venue("CRYPTO", ("PAXOS",)),
}
"""By kind; options have their own exchanges."""

_ABROAD = {
    "XLON": ("LSE", "LSE"),
    "XETR": ("IBIS", "IBIS"),
    "XPAR": ("SBF", "SBF"),
    "XAMS": ("AEB", "AEB"),
    "XSWX": ("EBS", "EBS"),
    "XTSE": ("TSE", "TSE"),
    "XTKS": ("TSEJ", "TSEJ"),
    "XHKG": ("SEHK", "SEHK"),
    "XASX": ("ASX", "ASX"),
}
"""Stock exchanges elsewhere by calendar: the exchange, and the primary one."""
_FUTURES = {"XEUR": ("EUREX",), "XNYS": ("CFE",)}


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of one contract beyond its instrument."""

    long_name: str
    primary: str = ""
    trading_class: str = ""
    industry: str = ""
    category: str = ""
    subcategory: str = ""
    stock_type: str = ""


FACTS: Mapping[str, Facts] = {
    "AAPL": Facts("APPLE INC", "NASDAQ", "NMS", "Technology", "Computers", "Computers", "COMMON"),
    "MSFT": Facts(
        "MICROSOFT CORP",
        "NASDAQ",
        "NMS",
        "Technology",
        "Software",
        "Applications Software",
        "COMMON",
    ),
    "SPY": Facts("SS SPDR S&P 500 ETF TRUST-US", "ARCA", "SPY", "", "", "", "ETF"),
    "SPX": Facts("S&P 500 Stock Index", "", "SPX", "Indices", "Broad Range Equity Index", "*"),
    "EUR.USD": Facts("European Monetary Union Euro", "", "EUR.USD"),
    "ES": Facts("E-mini S&P 500", "", "ES", "Indices", "Broad Range Equity Index"),
}
"""By symbol."""


def venue_of(instrument: Instrument) -> Venue:
    """Where an instrument trades, by its kind and its calendar."""
    usual = VENUES[instrument.type]
    if instrument.type is AssetType.STOCK and instrument.calendar in _ABROAD:
        exchange, primary = _ABROAD[instrument.calendar]
        return Venue(usual.sec_type, ("SMART", exchange), primary, usual.orders)
    if instrument.type is AssetType.FUTURE and instrument.calendar in _FUTURES:
        return Venue(usual.sec_type, _FUTURES[instrument.calendar], "", usual.orders)
    return usual
