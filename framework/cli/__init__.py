"""The commands: `slipway run`, `sweep`, `hedge-lab`, `warm`, `referee`, `compare`, and lists."""

from __future__ import annotations

__all__ = ["OTHERS", "main"]

from framework.cli.app import main

OTHERS = (
    "compare",
    "components",
    "hedge-lab",
    "orders",
    "referee",
    "run",
    "strategies",
    "sweep",
    "version",
    "warm",
)
"""Commands `run.py` knows by name; anything else it takes for a strategy."""
