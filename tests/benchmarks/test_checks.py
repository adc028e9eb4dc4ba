"""The checks before an order cost the same however many orders are open."""

from __future__ import annotations

import numpy as np
import pytest

from tests.benchmarks.checks import Crowd, MixedCrowd, checked

BARS = 12


@pytest.mark.parametrize("crowd", [Crowd, MixedCrowd])
def test_a_check_does_not_look_at_every_order(crowd: type[Crowd]) -> None:
    """A check that looks at each of a thousand takes ten times as long as one of ten; processor
    time, so that other programs of the machine have no part in it."""
    few = checked(type("Few", (crowd,), {"open": 10}), BARS)
    many = checked(crowd, BARS)
    assert len(few.processor) == len(many.processor) > 1_000
    assert np.median(many.processor) < 2.0 * np.median(few.processor)
