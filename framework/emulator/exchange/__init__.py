"""Accounts behind the wire: orders, executions, positions, money."""
