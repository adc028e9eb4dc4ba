"""One profile for every property test: the same examples on every run, so that a pass stays one.

`SLIPWAY_EXPLORE=1 pytest` draws new examples instead.
"""

from __future__ import annotations

import atexit
import os
import shutil
from tempfile import mkdtemp

from hypothesis import settings

if "SLIPWAY_CACHE" not in os.environ:  # machine code of earlier days decides nothing here
    os.environ["SLIPWAY_CACHE"] = mkdtemp(prefix="slipway-tests-")
    atexit.register(shutil.rmtree, os.environ["SLIPWAY_CACHE"], True)

settings.register_profile("fixed", derandomize=True, deadline=None)
settings.register_profile("explore", deadline=None)
settings.load_profile("explore" if os.environ.get("SLIPWAY_EXPLORE") else "fixed")
