"""Alerts that arrive, each once, at real servers; and servers that are dead or deaf, for which
nobody waits."""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import Callable, Container, Sequence
from pathlib import Path

import pytest

from framework.config.alert import AlertName, AlertSection, Channels, Rate, channels_of
from framework.config.masks import Mask
from framework.errors import ConfigError
from framework.operations import alert_channels
from framework.operations.alert_channels import (
    CommandChannel,
    Delivery,
    WebhookChannel,
    open_channels,
)
from framework.operations.alert_rules import Alert, Subject, trial
from framework.operations.alerts import Alerts
from framework.operations.happenings import Happening, Kind
from tests.unit.listeners import hanging, http_server, smtp_server, until

SECOND = 1_000_000_000
NOON = 1_700_000_000 * SECOND
SUBJECT = Subject("paper", "SmaCross", "paper-sma_cross-1", is_emulator=True)
EACH = (
    Kind.STARTED,
    Kind.LOGIN,
    Kind.REJECTED,
    Kind.HALTED,
    Kind.FINDING,
    Kind.UNPROTECTED,
    Kind.STALE,
    Kind.KILL,
    Kind.ERROR,
    Kind.STOPPED,
)
TITLES = [
    "started",
    "the broker wants you to log in",
    "order rejected, AAPL",
    "halted",
    "the books differ",
    "position without a stop",
    "data is late",
    "kill switch",
    "error",
    "stopped",
]


class Watch:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.time = NOON

    def __call__(self) -> int:
        return self.time


class Place:
    """A place that refuses some tries, counted from 1."""

    def __init__(self, refuses: Container[int] = ()) -> None:
        self.label = "a place"
        self.refuses = refuses
        self.tries = 0
        self.taken: list[Alert] = []

    def send(self, alert: Alert) -> None:
        self.tries += 1
        if self.tries in self.refuses:
            raise Delivery("it says U1234567 has no right to hunter2")
        self.taken.append(alert)


def alerts_to(
    section: AlertSection | Channels,
    clock: Callable[[], int] | None = None,
    said: list[str] | None = None,
    places: Sequence[Place] | None = None,
) -> Alerts:
    channels = section if isinstance(section, Channels) else channels_of(section, {})
    mask = Mask(secrets=channels.secrets | {"hunter2"})
    told = [] if said is None else said
    return Alerts(
        SUBJECT, channels, clock or Watch(), mask, tell=told.append, places=places,
        pauses=(0.05, 0.05),
    )  # fmt: skip


def happening(kind: Kind, text: str = "as told", seconds: float = 0) -> Happening:
    symbol = "AAPL" if kind is Kind.REJECTED else ""
    order = "SmaCross-3" if kind is Kind.REJECTED else ""
    return Happening(NOON + int(seconds * SECOND), kind, text, symbol, order, 12)


def give_each(alerts: Alerts) -> None:
    alerts.take(happening(Kind.FILL, "not worth one"))
    for kind in EACH[:-1]:
        alerts.take(happening(kind))
    alerts.take(happening(Kind.DISCONNECTED))


# arriving ------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["json", "webhook"])
def test_each_alert_arrives_once_at_a_web_server(way: str) -> None:
    with http_server() as heard:
        section = (
            AlertSection(url=(f"json://127.0.0.1:{heard.port}/alerts",))
            if way == "json"
            else AlertSection(webhook=(f"http://127.0.0.1:{heard.port}/alerts",))
        )
        clock, said = Watch(), list[str]()
        alerts = alerts_to(section, clock, said)
        give_each(alerts)
        heard.wait(9)
        assert len(heard.posts) == 9
        clock.time += 60 * SECOND
        heard.wait(10)
        alerts.take(happening(Kind.STOPPED, seconds=61))
        assert alerts.close(10.0)
        expected = [*TITLES[:-1], "no connection for 60 s", TITLES[-1]]
        assert heard.titles == [f"PAPER (emulator) SmaCross: {one}" for one in expected]
        rejection = heard.posts[2]
        body = rejection["message" if way == "json" else "body"]
        for line in ("as told", "Time: 2023-11-14 22:13:20 UTC", "Order: SmaCross-3"):
            assert line in body.splitlines()
        if way == "webhook":
            assert {key: rejection[key] for key in ("name", "level", "symbol", "order")} == {
                "name": "rejection", "level": "error", "symbol": "AAPL", "order": "SmaCross-3",
            }  # fmt: skip
        assert said == []


def test_each_alert_arrives_once_by_mail() -> None:
    with smtp_server() as mail:
        url = f"mailto://127.0.0.1:{mail.port}?from=me@example.com&to=you@example.com&mode=insecure"
        alerts = alerts_to(AlertSection(url=(url,)))
        give_each(alerts)
        alerts.take(happening(Kind.STOPPED))
        mail.wait(10)
        assert alerts.close(10.0)
        subjects = [str(letter["Subject"]) for letter in mail.letters]
        assert subjects == [f"PAPER (emulator) SmaCross: {one}" for one in TITLES]
        assert mail.to == ["you@example.com"] * 10
        text = mail.letters[2].get_body(("plain", "html"))
        assert text is not None
        assert "Order: SmaCross-3" in text.get_content()


def test_a_command_gets_title_and_body_without_a_shell(tmp_path: Path) -> None:
    script = "import sys; open(sys.argv[1], 'w').write(repr((sys.argv[2:], sys.stdin.read())))"
    out = tmp_path / "out"
    section = AlertSection(command=(sys.executable, "-c", script, str(out)))
    alerts = alerts_to(section)
    text = '$(touch never) `id`; it\'s "so"'
    alerts.take(happening(Kind.REJECTED, text))
    until(lambda: out.exists() and bool(out.read_text()))
    assert alerts.close(5.0)
    (title, body), heard = eval(out.read_text())
    assert title == "PAPER (emulator) SmaCross: order rejected, AAPL"
    assert body.splitlines()[0] == text
    assert heard == body
    assert not Path("never").exists()


def test_names_that_are_not_wanted_are_left_out() -> None:
    place = Place()
    section = AlertSection.model_validate({"only": "rejection, kill, stop", "except": ["stop"]})
    alerts = alerts_to(section, places=[place])
    give_each(alerts)
    alerts.take(happening(Kind.STOPPED))
    assert alerts.close(5.0)
    assert [one.name for one in place.taken] == [AlertName.REJECTION, AlertName.KILL]


def test_a_flood_is_held_back_and_counted() -> None:
    place, clock = Place(), Watch()
    alerts = alerts_to(Channels(rate=Rate(3, 600)), clock, places=[place])
    for number in range(1_000):
        alerts.take(happening(Kind.REJECTED, f"number {number}", number / 1_000))
    until(lambda: len(place.taken) == 3)
    clock.time += 600 * SECOND
    until(lambda: len(place.taken) == 4)
    assert "997 more of 'rejection' were held back" in place.taken[-1].text
    alerts.take(happening(Kind.REJECTED, "again", 700))
    for _ in range(5):
        alerts.take(happening(Kind.REJECTED, "and again", 701))
    assert alerts.close(5.0)
    assert [one.text.partition(" since")[0] for one in place.taken[4:]] == [
        "again", "and again", "4 more of 'rejection' were held back",
    ]  # fmt: skip


def test_what_is_hidden_stays_hidden() -> None:
    place, said = Place(refuses=range(99)), list[str]()
    alerts = alerts_to(Channels(), said=said, places=[place])
    alerts.take(happening(Kind.ERROR, "DU1234567 cannot reach https://a:pass@host/?token=abcd"))
    assert not alerts.close(5.0)
    assert said
    shown = "\n".join(said)
    assert not any(one in shown for one in ("U1234567", "hunter2"))
    assert "U*****67" in shown
    other = Place()
    alerts = alerts_to(Channels(), places=[other])
    alerts.take(happening(Kind.ERROR, "DU1234567 cannot reach https://a:pass@host/?token=abcd"))
    assert alerts.close(5.0)
    assert other.taken[0].text == "DU*****67 cannot reach https://a:***@host/?token=***"
    assert "pass" not in other.taken[0].body


# not arriving --------------------------------------------------------------------------------


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def took(work: Callable[[], object]) -> float:
    begun = time.monotonic()
    work()
    return time.monotonic() - begun


SERVICES = {
    "json": lambda port: AlertSection(url=(f"json://127.0.0.1:{port}/",)),
    "mail": lambda port: AlertSection(
        url=(f"mailto://127.0.0.1:{port}?from=me@example.com&to=you@example.com&mode=insecure",)
    ),
    "webhook": lambda port: AlertSection(webhook=(f"http://127.0.0.1:{port}/",)),
}


@pytest.mark.parametrize("service", SERVICES)
def test_nobody_waits_for_a_server_that_never_answers(service: str) -> None:
    with hanging() as port:
        said: list[str] = []
        alerts = alerts_to(SERVICES[service](port), said=said)
        spent = took(lambda: [alerts.take(happening(Kind.REJECTED)) for _ in range(1_000)])
        assert spent < 0.5
        time.sleep(0.3)  # it waits for the answer by now
        assert took(lambda: alerts.take(happening(Kind.STOPPED))) < 0.2
        assert took(lambda: alerts.close(0.5)) < 2.0
        assert said == ["Alerts: the session ended before all of them were sent."]


@pytest.mark.parametrize("service", SERVICES)
def test_a_dead_server_is_told_and_nobody_waits(service: str) -> None:
    said: list[str] = []
    alerts = alerts_to(SERVICES[service](free_port()), said=said)
    assert took(lambda: alerts.take(happening(Kind.KILL))) < 0.2
    assert not alerts.close(5.0)
    assert len(said) == 1
    label = {"json": "url 1 (JSON)", "mail": "url 1 (E-Mail)", "webhook": "webhook 1"}[service]
    assert said[0].startswith(f"Alerts: {label} did not take 'PAPER (emulator) SmaCross: kill")


def test_a_process_ends_while_a_server_is_silent(tmp_path: Path) -> None:
    import subprocess

    program = """
import sys, time
from framework.config.alert import AlertSection, channels_of
from framework.operations.alert_rules import Subject
from framework.operations.alerts import Alerts
from framework.operations.happenings import Happening, Kind
section = AlertSection(url=(f"json://127.0.0.1:{sys.argv[1]}/",))
alerts = Alerts(Subject("live", "A"), channels_of(section, {}), lambda: 0, str)
alerts.take(Happening(0, Kind.STOPPED, "bye"))
print(alerts.close(0.3), time.monotonic())
"""
    with hanging() as port:
        ran = subprocess.run(
            [sys.executable, "-c", program, str(port)],
            capture_output=True, text=True, timeout=30, check=True,
        )  # fmt: skip
        is_done, ended = ran.stdout.split()
        assert is_done == "False"
        assert "the session ended before all of them were sent" in ran.stderr
        assert time.monotonic() - float(ended) < 3.0


def test_it_is_tried_again_and_arrives_once() -> None:
    with http_server() as heard:
        heard.answers += [500, 503]
        said: list[str] = []
        alerts = alerts_to(SERVICES["webhook"](heard.port), said=said)
        alerts.take(happening(Kind.REJECTED))
        heard.wait(1)
        assert alerts.close(5.0)
        assert len(heard.posts) == 1
        assert heard.answers == []
        assert said == []


def test_one_that_takes_nothing_is_tried_once_until_it_takes_something() -> None:
    """Three tries, one, one that is taken, and then three again."""
    bad, good = Place(refuses={1, 2, 3, 4, 6, 7}), Place()
    said: list[str] = []
    alerts = alerts_to(Channels(), said=said, places=[bad, good])
    for number in range(4):
        alerts.take(happening(Kind.REJECTED, f"number {number}"))
        until(lambda n=number: len(good.taken) == n + 1)  # type: ignore[misc]
        until(lambda n=number: bad.tries >= (3, 4, 5, 8)[n])  # type: ignore[misc]
    assert not alerts.close(5.0)
    assert bad.tries == 8
    assert [one.text for one in bad.taken] == ["number 2", "number 3"]
    assert len(said) == 2


def test_nothing_is_tried_again_when_the_session_ends() -> None:
    place = Place(refuses={1, 2, 3})
    alerts = Alerts(
        SUBJECT, Channels(), Watch(), Mask(), tell=lambda _: None, places=[place], pauses=(60.0,)
    )
    alerts.take(happening(Kind.REJECTED))
    until(lambda: place.tries == 1)
    assert took(lambda: alerts.close(5.0)) < 3.0
    assert place.tries == 1


@pytest.mark.parametrize("service", SERVICES)
def test_a_server_that_never_answers_is_given_up(
    service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alert_channels, "TIMEOUT", 0.3)
    with hanging() as port:
        (place,) = open_channels(channels_of(SERVICES[service](port), {}))
        begun = time.monotonic()
        with pytest.raises(Delivery):
            place.send(trial("A", NOON))
        assert time.monotonic() - begun < 3.0


def test_a_service_that_raises_is_one_that_did_not_take_it(monkeypatch: pytest.MonkeyPatch) -> None:
    from apprise.plugins.custom_json import NotifyJSON

    def broken(*_: object, **__: object) -> bool:
        raise RuntimeError("whatever it may be")

    (place,) = open_channels(channels_of(SERVICES["json"](free_port()), {}))
    monkeypatch.setattr(NotifyJSON, "send", broken)
    with pytest.raises(Delivery, match="RuntimeError: whatever it may be"):
        place.send(trial("A", NOON))


def test_a_webhook_that_sends_elsewhere_is_not_followed() -> None:
    with http_server() as heard:
        heard.answers += [302]
        with pytest.raises(Delivery, match="302"):
            WebhookChannel(f"http://127.0.0.1:{heard.port}/", "webhook 1").send(trial("A", NOON))
        assert heard.posts == []


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("no-such-program-here",), "cannot be run"),
        ((sys.executable, "-c", "raise SystemExit(3)"), "ended with 3"),
        ((sys.executable, "-c", "import time; time.sleep(60)"), "had not ended after 0.5 s"),
    ],
)
def test_a_command_that_fails(words: tuple[str, ...], reason: str) -> None:
    begun = time.monotonic()
    with pytest.raises(Delivery, match=reason):
        CommandChannel(words, 0.5).send(trial("A", NOON))
    assert time.monotonic() - begun < 5.0


@pytest.mark.skipif(sys.platform == "win32", reason="process groups are another thing there")
def test_a_command_that_hangs_is_ended_with_what_it_has_started(tmp_path: Path) -> None:
    out = tmp_path / "pid"
    script = (
        "import subprocess, sys, time; p = subprocess.Popen(['sleep', '60']);"
        "open(sys.argv[1], 'w').write(str(p.pid)); time.sleep(60)"
    )
    with pytest.raises(Delivery, match="had not ended"):
        CommandChannel((sys.executable, "-c", script, str(out)), 1.5).send(trial("A", NOON))
    pid = int(out.read_text())

    def is_gone() -> bool:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        return "Z" in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[:1]

    until(is_gone, 5.0)


# addresses -----------------------------------------------------------------------------------


@pytest.mark.parametrize("url", ["nosuch://a/b?pw=hunter2", "discord://hunter2", "hunter2", ""])
def test_an_address_that_is_none_is_refused_without_being_shown(url: str) -> None:
    with pytest.raises(ConfigError) as error:
        open_channels(Channels(urls=("json://127.0.0.1/", url)))
    assert "url 2 is no address" in str(error.value)
    assert "hunter2" not in str(error.value)
    assert error.value.__cause__ is None
