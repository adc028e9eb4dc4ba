"""Streams cut into messages, greetings, and raw payloads changed by hand."""

from __future__ import annotations

from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framework.emulator.protocol.codec import encode_fields, fields_of, mutated
from framework.emulator.protocol.errors import ProtocolError
from framework.emulator.protocol.framing import Deframer, Hello, frame, negotiated, read_hello

GREETING = b"API\0\0\0\0\x09v157..176"


@given(st.lists(st.binary(max_size=40)), st.lists(st.integers(0, 200)))
def test_payloads_come_out_as_they_went_in(payloads: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(frame(payload) for payload in payloads)
    deframer = Deframer()
    edges = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    pieces = [stream[a:b] for a, b in pairwise(edges)]
    assert [payload for piece in pieces for payload in deframer.feed(piece)] == payloads
    assert deframer.pending == 0


def test_a_message_may_be_as_long_as_the_limit_and_no_longer() -> None:
    assert Deframer(4).feed(frame(b"1234")) == [b"1234"]
    with pytest.raises(ProtocolError, match="5 bytes"):
        Deframer(4).feed(frame(b"12345"))
    with pytest.raises(ProtocolError, match="4294967280"):
        Deframer().feed(b"\xff\xff\xff\xf0")


def test_a_poisoned_length_is_noticed_before_its_bytes_come() -> None:
    deframer = Deframer()
    assert deframer.feed(frame(b"fine") + b"\x7f") == [b"fine"]
    with pytest.raises(ProtocolError):
        deframer.feed(b"\xff\xff\xff")


@given(st.binary(max_size=300))
def test_any_bytes_are_cut_or_refused(data: bytes) -> None:
    with suppress(ProtocolError):
        Deframer().feed(data)
    with suppress(ProtocolError):
        read_hello(data)


def test_greetings_of_the_clients() -> None:
    assert read_hello(GREETING) == Hello(157, 176, "", len(GREETING))
    options = b"API\0\0\0\0\x0dv100..157 +PA"
    assert read_hello(options + b"more") == Hello(100, 157, "+PA", len(options))
    assert read_hello(b"API\0\0\0\0\x04v157") == Hello(157, 157, "", 12)


def test_half_a_greeting_is_waited_for() -> None:
    for size in range(len(GREETING)):
        assert read_hello(GREETING[:size]) is None


@pytest.mark.parametrize(
    "data", [b"GET / HTTP/1.1", b"APX", b"API\0\0\0\0\x04x157", b"API\0\xff\xff\xff\xff"]
)
def test_what_is_no_greeting_is_refused(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        read_hello(data)


@pytest.mark.parametrize(
    ("low", "high", "spoken"),
    [(157, 176, 176), (157, 178, 178), (100, 157, 157), (100, 225, 178), (100, 156, None)],
)
def test_the_highest_version_both_speak(low: int, high: int, spoken: int | None) -> None:
    assert negotiated(low, high) == spoken


def test_a_client_that_wants_more_than_there_is() -> None:
    assert negotiated(190, 225) is None


def test_fields_changed_by_hand() -> None:
    payload = encode_fields(["1", "6", "9", "ä"])
    assert fields_of(payload) == ["1", "6", "9", "ä"]
    assert mutated(payload, 2, "x") == encode_fields(["1", "6", "x", "ä"])
    with pytest.raises(ProtocolError, match="4 fields"):
        mutated(payload, 4, "x")
    for broken in (b"", b"1\0" + b"2", b"\xff\0"):
        with pytest.raises(ProtocolError):
            fields_of(broken)
