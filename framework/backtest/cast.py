"""Cast: who plays in a backtest, each with its bars, its cash and its `setup` behind it."""

from __future__ import annotations

__all__ = ["Cast", "Player", "Stage"]

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from framework.backtest.account import foreign_rates, rates_of
from framework.backtest.blame import blamed
from framework.backtest.lookahead import check_lookahead, warmup
from framework.backtest.roles import Role, Strategies, owned_settings, roles_of, short_name
from framework.backtest.settings import BacktestSettings
from framework.backtest.setup_desk import SetupDesk
from framework.domain.bars import Bars
from framework.domain.ledger import Ledger
from framework.engine.history import Timeline, World
from framework.engine.rolling import rolls_of
from framework.engine.slot import Slot
from framework.errors import ConfigError, LookaheadError, SlipwayError, StrategyError
from framework.feeds.resample import resample
from framework.options.model import OptionModel
from framework.options.quotes import QuoteModel
from framework.strategy import Strategy

if TYPE_CHECKING:
    from framework.options.option_market import OptionMarket

_THOROUGHLY = 2
"""Instances with the same indicators that are checked for lookahead throughout."""


@dataclass(frozen=True, slots=True, eq=False)
class Player:
    """One strategy instance of a run, its `setup` done.

    Attributes:
        name: prefix of its order ids.
        role: what it plays.
        strategy: the instance.
        world: what it sees.
        bars: what it trades, its own instrument first.
        cash: its opening cash.
        timers: set in `setup`: (name, first, every).
    """

    name: str
    role: Role
    strategy: Strategy
    world: World
    bars: tuple[Bars, ...]
    cash: float
    timers: tuple[tuple[str, int, int | None], ...]

    @property
    def wants_bars(self) -> bool:
        """Whether it has an `on_bar` of its own."""
        return type(self.strategy).on_bar is not Strategy.on_bar


class Stage:
    """What casts over the same bars share as long as nothing moves along them: the instants, the
    bars as strategies see them, and the indicators computed so far.

    One whose worlds grow is for a single cast, and remembers nothing.

    Args:
        bars: one per symbol, in subscription order.
        grows: whether there will be more bars.
    """

    def __init__(self, bars: tuple[Bars, ...], *, grows: bool = False) -> None:
        self.timeline = Timeline(bars)
        self._count = len(bars)
        self._grows = grows
        self._worlds: dict[tuple[str, tuple[Bars, ...]], World] = {}

    def world(self, role: str, bars: tuple[Bars, ...]) -> World:
        """What the instance of a role that trades these bars sees, the same whenever asked for."""
        known = self._worlds.get((role, bars))
        if known is None:
            whole = self.timeline if len(bars) == self._count else None
            known = World(bars, _resample, whole, grows=self._grows)
            if not self._grows:
                known.remember()
            self._worlds[role, bars] = known
        return known

    def forget(self) -> None:
        """Forget the indicators computed so far."""
        for world in self._worlds.values():
            world.remember()


class Cast:
    """The strategy instances of one backtest, on one timeline.

    Args:
        strategies: the class; one instance per symbol, or one for all if it says `universe = True`.
            Or several of them.
        bars: one per symbol, in subscription order.
        settings: the parts.
        parameters: of a strategy that is alone, by name.
        stage: what it shares with other casts that move along no bars, or worlds that grow.

    Attributes:
        roles: the strategies.
        strategies, bars, settings, parameters: as given.
        timeline: the instants at which some bar closes.
        first: index of the first instant at which orders are allowed.
        rates: exchange rates, and the account's currency.
        players: the instances, in order.
        warmup: bars after which every indicator has settled, once inspected.

    Raises:
        InputError: the strategy's `setup` raised; several strategies cannot share what they are to.
    """

    def __init__(
        self,
        strategies: Strategies,
        bars: tuple[Bars, ...],
        settings: BacktestSettings,
        parameters: Mapping[str, object],
        stage: Stage | None = None,
    ) -> None:
        self.strategies = strategies
        self.roles = roles_of(strategies, parameters)
        self.bars = bars
        self.settings = settings = owned_settings(strategies, bars, settings)
        self.parameters = parameters
        self._stage = stage
        self.timeline = Timeline(bars) if stage is None else stage.timeline
        self.first = _first_instant(self.timeline, settings.start)
        self.rates = rates_of(bars, settings)
        self.warmup = 0
        self._markets: dict[World, dict[str, OptionMarket]] = {}
        self.players = tuple(self._player(*sleeve) for sleeve in self._sleeves())

    def inspect(self) -> None:
        """Check every indicator and condition for lookahead, and measure their warm-up.

        Of many instances that declare the same, the first few are checked throughout; of the
        others each is checked at one place.

        Raises:
            LookaheadError: one of them knows the future.
        """
        seen: Counter[tuple[str, ...]] = Counter()
        for number, player in enumerate(self.players):
            names = (series.name for series in player.strategy.indicators)
            declared = (player.role.name, *names)
            seen[declared] += 1
            trial, world = partial(self._trial, player.role), player.world
            if seen[declared] > _THOROUGHLY:
                check_lookahead(player.strategy, world, trial, at=number)
                continue
            check_lookahead(player.strategy, world, trial)
            self.warmup = max(self.warmup, warmup(player.strategy, world, trial))

    def _trial(self, role: Role, world: World) -> Strategy:
        return self._set_up(role, world)[0]

    def again(self) -> Cast:
        """The same cast before anything has run."""
        fresh = Cast(self.strategies, self.bars, self.settings, self.parameters)
        fresh.warmup = self.warmup
        return fresh

    def slot(self, player: Player) -> Slot:
        """The player at work."""
        bars, world = player.bars, player.world
        return Slot(
            options=self.markets(world),
            name=player.name,
            hooks=player.strategy,
            whens=player.strategy.whens,
            wants_bars=player.wants_bars,
            world=world,
            ledger=Ledger(player.cash, {one.symbol: one.instrument.multiplier for one in bars}),
            share=1.0 / len(bars),
            rates=foreign_rates(bars, self.rates, world.timeline.instants),
            rolls=rolls_of(bars, world.timeline.instants),
        )

    def markets(self, world: World) -> Mapping[str, OptionMarket]:
        """The option markets of what a world shows, by underlying."""
        model = self.settings.options
        if model is None:
            return {}
        if world not in self._markets:
            self._markets[world] = {one.symbol: _market(one, model) for one in world.bars}
        return self._markets[world]

    @property
    def spare_cash(self) -> float:
        """Cash of the account that no instance was given."""
        return self.settings.cash - sum(player.cash for player in self.players)

    def blamed(self, error: Exception, problem: str) -> str:
        """What went wrong, with the line of the strategy it went wrong at."""
        return blamed([role.strategy for role in self.roles], error, problem)

    def _sleeves(self) -> Iterator[tuple[Role, str, tuple[Bars, ...], float]]:
        """Role, name, bars and opening cash of each instance."""
        for role in self.roles:
            name, cash, bars = role.name, self.settings.cash * role.weight, role.bars(self.bars)
            if role.strategy.universe or len(bars) == 1:
                yield role, name, bars, cash
                continue
            weights = self.settings.weights or {one.symbol: 1.0 / len(bars) for one in bars}
            names = [f"{name}.{short_name(one.symbol)[:9]}" for one in bars]
            if len(set(names)) < len(names):
                names = [f"{name}.{number}" for number in range(1, len(bars) + 1)]
            for each, one in zip(names, bars, strict=True):
                yield role, each, (one,), cash * weights[one.symbol]

    def _player(self, role: Role, name: str, bars: tuple[Bars, ...], cash: float) -> Player:
        if self._stage is not None:
            world = self._stage.world(role.name, bars)
        else:
            whole = self.timeline if len(bars) == len(self.bars) else None
            world = World(bars, _resample, whole)
        strategy, desk = self._set_up(role, world)
        return Player(name, role, strategy, world, bars, cash, tuple(desk.timers))

    def _set_up(self, role: Role, world: World) -> tuple[Strategy, SetupDesk]:
        strategy = role.strategy(role.parameters)
        desk = SetupDesk()
        strategy.bind(world.data, world.symbols, desk, self.markets(world))
        try:
            strategy.setup()
        except LookaheadError:
            raise
        except SlipwayError as error:
            raise type(error)(self.blamed(error, error.problem), error.remedy) from error
        except Exception as error:  # the strategy is the user's code: anything may come out of it
            problem = self.blamed(error, f"{type(error).__name__}: {error}")
            raise StrategyError(
                f"{problem}.", "It was raised in setup; nothing has run."
            ) from error
        return strategy, desk


def _market(bars: Bars, model: OptionModel | QuoteModel) -> OptionMarket:
    """The options on one underlying; what they need loads scipy, which other runs do without."""
    if isinstance(model, QuoteModel):
        from framework.options.quote_market import QuoteMarket  # noqa: PLC0415

        return QuoteMarket(bars, model)
    from framework.options.market import ModelMarket  # noqa: PLC0415

    return ModelMarket(bars, model)


def _resample(bars: Bars, frame: str, until: int) -> Bars:
    return resample(bars, frame, until)


def _first_instant(timeline: Timeline, start: int | None) -> int:
    if start is None:
        return 0
    first = int(np.searchsorted(timeline.instants, start, side="left"))
    if first >= len(timeline.instants):
        raise ConfigError("The run starts after its last bar.", "Start it earlier.")
    return first
