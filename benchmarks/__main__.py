"""`python -m benchmarks` measures redemption in memory."""

from __future__ import annotations

import sys

from benchmarks.w1 import main

sys.exit(main())
