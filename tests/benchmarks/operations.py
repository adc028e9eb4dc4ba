"""Operations: what logs, alerts and the view cost the session's thread, and what they cost
altogether.

`python -m tests.benchmarks.operations` prints microseconds per happening, and then milliseconds per
status, which is taken and written each second. The first figure is what
a session waits; the second is the processor time of everything, the threads that write and send
included, which on a busy machine is taken from the session too.
"""

from __future__ import annotations

import os
import pty
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TextIO

import numpy as np
from rich.console import Console

from framework import Strategy
from framework.cli.session_view import SessionView
from framework.config.alert import AlertSection, channels_of
from framework.config.masks import Mask
from framework.live.core import LiveCore
from framework.operations.alert_rules import Subject
from framework.operations.alerts import Alerts
from framework.operations.happenings import Happening, Kind, Watcher
from framework.operations.logs import Logs
from framework.operations.status_file import write_status
from framework.session.looking import LookOut, Seen
from tests.builders import bars_of, flat_rows, free
from tests.live_runs import history_of, rows_at, session

EVENTS, RATE = 10_000, 1_000
LINES, LOOKS = 50, 100
GOAL = 10.0
"""Microseconds per happening: 1 % of the time at a thousand a second."""

_MIX = (Kind.ORDER, Kind.STATUS, Kind.STATUS, Kind.FILL, Kind.STATUS, Kind.REJECTED)


def main() -> None:
    """Each watcher alone, then both."""
    print(f"{EVENTS:,} happenings, {RATE:,} a second; microseconds each")
    print(f"{'':12}{'p50':>8}{'p99':>8}{'mean':>8}{'% of the time':>16}{'all threads':>14}")
    with tempfile.TemporaryDirectory(prefix="slipway-") as folder:
        server = _server()
        try:
            _measure("logs", [_logs(Path(folder) / "alone")])
            _measure("alerts", [_alerts(server.server_port)])
            with _pipe() as pipe:
                _measure("view, pipe", [_view(pipe, False)])
            with _terminal() as terminal:
                _measure("view, term.", [_view(terminal, True)])
            with _terminal() as terminal:
                folders = Path(folder) / "all"
                port = server.server_port
                _measure("all", [_logs(folders), _alerts(port), _view(terminal, True)])
            _measure_status(Path(folder))
        finally:
            server.shutdown()
            server.server_close()


def happenings(count: int) -> list[Happening]:
    """Such as a busy session tells: orders, their states, their fills, and some rejections."""
    begun = time.time_ns()
    text = "SmaCross-{} bought 100 AAPL at 190.25, account DU1234567"
    return [
        Happening(
            begun + number * 1_000_000,
            _MIX[number % len(_MIX)],
            text.format(number),
            "AAPL",
            f"SmaCross-{number}",
            number,
        )
        for number in range(count)
    ]


def _logs(folder: Path) -> Logs:
    return Logs(folder, "benchmark", time.time_ns, Mask(["DU1234567"], ["secret"]))


def _alerts(port: int) -> Alerts:
    section = AlertSection(webhook=(f"http://127.0.0.1:{port}/",))
    subject = Subject("paper", "SmaCross", "benchmark", is_emulator=True)
    return Alerts(subject, channels_of(section, {}), time.time_ns, Mask())


def _view(file: TextIO, is_terminal: bool) -> SessionView:
    console = Console(file=file, force_terminal=is_terminal, width=120, height=60)
    return SessionView(Mask(["DU1234567"]), console)


@contextmanager
def _pipe() -> Iterator[TextIO]:
    """A pipe that somebody reads."""
    yield from _read(*os.pipe())


@contextmanager
def _terminal() -> Iterator[TextIO]:
    """A pseudo terminal that somebody reads."""
    yield from _read(*pty.openpty())


def _read(reader: int, writer: int) -> Iterator[TextIO]:
    def read() -> None:
        with suppress(OSError):
            while os.read(reader, 65_536):
                pass

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    with open(writer, "w", encoding="utf-8") as file:
        yield file
    thread.join(5.0)
    os.close(reader)


class Holder(Strategy):
    """Holds ten of each, with a stop."""

    universe = True

    def on_bar(self) -> None:
        """Buy once."""
        if not self.orders:
            for symbol in self.symbols:
                self.buy(10, symbol=symbol, stop_loss=10.0)


def _core() -> LiveCore:
    """A session that holds 50 positions, each with its stop."""
    rows = flat_rows([100.0] * 6)
    bars = [bars_of(rows, symbol=f"S{number}") for number in range(LINES)]
    core = session(Holder, history_of(bars, 2), free())
    for time_of_it, found in rows_at(bars, 2):
        core.instant(time_of_it, found)
    return core


def _measure_status(folder: Path) -> None:
    """Taking a status of 50 positions and 50 orders, and writing it."""
    core = _core()
    look_out = LookOut(
        "paper", "DU*****67", "127.0.0.1:4002", 1, "SmaCross", "journal.sqlite", (),
        lambda _: False, 0, time.time_ns,
    )  # fmt: skip
    for happening in happenings(30):
        look_out.take(happening)
    seen = Seen("ready", "", "", 0, ())
    spent = np.empty((LOOKS, 2))
    for number in range(LOOKS):
        start = time.perf_counter_ns()
        status = look_out.look(core, seen)
        taken = time.perf_counter_ns()
        write_status(folder, status)
        spent[number] = taken - start, time.perf_counter_ns() - taken
    assert len(status.positions) == len(status.orders) == LINES
    print(f"\na status of {LINES} positions and {LINES} orders, each second; milliseconds")
    print(f"{'':12}{'p50':>8}{'p99':>8}{'mean':>8}{'% of the time':>16}")
    for name, column in (("taking", spent[:, 0]), ("writing", spent[:, 1])):
        p50, p99 = np.percentile(column / 1e6, (50, 99))
        mean = float(column.mean()) / 1e6
        print(f"{name:12}{p50:8.2f}{p99:8.2f}{mean:8.2f}{mean / 10.0:15.2f}%")


def _measure(name: str, watchers: Sequence[Logs | Alerts | SessionView]) -> None:
    takes: list[Callable[[Happening], None]] = [_take(one) for one in watchers]
    spent = np.empty(EVENTS)
    told = happenings(EVENTS)
    processor = time.process_time()
    begun = time.perf_counter()
    for number, happening in enumerate(told):
        due = begun + number / RATE
        while (rest := due - time.perf_counter()) > 0.0:
            time.sleep(rest)
        start = time.perf_counter_ns()
        for take in takes:
            take(happening)
        spent[number] = time.perf_counter_ns() - start
    for one in watchers:
        one.close(10.0)
    whole = (time.process_time() - processor - _idle()) * 1e6 / EVENTS
    spent /= 1e3
    share = float(spent.mean()) * RATE / 1e6 * 100.0
    p50, p99 = np.percentile(spent, (50, 99))
    print(f"{name:12}{p50:8.2f}{p99:8.2f}{spent.mean():8.2f}{share:15.2f}%{whole:14.1f}")


def _take(watcher: Watcher) -> Callable[[Happening], None]:
    return watcher.take


_IDLE: list[float] = []


def _idle() -> float:
    """Seconds of processor the pacing itself takes."""
    if not _IDLE:
        processor, begun = time.process_time(), time.perf_counter()
        for number in range(EVENTS):
            while (rest := begun + number / RATE - time.perf_counter()) > 0.0:
                time.sleep(rest)
            time.perf_counter_ns()
            time.perf_counter_ns()
        _IDLE.append(time.process_time() - processor)
    return _IDLE[0]


def _server() -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


if __name__ == "__main__":
    main()
