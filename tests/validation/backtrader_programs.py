"""Random order programs and random bars, for two engines to be compared on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import nan

import numpy as np

from framework.domain.bars import Bars
from framework.domain.orders import Side
from tests.validation.backtrader_cases import DAY, bars_at
from tests.validation.backtrader_terms import Account, Request

FIRST = 12_784
"""2005-01-01 as a day number."""
CLOSE = 86_399_999_989_000
"""Nanoseconds from midnight to the time the peer's daily bars carry."""
BARS = 60
CALM, GRID, GAPS, FLAT = "calm", "grid", "gaps", "flat"


def bars_of(rng: np.random.Generator, symbol: str, account: Account) -> Bars:
    """Daily bars of one of four kinds, with weekends left out.

    calm: small moves; grid: prices on a coarse grid, so that prices and orders tie; gaps: opens far
    from the close before; flat: many bars without a range.
    """
    kind = str(rng.choice([CALM, GRID, GAPS, FLAT]))
    moves = {CALM: 0.01, GRID: 0.02, GAPS: 0.01, FLAT: 0.01}[kind]
    gap = 0.04 if kind == GAPS else 0.004
    price, rows = 100.0, []
    for _ in range(BARS):
        open_ = price * (1.0 + gap * rng.standard_normal())
        close = open_ * (1.0 + moves * rng.standard_normal())
        high = max(open_, close) * (1.0 + 0.5 * moves * abs(rng.standard_normal()))
        low = min(open_, close) * (1.0 - 0.5 * moves * abs(rng.standard_normal()))
        if kind == FLAT and rng.random() < 0.5:
            high = low = close = open_
        rows.append((open_, high, low, close))
        price = min(max(close, 40.0), 250.0)
    step = 1.0 if kind == GRID else 0.01
    prices = np.round(np.array(rows) / step) * step
    days = FIRST + np.array([i // 5 * 7 + i % 5 for i in range(BARS)], dtype=np.int64)
    volume = rng.integers(0, 60, BARS).astype(float)
    return bars_at(days * DAY + CLOSE, *prices.T.copy(), volume, account.instrument(symbol))


def account_of(rng: np.random.Generator) -> Account:
    """Settings of every kind the peer's broker has."""
    cash = float(rng.choice([500.0, 3_000.0, 20_000.0, 1_000_000.0]))
    account = replace(Account(cash=cash), **_scheme(rng))
    if rng.random() < 0.4:
        name = str(rng.choice(["slip_perc", "slip_fixed"]))
        size = float(rng.choice([0.002, 0.02]) if name == "slip_perc" else rng.choice([0.2, 2.0]))
        flags = {
            flag: bool(rng.random() < 0.5)
            for flag in ("slip_open", "slip_match", "slip_limit", "slip_out")
        }
        account = replace(account, **{name: size}, **flags)
    if rng.random() < 0.25:
        filler = str(rng.choice(["FixedSize", "FixedBarPerc", "BarPointPerc"]))
        account = replace(account, filler=filler, filler_options=_FILLERS[filler])
    if rng.random() < 0.25:
        account = replace(account, interest=0.2, interest_long=bool(rng.random() < 0.5))
    return replace(
        account,
        coc=bool(rng.random() < 0.15),
        checksubmit=bool(rng.random() < 0.85),
        shortcash=bool(rng.random() < 0.8),
    )


_FILLERS: Mapping[str, Mapping[str, float]] = {
    "FixedSize": {"size": 7},
    "FixedBarPerc": {"perc": 30.0},
    "BarPointPerc": {"minmov": 0.5, "perc": 60.0},
}


def _scheme(rng: np.random.Generator) -> dict[str, object]:
    """A commission scheme: of stocks, leveraged or not, or of futures, in money or in percent."""
    kind = rng.random()
    if kind < 0.35:
        return {"commission": float(rng.choice([0.0, 0.002]))}
    if kind < 0.55:
        leverage = float(rng.choice([2.0, 4.0]))
        return {"commission": 0.1, "percabs": False, "commtype": "COMM_PERC", "stocklike": True} | {
            "leverage": leverage
        }
    if kind < 0.65:
        return {"commission": 0.05, "commtype": "COMM_FIXED", "stocklike": True}
    future = {"margin": float(rng.choice([50.0, 400.0])), "mult": float(rng.choice([1.0, 10.0]))}
    if kind < 0.9:
        return {"commission": float(rng.choice([0.0, 1.5])), **future}
    return {"commission": 0.001, "commtype": "COMM_PERC", **future}


@dataclass
class Writer:
    """Writes one program, request by request."""

    rng: np.random.Generator
    bars: Sequence[Bars]
    requests: list[Request]
    fraction: float

    def write(self) -> None:
        """Something at about every third bar, and now and then a cancel of something before."""
        for bar in range(1, BARS - 1):
            if self.rng.random() > 0.35:
                continue
            form = self.rng.choice(["single", "bracket", "oco"], p=[0.6, 0.25, 0.15])
            {"single": self._single, "bracket": self._bracket, "oco": self._group}[form](bar)
        for number, request in enumerate(self.requests):
            if self.rng.random() < 0.12:
                when = request.bar + int(self.rng.integers(0, 5))
                self.requests[number] = replace(request, cancel=min(when, BARS - 2))

    def _add(self, request: Request) -> Request:
        request = replace(request, ref=len(self.requests) + 1)
        self.requests.append(request)
        return request

    def _of(self, bar: int, bars: Bars, side: Side, kind: str, size: float) -> Request:
        """An order of type `kind` near the close, sometimes with an end."""
        rng = self.rng
        close = float(bars.close[bar])
        better = close * (1.0 - side * rng.uniform(-0.01, 0.03))
        worse = close * (1.0 + side * rng.uniform(-0.01, 0.03))
        request = Request(0, bar, side, kind, size, symbol=bars.symbol)
        if kind == "Limit":
            request = replace(request, price=better)
        elif kind == "Stop":
            request = replace(request, price=worse)
        elif kind == "StopLimit":
            limit = worse * (1.0 + side * rng.uniform(-0.02, 0.02))
            request = replace(request, price=worse, plimit=self._tied(limit))
        elif kind.startswith("StopTrail"):
            limited = kind.endswith("Limit")
            amount, percent = (close * rng.uniform(0.005, 0.04), 0.0)
            if rng.random() < 0.5:
                amount, percent = 0.0, rng.uniform(0.005, 0.04)
            stop = close + side * (amount or close * percent)
            limit = stop + side * close * rng.uniform(-0.01, 0.01) if limited else nan
            return replace(
                request, price=stop, plimit=limit, trailamount=amount, trailpercent=percent
            )
        if kind not in ("Market", "Close"):
            request = replace(request, price=self._tied(request.price))
        if kind != "Market" and rng.random() < 0.4:
            days = int(rng.integers(1, 9))
            request = replace(request, valid=int(bars.close_time[bar]) + days * DAY)
        return request

    def _tied(self, price: float) -> float:
        """Often on a price bars can have, so that touches are exact."""
        return round(price) if self.rng.random() < 0.5 else price

    def _one(self, bar: int, kinds: Sequence[str]) -> Request:
        rng = self.rng
        bars = self.bars[int(rng.integers(len(self.bars)))]
        side = Side.BUY if rng.random() < 0.55 else Side.SELL
        size = float(rng.integers(1, 30))
        return self._of(bar, bars, side, str(rng.choice(kinds)), size + self.fraction)

    def _single(self, bar: int) -> None:
        kinds = ["Market", "Close", "Limit", "Stop", "StopLimit", "StopTrail", "StopTrailLimit"]
        self._add(self._one(bar, kinds))

    def _bracket(self, bar: int) -> None:
        parent = self._add(self._one(bar, ["Market", "Limit", "Stop", "StopLimit"]))
        bars = next(one for one in self.bars if one.symbol == parent.symbol)
        way = Side.SELL if parent.side is Side.BUY else Side.BUY
        stops = ["Stop", "StopTrail", "StopLimit", "StopTrailLimit"]
        targets = ["Limit", "Limit", "Limit", "Close"]
        for kind in (str(self.rng.choice(stops)), str(self.rng.choice(targets))):
            child = self._of(bar, bars, way, kind, parent.size)
            self._add(replace(child, parent=parent.ref))

    def _group(self, bar: int) -> None:
        first = self._add(self._one(bar, ["Limit", "Stop", "StopLimit", "StopTrail"]))
        for _ in range(int(self.rng.integers(1, 3))):
            mate = self._one(bar, ["Limit", "Stop", "StopTrail", "Market"])
            self._add(replace(mate, oco=first.ref))


def program(seed: int) -> tuple[list[Request], list[Bars], Account]:
    """The program, bars and settings of a seed."""
    rng = np.random.default_rng(seed)
    account = account_of(rng)
    symbols = ("AAA", "BBB", "CCC")[: int(rng.choice([1, 1, 2, 3]))]
    bars = [bars_of(rng, symbol, account) for symbol in symbols]
    fraction = 0.25 if account.filler is None and rng.random() < 0.2 else 0.0
    writer = Writer(rng, bars, [], fraction)
    writer.write()
    return writer.requests, bars, account
