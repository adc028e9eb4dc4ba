"""ManyRuns: the same backtest with one parameter set after the other, sharing all they can."""

from __future__ import annotations

__all__ = ["ManyRuns"]

from collections.abc import Mapping

from framework.backtest.cast import Cast, Stage
from framework.backtest.compiled_run import CompiledRun
from framework.backtest.paths import hindrance
from framework.backtest.record import RunRecord
from framework.backtest.run import check_bars, run
from framework.backtest.scalar_form import Costs, Unsuited
from framework.backtest.settings import BacktestSettings
from framework.domain.bars import Bars
from framework.strategy import Strategy

_INSPECTED = 512


class ManyRuns:
    """Runs of one strategy over the same bars. Indicators of columns are computed once for each
    set of arguments; every 512th set is checked for lookahead, the first among them.

    Args:
        strategy: the class.
        bars: one per symbol, in subscription order.
        settings: the parts.
        finer: by symbol, bars of a shorter frame.
        total: how many runs there will be.

    Attributes:
        reason: why the last run was left to the event engine; empty if none was.
    """

    def __init__(
        self,
        strategy: type[Strategy],
        bars: tuple[Bars, ...],
        settings: BacktestSettings,
        finer: Mapping[str, Bars],
        total: int,
    ) -> None:
        check_bars(bars, settings, finer)
        self._strategy = strategy
        self._bars = bars
        self._settings = settings
        self._finer = finer
        self._done = 0
        self._costs: Costs | None = None
        self.reason = hindrance(total * sum(len(one) for one in bars), compiles=False)
        self._stage = None if self.reason else Stage(bars)

    def run(self, parameters: Mapping[str, object]) -> RunRecord:
        """One run, as `framework.backtest.run.run` makes it.

        Raises:
            LookaheadError: an indicator or condition knows the future.
            InputError: for parameters that cannot be used.
        """
        looks = self._done % _INSPECTED == 0
        self._done += 1
        if self._stage is None:
            return self._by_itself(parameters)
        cast = Cast(self._strategy, self._bars, self._settings, parameters, self._stage)
        if looks:
            cast.inspect()
        try:
            compiled = CompiledRun.of(cast, self._costs)
            self._costs = compiled.costs
            return compiled.record(None)
        except Unsuited as unsuited:
            self.reason = str(unsuited)
            return self._by_itself(parameters)
        finally:
            for player in cast.players:
                # It and its conditions know each other: only the collector would free them.
                vars(player.strategy).clear()

    def close(self) -> None:
        """Forget the indicators computed so far."""
        if self._stage is not None:
            self._stage.forget()

    def _by_itself(self, parameters: Mapping[str, object]) -> RunRecord:
        return run(self._strategy, self._bars, self._settings, parameters, self._finer)
