"""Limit orders at the Bollinger bands that live for a few days, cancelled when the mood changes."""

import datetime

import backtrader as bt


class BollingerLimits(bt.Strategy):
    params = (("period", 12), ("devfactor", 1.2), ("days", 4), ("size", 15))

    def __init__(self):
        self.bands = bt.ind.BollingerBands(period=self.p.period, devfactor=self.p.devfactor)
        self.waiting = []

    def log(self, text):
        print(f"{self.data.datetime.datetime(0):%Y-%m-%d %H:%M} {text}")

    def notify_order(self, order):
        self.log(
            f"{order.ordtypename()} {order.getstatusname()} {order.created.price:.6f} "
            f"{order.executed.price:.6f} pnl {order.executed.pnl:.6f}"
        )
        if not order.alive():
            self.waiting = [one for one in self.waiting if one.ref != order.ref]

    def next(self):
        middle = self.bands.mid[0]
        if self.position.size > 0 and self.data.close[0] > middle:
            for order in self.waiting:
                self.cancel(order)
            self.close()
            return
        if self.position.size < 0 and self.data.close[0] < middle:
            for order in self.waiting:
                self.broker.cancel(order)
            self.close()
            return
        if self.waiting or self.position:
            return
        life = datetime.timedelta(days=self.p.days)
        if self.data.close[0] > middle:
            self.waiting.append(
                self.buy(
                    size=self.p.size,
                    exectype=bt.Order.Limit,
                    price=self.bands.bot[0],
                    valid=life,
                )
            )
        else:
            self.waiting.append(
                self.sell(
                    size=self.p.size,
                    exectype=bt.Order.Limit,
                    price=self.bands.top[0],
                    valid=self.data.datetime.datetime(0) + life,
                )
            )
