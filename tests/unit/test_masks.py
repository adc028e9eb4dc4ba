"""Account ids and secrets in texts: what must not be shown is not, and the rest is as it was."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framework.config.masks import HIDDEN, Mask

SECRET = "p@ss/word+1"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("nothing to hide: ES 2026-11-30", "nothing to hide: ES 2026-11-30"),
        ("account DU1234567 and U7654321", "account DU*****67 and U*****21"),
        ("it is MYACCT, not MYACCTS", "it is MY**CT, not MYACCTS"),
        (f"the password {SECRET}.", "the password ***."),
        ("in an address p%40ss%2Fword%2B1 too", "in an address *** too"),
        ("https://me:other@host/path", "https://me:***@host/path"),
        ("https://host/?a=1&api_key=abc&b=2", "https://host/?a=1&api_key=***&b=2"),
        ("?token=abc is no address", "?token=abc is no address"),
        ("https://host:8080/a@b", "https://host:8080/a@b"),
    ],
)
def test_what_is_shown(text: str, shown: str) -> None:
    assert Mask(["MYACCT"], [SECRET])(text) == shown


def test_a_mask_learns() -> None:
    mask = Mask()
    assert mask("hunter2 of MYACCT") == "hunter2 of MYACCT"
    mask.know(secrets=["hunter2", "", "abc"])
    mask.know(accounts=["MYACCT", ""])
    assert mask("hunter2 of MYACCT: abc") == f"{HIDDEN} of MY**CT: abc"  # three signs are no secret


TEXTS = st.text(max_size=12)


@given(TEXTS, TEXTS.filter(lambda one: len(one) >= 4 and "*" not in one), TEXTS)
def test_a_secret_is_never_shown(before: str, secret: str, after: str) -> None:
    shown = Mask(secrets=[secret])(f"{before}{secret}{after}")
    assert secret not in shown
