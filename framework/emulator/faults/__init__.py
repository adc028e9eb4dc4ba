"""Seeded fault plans: what to do to which message, and when."""
