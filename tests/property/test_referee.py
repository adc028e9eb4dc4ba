"""Whatever strategies on whatever bars: no difference from backtrader is without a rule.

A few programs here, and a thousand under each policy with `pytest -m slow`.
"""

from __future__ import annotations

from collections import Counter

import pytest

from framework.referee.compare import referee
from tests.property.referee_programs import world

SEEDS = [
    *((seed, False) for seed in (*range(17), 75, 163, 447)),
    *((seed, True) for seed in (*range(16), 27, 76, 103, 127)),
]
"""Programs for every day, the last of which meet what few others do."""
LONG, BATCH = 1_000, 10
OWN = {"NOT_IN_BACKTRADER", "OLD_BAR", "FOLLOWS"}
"""The rules backtrader's own policy leaves."""


def judged(seed: int, backtraders_policy: bool) -> Counter[str]:
    """Referee one program; the rules it took."""
    one = world(seed, backtraders_policy)
    verdict = referee(one.strategy, one.bars, one.settings)
    flagged = [d for row in verdict.rows for d in row.differences if not d.rule]
    assert not verdict.ours.error, f"seed {seed}"
    assert not flagged, f"seed {seed}: {flagged[0]}"
    assert not verdict.path, f"seed {seed}: {verdict.path}"
    if backtraders_policy:
        assert set(verdict.rules) <= OWN, f"seed {seed}"
        if len(one.bars) == 1 and "NOT_IN_BACKTRADER" not in verdict.rules:
            assert not verdict.rules, f"seed {seed}"
    return verdict.rules + Counter(orders=len(verdict.rows))


@pytest.mark.parametrize("batch", range(len(SEEDS) // BATCH))
def test_no_difference_is_without_a_rule(batch: int) -> None:
    counts: Counter[str] = Counter()
    for seed, backtraders_policy in SEEDS[batch * BATCH : (batch + 1) * BATCH]:
        counts += judged(seed, backtraders_policy)
    assert counts["orders"] > 10 * BATCH


@pytest.mark.slow
@pytest.mark.parametrize("backtraders_policy", [False, True], ids=["default", "backtrader"])
@pytest.mark.parametrize("batch", range(LONG // BATCH))
def test_no_difference_of_a_thousand_is_without_a_rule(
    batch: int, backtraders_policy: bool
) -> None:
    for seed in range(batch * BATCH, (batch + 1) * BATCH):
        judged(seed, backtraders_policy)
