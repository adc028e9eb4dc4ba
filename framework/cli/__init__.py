"""The commands: `slipway run`, `sweep`, `gateway`, `referee`, `hedge-lab` and the smaller ones."""

from __future__ import annotations

__all__ = ["OTHERS", "main"]

from framework.cli.app import main

OTHERS = (
    "account",
    "backup",
    "compare",
    "components",
    "doctor",
    "download",
    "gateway",
    "hedge-lab",
    "journal",
    "kill",
    "orders",
    "positions",
    "ready",
    "reconcile",
    "referee",
    "restore",
    "run",
    "slippage",
    "status",
    "strategies",
    "sweep",
    "version",
    "warm",
    "watch",
    "working",
)
"""Commands `run.py` knows by name; anything else it takes for a strategy."""
