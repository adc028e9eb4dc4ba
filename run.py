"""`python run.py sma_cross` is `slipway run sma_cross`; the other commands go by their names."""

import sys

from framework.cli import OTHERS, main

if __name__ == "__main__":
    arguments = sys.argv[1:]
    main(arguments if arguments and arguments[0] in OTHERS else ["run", *arguments])
