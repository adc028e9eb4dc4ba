"""SentOrder: an order of a compiled run, its fields read from the tables when somebody asks."""

from __future__ import annotations

__all__ = ["SentOrder"]

from collections.abc import Callable
from dataclasses import fields

from framework.backtest.run_tables import RunTables
from framework.domain.orders import Order


class SentOrder(Order):
    """An order that has left. Most strategies never look at it: its fields are made on demand."""

    __slots__ = ("_place",)

    @classmethod
    def of(cls, tables: Callable[[], RunTables], row: int) -> SentOrder:
        """The order in a row of the tables."""
        order = object.__new__(cls)
        object.__setattr__(order, "_place", (tables, row))
        return order

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Order):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in _FIELDS)

    __hash__ = Order.__hash__

    def __repr__(self) -> str:
        return repr(self._plain())

    def _plain(self) -> Order:
        """The order in so many words."""
        place: tuple[Callable[[], RunTables], int] = object.__getattribute__(self, "_place")
        tables, row = place
        return tables().order(row)

    def __getattr__(self, name: str) -> object:
        if name not in _FIELDS:
            raise AttributeError(name)
        made = self._plain()
        for field in _FIELDS:
            object.__setattr__(self, field, getattr(made, field))
        found: object = getattr(made, name)
        return found


_FIELDS = frozenset(field.name for field in fields(Order))
