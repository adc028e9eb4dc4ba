"""A session and a backtest held against each other in a test."""

from __future__ import annotations

__all__ = ["assert_equal", "differences", "played_twice"]

from framework.backtest.record import RunRecord
from framework.readiness.comparing import differences, played_twice


def assert_equal(backtest: RunRecord, session: RunRecord) -> None:
    """Orders, fills, commissions, refusals, trips, positions, and money at every instant."""
    found = differences(backtest, session)
    assert found == [], "\n".join(found[:20])
