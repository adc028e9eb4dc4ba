"""Any noun survives the way there and back; any bytes are read or refused, and nothing else."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import fields, is_dataclass
from functools import cache
from math import isinf
from types import NoneType, UnionType
from typing import Annotated, Any, get_args, get_origin

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from framework.emulator.protocol.answers import ANSWERS, TickByTickAllLast, TickPrice
from framework.emulator.protocol.codec import (
    decode_answer,
    decode_request,
    encode_answer,
    encode_fields,
    encode_request,
    fields_of,
    message_id,
)
from framework.emulator.protocol.conditions import CONDITIONS
from framework.emulator.protocol.contract import ComboLeg, WireContract
from framework.emulator.protocol.errors import ProtocolError
from framework.emulator.protocol.order import WireOrder
from framework.emulator.protocol.plan import hints_of
from framework.emulator.protocol.requests import (
    REQUESTS,
    CancelOrder,
    PlaceOrder,
    ReqHistoricalData,
)

VERSIONS = st.sampled_from([157, 163, 166, 170, 176, 178])
ASKED = [message.noun for messages in REQUESTS.values() for message in messages]
TOLD = [message.noun for messages in ANSWERS.values() for message in messages]

TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=6)
NUMBERS = st.floats(-1e290, 1e290, allow_nan=False).filter(lambda x: x not in (-1.0, -2.0))
PLAIN: dict[type, st.SearchStrategy[Any]] = {
    bool: st.booleans(),
    float: NUMBERS | st.integers(-(10**6), 10**6).map(float).filter(lambda x: x not in (-1, -2)),
    int: st.integers(-(2**31), 2**31 - 2),
    str: TEXTS,
}
SPECIAL: dict[str, st.SearchStrategy[Any]] = {
    "adjusted_order_type": TEXTS.filter(lambda text: text != "None"),
    "delta_neutral_order_type": TEXTS.filter(lambda text: text != "None"),
    "exchange": st.sampled_from(["SMART", "IBKRATS"]),
    "last_trade_date": st.sampled_from(["", "20250620"]),
    "order_type": st.sampled_from(["LMT", "PEG BENCH", "PEG MID", "PEG BEST", "VOL"]),
    "right": st.sampled_from(["", "C", "P"]),
    "sec_type": st.sampled_from(["STK", "BAG", "OPT"]),
}
WHOLE = st.integers(-(10**9), 10**9).map(float)


@cache
def nouns(cls: type) -> st.SearchStrategy[Any]:
    values = {name: _values(name, hint) for name, hint in hints_of(cls).items()}
    if cls is TickByTickAllLast:
        values["tick_type"] = st.sampled_from([1, 2])
    return st.builds(cls, **values)


def _values(name: str, hint: Any) -> st.SearchStrategy[Any]:
    if get_origin(hint) is Annotated:
        hint = get_args(hint)[0]
    if name in SPECIAL and hint is str:
        return SPECIAL[name]
    if name == "conditions":
        return st.lists(st.one_of([nouns(cls) for cls in CONDITIONS.values()]), max_size=3).map(
            tuple
        )
    if get_origin(hint) is UnionType:
        inner = next(part for part in get_args(hint) if part is not NoneType)
        return st.none() | _values("", inner)
    if get_origin(hint) is tuple:
        item = get_args(hint)[0]
        if get_origin(item) is tuple:
            return st.lists(st.tuples(TEXTS, TEXTS), max_size=3).map(tuple)
        return st.lists(_values("", item), max_size=3).map(tuple)
    return nouns(hint) if is_dataclass(hint) else PLAIN[hint]


def lost(sent: Any, read: Any, where: str = "") -> list[str]:
    """The fields that came back as something else than was sent, or nothing."""
    if not is_dataclass(sent):
        return [] if sent == read else [f"{where}: {sent!r} came back as {read!r}"]
    out = []
    blank = {field.name: field.default for field in fields(sent)}
    for field in fields(sent):
        before, after = getattr(sent, field.name), getattr(read, field.name)
        here = f"{where}.{field.name}"
        if is_dataclass(before) and is_dataclass(after):
            out += lost(before, after, here)
        elif isinstance(before, tuple) and len(before) == len(after):
            for one, other in zip(before, after, strict=True):
                out += lost(one, other, here)
        elif before != after and after != blank[field.name]:
            out.append(f"{here}: {before!r} came back as {after!r}")
    return out


SLOWLY = settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@pytest.mark.parametrize("noun", ASKED, ids=lambda cls: cls.__name__)
@SLOWLY
@given(data=st.data(), version=VERSIONS)
def test_requests_come_back(noun: type, data: st.DataObject, version: int) -> None:
    sent = data.draw(nouns(noun))
    payload = encode_request(sent, version)
    read = decode_request(payload, version)
    assert lost(sent, read) == []
    assert encode_request(read, version) == payload
    assert fields_of(payload)[0] == str(message_id(noun))


@pytest.mark.parametrize("noun", TOLD, ids=lambda cls: cls.__name__)
@SLOWLY
@given(data=st.data(), version=VERSIONS.filter(lambda version: version >= 163))
def test_answers_come_back(noun: type, data: st.DataObject, version: int) -> None:
    sent = data.draw(nouns(noun))
    payload = encode_answer(sent, version)
    read = decode_answer(payload, version)
    assert lost(sent, read) == []
    assert encode_answer(read, version) == payload


@settings(deadline=None)
@given(st.binary(max_size=200), VERSIONS)
def test_any_bytes_are_read_or_refused(data: bytes, version: int) -> None:
    for decode in (decode_request, decode_answer):
        with suppress(ProtocolError):
            decode(data, version)


NASTY = st.sampled_from(
    ["", "-1", "0", "1", "2", "x", "1.5", "1e999", "nan", "inf", "-inf", "Infinity", "9" * 30,
     "1_0", " 1", "٣", "2147483647", "1.7976931348623157E308", "999999999", "a", "\x01", "None",
     "BAG", "9" * 100_000, "1" + "0" * 500]
)  # fmt: skip


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data(), version=VERSIONS)
def test_broken_messages_are_read_or_refused(data: st.DataObject, version: int) -> None:
    """Valid messages with fields replaced, dropped, doubled and cut off."""
    noun = data.draw(st.sampled_from([PlaceOrder, ReqHistoricalData, *ASKED]))
    texts = fields_of(encode_request(data.draw(nouns(noun)), version))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, max(len(texts) - 1, 0)))
        match data.draw(st.sampled_from(["replace", "drop", "double", "cut"])):
            case "replace" if texts:
                texts[place] = data.draw(NASTY)
            case "drop" if texts:
                del texts[place]
            case "double" if texts:
                texts.insert(place, texts[place])
            case _:
                texts = texts[:place]
    payload = encode_fields(texts)
    cut = data.draw(st.integers(0, len(payload)))
    for broken in (payload, payload[:cut]):
        with suppress(ProtocolError):
            decode_request(broken, version)


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (["4", "1", "x", ""], "'x' as order_id, where an integer was expected"),
        (["4", "1"], "ends where order_id was expected"),
        (["4", "1", "7", "", "more"], "has 1 fields too many"),
        (["4", "2", "7", ""], "has version 2; 1 is spoken here"),
        (["60", "1"], "Message 60 is not known"),
        (["109", "1"], "Message 109 is not known"),
        (["", "1"], "'' as its number"),
        (["1.5"], "'1.5' as its number"),
    ],
)
def test_errors_say_what_was_wrong(texts: list[str], said: str) -> None:
    with pytest.raises(ProtocolError) as caught:
        decode_request(encode_fields(texts), 176)
    assert said in str(caught.value)


def test_errors_know_the_number_of_the_message() -> None:
    with pytest.raises(ProtocolError) as caught:
        decode_request(encode_fields(["4", "1", "x", ""]), 176)
    assert caught.value.message_id == 4


def test_a_count_beyond_the_message_is_refused_at_once() -> None:
    order = encode_request(nouns_of_a_combo(), 176)
    texts = fields_of(order)
    place = texts.index("77")
    with pytest.raises(ProtocolError, match=r"announces 999999999 contract\.combo_legs"):
        decode_request(encode_fields([*texts[: place - 1], "999999999", *texts[place:]]), 176)


def nouns_of_a_combo() -> PlaceOrder:
    return PlaceOrder(1, WireContract(sec_type="BAG", combo_legs=(ComboLeg(77),)), WireOrder())


@pytest.mark.parametrize(
    "answer",
    [
        TickPrice(1, 1, float("nan")),
        TickPrice(1, 1, float("inf")),
        TickPrice(1, 1, 1.0, float("nan")),
        TickPrice(1, 1, 1.0, float("inf")),
    ],
)
def test_numbers_that_are_none_are_not_sent(answer: TickPrice) -> None:
    for version in (157, 178):
        with pytest.raises(ProtocolError, match="TickPrice cannot be written"):
            encode_answer(answer, version)


def test_a_text_cannot_hold_the_separator() -> None:
    with pytest.raises(ProtocolError, match="CancelOrder cannot be written"):
        encode_request(CancelOrder(1, "a\0b"), 176)


@pytest.mark.parametrize("version", [156, 179, 201])
def test_versions_beyond_the_two_ends(version: int) -> None:
    with pytest.raises(ProtocolError, match="not spoken here"):
        encode_answer(TickPrice(1, 1, 1.0), version)
    with pytest.raises(ProtocolError, match="not spoken here"):
        decode_request(encode_fields(["49", "1"]), version)


def test_a_noun_of_the_other_direction_has_no_bytes() -> None:
    with pytest.raises(ProtocolError, match="CancelOrder is no message of this direction"):
        encode_answer(CancelOrder(1), 176)  # type: ignore[arg-type]


def test_sizes_are_whole_for_clients_that_read_integers() -> None:
    for version, size in ((157, "7"), (162, "7"), (163, "7.5"), (178, "7.5")):
        assert fields_of(encode_answer(TickPrice(1, 1, 5.0, 7.5), version))[5] == size
    assert fields_of(encode_answer(TickPrice(1, 1, 5.0, 300.0), 178))[5] == "300"


def test_the_offset_that_reaches_to_the_middle() -> None:
    order = WireOrder(order_type="PEG BEST", compete_against_best_offset=float("inf"))
    payload = encode_request(PlaceOrder(1, WireContract(), order), 176)
    read = decode_request(payload.replace(b"Infinity", b"Infinite"), 176)
    assert isinstance(read, PlaceOrder)
    assert read.order.compete_against_best_offset is not None
    assert isinf(read.order.compete_against_best_offset)
