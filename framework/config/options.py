"""The options of a run, and how they are hedged: what the run file says, made into components."""

from __future__ import annotations

__all__ = ["HedgeSource", "OptionsSource", "Volatile", "hedge_of", "hedge_section", "options_of"]

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from math import inf, isfinite, isinf
from pathlib import Path
from typing import cast

from pydantic import ValidationError

from framework.components.hedge import GreeksFrom, Hedge
from framework.components.hedging import COMBINATIONS
from framework.components.registry import hedger_specs
from framework.config.market import Market
from framework.config.parts import Hedging, Spec, hedger_of, slippage_of
from framework.config.problems import problem_of
from framework.config.runfile import HedgeSection, OptionsSection
from framework.domain.options import Settlement, Style
from framework.errors import ConfigError, DataError, did_you_mean
from framework.feeds.option_quotes import load_option_quotes
from framework.feeds.volatility import VOLATILITIES, load_volatility
from framework.hedge_ports import HedgePlan, Hedger
from framework.options.listing import ListingRule
from framework.options.model import OptionModel
from framework.options.quotes import OptionQuotes, QuoteModel, check_reach
from framework.options.volatility import ConstantVolatility, VolatilityInput
from framework.ports import SlippageModel
from framework.strategy import Strategy

_QUOTED = "quoted"
"""The spread of options that is half of what each was quoted with on average."""

_LISTED = ("horizon", "width", "step", "weeklies")
"""Keys that say which contracts a model lists."""

_HIGHEST = 5.0
"""Volatility above which a percentage must have been meant."""

OptionsSource = OptionModel | QuoteModel | OptionsSection | Mapping[str, object] | float | str
"""A model; the keys of the run file's `options:`; or the volatility alone."""

HedgeSource = HedgePlan | HedgeSection | Hedging
"""Settings; the keys of the run file's `hedge:`; or the policy alone."""


@dataclass(frozen=True, slots=True)
class Volatile:
    """The options of a run.

    Attributes:
        model: what is listed and how it is priced; None for none.
        section: the keys that repeat it in a run file; None where no file can name it.
        spread: what market orders of options cost; None for the slippage of everything else.
    """

    model: OptionModel | QuoteModel | None
    section: OptionsSection | None
    spread: SlippageModel | None = None


def options_of(given: OptionsSource | None, strategy: type[Strategy], market: Market) -> Volatile:
    """The option model of a run: what is given, over what the strategy says.

    Raises:
        InputError: something in it cannot be used.
    """
    if isinstance(given, OptionModel):
        return Volatile(given, None)
    if isinstance(given, QuoteModel):
        return Volatile(given, None, given.quotes.spread())
    own = _section(_filled(strategy.option_model), f"{strategy.__name__}.option_model")
    said = _filled(_said(given))
    section = _merged(own, said)
    if section.quotes is not None:
        return _quoted(section, said, market)
    if section.volatility is None:
        if section != OptionsSection():
            raise ConfigError(
                "The options have no volatility.",
                "Give --volatility 0.2, or --volatility vix; or the path of their quotes.",
            )
        return Volatile(None, section)
    volatility, digest = _volatility(section, market)
    listing = ListingRule(section.horizon, section.width, section.step, section.weeklies)
    model = OptionModel(
        volatility,
        section.rate,
        section.dividend_yield,
        None if section.style is None else Style(section.style),
        None if section.settlement is None else Settlement(section.settlement),
        section.multiplier,
        listing,
    )
    spread = _spread(section.spread, None)
    return Volatile(model, section.model_copy(update={"sha256": digest}), spread)


def _section(content: Mapping[str, object], where: str) -> OptionsSection:
    """The keys of options, checked.

    Raises:
        ConfigError: an unknown key, or a value of the wrong kind.
    """
    try:
        return OptionsSection.model_validate(dict(content))
    except ValidationError as error:
        raise problem_of(error, where, OptionsSection, {}) from error


def _said(given: OptionsSource | None) -> dict[str, object]:
    """The keys that are given, with their values."""
    if given is None:
        return {}
    if isinstance(given, float | int | str):
        return {"volatility": given, "sha256": None}
    if isinstance(given, OptionsSection):
        return given.model_dump(exclude_unset=True)
    content = dict(cast(Mapping[str, object], given))
    return _section(content, "options").model_dump(exclude_unset=True)


def _filled(said: Mapping[str, object]) -> dict[str, object]:
    """The keys that are given, with the spread quotes come with where none is."""
    return {"spread": _QUOTED, **said} if said.get("quotes") is not None else dict(said)


def _merged(own: OptionsSection, said: Mapping[str, object]) -> OptionsSection:
    """What the strategy says, replaced key by key; quotes replace a volatility and the reverse."""
    update = dict(said)
    for one, other in (("volatility", "quotes"), ("quotes", "volatility")):
        if said.get(one) is not None:
            update.setdefault(other, None)
    return own.model_copy(update=update)


def _quoted(section: OptionsSection, said: Container[str], market: Market) -> Volatile:
    """Options by their quotes.

    Args:
        section: what is said of them.
        said: the keys the run itself gives.
        market: what the run trades.
    """
    plain = OptionsSection()
    kept = section.model_copy(update={name: getattr(plain, name) for name in _LISTED})
    if section.volatility is not None:
        raise ConfigError(
            f"The options have a volatility, {section.volatility}, and quotes, {section.quotes}.",
            "Give one of them.",
        )
    for name in _LISTED:
        if name in said and getattr(section, name) != getattr(plain, name):
            raise ConfigError(
                f"options: {name} is {getattr(section, name)}, and the options are those quoted.",
                f"Leave {name} out: it says which contracts a model lists.",
            )
    instruments = {one.symbol: one.instrument for one in market.bars}
    path = Path(str(section.quotes)).expanduser()
    quotes, digest = load_option_quotes(path, instruments)
    if section.sha256 not in (None, digest):
        raise DataError(
            f"The quotes of {path} are not those the run file was written with.",
            "Remove the line sha256 from the run file's options to run on these.",
        )
    model = QuoteModel(
        quotes,
        section.rate,
        section.dividend_yield,
        None if section.style is None else Style(section.style),
        None if section.settlement is None else Settlement(section.settlement),
        section.multiplier,
        section.fresh_minutes,
        section.stale_days,
    )
    check_reach(model, market.bars)
    return Volatile(
        model, kept.model_copy(update={"sha256": digest}), _spread(section.spread, quotes)
    )


def _spread(given: Spec | None, quotes: OptionQuotes | None) -> SlippageModel | None:
    """What market orders of options cost; None for the slippage of everything else."""
    if given == _QUOTED:
        if quotes is None:
            raise ConfigError(
                "options: spread is 'quoted', and there are no quotes.",
                "Give a slippage component, such as half_spread:percent=2.",
            )
        return quotes.spread()
    return None if given is None else slippage_of(given)


def _volatility(section: OptionsSection, market: Market) -> tuple[VolatilityInput, str | None]:
    """The volatility, and the hash of its file."""
    wanted = section.volatility
    number = _as_number(wanted)
    if number is not None:
        if isfinite(number) and number > _HIGHEST:
            raise ConfigError(
                f"The volatility is {number:g}, which is {100.0 * number:,.0f} %.",
                f"Give a fraction: {number / 100.0:g} for {number:g} %.",
            )
        return ConstantVolatility(number), None
    name = str(wanted)
    if name in VOLATILITIES:
        return VOLATILITIES[name](), None
    path = Path(name).expanduser()
    if not path.suffix and not path.exists():
        raise ConfigError(
            f"There is no volatility {name!r}.",
            f"{did_you_mean(name, VOLATILITIES)} Or give a number such as 0.2, or a CSV file.",
        )
    series, digest = load_volatility(path, market.bars[0].instrument.calendar)
    if section.sha256 not in (None, digest):
        raise DataError(
            f"The volatility of {path} is not that the run file was written with.",
            "Remove the line sha256 from the run file's options to run on this.",
        )
    return series, digest


def _as_number(text: float | str | None) -> float | None:
    try:
        return float(text) if text is not None else None
    except ValueError:
        return None


def hedge_of(
    given: HedgeSource | None, strategy: type[Strategy], has_options: bool
) -> HedgePlan | None:
    """How the options of a run are hedged: what is given, else what the strategy says.

    Raises:
        ConfigError: something in it cannot be used.
    """
    if isinstance(given, Hedge):
        return given
    section = given if isinstance(given, HedgeSection) else None
    policy: object = section.policy if section is not None else given
    if policy in (None, (), []):
        policy = strategy.hedging if has_options else ()
    if policy in ((), "none", ["none"], ("none",)):
        return None
    hedger: Hedger = hedger_of(_one(policy))
    section = section or HedgeSection()
    if section.greeks == "broker":
        raise ConfigError(
            "hedge: greeks is 'broker', and a backtest has none.", "Leave it at 'model'."
        )
    return Hedge(
        hedger,
        section.target,
        section.instrument,
        section.min_trade,
        inf if section.max_trade is None else section.max_trade,
        inf if section.max_hedge is None else section.max_hedge,
        inf if section.budget is None else section.budget,
        cast(GreeksFrom, section.greeks),
        section.stale_after,
    )


def _one(policy: object) -> Hedging:
    """One policy of a list of one; a list with nothing but its word stays, to be refused."""
    if isinstance(policy, Sequence) and not isinstance(policy, str) and len(policy) == 1:
        alone = policy[0]
        if not (isinstance(alone, str) and alone in COMBINATIONS):
            return cast(Hedging, alone)
    return cast(Hedging, policy)


def hedge_section(plan: HedgePlan | None) -> HedgeSection:
    """What a run file says of a hedge."""
    if plan is None:
        return HedgeSection(policy=("none",))
    if not isinstance(plan, Hedge):
        raise ConfigError("The hedge is in no file, so no run file can name it.", "Use Hedge(...).")
    most = {
        name: None if isinf(getattr(plan, name)) else getattr(plan, name)
        for name in ("max_trade", "max_hedge", "budget")
    }
    return HedgeSection(
        policy=tuple(hedger_specs(plan.hedger)),
        target=plan.target,
        instrument=plan.instrument,
        min_trade=plan.min_trade,
        max_trade=most["max_trade"],
        max_hedge=most["max_hedge"],
        budget=most["budget"],
        greeks=plan.greeks,
        stale_after=plan.stale_after,
    )
