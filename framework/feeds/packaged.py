"""Files that come with a package the project installs."""

from __future__ import annotations

__all__ = ["file_in_arch"]

from importlib.util import find_spec
from pathlib import Path


def file_in_arch(*parts: str) -> Path | None:
    """A file among the data of the `arch` package; None where the package or the file is missing.

    The package itself takes seconds to import and is not needed for its data.

    Args:
        parts: of its path, below the package's folder of data.
    """
    spec = find_spec("arch")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        path = Path(folder, "data", *parts)
        if path.is_file():
            return path
    return None
