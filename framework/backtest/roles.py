"""Roles: which strategies share the account of a run, what each trades, and with how much of it."""

from __future__ import annotations

__all__ = ["Fleet", "Role", "Strategies", "owned_settings", "roles_of", "short_name", "title_of"]

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import isfinite

from framework.backtest.settings import BacktestSettings
from framework.domain.bars import Bars
from framework.errors import ConfigError, did_you_mean
from framework.ports import Sizer
from framework.strategy import Strategy

_LONGEST = 20


@dataclass(frozen=True, slots=True, eq=False)
class Role:
    """One strategy of a run.

    Attributes:
        strategy: the class; one instance per symbol, or one for all if it says `universe = True`.
        parameters: of the strategy, by name.
        symbols: what it trades, of the run's symbols; none are all of them.
        weight: its share of the account, above 0.
        name: what its order ids begin with; empty for the name of the class.
        sizer: how much it trades when it reaches a side; None is the run's.
    """

    strategy: type[Strategy]
    parameters: Mapping[str, object] = field(default_factory=dict)
    symbols: tuple[str, ...] = ()
    weight: float = 1.0
    name: str = ""
    sizer: Sizer | None = None

    def bars(self, every: Sequence[Bars]) -> tuple[Bars, ...]:
        """Its own of the run's bars, in subscription order."""
        return tuple(one for one in every if not self.symbols or one.symbol in self.symbols)


@dataclass(frozen=True, slots=True, eq=False)
class Fleet:
    """Several strategies on one account, each with a ledger of its own.

    Attributes:
        roles: in order, each with a name no other has.

    Raises:
        ConfigError: there are none, a name cannot begin an order's id, or two are the same; weights
            are no shares, or more than the whole together.
    """

    roles: tuple[Role, ...]

    def __post_init__(self) -> None:
        if not self.roles:
            raise ConfigError("There are no strategies.", "Name one at least.")
        object.__setattr__(self, "roles", tuple(_named(self.roles)))
        total = sum(role.weight for role in self.roles)
        if any(not (isfinite(one.weight) and 0.0 < one.weight <= 1.0) for one in self.roles) or (
            total > 1.0 + 1e-9
        ):
            shares = ", ".join(f"{role.name} {role.weight:g}" for role in self.roles)
            raise ConfigError(
                f"The strategies' weights are {shares}, together {total:g}.",
                "Each must be above 0 and together at most 1.",
            )


Strategies = type[Strategy] | Fleet
"""One strategy, or several on one account."""


def roles_of(strategies: Strategies, parameters: Mapping[str, object]) -> tuple[Role, ...]:
    """The roles of a run; `parameters` are those of a strategy that is alone.

    Raises:
        ConfigError: there are parameters beside a fleet, whose strategies have their own.
    """
    if not isinstance(strategies, Fleet):
        return (Role(strategies, parameters, name=short_name(strategies.__name__)),)
    if parameters:
        raise ConfigError(
            f"Parameters are given for {len(strategies.roles)} strategies at once: "
            f"{', '.join(parameters)}.",
            "Give each strategy its own.",
        )
    return strategies.roles


def title_of(strategies: Strategies) -> str:
    """The name of a strategy, or those of several, such as "SmaCross + Turtle"."""
    if isinstance(strategies, Fleet):
        return " + ".join(role.name for role in strategies.roles)
    return strategies.__name__


def short_name(name: str) -> str:
    """A name as the prefix of order ids: ASCII letters and digits, at most 20 characters."""
    plain = "".join(letter for letter in name if letter.isascii() and letter.isalnum())
    return plain[:_LONGEST] or "strategy"


def owned_settings(
    strategies: Strategies, bars: Sequence[Bars], settings: BacktestSettings
) -> BacktestSettings:
    """The settings, which say whether several strategies trade the same symbol.

    Raises:
        ConfigError: a symbol is not there, or what several trade is told of only as one position.
    """
    if not isinstance(strategies, Fleet):
        return settings
    known = [one.symbol for one in bars]
    for role in strategies.roles:
        for symbol in role.symbols:
            if symbol not in known:
                raise ConfigError(
                    f"{role.name} trades {symbol}, of which there are no bars.",
                    did_you_mean(symbol, known),
                )
    if settings.weights is not None:
        raise ConfigError(
            "There are weights by symbol, and several strategies.",
            "Give every strategy a weight: its share of the account.",
        )
    count = Counter(one.symbol for role in strategies.roles for one in role.bars(bars))
    shared = [one for one in bars if count[one.symbol] > 1]
    for one in shared:
        _check_shared(one, settings)
    return replace(settings, owned=bool(shared))


def _check_shared(bars: Bars, settings: BacktestSettings) -> None:
    """Refuse what befalls a position as a whole, and cannot be told apart by strategy."""
    instrument, apart = bars.instrument, "Let only one strategy trade it"
    if settings.options is not None:
        raise ConfigError(
            f"Several strategies trade {bars.symbol}, and there are options on it: exercises and "
            "the hedge would belong to none of them.",
            f"{apart}, or leave the options out.",
        )
    if instrument.expiry is not None:
        raise ConfigError(
            f"Several strategies trade {bars.symbol}, which expires: the broker settles the net.",
            f"{apart}.",
        )
    margin, price = settings.margin, float(bars.close[-1]) if len(bars) else 1.0
    if any(margin.maintenance(instrument, side, price) > 0.0 for side in (1.0, -1.0)):
        raise ConfigError(
            f"Several strategies trade {bars.symbol}, in an account with margin calls: one would "
            "be of the net position, and of none of them.",
            f"{apart}, or use --account cash or a leverage.",
        )
    policy = settings.policy
    if policy.cash_check != "door" or policy.queue == "accepted":
        raise ConfigError(
            f"Several strategies trade {bars.symbol}, and the fill policy judges the account's net "
            f"position (cash_check={policy.cash_check}, queue={policy.queue}).",
            f"{apart}, or use --fill default.",
        )


def _named(roles: Sequence[Role]) -> list[Role]:
    """The roles with a name each: the one given, or the class's with a number if it is taken."""
    given = [role.name for role in roles if role.name]
    for name in given:
        if short_name(name) != name:
            raise ConfigError(
                f"A strategy is to be called {name!r}.",
                f"Use letters and digits, at most {_LONGEST}.",
            )
        if given.count(name) > 1:
            raise ConfigError(f"Two strategies are called {name}.", "Give each its own name.")
    taken, found = set(given), []
    for role in roles:
        plain = name = role.name or short_name(role.strategy.__name__)
        number = 1
        while not role.name and name in taken:
            number += 1
            name = f"{plain[: _LONGEST - len(str(number))]}{number}"
        taken.add(name)
        found.append(replace(role, name=name))
    return found
