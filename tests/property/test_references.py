"""References: every id travels and comes back, and never to another journal."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framework.brokers.ib.library import library
from framework.brokers.ib.listed import Book, Listed
from framework.brokers.ib.translate_back import order_from
from framework.brokers.ib.translate_contract import contract_of
from framework.brokers.ib.translate_order import Sent, order_to
from framework.domain.instruments import Instrument
from framework.domain.orders import Order, OrderType, Side
from framework.domain.owners import owner_of
from framework.domain.references import LONGEST, References, base36, tag_of
from framework.errors import OrderError

LIB = library()
LISTED = Listed(Instrument("AAA"), 1, "AAA", "STK", "SMART")
BOOK = Book([LISTED])
ORDER = Order("o", "AAA", Side.BUY, 10.0, OrderType.MARKET, 0, 100.0)

names = st.from_regex(r"[A-Za-z0-9]{1,20}(\.[a-z0-9]{6})?", fullmatch=True)
ids = st.builds("{}-{}".format, names, st.integers(1, 99_999))
tags = st.builds(tag_of, st.integers(0, 2**62), st.integers(0, 999))
journals = st.builds(References, tags | st.just(""))


@given(ids, journals)
def test_an_id_travels_and_comes_back(order_id: str, ours: References) -> None:
    reference = ours.outward(order_id)
    assert reference.isascii()
    assert len(reference) <= LONGEST
    assert ours.inward(reference) == order_id
    assert owner_of(reference) == owner_of(order_id)
    if not ours.tag:
        assert reference == order_id


@given(ids, journals, journals)
def test_what_another_journal_sent_is_none_of_ours(
    order_id: str, ours: References, theirs: References
) -> None:
    back = ours.inward(theirs.outward(order_id))
    assert back == (order_id if ours == theirs else None)


@given(st.text(max_size=60), journals)
def test_whatever_comes_in_is_ours_only_if_it_would_go_out_so(text: str, ours: References) -> None:
    order_id = ours.inward(text)
    if order_id is None:
        return
    try:
        assert ours.outward(order_id) == text
    except OrderError:
        assert not order_id.isascii() or not order_id.isprintable() or (
            len(text) > LONGEST or "@" in order_id
        )  # fmt: skip


@given(st.text(max_size=60), journals)
def test_what_goes_out_is_short_ascii_or_an_error_that_names_it(
    text: str, ours: References
) -> None:
    try:
        reference = ours.outward(text)
    except OrderError as error:
        assert ascii(text)[1:-1] in ascii(str(error)) or not text.isprintable()
        assert error.remedy
    else:
        assert reference.isascii()
        assert reference.isprintable()
        assert len(reference) <= LONGEST
        assert ours.inward(reference) == text


@given(ids, st.text(min_size=1, max_size=30), journals)
def test_orders_and_their_groups_come_back_from_the_wire(
    order_id: str, group: str, ours: References
) -> None:
    order = replace(ORDER, id=order_id, oca=group)
    wire = order_to(LIB, order, BOOK, Sent("DU1", references=ours))
    assert wire.orderRef == ours.outward(order_id)
    back = order_from(contract_of(LIB, LISTED, "SMART"), wire, BOOK, "UTC", references=ours)
    assert (back.id, back.oca) == (order_id, group)


@given(st.text(min_size=1, max_size=30), journals, journals)
def test_groups_of_two_journals_are_never_one(
    group: str, ours: References, theirs: References
) -> None:
    same = ours.group_outward(group) == theirs.group_outward(group)
    assert same == (ours == theirs)


@pytest.mark.parametrize(
    ("order_id", "said"),
    [
        ("", "''"),
        ("Müller-1", "only ASCII"),
        ("a\nb-1", "only ASCII"),
        ("Flip-1@k3x9q2", "stands before a journal's tag"),
        ("S" * 32 + "-1", "41 characters, and 40 are the most"),
    ],
)
def test_what_cannot_travel_is_said(order_id: str, said: str) -> None:
    with pytest.raises(OrderError, match=said):
        References("k3x9q2").outward(order_id)


def test_the_longest_that_travels() -> None:
    assert len(References("k3x9q2").outward("S" * 31 + "-1")) == 40
    assert References().outward("S" * 38 + "-1") == "S" * 38 + "-1"


@given(st.integers(0, 2**70))
def test_base36_is_what_python_reads(number: int) -> None:
    assert int(base36(number), 36) == number


def test_tags_differ_by_time_and_by_client() -> None:
    found = {tag_of(time, client) for time in range(1_000) for client in (1, 2)}
    assert len(found) == 2_000
    assert {len(tag) for tag in found} == {6}
    assert tag_of(1_790_000_000 * 10**9, 1) == tag_of(1_790_000_000 * 10**9, 1)
