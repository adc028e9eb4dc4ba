"""Ids an exchange gives out, which go on after a restart."""

from __future__ import annotations

__all__ = ["Ids"]

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from framework.errors import DataError

_FIRST_PERM = 1_000_000_001
_FIRST_ORDER = 1


@dataclass(slots=True)
class Ids:
    """Counters that never go back.

    Attributes:
        perm: the next permanent order id.
        execution: the next execution's number.
        orders: by client id, the next order id that is free.
        first: the same of clients that have used none.
    """

    perm: int = _FIRST_PERM
    execution: int = 1
    orders: dict[int, int] = field(default_factory=dict)
    first: int = _FIRST_ORDER

    def next_perm(self) -> int:
        """A permanent id for a new order."""
        self.perm += 1
        return self.perm - 1

    def next_execution(self) -> str:
        """The id of a new execution; its last part counts corrections."""
        self.execution += 1
        return f"0000e215.{self.execution - 1:08x}.01.01"

    def next_order(self, client_id: int) -> int:
        """The order id a client is told to begin with."""
        return self.orders.get(client_id, self.first)

    def used(self, client_id: int, order_id: int) -> None:
        """Note that a client has used an order id."""
        self.orders[client_id] = max(self.next_order(client_id), order_id + 1)

    def move(self, first: int) -> None:
        """Let every client go on with this order id, whatever was used before."""
        self.first = first
        for client_id in self.orders:
            self.orders[client_id] = first

    def save(self, path: Path) -> None:
        """Write them to a file, whole or not at all."""
        orders = {str(client): number for client, number in self.orders.items()}
        state = {
            "perm": self.perm,
            "execution": self.execution,
            "orders": orders,
            "first": self.first,
        }
        new = path.with_suffix(path.suffix + ".tmp")
        new.write_text(json.dumps(state, indent=1) + "\n", encoding="utf-8")
        new.replace(path)

    @classmethod
    def load(cls, path: Path) -> Ids:
        """Those of a file; fresh ones if there is none.

        Raises:
            DataError: the file holds something else.
        """
        if not path.exists():
            return cls()
        try:
            state = json.loads(path.read_text(encoding="utf-8"))
            return _read(state)
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise DataError(
                f"{path} holds no ids of an emulator: {error}.", "Remove it, or name another."
            ) from error


def _read(state: Mapping[str, object]) -> Ids:
    orders = state["orders"]
    if not isinstance(orders, dict):
        raise TypeError("orders is no mapping")
    return Ids(
        int(str(state["perm"])),
        int(str(state["execution"])),
        {int(client): int(number) for client, number in orders.items()},
        int(str(state.get("first", _FIRST_ORDER))),
    )
