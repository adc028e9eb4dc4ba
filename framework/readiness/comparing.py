"""Comparing: what a backtest and a session over the same bars must agree on, and what no wire can
carry.

Not compared, for a broker's messages do not tell them:

- what a fill cost in slippage, and whether a limit was merely touched: only a simulator knows the
  price there would have been without it;
- the words in which an order ended where one side has none, and whether its time or somebody ended
  it: the broker says "Cancelled" of both;
- the close a liquidation was decided at, and its place among the fills of its instant;
- the price of a protective order that never worked: it waits as a distance here and as a
  provisional price there;
- that an order found less to close than it was made for: a backtest lets it end with a rest that is
  not covered, the session has told the broker the smaller quantity before.
"""

from __future__ import annotations

__all__ = ["differences", "played_twice"]

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from math import isclose

import numpy as np

from framework.backtest.record import OrderRecord, RunRecord
from framework.backtest.roles import Strategies
from framework.backtest.run import run
from framework.backtest.settings import BacktestSettings
from framework.domain.bars import Bars
from framework.domain.events import Fill
from framework.domain.orders import DONE, Order, OrderStatus, Origin
from framework.session.lockstep import rehearse

_ENDED = frozenset({OrderStatus.CANCELLED, OrderStatus.EXPIRED})
_CUT = frozenset({"nothing left to close", "the rest was not covered"})
_PRICES = frozenset({"limit", "stop", "offset"})
_WHOLE = ("error", "start", "stop", "refused", "trips", "flows", "splits", "marks", "currency")
_TOLD_APART = frozenset({"order", "status", "reason", "time", "first_stop", "slippage"})
_SECONDS = 1800.0


def played_twice(
    strategy: Strategies,
    bars: Sequence[Bars],
    settings: BacktestSettings,
    parameters: Mapping[str, object] | None = None,
) -> tuple[RunRecord, RunRecord]:
    """A backtest, and a session through the emulator and the client library."""
    given = dict(parameters or {})
    backtest = run(strategy, bars, settings, given)

    async def session() -> RunRecord:
        return await asyncio.wait_for(rehearse(strategy, bars, settings, given), _SECONDS)

    return backtest, asyncio.run(session())


def differences(backtest: RunRecord, session: RunRecord) -> list[str]:
    """What differs, one line each."""
    found = [
        f"{name}: {getattr(backtest, name)} / {getattr(session, name)}"
        for name in _WHOLE
        if getattr(backtest, name) != getattr(session, name)
    ]
    if backtest.stop != session.stop:
        return found
    found += _unpaired("orders", [r.order.id for r in backtest.orders], session.orders)
    for theirs, ours in zip(backtest.orders, session.orders, strict=False):
        found += _of_order(theirs, ours)
    fills = [_in_order(record.fills) for record in (backtest, session)]
    found += _unpaired("fills", [fill.order.id for fill in fills[0]], fills[1])
    for p, q in zip(*fills, strict=False):
        found += _of_fill(p, q)
    fees = [
        sorted((one.time, one.symbol, one.amount) for one in record.commissions)
        for record in (backtest, session)
    ]
    if fees[0] != fees[1]:
        found.append(f"commissions: {fees[0]} / {fees[1]}")
    found += _money(backtest, session)
    return found


def _unpaired(what: str, ids: Sequence[str], others: Sequence[OrderRecord | Fill]) -> list[str]:
    other = [one.order.id for one in others]
    return [] if list(ids) == other else [f"{what}: {ids} / {other}"]


def _in_order(fills: Sequence[Fill]) -> list[Fill]:
    """Fills as they came, those of liquidations last in their instant."""
    return sorted(fills, key=lambda one: (one.time, one.order.origin is Origin.LIQUIDATION))


def _of_order(backtest: OrderRecord, session: OrderRecord) -> Iterator[str]:
    name = backtest.order.id
    is_short = backtest.reason in _CUT and _same(session.filled, session.order.quantity)
    is_done = backtest.status in DONE
    never_worked = backtest.order.parent is not None and backtest.filled == 0.0 and is_done
    yield from _of_terms(backtest.order, session.order, never_worked, is_short)
    states = {backtest.status, session.status}
    if len(states) > 1 and not states <= _ENDED and not is_short:
        yield f"{name} {backtest.status} / {session.status}"
    reasons = {backtest.reason, session.reason} - {""}
    if len(reasons) > 1 and is_done:
        yield f"{name} {backtest.reason!r} / {session.reason!r}"
    if backtest.time != session.time and is_done and not is_short:
        yield f"{name} last at {backtest.time} / {session.time}"
    if backtest.first_stop != session.first_stop and not never_worked:
        yield f"{name} first stopped at {backtest.first_stop} / {session.first_stop}"
    for field in fields(OrderRecord):
        a, b = getattr(backtest, field.name), getattr(session, field.name)
        if field.name not in _TOLD_APART and not _same(a, b):
            yield f"{name} {field.name} {a} / {b}"


def _of_terms(backtest: Order, session: Order, never_worked: bool, is_short: bool) -> Iterator[str]:
    aside: frozenset[str] = _PRICES if never_worked else frozenset({"offset"})
    if backtest.origin is Origin.LIQUIDATION:
        aside |= {"decision_price"}
    if is_short:
        aside |= {"quantity"}
    for field in fields(Order):
        a, b = getattr(backtest, field.name), getattr(session, field.name)
        if field.name not in aside and not _same(a, b):
            yield f"{backtest.id} {field.name} {a} / {b}"


def _of_fill(backtest: Fill, session: Fill) -> Iterator[str]:
    for name in ("order", "time", "quantity", "price", "rate"):
        a, b = getattr(backtest, name), getattr(session, name)
        if name == "order":
            a, b = a.id, b.id
        if not _same(a, b):
            yield f"fill of {backtest.order.id}: {name} {a} / {b}"


def _same(a: object, b: object) -> bool:
    """Equal; fractions of a unit may be rounded in the decimal text of a message."""
    if isinstance(a, float) and isinstance(b, float):
        return isclose(a, b, rel_tol=1e-9)
    return a == b


def _money(backtest: RunRecord, session: RunRecord) -> Iterator[str]:
    """To the cent at every instant; it is the same to far less."""
    for name in ("cash", "equity"):
        a, b = getattr(backtest, name), getattr(session, name)
        apart = np.abs(a[: backtest.stop] - b[: session.stop])
        if len(apart) and apart.max() > 1e-6:
            at = int(apart.argmax())
            yield f"{name} {a[at]} / {b[at]} at instant {at}"
    if len(backtest.positions) != len(session.positions):
        yield f"positions: {backtest.positions} / {session.positions}"
    for p, q in zip(backtest.positions, session.positions, strict=False):
        if p.symbol != q.symbol or not _same(p.quantity, q.quantity):
            yield f"position {p} / {q}"
