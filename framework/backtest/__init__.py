"""Composition root of backtests: feed, engine and simulated broker put together."""
