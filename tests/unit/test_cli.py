"""The commands: what they print, what they leave behind, and their exit codes."""

from __future__ import annotations

import filecmp
import json
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
import yaml
from rich.console import Console
from typer.testing import CliRunner

import framework
from framework.cli import app as command_line
from framework.cli import progress
from framework.cli.app import app, main
from framework.domain.events import Trip
from framework.errors import ConfigError
from framework.feeds.sample import sp500
from framework.ports import SizingRequest
from framework.research.backtest import run_backtest
from framework.research.files import RUN_FILES
from framework.strategy import Strategy

ROOT = Path(framework.__file__).parents[1]
GOLDEN = ROOT / "tests" / "golden" / "sma_cross.txt"
INTRADAY = "2023-10-02 {time},100,101,99,100,10\n"


@pytest.fixture(autouse=True)
def _place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def _run(line: str, code: int = 0) -> str:
    result = CliRunner().invoke(app, line.split())
    assert result.exit_code == code, result.output
    return result.output


def _own(body: str) -> None:
    Path("own.py").write_text(f"from framework import Strategy\n\n\nclass Own(Strategy):\n{body}")


def test_the_default_command_prints_what_it_always_printed() -> None:
    """Written with `python run.py sma_cross --out run`, trailing blanks removed."""
    printed = "\n".join(line.rstrip() for line in _run("run sma_cross --out run").splitlines())
    assert printed == GOLDEN.read_text("utf-8").rstrip()


def test_a_run_leaves_its_files_and_its_hashes() -> None:
    _run("run sma_cross --out run --quiet")
    assert sorted(path.name for path in Path("run").iterdir()) == sorted(RUN_FILES)
    summary = json.loads(Path("run/summary.json").read_text())
    assert summary["version"] == framework.__version__
    assert all(len(summary["hashes"][name]) == 64 for name in ("code", "config", "data"))
    assert (
        summary["hashes"]["data"]
        == yaml.safe_load(Path("run/run.yaml").read_text())["data"]["sha256"]
    )


RUNS = {
    "default": "sma_cross",
    "parts": "sma_cross --set fast=10 --set slow=30 --sizing risk:1 --sizing percent:50 --exit "
    "stop_percent:5 --exit trailing_percent:8 --limit max_drawdown:8 --limit max_positions:1 "
    "--commission per_share:0.01 --slippage fixed:0.02 --cash 50000 --leverage 1.5",
    "range": "sma_cross --from 2003-01-01 --to 2009-12-31 --start 2004-01-01",
    "weeks": "sma_cross --bar 1w --set fast=5 --set slow=20 --fill intrabar=finer",
    "hours": "sma_cross --data synthetic-5m --bar 30m --set fast=3 --set slow=9 "
    "--fill intrabar=finer --fill limit_fill=through",
    "sleeves": "sma_cross --data synthetic-universe --symbols SYN_C,SYN_A "
    "--weights SYN_A=0.3,SYN_C=0.6 --set fast=5",
    "policy": "sma_cross --fill backtesting_py --fill gap_slip=false",
    "file": "sma_cross --data 2023.csv --stamp close --tz America/New_York --calendar XNYS "
    "--set fast=2 --set slow=3",
    "signals": "own.py --signals signals.csv --tz Europe/Berlin",
    "all hours": "sma_cross --data late.csv --stamp close --tz America/New_York --calendar XNYS "
    "--hours all --bar 1h --set fast=2 --set slow=3 --fill intrabar=finer",
    "liquidity": "sma_cross --data synthetic-5m --set fast=5 --liquidity volume_share:2",
}  # fmt: skip


@pytest.mark.parametrize("case", RUNS)
def test_the_run_file_repeats_the_run_byte_for_byte(case: str) -> None:
    times = [f"{hour}:{minute:02}" for hour in range(10, 16) for minute in range(0, 60, 30)]
    rows = "".join(INTRADAY.format(time=time) for time in times)
    Path("2023.csv").write_text("Date,Open,High,Low,Close,Volume\n" + rows)
    Path("late.csv").write_text(_late())
    Path("signals.csv").write_text("time,symbol,action\n2010-01-04 16:30,SP500,BUY\n")
    _own("    def on_signal(self, signal):\n        self.go_long()\n")
    _run(f"run {RUNS[case]} --out first --quiet")
    _run("run --config first/run.yaml --out second --quiet")
    same, different, missing = filecmp.cmpfiles("first", "second", RUN_FILES, shallow=False)
    assert (sorted(same), different, missing) == (sorted(RUN_FILES), [], [])


def _late() -> str:
    """Four days of half hours from 4:30 to 20:00, New York."""
    times = [
        f"2023-10-{day:02} {hour:02}:{minute:02},{price},{price + 1},{price - 1},{price},9\n"
        for day in (2, 3, 4, 5)
        for hour in range(4, 21)
        for minute in (0, 30)
        if (4, 0) < (hour, minute) < (20, 30)
        for price in [100 + (day * 7 + hour) % 5]
    ]
    return "Date,Open,High,Low,Close,Volume\n" + "".join(times)


def test_bars_outside_regular_hours_are_kept_on_demand() -> None:
    Path("late.csv").write_text(_late())
    line = (
        "run sma_cross --data late.csv --stamp close --tz America/New_York --calendar XNYS "
        "--set fast=2 --set slow=3 --out run"
    )
    regular, every = (" ".join(_run(f"{line} {flag}").split()) for flag in ("", "--hours all"))
    assert "52 bars of 30m" in regular
    assert "76 of 128 bars close outside the regular hours of XNYS" in regular
    assert "Hours regular hours of XNYS" in regular
    assert "128 bars of 30m" in every
    assert "Hours all hours; sessions of XNYS" in every
    data = yaml.safe_load(Path("run/run.yaml").read_text())["data"]
    assert data["hours"] == "all"


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ("--hours al", "--hours is 'al'. Did you mean 'all'? Known: all, regular."),
        ("--hour all", "No such option: --hour"),
        ("--hours all", "The sample sp500 has hours regular, not all. Leave --hours out"),
        ("--liquidity volum_share:5", "no liquidity component 'volum_share'. Did you mean"),
        ("--liquidity volume_share:0", "percent"),
        ("--liquidity volume_share:percnt=5", "Did you mean 'percent'?"),
        (
            "--liquidity volume_share:5,without_volume=refused",
            "without_volume is 'refused'. Did you mean 'refuse'?",
        ),
        ("--liquidity fixed", "count"),
    ],
)
def test_misspelt_hours_and_liquidity_are_refused(flags: str, said: str) -> None:
    assert said in " ".join(_run(f"run sma_cross {flags} --out run", 2).split())
    assert not Path("run").exists()


def test_signals_reach_the_strategy() -> None:
    Path("signals.csv").write_text("time,symbol,action\n2010-01-04,SP500,BUY\n2010-01-05,X,BUY\n")
    _own("    def on_signal(self, signal):\n        self.go_long()\n")
    text = _run("run own.py --signals signals.csv --out run")
    assert "1 signals for symbols that are not traded were left out: X." in text
    assert len(Path("run/trades.csv").read_text().splitlines()) == 2


def test_changed_data_are_refused_until_the_hash_is_removed() -> None:
    _run("run sma_cross --out run --quiet")
    text = Path("run/run.yaml").read_text()
    Path("other.yaml").write_text(text.replace("sha256: ", "sha256: f00"))
    assert "Remove the line sha256" in _run("run --config other.yaml --out b", 2)
    assert not Path("b").exists()
    lines = [line for line in text.splitlines() if "  sha256" not in line]
    Path("other.yaml").write_text("\n".join(lines))
    _run("run --config other.yaml --out b --quiet")
    _run("run --config run/run.yaml --to 2010-12-31 --out c --quiet")


def test_the_folder_has_strategy_and_time_and_is_never_reused() -> None:
    for _ in range(2):
        assert "Files: runs/sma_cross-" in _run("run sma_cross")
    folders = list(Path("runs").iterdir())
    assert len(folders) == 2
    assert all(folder.name.startswith("sma_cross-20") for folder in folders)


def test_quiet_prints_nothing() -> None:
    _own("    def on_stop(self):\n        self.log('a line')\n")
    assert _run("run own.py --quiet --out run") == ""
    assert "2018-12-31T21:00:00+00:00 a line" in _run("run own.py --out run")


def test_a_tripped_breaker_is_a_finding_under_strict() -> None:
    line = "run sma_cross --limit max_drawdown:5 --out run"
    assert "Breaker max_drawdown tripped" in " ".join(_run(line).split())
    assert "max_drawdown tripped, and --strict was given" in _run(f"{line} --strict", 1)


def test_an_interrupted_run_keeps_what_happened() -> None:
    _own(
        "    bars: int = 0\n    def on_bar(self):\n        self.bars += 1\n"
        "        if self.bars == 100:\n            raise KeyboardInterrupt\n"
    )
    assert "Interrupted; what happened until then was kept." in _run("run own.py --out run", 130)
    assert json.loads(Path("run/summary.json").read_text())["error"] == "interrupted"
    assert 99 <= len(Path("run/equity.csv").read_text().splitlines()) - 1 <= 100


def test_an_interrupt_before_the_run_writes_nothing() -> None:
    _own("    def setup(self):\n        raise KeyboardInterrupt\n")
    assert "nothing was written" in _run("run own.py --out run", 130)
    assert not Path("run").exists()


def test_a_traceback_only_with_debug() -> None:
    _own("    def on_bar(self):\n        self.oops\n")
    assert "Traceback" not in _run("run own.py --out run", 2)
    assert "Traceback" in _run("run own.py --out run --debug", 2)
    assert "Traceback" in _run("run nothing --debug", 2)


def test_a_defect_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    from framework.cli import running

    def broken(*_: object) -> None:
        raise RuntimeError("odd")

    monkeypatch.setattr(running, "play", broken)
    text = _run("run sma_cross --out run", 1)
    assert text.startswith("Error: a defect of Slipway (RuntimeError: odd); run again with --debug")
    assert "Traceback" in _run("run sma_cross --out run --debug", 1)


def test_a_strategy_s_own_sample_is_the_default() -> None:
    _own("    sample = 'synthetic-universe'\n    universe = True\n")
    _run("run own.py --out run --quiet")
    data = yaml.safe_load(Path("run/run.yaml").read_text())["data"]
    assert (data["sample"], len(data["symbols"])) == ("synthetic-universe", 6)
    assert "synthetic: no market ever printed these bars" in " ".join(
        _run("run own.py --out run").split()
    )


def test_what_was_found_out_is_said_and_how_to_object() -> None:
    bars = sp500()
    rows = [
        f"{day},{o!r},{h!r},{low!r},{c!r}"
        for day, o, h, low, c in zip(
            bars.session.astype("M8[D]")[:300], bars.open.tolist(), bars.high.tolist(),
            bars.low.tolist(), bars.close.tolist(), strict=False,
        )
    ]  # fmt: skip
    Path("X.csv").write_text("Date,Open,High,Low,Close\n" + "\n".join(rows))
    text = _run("run sma_cross --data X.csv --prices raw --out run")
    assert "Found out from the data: stamp close, tz America/New_York, calendar XNYS." in text
    assert "--stamp, --tz, --calendar." in " ".join(text.split())
    assert max(len(line) for line in text.splitlines()) <= 80


def test_plot_with_and_without_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as done:
        main(["run", "sma_cross", "--plot", "a.png", "--out", "run"])
    assert done.value.code == 0
    assert Path("a.png").read_bytes().startswith(b"\x89PNG")
    assert "Picture: a.png" in capsys.readouterr().out
    for words in (["--plot", "sma_cross"], ["sma_cross", "--plot"], ["sma_cross", "--plot", "-x"]):
        assert "--plot=window" in command_line._with_plot(words)
    assert command_line._with_plot(["--plot", "own.py:A"]) == ["--plot=window", "own.py:A"]
    assert command_line._with_plot(["--plot=b.svg"]) == ["--plot=b.svg"]


def test_components_lists_every_kind_with_its_parameters() -> None:
    text = _run("components")
    for words in ("risk", "percent=2", "max_drawdown", "stop_percent", "ibkr_fixed", "intrabar"):
        assert words in text
    assert "pessimistic (default), next_bar, path, finer" in " ".join(text.split())


def test_strategies_are_listed_even_if_one_is_broken() -> None:
    Path("strategies").mkdir()
    Path("strategies/broken.py").write_text("1/0\n")
    text = " ".join(_run("strategies").split())
    assert "broken.py, line 1, `1/0`: ZeroDivisionError" in text
    assert "fast=20, slow=100" in text


def test_compare_names_what_differs() -> None:
    _run("run sma_cross --out a --quiet")
    _run("run sma_cross --set fast=30 --out b --quiet")
    text = _run("compare a b")
    assert "parameters.fast" in text
    assert "The runs are identical." in _run("compare a a")
    assert "There is no run folder nowhere" in _run("compare a nowhere", 2)


def test_help_and_version() -> None:
    assert _run("--version") == _run("version") == f"slipway {framework.__version__}\n"
    assert _run("") == _run("--help")
    for command in ("run", "compare", "components", "strategies", "version"):
        assert command in _run("")
    assert "run" in _run("rnu", 2)


def test_run_py_works_from_anywhere() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "run.py"), "sma_cross", "--out", "run"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert "SmaCross(fast=20, slow=100) on SP500" in done.stdout
    refused = subprocess.run(
        [sys.executable, str(ROOT / "run.py"), "smacross"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr.startswith("Error: There is no strategy 'smacross'.")


def test_the_bar_is_late_and_only_in_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter((0.0, 0.5, 1.5, 2.0, 2.5))
    monkeypatch.setattr(progress, "monotonic", lambda: next(clock))
    out = StringIO()
    with progress.LateBar(Console(file=out, force_terminal=True, width=80)) as bar:
        bar(10, 100)
        assert out.getvalue() == ""
        bar(50, 100)
        bar(60, 100)
    assert "of 100 bars" in out.getvalue()
    silent = StringIO()
    with progress.LateBar(Console(file=silent)) as bar:
        bar(50, 100)
    assert silent.getvalue() == ""


class Half:
    """A sizer of the user's own."""

    def quantity(self, request: SizingRequest) -> float:
        return 0.5 * request.equity / request.price


def test_python_and_the_command_line_are_one_path() -> None:
    _run("run sma_cross --set fast=10 --sizing risk:1 --exit stop_percent:5 --out a --quiet")
    framework.run_backtest(
        "sma_cross",
        parameters={"fast": 10},
        sizing=framework.RiskPerTrade(1.0),
        exits=framework.StopPercent(5.0),
        out="b",
    )
    assert filecmp.cmpfiles("a", "b", RUN_FILES, shallow=False)[1:] == ([], [])


def test_python_takes_objects_that_are_in_no_file() -> None:
    class Hold(Strategy):
        def on_bar(self) -> None:
            self.go_long()

    result = run_backtest(Hold, data=sp500(), first="2010-01-01", sizing=Half(), slippage="none")
    assert result.record.fills[0].quantity == pytest.approx(44.0, abs=1)
    assert any(name == "Sizing" and "Half" in value for name, value in result.settings)
    with pytest.raises(ConfigError, match="Hold is in no file"):
        run_backtest(Hold, out="x")
    assert not Path("x").exists()


def test_a_breaker_of_the_user_s_own_stops_the_run() -> None:
    class Never:
        def check(self, state: object) -> Trip:
            return Trip("never", "always", framework.Halt.RUN)

    result = run_backtest("sma_cross", limits=[Never(), "max_orders:5"], last="1999-06-30")
    assert [trip.breaker for trip in result.record.trips] == ["never"]
    assert not result.record.fills
