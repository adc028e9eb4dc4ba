"""`slipway kill` from another shell: on a session that is alive, that hangs, and that is dead."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from framework.emulator.protocol.contract import WireContract
from framework.emulator.protocol.order import WireOrder
from framework.emulator.server.gateway import Gateway
from framework.operations.status_file import write_status
from tests.unit.killing_ground import ACCOUNT, NAME, RESTING, Ground, ground
from tests.unit.tapped import CANCEL_ORDER, PLACE_ORDER
from tests.unit.test_operations_screen import STATUS

Session = subprocess.Popen[bytes]
AAPL = WireContract(symbol="AAPL", sec_type="STK", exchange="SMART", currency="USD")


def nothing(_: Session) -> None:
    """It lives."""


def hang(session: Session) -> None:
    os.kill(session.pid, signal.SIGSTOP)


def die(session: Session) -> None:
    session.kill()
    session.wait(10.0)


def raised(place: Ground) -> float:
    """When the flag was raised, on the monotonic clock."""
    age = time.time() - (place.session / "STOP").stat().st_mtime
    return time.monotonic() - age


def since(flag: float, frames: list[float]) -> list[float]:
    return [at - flag for at in frames if at > flag]


@pytest.mark.parametrize(
    ("befalls", "connections"), [(nothing, 1), (hang, 2), (die, 2)], ids=["alive", "hung", "dead"]
)
def test_everything_is_cancelled_and_flat(
    tmp_path: Path, befalls: Callable[[Session], None], connections: int
) -> None:
    with ground(tmp_path) as place, place.trading() as session:
        befalls(session)
        code, output = place.ran("kill --flatten --reason enough")
        assert code == 0, output
        assert f"{RESTING} orders cancelled; flat; the broker's books agree" in output
        assert place.working == 0
        assert place.held == 0.0
        flag = raised(place)
        cancels = since(flag, place.tap.sent(CANCEL_ORDER))
        assert len(cancels) == RESTING
        assert cancels[-1] - cancels[0] <= 1.0
        placed = since(flag, place.tap.sent(PLACE_ORDER))
        assert sum(at > 0.1 for at in placed) == 1, placed  # the one that closes
        assert placed[-1] > cancels[-1]
        assert place.tap.connections == connections  # the broker never hung up for too many
        assert session.wait(10.0) in (1, -signal.SIGKILL)
        print(f"cancels {cancels[0]:.3f} to {cancels[-1]:.3f} s, closed {placed[-1]:.3f} s")


def test_what_waits_to_be_sent_never_leaves(tmp_path: Path) -> None:
    """Killed while it sends as fast as it may: what is decided, and what is in the queue, stays."""
    with ground(tmp_path) as place, place.trading(2 * RESTING):
        code, output = place.ran("kill --reason enough")
        assert code == 0, output
        assert place.working == 0
        assert place.held == 10.0
        assert "10 AAPL" in output
        flag = raised(place)
        assert [at for at in since(flag, place.tap.sent(PLACE_ORDER)) if at > 0.1] == []
        assert place.tap.connections == 1


def test_what_is_others_is_left_alone_unless_everything_is_meant(tmp_path: Path) -> None:
    with ground(tmp_path) as place, place.trading():
        usual = WireOrder(
            action="BUY", total_quantity=1.0, order_type="LMT", lmt_price=1.0, tif="GTC",
            account=ACCOUNT,
        )  # fmt: skip

        def place_others(gateway: Gateway) -> None:
            gateway.hub.exchange.place(7, 1, AAPL, usual)
            gateway.hub.exchange.place_by_hand(0, 0, AAPL, usual)

        place.served.do(place_others)
        before = place.others()
        assert len(before) == 2
        code, output = place.ran("kill --flatten --exclude AAPL")
        assert code == 0, output
        assert "kept, without protection: 10 AAPL" in output
        assert place.others() == before
        assert (place.held, place.working) == (10.0, 2)

        code, output = place.ran("run busy.py --paper --symbols AAPL --bar 1m --rules none "
                                 f"--port {place.tap.port}")  # fmt: skip
        assert code == 2
        assert "kill --lift" in output
        assert "taken back" in place.ran("kill --lift")[1]
        assert "it was not on" in place.ran("kill --lift")[1]

        code, output = place.ran("kill --global", "yes\n")
        assert code == 2
        assert "nothing was done" in output
        assert not (place.session / "STOP").exists()
        assert place.working == 2
        code, output = place.ran("kill --global", "GLOBAL\n")
        assert code == 0, output
        assert (place.held, place.working) == (10.0, 0)


def test_a_drill_is_noted_and_leaves_no_flag(tmp_path: Path) -> None:
    with ground(tmp_path) as place, place.trading():
        code, output = place.ran("kill --flatten --drill")
        assert code == 0, output
        assert (place.held, place.working) == (0.0, 0)
        assert not (place.session / "STOP").exists()
        (line,) = (tmp_path / "sessions" / "evidence.jsonl").read_text().splitlines()
        noted = json.loads(line)
        assert noted["trial"] == "drill"
        assert noted["passed"] is True
        assert "flat" in noted["detail"]


def test_a_drill_is_not_for_live(tmp_path: Path) -> None:
    with ground(tmp_path) as place:
        write_status(place.session, replace(STATUS, mode="live", journal=NAME))
        code, output = place.ran("kill --flatten --drill")
        assert code == 2
        assert "is live: a drill is for paper" in output
        assert not (place.session / "STOP").exists()
