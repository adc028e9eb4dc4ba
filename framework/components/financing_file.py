"""The user's file of financing terms: dated benchmarks, loan rates, units to be borrowed."""

from __future__ import annotations

__all__ = ["NO_TERMS", "BorrowTerms", "load_terms"]

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from math import isfinite
from pathlib import Path

import yaml

from framework.errors import ConfigError, did_you_mean

_EPOCH = date(1970, 1, 1)
_EXAMPLE = "benchmark: {2022-01-01: 0.08, 2023-01-01: 4.33}; symbols: {GME: {fee: 12.5}}"


@dataclass(frozen=True, slots=True)
class BorrowTerms:
    """What the file says.

    Attributes:
        days: days since 1970-01-01 from which each benchmark holds, increasing.
        benchmarks: percent a year.
        fees: by symbol, percent a year of a loan.
        available: by symbol, units that can be borrowed in all.
    """

    days: tuple[int, ...] = ()
    benchmarks: tuple[float, ...] = ()
    fees: Mapping[str, float] = field(default_factory=dict)
    available: Mapping[str, float] = field(default_factory=dict)

    def benchmark_on(self, day: int, other: float) -> float:
        """The benchmark of a day; `other` before the first one the file has."""
        row = bisect_right(self.days, day) - 1
        return other if row < 0 else self.benchmarks[row]


NO_TERMS = BorrowTerms()


def load_terms(path: str) -> BorrowTerms:
    """Read the file.

    It maps `benchmark` to rates by date, and `symbols` to `fee` (percent a year) and `available`
    (units), each of which may be left out.

    Raises:
        ConfigError: it is missing, is no YAML, or a key or value in it cannot be used.
    """
    name = Path(path).name
    try:
        content = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}.", "Check the path.") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split())
        raise ConfigError(f"{name} is not valid YAML: {reason}", "Repair it.") from error
    top = _mapping(name, "it", content or {})
    _known(name, "it", top, ("benchmark", "symbols"))
    dated = _mapping(name, "benchmark", top.get("benchmark", {}))
    rates = sorted((_day(name, key), _number(name, str(key), rate)) for key, rate in dated.items())
    fees: dict[str, float] = {}
    available: dict[str, float] = {}
    for symbol, entry in _mapping(name, "symbols", top.get("symbols", {})).items():
        terms = _mapping(name, str(symbol), entry)
        _known(name, str(symbol), terms, ("fee", "available"))
        for key, table in (("fee", fees), ("available", available)):
            if key in terms:
                table[str(symbol)] = _number(name, f"{symbol}: {key}", terms[key], low=0.0)
    return BorrowTerms(tuple(d for d, _ in rates), tuple(r for _, r in rates), fees, available)


def _mapping(name: str, what: str, value: object) -> Mapping[object, object]:
    if not isinstance(value, dict):
        raise ConfigError(f"{name}: {what} is {value!r}, not a mapping.", f"Write {_EXAMPLE}.")
    return value


def _known(name: str, what: str, terms: Mapping[object, object], keys: tuple[str, ...]) -> None:
    for key in terms:
        if key not in keys:
            raise ConfigError(
                f"{name}: {what} has an unknown key {key!r}.", did_you_mean(str(key), keys)
            )


def _day(name: str, value: object) -> int:
    if isinstance(value, date) and not isinstance(value, datetime):
        return (value - _EPOCH).days
    raise ConfigError(f"{name}: the benchmark's date is {value!r}.", "Write it as 2023-01-31.")


def _number(name: str, what: str, value: object, low: float = float("-inf")) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        raise ConfigError(f"{name}: {what} is {value!r}.", "It must be a number.")
    if value < low:
        raise ConfigError(f"{name}: {what} is {value!r}.", f"It must be {low:g} or more.")
    return float(value)
