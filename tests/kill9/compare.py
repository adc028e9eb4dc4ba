"""What must be the same: a killed session's books, an uninterrupted one's, and the broker's."""

from __future__ import annotations

__all__ = ["Verdict", "compared", "held_against"]

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isclose
from typing import Any

Told = Mapping[str, Any]
_BOOKS = ("equity", "cash", "positions")
_BROKERS_OWN = ("expiry", "exercise", "liquidation")
"""What the broker calls orders of its own."""
_TRADES = ("fills", "commissions", "orders", "refused", "logbook", "error")


@dataclass(slots=True)
class Verdict:
    """What is wrong with one run.

    Attributes:
        lost: executions of the broker's that the session has not booked, or not once.
        doubled: orders that are at the broker twice, or numbers used twice.
        books: differences between the session's books and the broker's.
        trades: differences from the uninterrupted run.
    """

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    books: list[str] = field(default_factory=list)
    trades: list[str] = field(default_factory=list)

    @property
    def first(self) -> str:
        """The first difference; empty without one."""
        return next(iter([*self.lost, *self.doubled, *self.books, *self.trades]), "")


def compared(calm: Told, killed: Told) -> list[str]:
    """How a killed run differs from an uninterrupted one."""
    found = []
    for name in (*_TRADES, *_BOOKS):
        if calm[name] != killed[name]:
            found.append(f"{name}: {_difference(calm[name], killed[name])}")
    return found


def _difference(calm: Any, killed: Any) -> str:
    if isinstance(calm, list) and isinstance(killed, list):
        for place, (one, other) in enumerate(zip(calm, killed, strict=False)):
            if one != other:
                return f"{place}: {one} became {other}"
        return (
            f"{len(calm)} became {len(killed)}: {calm[len(killed) :][:1]}{killed[len(calm) :][:1]}"
        )
    return f"{calm} became {killed}"


def held_against(told: Told, truth: Told) -> Verdict:
    """A session's books against the broker's."""
    verdict = Verdict()
    told = _named(told, truth)
    truth = {**truth, "orders": [one for one in truth["orders"] if one[0] not in _BROKERS_OWN]}
    _executions(told, truth, verdict)
    _orders(told, truth, verdict)
    if not isclose(told["cash"], truth["cash"], abs_tol=0.005):
        verdict.books.append(f"cash {told['cash']} and the broker's {truth['cash']}")
    if told["positions"] != truth["positions"]:
        verdict.books.append(f"held {told['positions']} and the broker's {truth['positions']}")
    if not isclose(told["equity"][-1], truth["equity"], abs_tol=0.005):
        verdict.books.append(f"equity {told['equity'][-1]} and the broker's {truth['equity']}")
    return verdict


def _named(told: Told, truth: Told) -> Told:
    """The same with the broker's own executions by their names, which fills of them do not bear;
    what the broker makes by itself is told by what it traded."""
    open_ones = [one for one in truth["executions"] if one[1] in _BROKERS_OWN]
    fills = []
    for fill in told["fills"]:
        origin = fill[0].rpartition("-")[0]
        what = [origin, fill[1], fill[3], fill[4]]
        found = next((one for one in open_ones if one[1:5] == what), None)
        if origin in _BROKERS_OWN and found is not None:
            open_ones.remove(found)
            fills.append([origin, *fill[1:5], found[0]])
        else:
            fills.append(fill)
    ours = [one for one in told["orders"] if one[1].rpartition("-")[0] not in _BROKERS_OWN]
    return {**told, "fills": fills, "orders": ours}


def _executions(told: Told, truth: Told, verdict: Verdict) -> None:
    booked = Counter(fill[5] for fill in told["fills"])
    traded = {one[0]: one for one in truth["executions"]}
    if len(traded) != len(truth["executions"]):
        verdict.doubled.append("an execution id came twice")
    for exec_id, count in booked.items():
        if exec_id not in traded:
            verdict.lost.append(f"{exec_id} was booked and never traded")
        elif count != 1:
            verdict.lost.append(f"{exec_id} was booked {count} times")
    verdict.lost += [
        f"{exec_id} traded and was never booked: {one}"
        for exec_id, one in traded.items()
        if exec_id not in booked
    ]
    ours = {fill[5]: [fill[0], fill[1], fill[3], fill[4]] for fill in told["fills"]}
    for exec_id, one in traded.items():
        if exec_id in ours and ours[exec_id] != one[1:5]:
            verdict.books.append(f"{exec_id}: {ours[exec_id]} and the broker's {one[1:5]}")
    paid: dict[str, float] = {}
    for fill_id, amount, _ in told["commissions"]:
        key = fill_id.rpartition("/")[2]
        paid[key] = paid.get(key, 0.0) + amount
    for exec_id, one in traded.items():
        if not isclose(paid.get(exec_id, 0.0), one[5], abs_tol=1e-9):
            verdict.books.append(f"{exec_id} cost {paid.get(exec_id)} and the broker's {one[5]}")


def _orders(told: Told, truth: Told, verdict: Verdict) -> None:
    placed: Sequence[Sequence[Any]] = truth["orders"]
    for what, keys in (
        ("order", [one[0] for one in placed]),
        ("order number", [(one[1], one[2]) for one in placed]),
    ):
        verdict.doubled += [
            f"{what} {key} is at the broker {n} times" for key, n in Counter(keys).items() if n > 1
        ]
    known = {one[1] for one in told["orders"]}
    verdict.doubled += [f"order {one[0]} is nobody's" for one in placed if one[0] not in known]
    theirs = {one[0]: one for one in placed}
    for _, name, status, filled, *_ in told["orders"]:
        one = theirs.get(name)
        if one is None:
            if status not in ("rejected", "cancelled"):
                verdict.books.append(f"{name} is {status}, and the broker never had it")
        elif one[5] != filled or one[4] not in _SAME[status]:
            verdict.books.append(f"{name} is {status} {filled:g}, the broker's {one[4]} {one[5]:g}")


_ALIVE = ("PreSubmitted", "Submitted")
_SAME = {
    "working": _ALIVE,
    "partial": _ALIVE,
    "held": _ALIVE,
    "filled": ("Filled",),
    "cancelled": ("Cancelled",),
    "expired": ("Cancelled",),
    "rejected": ("Inactive",),
    "sent": (),
    "cancelling": (),
    "unknown": (),
    "absent": (),
}
"""What the broker calls our states; a run never ends in one of the last four."""
