"""Who watches a session: its view, its logs, its alerts and its trade records."""

from __future__ import annotations

__all__ = ["SessionWatchers"]

import os
from collections.abc import Callable
from pathlib import Path
from time import time_ns

from framework.backtest.record import RunRecord
from framework.cli.session_view import SessionView
from framework.config.alert import AlertSection, Channels, channels_of
from framework.config.dotenv import variables
from framework.config.environment import find_env_file
from framework.config.masks import Mask
from framework.operations.alert_channels import open_channels
from framework.operations.alert_rules import Subject
from framework.operations.alerts import Alerts
from framework.operations.happenings import Happening, Kind
from framework.operations.logs import Logs
from framework.operations.status import Status
from framework.operations.trade_records import TradeRecords

_SETTLED = frozenset({Kind.STARTED, Kind.STOPPED, Kind.ERROR, Kind.KILL})
"""Happenings by which it is known whether the broker is an emulator."""
TRADES = "trades"
"""Where trade records are kept unless the run file says otherwise."""


class SessionWatchers:
    """Everybody who watches one session. None of them can hold it up.

    Args:
        folder: of the session.
        mode: "shadow", "paper" or "live".
        strategy: names of what runs.
        alert: whom to tell.
        trades: a folder, or an address of fsspec's; None is `trades`.
        account: what has to be masked besides what looks like an account.

    Attributes:
        is_emulated: whether the broker is an emulator, once that is known.
        record: everything the session has done so far.

    Raises:
        ConfigError: somebody to be told, or a place to keep records, cannot be reached that way.
    """

    def __init__(
        self,
        folder: Path,
        mode: str,
        strategy: str,
        alert: AlertSection,
        trades: str | None,
        account: str,
    ) -> None:
        self._folder, self._mode, self._strategy = folder, mode, strategy
        self._channels = _channels(alert)
        self._places = None if self._channels is None else open_channels(self._channels)
        secrets = frozenset() if self._channels is None else self._channels.secrets
        self._mask = Mask(accounts=(account,), secrets=secrets)
        self._view = SessionView(self._mask)
        self._logs = Logs(folder / "logs", folder.name, time_ns, self._mask)
        self._records = TradeRecords(trades or TRADES, folder.name, self._mask)
        self._alerts: Alerts | None = None
        self._before: list[Happening] = []
        self.is_emulated: Callable[[], bool] = lambda: False
        self.record: Callable[[], RunRecord | None] = lambda: None

    def take(self, happening: Happening) -> None:
        """Something has happened."""
        self._view.take(happening)
        self.note(happening)

    def note(self, happening: Happening) -> None:
        """Something has happened that the screen shows otherwise."""
        self._logs.take(happening)
        if self._channels is None:
            return
        if self._alerts is None:
            self._before.append(happening)
            if happening.kind in _SETTLED:
                self._begin_alerts(self._channels)
        else:
            self._alerts.take(happening)

    def look(self, status: Status) -> None:
        """The session as it is now."""
        self._view.look(status)
        self._logs.look(status)
        if self._records.is_due(status.time):
            self._keep()

    def _keep(self) -> None:
        record = self.record()
        if record is not None:
            self._records.keep(record)

    def close(self) -> None:
        """Let everybody finish, none of them for long."""
        self._view.close()
        self._keep()
        if self._alerts is not None:
            self._alerts.close()
        self._records.close()
        self._logs.close()

    def _begin_alerts(self, channels: Channels) -> None:
        subject = Subject(self._mode, self._strategy, self._folder.name, self.is_emulated())
        self._alerts = Alerts(subject, channels, time_ns, self._mask, places=self._places)
        for one in self._before:
            self._alerts.take(one)
        self._before.clear()


def _channels(alert: AlertSection) -> Channels | None:
    if alert.is_empty:
        return None
    return channels_of(alert, variables(os.environ, find_env_file()))
