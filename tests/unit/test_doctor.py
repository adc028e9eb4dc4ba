"""The doctor against an emulator that is well, and against one with each trouble there is."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner

from framework.brokers.ib.settings import Timings
from framework.cli.app import app
from framework.cli.broker_options import BrokerFlags
from framework.cli.doctor_nouns import NAMES, Patience
from framework.cli.doctoring import doctor_command
from framework.config.environment import NAMES as VARIABLES
from framework.emulator.server.settings import GatewaySettings
from tests.unit.served import serving

SOON = Patience(Timings(connect=0.6, answer=0.5), quote=0.5)
WELL = dict.fromkeys(NAMES, "OK")


@pytest.fixture(autouse=True)
def _place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    Path(".env").touch(0o600)


class Finding:
    """What the doctor has said, by check."""

    def __init__(self, printed: str, code: int) -> None:
        content = json.loads(printed)
        assert content["exit"] == code
        self.code = code
        self.verdicts = {one["name"]: one["verdict"] for one in content["checks"]}
        self.texts = {
            one["name"]: f"{one['found']} -> {one['remedy']}" for one in content["checks"]
        }
        assert list(self.verdicts) == list(NAMES)
        for one in content["checks"]:
            assert bool(one["remedy"]) is (one["verdict"] in ("WARN", "FAIL")), one

    @property
    def troubles(self) -> dict[str, str]:
        return {name: one for name, one in self.verdicts.items() if one in ("WARN", "FAIL")}


def examined(
    capsys: pytest.CaptureFixture[str], port: int, symbol: str = "AAPL", **flags: object
) -> Finding:
    given = BrokerFlags(port=port, json=True, **flags)  # type: ignore[arg-type]
    code = doctor_command(given, symbol, SOON)
    return Finding(capsys.readouterr().out, code)


def test_all_is_well_beside_a_session(capsys: pytest.CaptureFixture[str]) -> None:
    with serving() as served:
        result = CliRunner().invoke(app, ["doctor", "--port", str(served.port)])
        assert result.exit_code == 0, result.output
        assert "All is well." in result.output
        assert "client id 99" in " ".join(result.output.split())
        assert "DU1234567" not in result.output
        assert "DU*****67" in result.output
        found = examined(capsys, served.port)
        assert found.verdicts == WELL
        assert "1,000,000.00 USD" in found.texts["balance"]
        assert ", live" in found.texts["market data"]
        served.until(lambda gateway: not gateway.hub.sessions)


def test_settings_are_read_from_the_file(capsys: pytest.CaptureFixture[str]) -> None:
    with serving() as served:
        text = f"IB_PAPER_PORT={served.port}\nIB_PAPER_ACCOUNT=DU1234567\nIB_PAPER_CLIENT_ID=5\n"
        Path(".env").write_text(text)
        assert doctor_command(BrokerFlags(json=True), "AAPL", SOON) == 0
        found = Finding(capsys.readouterr().out, 0)
        assert found.verdicts == WELL
        assert ".env" in found.texts["settings"]
        Path(".env").chmod(0o644)
        assert doctor_command(BrokerFlags(json=True), "MSFT", SOON) == 0
        loose = Finding(capsys.readouterr().out, 0)
        assert loose.troubles == {"settings": "WARN"}
        assert "chmod 600" in loose.texts["settings"]


# no session ----------------------------------------------------------------------------------


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def test_nothing_listening_names_the_port_and_offers_the_emulator(
    capsys: pytest.CaptureFixture[str],
) -> None:
    port = free_port()
    found = examined(capsys, port)
    assert found.code == 1
    assert found.troubles == {"server": "FAIL"}
    assert found.verdicts["handshake"] == "-"
    for part in (str(port), "7497", "4002", "python run.py gateway", "--gateway emulator"):
        assert part in found.texts["server"]


@contextmanager
def talking(answer: bytes) -> Iterator[int]:
    """A server of something else."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            try:
                while True:
                    other, _ = server.accept()
                    with other:
                        other.recv(100)
                        other.sendall(answer)
                        other.recv(100)
            except OSError:
                return

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield int(server.getsockname()[1])
        server.shutdown(socket.SHUT_RDWR)
    thread.join(5.0)


def test_another_program_is_told_from_tws(capsys: pytest.CaptureFixture[str]) -> None:
    with talking(b"HTTP/1.1 400 Bad Request\r\n\r\n") as port:
        found = examined(capsys, port)
    assert found.troubles == {"handshake": "FAIL"}
    assert "emulator" in found.texts["handshake"]


SILENT = "faults: [{name: a, when: connect, do: silent, times: all}]"
IN_USE = "faults: [{name: a, when: {request: StartApi}, do: [drop, {error: 326}, fin], times: all}]"
NO_LOGIN = (
    "faults: [{name: a, when: {answer: ManagedAccounts}, do: drop, times: all},"
    "{name: b, when: {answer: NextValidId}, do: drop, times: all}]"
)
CLOSED = "faults: [{name: a, when: {request: StartApi, place: before}, do: rst, times: all}]"


@pytest.mark.parametrize(
    ("faults", "says"),
    [
        (SILENT, ["says nothing", "Enable ActiveX and Socket Clients", "python run.py gateway"]),
        (IN_USE, ["Another program is connected", "client id 99"]),
        (NO_LOGIN, ["not logged in", "second factor"]),
        (CLOSED, ["ended the connection"]),
    ],
)
def test_a_handshake_that_fails_is_diagnosed(
    faults: str, says: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(faults) as served:
        found = examined(capsys, served.port)
    assert found.code == 1
    assert found.troubles == {"handshake": "FAIL"}
    for part in says:
        assert part in found.texts["handshake"]


# whose account -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("accounts", "flags", "says"),
    [
        (("DU1234567",), {"account": "DU7654321"}, "DU*****21 is none of this login's: DU*****67"),
        (("DU1234567", "DU7654321"), {}, "manages 2 accounts: DU*****67, DU*****21"),
        (("U1234567",), {}, "--paper, and U*****67 is no paper account"),
        (("X1234567",), {}, "no paper account"),
        (("DU1234567",), {"live": True, "account": "U1234567"}, "none of this login's: DU*****67"),
    ],
)
def test_a_wrong_account_is_told(
    accounts: tuple[str, ...],
    flags: dict[str, object],
    says: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with serving(settings=GatewaySettings(accounts=accounts)) as served:
        found = examined(capsys, served.port, **flags)
    assert found.troubles == {"accounts": "FAIL"}
    assert says in found.texts["accounts"]
    assert "1234567" not in str(found.texts)


def test_a_live_account_is_looked_at_with_live(capsys: pytest.CaptureFixture[str]) -> None:
    with serving(settings=GatewaySettings(accounts=("U1234567",))) as served:
        found = examined(capsys, served.port, live=True, account="U1234567")
    assert found.verdicts == WELL


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        ("--live", "No live account is named"),
        ("--live --account DU1234567", "is a paper account"),
        ("--account U1234567", "is no paper account"),
        ("--paper --live", "Both --paper and --live"),
        ("--client-id 0", "by hand"),
        ("--port 0", "--port is '0'"),
    ],
)
def test_what_contradicts_itself_is_refused_before_anything_is_asked(flags: str, says: str) -> None:
    result = CliRunner().invoke(app, ["doctor", *flags.split()])
    assert result.exit_code == 2
    assert says in result.output


# with a session ------------------------------------------------------------------------------


def fault(when: str, do: str) -> str:
    return f"faults: [{{name: a, when: {when}, do: {do}, times: all}}]"


@pytest.mark.parametrize(
    ("faults", "troubles", "says"),
    [
        (
            fault("{request: ReqMktData}", "[drop, {error: {code: 354, id: request}}]"),
            {"market data": "FAIL"},
            "gives no market data of AAPL (354",
        ),
        (
            fault("{answer: [TickPrice, TickReqParams]}", "drop"),
            {"market data": "WARN"},
            "The market may be closed",
        ),
        (
            fault(
                "{request: ReqPositions}",
                '{error: {code: 2103, text: "A market data farm is broken:usfarm"}}',
            ),
            {"data farms": "WARN"},
            "2103",
        ),
        (
            fault("{answer: NextValidId}", "{error: 1100}"),
            {"data farms": "FAIL", "market data": "FAIL"},
            "lost the broker",
        ),
        (
            "faults: [{name: a, when: start, do: {skew: {by: 8}}}]",
            {"clock": "WARN"},
            " s behind the broker",
        ),
        ("faults: [{name: a, when: start, do: {skew: {by: -90}}}]", {"clock": "FAIL"}, "ahead of"),
        (fault("{answer: PositionEnd}", "drop"), {"positions": "FAIL"}, "has not answered"),
        (fault("{answer: AccountDownloadEnd}", "drop"), {"balance": "FAIL"}, "has not answered"),
        (
            fault("{request: ReqContractDetails}", "[drop, {error: {code: 200, id: request}}]"),
            {"contract": "FAIL"},
            "knows no",
        ),
        (fault("{request: ReqHistoricalData}", "pacing"), {"history": "WARN"}, "too soon"),
        (
            fault("{request: ReqCurrentTime, place: before}", "mute"),
            {"clock": "FAIL"},
            "has not answered",
        ),
    ],
)
def test_each_trouble_has_its_line_and_its_remedy(
    faults: str, troubles: dict[str, str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(faults) as served:
        found = examined(capsys, served.port)
    assert {k: v for k, v in found.troubles.items() if k != "pacing"} == troubles
    name = next(iter(troubles))
    assert says in found.texts[name]
    assert found.code == int("FAIL" in troubles.values())


def test_a_read_only_api_takes_no_orders(capsys: pytest.CaptureFixture[str]) -> None:
    with serving(settings=GatewaySettings(read_only=True)) as served:
        found = examined(capsys, served.port)
    assert found.troubles == {"orders": "FAIL"}
    assert "Read-Only API" in found.texts["orders"]


def test_an_old_server_names_no_time_zone(capsys: pytest.CaptureFixture[str]) -> None:
    with serving(settings=GatewaySettings(max_version=163)) as served:
        found = examined(capsys, served.port)
    assert found.troubles == {"version": "WARN"}
    assert "US/Eastern" in found.texts["version"]


def test_an_unknown_symbol_stops_at_the_contract(capsys: pytest.CaptureFixture[str]) -> None:
    with serving() as served:
        found = examined(capsys, served.port, "NOSUCH")
    assert found.troubles == {"contract": "FAIL"}
    assert found.verdicts["market data"] == found.verdicts["history"] == "-"
