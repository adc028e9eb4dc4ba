"""The registry: component names of command line and run files, to components and back.

A spec is a name ("ibkr_fixed"), a name with parameters ("risk:2", "risk:percent=2"), a mapping
({"name": "risk", "percent": 2}), or the user's own class ("path/to/file.py:ClassName:percent=2").
"""

from __future__ import annotations

__all__ = [
    "ComponentInfo",
    "KINDS",
    "build",
    "component_name",
    "describe",
    "hedger_specs",
    "is_breaker",
    "spec_of",
    "specs_of",
]

from collections.abc import Mapping
from dataclasses import dataclass
from inspect import signature

from framework.components import (
    breakers,
    commission,
    exits,
    financing,
    greek_limits,
    hedging,
    limits,
    liquidity,
    margin,
    option_sizing,
    sizing,
    slippage,
)
from framework.components.parameters import (
    ParameterInfo,
    convert,
    parameters_of,
    plain,
    summary_of,
)
from framework.components.specs import Spec, parse_spec
from framework.components.userfile import load_class, path_of
from framework.components.venue.sets import IB_RULES
from framework.errors import ConfigError, did_you_mean
from framework.hedge_ports import Hedger
from framework.ports import Sizer

KINDS = (
    "sizing",
    "limit",
    "exit",
    "commission",
    "slippage",
    "liquidity",
    "account",
    "financing",
    "rule",
    "hedge",
)
"""What can be plugged in."""

_METHODS = {
    "sizing": "quantity",
    "limit": "check",
    "exit": "protection",
    "commission": "fee",
    "slippage": "price",
    "liquidity": "units",
    "account": "initial",
    "financing": "interest",
    "rule": "refusal",
    "hedge": "net_delta",
}
_TABLE: dict[str, dict[str, type]] = {
    "sizing": {
        "atr": sizing.AtrSizing,
        "kelly": sizing.KellyFraction,
        "max_loss": option_sizing.MaxLoss,
        "money": sizing.MoneyPerPosition,
        "percent": sizing.PercentOfEquity,
        "premium": option_sizing.Premium,
        "risk": sizing.RiskPerTrade,
        "shares": sizing.Shares,
        "vega": option_sizing.Vega,
        "volatility": sizing.VolatilityTarget,
    },
    "limit": {
        "allowed_instruments": limits.AllowedInstruments,
        "daily_loss": breakers.DailyLoss,
        "daily_loss_money": breakers.DailyLossMoney,
        "error_rate": breakers.ErrorRate,
        "max_concentration": limits.MaxConcentration,
        "max_drawdown": breakers.MaxDrawdown,
        "max_gross_exposure": limits.MaxGrossExposure,
        "max_net_delta": greek_limits.MaxNetDelta,
        "max_net_exposure": limits.MaxNetExposure,
        "max_net_gamma": greek_limits.MaxNetGamma,
        "max_net_vega": greek_limits.MaxNetVega,
        "max_order_notional": limits.MaxOrderNotional,
        "max_orders": limits.MaxOrders,
        "max_position_percent": limits.MaxPositionPercent,
        "max_positions": limits.MaxPositions,
        "max_risk_per_trade": limits.MaxRiskPerTrade,
        "max_shares": limits.MaxShares,
        "price_collar": limits.PriceCollar,
    },
    "exit": {
        "atr_stop": exits.AtrStop,
        "atr_target": exits.AtrTarget,
        "stop_percent": exits.StopPercent,
        "target_percent": exits.TargetPercent,
        "time_stop": exits.TimeStop,
        "trailing_amount": exits.TrailingAmount,
        "trailing_atr": exits.TrailingAtr,
        "trailing_percent": exits.TrailingPercent,
    },
    "commission": {
        "ibkr_fixed": commission.IbkrFixed,
        "ibkr_tiered": commission.IbkrTiered,
        "none": commission.NoCommission,
        "per_order": commission.PerOrder,
        "per_share": commission.PerShare,
        "percent": commission.PercentCommission,
    },
    "slippage": {
        "fixed": slippage.FixedSlippage,
        "half_spread": slippage.HalfSpread,
        "none": slippage.NoSlippage,
        "percent": slippage.PercentSlippage,
        "volume_share": slippage.VolumeShareSlippage,
    },
    "liquidity": {
        "bar_points": liquidity.BarPointShare,
        "fixed": liquidity.FixedUnits,
        "none": liquidity.Unlimited,
        "volume_share": liquidity.VolumeShare,
    },
    "account": {
        "cash": margin.CashAccount,
        "leverage": margin.Leverage,
        "reg_t": margin.RegT,
    },
    "financing": {
        "none": financing.NoFinancing,
        "rates": financing.IbkrFinancing,
        "simple": financing.SimpleInterest,
    },
    "rule": {rule.name: type(rule) for rule in IB_RULES},
    "hedge": {
        "band": hedging.DeltaBand,
        "interval": hedging.Interval,
        "leland": hedging.Leland,
        "whalley_wilmott": hedging.WhalleyWilmott,
    },
}
_NAMES = {cls: name for table in _TABLE.values() for name, cls in table.items()}


@dataclass(frozen=True, slots=True)
class ComponentInfo:
    """One line of `slipway components`.

    Attributes:
        kind: one of KINDS.
        name: what a spec calls it.
        summary: what it does, one sentence.
        parameters: in the order of a spec's values.
    """

    kind: str
    name: str
    summary: str
    parameters: tuple[ParameterInfo, ...]


def build(kind: str, spec: str | Mapping[str, object]) -> object:
    """The component of `kind` that `spec` describes.

    Raises:
        ConfigError: an unknown kind, name or parameter, a missing or ill-typed value, or a user's
            file that cannot be used.
    """
    table = _table(kind)
    parsed = parse_spec(kind, spec)
    if parsed.path is not None:
        cls = load_class(parsed.path, parsed.name, _METHODS[kind], kind)
    elif parsed.name in table:
        cls = table[parsed.name]
    else:
        raise ConfigError(
            f"There is no {kind} component {parsed.name!r}.", did_you_mean(parsed.name, table)
        )
    values = _values(kind, parsed, cls)
    try:
        component: object = cls(**values)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{kind} {parsed.name}: {error}.", "Correct its parameters.") from error
    return component


def spec_of(component: object) -> dict[str, object]:
    """The mapping from which `build` makes an equal component; plain values only.

    Raises:
        ConfigError: the component's class is neither built in nor in a file.
    """
    spec: dict[str, object] = {"name": component_name(component)}
    for parameter in parameters_of(type(component)):
        if not hasattr(component, parameter.name):
            raise ConfigError(
                f"{type(component).__name__} does not keep its parameter {parameter.name!r}.",
                f"Store it as self.{parameter.name}, so that a run file can name it.",
            )
        spec[parameter.name] = plain(getattr(component, parameter.name), parameter.hint)
    return spec


def specs_of(sizer: Sizer) -> list[dict[str, object]]:
    """One mapping for each sizer of a `SmallestOf`, or the one of any other sizer."""
    parts = sizer.sizers if isinstance(sizer, sizing.SmallestOf) else (sizer,)
    return [spec_of(part) for part in parts]


def hedger_specs(hedger: Hedger) -> list[object]:
    """What a run file lists as its hedge: one mapping, or for a combination its word and members.

    A member that is a combination itself is a list of its own.

    Raises:
        ConfigError: a policy's class is neither built in nor in a file.
    """
    if not isinstance(hedger, hedging.AllOf | hedging.FirstOf):
        return [spec_of(hedger)]
    word = next(word for word, cls in hedging.COMBINATIONS.items() if isinstance(hedger, cls))
    members: list[object] = [word]
    for member in hedger.hedgers:
        specs = hedger_specs(member)
        members.append(specs if len(specs) > 1 else specs[0])
    return members


def component_name(component: object) -> str:
    """What a spec calls this component: its registry name, or "file.py:ClassName"."""
    cls = type(component)
    if cls in _NAMES:
        return _NAMES[cls]
    path = path_of(cls)
    if path is None:
        raise ConfigError(
            f"{cls.__name__} cannot be written to a run file: it is not defined in a file of its "
            "own.",
            "Put the class into a .py file and name it as path/to/file.py:ClassName.",
        )
    return f"{path}:{cls.__qualname__}"


def describe() -> tuple[ComponentInfo, ...]:
    """Every built-in component, by kind, then name."""
    return tuple(
        ComponentInfo(kind, name, summary_of(cls), parameters_of(cls))
        for kind in KINDS
        for name, cls in sorted(_TABLE[kind].items())
    )


def is_breaker(limit: object) -> bool:
    """Whether a component of kind "limit" is a breaker, which is told one thing and not two."""
    check = getattr(limit, "check", None)
    return callable(check) and len(signature(check).parameters) == 1


def _table(kind: str) -> Mapping[str, type]:
    if kind not in _TABLE:
        raise ConfigError(f"There is no component kind {kind!r}.", did_you_mean(kind, KINDS))
    return _TABLE[kind]


def _values(kind: str, spec: Spec, cls: type) -> dict[str, object]:
    known = {parameter.name: parameter for parameter in parameters_of(cls)}
    given: dict[str, object] = {}
    if len(spec.positional) > len(known):
        raise ConfigError(
            f"{kind} {spec.name}: {len(spec.positional)} values for {len(known)} parameters.",
            f"Its parameters: {', '.join(known) or 'none'}.",
        )
    for name, value in [*zip(known, spec.positional, strict=False), *spec.named.items()]:
        if name not in known:
            raise ConfigError(
                f"{kind} {spec.name}: there is no parameter {name!r}.", did_you_mean(name, known)
            )
        if name in given:
            raise ConfigError(f"{kind} {spec.name}: {name} is given twice.", "Give it once.")
        given[name] = convert(f"{kind} {spec.name}", known[name], value)
    missing = [name for name, item in known.items() if item.required and name not in given]
    if missing:
        raise ConfigError(
            f"{kind} {spec.name}: {missing[0]} is missing.",
            f"Write {spec.name}:{missing[0]}=VALUE.",
        )
    return given
