"""Downloads: the same file however often they were interrupted, and one that `--data` reads."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from framework.brokers.ib.connection import Connection
from framework.brokers.ib.contracts import Contracts
from framework.brokers.ib.frames import frame_of, native_frame
from framework.brokers.ib.history import History
from framework.brokers.ib.limits import Limits
from framework.brokers.ib.listed import Book
from framework.brokers.ib.pacing import Pacer
from framework.brokers.ib.problems import LinkLostError, RequestError
from framework.brokers.ib.settings import Settings, Timings
from framework.calendar import DAY, TradingCalendar
from framework.cli import fetching
from framework.cli.app import app
from framework.cli.broker_access import SystemClock
from framework.cli.broker_options import BrokerFlags
from framework.cli.download_cache import Cache, Piece, pieces_of
from framework.cli.download_lines import Form, differ
from framework.cli.download_options import DownloadFlags
from framework.cli.downloading import download_command
from framework.cli.fetching import Patience
from framework.cli.reporting import INTERRUPTED
from framework.config.environment import NAMES
from framework.config.market import load_market
from framework.domain.bars import Bars
from framework.domain.instruments import Instrument
from framework.emulator.server.settings import GatewaySettings
from framework.errors import ConfigError, DataError
from framework.feeds.answers import FileAnswers
from tests.unit.served import Served, serving

RELAXED = GatewaySettings(paces_history=False, messages_per_second=0)
QUICK = Timings(connect=2.0, first_wait=0.02, longest_wait=0.05, attempts=5)
FREE = Limits(messages=0, history=0, same=0.0, burst=0)
SOON = Patience(pauses=(0.01, 0.02), back=5.0, answer=2.0, timings=QUICK, limits=FREE)
QUARTER = DownloadFlags(
    BrokerFlags(json=True), ("AAPL",), "20m", "2024-01-02", "2024-03-25", calendar="24/7"
)
"""Four pieces of 26 days, the ends of them cut."""


@pytest.fixture(autouse=True)
def _place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    Path(".env").touch(0o600)


def fetched(served: Served, flags: DownloadFlags = QUARTER, out: str = "bars") -> int:
    to = replace(flags.broker, port=served.port)
    return download_command(replace(flags, broker=to, out=Path(out)), SOON)


def requests(capsys: pytest.CaptureFixture[str]) -> int:
    return sum(one["requests"] for one in json.loads(capsys.readouterr().out))


@contextmanager
def server(faults: str = "") -> Iterator[Served]:
    with serving(faults, RELAXED) as served:
        yield served


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The file of a download nothing has happened to."""
    folder = tmp_path_factory.mktemp("whole")
    with server() as served:
        fetched(served, out=str(folder))
    return (folder / "AAPL.csv").read_bytes()


def broken(nth: int, do: str) -> str:
    return f"faults: [{{name: a, when: {{request: ReqHistoricalData, nth: {nth}}}, do: {do}}}]"


# interrupted ---------------------------------------------------------------------------------


@pytest.mark.parametrize("nth", [1, 2, 3, 4])
def test_a_download_that_failed_goes_on_and_leaves_the_same_file(
    nth: int, whole: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    refused = "[drop, {error: {code: 162, id: request, text: Something is wrong.}}]"
    with server(broken(nth, refused)) as served, pytest.raises(RequestError, match="162"):
        fetched(served)
    assert not Path("bars/AAPL.csv").exists()
    assert len(list(Path("bars").glob(".AAPL.parts/*.csv"))) == nth - 1 if nth > 1 else True
    with server() as served:
        assert fetched(served) == 0
    assert Path("bars/AAPL.csv").read_bytes() == whole
    # One piece more than is missing: whether the broker still says the same of one that is there.
    assert requests(capsys) == 4 - (nth - 1) + (nth > 1)
    assert sorted(path.name for path in Path("bars").iterdir()) == [".AAPL.json", "AAPL.csv"]


def test_a_lost_connection_is_waited_for(whole: bytes) -> None:
    with server(broken(3, "[drop, rst]")) as served:
        assert fetched(served) == 0
    assert Path("bars/AAPL.csv").read_bytes() == whole


def test_a_connection_that_does_not_hold_ends_it_and_keeps_what_has_come(whole: bytes) -> None:
    with (
        server(broken(3, "[drop, {refuse: 60}, rst]")) as served,
        pytest.raises(LinkLostError, match="goes on where it was"),
    ):
        fetched(served)
    with server() as served:
        assert fetched(served) == 0
    assert Path("bars/AAPL.csv").read_bytes() == whole


def test_pacing_is_waited_out(whole: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    with server(broken(2, "pacing")) as served:
        assert fetched(served) == 0
    assert requests(capsys) == 4
    assert Path("bars/AAPL.csv").read_bytes() == whole


def test_an_answer_that_does_not_come_is_asked_for_again(
    whole: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.unit.test_download.SOON", replace(SOON, answer=0.7))
    with server(broken(2, "drop")) as served:
        assert fetched(served) == 0
    assert Path("bars/AAPL.csv").read_bytes() == whole


def test_ctrl_c_keeps_what_has_come(whole: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    with server(broken(3, "drop")) as served:
        timer = threading.Timer(0.0, _interrupt_after(2))
        timer.start()
        assert fetched(served) == INTERRUPTED
        timer.join()
    assert "the same command goes on" in capsys.readouterr().err
    assert not Path("bars/AAPL.csv").exists()
    assert not list(Path("bars").rglob("*.tmp"))
    with server() as served:
        assert fetched(served) == 0
    assert Path("bars/AAPL.csv").read_bytes() == whole
    assert requests(capsys) == 3


def _interrupt_after(parts: int) -> Callable[[], None]:
    """Ctrl-C once so many pieces are there."""

    def wait() -> None:
        pause = threading.Event()
        for _ in range(500):
            if len(list(Path("bars").glob(".AAPL.parts/*.csv"))) >= parts:
                break
            pause.wait(0.01)
        pause.wait(0.05)
        os.kill(os.getpid(), signal.SIGINT)

    return wait


def test_a_write_that_fails_leaves_the_old_file(monkeypatch: pytest.MonkeyPatch) -> None:
    with server() as served:
        fetched(served, replace(QUARTER, last="2024-01-05"))
        before = Path("bars/AAPL.csv").read_bytes()

        def full(*_: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(ConfigError, match="cannot be written: No space left"):
            fetched(served)
    assert Path("bars/AAPL.csv").read_bytes() == before
    assert not list(Path("bars").rglob("*.tmp"))


def test_pieces_that_are_all_there_are_put_together(
    whole: bytes, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with server() as served:
        with monkeypatch.context() as patched, pytest.raises(ConfigError, match="No space"):
            patched.setattr(Cache, "finish", full)
            fetched(served)
        assert not Path("bars/AAPL.csv").exists()
        assert fetched(served) == 0
    assert requests(capsys) == 0
    assert Path("bars/AAPL.csv").read_bytes() == whole


# the cache -----------------------------------------------------------------------------------


def test_what_is_there_is_not_asked_for_again(
    whole: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    with server() as served:
        fetched(served)
        assert requests(capsys) == 4
        fetched(served)
        fetched(served, replace(QUARTER, first="2024-01-15", last="2024-02-08"))
        capsys.readouterr()
        fetched(served)
        assert requests(capsys) == 0
    assert Path("bars/AAPL.csv").read_bytes() == whole


def test_a_longer_range_adds_to_the_file(whole: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    with server() as served:
        fetched(served, replace(QUARTER, last="2024-02-20"))
        capsys.readouterr()
        fetched(served)
    assert Path("bars/AAPL.csv").read_bytes() == whole
    assert requests(capsys) <= 3


def test_a_split_since_has_everything_fetched_again(
    whole: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    with server() as served:
        fetched(served, replace(QUARTER, last="2024-02-20"))
        halve(Path("bars/AAPL.csv"), Path("bars/.AAPL.json"))
        capsys.readouterr()
        fetched(served)
    assert Path("bars/AAPL.csv").read_bytes() == whole
    assert json.loads(capsys.readouterr().out)[0]["adjusted_anew"] is True


def halve(path: Path, note: Path) -> None:
    """As the file would be before a split in two."""
    head, *rows = path.read_text().splitlines()
    cells = [row.split(",") for row in rows]
    halved = [
        ",".join([one[0], *(repr(float(price) * 2) for price in one[1:5]), one[5]]) for one in cells
    ]
    text = "\n".join([head, *halved]) + "\n"
    path.write_text(text)
    from hashlib import sha256

    content = json.loads(note.read_text()) | {"sha256": sha256(text.encode()).hexdigest()}
    note.write_text(json.dumps(content))


def test_a_file_somebody_has_changed_is_fetched_again(
    whole: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    with server() as served:
        fetched(served)
        Path("bars/AAPL.csv").write_text("t,o,h,l,c,v\n")
        capsys.readouterr()
        fetched(served)
        assert requests(capsys) == 4
    assert Path("bars/AAPL.csv").read_bytes() == whole


def test_a_file_no_download_has_made_is_left_alone() -> None:
    Path("bars").mkdir()
    Path("bars/AAPL.csv").write_text("mine")
    with server() as served, pytest.raises(ConfigError, match="no download has made it"):
        fetched(served)
    assert Path("bars/AAPL.csv").read_text() == "mine"


def test_an_emulators_bars_never_lie_beside_the_brokers() -> None:
    with server() as served:
        flags = replace(QUARTER, last="2024-01-03", broker=BrokerFlags(port=served.port, json=True))
        download_command(flags, SOON)
        (path,) = Path("data/cache").rglob("AAPL.csv")
        assert path.parent == Path(f"data/cache/127.0.0.1-{served.port}/20m")


# what is written -----------------------------------------------------------------------------


def asked_directly(served: Served, bar: str, since: int, until: int) -> Bars:
    """The same bars, in one go and without a file."""

    async def ask() -> Bars:
        clock = SystemClock()
        connection = Connection(Settings(port=served.port, client_id=3), clock, QUICK)
        pacer, book = Pacer(clock), Book()
        await connection.open(attempts=1)
        try:
            instrument = Instrument("AAPL", calendar="24/7")
            await Contracts(connection, pacer, book).qualify([instrument])
            history = History(connection, pacer, book)
            return await history.bars("AAPL", frame_of(bar), since, until)
        finally:
            await connection.close()

    return served.wait(ask())


@pytest.mark.parametrize("bar", ["1m", "30m", "1d"])
def test_the_file_is_read_back_as_the_bars_the_broker_told(bar: str) -> None:
    flags = replace(QUARTER, bar=bar, last="2024-01-05")
    with server() as served:
        fetched(served, flags)
        first, last = np.array(["2024-01-02", "2024-01-06"], "M8[ns]").astype(np.int64).tolist()
        told = asked_directly(served, bar, first, last)
    answers = FileAnswers(calendar="24/7", prices="split")
    (read,) = load_market("bars", answers).bars
    assert read.frame == bar
    assert read.symbol == "AAPL"
    for name in (
        "close_time",
        "session",
        "session_close",
        "open",
        "high",
        "low",
        "close",
        "volume",
    ):
        np.testing.assert_array_equal(getattr(read, name), getattr(told, name), err_msg=name)


def test_several_symbols_are_a_folder_a_run_reads() -> None:
    with server() as served:
        line = (
            f"download AAPL,MSFT SPY --from 2022-01-03 --to 2024-01-31 --port {served.port} "
            "--calendar 24/7 --out bars"
        )
        result = CliRunner().invoke(app, line.split())
    assert result.exit_code == 0, result.output
    assert "Run on it: --data bars --calendar 24/7 --prices split" in result.output
    run = "run sma_cross --data bars --calendar 24/7 --prices split --symbols AAPL,SPY --quiet"
    path = Path(__file__).parents[2] / "strategies" / "sma_cross.py"
    played = CliRunner().invoke(app, run.replace("sma_cross", str(path)).split())
    assert played.exit_code == 0, played.output


@given(
    st.sampled_from(["XNYS", "CMES", "24/5", "24/7", "XLON"]),
    st.sampled_from(["1m", "5m", "30m", "1h", "4h"]),
    st.integers(19_000, 20_000),
    st.integers(1, 8),
)
def test_times_written_are_times_read(name: str, length: str, day: int, days: int) -> None:
    calendar = TradingCalendar(name)
    frame = native_frame(length, name)
    sessions = calendar.sessions_between(day, day + days)
    form = Form(frame, calendar)
    closes = []
    for opened, closed in zip(
        calendar.session_open_of(sessions), calendar.session_close_of(sessions), strict=True
    ):
        grid = np.arange(opened + frame.length, closed, frame.length)
        closes.append(np.append(grid, closed))
    if not closes:
        return
    times = np.unique(np.concatenate(closes))
    prices = np.linspace(1.0, 2.0, len(times))
    days_of = calendar.session_of(times)
    bars = Bars(
        Instrument("A"), frame.name, times, days_of, calendar.session_close_of(days_of),
        prices, prices, prices, prices, prices,
    )  # fmt: skip
    lines = form.lines(bars)
    assert list(lines) == times.tolist()
    assert form.read(form.text(lines)) == lines


def test_two_answers_agree_where_only_volumes_were_corrected() -> None:
    assert not differ({1: "t,1,2,0.5,1.5,100"}, {1: "t,1,2,0.5,1.5000001,90", 2: "t,9,9,9,9,9"})
    assert differ({1: "t,1,2,0.5,1.5,100"}, {1: "t,1,2,0.5,1.5001,100"})


@given(
    st.sampled_from(["5s", "1m", "5m", "1h", "1d"]),
    st.integers(0, 400 * DAY),
    st.integers(1, 40 * DAY),
)
def test_pieces_are_the_range_each_bar_once(length: str, since: int, span: int) -> None:
    frame = frame_of(length)
    pieces = list(pieces_of(frame, since, since + span))
    assert pieces[0].last == since + span
    assert pieces[-1].first == since
    for later, earlier in pairwise(pieces):
        assert later.first == earlier.last
    most = max(DAY, frame.reach)  # what is below a minute is fetched by the day
    assert all(0 < one.last - one.first <= most for one in pieces)
    longer = set(pieces_of(frame, since, since + span + 30 * DAY))
    assert set(pieces[1:]) <= longer


# refused -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"first": None}, "Give --from"),
        ({"first": "2024-13-01"}, "--from is '2024-13-01'"),
        ({"first": "2024-04-01"}, "is after --to"),
        ({"first": "2199-01-01", "last": None}, "to come"),
        ({"prices": "raw"}, "--prices is 'raw'"),
        ({"prices": "total"}, "--prices total is for daily bars"),
        ({"prices": "total", "bar": "1d", "first": "1999-01-01"}, "ten years back"),
        ({"hours": "al"}, "Did you mean 'all'"),
        ({"bar": "7x"}, "no bars of '7x'"),
        ({"bar": "1w"}, "longer ones are folded"),
        ({"symbols": ("AAPL", "AAPL")}, "each of them once"),
        ({"symbols": ("",)}, "each of them once"),
        ({"calendar": "XNYX"}, "XNYS"),
    ],
)
def test_what_cannot_be_asked_for_is_refused_before_anybody_is(
    changes: dict[str, object], says: str
) -> None:
    with pytest.raises(ConfigError, match=says):
        download_command(replace(QUARTER, **changes))  # type: ignore[arg-type]


def test_an_unknown_symbol_stops_before_the_first_bar() -> None:
    with server() as served, pytest.raises(DataError, match="NOSUCH"):
        fetched(served, replace(QUARTER, symbols=("AAPL", "NOSUCH")))
    assert not Path("bars").exists()


@pytest.mark.parametrize("bar", ["1d", "30m"])
def test_bars_of_another_calendar_are_refused_with_its_name(bar: str) -> None:
    with (
        server() as served,
        pytest.raises(DataError, match=r"of XNYS\. .*such as 24/7, give that with --calendar"),
    ):
        fetched(served, replace(QUARTER, bar=bar, calendar=None))
    assert not Path("bars/AAPL.csv").exists()


def test_a_range_without_a_bar_is_an_error() -> None:
    with server() as served, pytest.raises(DataError, match="no bars of AAPL in the range"):
        fetched(served, replace(QUARTER, bar="1d", first="1980-01-02", last="1981-01-01"))


def test_the_past_ends_where_nothing_is_left(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(fetching, "_NOTHING_LEFT", 30 * DAY)
    with server() as served:
        fetched(served, replace(QUARTER, first="1988-11-01", last="1990-01-03"))
    assert requests(capsys) <= 5


def test_a_symbol_that_is_no_name_of_a_file_is_refused() -> None:
    form = Form(frame_of("1d"), TradingCalendar("24/7"))
    for symbol in ("../AAPL", "BTC/USD", ".x", "", "a\\b", "a:b"):
        with pytest.raises(ConfigError, match="cannot name a file"):
            Cache(Path(), symbol, form, "x")


def test_pieces_of_another_request_are_not_taken() -> None:
    form = Form(frame_of("1d"), TradingCalendar("24/7"))
    piece = Piece(0, 10 * DAY)
    Cache(Path(), "A", form, "split").keep(piece, {DAY: "1970-01-01,1,1,1,1,1"})
    assert Cache(Path(), "A", form, "total").parts() == {}
    kept = Cache(Path(), "A", form, "split").parts()
    assert kept == {piece: {DAY: "1970-01-01,1,1,1,1,1"}}
