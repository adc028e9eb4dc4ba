"""Sleeves: several strategies on one account, as a user names them, and as a run plays them."""

from __future__ import annotations

__all__ = ["Sleeve", "fleet_of", "sections_of", "sleeves_of", "together", "traded_by"]

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from pydantic_core import to_jsonable_python

from framework.backtest.roles import Fleet, Role
from framework.config.parts import sizer_of
from framework.config.runfile import StrategySection
from framework.config.strategies import Found
from framework.errors import ConfigError
from framework.strategy import Strategy, parameters_of


@dataclass(frozen=True, slots=True, eq=False)
class Sleeve:
    """One of several strategies on an account.

    Attributes:
        strategy: a class, a name in strategies/, or "path/to/file.py", with ":Class" behind it
            when the file holds several.
        parameters: of it, by name.
        symbols: what it trades; all the run's symbols when left out.
        weight: its share of the account; equal shares when none of them has one.
        name: what its order ids begin with; the name of the class when left out, with a number
            where it is taken.
    """

    strategy: str | type[object]
    parameters: Mapping[str, object] = field(default_factory=dict)
    symbols: Sequence[str] | None = None
    weight: float | None = None
    name: str = ""


def sleeves_of(sections: Sequence[StrategySection]) -> tuple[Sleeve, ...]:
    """Those of a run file."""
    return tuple(
        Sleeve(one.strategy, one.parameters, one.symbols, one.weight, one.name) for one in sections
    )


def traded_by(sleeves: Sequence[Sleeve]) -> tuple[str, ...] | None:
    """The symbols they trade together, in order; None where one of them trades whatever there is.

    Raises:
        ConfigError: one is given no symbols at all.
    """
    for one in sleeves:
        if one.symbols is not None and not one.symbols:
            raise ConfigError("A strategy has an empty list of symbols.", "Name one, or none.")
    if any(one.symbols is None for one in sleeves):
        return None
    return tuple(dict.fromkeys(symbol for one in sleeves for symbol in one.symbols or ()))


def fleet_of(sleeves: Sequence[Sleeve], found: Sequence[Found], has_sizing: bool) -> Fleet:
    """The strategies as a run plays them, every parameter filled in.

    Args:
        sleeves: as they were asked for.
        found: the class of each.
        has_sizing: whether the run says how much to trade; else each class does.

    Raises:
        ConfigError: weights, names or parameters that cannot be.
    """
    given = [one.weight for one in sleeves if one.weight is not None]
    if given and len(given) < len(sleeves):
        raise ConfigError(
            f"{len(given)} of {len(sleeves)} strategies have a weight.",
            "Give all of them one, or none for equal shares.",
        )
    roles = []
    for sleeve, one in zip(sleeves, found, strict=True):
        made = one.cls(sleeve.parameters)
        own = () if has_sizing else one.cls.sizing
        roles.append(
            Role(
                one.cls,
                {item.name: getattr(made, item.name) for item in parameters_of(one.cls)},
                tuple(sleeve.symbols or ()),
                1.0 / len(sleeves) if sleeve.weight is None else sleeve.weight,
                sleeve.name,
                sizer_of(own) if own else None,
            )
        )
    return Fleet(tuple(roles))


def together(found: Sequence[Found]) -> Found:
    """Several strategies as one source: what stands for them all where only one has room.

    Raises:
        ConfigError: two of them say different things about the options that are listed.
    """
    told = [one.cls for one in found if one.cls.option_model or one.cls.hedging]
    if any(
        (one.option_model, one.hedging) != (told[0].option_model, told[0].hedging) for one in told
    ):
        raise ConfigError(
            f"{told[0].__name__} and {told[-1].__name__} want different options or hedges.",
            "Run them apart: an account has one option model.",
        )
    names = [one.source.replace("\\", "/").rpartition("/")[2] for one in found]
    plain = [name.replace(".py", "").replace(":", "-") or one.cls.__name__
             for name, one in zip(names, found, strict=True)]  # fmt: skip
    hashes = "\n".join(one.code for one in found)
    return Found(
        told[0] if told else Strategy, "+".join(plain), sha256(hashes.encode()).hexdigest()
    )


def sections_of(fleet: Fleet, found: Sequence[Found]) -> tuple[StrategySection, ...]:
    """The run file's part that repeats a fleet, every default spelled out.

    Raises:
        ConfigError: a strategy is in no file.
    """
    sections = []
    for role, one in zip(fleet.roles, found, strict=True):
        if not one.source:
            raise ConfigError(
                f"The strategy {one.cls.__name__} is in no file, so no run file can name it.",
                "Put it into a .py file.",
            )
        sections.append(
            StrategySection.model_validate(
                {
                    "strategy": one.source,
                    "name": role.name,
                    "symbols": list(role.symbols) or None,
                    "set": {
                        name: to_jsonable_python(value) for name, value in role.parameters.items()
                    },
                    "weight": role.weight,
                }
            )
        )
    return tuple(sections)
