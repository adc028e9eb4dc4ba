"""The pluggable parts of a run, given as objects or by name."""

from __future__ import annotations

__all__ = [
    "Hedging",
    "Many",
    "Spec",
    "account_of",
    "breakers_of",
    "commission_of",
    "exits_of",
    "fill_axes",
    "fill_policy_of",
    "financing_of",
    "hedger_of",
    "limits_of",
    "liquidity_of",
    "order_rules_of",
    "policy_names",
    "rules_of",
    "sizer_of",
    "slippage_of",
]

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, fields
from typing import TypeVar, Union, cast, get_args, get_type_hints

from framework.brokers.simulated.policy import FillPolicy
from framework.components.hedging import COMBINATIONS, AllOf
from framework.components.registry import build, is_breaker
from framework.components.sizing import smallest
from framework.components.venue.sets import RULE_SETS
from framework.config.measured import is_measured, read_measured
from framework.errors import ConfigError, did_you_mean
from framework.hedge_ports import Hedger
from framework.ports import (
    Breaker,
    CommissionModel,
    ExitRule,
    FinancingModel,
    LiquidityModel,
    MarginModel,
    OrderRule,
    RiskRule,
    Sizer,
    SlippageModel,
)

T = TypeVar("T")

Spec = str | Mapping[str, object]
"""A component by name: "risk:2", or {"name": "risk", "percent": 2}."""

Many = Union[T, Spec, Sequence[Union[T, Spec]]]  # noqa: UP007  # a generic alias needs it
"""One component or several, as objects or by name."""

Hedging = Hedger | Spec | Sequence["Hedging"]
"""One hedging policy or a combination: a list, which may begin with "all_of" or "first_of"."""

_POLICIES: Mapping[str, Callable[[], FillPolicy]] = {
    "backtesting_py": FillPolicy.backtesting_py,
    "backtrader": FillPolicy.backtrader,
    "default": FillPolicy,
}
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


def sizer_of(given: Many[Sizer]) -> Sizer:
    """One sizer; of several, the smallest size wins."""
    return smallest([cast(Sizer, _part("sizing", one)) for one in _listed(given)])


def commission_of(given: CommissionModel | Spec) -> CommissionModel:
    """The fee schedule."""
    return cast(CommissionModel, _part("commission", given))


def slippage_of(given: SlippageModel | Spec) -> SlippageModel:
    """The slippage model; a file's name stands for what was measured into it."""
    spec = read_measured(str(given)) if is_measured(given) else given
    return cast(SlippageModel, _part("slippage", spec))


def liquidity_of(given: LiquidityModel | Spec) -> LiquidityModel:
    """How much of the market one bar can give."""
    return cast(LiquidityModel, _part("liquidity", given))


def account_of(given: MarginModel | Spec) -> MarginModel:
    """What positions need."""
    return cast(MarginModel, _part("account", given))


def financing_of(given: FinancingModel | Spec) -> FinancingModel:
    """What holding costs and earns."""
    return cast(FinancingModel, _part("financing", given))


def exits_of(given: Many[ExitRule]) -> tuple[ExitRule, ...]:
    """The exits attached to every entry."""
    return tuple(cast(ExitRule, _part("exit", one)) for one in _listed(given))


def limits_of(given: Many[RiskRule | Breaker]) -> tuple[object, ...]:
    """Rules and breakers, in the order given."""
    return tuple(_part("limit", one) for one in _listed(given))


def hedger_of(given: Hedging) -> Hedger:
    """One hedging policy; of several, one that trades when all of them would.

    A list that begins with "first_of" trades as soon as one of them would; a member may be a list
    of its own.

    Raises:
        ConfigError: an empty list, an unknown policy or parameter, or members that do not combine.
    """
    if isinstance(given, str) or not isinstance(given, Sequence):
        return cast(Hedger, _part("hedge", given))
    word = given[0].strip() if given and isinstance(given[0], str) else ""
    if word in COMBINATIONS:
        return COMBINATIONS[word](tuple(hedger_of(one) for one in given[1:]))
    members = tuple(hedger_of(one) for one in given)
    return members[0] if len(members) == 1 else AllOf(members)


def order_rules_of(given: Many[OrderRule]) -> tuple[OrderRule, ...]:
    """The rules of broker and exchange; "ib" and "none" stand for a set of them.

    Of two rules with the same name the later one counts, in the place of the first.
    """
    found: dict[str, OrderRule] = {}
    for one in _listed(given):
        named = isinstance(one, str) and one.strip() in RULE_SETS
        part = RULE_SETS[str(one).strip()] if named else (_order_rule(one),)
        found.update({rule.name: rule for rule in part})
    return tuple(found.values())


def _order_rule(given: OrderRule | Spec) -> OrderRule:
    rule = cast(OrderRule, _part("rule", given))
    if not isinstance(getattr(rule, "name", None), str):
        raise ConfigError(
            f"The rule {type(rule).__name__} has no name.",
            'Give the class one, such as name = "my_rule": refusals are listed under it.',
        )
    return rule


def rules_of(limits: Sequence[object]) -> tuple[RiskRule, ...]:
    """Those that judge orders."""
    return tuple(cast(RiskRule, limit) for limit in limits if not is_breaker(limit))


def breakers_of(limits: Sequence[object]) -> tuple[Breaker, ...]:
    """Those that watch the account."""
    return tuple(cast(Breaker, limit) for limit in limits if is_breaker(limit))


def policy_names() -> tuple[str, ...]:
    """The fill policies that have a name."""
    return tuple(sorted(_POLICIES))


def fill_axes() -> dict[str, tuple[str, ...]]:
    """The axes of a fill policy, each with its values, the default first; a number's alone."""
    hints = get_type_hints(FillPolicy)
    default = FillPolicy()
    found: dict[str, tuple[str, ...]] = {}
    for field in fields(FillPolicy):
        value = getattr(default, field.name)
        if hints[field.name] is float:
            found[field.name] = (f"{value:g}",)
            continue
        first = str(value).lower()
        options = [str(option) for option in get_args(hints[field.name])] or ["true", "false"]
        found[field.name] = (first, *(option for option in options if option != first))
    return found


def fill_policy_of(given: FillPolicy | Spec | Sequence[str]) -> FillPolicy:
    """A fill policy.

    Args:
        given: one; its name; its axes, with the "name" of the policy they change; or a list of
            names and "axis=value".

    Raises:
        ConfigError: an unknown policy, axis or value, or an axis given twice.
    """
    if isinstance(given, FillPolicy):
        return given
    if isinstance(given, Mapping):
        axes = dict(given)
        base = _named_policy(str(axes.pop("name", "default")))
        return _changed(base, axes)
    base, changes = FillPolicy(), dict[str, object]()
    for part in [given] if isinstance(given, str) else given:
        axis, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals:
            base = _named_policy(axis)
        elif axis in changes:
            raise ConfigError(f"--fill {axis} is given twice.", "Give it once.")
        else:
            changes[axis] = value
    return _changed(base, changes)


def _named_policy(name: str) -> FillPolicy:
    if name not in _POLICIES:
        raise ConfigError(
            f"There is no fill policy {name!r}.",
            f"{did_you_mean(name, _POLICIES)} An axis is given as axis=value.",
        )
    return _POLICIES[name]()


def _changed(base: FillPolicy, changes: Mapping[str, object]) -> FillPolicy:
    values = asdict(base)
    for axis, value in changes.items():
        if axis not in values:
            raise ConfigError(f"The fill policy has no axis {axis!r}.", did_you_mean(axis, values))
        if isinstance(values[axis], bool) and isinstance(value, str):
            values[axis] = {"true": True, "false": False}.get(value.lower(), value)
        elif isinstance(values[axis], float) and isinstance(value, str):
            values[axis] = _number(value)
        else:
            values[axis] = value
    return FillPolicy(**values)


def _number(text: str) -> float | str:
    """The number written; the text itself, for the policy to refuse, if it is none."""
    try:
        return float(text)
    except ValueError:
        return text


def _listed(given: Many[T]) -> Sequence[T | Spec]:
    if isinstance(given, Sequence) and not isinstance(given, str):
        return given
    return [given]


def _part(kind: str, given: object) -> object:
    if isinstance(given, str | Mapping):
        return build(kind, given)
    if not callable(getattr(given, _METHODS[kind], None)):
        raise ConfigError(
            f"{given!r} is no {kind} component.",
            "Give one, or its name as `slipway components` lists it.",
        )
    return given
