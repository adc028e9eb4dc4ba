"""Table: every mutation, and the rows of failures that must have one."""

from __future__ import annotations

from tests.mutations import connection, money, orders

MUTATIONS = (*connection.MUTATIONS, *orders.MUTATIONS, *money.MUTATIONS)
ROWS = frozenset(
    {*range(1, 10), *range(20, 23), 25, *range(28, 37), 43, 47, *range(50, 55), 58},
)
