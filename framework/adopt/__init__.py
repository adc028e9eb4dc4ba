"""Strategies written for backtrader, run unchanged by our engine: the desk is their broker."""
