"""Questions: what a desk asks the broker: money, holdings, bars of the past."""

from __future__ import annotations

__all__ = ["bars_of", "money_of", "positions_of"]

from typing import TYPE_CHECKING

from framework.brokers.ib.frames import frame_of
from framework.brokers.ib.snapshot import held_in
from framework.calendar import DAY
from framework.domain.bars import Bars
from framework.errors import ConfigError
from framework.session.desk_nouns import Balance, HoldingLine
from framework.session.helm import Helm

if TYPE_CHECKING:
    import pandas as pd

_TIMEOUT = 15.0
"""Seconds for one answer."""
_REQUESTS = 40
"""That one question may take; a session needs some of the broker's sixty for itself."""
_FIGURES = (
    "NetLiquidation",
    "TotalCashValue",
    "UnrealizedPnL",
    "RealizedPnL",
    "InitMarginReq",
    "MaintMarginReq",
    "AvailableFunds",
    "ExcessLiquidity",
    "BuyingPower",
)
"""The broker's names of a balance's figures, in its order."""


async def money_of(helm: Helm, title: str) -> Balance:
    """The account's money.

    Raises:
        RequestError, LinkLostError: the answer is not complete.
    """
    rigging = helm.rigging
    await helm.link.queries.account(rigging.connection.account, _TIMEOUT)
    helm.take_in()
    book = rigging.broker.account
    return Balance(f"{title}: balance", book.currency, *(book.figure(tag) for tag in _FIGURES))


async def positions_of(helm: Helm) -> tuple[HoldingLine, ...]:
    """Everything the account holds, by symbol.

    Raises:
        RequestError, LinkLostError: the answer is not complete.
    """
    rigging = helm.rigging
    seen = await helm.link.queries.positions(_TIMEOUT)
    helm.take_in()
    found = []
    for one in held_in(seen, rigging.connection.account, rigging.listed):
        own = helm.bridge.core.position(one.symbol)
        units = 0.0 if own is None else own.quantity
        found.append(HoldingLine(one.symbol, one.quantity, one.average_price, units))
    return tuple(sorted(found, key=lambda one: one.symbol))


async def bars_of(helm: Helm, symbol: str, bar: str, days: int) -> pd.DataFrame:
    """Complete bars of the last `days` calendar days, as a table of columns.

    Raises:
        ConfigError: the broker has no bars of that length, `days` is no number of days, or they
            take more requests than the broker answers at once.
        RequestError, PacingError, LinkLostError: as they say.
    """
    if not days > 0:
        raise ConfigError(f"days is {days!r}.", "Give a number of calendar days above 0.")
    frame = frame_of(bar)
    await helm.know(symbol)
    since = helm.rigging.connection.clock.now() - int(days * DAY)
    history = helm.rigging.history
    asked = history.requests(symbol, frame, since)
    if asked > _REQUESTS:
        raise ConfigError(
            f"{days} days of {bar} bars of {symbol} take {asked:,} requests, and the broker "
            "answers 60 in ten minutes.",
            f"Ask for fewer days or longer bars, or fetch them with: slipway download --bar {bar}",
        )
    return _table(await history.bars(symbol, frame, since))


def _table(bars: Bars) -> pd.DataFrame:
    import pandas as pd  # noqa: PLC0415  # it is slow to load, and only history needs it

    columns = ("open", "high", "low", "close", "volume")
    index = pd.DatetimeIndex(bars.close_time.view("M8[ns]"), tz="UTC", name="close")
    return pd.DataFrame({name: getattr(bars, name) for name in columns}, index=index)
