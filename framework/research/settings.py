"""What shaped a run besides strategy and parameters, defaults included, as it is shown."""

from __future__ import annotations

__all__ = ["settings_of"]

from collections.abc import Mapping, Sequence
from dataclasses import asdict

import numpy as np

from framework.adopt.hook import sizing_of
from framework.backtest.settings import BacktestSettings
from framework.brokers.simulated.policy import FillPolicy
from framework.components.hedge import Hedge
from framework.components.liquidity import Unlimited
from framework.components.registry import spec_of
from framework.components.sizing import SmallestOf
from framework.components.slippage import NoSlippage
from framework.components.venue.sets import IB_RULES
from framework.config.market import Market
from framework.config.plan import Plan
from framework.domain.instruments import Instrument
from framework.errors import ConfigError
from framework.hedge_ports import HedgePlan
from framework.options.quotes import QuoteModel

_INSTRUMENTS = 5
"""Most symbols whose facts are shown one by one."""
_SLIPPED = {
    "aggressive": "market and stop fills",
    "taking": "market, stop and marketable limit fills",
    "entries": "entries",
}


def settings_of(plan: Plan) -> list[tuple[str, str]]:
    """The settings of a plan as (name, value); no name is there twice."""
    market, settings, request = plan.market, plan.settings, plan.request
    answers = market.answers
    rows = [
        ("Data", market.label),
        (
            "Times",
            f"stamped at the {answers.stamp or 'open or close'}, {answers.tz or 'own zones'}",
        ),
        ("Hours", _hours(market)),
        ("Prices", ", ".join(dict.fromkeys(one.prices.value for one in market.bars))),
        ("Range", f"{request.first or 'first bar'} to {request.last or 'last bar'}"),
        ("Orders from", request.start or "first bar"),
        *([("Begins", "on the side it would hold")] if settings.begin == "join" else []),
        *_instruments([series.instrument for series in market.bars]),
        ("Cash", f"{settings.cash:,.2f}"),
        *_account(settings),
        ("Sizing", _sizing(plan)),
        ("Split", _split(plan)),
        ("Commission", _named(settings.commission)),
        ("Slippage", _slippage(settings)),
        ("Liquidity", _liquidity(settings)),
        ("Rules", _rules(settings)),
        *_options(plan),
        ("Financing", _named(settings.financing)),
        ("Limits", ", ".join(map(_named, plan.limits)) or "none"),
        ("Exits", ", ".join(map(_named, settings.exits)) or "none"),
        ("Fill policy", _policy(settings.policy)),
    ]
    if settings.signals:
        rows.append(("Signals", f"{len(settings.signals)}"))
    return rows


def _options(plan: Plan) -> list[tuple[str, str]]:
    """What options are worth and cost, and how they are hedged; nothing for a run without."""
    settings, said = plan.settings, plan.options
    model = settings.options
    if model is None:
        return []
    if isinstance(model, QuoteModel):
        source = f"quotes of {model.quotes.name}"
    else:
        source = f"volatility {repr(model.volatility) if said is None else said.volatility}"
    spread = settings.option_spread
    return [
        (
            "Options",
            f"{source}, rate {model.rate:g}, dividend yield {model.dividend_yield:g}",
        ),
        ("Option spread", "as slippage" if spread is None else _named(spread)),
        ("Hedge", _hedge(settings.hedge)),
    ]


def _hedge(plan: HedgePlan | None) -> str:
    """The policy, and the bounds that are set."""
    if not isinstance(plan, Hedge):
        return "none" if plan is None else repr(plan)
    names = ("target", "instrument", "min_trade", "max_trade", "max_hedge", "budget")
    default = Hedge(plan.hedger)
    changed = [
        f"{name}={getattr(plan, name)}"
        for name in names
        if getattr(plan, name) != getattr(default, name)
    ]
    members = getattr(plan.hedger, "hedgers", (plan.hedger,))
    return ", ".join([*map(_named, members), *changed])


def _account(settings: BacktestSettings) -> list[tuple[str, str]]:
    """What positions need; the currency and the actions where any were given."""
    times = settings.leverage
    leverage = ("Leverage", "none" if times == 1 else f"{times:g} x equity")
    rows = [leverage if settings.account is None else ("Account", _named(settings.account))]
    if settings.rates is not None:
        others = ", ".join(sorted(settings.rates.tables))
        base = settings.rates.base
        rows.append(("Currency", f"{base}, rates of {others}" if others else base))
    if settings.actions:
        rows.append(("Actions", f"{len(settings.actions)} dividends and splits"))
    return rows


def _hours(market: Market) -> str:
    calendars = ", ".join(dict.fromkeys(one.instrument.calendar for one in market.bars))
    if market.sample is None and market.path is None:
        return f"those of the bars given; calendar {calendars}"
    if market.answers.hours == "all":
        return f"all hours; sessions of {calendars}"
    return f"regular hours of {calendars}"


def _instruments(instruments: Sequence[Instrument]) -> list[tuple[str, str]]:
    """One row if all are alike, else one for each of the first few."""
    facts = {instrument.symbol: _facts(instrument) for instrument in instruments}
    if len(set(facts.values())) == 1:
        return [("Instrument" if len(facts) == 1 else "Instruments", next(iter(facts.values())))]
    rows = [(f"Instrument {symbol}", text) for symbol, text in facts.items()][:_INSTRUMENTS]
    if len(facts) > _INSTRUMENTS:
        rows.append(("Instruments", f"{len(facts) - _INSTRUMENTS} more"))
    return rows


def _facts(instrument: Instrument) -> str:
    return (
        f"{instrument.type.value} in {instrument.currency}, tick {_plain(instrument.tick)}, "
        f"lot {_plain(instrument.lot)}, multiplier {_plain(instrument.multiplier)}"
    )


def _plain(value: float) -> str:
    """A step in full, without an exponent; 0 is none."""
    return np.format_float_positional(value, trim="-") if value else "none"


def _sizing(plan: Plan) -> str:
    """How much is traded; of several strategies with the sizers that are their own."""
    if plan.fleet is None:
        return sizing_of(plan.found.cls, plan.parameters) or _named(plan.settings.sizer)
    found = [_named(plan.settings.sizer)]
    for role in plan.fleet[0].roles:
        own = sizing_of(role.strategy, role.parameters)
        if own or role.sizer is not None:
            found.append(f"{role.name} {own or _named(role.sizer)}")
    return "; ".join(found)


def _split(plan: Plan) -> str:
    if plan.fleet is not None:
        parts = [
            f"{role.name} {role.weight:g} of {', '.join(role.symbols) or 'all symbols'}"
            for role in plan.fleet[0].roles
        ]
        return "; ".join(parts)
    count, weights = len(plan.market.bars), plan.settings.weights
    symbols = f"{count} symbols" if count > 1 else "1 symbol"
    if plan.found.cls.universe:
        return f"one instance trades {symbols}"
    if weights is not None:
        return ", ".join(f"{name} {part:g}" for name, part in weights.items())
    return f"equally over {symbols}"


def _slippage(settings: BacktestSettings) -> str:
    if isinstance(settings.slippage, NoSlippage):
        return _named(settings.slippage)
    where = _SLIPPED[settings.policy.slippage_on]
    opens = "" if settings.policy.gap_slip else ", none at the open"
    return f"{_named(settings.slippage)} on {where}{opens}"


def _rules(settings: BacktestSettings) -> str:
    """The name of the set of rules, and those that differ from it."""
    if not settings.order_rules:
        return "none"
    own = [rule for rule in settings.order_rules if rule not in IB_RULES]
    names = {rule.name for rule in settings.order_rules}
    if not names >= {rule.name for rule in IB_RULES}:
        return ", ".join(map(_named, settings.order_rules))
    return ", ".join(["ib", *map(_named, own)])


def _liquidity(settings: BacktestSettings) -> str:
    model = settings.liquidity
    return "no limit" if model is None or isinstance(model, Unlimited) else _named(model)


def _named(part: object) -> str:
    """A component as a spec shows it; one that is in no file shows itself."""
    if isinstance(part, SmallestOf):
        return "the smallest of " + ", ".join(map(_named, part.sizers))
    try:
        return _shown(spec_of(part))
    except ConfigError:
        return repr(part)


def _shown(spec: Mapping[str, object]) -> str:
    values = ", ".join(
        f"{key}={value:g}" if isinstance(value, float) else f"{key}={value}"
        for key, value in spec.items()
        if key != "name"
    )
    return f"{spec['name']}({values})" if values else str(spec["name"])


def _policy(policy: FillPolicy) -> str:
    default = asdict(FillPolicy())
    changed = {name: value for name, value in asdict(policy).items() if value != default[name]}
    axes = ", ".join(f"{name}={str(value).lower()}" for name, value in changed.items())
    return axes or f"default (intrabar={policy.intrabar}, limit_fill={policy.limit_fill})"
