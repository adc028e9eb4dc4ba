"""`slipway kill` from another shell: on a session that is alive, that hangs, and that is dead."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.unit.killing_ground import RESTING, Ground, ground
from tests.unit.tapped import CANCEL_ORDER, PLACE_ORDER


def hang(session: subprocess.Popen[str]) -> None:
    os.kill(session.pid, signal.SIGSTOP)


def die(session: subprocess.Popen[str]) -> None:
    session.kill()
    session.wait(10.0)


def nothing(_: subprocess.Popen[str]) -> None:
    """It lives."""


def raised(place: Ground) -> float:
    """When the flag was raised, on the monotonic clock."""
    age = time.time() - (place.session / "STOP").stat().st_mtime
    return time.monotonic() - age


@pytest.mark.parametrize("befalls", [nothing, hang, die], ids=["alive", "hung", "dead"])
def test_everything_is_cancelled_and_flat(tmp_path: Path, befalls: object) -> None:
    with ground(tmp_path) as place, place.trading() as session:
        befalls(session)  # type: ignore[operator]
        begun = time.monotonic()
        code, output = place.ran("kill --flatten --reason enough")
        took = time.monotonic() - begun
        flag = raised(place)
        print(output)
        assert code == 0, output
        assert "flat; the broker's books agree" in output
        assert place.working == 0
        assert place.held == 0.0
        late = [at - flag for at in place.tap.sent(PLACE_ORDER) if at > flag + 0.1]
        cancels = [at for at in place.tap.sent(CANCEL_ORDER) if at > flag]
        print("kill took", took, "cancels", len(cancels), "from", cancels[0]-flag, "to", cancels[-1]-flag,
              "span", cancels[RESTING-1]-cancels[0], "late", late, [at - flag for at in place.tap.sent(PLACE_ORDER) if at > flag])
        session.wait(10.0)
        print(place.log)
        assert 0
