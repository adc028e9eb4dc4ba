"""Bad input: one clear sentence with the remedy, the right exit code, and nothing half-written."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from framework.cli.app import app

HEADER = "Date,Open,High,Low,Close,Volume\n"
GOOD = "2024-01-02,10,11,9,10,100\n2024-01-03,10,11,9,10,100\n2024-01-04,10,11,9,10,100\n"
STRATEGIES = {
    "two.py": "class A(Strategy): pass\nclass B(Strategy): pass\n",
    "none.py": "x = 1\n",
    "imports.py": "import no_such_module\n",
    "syntax.py": "class A(Strategy)\n    pass\n",
    "exits.py": "import sys\nsys.exit(3)\n",
    "untyped.py": "class A(Strategy):\n    n: int\n",
    "setup.py": "class A(Strategy):\n    def setup(self):\n        self.oops\n",
    "peek.py": (
        "import numpy as np\n"
        "def peek(x):\n    return np.append(x[1:], x[-1])\n"
        "class A(Strategy):\n    def setup(self):\n"
        "        self.when(self.indicator(peek) > self.data.close, self.go_long)\n"
    ),
    "centred.py": (
        "import numpy as np\n"
        "def centred(x):\n    return np.convolve(x, np.ones(5) / 5, mode='same')\n"
        "class A(Strategy):\n    def setup(self):\n"
        "        self.when(self.indicator(centred) > self.data.close, self.go_long)\n"
    ),
    "listens.py": "class A(Strategy):\n    def on_signal(self, signal):\n        pass\n",
    "rotation.py": "class A(Strategy):\n    universe = True\n",
}


@pytest.fixture(autouse=True)
def _place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bars.csv").write_text(HEADER + GOOD)
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "note.md").write_text("mine")
    (tmp_path / "signals.csv").write_text("time,symbol,action\n2010-01-04,SPX,BUY\n")
    for name, code in STRATEGIES.items():
        (tmp_path / name).write_text(f"from framework import Strategy\n{code}")


def _refused(arguments: list[str], code: int, *words: str) -> None:
    before = sorted(path.name for path in Path().rglob("*") if "__pycache__" not in path.parts)
    result = CliRunner().invoke(app, ["run", *arguments])
    after = sorted(path.name for path in Path().rglob("*") if "__pycache__" not in path.parts)
    text = " ".join(result.output.replace("│", " ").split())
    assert result.exit_code == code, text
    for word in words:
        assert word in text, text
    assert "Traceback" not in text
    assert after == before


ROWS = {
    "empty": ("", "X.csv is empty", "Give a file with bars"),
    "header only": (HEADER, "X.csv", "no bars"),
    "unsorted": (
        HEADER + "".join(reversed(GOOD.splitlines(keepends=True))),
        "X.csv, line 3", "is before the row above", "oldest first",
    ),
    "duplicate": (
        HEADER + GOOD + "2024-01-04,10,11,9,10,100\n",
        "X.csv, line 5", "2024-01-04", "there twice", "Remove one",
    ),
    "NaN": (HEADER + GOOD + "2024-01-05,10,11,NaN,10,1\n", "line 5: low is blank or NaN", "Repair"),
    "high below low": (
        HEADER + GOOD + "2024-01-05,10,8,9,10,1\n", "line 5: high 8 is below low 9", "Repair"
    ),
    "negative price": (
        HEADER + GOOD + "2024-01-05,10,11,-9,10,1\n", "line 5: low is -9, not above 0", "Repair"
    ),
    "close outside": (HEADER + GOOD + "2024-01-05,10,11,9,12,1\n", "line 5: close 12 is outside"),
    "no number": (HEADER + GOOD + "2024-01-05,ten,11,9,10,1\n", "line 5: open is 'ten'", "number"),
    "mixed zones": (
        HEADER + "2024-01-02 10:00+00:00,10,11,9,10,1\n2024-01-02 11:00,10,11,9,10,1\n",
        "X.csv", "line",
    ),
    "no session": (HEADER + GOOD + "2024-01-06,10,11,9,10,1\n", "line 5: 2024-01-06 is not a sess"),
}  # fmt: skip


@pytest.mark.parametrize("case", ROWS)
def test_broken_files_name_the_row(case: str) -> None:
    content, *words = ROWS[case]
    Path("X.csv").write_text(content)
    _refused(["sma_cross", "--data", "X.csv", "--calendar", "XNYS"], 2, *words)


ARGUMENTS: dict[str, tuple[str, tuple[str, ...]]] = {
    "no strategy": ("", ("No strategy is named", "slipway strategies")),
    "unknown strategy": ("smacross", ("'smacross'", "Did you mean 'sma_cross'?")),
    "strategy with .py": ("sma_cross.py", ("no file sma_cross.py", "Did you mean 'sma_cross'?")),
    "strategy file missing": ("folder/x.py", ("no file folder/x.py", "slipway strategies")),
    "strategy is a folder": ("folder", ("is a folder", "Name a file")),
    "strategy is no Python": ("bars.csv", ("no Python file", ".py")),
    "two strategies": ("two.py", ("2 strategies: A, B", "two:A")),
    "unknown class": ("two.py:C", ("no strategy 'C'", "Known: A, B")),
    "file without one": ("none.py", ("holds no strategy", "derives from Strategy")),
    "import error": ("imports.py", ("line 2, `import no_such_module`", "Correct the file")),
    "syntax error": ("syntax.py", ("line 2, `class A(Strategy)`", "SyntaxError")),
    "exit at import": ("exits.py", ("line 3, `sys.exit(3)`", "SystemExit")),
    "untyped default": ("untyped.py", ("A.n has a type but no default", "Write n: int")),
    "raises in setup": ("setup.py", ("setup.py, line 4, `self.oops`", "AttributeError")),
    "unknown parameter": ("sma_cross --set fats=1", ("'fats'", "Did you mean 'fast'?")),
    "wrong type": ("sma_cross --set fast=x", ("fast='x'", "Give fast as int")),
    "set without =": ("sma_cross --set fast", ("--set 'fast'", "--set name=value")),
    "set twice": ("sma_cross --set fast=1 --set fast=2", ("--set fast is given twice",)),
    "zero cash": ("sma_cross --cash 0", ("Cash is 0", "above 0 with --cash")),
    "negative cash": ("sma_cross --cash -5", ("Cash is -5", "above 0 with --cash")),
    "NaN cash": ("sma_cross --cash nan", ("Cash is nan", "above 0 with --cash")),
    "worded cash": ("sma_cross --cash much", ("--cash", "number")),
    "leverage": ("sma_cross --leverage 0.5", ("Leverage is 0.5", "1 or more")),
    "unknown symbol": ("sma_cross --symbols SPX", ("'SPX'", "Known: SP500")),
    "symbol twice": ("sma_cross --symbols SP500,SP500", ("SP500 is given twice",)),
    "empty symbol": ("sma_cross --symbols SP500,", ("symbol is empty", "--symbols")),
    "missing file": ("sma_cross --data no.csv", ("no file or folder no.csv", "--data")),
    "misspelt file": ("sma_cross --data barz.csv", ("barz.csv", "Did you mean 'bars.csv'?")),
    "misspelt sample": ("sma_cross --data sp50", ("'sp50'", "Did you mean 'sp500'?")),
    "folder of nothing": ("sma_cross --data folder", ("no file of bars", "one file per symbol")),
    "open question": ("sma_cross --data bars.csv", ("does not say", "--calendar NAME")),
    "bar length": ("sma_cross --bar 1x", ("'1x'", "5m")),
    "shorter bar": ("sma_cross --bar 5m", ("bars of 1d; 5m is shorter", "--bar")),
    "from": ("sma_cross --from soon", ("--from is 'soon'", "2024-01-31")),
    "to": ("sma_cross --to 2010-02-31", ("--to is '2010-02-31'", "2024-01-31")),
    "start": ("sma_cross --start now", ("--start is 'now'", "2024-01-31")),
    "from after to": ("sma_cross --from 2010-01-01 --to 2009-01-01", ("is after --to", "Swap")),
    "empty range": ("sma_cross --from 2030-01-01", ("no bars in the range", "Change --from")),
    "start too late": ("sma_cross --start 2030-01-01", ("after the last bar", "Start earlier")),
    "stamp": ("sma_cross --stamp opne", ("--stamp is 'opne'", "Did you mean 'open'?")),
    "prices": ("sma_cross --prices splt", ("--prices is 'splt'", "Did you mean 'split'?")),
    "calendar": ("sma_cross --data bars.csv --calendar XNYZ", ("'XNYZ'", "Did you mean")),
    "answer for a sample": ("sma_cross --calendar CMES", ("XNYS, not CMES", "Leave --calendar")),
    "sizing": ("sma_cross --sizing rsik:1", ("'rsik'", "Did you mean 'risk'?")),
    "sizing value": ("sma_cross --sizing risk:x", ("percent is 'x'", "Give a number")),
    "zero quantity": ("sma_cross --sizing shares:0", ("count is 0", "above 0")),
    "limit": ("sma_cross --limit max_drwdown:3", ("'max_drwdown'", "'max_drawdown'?")),
    "exit": ("sma_cross --exit stop_pct:3", ("'stop_pct'", "stop_percent")),
    "commission": ("sma_cross --commission ibkr_fxed", ("Did you mean 'ibkr_fixed'?",)),
    "slippage": ("sma_cross --slippage percnt:1", ("Did you mean 'percent'?",)),
    "component parameter": ("sma_cross --sizing risk:prcent=1", ("Did you mean 'percent'?",)),
    "own component": ("sma_cross --sizing no.py:X", ("no file no.py", "Check the path")),
    "fill policy": ("sma_cross --fill backtesting", ("Did you mean 'backtesting_py'?",)),
    "fill axis": ("sma_cross --fill intrabr=path", ("Did you mean 'intrabar'?",)),
    "fill value": ("sma_cross --fill intrabar=pth", ("Did you mean 'path'?",)),
    "fill twice": ("sma_cross --fill queue=submission --fill queue=submission", ("twice",)),
    "no finer bars": ("sma_cross --fill intrabar=finer", ("there are none", "--bar")),
    "weights": ("sma_cross --weights SP500", ("'SP500'", "AAPL=0.6")),
    "weights twice": ("sma_cross --weights SP500=.1,SP500=.1", ("SP500 twice",)),
    "weights too large": ("sma_cross --weights SP500=2", ("together 2", "at most 1")),
    "weights of others": ("sma_cross --weights SPX=1", ("'SPX', which is not traded", "SP500")),
    "weights missing": (
        "sma_cross --data synthetic-universe --weights SYN_A=1", ("no weight for SYN_B",)
    ),
    "weights of a rotation": ("rotation.py --weights SP500=1", ("divides the account itself",)),
    "signals": ("listens.py --signals no.csv", ("no file no.csv", "--signals")),
    "signals folder": ("listens.py --signals folder", ("no file folder", "--signals")),
    "signals of a session": (
        "listens.py --paper --symbols SPY --signals no.csv",
        ("no file no.csv", "time,symbol,action,confidence"),
    ),
    "deaf in a session": (
        "sma_cross --paper --symbols SPY --signals signals.csv",
        ("SmaCross has no on_signal", "leave --signals out"),
    ),
    "signals of others": ("listens.py --signals signals.csv", ("SPX, which is not traded",)),
    "signals nobody hears": (
        "sma_cross --signals signals.csv", ("SmaCross has no on_signal", "leave --signals out"),
    ),
    "config": ("--config no.yaml", ("run file no.yaml", "--config")),
    "config folder": ("--config folder", ("is a folder", ".yaml")),
    "out is a file": ("sma_cross --out bars.csv", ("is a file, not a folder", "--out")),
    "out below a file": ("sma_cross --out bars.csv/x", ("is a file, not a folder", "--out")),
    "out is not ours": ("sma_cross --out folder", ("no run has written", "--out")),
    "picture": ("sma_cross --plot=out.jpg", ("'out.jpg'", ".png")),
    "second argument": ("sma_cross turtle", ("turtle",)),
}  # fmt: skip


@pytest.mark.parametrize("case", ARGUMENTS)
def test_arguments(case: str) -> None:
    line, words = ARGUMENTS[case]
    _refused(line.split(), 2, *words)


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("--cahs", "--cash"), ("--dta", "--data"), ("--symbls", "--symbols"), ("--baar", "--bar"),
        ("--form", "--from"), ("--strat", "--start"), ("--leverge", "--leverage"),
        ("--weight", "--weights"), ("--stmp", "--stamp"), ("--calender", "--calendar"),
        ("--price", "--prices"), ("--signal", "--signals"), ("--size", "--sizing"),
        ("--limits", "--limit"), ("--exits", "--exit"), ("--comission", "--commission"),
        ("--slipage", "--slippage"), ("--fil", "--fill"), ("--conf", "--config"),
        ("--outt", "--out"), ("--plt", "--plot"), ("--strct", "--strict"), ("--debg", "--debug"),
        ("--quite", "--quiet"), ("--sett", "--set"),
    ],
)  # fmt: skip
def test_misspelt_options_name_the_right_one(wrong: str, right: str) -> None:
    _refused(["sma_cross", wrong, "1"], 2, wrong, right)


@pytest.mark.parametrize("name", ["peek.py", "centred.py"])
def test_a_strategy_that_knows_the_future_is_a_finding(name: str) -> None:
    _refused([name], 1, f"{name.removesuffix('.py')}(", "looks ahead: at", "when they are cut off")


ORDERS = {
    "raises": ("{}['nothing']", "KeyError: 'nothing'"),
    "NaN price": ("self.buy(1, limit=float('nan'))", "limit is nan", "above 0"),
    "zero quantity": ("self.buy(0)", "quantity is 0", "above 0"),
    "negative quantity": ("self.sell(-3)", "quantity is -3", "above 0"),
    "risk sizer without a stop": ("self.go_short()", "needs a protective stop", "stop_loss="),
    "unknown symbol": ("self.buy(1, symbol='SPX')", "'SPX' is not subscribed", "SP500"),
}


@pytest.mark.parametrize("case", ORDERS)
def test_a_strategy_that_stops_shows_its_line_and_keeps_its_trades(case: str) -> None:
    line, *words = ORDERS[case]
    Path("own.py").write_text(
        "from framework import Strategy\n"
        "class Own(Strategy):\n"
        "    bars: int = 0\n"
        "    def on_bar(self):\n"
        "        self.bars += 1\n"
        "        if self.bars == 3:\n"
        "            self.buy(7)\n"
        "        if self.bars == 9:\n"
        f"            {line}\n"
    )
    result = CliRunner().invoke(app, ["run", "own.py", "--out", "kept", "--sizing", "risk:2"])
    text = " ".join(result.output.split())
    assert result.exit_code == 2, text
    assert f"own.py, line 9, `{line}`" in text
    for word in words:
        assert word in text
    assert "Traceback" not in text
    assert len(Path("kept/orders.csv").read_text().splitlines()) == 2
    assert len(Path("kept/equity.csv").read_text().splitlines()) in (9, 10)


def test_a_limit_on_a_market_order_is_refused_when_the_order_is_made() -> None:
    from framework.domain.orders import Order, OrderType, Side
    from framework.errors import OrderError

    with pytest.raises(OrderError, match="a market order takes no limit price") as caught:
        Order("a-1", "SP500", Side.BUY, 1.0, OrderType.MARKET, 0, 10.0, limit=9.0)
    assert caught.value.exit_code == 2
    assert caught.value.remedy
