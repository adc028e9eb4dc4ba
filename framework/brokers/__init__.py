"""Brokers behind one port: simulated here, Interactive Brokers later."""
