"""The same orders given to simulated brokers directly, and to a gateway by a real client."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import ib_insync

from framework.backtest.account import models_of
from framework.backtest.settings import BacktestSettings
from framework.brokers.simulated.broker import SimulatedBroker
from framework.brokers.simulated.tape import Bar, Tape
from framework.domain.bars import Bars
from framework.domain.conditions import (
    Condition,
    Conditions,
    ExecutionCondition,
    MarginCondition,
    PercentChangeCondition,
    PriceCondition,
    TimeCondition,
    VolumeCondition,
)
from framework.domain.events import BrokerEvent, Commission, Fill, OrderUpdate
from framework.domain.orders import DONE, Order, OrderStatus, OrderType, Side, TimeInForce
from framework.domain.terms import Adaptive, Algo, PercentOfVolume, Terms, Twap, Vwap
from framework.emulator.build import lockstep_gateway
from framework.emulator.server.gateway import Gateway
from framework.emulator.server.settings import GatewaySettings
from framework.engine.history import Timeline
from tests.property.emulator_programs import ACCOUNTS, CLIENTS

KINDS = {
    OrderType.MARKET: "MKT",
    OrderType.LIMIT: "LMT",
    OrderType.STOP: "STP",
    OrderType.STOP_LIMIT: "STP LMT",
    OrderType.TRAIL: "TRAIL",
    OrderType.TRAIL_LIMIT: "TRAIL LIMIT",
    OrderType.MARKET_IF_TOUCHED: "MIT",
    OrderType.LIMIT_IF_TOUCHED: "LIT",
    OrderType.MARKET_ON_CLOSE: "MOC",
    OrderType.LIMIT_ON_CLOSE: "LOC",
    OrderType.PEG_MID: "PEG MID",
    OrderType.PEG_BEST: "PEG BEST",
    OrderType.RELATIVE: "REL",
}
ENDS = {
    OrderStatus.FILLED: "Filled",
    OrderStatus.CANCELLED: "Cancelled",
    OrderStatus.EXPIRED: "Cancelled",
    OrderStatus.REJECTED: "Inactive",
}


@dataclass(frozen=True)
class Combo:
    """Legs as units for one, at a net price from the view of its buyer."""

    name: str
    legs: tuple[tuple[str, int], ...]
    side: Side
    units: int
    limit: float | None
    tif: TimeInForce


# directly ----------------------------------------------------------------------------------


class Account:
    """A simulated broker, and the combos that wait to be traded by it."""

    def __init__(self, bars: Sequence[Bars], settings: BacktestSettings) -> None:
        timeline = Timeline(bars)
        self.tapes = {
            one.symbol: Tape(
                one, None if timeline.is_whole(one.symbol) else timeline.rows[one.symbol]
            )
            for one in bars
        }
        self.instants = timeline.instants
        self.broker = SimulatedBroker(
            list(self.tapes.values()),
            timeline.instants.data,
            settings.cash,
            settings.policy,
            models_of(tuple(bars), settings),
        )
        self.instant = -1
        self.events: list[BrokerEvent] = []
        self.combos: list[tuple[Combo, Bar | None]] = []
        self.statuses: dict[str, OrderStatus] = {}
        self.legs: dict[str, str] = {}

    @property
    def time(self) -> int:
        return int(self.instants[self.instant])

    def advance(self, instant: int) -> None:
        self.instant = instant
        self.broker.advance(instant)
        self.combos = [
            (combo, session)
            for combo, session in map(self._met, self.combos)
            if self.statuses[combo.name] not in DONE
        ]
        self.hear()

    def _met(self, waiting: tuple[Combo, Bar | None]) -> tuple[Combo, Bar | None]:
        """Let a combo meet the present bars; with the session of its first ones."""
        combo, first = waiting
        tapes = [self.tapes[symbol] for symbol, _ in combo.legs]
        bars = [tape.bar() for tape in tapes if tape.row >= 0]
        bars = [bar for bar in bars if bar.time == self.time and bar.regular]
        if not bars:
            return waiting
        newest = max(bars, key=lambda bar: (bar.session, bar.session_close))
        first = first or newest
        if combo.tif is TimeInForce.DAY and newest.session > first.session:
            self.statuses[combo.name] = OrderStatus.EXPIRED
            return combo, first
        orders = [
            Order(
                id=f"{combo.name}.{symbol}",
                symbol=symbol,
                side=Side.BUY if ratio * combo.side > 0 else Side.SELL,
                quantity=float(abs(ratio) * combo.units),
                type=OrderType.MARKET,
                time=self.time,
                decision_price=self.tapes[symbol].close,
            )
            for symbol, ratio in combo.legs
        ]
        self.legs |= {order.id: combo.name for order in orders}
        most = None if combo.limit is None else combo.side * combo.units * combo.limit
        if len(bars) == len(tapes) and self.broker.trade_together(orders, most):
            self.statuses[combo.name] = OrderStatus.FILLED
        elif combo.tif is TimeInForce.IOC:
            self.statuses[combo.name] = OrderStatus.CANCELLED
        elif combo.tif is TimeInForce.DAY and self.time >= first.session_close:
            self.statuses[combo.name] = OrderStatus.EXPIRED
        return combo, first

    def submit(self, orders: Sequence[Order]) -> None:
        self.broker.submit(orders)
        self.hear()

    def hear(self) -> None:
        for event in self.broker.poll():
            self.events.append(event)
            if isinstance(event, OrderUpdate) and event.order.id not in self.legs:
                self.statuses[event.order.id] = event.status

    def known(self, name: str) -> Order | None:
        """An order as it works now; None once it is done."""
        resting = self.broker.resting(name)
        return None if resting is None else resting.order

    def filled(self, name: str) -> float:
        resting = self.broker.resting(name)
        return 0.0 if resting is None else resting.filled

    def cancel(self, name: str) -> None:
        for waiting in tuple(self.combos):
            if waiting[0].name == name:
                self.combos.remove(waiting)
                self.statuses[name] = OrderStatus.CANCELLED
        self.broker.cancel(name)
        self.hear()

    def fills(self) -> list[tuple[str, float, float, float]]:
        """Order, signed units, price and commission of everything that has traded."""
        paid = {one.fill_id: one.amount for one in self.events if isinstance(one, Commission)}
        return [
            (self._name(one), one.quantity, one.price, paid.get(one.id, 0.0))
            for one in self.events
            if isinstance(one, Fill)
        ]

    def _name(self, fill: Fill) -> str:
        name = self.legs.get(fill.order.id, fill.order.id)
        return name if name in self.statuses and name.startswith("o") else str(fill.order.origin)


# through the wire --------------------------------------------------------------------------


def text_of(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y%m%d %H:%M:%S} UTC"


def algo_of(algo: Algo) -> tuple[str, dict[str, str]]:
    """An algo's name and parameters."""
    match algo:
        case Twap():
            name, found = "Twap", {"allowPastEndTime": str(int(algo.allow_past_end))}
        case Vwap():
            name, found = "Vwap", {"noTakeLiq": str(int(algo.no_take_liquidity))}
            if algo.max_percent is not None:
                found["maxPctVol"] = f"{algo.max_percent / 100.0:g}"
        case PercentOfVolume():
            name, found = "PctVol", {"pctVol": f"{algo.rate / 100.0:g}"}
        case Adaptive():
            return "Adaptive", {"adaptivePriority": algo.patience.value.title()}
    if algo.start is not None:
        found["startTime"] = text_of(algo.start)
    return name, found


def condition_of(condition: Condition, con_ids: Mapping[str, int]) -> Any:
    match condition:
        case PriceCondition():
            return ib_insync.PriceCondition(
                isMore=condition.above, price=condition.price, conId=con_ids[condition.symbol],
                exch="SMART",
            )  # fmt: skip
        case TimeCondition():
            return ib_insync.TimeCondition(isMore=condition.after, time=text_of(condition.time))
        case VolumeCondition():
            return ib_insync.VolumeCondition(
                isMore=condition.above, volume=int(condition.volume),
                conId=con_ids[condition.symbol], exch="SMART",
            )  # fmt: skip
        case PercentChangeCondition():
            return ib_insync.PercentChangeCondition(
                isMore=condition.above, changePercent=condition.percent,
                conId=con_ids[condition.symbol], exch="SMART",
            )  # fmt: skip
        case MarginCondition():
            return ib_insync.MarginCondition(isMore=condition.above, percent=int(condition.percent))
        case ExecutionCondition():
            return ib_insync.ExecutionCondition(
                secType="STK", exch="SMART", symbol=condition.symbol
            )


def conditions_of(conditions: Conditions, con_ids: Mapping[str, int]) -> list[Any]:
    found = []
    for group in conditions.groups:
        for number, condition in enumerate(group, 1):
            one = condition_of(condition, con_ids)
            found.append(one.And() if number < len(group) else one.Or())
    return found


def library_order(order: Order, account: str, con_ids: Mapping[str, int]) -> ib_insync.Order:
    """An order as a client library has it."""
    terms = order.terms
    found = ib_insync.Order(
        action=order.side.name,
        totalQuantity=order.quantity,
        orderType=KINDS[order.type],
        tif=order.tif.value,
        orderRef=order.id,
        account=account,
        outsideRth=terms.outside_hours,
    )
    if order.trail is None:
        if order.limit is not None:
            found.lmtPrice = order.limit
        if order.stop is not None:
            found.auxPrice = order.stop
    elif order.trail.percent is not None:
        found.trailingPercent = order.trail.percent
    else:
        found.auxPrice = order.trail.amount
    if terms.limit_offset is not None:
        found.lmtPriceOffset = terms.limit_offset
    if terms.peg is not None:
        found.auxPrice = terms.peg_offset
    if order.oca is not None and order.parent is None:
        found.ocaGroup, found.ocaType = order.oca, int(terms.oca_type)
    write_terms(found, terms, con_ids)
    return found


def write_terms(found: ib_insync.Order, terms: Terms, con_ids: Mapping[str, int]) -> None:
    if terms.good_till is not None:
        found.goodTillDate = text_of(terms.good_till)
    if terms.conditions is not None:
        found.conditions = conditions_of(terms.conditions, con_ids)
        found.conditionsCancelOrder = terms.conditions.cancels
        found.conditionsIgnoreRth = terms.conditions.ignore_hours
    if terms.algo is not None:
        name, parameters = algo_of(terms.algo)
        found.algoStrategy = name
        found.algoParams = [ib_insync.TagValue(*pair) for pair in parameters.items()]
    if terms.scale is not None:
        found.scaleInitLevelSize = int(terms.scale.first)
        found.scalePriceIncrement = terms.scale.step
        if terms.scale.size is not None:
            found.scaleSubsLevelSize = int(terms.scale.size)


@dataclass
class Wired:
    """A gateway that is stepped, and real clients connected to it."""

    gateway: Gateway
    con_ids: dict[str, int]
    clients: list[ib_insync.IB] = field(default_factory=list)
    trades: dict[str, tuple[int, ib_insync.Trade]] = field(default_factory=dict)
    errors: list[tuple[int, int, str]] = field(default_factory=list)

    @classmethod
    async def made(cls, bars: Sequence[Bars], settings: BacktestSettings) -> Wired:
        gateway = lockstep_gateway(
            bars,
            settings,
            GatewaySettings(accounts=ACCOUNTS, messages_per_second=0, paces_history=False),
        )
        await gateway.start()
        listed = gateway.hub.market.directory
        wired = cls(gateway, {one.symbol: listed.by_key(one.symbol).con_id for one in bars})
        for number in CLIENTS:
            client = ib_insync.IB()
            client.client.MaxRequests = 0
            client.errorEvent += wired.note
            await client.connectAsync("127.0.0.1", gateway.port, number)
            wired.clients.append(client)
        return wired

    def note(self, number: int, code: int, text: str, contract: object) -> None:
        del contract
        if code != 202 and not 2100 <= code < 2200:
            self.errors.append((number, code, text))

    async def close(self) -> None:
        for client in self.clients:
            client.disconnect()
        await self.gateway.close()

    async def fence(self) -> None:
        """Wait until everything that was sent, either way, has arrived."""
        for client in self.clients:
            await client.reqCurrentTimeAsync()

    async def place(self, client: int, account: str, orders: Sequence[Order]) -> None:
        """An entry and its children, the last one transmitting, or a single order."""
        for order in orders:
            wire = library_order(order, account, self.con_ids)
            wire.orderId = self.clients[client].client.getReqId()
            if order.parent is not None:
                wire.parentId = self.trades[order.parent][1].order.orderId
            wire.transmit = order is orders[-1]
            contract = ib_insync.Contract(conId=self.con_ids[order.symbol], exchange="SMART")
            trade = self.clients[client].placeOrder(contract, wire)
            self.trades[order.id] = (client, trade)
        await self.fence()

    async def change(self, account: str, order: Order) -> None:
        client, trade = self.trades[order.id]
        wire = library_order(order, account, self.con_ids)
        wire.orderId, wire.parentId = trade.order.orderId, trade.order.parentId
        wire.clientId, wire.permId = trade.order.clientId, trade.order.permId
        self.clients[client].placeOrder(trade.contract, wire)
        trade.order = wire
        await self.fence()

    async def combine(self, client: int, account: str, combo: Combo) -> None:
        legs = [
            ib_insync.ComboLeg(self.con_ids[s], abs(n), "BUY" if n > 0 else "SELL", "SMART")
            for s, n in combo.legs
        ]
        contract = ib_insync.Contract(
            "BAG", symbol="AAA", exchange="SMART", currency="USD", comboLegs=legs
        )
        wire = ib_insync.Order(
            action=combo.side.name,
            totalQuantity=combo.units,
            orderType="MKT" if combo.limit is None else "LMT",
            tif=combo.tif.value,
            orderRef=combo.name,
            account=account,
        )
        if combo.limit is not None:
            wire.lmtPrice = combo.limit
        self.trades[combo.name] = (client, self.clients[client].placeOrder(contract, wire))
        await self.fence()

    async def cancel(self, name: str) -> None:
        client, trade = self.trades[name]
        self.clients[client].cancelOrder(trade.order)
        await self.fence()

    async def cancel_all(self) -> None:
        self.clients[0].reqGlobalCancel()
        await self.fence()

    async def step(self, in_turns: bool) -> None:
        if in_turns:
            assert await self.gateway.step_with(self.fence)
        else:
            assert self.gateway.step()
        await self.fence()

    def fills(self, account: str) -> list[tuple[str, float, float, float]]:
        """What the exchange says has traded, as `Account.fills` does."""
        found = []
        for one in self.gateway.hub.exchange.accounts[account].executions.all:
            execution = one.details.execution
            if one.commission is None:
                continue
            signed = execution.shares if execution.side == "BOT" else -execution.shares
            paid = one.commission.commission
            found.append((execution.order_ref, signed, execution.price, paid))
        return found

    def heard(self) -> dict[str, list[tuple[float, float, float]]]:
        """What the clients have been told of their orders' executions, by order."""
        found = defaultdict(list)
        for client in self.clients:
            for fill in client.fills():
                execution = fill.execution
                if fill.contract.secType != "BAG":
                    signed = execution.shares if execution.side == "BOT" else -execution.shares
                    paid = fill.commissionReport.commission
                    found[execution.orderRef].append((signed, execution.price, paid))
        return dict(found)


def by_order(
    fills: Iterable[tuple[str, float, float, float]],
) -> dict[str, list[tuple[float, float, float]]]:
    found = defaultdict(list)
    for name, units, price, paid in fills:
        if name.startswith("o"):
            found[name].append((units, price, paid))
    return dict(found)


def differently_priced(order: Order, units: float, near: float) -> Order:
    """The order with other prices, each moved by `near`, and so many units."""
    if order.trail is not None:
        return replace(order, quantity=units, stop=None, limit=None)
    limit = None if order.limit is None else max(0.25, order.limit + near)
    stop = None if order.stop is None else max(0.25, order.stop + near)
    return replace(order, quantity=units, limit=limit, stop=stop)
