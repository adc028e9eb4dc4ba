"""Subject: what evidence is about, as hashes: this code and this configuration, and no other."""

from __future__ import annotations

__all__ = ["Subject", "subject_of"]

import json
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path

from pydantic_core import to_jsonable_python

import framework
from framework.backtest.roles import title_of
from framework.components.liquidity import Unlimited
from framework.components.registry import spec_of, specs_of
from framework.config.options import hedge_section
from framework.config.plan import Plan
from framework.config.sleeves import sections_of
from framework.errors import ConfigError
from framework.research.backtest import component_files


@dataclass(frozen=True, slots=True)
class Subject:
    """What evidence is about.

    Attributes:
        strategy: its name, for people.
        code: SHA-256 of the strategy's file, of the user's own components, and of the version of
            Slipway that runs them.
        config: SHA-256 of parameters, symbols, bars and parts. Where the bars come from, the mode,
            the account's number and what is plotted or alerted are not in it.
    """

    strategy: str
    code: str
    config: str

    def __str__(self) -> str:
        return f"{self.strategy} (code {self.code[:8]}, config {self.config[:8]})"


def subject_of(plan: Plan) -> Subject:
    """What evidence for a plan is about; the same for its backtest, its paper and its live session.

    Raises:
        ConfigError: the strategy is in no file, so nothing says whether it has changed.
    """
    title = title_of(plan.strategies)
    if not all(one.code for one in plan.members):
        raise ConfigError(
            f"The strategy {title} is in no file: nothing says whether it changes.",
            "Put it into a .py file.",
        )
    parts = [one.code for one in plan.members]
    parts += [*(one.cls.__name__ for one in plan.members), framework.__version__]
    parts += [_digest(Path(path).read_bytes()) for path in component_files(plan)]
    code = _digest("\n".join(parts).encode())
    config = json.dumps(_config(plan), sort_keys=True, allow_nan=True)
    return Subject(title, code, _digest(config.encode()))


def _config(plan: Plan) -> dict[str, object]:
    """Everything that decides, besides code and bars, in the words of a run file."""
    settings, bars = plan.settings, plan.market.bars
    return {
        "parameters": {name: to_jsonable_python(value) for name, value in plan.parameters.items()},
        "strategies": [
            one.model_dump(mode="json", by_alias=True)
            for one in (() if plan.fleet is None else sections_of(*plan.fleet))
        ],
        "symbols": [one.symbol for one in bars],
        "bar": sorted({one.frame for one in bars}),
        "cash": settings.cash,
        "leverage": settings.leverage,
        "account": None if settings.account is None else spec_of(settings.account),
        "currency": None if settings.rates is None else settings.rates.base,
        "financing": spec_of(settings.financing),
        "begin": settings.begin,
        "weights": None if settings.weights is None else dict(settings.weights),
        "sizing": list(specs_of(settings.sizer)),
        "commission": spec_of(settings.commission),
        "slippage": spec_of(settings.slippage),
        "liquidity": spec_of(settings.liquidity or Unlimited()),
        "limits": [spec_of(limit) for limit in plan.limits],
        "exits": [spec_of(rule) for rule in settings.exits],
        "rules": [spec_of(rule) for rule in settings.order_rules],
        "fill": asdict(settings.policy),
        "options": None if plan.options is None else plan.options.model_dump(mode="json"),
        "hedge": hedge_section(settings.hedge).model_dump(mode="json"),
    }


def _digest(content: bytes) -> str:
    return sha256(content).hexdigest()
