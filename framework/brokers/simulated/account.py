"""What the broker does to an account besides trading: interest, loans, actions, margin calls."""

from __future__ import annotations

__all__ = [
    "BackOffice",
    "HoldingFee",
    "interest_balance",
    "made_by_broker",
    "settled_balance",
]

from collections.abc import Iterable, Mapping, Sequence
from math import ceil, copysign
from typing import Protocol, runtime_checkable

import numpy as np

from framework.brokers.simulated.tape import Tape
from framework.calendar import TradingCalendar
from framework.domain.actions import CorporateAction, Dividend, bookable
from framework.domain.arithmetic import round_down_to_lot
from framework.domain.currency import Rates
from framework.domain.events import CashFlow, CashFlowKind, Split
from framework.domain.instruments import AssetType, Instrument
from framework.domain.ledger import Ledger, Position
from framework.domain.orders import Order, OrderType, Origin, Side, TimeInForce
from framework.hedge_ports import MarginHolding, OptionMargins
from framework.options.account_margin import options_of
from framework.ports import FinancingModel, MarginModel

_STOCKLIKE = frozenset({AssetType.STOCK, AssetType.INDEX})
_DUST = 1e-9
_HOLIDAYS = 20
"""Calendar days that hold at least one session of any exchange."""


@runtime_checkable
class HoldingFee(Protocol):
    """A financing model that charges positions by their average price."""

    def holding_fee(self, position: Position, days: int) -> float:
        """Money paid, >= 0, in the instrument's currency, for `days` calendar days."""
        ...


def settled_balance(
    ledger: Ledger, instruments: Mapping[str, Instrument], prices: Mapping[str, float]
) -> float:
    """Cash once the variation margin of futures is settled: cash + sum of q x multiplier x price.

    The ledger books a future like a stock, at its full value; at a broker only the gains and
    losses of a future move cash, day by day, and that is what is left here.

    Args:
        ledger: a book.
        instruments: by symbol.
        prices: by symbol, settlement prices in the account's currency.
    """
    return ledger.cash + sum(
        position.value(prices[symbol])
        for symbol, position in ledger.positions.items()
        if not position.is_flat and instruments[symbol].type is AssetType.FUTURE
    )


def interest_balance(
    ledger: Ledger, instruments: Mapping[str, Instrument], prices: Mapping[str, float]
) -> float:
    """The settled balance without the value of stocks sold short, which is the lender's collateral
    and earns nothing."""
    return settled_balance(ledger, instruments, prices) + sum(
        position.value(prices[symbol])
        for symbol, position in ledger.positions.items()
        if position.is_short and instruments[symbol].type in _STOCKLIKE
    )


def made_by_broker(
    origin: Origin,
    number: int,
    symbol: str,
    quantity: float,
    price: float,
    time: int,
    opens: float = 0.0,
) -> Order:
    """A market order of the broker's own.

    Args:
        origin: Origin.LIQUIDATION, Origin.EXPIRY or Origin.EXERCISE.
        number: of the broker's own orders so far, this one included.
        symbol: instrument.
        quantity: signed units to trade.
        price: close it was decided on.
        time: nanoseconds UTC.
        opens: units it may open; 0 for one that only closes.
    """
    return Order(
        id=f"{origin}-{number}",
        symbol=symbol,
        side=Side.BUY if quantity > 0.0 else Side.SELL,
        quantity=abs(quantity),
        type=OrderType.MARKET,
        time=time,
        decision_price=price,
        tif=TimeInForce.GTC,
        origin=origin,
        opens=opens,
    )


class BackOffice:
    """The work of a broker's back office on one account. It reads the book and changes nothing.

    Args:
        ledger: the broker's book.
        tapes: what the account may hold.
        margin: what positions need; None for an account that is never called.
        financing: what holding costs; None for nothing.
        actions: dividends and splits of the instruments.
        rates: exchange rates.
        lists_options: whether options may come to be traded.
    """

    __slots__ = (
        "_actions",
        "_called",
        "_expiry_rows",
        "_financing",
        "_instruments",
        "_ledger",
        "_lists_options",
        "_margin",
        "_rates",
        "_session",
        "_tapes",
    )

    def __init__(
        self,
        ledger: Ledger,
        tapes: Iterable[Tape],
        margin: MarginModel | None,
        financing: FinancingModel | None,
        actions: Sequence[CorporateAction],
        rates: Rates,
        lists_options: bool = False,
    ) -> None:
        self._lists_options = lists_options
        self._ledger = ledger
        self._tapes = {tape.instrument.symbol: tape for tape in tapes}
        self._instruments = {symbol: tape.instrument for symbol, tape in self._tapes.items()}
        self._margin = margin
        self._financing = financing
        self._rates = rates
        self._session: int | None = None
        self._actions = {
            symbol: [a for a in bookable(actions, tape.bars.prices) if a.symbol == symbol]
            for symbol, tape in self._tapes.items()
        }
        self._expiry_rows = {
            symbol: _expiry_row(tape, int(tape.bars.session[-1]) if len(tape.bars) else 0)
            for symbol, tape in self._tapes.items()
        }
        self._called = margin is not None and any(
            margin.maintenance(instrument, side, 1.0) > 0.0
            for instrument in self._instruments.values()
            for side in (1.0, -1.0)
        )

    @property
    def is_idle(self) -> bool:
        """Whether it will never have anything to do."""
        expiring = any(
            self._tapes[symbol].reaches(row) for symbol, row in self._expiry_rows.items()
        )
        busy = self._called or expiring or self._lists_options or any(self._actions.values())
        return self._financing is None and not busy

    def admit(self, tape: Tape) -> None:
        """Look after another instrument from here on."""
        symbol = tape.instrument.symbol
        self._tapes[symbol] = tape
        self._instruments[symbol] = tape.instrument
        self._actions[symbol] = []
        option = tape.instrument.option
        follows = tape if option is None else self._tapes[option.underlying]
        self._expiry_rows[symbol] = _expiry_row(tape, int(follows.bars.session[-1]))

    def instrument(self, symbol: str) -> Instrument:
        """The instrument called `symbol`."""
        return self._instruments[symbol]

    def close(self, symbol: str) -> float:
        """The last known close of an instrument."""
        return self._tapes[symbol].close

    def night(self, session: int, closing: Sequence[Tape], time: int) -> list[CashFlow]:
        """Interest, borrow and holding fees of the days since the session before.

        Args:
            session: trading day that begins, as days since 1970-01-01.
            closing: tapes whose bar closes now, and which have moved to it.
            time: nanoseconds UTC of the booking.
        """
        before, model = self._session, self._financing
        self._session = session if before is None else max(before, session)
        if model is None or before is None or session <= before:
            return []
        days = session - before
        prices = {symbol: self._before(tape, closing) for symbol, tape in self._tapes.items()}
        worth = {s: price * self.rate(s, time) for s, price in prices.items() if price}
        balance = interest_balance(self._ledger, self._instruments, worth)
        interest = model.interest(balance, days, session)
        flows = [CashFlow("", CashFlowKind.INTEREST, interest, time)] if interest else []
        for symbol, position in self._ledger.positions.items():
            if position.is_flat:
                continue
            rate = self.rate(symbol, time)
            if position.is_short:
                instrument = self._instruments[symbol]
                units = -position.quantity
                fee = model.borrow_fee(instrument, units, prices[symbol], days, session)
                if fee:
                    flows.append(CashFlow(symbol, CashFlowKind.BORROW_FEE, -fee * rate, time))
            if isinstance(model, HoldingFee):
                fee = model.holding_fee(position, days)
                if fee:
                    flows.append(CashFlow(symbol, CashFlowKind.INTEREST, -fee * rate, time))
        return flows

    def due(self, tape: Tape) -> list[CorporateAction]:
        """Actions to be booked before the bar that closes now, the first of a session, is matched.

        Each is given once; those of days before the first bar never.
        """
        actions = self._actions[tape.instrument.symbol]
        if not actions:
            return []
        session = int(tape.bars.session[tape.row])
        count = sum(action.day <= session for action in actions)
        found, actions[:count] = actions[:count], []
        return found if tape.row > 0 else []

    def booked(self, tape: Tape, action: CorporateAction, time: int) -> list[CashFlow | Split]:
        """What an action does to the position, as held now.

        A dividend is received by longs and paid by shorts. A split leaves whole lots, rounded
        toward zero, and money for the rest at the close before, on the new scale.
        """
        symbol = tape.instrument.symbol
        position = self._ledger.positions[symbol]
        rate = self.rate(symbol, time)
        if isinstance(action, Dividend):
            if position.is_flat:
                return []
            amount = position.value(action.amount) * rate
            return [CashFlow(symbol, CashFlowKind.DIVIDEND, amount, time)]
        exact = position.quantity * action.ratio
        whole = copysign(round_down_to_lot(abs(exact), tape.instrument.lot), exact)
        events: list[CashFlow | Split] = [Split(symbol, action.ratio, whole or 0.0, time)]
        if abs(exact - whole) > _DUST * abs(exact):
            price = float(tape.bars.close[tape.row - 1]) / action.ratio
            amount = (exact - whole) * position.multiplier * price * rate
            events.append(CashFlow(symbol, CashFlowKind.CASH_IN_LIEU, amount, time))
        return events

    def liquidations(
        self, time: int, pending: Mapping[str, float]
    ) -> list[tuple[str, float, float]]:
        """What to trade to bring the account back to its maintenance margin.

        When equity at the last closes is below maintenance, the position with the largest
        requirement goes first, in whole lots, only as far as is needed; then the next.

        Args:
            time: nanoseconds UTC.
            pending: by symbol, signed units liquidations under way will trade.

        Returns:
            Symbol, signed units and last close of each.
        """
        if not self._called:
            return []
        held = {
            symbol: _left(position.quantity, pending.get(symbol, 0.0))
            for symbol, position in self._ledger.positions.items()
            if not position.is_flat
        }
        if not held:
            return []
        prices = self.marks(time)
        needs = {s: self._maintenance(s, quantity, time) for s, quantity in held.items()}
        options = self._option_money(held, time)
        missing = sum(needs.values()) + options - self._ledger.equity(prices)
        if missing > 0.0 and options > 0.0:
            needs |= self._option_needs(held, options, time)
        if missing <= 0.0 or not any(needs.values()):
            return []
        found = []
        for symbol in sorted(needs, key=lambda symbol: -needs[symbol]):
            if missing <= 0.0 or needs[symbol] == 0.0:
                break
            units = self._lots_for(symbol, abs(held[symbol]), missing / needs[symbol])
            missing -= needs[symbol] * units / abs(held[symbol])
            found.append((symbol, -copysign(units, held[symbol]), self._tapes[symbol].close))
        return found

    def marks(self, time: int) -> dict[str, float]:
        """Last closes of what is held, by symbol, in the account's currency."""
        return {
            symbol: self._tapes[symbol].close * self.rate(symbol, time)
            for symbol, position in self._ledger.positions.items()
            if not position.is_flat
        }

    def needed(self, time: int) -> float:
        """Maintenance margin of everything held; 0 for an account that is never called."""
        held = {s: p.quantity for s, p in self._ledger.positions.items() if not p.is_flat}
        others = sum(self._maintenance(symbol, units, time) for symbol, units in held.items())
        return others + self._option_money(held, time)

    def _option_money(self, held: Mapping[str, float], time: int) -> float:
        """Margin of all options together, in the account's currency; 0 for a model that looks at
        each by itself."""
        if not isinstance(self._margin, OptionMargins):
            return 0.0
        holdings = [
            MarginHolding(self._instruments[symbol], units, self._tapes[symbol].close)
            for symbol, units in held.items()
            if units != 0.0
        ]
        options = [one.instrument for one in holdings if one.instrument.option is not None]
        if not options:
            return 0.0
        prices = {symbol: tape.close for symbol, tape in self._tapes.items()}
        return options_of(self._margin, holdings, prices) * self.rate(options[0].symbol, time)

    def _option_needs(self, held: Mapping[str, float], whole: float, time: int) -> dict[str, float]:
        """What each option adds to the margin of all of them."""
        found = {}
        for symbol in held:
            if self._instruments[symbol].option is not None:
                without = {other: units for other, units in held.items() if other != symbol}
                found[symbol] = max(0.0, whole - self._option_money(without, time))
        return found

    def expires(self, tape: Tape) -> bool:
        """Whether the bar that closes now is the last a contract trades in."""
        return tape.is_last(self._expiry_rows[tape.instrument.symbol])

    def _maintenance(self, symbol: str, quantity: float, time: int) -> float:
        together = isinstance(self._margin, OptionMargins)
        if self._margin is None or (together and self._instruments[symbol].option is not None):
            return 0.0
        close = self._tapes[symbol].close
        need = self._margin.maintenance(self._instruments[symbol], quantity, close)
        return need * self.rate(symbol, time)

    def _lots_for(self, symbol: str, units: float, share: float) -> float:
        """Units of whole lots that are at least `share` of `units`; all of them at most."""
        lot = self._instruments[symbol].lot
        wanted = units * share
        whole = ceil(round(wanted / lot, 9)) * lot if lot > 0.0 else wanted
        return min(whole, units)

    def _before(self, tape: Tape, closing: Sequence[Tape]) -> float:
        """The last close known before this instant; 0 where there is none, and so no position."""
        row = tape.row - 1 if tape in closing else tape.row
        return float(tape.bars.close[row]) if row >= 0 else 0.0

    def rate(self, symbol: str, time: int) -> float:
        """Units of the account's currency for one unit of the instrument's."""
        currency = self._instruments[symbol].currency
        return 1.0 if currency == self._rates.base else self._rates.rate(currency, time)


def _left(held: float, closing: float) -> float:
    """Signed units left of a position once orders that only close it have traded."""
    left = held + closing
    return left if left * held > 0.0 else 0.0


def _expiry_row(tape: Tape, end: int) -> int:
    """The row of the last bar on or before the expiry; no row at all if the data end, with the
    session `end`, before its own."""
    expiry, sessions = tape.instrument.expiry, tape.bars.session
    if expiry is None:
        return len(sessions)
    calendar = TradingCalendar(tape.instrument.calendar)
    last = calendar.sessions_between(expiry - _HOLIDAYS, expiry)[-1]
    if not len(sessions) or end < last:
        return len(sessions)
    return int(np.searchsorted(sessions, expiry, side="right")) - 1
