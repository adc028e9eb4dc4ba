"""A sweep in one call: strategy, values and data in, a table and its best sets out."""

from __future__ import annotations

__all__ = ["finished", "sweep"]

import shutil
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from tempfile import mkdtemp
from typing import Literal
from weakref import finalize

from framework.brokers.simulated.policy import FillPolicy
from framework.config.account import ActionsSource, RatesSource
from framework.config.market import DataSource
from framework.config.options import HedgeSource, OptionsSource
from framework.config.parts import Many, Spec
from framework.config.request import Request
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
from framework.research.warmup import warm_for
from framework.sweeps.evaluate import periods_of
from framework.sweeps.picture import PICTURE, save_picture
from framework.sweeps.request import Ready, SweepRequest, ready_of
from framework.sweeps.result import SweepResult, result_in
from framework.sweeps.runner import run_search
from framework.sweeps.store import open_store
from framework.sweeps.unseen import LABEL, UNSEEN, out_of_sample
from framework.sweeps.work import Work


def sweep(
    strategy: type[object] | str,
    grid: Mapping[str, str | Sequence[object]],
    *,
    metric: str = "sharpe",
    random: int | None = None,
    bayes: int | None = None,
    seed: int = 0,
    train: str | None = None,
    test: str | None = None,
    top: int = 5,
    most: int = 100_000,
    jobs: int = 1,
    backend: Literal["local", "dask"] = "local",
    scheduler: str | None = None,
    parameters: Mapping[str, object] | None = None,
    data: DataSource | None = None,
    symbols: Sequence[str] | None = None,
    bar: str | None = None,
    first: str | None = None,
    last: str | None = None,
    start: str | None = None,
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
    fresh: bool = False,
    progress: Progress | None = None,
) -> SweepResult:
    """Backtest a strategy with many sets of parameters.

    Everything that is not described here is as in `run_backtest`.

    Args:
        strategy: a class, a name in strategies/, or "path/to/file.py".
        grid: by parameter, the values it takes: a list, a range, an array, or text such as
            "5:50:5" (the last included) or "a,b,c".
        metric: what the best set is best in: any figure of a run, or "deflated_sharpe".
        random: run this many different sets of the grid, drawn by `seed`.
        bayes: run this many, chosen by what earlier ones came to, with optuna.
        seed: of the two.
        train, test: "FROM:TO": days the search may see, and days the best sets are tried on.
        top: how many of the best sets are wanted.
        most: a sweep of more runs is refused.
        jobs: processes.
        backend: "dask" runs on the workers of `scheduler`.
        scheduler: such as "tcp://10.0.0.1:8786".
        parameters: those that are not swept.
        out: folder for the table; the same call goes on where an earlier one was stopped. Without
            it the table lives as long as the result.
        fresh: throw away what another sweep left in `out`.
        progress: told how many sets are done.

    Returns:
        The table, the best sets and what they are worth. It is the same whatever `jobs` and
        `backend` are.

    Raises:
        InputError: something given cannot be used, or no set of parameters runs.
        LookaheadError: an indicator or condition knows the future.
    """
    request = Request(
        strategy=strategy,
        parameters=parameters or {},
        data=data,
        symbols=symbols,
        bar=bar,
        first=first,
        last=last,
        start=start,
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
    ready = ready_of(
        SweepRequest(
            request=request,
            grid=grid,
            metric=metric,
            random=random,
            bayes=bayes,
            seed=seed,
            train=train,
            test=test,
            top=top,
            most=most,
            jobs=jobs,
            backend=backend,
            scheduler=scheduler,
        )
    )
    if out is not None:
        return finished(ready, Path(out), fresh, progress)
    folder = Path(mkdtemp(prefix="slipway-sweep-"))
    with ExitStack() as unless_done:
        unless_done.callback(shutil.rmtree, folder, True)
        result = _swept(ready, folder, fresh, progress)
        unless_done.pop_all()
    finalize(result, shutil.rmtree, folder, True)
    return result


def finished(
    ready: Ready, folder: Path, fresh: bool = False, progress: Progress | None = None
) -> SweepResult:
    """Run what is missing of a sweep in a folder, and write its table and picture.

    Raises:
        InputError: the folder cannot be used, or no set of parameters runs.
        LookaheadError: an indicator or condition knows the future.
    """
    result = _swept(ready, folder, fresh, progress)
    save_picture(result, result.folder / PICTURE)
    if result.out_of_sample is not None:
        result.out_of_sample.to_csv(result.folder / UNSEEN, index=False, lineterminator="\n")
    return result


def _swept(ready: Ready, folder: Path, fresh: bool, progress: Progress | None) -> SweepResult:
    plan, asked = ready.plan, ready.asked
    store = open_store(folder, ready.identity, ready.columns, fresh)
    warm_for(ready.search.total * sum(len(series) for series in plan.market.bars))
    work = Work(plan, ready.grid)
    run_search(work, ready.search, store, ready.hosts, metric=asked.metric, progress=progress)
    result = result_in(
        store.folder,
        ready.columns,
        strategy=plan.found.cls.__name__,
        metric=asked.metric,
        periods=periods_of(plan),
        top=asked.top,
        warnings=plan.warnings,
    )
    if result.ran == 0:
        raise StrategyError(
            f"None of the {result.trials:,} sets of parameters runs; the commonest reason is: "
            f"{result.reason.rstrip('.')}.",
            "Sweep other values.",
        )
    if ready.unseen is None or ready.days is None:
        return result
    train, test = ready.days
    return replace(
        result,
        train=str(train),
        test=str(test),
        out_of_sample=out_of_sample(ready.unseen, result.leaders),
        warnings=(*result.warnings, LABEL),
    )
