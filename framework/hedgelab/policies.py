"""Policies of the lab: from what the user names, and those it compares when none is named."""

from __future__ import annotations

__all__ = ["STOP_LOSS", "Policy", "default_policies", "policy_of"]

from dataclasses import dataclass
from math import isclose

from framework.components.hedging import AllOf, DeltaBand, FirstOf, Interval, Leland, WhalleyWilmott
from framework.components.registry import component_name, describe, spec_of
from framework.components.specs import parse_spec
from framework.config.parts import hedger_of
from framework.errors import ConfigError, did_you_mean
from framework.hedge_ports import Hedger
from framework.hedgelab.experiment import Experiment
from framework.hedgelab.stop_loss import StopLoss

STOP_LOSS = "stop_loss"
"""The lab's own policy, which knows the strike."""

_SERIES = (1, 2, 5, 10, 20, 50, 100, 200)
_WIDTHS = (0.02, 0.05, 0.1, 0.2)
_AVERSIONS = (0.1, 1.0, 10.0)


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy with its settings.

    Attributes:
        label: as the user would write it.
        hedger: the policy itself.
    """

    label: str
    hedger: Hedger

    @property
    def family(self) -> str:
        """Its name without its settings."""
        words = self.label.split()
        return words[0] if len(words) > 1 else self.label.rpartition("/")[2].partition(":")[0]


def policy_of(given: str | Hedger, experiment: Experiment) -> Policy:
    """The policy that was named or given.

    Args:
        given: a policy, a spec of the registry such as "interval:bars=2", several with spaces
            between them (all must want to trade, unless the first word is first_of), or
            "stop_loss".
        experiment: what it is to hedge.

    Raises:
        ConfigError: an unknown policy or parameter, or one that does not go with the experiment.
    """
    if not isinstance(given, str):
        _check(given, experiment)
        return Policy(_label(given), hedger_of(given))
    words = given.split()
    if not words:
        raise ConfigError("A policy is empty.", "Name one, such as interval:bars=2.")
    if len(words) == 1 and parse_spec("hedge", words[0]).name == STOP_LOSS:
        return Policy(words[0], _stop_loss(words[0], experiment))
    for word in words:
        _check_name(word)
    hedger = hedger_of(words[0] if len(words) == 1 else words)
    _check(hedger, experiment)
    return Policy(" ".join(words), hedger)


def default_policies(experiment: Experiment) -> tuple[str, ...]:
    """A few settings of each policy; those that weigh costs only where there are any.

    Intervals leave at least four hedges. Widths and risk aversions are those of one option, scaled
    to the number sold.
    """
    bars = [count for count in _SERIES if 4 * count <= experiment.looks] or [1]
    found = [f"interval:bars={count}" for count in bars]
    found += [f"band:width={width * experiment.options:.10g}" for width in _WIDTHS]
    cost = experiment.cost
    if cost > 0.0:
        found += [
            f"whalley_wilmott:cost={cost:.10g},risk_aversion={each / experiment.options:.10g}"
            for each in _AVERSIONS
        ]
        a_year = f"bars_per_year={experiment.bars_per_year:.10g}"
        found += [f"leland:cost={2.0 * cost:.10g},bars={count},{a_year}" for count in bars]
    return (*found, STOP_LOSS)


def _stop_loss(text: str, experiment: Experiment) -> StopLoss:
    spec = parse_spec("hedge", text)
    given = {**dict(zip(("bars",), spec.positional, strict=False)), **spec.named}
    wrong = [name for name in given if name != "bars"]
    if wrong or len(spec.positional) > 1:
        raise ConfigError(
            f"{STOP_LOSS}: there is no parameter {(wrong or spec.positional[1:])[0]!r}.",
            "It has one, bars: from one check to the next.",
        )
    bars = str(given.get("bars", 1))
    if not bars.isdecimal():
        raise ConfigError(f"{STOP_LOSS}: bars is {bars!r}.", "Give a whole number.")
    return StopLoss(
        experiment.strike, experiment.options, experiment.looks, experiment.years, int(bars)
    )


def _check_name(word: str) -> None:
    """Refuse a name that is neither the registry's nor the lab's, with the nearest of both."""
    spec = parse_spec("hedge", word)
    known = [item.name for item in describe() if item.kind == "hedge"]
    words = ("all_of", "first_of")
    if spec.path is None and spec.name not in (*known, *words):
        raise ConfigError(
            f"There is no hedging policy {spec.name!r}.",
            f"{did_you_mean(spec.name, [*known, STOP_LOSS])} `slipway components` describes them.",
        )


def _check(hedger: Hedger, experiment: Experiment) -> None:
    """Refuse a policy that counts another number of bars in a year."""
    if isinstance(hedger, AllOf | FirstOf):
        for member in hedger.hedgers:
            _check(member, experiment)
    if not isinstance(hedger, Leland) or hedger.hours is not None:
        return
    if not isclose(hedger.bars_per_year, experiment.bars_per_year, rel_tol=1e-6):
        raise ConfigError(
            f"leland counts {hedger.bars_per_year:g} bars a year, and a step of "
            f"{experiment.step:g} weeks makes {experiment.bars_per_year:g}.",
            f"Write leland:...,bars_per_year={experiment.bars_per_year:.10g}.",
        )


def _label(hedger: Hedger) -> str:
    """As the user would write it; its class's name where that cannot be written."""
    if isinstance(hedger, AllOf | FirstOf):
        word = "all_of" if isinstance(hedger, AllOf) else "first_of"
        return f"{word} {' '.join(_label(member) for member in hedger.hedgers)}"
    if not isinstance(hedger, Interval | DeltaBand | WhalleyWilmott | Leland):
        return type(hedger).__name__
    values = {name: value for name, value in spec_of(hedger).items() if value is not None}
    parts = ",".join(f"{name}={value}" for name, value in values.items() if name != "name")
    return f"{component_name(hedger)}:{parts}".rstrip(":")
