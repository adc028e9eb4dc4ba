"""Benchmarks: the same workloads through Slipway, its peers and two ceilings, side by side."""
