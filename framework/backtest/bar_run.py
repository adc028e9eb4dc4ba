"""BarRun: a strategy's `on_bar` called at every bar, its plain orders handled by the kernel.

Between a decision and the bar that can change something, a bar costs one call of the strategy and
nothing else. A strategy that asks for more than plain orders makes the run give up; it then starts
afresh with the engine.
"""

from __future__ import annotations

__all__ = ["BarRun"]

from framework.backtest.cast import Cast
from framework.backtest.compiled_record import record_of
from framework.backtest.compiled_run import check_player
from framework.backtest.kernel_desk import KernelDesk
from framework.backtest.looked_up import names_in
from framework.backtest.record import INTERRUPTED, RunRecord
from framework.backtest.scalar_form import Unsuited, account_form
from framework.ports import Progress

_CHUNK = 1 << 14

_TOO_MUCH = frozenset(
    {
        "account",
        "bracket",
        "cancel",
        "cancel_all",
        "log",
        "modify",
        "orders",
        "target",
        "target_percent",
        "target_weights",
        "timer",
        "what_if",
    }
)
"""What a strategy may not use if its orders are to be handled by the kernel."""


class BarRun:
    """A run of one `on_bar` strategy on one instrument.

    Args:
        cast: the run.

    Raises:
        Unsuited: it needs the engine.
    """

    def __init__(self, cast: Cast) -> None:
        if len(cast.players) > 1:
            raise Unsuited("several instances have an on_bar")
        player = cast.players[0]
        check_player(player)
        if player.strategy.whens:
            raise Unsuited("the strategy has both conditions and an on_bar")
        if cast.settings.breakers:
            raise Unsuited("breakers watch a strategy with an on_bar")
        used = sorted(_TOO_MUCH & set(names_in(type(player.strategy))))
        if used:
            raise Unsuited(f"the strategy uses {', '.join(used)}")
        self._cast = cast
        self._player = player
        self._costs = account_form(cast)
        self._desk = KernelDesk(cast, player, self._costs)

    def record(self, progress: Progress | None) -> RunRecord:
        """Run it.

        Raises:
            Unsuited: the strategy asked for something the tables cannot hold, or raised: the engine
                says how.
        """
        desk, strategy = self._desk, self._player.strategy
        strategy.start(desk)
        total = len(self._cast.timeline.instants)
        error = ""
        try:
            done = self._drive(total, progress)
        except KeyboardInterrupt:
            done, error = desk.k + 1, INTERRUPTED
        except Unsuited:
            raise
        except Exception as problem:  # the strategy is the user's code; the engine reports it
            raise Unsuited("the strategy raised") from problem
        if desk.gave_up:
            raise Unsuited(desk.gave_up)
        return record_of(self._cast, self._costs, [desk.books], done, error)

    def _drive(self, total: int, progress: Progress | None) -> int:
        desk, world = self._desk, self._player.world
        on_bar, now = self._player.strategy.on_bar, world.axis
        moves_alone = world.close()
        k = told = 0
        while k < total:
            stop = min(k + _CHUNK, total)
            if desk.busy:
                desk.meet(k)
                if desk.busy:
                    stop = min(stop, desk.quiet_until(k + 1))
            desk.acted = False
            if not moves_alone:
                world.move(k)
                stop = k + 1
            for now.row in range(k, stop):
                on_bar()
                if desk.acted:
                    break
            k = now.row + 1
            if desk.gave_up:
                raise Unsuited(desk.gave_up)
            if world.is_asked_late:
                raise Unsuited("bars of another frame were asked for after setup")
            if progress is not None and k >= told:
                progress(k, total)
                told = k + _CHUNK
        return total
