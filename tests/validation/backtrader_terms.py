"""Order programs and broker settings in backtrader's terms, and what they are in ours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import nan

from framework.backtest.settings import BacktestSettings
from framework.brokers.simulated.policy import FillPolicy
from framework.components.commission import NoCommission, PercentCommission, PerShare
from framework.components.financing import SimpleInterest
from framework.components.liquidity import BarPointShare, FixedUnits, VolumeShare
from framework.components.slippage import FixedSlippage, NoSlippage, PercentSlippage
from framework.domain.instruments import AssetType, Instrument
from framework.domain.orders import Side
from framework.domain.terms import PLAIN, Terms
from framework.ports import CommissionModel, LiquidityModel, SlippageModel


@dataclass(frozen=True)
class Request:
    """One order as the peer takes it, at the close of bar `bar`.

    `price` is the order's own price: limit, stop, or the first level of a trailing stop; `plimit`
    the limit of a stop-limit. `valid` is in nanoseconds, and `parent`, `oco` name other requests.
    """

    ref: int
    bar: int
    side: Side
    type: str
    size: float
    price: float = nan
    plimit: float = nan
    trailamount: float = 0.0
    trailpercent: float = 0.0
    valid: int | None = None
    parent: int | None = None
    oco: int | None = None
    cancel: int | None = None
    symbol: str = ""


@dataclass(frozen=True)
class Account:
    """The peer's broker and commission settings, by the names it gives them."""

    cash: float = 10_000.0
    commission: float = 0.0
    mult: float = 1.0
    margin: float | None = None
    commtype: str | int | None = None
    stocklike: bool = False
    percabs: bool = True
    interest: float = 0.0
    interest_long: bool = False
    leverage: float = 1.0
    slip_perc: float = 0.0
    slip_fixed: float = 0.0
    slip_open: bool = False
    slip_match: bool = True
    slip_limit: bool = True
    slip_out: bool = False
    filler: str | None = None
    filler_options: Mapping[str, float] = field(default_factory=dict)
    coc: bool = False
    checksubmit: bool = True
    shortcash: bool = True
    int2pnl: bool = True

    @property
    def is_stock(self) -> bool:
        """Whether units are paid for in full, not by a margin."""
        return not self.margin if self.commtype is None else self.stocklike

    @property
    def is_percent(self) -> bool:
        """Whether the commission is a share of the price, not money per unit."""
        if self.commtype is None:
            return not self.margin
        return str(self.commtype).removeprefix("COMM_") in ("PERC", "0")

    @property
    def unit_margin(self) -> float:
        """Money bound by one unit of a future."""
        return self.margin or 1.0

    def instrument(self, symbol: str) -> Instrument:
        """The instrument the bars trade under, without ticks and with tiny lots."""
        return Instrument(
            symbol,
            type=AssetType.STOCK if self.is_stock else AssetType.FUTURE,
            calendar="24/7",
            tick=0.0,
            lot=1.0 if self.filler else 0.0,
            multiplier=self.mult,
            initial_margin=None if self.is_stock else self.unit_margin,
            maintenance_margin=None if self.is_stock else self.unit_margin,
        )

    def policy(self) -> FillPolicy:
        """The policy under which ours does as the peer does."""
        return FillPolicy.backtrader(
            slip_open=self.slip_open,
            slip_match=self.slip_match,
            slip_limit=self.slip_limit,
            slip_out=self.slip_out,
            coc=self.coc,
            checksubmit=self.checksubmit,
            shortcash=self.shortcash,
        )

    def fees(self) -> CommissionModel:
        """The commission scheme."""
        if self.commission == 0.0:
            return NoCommission()
        if not self.is_percent:
            return PerShare(self.commission)
        rate = self.commission if self.percabs else self.commission / 100.0
        return PercentCommission(percent=100.0 * rate / self.mult)

    def slip(self) -> SlippageModel:
        """The slippage; a percentage goes before a fixed distance."""
        if self.slip_perc:
            return PercentSlippage(percent=100.0 * self.slip_perc)
        return FixedSlippage(self.slip_fixed) if self.slip_fixed else NoSlippage()

    def filling(self) -> LiquidityModel | None:
        """The filler."""
        given = self.filler_options
        if self.filler is None:
            return None
        if self.filler == "FixedSize":
            return FixedUnits(float(given.get("size") or 1e300), without_volume="refuse")
        percent = float(given.get("perc", 100.0))
        if self.filler == "BarPointPerc" and given.get("minmov"):
            return BarPointShare(percent, float(given["minmov"]), without_volume="refuse")
        return VolumeShare(percent, without_volume="refuse")


def settings_of(account: Account) -> BacktestSettings:
    """The settings under which ours does as the peer does."""
    parts: dict[str, object] = {}
    if account.interest:
        parts["financing"] = SimpleInterest(100.0 * account.interest, account.interest_long)
    return BacktestSettings(
        cash=account.cash,
        leverage=account.leverage,
        commission=account.fees(),
        slippage=account.slip(),
        liquidity=account.filling(),
        policy=account.policy(),
        **parts,  # type: ignore[arg-type]
    )


def beyond_stop(offset: float, terms: Terms = PLAIN) -> Terms:
    """Terms with the limit of a trailing stop-limit so far beyond its stop, or before it if < 0."""
    return replace(terms, limit_offset=offset)
