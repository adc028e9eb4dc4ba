"""Readiness: the evidence for one exact strategy, and whether it may move on to real money."""
