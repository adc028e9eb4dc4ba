"""Runs published with backtrader 1.9.78.123: settings, bars and orders of one folder."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from math import nan
from pathlib import Path

import numpy as np

from framework.domain.bars import Bars
from framework.domain.instruments import Instrument
from framework.domain.orders import Side
from tests.validation.backtrader_terms import Account, Request

DAY = 86_400 * 10**9


@dataclass(frozen=True)
class Case:
    """One folder of a published run."""

    folder: Path
    spec: Mapping[str, object]

    @classmethod
    def read(cls, folder: Path) -> Case:
        return cls(folder, json.loads((folder / "spec.json").read_text()))

    @property
    def account(self) -> Account:
        """The settings of the run."""
        spec = self.spec
        known: dict[str, object] = {"cash": spec["cash"]}
        known |= dict(spec["commission"] or {})  # type: ignore[call-overload]
        known |= dict(spec["broker"] or {})  # type: ignore[call-overload]
        if spec["slippage"]:
            kind, value, *options = spec["slippage"]  # type: ignore[misc]
            known[f"slip_{kind}"] = value
            for more in options:
                known |= more
        if spec["filler"]:
            kind, *options = spec["filler"]  # type: ignore[misc]
            known |= {"filler": kind, "filler_options": (options[0] if options else None) or {}}
        known.pop("eosbar", None)  # the peer's broker takes it and never looks at it
        unknown = set(known) - set(Account.__dataclass_fields__)
        assert not unknown, f"the replay does not know {unknown}"
        return Account(**known)  # type: ignore[arg-type]

    def bars(self, folder: Path) -> Bars:
        """The bars of the run, from the folder they are kept in."""
        data = self.spec["data"]
        assert isinstance(data, Mapping)
        bars = read_bars(_found(folder, data), str(data["loader"]), self.account)
        limits = {name: nanoseconds(text) for name, text in (data.get("range") or {}).items()}
        start = np.searchsorted(bars.close_time, limits.get("fromdate", 0), side="left")
        stop = np.searchsorted(bars.close_time, limits.get("todate", 1 << 62), side="right")
        return bars.take(int(start), int(stop))

    def requests(self, bars: Bars) -> list[Request]:
        """The orders of the run, by the bar they were decided at."""
        row_of = {int(time): row for row, time in enumerate(bars.close_time)}
        return [_request(row, row_of) for row in read_csv(self.folder / "orders.csv")]


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def nanoseconds(text: str) -> int:
    return int(np.datetime64(text, "ns").astype(np.int64))


def _request(row: Mapping[str, str], row_of: Mapping[int, int]) -> Request:
    def number(name: str) -> float:
        return float(row[name]) if row[name] else nan

    def reference(name: str) -> int | None:
        return int(row[name]) if row[name] else None

    def when(name: str) -> int | None:
        return nanoseconds(row[name]) if row[name] else None

    cancel = when("cancel_req")
    return Request(
        ref=int(row["ref"]),
        bar=row_of[nanoseconds(row["created"])],
        side=Side.BUY if row["side"] == "buy" else Side.SELL,
        type=row["type"],
        size=number("size"),
        price=number("price"),
        plimit=number("plimit"),
        trailamount=float(row["trailamount"] or 0.0),
        trailpercent=float(row["trailpercent"] or 0.0),
        valid=when("valid"),
        parent=reference("parent"),
        oco=reference("oco"),
        cancel=None if cancel is None else row_of[cancel],
    )


def _found(folder: Path, data: Mapping[str, object]) -> Path:
    """The file with the published content: there can be several revisions of one name."""
    name = Path(str(data["file"]))
    for path in sorted(folder.glob(f"{name.stem}*{name.suffix}")):
        if _digest(path) == data["sha256"]:
            return path
    raise AssertionError(f"{folder} has no {name} with SHA-256 {data['sha256']}")


def _columns(path: Path) -> dict[str, np.ndarray]:
    """The columns of a bar file; one has a column of times its header does not name."""
    with path.open(newline="") as file:
        header, *rows = csv.reader(file)
    if len(rows[0]) == len(header) + 1:
        header.insert(1, "Time")
    return {
        name: np.array(column) for name, column in zip(header, zip(*rows, strict=True), strict=True)
    }


@cache
def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def read_bars(path: Path, loader: str, account: Account) -> Bars:
    """Bars as the loader text says: a daily bar closes at its date and the time of day given there,
    and prices may be scaled to the adjusted close and rounded."""
    columns = _columns(path)
    prices = {name: columns[name].astype(float) for name in ("Open", "High", "Low", "Close")}
    if "AdjClose" in loader:
        adjusted = columns["Adj Close"].astype(float)
        factor = prices["Close"] / adjusted
        for name in ("Open", "High", "Low"):
            prices[name] = prices[name] / factor
        prices["Close"] = adjusted
    if "rounded to 2" in loader:
        prices = {k: np.array([round(float(p), 2) for p in each]) for k, each in prices.items()}
    if "Time" in columns:
        stamps = [f"{d}T{t}" for d, t in zip(columns["Date"], columns["Time"], strict=True)]
    else:
        time = "T23:59:59.999989" if "23:59:59.999989" in loader else ""
        stamps = [f"{d}{time}" for d in columns["Date"]]
    return bars_at(
        np.array(stamps, dtype="datetime64[ns]").astype(np.int64),
        prices["Open"],
        prices["High"],
        prices["Low"],
        prices["Close"],
        columns["Volume"].astype(float),
        account.instrument(path.stem.replace(".", "_")),
    )


def bars_at(
    close_time: np.ndarray,
    open_: np.ndarray,
    high: np.ndarray,
    low: np.ndarray,
    close: np.ndarray,
    volume: np.ndarray,
    instrument: Instrument,
) -> Bars:
    """Bars whose sessions are calendar days, each ending with the day's last bar."""
    session = close_time // DAY
    last = np.searchsorted(session, session, side="right") - 1
    daily = bool((np.diff(session) > 0).all())
    return Bars(
        instrument=instrument,
        frame="1d" if daily else "1m",
        close_time=close_time,
        session=session,
        session_close=close_time[last],
        open=open_,
        high=high,
        low=low,
        close=close,
        volume=volume,
    )
