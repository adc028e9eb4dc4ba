"""Slipway on the workload that compares callbacks: `on_bar` is called at every bar."""

from __future__ import annotations

from functools import partial

import framework
from tests.benchmarks.outcome import Program
from tests.benchmarks.slipway import PLAIN, single
from tests.benchmarks.trader import SmaOnBar

PROGRAM = Program(framework.__version__, {"sma": partial(single, SmaOnBar, PLAIN)}, compiles=True)
