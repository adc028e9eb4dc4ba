"""The closed list of differences between our simulator and backtrader, each recomputed to hold."""

from __future__ import annotations

__all__ = ["OLD_BAR", "RULES", "Rule", "explanation"]

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass

from framework.domain.arithmetic import same
from framework.domain.orders import BROKER_MADE, Order, OrderStatus, OrderType, Side
from framework.referee.outcome import Outcome
from framework.referee.round import (
    STOP_LIMITS,
    STOPS,
    Round,
    level,
    met_at_open,
    met_in_bar,
    paid,
    slipped,
    their_stop_limit,
)
from framework.referee.sequence import backtrader_fills, our_fills
from framework.referee.ticket import Ticket
from framework.referee.translate import missing

OLD_BAR = "OLD_BAR"


@dataclass(frozen=True, slots=True)
class Rule:
    """One way in which the two differ.

    Attributes:
        id: its name.
        text: what each of them does, one sentence.
        explains: whether it predicts both outcomes of this order in this round.
    """

    id: str
    text: str
    explains: Callable[[Round, str], bool]


def explanation(round_: Round, order_id: str) -> Rule | None:
    """The rule that predicts what both brokers made of an order; None if none does."""
    return next((rule for rule in RULES if rule.explains(round_, order_id)), None)


def _filled_only_by(mine: Outcome, other: Outcome) -> bool:
    return mine.quantity != 0.0 and other.quantity == 0.0


# the rules --------------------------------------------------------------------------------------


def _not_in_backtrader(round_: Round, order_id: str) -> bool:
    order = round_.orders[order_id]
    parent = round_.orders.get(order.parent or "")
    lacks = bool(missing(order)) or (parent is not None and bool(missing(parent)))
    return round_.both(order_id)[1].quantity == 0.0 and (lacks or order.origin in BROKER_MADE)


def _protection_in_entry_bar(round_: Round, order_id: str) -> bool:
    order, bar = round_.orders[order_id], round_.bar_of(round_.orders[order_id])
    ours, theirs = round_.both(order_id)
    alive = theirs.ended is None or _must_end(round_, order, round_.theirs)
    if order.parent not in round_.ours or not _filled_only_by(ours, theirs) or not alive:
        return False
    entry, judged = round_.both(order.parent or "")
    if not entry.quantity or not judged.quantity:
        return False
    if not (met_at_open(order, bar) or met_in_bar(order, bar)):
        return False
    if same(entry.reference, bar.open):
        return same(ours.price, paid(order, bar, round_.costs, limits_slip=False))
    worst = min if order.side is Side.SELL else max
    start = worst(level(order), entry.reference)
    inside = order.type in STOPS and bar.low <= start <= bar.high
    return inside and same(ours.price, slipped(order, start, bar, round_.costs))


def _limit_slips_at_open(round_: Round, order_id: str) -> bool:
    order, bar = round_.orders[order_id], round_.bar_of(round_.orders[order_id])
    ours, theirs = round_.both(order_id)
    if (
        order.limit is None
        or ours.ended is not theirs.ended
        or (order.limit - bar.open) * order.side < 0.0
    ):
        return False
    return (
        same(ours.quantity, theirs.quantity)
        and same(ours.price, bar.open)
        and same(theirs.price, slipped(order, bar.open, bar, round_.costs))
    )


def _stop_limit_slips(round_: Round, order_id: str) -> bool:
    order, bar = round_.orders[order_id], round_.bar_of(round_.orders[order_id])
    ours, theirs = round_.both(order_id)
    if order.type not in STOP_LIMITS or ours.ended is not theirs.ended:
        return False
    start = bar.open if met_at_open(order, bar) else level(order)
    return (
        same(ours.quantity, theirs.quantity)
        and same(ours.price, start)
        and same(theirs.price, slipped(order, start, bar, round_.costs))
        and same(theirs.price, their_stop_limit(order, bar, round_.costs) or 0.0)
    )


def _stop_limit_returns(round_: Round, order_id: str) -> bool:
    order, bar = round_.orders[order_id], round_.bar_of(round_.orders[order_id])
    ours, theirs = round_.both(order_id)
    if order.type not in STOP_LIMITS or order.limit is None or not met_in_bar(order, bar):
        return False
    behind = (order.limit - level(order)) * order.side < 0.0
    predicted = their_stop_limit(order, bar, round_.costs)
    return behind and _filled_only_by(theirs, ours) and same(theirs.price, predicted or 0.0)


def _sequence(round_: Round, order_id: str) -> bool:
    ours, theirs = round_.both(order_id)
    if same(ours.quantity, theirs.quantity):
        return False
    here = our_fills(round_).get(order_id, _NOTHING)
    there = backtrader_fills(round_).get(order_id, _NOTHING)
    return _is(ours, *here) and _is(theirs, *there)


def _is(outcome: Outcome, quantity: float, price: float) -> bool:
    return same(outcome.quantity, quantity) and same(outcome.price, price)


_NOTHING = (0.0, 0.0)


def _group_cancelled(round_: Round, order_id: str) -> bool:
    ours, theirs = round_.both(order_id)
    if ours.quantity or theirs.quantity or theirs.ended is not OrderStatus.CANCELLED:
        return False
    ends = (OrderStatus.CANCELLED, OrderStatus.EXPIRED)
    return any(
        round_.both(mate.id)[0].ended in ends and round_.both(mate.id)[1].ended in ends
        for mate in round_.mates(round_.orders[order_id])
    )


def _old_bar(round_: Round, order_id: str) -> bool:
    order, bar = round_.orders[order_id], round_.bar_of(round_.orders[order_id])
    ours, theirs = round_.both(order_id)
    if bar.fresh or not _filled_only_by(theirs, ours) or order.type is OrderType.MARKET:
        return False
    if order.type in STOP_LIMITS:
        return same(theirs.price, their_stop_limit(order, bar, round_.costs) or 0.0)
    met = met_at_open(order, bar) or met_in_bar(order, bar)
    return met and same(theirs.price, paid(order, bar, round_.costs, limits_slip=True))


def _follows(round_: Round, order_id: str) -> bool:
    ours, theirs = round_.both(order_id)
    if ours.quantity or theirs.quantity:
        return False
    order = round_.orders[order_id]
    causes = [
        other
        for other, one in round_.orders.items()
        if (one.symbol == order.symbol or (one.oca is not None and one.oca == order.oca))
        and not same(*(outcome.quantity for outcome in round_.both(other)))
        and explanation(round_, other) is not None
    ]
    return bool(causes) and all(
        (outcome.ended is OrderStatus.CANCELLED) is _must_end(round_, order, outcomes)
        and outcome.ended in (None, OrderStatus.CANCELLED)
        for outcome, outcomes in ((ours, round_.ours), (theirs, round_.theirs))
    )


def _must_end(round_: Round, order: Order, outcomes: Mapping[str, Outcome]) -> bool:
    """Whether these fills end an order that did not fill: one of its group, or the last of what
    it closes."""
    if any(mate.id in outcomes and outcomes[mate.id].quantity for mate in round_.mates(order)):
        return True
    if order.parent in round_.orders:
        entry = outcomes.get(order.parent or "")
        if entry is None or (entry.ended is None and not entry.quantity):
            return False
    cover = deepcopy(round_.cover)
    for outcome in outcomes.values():
        if outcome.quantity:
            cover.fold(outcome.order, outcome.quantity)
    return bool(cover.useless(Ticket(order)))


RULES: tuple[Rule, ...] = (
    Rule(
        "NOT_IN_BACKTRADER",
        "backtrader has no word for the order, or for its entry, and rejects it.",
        _not_in_backtrader,
    ),
    Rule(
        "PROTECTION_IN_ENTRY_BAR",
        "We test protection in the bar its entry fills in; backtrader from the next bar on.",
        _protection_in_entry_bar,
    ),
    Rule(
        "LIMIT_SLIPS_AT_OPEN",
        "A limit order the open fills gets the open; backtrader slips it, beyond its limit if need "
        "be.",
        _limit_slips_at_open,
    ),
    Rule(
        "STOP_LIMIT_SLIPS",
        "A stop-limit triggered inside the bar fills at its stop; backtrader slips it.",
        _stop_limit_slips,
    ),
    Rule(
        "STOP_LIMIT_RETURNS",
        "A stop-limit whose limit lies before its stop waits for the next bar; backtrader fills it "
        "at its limit when the bar closes back beyond it.",
        _stop_limit_returns,
    ),
    Rule(
        "GROUP_CANCELLED",
        "A cancelled or expired order leaves the rest of its group working; backtrader cancels the "
        "group.",
        _group_cancelled,
    ),
    Rule(
        OLD_BAR,
        "An order waits for a new bar of its instrument; backtrader matches it against the old one "
        "again whenever another instrument has a bar.",
        _old_bar,
    ),
    Rule(
        "SEQUENCE",
        "Of orders that exclude or starve each other we fill first what the open fills, then "
        "exits, then what lies nearer to the open; backtrader goes by submission.",
        _sequence,
    ),
    Rule(
        "FOLLOWS",
        "An order ends because another one of its group or position filled; that fill differs by a "
        "rule of its own.",
        _follows,
    ),
)
"""Every rule. A difference none of them predicts is a finding."""
