"""The hedging lab: policies compared on many simulated paths, each run by the event engine."""
