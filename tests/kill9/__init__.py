"""kill -9 at every point of an order's life: what a session loses, and what it does twice."""
