"""Ashore: an emulated TWS in this very process, for a desk that needs no account and no network."""

from __future__ import annotations

__all__ = ["Ashore"]

from dataclasses import dataclass

from framework.domain.instruments import Instrument
from framework.emulator.build import live_gateway, live_house
from framework.emulator.clock import wall_time
from framework.emulator.market.markets import synthetic_market
from framework.emulator.server.gateway import Gateway
from framework.emulator.server.settings import GatewaySettings
from framework.errors import DataError, did_you_mean
from framework.session.lockstep import ACCOUNT


@dataclass(frozen=True, slots=True)
class Ashore:
    """A made-up market that is open at all hours, behind a TWS on loopback and a free port.

    Attributes:
        cash: of its account.
        seed: of its prices.
        speed: market seconds per real second.
        start: nanoseconds UTC at which it begins; None is now.
    """

    cash: float = 1_000_000.0
    seed: int = 7
    speed: float = 1.0
    start: int | None = None

    async def opened(self) -> Gateway:
        """The gateway, listening; `close` ends it."""
        start = wall_time() if self.start is None else self.start
        market = synthetic_market(start, seed=self.seed, points=60)
        settings = GatewaySettings(accounts=(ACCOUNT,))
        gateway = live_gateway(market, settings, live_house(market, self.cash), speed=self.speed)
        await gateway.start()
        return gateway


def instrument_of(gateway: Gateway, symbol: str) -> Instrument:
    """What a symbol stands for there.

    Raises:
        DataError: nothing of that name is traded there.
    """
    known = {one.instrument.symbol: one.instrument for one in gateway.hub.market.directory.listings}
    if symbol not in known:
        raise DataError(f"The emulator has no {symbol!r}.", did_you_mean(symbol, known))
    return known[symbol]
