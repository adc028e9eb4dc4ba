"""Which client library is used, and the errors where none or two are there."""

from __future__ import annotations

from importlib.machinery import ModuleSpec

import pytest

from framework.brokers.ib import library as room
from framework.brokers.ib.problems import ClientLibraryError


def installed(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    def find(name: str) -> ModuleSpec | None:
        return ModuleSpec(name, None) if name in names else None

    monkeypatch.setattr(room, "find_spec", find)


@pytest.mark.parametrize("name", room.NAMES)
def test_the_one_that_is_there(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    installed(monkeypatch, name)
    assert room.library_name() == name


def test_none_is_an_error_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    installed(monkeypatch)
    with pytest.raises(ClientLibraryError, match="pip install ib_insync"):
        room.library_name()


def test_two_are_an_error_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    installed(monkeypatch, *room.NAMES)
    with pytest.raises(ClientLibraryError, match="pip uninstall"):
        room.library_name()


def test_it_has_everything_the_room_asks_of_it() -> None:
    lib = room.library()
    for name in room.Library.__annotations__:
        assert hasattr(lib, name), name
    for made, noun in (
        (lib.Contract(), room.IbContract),
        (lib.Order(), room.IbOrder),
        (lib.OrderState(), room.IbOrderState),
        (lib.Execution(), room.IbExecution),
        (lib.CommissionReport(), room.IbCommission),
        (lib.ContractDetails(), room.IbDetails),
    ):
        for attribute in noun.__annotations__:
            assert hasattr(made, attribute), f"{type(made).__name__}.{attribute}"
