"""Slipway: one Strategy class, backtested, floated on paper, sailed live."""

from __future__ import annotations

from importlib import import_module

_HOME = {
    "Bars": "framework.domain.bars",
    "FillPolicy": "framework.brokers.simulated.policy",
    "Instrument": "framework.domain.instruments",
    "Order": "framework.domain.orders",
    "Refused": "framework.domain.events",
    "Signal": "framework.domain.events",
    "Strategy": "framework.strategy",
}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'framework' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return list(__all__)
