"""A session of its own process on an emulator that keeps IB's limits, and the kill switch used on
it from another shell."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from framework.config.environment import NAMES
from framework.emulator.server.gateway import Gateway
from framework.emulator.server.settings import GatewaySettings
from framework.operations.status import Status
from framework.operations.status_file import read_status
from tests.unit.served import Served, serving
from tests.unit.tapped import Wire, wire

ROOT = Path(__file__).parents[2]
ACCOUNT = "DU1234567"
SCRIPT = "tests.unit.shifted_clock_script"
WAIT = 90.0
MINUTE = 60 * 10**9
RESTING = 45
NAME = "paper-busy-1"
BUSY = f'''"""Busy: never short of orders."""

from framework import Strategy


class Busy(Strategy):
    """Holds ten with a stop, keeps orders resting, and sends another whenever it hears of one."""

    def on_bar(self) -> None:
        """Buy, or fill up."""
        if not self.position and not self.orders:
            self.buy(10, stop_loss=1.0)
        self.fill_up()

    def on_order(self, update: object) -> None:
        """Fill up."""
        self.fill_up()

    def fill_up(self) -> None:
        """Have as many working as wanted."""
        if self.position and len(self.orders) < {RESTING}:
            self.buy(1, limit=1.0, tif="GTC")
'''


class Ground:
    """A session, the emulator it trades at, and the wire between them.

    Attributes:
        folder: the session is started in.
        served: the emulator; its limit of 50 messages a second is kept.
        tap: the wire.
    """

    def __init__(self, folder: Path, served: Served, tap: Wire) -> None:
        self.folder, self.served, self.tap = folder, served, tap
        self.session = folder / "sessions" / NAME
        (folder / ".env").touch(0o600)
        self._shift = folder / "shift"
        self._shift.write_text("0")
        self._environment = {key: text for key, text in os.environ.items() if key not in NAMES}
        self._environment |= {"HOME": str(folder), "COLUMNS": "200", "PYTHONPATH": str(ROOT)}

    def _words(self, words: str) -> list[str]:
        return [sys.executable, "-m", SCRIPT, str(self._shift), *shlex.split(words)]

    def ran(self, words: str, says: str = "") -> tuple[int, str]:
        """Exit code and output of a command that ends."""
        done = subprocess.run(
            self._words(words),
            cwd=self.folder,
            env=self._environment,
            input=says,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=WAIT,
            check=False,
        )
        return done.returncode, done.stdout

    @contextmanager
    def trading(self, wanted: int = RESTING) -> Iterator[subprocess.Popen[bytes]]:
        """While a session trades, from when so many of its orders work.

        Args:
            wanted: how many; with more than it wants it is never content.
        """
        text = BUSY.replace(f"< {RESTING}", f"< {wanted + RESTING}") if wanted > RESTING else BUSY
        (self.folder / "busy.py").write_text(text)
        words = f"run busy.py --paper --symbols AAPL --bar 1m --rules none --port {self.tap.port}"
        with (self.folder / "session.log").open("w", encoding="utf-8") as log:
            session = subprocess.Popen(
                self._words(words), cwd=self.folder, env=self._environment,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
            try:
                self.until(lambda: "\ntrading\n" in self.log, session)
                self._close_a_bar()
                self.until(lambda: self.working >= wanted and self._is_shown(), session)
                yield session
            finally:
                if session.poll() is None:
                    session.kill()
                    session.wait(10.0)

    def _close_a_bar(self) -> None:
        """Leave out, here and there, what is left of the minute."""

        def skip(gateway: Gateway) -> int:
            clock = gateway.hub.clock
            ahead = MINUTE - clock.now() % MINUTE
            clock.skip_to(clock.now() + ahead)
            return ahead

        self._shift.write_text(str(self.served.do(skip)))

    def _is_shown(self) -> bool:
        look = self.look
        return look is not None and len(look.orders) >= RESTING

    def until(
        self, check: Callable[[], object], session: subprocess.Popen[bytes] | None = None
    ) -> None:
        """Wait until something is so."""
        end = time.monotonic() + 60.0
        while not check():
            is_gone = session is not None and session.poll() is not None
            assert not is_gone and time.monotonic() < end, self.log
            time.sleep(0.02)

    def others(self) -> dict[int, str]:
        """What has become of the orders of other programs and people, by permanent id."""

        def found(gateway: Gateway) -> dict[int, str]:
            placed = gateway.hub.exchange.placed()
            return {one.perm_id: one.status for one in placed if one.client_id != 1}

        return self.served.do(found)

    @property
    def log(self) -> str:
        """What the session printed."""
        return (self.folder / "session.log").read_text()

    @property
    def look(self) -> Status | None:
        """The session's status."""
        return read_status(self.session)

    @property
    def working(self) -> int:
        """Orders that work at the broker."""
        return self.served.do(lambda one: len(one.hub.exchange.open_orders()))

    @property
    def held(self) -> float:
        """Units at the broker."""
        book = self.served.do(lambda one: one.book(ACCOUNT))
        return book.positions["AAPL"].quantity if "AAPL" in book.positions else 0.0


@contextmanager
def ground(folder: Path) -> Iterator[Ground]:
    """An emulator with IB's own limit of messages."""
    settings = GatewaySettings(accounts=(ACCOUNT,), messages_per_second=50)
    with serving(settings=settings) as served, wire(served.port) as tap:
        yield Ground(folder, served, tap)
