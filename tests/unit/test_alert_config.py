"""`alert:` of a run file: what it may say, what it may hold, and that nothing of it gets out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from framework.cli.app import app
from framework.config.alert import AlertName, Channels, Rate, channels_of
from framework.config.masks import Mask
from framework.config.plan import plan_of, run_file_of
from framework.config.request import request_of
from framework.config.runfile import dump, validate
from framework.errors import ConfigError
from tests.unit.listeners import http_server
from tests.unit.test_alerts import free_port

ENVIRONMENT = {"PW": "p@ss/word", "WHOLE": "json://10.0.0.1/a", "EMPTY": ""}


def channels(alert: object) -> Channels:
    return channels_of(validate({"alert": alert}).alert, ENVIRONMENT)


@pytest.mark.parametrize(
    ("alert", "urls", "webhooks", "command"),
    [
        (None, (), (), ()),
        ("json://a/b", ("json://a/b",), (), ()),
        (["json://a", "json://b"], ("json://a", "json://b"), (), ()),
        ({"url": "json://a"}, ("json://a",), (), ()),
        ({"webhook": "https://a/b"}, (), ("https://a/b",), ()),
        ({"command": "say 'to me' ${PW}"}, (), (), ("say", "to me", "p@ss/word")),
        ({"command": ["say", "to me"]}, (), (), ("say", "to me")),
        ("mailto://me:${PW}@host", ("mailto://me:p%40ss%2Fword@host",), (), ()),
        ("${WHOLE}", ("json://10.0.0.1/a",), (), ()),
        (
            {"url": ["${WHOLE}"], "webhook": "http://localhost:1/", "command": "a"},
            ("json://10.0.0.1/a",),
            ("http://localhost:1/",),
            ("a",),
        ),
    ],
)
def test_whom_to_tell(
    alert: object, urls: tuple[str, ...], webhooks: tuple[str, ...], command: tuple[str, ...]
) -> None:
    found = channels(alert)
    assert (found.urls, found.webhooks, found.command) == (urls, webhooks, command)


@pytest.mark.parametrize(
    ("said", "names"),
    [
        ({}, set(AlertName)),
        ({"only": "kill"}, {AlertName.KILL}),
        ({"only": ["kill", "stop"]}, {AlertName.KILL, AlertName.STOP}),
        ({"only": "kill, stop", "except": "stop"}, {AlertName.KILL}),
        ({"except": ["start", "stop"]}, set(AlertName) - {AlertName.START, AlertName.STOP}),
    ],
)
def test_what_is_told(said: dict[str, object], names: set[AlertName]) -> None:
    assert channels({"url": "json://a", **said}).names == names


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("10/h", Rate(10, 3_600)),
        ("3/10m", Rate(3, 600)),
        (" 5 / 30 s ", Rate(5, 30)),
        ("1/d", Rate(1, 86_400)),
    ],
)
def test_how_often(text: str, rate: Rate) -> None:
    assert channels({"url": "json://a", "rate": text}).rate == rate


@pytest.mark.parametrize(
    ("alert", "problem"),
    [
        ({"url": {"deep": "hunter2"}}, "alert.url cannot be used. Give a text"),
        ({"url": ["hunter2", 3]}, "alert.url cannot be used. Give a text"),
        ({"command": "say 'hunter2"}, "alert.command cannot be used. Its quotes do not end"),
        (3, "alert cannot be used"),
        ({"urls": "hunter2"}, "no key 'urls' in alert. Did you mean 'url'"),
        ({"only": "rejectoin"}, "Did you mean 'rejection'"),
        ({"except": ["stpo"]}, "Did you mean 'stop'"),
        ({"rate": "often"}, "Write how many of one kind"),
        ({"rate": "0/h"}, "Write how many of one kind"),
        ({"rate": 10}, "Write how many of one kind"),
        ("json://hunter2:${NOT_SET}@a", "alert: ${NOT_SET} is not set. Set NOT_SET"),
        ("json://hunter2:${EMPTY}@a", "alert: ${EMPTY} is not set"),
        ("json://hunter2:${}@a", "holds no name"),
        ({"webhook": "hunter2"}, "webhook 1 is no web address"),
        ({"webhook": "ftp://hunter2/"}, "webhook 1 is no web address"),
        ({"webhook": ["https://a/", "http://a/hunter2"]}, "webhook 2 is not encrypted"),
        ({"webhook": "http://[hunter2"}, "webhook 1 is no web address"),
    ],
)
def test_what_cannot_be_used_is_named_and_no_value_of_it(alert: object, problem: str) -> None:
    with pytest.raises(ConfigError) as error:
        channels(alert)
    assert problem in str(error.value)
    assert "hunter2" not in str(error.value)


def test_nothing_of_it_is_written_or_shown() -> None:
    alert = {
        "url": ["json://me:hunter2@a"],
        "command": "say hunter2",
        "webhook": "https://hunter2/",
    }
    run_file = validate({"strategy": "sma_cross", "alert": alert})
    repeated = run_file_of(plan_of(request_of(run_file)))
    for text in (dump(run_file), dump(repeated), repr(run_file), repr(channels(alert))):
        assert "hunter2" not in text
    assert "alert" not in dump(run_file)
    plain = validate({"strategy": "sma_cross"})
    assert dump(plain) == dump(run_file)


def test_what_it_holds_is_known_to_the_mask() -> None:
    addresses = [
        "mailto://me:${PW}@host",
        "discord://1234567890123/AbCdEfGhIjKlMn",
        "tgram://123456789:AAbbCCddEE/chat",
        "https://host/?key=short",
    ]
    mask = Mask(secrets=channels(addresses).secrets)
    shown = mask(
        "p@ss/word p%40ss%2Fword 1234567890123 AbCdEfGhIjKlMn AAbbCCddEE https://host/?key=short"
    )
    assert shown == "*** *** *** *** *** ***"
    assert mask("connected to host") == "connected to host"
    assert channels({"command": "say ${PW}"}).secrets == {ENVIRONMENT["PW"]}


# doctor --alert ------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def _place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def doctor(alert: str, *flags: str) -> tuple[int, str]:
    Path("mine.yaml").write_text(f"strategy: sma_cross\n{alert}\n")
    found = CliRunner().invoke(app, ["doctor", "--alert", "--config", "mine.yaml", *flags])
    return found.exit_code, " ".join(found.output.split())


def test_the_doctor_sends_one_to_each_and_says_who_took_it() -> None:
    with http_server() as heard:
        Path(".env").write_text(f"ALERT_PORT={heard.port}\nIB_PAPER_PORT=7497\n")
        Path(".env").chmod(0o600)
        both = f"[json://127.0.0.1:{heard.port}/a, 'json://127.0.0.1:${{ALERT_PORT}}/b']"
        code, text = doctor(f"alert: {both}")
        assert code == 0, text
        assert text.startswith("url 1 (JSON) OK taken url 2 (JSON) OK taken All is well.")
        assert heard.titles == ["TEST sma_cross: alerts arrive"] * 2
        hook = f"{{webhook: 'http://127.0.0.1:{heard.port}/', only: kill, command: 'false'}}"
        code, text = doctor(f"alert: {hook}", "--json")
        assert code == 1
        assert len(heard.posts) == 3
        assert heard.posts[2]["name"] == "test"
        checks = json.loads(text)["checks"]
        assert [(one["name"], one["verdict"]) for one in checks] == [
            ("webhook 1", "OK"), ("command (false)", "FAIL"),
        ]  # fmt: skip


def test_the_doctor_says_who_did_not_take_it_and_shows_no_secret() -> None:
    code, text = doctor(f"alert: json://me:hunter2@127.0.0.1:{free_port()}/")
    assert code == 1
    assert "url 1 (JSON) FAIL not taken:" in text
    assert "Check the address, the login" in text
    assert "hunter2" not in text
    assert "1 failed: begin with the first." in text


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--alert"], "--alert and --config FILE go together"),
        (["--config", "mine.yaml"], "--alert and --config FILE go together"),
        (["--alert", "--config", "mine.yaml"], "mine.yaml tells nobody"),
        (["--alert", "--config", "none.yaml"], "none.yaml cannot be read"),
    ],
)
def test_the_doctor_without_anybody_to_tell(arguments: list[str], problem: str) -> None:
    Path("mine.yaml").write_text("strategy: sma_cross\n")
    found = CliRunner().invoke(app, ["doctor", *arguments])
    assert found.exit_code == 2
    assert problem in " ".join(found.output.split())
