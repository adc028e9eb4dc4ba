"""Sessions: shadow, paper and live runs put together, guarded and kept."""
