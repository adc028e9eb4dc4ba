"""Alert channels: one alert to one place, in a bounded time, and why it was not taken."""

from __future__ import annotations

__all__ = [
    "Channel",
    "CommandChannel",
    "Delivery",
    "ServiceChannel",
    "WebhookChannel",
    "open_channels",
]

import http.client
import json
import logging
import os
import signal
import subprocess
import sys
import warnings
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol
from urllib.error import HTTPError, URLError
from urllib.request import HTTPRedirectHandler, Request, build_opener

from framework.calendar import utc_text
from framework.config.alert import Channels
from framework.errors import ConfigError
from framework.operations.alert_rules import Alert
from framework.operations.happenings import Gravity

if TYPE_CHECKING:
    from apprise import NotifyBase

TIMEOUT = 5.0
"""Seconds a server may take to accept, and again to answer."""
_SPACING = 0.25
"""Seconds between two messages to a service, at most; apprise's usual 5.5 would keep the last words
of a session from leaving, and there are few enough of ours."""
_PATIENCE = 10.0
"""Seconds a command may take."""


class Delivery(Exception):  # noqa: N818  # what has become of it, not an error of ours
    """An alert was not taken; the text says why."""


class Channel(Protocol):
    """A place alerts go to."""

    @property
    def label(self) -> str:
        """What messages call it; it tells no secret."""
        ...

    def send(self, alert: Alert) -> None:
        """Send one, once.

        Raises:
            Delivery: it was not taken.
        """
        ...


def open_channels(channels: Channels) -> tuple[Channel, ...]:
    """Every place alerts go to.

    Raises:
        ConfigError: an address is none of a service that is known.
    """
    found: list[Channel] = []
    for number, url in enumerate(channels.urls, start=1):
        found.append(ServiceChannel(url, number))
    for number, url in enumerate(channels.webhooks, start=1):
        found.append(WebhookChannel(url, f"webhook {number}"))
    if channels.command:
        found.append(CommandChannel(channels.command))
    return tuple(found)


class ServiceChannel:
    """One of apprise's services.

    Args:
        url: as apprise writes it.
        number: of the service, for messages.

    Raises:
        ConfigError: apprise knows no such service, or the address lacks something.
    """

    def __init__(self, url: str, number: int) -> None:
        import apprise  # noqa: PLC0415  # only who has alerts waits for it

        quiet = logging.getLogger("apprise")
        quiet.propagate = False  # what it says is told in our words, and only once
        asset = apprise.AppriseAsset(app_id="Slipway", app_desc="Slipway", secure_logging=True)
        with _Said(), warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # its services', once loaded
            service = apprise.Apprise.instantiate(url, asset=asset)
        if service is None:
            raise ConfigError(
                f"alert: url {number} is no address of a service apprise knows, or is incomplete.",
                "Write it as its service wants it, such as mailto://user:password@host: "
                "https://github.com/caronc/apprise/wiki lists them.",
            )
        service.socket_connect_timeout = min(service.socket_connect_timeout, TIMEOUT)
        service.socket_read_timeout = min(service.socket_read_timeout, TIMEOUT)
        service.request_rate_per_sec = min(service.request_rate_per_sec, _SPACING)
        self._service: NotifyBase = service
        self._types = {
            Gravity.INFO: apprise.NotifyType.INFO,
            Gravity.WARNING: apprise.NotifyType.WARNING,
            Gravity.ERROR: apprise.NotifyType.FAILURE,
        }
        self._label = f"url {number} ({service.service_name})"

    @property
    def label(self) -> str:
        """Such as "url 1 (Discord)"."""
        return self._label

    def send(self, alert: Alert) -> None:
        """Send one, once."""
        with _Said() as said:
            try:
                taken = self._service.notify(
                    body=alert.body, title=alert.title, notify_type=self._types[alert.gravity]
                )
            except Exception as error:  # the services are other people's code, over a hundred
                raise Delivery(f"{type(error).__name__}: {error}") from error
        if not taken:
            raise Delivery(said.text or "the service did not take it")


class _Said(logging.Handler):
    """Collects the warnings of apprise."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._lines: list[str] = []
        self._logger = logging.getLogger("apprise")

    @property
    def text(self) -> str:
        """The last ones, in one line."""
        return "; ".join(" ".join(line.split()) for line in self._lines[-2:])

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one."""
        with suppress(TypeError, ValueError):
            self._lines.append(record.getMessage())

    def __enter__(self) -> _Said:
        self._logger.addHandler(self)
        return self

    def __exit__(self, *_: object) -> None:
        self._logger.removeHandler(self)


class _NoRedirects(HTTPRedirectHandler):
    """A webhook that sends us elsewhere is told as such: where to is not what the user chose."""

    def redirect_request(self, *_: object) -> None:
        """Nowhere."""


class WebhookChannel:
    """Posts a JSON object: title, body, text, name, level, time, symbol and order.

    Args:
        url: where to.
        label: what messages call it.
    """

    def __init__(self, url: str, label: str) -> None:
        self._url = url
        self._label = label
        self._opener = build_opener(_NoRedirects)

    @property
    def label(self) -> str:
        """Such as "webhook 1"."""
        return self._label

    def send(self, alert: Alert) -> None:
        """Post one, once."""
        content = {
            "title": alert.title,
            "body": alert.body,
            "text": alert.text,
            "name": "test" if alert.name is None else alert.name.value,
            "level": alert.gravity.name.lower(),
            "time": utc_text(alert.time),
            "symbol": alert.symbol,
            "order": alert.order,
        }
        headers = {"Content-Type": "application/json", "User-Agent": "Slipway"}
        request = Request(self._url, json.dumps(content).encode(), headers, method="POST")
        try:
            with self._opener.open(request, timeout=TIMEOUT) as answer:
                answer.read(1_000)
        except HTTPError as error:
            error.close()
            raise Delivery(f"it answers {error.code} {error.reason}") from error
        except URLError as error:
            raise Delivery(str(error.reason)) from error
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise Delivery(str(error) or type(error).__name__) from error


@dataclass(frozen=True, slots=True)
class CommandChannel:
    """Runs a program, without a shell: its words, then title and body; the body also comes in on
    its standard input. What it prints is not looked at.

    Attributes:
        words: of the command.
        patience: seconds it may take.
    """

    words: tuple[str, ...]
    patience: float = _PATIENCE

    @property
    def label(self) -> str:
        """The command, without its arguments."""
        return f"command ({os.path.basename(self.words[0])})"  # noqa: PTH119  # words, not a path

    def send(self, alert: Alert) -> None:
        """Run it once."""
        try:
            running = subprocess.Popen(
                [*self.words, alert.title, alert.body],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C is meant for the session
            )
        except (OSError, ValueError) as error:
            raise Delivery(f"it cannot be run: {error}") from error
        try:
            running.communicate(alert.body.encode(), timeout=self.patience)
        except subprocess.TimeoutExpired as error:
            _end(running)
            raise Delivery(f"it had not ended after {self.patience:g} s") from error
        if running.returncode:
            raise Delivery(f"it ended with {running.returncode}")


def _end(running: subprocess.Popen[bytes]) -> None:
    """End a program, and what it has started."""
    with suppress(OSError):
        if sys.platform == "win32":
            running.kill()
        else:
            os.killpg(running.pid, signal.SIGKILL)
    if running.stdin is not None:
        with suppress(OSError):
            running.stdin.close()
    with suppress(subprocess.TimeoutExpired):
        running.wait(1.0)
