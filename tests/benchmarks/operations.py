"""Operations: what logs and alerts cost the session's thread, and what they cost altogether.

`python -m tests.benchmarks.operations` prints microseconds per happening. The first figure is what
a session waits; the second is the processor time of everything, the threads that write and send
included, which on a busy machine is taken from the session too.
"""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np

from framework.config.alert import AlertSection, channels_of
from framework.config.masks import Mask
from framework.operations.alert_rules import Subject
from framework.operations.alerts import Alerts
from framework.operations.happenings import Happening, Kind, Watcher
from framework.operations.logs import Logs

EVENTS, RATE = 10_000, 1_000
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
            _measure("both", [_logs(Path(folder) / "both"), _alerts(server.server_port)])
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


def _measure(name: str, watchers: Sequence[Logs | Alerts]) -> None:
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
