"""The command line, as ``python -m unitledger``."""

from __future__ import annotations

import sys

from unitledger.cli import main

__all__: list[str] = []

if __name__ == "__main__":
    sys.exit(main())
