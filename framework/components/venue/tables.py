"""The published tables behind the rules: read from YAML once, checked, typed."""

from __future__ import annotations

__all__ = ["Auction", "Auctions", "Product", "TickTable", "VenueTables", "venue_tables"]

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError

from framework.domain.instruments import AssetType
from framework.domain.orders import OrderType, TimeInForce
from framework.errors import ConfigError

_OWN = Path(__file__).with_name("ib.yaml")
_EPOCH = date(1970, 1, 1)
_STRICT = ConfigDict(extra="forbid")
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The parser written in C where there is one: a run waits for it."""


def _expanded(value: object) -> object:
    """The word "any" as every order type."""
    return tuple(OrderType) if value == "any" else value


def _day(value: object) -> object:
    return (value - _EPOCH).days if isinstance(value, date) else value


TypeSet = Annotated[frozenset[OrderType], BeforeValidator(_expanded)]
Routes = Literal["directed"] | tuple[str, ...]
Minutes = Annotated[float, Field(ge=0.0)]
AlgoName = Literal["Twap", "Vwap", "PercentOfVolume", "Adaptive"]
Band = tuple[Annotated[float, Field(ge=0.0)], Annotated[float, Field(gt=0.0)]]


@dataclass(frozen=True, slots=True)
class Product:
    """What is taken for one kind of instrument.

    Attributes:
        order_types: taken at all.
        times_in_force: by time in force, the order types it goes with; others are not taken.
        routes: by order type, where it must be sent: the exchanges, or "directed" for any but
            SMART.
        algos: classes of the algos that work it.
        scale: whether scale orders are taken.
        outside_hours: order types that may work outside regular hours.
        whole_units: whether fractions of a unit are refused.
        cap_percent: percent of the last price by which a limit may be through it; None for no cap.
    """

    __pydantic_config__ = _STRICT

    order_types: TypeSet
    times_in_force: Mapping[TimeInForce, TypeSet]
    routes: Mapping[OrderType, Routes] = field(default_factory=dict)
    algos: frozenset[AlgoName] = frozenset()
    scale: bool = False
    outside_hours: TypeSet = frozenset()
    whole_units: bool = False
    cap_percent: Annotated[float, Field(gt=0.0)] | None = None


@dataclass(frozen=True, slots=True)
class TickTable:
    """The finest price steps of one kind of instrument, from a day on.

    Attributes:
        type, currency: of what.
        first_day: days since 1970-01-01 from which it holds ("from" in the file).
        bands: (price from which it holds, step) in rising order.
    """

    __pydantic_config__ = _STRICT

    type: AssetType
    currency: str
    first_day: Annotated[int, BeforeValidator(_day), Field(alias="from")]
    bands: tuple[Band, ...]

    def finest(self, price: float) -> float:
        """The finest step at `price`."""
        for start, step in reversed(self.bands):
            if price >= start:
                return step
        return 0.0


@dataclass(frozen=True, slots=True)
class Auction:
    """Minutes before the open and before the close from which orders for it come too late."""

    __pydantic_config__ = _STRICT

    before_open: Minutes
    before_close: Minutes


@dataclass(frozen=True, slots=True)
class Auctions:
    """Auctions of one calendar, and of single exchanges in it."""

    __pydantic_config__ = _STRICT

    before_open: Minutes
    before_close: Minutes
    routes: Mapping[str, Auction] = field(default_factory=dict)

    def of(self, exchange: str) -> Auction:
        """Those of one route."""
        return self.routes.get(exchange) or Auction(self.before_open, self.before_close)


@dataclass(frozen=True, slots=True)
class VenueTables:
    """Everything one file of rules says.

    Attributes:
        products: by kind of instrument.
        ticks: price steps.
        auctions: by calendar.
    """

    __pydantic_config__ = _STRICT

    products: Mapping[AssetType, Product]
    ticks: tuple[TickTable, ...] = ()
    auctions: Mapping[str, Auctions] = field(default_factory=dict)

    def finest_tick(self, kind: AssetType, currency: str, price: float, day: int) -> float:
        """The finest step an order's price may have on `day`; 0 where none is published."""
        first = latest = None
        for table in self.ticks:
            if table.type is not kind or table.currency != currency:
                continue
            first = first or table
            if table.first_day <= day and (latest is None or table.first_day > latest.first_day):
                latest = table
        found = latest or first
        return 0.0 if found is None else found.finest(price)


@lru_cache(maxsize=8)
def venue_tables(path: str | None = None) -> VenueTables:
    """The tables of a file of rules; Interactive Brokers' without one.

    Raises:
        ConfigError: the file cannot be read, or something in it is wrong.
    """
    file = _OWN if path is None else Path(path).expanduser()
    try:
        content = yaml.load(file.read_text(encoding="utf-8"), _LOADER)
    except OSError as error:
        raise ConfigError(
            f"The rules {file} cannot be read: {error.strerror}.", "Check the path."
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split())
        raise ConfigError(f"{file.name} is not valid YAML: {reason}", "Repair it.") from error
    try:
        return TypeAdapter(VenueTables).validate_python(content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "the file"
        raise ConfigError(
            f"{file.name}: {place} is {first['input']!r}: {first['msg']}.",
            "Correct it; docs/ib-rules.md says what each key means.",
        ) from error
