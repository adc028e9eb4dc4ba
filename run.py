"""`python run.py sma_cross` is `slipway run sma_cross`, from a clone and from any folder."""

import sys

from framework.cli import main

if __name__ == "__main__":
    main(["run", *sys.argv[1:]])
