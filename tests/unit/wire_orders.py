"""Orders of every shape placeOrder can take, each with what its message carries and no more."""

from __future__ import annotations

from dataclasses import fields, replace
from math import inf
from typing import Any

from framework.emulator.protocol.conditions import (
    ExecutionCond,
    MarginCond,
    PercentCond,
    PriceCond,
    TimeCond,
    VolumeCond,
)
from framework.emulator.protocol.contract import ComboLeg, DeltaNeutral, WireContract
from framework.emulator.protocol.order import SoftDollarTier, WireOrder
from tests.unit.wire_nouns import PHASES, filled

STOCK = WireContract(
    265598, "AAPL", "STK", exchange="SMART", primary_exchange="NASDAQ", currency="USD",
    local_symbol="AAPL", trading_class="NMS",
)  # fmt: skip
OPTION = WireContract(
    700001, "SPY", "OPT", "20250620", 550.5, "C", "100", "SMART", "", "USD",
    "SPY   250620C00550500", "SPY", sec_id_type="ISIN", sec_id="US78462F1030",
)  # fmt: skip
COMBO = WireContract(
    0, "SPY", "BAG", exchange="SMART", currency="USD",
    combo_legs=(
        ComboLeg(11, 1, "BUY", "SMART", 1, 2, "here", 3),
        ComboLeg(12, 2, "SELL", "CBOE", 0, 0, "", -1),
    ),
)  # fmt: skip

NEVER_SENT = {
    "auto_cancel_date",
    "basis_points",
    "basis_points_type",
    "client_id",
    "filled_quantity",
    "imbalance_only",
    "order_id",
    "parent_perm_id",
    "perm_id",
    "ref_futures_con_id",
    "route_marketable_to_bbo",
    "shareholder",
}
CONDITIONAL = {
    field.name
    for field in fields(WireOrder)
    if field.name.startswith(("delta_neutral_", "scale_", "pegged_", "reference_", "mid_offset"))
} - {"scale_init_level_size", "scale_subs_level_size", "scale_table", "reference_price_type"}
CONDITIONAL |= {
    "algo_params",
    "algo_strategy",
    "compete_against_best_offset",
    "conditions",
    "conditions_cancel_order",
    "conditions_ignore_rth",
    "hedge_param",
    "hedge_type",
    "is_pegged_change_amount_decrease",
    "min_compete_size",
    "min_trade_qty",
    "order_combo_legs",
    "smart_combo_routing_params",
}
UNUSUAL = {"e_trade_only": False, "firm_quote_only": False, "nbbo_price_cap": None}
"""Fields the official library has given up: it sends these."""


def _bare(order: WireOrder) -> WireOrder:
    default = WireOrder()
    return replace(order, **{name: getattr(default, name) for name in NEVER_SENT | CONDITIONAL})


def everything(phase: int) -> WireOrder:
    """Every field that stands in the message without condition."""
    order = _bare(filled(WireOrder, phase))
    return replace(
        order,
        order_type="VOL",
        order_misc_options="a=b;c=d;",
        soft_dollar_tier=SoftDollarTier("tier", "value"),
        **UNUSUAL,
    )


SCALE: dict[str, Any] = {
    "scale_init_level_size": 10,
    "scale_subs_level_size": 20,
    "scale_price_increment": 0.25,
    "scale_price_adjust_value": 0.5,
    "scale_price_adjust_interval": 60,
    "scale_profit_offset": 0.75,
    "scale_auto_reset": True,
    "scale_init_position": 30,
    "scale_init_fill_qty": 40,
    "scale_random_percent": True,
}
HEDGED: dict[str, Any] = {
    "delta_neutral_order_type": "MKT",
    "delta_neutral_aux_price": 1.5,
    "delta_neutral_con_id": 5,
    "delta_neutral_settling_firm": "firm",
    "delta_neutral_clearing_account": "account",
    "delta_neutral_clearing_intent": "IB",
    "delta_neutral_open_close": "O",
    "delta_neutral_short_sale": True,
    "delta_neutral_short_sale_slot": 2,
    "delta_neutral_designated_location": "there",
}
BENCH: dict[str, Any] = {
    "order_type": "PEG BENCH",
    "reference_contract_id": 8,
    "is_pegged_change_amount_decrease": True,
    "pegged_change_amount": 0.01,
    "reference_change_amount": 0.02,
    "reference_exchange_id": "ARCA",
    "starting_price": 99.0,
    "stock_ref_price": 98.5,
}
CONDITIONS = (
    PriceCond(True, True, 101.5, 265598, "SMART", 4),
    PriceCond(False, False, 0.01, 1, "ISLAND", 0),
    TimeCond(True, False, "20250102 15:30:00 US/Eastern"),
    MarginCond(False, True, 30.0),
    ExecutionCond(True, "STK", "SMART", "MSFT"),
    VolumeCond(False, True, 100000, 272093, "SMART"),
    PercentCond(True, False, 2.5, 272093, "SMART"),
)

_LIMIT = WireOrder(
    action="BUY", total_quantity=100.0, order_type="LMT", lmt_price=100.25, tif="DAY"
)


def _limit(**changes: Any) -> WireOrder:
    return replace(_LIMIT, **changes)


def _algos() -> dict[str, WireOrder]:
    params = {
        "Adaptive": (("adaptivePriority", "Normal"),),
        "Twap": (("strategyType", "Marketable"), ("startTime", "09:45:00 US/Eastern")),
        "Vwap": (("maxPctVol", "0.1"), ("noTakeLiq", "1"), ("endTime", "")),
        "ArrivalPx": (("riskAversion", "Urgent"), ("forceCompletion", "0")),
        "PctVol": (("pctVol", "0.5"),),
        "AD": (),
        "DarkIce": (("displaySize", "100"), ("allowPastEndTime", "1")),
    }
    return {
        f"algo {name}": _limit(algo_strategy=name, algo_params=pairs, algo_id=f"id {name}")
        for name, pairs in params.items()
    }


def _conditioned() -> dict[str, WireOrder]:
    single = {f"if {type(c).__name__} {n}": (c,) for n, c in enumerate(CONDITIONS)}
    several = {"if all": CONDITIONS, "if two": CONDITIONS[2:4]}
    return {
        name: _limit(
            conditions=conditions,
            conditions_ignore_rth=len(conditions) > 1,
            conditions_cancel_order=len(conditions) == 1,
        )
        for name, conditions in {**single, **several}.items()
    }


def _trailing() -> dict[str, WireOrder]:
    return {
        "trail": _limit(order_type="TRAIL", lmt_price=None, aux_price=1.5, trail_stop_price=95.0),
        "trail percent": _limit(order_type="TRAIL", lmt_price=None, trailing_percent=2.5),
        "trail limit": _limit(
            order_type="TRAIL LIMIT", lmt_price=None, lmt_price_offset=0.1, aux_price=1.0,
            trail_stop_price=96.0,
        ),
        "adjusted to trail": _limit(
            order_type="STP", aux_price=90.0, adjusted_order_type="TRAIL", trigger_price=105.0,
            adjusted_stop_price=104.0, adjusted_stop_limit_price=103.0,
            adjusted_trailing_amount=1.25, adjustable_trailing_unit=100,
        ),
    }  # fmt: skip


def _pegged() -> dict[str, WireOrder]:
    best = {"order_type": "PEG BEST", "min_compete_size": 200}
    return {
        "peg bench": _limit(**BENCH),
        "peg best": _limit(**best, compete_against_best_offset=0.02),
        "peg best of no offset": _limit(**best),
        "peg best up to mid": _limit(
            **best,
            compete_against_best_offset=inf,
            mid_offset_at_whole=0.0,
            mid_offset_at_half=0.005,
        ),
        "peg mid": _limit(order_type="PEG MID", mid_offset_at_whole=0.01, mid_offset_at_half=0.015),
        "rel": _limit(order_type="REL", percent_offset=0.05, aux_price=0.02),
    }


def shapes() -> dict[str, tuple[WireContract, WireOrder]]:
    """Name, contract and order of every shape."""
    stock_orders = {
        "market": _limit(order_type="MKT", lmt_price=None),
        "limit": _LIMIT,
        "limit sell fraction": _limit(action="SELL", total_quantity=0.5, lmt_price=1e-05),
        "stop": _limit(order_type="STP", lmt_price=None, aux_price=90.5),
        "stop limit": _limit(order_type="STP LMT", aux_price=90.5),
        "parent": _limit(transmit=False, oca_type=3),
        "child": _limit(parent_id=41, action="SELL", order_type="STP", aux_price=88.0),
        "oca": _limit(oca_group="group 7", oca_type=2),
        "gtd": _limit(tif="GTD", good_till_date="20250102 15:30:00 US/Eastern"),
        "gat": _limit(good_after_time="20250102 15:30:00 US/Eastern", outside_rth=True),
        "what if": _limit(what_if=True, order_ref="ref;1"),
        "scale": _limit(**SCALE, scale_table="table", active_start_time="a", active_stop_time="b"),
        "scale of no increment": _limit(scale_price_increment=0.0),
        "hedge": _limit(hedge_type="B", hedge_param="beta=1.5"),
        "cash": _limit(total_quantity=0.0, cash_qty=1500.0),
        "iceberg": _limit(display_size=10, min_qty=5, hidden=True, all_or_none=True),
        "managed": _limit(use_price_mgmt_algo=True, duration=60, post_to_ats=1),
        "unmanaged": _limit(use_price_mgmt_algo=False),
        **{f"everything {phase}": everything(phase) for phase in PHASES},
        "everything at once": replace(
            everything(0), **SCALE, **HEDGED, conditions=CONDITIONS, algo_strategy="Vwap",
            algo_params=(("a", "1"),), hedge_type="P", hedge_param="ratio=2",
        ),
        "none by name": _limit(adjusted_order_type="None"),
        **_algos(),
        **_conditioned(),
        **_trailing(),
        **_pegged(),
    }  # fmt: skip
    all_of_them = {name: (STOCK, order) for name, order in stock_orders.items()}
    all_of_them |= {
        "option vol": (OPTION, _limit(order_type="VOL", volatility=0.25, volatility_type=2)),
        "option hedged": (OPTION, _limit(order_type="VOL", volatility=0.25, **HEDGED)),
        "combo": (COMBO, _limit(lmt_price=-1.25)),
        "combo leg prices": (COMBO, _limit(lmt_price=None, order_combo_legs=(1.5, None))),
        "combo smart": (
            COMBO,
            _limit(smart_combo_routing_params=(("NonGuaranteed", "1"), ("LeginPrio", "1"))),
        ),
        "combo delta neutral": (
            replace(COMBO, delta_neutral=DeltaNeutral(265598, 0.5, 101.25)),
            _LIMIT,
        ),
        "ats": (replace(STOCK, exchange="IBKRATS"), _limit(min_trade_qty=7)),
        "ats mid": (
            replace(STOCK, exchange="IBKRATS"),
            _limit(order_type="PEG MID", min_trade_qty=7, mid_offset_at_whole=0.01),
        ),
        "ats best": (
            replace(STOCK, exchange="IBKRATS"),
            _limit(
                order_type="PEG BEST",
                min_trade_qty=7,
                min_compete_size=8,
                compete_against_best_offset=0.01,
            ),
        ),
    }
    return all_of_them
