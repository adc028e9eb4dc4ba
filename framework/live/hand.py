"""HandCore: an account that is traded by hand: no strategy, and every order through the one door.

It knows no clock, no network and no mode: instruments, prices, requests and a broker's news come
in, orders go out.
"""

from __future__ import annotations

__all__ = ["HandCore"]

from collections.abc import Sequence
from dataclasses import replace

from framework.backtest.settings import BacktestSettings
from framework.domain.bars import Bars
from framework.domain.events import Refused
from framework.domain.growing import BarRow, GrowingBars
from framework.domain.instruments import Instrument
from framework.domain.ledger import Ledger, Position
from framework.domain.options import Quote
from framework.domain.orders import Order, OrderRequest
from framework.engine.blotter import Blotter
from framework.engine.history import World
from framework.engine.judge import Judge
from framework.engine.orders import Door
from framework.engine.slot import Slot
from framework.engine.venue import Venue
from framework.errors import DataError, did_you_mean
from framework.feeds.resample import resample
from framework.live.standing import Standing
from framework.ports import Broker, RiskRule
from framework.strategy import Strategy


class HandCore:
    """The books of an account traded by hand, and its door.

    A request is judged by the limits once, when it is made (`judged`); what they let through is
    what `place` sends. A replay of the journal repeats only the second, so that limits may be
    others from one day to the next.

    Args:
        name: prefix of its order ids.
        cash: the account's, when it began.
        limits: asked about whatever increases risk.
        broker: where orders go. It is not asked for anything before the first order.
    """

    def __init__(self, name: str, cash: float, limits: Sequence[RiskRule], broker: Broker) -> None:
        self.name = name
        blotter = Blotter()
        self._door = Door(broker, _judge(blotter, (), checks_cash=False))
        self._gate = _judge(blotter, (*limits, Standing(blotter)), checks_cash=True)
        self._door.open_for((), cash)
        self._lines: dict[str, GrowingBars] = {}
        self._slot: Slot | None = None
        self._doubt = ""

    # what comes in --------------------------------------------------------------------------

    def admit(self, nothing: Bars) -> None:
        """Let an instrument be traded from here on; `nothing` is its bars before any is known."""
        self._lines[nothing.symbol] = GrowingBars(nothing)
        world = World([line.bars for line in self._lines.values()], resample, grows=True)
        slot = self._slot
        if slot is None:
            ledger = Ledger(self.blotter.spare.cash, {})
            slot = Slot(self.name, Strategy(), (), False, world, ledger, 1.0, trading=True)
            slot.blocked = self._doubt
            self._slot = slot
            self._door.open_for((slot,), 0.0)
        slot.world = world
        slot.ledger.admit(nothing.symbol, nothing.instrument.multiplier)
        self._look()

    def price(self, time: int, session: int, symbol: str, row: BarRow) -> None:
        """An instrument has a price at an instant, later than all before.

        Args:
            time: nanoseconds UTC.
            session: the trading day.
            symbol: the instrument, admitted before.
            row: the price, as a bar without length.
        """
        line = self._line(symbol)
        line.append(time, row)
        self._known.world.grow({symbol: line.bars})
        self._look()
        self._now(time)
        if session != self._door.judge.day:
            self._door.judge.begin_session(session)
            self._gate.begin_session(session)
            self._known.orders_today = 0

    def judged(
        self, request: OrderRequest, time: int, quote: Quote | None = None
    ) -> tuple[OrderRequest | None, tuple[Refused, ...]]:
        """As much of a request as the limits let out, and what they do not; nothing is sent.

        Args:
            request: what is asked for.
            time: nanoseconds UTC.
            quote: best prices of now, where they are live.

        Raises:
            OrderError: no broker could take it.
        """
        self._line(request.symbol)
        self._now(time)
        self._known.quotes = {} if quote is None else {request.symbol: quote}
        verdict = self._gate.verdict(self._known, request)
        self.blotter.refused.extend(verdict.refused)
        if verdict.order is None:
            return None, verdict.refused
        return replace(request, quantity=verdict.order.quantity), verdict.refused

    def place(self, request: OrderRequest, time: int) -> Order | Refused:
        """Send what was judged."""
        self._now(time)
        placed = self._door.place(self._known, request)
        self.blotter.notices.clear()
        return placed

    def cancel(self, order_id: str) -> None:
        """Ask for a cancel; nothing happens to an order that is done."""
        self._door.cancel(order_id)
        self.settle()

    def settle(self) -> None:
        """Take in what the broker has reported since."""
        self._door.settle()
        self.blotter.notices.clear()

    def doubt(self, reason: str) -> None:
        """Let nothing out that increases risk until the reason is taken back, by an empty one."""
        self._doubt = reason
        if self._slot is not None:
            self._slot.blocked = reason

    def use(self, broker: Broker) -> None:
        """Send orders to another broker from here on, such as once a journal is replayed."""
        self._door.use(broker)

    # what has come of it --------------------------------------------------------------------

    @property
    def blotter(self) -> Blotter:
        """Orders, fills, fees and refusals."""
        return self._door.blotter

    @property
    def ledgers(self) -> tuple[Ledger, ...]:
        """Its own, and the account's for what belongs to none."""
        own = () if self._slot is None else (self._slot.ledger,)
        return (*own, self.blotter.spare)

    @property
    def instruments(self) -> tuple[Instrument, ...]:
        """Everything admitted, in order."""
        return tuple(line.bars.instrument for line in self._lines.values())

    @property
    def last(self) -> int:
        """Nanoseconds UTC of the last price; 0 before the first."""
        ends = (int(line.bars.close_time[-1]) for line in self._lines.values() if len(line.bars))
        return max(ends, default=0)

    @property
    def buying_power(self) -> float:
        """What its own ledger could still buy."""
        if self._slot is None:
            return self.blotter.spare.cash
        return self._gate.buying_power(self._slot)

    def position(self, symbol: str) -> Position | None:
        """What its own ledger holds; None of what was never admitted."""
        return None if symbol not in self._lines else self._known.ledger.positions[symbol]

    # parts ----------------------------------------------------------------------------------

    @property
    def _known(self) -> Slot:
        assert self._slot is not None
        return self._slot

    def _line(self, symbol: str) -> GrowingBars:
        line = self._lines.get(symbol)
        if line is None:
            raise DataError(f"{symbol!r} was not admitted.", did_you_mean(symbol, self._lines))
        return line

    def _look(self) -> None:
        """See the world as it is now."""
        world = self._known.world
        if len(world.timeline.instants):
            world.move(len(world.timeline.instants) - 1)

    def _now(self, time: int) -> None:
        self._door.judge.now = self._gate.now = time


def _judge(blotter: Blotter, rules: Sequence[RiskRule], *, checks_cash: bool) -> Judge:
    """What decides about orders, with the parts a session has that names none."""
    usual = BacktestSettings()
    return Judge(
        blotter,
        usual.commission,
        rules,
        (),
        usual.margin,
        checks_cash=checks_cash,
        sizes_at_fill=False,
        exits_reduce=usual.policy.late_exits == "reduce",
        venue=Venue((), usual.margin),
    )
