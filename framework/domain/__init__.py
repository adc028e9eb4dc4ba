"""The nouns: instruments, bars, orders, events and the ledger; values and their arithmetic."""
