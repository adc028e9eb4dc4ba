"""Bars as they form: what a segment of the market means to whoever follows bars."""

from __future__ import annotations

__all__ = ["show_bar"]

from framework.emulator.market.buckets import HistoryBar
from framework.emulator.market.candles import candle
from framework.emulator.market.segment import Segment
from framework.emulator.protocol.answers import HistoricalDataUpdate, RealtimeBar
from framework.emulator.server.hub import Hub
from framework.emulator.server.session import Session
from framework.emulator.server.streams import BarStream

_SECOND = 1_000_000_000
_FIVE = 5 * _SECOND


def show_bar(hub: Hub, session: Session, req_id: int, stream: BarStream, segment: Segment) -> None:
    """Tell a stream of bars of one more segment: the forming bar as it is now, or, of bars of five
    seconds, each one that is over."""
    before = stream.rolling.bar
    bar = stream.rolling.fold(segment)
    if bar is None:
        return
    if stream.size:
        zone = hub.market.directory.by_key(stream.key).time_zone
        shown = candle(bar, stream.daily, stream.format_date, session.version, zone)
        session.send(HistoricalDataUpdate(req_id, shown))
        return
    if bar.time != before.time and stream.is_begun:
        session.send(_five_seconds(req_id, before))
        stream.is_begun = False
    stream.is_begun = stream.is_begun or bar.time != before.time
    if segment.time >= bar.time + _FIVE and stream.is_begun:
        session.send(_five_seconds(req_id, bar))
        stream.is_begun = False


def _five_seconds(req_id: int, bar: HistoryBar) -> RealtimeBar:
    prices = (bar.open, bar.high, bar.low, bar.close)
    return RealtimeBar(req_id, bar.time // _SECOND, *prices, bar.volume, bar.wap, bar.trades)
