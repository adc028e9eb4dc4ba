"""Runs inside a client library's own environment: real decoders and real senders, told by JSON.

Usage: `python wire_client_script.py LIBRARY`, with LIBRARY one of ib_insync, ib_async, ibapi9,
ibapi10. Standard input: `{"decode": [[version, payload in hex], ...], "send": [[version, method,
[argument, ...]], ...]}`. Standard output: the same two keys, holding the calls each payload led to
and the payload each call led to, or the text of the error. Needs the library and Python alone.
"""

from __future__ import annotations

import datetime
import decimal
import enum
import importlib
import inspect
import json
import logging
import sys
import traceback

PACKAGES = {"ib_insync": "ib_insync", "ib_async": "ib_async", "ibapi9": "ibapi", "ibapi10": "ibapi"}
UNSET = {float(sys.float_info.max), 2**31 - 1, 2**63 - 1, float(2**127 - 1)}
CONDITIONS = {1: "Price", 3: "Time", 4: "Margin", 5: "Execution", 6: "Volume", 7: "PercentChange"}


class Complaints(logging.Handler):
    """What a library logs as an error instead of raising it."""

    def __init__(self):
        super().__init__(logging.ERROR)
        self.texts = []

    def emit(self, record):
        text = record.getMessage()
        if record.exc_info:
            text += " " + "".join(traceback.format_exception(*record.exc_info))[-300:]
        self.texts.append(text)


def plain(value):
    """A value as JSON can say it; None is a number left unset."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, enum.Enum):
        return value.name
    if isinstance(value, int | float | decimal.Decimal):
        number = float(value)
        return None if number in UNSET else number
    if isinstance(value, datetime.datetime):
        return value.timestamp()
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, dict):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple) and not hasattr(value, "_fields"):
        return [plain(inner) for inner in value]
    if isinstance(value, set):
        return sorted(plain(inner) for inner in value)
    if hasattr(value, "_fields"):
        return {name: plain(getattr(value, name)) for name in value._fields}
    names = getattr(value, "__dict__", None)
    if names is None:
        names = dict.fromkeys(value.__slots__)
    return {name: plain(getattr(value, name)) for name in names if not name.startswith("_")}


class Recorder:
    """Stands where a wrapper stands, and notes what is called."""

    def __init__(self, wrapper_class):
        self.defaultTimezone = datetime.UTC
        self._class = wrapper_class
        self.calls = []
        self.ib = type("Ib", (), {"TimezoneTWS": "UTC"})()

    def __getattr__(self, name):
        method = getattr(self._class, name, None)
        if method is None or name.startswith("_"):
            raise AttributeError(name)
        parameters = [p for p in inspect.signature(method).parameters if p != "self"]

        def note(*args):
            self.calls.append([name, {p: plain(a) for p, a in zip(parameters, args, strict=True)}])

        return note


class Library:
    """One client library: how it decodes, how it sends, how its objects are made."""

    def __init__(self, name):
        self.name = name
        self.package = PACKAGES[name]
        self.official = self.package == "ibapi"
        self.wrapper_class = self.at("wrapper", "EWrapper" if self.official else "Wrapper")
        self.complaints = Complaints()
        logging.getLogger().addHandler(self.complaints)

    def at(self, module, name):
        return getattr(importlib.import_module(f"{self.package}.{module}"), name)

    def decode(self, version, payload):
        recorder = Recorder(self.wrapper_class)
        decoder = self.at("decoder", "Decoder")(recorder, version)
        if self.name == "ibapi10":
            number, _, rest = payload.partition(b"\0")
            decoder.interpret(tuple(rest.split(b"\0")[:-1]), int(number))
        elif self.name == "ibapi9":
            decoder.interpret(tuple(payload.split(b"\0")[:-1]))
        else:
            decoder.interpret(payload.decode(errors="backslashreplace").split("\0")[:-1])
        return recorder.calls

    def send(self, version, method, args):
        sent = []
        values = [self.made(arg) for arg in args]
        if self.official:
            client = self.at("client", "EClient")(self.quiet_wrapper())
            client.serverVersion_ = version
            client.connState = client.CONNECTED
            connection = type("Connection", (), {})()
            connection.isConnected = lambda: True
            connection.sendMsg = lambda data: sent.append(data[4:])
            client.conn = connection
            client.clientId = 17
            client.extraAuth = True
        else:
            client = self.at("client", "Client")(self.wrapper_class)
            client._serverVersion = version
            client.connState = client.CONNECTED
            client.clientId = 17
            client.sendMsg = lambda text: sent.append(text.encode())
        getattr(client, method)(*values)
        (payload,) = sent
        return payload

    def quiet_wrapper(self):
        wrapper = self.wrapper_class()
        wrapper.error = lambda *args: self.complaints.texts.append(str(args))
        return wrapper

    def made(self, told):
        """An argument: a plain value, or `{"class": name, fields...}` for one of the library's."""
        if isinstance(told, list):
            return [self.made(item) for item in told]
        if not isinstance(told, dict):
            return told
        fields = {name: self.made(value) for name, value in told.items() if name != "class"}
        kind = told["class"]
        if kind == "TagValue":
            return self.tag_class()(fields["tag"], fields["value"])
        if kind == "Condition":
            return self.condition(fields)
        thing = self.new(kind)
        for name, value in fields.items():
            assert hasattr(thing, name), f"{kind} has no {name}"
            setattr(thing, name, value)
        return thing

    def tag_class(self):
        return self.at("tag_value" if self.official else "contract", "TagValue")

    def new(self, kind):
        official = {
            "Contract": "contract",
            "ComboLeg": "contract",
            "DeltaNeutralContract": "contract",
            "Order": "order",
            "OrderComboLeg": "order",
            "SoftDollarTier": "softdollartier",
            "ExecutionFilter": "execution",
            "ScannerSubscription": "scanner",
            "WshEventData": "common",
            "OrderCancel": "order_cancel",
        }
        own = {**official, "SoftDollarTier": "objects", "ExecutionFilter": "objects"}
        own |= {"ScannerSubscription": "objects", "WshEventData": "objects"}
        return self.at((official if self.official else own)[kind], kind)()

    def condition(self, fields):
        number = fields.pop("type")
        conjunction = fields.pop("isConjunction")
        if self.official:
            thing = self.at("order_condition", "Create")(number)
            thing.isConjunctionConnection = conjunction
        else:
            thing = self.at("order", f"{CONDITIONS[number]}Condition")()
            thing.conjunction = "a" if conjunction else "o"
        for name, value in fields.items():
            known = name if hasattr(thing, name) else {"exchange": "exch"}.get(name, name)
            assert hasattr(thing, known), f"{type(thing).__name__} has no {name}"
            setattr(thing, known, value)
        return thing

    def guarded(self, action, *args):
        """What an action gives, or what went wrong in it."""
        self.complaints.texts.clear()
        try:
            result = action(*args)
        except Exception:  # any failure of the library is what is reported
            return {"error": traceback.format_exc()[-1500:] + "\n".join(self.complaints.texts)}
        if self.complaints.texts:
            return {"error": "\n".join(self.complaints.texts)}
        return {"result": result}


def main():
    library = Library(sys.argv[1])
    asked = json.load(sys.stdin)
    decoded = [
        library.guarded(library.decode, version, bytes.fromhex(payload))
        for version, payload in asked["decode"]
    ]
    sent = []
    for version, method, args in asked["send"]:
        outcome = library.guarded(library.send, version, method, args)
        if "result" in outcome:
            outcome["result"] = outcome["result"].hex()
        sent.append(outcome)
    json.dump({"decode": decoded, "send": sent}, sys.stdout)


if __name__ == "__main__":
    main()
