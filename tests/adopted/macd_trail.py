"""Entries where the MACD crosses its signal line, left by a trailing stop."""

import backtrader as bt


class MacdTrail(bt.Strategy):
    params = (
        ("fast", 7),
        ("slow", 15),
        ("smooth", 5),
        ("atr", 10),
        ("distance", 2.5),
        ("percent", 0.03),
    )

    def __init__(self):
        self.macd = bt.ind.MACD(
            period_me1=self.p.fast, period_me2=self.p.slow, period_signal=self.p.smooth
        )
        self.cross = bt.ind.CrossOver(self.macd.macd, self.macd.signal)
        self.atr = bt.ind.ATR(period=self.p.atr)
        self.trail = None
        self.entry = None
        self.turns = 0

    def notify_order(self, order):
        print(
            f"{len(self)} {order.getordername()} {order.getstatusname()} "
            f"{order.executed.size} {order.executed.price:.6f}"
        )
        if order.status == order.Completed and self.entry is not None and order == self.entry:
            self.entry = None
            self.protect(order)
        elif not order.alive():
            if self.trail is not None and order.ref == self.trail.ref:
                self.trail = None
            elif self.entry is not None and order.ref == self.entry.ref:
                self.entry = None

    def protect(self, order):
        leave = self.sell if order.isbuy() else self.buy
        self.turns += 1
        if self.turns % 2:
            self.trail = leave(
                size=abs(order.executed.size),
                exectype=bt.Order.StopTrail,
                trailamount=self.p.distance * self.atr[0],
            )
        else:
            self.trail = leave(
                size=abs(order.executed.size),
                exectype=bt.Order.StopTrail,
                trailpercent=self.p.percent,
            )

    def next(self):
        if self.entry or self.trail:
            return
        if not self.position:
            if self.cross > 0:
                self.entry = self.buy(size=40)
            elif self.cross < 0:
                self.entry = self.sell(size=40)
