"""A signal strategy on the relative strength index, sized by a share of cash."""

import backtrader as bt


class RsiDistance(bt.Indicator):
    """How far the index is outside its band: above 0 oversold, below 0 overbought."""

    lines = ("distance",)
    params = (("period", 9), ("low", 40.0), ("high", 60.0))

    def __init__(self):
        rsi = bt.ind.RSI_Safe(self.data, period=self.p.period)
        below = bt.Max(self.p.low - rsi, 0.0)
        above = bt.Max(rsi - self.p.high, 0.0)
        self.lines.distance = below - above


class RsiSignals(bt.SignalStrategy):
    params = {"period": 9, "percents": 60}  # noqa: RUF012

    def __init__(self):
        self.setsizer(bt.sizers.PercentSizer(percents=self.p.percents))
        self.signal_add(bt.SIGNAL_LONGSHORT, RsiDistance(period=self.p.period))

    def notify_order(self, order):
        if order.status == order.Completed:
            print(
                f"{self.datetime.date()} {order.ordtypename()} {order.executed.size:.6f} "
                f"at {order.executed.price:.6f}, cash {self.broker.getcash():.4f}"
            )

    def notify_trade(self, trade):
        if trade.isclosed:
            print(f"{self.datetime.date()} profit {trade.pnlcomm:.4f}")
