"""Machine code: scalar functions that run plainly, and compiled once numba has their code on disk.

A function marked `scalar` may be called by compiled ones; one marked `entry` is where Python enters
them. Both stay plain Python functions: nothing here imports numba until it is wanted, and nothing
compiles until it is asked to, so a first run never waits for a compiler. The machine code is kept
in the user's cache folder, in one folder for each state of the functions behind it.
"""

from __future__ import annotations

__all__ = [
    "CompilerState",
    "Told",
    "compile_entries",
    "compiled",
    "entry",
    "fast",
    "folder",
    "home",
    "is_allowed",
    "is_compiled",
    "is_loaded",
    "load",
    "scalar",
    "state",
]

import gc
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from types import CodeType
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")
Told = Callable[[str, int, int], None]
"""Is told what is compiled: (name, how many are done, how many there are)."""

_OPTIONS = {"_nrt": False, "forceinline": True}
"""Compiled functions allocate nothing, so nothing needs to count references."""

_OFF = "SLIPWAY_COMPILED"
_FOLDER = "SLIPWAY_CACHE"


@dataclass(slots=True)
class CompilerState:
    """What this process knows of its compiled functions.

    Attributes:
        entries: signature by function, in the order marked.
        scalars: functions compiled ones may call.
        ready: compiled versions at hand, None for one whose machine code is not on disk.
        registered: scalars the compiler knows of.
        prints: fingerprints worked out so far.
    """

    entries: dict[Callable[..., Any], str] = field(default_factory=dict)
    scalars: set[Callable[..., Any]] = field(default_factory=set)
    ready: dict[Callable[..., Any], Callable[..., Any] | None] = field(default_factory=dict)
    registered: set[Callable[..., Any]] = field(default_factory=set)
    prints: dict[Callable[..., Any], str] = field(default_factory=dict)


state = CompilerState()


def scalar(function: Callable[P, R]) -> Callable[P, R]:
    """Mark a function of numbers and arrays that compiled functions may call."""
    state.scalars.add(function)
    return function


def entry(signature: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Mark a function that Python calls compiled.

    Args:
        signature: its types as numba writes them, such as "f8[:](f8[::1], i8)".
    """

    def marked(function: Callable[P, R]) -> Callable[P, R]:
        state.entries[function] = signature
        return function

    return marked


def compiled(function: Callable[P, R]) -> Callable[P, R]:
    """The compiled version of an entry if the compiler's library is loaded and the machine code is
    on disk, else the function itself."""
    if not is_loaded():
        return function
    if function not in state.ready:
        known = is_allowed() and _is_on_disk(function)
        state.ready[function] = _dispatcher(function) if known else None
    return state.ready[function] or function


def fast(function: Callable[P, R]) -> Callable[P, R] | None:
    """The compiled version of an entry if it is at hand, else None: for what has a good plain form
    of its own, which is not the function."""
    run = compiled(function)
    return None if run is function else run


def is_compiled(function: Callable[..., Any]) -> bool:
    """Whether the machine code of an entry is at hand, without loading it."""
    if state.ready.get(function) is not None:
        return True
    return is_allowed() and _is_on_disk(function)


def is_loaded() -> bool:
    """Whether the compiler's library has been imported, so that using it costs no start-up."""
    return "numba" in sys.modules


def load() -> None:
    """Load the compiler's library, half a second, so that machine code can be used.

    What it is made of stays for good, so the garbage collector is told not to look at it again: one
    look costs more than a compiled run of a million bars.
    """
    if not is_loaded():
        import numba  # noqa: F401, PLC0415  # most runs need none of it

        gc.freeze()


def compile_entries(told: Told | None = None) -> bool:
    """Compile what is not compiled yet, one process at a time.

    Args:
        told: hears what is being compiled.

    Returns:
        False if another process is compiling, or compiling is switched off.

    Raises:
        OSError: the cache folder cannot be written to.
    """
    wanted = [function for function in state.entries if not is_compiled(function)]
    if not wanted or not is_allowed():
        return not wanted
    load()
    lock = home() / "compiling"
    if not _take(lock):
        return False
    try:
        for number, function in enumerate(wanted):
            if told is not None:
                told(function.__name__, number, len(wanted))
            state.ready[function] = _dispatcher(function)
            _marker(function).touch()
    finally:
        lock.unlink(missing_ok=True)
    return True


def is_allowed() -> bool:
    """Whether compiling is not switched off by SLIPWAY_COMPILED=0."""
    return os.environ.get(_OFF, "") != "0"


def _take(lock: Path) -> bool:
    """Take the lock, also from a process that is no more."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    try:
        with lock.open("x", encoding="utf-8") as file:
            file.write(str(os.getpid()))
    except FileExistsError:
        if _is_alive(lock):
            return False
        lock.write_text(str(os.getpid()), encoding="utf-8")
    return True


def _is_alive(lock: Path) -> bool:
    """Whether who took the lock is still at it; on Windows, which has no signal that only asks, it
    counts as alive until `slipway warm --clear`."""
    if os.name == "nt":
        return True
    try:
        os.kill(int(lock.read_text(encoding="utf-8") or 0), 0)
    except PermissionError:
        return True  # it is another user's
    except (OSError, ValueError):
        return False
    return True


def home() -> Path:
    """The user's cache folder for machine code."""
    given = os.environ.get(_FOLDER) or os.environ.get("XDG_CACHE_HOME")
    return Path(given or Path.home() / ".cache") / "slipway"


def folder(function: Callable[..., Any]) -> Path:
    """Where the machine code of an entry is kept, as the functions behind it are now."""
    return home() / _fingerprint(function)


def _marker(function: Callable[..., Any]) -> Path:
    """Exists once the machine code of an entry is on disk."""
    return folder(function) / f"{function.__name__}.done"


def _is_on_disk(function: Callable[..., Any]) -> bool:
    if function not in state.prints:
        state.prints[function] = _fingerprint(function)
    try:
        return (home() / state.prints[function] / f"{function.__name__}.done").exists()
    except OSError:
        return False


def _fingerprint(function: Callable[..., Any]) -> str:
    """Changes with every function and constant behind an entry, its signature, and the compiler."""
    digest = sha256(f"{sys.version}{version('numba')}{_OPTIONS}{state.entries[function]}".encode())
    file = Path(function.__code__.co_filename)
    digest.update(str(file.stat().st_mtime_ns if file.exists() else 0).encode())
    seen: set[Callable[..., Any]] = set()
    waiting = [function]
    while waiting:
        one = waiting.pop()
        if one in seen:
            continue
        seen.add(one)
        digest.update(_image(one.__code__))
        for name in one.__code__.co_names:
            value = one.__globals__.get(name)
            if callable(value) and (value in state.scalars):
                waiting.append(value)
            elif isinstance(value, int | float):
                digest.update(f"{name}={value!r}".encode())
    return digest.hexdigest()[:20]


def _image(code: CodeType) -> bytes:
    """What a function does: its instructions, constants and names."""
    return code.co_code + repr((code.co_consts, code.co_names, code.co_varnames)).encode()


def _dispatcher(function: Callable[..., Any]) -> Callable[..., Any]:
    """The compiled function, from disk where it is there."""
    import numba  # noqa: PLC0415  # half a second, and most runs need none of it
    from numba.extending import register_jitable  # noqa: PLC0415

    library: Any = numba
    for one in state.scalars - state.registered:
        register_jitable(**_OPTIONS)(one)
        state.registered.add(one)
    before = library.config.CACHE_DIR
    library.config.CACHE_DIR = str(_marker(function).parent)
    _marker(function).parent.mkdir(parents=True, exist_ok=True)
    try:
        made: Callable[..., Any] = library.njit(state.entries[function], cache=True, **_OPTIONS)(
            function
        )
    finally:
        library.config.CACHE_DIR = before
    return made
