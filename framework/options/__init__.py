"""Options: what a contract is worth, how that worth moves, and what volatility a price implies."""
