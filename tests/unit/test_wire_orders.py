"""Every shape of order, placed by the client libraries themselves and read back."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from framework.emulator.protocol.codec import (
    decode_request,
    encode_request,
    fields_of,
    mutated,
)
from framework.emulator.protocol.contract import WireContract
from framework.emulator.protocol.order import WireOrder
from framework.emulator.protocol.requests import PlaceOrder
from tests.unit.wire_clients import LIBRARIES, SPOKEN, consulted
from tests.unit.wire_nouns import PHASES, SINCE, as_carried, told
from tests.unit.wire_orders import (
    COMBO,
    CONDITIONAL,
    HEDGED,
    NEVER_SENT,
    STOCK,
    UNUSUAL,
    everything,
    shapes,
)

LACKING = {
    "ib_async": set(),
    "ib_insync": set(),
    "ibapi9": set(SINCE) | {"issuer_id"},
    "ibapi10": {"fa_profile", *UNUSUAL},
}
"""Attributes a library's objects do not have."""


def expected(contract: WireContract, order: WireOrder, library: str, version: int) -> PlaceOrder:
    order = as_carried(order, version)
    lost = set()
    if library == "ibapi10":
        lost = {"fa_profile"}
    if library == "ib_async" and not order.order_type.startswith("VOL"):
        lost = {"volatility"}
    if library == "ibapi9":
        order = replace(order, auto_cancel_parent=False)
    default = WireOrder()
    order = replace(order, **{name: getattr(default, name) for name in lost})
    order = replace(order, adjusted_order_type=order.adjusted_order_type.replace("None", ""))
    return PlaceOrder(7, contract, order)


@pytest.mark.parametrize("library", LIBRARIES)
def test_orders_are_read_as_they_were_placed(library: str) -> None:
    without = frozenset(LACKING[library] | {"soft_dollar_tier.display_name"} | NEVER_SENT)
    placed = []
    for version in SPOKEN[library]:
        for name, (contract, order) in shapes().items():
            sent = as_carried(order, version)
            args = [7, told(contract, without), told(sent, without)]
            placed.append((version, name, contract, order, args))
    answer = consulted(
        library, send=[(version, "placeOrder", args) for version, _, _, _, args in placed]
    )
    problems = []
    for (version, name, contract, order, _), outcome in zip(placed, answer["send"], strict=True):
        if "error" in outcome:
            problems.append(f"{name} at {version}: {outcome['error'][-600:]}")
            continue
        read = decode_request(bytes.fromhex(outcome["result"]), version)
        assert isinstance(read, PlaceOrder)
        whole = expected(contract, order, library, version)
        problems += [f"{name} at {version}: {line}" for line in unlike(whole, read)]
    assert problems == []


def unlike(whole: PlaceOrder, read: PlaceOrder) -> list[str]:
    """The fields in which two placed orders differ."""
    pairs = [(whole.contract, read.contract), (whole.order, read.order)]
    return [
        f"{field.name} is {getattr(got, field.name)!r}, sent {getattr(sent, field.name)!r}"
        for sent, got in pairs
        for field in fields(sent)
        if getattr(sent, field.name) != getattr(got, field.name)
    ] + ([] if whole.order_id == read.order_id else ["order_id"])


@pytest.mark.parametrize(("version", "count"), [(157, 110), (170, 115), (176, 115), (177, 114)])
def test_a_plain_order_has_as_many_fields_as_real_clients_send(version: int, count: int) -> None:
    payload = encode_request(PlaceOrder(1, STOCK, WireOrder(order_type="MKT")), version)
    assert len(fields_of(payload)) == count


@pytest.mark.parametrize("version", [157, 166, 170, 176, 178])
def test_every_shape_survives_our_own_round_trip(version: int) -> None:
    for contract, order in shapes().values():
        placed = PlaceOrder(3, contract, as_carried(order, version))
        read = decode_request(encode_request(placed, version), version)
        assert isinstance(read, PlaceOrder)
        kept = replace(placed.order, adjusted_order_type=read.order.adjusted_order_type)
        assert read == replace(placed, order=kept)


def test_words_for_nothing_are_read_as_nothing() -> None:
    """A client that changes an order it was shown sends TWS's own words back."""
    order = replace(WireOrder(), **{**HEDGED, "delta_neutral_order_type": "None"})
    contract = replace(STOCK, right="?")
    payload = encode_request(PlaceOrder(1, contract, order), 176)
    read = decode_request(payload, 176)
    assert isinstance(read, PlaceOrder)
    assert read.order.delta_neutral_order_type == ""
    assert read.order.delta_neutral_con_id == HEDGED["delta_neutral_con_id"]
    assert read.contract.right == ""


def test_unset_numbers_in_all_their_spellings() -> None:
    payload = encode_request(PlaceOrder(1, STOCK, WireOrder(lmt_price=5.0)), 176)
    place = fields_of(payload).index("5.0")
    for text in ("", "1.7976931348623157E308", "1.7976931348623157e+308"):
        read = decode_request(mutated(payload, place, text), 176)
        assert isinstance(read, PlaceOrder)
        assert read.order.lmt_price is None


def test_everything_is_everything() -> None:
    """No field that stands in the message without condition is left at its default."""
    default = WireOrder()
    unset = {
        field.name
        for field in fields(WireOrder)
        if all(
            getattr(everything(phase), field.name) == getattr(default, field.name)
            for phase in PHASES
        )
    }
    plain = {"e_trade_only", "firm_quote_only", "nbbo_price_cap"} | NEVER_SENT
    assert unset <= plain | CONDITIONAL
    assert COMBO.combo_legs
