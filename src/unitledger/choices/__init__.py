"""What a policy chooses between, by the rules that ask.

    credits       refills, when a credit is spent, what can be undone, what a lapse does
    assignments   schedules, ends, cancellations, and who is meant when
    eligibility   what training units may pay, and which of them
    keycodes      whom key codes serve, and how they are kept
    checkout      what may pay for an order, when it is taken, what comes back

`unitledger.policy` has all of these names as well.
"""

from __future__ import annotations

__all__: list[str] = []
