"""Sell a straddle on the S&P 500 again and again, and keep its delta near zero."""

from framework import Strategy, straddle


class ShortStraddleHedged(Strategy):
    """Sell the straddle nearest to the price; once it has expired, sell the next.

    What it earns is the gap between the volatility it sold and the one that came; the hedger keeps
    the direction of the market out of it. The volatility is the VIX, which is that of options of
    thirty days. A contract is worth ten times the index, as a mini option's.
    """

    sample = "sp500-vix"
    option_model = {
        "volatility": "vix",
        "rate": 0.01,
        "dividend_yield": 0.02,
        "style": "european",
        "settlement": "cash",
        "multiplier": 10,
    }
    hedging = ("band:1",)

    days: int = 30
    """Calendar days to the expiry, at least."""

    count: int = 2
    """Straddles sold at a time."""

    def on_bar(self) -> None:
        """Sell the next ones once nothing is held."""
        if not self.options.is_flat:
            return
        chain = self.options.chain()
        expiry = chain.expiry_at_least(self.days)
        strike = chain.nearest_strike(expiry, self.data.close[-1])
        self.options.sell(straddle(chain, expiry, strike), self.count)
