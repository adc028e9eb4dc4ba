"""Requests about the past, and about bars as they form."""

from __future__ import annotations

__all__ = [
    "head_timestamp",
    "histogram",
    "historical_data",
    "historical_ticks",
    "real_time_bars",
    "stop_bars",
]

import asyncio
from dataclasses import replace

from framework.emulator.exchange.rejected import RejectedError
from framework.emulator.market.candles import candles
from framework.emulator.market.history import HistoryAnswer, HistoryRequest
from framework.emulator.market.listing import Listing
from framework.emulator.market.past_ticks import PastTick
from framework.emulator.market.refusal import HistoryRefused
from framework.emulator.market.times import tws_time
from framework.emulator.protocol.answers import (
    Answer,
    HeadTimestamp,
    HistogramData,
    HistogramPoint,
    HistoricalData,
    HistoricalTick,
    HistoricalTickBidAsk,
    HistoricalTickLast,
    HistoricalTicks,
    HistoricalTicksBidAsk,
    HistoricalTicksLast,
)
from framework.emulator.protocol.requests import (
    CancelHistoricalData,
    CancelRealTimeBars,
    ReqHeadTimestamp,
    ReqHistogramData,
    ReqHistoricalData,
    ReqHistoricalTicks,
    ReqRealTimeBars,
)
from framework.emulator.server.hub import Hub
from framework.emulator.server.schedule import SCHEDULE, schedule_of
from framework.emulator.server.session import Session
from framework.emulator.server.streams import FIVE_SECONDS, BarStream

_SECOND = 1_000_000_000
_LIVE_BARS = frozenset({"TRADES", "MIDPOINT", "BID", "ASK"})


def historical_data(hub: Hub, session: Session, request: ReqHistoricalData) -> None:
    """Bars of the past, and with `keep_up_to_date` the forming one from here on."""
    if request.req_id in session.bars:
        raise RejectedError(322, "Error processing request:-'b' : cause - Duplicate ticker id")
    _pace(hub, request)
    listing = hub.exchange.listing(request.contract)
    if request.what_to_show == SCHEDULE:
        _answer_schedule(hub, session, request, listing)
        return
    asked = HistoryRequest(
        listing,
        request.end_date_time,
        request.duration,
        request.bar_size,
        request.what_to_show,
        request.use_rth,
        request.keep_up_to_date,
        session.zone,
    )
    try:
        if not request.keep_up_to_date:
            _answer(session, request, listing, hub.market.history.bars(asked))
            return
        hub.market.activate(listing.key)
        answer, rolling = hub.market.history.follow(asked)
    except HistoryRefused as error:
        raise RejectedError(error.code, error.message) from error
    _answer(session, request, listing, answer)
    session.bars[request.req_id] = BarStream(
        listing.key, rolling, answer.daily, request.format_date, request.bar_size
    )


def _answer_schedule(
    hub: Hub, session: Session, request: ReqHistoricalData, listing: Listing
) -> None:
    try:
        session.send(schedule_of(request, listing, session.zone, hub.now()))
    except HistoryRefused as error:
        raise RejectedError(error.code, error.message) from error


def _answer(
    session: Session, request: ReqHistoricalData, listing: Listing, answer: HistoryAnswer
) -> None:
    zone = listing.time_zone
    bars = candles(answer, request.format_date, session.version, zone)
    start, end = (tws_time(time, session.version, zone) for time in (answer.start, answer.end))
    session.send(HistoricalData(request.req_id, start, end, bars))


def _pace(hub: Hub, request: ReqHistoricalData) -> None:
    """Refuse what comes faster than the pacing rules allow."""
    if not hub.settings.paces_history:
        return
    contract = request.contract
    option = f"{contract.last_trade_date}|{contract.strike}|{contract.right}"
    name = f"{contract.con_id}|{contract.symbol}|{contract.local_symbol}|{contract.sec_type}"
    named = f"{name}|{option}"
    kind = f"{named}|{contract.exchange}|{request.what_to_show}"
    now = asyncio.get_running_loop().time()
    same = repr(replace(request, req_id=0))
    reason = hub.pace.violation(same, kind, request.what_to_show == "BID_ASK", now)
    if reason:
        raise RejectedError(
            162, "Historical Market Data Service error message:Historical data request pacing "
            f"violation: {reason}"
        )  # fmt: skip


def real_time_bars(hub: Hub, session: Session, request: ReqRealTimeBars) -> None:
    """Bars of five seconds from here on."""
    if request.what_to_show not in _LIVE_BARS:
        raise RejectedError(
            321,
            "Error validating request:-'b' : cause - Real-time bars of "
            f"{request.what_to_show!r} are not supported",
        )
    if request.req_id in session.bars:
        raise RejectedError(322, "Error processing request:-'b' : cause - Duplicate ticker id")
    listing = hub.exchange.listing(request.contract)
    hub.market.activate(listing.key)
    asked = HistoryRequest(
        listing, "", "60 S", FIVE_SECONDS, request.what_to_show, request.use_rth, True, session.zone
    )
    try:
        _, rolling = hub.market.history.follow(asked)
    except HistoryRefused as error:
        raise RejectedError(error.code, error.message) from error
    session.bars[request.req_id] = BarStream(listing.key, rolling, False, 2, "")


def stop_bars(
    hub: Hub, session: Session, request: CancelHistoricalData | CancelRealTimeBars
) -> None:
    """No more of these bars."""
    if session.bars.pop(request.req_id, None) is None:
        code = 366 if isinstance(request, CancelHistoricalData) else 300
        raise RejectedError(code, f"No query found for ticker id:{request.req_id}")


def head_timestamp(hub: Hub, session: Session, request: ReqHeadTimestamp) -> None:
    """When the past begins."""
    listing = hub.exchange.listing(request.contract)
    try:
        first = hub.market.history.head(listing, request.what_to_show, regular=request.use_rth)
    except HistoryRefused as error:
        raise RejectedError(error.code, error.message) from error
    text = str(first // _SECOND) if request.format_date == 2 else _dashed(first)
    session.send(HeadTimestamp(request.req_id, text))


def _dashed(time: int) -> str:
    """An instant as "20040823-13:30:00", in UTC."""
    return tws_time(time, 0, "UTC").replace("  ", "-")


def histogram(hub: Hub, session: Session, request: ReqHistogramData) -> None:
    """How much traded at which price."""
    listing = hub.exchange.listing(request.contract)
    try:
        found = hub.market.history.histogram(listing, request.time_period, regular=request.use_rth)
    except HistoryRefused as error:
        raise RejectedError(error.code, error.message) from error
    points = tuple(HistogramPoint(price, size) for price, size in found)
    session.send(HistogramData(request.req_id, points))


def historical_ticks(hub: Hub, session: Session, request: ReqHistoricalTicks) -> None:
    """Single ticks of the past."""
    listing = hub.exchange.listing(request.contract)
    try:
        found = hub.market.past_ticks.find(
            listing,
            request.start_date_time,
            request.end_date_time,
            request.number_of_ticks,
            request.what_to_show,
            regular=request.use_rth,
            zone=session.zone,
        )
    except HistoryRefused as error:
        raise RejectedError(error.code, error.message) from error
    session.send(_ticks(request, listing, found))


def _ticks(request: ReqHistoricalTicks, listing: Listing, found: list[PastTick]) -> Answer:
    if request.what_to_show == "TRADES":
        where = listing.valid_exchanges[-1]
        trades = tuple(
            HistoricalTickLast(one.time // _SECOND, 0, one.price, one.size, where, "")
            for one in found
        )
        return HistoricalTicksLast(request.req_id, trades, True)
    if request.what_to_show == "BID_ASK":
        quotes = tuple(
            HistoricalTickBidAsk(one.time // _SECOND, 0, one.price, one.ask, one.size, one.ask_size)
            for one in found
        )
        return HistoricalTicksBidAsk(request.req_id, quotes, True)
    middles = tuple(HistoricalTick(one.time // _SECOND, one.price, 0.0) for one in found)
    return HistoricalTicks(request.req_id, middles, True)
