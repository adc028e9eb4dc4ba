"""The flags of `slipway run`, laid over a run file."""

from __future__ import annotations

__all__ = ["PICTURES", "RunFlags", "is_broker_account", "overlay"]

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isnan
from pathlib import Path
from typing import Literal

from framework.config.masks import masked
from framework.errors import ConfigError

PICTURES = (".pdf", ".png", ".svg")
"""Endings a picture may have."""

_DATA_FLAGS = {
    "symbols": "--symbols",
    "bar": "--bar",
    "from": "--from",
    "to": "--to",
    "stamp": "--stamp",
    "tz": "--tz",
    "calendar": "--calendar",
    "prices": "--prices",
    "hours": "--hours",
}
_FLAGS = {
    "strategy": "STRATEGY",
    "start": "--start",
    "begin": "--begin",
    "cash": "--cash",
    "leverage": "--leverage",
    "account": "--account",
    "currency": "--currency",
    "rates": "--rates",
    "financing": "--financing",
    "actions": "--actions",
    "weights": "--weights",
    "sizing": "--sizing",
    "limits": "--limit",
    "exits": "--exit",
    "rules": "--rules",
    "commission": "--commission",
    "slippage": "--slippage",
    "liquidity": "--liquidity",
    "options": "--volatility",
    "hedge": "--hedge",
    "signals": "--signals",
    "engine": "--engine",
    "market_data": "--market-data",
    "what_if": "--what-if",
}


@dataclass(frozen=True, slots=True)
class RunFlags:
    """What was given on the command line; None and () are what was not."""

    strategy: str | None = None
    config: Path | None = None
    parameters: Sequence[str] = ()
    data: str | None = None
    symbols: str | None = None
    bar: str | None = None
    first: str | None = None
    last: str | None = None
    start: str | None = None
    begin: str | None = None
    stamp: str | None = None
    tz: str | None = None
    calendar: str | None = None
    prices: str | None = None
    hours: str | None = None
    signals: str | None = None
    cash: float | None = None
    leverage: float | None = None
    account: str | None = None
    currency: str | None = None
    rates: str | None = None
    financing: str | None = None
    actions: str | None = None
    weights: str | None = None
    sizing: Sequence[str] = ()
    limits: Sequence[str] = ()
    exits: Sequence[str] = ()
    rules: Sequence[str] = ()
    commission: str | None = None
    slippage: str | None = None
    liquidity: str | None = None
    volatility: str | None = None
    hedge: Sequence[str] = ()
    fill: Sequence[str] = ()
    out: Path | None = None
    plot: str | None = None
    strict: bool = False
    quiet: bool = False
    engine: str | None = None
    explain: bool = False
    shadow: bool = False
    paper: bool = False
    live: bool = False
    gateway: str | None = None
    host: str | None = None
    port: int | None = None
    client_id: int | None = None
    broker_account: str | None = None
    journal: Path | None = None
    history: int = 500
    adopt: bool = False
    once: bool = False
    cancel_at_end: bool = False
    not_ready: str | None = None
    market_data: str | None = None
    tws_restart: str | None = None
    what_if: str | None = None

    @property
    def mode(self) -> Literal["backtest", "shadow", "paper", "live"]:
        """What the flags ask for.

        Raises:
            ConfigError: several are given.
        """
        given = [name for name in ("shadow", "paper", "live") if getattr(self, name)]
        if len(given) > 1:
            flags = " and ".join(f"--{name}" for name in given)
            both = "Both " if len(given) == 2 else ""
            raise ConfigError(f"{both}{flags} are given.", "Give one of them.")
        if self.shadow:
            return "shadow"
        return "live" if self.live else "paper" if self.paper else "backtest"

    def check_mode(self) -> None:
        """Whether what belongs to a session is given to one.

        Raises:
            ConfigError: it is given to a backtest, or what an account is needed for to a session
                that has none.
        """
        given = {
            "--gateway": self.gateway is not None,
            "--host": self.host is not None,
            "--port": self.port is not None,
            "--client-id": self.client_id is not None,
            f"--account {masked(self.broker_account or '')}": self.broker_account is not None,
            "--journal": self.journal is not None,
            "--adopt": self.adopt,
            "--once": self.once,
            "--cancel-at-end": self.cancel_at_end,
            "--not-ready": self.not_ready is not None,
            "--market-data": self.market_data is not None,
            "--tws-restart": self.tws_restart is not None,
            "--what-if": self.what_if is not None,
        }
        named = [name for name, is_given in given.items() if is_given]
        if self.mode == "backtest" and named:
            raise ConfigError(
                f"{', '.join(named)} is of a session at a broker, and this would be a backtest.",
                "Add --shadow, --paper or --live, or leave it out.",
            )
        if self.mode == "shadow" and self.adopt:
            raise ConfigError(
                "--adopt takes over what an account has, and a session in shadow has none.",
                "Leave it out.",
            )


_BROKER_ACCOUNT = re.compile(r"[A-Z]{1,3}\d{5,}")


def is_broker_account(text: str | None) -> bool:
    """Whether --account names an account at the broker, and not a margin model."""
    return text is not None and _BROKER_ACCOUNT.fullmatch(text) is not None


def overlay(
    content: Mapping[str, object], flags: RunFlags
) -> tuple[dict[str, object], dict[tuple[str, ...], str]]:
    """A run file's content with the flags in it, and which place came from which flag.

    A list given by flags replaces the file's; `--set` and `--fill axis=value` change single values;
    another STRATEGY drops the parameters, `--data` the rest of the data section.

    Raises:
        ConfigError: a flag's text is malformed.
    """
    merged = dict(content)
    given: dict[str, object] = {
        "strategy": flags.strategy,
        "start": flags.start,
        "begin": flags.begin,
        "cash": flags.cash,
        "leverage": flags.leverage,
        "account": flags.account,
        "currency": flags.currency,
        "rates": flags.rates,
        "financing": flags.financing,
        "actions": flags.actions,
        "weights": None if flags.weights is None else _weights(flags.weights),
        "sizing": list(flags.sizing) or None,
        "limits": list(flags.limits) or None,
        "exits": list(flags.exits) or None,
        "rules": list(flags.rules) or None,
        "commission": flags.commission,
        "slippage": flags.slippage,
        "liquidity": flags.liquidity,
        "options": _options(merged, flags.volatility),
        "hedge": _hedge(merged, flags.hedge),
        "signals": flags.signals,
        "engine": flags.engine,
        "market_data": flags.market_data,
        "what_if": flags.what_if,
    }
    if flags.strategy is not None and flags.strategy != content.get("strategy"):
        merged.pop("parameters", None)
        merged.pop("strategies", None)
    places: dict[tuple[str, ...], str] = {
        (key,): _FLAGS[key] for key, value in given.items() if value is not None
    }
    merged.update({key: value for key, value in given.items() if value is not None})
    _parameters(merged, flags.parameters)
    _fill(merged, flags.fill)
    _data(merged, flags, places)
    return merged, places


def _options(merged: Mapping[str, object], volatility: str | None) -> object:
    """The run file's options with another volatility."""
    before = merged.get("options")
    if volatility is None or not isinstance(before, dict):
        return volatility
    kept = {key: value for key, value in before.items() if key not in ("quotes", "sha256")}
    return {**kept, "volatility": volatility}


def _hedge(merged: Mapping[str, object], policies: Sequence[str]) -> object:
    """The run file's hedge with another policy."""
    if not policies:
        return None
    before = merged.get("hedge")
    kept = before if isinstance(before, dict) and "name" not in before else {}
    return {**kept, "policy": list(policies)}


def _parameters(merged: dict[str, object], texts: Sequence[str]) -> None:
    given: dict[str, object] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        name = name.strip()
        if not equals or not name:
            raise ConfigError(f"--set {text!r} is no parameter.", "Write --set name=value.")
        if name in given:
            raise ConfigError(f"--set {name} is given twice.", "Give it once.")
        given[name] = value.strip()
    before = merged.get("parameters")
    if given and (before is None or isinstance(before, dict)):
        merged["parameters"] = {**(before or {}), **given}


def _weights(text: str) -> dict[str, object]:
    found: dict[str, object] = {}
    for part in text.split(","):
        symbol, equals, value = (piece.strip() for piece in part.partition("="))
        try:
            weight = float(value)
        except ValueError:
            weight = float("nan")
        if not symbol or not equals or isnan(weight):
            raise ConfigError(
                f"--weights has {part!r}.", "Write SYMBOL=share, as in AAPL=0.6,MSFT=0.4."
            )
        if symbol in found:
            raise ConfigError(f"--weights has {symbol} twice.", "Give it once.")
        found[symbol] = weight
    return found


def _fill(merged: dict[str, object], texts: Sequence[str]) -> None:
    """Axes change those of the file; a name starts afresh."""
    if not texts:
        return
    before = merged.get("fill")
    if isinstance(before, dict) and all("=" in text for text in texts):
        kept = [f"{axis}={value}" for axis, value in before.items() if axis != "name"]
        changed = {text.partition("=")[0].strip() for text in texts}
        kept = [text for text in kept if text.partition("=")[0] not in changed]
        merged["fill"] = [str(before.get("name", "default")), *kept, *texts]
    elif isinstance(before, str) and all("=" in text for text in texts):
        merged["fill"] = [before, *texts]
    else:
        merged["fill"] = list(texts)


def _data(merged: dict[str, object], flags: RunFlags, places: dict[tuple[str, ...], str]) -> None:
    """Flags that change the bars, or what is read of them, make the file's hash meaningless."""
    given = {
        "symbols": flags.symbols,
        "bar": flags.bar,
        "from": flags.first,
        "to": flags.last,
        "stamp": flags.stamp,
        "tz": flags.tz,
        "calendar": flags.calendar,
        "prices": flags.prices,
        "hours": flags.hours,
    }
    changes: dict[str, object] = {key: value for key, value in given.items() if value is not None}
    before = merged.get("data")
    section: dict[str, object] = {"path": before} if isinstance(before, str) else {}
    if isinstance(before, dict):
        section = dict(before)
    if flags.data is not None:
        section = {"path": flags.data}
        places["data", "path"] = "--data"
    if changes or flags.data is not None:
        section.pop("sha256", None)
        merged["data"] = {**section, **changes}
    places.update({("data", key): _DATA_FLAGS[key] for key in changes})
