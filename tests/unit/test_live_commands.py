"""`positions`, `working` and `account` against an emulator: complete, masked, beside a session."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

import framework
from framework.brokers.ib.connection import Connection, State
from framework.brokers.ib.settings import Settings
from framework.cli import OTHERS, broker_questions
from framework.cli.app import app
from framework.cli.broker_access import SystemClock
from framework.config.environment import NAMES
from framework.emulator.protocol.contract import WireContract
from framework.emulator.protocol.order import WireOrder
from framework.emulator.server.settings import GatewaySettings
from tests.unit.served import Served, serving

ROOT = Path(framework.__file__).parents[1]
ACCOUNT = "DU1234567"
COMMANDS = ("positions", "working", "account")
AAPL = WireContract(symbol="AAPL", sec_type="STK", exchange="SMART", currency="USD")
EURUSD = WireContract(symbol="EUR", sec_type="CASH", exchange="IDEALPRO", currency="USD")


@pytest.fixture(autouse=True)
def _place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    Path(".env").touch(0o600)


def called(line: str, served: Served | int, code: int = 0) -> Result:
    port = served if isinstance(served, int) else served.port
    result = CliRunner().invoke(app, [*line.split(), "--port", str(port)])
    assert result.exit_code == code, result.output
    assert "1234567" not in result.output
    return result


def answer(line: str, served: Served) -> dict[str, Any]:
    found = json.loads(called(f"{line} --json", served).stdout)
    assert found["account"] == "DU*****67"
    return dict(found)


def placed(served: Served, contract: WireContract = AAPL, number: int = 1, **terms: Any) -> None:
    """An order of another program's, client 7."""
    usual: dict[str, Any] = {
        "action": "BUY", "total_quantity": 10.0, "order_type": "MKT", "tif": "GTC",
        "account": ACCOUNT,
    }  # fmt: skip
    order = WireOrder(**(usual | terms))
    served.do(lambda gateway: gateway.hub.exchange.place(7, number, contract, order))


# positions -----------------------------------------------------------------------------------


def test_an_account_that_holds_nothing_says_so() -> None:
    with serving() as served:
        assert called("positions", served).output == "DU*****67 holds nothing.\n"
        assert answer("positions", served)["positions"] == []


def test_positions_are_the_brokers_own() -> None:
    with serving() as served:
        placed(served)
        placed(served, EURUSD, 2, total_quantity=20_000.0, action="SELL")
        book = served.do(lambda gateway: gateway.book(ACCOUNT))
        shares, euros = answer("positions", served)["positions"]
        assert (shares["symbol"], shares["kind"], shares["quantity"]) == ("AAPL", "STK", 10.0)
        assert shares["average_price"] == pytest.approx(
            book.positions["AAPL"].average_price, rel=0.01
        )
        assert shares["market_price"] > 0.0
        assert shares["market_value"] == pytest.approx(10 * shares["market_price"], abs=0.02)
        assert (euros["symbol"], euros["quantity"]) == ("EUR.USD", -20_000.0)
        table = called("positions", served).output
    assert table.splitlines()[0] == "Positions of DU*****67"
    assert "AAPL" in table
    assert "-20,000" in table


# working orders ------------------------------------------------------------------------------


def test_working_orders_of_everybody_are_listed() -> None:
    with serving() as served:
        assert called("working", served).output == "No order works for DU*****67.\n"
        placed(served, order_type="LMT", lmt_price=50.0, order_ref="Sma-1")
        placed(served, number=2, order_type="STP", aux_price=900.0, total_quantity=3.0)
        first, second = answer("working", served)["orders"]
        assert first == first | {
            "side": "BUY", "quantity": 10.0, "filled": 0.0, "symbol": "AAPL", "kind": "LMT",
            "limit": 50.0, "stop": None, "tif": "GTC", "client_id": 7, "reference": "Sma-1",
            "account": "DU*****67",
        }  # fmt: skip
        assert first["perm_id"] > 0
        assert (second["kind"], second["stop"], second["reference"]) == ("STP", 900.0, "")
        table = CliRunner(env={"COLUMNS": "140"}).invoke(
            app, ["working", "--port", str(served.port)]
        )
    assert "Sma-1" in table.output
    assert "not Slipway's" in table.output


def test_orders_of_another_account_are_not_ours() -> None:
    two = GatewaySettings(accounts=(ACCOUNT, "DU7654321"))
    with serving(settings=two) as served:
        placed(served, order_type="LMT", lmt_price=50.0, account="DU7654321")
        assert answer(f"working --account {ACCOUNT}", served)["orders"] == []


def test_the_table_of_order_types_is_still_there() -> None:
    result = CliRunner().invoke(app, ["orders"])
    assert result.exit_code == 0
    assert "stop-limit" in result.output


# money ---------------------------------------------------------------------------------------


def test_the_accounts_money_is_told() -> None:
    with serving() as served:
        placed(served, EURUSD, 2, total_quantity=20_000.0)
        found = answer("account", served)
        figures = {one["tag"]: one["amount"] for one in found["figures"]}
        assert found["currency"] == "USD"
        assert figures["NetLiquidation"] == pytest.approx(1_000_000.0, rel=0.01)
        assert figures["BuyingPower"] > 0.0
        table = called("account", served).output
    assert "net liquidation" in table
    assert "buying power" in table


# all of them ---------------------------------------------------------------------------------


@pytest.mark.parametrize("command", COMMANDS)
def test_nothing_listening_names_the_port_and_offers_the_emulator(command: str) -> None:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = int(one.getsockname()[1])
    output = " ".join(called(command, port, 1).output.split())
    assert f"Nobody listens at 127.0.0.1:{port}." in output
    assert "Start TWS or IB Gateway" in output
    assert "python run.py gateway" in output
    assert "--paper --gateway emulator" in output


@pytest.mark.parametrize("command", COMMANDS)
def test_an_account_of_real_money_is_not_looked_at_as_paper(command: str) -> None:
    with serving(settings=GatewaySettings(accounts=("U1234567",))) as served:
        assert "U*****67 is no paper account" in called(command, served, 2).output
        assert called(f"{command} --live --account U1234567", served).exit_code == 0


@pytest.mark.parametrize("command", COMMANDS)
def test_a_client_id_in_use_is_named(command: str) -> None:
    faults = "faults: [{name: a, when: {request: StartApi}, do: [drop, {error: 326}, fin]}]"
    with serving(faults) as served:
        output = called(f"{command} --client-id 5", served, 1).output
        assert "client id 5" in output
        assert called(command, served).exit_code == 0


@pytest.mark.parametrize(
    ("command", "end"),
    [("positions", "PositionEnd"), ("working", "OpenOrderEnd"), ("account", "AccountDownloadEnd")],
)
def test_an_answer_without_its_end_is_no_answer(
    command: str, end: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broker_questions, "_TIMEOUT", 0.3)
    with serving(f"faults: [{{name: a, when: {{answer: {end}}}, do: drop}}]") as served:
        output = called(command, served, 1).output
    assert "has not answered" in output
    assert "holds nothing" not in output


def test_a_read_only_api_shows_no_orders_and_says_so() -> None:
    with serving(settings=GatewaySettings(read_only=True)) as served:
        assert "Read-Only" in called("working", served, 1).output
        assert called("positions", served).exit_code == 0


def test_they_run_beside_a_session_and_send_no_order() -> None:
    with serving() as served:
        settings = Settings(port=served.port, client_id=1)
        session = Connection(settings, SystemClock())
        served.wait(session.open(attempts=1))
        placed(served, order_type="LMT", lmt_price=50.0)
        for command in COMMANDS:
            called(command, served)
        assert session.state is State.READY
        served.until(lambda gateway: set(gateway.hub.sessions) == {1})
        assert len(served.do(lambda gateway: list(gateway.hub.exchange.placed()))) == 1
        served.wait(session.close())


def test_run_py_knows_them_by_name() -> None:
    assert {*COMMANDS, "doctor", "download"} <= set(OTHERS)
    assert list(OTHERS) == sorted(OTHERS)


def test_help_does_not_wait_for_the_client_library() -> None:
    code = "import sys, framework.cli.app; print([m for m in sys.modules if 'brokers.ib' in m])"
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert found.stdout.strip() == "[]"
    for command in (*COMMANDS, "doctor", "download"):
        assert CliRunner().invoke(app, [command, "--help"]).exit_code == 0
