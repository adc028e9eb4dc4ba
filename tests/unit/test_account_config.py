"""Account, currency, financing and actions, from flags and run files to the run and back."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from framework.calendar import day_text
from framework.cli.app import app
from framework.components.financing import IbkrFinancing, NoFinancing
from framework.components.margin import CashAccount, Leverage, RegT
from framework.config.plan import Plan, plan_of, run_file_of
from framework.config.request import Request, request_of
from framework.config.runfile import dump, validate
from framework.domain.actions import Dividend
from framework.domain.currency import Rates
from framework.domain.events import CashFlowKind
from framework.errors import ConfigError, DataError, InputError
from framework.ports import MarginModel
from framework.research.backtest import run_backtest
from tests.builders import day_number

STRATEGY = """
from framework import Strategy

class Hold(Strategy):
    def on_bar(self):
        if self.position.is_flat:
            self.go_long()
"""


def write_bars(path: Path, closes: list[float], first: int = 0) -> None:
    rows = [
        f"{day_text(day_number(first + i))},{close},{close},{close},{close},1000"
        for i, close in enumerate(closes)
    ]
    path.write_text("Date,Open,High,Low,Close,Volume\n" + "\n".join(rows) + "\n")


@pytest.fixture(autouse=True)
def _place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("hold.py").write_text(STRATEGY)
    Path("bars").mkdir()
    Path("data").mkdir()
    write_bars(Path("bars/AAA.csv"), [100.0] * 30)
    Path("data/instruments.yaml").write_text(
        "SAP: {currency: EUR}\n'EUR.USD': {type: forex, calendar: 24/5}\n"
    )
    Path("actions.csv").write_text(
        f"symbol,date,kind,value\nAAA,{day_text(day_number(5))},dividend,1\n"
    )


def plan(text: str = "") -> Plan:
    """The plan of a run file with these lines."""
    content = {"strategy": "hold.py", "data": "bars", **(yaml.safe_load(text) or {})}
    if isinstance(content["data"], str):
        content["data"] = {"path": content["data"], "prices": "raw", "calendar": "XNYS"}
    return plan_of(request_of(validate(content)))


def again(first: Plan) -> Plan:
    """The plan of the run file that repeats a plan."""
    return plan_of(request_of(validate(yaml.safe_load(dump(run_file_of(first))))))


@pytest.mark.parametrize(
    ("text", "margin"),
    [
        ("", Leverage(1.0)),
        ("leverage: 3", Leverage(3.0)),
        ("account: cash", CashAccount()),
        ("account: reg_t", RegT()),
        ("account: 'reg_t:100,40'", RegT(100.0, 40.0)),
        ("account: 'leverage:4'", Leverage(4.0)),
        ("account: {name: leverage, times: 4, maintenance_percent: 20}", Leverage(4.0, 20.0)),
    ],
)
def test_accounts(text: str, margin: MarginModel) -> None:
    first = plan(text)
    assert first.settings.margin == margin
    assert again(first).settings.margin == margin


def test_financing_and_actions() -> None:
    Path("terms.yaml").write_text("symbols: {AAA: {fee: 9}}\n")
    first = plan("financing: 'rates:4.33,file=terms.yaml'\nactions: actions.csv")
    assert first.settings.financing == IbkrFinancing(4.33, file="terms.yaml")
    assert first.settings.actions == (Dividend("AAA", day_number(5), 1.0),)
    second = again(first)
    assert second.settings.financing == first.settings.financing
    assert second.settings.actions == first.settings.actions
    assert plan().settings.financing == NoFinancing()
    Path("actions.csv").write_text(
        f"symbol,date,kind,value\nAAA,{day_text(day_number(5))},dividend,2\n"
    )
    with pytest.raises(DataError, match=r"actions of actions.csv are not those.*sha256"):
        again(first)


def test_constant_rates() -> None:
    write_bars(Path("bars/SAP.csv"), [50.0] * 30)
    first = plan("currency: usd\nrates: EUR=1.25, GBP=1.3")
    assert first.settings.rates is not None
    assert first.settings.rates.base == "USD"
    assert first.settings.rates.rate("EUR", 0) == 1.25
    second = again(first).settings.rates
    assert second is not None
    assert second.rate("GBP", 0) == 1.3


def test_rates_from_a_file_of_a_pair() -> None:
    write_bars(Path("bars/SAP.csv"), [50.0] * 30)
    Path("fx").mkdir()
    write_bars(Path("fx/EUR.USD.csv"), [1.0 + i / 100 for i in range(32)], first=-2)
    first = plan("currency: USD\nrates: fx")
    rates = first.settings.rates
    assert rates is not None
    last = int(first.market.bars[0].close_time[-1])
    # the pair's day ends after New York's close: the day before is what is known
    assert rates.rate("EUR", last) == pytest.approx(1.30)
    assert again(first).rates_sha256 == first.rates_sha256
    write_bars(Path("fx/EUR.USD.csv"), [1.5] * 32, first=-2)
    with pytest.raises(DataError, match=r"exchange rates of fx are not those.*rates"):
        again(first)


def test_a_pair_among_the_symbols_gives_its_rate() -> None:
    write_bars(Path("bars/EUR.USD.csv"), [1.1] * 30)
    found = plan("currency: EUR\ndata: {path: bars, prices: raw, symbols: [EUR.USD]}").settings
    assert found.rates is not None
    assert found.rates.rate("USD", 2**62) == pytest.approx(1 / 1.1)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("account: regt", r"no account component 'regt'.*'reg_t'"),
        ("account: 'leverage:0.5'", "Leverage: times is 0.5"),
        ("account: reg_t\nleverage: 2", "an account and a leverage of 2"),
        ("financing: ibkr", r"no financing component 'ibkr'.*rates"),
        ("financing: 'rates:file=none.yaml'", "none.yaml cannot be read"),
        ("actions: none.csv", "none.csv cannot be read"),
        ("actions: {file: none.csv}", "no key 'file' in actions"),
        ("rates: EUR=1.1", "exchange rates and no currency.*--currency"),
        ("currency: USD\nrates: EUR=0", "rate of EUR is 0"),
        ("currency: USD\nrates: EUR=much", "rates"),
        ("currency: USD\nrates: {path: fx, constant: {EUR: 1}}", "a path and constants"),
        ("currency: USD\nrates: nowhere", "nowhere"),
        ("account: cash\nfill: backtesting_py", "checks cash at the fill knows no margin rules"),
    ],
)
def test_mistakes(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        plan(text)


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({"actions": (Dividend("AAA", 5, 1.0),)}, "actions are in no file"),
        ({"currency": "USD", "rates": Rates("USD")}, "exchange rates are in no file"),
    ],
)
def test_what_is_in_no_file_has_no_run_file(request_: dict[str, object], message: str) -> None:
    made = plan_of(Request("hold.py", data="bars", **request_))  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match=message):
        run_file_of(made)


def test_the_flags() -> None:
    write_bars(Path("bars/SAP.csv"), [50.0] * 30)
    line = (
        "run hold.py --data bars --prices raw --calendar XNYS --account reg_t --currency USD "
        "--rates EUR=1.25 --financing rates:5 --actions actions.csv --sizing percent:180 "
        "--rules none --out run"
    )
    done = CliRunner().invoke(app, line.split(), env={"COLUMNS": "100"})
    assert done.exit_code == 0, done.output
    text = " ".join(done.output.split())
    for shown in (
        "Account reg_t(initial_percent=50",
        "Currency USD, rates of EUR",
        "Actions 1 dividends and splits",
        "Financing rates(benchmark=5",
        "Dividends, interest and margin Dividend 9",
        "Interest -",
    ):
        assert shown in text, shown
    content = yaml.safe_load(Path("run/run.yaml").read_text())
    assert content["account"]["name"] == "reg_t"
    assert content["rates"]["constant"] == {"EUR": 1.25}
    assert content["actions"]["path"] == "actions.csv"
    same = CliRunner().invoke(app, ["run", "--config", "run/run.yaml", "--out", "again"])
    assert same.exit_code == 0, same.output
    for name in ("summary.json", "flows.csv", "trades.csv", "equity.csv"):
        assert Path("run", name).read_text() == Path("again", name).read_text(), name


def test_from_python() -> None:
    found = run_backtest(
        "hold.py",
        data="bars",
        prices="raw",
        calendar="XNYS",
        account=RegT(),
        financing="rates:5",
        actions=[Dividend("AAA", day_number(5), 1.0)],
        sizing="percent:150",
    )
    kinds = [flow.kind for flow in found.record.flows]
    assert kinds.count(CashFlowKind.DIVIDEND) == 1
    assert CashFlowKind.INTEREST in kinds
