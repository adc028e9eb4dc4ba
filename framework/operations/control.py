"""Control: how another process speaks to a running session, over a socket of this machine only.

One JSON object a line, one answer a line. The port and a secret stand in a file beside the
journal that only the session's owner can read.
"""

from __future__ import annotations

__all__ = ["CONTROL_NAME", "Answerer", "Control", "ControlServer", "ask", "read_control"]

import asyncio
import hmac
import json
import os
import secrets
import socket
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from framework.errors import DataError, SlipwayError
from framework.operations.private_files import write_private

CONTROL_NAME = "control.json"
"""What the file is called."""
Answerer = Callable[[Mapping[str, object]], Awaitable[Mapping[str, object]]]
"""Does what a request asks, and says what has come of it."""
_LOOPBACK = "127.0.0.1"
_LONGEST = 65_536


@dataclass(frozen=True, slots=True, repr=False)
class Control:
    """Where a session listens.

    Attributes:
        port: on the loopback address.
        secret: proves that who asks may read the file.
        pid: of the session's process.
    """

    port: int
    secret: str
    pid: int

    def __repr__(self) -> str:
        return f"Control(port={self.port}, pid={self.pid})"


def read_control(folder: Path) -> Control | None:
    """Where the session of a folder listens; None where none has said so."""
    try:
        said = json.loads((folder / CONTROL_NAME).read_text(encoding="utf-8"))
        return Control(int(said["port"]), str(said["secret"]), int(said["pid"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def ask(
    control: Control, request: Mapping[str, object], patience: float
) -> Mapping[str, object] | None:
    """What a session answers; None if nobody is there, or it says nothing within `patience` s.

    Raises:
        DataError: the answer is none of a session's.
    """
    line = json.dumps({**request, "secret": control.secret}).encode() + b"\n"
    answer = b""
    try:
        with socket.create_connection((_LOOPBACK, control.port), timeout=patience) as wire:
            wire.sendall(line)
            while not answer.endswith(b"\n") and len(answer) < _LONGEST:
                part = wire.recv(4096)
                if not part:
                    break
                answer += part
    except OSError:
        return None
    if not answer:
        return None
    try:
        said = json.loads(answer)
    except ValueError:
        said = None
    if not isinstance(said, dict):
        raise DataError("The session's answer cannot be read.", "Look at it: slipway status.")
    return said


class ControlServer:
    """The session's side.

    Args:
        folder: of the session's journal.
        answerer: does what is asked.
    """

    def __init__(self, folder: Path, answerer: Answerer) -> None:
        self._path = folder / CONTROL_NAME
        self._answerer = answerer
        self._secret = secrets.token_hex(16)
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        """Listen on a free port of the loopback address, and write down which.

        Raises:
            OSError: no port, or the file cannot be written.
        """
        self._server = await asyncio.start_server(self._serve, _LOOPBACK, 0, limit=_LONGEST)
        port = self._server.sockets[0].getsockname()[1]
        control = Control(port, self._secret, os.getpid())
        write_private(self._path, json.dumps(asdict(control)) + "\n")

    async def close(self) -> None:
        """Listen no more."""
        if self._server is not None:
            self._server.close()
            self._server = None
            with suppress(OSError):
                self._path.unlink()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            line = await reader.readline()
            writer.write(json.dumps(await self._answered(line)).encode() + b"\n")
            await writer.drain()
        except (OSError, ValueError, asyncio.IncompleteReadError):
            pass  # whoever asked has gone, or has sent a line without an end
        finally:
            writer.close()

    async def _answered(self, line: bytes) -> Mapping[str, object]:
        try:
            request = json.loads(line)
        except ValueError:
            return {"error": "no JSON"}
        if not isinstance(request, dict):
            return {"error": "no object"}
        secret = str(request.pop("secret", ""))
        if not hmac.compare_digest(secret.encode(), self._secret.encode()):
            return {"error": "wrong secret"}
        try:
            return await self._answerer(request)
        except SlipwayError as error:
            return {"error": str(error)}
