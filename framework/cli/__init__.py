"""The commands: `slipway run`, `referee`, `compare`, and those that list things."""

from __future__ import annotations

__all__ = ["OTHERS", "main"]

from framework.cli.app import main

OTHERS = ("compare", "components", "orders", "referee", "run", "strategies", "version")
"""Commands `run.py` knows by name; anything else it takes for a strategy."""
