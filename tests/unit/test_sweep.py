"""A sweep from Python: its rows are those of single runs, whatever runs them and wherever."""

from __future__ import annotations

import tempfile
from math import sqrt
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from framework import Strategy, run_backtest, sma, sweep
from framework.errors import ConfigError, LookaheadError, StrategyError
from framework.feeds.sample import sp500
from framework.research.curves import daily_returns, span
from framework.research.significance import deflated_sharpe
from framework.sweeps import evaluate, work
from framework.sweeps.axes import Axis, Grid
from framework.sweeps.luck import Luck
from framework.sweeps.rows import FIGURES, Row
from framework.sweeps.store import Store
from framework.sweeps.table import columns_of

SINCE = "2016-01-01"
GRID = {"fast": "5:20:5", "slow": [10, 20, 40]}


def _own(body: str, name: str = "own.py") -> None:
    Path(name).write_text(
        "from framework import Strategy, sma, crosses_above, crosses_below\n\n\n"
        f"class Own(Strategy):\n{body}",
        "utf-8",
    )


@pytest.fixture(autouse=True)
def _place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_rows_are_those_of_single_runs() -> None:
    found = sweep("sma_cross", GRID, first=SINCE, cash=50_000.0)
    table = found.table
    assert list(table["trial"]) == list(range(12))
    assert [(f, s) for f, s in zip(table["fast"], table["slow"], strict=True)] == [
        (f, s) for f in (5, 10, 15, 20) for s in (10, 20, 40)
    ]
    for _, row in table.iterrows():
        if row["fast"] >= row["slow"]:
            assert "is not shorter than" in row["reason"]
            assert row[list(FIGURES)].isna().all()
            continue
        parameters = {"fast": row["fast"], "slow": row["slow"]}
        single = run_backtest("sma_cross", parameters=parameters, first=SINCE, cash=50_000.0)
        for group in (single.summary.strategy, single.summary.activity):
            for name in group.__dataclass_fields__:
                assert row[name] == pytest.approx(getattr(group, name), nan_ok=True, rel=1e-12)
        assert row["reason"] == ""
    assert found.trials == 12
    assert found.ran == int((table["reason"] == "").sum()) == 8
    assert "is not shorter than slow=10" in found.reason


def test_what_is_not_swept_is_as_given() -> None:
    found = sweep("sma_cross", {"fast": [5]}, parameters={"slow": 40}, first=SINCE)
    single = run_backtest("sma_cross", parameters={"fast": 5, "slow": 40}, first=SINCE)
    other = run_backtest("sma_cross", parameters={"fast": 5}, first=SINCE)
    assert list(found.table["final_equity"]) == [single.summary.strategy.final_equity]
    assert other.summary.strategy.final_equity != single.summary.strategy.final_equity


def test_the_best_set_is_the_first_of_the_best() -> None:
    found = sweep("sma_cross", GRID, first=SINCE)
    table = found.table
    assert found.best is not None
    assert found.best.trial == int(table["sharpe"].idxmax())
    assert found.best.figures["sharpe"] == table["sharpe"].max()
    assert [one.figures["sharpe"] for one in found.leaders] == sorted(
        table["sharpe"].dropna(), reverse=True
    )[:5]
    again = run_backtest("sma_cross", parameters=found.best.parameters, first=SINCE)
    assert again.summary.strategy.sharpe == found.best.figures["sharpe"]


@pytest.mark.parametrize(("metric", "pick"), [("max_drawdown", "max"), ("volatility", "min")])
def test_best_is_low_where_low_is_good(metric: str, pick: str) -> None:
    found = sweep("sma_cross", GRID, first=SINCE, metric=metric)
    assert found.best is not None
    assert found.best.figures[metric] == getattr(found.table[metric], pick)()


def test_equals_are_won_by_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    def rows(plan: object, sets: list[dict[str, int]], total: int) -> list[Row]:
        return [Row((one["slow"] % 3,) * len(FIGURES), (9.0, 0.0, 3.0)) for one in sets]

    monkeypatch.setattr(work, "evaluate", rows)
    found = sweep("sma_cross", {"slow": "30:329:1"}, first=SINCE, top=200)
    assert [one.trial for one in found.leaders] == [*range(2, 300, 3), *range(1, 300, 3)]


def test_a_sweep_that_fails_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(Path.cwd()))
    monkeypatch.setattr(tempfile, "tempdir", None)
    with pytest.raises(StrategyError):
        sweep("sma_cross", {"fast": [200, 300]}, first=SINCE)
    assert list(Path().iterdir()) == []


def test_the_deflated_sharpe_ratio_counts_the_sweep_s_own_trials() -> None:
    found = sweep("sma_cross", GRID, first=SINCE)
    table = found.table
    ran = table[table["reason"] == ""]
    for _, row in ran.iterrows():
        parameters = {"fast": int(row["fast"]), "slow": int(row["slow"])}
        record = run_backtest("sma_cross", parameters=parameters, first=SINCE).record
        returns = pd.Series(daily_returns(record, record.equity[span(record)])).dropna()
        deviation = returns.std(ddof=0)
        assert row["observations"] == len(returns)
        assert row["skewness"] == pytest.approx(
            ((returns - returns.mean()) ** 3).mean() / deviation**3
        )
        assert row["kurtosis"] == pytest.approx(
            ((returns - returns.mean()) ** 4).mean() / deviation**4
        )
        assert row["deflated_sharpe"] == pytest.approx(
            deflated_sharpe(
                row["sharpe"] / sqrt(252.0),
                trials=8,
                variance=float(ran["sharpe"].var(ddof=1)) / 252.0,
                observations=row["observations"],
                skew=row["skewness"],
                kurtosis=row["kurtosis"],
            )
        )
    assert found.luck.trials == 8
    assert "the best of 8 sets" in found.verdict
    assert f"{found.luck.expected:.2f}" in found.verdict


def test_the_published_example_of_a_deflated_sharpe_ratio() -> None:
    """Bailey and Lopez de Prado (2014), numerical example: annual 2.5 over 1,250 days, 100 trials
    of variance 1/2, skewness -3, kurtosis 10: expected maximum 0.1132 a day, deflated 0.9004."""
    figures = tuple(2.5 if name == "sharpe" else 0 for name in FIGURES)
    columns = columns_of(Grid((Axis("a", (1,)),)))
    rows = columns.table(0, [0], [Row(figures, (1250.0, -3.0, 10.0))])
    luck = Luck(trials=100, variance=0.5 / 250.0, periods=250.0)
    assert luck.expected / sqrt(250.0) == pytest.approx(0.1132, abs=5e-5)
    assert luck.deflated(rows)[0] == pytest.approx(0.9004, abs=5e-5)


# the same bytes -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "search",
    [{}, {"random": 6, "seed": 3}, {"bayes": 8, "seed": 3}],
    ids=["grid", "random", "bayes"],
)
def test_the_table_is_the_same_whatever_the_number_of_jobs(search: dict[str, int]) -> None:
    tables = [
        sweep("sma_cross", GRID, first=SINCE, jobs=jobs, out=f"out{jobs}", **search).path  # type: ignore[arg-type]
        for jobs in (1, 2)
    ]
    assert tables[0].read_bytes() == tables[1].read_bytes()
    assert len(pd.read_parquet(tables[0])) == search.get("random", search.get("bayes", 12))


def test_a_class_without_a_file_runs_in_other_processes() -> None:
    class Local(Strategy):
        """Long above its average."""

        length: int = 5

        def setup(self) -> None:
            self.when(self.data.close > self.indicator(sma, self.length), self.go_long)

    bars = sp500().take(0, 300)
    found = [sweep(Local, {"length": [5, 10, 20, 40]}, data=bars, jobs=jobs) for jobs in (1, 2)]
    pd.testing.assert_frame_equal(found[0].table, found[1].table)
    assert found[0].ran == 4


PARTS = """from dataclasses import dataclass


@dataclass(frozen=True)
class Flat:
    fee_paid: float = 1.0

    def fee(self, instrument, quantity, notional, month_quantity, day):
        return self.fee_paid
"""


def test_the_user_s_own_files_travel_to_other_processes() -> None:
    Path("parts.py").write_text(PARTS, "utf-8")
    _own(
        "    length: int = 5\n\n    def setup(self):\n"
        "        self.when(self.data.close > self.indicator(sma, self.length), self.go_long)\n"
        "        self.when(self.data.close < self.indicator(sma, self.length), self.close)\n"
    )
    found = [
        sweep(
            "own.py", {"length": "5:30:5"}, first=SINCE, jobs=jobs,
            commission="parts.py:Flat:fee_paid=3",
        )
        for jobs in (1, 2)
    ]  # fmt: skip
    pd.testing.assert_frame_equal(found[0].table, found[1].table)
    table = found[0].table
    assert (table["commission"] >= 6.0 * table["trades"]).all()


def test_a_strategy_of_backtrader_is_swept_too() -> None:
    Path("theirs.py").write_text(
        "import backtrader as bt\n\n\n"
        "class Cross(bt.Strategy):\n"
        "    params = (('fast', 10), ('slow', 30))\n\n"
        "    def __init__(self):\n"
        "        fast = bt.ind.SMA(period=self.p.fast)\n"
        "        self.cross = bt.ind.CrossOver(fast, bt.ind.SMA(period=self.p.slow))\n\n"
        "    def next(self):\n"
        "        if not self.position and self.cross > 0:\n"
        "            self.buy(size=10)\n"
        "        elif self.position and self.cross < 0:\n"
        "            self.close()\n",
        "utf-8",
    )
    found = [sweep("theirs.py", {"fast": [5, 10, 15]}, first=SINCE, jobs=jobs) for jobs in (1, 2)]
    pd.testing.assert_frame_equal(found[0].table, found[1].table)
    assert found[0].ran == 3
    assert (found[0].table["trades"] > 0).all()


# what does not run ------------------------------------------------------------------------------


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_peek_ahead_ends_the_sweep(jobs: int) -> None:
    _own(
        "    shift: int = 0\n\n    def setup(self):\n"
        "        import numpy as np\n"
        "        peek = lambda close, n: np.append(close[int(n):], [close[-1]] * int(n))\n"
        "        self.when(self.indicator(peek, self.shift) > self.data.close, self.go_long)\n"
    )
    with pytest.raises(LookaheadError, match="looks ahead"):
        sweep("own.py", {"shift": [0, 0 + 1, 2, 3]}, first=SINCE, jobs=jobs)


REFUSALS = {
    "a constructor": (
        "    def __init__(self, parameters=None):\n"
        "        super().__init__(parameters)\n"
        "        if self.n == 2:\n            raise ValueError('two is one too many')\n",
        "ValueError: two is one too many",
    ),
    "setup": (
        "    def setup(self):\n        1 / (self.n - 2)\n",
        "own.py, line 8, `1 / (self.n - 2)`: ZeroDivisionError: division by zero",
    ),
    "a bar": (
        "    def on_bar(self):\n        1 / (self.n - 2)\n",
        "stopped: own.py, line 8, `1 / (self.n - 2)`: ZeroDivisionError: division by zero",
    ),
}


@pytest.mark.parametrize("where", REFUSALS)
def test_a_set_that_cannot_run_is_a_row_with_the_reason(where: str) -> None:
    body, said = REFUSALS[where]
    _own("    n: int = 1\n\n" + body)
    table = sweep("own.py", {"n": [1, 2, 3]}, first=SINCE).table
    assert list(table["reason"])[::2] == ["", ""]
    assert said in table["reason"][1]
    assert table["sharpe"].isna()[1]


def test_ctrl_c_in_the_middle_of_a_run_ends_the_sweep() -> None:
    _own("    n: int = 1\n\n    def on_bar(self):\n        raise KeyboardInterrupt\n")
    with pytest.raises(KeyboardInterrupt):
        sweep("own.py", {"n": [1, 2]}, first=SINCE)


def test_a_defect_is_no_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: object) -> None:
        raise ValueError("ours")

    monkeypatch.setattr(evaluate.ManyRuns, "run", broken)
    with pytest.raises(ValueError, match="ours"):
        sweep("sma_cross", GRID, first=SINCE)


def test_a_sweep_of_which_nothing_runs_says_why() -> None:
    with pytest.raises(StrategyError, match=r"None of the 2 sets.*fast=200 is not shorter"):
        sweep("sma_cross", {"fast": [200, 300]}, first=SINCE)


def test_without_the_metric_there_is_no_best() -> None:
    found = sweep("sma_cross", {"slow": [600, 700]}, last="2000-06-01", metric="win_rate")
    assert found.ran == 2
    assert found.best is None
    assert found.verdict == ""


BAD = [
    ({"metric": "sharp"}, "Did you mean 'sharpe'?"),
    ({"metric": "deflated_sharpe", "bayes": 3}, "no metric 'deflated_sharpe'"),
    ({"random": 2, "bayes": 2}, "Give one of them"),
    ({"bayes": 0}, "--bayes is 0"),
    ({"jobs": 0}, "--jobs is 0"),
    ({"top": 0}, "--top is 0"),
    ({"backend": "spark"}, "no backend 'spark'"),
    ({"backend": "dask"}, "no scheduler"),
    ({"scheduler": "tcp://127.0.0.1:1"}, "Add --backend dask"),
    ({"train": "2000-01-01:"}, "--train without --test"),
    ({"test": "2000-01-01:"}, "--test without --train"),
    ({"train": ":2016-12-31", "test": "2016-06-01:"}, "share days"),
    ({"train": ":2016-12-31", "test": ":"}, "Write --test FROM:TO"),
    ({"train": "2017-01-01:2016-12-31", "test": "2018-01-01:"}, "ends before it begins"),
    ({"train": ":2016-13-31", "test": "2018-01-01:"}, "not a date"),
    ({"train": ":2016-12-31", "test": "2017-01-01:", "start": "2016-06-01"}, "Leave --start out"),
    ({"train": ":2016-12-31", "test": "2017-01-01:", "last": "2017-06-01"}, "Leave --to out"),
    ({"most": 11}, "The sweep has 12 runs, about .* with 1 job"),
]


@pytest.mark.parametrize(("given", "said"), BAD)
def test_what_makes_no_sense_is_refused(given: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        sweep("sma_cross", GRID, first=SINCE, **given)  # type: ignore[arg-type]


# other days -------------------------------------------------------------------------------------


def test_the_best_sets_are_tried_on_days_the_search_did_not_see() -> None:
    found = sweep(
        "sma_cross", GRID, first="2014-01-01", train="2015-01-01:2016-12-31", test="2017-01-01:",
        top=3, out="out",
    )  # fmt: skip
    tested = found.out_of_sample
    assert tested is not None
    assert len(tested) == 3
    for leader, (_, row) in zip(found.leaders, tested.iterrows(), strict=True):
        for days, given in (
            ("train", {"start": "2015-01-01", "last": "2016-12-31"}),
            ("test", {"start": "2017-01-01", "last": None}),
        ):
            single = run_backtest(
                "sma_cross", parameters=leader.parameters, first="2014-01-01", **given
            )
            assert row[f"{days}_sharpe"] == single.summary.strategy.sharpe
            assert row[f"{days}_trades"] == single.summary.activity.trades
        assert {"fast": row["fast"], "slow": row["slow"]} == leader.parameters
    assert any("Judge by the test days" in text for text in found.warnings)
    written = pd.read_csv("out/out_of_sample.csv")
    np.testing.assert_allclose(written["test_sharpe"], tested["test_sharpe"], rtol=1e-12)


# memory and columns ------------------------------------------------------------------------------


def test_a_parameter_with_the_name_of_a_figure_keeps_its_own_column() -> None:
    _own("    volatility: float = 1.0\n    mode: str = 'a'\n    loud: bool = False\n")
    found = sweep(
        "own.py",
        {"volatility": "0.5,1", "mode": "a,b", "loud": "true,false"},
        first=SINCE, metric="final_equity",
    )  # fmt: skip
    table = found.table
    assert list(table["volatility_"]) == [0.5] * 4 + [1.0] * 4
    assert list(table["mode"]) == ["a", "a", "b", "b"] * 2
    assert list(table["loud"]) == [True, False] * 4
    assert found.best is not None
    assert found.best.parameters == {"volatility": 0.5, "mode": "a", "loud": True}


def test_the_table_goes_with_the_result() -> None:
    found = sweep("sma_cross", GRID, first=SINCE)
    path = found.path
    assert path.exists()
    del found
    assert not path.parent.exists()


def test_few_rows_wait_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """However long a sweep is, rows are written as they come."""
    waiting: list[int] = []
    add = Store.add

    def noting(self: Store, done: object) -> None:
        add(self, done)  # type: ignore[arg-type]
        waiting.append(self._count)

    monkeypatch.setattr(Store, "add", noting)
    monkeypatch.setattr("framework.sweeps.store._MOST", 3)
    monkeypatch.setattr("framework.sweeps.store._GROUP", 5)
    found = sweep("sma_cross", GRID, first=SINCE, out="out")
    assert max(waiting) < 3
    assert len(found.table) == 12


def test_progress_is_told_of_every_batch() -> None:
    told: list[tuple[int, int]] = []
    sweep("sma_cross", GRID, first=SINCE, progress=lambda done, total: told.append((done, total)))
    assert told[0] == (0, 12)
    assert told[1] == (1, 12)
    assert told[-1] == (12, 12)
    assert told == sorted(told)
