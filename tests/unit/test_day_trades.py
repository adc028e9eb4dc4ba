"""Day trades: counted per opening that is closed in its own session, over five sessions."""

from __future__ import annotations

import pytest

from framework.domain.instruments import AssetType
from framework.engine.day_trades import DayTrades

Fills = list[tuple[float, float]]


def counted(*sessions: list[float], held: float = 0.0, kind: AssetType = AssetType.STOCK) -> int:
    trades = DayTrades()
    for day, fills in enumerate(sessions):
        trades.begin(day)
        for quantity in fills:
            trades.fold(kind, "ACME", held, quantity)
            held += quantity
    return trades.count


@pytest.mark.parametrize(
    ("sessions", "held", "count"),
    [
        ([[100, -100]], 0, 1),
        ([[100], [-100]], 0, 0),
        ([[100, -50, -50]], 0, 1),
        ([[50, 50, -100]], 0, 1),
        ([[100, -100, 100, -100]], 0, 2),
        ([[100, -50, 50, -100]], 0, 2),
        ([[-100, 100]], 0, 1),
        ([[100, -200, 100]], 0, 2),
        ([[-100]], 100, 0),
        ([[-100, 100]], 100, 0),
        ([[-100, 100, -100]], 100, 1),
        ([[50, -150]], 100, 1),
        ([[50, -20, -130]], 100, 1),
        ([[100, -100]] * 5, 0, 5),
        ([[100, -100]] * 6, 0, 5),
        ([[100, -100], [], [], [], []], 0, 1),
        ([[100, -100], [], [], [], [], []], 0, 0),
    ],
)
def test_count(sessions: list[list[float]], held: float, count: int) -> None:
    assert counted(*sessions, held=held) == count


@pytest.mark.parametrize(
    ("kind", "count"),
    [
        (AssetType.STOCK, 1),
        (AssetType.OPTION, 1),
        (AssetType.FUTURE, 0),
        (AssetType.FOREX, 0),
        (AssetType.CRYPTO, 0),
    ],
)
def test_only_securities_count(kind: AssetType, count: int) -> None:
    assert counted([100, -100], kind=kind) == count


def test_symbols_are_counted_apart_and_what_was_opened_is_known() -> None:
    trades = DayTrades()
    trades.fold(AssetType.STOCK, "A", 0.0, 10.0)
    assert (trades.count, trades.since, trades.opened("A")) == (0, 0, 0.0)
    trades.begin(7)
    trades.fold(AssetType.STOCK, "A", 10.0, 10.0)
    trades.fold(AssetType.STOCK, "B", 0.0, 5.0)
    trades.fold(AssetType.STOCK, "A", 20.0, -4.0)
    assert (trades.count, trades.since) == (1, 7)
    assert (trades.opened("A"), trades.opened("B"), trades.opened("C")) == (6.0, 5.0, 0.0)
    for day in range(8, 13):
        trades.begin(day)
    assert (trades.count, trades.since, trades.opened("A")) == (0, 8, 0.0)
