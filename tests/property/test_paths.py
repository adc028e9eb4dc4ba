"""All paths give the same bytes: random programs by the kernel and by the event engine, compared in
every field of their records and in what a trader is shown of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from time import sleep

import numpy as np
import pytest

from framework import compiled
from framework.backtest import bar_run, compiled_run
from framework.backtest.cast import Cast
from framework.backtest.machine import Machine
from framework.backtest.paths import fastest
from framework.backtest.record import COMPILED, RunRecord
from framework.comparisons import compared, crossed
from framework.domain.bars import FloatArray
from framework.research.results import result_of
from tests.property.path_programs import FEES, Program, bar_program, program
from tests.property.path_strategies import seen_by
from tests.property.record_fields import COMPARED

MADE = {"when": program, "on_bar": bar_program}
Make = Callable[..., Program]


@pytest.fixture(scope="session")
def fees(tmp_path_factory: pytest.TempPathFactory) -> str:
    file = tmp_path_factory.mktemp("fees") / "fees.yaml"
    file.write_text(FEES, encoding="utf-8")
    return str(file)


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel's functions run as the Python they are."""
    monkeypatch.setenv("SLIPWAY_COMPILED", "0")
    monkeypatch.setattr(compiled.state, "ready", {})


@pytest.fixture(scope="module")
def machine_code(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The kernel's functions compiled, once for all processes of this test run."""
    mine = tmp_path_factory.getbasetemp()
    shared: Path = mine.parent if mine.name.startswith("popen-") else mine
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SLIPWAY_CACHE", str(shared))
        patch.delenv("SLIPWAY_COMPILED", raising=False)
        patch.setattr(compiled.state, "ready", {})
        while not compiled.compile_entries():
            sleep(0.2)
        yield


# comparing --------------------------------------------------------------------------------------


def by_engine(one: Program) -> RunRecord:
    machine = Machine(Cast(one.strategy, one.bars, one.settings, {}), {})
    return machine.record(machine.play(None))


def by_kernel(one: Program) -> RunRecord:
    return fastest(Cast(one.strategy, one.bars, one.settings, {}), {}, "", None)


def differences(engine: RunRecord, other: RunRecord) -> list[str]:
    """The fields in which two records differ, with the first pair of values that do."""
    found = []
    for name in COMPARED:
        a, b = getattr(engine, name), getattr(other, name)
        if isinstance(a, np.ndarray):
            a, b = {"": a}, {"": b}
        if isinstance(a, dict):
            pairs = [(a[key].tobytes() == b[key].tobytes(), a[key], b[key]) for key in a]
            unlike = [f"{p} / {q}" for same, p, q in pairs if not same]
            unlike += [] if list(a) == list(b) else [f"{list(a)} / {list(b)}"]
        elif isinstance(a, tuple):
            unlike = [f"{p} / {q}" for p, q in zip(a, b, strict=False) if repr(p) != repr(q)]
            unlike += [] if len(a) == len(b) else [f"{len(a)} / {len(b)}"]
        else:
            unlike = [] if repr(a) == repr(b) else [f"{a} / {b}"]
        found += [f"{name}: {unlike[0]}"] if unlike else []
    return found


def shown(record: RunRecord) -> tuple[str, str]:
    """Trades and figures of a run, as text."""
    result = result_of(record, strategy="Random")
    return repr(list(result.trades)), repr(result.summary)


def check(make: Make, seed: int, fees: str, length: int = 0) -> str:
    """Compare one program on all paths; which path it took."""
    one, other = make(seed, fees, length), make(seed, fees, length)
    engine, kernel = by_engine(one), by_kernel(other)
    assert differences(engine, kernel) == [], f"{make.__name__}({seed})"
    if kernel.path == COMPILED:
        assert kernel.orders == engine.orders, seed
        assert seen_by(one.strategy) == seen_by(other.strategy), seed
        if seed % 4 == 0:
            assert shown(kernel) == shown(engine), seed
    return kernel.path


def share_compiled(make: Make, seeds: range, fees: str, length: int = 0) -> float:
    """Compare the programs of the seeds; the share of them the kernel could run."""
    took = Counter(check(make, seed, fees, length) for seed in seeds)
    return took[COMPILED] / len(seeds)


# properties -------------------------------------------------------------------------------------

SHARE = 0.35
"""Of the random programs at least so many ask for nothing the kernel cannot hold."""


@pytest.mark.usefixtures("plain")
@pytest.mark.parametrize("block", range(2))
@pytest.mark.parametrize("kind", MADE)
def test_kernel_and_engine_leave_the_same_record(kind: str, block: int, fees: str) -> None:
    seeds = range(200 * block, 200 * block + 200)
    assert share_compiled(MADE[kind], seeds, fees) > SHARE


@pytest.mark.usefixtures("plain")
@pytest.mark.parametrize("kind", MADE)
def test_tables_that_are_full_grow(kind: str, fees: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With tables of a single row and chunks of seven bars nothing is lost or done twice."""
    monkeypatch.setattr(compiled_run, "_ROWS", 1)
    monkeypatch.setattr(compiled_run, "_BARS_PER_ORDER", 10**9)
    monkeypatch.setattr(compiled_run, "_CHUNK", 7)
    monkeypatch.setattr(bar_run, "_CHUNK", 7)
    assert share_compiled(MADE[kind], range(1_000, 1_050), fees) > SHARE


@pytest.mark.usefixtures("machine_code")
def test_machine_code_and_engine_leave_the_same_record(fees: str) -> None:
    for make in MADE.values():
        assert share_compiled(make, range(2_000, 2_050), fees) > SHARE


@pytest.mark.slow
@pytest.mark.usefixtures("plain")
@pytest.mark.parametrize("block", range(20))
@pytest.mark.parametrize("kind", MADE)
def test_many_programs_leave_the_same_record(kind: str, block: int, fees: str) -> None:
    seeds = range(10_000 + 1_000 * block, 11_000 + 1_000 * block)
    assert share_compiled(MADE[kind], seeds, fees) > SHARE


@pytest.mark.slow
@pytest.mark.usefixtures("machine_code")
@pytest.mark.parametrize("kind", MADE)
def test_machine_code_on_long_runs(kind: str, fees: str) -> None:
    assert share_compiled(MADE[kind], range(40_000, 40_400), fees, length=1_500) > SHARE / 2


# comparisons ------------------------------------------------------------------------------------


def columns(seed: int) -> tuple[FloatArray, FloatArray]:
    """Two columns with ties, values that count as equal, NaN and infinities."""
    chance = np.random.default_rng(seed)
    a = np.round(chance.normal(size=300), 1)
    b = np.round(chance.normal(size=300), 1)
    level = chance.random(300) < 0.3
    b[level] = a[level] * (1.0 + chance.choice([0.0, 1e-10, 9.9e-10, 1.1e-9], size=level.sum()))
    for column in (a, b):
        odd = chance.random(300) < 0.15
        column[odd] = chance.choice([np.nan, np.inf, -np.inf, 0.0, -0.0, 1e308], size=odd.sum())
    return a, b


@pytest.mark.usefixtures("machine_code")
def test_machine_code_compares_as_numpy_does(monkeypatch: pytest.MonkeyPatch) -> None:
    def every(a: FloatArray, b: FloatArray) -> list[bytes]:
        found = [crossed(p, q, upwards=way).tobytes() for p, q in pairs(a, b) for way in (1, 0)]
        known = [compared(p, q, test).tobytes() for p, q in pairs(a, b)[:2] for test in range(6)]
        return found + known

    def pairs(a: FloatArray, b: FloatArray) -> list[tuple[FloatArray, FloatArray]]:
        return [(a, b), (a, np.asarray(0.5)), (np.asarray(0.5), b)]

    compiled_masks = [every(*columns(seed)) for seed in range(50)]
    monkeypatch.setenv("SLIPWAY_COMPILED", "0")
    monkeypatch.setattr(compiled.state, "ready", {})
    assert [every(*columns(seed)) for seed in range(50)] == compiled_masks
