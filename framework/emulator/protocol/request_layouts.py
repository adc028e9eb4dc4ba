"""Contracts as requests carry them, and the requests whose fields do not stand in noun order."""

from __future__ import annotations

__all__ = [
    "C12_AND_HEDGE",
    "CONTRACT_ASKED_FOR",
    "CONTRACT_IN_SHORT",
    "HEAD_TIMESTAMP",
    "HISTOGRAM",
    "HISTORICAL_DATA",
    "HISTORICAL_TICKS",
    "IMPLIED_VOLATILITY",
    "OPTION_PRICE",
    "is_combo",
]

from framework.emulator.protocol.contract import C12, LEG_IN_SHORT
from framework.emulator.protocol.layout import Inside, Items, Named, Rows, Spare, When


def is_combo(sec_type: str) -> bool:
    """Whether a contract of this type has legs."""
    return sec_type == "BAG"


_LEGS = When("sec_type", is_combo, Items("combo_legs", LEG_IN_SHORT))
_ASKED = Inside("contract", *C12.rows, "include_expired")

C12_AND_HEDGE = Rows(*C12.rows, _LEGS, "delta_neutral")

CONTRACT_ASKED_FOR = Rows(
    *C12.rows, "include_expired sec_id_type sec_id", Named("issuer_id", since=176)
)

CONTRACT_IN_SHORT = Rows("con_id symbol sec_type exchange primary_exchange currency local_symbol")

HISTORICAL_DATA = Rows(
    "req_id",
    _ASKED,
    "end_date_time bar_size duration use_rth what_to_show format_date",
    Inside("contract", _LEGS),
    "keep_up_to_date chart_options",
)

HEAD_TIMESTAMP = Rows("req_id", _ASKED, "use_rth what_to_show format_date")

HISTOGRAM = Rows("req_id", _ASKED, "use_rth time_period")

HISTORICAL_TICKS = Rows(
    "req_id",
    _ASKED,
    "start_date_time end_date_time number_of_ticks what_to_show use_rth ignore_size misc_options",
)

_OPTIONS = (Spare("options_count", left=2), "options")
"""The newest clients leave the count out."""

IMPLIED_VOLATILITY = Rows("req_id contract option_price under_price", *_OPTIONS)

OPTION_PRICE = Rows("req_id contract volatility under_price", *_OPTIONS)
