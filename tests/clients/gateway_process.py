"""A gateway in a process of its own, started by its command and asked nothing but its port."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 60.0
STOP_SECONDS = 20.0


@dataclass(frozen=True)
class Serving:
    """A gateway that listens."""

    port: int
    process: subprocess.Popen[str]

    @property
    def is_alive(self) -> bool:
        return self.process.poll() is None

    @property
    def megabytes(self) -> float:
        """Its resident memory; 0 where the system does not tell."""
        status = Path(f"/proc/{self.process.pid}/status")
        if not status.exists():
            return 0.0
        found = re.search(r"^VmRSS:\s+(\d+) kB", status.read_text(encoding="utf-8"), re.MULTILINE)
        return int(found[1]) / 1024 if found else 0.0


@contextmanager
def serving(*options: str) -> Iterator[Serving]:
    """Start a gateway on a free port; it must end well, and without a word on stderr."""
    command = [sys.executable, str(ROOT / "run.py"), "gateway", "--port", "0", "--quiet", *options]
    with (
        TemporaryFile(mode="w+", encoding="utf-8") as errors,
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=errors, text=True, cwd=ROOT
        ) as process,
    ):
        stop = threading.Timer(START_SECONDS, process.kill)
        stop.start()
        assert process.stdout is not None
        said = []
        try:
            for line in process.stdout:
                said.append(line)
                if found := re.search(r"127\.0\.0\.1:(\d+)", line):
                    stop.cancel()
                    yield Serving(int(found[1]), process)
                    break
            else:
                errors.seek(0)
                raise RuntimeError(f"no gateway: {''.join(said)}{errors.read()}")
            assert process.poll() is None, f"the gateway has died: {process.returncode}"
        finally:
            stop.cancel()
            process.terminate()
            try:
                process.communicate(timeout=STOP_SECONDS)
            except subprocess.TimeoutExpired:  # it hangs: that is told, but it does not stay
                process.kill()
                raise
        assert os.name == "nt" or process.returncode == 0, f"it ended with {process.returncode}"
        errors.seek(0)
        complaint = errors.read()
        assert not complaint, complaint[-4000:]
