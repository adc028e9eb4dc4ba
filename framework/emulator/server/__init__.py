"""Connections: sessions, dispatch, subscriptions and limits."""
