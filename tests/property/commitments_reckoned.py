"""What the working orders of an account are about to do, reckoned from each of them anew.

The checks before an order keep these figures as sums; here is how they are defined.
"""

from __future__ import annotations

__all__ = ["disagreements"]

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from math import copysign, fsum

from framework.domain.orders import Order, Side
from framework.domain.resting import sums_of
from framework.engine.buying_power import available
from framework.engine.judge import Judge
from framework.engine.option_margin import is_margined_together, option_money
from framework.engine.slot import Slot
from framework.engine.ticket import Ticket

_NEAR = 1e-9
"""How far a sum of floats, one after the other, may be from the exact one, of its terms."""


def disagreements(judge: Judge, aside: Ticket | None = None) -> Iterator[str]:
    """A sentence for each figure the judge keeps that is not what the orders come to.

    Args:
        judge: of the account.
        aside: an order that is left out.
    """
    yield from _unlike("resting orders", judge, aside)
    for slot in judge.blotter.slots:
        working = [one for one in judge.blotter.working(slot) if one is not aside]
        groups = {one.order.oca for one in working} | {None, "another"}
        kept = judge._commitments.of(slot)
        kept.reservations.settle(judge.day)
        pairs = [
            *_units(slot, working, kept.opening, kept.closing),
            (
                "to trade",
                _filled(kept.to_trade()),
                _filled(_to_trade(working, lambda t: t.remaining)),
            ),
            ("to close", _filled(kept.to_close()), _filled(_to_trade(working, _closing))),
            *(
                (
                    f"reserved besides {oca}",
                    kept.reservations.money(oca),
                    _money(judge, slot, working, oca),
                )
                for oca in groups
            ),
        ]
        yield from (f"{slot.name}: {what} {a} / {b}" for what, a, b in pairs if repr(a) != repr(b))
        for oca in groups:
            a = available(slot, kept, judge._margin, slot.equity(), oca)
            b = _available(judge, slot, working, oca)
            scale = abs(slot.equity()) + sum(map(abs, _money(judge, slot, working, None)))
            if not (a == b or abs(a - b) <= _NEAR * scale or repr(a) == repr(b)):
                yield f"{slot.name}: available besides {oca} {a} / {b}"


def _unlike(what: str, judge: Judge, aside: Ticket | None) -> Iterator[str]:
    expected = [
        replace(one.order, quantity=one.opening)
        for one in judge.blotter.all_working()
        if one.opening > 0.0 and one is not aside
    ]
    kept = judge._commitments.resting()
    if list(kept) != expected:
        yield f"{what}: {list(kept)} / {expected}"
    if kept.sums != sums_of(expected):
        yield f"{what}: {kept.sums} / {sums_of(expected)}"


def _units(
    slot: Slot,
    working: Iterable[Ticket],
    opening: Callable[[str, Side], float],
    closing: Callable[..., float],
) -> Iterator[tuple[str, float, float]]:
    entries = [one for one in working if one.order.parent is None]
    for symbol in slot.world.symbols:
        for side in Side:
            mine = [t for t in entries if (t.order.symbol, t.order.side) == (symbol, side)]
            at_once = [t for t in mine if t.order.trades_at_once]
            name = f"{symbol} {side.name}"
            yield f"{name} opening", opening(symbol, side), fsum(t.opening for t in mine)
            for some, alone in ((mine, False), (at_once, True)):
                kept = closing(symbol, side, at_once=alone)
                yield f"{name} closing", kept, fsum(map(_closing, some))


def _closing(ticket: Ticket) -> float:
    return ticket.remaining - ticket.opening


def _to_trade(working: Iterable[Ticket], units: Callable[[Ticket], float]) -> dict[str, float]:
    found: dict[str, list[float]] = {}
    for ticket in working:
        order = ticket.order
        if order.parent is None and order.trades_at_once:
            found.setdefault(order.symbol, []).append(order.side * units(ticket))
    return {symbol: fsum(terms) for symbol, terms in found.items()}


def _filled(units: dict[str, float]) -> dict[str, float]:
    """Rounded as sums of tenths are, without those that come to nothing."""
    return {symbol: round(each, 6) for symbol, each in sorted(units.items()) if round(each, 6)}


def _cost(judge: Judge, slot: Slot, order: Order, opening: float) -> float:
    instrument, rate = slot.instrument(order.symbol), slot.rate(order.symbol)
    units = order.side * opening
    price = order.limit or order.stop or slot.price(order.symbol)
    notional = abs(units) * instrument.multiplier * price
    cost = judge._commission.fee(instrument, units, notional, 0.0, judge.day) * rate
    if not is_margined_together(judge._margin, instrument):
        cost += judge._margin.initial(instrument, units, price) * rate
    return cost


def _money(
    judge: Judge, slot: Slot, working: Iterable[Ticket], oca: str | None
) -> tuple[float, float]:
    """What orders by themselves need, and the dearest of each group besides one."""
    single: list[float] = []
    groups: dict[str, float] = {}
    for ticket in working:
        order = ticket.order
        if order.parent is None and ticket.opening:
            cost = _cost(judge, slot, order, ticket.opening)
            if order.oca is None:
                single.append(cost)
            elif order.oca != oca:
                groups[order.oca] = max(groups.get(order.oca, 0.0), cost)
    return fsum(single), fsum(groups.values())


def _available(judge: Judge, slot: Slot, working: list[Ticket], oca: str | None) -> float:
    """Equity less margin of what is held, less what working entries need, one after the other."""
    margin, used = judge._margin, 0.0

    def initial(symbol: str, units: float) -> float:
        if units == 0.0 or is_margined_together(margin, slot.instrument(symbol)):
            return 0.0
        return margin.initial(slot.instrument(symbol), units, slot.price(symbol)) * slot.rate(
            symbol
        )

    for symbol, position in slot.ledger.positions.items():
        used += initial(symbol, position.quantity)
    used += option_money(slot, margin, _to_trade(working, lambda t: t.remaining))
    used += sum(_money(judge, slot, working, oca))
    for symbol, units in _to_trade(working, _closing).items():
        held = slot.ledger.positions[symbol].quantity
        if units * held < 0.0 and slot.world.markets[symbol].is_fresh:
            used -= initial(symbol, copysign(min(abs(units), abs(held)), held))
    return slot.equity() - used
