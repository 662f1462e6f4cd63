"""`python -m overpaint`: the command line."""

import sys

from overpaint.cli import main

if __name__ == "__main__":
    sys.exit(main())
