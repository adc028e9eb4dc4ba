"""Fee schedules in files: YAML to a `Schedule`, checked entry by entry."""

from __future__ import annotations

__all__ = ["read_schedule", "shipped_schedule"]

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import cache
from math import inf, isfinite
from pathlib import Path
from typing import NoReturn, TypeVar

import yaml

from framework.components.rates import Band, Table, Tiers
from framework.components.schedules import (
    Activity,
    Dated,
    ExchangeFees,
    Plans,
    Product,
    Schedule,
)
from framework.domain.instruments import AssetType
from framework.errors import ConfigError, did_you_mean

T = TypeVar("T")
_FOLDER = Path(__file__).parent / "fees"
_SHIPPED = ("ibkr.yaml", "us_regulatory.yaml")
_EPOCH = date(1970, 1, 1).toordinal()
_PLANS = ("fixed", "tiered")
_PRICED = tuple(kind.value for kind in AssetType if kind is not AssetType.INDEX)
_SECTIONS = (*_PRICED, "section_31", "trading_activity", "exchange_fees")
_ALWAYS = ("valid_from", "source", "seen")
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The parser written in C where there is one: a run waits for it."""


@cache
def shipped_schedule() -> Schedule:
    """The schedule of Interactive Brokers that comes with the package; read once."""
    return _schedule("The schedule of Interactive Brokers", _shipped_sections())


def read_schedule(path: str) -> Schedule:
    """The schedule in a file; sections it leaves out are those of the package.

    Raises:
        ConfigError: the file is missing, is no YAML, or an entry cannot be used; it says which.
    """
    given = _sections(Path(path), path)
    if not given:
        raise ConfigError(f"{path} has no entries.", f"Its sections: {', '.join(_SECTIONS)}.")
    return _schedule(path, {**_shipped_sections(), **given})


def _shipped_sections() -> dict[str, tuple[str, object]]:
    return {
        name: section
        for file in _SHIPPED
        for name, section in _sections(_FOLDER / file, file).items()
    }


def _sections(path: Path, shown: str) -> dict[str, tuple[str, object]]:
    """The sections of a file, each with where it stands, for messages."""
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), _LOADER)
    except OSError as error:
        raise ConfigError(
            f"{shown} cannot be read: {error.strerror}.", "Check the path."
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split())
        raise ConfigError(f"{shown} is not valid YAML: {reason}", "Repair it.") from error
    sections = _mapping(content if content is not None else {}, shown, _SECTIONS)
    return {name: (f"{shown}: {name}", section) for name, section in sections.items()}


def _schedule(name: str, sections: Mapping[str, tuple[str, object]]) -> Schedule:
    return Schedule(
        name,
        {AssetType(kind): _dated(*sections[kind], _plans) for kind in _PRICED if kind in sections},
        _dated(*sections["section_31"], _per_million),
        _dated(*sections["trading_activity"], _activity),
        _dated(*sections["exchange_fees"], _exchange_fees),
    )


def _dated(where: str, entries: object, read: Callable[[Mapping[str, object], str], T]) -> Dated[T]:
    starts: list[int] = []
    values: list[T] = []
    for number, entry in enumerate(_list(entries, where), start=1):
        place = f"{where}, entry {number}"
        facts = _mapping(entry, place)
        day = facts.get("valid_from")
        if not isinstance(day, date):
            _refuse(place, "valid_from", day, "a date, such as 2024-01-01")
        start = date(day.year, day.month, day.day).toordinal() - _EPOCH
        if starts and start <= starts[-1]:
            _refuse(place, "valid_from", day, "a later day than the entry before")
        for key in ("source", "seen"):
            if not facts.get(key):
                _refuse(place, key, facts.get(key), "where the rates were read, and when")
        starts.append(start)
        values.append(read(facts, place))
    return Dated(tuple(starts), tuple(values))


def _per_million(entry: Mapping[str, object], where: str) -> float:
    _mapping(entry, where, (*_ALWAYS, "per_million"))
    return _number(entry, "per_million", where)


def _activity(entry: Mapping[str, object], where: str) -> Activity:
    keys = ("stock", "option", "maximum")
    _mapping(entry, where, (*_ALWAYS, *keys))
    return Activity(*(_number(entry, key, where) for key in keys))


def _exchange_fees(entry: Mapping[str, object], where: str) -> ExchangeFees:
    _mapping(entry, where, (*_ALWAYS, "currency", "regulatory", "products"))
    regulatory = _number(entry, "regulatory", where, 0.0)
    rates: dict[str, float] = {}
    for number, item in enumerate(_list(entry.get("products"), f"{where}, products"), start=1):
        place = f"{where}, product {number}"
        product = _mapping(item, place, ("roots", "rate"))
        rate = _number(product, "rate", place) + regulatory
        rates.update(dict.fromkeys(_roots(product, place), rate))
    return ExchangeFees(_text(entry.get("currency"), f"{where}, currency"), rates)


def _plans(entry: Mapping[str, object], where: str) -> Plans:
    _mapping(entry, where, (*_ALWAYS, *_PLANS, "both", "products"))
    products = []
    listed = _list(entry["products"], f"{where}, products") if "products" in entry else ()
    for number, item in enumerate(listed, start=1):
        place = f"{where}, product {number}"
        product = _mapping(item, place, ("roots", *_PLANS, "both"))
        products.append(Product(_roots(product, place), _by_plan(product, place)))
    return Plans(_by_plan(entry, where), tuple(products))


def _by_plan(entry: Mapping[str, object], where: str) -> dict[str, dict[str, Table]]:
    found: dict[str, dict[str, Table]] = {}
    for plan in _PLANS:
        name = "both" if "both" in entry else plan
        if name in entry:
            place = f"{where}, {name}"
            tables = _mapping(entry[name], place)
            found[plan] = {
                currency: _table(table, f"{place}, {currency}", currency)
                for currency, table in tables.items()
            }
    if not found or ("both" in entry and any(plan in entry for plan in _PLANS)):
        raise ConfigError(
            f"{where} has the plans {', '.join(key for key in entry if key in (*_PLANS, 'both'))}.",
            "Give fixed and tiered, one of them, or both alone.",
        )
    return found


def _table(given: object, where: str, currency: str) -> Table:
    table = _mapping(
        given,
        where,
        ("rate", "percent", "tiers", "bands", "minimum", "maximum_percent"),
    )
    minimum = _number(table, "minimum", where, 0.0)
    bands: list[Band] = []
    if "bands" in table:
        _only(table, "bands", where)
        for number, item in enumerate(_list(table["bands"], f"{where}, bands"), start=1):
            place = f"{where}, band {number}"
            band = _mapping(item, place, ("price_from", "rate", "percent", "tiers"))
            start = _number(band, "price_from", place)
            if (bands and start <= bands[-1].price_from) or (not bands and start != 0.0):
                _refuse(place, "price_from", start, "0 first, then rising prices")
            bands.append(Band(start, _tiers(band, place, minimum)))
    else:
        bands.append(Band(0.0, _tiers(table, where, minimum)))
    return Table(tuple(bands), _number(table, "maximum_percent", where, inf), currency == "any")


def _tiers(given: Mapping[str, object], where: str, minimum: float) -> Tiers:
    if "tiers" not in given:
        return Tiers((inf,), (_rate(given, where),), (minimum,), "percent" in given)
    _only(given, "tiers", where)
    listed = _list(given["tiers"], f"{where}, tiers")
    ends: list[float] = []
    rates: list[float] = []
    minimums: list[float] = []
    by_value = "percent" in _mapping(listed[0], f"{where}, tier 1")
    for number, item in enumerate(listed, start=1):
        place = f"{where}, tier {number}"
        tier = _mapping(item, place, ("up_to", "rate", "percent", "minimum"))
        end = _number(tier, "up_to", place, inf)
        if (end == inf) != (number == len(listed)) or (ends and end <= ends[-1]) or end == 0.0:
            _refuse(place, "up_to", tier.get("up_to"), "rising volumes, none for the last tier")
        if ("percent" in tier) != by_value:
            raise ConfigError(f"{place} mixes rate and percent.", "Use one of them in all tiers.")
        ends.append(end)
        rates.append(_rate(tier, place))
        minimums.append(_number(tier, "minimum", place, minimum))
    return Tiers(tuple(ends), tuple(rates), tuple(minimums), by_value)


def _rate(given: Mapping[str, object], where: str) -> float:
    if ("rate" in given) == ("percent" in given):
        raise ConfigError(f"{where} needs one of rate and percent.", "Give rate, or percent.")
    if "rate" in given:
        return _number(given, "rate", where)
    return _number(given, "percent", where) / 100.0


def _only(given: Mapping[str, object], key: str, where: str) -> None:
    others = [other for other in ("rate", "percent", "tiers") if other != key and other in given]
    if others:
        raise ConfigError(f"{where} has {key} and {others[0]}.", f"Give {key} alone.")


def _roots(product: Mapping[str, object], where: str) -> tuple[str, ...]:
    listed = _list(product.get("roots"), f"{where}, roots")
    return tuple(_text(root, f"{where}, roots") for root in listed)


def _mapping(given: object, where: str, known: Sequence[str] | None = None) -> Mapping[str, object]:
    if not isinstance(given, dict) or any(not isinstance(key, str) for key in given):
        raise ConfigError(f"{where} is {given!r}.", "Write `key: value`, keys as text.")
    for key in given:
        if known is not None and key not in known:
            raise ConfigError(f"{where} has an unknown key {key!r}.", did_you_mean(key, known))
    return given


def _list(given: object, where: str) -> Sequence[object]:
    if not isinstance(given, list) or not given:
        raise ConfigError(f"{where} is {given!r}.", "Write a list with at least one entry.")
    return given


def _text(given: object, where: str) -> str:
    if not isinstance(given, str) or not given:
        raise ConfigError(f"{where} has {given!r}.", "Write it as text.")
    return given


def _number(
    given: Mapping[str, object], key: str, where: str, default: float | None = None
) -> float:
    value = given.get(key, default)
    if value is default and default is not None:
        return default
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not isfinite(value) or value < 0.0:  # type: ignore[arg-type, operator]
        _refuse(where, key, value, "a number of at least 0")
    return float(value)  # type: ignore[arg-type]


def _refuse(where: str, key: str, value: object, wanted: str) -> NoReturn:
    raise ConfigError(f"{where}: {key} is {value!r}.", f"Give {wanted}.")
