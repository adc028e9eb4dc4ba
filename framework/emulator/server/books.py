"""Order books and single ticks as they are told."""

from __future__ import annotations

__all__ = ["show_depth", "show_tick"]

from collections.abc import Iterator, Sequence

from framework.emulator.market.depth import BookRow, book
from framework.emulator.market.quotes import NONE
from framework.emulator.market.segment import Segment
from framework.emulator.protocol.answers import (
    Answer,
    TickByTickAllLast,
    TickByTickBidAsk,
    TickByTickMidPoint,
    UpdateMktDepth,
    UpdateMktDepthL2,
)
from framework.emulator.server.hub import Hub
from framework.emulator.server.session import Session
from framework.emulator.server.streams import DepthStream, TickStream

_INSERT, _UPDATE, _DELETE = 0, 1, 2
_ASK, _BID = 0, 1
_SECOND = 1_000_000_000
_LAST, _ALL_LAST = 1, 2


def show_depth(hub: Hub, session: Session, req_id: int, stream: DepthStream) -> None:
    """Tell a stream what has changed of its book: rows are inserted before they are updated, and
    deleted from the end."""
    instrument = hub.market.directory.by_key(stream.key).instrument
    bids, asks = book(instrument, hub.market.quote(stream.key), stream.rows)
    old_bids, old_asks = stream.shown
    for side, old, new in ((_BID, old_bids, bids), (_ASK, old_asks, asks)):
        for answer in _changes(req_id, side, old, new, stream.is_smart):
            session.send(answer)
    stream.shown = (bids, asks)


def _changes(
    req_id: int, side: int, old: Sequence[BookRow], new: Sequence[BookRow], is_smart: bool
) -> Iterator[Answer]:
    for place, row in enumerate(new):
        if place >= len(old):
            yield _row(req_id, place, _INSERT, side, row, is_smart)
        elif old[place] != row:
            yield _row(req_id, place, _UPDATE, side, row, is_smart)
    for place in range(len(old) - 1, len(new) - 1, -1):
        yield _row(req_id, place, _DELETE, side, BookRow(0.0, 0.0, old[place].maker), is_smart)


def _row(
    req_id: int, place: int, operation: int, side: int, row: BookRow, is_smart: bool
) -> Answer:
    if not is_smart:
        return UpdateMktDepth(req_id, place, operation, side, row.price, row.size)
    return UpdateMktDepthL2(req_id, place, row.maker, operation, side, row.price, row.size, True)


def show_tick(
    hub: Hub, session: Session, req_id: int, stream: TickStream, segment: Segment
) -> None:
    """Tell a stream of single ticks of the last trade or quote."""
    seconds = segment.time // _SECOND
    if stream.kind in ("Last", "AllLast"):
        if segment.volume > 0.0:
            number = _LAST if stream.kind == "Last" else _ALL_LAST
            where = hub.market.directory.by_key(stream.key).valid_exchanges[-1]
            size = segment.volume
            session.send(
                TickByTickAllLast(req_id, number, seconds, segment.close, size, 0, where, "")
            )
        return
    quote = hub.market.quote(stream.key)
    if NONE in (quote.bid, quote.ask):
        return
    if stream.kind == "BidAsk":
        sizes = (quote.bid_size, quote.ask_size)
        session.send(TickByTickBidAsk(req_id, seconds, quote.bid, quote.ask, *sizes, 0))
    else:
        session.send(TickByTickMidPoint(req_id, seconds, quote.middle))
