"""Payloads and nouns: what a client asks, what a server tells, in the version both agreed on."""

from __future__ import annotations

__all__ = [
    "decode_answer",
    "decode_request",
    "encode_answer",
    "encode_fields",
    "encode_request",
    "fields_of",
    "message_id",
    "mutated",
]

from collections.abc import Iterable, Mapping
from functools import cache
from operator import attrgetter
from typing import Any

from framework.emulator.protocol.answers import ANSWERS, Answer
from framework.emulator.protocol.errors import ProtocolError
from framework.emulator.protocol.kinds import INTEGER, Kind, Write
from framework.emulator.protocol.layout import NEWEST, OLDEST, Message
from framework.emulator.protocol.plan import plan_of
from framework.emulator.protocol.reading import Cursor, Decode, decoder
from framework.emulator.protocol.requests import REQUESTS, Request
from framework.emulator.protocol.writing import Encode, Spell, encoder

_FRACTIONS = 163
"""The first version whose clients read sizes with fractions."""


_REQUEST_OF = {message.noun: message for messages in REQUESTS.values() for message in messages}
_ANSWER_OF = {message.noun: message for messages in ANSWERS.values() for message in messages}


def encode_answer(answer: Answer, version: int) -> bytes:
    """The payload of what a server tells a client of this version.

    Raises:
        ProtocolError: the version is not spoken here, or a value cannot be spelled.
    """
    noun: type = type(answer)
    return _answer_encoder(noun, version)(answer)


def encode_request(request: Request, version: int) -> bytes:
    """The payload of what a client asks a server of this version.

    Raises:
        ProtocolError: the version is not spoken here, or a value cannot be spelled.
    """
    noun: type = type(request)
    return _request_encoder(noun, version)(request)


def decode_request(payload: bytes, version: int) -> Request:
    """What a client of this version asks.

    Raises:
        ProtocolError: the bytes are no message, or none of this version.
    """
    noun: Request = _decoded(payload, version, REQUESTS)
    return noun


def decode_answer(payload: bytes, version: int) -> Answer:
    """What a server of this version tells.

    Raises:
        ProtocolError: the bytes are no message, or none of this version.
    """
    noun: Answer = _decoded(payload, version, ANSWERS)
    return noun


def message_id(noun: type) -> int:
    """The number of a request's or an answer's message."""
    message = _REQUEST_OF.get(noun) or _ANSWER_OF.get(noun)
    if message is None:
        raise ProtocolError(f"{noun.__name__} is no message.")
    return message.number


def encode_fields(texts: Iterable[str]) -> bytes:
    """The payload of these fields, whatever they mean."""
    return "".join(f"{text}\0" for text in texts).encode()


def fields_of(payload: bytes) -> list[str]:
    """The fields of a payload.

    Raises:
        ProtocolError: it does not end with a field's end, or is no text.
    """
    if not payload.endswith(b"\0"):
        raise ProtocolError(f"A message of {len(payload)} bytes does not end with a separator.")
    try:
        return payload[:-1].decode().split("\0")
    except UnicodeDecodeError as error:
        raise ProtocolError(f"A message is no UTF-8 text: {error.reason}.") from error


def mutated(payload: bytes, index: int, text: str) -> bytes:
    """The payload with another text as one field; field 0 is the message's number.

    Raises:
        ProtocolError: there is no such field.
    """
    texts = fields_of(payload)
    if not 0 <= index < len(texts):
        raise ProtocolError(f"A message has {len(texts)} fields; there is none at {index}.")
    texts[index] = text
    return encode_fields(texts)


def _decoded(payload: bytes, version: int, table: Mapping[int, tuple[Message, ...]]) -> Any:
    texts = fields_of(payload)
    number = Cursor(texts, 0, "A message").value("its number", INTEGER)
    assert isinstance(number, int)
    if number not in table:
        raise ProtocolError(f"Message {number} is not known.", number)
    message = _told_apart(table[number], texts)
    cursor = Cursor(texts, number, message.noun.__name__)
    cursor.take("its number")
    if message.version is not None and version < message.version_until:
        own = cursor.value("its version", INTEGER)
        if own != message.version:
            cursor.refuse(f"has version {own}; {message.version} is spoken here")
    noun = _noun_decoder(message.noun, version)(cursor)
    if cursor.left:
        cursor.refuse(f"has {cursor.left} fields too many")
    return noun


def _told_apart(messages: tuple[Message, ...], texts: list[str]) -> Message:
    """Which of several messages of one number the fields are."""
    for message in messages:
        if len(texts) > message.telling and texts[message.telling] in message.marks:
            return message
    return messages[0]


@cache
def _answer_encoder(noun: type, version: int) -> Encode:
    whole = version < _FRACTIONS

    def spell(kind: Kind) -> Write:
        return kind.tell_whole if whole else kind.tell

    return _encoder(_message(noun, _ANSWER_OF), version, spell)


@cache
def _request_encoder(noun: type, version: int) -> Encode:
    return _encoder(_message(noun, _REQUEST_OF), version, attrgetter("ask"))


@cache
def _noun_decoder(noun: type, version: int) -> Decode:
    message = _message(noun, _REQUEST_OF if noun in _REQUEST_OF else _ANSWER_OF)
    return decoder(noun, plan_of(message, _spoken(version)))


def _encoder(message: Message, version: int, spell: Spell) -> Encode:
    head = [str(message.number)]
    if message.version is not None and version < message.version_until:
        head.append(str(message.version))
    return encoder(head, plan_of(message, _spoken(version)), message.noun.__name__, spell)


def _message(noun: type, table: Mapping[type, Message]) -> Message:
    if noun not in table:
        raise ProtocolError(f"{noun.__name__} is no message of this direction.")
    return table[noun]


def _spoken(version: int) -> int:
    if not OLDEST <= version <= NEWEST:
        raise ProtocolError(f"Version {version} is not spoken here; {OLDEST} to {NEWEST} are.")
    return version
