"""Log lines: happenings, positions and Python's own log records as JSON, and the files each
belongs to."""

from __future__ import annotations

__all__ = ["FILES", "Lines", "Positions", "files_of"]

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from math import isfinite
from typing import NamedTuple

import structlog
from structlog.stdlib import ProcessorFormatter
from structlog.typing import EventDict, Processor, WrappedLogger

from framework.operations.happenings import Gravity, Happening, Kind
from framework.operations.status import PositionLine

FILES = ("trading", "orders", "positions", "errors")
"""Names of the files: everything; what became of orders; fills and what is held; warnings and
worse."""

_ORDERS = frozenset({Kind.ORDER, Kind.STATUS, Kind.FILL, Kind.REFUSED, Kind.REJECTED})
_POSITIONS = frozenset({Kind.FILL, Kind.UNPROTECTED, Kind.FINDING, Kind.EXPLAINED})
_SECOND = 1_000_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LEVELS = {one: one.name.lower() for one in Gravity}


class Positions(NamedTuple):
    """What is held at an instant, nanoseconds UTC."""

    time: int
    lines: tuple[PositionLine, ...]


@dataclass(frozen=True, slots=True)
class _Held:
    """What of a position is worth a line when it changes."""

    quantity: float
    average: float
    stop: float | None


def _files_of(kind: Kind) -> tuple[str, ...]:
    found = ["trading"]
    if kind in _ORDERS:
        found.append("orders")
    if kind in _POSITIONS:
        found.append("positions")
    if kind.gravity >= Gravity.WARNING:
        found.append("errors")
    return tuple(found)


_FILES_OF = {kind: _files_of(kind) for kind in Kind}


def files_of(kind: Kind) -> tuple[str, ...]:
    """The files a happening is written to."""
    return _FILES_OF[kind]


class Lines:
    """Makes lines, without their ends, each with the names of its files.

    Args:
        session: name of the session's folder; it stands in every line.
        mask: hides what must not be shown.
    """

    def __init__(self, session: str, mask: Callable[[str], str]) -> None:
        self._session = session
        self._mask = mask
        self._held: dict[tuple[str, str], _Held] = {}
        self._json = structlog.processors.JSONRenderer()
        foreign: list[Processor] = [
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            _add_time,
            self._tidy,
        ]
        self._formatter = ProcessorFormatter(
            processors=[ProcessorFormatter.remove_processors_meta, self._json],
            foreign_pre_chain=foreign,
        )

    def happening(self, one: Happening) -> tuple[str, tuple[str, ...]]:
        """The line of a happening."""
        event: EventDict = {
            "time": _iso(one.time),
            "level": _LEVELS[one.kind.gravity],
            "kind": one.kind.value,
            "text": self._mask(one.text),
        }
        if one.symbol:
            event["symbol"] = one.symbol
        if one.order:
            event["order"] = one.order
        event["row"] = one.row
        event["session"] = self._session
        return self._rendered(event), _FILES_OF[one.kind]

    def positions(self, seen: Positions) -> Iterator[tuple[str, tuple[str, ...]]]:
        """A line of each position that has changed since the last call; of one that is gone, with
        a quantity of 0."""
        now = {(line.strategy, line.symbol): line for line in seen.lines}
        for key, line in now.items():
            held = _Held(line.quantity, line.average, line.stop)
            if self._held.get(key) != held:
                self._held[key] = held
                yield self._position(seen.time, line), ("trading", "positions")
        for strategy, symbol in [key for key in self._held if key not in now]:
            del self._held[strategy, symbol]
            gone = PositionLine(strategy, symbol, 0.0, 0.0, 0.0, 0.0, 0.0)
            yield self._position(seen.time, gone), ("trading", "positions")

    def record(self, record: logging.LogRecord) -> tuple[str, tuple[str, ...]]:
        """The line of a record of Python's own log, with its traceback if it has one."""
        files = ("trading", "errors") if record.levelno >= logging.WARNING else ("trading",)
        return self._formatter.format(record), files

    def lost(self, time: int, count: int) -> str:
        """The line that says how many are missing."""
        event: EventDict = {
            "time": _iso(time),
            "level": "warning",
            "kind": "lost",
            "text": f"{count} lines are missing here: they could not be written, or came too fast",
            "session": self._session,
        }
        return self._rendered(event)

    def _position(self, time: int, line: PositionLine) -> str:
        event: EventDict = {
            "time": _iso(time),
            "level": "info",
            "kind": "position",
            "symbol": line.symbol,
            "strategy": line.strategy,
            "quantity": _number(line.quantity),
            "average": _number(line.average),
            "price": _number(line.price),
            "value": _number(line.value),
            "profit": _number(line.profit),
            "stop": None if line.stop is None else _number(line.stop),
            "session": self._session,
        }
        return self._rendered(event)

    def _rendered(self, event: EventDict) -> str:
        found = self._json(None, "", event)
        return found if isinstance(found, str) else found.decode()

    def _tidy(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        """A record's fields in the order and under the names of all lines, masked."""
        record: logging.LogRecord = event["_record"]
        found: EventDict = {
            "time": event["time"],
            "level": event["level"],
            "kind": "log",
            "logger": event["logger"],
            "text": self._mask(str(event["event"])),
        }
        if record.exc_text:
            found["exception"] = self._mask(record.exc_text)
        found["session"] = self._session
        found["_record"], found["_from_structlog"] = record, event["_from_structlog"]
        return found


def _add_time(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    record: logging.LogRecord = event["_record"]
    event["time"] = _iso(int(record.created * 1e9))
    return event


def _iso(ns: int) -> str:
    """An instant as ISO 8601 with microseconds."""
    second, rest = divmod(ns, _SECOND)
    return f"{_second(second)}.{rest // 1_000:06d}Z"


@lru_cache(maxsize=64)
def _second(seconds: int) -> str:
    return (_EPOCH + timedelta(seconds=seconds)).replace(tzinfo=None).isoformat()


def _number(value: float) -> float | None:
    return value if isfinite(value) else None
