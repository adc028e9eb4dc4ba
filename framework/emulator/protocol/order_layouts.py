"""The three messages that carry an order: which fields, in which order, under which condition."""

from __future__ import annotations

__all__ = ["COMPLETED_ORDER", "OPEN_ORDER", "PLACE_ORDER"]

from math import inf

from framework.emulator.protocol.conditions import CONDITIONS
from framework.emulator.protocol.contract import C12
from framework.emulator.protocol.kinds import OR_QUESTION
from framework.emulator.protocol.layout import Blank, Choice, Inside, Led, Named, Rows, When
from framework.emulator.protocol.request_layouts import is_combo

_BENCHMARKED = frozenset({"PEG BENCH", "PEGBENCH"})
_BEST = frozenset({"PEG BEST", "PEGBEST"})
_MIDDLE = frozenset({"PEG MID", "PEGMID"})


def _positive(number: float | None) -> bool:
    return number is not None and number > 0.0


def _up_to_the_middle(offset: float | None) -> bool:
    return offset == inf


def _anonymous(exchange: str) -> bool:
    return exchange == "IBKRATS"


_SCALE = Rows(
    "scale_init_level_size scale_subs_level_size scale_price_increment",
    When(
        "scale_price_increment",
        _positive,
        "scale_price_adjust_value scale_price_adjust_interval scale_profit_offset",
        "scale_auto_reset scale_init_position scale_init_fill_qty scale_random_percent",
    ),
)
_HEDGE = Led("hedge_type", "hedge_param")
_ALGO = Led("algo_strategy", "algo_params")
_BENCHMARK = When(
    "order_type",
    _BENCHMARKED.__contains__,
    "reference_contract_id is_pegged_change_amount_decrease pegged_change_amount",
    "reference_change_amount reference_exchange_id",
)
_CONDITIONS = Rows(
    Choice("conditions", CONDITIONS),
    When("conditions", bool, "conditions_ignore_rth conditions_cancel_order"),
)
_MIDDLE_OFFSETS = "mid_offset_at_whole mid_offset_at_half"
_HEDGE_IN_FULL = Led(
    "delta_neutral_order_type",
    "delta_neutral_con_id delta_neutral_settling_firm delta_neutral_clearing_account",
    "delta_neutral_clearing_intent delta_neutral_open_close delta_neutral_short_sale",
    "delta_neutral_short_sale_slot delta_neutral_designated_location",
    between="delta_neutral_aux_price",
)
_OFFSETS = Named(
    f"min_trade_qty min_compete_size compete_against_best_offset {_MIDDLE_OFFSETS}", since=170
)

PLACE_ORDER = Rows(
    "order_id",
    Inside("contract", *C12.rows, "sec_id_type sec_id"),
    Inside(
        "order",
        "action total_quantity order_type lmt_price aux_price tif oca_group account open_close",
        "origin order_ref transmit parent_id block_order sweep_to_fill display_size",
        "trigger_method outside_rth hidden",
    ),
    When(
        "contract.sec_type",
        is_combo,
        Inside("contract", "combo_legs"),
        Inside("order", "order_combo_legs smart_combo_routing_params"),
    ),
    Blank(),
    Inside(
        "order",
        "discretionary_amt good_after_time good_till_date fa_group fa_method fa_percentage",
        Named("fa_profile", until=177),
        "model_code short_sale_slot designated_location exempt_code oca_type rule80a",
        "settling_firm all_or_none min_qty percent_offset e_trade_only firm_quote_only",
        "nbbo_price_cap auction_strategy starting_price stock_ref_price delta",
        "stock_range_lower stock_range_upper override_percentage_constraints volatility",
        "volatility_type",
        _HEDGE_IN_FULL,
        "continuous_update reference_price_type trail_stop_price trailing_percent",
        *_SCALE.rows,
        "scale_table active_start_time active_stop_time",
        _HEDGE,
        "opt_out_smart_routing clearing_account clearing_intent not_held",
    ),
    Inside("contract", "delta_neutral"),
    Inside(
        "order",
        _ALGO,
        "algo_id what_if order_misc_options solicited randomize_size randomize_price",
        _BENCHMARK,
        *_CONDITIONS.rows,
        "adjusted_order_type trigger_price lmt_price_offset adjusted_stop_price",
        "adjusted_stop_limit_price adjusted_trailing_amount adjustable_trailing_unit ext_operator",
        Inside("soft_dollar_tier", "name val"),
        "cash_qty mifid2_decision_maker mifid2_decision_algo mifid2_execution_trader",
        "mifid2_execution_algo dont_use_auto_price_for_hedge is_oms_container",
        "discretionary_up_to_limit_price use_price_mgmt_algo",
        Named("duration", since=158),
        Named("post_to_ats", since=160),
        Named("auto_cancel_parent", since=162),
        Named("advanced_error_override", since=166),
        Named("manual_order_time", since=169),
    ),
    When("contract.exchange", _anonymous, Inside("order", Named("min_trade_qty", since=170))),
    Inside(
        "order",
        When(
            "order_type",
            _BEST.__contains__,
            Named("min_compete_size compete_against_best_offset", since=170),
            When(
                "compete_against_best_offset", _up_to_the_middle, Named(_MIDDLE_OFFSETS, since=170)
            ),
        ),
        When("order_type", _MIDDLE.__contains__, Named(_MIDDLE_OFFSETS, since=170)),
    ),
)

_ECHOED_CONTRACT = Inside(
    "contract",
    "con_id symbol sec_type last_trade_date strike",
    Named("right", kind=OR_QUESTION),
    "multiplier exchange currency local_symbol trading_class",
)
_ECHOED_ORDER = Rows(
    "action total_quantity order_type lmt_price aux_price tif oca_group account open_close origin",
    "order_ref",
)
_ECHOED_ADVISER = Rows(
    "fa_group fa_method fa_percentage",
    Named("fa_profile", until=177),
    "model_code good_till_date rule80a percent_offset settling_firm short_sale_slot",
    "designated_location exempt_code",
)
_ECHOED_COMBO = (
    Inside("contract", "combo_legs_descrip combo_legs"),
    Inside("order", "order_combo_legs smart_combo_routing_params", *_SCALE.rows, _HEDGE),
)

OPEN_ORDER = Rows(
    "order_id",
    _ECHOED_CONTRACT,
    Inside(
        "order",
        *_ECHOED_ORDER.rows,
        "client_id perm_id outside_rth hidden discretionary_amt good_after_time",
        Blank(),
        *_ECHOED_ADVISER.rows,
        "auction_strategy starting_price stock_ref_price delta stock_range_lower",
        "stock_range_upper display_size block_order sweep_to_fill all_or_none min_qty oca_type",
        "e_trade_only firm_quote_only nbbo_price_cap parent_id trigger_method volatility",
        "volatility_type",
        _HEDGE_IN_FULL,
        "continuous_update reference_price_type trail_stop_price trailing_percent basis_points",
        "basis_points_type",
    ),
    *_ECHOED_COMBO,
    Inside("order", "opt_out_smart_routing clearing_account clearing_intent not_held"),
    Inside("contract", "delta_neutral"),
    Inside("order", _ALGO, "solicited what_if"),
    Inside(
        "state",
        "status init_margin_before maint_margin_before equity_with_loan_before",
        "init_margin_change maint_margin_change equity_with_loan_change init_margin_after",
        "maint_margin_after equity_with_loan_after commission min_commission max_commission",
        "commission_currency warning_text",
    ),
    Inside(
        "order",
        "randomize_size randomize_price",
        _BENCHMARK,
        *_CONDITIONS.rows,
        "adjusted_order_type trigger_price trail_stop_price lmt_price_offset adjusted_stop_price",
        "adjusted_stop_limit_price adjusted_trailing_amount adjustable_trailing_unit",
        "soft_dollar_tier cash_qty dont_use_auto_price_for_hedge is_oms_container",
        "discretionary_up_to_limit_price use_price_mgmt_algo",
        Named("duration", since=158),
        Named("post_to_ats", since=160),
        Named("auto_cancel_parent", since=162),
        _OFFSETS,
    ),
)

COMPLETED_ORDER = Rows(
    _ECHOED_CONTRACT,
    Inside(
        "order",
        *_ECHOED_ORDER.rows,
        "perm_id outside_rth hidden discretionary_amt good_after_time",
        *_ECHOED_ADVISER.rows,
        "starting_price stock_ref_price delta stock_range_lower stock_range_upper display_size",
        "sweep_to_fill all_or_none min_qty oca_type trigger_method volatility volatility_type",
        Led(
            "delta_neutral_order_type",
            "delta_neutral_con_id delta_neutral_short_sale delta_neutral_short_sale_slot",
            "delta_neutral_designated_location",
            between="delta_neutral_aux_price",
        ),
        "continuous_update reference_price_type trail_stop_price trailing_percent",
    ),
    *_ECHOED_COMBO,
    Inside("order", "clearing_account clearing_intent not_held"),
    Inside("contract", "delta_neutral"),
    Inside("order", _ALGO, "solicited"),
    Inside("state", "status"),
    Inside(
        "order",
        "randomize_size randomize_price",
        _BENCHMARK,
        *_CONDITIONS.rows,
        "trail_stop_price lmt_price_offset cash_qty dont_use_auto_price_for_hedge",
        "is_oms_container auto_cancel_date filled_quantity ref_futures_con_id auto_cancel_parent",
        "shareholder imbalance_only route_marketable_to_bbo parent_perm_id",
    ),
    Inside("state", "completed_time completed_status"),
    Inside("order", _OFFSETS),
)
