"""A side taken up at the start of trading, for the strategy would hold it by then."""

from __future__ import annotations

__all__ = ["Join"]

from dataclasses import dataclass

from framework.domain.orders import Offset, Protection, Side


@dataclass(frozen=True, slots=True)
class Join:
    """One side, with the protection the trade behind it has by then. Of a price and a distance for
    the same, the price counts.

    Attributes:
        symbol: instrument.
        side: to be held.
        stop_loss, take_profit: prices.
        stop_distance, target_distance: from the average fill, where no price is known yet.
        trail: distance of a trailing stop; its level by then is the stop loss.
        max_bars: bars after its fill at whose close it is closed.
    """

    symbol: str
    side: Side
    stop_loss: float | None = None
    take_profit: float | None = None
    stop_distance: Offset | None = None
    target_distance: Offset | None = None
    trail: Offset | None = None
    max_bars: int | None = None

    @property
    def protection(self) -> Protection:
        """Exits that come with its entry."""
        stop = self.stop_loss if self.stop_loss is not None else self.stop_distance
        target = self.take_profit if self.take_profit is not None else self.target_distance
        return Protection(stop, target, self.trail, self.max_bars)

    def __str__(self) -> str:
        side = "long" if self.side is Side.BUY else "short"
        stop = self.stop_loss if self.stop_loss is not None else self.stop_distance
        target = self.take_profit if self.take_profit is not None else self.target_distance
        parts = (("stop", stop), ("target", target), ("trailing by", self.trail))
        known = [
            f"{name} {value if isinstance(value, Offset) else f'{value:.10g}'}"
            for name, value in parts
            if value is not None
        ]
        return ", ".join([f"{self.symbol} {side}", *known])
