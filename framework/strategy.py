"""The Strategy base class: what a trader writes, and the verbs it is written with."""

from __future__ import annotations

__all__ = ["Strategy", "parameters_of"]

import inspect
import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import ClassVar, Literal

from framework.arguments import (
    Price,
    Tif,
    changed_order,
    check_finite,
    check_order,
    check_request,
    order_request,
    protection_of,
    quantity_of,
    side_of,
    takes,
    timer_step,
)
from framework.domain.events import Fill, OrderUpdate, Refused, Signal
from framework.domain.ledger import Position
from framework.domain.orders import (
    CLOSING,
    Offset,
    Order,
    OrderRequest,
    Protection,
    Side,
    TimeInForce,
)
from framework.domain.terms import Terms
from framework.errors import ConfigError, OrderError, StrategyError, did_you_mean
from framework.parameters import Parameter, converted, described, hints_of
from framework.ports import IndicatorFunction, Preview
from framework.series import Condition, Series, When
from framework.views import AccountView
from framework.wired import Wired

_log = logging.getLogger("slipway.strategy")

_BARE = (TimeInForce.DAY, *(None,) * 11)
"""What `buy` and `sell` are given besides a quantity for a plain market order."""


class Strategy(Wired):
    """Base of every strategy. Typed class attributes are its parameters.

    Override any of the hooks `setup`, `on_bar`, `on_fill`, `on_order`, `on_timer`, `on_signal`,
    `on_stop`. Set `universe = True` to trade all subscribed symbols from one instance.

    Args:
        parameters: values by parameter name; text is converted to the parameter's type.

    Raises:
        ConfigError: for an unknown parameter or a value of the wrong type.
    """

    universe: ClassVar[bool] = False

    sample: ClassVar[str] = "sp500"
    """The sample traded on when no data are given."""

    sizing: ClassVar[tuple[str, ...]] = ()
    """The sizers it is sized with when none are given, such as ("risk:1", "percent:95")."""

    option_model: ClassVar[Mapping[str, object]] = {}
    """What the run file's `options:` says where it is left out, such as {"volatility": "vix"}."""

    hedging: ClassVar[tuple[str, ...]] = ()
    """How its options are hedged when nothing says so, such as ("band:20",)."""

    def __init__(self, parameters: Mapping[str, object] | None = None) -> None:
        hints = hints_of(type(self), Strategy)
        self._indicators = []
        self._whens = []
        for name, value in (parameters or {}).items():
            if name not in hints:
                raise ConfigError(
                    f"{type(self).__name__} has no parameter {name!r}.", did_you_mean(name, hints)
                )
            setattr(self, name, converted(type(self).__name__, name, hints[name], value))

    # hooks -------------------------------------------------------------------------------------

    def setup(self) -> None:
        """Declare indicators and conditions; called once, before any bar."""

    def on_bar(self) -> None:
        """A subscribed bar closed."""

    def on_fill(self, fill: Fill) -> None:
        """One of this strategy's orders traded."""

    def on_order(self, update: OrderUpdate) -> None:
        """The state of one of this strategy's orders changed."""

    def on_timer(self, name: str) -> None:
        """The timer called `name` is due."""

    def on_signal(self, signal: Signal) -> None:
        """An external prediction became known."""

    def on_stop(self) -> None:
        """The run is over; nothing is flattened."""

    # setup -------------------------------------------------------------------------------------

    def indicator(
        self,
        function: IndicatorFunction,
        *args: float,
        on: str | Series | Sequence[str | Series] = "close",
    ) -> Series:
        """The series `function(*columns, *args)`, computed once over the whole history.

        Args:
            function: causal function of equal-length arrays, then scalars, returning one array.
            args: the scalars, such as a period.
            on: a column name, a series, or several of them.

        Raises:
            StrategyError: if the result is not one array of the same length.
            LookaheadError: by the run, if values change when the future is cut off.
        """
        self._only_in_setup("indicator")
        columns = [on] if isinstance(on, str | Series) else list(on)
        series = self.data.indicator(function, [self._column(one) for one in columns], args)
        self._indicators.append(series)
        return series

    def when(self, condition: Condition, verb: Callable[..., object], **arguments: object) -> None:
        """Call `verb(**arguments)` at every instant at which `condition` holds.

        Args:
            condition: such as `crosses_above(fast, slow)`, combined with & | ~.
            verb: a verb such as `self.go_long`, or any callable.
            arguments: the verb's own; a series stands for its value at that instant.
        """
        self._only_in_setup("when")
        if not isinstance(condition, Condition):
            raise StrategyError(
                f"when() was given {condition!r} as its condition.",
                "Give a comparison of series, such as crosses_above(fast, slow) or close > 100.",
            )
        try:
            if not takes(verb, arguments):
                inspect.signature(verb).bind(**arguments)
        except (TypeError, ValueError) as error:
            raise OrderError(
                f"when({condition.name}, {getattr(verb, '__name__', verb)}): {error}.",
                "Give the verb's own arguments by name.",
            ) from None
        self._whens.append(When(condition, verb, arguments))

    def timer(
        self, name: str, first: datetime | None = None, every: timedelta | None = None
    ) -> None:
        """Have `on_timer(name)` called at the first bar instant at or after `first`.

        Args:
            name: handed to `on_timer`.
            first: aware datetime; at once if left out. A timer set in `setup` without one rings
                at the first bar, and then at whole multiples of `every` since 1970, UTC.
            every: repeat after this long; once if left out.
        """
        step = timer_step(name, first, every)
        due = self._desk.now() if self._started else 0
        if first is not None:
            due = int(first.timestamp() * 1e9)
        self._desk.timer(name, due, step)

    # verbs that reach a side -------------------------------------------------------------------

    def go_long(
        self,
        stop_loss: Price | None = None,
        take_profit: Price | None = None,
        trail: Offset | None = None,
        symbol: str | None = None,
    ) -> None:
        """Be long: sized once by the sizer when the side changes, reversing a short with one order.

        While already long, or with the entry working, only the protective prices given are renewed.
        """
        protection = protection_of(stop_loss, take_profit, trail)
        self._desk.reach(self._symbol(symbol), Side.BUY, protection)

    def go_short(
        self,
        stop_loss: Price | None = None,
        take_profit: Price | None = None,
        trail: Offset | None = None,
        symbol: str | None = None,
    ) -> None:
        """Be short: the mirror image of `go_long`."""
        protection = protection_of(stop_loss, take_profit, trail)
        self._desk.reach(self._symbol(symbol), Side.SELL, protection)

    def close(self, symbol: str | None = None) -> None:
        """Be flat: working orders of the instrument are cancelled, then the position is closed."""
        self._desk.reach(self._symbol(symbol), None, Protection())

    def target(
        self,
        quantity: float,
        stop_loss: Price | None = None,
        take_profit: Price | None = None,
        trail: Offset | None = None,
        symbol: str | None = None,
    ) -> None:
        """Hold `quantity` signed units, by one market order for the difference."""
        check_finite("target", quantity)
        protection = protection_of(stop_loss, take_profit, trail)
        self._desk.target(self._symbol(symbol), float(quantity), protection)

    def target_percent(self, percent: float, symbol: str | None = None) -> None:
        """Hold `percent` percent of equity, negative for short."""
        check_finite("target_percent", percent)
        self._desk.target_share(self._symbol(symbol), percent / 100.0, 0.0)

    def target_weights(self, weights: Mapping[str, float], tolerance: float = 0.05) -> None:
        """Hold each symbol at its weight of equity, and no other; what shrinks goes first.

        Args:
            weights: by symbol, fractions of equity, negative for short; symbols left out are 0.
            tolerance: a holding this close to its weight (fraction of equity) is left alone.
        """
        for symbol, weight in weights.items():
            check_finite(f"target_weights: {self._symbol(symbol)}", weight)
        held = {p.symbol: p.value(self.data[p.symbol].close[-1]) for p in self.positions}
        wanted = {symbol: weights.get(symbol, 0.0) for symbol in held} | dict(weights)
        equity = self.account.equity
        growth = {s: abs(w) * equity - abs(held.get(s, 0.0)) for s, w in wanted.items()}
        for symbol in sorted(wanted, key=lambda name: (growth[name], name)):
            self._desk.target_share(symbol, wanted[symbol], tolerance)

    # verbs that are orders ---------------------------------------------------------------------

    def buy(
        self,
        quantity: float = 0.0,
        *,
        limit: float | None = None,
        stop: float | None = None,
        touch: float | None = None,
        trailing: Offset | None = None,
        at: Literal["open", "close"] | None = None,
        tif: TimeInForce | Tif = TimeInForce.DAY,
        oca: str | None = None,
        stop_loss: Price | None = None,
        take_profit: Price | None = None,
        trail: Offset | None = None,
        fraction: float | None = None,
        symbol: str | None = None,
        terms: Terms | None = None,
    ) -> Order | Refused:
        """Send exactly this buy order: market, or with its own limit, trigger or trailing price.

        Args:
            quantity: units, > 0.
            limit: the order's limit price.
            stop: the order's trigger at a worse price; with `limit` a stop-limit order.
            touch: its trigger at a better price; with `limit` a limit-if-touched order.
            trailing: the order's own trailing distance.
            at: trade in the session's "open" or "close" auction only.
            tif: DAY (until its first session ends), GTC, IOC, FOK; OPG is at="open", GTD comes with
                Terms(good_till=...).
            oca: group name; when one of a group fills the others are cancelled.
            stop_loss, take_profit, trail: protection that comes with the fill.
            fraction: instead of a quantity, the share of free margin to be sized at the fill; only
                under a fill policy that sizes at the fill.
            symbol: another subscribed instrument.
            terms: what is rarer: conditions, algo, scale, peg, routing, hours, good_till.

        Returns:
            The order as it left the door, or why it did not.
        """
        guards = (stop_loss, take_profit, trail)
        if (tif, limit, stop, touch, trailing, at, oca, fraction, terms, *guards) == _BARE:
            return self._desk.market(self._symbol(symbol), Side.BUY, quantity_of(quantity))
        protection = protection_of(stop_loss, take_profit, trail)
        request = order_request(
            self._symbol(symbol),
            Side.BUY,
            quantity,
            limit,
            stop,
            touch,
            trailing,
            at,
            tif,
            oca,
            fraction,
            protection,
            terms,
        )
        return self._desk.place(request)

    def sell(
        self,
        quantity: float = 0.0,
        *,
        limit: float | None = None,
        stop: float | None = None,
        touch: float | None = None,
        trailing: Offset | None = None,
        at: Literal["open", "close"] | None = None,
        tif: TimeInForce | Tif = TimeInForce.DAY,
        oca: str | None = None,
        stop_loss: Price | None = None,
        take_profit: Price | None = None,
        trail: Offset | None = None,
        fraction: float | None = None,
        symbol: str | None = None,
        terms: Terms | None = None,
    ) -> Order | Refused:
        """Send exactly this sell order; the arguments are those of `buy`."""
        guards = (stop_loss, take_profit, trail)
        if (tif, limit, stop, touch, trailing, at, oca, fraction, terms, *guards) == _BARE:
            return self._desk.market(self._symbol(symbol), Side.SELL, quantity_of(quantity))
        protection = protection_of(stop_loss, take_profit, trail)
        request = order_request(
            self._symbol(symbol),
            Side.SELL,
            quantity,
            limit,
            stop,
            touch,
            trailing,
            at,
            tif,
            oca,
            fraction,
            protection,
            terms,
        )
        return self._desk.place(request)

    def bracket(
        self,
        side: Side | Literal["buy", "sell"],
        quantity: float,
        *,
        stop_loss: Price,
        take_profit: Price,
        limit: float | None = None,
        stop: float | None = None,
        tif: TimeInForce | Tif = TimeInForce.DAY,
        symbol: str | None = None,
    ) -> Order | Refused:
        """An entry with both a protective stop and a target."""
        return (self.buy if side_of(side) is Side.BUY else self.sell)(
            quantity,
            limit=limit,
            stop=stop,
            tif=tif,
            stop_loss=stop_loss,
            take_profit=take_profit,
            symbol=symbol,
        )

    def modify(
        self,
        order: Order | Refused,
        *,
        quantity: float | None = None,
        limit: float | None = None,
        stop: float | None = None,
        trailing: Offset | None = None,
        tif: TimeInForce | Tif | None = None,
    ) -> Order | Refused:
        """Change a working order; what is left out stays. `stop` is also an if-touched trigger.

        Returns:
            The order as it now works, or why it was left as it is; a refused one as it was.
        """
        check_order("modify", order)
        if isinstance(order, Refused):
            return order
        present = next((o for o in self._desk.working(order.symbol) if o.id == order.id), order)
        return self._desk.modify(changed_order(present, quantity, limit, stop, trailing, tif))

    def what_if(self, request: OrderRequest) -> Preview:
        """What an order would do to the account: margin, fee, warnings; nothing is sent."""
        check_request(request)
        return self._desk.preview(request)

    def cancel(self, order: Order | Refused) -> None:
        """Ask for a cancel; nothing happens if the order is done, or was refused."""
        check_order("cancel", order)
        if isinstance(order, Order):
            self._desk.cancel(order.id)

    def cancel_all(self, symbol: str | None = None) -> None:
        """Ask for a cancel of every working order, except protection and what closes a position."""
        for order in self._desk.working(None if symbol is None else self._symbol(symbol)):
            if order.parent is None and order.origin not in CLOSING:
                self._desk.cancel(order.id)

    # world -------------------------------------------------------------------------------------

    @property
    def positions(self) -> tuple[Position, ...]:
        """Everything held, in subscription order; flat ones left out."""
        every = map(self._desk.position, self.symbols)
        return tuple(position for position in every if not position.is_flat)

    @property
    def account(self) -> AccountView:
        """This strategy's own ledger now."""
        return AccountView(*self._desk.account())

    @property
    def orders(self) -> tuple[Order, ...]:
        """Orders not done yet, oldest first."""
        return self._desk.working(None)

    @property
    def now(self) -> datetime:
        """This instant, UTC."""
        return datetime.fromtimestamp(self._desk.now() / 1e9, UTC)

    @property
    def symbols(self) -> tuple[str, ...]:
        """The subscribed symbols, in order."""
        return self._symbols

    def log(self, message: str) -> None:
        """Write a line to the log, stamped with this instant."""
        if not self._muted:
            _log.info("%s %s", self.now.isoformat(), message)


def parameters_of(strategy: type[Strategy]) -> tuple[Parameter, ...]:
    """The parameters of a strategy class, in the order written, base classes first."""
    return described(strategy, hints_of(strategy, Strategy))
