"""Buys by hand at a gateway and is gone at once, as by kill -9: port, journal, limit."""

from __future__ import annotations

import os
import sys

from framework import connect

port, journal, limit = sys.argv[1:]
desk = connect("paper", port=int(port), journal=journal)
print(desk.buy("AAPL", 10, limit=float(limit), tif="GTC"), flush=True)
os._exit(9)
