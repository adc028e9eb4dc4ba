"""What the usual errors say, by their code."""

from __future__ import annotations

__all__ = ["TEXTS", "text_of"]

from collections.abc import Mapping

TEXTS: Mapping[int, str] = {
    100: "Max rate of messages per second has been exceeded.",
    103: "Duplicate order id",
    104: "Cannot modify a filled order.",
    105: "Order being modified does not match original order",
    109: "Price is out of the range defined by the Percentage setting at order defaults frame. "
    "The order will not be transmitted.",
    110: "The price does not conform to the minimum price variation for this contract.",
    135: "Can't find order with ID =",
    161: "Cancel attempted when order is not in a cancellable state. Order permId =",
    162: "Historical Market Data Service error message:Historical data request pacing violation",
    165: "Historical Market Data Service query message:",
    200: "No security definition has been found for the request",
    201: "Order rejected - reason:",
    202: "Order Canceled - reason:",
    203: "The security is not available or allowed for this account.",
    317: "Market depth data has been RESET. Please empty deep book contents before applying any "
    "new entries.",
    321: "Error validating request.-'bN' : cause - The API interface is currently in Read-Only "
    "mode.",
    322: "Error processing request.-'bN' : cause -",
    326: "Unable to connect as the client id is already in use. Retry with a unique client id.",
    354: "Requested market data is not subscribed.",
    366: "No historical data query found for ticker id:",
    399: "Order Message:\nWarning: your order will not be placed at the exchange until the market "
    "opens.",
    404: "Order held while securities are located.",
    420: "Invalid Real-time Query:Historical data request pacing violation",
    434: "The order size cannot be zero.",
    460: "No trading permissions.",
    504: "Not connected",
    1100: "Connectivity between IBKR and Trader Workstation has been lost.",
    1101: "Connectivity between IBKR and Trader Workstation has been restored - data lost.",
    1102: "Connectivity between IBKR and Trader Workstation has been restored - data maintained.",
    1300: "TWS socket port has been reset and this connection is being dropped. "
    "Please reconnect on the new port -",
    2103: "Market data farm connection is broken:",
    2104: "Market data farm connection is OK:",
    2105: "HMDS data farm connection is broken:",
    2106: "HMDS data farm connection is OK:",
    2107: "HMDS data farm connection is inactive but should be available upon demand.",
    2108: "Market data farm connection is inactive but should be available upon demand.",
    2109: "Order Event Warning:Attribute 'Outside Regular Trading Hours' is ignored based on the "
    "order type and destination. PlaceOrder is now being processed.",
    2110: "Connectivity between Trader Workstation and server is broken. It will be restored "
    "automatically.",
    2157: "Sec-def data farm connection is broken:",
    2158: "Sec-def data farm connection is OK:",
    10089: "Requested market data requires additional subscription for API. Delayed market data "
    "is available.",
    10090: "Part of requested market data is not subscribed.",
    10147: "OrderId that needs to be cancelled is not found.",
    10148: "OrderId that needs to be cancelled can not be cancelled, state: Filled.",
    10167: "Requested market data is not subscribed. Displaying delayed market data.",
    10168: "Requested market data is not subscribed. Delayed market data is not enabled.",
    10182: "Failed to request live updates (disconnected).",
    10197: "No market data during competing live session",
    10311: "This order will be directly routed to the exchange. Direct routed orders may result in "
    "higher trade fees.",
    10349: "Order TIF was set to DAY based on order preset.",
}
"""Those whose text a client may well look at; the wording of TWS, shortened where it names ids."""


def text_of(code: int) -> str:
    """The text of an error; that it is made up, for codes without one here."""
    return TEXTS.get(code, f"Error {code} of a fault plan.")
