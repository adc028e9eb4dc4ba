"""Named steps of a session: each prints one line of JSON, and none keeps the next from running."""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import time
import traceback
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar


class FactError(AssertionError):
    """A fact that is not as it should be."""


def check(fact: object, why: str) -> None:
    """The assertion of the sessions; it holds where `python -O` drops an assert."""
    if not fact:
        raise FactError(why)


def equal(found: object, wanted: object, what: str) -> None:
    check(found == wanted, f"{what}: {found!r}, not {wanted!r}")


def near(found: float, wanted: float, tolerance: float, what: str) -> None:
    check(
        math.isfinite(found) and abs(found - wanted) <= tolerance + 1e-9,
        f"{what}: {found!r}, not {wanted!r} within {tolerance!r}",
    )


def number(text: object, what: str) -> float:
    """The float a text holds; the wire's 'unset' is none."""
    try:
        value = float(str(text))
    except ValueError as error:
        raise FactError(f"{what} is no number: {text!r}") from error
    check(math.isfinite(value) and abs(value) < 1e300, f"{what} is unset: {text!r}")
    return value


def on_tick(price: float, tick: float) -> bool:
    """Whether a price is a multiple of the tick."""
    return abs(price / tick - round(price / tick)) < 1e-6


def rounded(price: float, tick: float) -> float:
    """The nearest price on the tick, with no more decimals than the tick has."""
    return round(round(price / tick) * tick, 10)


def in_order(wanted: Iterable[str], found: Iterable[str]) -> bool:
    """Whether `wanted` occurs in `found` in this order, with or without others in between."""
    rest: Iterator[str] = iter(found)
    return all(any(word == other for other in rest) for word in wanted)


def sane_bars(bars: list[Any], what: str) -> None:
    """Open and close inside low to high, above nothing, in order of time."""
    for bar in bars:
        check(0 < bar.low <= min(bar.open, bar.close), f"{what}: the low of {bar}")
        check(max(bar.open, bar.close) <= bar.high, f"{what}: the high of {bar}")


@dataclass(frozen=True, slots=True)
class Options:
    """What a session is told on its command line."""

    host: str
    port: int
    client_id: int
    accounts: int
    read_only: bool
    versions: tuple[int, ...] = ()


def options(description: str | None, versions: tuple[int, ...] = ()) -> Options:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(description or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--client-id", type=int, default=1)
    parser.add_argument("--accounts", type=int, default=1, help="how many the gateway serves")
    parser.add_argument("--read-only", action="store_true", help="the gateway takes no orders")
    parser.add_argument("--versions", default=",".join(str(version) for version in versions))
    given = parser.parse_args()
    return Options(
        given.host,
        given.port,
        given.client_id,
        given.accounts,
        given.read_only,
        tuple(int(text) for text in given.versions.split(",") if text),
    )


Step = TypeVar("Step", bound=Callable[..., Any])


class Steps:
    """Steps in the order they are written; used as a decorator with the name of each."""

    def __init__(self) -> None:
        self.listed: list[tuple[str, Callable[..., Any]]] = []

    def __call__(self, name: str) -> Callable[[Step], Step]:
        def listed(step: Step) -> Step:
            self.listed.append((name, step))
            return step

        return listed


def report(name: str, started: float, error: BaseException | None, detail: object = "") -> bool:
    """Print how a step went."""
    if error is not None:
        place = traceback.extract_tb(error.__traceback__)[-1]
        text = str(error) or type(error).__name__
        kind = "" if isinstance(error, FactError) else f"{type(error).__name__} "
        for frame in traceback.extract_tb(error.__traceback__):
            if "clients" in frame.filename and not frame.filename.endswith("steps.py"):
                place = frame
        detail = f"{text} [{kind}at line {place.lineno} of {place.filename.split('/')[-1]}]"
    line = {
        "step": name,
        "ok": error is None,
        "detail": str(detail or ""),
        "seconds": round(time.monotonic() - started, 3),
    }
    print(json.dumps(line), flush=True)
    return error is None


async def run_awaited(
    steps: Sequence[tuple[str, Callable[..., Awaitable[object]]]], session: object, seconds: float
) -> bool:
    """Run asyncio steps, each for `seconds` at most; without the first there is no session."""
    passed = True
    for name, step in steps:
        started = time.monotonic()
        try:
            detail = await asyncio.wait_for(step(session), seconds)
        except Exception as error:  # however a step fails, it is reported
            passed = report(name, started, error)
            if step is steps[0][1]:
                break
        else:
            report(name, started, None, detail)
    return passed


def run(steps: Sequence[tuple[str, Callable[..., object]]], session: object) -> bool:
    """Run steps that wait by themselves; without the first there is no session."""
    passed = True
    for name, step in steps:
        started = time.monotonic()
        try:
            detail = step(session)
        except Exception as error:  # however a step fails, it is reported
            passed = report(name, started, error)
            if step is steps[0][1]:
                break
        else:
            report(name, started, None, detail)
    return passed
