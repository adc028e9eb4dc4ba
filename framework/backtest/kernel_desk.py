"""KernelDesk: what the verbs of an `on_bar` strategy call when the kernel handles its orders."""

from __future__ import annotations

__all__ = ["KernelDesk"]

from math import isnan
from typing import Never

import numpy as np

from framework.backtest.cast import Cast, Player
from framework.backtest.compiled_run import fresh_books, with_room
from framework.backtest.kernel import BUSY, KEPT_IN, NO_ROOM, SENT, TRADED, quiet_until, step, verb
from framework.backtest.kernel_orders import GIVEN_UP
from framework.backtest.layout import (
    AVERAGE,
    BUY,
    ENTRY,
    GO_FLAT,
    GO_LONG,
    GO_SHORT,
    HELD,
    NOTE_COLUMNS,
    NOTES,
    ORDERS,
    SELL,
    UNKNOWN,
    W_STOP,
    W_STOP_AT,
    W_TARGET,
    W_TARGET_AT,
    W_TRAIL,
    W_TRAIL_AT,
    WANTED,
    WANTED_COLUMNS,
)
from framework.backtest.run_tables import RunTables
from framework.backtest.scalar_form import Costs, Unsuited, wanted_row
from framework.backtest.sent_order import SentOrder
from framework.compiled import compiled
from framework.domain.events import Refused
from framework.domain.instruments import Instrument
from framework.domain.ledger import Position
from framework.domain.orders import Offset, Order, OrderRequest, Protection, Side
from framework.indicators import average_true_range
from framework.ports import Preview

_NONE_FILLED = np.empty(0, dtype=np.int64)
_NO_TRIPS = np.empty((0, NOTE_COLUMNS))
_WANTED = slice(WANTED, WANTED + WANTED_COLUMNS)


class KernelDesk:
    """The Desk port of one strategy whose orders are rows of tables.

    Args:
        cast: the run.
        player: whose desk it is.
        costs: the run's components as tables.

    Attributes:
        books: the tables.
        busy: whether an order works.
        acted: whether a verb has done something since this was last cleared.
        gave_up: why the run cannot go on, empty while it can.
    """

    def __init__(self, cast: Cast, player: Player, costs: Costs) -> None:
        self.books = fresh_books(cast, costs, [player], range(1))
        self.busy = False
        self.acted = False
        self._cast = cast
        self._player = player
        self._symbol = player.bars[0].symbol
        self._axis = player.world.axis
        self._attached = costs.attached
        self._is_bare = costs.attached == Protection()
        self._verb = compiled(verb)
        self._step = compiled(step)
        self._quiet = compiled(quiet_until)
        self.gave_up = ""
        self._flat = Position(self._symbol, multiplier=player.bars[0].instrument.multiplier)
        self._position = self._flat
        self._state = self.books.lanes.data

    # the market --------------------------------------------------------------------------------

    @property
    def k(self) -> int:
        """Index of the present instant."""
        return self._axis.row

    def meet(self, k: int) -> None:
        """Let the working orders meet the bar that closes at instant `k`."""
        code = self._step(*self.books, k)
        if code == NO_ROOM:
            self.books = with_room(self.books, 1)
            code = self._step(*self.books, k)
        self.busy = code & BUSY != 0
        if code & TRADED:
            self._show()

    def quiet_until(self, k: int) -> int:
        """The first instant from `k` on at which a working order may do something."""
        return self._quiet(*self.books, k)

    def _show(self) -> None:
        held = self._state[0, HELD]
        self._position = self._flat
        if held != 0.0:
            average, multiplier = self._state[0, AVERAGE], self._flat.multiplier
            self._position = Position(self._symbol, held, average, multiplier)
        self._player.strategy.position = self._position

    # verbs -------------------------------------------------------------------------------------

    def reach(self, symbol: str, side: Side | None, protection: Protection) -> None:
        """Hold `side`; None is flat."""
        what = GO_FLAT if side is None else (GO_LONG if side is Side.BUY else GO_SHORT)
        self._guarded(what, 0.0, protection)

    def market(self, symbol: str, side: Side, quantity: float) -> Order | Refused:
        """Send exactly this market order."""
        what = BUY if side > 0 else SELL
        if self._is_bare:
            code = self._act(what, quantity)
        else:
            code = self._guarded(what, quantity, Protection())
        if code & SENT:
            return SentOrder.of(self._tables, int(self._state[0, ENTRY]))
        return self._refusal(code, side, quantity)

    def place(self, request: OrderRequest) -> Order | Refused:
        """Send exactly this order, if it is one at the market."""
        plain = OrderRequest(
            request.symbol, request.side, request.quantity, protection=request.protection
        )
        if request != plain:
            self._give_up("an order is not at the market, or not for the day")
        what = BUY if request.side is Side.BUY else SELL
        code = self._guarded(what, request.quantity, request.protection)
        if code & SENT:
            return SentOrder.of(self._tables, int(self._state[0, ENTRY]))
        return self._refusal(code, request.side, request.quantity)

    def _guarded(self, what: float, quantity: float, protection: Protection) -> int:
        """One verb with the protection it brings, and what the exits add."""
        wanted = protection.or_else(self._attached)
        self.books.account[_WANTED] = wanted_row(wanted, given=not protection.is_empty)
        for value, kind, at in (
            (wanted.stop_loss, W_STOP, W_STOP_AT),
            (wanted.trail, W_TRAIL, W_TRAIL_AT),
            (wanted.take_profit, W_TARGET, W_TARGET_AT),
        ):
            if isinstance(value, Offset) and value.atr is not None:
                self._know(value, kind, at)
        code = self._act(what, quantity)
        self.books.account[_WANTED] = 0.0
        return code

    def _know(self, offset: Offset, kind: int, at: int) -> None:
        """Put an ATR distance into the row of wants, as an amount if it is known yet."""
        history = self._player.world.histories[self._symbol]
        value = history.value(average_true_range, offset.atr_period, on=("high", "low", "close"))
        if isnan(value) or value <= 0.0:
            self.books.account[kind] = UNKNOWN
        else:
            self.books.account[at] = (offset.atr or 0.0) * value

    def _act(self, what: float, quantity: float) -> int:
        code = self._verb(*self.books, self._axis.row, what, quantity)
        if code == NO_ROOM:
            self.books = with_room(self.books, 1)
            code = self._verb(*self.books, self._axis.row, what, quantity)
        if code < 0:
            self._give_up(GIVEN_UP[-code])
        self.acted = True
        self.busy = code & BUSY != 0
        return code

    def _refusal(self, code: int, side: Side, quantity: float) -> Refused:
        """Why an order has not left."""
        if code & KEPT_IN:
            return self._tables().refused()[-1]
        close = float(self._player.bars[0].close[self._axis.row])
        reason = "the run has not started trading yet"
        return Refused(self.now(), self._symbol, side, quantity, close, "start", reason)

    def _tables(self) -> RunTables:
        """What has happened so far, for whoever looks at an order or a refusal."""
        sent, noted = (int(self.books.account[column]) for column in (ORDERS, NOTES))
        return RunTables(
            names=[self._player.name],
            bars=self._cast.bars,
            instants=self._cast.timeline.instants,
            orders=self.books.orders[:sent],
            filled=_NONE_FILLED,
            traded=self.books.orders[:0],
            refusals=self.books.notes[:noted],
            trips=_NO_TRIPS,
            breakers=(),
        )

    # the rest is for the engine ----------------------------------------------------------------

    def admit(self, contract: Instrument) -> None:
        """Not here."""
        self._give_up("options were traded")

    def units(
        self,
        instrument: Instrument,
        underlying: str,
        price: float,
        max_loss: float | None,
        vega: float,
    ) -> float:
        """Not here."""
        self._give_up("options were sized")

    def target(self, symbol: str, quantity: float, protection: Protection) -> None:
        """Not here."""
        self._give_up("target was used")

    def target_share(self, symbol: str, share: float, tolerance: float) -> None:
        """Not here."""
        self._give_up("a target verb was used")

    def preview(self, request: OrderRequest) -> Preview:
        """Not here."""
        self._give_up("what_if was used")

    def modify(self, order: Order) -> Order | Refused:
        """Not here."""
        self._give_up("modify was used")

    def cancel(self, order_id: str) -> None:
        """Not here."""
        self._give_up("cancel was used")

    def working(self, symbol: str | None) -> tuple[Order, ...]:
        """Not here."""
        self._give_up("orders was read")

    def account(self) -> tuple[float, float, float, float]:
        """Not here."""
        self._give_up("account was read")

    def timer(self, name: str, first: int, every: int | None) -> None:
        """Not here."""
        self._give_up("timer was used")

    # the world ---------------------------------------------------------------------------------

    def position(self, symbol: str) -> Position:
        """What is held."""
        return self._position

    def now(self) -> int:
        """Nanoseconds UTC of this instant."""
        return int(self._cast.timeline.instants[self._axis.row])

    def _give_up(self, reason: str) -> Never:
        self.gave_up = reason
        self.acted = True
        raise Unsuited(reason)
