"""`slipway gateway`: the emulator served until Ctrl-C, with what it does on the screen."""

from __future__ import annotations

__all__ = ["serve"]

import asyncio
import signal
from datetime import UTC, date, datetime, time
from pathlib import Path

from rich.console import Console

from framework.cli.gateway_options import GatewayFlags
from framework.config.market import load_market
from framework.config.runfile import DataSection, validate
from framework.emulator.build import live_gateway, live_house
from framework.emulator.clock import wall_time
from framework.emulator.faults.plan import FaultPlan, load_plan
from framework.emulator.faults.random_plan import random_plan
from framework.emulator.faults.rows import load_row
from framework.emulator.market.market import Market
from framework.emulator.market.markets import bars_market, synthetic_market
from framework.emulator.server.gateway import Gateway
from framework.emulator.server.settings import GatewaySettings
from framework.errors import ConfigError
from framework.feeds.answers import FileAnswers

_BANNER = (
    "EMULATOR: this is not Interactive Brokers. Prices, orders and money are simulated on this "
    "machine."
)
_POINTS_MADE_UP, _POINTS = 60, 12
_ROW = "row:"


def serve(flags: GatewayFlags) -> None:
    """Serve until Ctrl-C.

    Raises:
        SlipwayError: something given cannot be used; nothing listens then.
    """
    plan = _plan(flags)
    market = _market(flags)
    settings = _settings(flags)
    console = Console(highlight=False, soft_wrap=True)
    gateway = live_gateway(
        market,
        settings,
        live_house(market, flags.cash),
        speed=flags.speed,
        plan=plan,
        watcher=None if flags.quiet else console.print,
    )
    if plan is not None and not flags.quiet:
        console.print(str(plan))
    try:
        asyncio.run(_until_stopped(gateway, market, flags, console))
    except OSError as error:
        raise ConfigError(
            f"Nothing can listen on {flags.host}:{flags.port}: {error.strerror}.",
            "Choose another --port, or 0 for a free one.",
        ) from error


async def _until_stopped(
    gateway: Gateway, market: Market, flags: GatewayFlags, console: Console
) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    await gateway.start()
    try:
        _show(gateway, market, flags, console)
        await stop.wait()
    finally:
        await gateway.close()
    report = gateway.faults()
    if report is not None:
        console.print(str(report))
    console.print("The emulator has stopped.")


def _show(gateway: Gateway, market: Market, flags: GatewayFlags, console: Console) -> None:
    """What is served, in a few lines; the first word of the last one is where."""
    console.print(f"[bold yellow]{_BANNER}[/]")
    if not flags.quiet:
        names = ", ".join(one.key for one in market.directory.listings)
        console.print(f"market    {names}")
        console.print(f"accounts  {', '.join(flags.accounts)}, {flags.cash:,.2f} USD each")
        console.print(f"versions  157 to {flags.max_version}, speed {flags.speed:g}")
        console.print(
            "connect   ib_insync, ib_async or ibapi to this address, any client id; Ctrl-C stops it"
        )
    console.print(f"listening on {flags.host}:{gateway.port}")


def _settings(flags: GatewayFlags) -> GatewaySettings:
    strict = not flags.no_limits
    return GatewaySettings(
        host=flags.host,
        port=flags.port,
        accounts=flags.accounts,
        read_only=flags.read_only,
        messages_per_second=50 if strict else 0,
        market_data_lines=100 if strict else 0,
        paces_history=strict,
        ids_file=flags.ids,
        open_to_network=flags.open_to_network,
        max_version=flags.max_version,
        ticks_per_second=flags.ticks_per_second,
    )


def _market(flags: GatewayFlags) -> Market:
    start = None if flags.start is None else _start(flags.start)
    if flags.data is None:
        points = flags.points or _POINTS_MADE_UP
        return synthetic_market(start or wall_time(), seed=flags.seed, points=points)
    section = _data(flags)
    answers = FileAnswers(
        section.stamp, section.tz, section.calendar, section.prices, section.hours
    )
    bars = load_market(flags.data, answers, section.symbols).bars
    if start is None:
        start = min(int(one.close_time[len(one) // 2]) for one in bars)
    if start >= max(int(one.close_time[-1]) for one in bars):
        raise ConfigError(
            f"--from is {flags.start}, and the last bar closes before.", "Give an earlier date."
        )
    return bars_market(bars, start, points=flags.points or _POINTS)


def _data(flags: GatewayFlags) -> DataSection:
    """The answers about the files, in the words they can have."""
    given = {
        "symbols": flags.symbols,
        "stamp": flags.stamp,
        "tz": flags.tz,
        "calendar": flags.calendar,
        "prices": flags.prices,
        "hours": flags.hours,
    }
    known = {name: value for name, value in given.items() if value is not None}
    names: dict[tuple[str, ...], str] = {("data", name): f"--{name}" for name in known}
    return validate({"data": known}, "gateway", names).data


def _start(text: str) -> int:
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise ConfigError(f"--from is {text!r}.", "Give a date: 2006-01-03.") from error
    moment = datetime.combine(day, time(), UTC)
    return int(moment.timestamp()) * 1_000_000_000


def _plan(flags: GatewayFlags) -> FaultPlan | None:
    if flags.faults is None:
        return None
    if flags.faults == "random":
        return random_plan(flags.seed)
    if flags.faults.startswith(_ROW):
        number = flags.faults.removeprefix(_ROW)
        if not number.isdecimal():
            raise ConfigError(f"--faults is {flags.faults!r}.", "Give a row's number: row:17.")
        return load_row(int(number), flags.seed)
    return load_plan(Path(flags.faults), flags.seed)
