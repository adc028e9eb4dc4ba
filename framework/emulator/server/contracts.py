"""Requests about contracts: details, search, option chains, price steps."""

from __future__ import annotations

__all__ = [
    "contract_details",
    "market_rule",
    "matching_symbols",
    "option_parameters",
    "smart_components",
]

from framework.emulator.exchange.rejected import RejectedError
from framework.emulator.protocol.answers import (
    ContractDetails,
    ContractDetailsEnd,
    MarketRule,
    PriceIncrement,
    SecurityDefinitionOptionParameter,
    SecurityDefinitionOptionParameterEnd,
    SmartComponent,
    SmartComponents,
    SymbolSample,
    SymbolSamples,
)
from framework.emulator.protocol.requests import (
    ReqContractDetails,
    ReqMarketRule,
    ReqMatchingSymbols,
    ReqSecDefOptParams,
    ReqSmartComponents,
)
from framework.emulator.server.hub import Hub
from framework.emulator.server.session import Session

_UNKNOWN = "No security definition has been found for the request"


def contract_details(hub: Hub, session: Session, request: ReqContractDetails) -> None:
    """Everything about every contract that is meant."""
    directory = hub.market.directory
    found = directory.find(request.contract)
    if not found:
        raise RejectedError(200, _UNKNOWN)
    for listing in found:
        session.send(ContractDetails(request.req_id, directory.details(listing)))
    session.send(ContractDetailsEnd(request.req_id))


def matching_symbols(hub: Hub, session: Session, request: ReqMatchingSymbols) -> None:
    """Symbols and names that begin so."""
    samples = tuple(
        SymbolSample(match.listing.contract, match.derivatives, match.listing.long_name)
        for match in hub.market.directory.matching(request.pattern)
    )
    session.send(SymbolSamples(request.req_id, samples))


def option_parameters(hub: Hub, session: Session, request: ReqSecDefOptParams) -> None:
    """The expiries and strikes of an underlying's options, exchange by exchange."""
    for chain in hub.market.directory.chains(request.underlying_con_id):
        if request.fut_fop_exchange in ("", chain.exchange):
            session.send(
                SecurityDefinitionOptionParameter(
                    request.req_id,
                    chain.exchange,
                    chain.under_con_id,
                    chain.trading_class,
                    chain.multiplier,
                    chain.expirations,
                    chain.strikes,
                )
            )
    session.send(SecurityDefinitionOptionParameterEnd(request.req_id))


def market_rule(hub: Hub, session: Session, request: ReqMarketRule) -> None:
    """The price steps of a rule."""
    steps = hub.market.directory.rule(request.market_rule_id)
    if steps is None:
        raise RejectedError(
            321, "Error validating request:-'b' : cause - Unknown market rule "
            f"{request.market_rule_id}"
        )  # fmt: skip
    increments = tuple(PriceIncrement(start, step) for start, step in steps)
    session.send(MarketRule(request.market_rule_id, increments))


def smart_components(hub: Hub, session: Session, request: ReqSmartComponents) -> None:
    """The exchanges behind a best quote."""
    names = ("ISLAND", "NYSE", "ARCA")
    components = tuple(SmartComponent(n, name, "QNP"[n]) for n, name in enumerate(names))
    session.send(SmartComponents(request.req_id, components))
