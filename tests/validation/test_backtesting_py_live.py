"""Random order programs run side by side: the peer's own engine, and ours under its policy."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from pathlib import Path

import backtesting
import numpy as np
import pandas as pd
import pytest

from framework.domain.bars import Bars
from framework.research.trades import trades_of
from tests.validation.replay import Case, Intent, commission_of, packaged_bars, peer_profit, replay

BARS = 250
CONFIGURATIONS: dict[str, dict[str, object]] = {
    "plain": {},
    "costs": {"commission": 0.002, "spread": 0.001},
    "fixed_fee": {"commission": (5.0, 0.001)},
    "exclusive": {"exclusive_orders": True, "commission": 0.001},
    "leverage": {"margin": 0.25, "spread": 0.0005},
    "on_close": {"trade_on_close": True, "commission": 0.001},
    "on_close_exclusive": {"trade_on_close": True, "exclusive_orders": True, "spread": 0.001},
}


def program(seed: int, bars: Bars, fractions: bool) -> list[Intent]:
    """A random request at about every fourth bar: all order kinds, some with protection."""
    rng = np.random.default_rng(seed)
    intents = []
    for bar in range(2, len(bars) - 1):
        if rng.random() > 0.25:
            continue
        kind = rng.choice(
            ["buy", "sell", "close_position", "cancel_pending"], p=[0.4, 0.3, 0.2, 0.1]
        )
        if kind in ("close_position", "cancel_pending"):
            intents.append(Intent(bar, str(kind), 1.0, None, None, None, None))
            continue
        side = 1 if kind == "buy" else -1
        close = float(bars.close[bar])
        form = rng.choice(["market", "limit", "stop", "stop_limit"])
        limit = stop = None
        if form in ("limit", "stop_limit"):
            limit = close * (1 - side * rng.uniform(-0.005, 0.03))
        if form in ("stop", "stop_limit"):
            stop = close * (1 + side * rng.uniform(0.0, 0.03))
        entry = limit or stop or close
        sl = entry * (1 - side * rng.uniform(0.01, 0.05)) if rng.random() < 0.5 else None
        tp = entry * (1 + side * rng.uniform(0.01, 0.05)) if rng.random() < 0.5 else None
        size = float(rng.choice([0.2, 0.5, 0.9])) if fractions else float(rng.integers(1, 30))
        intents.append(Intent(bar, str(kind), size, limit, stop, sl, tp))
    return intents


def peer(bars: Bars, intents: list[Intent], settings: dict[str, object]) -> tuple[object, object]:
    """The peer's closed trades and equity for the same requests."""
    due: dict[int, list[Intent]] = {}
    for intent in intents:
        due.setdefault(intent.bar, []).append(intent)

    class Program(backtesting.Strategy):
        def init(self) -> None:
            pass

        def next(self) -> None:
            for intent in due.get(len(self.data) - 1, ()):
                self._request(intent)

        def _request(self, intent: Intent) -> None:
            if intent.kind == "cancel_pending":
                for order in list(self.orders):
                    if not order.is_contingent and order._Order__parent_trade is None:
                        order.cancel()
            elif intent.kind == "close_position":
                self.position.close()
            else:
                send: Callable[..., object] = self.buy if intent.kind == "buy" else self.sell
                send(
                    size=intent.size,
                    limit=intent.limit,
                    stop=intent.stop,
                    sl=intent.sl,
                    tp=intent.tp,
                )

    frame = pd.DataFrame(
        {
            "Open": bars.open,
            "High": bars.high,
            "Low": bars.low,
            "Close": bars.close,
            "Volume": bars.volume,
        },
        index=pd.to_datetime(bars.close_time),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        stats = backtesting.Backtest(frame, Program, cash=10_000, **settings).run()  # type: ignore[arg-type]
    return stats["_trades"], stats["_equity_curve"]["Equity"].to_numpy()


@pytest.mark.parametrize("fractions", [False, True], ids=["units", "fractions"])
@pytest.mark.parametrize("name", sorted(CONFIGURATIONS))
@pytest.mark.parametrize("seed", range(10))
def test_same_program_same_trades(
    seed: int, name: str, fractions: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backtesting.backtesting, "_tqdm", lambda sequence, **_: sequence)
    settings = CONFIGURATIONS[name]
    start = 20 + 190 * seed
    bars = packaged_bars("GOOG").take(start, start + BARS)
    intents = program(seed, bars, fractions)
    trades, equity = peer(bars, intents, settings)
    spec = {"backtest": {"cash": 10_000, **settings}}
    record = replay(Case(tmp_path, json.loads(json.dumps(spec)), tuple(intents)), bars)
    assert record.error == ""
    rows = {int(time): row for row, time in enumerate(bars.close_time)}
    ours = sorted(
        (
            rows[t.entry_time],
            rows[t.exit_time],
            t.quantity * t.side,
            t.entry_price,
            t.exit_price,
            peer_profit(t, commission_of(settings.get("commission")))[0],
        )
        for t in trades_of(record)
        if not t.is_open
    )
    columns = ["EntryBar", "ExitBar", "Size", "EntryPrice", "ExitPrice", "PnL"]
    theirs = sorted(map(tuple, trades[columns].to_numpy(dtype=float).tolist()))  # type: ignore[index]
    assert len(ours) == len(theirs)
    if theirs:
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-6)
    np.testing.assert_allclose(record.equity, equity, rtol=0, atol=0.01)
