"""The doctor's checks of market data: contract, quotes, history, data farms, limits."""

from __future__ import annotations

__all__ = ["check_contract", "check_farms", "check_history", "check_market_data", "check_pacing"]

import asyncio

from framework.brokers.ib.codes import Action, code_of
from framework.brokers.ib.frames import frame_of
from framework.brokers.ib.history import History
from framework.brokers.ib.level_one import LevelOne
from framework.brokers.ib.limits import Limits
from framework.brokers.ib.problems import PacingError, RequestError
from framework.brokers.ib.quotes import Quality, SeenQuote
from framework.calendar import DAY, day_text
from framework.cli.broker_access import Looker
from framework.cli.doctor_nouns import Check, Verdict, failed
from framework.config.market import instruments
from framework.domain.instruments import Instrument

_LOOK_BACK = 10
"""Days whose bars are asked for."""


async def check_contract(looker: Looker, symbol: str) -> Check:
    """Whether exactly one contract is meant."""
    instrument = instruments().get(symbol) or Instrument(symbol)
    (listed,) = await looker.contracts.qualify([instrument])
    where = listed.primary_exchange or listed.exchange
    return Check(
        "contract",
        Verdict.OK,
        f"{symbol} is {listed.sec_type} #{listed.con_id} of {where}, tick "
        f"{listed.instrument.tick:g} {listed.currency}",
    )


_WORTH: dict[Quality, tuple[Verdict, str]] = {
    Quality.LIVE: (Verdict.OK, ""),
    Quality.FROZEN: (Verdict.WARN, "The market is closed: look again when it is open."),
    Quality.DELAYED: (
        Verdict.WARN,
        "Orders are not priced by delayed data: subscribe to the exchange in the Client Portal, "
        "and share the subscription with the paper account.",
    ),
    Quality.HALTED: (Verdict.WARN, "Trading in it is halted: try another --symbol."),
    Quality.MISSING: (
        Verdict.WARN,
        "The market may be closed: look again when it is open, or try another --symbol.",
    ),
    Quality.STALE: (
        Verdict.FAIL,
        "Data have stopped: end other sessions of this user, and wait for the data farm.",
    ),
    Quality.NOT_SUBSCRIBED: (Verdict.FAIL, "Subscribe to its exchange in the Client Portal."),
}


async def check_market_data(looker: Looker, symbol: str, seconds: float) -> Check:
    """Live quotes, and delayed ones where those are refused."""
    quote, refusal = await _quoted(looker, symbol, seconds, delayed=False)
    if refusal is not None:
        quote, still = await _quoted(looker, symbol, seconds, delayed=True)
        if still is not None or quote.quality is not Quality.DELAYED:
            return failed("market data", refusal)
    verdict, remedy = _WORTH[quote.quality]
    quality = quote.quality.value.replace("_", " ")
    return Check("market data", verdict, f"{symbol} {_prices(quote)}, {quality}", remedy)


async def _quoted(
    looker: Looker, symbol: str, seconds: float, *, delayed: bool
) -> tuple[SeenQuote, RequestError | None]:
    """The first quote that says anything, or the reason why there is none."""
    quotes = LevelOne(looker.connection, looker.pacer, looker.book, allows_delayed=delayed)
    await quotes.follow(symbol)
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    while loop.time() < end and not _is_told(quotes.quote(symbol)):
        await asyncio.sleep(0.02)
    quote, refusal = quotes.quote(symbol), quotes.refusal(symbol)
    quotes.leave(symbol)
    return quote, refusal


def _is_told(quote: SeenQuote) -> bool:
    """Whether nothing more is to be waited for."""
    return quote.quality is not Quality.MISSING


def _prices(quote: SeenQuote) -> str:
    parts = [
        f"{name} {value:g}"
        for name, value in (("bid", quote.bid), ("ask", quote.ask), ("last", quote.last))
        if value is not None
    ]
    return " ".join(parts) or "without a price"


async def check_history(looker: Looker, symbol: str) -> Check:
    """Whether bars of the past come."""
    history = History(looker.connection, looker.pacer, looker.book, timeout=20.0, patience=20.0)
    since = looker.connection.clock.now() - _LOOK_BACK * DAY
    try:
        bars = await history.bars(symbol, frame_of("1d"), since)
    except PacingError as error:
        remedy = "The same question is answered again after fifteen seconds."
        return Check("history", Verdict.WARN, error.problem, remedy)
    if not len(bars):
        return Check(
            "history",
            Verdict.WARN,
            f"{symbol} has no daily bar of the last {_LOOK_BACK} days",
            "Try another --symbol, or wait for the history farm.",
        )
    last = day_text(int(bars.session[-1]))
    return Check("history", Verdict.OK, f"{len(bars)} daily bars, the last of {last}")


def check_farms(looker: Looker) -> Check:
    """What the broker has said of its data farms; the last word on each counts."""
    broken: dict[str, str] = {}
    well = 0
    for one in looker.said:
        action = code_of(one.code, one.text).action
        farm = one.text.rsplit(":", 1)[-1]
        if action is Action.CONNECTION_LOST:
            return Check(
                "data farms",
                Verdict.FAIL,
                f"TWS has lost the broker ({one.code}: {one.text})",
                "Check the network of the machine TWS runs on; it reconnects by itself.",
            )
        if action is Action.DATA_STALE:
            broken[farm] = f"{one.code}: {one.text}"
        elif action is Action.DATA_OK:
            broken.pop(farm, None)
            well += 1
    if broken:
        return Check(
            "data farms",
            Verdict.WARN,
            "; ".join(broken.values()),
            "Wait for it to come back; a session of the same user elsewhere takes the data, too.",
        )
    return Check("data farms", Verdict.OK, f"{well} are well" if well else "no complaint")


def check_pacing(looker: Looker) -> Check:
    """Whether the broker has complained of too many requests."""
    limits = Limits()
    allowed = (
        f"{limits.messages} messages a second, {limits.history} history requests in ten minutes, "
        f"{limits.lines} lines of quotes"
    )
    complaints = [
        f"{one.code}: {one.text}"
        for one in looker.said
        if code_of(one.code, one.text).action in (Action.PACING, Action.RATE)
    ]
    if complaints:
        return Check(
            "pacing",
            Verdict.WARN,
            "; ".join(complaints),
            "Other programs use up this login's limits: end them, or wait ten minutes.",
        )
    return Check("pacing", Verdict.OK, f"no complaint; kept here: {allowed}")
