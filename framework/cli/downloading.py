"""`slipway download`: bars of the past into files, with a progress bar and a word on each."""

from __future__ import annotations

__all__ = ["download_command"]

import asyncio
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.table import Table
from rich.text import Text

from framework.brokers.ib.frames import Frame, native_frame
from framework.brokers.ib.problems import ConnectError
from framework.calendar import DAY, TradingCalendar
from framework.cli.broker_access import (
    Looker,
    SystemClock,
    access_of,
    looking,
    offered,
    quiet_library,
)
from framework.cli.download_cache import Cache
from framework.cli.download_lines import Form
from framework.cli.download_options import DownloadFlags
from framework.cli.fetching import Fetched, Fetcher, Patience
from framework.cli.progress import LateBar
from framework.cli.reporting import INTERRUPTED, complain
from framework.config.environment import PORTS, IbAccess
from framework.config.market import instruments
from framework.domain.bars import PriceBasis
from framework.domain.instruments import Instrument
from framework.errors import ConfigError, did_you_mean
from framework.feeds.ranges import day_range

_CLIENT_ID = 98
"""A download takes long: the doctor and the other commands run beside it."""
_CACHE = Path("data", "cache")
_PRICES = ("split", "total")
_HOURS = ("regular", "all")
_SECOND = 1_000_000_000
_REACH = 3640 * DAY
"""Of one answer of daily bars; what is adjusted for dividends comes in one."""


@dataclass(frozen=True, slots=True)
class _Job:
    """One symbol.

    Attributes:
        instrument: as the user describes it.
        form: of its lines.
        folder: of its file.
        since, until: nanoseconds UTC.
    """

    instrument: Instrument
    form: Form
    folder: Path
    since: int
    until: int

    @property
    def symbol(self) -> str:
        """Of the instrument."""
        return self.instrument.symbol


@dataclass(frozen=True, slots=True)
class _Done:
    """What became of it."""

    job: _Job
    path: Path
    fetched: Fetched


def download_command(flags: DownloadFlags, patience: Patience | None = None) -> int:
    """Fetch what is missing.

    Returns:
        The exit code: 0, or 130 when it was interrupted.

    Raises:
        SlipwayError: something given cannot be used, or the broker does not answer; what has come
            is kept.
    """
    access = access_of(flags.broker, _CLIENT_ID)
    for warning in access.warnings:
        complain(f"Warning: {warning}")
    jobs = _jobs(flags, access)
    try:
        done = asyncio.run(_downloaded(flags, access, jobs, patience or Patience()))
    except KeyboardInterrupt:
        complain("Interrupted; what has come is kept: the same command goes on with the rest.")
        return INTERRUPTED
    _show(flags, done)
    return 0


# what is wanted ----------------------------------------------------------------------------------


def _jobs(flags: DownloadFlags, access: IbAccess) -> list[_Job]:
    if "" in flags.symbols or len(set(flags.symbols)) < len(flags.symbols):
        raise ConfigError(
            f"The symbols are {', '.join(flags.symbols)!r}.", "Name each of them once."
        )
    if flags.first is None:
        raise ConfigError("A download needs its first day.", "Give --from, as 2020-01-31.")
    for name, value, known in (
        ("--prices", flags.prices, _PRICES),
        ("--hours", flags.hours, _HOURS),
    ):
        if value not in known:
            raise ConfigError(f"{name} is {value!r}.", did_you_mean(value, known))
    facts = instruments()
    return [
        _job(facts.get(symbol) or Instrument(symbol), flags, access) for symbol in flags.symbols
    ]


def _job(instrument: Instrument, flags: DownloadFlags, access: IbAccess) -> _Job:
    calendar = TradingCalendar(flags.calendar or instrument.calendar)
    frame = native_frame(flags.bar, calendar.name)
    if flags.prices == "total" and not frame.is_daily:
        raise ConfigError(
            f"--prices total is for daily bars, and --bar is {flags.bar}.",
            "Take --prices split, or --bar 1d.",
        )
    now = SystemClock().now()
    today = datetime.fromtimestamp(now // _SECOND, ZoneInfo(calendar.tz)).date().isoformat()
    since, _ = day_range(flags.first, None, calendar.name)
    if since >= now:
        raise ConfigError(f"--from is {flags.first}, and that is to come.", "Give an earlier day.")
    since, until = day_range(flags.first, flags.last or today, calendar.name)
    if flags.prices == "total" and since < now - _REACH:
        raise ConfigError(
            f"--prices total goes ten years back, and --from is {flags.first}.",
            "Give a later day, or take --prices split.",
        )
    chosen = replace(instrument, calendar=calendar.name)
    form = Form(frame, calendar, flags.hours == "regular")
    return _Job(chosen, form, _folder(frame, flags, access), since, until)


def _folder(frame: Frame, flags: DownloadFlags, access: IbAccess) -> Path:
    if flags.out is not None:
        return flags.out
    # Whoever listens on another port may be an emulator: its prices never lie beside the broker's.
    is_usual = access.port in PORTS.values()
    source = "ib" if is_usual else re.sub(r"[^\w.]", "-", f"{access.host}-{access.port}")
    parts = (frame.name, *([flags.prices] if flags.prices != "split" else []))
    parts += (flags.hours,) if flags.hours != "regular" else ()
    return _CACHE / source / "-".join(parts)


# fetching ----------------------------------------------------------------------------------------


async def _downloaded(
    flags: DownloadFlags, access: IbAccess, jobs: Sequence[_Job], patience: Patience
) -> list[_Done]:
    quiet_library()
    console = Console(stderr=True)
    try:
        async with looking(access, patience.timings, patience.limits) as looker:
            await looker.contracts.qualify([job.instrument for job in jobs])
            prices = PriceBasis(flags.prices)
            told = _Teller(console, flags.broker.json)
            fetcher = Fetcher(looker, prices, flags.hours == "regular", patience, told)
            with LateBar(console, "pieces") as bar:
                counter = _Counter(bar, fetcher, jobs)
                return [await _fetched(job, flags, looker, fetcher, counter) for job in jobs]
    except ConnectError as error:
        raise offered(error, access) from None


async def _fetched(
    job: _Job, flags: DownloadFlags, looker: Looker, fetcher: Fetcher, counter: _Counter
) -> _Done:
    listed = looker.book.by_key(job.symbol)
    request = "|".join(
        (str(listed.con_id), job.form.frame.name, flags.prices, flags.hours, job.form.calendar.name)
    )
    cache = Cache(job.folder, job.symbol, job.form, request)
    try:
        fetched = await fetcher.fetch(
            job.symbol, job.form, cache, job.since, job.until, counter.one_more
        )
    except OSError as error:
        raise ConfigError(
            f"{cache.path} cannot be written: {error.strerror}.", "Choose another --out."
        ) from error
    return _Done(job, cache.path, fetched)


class _Teller:
    """Says on stderr what is waited for."""

    def __init__(self, console: Console, is_quiet: bool) -> None:
        self._console = console
        self._is_quiet = is_quiet

    def __call__(self, text: str) -> None:
        if not self._is_quiet:
            self._console.print(Text(text, "dim"))


class _Counter:
    """Moves the progress bar."""

    def __init__(self, bar: LateBar, fetcher: Fetcher, jobs: Sequence[_Job]) -> None:
        self._bar = bar
        self._total = sum(len(fetcher.pieces(job.form.frame, job.since, job.until)) for job in jobs)
        self._done = 0

    def one_more(self) -> None:
        """A piece is here."""
        self._done += 1
        self._total = max(self._total, self._done)
        self._bar(self._done, self._total)


# what came ---------------------------------------------------------------------------------------


def _show(flags: DownloadFlags, done: Sequence[_Done]) -> None:
    if flags.broker.json:
        print(json.dumps([_plain(one) for one in done], indent=2))
        return
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    for name in ("symbol", "bars", "first", "last", "requests"):
        right = name in ("bars", "requests")
        table.add_column(name, justify="right" if right else "left", no_wrap=True)
    for one in done:
        first, last = _ends(one)
        asked = f"{one.fetched.requests:,}" if one.fetched.requests else "cached"
        table.add_row(
            Text(one.job.symbol, "bold"), f"{len(one.fetched.lines):,}", first, last, asked
        )
    Console(highlight=False).print(table)
    for line in dict.fromkeys(_how(one, flags) for one in done):
        print(line)


def _ends(one: _Done) -> tuple[str, str]:
    """The times of the first and the last bar, as they are written."""
    lines = one.fetched.lines
    return lines[min(lines)].partition(",")[0], lines[max(lines)].partition(",")[0]


def _plain(one: _Done) -> dict[str, object]:
    first, last = _ends(one)
    return {
        "symbol": one.job.symbol,
        "file": str(one.path),
        "bar": one.job.form.frame.name,
        "calendar": one.job.form.calendar.name,
        "bars": len(one.fetched.lines),
        "first": first,
        "last": last,
        "requests": one.fetched.requests,
        "adjusted_anew": one.fetched.is_adjusted_anew,
    }


def _how(one: _Done, flags: DownloadFlags) -> str:
    """The flags that read a file."""
    words = [f"--data {one.path.parent}", f"--calendar {one.job.form.calendar.name}"]
    words.append(f"--prices {flags.prices}")
    if flags.hours != "regular":
        words.append(f"--hours {flags.hours}")
    if one.job.form.frame.name != flags.bar:
        words.append(f"--bar {flags.bar}")
    return f"Run on it: {' '.join(words)}"
