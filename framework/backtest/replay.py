"""Replay: run the strategy again on bars that end at one of its decisions; it must decide alike.

This catches what the check of indicators cannot see: code that reaches the future by itself.
"""

from __future__ import annotations

__all__ = ["check_replays"]

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import numpy as np

from framework.backtest.record import INTERRUPTED, RunRecord
from framework.domain.bars import Bars, IntArray
from framework.domain.events import Refused
from framework.domain.orders import Order
from framework.engine.rolling import turning_days
from framework.errors import InputError, LookaheadError

_REPLAYS = 3
_SHORT = 3_000
_LONGEST = 50_000

Again = Callable[[tuple[Bars, ...]], RunRecord]
"""Runs the same backtest on shorter bars."""

Decision = tuple[object, ...]


def check_replays(record: RunRecord, again: Again) -> bool:
    """Compare what was decided with what is decided when the bars end there.

    Args:
        record: the whole run.
        again: runs it on shorter bars.

    Returns:
        False if Ctrl-C ended the check early.

    Raises:
        LookaheadError: naming the decision that changes.
    """
    for end in _ends(record):
        shorter = tuple(
            one.take(0, int(np.searchsorted(one.close_time, end, side="right")))
            for one in record.bars
        )
        try:
            replayed = again(shorter)
        except InputError:
            continue  # setup does not bear so short a history, which is no peek
        if replayed.error == INTERRUPTED:
            return False
        if replayed.error:
            _complain(end, f"the strategy stops there instead ({replayed.error})")
        if _decides_alike(record, replayed, end):
            continue
        before, after = _decisions(record, end), _decisions(replayed, end)
        if before != after:
            odd = next((d for d in [*before, *after] if d not in before or d not in after), before)
            _complain(end, f"it does not decide alike (first at {odd[0]})")
    return True


def _ends(record: RunRecord) -> list[int]:
    """Instants of a few decisions, early enough to be cheap, with bars of every symbol.

    The last instant cuts nothing off, and what `on_stop` did belongs to it.
    """
    times = _decided(record)
    first = max(int(one.close_time[0]) for one in record.bars)
    rows = np.searchsorted(record.instants, times)
    known = times[(times >= first) & (rows < _LONGEST)]
    near = times[(times >= first) & (rows < _SHORT)]
    near = near if len(near) else known[:1]
    if not len(near):
        return []
    chosen = near[np.linspace(0, len(near) - 1, _REPLAYS).astype(int)]
    return sorted({int(time) for time in chosen})


def _decided(record: RunRecord) -> IntArray:
    """Instants of decisions at which the bars could have ended, in order."""
    if record.tables is not None:
        times = record.tables.decided(_LONGEST)
    else:
        found = {item.order.time for item in record.orders if item.order.parent is None}
        found |= {refused.time for refused in record.refused}
        times = np.array(sorted(found), dtype=np.int64)
    times = times[times != record.instants[-1]]
    contracts = [one for one in record.all_bars if one.instrument.expiry is not None]
    if not contracts:
        return np.asarray(times)
    kept = [not any(_turns_otherwise(one, time) for one in contracts) for time in times.tolist()]
    return np.asarray(times[np.array(kept, dtype=bool)])


def _turns_otherwise(contract: Bars, time: int) -> bool:
    """Whether a contract would roll or expire at another row if its bars ended at `time`: in the
    midst of that day they do it there, and before it not at all."""
    row = int(np.searchsorted(contract.close_time, time, side="right")) - 1
    expiry = contract.instrument.expiry
    if row < 0 or expiry is None:
        return False
    here = int(contract.session[row])
    for day in turning_days(contract.instrument, expiry):
        turns = int(np.searchsorted(contract.session, day, side="right")) - 1
        if here <= day and (here == day) is not (turns == row):
            return True
    return False


def _decides_alike(record: RunRecord, replayed: RunRecord, end: int) -> bool:
    """Whether two compiled runs decided the same up to `end`; False asks for a closer look."""
    if record.tables is None or replayed.tables is None:
        return False
    return record.tables.same_until(replayed.tables, end)


def _decisions(record: RunRecord, end: int) -> list[Decision]:
    """What the strategy wanted up to `end`: the parts of its orders that nothing changes later."""
    sent, kept_in = _until(record, end)
    orders: list[Decision] = [
        (
            _utc(order.time),
            order.id,
            order.symbol,
            order.side,
            order.type,
            order.origin,
            order.decision_price,
        )
        for order in sent
    ]
    refused: list[Decision] = [
        (_utc(item.time), item.symbol, item.side, item.rule) for item in kept_in
    ]
    return orders + refused


def _until(record: RunRecord, end: int) -> tuple[Sequence[Order], Sequence[Refused]]:
    """Orders and refusals made up to `end`. Of a compiled run only those are made into objects."""
    if record.tables is not None:
        sent, kept_in = record.tables.until(end)
        return [item.order for item in record.orders[:sent]], record.refused[:kept_in]
    orders = [item.order for item in record.orders if item.order.time <= end]
    return orders, [item for item in record.refused if item.time <= end]


def _utc(time: int) -> str:
    return f"{datetime.fromtimestamp(time / 1e9, UTC):%Y-%m-%d %H:%M} UTC"


def _complain(end: int, what: str) -> None:
    raise LookaheadError(
        f"The strategy looks ahead: when the bars end at its decision of {_utc(end)}, {what}.",
        "Decide from this bar and earlier ones only, never from chance, files that change or "
        "anything kept outside the instance.",
    )
