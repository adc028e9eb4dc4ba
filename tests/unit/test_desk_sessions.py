"""A desk at a gateway: what never reaches the wire, and what a restart and a broken wire leave."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from framework import MaxOrderNotional, Order, OrderStatus, Refused, connect
from framework.brokers.ib.problems import ConnectError, LinkLostError
from framework.emulator.server.gateway import Gateway
from framework.engine.journal_errors import JournalBusyError
from framework.errors import ConfigError, SlipwayError
from framework.operations.stop_flag import StopFlag, Strike
from framework.session.desk import Desk
from framework.session.guards import GuardError, UnreconciledError
from tests.unit.shore import ACCOUNT, severed, shore
from tests.unit.tapped import PLACE_ORDER, wire

LIVE = "U7654321"
SCRIPT = Path(__file__).with_name("desk_script.py")
ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def own_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Locks and settings of this test alone."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    for mode in ("PAPER", "LIVE"):
        for fact in ("HOST", "PORT", "CLIENT_ID", "ACCOUNT", "USE_GATEWAY"):
            monkeypatch.setenv(f"IB_{mode}_{fact}", "")


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with shore() as found:
        yield found


def until(holds: Callable[[], bool], seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it has not come"
        time.sleep(0.02)


def mark_of(desk: Desk, symbol: str) -> float:
    mark = desk.price(symbol).mark
    assert mark is not None
    return mark


def low(desk: Desk, symbol: str = "AAPL") -> float:
    return round(mark_of(desk, symbol) * 0.95, 2)


# what never reaches the wire ---------------------------------------------------------------------


def test_what_is_refused_never_leaves(gateway: Gateway) -> None:
    """And what closes a position does, whatever the limits say."""
    limits = [MaxOrderNotional(money=2_000_000.0)]
    with wire(gateway.port) as tap, connect("paper", port=tap.port, limits=limits) as desk:
        sent = desk.buy("AAPL", 10)
        assert desk.wait(sent, 20.0).status is OrderStatus.FILLED
        before = tap.messages.count(PLACE_ORDER)
        assert before == 1
        price = mark_of(desk, "AAPL")
        for rule, refused in (
            ("duplicate", desk.buy("AAPL", 10)),
            ("max_order_notional", desk.buy("AAPL", 3_000_000.0 // price)),
            ("buying_power", desk.buy("AAPL", 1_500_000.0 // price)),
            ("protection", desk.buy("AAPL", 10, stop_loss=10.0 * price)),
        ):
            assert isinstance(refused, Refused), rule
            assert refused.rule == rule
        assert tap.messages.count(PLACE_ORDER) == before
        assert desk.wait(desk.sell("AAPL", 10), 20.0).status is OrderStatus.FILLED
        assert tap.messages.count(PLACE_ORDER) == before + 1


def test_too_many_in_a_minute_never_leave(gateway: Gateway) -> None:
    with wire(gateway.port) as tap, connect("paper", port=tap.port) as desk:
        price = low(desk)
        placed = [desk.buy("AAPL", 1 + count, limit=price) for count in range(61)]
        assert all(isinstance(one, Order) for one in placed[:60])
        assert isinstance(placed[60], Refused)
        assert placed[60].rule == "order_rate"
        until(lambda: all(one.status is OrderStatus.WORKING for one in desk.orders()))
        assert tap.messages.count(PLACE_ORDER) == 60


@pytest.mark.parametrize(
    ("account", "configured", "cause"),
    [
        (LIVE, "", "mode"),
        (None, LIVE, "account_missing"),
        (LIVE, "U1111111", "account_differs"),
        (ACCOUNT, ACCOUNT, "paper_account"),
    ],
)
def test_live_without_its_facts_never_connects(
    gateway: Gateway,
    monkeypatch: pytest.MonkeyPatch,
    account: str | None,
    configured: str,
    cause: str,
) -> None:
    monkeypatch.setenv("IB_LIVE_ACCOUNT", configured)
    with wire(gateway.port) as tap:
        with pytest.raises(GuardError) as refusal:
            connect("live", account=account, port=tap.port)
        assert cause in refusal.value.causes
        assert "7654321" not in str(refusal.value)
        assert tap.connections == 0


def test_live_with_nothing_named_and_a_mode_there_is_none() -> None:
    with pytest.raises(ConfigError, match="never guessed"):
        connect("live")
    with pytest.raises(ConfigError, match="'papr'"):
        connect("papr")  # type: ignore[arg-type]


def test_live_at_a_broker_that_reports_another_account_sends_nothing(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IB_LIVE_ACCOUNT", LIVE)
    with wire(gateway.port) as tap:
        with pytest.raises(SlipwayError, match=r"U\*\*\*\*\*21"):
            connect("live", account=LIVE, port=tap.port)
        assert tap.connections == 1
        assert PLACE_ORDER not in tap.messages


def test_live_with_all_four_facts_trades(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IB_LIVE_ACCOUNT", LIVE)
    with shore(LIVE) as real, connect("live", account=LIVE, port=real.port) as desk:
        assert repr(desk) == "live account U*****21"
        assert desk.wait(desk.buy("AAPL", 1), 20.0).status is OrderStatus.FILLED


def test_paper_at_a_live_account_sends_nothing() -> None:
    with shore(LIVE) as real, wire(real.port) as tap:
        with pytest.raises(GuardError) as refusal:
            connect("paper", port=tap.port)
        assert refusal.value.causes == ("live_account",)
        assert PLACE_ORDER not in tap.messages


def test_others_may_not_read_a_live_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IB_LIVE_ACCOUNT", LIVE)
    journal = tmp_path / "journal.sqlite"
    journal.touch(mode=0o644)
    with pytest.raises(GuardError) as refusal:
        connect("live", account=LIVE, journal=journal)
    assert refusal.value.causes == ("privacy",)


def test_where_nothing_listens_the_emulator_is_offered() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        free = int(server.getsockname()[1])
    with pytest.raises(ConnectError, match=r'connect\("paper", gateway="emulator"\)') as refusal:
        connect("paper", port=free)
    assert refusal.value.cause == "not_running"


def test_a_second_one_as_the_same_client_is_refused(gateway: Gateway) -> None:
    with connect("paper", port=gateway.port, journal="one.sqlite") as desk:
        with pytest.raises(JournalBusyError, match="already trades"):
            connect("paper", port=gateway.port, journal="two.sqlite")
        with connect("paper", port=gateway.port, client_id=7, journal="two.sqlite") as other:
            assert other.balance().currency == desk.balance().currency


def test_books_that_differ_keep_it_closed() -> None:
    """What the journal says was bought is not in the account."""
    with shore() as one, connect("paper", port=one.port) as desk:
        assert desk.wait(desk.buy("AAPL", 10), 20.0).status is OrderStatus.FILLED
    with shore() as another, wire(another.port) as tap:
        with pytest.raises(UnreconciledError, match=r"AAPL.*adopt=True"):
            connect("paper", port=tap.port)
        assert tap.connections == 1
        assert PLACE_ORDER not in tap.messages


def test_what_the_account_has_besides_is_adopted_when_asked() -> None:
    with shore() as one, connect("paper", port=one.port) as desk:
        assert desk.price("AAPL").mark
    with shore(cash=900_000.0) as another, wire(another.port) as tap:
        with pytest.raises(UnreconciledError, match="900,000"):
            connect("paper", port=tap.port)
        assert PLACE_ORDER not in tap.messages
        with connect("paper", port=tap.port, adopt=True) as desk:
            assert desk.findings == ()
            assert desk.wait(desk.buy("AAPL", 1), 20.0).status is OrderStatus.FILLED


# what a restart and a broken wire leave ----------------------------------------------------------


def test_a_restart_knows_its_orders_and_goes_on_counting(gateway: Gateway) -> None:
    with wire(gateway.port) as tap:
        with connect("paper", port=tap.port) as desk:
            assert desk.wait(desk.buy("MSFT", 2), 20.0).status is OrderStatus.FILLED
            refused = desk.buy("MSFT", 2, limit=1.0)
            assert isinstance(refused, Refused)
            kept = desk.buy("MSFT", 3, limit=low(desk, "MSFT"), tif="GTC", stop_loss=200.0)
            assert isinstance(kept, Order)
            fills = list(desk.fills())
        before = tap.messages.count(PLACE_ORDER)
        with connect("paper", port=tap.port, limits=[MaxOrderNotional(money=1.0)]) as desk:
            assert any("recovered" in line for line in desk.log)
            assert [one.id for one in desk.orders()] == [f"{kept.id[:-2]}-{n}" for n in (1, 2, 3)]
            assert [one.id[-2:] for one in desk.working()] == ["-2", "-3"]
            assert list(desk.fills()) == fills
            assert tap.messages.count(PLACE_ORDER) == before
            desk.cancel(kept)
            assert desk.wait(kept, 20.0).status is OrderStatus.CANCELLED
            last = desk.sell("MSFT", 2)
            assert isinstance(last, Order)
            assert last.id == f"{kept.id[:-2]}-4"
            assert desk.wait(last, 20.0).status is OrderStatus.FILLED


def test_a_gateway_that_is_gone_leaves_a_desk_that_refuses_and_closes() -> None:
    with shore() as one:
        first = connect("paper", port=one.port)
        assert first.wait(first.buy("AAPL", 10), 20.0).status is OrderStatus.FILLED
        first.close()
        desk = connect("paper", port=one.port)
        assert repr(desk) == "paper account DU*****21"
    until(lambda: "in doubt: the connection is" in repr(desk))
    refused = desk.buy("AAPL", 1)
    assert isinstance(refused, Refused)
    assert refused.rule == "halted"
    with pytest.raises(LinkLostError):
        desk.balance()
    assert len(desk.fills()) == 1
    assert len(desk.close()) == 0


def test_killed_in_the_midst_it_doubles_nothing(gateway: Gateway, tmp_path: Path) -> None:
    journal = tmp_path / "killed.sqlite"
    with connect("paper", port=gateway.port) as desk:
        price = low(desk)
    with wire(gateway.port) as tap:
        script = [sys.executable, str(SCRIPT), str(tap.port), str(journal), str(price)]
        environ = os.environ | {"PYTHONPATH": str(ROOT)}
        ran = subprocess.run(
            script, check=False, capture_output=True, text=True, env=environ, timeout=60
        )
        assert ran.returncode == 9, ran.stderr
        assert "-1 buy 10 AAPL limit" in ran.stdout
        with connect("paper", port=tap.port, journal=journal) as desk:
            [order] = desk.orders()
            until(lambda: desk.orders()[0].status is OrderStatus.WORKING)
            assert ran.stdout.startswith(order.id)
            assert tap.messages.count(PLACE_ORDER) == 1
            desk.cancel(order)
            assert desk.wait(order, 20.0).status is OrderStatus.CANCELLED


@pytest.mark.parametrize("delivers", [True, False], ids=["it arrived", "it did not arrive"])
def test_an_order_lost_on_the_wire_is_never_sent_again(gateway: Gateway, delivers: bool) -> None:
    """The connection breaks between the order and its answer."""
    with (
        severed(gateway.port, delivers) as broken,
        connect("paper", port=broken.port, journal="lost.sqlite") as desk,
    ):
        price = low(desk)
        order = desk.buy("AAPL", 6, limit=price, tif="GTC")
        assert isinstance(order, Order)
        until(lambda: broken.breaks == 1)
        until(lambda: "in doubt" in repr(desk))
        unsure = desk.buy("AAPL", 1)
        assert isinstance(unsure, Refused)
        assert unsure.rule == "halted"
        until(lambda: "in doubt" not in repr(desk), 60.0)
        if delivers:
            until(lambda: desk.orders()[0].status is OrderStatus.WORKING)
            desk.cancel(order)
            assert desk.wait(order, 20.0).status is OrderStatus.CANCELLED
        else:
            until(lambda: desk.orders()[0].status in (OrderStatus.UNKNOWN, OrderStatus.ABSENT))
            assert desk.wait(order, 40.0).status is OrderStatus.ABSENT
        assert broken.orders == 1


def test_the_stop_flag_reaches_a_desk(gateway: Gateway, tmp_path: Path) -> None:
    """What works is cancelled, and nothing leaves until the flag is down."""
    journal = tmp_path / "desk" / "journal.sqlite"
    with wire(gateway.port) as tap, connect("paper", port=tap.port, journal=journal) as desk:
        order = desk.buy("AAPL", 1, limit=low(desk))
        assert isinstance(order, Order)
        until(lambda: len(desk.working()) == 1)
        sent = tap.messages.count(PLACE_ORDER)
        flag = StopFlag(journal.parent)
        flag.raise_for(Strike(1, "enough"))
        until(lambda: not desk.working())
        late = desk.buy("AAPL", 1, limit=low(desk) - 1.0)
        assert isinstance(late, Order)
        assert desk.wait(late, timeout=20.0).status is OrderStatus.REJECTED
        assert tap.messages.count(PLACE_ORDER) == sent
        flag.lower()
        again = desk.buy("AAPL", 1, limit=low(desk) - 2.0)
        assert isinstance(again, Order)
        until(lambda: len(desk.working()) == 1)
        assert any(line.startswith("KILL") for line in desk.log)
