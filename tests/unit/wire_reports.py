"""What a client reports of a message, laid beside the noun that was encoded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from typing import Any, TypeAlias

from framework.emulator.protocol import answers as tell
from tests.unit.wire_nouns import CONDITION_TYPES

Call: TypeAlias = tuple[str, dict[str, Any]]

ALIASES = {
    "accountname": "account",
    "accountslist": "accounts",
    "advancedorderrejectjson": "advancedreject",
    "apiclientid": "clientid",
    "apiorderid": "orderid",
    "average": "wap",
    "barcount": "count",
    "commissionandfees": "commission",
    "commissionandfeescurrency": "commissioncurrency",
    "contractdescriptions": "samples",
    "contractdetails": "details",
    "cxml": "xml",
    "deltaneutralcontract": "deltaneutral",
    "depthmktdatadescriptions": "descriptions",
    "errorcode": "code",
    "errorstring": "message",
    "exch": "exchange",
    "fadata": "fadatatype",
    "familycodestr": "familycode",
    "faxmldata": "xml",
    "lasttradedateorcontractmonth": "lasttradedate",
    "marketdataid": "marketdatatype",
    "maxcommissionandfees": "maxcommission",
    "mincommissionandfees": "mincommission",
    "newsmessage": "message",
    "newsproviders": "providers",
    "orderstate": "state",
    "origexchange": "exchange",
    "originexch": "exchange",
    "pos": "position",
    "possize": "position",
    "priceincrements": "increments",
    "requestid": "reqid",
    "smartcomponentmap": "components",
    "tickerid": "reqid",
    "totaldividends": "impliedfuture",
    "val": "value",
    "xyzchallange": "xyzchallenge",
}
"""Names of the clients' parameters and attributes, and ours."""

HERE_ALIASES = {
    ("accountUpdateMulti", "tag"): "key",
    ("histogramData", "count"): "size",
    ("nextValidId", "reqid"): "orderid",
    ("orderBound", "reqid"): "permid",
    ("updateAccountValue", "tag"): "key",
}
"""Names that mean something else in one method alone."""

METHODS = {
    "CommissionReport": "commissionReport",
    "TickEFP": "tickEFP",
    "VerifyAndAuthMessageApi": "verifyAndAuthMessageAPI",
    "VerifyMessageApi": "verifyMessageAPI",
}

_WRAPPED = {"commissionReport", "commissionAndFeesReport"}
"""Methods whose one argument is the whole noun."""

_INSYNC = ("ib_insync", "ib_async")
_UNANSWERED = {
    "displayGroupList",
    "displayGroupUpdated",
    "replaceFAEnd",
    "rerouteMktDataReq",
    "rerouteMktDepthReq",
    "verifyAndAuthCompleted",
    "verifyAndAuthMessageAPI",
    "verifyCompleted",
    "verifyMessageAPI",
}
_UNHEARD = {
    "ib_async": _UNANSWERED,
    "ib_insync": _UNANSWERED,
    "ibapi9": {"historicalSchedule", "userInfo", "wshEventData", "wshMetaData"},
}
"""Messages a library reads, and has no method for."""

_UNREAD = {
    "ib_async": {"attribmask"},
    "ib_insync": {"attribmask"},
    "ibapi10": {"faprofile", "etradeonly", "firmquoteonly", "nbbopricecap"},
    "ibapi9": set(),
}
"""Fields a library steps over."""

_SIZES = {"minsize", "sizeincrement", "suggestedsizeincrement"}
"""Fields of contract details that come with version 164."""


def canonical(name: str) -> str:
    bare = name.replace("_", "").lower()
    return ALIASES.get(bare, bare)


def told_fields(noun: Any) -> Any:
    """A noun as nested dictionaries under canonical names."""
    if is_dataclass(noun):
        out = {canonical(f.name): told_fields(getattr(noun, f.name)) for f in fields(noun)}
        if type(noun) in CONDITION_TYPES:
            out["type"] = CONDITION_TYPES[type(noun)]
        if "ordercombolegs" in out:
            out["ordercombolegs"] = [{"price": price} for price in out["ordercombolegs"]]
        for name in {"algoparams", "smartcomboroutingparams", "secidlist"} & set(out):
            out[name] = [{"tag": tag, "value": value} for tag, value in out[name]]
        return out
    return [told_fields(item) for item in noun] if isinstance(noun, tuple) else noun


def heard_fields(value: Any, method: str) -> Any:
    """What a client reports, under the same names."""
    if isinstance(value, list):
        return [heard_fields(item, method) for item in value]
    if not isinstance(value, dict):
        return value
    out = {}
    for name, inner in value.items():
        if name in ("lastTradeDate", "mdSizeMultiplier"):
            continue  # of later versions, of earlier ones
        key = canonical(name)
        out[HERE_ALIASES.get((method, key), key)] = heard_fields(inner, method)
    if "condtype" in out:
        out["type"] = out.pop("condtype")
        joined = out.pop("conjunction", None)
        if joined is not None:
            out["isconjunction"] = joined == "a"
        else:
            out["isconjunction"] = out.pop("isconjunctionconnection")
    return out


def expected_calls(noun: Any, library: str) -> list[Call]:
    """The calls a library is to make of a noun."""
    name = type(noun).__name__
    special = _SPECIAL.get(type(noun))
    if special is not None:
        return special(noun, library)
    method = METHODS.get(name, name[0].lower() + name[1:])
    if method in _UNHEARD.get(library, ()):
        return []
    if method == "commissionReport" and library == "ibapi10":
        method = "commissionAndFeesReport"
    return [(method, told_fields(noun))]


def differences(noun: Any, library: str, version: int, calls: list[Call]) -> list[str]:
    """Everything in which a library's calls are not what was encoded."""
    unread = _UNREAD[library] | (_SIZES if version < 164 else set())
    if version == 163 and library in _INSYNC and isinstance(noun, tell.ContractDetails):
        unread = unread - {"suggestedsizeincrement"}
    expected = expected_calls(noun, library)
    names = [method for method, _ in calls]
    if names != [method for method, _ in expected]:
        return [f"calls {names}, expected {[method for method, _ in expected]}"]
    problems: list[str] = []
    for (method, values), (_, fields_) in zip(calls, expected, strict=True):
        heard = heard_fields(values, method)
        if method in _WRAPPED:
            (heard,) = heard.values()
        problems += _unlike(fields_, heard, method, unread)
    return problems


def _unlike(told: Any, heard: Any, where: str, unread: set[str]) -> list[str]:
    if told is not None and _blank(told) and _blank(heard):
        return []
    if isinstance(told, Mapping):
        if heard is None:
            return [] if _blank(told) else [f"{where}: nothing heard of {told}"]
        problems = []
        for name, value in heard.items():
            if name in told:
                if name in unread and _blank(value):
                    continue
                problems += _unlike(told[name], value, f"{where}.{name}", unread)
            elif not _blank(value):
                problems.append(f"{where}.{name}: {value!r} heard, and never told")
        problems += [
            f"{where}.{name}: {value!r} told, and never heard"
            for name, value in told.items()
            if name not in heard and not _blank(value) and name not in unread
        ]
        return problems
    if isinstance(told, list):
        heard = heard or []
        if len(told) != len(heard):
            return [f"{where}: {len(told)} told, {len(heard)} heard"]
        pairs = enumerate(zip(told, heard, strict=True))
        return [p for i, (a, b) in pairs for p in _unlike(a, b, f"{where}[{i}]", unread)]
    return [] if _same(told, heard) else [f"{where}: {told!r} told, {heard!r} heard"]


def _same(told: Any, heard: Any) -> bool:
    if isinstance(heard, str) and not isinstance(told, str):
        if told is None:
            return heard in ("", "1.7976931348623157E308")
        return float(heard) == float(told)
    if told is None or heard is None:
        return told is heard or heard is False  # a flag has no third state at the clients
    if isinstance(told, str) or isinstance(heard, str):
        return bool(told == heard)
    return float(told) == float(heard)


def _blank(value: Any) -> bool:
    """Whether a value is one nobody set."""
    if isinstance(value, Mapping):
        return all(_blank(inner) for inner in value.values())
    return value in ("", "None", "NoneItem", "?", 0, None, False, -1, []) or value == {}


def _tick_price(noun: tell.TickPrice, library: str) -> list[Call]:
    head = {"reqid": noun.req_id, "ticktype": noun.tick_type}
    if library in _INSYNC:
        return [("priceSizeTick", {**head, "price": noun.price, "size": noun.size})]
    bits = _bits(noun.attrib_mask, "canautoexecute", "pastlimit", "preopen")
    return [
        ("tickPrice", {**head, "price": noun.price, "attrib": bits}),
        ("tickSize", {"reqid": noun.req_id, "ticktype": 0, "size": noun.size}),
    ]


def _bits(mask: int, *names: str) -> dict[str, bool]:
    return {name: bool(mask & (1 << place)) for place, name in enumerate(names)}


def _with_bits(name: str, *names: str) -> Callable[[Any, str], list[Call]]:
    def calls(noun: Any, library: str) -> list[Call]:
        told = told_fields(noun)
        told[name] = _bits(told.pop("attribmask"), *names)
        method = type(noun).__name__
        return [(method[0].lower() + method[1:], told)]

    return calls


def _ticks_with_bits(name: str, *names: str) -> Callable[[Any, str], list[Call]]:
    def calls(noun: Any, library: str) -> list[Call]:
        told = told_fields(noun)
        for tick in told["ticks"]:
            mask = tick.pop("attribmask")
            tick[name] = _bits(mask, *names)
        method = type(noun).__name__
        return [(method[0].lower() + method[1:], told)]

    return calls


def _error(noun: tell.Error, library: str) -> list[Call]:
    told = told_fields(noun)
    if library in _INSYNC:
        told["message"] = noun.message.encode("unicode_escape").decode()
        told["advancedreject"] = noun.advanced_reject.encode("unicode_escape").decode()
    return [("error", told)]


def _order(method: str) -> Callable[[Any, str], list[Call]]:
    def calls(noun: Any, library: str) -> list[Call]:
        told = told_fields(noun)
        told["order"]["orderid"] = told.get("orderid", 0)
        order = told["order"]
        order["deltaneutralordertype"] = order["deltaneutralordertype"] or "None"
        if method == "completedOrder" and library == "ibapi9":
            order["etradeonly"] = order["firmquoteonly"] = True  # as it comes from the factory
        if method == "openOrder":
            order["adjustedordertype"] = order["adjustedordertype"] or "None"
        told["contract"]["right"] = told["contract"]["right"] or "?"
        return [(method, told)]

    return calls


def _exec_details(noun: tell.ExecDetails, library: str) -> list[Call]:
    told = told_fields(noun)
    told["execution"]["orderid"] = told.pop("orderid")
    if library in _INSYNC:
        told["execution"]["time"] = 1704189600.0  # 2024-01-02 10:00:00 UTC
    return [("execDetails", told)]


def _historical_data(noun: tell.HistoricalData, library: str) -> list[Call]:
    bars = [("historicalData", {"reqid": noun.req_id, "bar": told_fields(b)}) for b in noun.bars]
    end = {"reqid": noun.req_id, "start": noun.start, "end": noun.end}
    return [*bars, ("historicalDataEnd", end)]


def _scanner_data(noun: tell.ScannerData, library: str) -> list[Call]:
    calls = []
    for row in noun.rows:
        told = told_fields(row)
        told["details"] = {"contract": told.pop("contract"), "marketname": told.pop("marketname")}
        calls.append(("scannerData", {"reqid": noun.req_id, **told}))
    return [*calls, ("scannerDataEnd", {"reqid": noun.req_id})]


def _symbol_samples(noun: tell.SymbolSamples, library: str) -> list[Call]:
    told = told_fields(noun)
    for sample in told["samples"]:
        for name in ("description", "issuerid"):
            sample["contract"][name] = sample.pop(name) or sample["contract"].get(name, "")
    return [("symbolSamples", told)]


def _validation(noun: tell.DeltaNeutralValidation, library: str) -> list[Call]:
    hedge = {"conid": noun.con_id, "delta": noun.delta, "price": noun.price}
    name = "dnc" if library in _INSYNC else "deltaneutral"
    return [("deltaNeutralValidation", {"reqid": noun.req_id, name: hedge})]


_LAST = ("pastlimit", "unreported")
_SPECIAL: Mapping[type, Callable[[Any, str], list[Call]]] = {
    tell.CompletedOrder: _order("completedOrder"),
    tell.DeltaNeutralValidation: _validation,
    tell.Error: _error,
    tell.ExecDetails: _exec_details,
    tell.HistoricalData: _historical_data,
    tell.HistoricalTicksBidAsk: _ticks_with_bits("tickattribbidask", "askpasthigh", "bidpastlow"),
    tell.HistoricalTicksLast: _ticks_with_bits("tickattriblast", *_LAST),
    tell.OpenOrder: _order("openOrder"),
    tell.ScannerData: _scanner_data,
    tell.SymbolSamples: _symbol_samples,
    tell.TickByTickAllLast: _with_bits("tickattriblast", *_LAST),
    tell.TickByTickBidAsk: _with_bits("tickattribbidask", "bidpastlow", "askpasthigh"),
    tell.TickPrice: _tick_price,
}
