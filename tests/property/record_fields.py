"""The facts of a run record that two ways to the same record must agree on to the last byte."""

from __future__ import annotations

__all__ = ["COMPARED"]

from dataclasses import fields

from framework.backtest.record import RunRecord

_ASIDE = ("bars", "holdings", "path", "tables", "timeline")

COMPARED = (
    *(field.name for field in fields(RunRecord) if field.name not in _ASIDE),
    *("instants", "session", "cash", "quantities"),
)
"""Names of attributes: all fields but those that say how it was run, and what is made from them."""
