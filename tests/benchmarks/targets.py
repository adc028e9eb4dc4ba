"""Targets: how many times faster than whom, and how near to which ceiling."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tests.benchmarks.measure import Figures

Table = Mapping[tuple[str, str], Figures]
"""Figures by workload and module."""

PROCESS = "process"
"""The whole process: the sma workload at 10,000 bars, from the first line to the result."""


@dataclass(frozen=True)
class Target:
    """One ratio.

    Attributes:
        workload: on what.
        ours: our module.
        other: module it is compared with.
        factor: times faster at least, or times slower at most.
        is_ceiling: whether it is a distance to keep within.
    """

    workload: str
    ours: str
    other: str
    factor: float
    is_ceiling: bool = False

    def ratio(self, table: Table) -> float | None:
        """How many times faster, or slower for a ceiling; None where one was not measured."""
        ours, other = table.get((self.workload, self.ours)), table.get((self.workload, self.other))
        if ours is None or other is None:
            return None
        if self.workload == PROCESS:
            mine, theirs = ours.process_s, other.process_s
        else:
            mine, theirs = ours.run_s, other.quickest_s
        return mine / theirs if self.is_ceiling else theirs / mine

    def is_met(self, ratio: float) -> bool:
        """Whether a ratio is good enough."""
        return ratio <= self.factor if self.is_ceiling else ratio >= self.factor


def _peer(workload: str, ours: str, other: str, factor: float) -> Target:
    return Target(workload, ours, f"peers.{other}", factor)


def _ceiling(workload: str, ours: str, other: str, factor: float) -> Target:
    return Target(workload, ours, f"peers.{other}", factor, is_ceiling=True)


TARGETS = (
    _peer("sma", "slipway_on_bar", "backtesting", 12.0),
    _peer("sma", "slipway_on_bar", "nautilus", 75.0),
    _peer("sma", "slipway_on_bar", "backtrader", 150.0),
    _ceiling("sma", "slipway_on_bar", "callback", 3.0),
    _peer("sma", "slipway", "vectorbt", 8.0),
    _ceiling("sma", "slipway", "compiled", 8.0),
    _peer("panel", "slipway", "vectorbt", 5.0),
    _peer("panel", "slipway", "bt", 40.0),
    _ceiling("panel", "slipway", "compiled", 6.0),
    _peer("sweep", "slipway", "vectorbt", 10.0),
    _ceiling("sweep", "slipway", "compiled", 6.0),
    _peer("bracket", "slipway", "vectorbt", 10.0),
    _peer("bracket", "slipway", "backtesting", 130.0),
    _ceiling("bracket", "slipway", "compiled", 20.0),
    *(
        _peer(PROCESS, "slipway", other, 1.0)
        for other in ("vectorbt", "backtesting", "bt", "nautilus", "backtrader")
    ),
)
