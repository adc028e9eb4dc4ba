"""Error codes: one table, and what nobody knows changes nothing."""

from __future__ import annotations

import pytest

from framework.brokers.ib.codes import CODES, Action, code_of, is_read_only

CASES = [
    (399, "", Action.NOTE),
    (404, "", Action.NOTE),
    (2109, "", Action.NOTE),
    (10349, "", Action.NOTE_QUERY),
    (110, "", Action.REJECT),
    (200, "", Action.REJECT),
    (201, "", Action.REJECT),
    (203, "", Action.REJECT),
    (460, "", Action.REJECT),
    (202, "", Action.CANCELLED),
    (161, "", Action.CANCEL_REFUSED),
    (10147, "", Action.CANCEL_REFUSED),
    (10148, "", Action.CANCEL_REFUSED),
    (103, "", Action.ID_IN_USE),
    (326, "", Action.CLIENT_ID_IN_USE),
    (100, "", Action.RATE),
    (162, "HMDS query returned no data", Action.REQUEST_FAILED),
    (162, "Historical data request pacing violation", Action.PACING),
    (420, "", Action.PACING),
    (354, "", Action.NO_DATA),
    (10168, "", Action.NO_DATA),
    (10167, "", Action.DELAYED),
    (10197, "", Action.DATA_STALE),
    (2103, "", Action.DATA_STALE),
    (2105, "", Action.DATA_STALE),
    (2157, "", Action.INFORM),
    (2104, "", Action.DATA_OK),
    (2106, "", Action.DATA_OK),
    (2158, "", Action.DATA_OK),
    (2107, "", Action.INFORM),
    (2108, "", Action.INFORM),
    (1100, "", Action.CONNECTION_LOST),
    (2110, "", Action.CONNECTION_LOST),
    (1101, "", Action.RESTORED_LOST),
    (1102, "", Action.RESTORED_KEPT),
    (502, "", Action.SOCKET),
    (1300, "", Action.SOCKET),
    (321, "cause - You must specify an account.", Action.REJECT),
    (321, "The API interface is currently in Read-Only mode.", Action.READ_ONLY),
    (2199, "", Action.ALERT),
    (99_999, "", Action.ALERT),
]


@pytest.mark.parametrize(("code", "text", "action"), CASES)
def test_what_a_code_asks_for(code: int, text: str, action: Action) -> None:
    assert code_of(code, text).action is action


def test_every_code_has_words() -> None:
    assert all(code.meaning for code in CODES.values())
    assert not any(code.action in (Action.ALERT, Action.READ_ONLY) for code in CODES.values())


def test_read_only_is_told_by_its_words() -> None:
    assert is_read_only(321, "currently in Read-Only mode")
    assert not is_read_only(201, "currently in Read-Only mode")
