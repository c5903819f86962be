"""Questions a scenario may ask between commands; nothing is written by them.

They stand where a command may stand: ``explain`` says which lots an amount would take, also when
there is too little, and ``quote`` says what a cart comes to in training units.
"""

from __future__ import annotations

from typing import TypeAlias, final

import attrs

from unitledger.accounts import check_wallet
from unitledger.amounts import Amount
from unitledger.buckets import Plan
from unitledger.ids import WalletId
from unitledger.lots import ANYTHING, Use
from unitledger.orders import BurnOrder
from unitledger.training.pricing import Item, Quote, check_cart
from unitledger.values import Value

__all__ = ["QUESTIONS", "Explain", "Explained", "Question", "QuoteCart"]


@final
@attrs.frozen
class Explain(Value):
    """Which lots of a wallet would pay an amount, in order, and what would be missing.

    An engine that burns what there is and leaves the rest is stated with it: the plan has the
    slices, and ``unmet`` is the rest.

    Attributes:
        wallet: The wallet.
        amount: How much.
        use: What for.
        order: Another burn order than the policy's.
    """

    wallet: WalletId
    amount: Amount
    use: Use = ANYTHING
    order: BurnOrder | None = None

    def __attrs_post_init__(self) -> None:
        check_wallet(self.wallet)


@final
@attrs.frozen
class Explained(Value):
    """What an `Explain` found.

    Attributes:
        asked: The amount asked about.
        available: What the wallet can spend on that use at that instant.
        unmet: What is missing; zero when nothing is.
        met: Whether nothing is missing.
    """

    asked: Amount
    available: Amount
    unmet: Amount
    met: bool

    @classmethod
    def of(cls, plan: Plan) -> Explained:
        """The figures of a plan."""
        available = plan.bucket.available(at=plan.at, use=plan.use)
        return cls(plan.asked, available, plan.unmet, plan.met)


@final
@attrs.frozen
class QuoteCart(Value):
    """What a cart comes to in training units under the scenario's policy.

    Attributes:
        items: The cart, as an order has it.

    Source: TU-120 to TU-124.
    """

    items: tuple[Item, ...]

    def __attrs_post_init__(self) -> None:
        check_cart(self.items)


Question: TypeAlias = Explain | QuoteCart
"""What may stand where a command may stand, and writes nothing."""

QUESTIONS: dict[str, tuple[type[Explain | QuoteCart], type]] = {
    "explain": (Explain, Explained),
    "quote": (QuoteCart, Quote),
}
"""Every question by the word it is asked with, and the class that answers it."""
