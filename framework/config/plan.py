"""A request, as a user makes it, turned into a plan: every name found, every default filled in."""

from __future__ import annotations

__all__ = ["Plan", "plan_of", "plan_on", "run_file_of"]

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from pydantic_core import to_jsonable_python

from framework.adopt.hook import adopt
from framework.backtest.roles import Fleet, Strategies, owned_settings, title_of
from framework.backtest.settings import BacktestSettings
from framework.brokers.simulated.policy import FillPolicy
from framework.components.liquidity import Unlimited
from framework.components.registry import spec_of, specs_of
from framework.config.account import actions_of, rates_of
from framework.config.doubts import doubts_of, strategy_doubts
from framework.config.heard import heard_signals
from framework.config.market import DataSource, Market, load_market, on_venue_grids
from framework.config.options import hedge_of, hedge_section, options_of
from framework.config.parts import (
    Many,
    account_of,
    breakers_of,
    commission_of,
    exits_of,
    fill_policy_of,
    financing_of,
    limits_of,
    liquidity_of,
    order_rules_of,
    rules_of,
    sizer_of,
    slippage_of,
)
from framework.config.request import Request
from framework.config.runfile import (
    ActionsSection,
    DataSection,
    OptionsSection,
    RatesSection,
    RunFile,
    SignalsSection,
)
from framework.config.sleeves import (
    fleet_of,
    sections_of,
    together,
)
from framework.config.strategies import Found, find_strategy, strategy_of_class
from framework.errors import ConfigError, DataError, StrategyError, did_you_mean
from framework.feeds.answers import FileAnswers
from framework.feeds.ranges import day_range, parse_day
from framework.feeds.sample import SAMPLES
from framework.ports import (
    OrderRule,
)
from framework.strategy import Strategy, parameters_of


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """A run ready to be played.

    Attributes:
        request: what was asked for.
        found: the strategy; of several what stands for all of them.
        parameters: all of its parameters, by name; none of several.
        market: what it trades on.
        settings: the parts.
        limits: rules and breakers in the order given.
        signals_sha256, actions_sha256, rates_sha256: hashes of those files, None without one.
        warnings: what the user ought to know before it runs, one sentence each.
        options: what a run file says of its options; None where no file can name them.
        fleet: several strategies, with the place each was found in; None for one alone.
    """

    request: Request
    found: Found
    parameters: Mapping[str, object]
    market: Market
    settings: BacktestSettings
    limits: tuple[object, ...]
    signals_sha256: str | None
    warnings: tuple[str, ...]
    actions_sha256: str | None = None
    rates_sha256: str | None = None
    options: OptionsSection | None = None
    fleet: tuple[Fleet, tuple[Found, ...]] | None = None

    @property
    def strategies(self) -> Strategies:
        """The class, or several of them."""
        return self.found.cls if self.fleet is None else self.fleet[0]

    @property
    def title(self) -> str:
        """Names of what runs."""
        return title_of(self.strategies)

    @property
    def members(self) -> tuple[Found, ...]:
        """Where every strategy was found."""
        return (self.found,) if self.fleet is None else self.fleet[1]

    def alone(self, what: str) -> None:
        """Refuse several strategies where one is meant.

        Raises:
            ConfigError: there are several; `what` takes one.
        """
        if self.fleet is not None:
            raise ConfigError(
                f"{what} takes one strategy, and there are {len(self.members)}: "
                f"{title_of(self.strategies)}.",
                "Name one of them.",
            )


def plan_of(request: Request) -> Plan:
    """Find, load and check everything a request names; nothing runs yet.

    Raises:
        InputError: something in it cannot be used.
    """
    data = _members(request)[0].cls.sample if request.data is None else request.data
    market = load_market(
        data, _questions(request, data), request.traded, request.bar, request.first, request.last
    )
    if request.data_sha256 not in (None, market.sha256):
        raise DataError(
            f"The bars of {market.label} are not those the run file was written with (their "
            f"sha256 is {market.sha256[:12]}..., not {request.data_sha256[:12]}...).",
            "Remove the line sha256 from the run file's data to run on these.",
        )
    return plan_on(request, market)


def plan_on(request: Request, market: Market) -> Plan:
    """The plan of a request on a market that is already there; its bars may be yet to come.

    Raises:
        InputError: something in it cannot be used.
    """
    members = _members(request)
    found, fleet, parameters = members[0], None, dict[str, object]()
    if isinstance(request.strategy, str | type):
        parameters = _parameters(found.cls, request.parameters)
    else:
        found = together(members)
        fleet = fleet_of(request.strategy, members, has_sizing=bool(request.sizing)), members
    parts = _parts(request, found.cls)
    limits = limits_of(request.limits)
    market = on_venue_grids(market, parts.order_rules)
    signals, signals_sha256, warnings = heard_signals(
        request.signals, _signals_tz(request), request.signals_sha256, _listener(members), market
    )
    actions, actions_sha256 = actions_of(request.actions, request.actions_sha256)
    rates, rates_sha256 = rates_of(
        request.rates, request.currency, market, request.answers, request.rates_sha256
    )
    volatile = options_of(request.options, found.cls, market)
    settings = replace(
        parts,
        options=volatile.model,
        option_spread=volatile.spread,
        hedge=hedge_of(request.hedge, found.cls, volatile.model is not None),
        actions=actions,
        rates=rates,
        rules=rules_of(limits),
        breakers=breakers_of(limits),
        signals=signals,
        start=_start(request.start, market),
        begin=request.begin,
        weights=_weights(request.weights, found.cls, market),
    )
    if fleet is not None:
        settings = owned_settings(fleet[0], market.bars, settings)
    return Plan(
        request, found, parameters, market, settings, limits, signals_sha256,
        (
            *(
                doubt
                for one in members
                for doubt in strategy_doubts(one.cls, request.signals is not None)
            ),
            *market.warnings, *doubts_of(market.bars, settings), *warnings,
        ),
        actions_sha256, rates_sha256, volatile.section, fleet,
    )  # fmt: skip


def run_file_of(plan: Plan) -> RunFile:
    """The run file that repeats a plan, with every default spelled out.

    Raises:
        ConfigError: the strategy, the bars, the signals or a component are in no file.
    """
    request, market, settings = plan.request, plan.market, plan.settings
    if not plan.found.source:
        raise ConfigError(
            f"The strategy {plan.found.cls.__name__} is in no file, so no run file can name it.",
            "Put it into a .py file.",
        )
    if market.sample is None and market.path is None:
        raise ConfigError(
            "The bars are in no file, so no run file can name them.", "Give data as a path."
        )
    if request.signals is not None and not isinstance(request.signals, str | Path):
        raise ConfigError(
            "The signals are in no file, so no run file can name them.", "Give their path."
        )
    for what, given in (("actions", request.actions), ("exchange rates", request.rates)):
        if not isinstance(given, str | Path | dict | None):
            raise ConfigError(
                f"The {what} are in no file, so no run file can name them.", "Give their path."
            )
    if plan.options is None:
        raise ConfigError(
            "The option model is in no file, so no run file can name it.",
            "Give options as the keys of a run file: {'volatility': 'vix'}.",
        )
    return RunFile(
        strategy=None if plan.fleet else plan.found.source,
        strategies=() if plan.fleet is None else sections_of(*plan.fleet),
        engine=request.engine,
        parameters={name: to_jsonable_python(value) for name, value in plan.parameters.items()},
        data=DataSection.model_validate(
            {
                "sample": market.sample,
                "path": market.path,
                "symbols": [series.symbol for series in market.bars],
                "bar": market.frame or request.bar,
                "from": request.first,
                "to": request.last,
                "sha256": market.sha256,
                **asdict(market.answers),
            }
        ),
        start=request.start,
        begin=request.begin,
        cash=settings.cash,
        leverage=settings.leverage,
        account=None if settings.account is None else spec_of(settings.account),
        currency=None if settings.rates is None else settings.rates.base,
        rates=_rates_section(plan),
        financing=spec_of(settings.financing),
        actions=ActionsSection(
            path=None if request.actions is None else str(request.actions),
            sha256=plan.actions_sha256,
        ),
        weights=None if settings.weights is None else dict(settings.weights),
        sizing=tuple(specs_of(settings.sizer)),
        commission=spec_of(settings.commission),
        slippage=spec_of(settings.slippage),
        liquidity=spec_of(settings.liquidity or Unlimited()),
        limits=tuple(spec_of(limit) for limit in plan.limits),
        exits=tuple(spec_of(rule) for rule in settings.exits),
        rules=tuple(spec_of(rule) for rule in settings.order_rules) or ("none",),
        fill=asdict(settings.policy),
        signals=SignalsSection(
            path=None if request.signals is None else str(request.signals),
            tz=None if request.signals is None else _signals_tz(request),
            sha256=plan.signals_sha256,
        ),
        options=plan.options,
        hedge=hedge_section(settings.hedge),
    )


def _rates_section(plan: Plan) -> RatesSection:
    given = plan.request.rates
    if isinstance(given, dict):
        return RatesSection(constant=given)
    path = None if given is None else str(given)
    return RatesSection(path=path, sha256=plan.rates_sha256)


def _members(request: Request) -> tuple[Found, ...]:
    """Every strategy asked for."""
    if isinstance(request.strategy, str | type):
        return (_found(request.strategy),)
    if not request.strategy:
        raise ConfigError("There are no strategies.", "Name one at least.")
    return tuple(_found(one.strategy) for one in request.strategy)


def _listener(members: Sequence[Found]) -> type[Strategy]:
    """One of the strategies that hears signals, if there is any."""
    heard = (one.cls for one in members if one.cls.on_signal is not Strategy.on_signal)
    return next(heard, members[0].cls)


def _found(strategy: str | type[object]) -> Found:
    if isinstance(strategy, str | Path):
        return find_strategy(str(strategy))
    if isinstance(strategy, type) and issubclass(strategy, Strategy) and strategy is not Strategy:
        return strategy_of_class(strategy)
    theirs = adopt(strategy) if isinstance(strategy, type) else None
    if theirs is not None:
        return strategy_of_class(theirs)
    raise StrategyError(
        f"{strategy!r} is no strategy.", "Give a class that derives from Strategy, or its name."
    )


def _parameters(cls: type[Strategy], given: Mapping[str, object]) -> dict[str, object]:
    made = cls(given)
    return {item.name: getattr(made, item.name) for item in parameters_of(cls)}


def _parts(request: Request, strategy: type[Strategy]) -> BacktestSettings:
    default = BacktestSettings()
    policy = default.policy if request.fill is None else fill_policy_of(request.fill)
    sizing = request.sizing or strategy.sizing
    return replace(
        default,
        cash=default.cash if request.cash is None else request.cash,
        leverage=default.leverage if request.leverage is None else request.leverage,
        account=None if request.account is None else account_of(request.account),
        financing=(
            default.financing if request.financing is None else financing_of(request.financing)
        ),
        weights=request.weights,
        sizer=sizer_of(sizing) if sizing else default.sizer,
        commission=(
            default.commission if request.commission is None else commission_of(request.commission)
        ),
        slippage=default.slippage if request.slippage is None else slippage_of(request.slippage),
        liquidity=None if request.liquidity is None else liquidity_of(request.liquidity),
        policy=policy,
        order_rules=order_rules_of(_rules(request, policy)),
        exits=exits_of(request.exits),
    )


def _rules(request: Request, policy: FillPolicy) -> Many[OrderRule]:
    """The rules asked for; a policy that judges only at the fill has no broker at the door."""
    if request.rules is not None:
        return request.rules
    return "ib" if policy.cash_check == "door" else "none"


def _questions(request: Request, data: DataSource) -> FileAnswers:
    """The answers for the bars; a zone given with a sample is that of the signals."""
    if request.signals is not None and isinstance(data, str) and data in SAMPLES:
        return replace(request.answers, tz=None)
    return request.answers


def _start(day: str | None, market: Market) -> int | None:
    if day is None:
        return None
    parse_day(day, "--start")
    start, _ = day_range(day, None, market.bars[0].instrument.calendar)
    if start > max(int(series.close_time[-1]) for series in market.bars):
        raise ConfigError(f"--start {day} is after the last bar.", "Start earlier.")
    return start


def _weights(
    given: Mapping[str, float] | None, cls: type[Strategy], market: Market
) -> Mapping[str, float] | None:
    if given is None:
        return None
    if cls.universe:
        raise ConfigError(
            f"{cls.__name__} divides the account itself: weights would change nothing.",
            "Leave --weights out.",
        )
    symbols = [series.symbol for series in market.bars]
    for symbol in given:
        if symbol not in symbols:
            raise ConfigError(
                f"--weights names {symbol!r}, which is not traded.", did_you_mean(symbol, symbols)
            )
    for symbol in symbols:
        if symbol not in given:
            raise ConfigError(f"--weights has no weight for {symbol}.", "Give one per symbol.")
    return {symbol: given[symbol] for symbol in symbols}


def _signals_tz(request: Request) -> str | None:
    return request.signals_tz or request.answers.tz
