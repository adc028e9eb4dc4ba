"""The historical broker: a pure matcher, a fill policy, and its own book."""
