"""Small run records built by hand: bars from closes, fills from a few words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from framework.backtest.record import Held, OrderRecord, RunRecord
from framework.domain.bars import Bars
from framework.domain.events import Commission, Fill
from framework.domain.instruments import Instrument
from framework.domain.ledger import Ledger
from framework.domain.orders import Offset, Order, OrderStatus, OrderType, Origin, Side
from framework.engine.history import Timeline

DAY = 86_400_000_000_000
CLOSE = 21 * 3_600_000_000_000
FIRST_DAY = 18_263
"""2020-01-02."""


def bars_of(
    closes: Sequence[float],
    symbol: str = "AAA",
    per_session: int = 1,
    spread: float = 1.0,
    multiplier: float = 1.0,
) -> Bars:
    """Bars that open at the close before, and reach `spread` beyond open and close."""
    close = np.array(closes, dtype=float)
    opened = np.concatenate((close[:1], close[:-1]))
    number = np.arange(len(close))
    session = FIRST_DAY + number // per_session
    minutes = (number % per_session + 1 - per_session) * 300_000_000_000
    return Bars(
        instrument=Instrument(symbol, multiplier=multiplier),
        frame="1d" if per_session == 1 else "5m",
        close_time=session * DAY + CLOSE + minutes,
        session=session,
        session_close=session * DAY + CLOSE,
        open=opened,
        high=np.maximum(opened, close) + spread,
        low=np.minimum(opened, close) - spread,
        close=close,
        volume=np.full(len(close), 1000.0),
    )


def fill_of(
    bars: Bars,
    row: int,
    quantity: float,
    price: float | None = None,
    *,
    order: str = "",
    parent: str | None = None,
    origin: Origin = Origin.STRATEGY,
    slip: float = 0.0,
    touch: bool = False,
) -> Fill:
    """A fill in bar `row`, at its open unless a price is given, `slip` worse than that."""
    side = Side.BUY if quantity > 0 else Side.SELL
    reference = float(bars.open[row]) if price is None else price
    number = f"{bars.symbol}-{row}-{quantity:g}"
    made = Order(
        id=order or number,
        symbol=bars.symbol,
        side=side,
        quantity=abs(quantity),
        type=OrderType.MARKET,
        time=int(bars.close_time[max(row - 1, 0)]),
        decision_price=float(bars.close[max(row - 1, 0)]),
        parent=parent,
        origin=origin,
    )
    return Fill(
        id=f"x-{number}-{reference:g}",
        order=made,
        time=int(bars.close_time[row]),
        quantity=quantity,
        price=reference + slip * side,
        reference=reference,
        touch=touch,
    )


def stop_of(entry: Fill, stop: float | None = None, trail: Offset | None = None) -> OrderRecord:
    """The protective stop of an entry, never filled."""
    order = Order(
        id=f"{entry.order.id}-stop",
        symbol=entry.symbol,
        side=entry.order.side.opposite,
        quantity=abs(entry.quantity),
        type=OrderType.TRAIL if trail else OrderType.STOP,
        time=entry.order.time,
        decision_price=entry.order.decision_price,
        stop=stop,
        trail=trail,
        parent=entry.order.id,
        origin=Origin.TRAIL if trail else Origin.STOP_LOSS,
    )
    return OrderRecord(order, OrderStatus.CANCELLED, "cancelled", 0.0, 0.0, entry.time, 0.0, 0.0)


def record_of(
    bars: Bars | Sequence[Bars],
    fills: Sequence[Fill] = (),
    *,
    fee: float = 1.0,
    cash: float = 100_000.0,
    start: int = 0,
    orders: Sequence[OrderRecord] = (),
) -> RunRecord:
    """The record of a run with these fills, each charged `fee`."""
    traded = (bars,) if isinstance(bars, Bars) else tuple(bars)
    instants = np.unique(np.concatenate([part.close_time for part in traded]))
    rows = {
        part.symbol: np.searchsorted(part.close_time, instants, side="right") - 1 for part in traded
    }
    commissions = [Commission(fill.id, fill.symbol, fee, fill.time) for fill in fills]
    count = len(instants)
    ledger = Ledger(cash, {part.symbol: part.instrument.multiplier for part in traded})
    cash_after, equity = np.full(count, cash), np.full(count, cash)
    quantities = {part.symbol: np.zeros(count) for part in traded}
    for fill, commission in zip(fills, commissions, strict=True):
        ledger.apply(fill)
        ledger.charge(commission)
        at = int(np.searchsorted(instants, fill.time))
        cash_after[at:] = ledger.cash
        quantities[fill.symbol][at:] = ledger.positions[fill.symbol].quantity
    equity = cash_after.copy()
    for part in traded:
        known = rows[part.symbol] >= 0
        price = np.where(known, part.close[rows[part.symbol]], 0.0)
        equity += quantities[part.symbol] * part.instrument.multiplier * price
    return RunRecord(
        bars=traded,
        timeline=Timeline(traded),
        start=start,
        stop=count,
        opening_cash=cash,
        holdings=Held(cash_after, quantities),
        equity=equity,
        orders=tuple(_orders(fills, fee)) + tuple(orders),
        fills=tuple(fills),
        commissions=tuple(commissions),
        refused=(),
        trips=(),
        positions=tuple(p for p in ledger.positions.values() if not p.is_flat),
    )


def _orders(fills: Sequence[Fill], fee: float) -> list[OrderRecord]:
    found: dict[str, OrderRecord] = {}
    for fill in fills:
        slippage = abs(fill.price - fill.reference) * abs(fill.quantity)
        before = found.get(fill.order.id)
        if before is None:
            found[fill.order.id] = OrderRecord(
                fill.order,
                OrderStatus.FILLED,
                "",
                abs(fill.quantity),
                fill.price,
                fill.time,
                fee,
                slippage,
            )
            continue
        filled = before.filled + abs(fill.quantity)
        average = (before.filled * before.average_price + abs(fill.quantity) * fill.price) / filled
        found[fill.order.id] = replace(
            before,
            filled=filled,
            average_price=average,
            time=fill.time,
            commission=before.commission + fee,
            slippage=before.slippage + slippage,
        )
    return list(found.values())
