"""Requests about quotes: streams, snapshots, depth, single ticks, option computations."""

from __future__ import annotations

__all__ = [
    "depth_exchanges",
    "implied_volatility",
    "market_data",
    "market_data_type",
    "market_depth",
    "option_price",
    "quote_of",
    "stop_depth",
    "stop_market_data",
    "stop_ticks",
    "tick_by_tick",
]

from framework.emulator.exchange.rejected import RejectedError
from framework.emulator.faults.acts import DataKind
from framework.emulator.market.directory import UnknownContract
from framework.emulator.market.listing import Listing
from framework.emulator.market.netted import netted
from framework.emulator.market.quotes import Snapshot
from framework.emulator.protocol.answers import (
    DepthExchange,
    MarketDataType,
    MktDepthExchanges,
    TickReqParams,
    TickSnapshotEnd,
)
from framework.emulator.protocol.contract import WireContract
from framework.emulator.protocol.requests import (
    CalculateImpliedVolatility,
    CalculateOptionPrice,
    CancelMktData,
    CancelMktDepth,
    CancelTickByTickData,
    ReqMarketDataType,
    ReqMktData,
    ReqMktDepth,
    ReqMktDepthExchanges,
    ReqTickByTickData,
)
from framework.emulator.server.books import show_depth
from framework.emulator.server.hub import Hub
from framework.emulator.server.session import Session
from framework.emulator.server.streams import DepthStream, QuoteStream, TickStream
from framework.emulator.server.ticks import computation, greeks_of, ticks_between

_LIVE, _DELAYED, _FROZEN_DELAYED = 1, 3, 4
_ASKED = 53
"""Tick type of what was asked for on demand."""
_BBO = "9c0001"
_ALL_PERMISSIONS = 3
_MOST_DEPTHS, _MOST_ROWS = 3, 20
_KINDS = frozenset({"Last", "AllLast", "BidAsk", "MidPoint"})


def market_data_type(hub: Hub, session: Session, request: ReqMarketDataType) -> None:
    """Which quotes the client wants from here on: live, frozen or delayed ones."""
    if not _LIVE <= request.market_data_type <= _FROZEN_DELAYED:
        raise RejectedError(
            321,
            "Error validating request:-'b' : cause - Invalid market data type "
            f"{request.market_data_type}",
        )
    session.market_data_type = request.market_data_type


def market_data(hub: Hub, session: Session, request: ReqMktData) -> None:
    """The present quote, and from here on what changes of it."""
    if request.req_id in session.quotes:
        raise RejectedError(322, "Error processing request:-'b' : cause - Duplicate ticker id")
    _check_lines(hub)
    is_delayed = session.market_data_type >= _DELAYED
    if request.contract.sec_type == "BAG":
        stream, tick = _combo_stream(hub, request.contract, is_delayed)
    else:
        listing = _streamed(hub, request.contract)
        is_option = listing.instrument.option is not None
        stream, tick = QuoteStream(listing.key, is_delayed, is_option), listing.min_tick
    session.send(MarketDataType(request.req_id, session.market_data_type))
    session.send(TickReqParams(request.req_id, tick, _BBO, _ALL_PERMISSIONS))
    if hub.flows(DataKind.TICKS):
        show_quote(hub, session, request.req_id, stream)
    if request.snapshot:
        session.send(TickSnapshotEnd(request.req_id))
    else:
        session.quotes[request.req_id] = stream


def show_quote(hub: Hub, session: Session, req_id: int, stream: QuoteStream) -> None:
    """Tell a stream what has changed since it was told last."""
    quote = quote_of(hub, stream)
    for answer in ticks_between(stream.shown, quote, stream.is_delayed, req_id):
        session.send(answer)
    if stream.is_option:
        known = hub.market.greeks(stream.key)
        every = (known.bid, known.ask, known.last, known.model)
        for answer in greeks_of(every, stream.is_delayed, req_id):
            session.send(answer)
    stream.shown = quote


def quote_of(hub: Hub, stream: QuoteStream) -> Snapshot:
    """The present quote of what a stream is about."""
    if not stream.legs:
        return hub.market.quote(stream.key)
    return netted(stream.key, [(units, hub.market.quote(key)) for key, units in stream.legs])


def _combo_stream(hub: Hub, contract: WireContract, is_delayed: bool) -> tuple[QuoteStream, float]:
    """A stream of a combo's net quotes, and their tick."""
    legs, tick = [], 0.01
    for leg in contract.combo_legs:
        try:
            listing = hub.market.directory.by_con_id(leg.con_id)
        except UnknownContract as error:
            raise RejectedError(
                200, "No security definition has been found for a leg of the combo"
            ) from error
        hub.market.activate(listing.key)
        legs.append((listing.key, leg.ratio if leg.action == "BUY" else -leg.ratio))
        tick = min(tick, listing.min_tick)
    if not legs:
        raise RejectedError(321, "Error validating request:-'b' : cause - The combo has no legs")
    name = ",".join(f"{units:+g} {key}" for key, units in legs)
    return QuoteStream(name, is_delayed, False, tuple(legs)), tick


def _check_lines(hub: Hub) -> None:
    most = hub.settings.market_data_lines
    if most and sum(session.lines for session in hub.sessions.values()) >= most:
        raise RejectedError(101, "Max number of tickers has been reached")


def _streamed(hub: Hub, contract: WireContract) -> Listing:
    listing = hub.exchange.listing(contract)
    hub.market.activate(listing.key)
    return listing


def stop_market_data(hub: Hub, session: Session, request: CancelMktData) -> None:
    """No more quotes."""
    if session.quotes.pop(request.req_id, None) is None:
        raise RejectedError(300, f"Can't find EId with tickerId:{request.req_id}")


def market_depth(hub: Hub, session: Session, request: ReqMktDepth) -> None:
    """The order book, and from here on what changes of it."""
    if sum(len(one.depths) for one in hub.sessions.values()) >= _MOST_DEPTHS:
        raise RejectedError(
            309, f"Max number ({_MOST_DEPTHS}) of market depth requests has been reached"
        )
    if request.req_id in session.depths:
        raise RejectedError(322, "Error processing request:-'b' : cause - Duplicate ticker id")
    listing = _streamed(hub, request.contract)
    rows = min(max(1, request.num_rows), _MOST_ROWS)
    stream = DepthStream(listing.key, rows, request.is_smart_depth)
    session.depths[request.req_id] = stream
    show_depth(hub, session, request.req_id, stream)


def stop_depth(hub: Hub, session: Session, request: CancelMktDepth) -> None:
    """No more of the book."""
    if session.depths.pop(request.req_id, None) is None:
        raise RejectedError(310, f"Can't find the subscribed market depth:{request.req_id}")


def depth_exchanges(hub: Hub, session: Session, request: ReqMktDepthExchanges) -> None:
    """Where books are shown."""
    names = dict.fromkeys(
        (exchange, listing.contract.sec_type)
        for listing in hub.market.directory.listings
        for exchange in listing.valid_exchanges
        if exchange != "SMART"
    )
    shown = tuple(DepthExchange(name, kind, "", "Deep2") for name, kind in names)
    session.send(MktDepthExchanges(shown))


def tick_by_tick(hub: Hub, session: Session, request: ReqTickByTickData) -> None:
    """Every trade or quote from here on."""
    if request.tick_type not in _KINDS:
        raise RejectedError(
            321,
            f"Error validating request:-'b' : cause - Invalid tick type {request.tick_type!r}",
        )
    if request.req_id in session.ticks:
        raise RejectedError(322, "Error processing request:-'b' : cause - Duplicate ticker id")
    _check_lines(hub)
    listing = _streamed(hub, request.contract)
    session.ticks[request.req_id] = TickStream(listing.key, request.tick_type)


def stop_ticks(hub: Hub, session: Session, request: CancelTickByTickData) -> None:
    """No more single ticks."""
    if session.ticks.pop(request.req_id, None) is None:
        raise RejectedError(300, f"Can't find EId with tickerId:{request.req_id}")


def implied_volatility(hub: Hub, session: Session, request: CalculateImpliedVolatility) -> None:
    """The volatility an option's price means."""
    listing = _option(hub, request.contract)
    found = hub.market.implied(listing.key, request.option_price, request.under_price)
    if found is None:
        raise RejectedError(
            321, "Error validating request:-'b' : cause - No volatility gives that price"
        )
    session.send(computation(_ASKED, found, request.req_id))


def option_price(hub: Hub, session: Session, request: CalculateOptionPrice) -> None:
    """The price a volatility gives an option."""
    listing = _option(hub, request.contract)
    found = hub.market.priced(listing.key, request.volatility, request.under_price)
    if found is None:
        raise RejectedError(
            321, "Error validating request:-'b' : cause - The volatility gives no price"
        )
    session.send(computation(_ASKED, found, request.req_id))


def _option(hub: Hub, contract: WireContract) -> Listing:
    listing = hub.exchange.listing(contract)
    if listing.instrument.option is None:
        raise RejectedError(
            321, "Error validating request:-'b' : cause - The contract is no option"
        )
    return listing
