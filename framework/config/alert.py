"""Alerts as a run file asks for them: to whom, which, and how many; nothing of it is ever shown."""

from __future__ import annotations

__all__ = ["AlertName", "AlertSection", "Channels", "Rate", "channels_of"]

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import ip_address
from typing import Annotated
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from framework.errors import ConfigError, did_you_mean

_PLACE = re.compile(r"\$\{([^}]*)\}")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_RATE = re.compile(r"(\d+)\s*/\s*(\d*)\s*([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_TOKEN = 10
"""Characters from which on a part of an address may be a token."""
_HOW_RATE = "Write how many of one kind may go out in a time, such as 10/h, 3/10m or 50/d."


class AlertName(StrEnum):
    """What is told."""

    START = "start"
    STOP = "stop"
    DISCONNECT = "disconnect"
    """The connection has been lost, or in doubt, for a minute."""
    LOGIN = "login"
    """The broker wants its user to log in: once a week, or after a restart of TWS."""
    REJECTION = "rejection"
    """The broker rejected an order."""
    BREAKER = "breaker"
    """A breaker has tripped, or new risk is blocked."""
    FINDING = "finding"
    """The broker's books and ours differ, and nothing explains it."""
    UNPROTECTED = "unprotected"
    """A position has lost its stop."""
    STALE = "stale"
    """Data that is due has not come."""
    KILL = "kill"
    """The kill switch was used."""
    OVERRIDE = "override"
    """A safeguard was set aside, such as the evidence live is asked for."""
    ERROR = "error"
    """Something of ours failed."""


@dataclass(frozen=True, slots=True)
class Rate:
    """How many alerts of one name may go out in a time.

    Attributes:
        count: of them, >= 1.
        seconds: the time.
    """

    count: int
    seconds: int


def _texts(value: object) -> object:
    if isinstance(value, str):
        return (value,)
    if value is None:
        return ()
    if isinstance(value, list | tuple) and all(isinstance(one, str) for one in value):
        return tuple(value)
    raise ValueError("Give a text, or a list of texts.")


def _words(value: object) -> object:
    """A command as a list of words; of a text, as a shell would split it. No shell runs it."""
    if isinstance(value, str):
        try:
            value = shlex.split(value)
        except ValueError as error:
            raise ValueError("Its quotes do not end: write it as a list of words.") from error
    return _texts(value)


def _names(value: object) -> object:
    if isinstance(value, str):
        value = [part.strip() for part in value.split(",")]
    found = _texts(value)
    known = [name.value for name in AlertName]
    for one in found if isinstance(found, tuple) else ():
        if one not in known:
            raise ValueError(did_you_mean(one, known))
    return found


def _rate(value: object) -> object:
    match = _RATE.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None or int(match[1]) < 1 or int(match[2] or 1) < 1:
        raise ValueError(_HOW_RATE)
    return value


class AlertSection(BaseModel):
    """Whom to tell, and of what. `${NAME}` in `url`, `webhook` and `command` is taken from the
    environment, or from `.env`, when a session begins.

    Attributes:
        url: of services, as apprise writes them.
        webhook: address a JSON object is posted to.
        command: words of a program; the alert's title and text are added to them.
        only: names that are told; empty is all.
        but: names that are not ("except" in the file).
        rate: how many of one name may go out in a time, such as "10/h".
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    url: Annotated[tuple[str, ...], BeforeValidator(_texts)] = Field(default=(), repr=False)
    webhook: Annotated[tuple[str, ...], BeforeValidator(_texts)] = Field(default=(), repr=False)
    command: Annotated[tuple[str, ...], BeforeValidator(_words)] = Field(default=(), repr=False)
    only: Annotated[tuple[str, ...], BeforeValidator(_names)] = ()
    but: Annotated[tuple[str, ...], BeforeValidator(_names)] = Field(default=(), alias="except")
    rate: Annotated[str, BeforeValidator(_rate)] = "10/h"

    @property
    def is_empty(self) -> bool:
        """Whether nobody is told."""
        return not (self.url or self.webhook or self.command)


@dataclass(frozen=True, slots=True)
class Channels:
    """Whom to tell, with every `${NAME}` filled in.

    Attributes:
        urls, webhooks: addresses.
        command: words of a program; empty for none.
        names: what is told.
        rate: how often.
        secrets: what must not be shown anywhere.
    """

    urls: tuple[str, ...] = field(default=(), repr=False)
    webhooks: tuple[str, ...] = field(default=(), repr=False)
    command: tuple[str, ...] = field(default=(), repr=False)
    names: frozenset[AlertName] = frozenset(AlertName)
    rate: Rate = Rate(10, 3_600)
    secrets: frozenset[str] = field(default=frozenset(), repr=False)


def channels_of(section: AlertSection, environ: Mapping[str, str]) -> Channels:
    """A section with every `${NAME}` filled in.

    Within an address a value is encoded as addresses want it, so that a password may hold any
    sign; a value an address begins with is taken as it is.

    Args:
        section: of a run file.
        environ: values by name.

    Raises:
        ConfigError: a name is not set, or an address cannot be one. No value is shown.
    """
    secrets: set[str] = set()
    urls = tuple(_filled(one, environ, secrets, is_url=True) for one in section.url)
    hooks = tuple(_filled(one, environ, secrets, is_url=True) for one in section.webhook)
    words = tuple(_filled(one, environ, secrets, is_url=False) for one in section.command)
    for number, hook in enumerate(hooks, start=1):
        _check_hook(hook, number)
    for address in (*urls, *hooks):
        secrets |= {address, *_inside(address)}
    rate = _RATE.fullmatch(section.rate.strip())
    assert rate is not None  # validated with the section
    count, times, unit = rate.groups()
    wanted = section.only or tuple(AlertName)
    return Channels(
        urls,
        hooks,
        words,
        frozenset(AlertName(one) for one in wanted if one not in section.but),
        Rate(int(count), int(times or 1) * _SECONDS[unit]),
        frozenset(secrets - {""}),
    )


def _filled(text: str, environ: Mapping[str, str], secrets: set[str], is_url: bool) -> str:
    def value(found: re.Match[str]) -> str:
        name = found[1]
        if not _NAME.fullmatch(name):
            raise ConfigError("alert: ${...} holds no name.", "Write ${NAME}.")
        known = environ.get(name, "")
        if not known:
            raise ConfigError(
                f"alert: ${{{name}}} is not set.",
                f"Set {name} in the environment, or in .env.",
            )
        secrets.add(known)
        return quote(known, safe="") if is_url and found.start() else known

    return _PLACE.sub(value, text)


def _inside(address: str) -> Iterator[str]:
    """What in an address is a secret by itself, or may be one: a password, and whatever is long and
    stands where services want their tokens. The name of a host is none."""
    split = _split(address)
    if split is None:
        return
    yield from {split.password or "", unquote(split.password or "")}
    login, _, place = split.netloc.rpartition("@")
    host = place.partition(":")[0]
    parts = [*login.split(":"), *split.path.split("/"), *(v for _, v in parse_qsl(split.query))]
    if "." not in host:
        parts += [place, *place.split(":")]
    yield from (part for part in parts if len(part) >= _TOKEN and "@" not in part)


def _split(address: str) -> SplitResult | None:
    try:
        return urlsplit(address)
    except ValueError:
        return None


def _check_hook(address: str, number: int) -> None:
    split = _split(address)
    host = (split.hostname or "") if split is not None else ""
    scheme = split.scheme if split is not None else ""
    if not host or scheme not in ("http", "https"):
        raise ConfigError(f"alert: webhook {number} is no web address.", "Write https://host/path.")
    if scheme == "http" and not _is_here(host):
        raise ConfigError(
            f"alert: webhook {number} is not encrypted, and not on this machine.",
            "Write https://; or, knowing that others can read it, `url: json://host/path`.",
        )


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
