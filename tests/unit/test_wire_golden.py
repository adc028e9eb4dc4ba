"""The bytes of every message in every version, as they were when the client libraries agreed.

The libraries that speak the newest versions are not installed everywhere; this file is. After a
change they confirm, write it anew: `python -m tests.unit.test_wire_golden`.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Any

from framework.emulator.protocol.answers import ANSWERS, TickByTickAllLast
from framework.emulator.protocol.codec import encode_answer, encode_request, fields_of
from framework.emulator.protocol.layout import NEWEST, OLDEST
from framework.emulator.protocol.requests import REQUESTS, PlaceOrder
from tests.unit.wire_nouns import filled
from tests.unit.wire_orders import shapes

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "wire.txt"


def example(noun: type) -> Any:
    if noun is PlaceOrder:
        return PlaceOrder(7, *shapes()["everything at once"])
    full = filled(noun)
    return replace(full, tick_type=2) if noun is TickByTickAllLast else full


def lines() -> list[str]:
    """One line for each message and range of versions in which its bytes are the same."""
    out = []
    for table, encode in ((REQUESTS, encode_request), (ANSWERS, encode_answer)):
        for noun in (message.noun for messages in table.values() for message in messages):
            texts = {
                version: "|".join(fields_of(encode(example(noun), version)))
                for version in range(OLDEST, NEWEST + 1)
            }
            for text, versions in groupby(texts, key=texts.__getitem__):
                span = list(versions)
                out.append(f"{noun.__name__} {span[0]}-{span[-1]}: {text}")
    return out


def test_bytes_are_what_they_were() -> None:
    assert lines() == GOLDEN.read_text(encoding="utf-8").splitlines()


if __name__ == "__main__":
    GOLDEN.write_text("\n".join(lines()) + "\n", encoding="utf-8")
