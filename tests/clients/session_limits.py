"""The limits a gateway keeps: messages, history requests, streams of quotes.

python tests/clients/session_limits.py --port N [--client-id 1]
"""

from __future__ import annotations

import sys

from raw import Wire, contract_fields
from raw_layouts import details
from raw_session import AAPL
from steps import Options, Steps, check, equal, options, run

STEPS = Steps()


def wire(s: Options) -> Wire:
    return Wire(s.host, s.port)


@STEPS("more than 50 messages a second: 100; a client that keeps to it is served")
def rate(s: Options) -> str:
    with wire(s) as other:
        other.connect(s.client_id)
        for _ in range(70):
            other.send(49, 1)
        error = other.until(lambda m: m[0] == "4" and m[3] == "100", "code 100", 3)
        equal(error[2], "-1", "id of the error")
    with wire(s) as other:
        other.connect(s.client_id + 1)
        other.rate = 30  # a busy machine reads what comes evenly in bunches
        for _ in range(60):
            other.send(49, 1)
        told = other.drain(0.3)
        answers = [m for m in told if m[0] == "49"]
        equal(len(answers), 60, "answers at 30 messages a second")
        equal([m for m in told if m[0] == "4" and m[3] == "100"], [], "codes 100")
    return error[4]


@STEPS("history asked for twice within 15 seconds: 162 or 420")
def paced(s: Options) -> str:
    with wire(s) as other:
        other.connect(s.client_id)
        for req_id in (1, 2):
            fields = contract_fields(AAPL)
            other.send(20, req_id, *fields, 0, "", "1 day", "33 D", 1, "TRADES", 1, 0, "")
        other.message(17, 1)
        error = other.until(lambda m: m[0] == "4" and m[2] == "2", "an error")
        check(error[3] in ("162", "420"), f"{error}")
    return error[4]


@STEPS("more than 100 streams of quotes: 101")
def lines(s: Options) -> str:
    with wire(s) as other:
        other.connect(s.client_id)
        other.rate = 30
        other.send(9, 8, 1, *contract_fields({"symbol": "SPY", "secType": "OPT"}), 0, "", "", "")
        start = len(other.log)
        other.message(52, 1, 1)
        con_ids = [details(m, 178)["conId"] for m in other.log[start:] if m[0] == "10"]
        check(len(con_ids) > 101, f"{len(con_ids)} options")
        for req_id in range(101):
            contract = {"conId": con_ids[req_id], "exchange": "SMART"}
            other.send(1, 11, 1000 + req_id, *contract_fields(contract), 0, "", 0, 0, "")
        error = other.until(lambda m: m[0] == "4" and m[3] == "101", "code 101", 15)
        equal(error[2], "1100", "the stream refused")
    return error[4]


def main() -> bool:
    """Play the steps in order."""
    return run(STEPS.listed, options(__doc__))


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
