"""An order program run on backtrader itself."""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from math import isnan
from typing import Any

import numpy as np

from framework.domain.bars import Bars
from tests.validation.backtrader_replay import Outcome, Trip, merged, peer_fate
from tests.validation.backtrader_terms import Account, Request

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import backtrader as bt

EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  the peer's times are naive


class ArrayFeed(bt.feed.DataBase):  # type: ignore[misc]
    """Bars from arrays."""

    params = (("bars", None),)

    def start(self) -> None:
        super().start()
        self.row = -1

    def _load(self) -> bool:
        self.row += 1
        bars = self.p.bars
        if self.row >= len(bars):
            return False
        self.lines.datetime[0] = bt.date2num(moment(int(bars.close_time[self.row])))
        for name in ("open", "high", "low", "close", "volume"):
            getattr(self.lines, name)[0] = float(getattr(bars, name)[self.row])
        self.lines.openinterest[0] = 0.0
        return True


def moment(time: int) -> datetime:
    """Nanoseconds as the peer's naive time."""
    return EPOCH + timedelta(microseconds=time // 1000)


class Program(bt.Strategy):  # type: ignore[misc]
    """Sends the requests, each at its own bar, and notes what is heard of them."""

    params = (("requests", ()), ("outcome", None))

    def __init__(self) -> None:
        self.due: dict[int, list[Request]] = defaultdict(list)
        self.cancels: dict[int, list[int]] = defaultdict(list)
        self.children: dict[int, int] = {}
        for request in self.p.requests:
            self.due[request.bar].append(request)
            if request.cancel is not None:
                self.cancels[request.cancel].append(request.ref)
            if request.parent is not None:
                self.children[request.parent] = request.ref
        self.sent: dict[int, Any] = {}
        self.refs: dict[int, int] = {}
        self.cash: list[float] = []
        self.value: list[float] = []
        self.units: list[float] = []
        self.fills: list[tuple[int, float, float, float]] = []
        self.trips: list[tuple[float, float, float, float, float]] = []

    def notify_order(self, order: Any) -> None:
        ref = self.refs.get(order.ref)
        for bit in order.executed.iterpending():
            self.fills.append((ref or 0, bit.dt, bit.size, bit.price))

    def notify_trade(self, trade: Any) -> None:
        if trade.isclosed:
            self.trips.append(
                (trade.dtopen, trade.dtclose, trade.pnl, trade.pnlcomm, trade.commission)
            )

    def next(self) -> None:
        bar = len(self) - 1
        self.cash.append(self.broker.getcash())
        self.value.append(self.broker.getvalue())
        self.units.append(sum(self.getposition(data).size for data in self.datas))
        known = [ref for ref in self.cancels[bar] if ref in self.sent]
        for ref in known:
            self.cancel(self.sent[ref])
        for request in self.due[bar]:
            order = self._send(request)
            self.sent[request.ref] = order
            self.refs[order.ref] = request.ref
        for ref in self.cancels[bar]:
            if ref not in known:
                self.cancel(self.sent[ref])

    def _send(self, request: Request) -> Any:
        send = self.buy if request.side > 0 else self.sell
        data = self.getdatabyname(request.symbol) if request.symbol else self.data
        trails = request.type.startswith("StopTrail")
        # A trailing stop is created from a reference price, and a limit beyond it moves along.
        offset = request.price - request.plimit
        close = data.close[0]
        prices: dict[str, float | None] = {
            "price": None if trails or isnan(request.price) else request.price,
            "plimit": None if isnan(request.plimit) else request.plimit,
        }
        if request.type == "StopTrailLimit":
            prices = {"price": close, "plimit": close - offset}
        if request.type == "Market":
            prices = {"price": None, "plimit": None}
        return send(
            data=data,
            size=request.size,
            exectype=getattr(bt.Order, request.type),
            valid=None if request.valid is None else moment(request.valid),
            oco=None if request.oco is None else self.sent[request.oco],
            parent=None if request.parent is None else self.sent[request.parent],
            transmit=self._closes_unit(request),
            trailamount=request.trailamount or None,
            trailpercent=request.trailpercent or None,
            **prices,
        )

    def _closes_unit(self, request: Request) -> bool:
        """Whether everything held back with this request leaves now."""
        first = request.ref if request.parent is None else request.parent
        return self.children.get(first, request.ref) == request.ref


def peer(requests: Iterable[Request], bars: Sequence[Bars], account: Account) -> Outcome:
    """Run a program of requests on the peer's engine."""
    cerebro = bt.Cerebro(stdstats=False, quicknotify=False)
    for one in bars:
        cerebro.adddata(ArrayFeed(bars=one), name=one.symbol)
    _set_up(cerebro.broker, account)
    cerebro.addstrategy(Program, requests=tuple(requests))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        strategy = cerebro.run()[0]
    times = {moment(int(t)): int(t) for t in bars[0].close_time}
    return Outcome(
        fills=merged(
            (ref, _nanoseconds(when, times), float(size), float(price))
            for ref, when, size, price in strategy.fills
        ),
        fates={ref: (peer_fate(order.getstatusname()), 0) for ref, order in strategy.sent.items()},
        cash=np.array(strategy.cash),
        value=np.array(strategy.value),
        units=np.array(strategy.units, dtype=float),
        trips=[
            Trip(_nanoseconds(opened, times), _nanoseconds(closed, times), *money)
            for opened, closed, *money in strategy.trips
        ],
        fees=0.0,
    )


def _nanoseconds(number: float, times: Mapping[datetime, int]) -> int:
    when = bt.num2date(number)
    near = min(times, key=lambda one: abs(one - when))
    return times[near]


def _set_up(broker: Any, account: Account) -> None:
    broker.setcash(account.cash)
    kinds = {None: None, "COMM_PERC": bt.CommInfoBase.COMM_PERC, "COMM_FIXED": 1}
    broker.setcommission(
        commission=account.commission,
        margin=account.margin,
        mult=account.mult,
        commtype=kinds.get(account.commtype, account.commtype),
        percabs=account.percabs,
        stocklike=account.stocklike,
        interest=account.interest,
        interest_long=account.interest_long,
        leverage=account.leverage,
    )
    options = {
        "slip_open": account.slip_open,
        "slip_match": account.slip_match,
        "slip_limit": account.slip_limit,
        "slip_out": account.slip_out,
    }
    if account.slip_perc:
        broker.set_slippage_perc(account.slip_perc, **options)
    else:
        broker.set_slippage_fixed(account.slip_fixed, **options)
    if account.filler is not None:
        broker.set_filler(getattr(bt.fillers, account.filler)(**account.filler_options))
    broker.set_coc(account.coc)
    broker.set_checksubmit(account.checksubmit)
    broker.set_shortcash(account.shortcash)
    broker.set_int2pnl(account.int2pnl)
