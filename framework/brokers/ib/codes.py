"""What the broker's error codes mean, and what each asks for. The only place that knows numbers."""

from __future__ import annotations

__all__ = ["CODES", "Action", "Code", "code_of", "is_read_only"]

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Action(StrEnum):
    """What is done about a code. None of them is a state: the truth is asked for."""

    NOTE = "note"
    """Kept with the order, which works on."""
    NOTE_QUERY = "note_query"
    """Kept with the order; client libraries believe it dead, so the broker is asked."""
    REJECT = "reject"
    """Of an order nothing was heard of: it is not taken. Of one that works: a change of it is
    not, or the broker is asked."""
    CANCELLED = "cancelled"
    """Confirms a cancel."""
    CANCEL_REFUSED = "cancel_refused"
    """A cancel was not done; the text or a query says what the order is."""
    QUERY = "query"
    """The broker is asked what the order is."""
    ID_IN_USE = "id_in_use"
    """An order's number was taken already."""
    CLIENT_ID_IN_USE = "client_id_in_use"
    """Another connection has our client id; this one ends."""
    READ_ONLY = "read_only"
    """The API takes no orders, and answers no questions about them."""
    REQUEST_FAILED = "request_failed"
    """A request is over without an answer."""
    PACING = "pacing"
    """Too much history, or too many real-time bars, in a short time."""
    RATE = "rate"
    """Too many messages a second; the third time the connection is ended."""
    NO_DATA = "no_data"
    """The account does not get these data."""
    DELAYED = "delayed"
    """Delayed data come instead."""
    DATA_STALE = "data_stale"
    """Data have stopped."""
    DATA_OK = "data_ok"
    """Data flow again: what was asked for may have to be asked for anew."""
    DATA_LOST = "data_lost"
    """A subscription has ended at the broker."""
    CONNECTION_LOST = "connection_lost"
    """TWS has lost the broker: orders cannot be trusted to arrive."""
    RESTORED_LOST = "restored_lost"
    """Back, and every subscription is gone."""
    RESTORED_KEPT = "restored_kept"
    """Back, with the subscriptions; a fill may have been missed all the same."""
    SOCKET = "socket"
    """The connection with TWS is gone, or about to go."""
    INFORM = "inform"
    """Nothing is to be done."""
    ALERT = "alert"
    """Nobody knows this code: it is told, and changes nothing."""


@dataclass(frozen=True, slots=True)
class Code:
    """A code: what it means, and what is done about it."""

    meaning: str
    action: Action


_TABLE: dict[Action, dict[int, str]] = {
    Action.NOTE: {
        399: "a message about the order, such as that it waits for the market to open",
        404: "shares are being located for a short sale; the order is held",
        2109: "outside-hours trading is ignored for this order or product",
        2137: "the closing position would be larger than what is held",
        2148: "a message about the order's price",
        10311: "the direct route costs more",
        10333: "a message about the order's size",
    },
    Action.NOTE_QUERY: {
        10349: "the time in force was set by a preset of TWS",
    },
    Action.REJECT: {
        104: "an order that is filled cannot be changed",
        105: "the change does not fit the order",
        106: "the order cannot be transmitted",
        107: "the order is incomplete",
        109: "a price precaution of TWS blocks the order",
        110: "the price is not on the contract's grid",
        113: "the time in force does not go with the order",
        118: "the time in force is not valid here",
        125: "the trigger method is not valid",
        131: "the sizes of a scale order do not fit",
        132: "the sizes of a scale order do not fit",
        133: "the order cannot be submitted",
        134: "the changed order cannot be submitted",
        140: "the size is no whole number",
        141: "the price is no number",
        146: "the trigger method is not valid",
        151: "conditions are not valid",
        152: "the contract of a condition is not valid",
        200: "there is no such contract, or it is ambiguous",
        201: "the order was rejected",
        203: "the account may not trade this contract",
        320: "TWS could not read the message",
        321: "TWS could not validate the message",
        322: "TWS could not process the message",
        325: "discretionary amounts do not go with this order",
        328: "trailing stops go with limit and stop orders only",
        329: "the order's type cannot be changed",
        335: "the settling information is not valid",
        336: "the expiry is not valid",
        349: "the order does not go with its minimum quantity",
        355: "the order's size does not go with the market rule",
        382: "the price exceeds a percentage precaution",
        383: "the size exceeds a precaution",
        387: "the exchange does not know this kind of order for the contract",
        388: "the size is below the exchange's minimum",
        389: "the destination is not valid",
        391: "a date or time is not valid",
        392: "a date or time is not valid",
        403: "the stop price is not valid",
        412: "the contract cannot be traded",
        413: "there is no permission for this kind of order",
        415: "the order's price exceeds a precaution",
        421: "the sizes of the order do not fit",
        434: "the size is 0",
        436: "an account or a profile must be given",
        439: "there is no such algo",
        440: "the exchange does not know the algo",
        441: "a parameter of the algo is not valid",
        442: "a parameter of the algo is not valid",
        443: "a parameter of the algo is missing",
        460: "there is no permission to trade this",
        463: "an attribute of the order is missing",
        481: "the order's size was reduced",
        10005: "the value of the order exceeds a precaution",
        10006: "the order's parent is not there",
        10052: "a parameter of the order is missing",
        10243: "fractions of this cannot be ordered",
        10268: "an attribute of the order is not known any more",
        10289: "the order needs a cash quantity",
        10318: "the order's hours do not go with it",
        10329: "the order's value is beyond a precaution",
    },
    Action.CANCELLED: {202: "the order was cancelled"},
    Action.CANCEL_REFUSED: {
        161: "the order cannot be cancelled as it stands",
        10147: "no order with this number is there to be cancelled",
        10148: "the order cannot be cancelled any more",
    },
    Action.QUERY: {
        135: "no order with this number is known",
        136: "the order cannot be cancelled in this state",
        10327: "the order's state is not clear",
    },
    Action.ID_IN_USE: {103: "the order's number was used already"},
    Action.CLIENT_ID_IN_USE: {
        326: "another connection has the client id",
        501: "this client is connected already",
    },
    Action.REQUEST_FAILED: {
        162: "history: no answer, or too many requests",
        165: "history: a message of the data service",
        300: "no such subscription of quotes",
        301: "no such subscription",
        310: "no such subscription of depth",
        365: "no such scan",
        366: "no such history request",
        430: "no fundamental data",
        10187: "no history of single ticks",
        10299: "the request's parameters do not go together",
        10314: "the end of the history is not valid",
    },
    Action.PACING: {
        420: "too many requests of real-time data",
        10159: "too many requests of single ticks",
    },
    Action.RATE: {100: "too many messages a second"},
    Action.NO_DATA: {
        101: "all market data lines are in use",
        354: "no subscription to these market data",
        10168: "no subscription, and delayed data are not enabled",
        10186: "no subscription, and delayed data are not enabled",
        10091: "a part of the market data needs a subscription",
        10189: "no single ticks of this",
        10190: "all subscriptions of single ticks are in use",
    },
    Action.DELAYED: {
        10089: "live data need a further subscription; delayed data are there",
        10090: "a part of the market data is not subscribed to",
        10167: "delayed data are shown instead of live ones",
    },
    Action.DATA_STALE: {
        10197: "another session of this user gets the live data",
        2103: "a market data farm is broken",
        2105: "a history farm is broken",
    },
    Action.DATA_OK: {
        2104: "a market data farm is well",
        2106: "a history farm is well",
        2158: "the contract data farm is well",
    },
    Action.DATA_LOST: {
        316: "market depth has been halted",
        317: "market depth has been reset",
        10225: "a subscription of bars was ended",
    },
    Action.CONNECTION_LOST: {
        1100: "TWS has lost the connection with the broker",
        2110: "TWS has lost the connection with its server",
    },
    Action.RESTORED_LOST: {1101: "the broker is back; data must be asked for anew"},
    Action.RESTORED_KEPT: {1102: "the broker is back; data go on"},
    Action.SOCKET: {
        502: "no connection with TWS",
        503: "TWS is too old",
        504: "not connected",
        507: "a message was broken off",
        509: "the socket failed",
        1300: "TWS has changed its port",
    },
    Action.INFORM: {
        2100: "account updates have ended",
        2107: "a history farm is idle, and wakes when it is asked",
        2108: "a market data farm is idle, and wakes when it is asked",
        2119: "a market data farm is being connected",
        2150: "the contract of a position cannot be read",
        2157: "the contract data farm is broken",
        2168: "a message about a product",
        2169: "a message about a product",
        2176: "fractions of shares are shown rounded to this version",
        10092: "market depth is limited",
    },
}

CODES: Mapping[int, Code] = {
    number: Code(meaning, action)
    for action, meanings in _TABLE.items()
    for number, meaning in meanings.items()
}
"""By number."""

_NOBODY_KNOWS = Code("a code nobody here knows", Action.ALERT)
_READ_ONLY = Code("the API is read-only", Action.READ_ONLY)
_PACING = Code("too much history in a short time", Action.PACING)
_HISTORY = 162


def is_read_only(code: int, text: str) -> bool:
    """Whether a message says that the API takes no orders."""
    return code == 321 and "read-only" in text.lower()


def code_of(code: int, text: str = "") -> Code:
    """What a code means; its text decides where one code has two meanings."""
    if is_read_only(code, text):
        return _READ_ONLY
    if code == _HISTORY and "pacing" in text.lower():
        return _PACING
    return CODES.get(code, _NOBODY_KNOWS)
