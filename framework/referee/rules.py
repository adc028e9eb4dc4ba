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
    ours_pays,
    slipped,
    theirs_pays,
)
from framework.referee.sequence import Played, backtrader_fills, our_fills
from framework.referee.ticket import Ticket
from framework.referee.translate import missing

OLD_BAR = "OLD_BAR"
_SLACK = 1e-9


@dataclass(frozen=True, slots=True)
class Rule:
    """One way in which the two differ.

    Attributes:
        id: its name.
        text: what each of them does, one sentence.
        explains: whether it predicts both outcomes of this order in this round.
        of_fills: whether it is about where and in which sequence orders fill in a bar, of which
            backtrader's own policy leaves no difference.
    """

    id: str
    text: str
    explains: Callable[[Round, str], bool]
    of_fills: bool = True


def explanation(round_: Round, order_id: str) -> Rule | None:
    """The rule that predicts what both brokers made of an order; None if none does."""
    fills_differ = not round_.cover.linked
    for rule in RULES:
        if (fills_differ or not rule.of_fills) and rule.explains(round_, order_id):
            return rule
    return None


def _filled_only_by(mine: Outcome, other: Outcome) -> bool:
    return mine.quantity != 0.0 and other.quantity == 0.0


# the rules --------------------------------------------------------------------------------------


def _not_in_backtrader(round_: Round, order_id: str) -> bool:
    order = round_.orders[order_id]
    ours, theirs = round_.both(order_id)
    parent = round_.orders.get(order.parent or "")
    lacks = bool(missing(order)) or (parent is not None and bool(missing(parent)))
    if theirs.quantity != 0.0 or not (lacks or order.origin in BROKER_MADE):
        return False
    return ours.quantity == 0.0 or _is_possible(round_, ours)


def _is_possible(round_: Round, ours: Outcome) -> bool:
    """Whether a fill that nothing predicts was at least possible: in a new bar, on its order's
    side, no more than it asks for, inside the bar before slippage and within its limit."""
    order = ours.order
    bar, side = round_.bar_of(order), order.side
    units = side * ours.quantity
    best, worst = (bar.low, bar.high) if side is Side.BUY else (bar.high, bar.low)
    worst = round_.costs.worse(worst, side)
    limit = worst if order.limit is None else order.limit
    left = order.quantity - round_.filled.get(order.id, 0.0)
    gains = max((best - ours.price) * side, (ours.price - worst) * side)
    beyond = (ours.price - limit) * side
    slack = _SLACK * ours.price
    return bar.fresh and 0.0 < units <= left + _SLACK and max(gains, beyond) <= slack


def _protection_in_entry_bar(round_: Round, order_id: str) -> bool:
    order, bar = round_.orders[order_id], round_.bar_of(round_.orders[order_id])
    ours, theirs = round_.both(order_id)
    alive = theirs.ended is None or _must_end(round_, order, round_.theirs)
    if order.parent not in round_.ours or not _filled_only_by(ours, theirs) or not alive:
        return False
    entry, judged = round_.both(order.parent or "")
    both_entered = judged.quantity or explanation(round_, entry.order.id) is not None
    if not entry.quantity or not both_entered:
        return False
    if not (met_at_open(order, bar) or met_in_bar(order, bar)):
        return False
    if same(entry.reference, bar.open):
        return same(ours.price, ours_pays(order, bar, round_.costs) or 0.0)
    worst = min if order.side is Side.SELL else max
    start = worst(level(order), entry.reference)
    inside = order.type in STOPS and bar.low <= start <= bar.high
    return inside and same(ours.price, slipped(order, start, bar, round_.costs) or 0.0)


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
        and same(theirs.price, slipped(order, bar.open, bar, round_.costs) or 0.0)
    )


def _stop_limit_slips(round_: Round, order_id: str) -> bool:
    order, bar = round_.orders[order_id], round_.bar_of(round_.orders[order_id])
    ours, theirs = round_.both(order_id)
    if order.type not in STOP_LIMITS or ours.ended is not theirs.ended:
        return False
    return (
        same(ours.quantity, theirs.quantity)
        and same(ours.price, ours_pays(order, bar, round_.costs) or 0.0)
        and same(theirs.price, theirs_pays(order, bar, round_.costs) or 0.0)
    )


def _stop_limit_returns(round_: Round, order_id: str) -> bool:
    order, bar = round_.orders[order_id], round_.bar_of(round_.orders[order_id])
    ours, theirs = round_.both(order_id)
    if order.type not in STOP_LIMITS or order.limit is None or not met_in_bar(order, bar):
        return False
    behind = (order.limit - level(order)) * order.side < 0.0
    predicted = theirs_pays(order, bar, round_.costs)
    both = _filled_only_by(theirs, ours) and same(theirs.price, predicted or 0.0)
    return bar.fresh and behind and both


def _sequence(round_: Round, order_id: str) -> bool:
    ours, theirs = round_.both(order_id)
    ends_differ = ours.quantity == theirs.quantity == 0.0 and ours.ended is not theirs.ended
    if same(ours.quantity, theirs.quantity) and not ends_differ:
        return False
    here, there = our_fills(round_), backtrader_fills(round_)
    return _is(ours, here, ends_differ) and _is(theirs, there, ends_differ)


def _is(outcome: Outcome, played: Played, ends_count: bool) -> bool:
    quantity, price = played.fills.get(outcome.order.id, (0.0, 0.0))
    ended = outcome.order.id in played.ended
    ends = (outcome.ended is OrderStatus.CANCELLED) is ended or not ends_count
    return ends and same(outcome.quantity, quantity) and same(outcome.price, price)


def _group_cancelled(round_: Round, order_id: str) -> bool:
    ours, theirs = round_.both(order_id)
    if ours.quantity or theirs.quantity or theirs.ended is not OrderStatus.CANCELLED:
        return False
    order = round_.orders[order_id]
    if order.parent in round_.orders and not round_.agreed(order.parent or ""):
        return _group_cancelled(round_, order.parent or "")
    ends = (OrderStatus.CANCELLED, OrderStatus.EXPIRED)
    return any(
        round_.both(mate.id)[0].ended in ends and round_.both(mate.id)[1].ended in ends
        for mate in round_.mates(order)
    )


def _old_bar(round_: Round, order_id: str) -> bool:
    order, bar = round_.orders[order_id], round_.bar_of(round_.orders[order_id])
    ours, theirs = round_.both(order_id)
    if bar.fresh or not _filled_only_by(theirs, ours) or order.type is OrderType.MARKET:
        return False
    return same(theirs.price, theirs_pays(order, bar, round_.costs) or 0.0)


def _follows(round_: Round, order_id: str) -> bool:
    ours, theirs = round_.both(order_id)
    order = round_.orders[order_id]
    if theirs.quantity:
        return False
    if ours.quantity:
        return _outlives(round_, order)
    return any(_is_cause(round_, other, order) for other in round_.orders) and all(
        (outcome.ended is OrderStatus.CANCELLED) is _must_end(round_, order, outcomes)
        and outcome.ended in (None, OrderStatus.CANCELLED)
        for outcome, outcomes in ((ours, round_.ours), (theirs, round_.theirs))
    )


def _is_cause(round_: Round, other: str, order: Order) -> bool:
    """Whether another order's difference, which has a rule of its own, can be felt by this one."""
    one = round_.orders[other]
    near = one.symbol == order.symbol or (one.oca is not None and one.oca == order.oca)
    fills_differ = near and not same(*(outcome.quantity for outcome in round_.both(other)))
    entry_differs = other == order.parent and not round_.agreed(other)
    return (fills_differ or entry_differs) and explanation(round_, other) is not None


def _outlives(round_: Round, order: Order) -> bool:
    """Whether an order filled here as it should, which in backtrader an old bar's fill of its group
    has ended."""
    ours, theirs = round_.both(order.id)
    pays = theirs_pays if round_.cover.linked else ours_pays
    predicted = pays(order, round_.bar_of(order), round_.costs)
    whole = order.side * (order.quantity - round_.filled.get(order.id, 0.0))
    by_group = any(
        round_.both(mate.id)[1].quantity and _old_bar(round_, mate.id)
        for mate in round_.mates(order)
    )
    filled = same(ours.quantity, whole) and same(ours.price, predicted or 0.0)
    return by_group and filled and theirs.ended is OrderStatus.CANCELLED


def _must_end(round_: Round, order: Order, outcomes: Mapping[str, Outcome]) -> bool:
    """Whether these fills end an order that did not fill: one of its group, or the last of what
    it closes."""
    if any(mate.id in outcomes and outcomes[mate.id].quantity for mate in round_.mates(order)):
        return True
    if order.parent in round_.orders:
        entry = outcomes.get(order.parent or "")
        if entry is None or not entry.quantity:
            return entry is not None and entry.ended is not None
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
        of_fills=False,
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
        "again, and moves its trailing level, whenever another instrument has a bar.",
        _old_bar,
        of_fills=False,
    ),
    Rule(
        "SEQUENCE",
        "Of orders that exclude or starve each other we fill first what the open fills, then "
        "exits, then what lies nearer to the open, at last what is for the close; backtrader goes "
        "by submission.",
        _sequence,
    ),
    Rule(
        "FOLLOWS",
        "An order ends, or lives on, because another one of its group or position, or its entry, "
        "fared differently by a rule of its own.",
        _follows,
        of_fills=False,
    ),
)
"""Every rule. A difference none of them predicts is a finding."""
