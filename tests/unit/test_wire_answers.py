"""Every answer in every version, read by the client libraries' own decoders."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from framework.emulator.protocol import answers as tell
from framework.emulator.protocol.answers import ANSWERS
from framework.emulator.protocol.codec import decode_answer, encode_answer
from framework.emulator.protocol.contract import WireContract
from framework.emulator.protocol.order import OrderState, WireOrder
from tests.unit.wire_clients import LIBRARIES, SPOKEN, consulted
from tests.unit.wire_nouns import PHASES, filled
from tests.unit.wire_reports import differences

NOUNS = [message.noun for messages in ANSWERS.values() for message in messages]

ORDERS = [
    WireOrder(action="BUY", total_quantity=100.0, order_type="MKT", tif="DAY"),
    *(filled(WireOrder, phase) for phase in PHASES),
    replace(filled(WireOrder), order_type="PEG BENCH"),
    replace(filled(WireOrder), scale_price_increment=None, hedge_type="", algo_strategy=""),
    replace(filled(WireOrder), scale_price_increment=0.0, conditions=()),
    replace(filled(WireOrder), algo_params=(), order_combo_legs=(None, 2.5)),
]
CONTRACTS = [filled(WireContract), replace(filled(WireContract), combo_legs=(), delta_neutral=None)]
STATES = [OrderState("Submitted"), filled(OrderState)]


def orders(cls: type) -> Iterator[Any]:
    """OpenOrder or CompletedOrder with every block there and not there."""
    for number, order in enumerate(ORDERS):
        contract, state = CONTRACTS[number % 2], STATES[number % 2]
        yield (
            cls(7, contract, order, state) if cls is tell.OpenOrder else cls(contract, order, state)
        )


def examples(noun: type, version: int) -> Iterator[Any]:
    if noun in (tell.OpenOrder, tell.CompletedOrder):
        yield from orders(noun)
        return
    flags = filled(noun, 0) != filled(noun, 1)
    for phase in PHASES[:4] if flags else PHASES[:1]:
        full = filled(noun, phase)
        if noun is tell.ExecDetails:
            zone = " UTC" if version >= 174 else ""
            time = f"20240102 {'' if zone else ' '}10:00:00{zone}"
            full = replace(full, execution=replace(full.execution, time=time))
        if noun in (tell.TickPrice, tell.TickByTickAllLast):
            full = replace(full, tick_type=1)
        yield full
    yield from EMPTY.get(noun, ())


EMPTY: dict[type, list[Any]] = {
    tell.CommissionReport: [tell.CommissionReport("x", 1.25, "USD")],
    tell.Error: [
        tell.Error(-1, 2104, "Market data farm connection is OK:usfarm"),
        tell.Error(3, 201, 'Zürich \\ "x"\nnew', '{"8229=IBDBUYTX":"\\u00e4 €"}'),
    ],
    tell.HistoricalData: [tell.HistoricalData(1, "a", "b")],
    tell.Pnl: [tell.Pnl(1, 2.5)],
    tell.PnlSingle: [tell.PnlSingle(1, 100.0, 2.5)],
    tell.OrderStatus: [tell.OrderStatus(1, "Submitted", 0.25, 0.75)],
    tell.Position: [tell.Position("DU1", WireContract(con_id=1), -0.5, 100.25)],
    tell.TickByTickAllLast: [tell.TickByTickAllLast(1, 2, 3, 4.5, 6.0)],
    tell.TickSize: [tell.TickSize(1, 0, 0.5)],
    tell.SecurityDefinitionOptionParameter: [
        tell.SecurityDefinitionOptionParameter(1, "SMART", 2, "SPY", "100")
    ],
    tell.ContractDetails: [
        tell.ContractDetails(1, tell.Details(WireContract(symbol="BMW"), long_name="Bayerische Ä"))
    ],
}


def unread(noun: type, library: str, version: int) -> bool:
    """What a library of a version is known to read otherwise than the official client."""
    early = library in ("ib_insync", "ib_async") and version == 158
    return early and noun is tell.OpenOrder  # they expect `duration` one version late


@pytest.mark.parametrize("library", LIBRARIES)
def test_clients_read_what_was_encoded(library: str) -> None:
    told = [
        (version, example)
        for version in SPOKEN[library]
        for noun in NOUNS
        if not unread(noun, library, version)
        for example in examples(noun, version)
    ]
    heard = consulted(library, decode=[(v, encode_answer(noun, v)) for v, noun in told])
    problems = []
    for (version, noun), outcome in zip(told, heard["decode"], strict=True):
        carried = decode_answer(encode_answer(noun, version), version)
        where = f"{type(noun).__name__} at {version}"
        if "error" in outcome:
            problems.append(f"{where}: {outcome['error'][-600:]}")
            continue
        problems += [
            f"{where}: {d}" for d in differences(carried, library, version, outcome["result"])
        ]
    assert problems == []
