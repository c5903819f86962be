"""How many cases a law looks at that has no use for a clever search.

The environment variable ``UNITLEDGER_MANY`` says so; a release is made with a million.
"""

from __future__ import annotations

import os

MANY = int(os.environ.get("UNITLEDGER_MANY", "12000"))
