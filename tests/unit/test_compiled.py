"""Machine code: when it is at hand, when it is stale, and who may compile it."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from framework import compiled as machine
from framework.compiled import CompilerState, compile_entries, compiled, fast, is_compiled

SOURCE = """
from framework.compiled import entry, scalar
RATE, UNUSED = 3, 9
@scalar
def inner(x):
    return x + 1.0
@scalar
def outer(x):
    return inner(x) * RATE
@entry("f8(f8)")
def whole(x):
    return outer(x) - 0.5
"""


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A registry without functions and a cache folder without code."""
    monkeypatch.setattr(machine, "state", CompilerState())
    monkeypatch.setenv("SLIPWAY_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("SLIPWAY_COMPILED", raising=False)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """In place of the compiler: the names it is given, in order."""
    given: list[str] = []

    def dispatcher(function: Callable[..., Any]) -> Callable[..., Any]:
        given.append(function.__name__)
        machine._marker(function).parent.mkdir(parents=True, exist_ok=True)
        return lambda *args: ("compiled", function(*args))

    monkeypatch.setattr(machine, "_dispatcher", dispatcher)
    monkeypatch.setattr(machine, "is_loaded", lambda: True)
    monkeypatch.setattr(machine, "load", lambda: None)
    return given


def written(source: str) -> dict[str, Any]:
    """The names of a module of that source."""
    names: dict[str, Any] = {}
    exec(source, names)
    return names


def lock() -> Path:
    return Path(os.environ["SLIPWAY_CACHE"]) / "slipway" / "compiling"


# what is at hand ---------------------------------------------------------------------------------


def test_functions_stay_plain(quick: list[str]) -> None:
    assert written(SOURCE)["whole"](1.0) == 5.5
    assert quick == []


def test_before_it_is_compiled_a_function_is_itself(quick: list[str]) -> None:
    whole = written(SOURCE)["whole"]
    assert (is_compiled(whole), compiled(whole), fast(whole)) == (False, whole, None)
    assert quick == []


def test_afterwards_it_is_the_compiled_version(quick: list[str]) -> None:
    whole = written(SOURCE)["whole"]
    assert compile_entries()
    assert is_compiled(whole)
    assert compiled(whole)(1.0) == ("compiled", 5.5)
    found = fast(whole)
    assert found is not None and found(1.0) == ("compiled", 5.5)


def test_code_on_disk_is_found_by_another_process(quick: list[str]) -> None:
    written(SOURCE)
    assert compile_entries()
    later = written(SOURCE)["whole"]
    assert is_compiled(later)
    assert compiled(later)(1.0) == ("compiled", 5.5)
    assert quick == ["whole", "whole"]


def test_without_the_library_loaded_nothing_is_used(
    quick: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = written(SOURCE)["whole"]
    assert compile_entries()
    monkeypatch.setattr(machine, "is_loaded", lambda: False)
    assert (is_compiled(whole), compiled(whole), fast(whole)) == (True, whole, None)


def test_what_is_compiled_already_is_not_compiled_again(quick: list[str]) -> None:
    written(SOURCE)
    assert compile_entries() and compile_entries()
    assert quick == ["whole"]


def test_switched_off_nothing_is_compiled_or_used(
    quick: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = written(SOURCE)["whole"]
    monkeypatch.setenv("SLIPWAY_COMPILED", "0")
    assert not compile_entries()
    assert (quick, is_compiled(whole), compiled(whole)) == ([], False, whole)


def test_compiling_tells_its_progress(quick: list[str]) -> None:
    written(SOURCE + SOURCE.replace("whole", "second").replace("outer", "other"))
    told: list[tuple[str, int, int]] = []
    assert compile_entries(lambda *now: told.append(now))
    assert told == [("whole", 0, 2), ("second", 1, 2)]


# what makes it stale -----------------------------------------------------------------------------

CHANGES = [
    ("a number in it", "- 0.5", "- 0.25"),
    ("its operations", "outer(x) -", "outer(x) +"),
    ("a function it calls", "inner(x) *", "inner(x) /"),
    ("a function called by that", "x + 1.0", "x + 2.0"),
    ("a constant of the module", "RATE, UNUSED = 3", "RATE, UNUSED = 4"),
    ("the type of a constant", "RATE, UNUSED = 3", "RATE, UNUSED = 3.0"),
    ("its signature", "f8(f8)", "f4(f4)"),
]


@pytest.mark.parametrize(("what", "old", "new"), CHANGES, ids=[c[0] for c in CHANGES])
def test_a_change_makes_the_code_stale(what: str, old: str, new: str, quick: list[str]) -> None:
    written(SOURCE)
    assert compile_entries()
    assert old in SOURCE
    assert not is_compiled(written(SOURCE.replace(old, new))["whole"])
    assert compile_entries()
    assert quick == ["whole", "whole"]


def test_what_has_nothing_to_do_with_it_does_not(quick: list[str]) -> None:
    written(SOURCE)
    assert compile_entries()
    assert is_compiled(written(SOURCE.replace("= 3, 9", "= 3, 8") + "def more(): pass\n")["whole"])


def test_each_process_comes_to_the_same_fingerprints() -> None:
    """Hashes differ between processes, the machine code is shared."""
    code = (
        "import framework.backtest.kernel, framework.comparisons, framework.compiled as c;"
        "print([c._fingerprint(each) for each in c.state.entries])"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", code],
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(found) == 1 and len(found.pop()) > 100


# one process at a time ---------------------------------------------------------------------------


def a_dead_process() -> int:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    return gone.pid


@pytest.mark.parametrize("holder", ["dead", "nobody", "nonsense"])
def test_the_lock_of_a_process_that_is_no_more_is_taken(holder: str, quick: list[str]) -> None:
    whole = written(SOURCE)["whole"]
    lock().parent.mkdir(parents=True)
    text = {"dead": str(a_dead_process()), "nobody": "4194305", "nonsense": "me"}[holder]
    lock().write_text(text, encoding="utf-8")
    assert compile_entries()
    assert is_compiled(whole)
    assert not lock().exists()


def test_the_lock_of_a_living_process_is_respected(quick: list[str]) -> None:
    whole = written(SOURCE)["whole"]
    lock().parent.mkdir(parents=True)
    lock().write_text(str(os.getppid()), encoding="utf-8")
    assert not compile_entries()
    assert (quick, is_compiled(whole), lock().exists()) == ([], False, True)


def test_the_lock_is_held_while_compiling_and_given_back_when_it_fails(
    quick: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = written(SOURCE)["whole"]
    held: list[str] = []

    def fails(function: Callable[..., Any]) -> None:
        held.append(lock().read_text(encoding="utf-8"))
        raise RuntimeError("no space left")

    monkeypatch.setattr(machine, "_dispatcher", fails)
    with pytest.raises(RuntimeError, match="no space left"):
        compile_entries()
    assert held == [str(os.getpid())]
    assert (lock().exists(), is_compiled(whole)) == (False, False)


# the compiler itself -----------------------------------------------------------------------------


def imported(file: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("made", file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_machine_code_is_kept_on_disk_and_gives_the_same_numbers(tmp_path: Path) -> None:
    file = tmp_path / "made.py"
    file.write_text(SOURCE, encoding="utf-8")
    whole = imported(file).whole
    assert compile_entries()
    run = compiled(whole)
    assert run is not whole
    assert [run(x) for x in (0.1, 1.0, -7.25)] == [whole(x) for x in (0.1, 1.0, -7.25)]
    kept = {path.suffix for path in lock().parent.rglob("*") if path.is_file()}
    assert kept == {".done", ".nbc", ".nbi"}
