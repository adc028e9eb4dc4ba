"""Sweeps: one plan, many parameter sets, and how far the best of them can be trusted."""
