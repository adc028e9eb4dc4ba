"""Modules: the user's own Python files, loaded by path, with the line named when one fails."""

from __future__ import annotations

__all__ = ["load_module"]

import sys
import traceback
from hashlib import sha256
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

from framework.errors import InputError


def load_module(file: Path, prefix: str, kind: type[InputError]) -> ModuleType:
    """The file as a module; the same text at the same place is loaded once.

    Args:
        file: a Python file.
        prefix: of the module's name, so that its classes can be told from others.
        kind: class of the error raised when it cannot be loaded.

    Raises:
        InputError: of that kind, with the file's own line where the import stopped.
    """
    resolved = file.resolve()
    try:
        text = resolved.read_bytes()
    except OSError as error:
        raise kind(f"{file} cannot be read: {error.strerror}.", "Check it.") from error
    name = f"{prefix}{resolved.stem}_{sha256(bytes(resolved) + text).hexdigest()[:12]}"
    if name in sys.modules:
        return sys.modules[name]
    spec = spec_from_file_location(name, resolved)
    if spec is None or spec.loader is None:
        raise kind(f"{file} is no Python file.", "Give a file ending in .py.")
    module = module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:  # the user's code: anything may come out of it
        del sys.modules[name]
        raise kind(
            f"{file.name}{_line(resolved, error)}: {type(error).__name__}: "
            f"{error.msg if isinstance(error, SyntaxError) else error}.",
            "Correct the file.",
        ) from error
    return module


def _line(file: Path, error: BaseException) -> str:
    """The file's own line an import stopped at."""
    if isinstance(error, SyntaxError) and error.filename == str(file):
        return f", line {error.lineno}, `{(error.text or '').strip()}`"
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if frame.filename == str(file):
            return f", line {frame.lineno}, `{frame.line}`"
    return ""
