"""docs/going-live.md: its questions are those that are asked, its codes those that are known."""

from __future__ import annotations

import re
from pathlib import Path

from framework.brokers.ib.codes import CODES
from framework.readiness.checklist import QUESTIONS

PAGE = Path(__file__).parents[2] / "docs" / "going-live.md"


def between(mark: str) -> str:
    found = re.search(
        rf"<!-- {mark} -->\n(.*?)<!-- /{mark} -->", PAGE.read_text("utf-8"), re.DOTALL
    )
    assert found is not None, mark
    return found[1]


def questions() -> str:
    rows = [f"| `{one.name}` | {one.text} |" for one in QUESTIONS]
    return "\n".join(["| answer | to |", "|---|---|", *rows, ""])


def codes() -> str:
    rows = [
        f"| {number} | {code.meaning} | {code.action.value.replace('_', ' ')} |"
        for number, code in sorted(CODES.items())
    ]
    return "\n".join(["| code | means | what is done |", "|---|---|---|", *rows, ""])


def test_the_questions_are_those_that_are_asked() -> None:
    assert between("questions") == questions()


def test_every_code_we_know_is_listed() -> None:
    assert between("codes") == codes()
