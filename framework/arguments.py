"""What the verbs check of their arguments before they ask the desk for anything."""

from __future__ import annotations

__all__ = ["Price", "check_prices", "protection_of", "quantity_of", "time_in_force"]

from math import isfinite
from numbers import Real

from framework.domain.orders import Offset, Protection, TimeInForce
from framework.errors import OrderError, did_you_mean

Price = float | Offset
"""A protective price: a price, or `pct(3)`, `atr(2)`, `points(1.5)` from the average fill."""


def quantity_of(quantity: float, fraction: float | None) -> float:
    """The quantity of an order verb; 0 for an order made as a fraction of free margin."""
    if fraction is not None:
        if quantity != 0.0 or not 0.0 < fraction <= 1.0:
            raise OrderError(
                f"An order with quantity={quantity} and fraction={fraction}.",
                "Give a quantity above 0, or a fraction in (0, 1].",
            )
        return 0.0
    if not is_price(quantity):
        raise OrderError(f"The order quantity is {quantity!r}.", "It must be above 0.")
    return float(quantity)


def check_prices(limit: float | None, stop: float | None, trailing: Offset | None) -> None:
    """Refuse prices no order can have, before anything rounds them."""
    for name, price in (("limit", limit), ("stop", stop)):
        if price is None:
            continue
        if not is_price(price):
            raise OrderError(f"The order's {name} is {price!r}.", "Give a price above 0.")
        if trailing is not None:
            raise OrderError(
                f"A trailing order was given {name}={price}.",
                "Its level follows the market: leave it out, or send another order.",
            )
    if trailing is not None and not isinstance(trailing, Offset):
        raise OrderError(
            f"trailing is {trailing!r}.", "Give a distance: pct(3), atr(2) or points(1.5)."
        )


def is_price(price: object) -> bool:
    """Whether this is a finite number above 0."""
    return isinstance(price, Real) and isfinite(price) and float(price) > 0.0


def time_in_force(tif: str) -> TimeInForce:
    """The time in force called `tif`."""
    try:
        return TimeInForce(str(tif).upper())
    except ValueError:
        known = [str(each) for each in TimeInForce]
        raise OrderError(f"The time in force is {tif!r}.", did_you_mean(str(tif), known)) from None


def protection_of(
    stop_loss: Price | None, take_profit: Price | None, trail: Offset | None
) -> Protection:
    """The protection of a verb, its prices checked."""
    for name, price in (("stop_loss", stop_loss), ("take_profit", take_profit)):
        if isinstance(price, Offset) or price is None:
            continue
        if not is_price(price):
            raise OrderError(
                f"{name} is {price!r}.", "Give a price above 0, or pct(3), atr(2), points(1.5)."
            )
    if trail is not None and not isinstance(trail, Offset):
        raise OrderError(f"trail is {trail!r}.", "Give a distance: pct(3), atr(2) or points(1.5).")
    return Protection(stop_loss, take_profit, trail)
