"""Joining in a session: which sides it takes up at its first decision, and how that is said."""

from __future__ import annotations

__all__ = ["Joiner"]

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from framework.backtest.joining import check_joinable, sides_held
from framework.backtest.roles import Strategies
from framework.backtest.settings import BacktestSettings
from framework.domain.bars import Bars
from framework.domain.events import Signal
from framework.domain.growing import BarRow
from framework.domain.joins import Join
from framework.live.ground import Ground


class Joiner:
    """Works out which sides a session takes up.

    Args:
        strategy: the class, or several of them, which cannot.
        parameters: of a strategy that is alone, by name.
        settings: the parts; whether anything is taken up is in them.

    Attributes:
        signals: predictions heard so far.
    """

    def __init__(
        self,
        strategy: Strategies,
        parameters: Mapping[str, object],
        settings: BacktestSettings,
    ) -> None:
        self._strategy = strategy
        self._parameters = parameters
        self._settings = settings
        self.signals: tuple[Signal, ...] = ()

    def foreseen(self, history: Sequence[Bars]) -> Iterator[str]:
        """Symbol by symbol, the side that would be taken up if nothing changed until the first
        decision; nothing unless sides are to be taken up.

        Raises:
            InputError: they cannot.
        """
        if self._settings.begin == "flat":
            return
        check_joinable(self._strategy, self._settings)
        if any(len(one) for one in history):
            held = {join.symbol: str(join) for join in self._sides(history)}
            for one in history:
                side = held.get(one.symbol, f"{one.symbol} flat")
                yield f"after warm-up: {side}; what is held at the first decision is joined"

    def sides_at(self, ground: Ground, time: int, bars: Mapping[str, BarRow]) -> tuple[Join, ...]:
        """The sides held at an instant, which are to be taken up there.

        Args:
            ground: what was seen before the instant; it stays as it is.
            time: nanoseconds UTC of the instant.
            bars: by symbol, what closes then.

        Raises:
            InputError: they cannot be taken up.
        """
        ahead = Ground(ground.bars)
        ahead.push(time, bars)
        return self._sides(ahead.bars)

    def _sides(self, bars: Sequence[Bars]) -> tuple[Join, ...]:
        settings = replace(self._settings, signals=self.signals)
        return sides_held(self._strategy, bars, settings, self._parameters)
