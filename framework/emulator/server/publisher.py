"""Publisher: tells every stream what the last stretch of the market means to it."""

from __future__ import annotations

__all__ = ["Publisher"]

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from itertools import cycle
from struct import Struct

from framework.emulator.faults.acts import DataKind
from framework.emulator.market.quotes import Snapshot
from framework.emulator.market.segment import Segment
from framework.emulator.protocol.answers import Answer, TickSize
from framework.emulator.protocol.codec import encode_answer
from framework.emulator.server.accounts import tell_profits
from framework.emulator.server.bars import show_bar
from framework.emulator.server.books import show_depth, show_tick
from framework.emulator.server.hub import Hub
from framework.emulator.server.quotes import quote_of
from framework.emulator.server.session import Session
from framework.emulator.server.streams import QuoteStream
from framework.emulator.server.ticks import PLACE, greeks_of, ticks_between

_LENGTH = Struct(">I")
_PLACE = str(PLACE).encode()
_PROFITS_EVERY = 1.0
"""Seconds between two reports of profits."""

Template = tuple[bytes, bytes]
"""A message before and after its request id."""


class Publisher:
    """Sends quotes, ticks, depth, bars and profits to whoever has asked for them.

    Args:
        hub: the gateway's parts.
    """

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._last: dict[str, Snapshot] = {}
        self._profits_at = 0.0
        self._flicker = 0

    def publish(self, segments: Sequence[Segment]) -> None:
        """Tell everybody of segments that end at one time."""
        changed = {segment.key: segment for segment in segments}
        if self._hub.sessions and changed:
            if self._hub.flows(DataKind.TICKS):
                self._tell_quotes(changed)
                self._tell_ticks(changed)
            if self._hub.flows(DataKind.BARS):
                self._tell_bars(changed)
        self.idle()

    def idle(self) -> None:
        """Tell of profits, now and then."""
        now = asyncio.get_running_loop().time()
        if now - self._profits_at < _PROFITS_EVERY:
            return
        self._profits_at = now
        for session in tuple(self._hub.sessions.values()):
            tell_profits(self._hub, session)

    # quotes ----------------------------------------------------------------------------------

    def _tell_quotes(self, changed: Mapping[str, Segment]) -> None:
        templates: dict[tuple[str, int, bool], list[Template]] = {}
        quotes: dict[str, Snapshot] = {}
        for session in tuple(self._hub.sessions.values()):
            for req_id, stream in tuple(session.quotes.items()):
                if any(key in changed for key in stream.keys):
                    if stream.key not in quotes:
                        quotes[stream.key] = quote_of(self._hub, stream)
                    self._tell_quote(session, req_id, stream, quotes[stream.key], templates)
        self._last |= quotes

    def _tell_quote(
        self,
        session: Session,
        req_id: int,
        stream: QuoteStream,
        quote: Snapshot,
        templates: dict[tuple[str, int, bool], list[Template]],
    ) -> None:
        """Send what has changed: one encoding serves all streams that know the same quote."""
        shared = stream.shown is not None and stream.shown == self._last.get(stream.key)
        if not shared or self._hub.is_sabotaged:
            for answer in self._changes(stream, stream.shown, quote, req_id):
                session.send(answer)
        else:
            where = (stream.key, session.version, stream.is_delayed)
            if where not in templates:
                answers = self._changes(stream, stream.shown, quote, PLACE)
                templates[where] = [_template(answer, session.version) for answer in answers]
            session.wire.write(_filled(templates[where], req_id))
        stream.shown = quote

    def _changes(
        self, stream: QuoteStream, old: Snapshot | None, new: Snapshot, req_id: int
    ) -> Iterator[Answer]:
        yield from ticks_between(old, new, stream.is_delayed, req_id)
        if stream.is_option:
            known = self._hub.market.greeks(stream.key)
            every = (known.bid, known.ask, known.last, known.model)
            yield from greeks_of(every, stream.is_delayed, req_id)

    def flicker(self, count: int) -> None:
        """Send so many changes of sizes, over all streams of quotes in turn."""
        streams = [
            (session, req_id)
            for session in self._hub.sessions.values()
            for req_id in session.quotes
        ]
        if not streams:
            return
        each = {session: bytearray() for session, _ in streams}
        templates = {
            session: _template(TickSize(PLACE, 0, 100.0 + self._flicker % 900), session.version)
            for session in each
        }
        self._flicker += 1
        turns = cycle(streams)
        for _ in range(count):
            session, req_id = next(turns)
            each[session] += _filled([templates[session]], req_id)
        for session, frames in each.items():
            session.wire.write(bytes(frames))

    # the rest --------------------------------------------------------------------------------

    def _tell_ticks(self, changed: Mapping[str, Segment]) -> None:
        for session in tuple(self._hub.sessions.values()):
            for req_id, ticks in tuple(session.ticks.items()):
                if ticks.key in changed:
                    show_tick(self._hub, session, req_id, ticks, changed[ticks.key])
            for req_id, depth in tuple(session.depths.items()):
                if depth.key in changed:
                    show_depth(self._hub, session, req_id, depth)

    def _tell_bars(self, changed: Mapping[str, Segment]) -> None:
        for session in tuple(self._hub.sessions.values()):
            for req_id, bars in tuple(session.bars.items()):
                if bars.key in changed:
                    show_bar(self._hub, session, req_id, bars, changed[bars.key])


def _template(answer: Answer, version: int) -> Template:
    head, _, tail = encode_answer(answer, version).partition(_PLACE)
    return head, tail


def _filled(templates: Sequence[Template], req_id: int) -> bytes:
    """Framed messages with their request id."""
    number = str(req_id).encode()
    return b"".join(
        _LENGTH.pack(len(head) + len(number) + len(tail)) + head + number + tail
        for head, tail in templates
    )
