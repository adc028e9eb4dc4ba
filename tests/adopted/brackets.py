"""Bracket orders to both sides of an exponential average, one bracket at a time."""

import datetime

import backtrader as bt


class Brackets(bt.Strategy):
    params = (
        ("period", 10),
        ("limit", 0.005),
        ("risk", 0.02),
        ("reward", 0.03),
        ("wait", 3),
    )

    def __init__(self):
        ema = bt.ind.EMA(period=self.p.period)
        self.cross = bt.ind.CrossOver(self.data.close, ema)
        self.alive = []

    def notify_order(self, order):
        print(
            f"{self.data.datetime.date()} {order.ordtypename()} {order.getordername()} "
            f"{order.getstatusname()} {order.executed.price:.6f} {order.executed.size}"
        )
        if not order.alive() and order.ref in self.alive:
            self.alive.remove(order.ref)

    def notify_trade(self, trade):
        if trade.isclosed:
            print(f"{self.data.datetime.date()} trade {trade.size} {trade.pnl:.6f}")

    def next(self):
        if self.alive or self.position:
            return
        close = self.data.close[0]
        if self.cross > 0:
            price = close * (1.0 - self.p.limit)
            orders = self.buy_bracket(
                size=20,
                price=price,
                valid=datetime.timedelta(days=self.p.wait),
                stopprice=price * (1.0 - self.p.risk),
                stopargs={"valid": datetime.timedelta(days=1000)},
                limitprice=price * (1.0 + self.p.reward),
                limitargs={"valid": datetime.timedelta(days=1000)},
            )
        elif self.cross < 0:
            orders = self.sell_bracket(
                size=20,
                exectype=bt.Order.Market,
                stopprice=close * (1.0 + self.p.risk),
                limitprice=close * (1.0 - self.p.reward),
            )
        else:
            return
        self.alive = [order.ref for order in orders]
