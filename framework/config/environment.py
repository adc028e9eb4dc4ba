"""Where TWS is, and whose account: from the process environment, a `.env` file, and flags.

Flags win over the process environment, and that over the file.
"""

from __future__ import annotations

__all__ = ["ENV_FILE", "NAMES", "PORTS", "Given", "IbAccess", "Mode", "find_env_file", "ib_access"]

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from framework.config.dotenv import Entry, read_dotenv
from framework.config.masks import masked
from framework.config.places import PROJECT
from framework.config.privacy import lax_mode
from framework.errors import ConfigError, did_you_mean

T = TypeVar("T")

ENV_FILE = ".env"
"""Name of the file, in the working directory or beside run.py."""


class Mode(StrEnum):
    """Whose money."""

    PAPER = "paper"
    LIVE = "live"


PORTS: Mapping[tuple[Mode, bool], int] = {
    (Mode.PAPER, False): 7497,
    (Mode.PAPER, True): 4002,
    (Mode.LIVE, False): 7496,
    (Mode.LIVE, True): 4001,
}
"""Default ports by mode, and by whether it is IB Gateway rather than TWS."""

_FACTS = ("HOST", "PORT", "CLIENT_ID", "ACCOUNT", "USE_GATEWAY")
NAMES = tuple(f"IB_{mode.upper()}_{fact}" for mode in Mode for fact in _FACTS)
"""Every variable that is read."""

_CLIENT_IDS = {Mode.PAPER: 1, Mode.LIVE: 2}
_HOST = "127.0.0.1"
_HIGHEST_PORT, _HIGHEST_ID = 65_535, 2**31 - 1
_YES, _NO = ("true", "yes", "on", "1"), ("false", "no", "off", "0")
_OURS = "IB_"
_OURS_IN_PROCESS = ("IB_PAPER_", "IB_LIVE_")
_ALIKE = 0.85
"""Likeness from which on a name is taken for a misspelt one of ours."""


@dataclass(frozen=True, slots=True)
class Given:
    """What flags say; None is what they do not."""

    host: str | None = None
    port: int | None = None
    client_id: int | None = None
    account: str | None = None


@dataclass(frozen=True, slots=True, repr=False)
class IbAccess:
    """Where TWS is, and as whom it is talked to.

    Attributes:
        mode: whose money.
        host, port, client_id: of the connection.
        account: what is traded; empty, of paper only, takes the login's one account.
        use_gateway: whether it is IB Gateway rather than TWS.
        file: the `.env` that was read; None without one.
        warnings: what the user ought to know, one sentence each.
    """

    mode: Mode
    host: str
    port: int
    client_id: int
    account: str
    use_gateway: bool = False
    file: Path | None = None
    warnings: tuple[str, ...] = ()

    @property
    def program(self) -> str:
        """What is expected to answer."""
        return "IB Gateway" if self.use_gateway else "TWS"

    def __repr__(self) -> str:
        account = repr(masked(self.account)) if self.account else "detected"
        return (
            f"IbAccess({self.mode}, {self.host}:{self.port}, client_id={self.client_id}, "
            f"account={account})"
        )


def find_env_file() -> Path | None:
    """The `.env` of the working directory, else the one beside run.py; None without either."""
    for folder in (Path.cwd(), PROJECT):
        if (folder / ENV_FILE).is_file():
            return folder / ENV_FILE
    return None


def ib_access(
    mode: Mode,
    environ: Mapping[str, str],
    file: Path | None = None,
    given: Given | None = None,
) -> IbAccess:
    """The settings of a mode.

    Args:
        mode: whose.
        environ: the process's variables.
        file: the `.env` file; None for none.
        given: what flags say.

    Raises:
        ConfigError: a name is misspelt, a value cannot be used, the live account is not named, or
            others may read the file and the mode is live.
    """
    entries = {} if file is None else read_dotenv(file)
    _check_names(entries, environ, file)
    values = _Values(mode, environ, entries, file)
    flags = given or Given()
    gateway = values.read("USE_GATEWAY", _flag, False)
    found = IbAccess(
        mode,
        _host(flags.host, "--host") if flags.host else values.read("HOST", _host, _HOST),
        _port(flags.port, "--port")
        if flags.port is not None
        else values.read("PORT", _port, PORTS[mode, gateway]),
        _client_id(flags.client_id, "--client-id")
        if flags.client_id is not None
        else values.read("CLIENT_ID", _client_id, _CLIENT_IDS[mode]),
        _account(flags.account, "--account")
        if flags.account
        else values.read("ACCOUNT", _account, ""),
        gateway,
        file,
        _check_privacy(file, mode),
    )
    if mode is Mode.LIVE and not found.account:
        raise ConfigError(
            "No live account is named, and a live account is never guessed.",
            "Give --account U..., or set IB_LIVE_ACCOUNT.",
        )
    return found


@dataclass(frozen=True, slots=True)
class _Values:
    """The variables of one mode."""

    mode: Mode
    environ: Mapping[str, str]
    entries: Mapping[str, Entry]
    file: Path | None

    def read(self, fact: str, kind: Callable[[str, str], T], default: T) -> T:
        """One variable; the default where it is not set, or empty."""
        name = f"IB_{self.mode.upper()}_{fact}"
        text, where = self.environ.get(name), name
        if text is None and name in self.entries:
            entry = self.entries[name]
            text, where = entry.value, f"{name} ({self.file}, line {entry.line})"
        text = (text or "").strip()
        return kind(text, where) if text else default


def _check_names(
    entries: Mapping[str, Entry], environ: Mapping[str, str], file: Path | None
) -> None:
    """Refuse what is meant for us and is none of our names."""
    for name, entry in entries.items():
        near = get_close_matches(name.upper(), NAMES, n=1, cutoff=_ALIKE)
        if name not in NAMES and (name.upper().startswith(_OURS) or near):
            raise ConfigError(
                f"{file}, line {entry.line}: there is no setting {name}.",
                did_you_mean(name, NAMES),
            )
    for name in environ:
        if name not in NAMES and name.upper().startswith(_OURS_IN_PROCESS):
            raise ConfigError(
                f"The environment has {name}, which is no setting.", did_you_mean(name, NAMES)
            )


def _check_privacy(file: Path | None, mode: Mode) -> tuple[str, ...]:
    lax = "" if file is None else lax_mode(file)
    if not lax:
        return ()
    problem = f"Others may read {file} (mode {lax})."
    remedy = f"Make it yours alone: chmod 600 {file}"
    if mode is Mode.LIVE:
        raise ConfigError(problem, remedy)
    return (f"{problem} {remedy}",)


# kinds of values ------------------------------------------------------------------------------


def _host(text: str, where: str) -> str:
    if any(sign.isspace() or sign in "/@" for sign in text):
        raise ConfigError(
            f"{where} is {text!r}.", "Give a name or an address alone, such as 127.0.0.1."
        )
    return text


def _port(value: str | int, where: str) -> int:
    return _whole(value, where, 1, _HIGHEST_PORT)


def _client_id(value: str | int, where: str) -> int:
    number = _whole(value, where, 0, _HIGHEST_ID)
    if number == 0:
        raise ConfigError(
            f"{where} is 0, the client id that takes over what is typed into TWS by hand.",
            "Give 1 or more.",
        )
    return number


def _whole(value: str | int, where: str, low: int, high: int) -> int:
    text = str(value)
    if not (text.isascii() and text.isdecimal() and low <= int(text) <= high):
        raise ConfigError(f"{where} is {text!r}.", f"Give a whole number from {low} to {high}.")
    return int(text)


def _account(text: str, where: str) -> str:
    if not (text.isascii() and text.isalnum()):
        raise ConfigError(
            f"{where} is no account id.", "Give one as TWS shows it, such as U1234567."
        )
    return text


def _flag(text: str, where: str) -> bool:
    if text.lower() not in _YES + _NO:
        raise ConfigError(f"{where} is {text!r}.", "Give true or false.")
    return text.lower() in _YES
