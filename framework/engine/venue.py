"""The venue: asks the rules of broker and exchange about an order, and knows what they are told."""

from __future__ import annotations

__all__ = ["Venue", "holdings_of", "session_hours"]

from collections.abc import Sequence
from dataclasses import replace
from math import inf

import numpy as np

from framework.calendar import TradingCalendar
from framework.domain.events import Fill, Refused, Split
from framework.domain.orders import Order, OrderType, Protection, Side, TimeInForce
from framework.engine.blotter import Blotter
from framework.engine.commitments import Commitments
from framework.engine.day_trades import DayTrades
from framework.engine.moment import Moment, account_equity
from framework.engine.preview import Holding, filled, margins_of, previewed
from framework.engine.reservations import Reserve
from framework.engine.slot import Slot
from framework.errors import DataError
from framework.ports import FinancingModel, MarginModel, OrderContext, OrderRule, Preview

_AUCTIONS = frozenset({OrderType.MARKET_ON_CLOSE, OrderType.LIMIT_ON_CLOSE})


class Venue:
    """The rules of broker and exchange at work.

    Args:
        rules: asked in this order.
        margin: the account's margin model.
        on_margin: whether the account may borrow money and securities.
        financing: says what can be borrowed; None for no limit.

    Attributes:
        blotter, commitments: every order and fill of the account, and what the orders are about to
            do; the judge gives it its own.
    """

    def __init__(
        self,
        rules: Sequence[OrderRule],
        margin: MarginModel,
        on_margin: bool = False,
        financing: FinancingModel | None = None,
    ) -> None:
        self.blotter = Blotter()
        self.commitments = Commitments(self.blotter, lambda slot, order, opening: Reserve(0.0, inf))
        self._rules = tuple(rules)
        self._margin = margin
        self._on_margin = on_margin
        self._financing = financing
        self._day_trades = DayTrades()
        self._held: dict[str, float] = {}
        self._fills_seen = 0
        self._splits_seen = 0
        self._previous_equity: float | None = None

    def begin(self, day: int) -> None:
        """A session begins; `day` is its trading day. Prices are still those of the last one."""
        if not self._on_margin:
            return
        self._count()
        first = self._day_trades.since == 0
        self._previous_equity = None if first else account_equity(self.blotter)
        self._day_trades.begin(day)

    def objection(
        self, slot: Slot, orders: Sequence[Order], opening: float, moment: Moment
    ) -> tuple[str, str] | None:
        """The first rule that would not take an entry or one of its children, and why.

        Args:
            slot: whose orders they are.
            orders: an entry and its children.
            opening: units of the entry that open risk.
            moment: what the request is judged by.
        """
        if not self._rules:
            return None
        entry = orders[0]
        context = self.context(slot, entry, opening, moment)
        for order in orders:
            told = context if order is entry else replace(context, opening=0.0)
            for rule in self._rules:
                reason = rule.refusal(order, told)
                if reason:
                    whose = "" if order is entry else f"its {order.origin.replace('_', ' ')}: "
                    return rule.name, whose + reason
        return None

    def preview(
        self,
        slot: Slot,
        order: Order,
        opening: float,
        protection: Protection,
        fee: float,
        free: float,
        refused: Refused | None,
        moment: Moment,
    ) -> Preview:
        """What an order would do to the account.

        Args:
            slot: whose order it is.
            order: as it would leave.
            opening: units of it that open risk.
            protection: its protection, resolved.
            fee: estimated for the whole order.
            free: money no margin needs before it.
            refused: why it would not be let out; None if it would.
            moment: what the request is judged by.
        """
        return previewed(
            order,
            protection,
            holdings_of(self.blotter),
            self._margin,
            fee,
            free,
            self.context(slot, order, opening, moment, hours=True),
            slot.volume(order.symbol),
            refused,
        )

    def unchanged(self, refused: Refused | None) -> Preview:
        """The account as it is: what an order would do that cannot leave at all."""
        now = margins_of(holdings_of(self.blotter), self._margin)
        return Preview(
            refused is None, now.initial, now.maintenance, 0.0, 0.0, now.by_type, (), refused
        )

    def context(
        self, slot: Slot, order: Order, opening: float, moment: Moment, hours: bool = False
    ) -> OrderContext:
        """What a rule is told of an order.

        Args:
            slot: whose order it is.
            order: the order.
            opening: units of it that open risk.
            moment: what the request is judged by.
            hours: whether the session is told of any order, not of those for an auction only.
        """
        symbol = order.symbol
        context = OrderContext(
            time=moment.time,
            session=moment.day,
            instrument=moment.instrument,
            price=moment.price,
            position=slot.ledger.positions[symbol].quantity,
            equity=moment.account_equity,
            opening=opening,
            borrowable=self._borrowable(slot, symbol, moment),
            market=slot.market(symbol, order.side),
        )
        if hours or order.type in _AUCTIONS or order.tif is TimeInForce.OPG:
            opens, closes = session_hours(moment.instrument.calendar, moment.time)
            context = replace(context, session_open=opens, session_close=closes)
        return self._with_margin(context, order) if self._on_margin else context

    def _with_margin(self, context: OrderContext, order: Order) -> OrderContext:
        self._count()
        after = filled(holdings_of(self.blotter), order, order.quantity)
        return replace(
            context,
            on_margin=True,
            borrows=sum(one.value for one in after) > context.equity,
            maintenance=margins_of(after, self._margin).maintenance,
            previous_equity=self._previous_equity,
            opened_today=self._day_trades.opened(order.symbol),
            day_trades=self._day_trades.count,
            window_start=self._day_trades.since,
        )

    def _borrowable(self, slot: Slot, symbol: str, moment: Moment) -> float:
        if self._financing is None:
            return inf
        held = slot.ledger.positions[symbol].quantity
        promised = self.commitments.of(slot).opening(symbol, Side.SELL)
        available = self._financing.shortable(moment.instrument, moment.day)
        return available + min(held, 0.0) - promised

    def _count(self) -> None:
        """Count the day trades among what has happened since the last look."""
        blotter = self.blotter
        fills = blotter.fills[self._fills_seen :]
        splits = blotter.splits[self._splits_seen :]
        self._fills_seen, self._splits_seen = len(blotter.fills), len(blotter.splits)
        events: list[Fill | Split] = [*splits, *fills]
        kinds = {s: slot.instrument(s).type for slot in blotter.slots for s in slot.world.markets}
        for event in sorted(events, key=lambda one: one.time):
            if isinstance(event, Split):
                self._held[event.symbol] = event.quantity
                continue
            held = self._held.get(event.symbol, 0.0)
            self._day_trades.fold(kinds[event.symbol], event.symbol, held, event.quantity)
            self._held[event.symbol] = held + event.quantity


def holdings_of(blotter: Blotter) -> tuple[Holding, ...]:
    """Every instrument of the account, held or not, at its last known close; of what several
    strategies hold, the net."""
    found: dict[str, Holding] = {}
    for slot in blotter.slots:
        for symbol, position in slot.ledger.positions.items():
            before = found.get(symbol)
            if before is not None:
                net = before.quantity + position.quantity
                found[symbol] = replace(before, quantity=net)
                continue
            found[symbol] = Holding(
                slot.instrument(symbol), position.quantity, slot.price(symbol), slot.rate(symbol)
            )
    return tuple(found.values())


def session_hours(calendar: str, time: int) -> tuple[int, int]:
    """Open and close, in nanoseconds UTC, of the session that is on at `time`, else of the next.

    At its close a session is over. 0 and 0 beyond the sessions the calendar knows.
    """
    known = TradingCalendar(calendar)
    try:
        day = known.session_of(np.array([time + 1], dtype=np.int64))
        return int(known.session_open_of(day)[0]), int(known.session_close_of(day)[0])
    except DataError:
        return 0, 0
