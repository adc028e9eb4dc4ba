"""Quotes: the fee table that prices an instrument on a day."""

from __future__ import annotations

__all__ = ["SHIPPED", "Quotes"]

from dataclasses import dataclass

from framework.components.rates import Table
from framework.components.schedule_files import read_schedule, shipped_schedule
from framework.components.schedules import Schedule
from framework.domain.instruments import AssetType, Instrument
from framework.errors import ConfigError

SHIPPED = "shipped"
"""Stands for the schedule that comes with the package."""


@dataclass(slots=True)
class _Found:
    """The table of an instrument, and the days on which it holds."""

    instrument: Instrument
    first: float
    until: float
    table: Table


class Quotes:
    """Finds the table of an instrument on a day; remembers the last one found for each symbol.

    Args:
        path: of a fee file, read at once, so that its errors come before the run; or SHIPPED.
        plan: "fixed" or "tiered".
    """

    __slots__ = ("_found", "_plan", "_schedule")

    def __init__(self, path: str, plan: str) -> None:
        self._plan = plan
        self._schedule = None if path == SHIPPED else read_schedule(path)
        self._found: dict[str, _Found] = {}

    @property
    def schedule(self) -> Schedule:
        """The schedule; the shipped one is read when it is first needed."""
        if self._schedule is None:
            self._schedule = shipped_schedule()
        return self._schedule

    def table(self, instrument: Instrument, day: int) -> Table:
        """The table that prices `instrument` on `day`.

        Raises:
            ConfigError: the schedule has none.
        """
        found = self._found.get(instrument.symbol)
        if (
            found is None
            or found.instrument is not instrument
            or not found.first <= day < found.until
        ):
            found = self._find(instrument, day)
            self._found[instrument.symbol] = found
        return found.table

    def until(self, symbol: str) -> float:
        """First day on which the table found last for a symbol no longer holds; inf for none."""
        return self._found[symbol].until

    def _find(self, instrument: Instrument, day: int) -> _Found:
        kind = AssetType.STOCK if instrument.type is AssetType.INDEX else instrument.type
        dated = self.schedule.plans.get(kind)
        table = None if dated is None else dated.at(day).table(instrument, self._plan)
        if dated is None or table is None:
            raise ConfigError(
                f"{self.schedule.name} has no {self._plan} commission for {instrument.symbol}, "
                f"which is {instrument.type.value} in {instrument.currency}.",
                "Choose another commission, such as percent:0.002 or per_share:0.85, or give a "
                "schedule of your own.",
            )
        return _Found(instrument, *dated.span(day), table)
