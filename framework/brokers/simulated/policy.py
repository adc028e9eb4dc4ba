"""FillPolicy: every assumption a bar forces on a simulated fill, one named axis each."""

from __future__ import annotations

__all__ = ["FillPolicy"]

from dataclasses import dataclass, fields
from functools import lru_cache
from math import inf
from typing import Any, Literal, get_args, get_type_hints

from framework.errors import ConfigError, did_you_mean


@lru_cache(maxsize=1)
def _hints() -> dict[str, Any]:
    return get_type_hints(FillPolicy)


@dataclass(frozen=True, slots=True)
class FillPolicy:
    """How orders meet bars. The default is what a real account would honestly have got.

    Attributes:
        intrabar: what is assumed about the order of prices inside a bar. "pessimistic": a stop
            before a target, and a protective stop in its entry's own bar; "next_bar": protection
            is live from the bar after the entry; "path": open, nearer extreme, other extreme,
            close; "finer": the bars of a shorter frame, where the feed has them.
        children: which protective orders are live in the bar of their entry. "stops": the stop of
            every entry, the target of entries filled at the open; "market_entries": both, but only
            of market entries, or a target beyond a stop entry when the stop was not reached.
        queue: "open_first" fills what the open fills before what the bar reaches later;
            "submission" goes through protective stops and closes, newest first, then everything
            else as submitted, whatever the open says; "accepted" goes once through the orders of
            all instruments as accepted, each with its validity and its whole bar in one look.
        exits_first: whether protective and position-closing orders are matched before entries.
        sizing: "decision" sizes an entry at the decision's close; "fill" lets `Order.fraction` be
            sized at the fill.
        cash_check: "door" checks buying power when the order is made; "fill" when it fills,
            cancelling what is not covered; "acceptance" so too, and before that at the next bar,
            where new orders count, one after the other, as traded at the price they were made at
            (they cannot be cancelled until then).
        funds: what a cash check counts: "margin", the free margin at the close of the bar that
            fills; "cash", cash as settled at the close before, less margins and leverage.
        short_proceeds: whether "cash" counts what a short sale brought in: "free", or "held" and
            as much again bound.
        brackets: "protect" lets children cover what their entry has opened and end with it;
            "linked" makes them orders of their own, live from the bar after their entry has filled
            completely, and a bracket end as one.
        oca_ends: what ends the rest of a one-cancels-all group: a "fill", or "any" end of a mate.
        slippage_on: "aggressive" slips market and stop fills; "taking" also limits the open has
            passed and stop-limits at their stop; "entries" slips whatever opens a position, limits
            included, and nothing that closes one.
        gap_slip: whether a fill at an opening gap slips too.
        slip_cap: "none" lets slippage leave the bar's range, "range" stops it at high or low,
            "wait" leaves the order for the next bar.
        limit_slip_cap: the same for limits that slip, which "range" stops at their own price.
        trade_on_close: fill market orders at the close they were decided on.
        stop_limit_gap: where a stop-limit triggered by an opening gap may fill: at the "open", or
            at its "stop" price as if the gap were not there.
        stop_limit_bar: a stop-limit triggered inside the bar, its limit before its stop, "waits";
            or the bar's "colour" fills it at its limit: red for a buyer, green for a seller, with a
            close within the limit.
        limit_fill: "touch" fills a limit the bar reaches; "through" wants it exceeded by a tick.
        late_exits: an order that could only close when it was made, but finds less to close when it
            trades: "reduce" never lets it open the other side, "exact" trades its whole quantity.
        fee_per: "order" accumulates fees per order; "lot" charges each lot closed on its own.
        participation: whether what a bar can give (the liquidity component) is given once to all
            orders of the "bar", or to each "order" anew.
        quoted_spread: width of the quote assumed around the open, in ticks, >= 0; pegged orders
            follow it.
    """

    intrabar: Literal["pessimistic", "next_bar", "path", "finer"] = "pessimistic"
    children: Literal["stops", "market_entries"] = "stops"
    queue: Literal["open_first", "submission", "accepted"] = "open_first"
    exits_first: bool = True
    sizing: Literal["decision", "fill"] = "decision"
    cash_check: Literal["door", "fill", "acceptance"] = "door"
    funds: Literal["margin", "cash"] = "margin"
    short_proceeds: Literal["free", "held"] = "free"
    brackets: Literal["protect", "linked"] = "protect"
    oca_ends: Literal["fill", "any"] = "fill"
    slippage_on: Literal["aggressive", "taking", "entries"] = "aggressive"
    gap_slip: bool = True
    slip_cap: Literal["none", "range", "wait"] = "none"
    limit_slip_cap: Literal["none", "range", "wait"] = "range"
    trade_on_close: bool = False
    stop_limit_gap: Literal["open", "stop"] = "open"
    stop_limit_bar: Literal["waits", "colour"] = "waits"
    limit_fill: Literal["touch", "through"] = "touch"
    late_exits: Literal["reduce", "exact"] = "reduce"
    fee_per: Literal["order", "lot"] = "order"
    participation: Literal["bar", "order"] = "bar"
    quoted_spread: float = 2.0

    def __post_init__(self) -> None:
        hints = _hints()
        for field in fields(self):
            value = getattr(self, field.name)
            if hints[field.name] is float:
                self._check_number(field.name, value)
                continue
            allowed = get_args(hints[field.name]) or (True, False)
            if value not in allowed:
                raise ConfigError(
                    f"Fill policy: {field.name} is {value!r}.",
                    did_you_mean(str(value), [str(option) for option in allowed]),
                )

        self._check_queue()

    def _check_queue(self) -> None:
        """Some values need orders to be gone through as accepted."""
        if self.queue == "accepted":
            return
        needy = {"cash_check": "acceptance", "slip_cap": "wait", "limit_slip_cap": "wait"}
        for name, value in (needy | {"stop_limit_bar": "colour"}).items():
            if getattr(self, name) == value:
                raise ConfigError(
                    f"Fill policy: {name} is {value!r} with queue {self.queue!r}.",
                    "That needs queue='accepted'.",
                )

    def _check_number(self, name: str, value: object) -> None:
        if not isinstance(value, int | float) or not 0.0 <= value < inf:
            raise ConfigError(f"Fill policy: {name} is {value!r}.", "Give a number, 0 or more.")

    @classmethod
    def backtesting_py(cls) -> FillPolicy:
        """The rules of backtesting.py 0.6: sized and cash-checked at the fill, the spread on
        entries only, each lot charged on its own. Backtest-only."""
        return cls(
            children="market_entries",
            queue="submission",
            sizing="fill",
            cash_check="fill",
            slippage_on="entries",
            stop_limit_gap="stop",
            late_exits="exact",
            fee_per="lot",
        )

    @classmethod
    def backtrader(
        cls,
        *,
        slip_open: bool = False,
        slip_match: bool = True,
        slip_limit: bool = True,
        slip_out: bool = False,
        coc: bool = False,
        checksubmit: bool = True,
        shortcash: bool = True,
    ) -> FillPolicy:
        """The rules of backtrader 1.9: cash-checked at acceptance and at the fill, linked brackets,
        every order against its whole bar. Backtest-only.

        Args:
            slip_open: slip what trades at the open too (gap_slip).
            slip_match: let slippage end at high or low, instead of waiting for the next bar.
            slip_limit: the same for limits, at their own price, whatever `slip_match` says.
            slip_out: let slippage go beyond that instead.
            coc: fill market orders at the close they were decided on (trade_on_close).
            checksubmit: check cash at acceptance, not only at the fill.
            shortcash: count the proceeds of short sales as cash.
        """
        cap: Literal["none", "range"] = "none" if slip_out else "range"
        return cls(
            queue="accepted",
            exits_first=False,
            cash_check="acceptance" if checksubmit else "fill",
            funds="cash",
            short_proceeds="free" if shortcash else "held",
            brackets="linked",
            oca_ends="any",
            slippage_on="taking",
            gap_slip=slip_open,
            slip_cap=cap if slip_match else "wait",
            limit_slip_cap=cap if slip_match or slip_limit else "wait",
            trade_on_close=coc,
            stop_limit_bar="colour",
            late_exits="exact",
            participation="order",
        )

    @property
    def backtest_only(self) -> tuple[str, ...]:
        """The axes set to something no wire can honour; refused outside a backtest."""
        found = []
        if self.sizing == "fill":
            found.append("sizing=fill")
        if self.cash_check != "door":
            found.append(f"cash_check={self.cash_check}")
        if self.brackets == "linked":
            found.append("brackets=linked")
        if self.oca_ends == "any":
            found.append("oca_ends=any")
        if self.trade_on_close:
            found.append("trade_on_close")
        if self.fee_per == "lot":
            found.append("fee_per=lot")
        return tuple(found)
