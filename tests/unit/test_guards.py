"""Guards: which facts must agree before an order may leave, and what each says when they do not."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

import pytest

from framework.config.environment import Mode
from framework.errors import InputError, ReconcileError
from framework.session.guards import (
    GuardError,
    LiveFacts,
    Objection,
    UnreconciledError,
    Weight,
    account_objections,
    insist,
    insist_reconciled,
    is_paper,
    live_objections,
    paper_objections,
    port_objections,
    privacy_objections,
)

GOOD = LiveFacts("live", True, "U1234567", ("U1234567",), "U1234567")


def causes(objections: tuple[Objection, ...]) -> list[str]:
    return [one.cause for one in objections]


@pytest.mark.parametrize(
    ("account", "paper"),
    [
        ("DU1234567", True),
        ("DUA123456", True),
        ("U1234567", False),
        ("F1234567", False),
        ("DF1234567", False),
        ("du1234567", False),
        ("DU", False),
        ("DU12345X", False),
        ("XDU1234567", False),
        ("DU1234567 ", False),
        ("DU1234567\n", False),
        ("", False),
    ],
)
def test_what_is_not_certainly_paper_is_real(account: str, paper: bool) -> None:
    assert is_paper(account) is paper


# live ----------------------------------------------------------------------------------------


def test_four_facts_that_agree_are_enough() -> None:
    assert live_objections(GOOD, connected=True) == ()
    assert live_objections(replace(GOOD, configured=""), connected=True) == ()
    assert live_objections(replace(GOOD, reported=None), connected=False) == ()
    several = replace(GOOD, reported=("U7654321", "U1234567"))
    assert live_objections(several, connected=True) == ()


@pytest.mark.parametrize(
    ("changes", "cause", "says"),
    [
        ({"mode": ""}, "mode", "the configuration does not say so"),
        ({"mode": "paper"}, "mode", "the configuration says 'paper'"),
        ({"mode": "Live"}, "mode", "'Live'"),
        ({"flag": False}, "flag", "needs the flag --live"),
        ({"typed": "", "configured": ""}, "account_missing", "typed on the command line"),
        ({"reported": None}, "not_reported", "has not reported account U*****67"),
        ({"reported": ()}, "account_not_reported", "reports none, and not U*****67"),
        ({"reported": ("U12345678",)}, "account_not_reported", "reports U******78"),
        ({"reported": ("DU1234567",)}, "account_not_reported", "reports DU*****67"),
        ({"configured": "U1234568"}, "account_differs", "IB_LIVE_ACCOUNT is U*****68"),
    ],
)
def test_each_missing_fact_refuses_alone(changes: dict[str, object], cause: str, says: str) -> None:
    found = live_objections(replace(GOOD, **changes), connected=True)  # type: ignore[arg-type]
    assert causes(found) == [cause]
    assert says in str(found[0])
    assert found[0].weight is Weight.REFUSE
    assert found[0].remedy
    assert "U1234567" not in str(found[0])


def test_a_typed_account_is_not_taken_from_the_configuration() -> None:
    found = live_objections(replace(GOOD, typed=""), connected=True)
    assert causes(found) == ["account_missing"]


def test_a_paper_account_is_refused_on_live_even_where_everybody_agrees() -> None:
    facts = LiveFacts("live", True, "DU1234567", ("DU1234567",), "DU1234567")
    assert causes(live_objections(facts, connected=True)) == ["paper_account"]


def test_no_combination_of_facts_trades_live_but_one() -> None:
    accepted = [
        (mode, flag, typed, reported)
        for mode, flag, typed, reported in product(
            ("", "paper", "live"),
            (False, True),
            ("", "U1", "DU1", "U2"),
            (None, (), ("U1",), ("DU1",), ("U3",)),
        )
        if not live_objections(LiveFacts(mode, flag, typed, reported), connected=True)
    ]
    assert accepted == [("live", True, "U1", ("U1",))]


# paper ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("account", ["U1234567", "F1234567", "X1", "du1234567", ""])
def test_a_live_or_unknown_account_is_refused_on_paper(account: str) -> None:
    assert "live_account" in causes(paper_objections(account, (account,)))


def test_a_paper_account_must_be_the_brokers_too() -> None:
    assert paper_objections("DU1234567", ("DU1234567",)) == ()
    found = paper_objections("DU1234567", ("DU7654321",))
    assert causes(found) == ["account_not_reported"]


def test_the_prefix_and_the_mode_agree_or_not() -> None:
    assert account_objections(Mode.LIVE, "U1234567") == ()
    assert account_objections(Mode.PAPER, "DU1234567") == ()
    assert causes(account_objections(Mode.LIVE, "DU1234567")) == ["paper_account"]
    assert causes(account_objections(Mode.PAPER, "U1234567")) == ["live_account"]


@pytest.mark.parametrize(
    ("mode", "port", "says"),
    [
        (Mode.PAPER, 7497, ""),
        (Mode.PAPER, 4002, ""),
        (Mode.LIVE, 7496, ""),
        (Mode.LIVE, 4001, ""),
        (Mode.PAPER, 5555, ""),
        (Mode.PAPER, 7496, "usually the port of TWS logged in for live"),
        (Mode.PAPER, 4001, "usually the port of IB Gateway logged in for live"),
        (Mode.LIVE, 7497, "use 7496"),
        (Mode.LIVE, 4002, "use 4001"),
    ],
)
def test_a_port_of_the_other_mode_is_a_warning(mode: Mode, port: int, says: str) -> None:
    found = port_objections(mode, port)
    assert bool(found) is bool(says)
    for one in found:
        assert one.weight is Weight.WARN
        assert says in str(one)


# files ---------------------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform == "win32", reason="permissions are others there")
def test_a_file_of_others_is_refused_live_and_warned_of_on_paper(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    assert privacy_objections(path, "journal", Mode.LIVE) == ()
    path.touch(0o600)
    assert privacy_objections(path, "journal", Mode.LIVE) == ()
    path.chmod(0o640)
    (live,) = privacy_objections(path, "journal", Mode.LIVE)
    assert live.weight is Weight.REFUSE
    assert str(live) == (
        f"Others may read the journal {path} (mode 640). Make it yours alone: chmod 600 {path}"
    )
    (paper,) = privacy_objections(path, "journal", Mode.PAPER)
    assert paper.weight is Weight.WARN


# insisting -----------------------------------------------------------------------------------


def test_all_refusals_are_told_at_once_and_warnings_are_handed_back() -> None:
    warning = port_objections(Mode.PAPER, 7496)
    assert insist(warning) == (str(warning[0]),)
    facts = LiveFacts("", False, "")
    with pytest.raises(GuardError) as caught:
        insist((*warning, *live_objections(facts, connected=True)))
    assert caught.value.causes == ("mode", "flag", "account_missing")
    assert isinstance(caught.value, InputError)
    assert caught.value.exit_code == 2
    for one in live_objections(facts, connected=True):
        assert str(one) in str(caught.value)


@dataclass(frozen=True)
class Difference:
    text: str
    blocks: bool = True

    def __str__(self) -> str:
        return self.text


def test_a_start_with_unexplained_differences_is_refused() -> None:
    insist_reconciled([])
    insist_reconciled([Difference("a note", blocks=False)])
    with pytest.raises(UnreconciledError, match="nothing is traded: AAPL 10, not 5") as caught:
        insist_reconciled([Difference("a note", blocks=False), Difference("AAPL 10, not 5")])
    assert isinstance(caught.value, ReconcileError)
    assert caught.value.exit_code == 1
    assert "--adopt" in caught.value.remedy
    with pytest.raises(UnreconciledError, match="d4; and 3 more"):
        insist_reconciled(Difference(f"d{number}") for number in range(8))


def test_no_repr_of_the_facts_shows_an_account() -> None:
    assert "1234567" not in repr(GOOD)
