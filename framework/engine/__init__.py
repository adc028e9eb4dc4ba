"""One instant at a time: history, the one order door, reconciliation."""
