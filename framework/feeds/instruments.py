"""instruments.yaml: the facts of instruments where the defaults, a US stock's, fail."""

from __future__ import annotations

__all__ = ["load_instruments"]

from collections.abc import Mapping
from dataclasses import fields
from datetime import date, datetime
from pathlib import Path

import yaml

from framework.calendar import TradingCalendar
from framework.domain.instruments import AssetType, Instrument
from framework.errors import DataError, did_you_mean

_TEXTS = ("type", "currency", "calendar", "next_contract")
_NUMBERS = ("tick", "lot", "multiplier", "initial_margin", "maintenance_margin")
_EPOCH = date(1970, 1, 1)
_KEYS = tuple(field.name for field in fields(Instrument) if field.name not in ("symbol", "option"))


def load_instruments(path: Path) -> Mapping[str, Instrument]:
    """Instruments by symbol; none when the file holds only comments.

    An entry may leave keys out: they keep the defaults of `Instrument` (a US stock).

    Raises:
        DataError: the file is missing, is no YAML, or an entry has an unknown key or a bad value,
            or rolls into itself.
        ConfigError: an entry names an unknown calendar.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}.", "Check the path.") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split())
        raise DataError(f"{path.name} is not valid YAML: {reason}", "Repair it.") from error
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise DataError(
            f"{path.name} must map symbols to their facts.", "Write `ES: {multiplier: 50}`."
        )
    return {
        str(symbol): _instrument(str(symbol), entry, path.name) for symbol, entry in content.items()
    }


def _instrument(symbol: str, entry: object, where: str) -> Instrument:
    if not isinstance(entry, dict):
        raise DataError(f"{where}: {symbol} is {entry!r}.", f"Write its facts: {', '.join(_KEYS)}.")
    for key in entry:
        if key not in _KEYS:
            raise DataError(
                f"{where}: {symbol} has an unknown key {key!r}.", did_you_mean(str(key), _KEYS)
            )
    if entry.get("next_contract") == symbol:
        raise DataError(
            f"{where}: {symbol} has itself as next_contract.", "Name the contract after it."
        )
    numbers = {key: _number(symbol, key, entry[key], where) for key in _NUMBERS if key in entry}
    texts = {key: _text(symbol, key, entry[key], where) for key in _TEXTS if key in entry}
    default = Instrument(symbol)
    return Instrument(
        symbol,
        _type(symbol, texts.get("type", default.type), where),
        texts.get("currency", default.currency),
        TradingCalendar(texts.get("calendar", default.calendar)).name,
        numbers.get("tick", default.tick),
        numbers.get("lot", default.lot),
        numbers.get("multiplier", default.multiplier),
        _bands(symbol, entry["tick_bands"], where) if "tick_bands" in entry else (),
        _day(symbol, entry["expiry"], where) if "expiry" in entry else None,
        texts.get("next_contract"),
        _sessions(symbol, entry.get("roll_days", default.roll_days), where),
        numbers.get("initial_margin"),
        numbers.get("maintenance_margin"),
    )


def _number(symbol: str, key: str, value: object, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise DataError(f"{where}: {symbol}: {key} is {value!r}.", "It must be a number.")
    return float(value)


def _text(symbol: str, key: str, value: object, where: str) -> str:
    if not isinstance(value, str):
        raise DataError(f"{where}: {symbol}: {key} is {value!r}.", "It must be a word.")
    return value


def _bands(symbol: str, value: object, where: str) -> tuple[tuple[float, float], ...]:
    remedy = "Write pairs of a price and the tick from it on: [[0, 0.0001], [1, 0.01]]."
    if not isinstance(value, list):
        raise DataError(f"{where}: {symbol}: tick_bands are {value!r}.", remedy)
    bands = []
    for pair in value:
        if not isinstance(pair, list) or len(pair) != 2:
            raise DataError(f"{where}: {symbol}: a tick band is {pair!r}.", remedy)
        start, tick = (_number(symbol, "tick_bands", number, where) for number in pair)
        bands.append((start, tick))
    return tuple(bands)


def _day(symbol: str, value: object, where: str) -> int:
    if isinstance(value, date) and not isinstance(value, datetime):
        return (value - _EPOCH).days
    raise DataError(f"{where}: {symbol}: expiry is {value!r}.", "Write a date: 2024-03-15.")


def _sessions(symbol: str, value: object, where: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise DataError(
            f"{where}: {symbol}: roll_days is {value!r}.", "Write a number of sessions, 0 or more."
        )
    return value


def _type(symbol: str, name: str, where: str) -> AssetType:
    try:
        return AssetType(name.lower())
    except ValueError as error:
        raise DataError(
            f"{where}: {symbol}: type is {name!r}.", did_you_mean(name, [*AssetType])
        ) from error
