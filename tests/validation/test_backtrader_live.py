"""Random order programs run side by side: backtrader itself, and ours under its policy.

About a hundred programs here, and a thousand with `pytest -m slow`.
"""

from __future__ import annotations

import numpy as np
import pytest

from tests.validation.backtrader_peer import peer
from tests.validation.backtrader_programs import program
from tests.validation.backtrader_replay import Outcome, replay

SHORT, LONG, BATCH = 100, 1_000, 20


def check(seed: int) -> int:
    """Compare one program; how many fills it had."""
    requests, bars, account = program(seed)
    theirs = peer(requests, bars, account)
    _, ours = replay(requests, bars, account)
    name = f"seed {seed}"
    assert [fill[:2] for fill in ours.fills] == [fill[:2] for fill in theirs.fills], name
    if theirs.fills:
        np.testing.assert_allclose(
            [fill[2:] for fill in ours.fills],
            [fill[2:] for fill in theirs.fills],
            rtol=1e-9,
            atol=1e-6,
            err_msg=name,
        )
    for told in ("units", "value", "cash"):
        np.testing.assert_allclose(
            getattr(ours, told), getattr(theirs, told), rtol=0, atol=0.01, err_msg=f"{name} {told}"
        )
    fates = {ref: fate[0] for ref, fate in ours.fates.items()}
    assert fates == {ref: fate[0] for ref, fate in theirs.fates.items()}, name
    if not account.coc:  # whose fills are dated at their decision, however late they are booked
        assert trips_of(ours) == pytest.approx(trips_of(theirs), abs=1e-6), name
    return len(theirs.fills)


def trips_of(outcome: Outcome) -> list[float]:
    """Its round trips as one row of figures."""
    rows = sorted((t.closed, t.opened, t.profit, t.net, t.fees) for t in outcome.trips)
    return [figure for row in rows for figure in row]


@pytest.mark.parametrize("batch", range(SHORT // BATCH))
def test_same_program_same_fills(batch: int) -> None:
    fills = [check(seed) for seed in range(batch * BATCH, (batch + 1) * BATCH)]
    assert sum(fills) > BATCH


@pytest.mark.slow
@pytest.mark.parametrize("batch", range(SHORT // BATCH, LONG // BATCH))
def test_same_program_same_fills_a_thousand_times(batch: int) -> None:
    test_same_program_same_fills(batch)
