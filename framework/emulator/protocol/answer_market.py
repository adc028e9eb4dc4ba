"""What the server tells of the market now: ticks, quotes, bars of five seconds, depth."""

from __future__ import annotations

__all__ = [
    "MIDDLE_BY_MIDDLE",
    "QUOTE_BY_QUOTE",
    "DepthExchange",
    "MarketDataType",
    "MktDepthExchanges",
    "RealtimeBar",
    "RerouteMktDataReq",
    "RerouteMktDepthReq",
    "TickByTickAllLast",
    "TickByTickBidAsk",
    "TickByTickMidPoint",
    "TickEFP",
    "TickGeneric",
    "TickNews",
    "TickOptionComputation",
    "TickPrice",
    "TickReqParams",
    "TickSize",
    "TickSnapshotEnd",
    "TickString",
    "UpdateMktDepth",
    "UpdateMktDepthL2",
]

from dataclasses import dataclass
from typing import Annotated

from framework.emulator.protocol.kinds import GREEK, PREMIUM, SIZE
from framework.emulator.protocol.layout import Blank, Rows


@dataclass(frozen=True, slots=True)
class TickPrice:
    """A price and its size; bits of the mask: 1 auto-executes, 2 past limit, 4 pre-open."""

    req_id: int
    tick_type: int
    price: float
    size: Annotated[float, SIZE] = 0.0
    attrib_mask: int = 0


@dataclass(frozen=True, slots=True)
class TickSize:
    """A size alone."""

    req_id: int
    tick_type: int
    size: Annotated[float, SIZE]


@dataclass(frozen=True, slots=True)
class TickGeneric:
    """A number that is neither price nor size."""

    req_id: int
    tick_type: int
    value: float


@dataclass(frozen=True, slots=True)
class TickString:
    """A text, such as the time of the last trade."""

    req_id: int
    tick_type: int
    value: str


@dataclass(frozen=True, slots=True)
class TickEFP:
    """An exchange for physical."""

    req_id: int
    tick_type: int
    basis_points: float
    formatted_basis_points: str
    implied_future: float
    hold_days: int
    future_last_trade_date: str
    dividend_impact: float
    dividends_to_last_trade_date: float


@dataclass(frozen=True, slots=True)
class TickOptionComputation:
    """An option's price and greeks; None is not computed."""

    req_id: int
    tick_type: int
    tick_attrib: int = 0
    implied_vol: Annotated[float | None, PREMIUM] = None
    delta: Annotated[float | None, GREEK] = None
    opt_price: Annotated[float | None, PREMIUM] = None
    pv_dividend: Annotated[float | None, PREMIUM] = None
    gamma: Annotated[float | None, GREEK] = None
    vega: Annotated[float | None, GREEK] = None
    theta: Annotated[float | None, GREEK] = None
    und_price: Annotated[float | None, PREMIUM] = None


@dataclass(frozen=True, slots=True)
class TickSnapshotEnd:
    """A snapshot is complete."""

    req_id: int


@dataclass(frozen=True, slots=True)
class TickReqParams:
    """What holds for a stream of quotes."""

    req_id: int
    min_tick: float
    bbo_exchange: str
    snapshot_permissions: int


@dataclass(frozen=True, slots=True)
class MarketDataType:
    """Which quotes come: 1 live, 2 frozen, 3 delayed, 4 delayed and frozen."""

    req_id: int
    market_data_type: int


@dataclass(frozen=True, slots=True)
class TickNews:
    """A headline."""

    req_id: int
    time_stamp: int
    provider_code: str
    article_id: str
    headline: str
    extra_data: str = ""


@dataclass(frozen=True, slots=True)
class UpdateMktDepth:
    """A row of the book: operation 0 inserts, 1 updates, 2 deletes; side 0 is ask, 1 is bid."""

    req_id: int
    position: int
    operation: int
    side: int
    price: float
    size: Annotated[float, SIZE]


@dataclass(frozen=True, slots=True)
class UpdateMktDepthL2:
    """A row of the book with its market maker or exchange."""

    req_id: int
    position: int
    market_maker: str
    operation: int
    side: int
    price: float
    size: Annotated[float, SIZE]
    is_smart_depth: bool = False


@dataclass(frozen=True, slots=True)
class DepthExchange:
    """An exchange that shows its book."""

    exchange: str = ""
    sec_type: str = ""
    listing_exch: str = ""
    service_data_type: str = ""
    agg_group: int | None = None


@dataclass(frozen=True, slots=True)
class MktDepthExchanges:
    """The exchanges that show their books."""

    descriptions: tuple[DepthExchange, ...] = ()


@dataclass(frozen=True, slots=True)
class RerouteMktDataReq:
    """Ask for the quotes of this contract instead."""

    req_id: int
    con_id: int
    exchange: str


@dataclass(frozen=True, slots=True)
class RerouteMktDepthReq:
    """Ask for the book of this contract instead."""

    req_id: int
    con_id: int
    exchange: str


@dataclass(frozen=True, slots=True)
class RealtimeBar:
    """A bar of five seconds; time in seconds."""

    req_id: int
    time: int
    open: float
    high: float
    low: float
    close: float
    volume: Annotated[float, SIZE]
    wap: float
    count: int


@dataclass(frozen=True, slots=True)
class TickByTickAllLast:
    """A trade; type 1 is Last, 2 AllLast; bits of the mask: 1 past limit, 2 unreported."""

    req_id: int
    tick_type: int
    time: int
    price: float
    size: Annotated[float, SIZE]
    attrib_mask: int = 0
    exchange: str = ""
    special_conditions: str = ""


@dataclass(frozen=True, slots=True)
class TickByTickBidAsk:
    """A quote; bits of the mask: 1 bid past low, 2 ask past high."""

    req_id: int
    time: int
    bid_price: float
    ask_price: float
    bid_size: Annotated[float, SIZE]
    ask_size: Annotated[float, SIZE]
    attrib_mask: int = 0


@dataclass(frozen=True, slots=True)
class TickByTickMidPoint:
    """The middle of a quote."""

    req_id: int
    time: int
    mid_point: float


QUOTE_BY_QUOTE = Rows(
    "req_id", Blank("3"), "time bid_price ask_price bid_size ask_size attrib_mask"
)
MIDDLE_BY_MIDDLE = Rows("req_id", Blank("4"), "time mid_point")
