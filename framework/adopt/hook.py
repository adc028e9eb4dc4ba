"""The hook a strategy loader calls for classes that are not ours."""

from __future__ import annotations

__all__ = ["adopt", "sizing_of"]

from collections.abc import Mapping

from framework.strategy import Strategy


def adopt(cls: type) -> type[Strategy] | None:
    """The class as a strategy of ours, if it is a strategy of backtrader; else None."""
    if not any(base.__module__.partition(".")[0] == "backtrader" for base in cls.__mro__):
        return None
    from framework.adopt.adopted import adopted, is_adoptable  # noqa: PLC0415 - half a second

    return adopted(cls) if is_adoptable(cls) else None


def sizing_of(cls: type[Strategy], parameters: Mapping[str, object]) -> str | None:
    """What sizes the orders of an adopted strategy; None for a strategy of ours.

    Args:
        cls: the strategy's class, as the loader gave it.
        parameters: those of the run, by name.
    """
    takes_sizer = getattr(cls, "_takes_sizer", None)
    if takes_sizer is None:
        return None
    given = str(parameters.get("sizer") or "") if takes_sizer else ""
    return given or "the strategy's own (backtrader's default: 1 unit)"
