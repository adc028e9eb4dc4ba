"""A backtest in one call: strategy, data and parts in, figures and, if wanted, a run folder out."""

from __future__ import annotations

__all__ = [
    "StrategyStoppedError",
    "component_files",
    "interpreted",
    "play",
    "run_backtest",
    "save",
]

from collections.abc import Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Literal

import framework
from framework.backtest.record import INTERRUPTED, RunRecord
from framework.backtest.roles import title_of
from framework.backtest.run import run_verified
from framework.brokers.simulated.policy import FillPolicy
from framework.calendar import TradingCalendar
from framework.components.sizing import SmallestOf
from framework.components.userfile import path_of
from framework.config.account import ActionsSource, RatesSource
from framework.config.market import DataSource
from framework.config.options import HedgeSource, OptionsSource
from framework.config.parts import Many, Spec
from framework.config.plan import Plan, plan_of, run_file_of
from framework.config.request import Request
from framework.config.runfile import dump
from framework.config.sleeves import Sleeve
from framework.domain.events import Signal
from framework.errors import StrategyError
from framework.feeds.answers import FileAnswers
from framework.ports import (
    Breaker,
    CommissionModel,
    ExitRule,
    FinancingModel,
    LiquidityModel,
    MarginModel,
    OrderRule,
    Progress,
    RiskRule,
    Sizer,
    SlippageModel,
)
from framework.research.files import Provenance, write_run
from framework.research.results import Result, result_of
from framework.research.settings import settings_of


class StrategyStoppedError(StrategyError):
    """The strategy raised in the middle of a run; what happened until then is in `result`."""

    def __init__(self, result: Result) -> None:
        self.result = result
        super().__init__(
            f"The strategy stopped: {result.record.error}.",
            "What happened until then is in the error's `result`.",
        )


def run_backtest(
    strategy: type[object] | str | Sequence[Sleeve],
    *,
    parameters: Mapping[str, object] | None = None,
    data: DataSource | None = None,
    symbols: Sequence[str] | None = None,
    bar: str | None = None,
    first: str | None = None,
    last: str | None = None,
    start: str | None = None,
    begin: Literal["flat", "join"] = "flat",
    stamp: Literal["open", "close"] | None = None,
    tz: str | None = None,
    calendar: str | None = None,
    prices: Literal["raw", "split", "total"] | None = None,
    hours: Literal["regular", "all"] | None = None,
    cash: float | None = None,
    leverage: float | None = None,
    account: MarginModel | Spec | None = None,
    currency: str | None = None,
    rates: RatesSource | None = None,
    financing: FinancingModel | Spec | None = None,
    actions: ActionsSource | None = None,
    weights: Mapping[str, float] | None = None,
    sizing: Many[Sizer] | None = None,
    commission: CommissionModel | Spec | None = None,
    slippage: SlippageModel | Spec | None = None,
    liquidity: LiquidityModel | Spec | None = None,
    options: OptionsSource | None = None,
    hedge: HedgeSource | None = None,
    limits: Many[RiskRule | Breaker] = (),
    exits: Many[ExitRule] = (),
    rules: Many[OrderRule] | None = None,
    fill: FillPolicy | Spec | Sequence[str] | None = None,
    signals: str | Path | Sequence[Signal] | None = None,
    out: str | Path | None = None,
    progress: Progress | None = None,
) -> Result:
    """Backtest a strategy. Whatever is left out is as `slipway run` has it.

    Components are objects, or text and mappings as on the command line: "risk:2".

    Args:
        strategy: a class, of ours or of backtrader; a name in strategies/; or
            "path/to/file.py", with ":Class" behind it when the file holds several. Or several
            that share the account, a `Sleeve` each.
        parameters: of a strategy that is alone, by name.
        data: a sample's name, a file or folder, Bars, or a list of Bars; the strategy's own sample
            when left out.
        symbols: which ones, in this order.
        bar: bar length to resample to, such as "1h".
        first, last: days, such as "2010-01-01", between which bars are taken, both included.
        start: day from which orders are allowed; bars before it are history.
        begin: whether it waits there for its next signal, or takes the side it would hold.
        stamp, tz, calendar, prices: answers to what a file does not say.
        hours: whether a file's bars outside regular hours are left out or kept.
        cash: opening cash.
        leverage: buying power as a multiple of equity.
        account: what positions need, such as "cash" or "reg_t"; not with a leverage.
        currency: the account's; that of the symbols when left out.
        rates: exchange rates: a file or folder of pairs such as EUR.USD, or constants by currency.
        financing: interest and stock loans, such as "rates:4.33".
        actions: dividends and splits, or the CSV file that holds them.
        weights: share of the account by symbol.
        sizing: how much to trade; of several, the smallest size wins.
        commission: fee schedule.
        slippage: cost of market and stop fills.
        liquidity: how much of an order one bar can give.
        options: what is listed and how it is priced: a volatility, "vix", or the keys of a run
            file's `options:`.
        hedge: how options are hedged, such as "band:20"; "none" for not at all.
        limits: risk rules and breakers.
        exits: attached to every entry.
        rules: of broker and exchange: "ib", "none", or components.
        fill: how orders meet bars: a policy, its name, or its axes.
        signals: external predictions, or the CSV file that holds them.
        out: folder to write the run's files to.
        progress: told now and then how far the run has come.

    Returns:
        The run and its figures. If the strategy raised, or the run was interrupted, as far as it
        came; `record.error` says so.

    Raises:
        InputError: something given cannot be used.
        LookaheadError: an indicator or condition knows the future.
        StrategyStoppedError: the strategy raised; with what happened until then.
    """
    plan = plan_of(
        Request(
            strategy=strategy,
            parameters=parameters or {},
            data=data,
            symbols=symbols,
            bar=bar,
            first=first,
            last=last,
            start=start,
            begin=begin,
            answers=FileAnswers(stamp, tz, calendar, prices, hours),
            cash=cash,
            leverage=leverage,
            account=account,
            currency=currency,
            rates=rates,
            financing=financing,
            actions=actions,
            weights=weights,
            sizing=sizing,
            commission=commission,
            slippage=slippage,
            liquidity=liquidity,
            options=options,
            hedge=hedge,
            limits=limits,
            exits=exits,
            rules=rules,
            fill=fill,
            signals=signals,
        )
    )
    if out is not None:
        run_file_of(plan)  # what no run file can name is refused before anything runs
    result = play(plan, progress)
    if out is not None:
        save(plan, result, Path(out))
    if result.record.error and result.record.error != INTERRUPTED:
        raise StrategyStoppedError(result)
    return result


def play(plan: Plan, progress: Progress | None = None) -> Result:
    """Run a plan and interpret what happened."""
    market, settings = plan.market, plan.settings
    finer = market.finer if settings.policy.intrabar == "finer" else {}
    record = run_verified(plan.strategies, market.bars, settings, plan.parameters, finer, progress)
    return interpreted(plan, record)


def interpreted(plan: Plan, record: RunRecord) -> Result:
    """What happened in a run of a plan, with its figures."""
    calendars = {series.instrument.calendar for series in plan.market.bars}
    return result_of(
        replace(record, warnings=(*plan.warnings, *record.warnings)),
        strategy=title_of(plan.strategies),
        parameters=_parameters(plan),
        settings=settings_of(plan),
        periods=max(TradingCalendar(name).periods_per_year for name in calendars),
    )


def _parameters(plan: Plan) -> list[tuple[str, str]]:
    """Names and values, of several strategies with their names in front."""
    if plan.fleet is None:
        return [(name, str(value)) for name, value in plan.parameters.items()]
    return [
        (f"{role.name}.{name}", str(value))
        for role in plan.fleet[0].roles
        for name, value in role.parameters.items()
    ]


def save(plan: Plan, result: Result, folder: Path) -> Path:
    """Write the files of a run, `run.yaml` that repeats it among them; the absolute folder.

    Raises:
        ConfigError: the folder cannot be used, or a part of the run is in no file.
    """
    text = dump(run_file_of(plan))
    provenance = Provenance(
        code=_code(plan),
        config=sha256(text.encode()).hexdigest(),
        data=plan.market.sha256,
        version=framework.__version__,
    )
    return write_run(result, folder, text, provenance)


def _code(plan: Plan) -> str:
    """The hash of the strategy's file, and of the user's own component files if there are any."""
    files = component_files(plan)
    if not files:
        return plan.found.code
    hashes = [plan.found.code, *(sha256(Path(path).read_bytes()).hexdigest() for path in files)]
    return sha256("\n".join(hashes).encode()).hexdigest()


def component_files(plan: Plan) -> list[str]:
    """Paths of the user's own component files that a plan uses."""
    settings = plan.settings
    sizers = settings.sizer.sizers if isinstance(settings.sizer, SmallestOf) else [settings.sizer]
    parts = [*sizers, settings.commission, settings.slippage, settings.liquidity]
    parts += [settings.account, settings.financing]
    parts += [] if settings.hedge is None else [settings.hedge.hedger]
    parts += [*settings.exits, *settings.rules, *settings.breakers, *settings.order_rules]
    return sorted({path for part in parts if (path := path_of(type(part))) is not None})
