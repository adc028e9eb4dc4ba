"""A moving average cross with one order at a time and a log of everything that happens."""

import backtrader as bt


class SmaCross(bt.Strategy):
    params = (
        ("fast", 8),
        ("slow", 21),
        ("stake", 25),
        ("printlog", True),
    )

    def log(self, text):
        if self.p.printlog:
            print(f"{self.datas[0].datetime.date(0).isoformat()} {text}")

    def __init__(self):
        self.dataclose = self.datas[0].close
        self.order = None
        self.sizer.setsizing(self.params.stake)
        fast = bt.indicators.SimpleMovingAverage(self.datas[0], period=self.params.fast)
        slow = bt.indicators.SimpleMovingAverage(self.datas[0], period=self.params.slow)
        self.cross = bt.indicators.CrossOver(fast, slow)

    def start(self):
        self.began_with = self.broker.getvalue()

    def prenext(self):
        self.log(f"waiting, {len(self)}")

    def nextstart(self):
        self.log(f"first bar with values, {len(self)}")
        self.next()

    def notify_order(self, order):
        if order.status in [order.Submitted, order.Accepted]:
            return
        if order.status in [order.Completed]:
            side = "bought" if order.isbuy() else "sold"
            self.log(
                f"{side} {order.executed.size} at {order.executed.price:.6f}, "
                f"worth {order.executed.value:.4f}, fee {order.executed.comm:.6f}"
            )
            self.bar_executed = len(self)
        elif order.status in [order.Canceled, order.Margin, order.Rejected]:
            self.log(f"order {order.getstatusname()}")
        self.order = None

    def notify_trade(self, trade):
        if not trade.isclosed:
            return
        self.log(f"trade {trade.barlen} bars: gross {trade.pnl:.6f}, net {trade.pnlcomm:.6f}")

    def next(self):
        if self.order:
            return
        if not self.position:
            if self.cross[0] > 0:
                self.log(f"buy at {self.dataclose[0]:.4f}")
                self.order = self.buy()
        elif self.cross < 0:
            self.log(f"sell at {self.dataclose[0]:.4f}")
            self.order = self.sell()

    def stop(self):
        gain = self.broker.getvalue() - self.began_with
        self.log(f"({self.p.fast}, {self.p.slow}) ends with {gain:.6f}")
