"""Roster: every program there is, whose interpreter runs it, and what it cannot do."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

OURS = "ours"
CEILING = "ceiling"
PEER = "peer"

NOTHING = "peers.nothing"
"""The module that runs nothing, and so answers nothing."""


@dataclass(frozen=True)
class Entry:
    """One program.

    Attributes:
        name: as tables call it.
        module: inside this package.
        kind: ours, a peer, or a ceiling nobody gets through.
        venv: folder of its virtual environment; empty for this interpreter.
        needs: the package it imports, for an interpreter that happens to have it.
        workloads: those it can express.
        lacks: why it cannot express the others.
    """

    name: str
    module: str
    kind: str
    venv: str
    needs: str
    workloads: tuple[str, ...]
    lacks: str = ""

    def interpreter(self, home: Path | None) -> str | None:
        """The Python that runs it, None where it is not installed."""
        if self.venv and home is not None:
            for inside in ("bin/python", "Scripts/python.exe"):
                if (home / self.venv / inside).exists():
                    return str((home / self.venv / inside).absolute())
        return sys.executable if find_spec(self.needs) else None


_RULES = ("sma", "panel", "sweep", "bracket")
_ALL = (*_RULES, "portfolio")

ROSTER = (
    Entry("Slipway", "slipway", OURS, "", "framework", _ALL),
    Entry("Slipway, `on_bar`", "slipway_on_bar", OURS, "", "framework", ("sma",)),
    Entry("vectorbt", "peers.vectorbt", PEER, "vectorbt", "vectorbt", _ALL),
    Entry(
        "backtesting.py",
        "peers.backtesting",
        PEER,
        "backtesting",
        "backtesting",
        _RULES,
        "portfolio: one instrument per run",
    ),
    Entry(
        "bt",
        "peers.bt",
        PEER,
        "bt",
        "bt",
        ("sma", "panel", "sweep"),
        "bracket, portfolio: one price per bar, no resting orders",
    ),
    Entry(
        "nautilus_trader",
        "peers.nautilus",
        PEER,
        "nautilus",
        "nautilus_trader",
        _RULES,
        "portfolio: slippage in ticks, not in percent",
    ),
    Entry("backtrader", "peers.backtrader", PEER, "backtrader", "backtrader", _ALL),
    Entry("compiled loop", "peers.compiled", CEILING, "limit", "numba", _ALL),
    Entry("Python callback", "peers.callback", CEILING, "", "numpy", ("sma",)),
    Entry("numpy alone", NOTHING, CEILING, "", "numpy", ()),
)


def chosen(names: str) -> tuple[Entry, ...]:
    """The programs named, by module without its folder, such as "slipway,vectorbt"; all without.

    Raises:
        ValueError: for a name that is not there.
    """
    if not names:
        return ROSTER
    wanted = names.split(",")
    known = {entry.module.removeprefix("peers."): entry for entry in ROSTER}
    unknown = [name for name in wanted if name not in known]
    if unknown:
        raise ValueError(f"There is no program {unknown[0]!r}; there are {', '.join(known)}.")
    return tuple(known[name] for name in known if name in wanted)
