"""Checks of component parameters: each raises a ConfigError naming component, parameter, value."""

from __future__ import annotations

__all__ = ["check_number", "check_whole"]

from math import isfinite
from numbers import Integral, Real

from framework.errors import ConfigError


def check_number(
    component: object,
    name: str,
    *,
    above: float | None = None,
    low: float | None = None,
    high: float | None = None,
    below: float | None = None,
) -> None:
    """Require parameter `name` to be a finite number, > above, >= low, <= high, < below.

    Raises:
        ConfigError: it is not.
    """
    value = getattr(component, name)
    bounds = [f"above {above:g}"] if above is not None else []
    bounds += [f"at least {low:g}"] if low is not None else []
    bounds += [f"at most {high:g}"] if high is not None else []
    bounds += [f"below {below:g}"] if below is not None else []
    number = isinstance(value, Real) and not isinstance(value, bool) and isfinite(value)
    if not (
        number
        and (above is None or value > above)
        and (low is None or value >= low)
        and (high is None or value <= high)
        and (below is None or value < below)
    ):
        _refuse(component, name, value, f"a number {' and '.join(bounds)}".rstrip())


def check_whole(component: object, name: str, low: int) -> None:
    """Require parameter `name` to be a whole number of at least `low`.

    Raises:
        ConfigError: it is not.
    """
    value = getattr(component, name)
    if not isinstance(value, Integral) or isinstance(value, bool) or int(value) < low:
        _refuse(component, name, value, f"a whole number of at least {low}")


def _refuse(component: object, name: str, value: object, wanted: str) -> None:
    raise ConfigError(f"{type(component).__name__}: {name} is {value!r}.", f"Give {wanted}.")
