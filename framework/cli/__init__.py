"""The commands: `slipway run`, `compare`, `components`, `strategies`."""

from __future__ import annotations

__all__ = ["main"]

from framework.cli.app import main
