"""Algos of an order, to the broker's strategy and parameters, and back."""

from __future__ import annotations

__all__ = ["algo_from", "algo_to"]

from collections.abc import Iterable
from datetime import datetime

from framework.brokers.ib.library import IbTag, Library
from framework.brokers.ib.numbers import amount, size_text
from framework.brokers.ib.times import parsed_time, time_text
from framework.domain.terms import Adaptive, Algo, Patience, PercentOfVolume, Twap, Vwap

_PATIENCE = {
    Patience.URGENT: "Urgent",
    Patience.NORMAL: "Normal",
    Patience.PATIENT: "Patient",
}
_HUNDRED = 100.0


def algo_to(lib: Library, algo: Algo) -> tuple[str, list[IbTag]]:
    """The strategy's name, and its parameters."""
    name, pairs = _written(algo)
    return name, [lib.TagValue(tag, value) for tag, value in pairs if value]


def _written(algo: Algo) -> tuple[str, list[tuple[str, str]]]:
    match algo:
        case Twap():
            return "Twap", [
                ("strategyType", "Marketable"),
                *_window(algo.start, algo.end),
                ("allowPastEndTime", _flag(algo.allow_past_end)),
            ]
        case Vwap():
            most = "" if algo.max_percent is None else size_text(algo.max_percent / _HUNDRED)
            return "Vwap", [
                ("maxPctVol", most),
                *_window(algo.start, algo.end),
                ("allowPastEndTime", _flag(algo.allow_past_end)),
                ("noTakeLiq", _flag(algo.no_take_liquidity)),
            ]
        case PercentOfVolume():
            return "PctVol", [
                ("pctVol", size_text(algo.rate / _HUNDRED)),
                *_window(algo.start, algo.end),
                ("noTakeLiq", _flag(algo.no_take_liquidity)),
            ]
        case Adaptive():
            return "Adaptive", [("adaptivePriority", _PATIENCE[algo.patience])]


def _window(start: datetime | None, end: datetime | None) -> list[tuple[str, str]]:
    return [
        (name, "" if moment is None else time_text(moment))
        for name, moment in (("startTime", start), ("endTime", end))
    ]


def _flag(value: bool) -> str:
    return "1" if value else "0"


def algo_from(strategy: str, parameters: Iterable[IbTag], zone: str) -> Algo | None:
    """The algo of an order as the broker shows it; None for one Slipway has no word for.

    Raises:
        RequestError: a time that cannot be read.
    """
    read = _Parameters(parameters, zone)
    match strategy.lower():
        case "twap":
            return Twap(read.time("startTime"), read.time("endTime"), read.flag("allowPastEndTime"))
        case "vwap":
            return Vwap(
                read.time("startTime"),
                read.time("endTime"),
                read.flag("allowPastEndTime"),
                read.percent("maxPctVol"),
                read.flag("noTakeLiq"),
            )
        case "pctvol":
            rate = read.percent("pctVol")
            start, end = read.time("startTime"), read.time("endTime")
            return PercentOfVolume(rate or _HUNDRED / 10, start, end, read.flag("noTakeLiq"))
        case "adaptive":
            named = {name.lower(): patience for patience, name in _PATIENCE.items()}
            return Adaptive(named.get(read.text("adaptivePriority").lower(), Patience.NORMAL))
    return None


class _Parameters:
    """Parameters, read as what they are."""

    def __init__(self, parameters: Iterable[IbTag], zone: str) -> None:
        self._values = {one.tag: one.value for one in parameters}
        self._zone = zone

    def text(self, name: str) -> str:
        return self._values.get(name, "")

    def flag(self, name: str) -> bool:
        return self.text(name).lower() in ("1", "true")

    def percent(self, name: str) -> float | None:
        share = amount(self.text(name))
        return None if share is None else float(size_text(share * _HUNDRED))

    def time(self, name: str) -> datetime | None:
        text = self.text(name)
        return parsed_time(text, self._zone) if text else None
