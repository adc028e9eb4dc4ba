"""instruments.yaml: tick, lot, multiplier, currency, calendar and type where the defaults fail."""

from __future__ import annotations

__all__ = ["load_instruments"]

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path

import yaml

from framework.calendar import TradingCalendar
from framework.domain.instruments import AssetType, Instrument
from framework.errors import DataError, did_you_mean

_TEXTS = ("type", "currency", "calendar")
_NUMBERS = ("tick", "lot", "multiplier")
_KEYS = tuple(field.name for field in fields(Instrument) if field.name != "symbol")


def load_instruments(path: Path) -> Mapping[str, Instrument]:
    """Instruments by symbol; none when the file holds only comments.

    An entry may leave keys out: they keep the defaults of `Instrument` (a US stock).

    Raises:
        DataError: the file is missing, is no YAML, or an entry has an unknown key or a bad value.
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
    )


def _number(symbol: str, key: str, value: object, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise DataError(f"{where}: {symbol}: {key} is {value!r}.", "It must be a number.")
    return float(value)


def _text(symbol: str, key: str, value: object, where: str) -> str:
    if not isinstance(value, str):
        raise DataError(f"{where}: {symbol}: {key} is {value!r}.", "It must be a word.")
    return value


def _type(symbol: str, name: str, where: str) -> AssetType:
    try:
        return AssetType(name.lower())
    except ValueError as error:
        raise DataError(
            f"{where}: {symbol}: type is {name!r}.", did_you_mean(name, [*AssetType])
        ) from error
