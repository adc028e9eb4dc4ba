"""Bench: a copy of the program in which one thing at a time is broken, and tests are run."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from tests.mutations.mutation import Mutation

ROOT = Path(__file__).parents[2]
COPIED = ("framework", "tests", "data", "strategies", "pyproject.toml")
_NONE = "5"
"""Pytest's exit code where no test is selected."""
_OPTIONS = ("-x", "-q", "-n0", "-p", "no:cacheprovider", "--tb=no")


class Ending(StrEnum):
    """What became of a run of tests."""

    PASSED = "passed"
    FAILED = "failed"
    TIMEOUT = "time-out"


_ENDINGS = {"0": Ending.PASSED, "1": Ending.FAILED, "time-out": Ending.TIMEOUT}


class BenchError(Exception):
    """A run of tests that proves nothing."""


@dataclass(frozen=True, slots=True)
class Run:
    """What became of selected tests, and how long they took.

    Attributes:
        ending: of the last try.
        seconds: all tries took.
    """

    ending: Ending
    seconds: float

    @property
    def has_passed(self) -> bool:
        """Whether all selected tests passed."""
        return self.ending is Ending.PASSED


@dataclass(frozen=True, slots=True)
class Bench:
    """A copy in which files are mutated and restored.

    Attributes:
        folder: where it is.
        stable: runs tests there.
    """

    folder: Path
    stable: Stable

    @contextmanager
    def mutated(self, mutation: Mutation) -> Iterator[None]:
        """Break one thing for a while."""
        path = self.folder / "framework" / mutation.file
        text = path.read_text()
        path.write_text(mutation.applied(text))
        try:
            yield
        finally:
            path.write_text(text)

    def run(self, tests: str, select: str, tries: int) -> Run:
        """Run the selected tests of a file until they pass, at most so many times.

        Raises:
            BenchError: none is selected, or they could not even begin.
        """
        began = time.monotonic()
        for _ in range(max(1, tries)):
            ending = self._run(tests, select)
            if ending is not Ending.FAILED:
                break
        return Run(ending, time.monotonic() - began)

    def _run(self, tests: str, select: str) -> Ending:
        """Run them once."""
        answer = self.stable.run([f"tests/unit/{tests}", *_OPTIONS, "-k", select])
        if answer == _NONE:
            raise BenchError(f"{tests} -k '{select}' selects nothing")
        if answer not in _ENDINGS:
            raise BenchError(f"{tests} -k '{select}' ended with {answer}")
        return _ENDINGS[answer]


class Stable:
    """A process that runs tests in a folder, one after the other: see `stable.py`.

    Args:
        folder: of the copy.
    """

    def __init__(self, folder: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.mutations.stable"],
            cwd=folder,
            # A mutated file may have the size and the second of the one before: no bytecode.
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def run(self, arguments: Sequence[str]) -> str:
        """Its answer to pytest's arguments."""
        asked, answers = self._process.stdin, self._process.stdout
        assert asked is not None
        assert answers is not None
        print(json.dumps(arguments), file=asked, flush=True)
        return answers.readline().strip()

    def close(self) -> None:
        """End it."""
        self._process.communicate()


def copied(folder: Path) -> Bench:
    """A bench in an empty folder; bytecode and compiled kernels come along, as they save time."""
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name)
        elif source.exists():
            shutil.copy2(source, folder / name)
    return Bench(folder, Stable(folder))
