"""A measured component in a file: YAML whose `slippage:` a backtest takes as its own."""

from __future__ import annotations

__all__ = ["is_measured", "measured_text", "read_measured"]

from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml

from framework.errors import ConfigError

_ENDINGS = (".yaml", ".yml")
_KEY = "slippage"


def is_measured(given: object) -> bool:
    """Whether a component's spec is the name of such a file."""
    return isinstance(given, str) and given.lower().endswith(_ENDINGS)


def measured_text(spec: Mapping[str, object], notes: Sequence[str]) -> str:
    """The file's text: what was measured as comments, then the component."""
    head = "".join(f"# {note}\n" for note in notes)
    return head + yaml.safe_dump({_KEY: dict(spec)}, sort_keys=False, allow_unicode=True)


def read_measured(path: str) -> Mapping[str, object]:
    """The component of such a file, as a mapping with its name.

    Raises:
        ConfigError: the file cannot be read, or has no `slippage:` that is a mapping.
    """
    try:
        content = yaml.safe_load(Path(path).expanduser().read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(
            f"The slippage {path} cannot be read: {error.strerror}.", "Check the path."
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split())
        raise ConfigError(f"{path} is not valid YAML: {reason}", "Repair it.") from error
    found = content.get(_KEY) if isinstance(content, dict) else None
    if not isinstance(found, dict):
        raise ConfigError(
            f"{path} has no slippage component.",
            "Give a file that `slipway slippage --write` has written.",
        )
    return found
