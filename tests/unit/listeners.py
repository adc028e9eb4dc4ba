"""Listeners: real servers on the loopback that keep what they are sent, or never answer."""

from __future__ import annotations

__all__ = ["Heard", "Mail", "hanging", "http_server", "smtp_server", "until"]

import asyncio
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_string, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast


def until(check: Callable[[], bool], patience: float = 10.0) -> None:
    """Wait until something is so."""
    end = time.monotonic() + patience
    while not check():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.01)


@dataclass
class Heard:
    """What an HTTP server was sent; `answers` are its next codes, 200 where there are none."""

    port: int = 0
    posts: list[dict[str, Any]] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)

    @property
    def titles(self) -> list[str]:
        return [one["title"] for one in self.posts]

    def wait(self, count: int) -> None:
        until(lambda: len(self.posts) >= count)


@contextmanager
def http_server() -> Iterator[Heard]:
    """An HTTP server that takes JSON."""
    heard = Heard()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            code = heard.answers.pop(0) if heard.answers else 200
            if code == 200:
                heard.posts.append(content)
            self.send_response(code)
            if code in (301, 302):
                self.send_header("Location", f"http://127.0.0.1:{heard.port}/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_POST  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    heard.port = int(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield heard
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5.0)


@dataclass
class Mail:
    """What a mail server was sent."""

    port: int = 0
    letters: list[EmailMessage] = field(default_factory=list)
    to: list[str] = field(default_factory=list)

    def wait(self, count: int) -> None:
        until(lambda: len(self.letters) >= count)


@contextmanager
def smtp_server() -> Iterator[Mail]:
    """A mail server: as much of SMTP (RFC 5321) as a client needs to get rid of a letter."""
    mail = Mail()
    started = threading.Event()
    loop = asyncio.new_event_loop()
    ended = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        def say(text: str) -> None:
            writer.write(f"{text}\r\n".encode())

        say("220 here")
        while line := (await reader.readline()).decode().strip():
            verb = line.upper()
            if verb.startswith("EHLO"):
                say("250-here")
                say("250 8BITMIME")
            elif verb.startswith("RCPT"):
                mail.to.append(line.partition(":")[2].strip("<> "))
                say("250 ok")
            elif verb == "DATA":
                say("354 go on")
                lines = []
                while (part := (await reader.readline()).decode()) != ".\r\n":
                    lines.append(part.removeprefix(".") if part.startswith("..") else part)
                letter = message_from_string("".join(lines), policy=policy.default)
                mail.letters.append(cast("EmailMessage", letter))
                say("250 taken")
            elif verb == "QUIT":
                say("221 bye")
                break
            else:
                say("250 ok")
        writer.close()

    async def serve() -> None:
        server = await asyncio.start_server(talk, "127.0.0.1", 0)
        mail.port = int(server.sockets[0].getsockname()[1])
        started.set()
        async with server:
            await ended.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    assert started.wait(5.0)
    try:
        yield mail
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join(5.0)
        loop.close()


@contextmanager
def hanging() -> Iterator[int]:
    """A server that accepts and never answers; its port."""
    taken: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            try:
                while True:
                    taken.append(server.accept()[0])
            except OSError:
                return

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield int(server.getsockname()[1])
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join(5.0)
            for one in taken:
                one.close()
