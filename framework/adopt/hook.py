"""The hook a strategy loader calls for classes that are not ours."""

from __future__ import annotations

__all__ = ["adopt"]

from framework.strategy import Strategy


def adopt(cls: type) -> type[Strategy] | None:
    """The class as a strategy of ours, if it is a strategy of backtrader; else None."""
    if not any(base.__module__.partition(".")[0] == "backtrader" for base in cls.__mro__):
        return None
    from framework.adopt.adopted import adopted, is_adoptable  # noqa: PLC0415 - half a second

    return adopted(cls) if is_adoptable(cls) else None
