"""What the server tells of the past: bars, ticks, schedules, histograms."""

from __future__ import annotations

__all__ = [
    "Candle",
    "HeadTimestamp",
    "HistogramData",
    "HistogramPoint",
    "HistoricalData",
    "HistoricalDataUpdate",
    "HistoricalSchedule",
    "HistoricalSession",
    "HistoricalTick",
    "HistoricalTickBidAsk",
    "HistoricalTickLast",
    "HistoricalTicks",
    "HistoricalTicksBidAsk",
    "HistoricalTicksLast",
]

from dataclasses import dataclass
from typing import Annotated

from framework.emulator.protocol.kinds import SIZE
from framework.emulator.protocol.layout import Blank, Items, Rows


@dataclass(frozen=True, slots=True)
class Candle:
    """A bar; the date is text in the form the request asked for."""

    date: str
    open: float
    high: float
    low: float
    close: float
    volume: Annotated[float, SIZE]
    wap: float
    count: int


@dataclass(frozen=True, slots=True)
class HistoricalData:
    """Bars of the past, all at once."""

    req_id: int
    start: str
    end: str
    bars: tuple[Candle, ...] = ()


@dataclass(frozen=True, slots=True)
class HistoricalDataUpdate:
    """The bar that is forming; on the wire its fields stand in another order."""

    req_id: int
    bar: Annotated[Candle, Rows("count date open close high low wap volume")]


@dataclass(frozen=True, slots=True)
class HeadTimestamp:
    """From when on there is history."""

    req_id: int
    head_timestamp: str


@dataclass(frozen=True, slots=True)
class HistogramPoint:
    """How much was traded at a price."""

    price: float
    size: Annotated[float, SIZE]


@dataclass(frozen=True, slots=True)
class HistogramData:
    """How much was traded at each price."""

    req_id: int
    items: tuple[HistogramPoint, ...] = ()


@dataclass(frozen=True, slots=True)
class HistoricalSession:
    """One session of a schedule."""

    start_date_time: str
    end_date_time: str
    ref_date: str


@dataclass(frozen=True, slots=True)
class HistoricalSchedule:
    """When a contract traded."""

    req_id: int
    start_date_time: str
    end_date_time: str
    time_zone: str
    sessions: tuple[HistoricalSession, ...] = ()


@dataclass(frozen=True, slots=True)
class HistoricalTick:
    """A middle price of the past; time in seconds."""

    time: int
    price: float
    size: Annotated[float, SIZE]


@dataclass(frozen=True, slots=True)
class HistoricalTickBidAsk:
    """A quote of the past; bits of the mask: 1 ask past high, 2 bid past low."""

    time: int
    attrib_mask: int
    price_bid: float
    price_ask: float
    size_bid: Annotated[float, SIZE]
    size_ask: Annotated[float, SIZE]


@dataclass(frozen=True, slots=True)
class HistoricalTickLast:
    """A trade of the past; bits of the mask: 1 past limit, 2 unreported."""

    time: int
    attrib_mask: int
    price: float
    size: Annotated[float, SIZE]
    exchange: str
    special_conditions: str


@dataclass(frozen=True, slots=True)
class HistoricalTicks:
    """Middle prices of the past."""

    req_id: int
    ticks: Annotated[
        tuple[HistoricalTick, ...], Items("ticks", "time", Blank("0"), "price size")
    ] = ()
    done: bool = True


@dataclass(frozen=True, slots=True)
class HistoricalTicksBidAsk:
    """Quotes of the past."""

    req_id: int
    ticks: tuple[HistoricalTickBidAsk, ...] = ()
    done: bool = True


@dataclass(frozen=True, slots=True)
class HistoricalTicksLast:
    """Trades of the past."""

    req_id: int
    ticks: tuple[HistoricalTickLast, ...] = ()
    done: bool = True
