"""Credits and training units of a learning portal, kept so that nothing is lost.

Units move: a quantity is parts of one lot in one account, and everything that happens to it is a
move to another account.
"""

from __future__ import annotations

__all__ = ["__version__"]

__version__ = "0.1.0"
