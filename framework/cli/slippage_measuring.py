"""`slipway slippage`: journals to a report, its tables and files, and a calibrated component."""

from __future__ import annotations

__all__ = ["measure"]

import csv
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, fields
from io import StringIO
from pathlib import Path

from framework.calendar import utc_text
from framework.cli.flags import PICTURES
from framework.cli.reporting import complain
from framework.cli.session_journals import journal_at, journals_of
from framework.cli.slippage_options import SlippageFlags
from framework.config.market import instruments
from framework.config.measured import measured_text
from framework.domain.instruments import AssetType, Instrument
from framework.engine.journal import JournalReader, read_journal
from framework.engine.journal_errors import JournalDamagedError
from framework.engine.journal_rows import Entry
from framework.errors import ConfigError, DataError
from framework.options.combo_symbols import parse_combo_symbol
from framework.options.occ import parse_symbol
from framework.research.execution_report import (
    ExecutionReport,
    execution_report,
    print_execution,
)
from framework.research.executions import FilledOrder, Lookup
from framework.research.order_lives import JournalOrders, journal_orders
from framework.research.slippage_fit import FEWEST, SlippageFit, fit_slippage
from framework.research.tables import iso_times

_FORMAT = "slipway slippage 1"
_COSTS = ("delay", "execution", "slippage", "shortfall")
_CONTRACT = 100.0
"""Units of the underlying a listed option of the United States stands for."""


def measure(flags: SlippageFlags) -> int:
    """Print and write what was asked for.

    Returns:
        The exit code: 1 where a journal is damaged; what lies in front of the damage is measured.

    Raises:
        SlipwayError: something given cannot be used; nothing is written then.
    """
    _check(flags)
    damaged: list[JournalDamagedError] = []
    found = [_read(path, damaged) for path in _journals(flags)]
    if not found:
        print("No session has left a journal in sessions/: there is nothing to measure yet.")
        return 0
    report = execution_report(found, _lookup())
    fit = None
    if flags.write is not None:
        fit = fit_slippage(report.orders, flags.quantile, 1 if flags.few else FEWEST)
    if flags.json:
        print(json.dumps(_content(report, fit), indent=2, allow_nan=False))
    else:
        print_execution(report, fit)
    _write_files(flags, report, fit)
    for error in damaged:
        complain(f"Error: {error}")
    return damaged[0].exit_code if damaged else 0


def _check(flags: SlippageFlags) -> None:
    if flags.strategy is not None and flags.journals:
        raise ConfigError(f"Both {flags.strategy!r} and --journal are given.", "Give one of them.")
    if flags.write is None and (flags.few or flags.quantile != 0.5):
        raise ConfigError("--few and --quantile are of a calibration.", "Add --write FILE.")
    if flags.plot is not None and Path(flags.plot).suffix.lower() not in PICTURES:
        raise ConfigError(
            f"A picture cannot be saved as {flags.plot!r}.",
            f"End its name in one of {', '.join(PICTURES)}.",
        )
    if flags.write is not None and flags.write.suffix.lower() not in (".yaml", ".yml"):
        raise ConfigError(f"--write is {str(flags.write)!r}.", "End its name in .yaml.")


def _journals(flags: SlippageFlags) -> tuple[Path, ...]:
    if flags.journals:
        return tuple(journal_at(place) for place in flags.journals)
    return journals_of(flags.strategy)


def _read(path: Path, damaged: list[JournalDamagedError]) -> JournalOrders:
    with read_journal(path) as reader:
        return journal_orders(str(path), _intact(reader, damaged))


def _intact(reader: JournalReader, damaged: list[JournalDamagedError]) -> Iterator[Entry]:
    try:
        yield from reader.entries()
    except JournalDamagedError as error:
        damaged.append(error)


def _lookup() -> Lookup:
    """Instruments a journal does not describe: those of instruments.yaml, options and combos by
    their names, and shares."""
    known = instruments()

    def look_up(symbol: str) -> Instrument:
        if symbol in known:
            return known[symbol]
        if _reads(parse_symbol, symbol) or _reads(parse_combo_symbol, symbol):
            return Instrument(symbol, AssetType.OPTION, multiplier=_CONTRACT)
        return Instrument(symbol)

    return look_up


def _reads(parse: Callable[[str], object], symbol: str) -> bool:
    try:
        parse(symbol)
    except DataError:
        return False
    return True


# files -------------------------------------------------------------------------------------


def _write_files(flags: SlippageFlags, report: ExecutionReport, fit: SlippageFit | None) -> None:
    if flags.csv is not None:
        _write(flags.csv, _csv_text(report))
        _tell(flags, f"{len(report.orders):,} orders are written into {flags.csv}.")
    if flags.write is not None and fit is not None:
        _write(flags.write, measured_text(fit.spec, _notes(report, fit)))
        _tell(flags, f"Use it: --slippage {flags.write}, or slippage: {flags.write} in a run file.")
    if flags.plot is not None:
        from framework.research.execution_plot import save_plot  # noqa: PLC0415  # matplotlib

        save_plot(report, Path(flags.plot))
        _tell(flags, f"Picture: {flags.plot}")


def _tell(flags: SlippageFlags, text: str) -> None:
    if flags.json:
        complain(text)
    else:
        print(text)


def _write(path: Path, text: str) -> None:
    target = path.expanduser()
    try:
        target.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        raise ConfigError(
            f"{target} cannot be written: {error.strerror or error}.", "Choose another file."
        ) from error


def _notes(report: ExecutionReport, fit: SlippageFit) -> list[str]:
    """Comments of the written component."""
    times = [one.time for one in report.orders]
    best = fit.forms[0]
    others = ", ".join(f"{one.name} {one.error:.2f}" for one in fit.forms[1:])
    return [
        f"Slippage measured from {', '.join(report.journals)} ({', '.join(report.modes)}), "
        f"{utc_text(min(times))} to {utc_text(max(times))}.",
        *fit.notes,
        f"95 % interval of {fit.parameter}: {fit.low:.4g} to {fit.high:.4g}.",
        f"Form by its error on orders it was not fitted to, in basis points: {best.name} "
        f"{best.error:.2f}" + (f"; {others}." if others else "."),
    ]


def _row(one: FilledOrder) -> dict[str, object]:
    columns: dict[str, object] = {
        item.name: getattr(one, item.name) for item in fields(FilledOrder)
    }
    columns["source"] = one.source.value
    columns["sent"] = iso_times([one.sent])[0] if one.sent else None
    columns["time"] = iso_times([one.time])[0]
    for name in _COSTS:
        columns[name] = getattr(one, name)
    columns["execution_bps"] = one.basis_points(one.execution)
    columns["slippage_bps"] = one.basis_points(one.slippage)
    columns["ticks"] = one.ticks
    return columns


def _csv_text(report: ExecutionReport) -> str:
    names = [item.name for item in fields(FilledOrder)]
    names += [*_COSTS, "execution_bps", "slippage_bps", "ticks"]
    out = StringIO()
    writer = csv.DictWriter(out, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(_row(one) for one in report.orders)
    return out.getvalue()


def _content(report: ExecutionReport, fit: SlippageFit | None) -> dict[str, object]:
    """The report as plain values."""
    return {
        "format": _FORMAT,
        "journals": list(report.journals),
        "modes": list(report.modes),
        "on_market_clock": report.on_market_clock,
        "total": None if report.total is None else asdict(report.total),
        "by_order": [asdict(line) for line in report.kinds],
        "by_symbol": [asdict(line) for line in report.symbols],
        "by_hour": [asdict(line) for line in report.hours],
        "not_filled": [asdict(one) for one in report.opportunities],
        "latency_ms": asdict(report.latency),
        "throughput": asdict(report.throughput),
        "calibration": None if fit is None else asdict(fit),
    }
