"""Replays the requests of a published run through Strategy, engine and simulated broker."""

from __future__ import annotations

import ast
import csv
import importlib.util
import json
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import numpy as np

from framework.backtest.record import RunRecord
from framework.backtest.run import run
from framework.backtest.settings import BacktestSettings
from framework.brokers.simulated.policy import FillPolicy
from framework.components.commission import NoCommission, PercentCommission
from framework.components.slippage import PercentSlippage
from framework.domain.bars import Bars
from framework.domain.instruments import Instrument
from framework.domain.orders import OrderRequest, Origin, Side
from framework.feeds.files import FileAnswers, load_bars
from framework.ports import CommissionModel
from framework.research.trades import Trade
from framework.strategy import Strategy

ALL_IN = 1.0 - sys.float_info.epsilon
"""The peer's default size."""


@dataclass(frozen=True)
class Intent:
    """One request at the close of bar `bar`."""

    bar: int
    kind: str
    size: float | None
    limit: float | None
    stop: float | None
    sl: float | None
    tp: float | None


@dataclass(frozen=True)
class Case:
    """One folder of a published run."""

    folder: Path
    spec: Mapping[str, object]
    intents: tuple[Intent, ...]

    @classmethod
    def read(cls, folder: Path) -> Case:
        rows = read_csv(folder / "intents.csv")
        intents = tuple(
            Intent(
                int(row["bar"]),
                row["kind"],
                *(_number(row.get(name)) for name in ("size", "limit", "stop", "sl", "tp")),
            )
            for row in rows
        )
        return cls(folder, json.loads((folder / "spec.json").read_text()), intents)

    @property
    def backtest(self) -> Mapping[str, object]:
        settings = self.spec["backtest"]
        assert isinstance(settings, dict)
        return settings


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def _number(text: str | None) -> float | None:
    return float(text) if text else None


def packaged_bars(name: str) -> Bars:
    """GOOG or EURUSD as carried by the peer's own package, free of ticks and lots."""
    package = importlib.util.find_spec("backtesting")
    assert package is not None and package.origin is not None
    path = Path(package.origin).parent / "test" / f"{name}.csv"
    grid = Instrument(name, tick=0.0, calendar="24/7" if name == "EURUSD" else "XNYS")
    answers = FileAnswers("close", "UTC", grid.calendar, "split")
    return load_bars(path, answers, {name: grid}).bars[0]


class CommissionFormula:
    """A commission given as text in |size| and price, as the specs write their callables."""

    def __init__(self, text: str) -> None:
        formula = re.sub(r"^callable:\s*", "", text).replace("|size|", "abs(size)")
        self._code = compile(ast.parse(formula, mode="eval"), "<commission>", "eval")

    def fee(
        self,
        instrument: Instrument,
        quantity: float,
        notional: float,
        month_quantity: float,
        day: int,
    ) -> float:
        if quantity == 0.0:
            return 0.0
        known = {"size": abs(quantity), "price": notional / abs(quantity)}
        functions = {"abs": abs, "max": max, "min": min, "round": round}
        return float(eval(self._code, {"__builtins__": {}}, known | functions))


def commission_of(given: object) -> CommissionModel:
    """The commission a spec writes as nothing, a rate, (fixed, rate), or a formula."""
    if given is None or given == 0:
        return NoCommission()
    if isinstance(given, str):
        return CommissionFormula(given)
    fixed, rate = given if isinstance(given, list | tuple) else (0.0, given)
    return PercentCommission(percent=100.0 * float(str(rate)), fixed=float(str(fixed)))


def settings_of(backtest: Mapping[str, object]) -> BacktestSettings:
    known = {
        "cash",
        "commission",
        "spread",
        "margin",
        "trade_on_close",
        "exclusive_orders",
        "finalize_trades",
    }
    assert set(backtest) <= known, f"the replay does not know {set(backtest) - known}"
    policy = replace(
        FillPolicy.backtesting_py(), trade_on_close=bool(backtest.get("trade_on_close", False))
    )
    return BacktestSettings(
        cash=float(str(backtest.get("cash", 10_000))),
        leverage=1.0 / float(str(backtest.get("margin", 1))),
        commission=commission_of(backtest.get("commission")),
        slippage=PercentSlippage(percent=100.0 * float(str(backtest.get("spread", 0)))),
        policy=policy,
    )


def replay(case: Case, bars: Bars) -> RunRecord:
    """Run a case's requests, each at its own bar, through the whole machine."""
    finalize = bool(case.backtest.get("finalize_trades", False))
    requests = case.intents
    if finalize:
        # The peer closes what is open by going through the last bar a second time.
        requests = (*requests, Intent(len(bars) - 1, "close_position", 1, *[None] * 4))
        bars = _last_bar_twice(bars)

    class Replay(Strategy):
        exclusive: ClassVar[bool] = bool(case.backtest.get("exclusive_orders", False))

        def on_bar(self) -> None:
            for intent in due.get(len(self.data) - 1, ()):
                _request(self, intent, self.exclusive)

    due: dict[int, list[Intent]] = {}
    for intent in requests:
        due.setdefault(intent.bar, []).append(intent)
    return run(Replay, [bars], settings_of(case.backtest))


def peer_profit(trade: Trade, commission: CommissionModel) -> tuple[float, float]:
    """Profit and commission as the peer reports them: each piece of a lot charged on its own."""
    instrument = Instrument(trade.symbol)
    fees = sum(
        commission.fee(instrument, trade.quantity, trade.quantity * price, 0.0, 0)
        for price in (trade.entry_price, trade.exit_price)
    )
    gross = trade.side * trade.quantity * (trade.exit_price - trade.entry_price)
    return gross - fees, fees


def _request(strategy: Strategy, intent: Intent, exclusive: bool) -> None:
    if intent.kind == "cancel_pending":
        strategy.cancel_all()
    elif intent.kind == "close_position":
        _close(strategy, intent.size or 1.0)
    else:
        if exclusive:
            strategy.cancel_all()
            _close(strategy, 1.0)
        size = ALL_IN if intent.size is None else intent.size
        send = {"buy": strategy.buy, "sell": strategy.sell}[intent.kind]
        send(
            0.0 if size < 1 else size,
            fraction=size if size < 1 else None,
            limit=intent.limit,
            stop=intent.stop,
            stop_loss=intent.sl,
            take_profit=intent.tp,
            tif="GTC",
        )


def _close(strategy: Strategy, portion: float) -> None:
    """Close part of the position and leave every resting order alone, as the peer does."""
    position = strategy.position
    if not position.is_flat:
        units = max(1.0, round(abs(position.quantity) * portion))
        side = Side.SELL if position.is_long else Side.BUY
        strategy._desk.place(OrderRequest(position.symbol, side, units, origin=Origin.CLOSE))


def _last_bar_twice(bars: Bars) -> Bars:
    def again(column: np.ndarray, step: int = 0) -> np.ndarray:
        return np.append(column, column[-1] + step)

    day = 86_400 * 10**9
    return replace(
        bars,
        close_time=again(bars.close_time, day),
        session=again(bars.session, 1),
        session_close=again(bars.session_close, day),
        open=again(bars.open),
        high=again(bars.high),
        low=again(bars.low),
        close=again(bars.close),
        volume=again(bars.volume),
    )
