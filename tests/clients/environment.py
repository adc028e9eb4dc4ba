"""Environments beside the main one, for client libraries that cannot live in it.

`ib_async` brings `aeventkit`, which owns the folder of `eventkit`; IB's newer `ibapi` owns that of
the older one. So each has its own:

    python tests/clients/environment.py ib_async    .venv-ib-async: all, ib_async for ib_insync
    python tests/clients/environment.py ibapi10     .venv-ibapi10: ibapi 10.46.1 and protobuf

Run again, it does nothing until a lock changes.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
STAMP = "slipway-requirements.sha256"


@dataclass(frozen=True, slots=True)
class Environment:
    """One folder, and the locks that fill it."""

    folder: str
    locks: tuple[str, ...]
    left_out: frozenset[str] = frozenset()


ENVIRONMENTS = {
    "ib_async": Environment(
        ".venv-ib-async",
        ("requirements-dev.lock", "requirements-ib-async.lock"),
        frozenset({"ib-insync", "eventkit"}),
    ),
    "ibapi10": Environment(".venv-ibapi10", ("requirements-ibapi10.lock",)),
}


def requirements_of(lock: str) -> list[str]:
    """Each requirement with its hash and comment lines."""
    blocks: list[str] = []
    for line in lock.splitlines(keepends=True):
        if blocks and (line[0].isspace() or line.startswith("#")):
            blocks[-1] += line
        elif line.strip() and not line.startswith("#"):
            blocks.append(line)
    return blocks


def name_of(requirement: str) -> str:
    """Canonical name: `ib_insync[x]==1` is `ib-insync`."""
    name = re.split(r"[\s\[=<>!~;@]", requirement, maxsplit=1)[0]
    return re.sub(r"[-_.]+", "-", name).lower()


def wanted(environment: Environment) -> str:
    """What pip gets: the locks without what must stay out, a later one overruling an earlier."""
    chosen: dict[str, list[str]] = {}
    for lock in environment.locks:
        text = (ROOT / lock).read_text(encoding="utf-8")
        found: dict[str, list[str]] = {}
        for requirement in requirements_of(text):
            found.setdefault(name_of(requirement), []).append(requirement)
        chosen |= found
    return "".join(
        requirement
        for name, requirements in chosen.items()
        if name not in environment.left_out
        for requirement in requirements
    )


def python_in(folder: Path) -> Path:
    """Its interpreter."""
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def build(environment: Environment) -> Path:
    """Build the environment unless it is up to date; answers its interpreter."""
    folder = ROOT / environment.folder
    text = wanted(environment)
    stamp = hashlib.sha256(f"{sys.version}\n{text}".encode()).hexdigest()
    written = folder / STAMP
    if written.exists() and written.read_text(encoding="utf-8") == stamp:
        return python_in(folder)
    subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
    locked = folder / "requirements.txt"
    locked.write_text(text, encoding="utf-8")
    subprocess.run(
        [python_in(folder), "-m", "pip", "install", "-q", "--require-hashes", "-r", locked],
        check=True,
    )
    written.write_text(stamp, encoding="utf-8")
    return python_in(folder)


def main() -> None:
    parser = argparse.ArgumentParser(description="Build an environment for a client library.")
    parser.add_argument("name", choices=sorted(ENVIRONMENTS))
    name = parser.parse_args().name
    print(build(ENVIRONMENTS[name]).relative_to(ROOT))


if __name__ == "__main__":
    main()
