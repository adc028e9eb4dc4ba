"""A trade done through the wire leaves the same book as the same orders given to the broker."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from ib_insync import Trade

from framework.backtest.settings import BacktestSettings
from framework.domain.bars import Bars
from framework.domain.orders import (
    DONE,
    IF_TOUCHED,
    Order,
    OrderStatus,
    OrderType,
    Origin,
    TimeInForce,
    points,
)
from framework.domain.terms import OcaType, Terms
from tests.property.emulator_programs import (
    ACCOUNTS,
    PEGS,
    START,
    Cancel,
    CancelAll,
    Change,
    Protect,
    Step,
    Together,
    Write,
    crowds,
    houses,
    long_programs,
    markets,
    programs,
    thin_houses,
)
from tests.property.emulator_sides import (
    ENDS,
    Account,
    Combo,
    Wired,
    by_order,
    differently_priced,
)

QUARTER = 0.25
ORIGINS = {
    OrderType.STOP: Origin.STOP_LOSS,
    OrderType.TRAIL: Origin.TRAIL,
    OrderType.LIMIT: Origin.TAKE_PROFIT,
}
LIMITED = {
    OrderType.LIMIT,
    OrderType.STOP_LIMIT,
    OrderType.LIMIT_IF_TOUCHED,
    OrderType.LIMIT_ON_CLOSE,
}
STOPPED = {OrderType.STOP, OrderType.STOP_LIMIT, *IF_TOUCHED}
WORKED = {OrderType.MARKET, OrderType.LIMIT}


class Play:
    """One program on both sides."""

    def __init__(self, bars: list[Bars], house: BacktestSettings, wired: Wired) -> None:
        self.direct = {name: Account(bars, house) for name in ACCOUNTS}
        self.wired = wired
        self.names: list[str] = []
        self.owner: dict[str, str] = {}

    def name(self, account: str) -> str:
        name = f"o{len(self.names)}"
        self.names.append(name)
        self.owner[name] = account
        return name

    async def do(self, step: Step) -> None:
        account = ACCOUNTS[step.account]
        match step.act:
            case Write():
                await self.write(step.client, account, step.act)
            case Change():
                await self.change(step.act)
            case Cancel(which=which):
                name = self.one_of(which)
                if name and self.direct[self.owner[name]].statuses[name] not in DONE:
                    self.direct[self.owner[name]].cancel(name)
                    await self.wired.cancel(name)
            case CancelAll():
                for each in self.names:
                    self.direct[self.owner[each]].cancel(each)
                await self.wired.cancel_all()
            case Protect():
                await self.protect(step.act)
            case Together():
                await self.combine(step.client, account, step.act)

    def one_of(self, which: int) -> str:
        return self.names[-1 - which % len(self.names)] if self.names else ""

    # orders ------------------------------------------------------------------------------

    async def write(self, client: int, account: str, act: Write) -> None:
        side = self.direct[account]
        close = side.tapes[act.symbol].close
        if close != close:
            return
        order = self.order(account, act, close)
        family = [order, *self.children(account, act, order)]
        side.submit(family)
        await self.wired.place(client, account, family)

    def order(self, account: str, act: Write, close: float) -> Order:
        at = close + QUARTER * act.near
        kind = act.kind
        plain = act.more in ("", "conditions") or kind not in WORKED
        tif = act.tif if plain or act.tif is not TimeInForce.OPG else TimeInForce.DAY
        if act.more == "scale" and kind is not OrderType.LIMIT:
            plain = True
        limit = at + act.side * QUARTER * act.beyond if kind in LIMITED else None
        if kind in PEGS and act.beyond > 3:
            limit = at
        group = act.group or None
        terms = Terms(
            good_till=START + timedelta(hours=act.hours) if tif is TimeInForce.GTD else None,
            outside_hours=act.outside,
            oca_type=act.oca if group else OcaType.CANCEL,
            conditions=act.conditions if act.more == "conditions" else None,
            algo=act.algo if act.more == "algo" and not plain else None,
            scale=act.scale if act.more == "scale" and not plain else None,
            peg=PEGS.get(kind),
            peg_offset=QUARTER * abs(act.beyond) if kind in PEGS else 0.0,
            limit_offset=QUARTER * act.beyond if kind is OrderType.TRAIL_LIMIT else None,
        )
        trails = kind in (OrderType.TRAIL, OrderType.TRAIL_LIMIT)
        return Order(
            id=self.name(account),
            symbol=act.symbol,
            side=act.side,
            quantity=float(act.units),
            type=kind,
            time=self.direct[account].time,
            decision_price=close,
            limit=limit,
            stop=at if kind in STOPPED else None,
            trail=act.trail if trails else None,
            tif=tif,
            oca=group,
            terms=terms,
        )

    def children(self, account: str, act: Write, entry: Order) -> list[Order]:
        kinds = {
            "": (),
            "stop": (OrderType.STOP,),
            "target": (OrderType.LIMIT,),
            "both": (OrderType.STOP, OrderType.LIMIT),
            "trail": (OrderType.TRAIL, OrderType.LIMIT),
        }[act.protect]
        return [self.child(account, entry, kind, act.beyond + 3) for kind in kinds]

    def child(self, account: str, entry: Order, kind: OrderType, near: int) -> Order:
        away = QUARTER * max(1, near)
        level = entry.limit or entry.stop or entry.decision_price
        against = level - entry.side * away
        for_it = level + entry.side * away
        return Order(
            id=self.name(account),
            symbol=entry.symbol,
            side=entry.side.opposite,
            quantity=entry.quantity,
            type=kind,
            time=self.direct[account].time,
            decision_price=self.direct[account].tapes[entry.symbol].close,
            limit=for_it if kind is OrderType.LIMIT else None,
            stop=against if kind is OrderType.STOP else None,
            trail=points(away) if kind is OrderType.TRAIL else None,
            tif=TimeInForce.GTC,
            parent=entry.id,
            oca=f"family {entry.id}",
            origin=ORIGINS.get(kind, Origin.STRATEGY),
        )

    async def protect(self, act: Protect) -> None:
        """Another child; not of a child, nor of what has ended without trading."""
        name = self.one_of(act.which)
        if not name:
            return
        account = self.owner[name]
        side = self.direct[account]
        entry = side.known(name)
        if entry is None or entry.parent is not None:
            return
        child = self.child(account, entry, act.kind, act.near)
        side.submit([child])
        await self.wired.place(self.wired.trades[name][0], account, [child])

    async def change(self, act: Change) -> None:
        name = self.one_of(act.which)
        if not name:
            return
        side = self.direct[self.owner[name]]
        order = side.known(name)
        if order is None:
            return
        units = float(act.units) or order.quantity
        if units <= side.filled(name):
            return
        new = differently_priced(order, units, QUARTER * act.near)
        if act.tif is not None and new.tif in (TimeInForce.DAY, TimeInForce.GTC):
            new = replace(new, tif=act.tif)
        side.broker.replace(new)
        side.hear()
        await self.wired.change(self.owner[name], new)

    async def combine(self, client: int, account: str, act: Together) -> None:
        side = self.direct[account]
        closes = [side.tapes[symbol].close for symbol, _ in act.legs]
        if any(close != close for close in closes):
            return
        net = sum(n * close for (_, n), close in zip(act.legs, closes, strict=True))
        limit = None if act.is_market else net + QUARTER * act.near
        combo = Combo(self.name(account), act.legs, act.side, act.units, limit, act.tif)
        side.combos.append((combo, None))
        side.statuses[combo.name] = OrderStatus.WORKING
        await self.wired.combine(client, account, combo)

    # law -----------------------------------------------------------------------------------

    def check(self) -> None:
        for name, side in self.direct.items():
            book, wire = side.broker.book(), self.wired.gateway.book(name)
            assert wire.cash == book.cash
            held = {s: (p.quantity, p.average_price) for s, p in book.positions.items()}
            assert {s: (p.quantity, p.average_price) for s, p in wire.positions.items()} == held
            assert self.wired.fills(name) == side.fills(), (self.wired.fills(name), side.fills())
        direct = [fill for side in self.direct.values() for fill in side.fills()]
        assert self.wired.heard() == by_order(direct)
        for name in self.names:
            self.check_status(name)
        assert self.wired.errors == []

    def check_status(self, name: str) -> None:
        side = self.direct[self.owner[name]]
        status, trade = side.statuses[name], self.wired.trades[name][1]
        shown = trade.orderStatus.status
        if status in DONE:
            assert shown == ENDS[status], (name, shown, status)
        else:
            assert shown in ("PreSubmitted", "Submitted"), name
            resting = side.broker.resting(name)
            if resting is not None:
                self.check_shown(trade, resting.order, resting.filled)

    def check_shown(self, trade: Trade, order: Order, filled: float) -> None:
        """The client knows how far its order has come, and what it is by now."""
        assert trade.orderStatus.filled == filled
        assert trade.order.totalQuantity == order.quantity
        if order.type in LIMITED:
            assert trade.order.lmtPrice == order.limit
        if order.type in STOPPED:
            assert trade.order.auxPrice == order.stop


async def play(
    bars: list[Bars], house: BacktestSettings, program: list[Step], in_turns: bool = False
) -> Play:
    """Play it on both sides and compare after every step; `in_turns` lets bars stop where clients
    may react to a fill, which none does here."""
    wired = await Wired.made(bars, house)
    try:
        both = Play(bars, house, wired)
        instants = len(both.direct[ACCOUNTS[0]].instants)
        for instant in range(instants):
            for side in both.direct.values():
                side.advance(instant)
            await wired.step(in_turns)
            both.check()
            for step in program:
                if step.instant == instant:
                    await both.do(step)
            both.check()
        return both
    finally:
        await wired.close()


LARGE = [HealthCheck.too_slow, HealthCheck.data_too_large]
DRAWN = (Phase.explicit, Phase.reuse, Phase.generate)
"""A failure is not made smaller: every try is a session of two clients."""


@settings(max_examples=120, deadline=None, suppress_health_check=LARGE, phases=DRAWN)
@given(markets(), houses, programs, st.booleans())
def test_the_wire_leaves_the_same_book(
    bars: list[Bars], house: BacktestSettings, program: list[Step], in_turns: bool
) -> None:
    asyncio.run(play(bars, house, program, in_turns))


@settings(max_examples=80, deadline=None, suppress_health_check=LARGE, phases=DRAWN)
@given(markets(), houses, long_programs)
def test_the_wire_leaves_the_same_book_of_busy_accounts(
    bars: list[Bars], house: BacktestSettings, program: list[Step]
) -> None:
    asyncio.run(play(bars, house, program))


@settings(max_examples=80, deadline=None, suppress_health_check=LARGE, phases=DRAWN)
@given(markets(("extended", "daily")), thin_houses, crowds)
def test_the_wire_leaves_the_same_book_of_groups_filled_in_parts(
    bars: list[Bars], house: BacktestSettings, program: list[Step]
) -> None:
    asyncio.run(play(bars, house, program))


@pytest.mark.slow
@settings(max_examples=3000, deadline=None, suppress_health_check=LARGE, phases=DRAWN)
@given(markets(), houses, long_programs, st.booleans())
def test_the_wire_leaves_the_same_book_over_and_over(
    bars: list[Bars], house: BacktestSettings, program: list[Step], in_turns: bool
) -> None:
    asyncio.run(play(bars, house, program, in_turns))
