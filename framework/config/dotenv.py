"""A `.env` file: NAME=VALUE a line, nothing substituted, every mistake named with its line."""

from __future__ import annotations

__all__ = ["Entry", "parse_dotenv", "read_dotenv", "variables"]

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from framework.errors import ConfigError

_LINE = re.compile(r"(?:export\s+)?(?P<name>[^\s=]+)\s*=\s*(?P<rest>.*)")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_QUOTED = re.compile(r"""(?:'([^']*)'|"((?:[^"\\]|\\.)*)")\s*(?:\#.*)?""")
_COMMENT = re.compile(r"(?:^|\s)#.*")
_ESCAPED = re.compile(r"\\(.)")


@dataclass(frozen=True, slots=True)
class Entry:
    """A value and where it stands; what it is is not shown, it may be a secret.

    Attributes:
        value: without quotes and comment.
        line: from 1.
    """

    value: str = field(repr=False)
    line: int


def read_dotenv(path: Path) -> Mapping[str, Entry]:
    """The entries of a file; see `parse_dotenv`.

    Raises:
        ConfigError: it cannot be read, or a line of it.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}.", "Check it.") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path} is no text in UTF-8.", "Save it as UTF-8.") from None
    return parse_dotenv(text, str(path))


def variables(environ: Mapping[str, str], file: Path | None) -> Mapping[str, str]:
    """Values by name: those of the process, and what a file has besides.

    Raises:
        ConfigError: the file cannot be read, or a line of it.
    """
    entries = {} if file is None else read_dotenv(file)
    return {**{name: entry.value for name, entry in entries.items()}, **environ}


def parse_dotenv(text: str, where: str) -> Mapping[str, Entry]:
    """The entries of a text, by name.

    Blank lines and comments (`#`, also behind a value and a space) are left out. A value may stand
    in single quotes, taken as they are, or in double quotes, in which a backslash takes the next
    character as it is. `export` in front is allowed. A `$` is a dollar sign.

    Args:
        text: of the file.
        where: what messages call it; they never show a value.

    Raises:
        ConfigError: a line is no NAME=VALUE, a quote does not end, or a name is there twice.
    """
    found: dict[str, Entry] = {}
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        at = f"{where}, line {number}"
        match = _LINE.fullmatch(line)
        if match is None:
            raise ConfigError(f"{at} is no NAME=VALUE.", "Write one, or begin it with #.")
        name = match["name"]
        if not _NAME.fullmatch(name):
            raise ConfigError(
                f"{at}: {name!r} is no name.", "Use letters, digits and _, no digit first."
            )
        if name in found:
            raise ConfigError(
                f"{at}: {name} is there already, in line {found[name].line}.", "Keep one of them."
            )
        found[name] = Entry(_value(match["rest"], at), number)
    return found


def _value(rest: str, at: str) -> str:
    if rest[:1] not in ("'", '"'):
        return _COMMENT.sub("", rest).strip()
    match = _QUOTED.fullmatch(rest)
    if match is None:
        raise ConfigError(
            f"{at}: the quotes around the value do not end where it does.",
            "End it with the quote it begins with; only a comment may follow.",
        )
    return match[1] if match[1] is not None else _ESCAPED.sub(r"\1", match[2])
