"""Which client library is used, and what of it: the only file that knows there are two."""

# The names are the client library's own, and its manual explains them.
# ruff: noqa: D102, N802, N803, N815

from __future__ import annotations

__all__ = [
    "NAMES",
    "UNSET_DOUBLE",
    "UNSET_INTEGER",
    "Awaited",
    "Ib",
    "IbAccountValue",
    "IbBar",
    "IbBarList",
    "IbCandidate",
    "IbChain",
    "IbClient",
    "IbCommission",
    "IbCondition",
    "IbContract",
    "IbDetails",
    "IbEvent",
    "IbExecution",
    "IbGreeks",
    "IbIncrement",
    "IbOrder",
    "IbOrderState",
    "IbTag",
    "IbTicker",
    "IbWrapper",
    "Library",
    "library",
    "library_name",
]

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import date, datetime
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Any, Protocol, TypeVar, cast

from framework.brokers.ib.problems import ClientLibraryError

NAMES = ("ib_insync", "ib_async")
"""The libraries that will do, and share a folder: never both in one environment."""

UNSET_DOUBLE = 1.7976931348623157e308
UNSET_INTEGER = 2**31 - 1
"""What TWS says for a number it has not got."""

T = TypeVar("T")

Awaited = Awaitable[T]


class IbEvent(Protocol):
    """Something listeners are told of."""

    def connect(self, listener: Callable[..., object]) -> object: ...
    def disconnect(self, listener: Callable[..., object]) -> object: ...
    def clear(self) -> None: ...


class IbTag(Protocol):
    """A parameter of an algo."""

    tag: str
    value: str


class IbContract(Protocol):
    """A contract."""

    conId: int
    symbol: str
    secType: str
    lastTradeDateOrContractMonth: str
    strike: float
    right: str
    multiplier: str
    exchange: str
    primaryExchange: str
    currency: str
    localSymbol: str
    tradingClass: str
    includeExpired: bool


class IbDetails(Protocol):
    """What is known of a contract."""

    contract: IbContract
    minTick: float
    orderTypes: str
    validExchanges: str
    priceMagnifier: int
    longName: str
    timeZoneId: str
    tradingHours: str
    liquidHours: str
    marketRuleIds: str
    minSize: float
    sizeIncrement: float
    realExpirationDate: str
    underSymbol: str
    underSecType: str
    underConId: int


class IbCandidate(Protocol):
    """A contract found by part of its name."""

    contract: IbContract
    derivativeSecTypes: list[str]


class IbIncrement(Protocol):
    """From which price a step of prices holds."""

    lowEdge: float
    increment: float


class IbCondition(Protocol):
    """A condition of any of the six kinds; which attributes it has depends on the kind."""

    condType: int
    conjunction: str


class IbOrder(Protocol):
    """An order."""

    orderId: int
    clientId: int
    permId: int
    action: str
    totalQuantity: float
    orderType: str
    lmtPrice: float
    auxPrice: float
    tif: str
    ocaGroup: str
    ocaType: int
    orderRef: str
    transmit: bool
    parentId: int
    outsideRth: bool
    goodAfterTime: str
    goodTillDate: str
    trailStopPrice: float
    trailingPercent: float
    scaleInitLevelSize: int
    scaleSubsLevelSize: int
    scalePriceIncrement: float
    account: str
    algoStrategy: str
    algoParams: list[IbTag]
    whatIf: bool
    lmtPriceOffset: float
    competeAgainstBestOffset: float
    conditions: list[Any]
    conditionsCancelOrder: bool
    conditionsIgnoreRth: bool
    filledQuantity: float


class IbOrderState(Protocol):
    """Where an order stands, and what it would do to the account."""

    status: str
    initMarginBefore: str
    maintMarginBefore: str
    equityWithLoanBefore: str
    initMarginChange: str
    maintMarginChange: str
    equityWithLoanChange: str
    initMarginAfter: str
    maintMarginAfter: str
    equityWithLoanAfter: str
    commission: float
    minCommission: float
    maxCommission: float
    commissionCurrency: str
    warningText: str
    completedTime: str
    completedStatus: str


class IbExecution(Protocol):
    """An execution."""

    execId: str
    time: datetime
    acctNumber: str
    exchange: str
    side: str
    shares: float
    price: float
    permId: int
    clientId: int
    orderId: int
    cumQty: float
    avgPrice: float
    orderRef: str


class IbCommission(Protocol):
    """The commission of an execution."""

    execId: str
    commission: float
    currency: str
    realizedPNL: float


class IbAccountValue(Protocol):
    """One value of an account."""

    account: str
    tag: str
    value: str
    currency: str


class IbBar(Protocol):
    """A bar of history, by its beginning."""

    date: date | datetime
    open: float
    high: float
    low: float
    close: float
    volume: float
    average: float
    barCount: int


class IbBarList(Protocol):
    """Bars of one request, the forming one last where they are kept up to date."""

    reqId: int
    updateEvent: IbEvent

    def __len__(self) -> int: ...
    def __getitem__(self, index: int) -> IbBar: ...


class IbGreeks(Protocol):
    """What the broker's model says of an option."""

    impliedVol: float | None
    delta: float | None
    optPrice: float | None
    gamma: float | None
    vega: float | None
    theta: float | None
    undPrice: float | None


class IbTicker(Protocol):
    """The quote of a contract, updated in place."""

    contract: IbContract
    time: datetime | None
    marketDataType: int
    bid: float
    bidSize: float
    ask: float
    askSize: float
    last: float
    lastSize: float
    close: float
    halted: float
    modelGreeks: IbGreeks | None
    updateEvent: IbEvent


class IbChain(Protocol):
    """Expiries and strikes of the options on one exchange."""

    exchange: str
    underlyingConId: int
    tradingClass: str
    multiplier: str
    expirations: list[str]
    strikes: list[float]


class IbDecoder(Protocol):
    """Turns messages into calls of the wrapper."""

    handlers: dict[int, Callable[[list[str]], None]]


class IbSocket(Protocol):
    """The socket."""

    hasData: IbEvent
    disconnected: IbEvent
    connectAsync: Callable[[str, int], Awaitable[None]]

    def disconnect(self) -> None: ...


class IbClient(Protocol):
    """Encodes requests."""

    MaxRequests: int
    conn: IbSocket
    decoder: IbDecoder
    apiEnd: IbEvent
    apiError: IbEvent

    async def connectAsync(
        self, host: str, port: int, clientId: int, timeout: float | None
    ) -> None: ...
    def disconnect(self) -> None: ...
    def isConnected(self) -> bool: ...
    def isReady(self) -> bool: ...
    def serverVersion(self) -> int: ...
    def getReqId(self) -> int: ...
    def updateReqId(self, minReqId: int) -> None: ...
    def getAccounts(self) -> list[str]: ...
    def placeOrder(self, orderId: int, contract: IbContract, order: IbOrder) -> None: ...
    def cancelOrder(self, orderId: int, manualCancelOrderTime: str = "") -> None: ...
    def reqGlobalCancel(self) -> None: ...
    def reqOpenOrders(self) -> None: ...
    def reqAllOpenOrders(self) -> None: ...
    def reqAutoOpenOrders(self, bAutoBind: bool) -> None: ...
    def reqCompletedOrders(self, apiOnly: bool) -> None: ...
    def reqExecutions(self, reqId: int, execFilter: object) -> None: ...
    def reqPositions(self) -> None: ...
    def reqAccountUpdates(self, subscribe: bool, acctCode: str) -> None: ...
    def reqCurrentTime(self) -> None: ...


class IbWrapper(Protocol):
    """Is called for every message; its methods are replaced by our own where orders are meant."""

    clientId: int
    ticker2ReqId: dict[str, dict[IbTicker, int]]
    error: Callable[[int, int, str, str], None]

    def connectionClosed(self) -> None: ...


class Ib(Protocol):
    """The facade, of which only what concerns data is used."""

    RaiseRequestErrors: bool
    TimezoneTWS: str
    client: IbClient
    wrapper: IbWrapper
    errorEvent: IbEvent

    def reqContractDetailsAsync(self, contract: IbContract) -> Awaited[list[IbDetails]]: ...
    def reqMatchingSymbolsAsync(self, pattern: str) -> Awaited[list[IbCandidate] | None]: ...
    def reqMarketRuleAsync(self, marketRuleId: int) -> Awaited[list[IbIncrement] | None]: ...
    def reqSecDefOptParamsAsync(
        self,
        underlyingSymbol: str,
        futFopExchange: str,
        underlyingSecType: str,
        underlyingConId: int,
    ) -> Awaited[list[IbChain]]: ...
    def reqHistoricalDataAsync(
        self,
        contract: IbContract,
        endDateTime: datetime | str,
        durationStr: str,
        barSizeSetting: str,
        whatToShow: str,
        useRTH: bool,
        formatDate: int = 1,
        keepUpToDate: bool = False,
        chartOptions: Sequence[IbTag] = ...,
        timeout: float = 60,
    ) -> Awaited[IbBarList]: ...
    def cancelHistoricalData(self, bars: IbBarList) -> None: ...
    def reqMktData(
        self, contract: IbContract, genericTickList: str = "", snapshot: bool = False
    ) -> IbTicker: ...
    def cancelMktData(self, contract: IbContract) -> object: ...
    def reqMarketDataType(self, marketDataType: int) -> None: ...


class Library(Protocol):
    """The client library as a whole."""

    IB: Callable[[], Ib]
    Contract: Callable[..., IbContract]
    ContractDetails: Callable[..., IbDetails]
    Order: Callable[..., IbOrder]
    OrderState: Callable[..., IbOrderState]
    Execution: Callable[..., IbExecution]
    CommissionReport: Callable[..., IbCommission]
    ExecutionFilter: Callable[..., object]
    TagValue: Callable[[str, str], IbTag]
    PriceCondition: Callable[..., IbCondition]
    TimeCondition: Callable[..., IbCondition]
    MarginCondition: Callable[..., IbCondition]
    ExecutionCondition: Callable[..., IbCondition]
    VolumeCondition: Callable[..., IbCondition]
    PercentChangeCondition: Callable[..., IbCondition]
    RequestError: type[Exception]


def library_name() -> str:
    """Name of the installed client library.

    Raises:
        ClientLibraryError: there is none, or there are two.
    """
    found = [name for name in NAMES if find_spec(name) is not None]
    if len(found) > 1:
        raise ClientLibraryError(
            "ib_insync and ib_async are both installed, and each overwrites the other's eventkit.",
            "Keep one: pip uninstall ib_async aeventkit ib_insync eventkit, then pip install "
            "ib_insync (or ib_async).",
        )
    if not found:
        raise ClientLibraryError(
            "No client library for Interactive Brokers is installed.",
            "Install one: pip install ib_insync (or ib_async, its maintained successor).",
        )
    return found[0]


@lru_cache(maxsize=1)
def library() -> Library:
    """The client library, imported when it is first asked for.

    Raises:
        ClientLibraryError: see `library_name`.
    """
    name = library_name()
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return cast(Library, asyncio.run(_imported(name)))
    return cast(Library, import_module(name))


async def _imported(name: str) -> ModuleType:
    """The libraries ask for the running loop while they are imported, and newer Pythons have none
    to offer outside of one."""
    return import_module(name)
