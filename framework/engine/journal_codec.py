"""Codec: every noun a journal holds, to JSON and back without loss.

A noun's fields, with the types they declare, are its layout; a field that is None by default and
is None is left out, every other one is written, so that a default that changes later changes no
row. Only the classes named here can be written or read. Floats are written as the shortest text
that reads back as the same float, infinities and NaN as words, and the columns of bars as the bytes
they are. A time keeps its zone.
"""

from __future__ import annotations

__all__ = ["CodecError", "Json", "decode_row", "decoded", "encode_row", "encoded"]

import json
import types
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Callable
from dataclasses import MISSING, dataclass, fields, is_dataclass
from datetime import datetime
from enum import Enum
from functools import cache
from math import isfinite
from typing import Any, Union, get_args, get_origin, get_type_hints
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np

from framework.domain import conditions, events, growing, instruments, joins, options, orders, terms
from framework.domain.bars import Bars, BoolArray, FloatArray, IntArray
from framework.engine import journal_rows, reconcile_nouns, reconcile_snapshot
from framework.engine.journal_rows import KINDS, Row, kind_of

Json = bool | int | float | str | list["Json"] | dict[str, "Json"] | None


class CodecError(ValueError):
    """Some JSON is not what the noun it is read as declares."""


@dataclass(frozen=True, slots=True)
class _Codec:
    """The two ways between values of one type and JSON."""

    encode: Callable[[Any], Json]
    decode: Callable[[Any], Any]


_NOUNS: dict[str, type] = {
    cls.__name__: cls
    for cls in (
        *KINDS.values(),
        Bars,
        conditions.Conditions,
        conditions.ExecutionCondition,
        conditions.MarginCondition,
        conditions.PercentChangeCondition,
        conditions.PriceCondition,
        conditions.TimeCondition,
        conditions.VolumeCondition,
        events.CashFlow,
        events.Commission,
        events.Fill,
        events.OrderUpdate,
        events.Signal,
        events.Split,
        instruments.Instrument,
        growing.BarRow,
        joins.Join,
        journal_rows.SeenQuote,
        options.OptionTerms,
        orders.Offset,
        orders.Order,
        orders.OrderRequest,
        orders.Protection,
        reconcile_nouns.Accepted,
        reconcile_snapshot.BrokerOrder,
        reconcile_nouns.EndOfOrder,
        reconcile_snapshot.Execution,
        reconcile_nouns.ExternalFill,
        reconcile_nouns.ExternalHolding,
        reconcile_nouns.ExternalMoney,
        reconcile_nouns.ExternalOrder,
        reconcile_nouns.Finding,
        reconcile_nouns.OurFill,
        reconcile_nouns.StateOfOrder,
        terms.Adaptive,
        terms.PercentOfVolume,
        terms.Scale,
        terms.Terms,
        terms.Twap,
        terms.Vwap,
    )
}
"""Everything that may be in a file, by the name it has there."""

_TAG = "is"
"""Key that names the class where a field may hold one of several."""


def encode_row(row: Row) -> tuple[str, str]:
    """A row's kind and its body as JSON text."""
    return kind_of(row), _text(_noun(type(row)).encode(row))


def decode_row(kind: str, body: str) -> Row:
    """The row of a kind and a body.

    Raises:
        CodecError: they are not what `encode_row` makes.
    """
    cls = KINDS.get(kind)
    if cls is None:
        raise CodecError(f"there is no kind of row called {kind!r}")
    found: Row = _noun(cls).decode(_parsed(body))
    return found


def encoded(noun: object) -> str:
    """Any of the nouns as JSON text."""
    return _text(_noun(type(noun)).encode(noun))


def decoded(cls: type[Any], text: str) -> Any:
    """The noun of a class that some JSON text says.

    Raises:
        CodecError: it says something else.
    """
    return _noun(cls).decode(_parsed(text))


def _text(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise CodecError(f"it is no JSON: {error}") from error


def _expect(value: object, cls: type | tuple[type, ...], what: str) -> None:
    if not isinstance(value, cls):
        raise CodecError(f"{value!r} is no {what}")


# one type each --------------------------------------------------------------------------------


_WORDS = ("nan", "inf", "-inf")


def _encode_float(value: Any) -> Json:
    number = float(value)
    return number if isfinite(number) else repr(number)


def _decode_float(value: Any) -> float:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number and value not in _WORDS:
        raise CodecError(f"{value!r} is no number")
    return float(value)


def _decode_int(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise CodecError(f"{value!r} is no whole number")
    return value


def _decode_bool(value: Any) -> bool:
    _expect(value, bool, "truth value")
    return bool(value)


def _decode_str(value: Any) -> str:
    _expect(value, str, "text")
    return str(value)


def _encode_time(value: datetime) -> Json:
    zone = value.tzinfo
    if isinstance(zone, ZoneInfo) and zone.key:
        wall = value.replace(tzinfo=None, fold=0).isoformat()
        return [wall, zone.key, value.fold]
    return value.isoformat()


def _decode_time(value: Any) -> datetime:
    try:
        if isinstance(value, list):
            wall, zone, fold = value
            return datetime.fromisoformat(wall).replace(tzinfo=ZoneInfo(zone), fold=fold)
        return datetime.fromisoformat(value)
    except (TypeError, ValueError, ZoneInfoNotFoundError) as error:
        raise CodecError(f"{value!r} is no time") from error


_PLAIN: dict[object, _Codec] = {
    float: _Codec(_encode_float, _decode_float),
    int: _Codec(int, _decode_int),
    bool: _Codec(bool, _decode_bool),
    str: _Codec(str, _decode_str),
    datetime: _Codec(_encode_time, _decode_time),
}


def _column(kind: str) -> _Codec:
    """A column of bars as the text of its bytes, little end first."""

    def encode(array: Any) -> Json:
        return b64encode(np.ascontiguousarray(array, dtype=kind).tobytes()).decode("ascii")

    def decode(value: Any) -> Any:
        _expect(value, str, "column")
        try:
            return np.frombuffer(b64decode(value, validate=True), dtype=kind).astype(kind[1:])
        except (ValueError, Base64Error) as error:
            raise CodecError(f"a column is broken: {error}") from error

    return _Codec(encode, decode)


_COLUMNS = ((FloatArray, _column("<f8")), (IntArray, _column("<i8")), (BoolArray, _column("|b1")))


# types made of others -------------------------------------------------------------------------


def _codec_of(hint: Any) -> _Codec:
    """The codec of a field that declares `hint`."""
    plain = _PLAIN.get(hint)
    if plain is not None:
        return plain
    for array, column in _COLUMNS:
        if hint == array:
            return column
    origin = get_origin(hint)
    if origin in (types.UnionType, Union):
        return _union(get_args(hint))
    if origin is tuple:
        return _tuple(get_args(hint))
    if isinstance(hint, type) and issubclass(hint, Enum):
        return _word(hint)
    return _noun(hint)


def _word(cls: type[Enum]) -> _Codec:
    def decode(value: Any) -> Enum:
        try:
            return cls(value)
        except ValueError as error:
            raise CodecError(str(error)) from error

    return _Codec(lambda word: word.value, decode)


def _tuple(arguments: tuple[Any, ...]) -> _Codec:
    if arguments[-1] is Ellipsis:
        one = _codec_of(arguments[0])
        codecs = None
    else:
        codecs = tuple(_codec_of(each) for each in arguments)

    def encode(values: Any) -> Json:
        if codecs is None:
            return [one.encode(value) for value in values]
        return [codec.encode(value) for codec, value in zip(codecs, values, strict=True)]

    def decode(values: Any) -> Any:
        _expect(values, list, "list")
        if codecs is None:
            return tuple(one.decode(value) for value in values)
        if len(values) != len(codecs):
            raise CodecError(f"{values!r} has not {len(codecs)} parts")
        return tuple(codec.decode(value) for codec, value in zip(codecs, values, strict=True))

    return _Codec(encode, decode)


def _union(arguments: tuple[Any, ...]) -> _Codec:
    some = [each for each in arguments if each is not types.NoneType]
    if len(some) == 1:
        codec = _codec_of(some[0])
    elif float in some:
        codec = _number_or(_codec_of(next(each for each in some if each is not float)))
    else:
        codec = _one_of(some)
    if len(some) == len(arguments):
        return codec

    def encode(value: Any) -> Json:
        return None if value is None else codec.encode(value)

    def decode(value: Any) -> Any:
        return None if value is None else codec.decode(value)

    return _Codec(encode, decode)


def _number_or(noun: _Codec) -> _Codec:
    """A number, or a noun, such as a price or a distance."""

    def encode(value: Any) -> Json:
        return (_PLAIN[float] if isinstance(value, int | float) else noun).encode(value)

    def decode(value: Any) -> Any:
        return (noun if isinstance(value, dict) else _PLAIN[float]).decode(value)

    return _Codec(encode, decode)


def _one_of(classes: list[Any]) -> _Codec:
    """One of several nouns, with the name of its class."""
    codecs = {cls.__name__: _noun(cls) for cls in classes}

    def encode(noun: Any) -> Json:
        name = type(noun).__name__
        body = codecs[name].encode(noun)
        assert isinstance(body, dict)
        return {_TAG: name, **body}

    def decode(value: Any) -> Any:
        _expect(value, dict, "object")
        name = value.get(_TAG)
        if name not in codecs:
            raise CodecError(f"{name!r} is none of {', '.join(codecs)}")
        return codecs[name].decode({key: each for key, each in value.items() if key != _TAG})

    return _Codec(encode, decode)


def _fields_of(cls: Any) -> list[tuple[str, Any]]:
    """Name and default of every field."""
    if is_dataclass(cls):
        return [(item.name, item.default) for item in fields(cls) if item.init]
    return [(name, cls._field_defaults.get(name, MISSING)) for name in cls._fields]


def _noun(cls: Any) -> _Codec:
    """The codec of a frozen dataclass."""
    codec: _Codec = _built(cls)
    return codec


@cache
def _built(cls: Any) -> _Codec:
    """The codec of a frozen dataclass or a named tuple, field by field."""
    if cls not in _NOUNS.values():
        raise CodecError(f"{cls!r} is no noun of the journal")
    hints = get_type_hints(cls)
    parts = {name: (_codec_of(hints[name]), default) for name, default in _fields_of(cls)}
    needed = [name for name, (_, default) in parts.items() if default is MISSING]

    def encode(noun: Any) -> Json:
        found: dict[str, Json] = {}
        for name, (codec, default) in parts.items():
            value = getattr(noun, name)
            if value is not None or default is not None:
                found[name] = codec.encode(value)
        return found

    def decode(value: Any) -> Any:
        _expect(value, dict, cls.__name__)
        for name in needed:
            if name not in value:
                raise CodecError(f"{cls.__name__} has no {name}")
        given = {}
        for name, each in value.items():
            if name not in parts:
                raise CodecError(f"{cls.__name__} has an unknown field {name}")
            given[name] = parts[name][0].decode(each)
        found = cls(**given)
        return terms.PLAIN if found == terms.PLAIN else found

    return _Codec(encode, decode)
