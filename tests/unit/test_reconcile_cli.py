"""`slipway reconcile`: a journal held against the emulator's books; it asks, and writes nothing."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import framework
from framework.cli import reconciling
from framework.cli.app import app
from framework.config.environment import NAMES
from framework.domain.events import Commission, Fill, OrderUpdate
from framework.domain.instruments import Instrument
from framework.domain.orders import Order, OrderStatus, Side, TimeInForce
from framework.emulator.protocol.contract import WireContract
from framework.emulator.protocol.order import WireOrder
from framework.emulator.server.settings import GatewaySettings
from framework.engine.journal import JOURNAL_NAME, open_journal
from framework.engine.journal_lock import Trader
from framework.engine.journal_rows import Adopted, EventBatch, History, Row, Started, Submit
from framework.engine.reconcile_nouns import ExternalMoney
from framework.session import holding
from tests.builders import bars_of, order_of
from tests.unit.served import Served, serving
from tests.unit.tapped import wire
from tests.unit.test_voyage import Flip, Ship, served

ROOT = Path(framework.__file__).parents[1]
ACCOUNT = "DU1234567"
CLIENT = 7
AAPL = WireContract(symbol="AAPL", sec_type="STK", exchange="SMART", currency="USD")
ASKING = frozenset({5, 6, 7, 9, 15, 16, 49, 61, 62, 63, 64, 71, 76, 77, 91, 99})
"""Messages that ask: for orders, executions, positions, money, contracts, the time."""
CASH = 1_000_000.0


@pytest.fixture(autouse=True)
def _place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "160")
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    Path(".env").touch(0o600)
    monkeypatch.setattr(holding, "_SETTLE", 0.01)


def called(line: str, port: int, code: int) -> str:
    result = CliRunner().invoke(app, [*f"reconcile {line}".split(), "--port", str(port)])
    assert result.exit_code == code, result.output
    assert "1234567" not in result.output
    return result.output


def answer(line: str, port: int, code: int) -> dict[str, Any]:
    result = CliRunner().invoke(app, [*f"reconcile --json {line}".split(), "--port", str(port)])
    assert result.exit_code == code, result.output
    return dict(json.loads(result.stdout))


# a journal and the broker's side of it ---------------------------------------------------------


def journal(rows: Sequence[Row], name: str = f"paper-sma-{CLIENT}", mode: str = "paper") -> Path:
    """A journal of a session with a million, whose rest is nobody's 0."""
    path = Path("sessions") / name / JOURNAL_NAME
    bars = bars_of([(100, 101, 99, 100)], "AAPL").take(0, 0)
    now = time.time_ns()
    with open_journal(path, Trader(ACCOUNT, CLIENT), time.time_ns, synced=False) as written:
        written.append(
            Started(now, mode, "DU*****67", CLIENT, "Sma", cash=CASH),
            History(now, _always_open(bars)),
            *rows,
        )
    return path


def _always_open(bars: Any) -> Any:
    from dataclasses import replace

    return replace(bars, instrument=Instrument("AAPL", calendar="24/7"))


def placed(on: Served, client: int = CLIENT, number: int = 1, **terms: Any) -> None:
    usual: dict[str, Any] = {
        "action": "BUY", "total_quantity": 10.0, "order_type": "MKT", "tif": "GTC",
        "account": ACCOUNT, "order_ref": "Sma-1" if client == CLIENT else "",
    }  # fmt: skip
    order = WireOrder(**(usual | terms))
    on.do(lambda gateway: gateway.hub.exchange.place(client, number, AAPL, order))


def resting(limit: float = 50.0) -> Order:
    return order_of("limit", id="Sma-1", symbol="AAPL", limit=limit, tif=TimeInForce.GTC)


def sent(order: Order, status: OrderStatus | None = OrderStatus.WORKING) -> list[Row]:
    now = time.time_ns()
    rows: list[Row] = [Submit(now, now // (86_400 * 10**9), (order,))]
    if status is not None:
        rows.append(EventBatch(now, 1, (OrderUpdate(order, status, now),)))
    return rows


def known_cash() -> list[Row]:
    return [Adopted(time.time_ns(), "reconcile", (ExternalMoney(0.0),))]


def bought(on: Served) -> list[Row]:
    """A market order that the emulator has filled, as a session would have written it."""
    placed(on)
    order = order_of("market", id="Sma-1", symbol="AAPL")
    rows = sent(order)

    def told(gateway: Any) -> Row:
        (executed,) = gateway.hub.exchange.accounts[ACCOUNT].executions.all
        execution = executed.details.execution
        now = time.time_ns()
        name = f"Sma-1/{execution.exec_id}"
        fill = Fill(name, order, now, 10.0, execution.price, execution.price)
        paid = Commission(name, "AAPL", executed.commission.commission, now)
        return EventBatch(now, 2, (fill, paid, OrderUpdate(order, OrderStatus.FILLED, now)))

    return [*rows, on.do(told)]


# what is found ---------------------------------------------------------------------------------


def test_books_that_agree_say_what_was_compared() -> None:
    with serving() as on:
        placed(on, order_type="LMT", lmt_price=50.0)
        path = journal([*known_cash(), *sent(resting())])
        output = " ".join(called("sma", on.port, 0).split())
        assert output == (
            f"The books agree. DU*****67 compared with {path}: open orders 1, completed orders 0, "
            "executions 0, positions 0, cash too."
        )
        found = answer("", on.port, 0)
    assert (found["agree"], found["unexplained"], found["findings"]) == (True, 0, [])
    assert found["compared"]["open_orders"] == found["compared"]["cash"] == 1
    assert (found["account"], found["mode"], found["strategy"]) == ("DU*****67", "paper", "Sma")


def test_what_explains_itself_is_shown_and_is_no_failure() -> None:
    """The first look at the cash, and another program's order."""
    with serving() as on:
        placed(on, 9, order_type="LMT", lmt_price=50.0)
        journal([])
        found = answer("", on.port, 0)
        assert [one["kind"] for one in found["findings"]] == ["external_order", "cash"]
        assert {one["severity"] for one in found["findings"]} == {"explained"}
        output = called("", on.port, 0)
        assert "explained" in output
        assert "never touched" in output
        assert "2 found, 0 unexplained" in output
        assert "UNEXPLAINED" not in output


Make = Callable[[Served], list[Row]]


def missing_fill(on: Served) -> list[Row]:
    return bought(on)[:2]


def absent_today(on: Served) -> list[Row]:
    return sent(resting(), None)


def vanished(on: Served) -> list[Row]:
    return sent(resting())


def strange_cash(on: Served) -> list[Row]:
    return [Adopted(time.time_ns(), "reconcile", (ExternalMoney(5_000.0),))]


def by_hand(on: Served) -> list[Row]:
    rows = bought(on)
    placed(on, 9, 5, action="SELL", total_quantity=4.0)
    return rows


@pytest.mark.parametrize(
    ("make", "kind", "code", "remedy"),
    [
        (missing_fill, "missing_fill", 0, "It is booked now."),
        (absent_today, "order_absent", 0, "not sent again"),
        (vanished, "order_missing", 1, "adopt it as cancelled"),
        (strange_cash, "cash", 1, "adopt it"),
        (by_hand, "external_fill", 1, "Adopt it only if that strategy"),
    ],
)
def test_findings_are_named_with_their_remedy(
    make: Make, kind: str, code: int, remedy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from framework.engine import reconcile_nouns

    settled = reconcile_nouns.Tolerance(settled=0)
    monkeypatch.setattr("framework.engine.reconcile.Tolerance", lambda: settled)
    with serving() as on:
        made = make(on)
        journal(made if make is strange_cash else [*known_cash(), *made])
        found = answer("", on.port, code)
        (one,) = [each for each in found["findings"] if each["kind"] == kind]
        assert one["severity"] == ("unexplained" if code else "explained")
        assert remedy in one["remedy"]
        output = called("", on.port, code)
    assert ("UNEXPLAINED" in output) == bool(code)
    assert remedy.partition(" ")[0] in output
    starts = {line.index(one["subject"]) for line in output.splitlines() if one["subject"] in
              line[:60] and "explained" in line.lower()[:12]}  # fmt: skip
    assert len(starts) == 1, "columns are aligned"


def test_a_journal_that_does_not_say_what_it_began_with_leaves_the_cash_out() -> None:
    with serving() as on:
        path = Path("old.sqlite")
        with open_journal(path, Trader(ACCOUNT, CLIENT), time.time_ns, synced=False) as written:
            written.append(Started(1, "paper", "DU*****67", CLIENT, "Sma"))
        assert "not the cash" in called(f"--journal {path}", on.port, 0)
        assert answer(f"--journal {path}", on.port, 0)["compared"]["cash"] is None


def test_an_answer_that_does_not_end_is_unexplained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconciling, "_TIMEOUT", 0.3)
    with serving("faults: [{name: a, when: {answer: PositionEnd}, do: drop}]") as on:
        journal(known_cash())
        found = answer("", on.port, 1)
    assert [one["kind"] for one in found["findings"]] == ["unknown_part"]
    assert found["compared"]["positions"] is None


# what it does not do ---------------------------------------------------------------------------


def test_it_asks_only_and_the_journal_is_what_it_was() -> None:
    with serving() as on, wire(on.port) as tap:
        path = journal([*known_cash(), *bought(on)])
        before = sha256(path.read_bytes()).digest()
        orders = on.do(lambda gateway: len(gateway.hub.exchange.placed()))
        assert "The books agree" in called("", tap.port, 0)
        assert sha256(path.read_bytes()).digest() == before
        log = path.with_name(f"{path.name}-wal")
        assert not log.exists() or log.stat().st_size == 0, "nothing waits to be written into it"
        assert set(tap.messages) <= ASKING
        assert tap.connections == 1
        assert on.do(lambda gateway: len(gateway.hub.exchange.placed())) == orders


def test_beside_a_session_that_trades(tmp_path: Path) -> None:
    """It agrees while the session goes on, and after it has ended."""

    async def play() -> None:
        gateway = await served(start=time.time_ns())
        ship = Ship(gateway, tmp_path / "journal.sqlite")
        said: list[str] = []

        async def look(port: int) -> None:
            line = f"{ROOT / 'run.py'} reconcile --port {port} --journal {ship.journal}"
            process = await asyncio.create_subprocess_exec(
                sys.executable, *line.split(), stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
            )  # fmt: skip
            output, _ = await process.communicate()
            assert process.returncode == 0, output.decode()
            said.append(" ".join(output.decode().split()))

        try:
            with wire(gateway.port) as tap:
                sailing = asyncio.create_task(ship.sail(Flip, lambda _: len(said) > 0))
                while not hasattr(ship, "voyage") or ship.voyage.bridge.core is None:
                    await asyncio.sleep(0.01)
                while ship.fills < 2:
                    await asyncio.sleep(0.01)
                await look(tap.port)
                await sailing
                await look(tap.port)
                assert set(tap.messages) <= ASKING
                assert tap.connections == 2
        finally:
            await gateway.close()
        assert all("explained" not in line or "0 unexplained" in line for line in said), said
        assert said[-1].startswith("The books agree"), said[-1]

    asyncio.run(play())


# what it refuses -------------------------------------------------------------------------------


def test_bad_input_is_named_before_anything_is_connected() -> None:
    nobody = 1
    assert "no journal of a paper session in sessions/" in called("", nobody, 2)
    path = journal([])
    assert "no journal of a paper session of 'smaa'" in called("smaa", nobody, 2)
    assert "sma" in called("smaa", nobody, 2)
    assert "Both a strategy and --journal" in called(f"sma --journal {path}", nobody, 2)
    assert "no journal of a live session" in called("--live", nobody, 2)
    journal([], "paper-other-3")
    assert "There are 2 journals of paper sessions" in called("", nobody, 2)
    shadow = journal([], "shadow-sma-97", "shadow")
    assert "no order of it ever reached" in called(f"--journal {shadow}", nobody, 2)
    live = journal([], "live-sma-2", "live")
    output = called(f"--journal {live}", nobody, 2)
    assert "is of a live session" in output
    assert "Add --live." in output
    assert "nowhere.sqlite" in called("--journal nowhere.sqlite", nobody, 2)


def test_the_journal_of_another_account_is_refused() -> None:
    with serving(settings=GatewaySettings(accounts=("DU7654321",))) as on:
        journal([])
        output = called("", on.port, 2)
    assert "is of account DU*****67, and this is DU*****21" in output


def test_side_and_quantity_of_a_sale_are_signed() -> None:
    """What was sold short is owed, here and there."""
    with serving() as on:
        placed(on, action="SELL")
        order = order_of("market", Side.SELL, id="Sma-1", symbol="AAPL")
        journal([*known_cash(), *sent(order)])
        found = answer("", on.port, 0)
    (one,) = [each for each in found["findings"] if each["kind"] == "missing_fill"]
    assert one["theirs"].startswith("-10 at ")
