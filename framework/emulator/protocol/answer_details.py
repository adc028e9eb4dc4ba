"""Everything there is to know about one contract, and how its message is laid out."""

from __future__ import annotations

__all__ = ["BOND_CONTRACT_DETAILS", "CONTRACT_DETAILS", "BondDetails", "Details"]

from dataclasses import dataclass, field
from typing import Annotated

from framework.emulator.protocol.contract import WireContract
from framework.emulator.protocol.kinds import ESCAPED, SHORT, SIZE
from framework.emulator.protocol.layout import Blank, Inside, Joined, Named, Rows


@dataclass(frozen=True, slots=True)
class Details:
    """A contract and what is known about it.

    `last_trade_time` is what follows the last trading day on the wire, "08:30 US/Central" say;
    lists in one text are separated by commas.
    """

    contract: WireContract = field(default_factory=WireContract)
    last_trade_time: str = ""
    market_name: str = ""
    min_tick: float = 0.01
    order_types: str = ""
    valid_exchanges: str = ""
    price_magnifier: int = 1
    under_con_id: int = 0
    long_name: Annotated[str, ESCAPED] = ""
    contract_month: str = ""
    industry: str = ""
    category: str = ""
    subcategory: str = ""
    time_zone_id: str = ""
    trading_hours: str = ""
    liquid_hours: str = ""
    ev_rule: str = ""
    ev_multiplier: int = 0
    sec_id_list: tuple[tuple[str, str], ...] = ()
    agg_group: int | None = None
    under_symbol: str = ""
    under_sec_type: str = ""
    market_rule_ids: str = ""
    real_expiration_date: str = ""
    stock_type: str = ""
    min_size: Annotated[float, SIZE] = 1.0
    size_increment: Annotated[float, SIZE] = 1.0
    suggested_size_increment: Annotated[float, SIZE] = 100.0


@dataclass(frozen=True, slots=True)
class BondDetails:
    """A bond and what is known about it."""

    contract: WireContract = field(default_factory=WireContract)
    cusip: str = ""
    coupon: Annotated[float, SHORT] = 0.0
    maturity: str = ""
    issue_date: str = ""
    ratings: str = ""
    bond_type: str = ""
    coupon_type: str = ""
    convertible: bool = False
    callable: bool = False
    putable: bool = False
    desc_append: str = ""
    market_name: str = ""
    min_tick: float = 0.0
    order_types: str = ""
    valid_exchanges: str = ""
    next_option_date: str = ""
    next_option_type: str = ""
    next_option_partial: bool = False
    notes: str = ""
    long_name: str = ""
    ev_rule: str = ""
    ev_multiplier: int = 0
    sec_id_list: tuple[tuple[str, str], ...] = ()
    agg_group: int | None = None
    market_rule_ids: str = ""
    min_size: Annotated[float, SIZE] = 1.0
    size_increment: Annotated[float, SIZE] = 1.0
    suggested_size_increment: Annotated[float, SIZE] = 1.0


_SIZE_MULTIPLIER = Blank("100", until=164)
_SIZES = Named("min_size size_increment suggested_size_increment", since=164)

CONTRACT_DETAILS = Rows(
    "req_id",
    Inside(
        "details",
        Inside("contract", "symbol sec_type"),
        Joined("contract.last_trade_date", "last_trade_time"),
        Inside("contract", "strike right exchange currency local_symbol"),
        "market_name",
        Inside("contract", "trading_class con_id"),
        "min_tick",
        _SIZE_MULTIPLIER,
        Inside("contract", "multiplier"),
        "order_types valid_exchanges price_magnifier under_con_id long_name",
        Inside("contract", "primary_exchange"),
        "contract_month industry category subcategory time_zone_id trading_hours liquid_hours",
        "ev_rule ev_multiplier sec_id_list agg_group under_symbol under_sec_type market_rule_ids",
        "real_expiration_date stock_type",
        Named("suggested_size_increment", since=163, until=164),
        _SIZES,
    ),
)

BOND_CONTRACT_DETAILS = Rows(
    "req_id",
    Inside(
        "details",
        Inside("contract", "symbol sec_type"),
        "cusip coupon maturity issue_date ratings bond_type coupon_type convertible callable",
        "putable desc_append",
        Inside("contract", "exchange currency"),
        "market_name",
        Inside("contract", "trading_class con_id"),
        "min_tick",
        _SIZE_MULTIPLIER,
        "order_types valid_exchanges next_option_date next_option_type next_option_partial notes",
        "long_name ev_rule ev_multiplier sec_id_list agg_group market_rule_ids",
        _SIZES,
    ),
)
