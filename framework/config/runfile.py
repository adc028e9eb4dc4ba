"""The YAML run file: everything a run is made of, by name, and how it is read and written."""

from __future__ import annotations

__all__ = [
    "ActionsSection",
    "DataSection",
    "HedgeSection",
    "OptionsSection",
    "RatesSection",
    "RunFile",
    "SignalsSection",
    "StrategySection",
    "dump",
    "read",
    "validate",
]

from collections.abc import Mapping
from datetime import date, datetime
from math import isfinite
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from framework.config.alert import AlertSection
from framework.config.problems import Place, problem_of
from framework.errors import ConfigError

_HEADER = "# A Slipway run file. This repeats the run:  slipway run --config run.yaml\n"


def _number(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError("Give a number.")
    return value


def _day(value: object) -> object:
    if isinstance(value, datetime) or not isinstance(value, str | date | None):
        raise ValueError("Write a date, such as 2024-01-31.")
    return value.isoformat() if isinstance(value, date) else value


def _symbols(value: object) -> object:
    if isinstance(value, str):
        return [part.strip() for part in value.split(",")]
    return value


def _spec(value: object) -> object:
    if value is None or isinstance(value, str) or _is_mapping(value):
        return value
    raise ValueError('Write "name", "name:value" or {name: ..., parameter: ...}.')


def _specs(value: object) -> object:
    parts = value if isinstance(value, list | tuple) else [] if value is None else [value]
    return [_spec(part) for part in parts]


def _fill(value: object) -> object:
    if value is None or isinstance(value, str) or _is_mapping(value):
        return value
    if isinstance(value, list) and all(isinstance(part, str) for part in value):
        return value
    raise ValueError("Write the name of a policy, or {axis: value}.")


def _is_mapping(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(key, str) for key in value)


def _rates(value: object) -> object:
    """Rates written as one text: a path, or CURRENCY=RATE,CURRENCY=RATE."""
    if not isinstance(value, str):
        return value
    if "=" not in value:
        return {"path": value}
    pairs = [part.partition("=") for part in value.split(",")]
    return {"constant": {currency.strip(): rate.strip() for currency, _, rate in pairs}}


def _section(key: str) -> BeforeValidator:
    """A section that may be written as one text, the value of its `key`."""
    return BeforeValidator(lambda value: {key: value} if isinstance(value, str) else value)


def _options(value: object) -> object:
    """Options written as their volatility alone."""
    if value is None or isinstance(value, bool):
        return value
    return {"volatility": value} if isinstance(value, str | float | int) else value


def _hedge(value: object) -> object:
    """A hedge written as its policy alone."""
    if value is None:
        return {}
    if isinstance(value, str | list | tuple) or (_is_mapping(value) and "name" in dict(value)):  # type: ignore[call-overload]
        return {"policy": value}
    return value


def _policies(value: object) -> object:
    """One policy or several, lists within lists."""
    if value is None:
        return ()
    if isinstance(value, list | tuple):
        return tuple(_policies(one) if isinstance(one, list | tuple) else one for one in value)
    return (value,)


def _volatility(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, str | float | int | None):
        raise ValueError("Write a number such as 0.2, vix, or the path of a CSV file.")
    return value


def _alert(value: object) -> object:
    """Alerts written as their addresses alone."""
    if value is None:
        return {}
    return {"url": value} if isinstance(value, str | list | tuple) else value


Number = Annotated[float, BeforeValidator(_number)]
Volatility = Annotated[float | str | None, BeforeValidator(_volatility)]
Whole = Annotated[int, BeforeValidator(_number)]
Day = Annotated[str | None, BeforeValidator(_day)]
Symbols = Annotated[tuple[str, ...] | None, BeforeValidator(_symbols)]
OneSpec = str | dict[str, object]
Spec = Annotated[OneSpec | None, BeforeValidator(_spec)]
Specs = Annotated[tuple[OneSpec, ...], BeforeValidator(_specs)]
FillSpec = Annotated[OneSpec | tuple[str, ...] | None, BeforeValidator(_fill)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class DataSection(_Section):
    """What is traded on, and the answers to the questions a file leaves open.

    Attributes:
        sample: name of a sample, instead of a path.
        path: a file, or a folder with one file per symbol; counted from the working directory.
        symbols: which ones; None is all.
        bar: bar length to resample to.
        first, last: days ("from" and "to" in the file).
        stamp, tz, calendar, prices: the four answers.
        hours: whether bars outside regular hours are kept.
        sha256: hash the bars must have; None takes any.
    """

    sample: str | None = None
    path: str | None = None
    symbols: Symbols = None
    bar: str | None = None
    first: Day = Field(default=None, alias="from")
    last: Day = Field(default=None, alias="to")
    stamp: Literal["open", "close"] | None = None
    tz: str | None = None
    calendar: str | None = None
    prices: Literal["raw", "split", "total"] | None = None
    hours: Literal["regular", "all"] | None = None
    sha256: str | None = None


class SignalsSection(_Section):
    """The file that feeds `on_signal`.

    Attributes:
        path: CSV file.
        tz: zone of times without an offset; None is that of the data.
        sha256: hash the file must have; None takes any.
    """

    path: str | None = None
    tz: str | None = None
    sha256: str | None = None


class ActionsSection(_Section):
    """The file of dividends and splits.

    Attributes:
        path: CSV file.
        sha256: hash the file must have; None takes any.
    """

    path: str | None = None
    sha256: str | None = None


class RatesSection(_Section):
    """Exchange rates.

    Attributes:
        path: a file, or a folder, of bars named after currency pairs, such as EUR.USD.
        constant: by currency, what a unit of it is worth in the account's; instead of a path.
        sha256: hash the bars must have; None takes any.
    """

    path: str | None = None
    constant: dict[str, Number] | None = None
    sha256: str | None = None


class OptionsSection(_Section):
    """The options that are listed, and what they are worth.

    Attributes:
        volatility: a fraction such as 0.2, "vix", or a CSV file.
        quotes: in its place, a CSV or Parquet file of quotes. Neither is a run without options.
        rate: riskless, a year.
        dividend_yield: of the underlying, a year.
        style, settlement, multiplier: of the contracts; None is what such options have.
        horizon: calendar days ahead within which expiries are listed.
        width: share of the price strikes reach to on both sides.
        step: distance of strikes; None is the usual one.
        weeklies: whether every Friday is an expiry.
        fresh_minutes: age up to which a quote is still a price to trade at.
        stale_days: age from which on no Greeks are reckoned from a quote.
        spread: what market orders of options cost, a slippage component; "quoted" is half of each
            contract's own average spread, and what quotes come with.
        sha256: hash the file must have; None takes any.
    """

    volatility: Volatility = None
    quotes: str | None = None
    rate: Number = 0.0
    dividend_yield: Number = 0.0
    style: Literal["american", "european"] | None = None
    settlement: Literal["physical", "cash"] | None = None
    multiplier: Number | None = None
    horizon: Whole = 100
    width: Number = 0.25
    step: Number | None = None
    weeklies: bool = False
    fresh_minutes: Number = 30.0
    stale_days: Number = 7.0
    spread: Spec = "half_spread:percent=2,ticks=1"
    sha256: str | None = None


class HedgeSection(_Section):
    """How books of options are hedged.

    Attributes:
        policy: one component, or several of which all must want to trade; a list may begin with
            "first_of". None is the strategy's own, "none" is no hedge.
        target: delta wanted, units of the underlying.
        instrument: symbol to hedge with; None is the underlying itself.
        min_trade, max_trade, max_hedge: units; None is no bound.
        budget: money hedging may cost a session; None is no bound.
        greeks: whose Greeks, "model" or "broker".
        stale_after: seconds after which a Greek of the broker is too old.
    """

    policy: Annotated[tuple[object, ...], BeforeValidator(_policies)] = ()
    target: Number = 0.0
    instrument: str | None = None
    min_trade: Number = 0.0
    max_trade: Number | None = None
    max_hedge: Number | None = None
    budget: Number | None = None
    greeks: Literal["model", "broker"] = "model"
    stale_after: Number = 60.0


class StrategySection(_Section):
    """One of several strategies on the account.

    Attributes:
        strategy: as on top of a run file.
        name: what its order ids begin with; empty is the name of its class.
        symbols: what it trades; None is all of the run's.
        parameters: of it, by name; `set` in a file is the same.
        weight: its share of the account; None is an equal one.
    """

    strategy: str
    name: str = ""
    symbols: Symbols = None
    parameters: dict[str, object] = Field(default={}, alias="set")
    weight: Number | None = None


def _strategies(value: object) -> object:
    """A strategy without anything beside it may be its name alone."""
    if not isinstance(value, list | tuple):
        return value
    return [{"strategy": one} if isinstance(one, str) else one for one in value]


class RunFile(_Section):
    """A run. None, and an empty list, stand for the default, which a written file spells out.

    Attributes:
        strategy: a name in strategies/, or path/to/file.py, with `:Class` if it holds several.
        strategies: in its place, several that share the account.
        mode: how far the strategy may go: a live session refuses a file that does not say live.
        engine: whose broker plays the market.
        parameters: of the strategy, by name.
        data: what is traded on.
        start: day from which orders are allowed; bars before it are history.
        begin: whether a strategy waits there for its next signal, or takes the side it would hold.
        cash: opening cash.
        leverage: buying power as a multiple of equity.
        account: what positions need, one component; None is `leverage` times the equity.
        currency: the account's; None is that of the symbols.
        rates: exchange rates.
        financing: what holding costs and earns, one component.
        actions: dividends and splits.
        weights: share of the account by symbol; None is equal parts.
        sizing: one component or several, of which the smallest size wins.
        commission, slippage, liquidity: one component each.
        limits, exits: components.
        rules: of broker and exchange: "ib", "none", or components.
        fill: name of a fill policy, axes of one, or a list of both as on the command line.
        signals: external predictions.
        options: what is listed and how it is priced; a volatility alone will do.
        hedge: how options are hedged; a policy alone will do.
        market_data: which quotes a session follows; None is live ones.
        what_if: of which orders a session asks the broker what they would do; None is of none.
        trades: where a session keeps trade records: a folder, or an address of fsspec's.
        alert: whom a session tells; addresses alone will do. Never written out: it may hold
            secrets, and changes no result.
    """

    strategy: str | None = None
    strategies: Annotated[tuple[StrategySection, ...], BeforeValidator(_strategies)] = ()
    mode: Literal["backtest", "shadow", "paper", "live"] | None = None
    engine: Literal["slipway", "backtrader"] = "slipway"
    parameters: dict[str, object] = {}
    data: Annotated[DataSection, _section("path")] = DataSection()
    start: Day = None
    begin: Literal["flat", "join"] = "flat"
    cash: Number | None = None
    leverage: Number | None = None
    account: Spec = None
    currency: str | None = None
    rates: Annotated[RatesSection, BeforeValidator(_rates)] = RatesSection()
    financing: Spec = None
    actions: Annotated[ActionsSection, _section("path")] = ActionsSection()
    weights: dict[str, Number] | None = None
    sizing: Specs = ()
    commission: Spec = None
    slippage: Spec = None
    liquidity: Spec = None
    limits: Specs = ()
    exits: Specs = ()
    rules: Specs = ()
    fill: FillSpec = None
    signals: Annotated[SignalsSection, _section("path")] = SignalsSection()
    options: Annotated[OptionsSection, BeforeValidator(_options)] = OptionsSection()
    hedge: Annotated[HedgeSection, BeforeValidator(_hedge)] = HedgeSection()
    market_data: Literal["live", "delayed", "none"] | None = None
    what_if: Literal["never", "first"] | None = None
    trades: str | None = None
    alert: Annotated[AlertSection, BeforeValidator(_alert)] = Field(
        default=AlertSection(), exclude=True
    )


_OF_SESSIONS = ("mode", "market_data", "what_if", "trades")
"""Keys a run file is written without where it does not say them."""


def read(path: Path) -> dict[str, object]:
    """The content of a run file, not yet validated.

    Raises:
        ConfigError: it is missing, no YAML (the line is named), or no mapping.
    """
    if path.is_dir():
        raise ConfigError(
            f"{path} is a folder, not a run file.",
            f"Give {path / 'run.yaml'}." if (path / "run.yaml").is_file() else "Give a .yaml file.",
        )
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(
            f"The run file {path} cannot be read: {error.strerror}.",
            "Check the path given with --config.",
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path.name} is no text file.", "Give a YAML run file.") from error
    except yaml.YAMLError as error:
        raise ConfigError(f"{path.name}{_fault(error)}.", "Correct the YAML there.") from error
    if not isinstance(content, dict) or not all(isinstance(key, str) for key in content):
        raise ConfigError(
            f"{path.name} is no run file: it must map names to values.",
            "Write one `name: value` a line, such as `strategy: sma_cross`.",
        )
    return content


def validate(
    content: Mapping[str, object], where: str = "run file", flags: Mapping[Place, str] | None = None
) -> RunFile:
    """Content as a run file.

    Args:
        content: keys and values.
        where: the file's name, for messages.
        flags: by place, the flag that gave a value, for messages.

    Raises:
        ConfigError: an unknown key, or a value of the wrong kind.
    """
    try:
        found = RunFile.model_validate(dict(content))
    except ValidationError as error:
        raise problem_of(error, where, RunFile, flags or {}) from error
    if found.data.sample is not None and found.data.path is not None:
        raise ConfigError(f"{where}: data has a sample and a path.", "Remove one of the two.")
    if found.rates.path is not None and found.rates.constant is not None:
        raise ConfigError(f"{where}: rates has a path and constants.", "Remove one of the two.")
    _check_strategies(found, where)
    for symbol, weight in (found.weights or {}).items():
        if not isfinite(weight):
            raise ConfigError(f"{where}: weights.{symbol} is {weight}.", "Give a number.")
    return found


def _check_strategies(found: RunFile, where: str) -> None:
    """Several strategies stand for themselves: nothing on top belongs to one of them."""
    if not found.strategies:
        return
    if found.strategy is not None:
        raise ConfigError(
            f"{where}: there are `strategy` and `strategies`.", "Remove one of the two."
        )
    if found.parameters:
        raise ConfigError(
            f"{where}: parameters are {', '.join(found.parameters)}, and there are strategies.",
            "Give each strategy its own: {strategy: sma_cross, set: {fast: 10}}.",
        )


def dump(run_file: RunFile) -> str:
    """The text of a run file, every key written."""
    content = run_file.model_dump(by_alias=True, mode="json")
    for key in ("strategy", "parameters") if run_file.strategies else ("strategies",):
        del content[key]
    for key in _OF_SESSIONS:
        if content[key] is None:
            del content[key]
    return _HEADER + yaml.safe_dump(
        content, sort_keys=False, allow_unicode=True, default_flow_style=None, width=100
    )


def _fault(error: yaml.YAMLError) -> str:
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return f" is not valid YAML: {' '.join(str(error).split())}"
    return f", line {error.problem_mark.line + 1}, is not valid YAML: {error.problem or ''}"
