"""What a client asks of the market: quotes, ticks, bars, depth, history, option prices."""

from __future__ import annotations

__all__ = [
    "CalculateImpliedVolatility",
    "CalculateOptionPrice",
    "CancelCalculateImpliedVolatility",
    "CancelCalculateOptionPrice",
    "CancelHeadTimestamp",
    "CancelHistogramData",
    "CancelHistoricalData",
    "CancelMktData",
    "CancelMktDepth",
    "CancelRealTimeBars",
    "CancelTickByTickData",
    "ReqHeadTimestamp",
    "ReqHistogramData",
    "ReqHistoricalData",
    "ReqHistoricalTicks",
    "ReqMarketDataType",
    "ReqMktData",
    "ReqMktDepth",
    "ReqMktDepthExchanges",
    "ReqRealTimeBars",
    "ReqTickByTickData",
]

from dataclasses import dataclass
from typing import Annotated

from framework.emulator.protocol.contract import C12, WireContract
from framework.emulator.protocol.request_layouts import C12_AND_HEDGE


@dataclass(frozen=True, slots=True)
class ReqMktData:
    """Quotes of a contract, as a stream or once."""

    req_id: int
    contract: Annotated[WireContract, C12_AND_HEDGE]
    generic_tick_list: str = ""
    snapshot: bool = False
    regulatory_snapshot: bool = False
    mkt_data_options: str = ""


@dataclass(frozen=True, slots=True)
class CancelMktData:
    """No more quotes."""

    req_id: int


@dataclass(frozen=True, slots=True)
class ReqMarketDataType:
    """Which quotes will do: 1 live, 2 frozen, 3 delayed, 4 delayed and frozen."""

    market_data_type: int


@dataclass(frozen=True, slots=True)
class ReqMktDepth:
    """A contract's order book."""

    req_id: int
    contract: Annotated[WireContract, C12]
    num_rows: int
    is_smart_depth: bool = False
    mkt_depth_options: str = ""


@dataclass(frozen=True, slots=True)
class CancelMktDepth:
    """No more of the order book."""

    req_id: int
    is_smart_depth: bool = False


@dataclass(frozen=True, slots=True)
class ReqMktDepthExchanges:
    """Which exchanges show their books."""


@dataclass(frozen=True, slots=True)
class ReqRealTimeBars:
    """Bars of five seconds."""

    req_id: int
    contract: Annotated[WireContract, C12]
    bar_size: int
    what_to_show: str
    use_rth: bool = False
    real_time_bars_options: str = ""


@dataclass(frozen=True, slots=True)
class CancelRealTimeBars:
    """No more bars of five seconds."""

    req_id: int


@dataclass(frozen=True, slots=True)
class ReqTickByTickData:
    """Every trade or every quote: Last, AllLast, BidAsk or MidPoint."""

    req_id: int
    contract: Annotated[WireContract, C12]
    tick_type: str
    number_of_ticks: int = 0
    ignore_size: bool = False


@dataclass(frozen=True, slots=True)
class CancelTickByTickData:
    """No more single ticks."""

    req_id: int


@dataclass(frozen=True, slots=True)
class ReqHistoricalData:
    """Bars of the past, and on request the one that is forming."""

    req_id: int
    contract: WireContract
    end_date_time: str
    bar_size: str
    duration: str
    use_rth: bool
    what_to_show: str
    format_date: int = 1
    keep_up_to_date: bool = False
    chart_options: str = ""


@dataclass(frozen=True, slots=True)
class CancelHistoricalData:
    """No bars, or no more of them."""

    req_id: int


@dataclass(frozen=True, slots=True)
class ReqHeadTimestamp:
    """The time from which on there is history."""

    req_id: int
    contract: WireContract
    use_rth: bool
    what_to_show: str
    format_date: int = 1


@dataclass(frozen=True, slots=True)
class CancelHeadTimestamp:
    """Never mind the time."""

    req_id: int


@dataclass(frozen=True, slots=True)
class ReqHistogramData:
    """How much was traded at each price."""

    req_id: int
    contract: WireContract
    use_rth: bool
    time_period: str


@dataclass(frozen=True, slots=True)
class CancelHistogramData:
    """Never mind the histogram."""

    req_id: int


@dataclass(frozen=True, slots=True)
class ReqHistoricalTicks:
    """Single ticks of the past: TRADES, BID_ASK or MIDPOINT."""

    req_id: int
    contract: WireContract
    start_date_time: str
    end_date_time: str
    number_of_ticks: int
    what_to_show: str
    use_rth: bool
    ignore_size: bool = False
    misc_options: str = ""


@dataclass(frozen=True, slots=True)
class CalculateImpliedVolatility:
    """The volatility that explains an option's price."""

    req_id: int
    contract: Annotated[WireContract, C12]
    option_price: float
    under_price: float
    options_count: int = 0
    options: str = ""


@dataclass(frozen=True, slots=True)
class CancelCalculateImpliedVolatility:
    """Never mind the volatility."""

    req_id: int


@dataclass(frozen=True, slots=True)
class CalculateOptionPrice:
    """The price an option has at a volatility."""

    req_id: int
    contract: Annotated[WireContract, C12]
    volatility: float
    under_price: float
    options_count: int = 0
    options: str = ""


@dataclass(frozen=True, slots=True)
class CancelCalculateOptionPrice:
    """Never mind the price."""

    req_id: int
