"""Hold the S&P 500 and sell calls on it: some of the upside for a steady premium."""

from framework import Strategy, call


class CoveredCall(Strategy):
    """Buy the index once; sell a call of a given delta on all of it whenever none is sold.

    The calls are settled in cash, so the index itself is never given away.
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

    days: int = 30
    delta: float = 0.3
    """Of the call that is sold: the lower, the farther from the price."""

    count: int = 4
    """Calls, each on ten units of the index."""

    def on_bar(self) -> None:
        """Sell the next ones once nothing is held."""
        if not self.options.is_flat:
            return
        sentence = self.options.on().expiring(at_least=self.days, within=45)
        written = sentence.sell(call, delta=self.delta).legs[0].instrument
        if self.position.is_flat:
            self.buy(self.count * written.multiplier)
        self.options.sell(written, self.count)
