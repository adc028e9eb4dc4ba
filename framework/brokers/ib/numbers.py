"""Numbers as TWS writes them: which are none, and which are beyond belief."""

from __future__ import annotations

__all__ = ["amount", "count", "price", "size_text"]

from math import isfinite

from framework.brokers.ib.library import UNSET_INTEGER

_BEYOND = 1e300
"""TWS writes 1.797...e308, in several spellings, for a number it has not got."""


def amount(value: object) -> float | None:
    """A number from a field that may be text, unset, empty or None."""
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    return number if isfinite(number) and abs(number) < _BEYOND else None


def price(value: object) -> float | None:
    """A price; 0 means that there is none."""
    return amount(value) or None


def count(value: object) -> int | None:
    """A whole number; None where it is unset."""
    number = amount(value)
    return None if number is None or number == UNSET_INTEGER else int(number)


def size_text(value: float) -> str:
    """A number without a needless point."""
    return f"{value:.12g}"
