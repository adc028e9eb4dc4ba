"""Shadow: the simulated broker on bars that become known one by one."""

from __future__ import annotations

__all__ = ["LiveTape", "Shadow"]

from collections.abc import Sequence

from framework.backtest.account import models_of
from framework.backtest.settings import BacktestSettings
from framework.brokers.simulated.broker import SimulatedBroker
from framework.brokers.simulated.tape import Tape
from framework.domain.events import BrokerEvent
from framework.domain.ledger import Ledger
from framework.domain.orders import Order
from framework.engine.rolling import turning_days
from framework.errors import ConfigError
from framework.live.endings import ending
from framework.live.ground import Ground, Line


class LiveTape(Tape):
    """A tape that goes on.

    Args:
        line: what becomes known of its instrument.
    """

    __slots__ = ("_last_day", "_line")

    def __init__(self, line: Line) -> None:
        super().__init__(line.bars, line.rows)
        instrument = line.bars.instrument
        expiry = instrument.expiry
        self._line = line
        self._last_day = None if expiry is None else turning_days(instrument, expiry)[1]

    def move(self, instant: int) -> bool:
        """Go to an instant; whether a bar of this instrument closes there."""
        self.bars = self._line.bars
        return super().move(instant)

    def is_last(self, expiry_row: int) -> bool:
        """Whether the last session a contract trades in is over with the present bar."""
        return self._last_day is not None and self.row == ending(self.bars, self._last_day)

    def reaches(self, expiry_row: int) -> bool:
        """Whether the contract expires at all."""
        return self._last_day is not None


class Shadow:
    """A broker whose market is what a session sees: its orders never leave the machine.

    Args:
        ground: what the session sees.
        settings: the account, and how its orders are filled.

    Raises:
        ConfigError: the fill policy looks into bars shorter than those there are.
    """

    def __init__(self, ground: Ground, settings: BacktestSettings) -> None:
        if settings.policy.intrabar == "finer":
            raise ConfigError(
                "The fill policy wants finer bars, and a session has none.",
                "Choose another intrabar rule.",
            )
        self._ground = ground
        self._broker = SimulatedBroker(
            [LiveTape(ground.lines[one.symbol]) for one in ground.bars],
            ground.times,
            settings.cash,
            settings.policy,
            models_of(ground.bars, settings),
        )

    def advance(self, instant: int) -> None:
        """Let the bars that close at this instant meet the resting orders."""
        self._broker.advance(instant)

    def admit(self, symbol: str, instant: int) -> None:
        """Let an option trade, from the instant after this one."""
        self._broker.admit(LiveTape(self._ground.lines[symbol]), instant)

    def submit(self, orders: Sequence[Order]) -> None:
        """Accept an entry and its children."""
        self._broker.submit(orders)

    def replace(self, order: Order) -> None:
        """Change a working order."""
        self._broker.replace(order)

    def cancel(self, order_id: str) -> None:
        """Cancel at once."""
        self._broker.cancel(order_id)

    def poll(self) -> Sequence[BrokerEvent]:
        """Everything that happened since the last call, oldest first."""
        return self._broker.poll()

    def book(self) -> Ledger:
        """The broker's own account of cash and positions."""
        return self._broker.book()
