"""One profile for every property test: the same examples on every run, so that a pass stays one.

`SLIPWAY_EXPLORE=1 pytest` draws new examples instead.
"""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile("fixed", derandomize=True, deadline=None)
settings.register_profile("explore", deadline=None)
settings.load_profile("explore" if os.environ.get("SLIPWAY_EXPLORE") else "fixed")
