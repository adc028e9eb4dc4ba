"""Every other request the client libraries can make, made by them and read back."""

from __future__ import annotations

import pytest

from framework.emulator.protocol import requests as ask
from framework.emulator.protocol.codec import decode_request, encode_request
from framework.emulator.protocol.requests import REQUESTS
from tests.unit.wire_asked import asked_by
from tests.unit.wire_clients import LIBRARIES, SPOKEN, consulted


@pytest.mark.parametrize("library", LIBRARIES)
def test_requests_are_read_as_they_were_made(library: str) -> None:
    rows = [(version, *row) for version in SPOKEN[library] for row in asked_by(library, version)]
    answer = consulted(library, send=[(version, method, args) for version, _, method, args in rows])
    problems = []
    for (version, noun, method, _), outcome in zip(rows, answer["send"], strict=True):
        if "error" in outcome:
            problems.append(f"{method} at {version}: {outcome['error'][-500:]}")
            continue
        payload = bytes.fromhex(outcome["result"])
        read = decode_request(payload, version)
        if read != noun:
            problems.append(f"{method} at {version}: {payload!r} is {read}, sent {noun}")
    assert problems == []


def test_no_request_is_left_out() -> None:
    rows = [*asked_by("ib_insync", 176)]
    made = {type(noun) for noun, _, _ in rows} | {ask.PlaceOrder}
    assert made == {message.noun for messages in REQUESTS.values() for message in messages}


@pytest.mark.parametrize("version", [157, 161, 171, 173, 176, 178])
def test_requests_survive_our_own_round_trip(version: int) -> None:
    for noun, _, _ in asked_by("ib_async", version):
        assert decode_request(encode_request(noun, version), version) == noun
