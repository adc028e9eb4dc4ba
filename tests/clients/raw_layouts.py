"""How many fields each message has, and of what kind, at each version: strict, own tables."""

from __future__ import annotations

import math
from collections.abc import Callable

from raw import Message, words

UNSET = 1.7976931348623157e308

_C11 = "i s s s f s s s s s s"
"""A contract in answers: conId symbol secType expiry strike right multiplier exchange currency
localSymbol tradingClass."""

FIXED: dict[int, str] = {
    1: "i i i i f z i",
    2: "i i i i z",
    3: "i i s f f f i i f i s f",
    6: "i i s s s s",
    7: "i i i s s s f s s s s s s f f f f f f s",
    8: "i i s",
    9: "i i i",
    12: "i i i i i i f z",
    13: "i i i i s i i f z i",
    15: "i i s",
    45: "i i i i f",
    46: "i i i i s",
    49: "i i i",
    50: "i i i i f f f f z f i",
    52: "i i i",
    53: "i i",
    54: "i i s",
    55: "i i i",
    57: "i i i",
    58: "i i i i",
    59: "i i s f s u u d",
    61: f"i i s {_C11} f f",
    62: "i i",
    63: "i i i s s s s",
    64: "i i i",
    71: f"i i i s {_C11} f f s",
    72: "i i i",
    73: "i i i s s s s s",
    74: "i i i",
    76: "i i",
    81: "i i f s i",
    88: "i i s",
    90: "i i i s f f f f f z",
    94: "i i u u u",
    95: "i i z u u u f",
    100: "i i i i",
    102: "i",
    103: "i i s",
    107: "i i s",
}
"""i whole, f number, u number or unset, z size, d date or nothing, s text."""

OPEN_ORDER = words(
    "orderId conId symbol secType expiry strike right multiplier exchange currency localSymbol"
    " tradingClass action totalQuantity orderType lmtPrice auxPrice tif ocaGroup account"
    " openClose origin orderRef clientId permId outsideRth hidden discretionaryAmt"
    " goodAfterTime shares faGroup faMethod faPercentage faProfile modelCode goodTillDate"
    " rule80A percentOffset settlingFirm shortSaleSlot designatedLocation exemptCode"
    " auctionStrategy startingPrice stockRefPrice delta stockRangeLower stockRangeUpper"
    " displaySize blockOrder sweepToFill allOrNone minQty ocaType eTradeOnly firmQuoteOnly"
    " nbboPriceCap parentId triggerMethod volatility volatilityType deltaNeutralOrderType"
    " deltaNeutralAuxPrice"
)
COMPLETED_ORDER = [
    name
    for name in OPEN_ORDER
    if name
    not in {
        *("orderId", "clientId", "shares", "auctionStrategy", "blockOrder", "eTradeOnly"),
        *("firmQuoteOnly", "nbboPriceCap", "parentId"),
    }
]
_STATE = words(
    "status initMarginBefore maintMarginBefore equityWithLoanBefore initMarginChange"
    " maintMarginChange equityWithLoanChange initMarginAfter maintMarginAfter"
    " equityWithLoanAfter commission minCommission maxCommission commissionCurrency warningText"
)
_ADJUSTED = words(
    "adjustedOrderType triggerPrice trailStopPrice lmtPriceOffset adjustedStopPrice"
    " adjustedStopLimitPrice adjustedTrailingAmount adjustableTrailingUnit tierName tierValue"
    " tierDisplayName cashQty dontUseAutoPriceForHedge isOmsContainer"
    " discretionaryUpToLimitPrice usePriceMgmtAlgo"
)
_COMPLETED_TAIL = words(
    "trailStopPrice lmtPriceOffset cashQty dontUseAutoPriceForHedge isOmsContainer"
    " autoCancelDate filledQuantity refFuturesConId autoCancelParent shareholder imbalanceOnly"
    " routeMarketableToBbo parentPermId completedTime completedStatus"
)
_PEGGED = "minTradeQty minCompeteSize competeAgainstBestOffset midOffsetAtWhole midOffsetAtHalf"
_CONDITION_FIELDS = {1: 6, 3: 3, 4: 3, 5: 4, 6: 5, 7: 5}


class ArityError(AssertionError):
    """A message that no client could read as it stands."""


def _check_kind(kind: str, text: str, version: int) -> None:
    if kind == "i" or (kind == "z" and version < 163):
        int(text)
    elif kind in "fz":
        if not abs(float(text)) < 1e300:
            raise ValueError(f"unset: {text}")
    elif kind == "u":
        if math.isnan(float(text)):
            raise ValueError("not a number")
    elif kind == "d" and text:
        int(text)


def check_fixed(message: Message, kinds: str, version: int) -> None:
    wanted = kinds.split()
    if len(message) != len(wanted):
        raise ArityError(f"{len(message)} fields for {len(wanted)}: {message}")
    for place, (kind, text) in enumerate(zip(wanted, message, strict=True)):
        try:
            _check_kind(kind, text, version)
        except ValueError as error:
            raise ArityError(f"field {place} is {text!r}, not {kind}: {message}") from error


class Reader:
    """The fields of a message, taken from the left; none may be left over."""

    def __init__(self, message: Message, version: int) -> None:
        self.message, self.version = message, version
        self.place = 1
        self.named: dict[str, str] = {}

    def text(self, name: str = "") -> str:
        if self.place >= len(self.message):
            raise ArityError(f"ends before {name or 'its end'}: {self.message}")
        value = self.message[self.place]
        self.place += 1
        if name:
            self.named[name] = value
        return value

    def texts(self, names: list[str] | str) -> None:
        for name in names.split() if isinstance(names, str) else names:
            self.text(name)

    def count(self, name: str = "") -> int:
        text = self.text(name)
        try:
            return int(text)
        except ValueError as error:
            raise ArityError(f"{name or 'count'} is {text!r}: {self.message}") from error

    def number(self, name: str = "") -> float:
        text = self.text(name)
        try:
            return float(text)
        except ValueError as error:
            raise ArityError(f"{name} is {text!r}: {self.message}") from error

    def kinds(self, kinds: str) -> None:
        for kind in kinds.split():
            text = self.text(f"_{kind}")
            try:
                _check_kind(kind, text, self.version)
            except ValueError as error:
                place = self.place - 1
                raise ArityError(f"field {place} is {text!r}: {self.message}") from error

    def repeated(self, kinds: str) -> int:
        found = self.count()
        for _ in range(found):
            self.kinds(kinds)
        return found

    def end(self) -> dict[str, str]:
        if self.place != len(self.message):
            left = self.message[self.place :]
            raise ArityError(f"{len(left)} fields too many, {left[:6]}: {self.message}")
        return self.named


def _positive(text: str) -> bool:
    return bool(text) and 0 < float(text) < UNSET


def _order(r: Reader, names: list[str], *, completed: bool) -> None:
    """What an open and a completed order have in common, up to the conditions."""
    for name in names:
        if name != "faProfile" or r.version < 177:
            r.text(name)
    if r.named["deltaNeutralOrderType"]:
        for _ in range(4 if completed else 8):
            r.text()
    r.texts("continuousUpdate referencePriceType trailStopPrice trailingPercent")
    if not completed:
        r.texts("basisPoints basisPointsType")
    r.text("comboLegsDescrip")
    r.named["comboLegs"] = str(r.repeated("i i s s i i s i"))
    r.repeated("s")
    r.repeated("s s")
    r.texts("scaleInitLevelSize scaleSubsLevelSize scalePriceIncrement")
    if _positive(r.named["scalePriceIncrement"]):
        for _ in range(7):
            r.text()
    if r.text("hedgeType"):
        r.text("hedgeParam")
    if not completed:
        r.text("optOutSmartRouting")
    r.texts("clearingAccount clearingIntent notHeld")
    if r.count("deltaNeutralContract"):
        r.kinds("i f f")
    if r.text("algoStrategy"):
        r.repeated("s s")
    r.text("solicited")
    if completed:
        r.text("status")
    else:
        r.text("whatIf")
        r.texts(_STATE)
    r.texts("randomizeSize randomizePrice")
    if r.named["orderType"] == "PEG BENCH":
        for _ in range(5):
            r.text()
    conditions = r.count("conditions")
    for _ in range(conditions):
        kind = r.count()
        if kind not in _CONDITION_FIELDS:
            raise ArityError(f"condition of kind {kind}: {r.message}")
        for _ in range(_CONDITION_FIELDS[kind] - 1):
            r.text()
    if conditions:
        r.texts("conditionsIgnoreRth conditionsCancelOrder")


def open_order(message: Message, version: int) -> dict[str, str]:
    r = Reader(message, version)
    _order(r, OPEN_ORDER, completed=False)
    r.texts(_ADJUSTED)
    for name, since in (("duration", 158), ("postToAts", 160), ("autoCancelParent", 162)):
        if version >= since:
            r.text(name)
    if version >= 170:
        r.texts(_PEGGED)
    for name in ("orderId", "conId", "clientId", "permId", "parentId"):
        int(r.named[name])
    return r.end()


def completed_order(message: Message, version: int) -> dict[str, str]:
    r = Reader(message, version)
    _order(r, COMPLETED_ORDER, completed=True)
    r.texts(_COMPLETED_TAIL)
    if version >= 170:
        r.texts(_PEGGED)
    int(r.named["permId"])
    float(r.named["filledQuantity"])
    return r.end()


def details(message: Message, version: int) -> dict[str, str]:
    r = Reader(message, version)
    if version < 164:
        r.count("version")
    r.texts("reqId symbol secType lastTrade strike right exchange currency localSymbol marketName")
    r.texts("tradingClass conId minTick")
    if version < 164:
        r.count("mdSizeMultiplier")
    r.texts("multiplier orderTypes validExchanges priceMagnifier underConId longName")
    r.texts("primaryExchange contractMonth industry category subcategory timeZoneId tradingHours")
    r.texts("liquidHours evRule evMultiplier")
    r.repeated("s s")
    r.texts("aggGroup underSymbol underSecType marketRuleIds realExpirationDate stockType")
    if version == 163:
        r.text("suggestedSizeIncrement")
    if version >= 164:
        r.texts("minSize sizeIncrement suggestedSizeIncrement")
    for name in ("reqId", "conId", "priceMagnifier", "underConId"):
        int(r.named[name])
    float(r.named["minTick"]), float(r.named["strike"])
    return r.end()


def execution(message: Message, version: int) -> dict[str, str]:
    r = Reader(message, version)
    r.texts("reqId orderId conId symbol secType expiry strike right multiplier exchange currency")
    r.texts("localSymbol tradingClass execId time account executionExchange side shares price")
    r.texts("permId clientId liquidation cumQty avgPrice orderRef evRule evMultiplier modelCode")
    r.text("lastLiquidity")
    if version >= 178:
        int(r.text("pendingPriceRevision"))
    for name in ("reqId", "orderId", "conId", "permId", "clientId", "lastLiquidity"):
        int(r.named[name])
    for name in ("shares", "price", "cumQty", "avgPrice"):
        float(r.named[name])
    return r.end()


def _error(message: Message, version: int) -> None:
    check_fixed(message, "i i i i s" + (" s" if version >= 166 else ""), version)


def _history(message: Message, version: int) -> None:
    r = Reader(message, version)
    r.count("reqId")
    r.texts("start end")
    r.repeated("s f f f f z f i")
    r.end()


def _chain(message: Message, version: int) -> None:
    r = Reader(message, version)
    r.kinds("i s i s s")
    r.repeated("s")
    r.repeated("f")
    r.end()


def _samples(message: Message, version: int) -> None:
    r = Reader(message, version)
    r.count("reqId")
    for _ in range(r.count("samples")):
        r.kinds("i s s s s")
        r.repeated("s")
        if version >= 176:
            r.kinds("s s")
    r.end()


def _listed(kinds: str, *, req_id: bool) -> Callable[[Message, int], None]:
    def read(message: Message, version: int) -> None:
        r = Reader(message, version)
        if req_id:
            r.count("reqId")
        r.repeated(kinds)
        r.end()

    return read


def _tick_by_tick(message: Message, version: int) -> None:
    r = Reader(message, version)
    r.count("reqId")
    kind = r.count("kind")
    int(r.text("time"))
    r.kinds({1: "f z i s s", 2: "f z i s s", 3: "f f z z i", 4: "f"}[kind])
    r.end()


def _historical_ticks(kinds: str) -> Callable[[Message, int], None]:
    def read(message: Message, version: int) -> None:
        r = Reader(message, version)
        r.count("reqId")
        r.repeated(kinds)
        int(r.text("done"))
        r.end()

    return read


def _greeks(message: Message, version: int) -> None:
    check_fixed(message, "i i i i f f f f f f f f", version)


WALKED: dict[int, Callable[[Message, int], object]] = {
    4: _error,
    5: open_order,
    10: details,
    11: execution,
    17: _history,
    21: _greeks,
    75: _chain,
    78: _listed("s s", req_id=False),
    79: _samples,
    80: _listed("s s s s i", req_id=False),
    82: _listed("i s s", req_id=True),
    85: _listed("s s", req_id=False),
    89: _listed("f z", req_id=True),
    93: _listed("f f", req_id=True),
    96: _historical_ticks("i s f z"),
    97: _historical_ticks("i i f f z z"),
    98: _historical_ticks("i i f z s s"),
    99: _tick_by_tick,
    101: completed_order,
}


def check_message(message: Message, version: int) -> None:
    """Whether every client of this version could read it, to its last field."""
    kind = int(message[0])
    try:
        if kind in WALKED:
            WALKED[kind](message, version)
        elif kind in FIXED:
            check_fixed(message, FIXED[kind], version)
        else:
            raise ArityError(f"no such message: {message}")
    except ValueError as error:
        raise ArityError(f"{error}: {message}") from error
