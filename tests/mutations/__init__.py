"""Mutations: one handling of a failure broken at a time, to prove that its test notices."""
