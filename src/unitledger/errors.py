"""Every way to be told no.

The tree, and what a host usually does with each branch:

    UnitLedgerError
    ├── InvalidInput            the value cannot be used; correct it and send it again
    │   ├── InvalidValue            a field holds something its meaning does not allow
    │   ├── InvalidType             float, bool, a subclass: never converted, always refused
    │   ├── InvalidId               not one of our ids (see unitledger.ids)
    │   ├── NotFinite               NaN or an infinity where an amount was due
    │   ├── NegativeAmount          an amount below zero
    │   ├── TooPrecise              more decimals than the unit has
    │   ├── NaiveInstant            a date and time without a zone
    │   ├── LimitExceeded           larger than anything the library will touch
    │   ├── MalformedDocument       text that is not the JSON or TOML it should be
    │   ├── PayloadRefused          a part of an assignment's payload cannot be read
    │   └── UnknownField            a document names a field that does not exist
    ├── Refused                 a rule says no; nothing changed, and it may succeed later
    │   ├── InsufficientUnits       less is spendable than was asked for
    │   ├── NotPermitted            this actor may not give this command
    │   ├── UnknownObject           no such record, lot or claim in this portal
    │   ├── UnknownKeyCode          the one answer to every key code that is not ours
    │   ├── AlreadyExists           the id or code is taken
    │   ├── IllegalTransition       the life cycle has no such step
    │   ├── NotDue                  its instant has not come
    │   ├── NotRegistered           that manager is not registered to that course
    │   ├── WalletClosed            that manager or course has left, and gets nothing any more
    │   ├── GiftExceeded            more is taken back than was given
    │   ├── DebtOutstanding         enrolments made ahead are not paid yet
    │   ├── NotReversible           the time in which an enrolment could be undone is over
    │   ├── LearnerCapReached       that learner has as many enrolments as one may have
    │   ├── KeyCodeSuspended        that key code pays for nobody at the moment
    │   ├── KeyCodeCapReached       that user has spent as much by that key code as one may
    │   ├── TooManyAttempts         no more guesses at key codes for now
    │   ├── OutsideAudience         that user is not among those the units are meant for
    │   ├── NotPayableInUnits       an item has no price in units
    │   ├── RemainderNotPriced      units are missing and nobody says what they are in money
    │   ├── MethodNotAllowed        that payment method may not pay for this
    │   ├── QuoteMoved              the order would be paid otherwise than it was quoted
    │   ├── NotRefundable           the policy gives nothing back for this line
    │   ├── CouponNotAllowed        coupons are not taken for training units
    │   ├── UnitsNotSold            training units have no price here
    │   ├── SubscriptionLapsed      no subscription is in force, so no credit may be spent
    │   ├── ForfeitDue              credits are forfeited and still have to be taken out
    │   ├── PaymentConflict         the payment reference stands for another purchase
    │   ├── BelowUsed               a total less than what is used already
    │   ├── BelowHandedOut          a total less than what was handed out
    │   ├── ClaimExceeded           more than the claim holds or has spent
    │   ├── WrongUnit               credits where training units belong, or the reverse
    │   ├── InvalidTerms            an expiry edit that the terms do not allow
    │   ├── PolicyChanged           it was fired under another policy the turn before
    │   └── NoDirectory             a fact about people is needed, and nobody was named to say it
    ├── RequestConflict         the request id already means something else
    ├── NotLocked               a decision looked where the unit of work holds no lock
    ├── Contention              the locks could not be had in the tries allowed
    ├── StoreUnavailable        the database did not answer; ask again under the same request
    ├── SchemaMismatch          a database's tables are missing or of another version
    └── BrokenPromise           should be impossible: stored data or a rule is damaged
        ├── InvariantViolation      moves, claims and cells do not agree
        └── JournalBroken           the journal is not the one that was written

Every class has a stable ``code`` for machines, an ``http_hint`` for web hosts, public fields that
say what was asked and what there was, and a ``str()`` that says the way out. All of them pickle.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, final

import attrs

if TYPE_CHECKING:
    from datetime import datetime
    from fractions import Fraction

    from unitledger.amounts import Amount

__all__ = [
    "AlreadyExists",
    "BelowHandedOut",
    "BelowUsed",
    "BrokenPromise",
    "ClaimExceeded",
    "Contention",
    "CouponNotAllowed",
    "DebtOutstanding",
    "ForfeitDue",
    "GiftExceeded",
    "IllegalTransition",
    "InsufficientUnits",
    "InvalidId",
    "InvalidInput",
    "InvalidTerms",
    "InvalidType",
    "InvalidValue",
    "InvariantViolation",
    "JournalBroken",
    "KeyCodeCapReached",
    "KeyCodeSuspended",
    "LearnerCapReached",
    "LimitExceeded",
    "MalformedDocument",
    "MethodNotAllowed",
    "NaiveInstant",
    "NegativeAmount",
    "NoDirectory",
    "NotDue",
    "NotFinite",
    "NotLocked",
    "NotPayableInUnits",
    "NotPermitted",
    "NotRefundable",
    "NotRegistered",
    "NotReversible",
    "OutsideAudience",
    "PayloadRefused",
    "PaymentConflict",
    "PolicyChanged",
    "QuoteMoved",
    "Refused",
    "RemainderNotPriced",
    "RequestConflict",
    "SchemaMismatch",
    "StoreUnavailable",
    "SubscriptionLapsed",
    "TooManyAttempts",
    "TooPrecise",
    "UnitLedgerError",
    "UnitsNotSold",
    "UnknownField",
    "UnknownKeyCode",
    "UnknownObject",
    "WalletClosed",
    "WrongUnit",
    "shown",
]

_SHOWN_CHARACTERS = 60
_NAME_OF = type.__dict__["__name__"].__get__  # a metaclass may lie about, or refuse, __name__


def shown(value: object) -> str:
    """A short, safe text for a value that may be hostile.

    Nothing of the value's own code runs: only exact built-in texts and whole numbers are printed,
    cut to sixty characters; of anything else the name of its type is shown.
    """
    if type(value) is str:
        cut = value[:_SHOWN_CHARACTERS]
        return ascii(cut) + ("…" if len(value) > _SHOWN_CHARACTERS else "")
    if type(value) is int:
        return str(value) if value.bit_length() <= 128 else f"an int of {value.bit_length()} bits"
    if value is None or type(value) is bool:
        return str(value)
    name: str = _NAME_OF(type(value))
    plain = ascii(name[:_SHOWN_CHARACTERS])[1:-1]
    return f"{'an' if plain[:1] in 'AEIOaeio' else 'a'} {plain}"


class UnitLedgerError(Exception):
    """The root of everything the library raises on purpose.

    Attributes:
        code: A stable name for machines; it never changes once released.
        http_hint: The HTTP status a web host would usually answer with.
    """

    code: ClassVar[str] = "unitledger_error"
    http_hint: ClassVar[int] = 500

    @property
    def details(self) -> dict[str, object]:
        """The public fields by name, for a log line or an API answer."""
        names = [field.name for field in getattr(type(self), "__attrs_attrs__", ())]
        return {name: getattr(self, name) for name in names}


class InvalidInput(UnitLedgerError):
    """A value that cannot be used at all, whatever the ledger holds."""

    code: ClassVar[str] = "invalid_input"
    http_hint: ClassVar[int] = 422


@final
@attrs.define(eq=False)
class InvalidValue(InvalidInput):
    """A field holds something that its meaning does not allow.

    Attributes:
        field: The field's name.
        value: What it held, shortened.
        expected: What it may hold.
    """

    code: ClassVar[str] = "invalid_value"

    field: str
    value: str
    expected: str

    def __str__(self) -> str:
        return f"{self.field} is {self.value}; give {self.expected}"


@final
@attrs.define(eq=False)
class InvalidType(InvalidInput):
    """A value of a type that is never converted: float, bool, a subclass of int or str.

    Attributes:
        field: The field's name.
        value: What it held, shortened.
        expected: The exact types that are taken.
    """

    code: ClassVar[str] = "invalid_type"

    field: str
    value: str
    expected: str

    def __str__(self) -> str:
        return f"{self.field} is {self.value}; give exactly {self.expected}"


@final
@attrs.define(eq=False)
class InvalidId(InvalidInput):
    """A text that is not an id.

    Attributes:
        field: Which id it was meant to be.
        value: What it held, shortened.
        expected: What it may be.
    """

    code: ClassVar[str] = "invalid_id"

    field: str
    value: str
    expected: str = "1 to 128 printable ASCII characters without a space at either end"

    def __str__(self) -> str:
        return f"{self.field} is {self.value}; give {self.expected}"


@final
@attrs.define(eq=False)
class NotFinite(InvalidInput):
    """NaN or an infinity where an amount, a price or a rate was due.

    Attributes:
        field: The field's name.
    """

    code: ClassVar[str] = "not_finite"

    field: str

    def __str__(self) -> str:
        return f"{self.field} is not a finite number; give one"


@final
@attrs.define(eq=False)
class NegativeAmount(InvalidInput):
    """An amount below zero, given or computed.

    Attributes:
        field: The field's name.
        value: What it was, shortened.
    """

    code: ClassVar[str] = "negative_amount"

    field: str
    value: str

    def __str__(self) -> str:
        return f"{self.field} is {self.value}; amounts are never below zero"


@final
@attrs.define(eq=False)
class TooPrecise(InvalidInput):
    """More decimals than the unit has; an amount is never rounded behind your back.

    Attributes:
        field: The field's name.
        value: What it was, shortened.
        decimals: How many decimals the unit has.
    """

    code: ClassVar[str] = "too_precise"

    field: str
    value: str
    decimals: int

    def __str__(self) -> str:
        return f"{self.field} is {self.value}; give at most {self.decimals} decimals"


@final
@attrs.define(eq=False)
class NaiveInstant(InvalidInput):
    """A date and time without a zone: it could be any of some fifty instants.

    Attributes:
        field: The field's name.
        value: What it was, shortened.
    """

    code: ClassVar[str] = "naive_instant"

    field: str
    value: str

    def __str__(self) -> str:
        return f"{self.field} is {self.value}, without a zone; give an aware datetime"


@final
@attrs.define(eq=False)
class LimitExceeded(InvalidInput):
    """Larger than anything the library will touch; refused before any work is done on it.

    Attributes:
        what: What was counted.
        asked: How many there were, shortened.
        limit: How many there may be.
    """

    code: ClassVar[str] = "limit_exceeded"

    what: str
    asked: str
    limit: int

    def __str__(self) -> str:
        return f"{self.what}: {self.asked}; the limit is {self.limit}"


@final
@attrs.define(eq=False)
class MalformedDocument(InvalidInput):
    """A text that is not the JSON or TOML document it should be.

    Attributes:
        where: The place in the document, as a path.
        problem: What is wrong there.
    """

    code: ClassVar[str] = "malformed_document"

    where: str
    problem: str

    def __str__(self) -> str:
        return f"{self.where}: {self.problem}"


@final
@attrs.define(eq=False)
class UnknownField(InvalidInput):
    """A document names a field that does not exist, most often a slip of the pen.

    Attributes:
        where: The place in the document, as a path.
        field: The unknown name, shortened.
        known: The names that exist there.
    """

    code: ClassVar[str] = "unknown_field"

    where: str
    field: str
    known: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.where} has no field {self.field}; it has {', '.join(self.known)}"


@final
@attrs.define(eq=False)
class PayloadRefused(InvalidInput):
    """A part of the payload of an assignment cannot be read.

    Attributes:
        part: Which part; see `PayloadPart`.
        value: What was given, shortened; never a key code.
        reason: What is wrong with it.
    """

    code: ClassVar[str] = "payload_refused"

    part: str
    value: str
    reason: str

    def __str__(self) -> str:
        return f"{self.part} is {self.value}: {self.reason}"


class Refused(UnitLedgerError):
    """A rule says no. Nothing changed, and the same command may succeed later."""

    code: ClassVar[str] = "refused"
    http_hint: ClassVar[int] = 409


@final
@attrs.define(eq=False)
class InsufficientUnits(Refused):
    """Wallets hold less than a command tries to take from them.

    Attributes:
        wallets: Whose balances were counted, in the order they are drawn on.
        needed: What the command asked for.
        available: What was spendable there at that instant.
        worth: What is missing in money, exactly, where somebody says what a unit is worth.
    """

    code: ClassVar[str] = "insufficient_units"
    http_hint: ClassVar[int] = 402

    wallets: tuple[str, ...]
    needed: Amount
    available: Amount
    worth: Fraction | None = None

    @property
    def shortfall(self) -> Amount:
        """What is missing."""
        return self.needed - self.available

    def __str__(self) -> str:
        held = " and ".join(self.wallets)
        money = "" if self.worth is None else f", worth {self.worth} in money"
        return (
            f"{held} can spend {self.available} of the {self.needed} asked for; "
            f"{self.shortfall} more needed{money}"
        )


@final
@attrs.define(eq=False)
class NotPermitted(Refused):
    """This actor may not give this command here.

    Attributes:
        actor: Who asked.
        command: The command's name.
        allowed: Who may, in words.
    """

    code: ClassVar[str] = "not_permitted"
    http_hint: ClassVar[int] = 403

    actor: str
    command: str
    allowed: str

    def __str__(self) -> str:
        return f"{self.actor} may not {self.command}; allowed: {self.allowed}"


@final
@attrs.define(eq=False)
class UnknownObject(Refused):
    """No such record, lot or claim in this portal; another portal's looks exactly the same.

    Attributes:
        kind: What was looked for.
        key: Its id.
    """

    code: ClassVar[str] = "unknown_object"
    http_hint: ClassVar[int] = 404

    kind: str
    key: str

    def __str__(self) -> str:
        return f"no {self.kind} {self.key} in this portal"


@final
@attrs.define(eq=False)
class UnknownKeyCode(Refused):
    """The one answer to every key code that is not ours: unknown, foreign or malformed."""

    code: ClassVar[str] = "unknown_key_code"
    http_hint: ClassVar[int] = 404

    def __str__(self) -> str:
        return "this key code is not known; check it for typing errors"


@final
@attrs.define(eq=False)
class AlreadyExists(Refused):
    """The id or code is taken, and by something else.

    Attributes:
        kind: What was to be made.
        key: The id that is taken.
    """

    code: ClassVar[str] = "already_exists"

    kind: str
    key: str

    def __str__(self) -> str:
        return f"{self.kind} {self.key} exists already; choose another id"


@final
@attrs.define(eq=False)
class IllegalTransition(Refused):
    """The life cycle of a record has no such step.

    Attributes:
        kind: What kind of record it is.
        key: Its id.
        state: The state it is in.
        wanted: The step that was asked for.
    """

    code: ClassVar[str] = "illegal_transition"

    kind: str
    key: str
    state: str
    wanted: str

    def __str__(self) -> str:
        return f"{self.kind} {self.key} is {self.state}; it cannot become {self.wanted}"


@final
@attrs.define(eq=False)
class NotDue(Refused):
    """Something scheduled was asked for before its instant.

    Attributes:
        what: What is scheduled.
        due: When it is due (UTC).
    """

    code: ClassVar[str] = "not_due"

    what: str
    due: datetime

    def __str__(self) -> str:
        return f"{self.what} is due at {self.due.isoformat()}; ask again then"


@final
@attrs.define(eq=False)
class NotRegistered(Refused):
    """That manager is not registered to that course, says the Directory.

    Attributes:
        manager: The manager's id.
        course: The course's id.
    """

    code: ClassVar[str] = "not_registered"

    manager: str
    course: str

    def __str__(self) -> str:
        return f"{self.manager} is not a manager of {self.course}; register them there first"


@final
@attrs.define(eq=False)
class WalletClosed(Refused):
    """A manager's or a course's account is closed; nothing is brought to it or spent from it.

    Attributes:
        wallet: The wallet.
    """

    code: ClassVar[str] = "wallet_closed"

    wallet: str

    def __str__(self) -> str:
        return f"{self.wallet} is closed; open it again first"


@final
@attrs.define(eq=False)
class GiftExceeded(Refused):
    """A manager asks back more than they gave another manager and have not taken back.

    Attributes:
        giver: Who gave, and asks.
        receiver: Who got it.
        course: The course.
        net: What was given and not taken back.
        asked: What was asked for.
    """

    code: ClassVar[str] = "gift_exceeded"

    giver: str
    receiver: str
    course: str
    net: Amount
    asked: Amount

    def __str__(self) -> str:
        return (
            f"{self.giver} may take back {self.net} from {self.receiver} for {self.course}, "
            f"not the {self.asked} asked for"
        )


@final
@attrs.define(eq=False)
class DebtOutstanding(Refused):
    """A course owes credits for enrolments made ahead.

    Attributes:
        course: The course.
        debt: How many it owes.
    """

    code: ClassVar[str] = "debt_outstanding"
    http_hint: ClassVar[int] = 402

    course: str
    debt: Amount

    def __str__(self) -> str:
        return f"{self.course} owes {self.debt} for enrolments made ahead; allocate them first"


@final
@attrs.define(eq=False)
class NotReversible(Refused):
    """The time in which an enrolment could be undone is over.

    Attributes:
        enrolment: The enrolment's id.
        until: Until when the policy has it undone.
        progress: How far the learner is, in percent; ``None`` is not started.
        enrolled: Since when they are enrolled (UTC).
    """

    code: ClassVar[str] = "not_reversible"

    enrolment: str
    until: str
    progress: int | None
    enrolled: datetime

    def __str__(self) -> str:
        far = "not started" if self.progress is None else f"at {self.progress} %"
        return (
            f"enrolment {self.enrolment} of {self.enrolled.isoformat()}, {far}, is past the "
            f"reversible_until of the policy: {self.until}; a credit can still be given back by a "
            "correction"
        )


@final
@attrs.define(eq=False)
class LearnerCapReached(Refused):
    """A learner has as many enrolments as one learner may have.

    Attributes:
        learner: The learner.
        enrolments: How many they have, active or completed.
        cap: How many one may have.
    """

    code: ClassVar[str] = "learner_cap_reached"

    learner: str
    enrolments: int
    cap: int

    def __str__(self) -> str:
        return (
            f"{self.learner} has {self.enrolments} enrolments and may have {self.cap}; "
            "undo one, or raise the policy's learner_cap"
        )


@final
@attrs.define(eq=False)
class KeyCodeSuspended(Refused):
    """The key code is ours, and pays for nobody until it is opened again."""

    code: ClassVar[str] = "key_code_suspended"
    http_hint: ClassVar[int] = 403

    def __str__(self) -> str:
        return "this key code is suspended; ask whoever gave it to you, or pay another way"


@final
@attrs.define(eq=False)
class KeyCodeCapReached(Refused):
    """A user would have spent more by a key code than one user may.

    Attributes:
        user: The user's id.
        cap: How much one user may have spent by it.
        used: How much the user has spent by it already.
        asked: How much more it would be.
    """

    code: ClassVar[str] = "key_code_cap_reached"

    user: str
    cap: Amount
    used: Amount
    asked: Amount

    def __str__(self) -> str:
        return (
            f"{self.user} has spent {self.used} by this key code and asks for {self.asked} more; "
            f"one user may spend {self.cap} by it"
        )


@final
@attrs.define(eq=False)
class TooManyAttempts(Refused):
    """No more guesses at key codes for now, says the host's limiter.

    Attributes:
        actor: Who tried.
    """

    code: ClassVar[str] = "too_many_attempts"
    http_hint: ClassVar[int] = 429

    actor: str

    def __str__(self) -> str:
        return f"{self.actor} may try no key code now; wait, and check the code for typing errors"


@final
@attrs.define(eq=False)
class OutsideAudience(Refused):
    """That user is not among those the units are meant for.

    Attributes:
        user: The user's id.
        audience: The audience, in words.
    """

    code: ClassVar[str] = "outside_audience"
    http_hint: ClassVar[int] = 403

    user: str
    audience: str

    def __str__(self) -> str:
        return f"{self.user} is not in the audience {self.audience}"


@final
@attrs.define(eq=False)
class NotPayableInUnits(Refused):
    """An item of the cart has no price in training units.

    Attributes:
        item: The item's id.
        reason: Why not, and what would change it.
    """

    code: ClassVar[str] = "not_payable_in_units"

    item: str
    reason: str

    def __str__(self) -> str:
        return f"{self.item} cannot be paid in units: {self.reason}"


@final
@attrs.define(eq=False)
class RemainderNotPriced(Refused):
    """Units do not cover an order, and what is missing cannot be asked for in money.

    Attributes:
        order: The order's id.
        missing: How much is not covered.
    """

    code: ClassVar[str] = "remainder_not_priced"
    http_hint: ClassVar[int] = 402

    order: str
    missing: Amount

    def __str__(self) -> str:
        return (
            f"{self.missing} of order {self.order} are not covered, and the policy has no "
            "unit_value to ask for them in money"
        )


@final
@attrs.define(eq=False)
class MethodNotAllowed(Refused):
    """A payment method was named that may not pay for this.

    Attributes:
        method: The method.
        purpose: What it was to pay for.
        allowed: The methods that may, in words.
    """

    code: ClassVar[str] = "method_not_allowed"

    method: str
    purpose: str
    allowed: str

    def __str__(self) -> str:
        return f"{self.method} may not pay for {self.purpose}; allowed: {self.allowed}"


@final
@attrs.define(eq=False)
class QuoteMoved(Refused):
    """An order would cost or be paid otherwise than its quote said.

    Attributes:
        order: The order's id.
        quoted: The version of the quote.
        now: The version that a quote would have now.
    """

    code: ClassVar[str] = "quote_moved"

    order: str
    quoted: str
    now: str

    def __str__(self) -> str:
        return (
            f"order {self.order} was quoted as {self.quoted} and would be {self.now} now; "
            "show a new quote and place the order with it"
        )


@final
@attrs.define(eq=False)
class NotRefundable(Refused):
    """The policy gives nothing back for an order line.

    Attributes:
        order: The order's id.
        line: Its line, from 1.
        reason: Why not, and what can be done instead.
    """

    code: ClassVar[str] = "not_refundable"

    order: str
    line: int
    reason: str

    def __str__(self) -> str:
        return f"line {self.line} of order {self.order} is not refunded: {self.reason}"


@final
@attrs.define(eq=False)
class CouponNotAllowed(Refused):
    """A coupon was offered for training units, and the policy takes none.

    Attributes:
        coupon: The coupon's id.
    """

    code: ClassVar[str] = "coupon_not_allowed"

    coupon: str

    def __str__(self) -> str:
        return (
            f"coupon {self.coupon} cannot be used to buy units; leave it out, or set the policy's "
            "coupon_on_unit_purchase"
        )


@final
@attrs.define(eq=False)
class UnitsNotSold(Refused):
    """Training units have no price here.

    Attributes:
        missing: What would have to be set.
    """

    code: ClassVar[str] = "units_not_sold"

    missing: str

    def __str__(self) -> str:
        return f"no units can be bought: set {self.missing}"


@final
@attrs.define(eq=False)
class SubscriptionLapsed(Refused):
    """A subscription has lapsed and none is in force, so nothing may be spent or granted.

    Attributes:
        subscription: The subscription that lapsed last.
        since: When it did (UTC).
    """

    code: ClassVar[str] = "subscription_lapsed"
    http_hint: ClassVar[int] = 402

    subscription: str
    since: datetime

    def __str__(self) -> str:
        return (
            f"subscription {self.subscription} has lapsed at {self.since.isoformat()}; restore it "
            "or begin another"
        )


@final
@attrs.define(eq=False)
class ForfeitDue(Refused):
    """Credits of a wallet are forfeited and still have to be taken out of it.

    Attributes:
        subscription: The subscription that lapsed.
        wallet: The wallet.
    """

    code: ClassVar[str] = "forfeit_due"

    subscription: str
    wallet: str

    def __str__(self) -> str:
        return (
            f"{self.wallet} has credits that were forfeited with subscription "
            f"{self.subscription}; give Forfeit for it first"
        )


@final
@attrs.define(eq=False)
class PaymentConflict(Refused):
    """A payment reference was used before, for another purchase.

    Attributes:
        payment: The payment reference.
        differs: The names of the fields that differ from the first use.
    """

    code: ClassVar[str] = "payment_conflict"

    payment: str
    differs: tuple[str, ...]

    def __str__(self) -> str:
        return (
            f"payment {self.payment} was used before with another {', '.join(self.differs)}; "
            "every purchase has a payment reference of its own"
        )


@final
@attrs.define(eq=False)
class BelowUsed(Refused):
    """A lot would be less in all than what is held and spent of it.

    Attributes:
        lot: The lot.
        total: How much it was to be.
        used: How much of it is held and spent.
    """

    code: ClassVar[str] = "below_used"

    lot: str
    total: Amount
    used: Amount

    def __str__(self) -> str:
        return f"{self.used} of {self.lot} are used; its total cannot be {self.total}"


@final
@attrs.define(eq=False)
class BelowHandedOut(Refused):
    """A lot would be less in all than what was handed out of it.

    Attributes:
        lot: The lot.
        total: How much it was to be.
        assigned: How much of it was handed out or used.
    """

    code: ClassVar[str] = "below_handed_out"

    lot: str
    total: Amount
    assigned: Amount

    def __str__(self) -> str:
        return (
            f"{self.assigned} of {self.lot} are handed out; take units back first, or let the "
            f"policy's below_assigned do it, before its total is {self.total}"
        )


@final
@attrs.define(eq=False)
class ClaimExceeded(Refused):
    """More was asked back, captured or released than the claim holds or has spent.

    Attributes:
        claim: The claim's id.
        state: Which of its units were asked for (HELD or SPENT).
        asked: How many parts were asked for.
        there: How many parts it has in that state.
    """

    code: ClassVar[str] = "claim_exceeded"

    claim: str
    state: str
    asked: int
    there: int

    def __str__(self) -> str:
        if not self.there:
            return f"claim {self.claim} has nothing {self.state}; look where it stands first"
        there, asked = f"{shown(self.there)} parts {self.state}", shown(self.asked)
        return f"claim {self.claim} has {there}, not the {asked} asked for"


@final
@attrs.define(eq=False)
class WrongUnit(Refused):
    """Credits where training units belong, or the reverse; the two never mix.

    Attributes:
        expected: The unit that belongs there.
        given: The unit that was given.
    """

    code: ClassVar[str] = "wrong_unit"
    http_hint: ClassVar[int] = 422

    expected: str
    given: str

    def __str__(self) -> str:
        return f"{self.given} given where {self.expected} belong"


@final
@attrs.define(eq=False)
class InvalidTerms(Refused):
    """An edit of a lot's terms that is not allowed at this instant.

    Attributes:
        lot: The lot's id.
        problem: What is wrong with the new terms.
    """

    code: ClassVar[str] = "invalid_terms"
    http_hint: ClassVar[int] = 422

    lot: str
    problem: str

    def __str__(self) -> str:
        return f"the terms of {self.lot} cannot be changed so: {self.problem}"


@final
@attrs.define(eq=False)
class PolicyChanged(Refused):
    """Something recurring is due, and the turn before it was fired under another policy.

    Attributes:
        turn: The turn before.
        earlier: The mark of the policy it was fired under.
        given: The mark of the policy that was given now.
    """

    code: ClassVar[str] = "policy_changed"
    http_hint: ClassVar[int] = 409

    turn: str
    earlier: str
    given: str

    def __str__(self) -> str:
        words = f"{self.turn} was fired under policy {self.earlier}, and this is {self.given}"
        return f"{words}; give that policy, or say that this one replaces {self.earlier}"


@final
@attrs.define(eq=False)
class NoDirectory(Refused):
    """A fact about people is needed, and no directory was named that could say it.

    Attributes:
        question: What would be asked of it.
        about: Of whom or what.
    """

    code: ClassVar[str] = "no_directory"
    http_hint: ClassVar[int] = 409

    question: str
    about: str

    def __str__(self) -> str:
        return f"nobody was named to say the {self.question} of {self.about}; name a directory"


@final
@attrs.define(eq=False)
class RequestConflict(UnitLedgerError):
    """The request id was used before, with another payload or by another actor.

    Attributes:
        request: The request id.
        differs: The names of the fields that differ from the first use.
    """

    code: ClassVar[str] = "request_conflict"
    http_hint: ClassVar[int] = 409

    request: str
    differs: tuple[str, ...]

    def __str__(self) -> str:
        return (
            f"request {self.request} was used before with another {', '.join(self.differs)}; "
            "use a new request id for a new intention"
        )


@final
@attrs.define(eq=False)
class NotLocked(UnitLedgerError):
    """A decision looked at something that its unit of work has not locked.

    The ledger answers it by starting over with that lock added; a caller sees it only inside a
    transaction of its own, and then calls ``ledger.lock`` first.

    Attributes:
        what: The wallet or record key that is not locked.
    """

    code: ClassVar[str] = "not_locked"
    http_hint: ClassVar[int] = 503

    what: str

    def __str__(self) -> str:
        return f"{self.what} is not locked; lock it before the transaction's first command"


@final
@attrs.define(eq=False)
class Contention(UnitLedgerError):
    """The locks could not be had in the tries allowed; send the same request again.

    Attributes:
        attempts: How often it was tried.
    """

    code: ClassVar[str] = "contention"
    http_hint: ClassVar[int] = 503

    attempts: int

    def __str__(self) -> str:
        return f"gave up after {self.attempts} tries; the same request may be sent again"


@final
@attrs.define(eq=False)
class StoreUnavailable(UnitLedgerError):
    """A database did not answer, or could not write.

    When it was about to keep what a command wrote, nobody knows yet whether it did: the same
    request again finds out, and is carried out once.

    Attributes:
        doing: What it was asked for.
        why: What the database said.
    """

    code: ClassVar[str] = "store_unavailable"
    http_hint: ClassVar[int] = 503

    doing: str
    why: str

    def __str__(self) -> str:
        return f"the database failed at {self.doing} ({self.why}); send the same request again"


@final
@attrs.define(eq=False)
class SchemaMismatch(UnitLedgerError):
    """A database's tables are missing, or of another version than this release reads.

    Attributes:
        table: The table that has the version.
        version: The version found; 0 when there are no tables.
        required: The version that this release reads and writes.
    """

    code: ClassVar[str] = "schema_mismatch"
    http_hint: ClassVar[int] = 503

    table: str
    version: int
    required: int

    def __str__(self) -> str:
        if self.version > self.required:
            way = "install the release that made them"
        else:
            way = "upgrade them" if self.version else "make them with create_all"
        found = f"of version {self.version}" if self.version else "not there"
        return f"the tables of {self.table} are {found}, not of version {self.required}; {way}"


class BrokenPromise(UnitLedgerError):
    """What should be impossible: stored data or a rule is damaged. Nothing was written."""

    code: ClassVar[str] = "broken_promise"


@final
@attrs.define(eq=False)
class InvariantViolation(BrokenPromise):
    """Moves, claims and cells do not agree; the entry was not written.

    Attributes:
        invariant: The promise that would have been broken.
        found: What was found instead.
    """

    code: ClassVar[str] = "invariant_violation"

    invariant: str
    found: str

    def __str__(self) -> str:
        return f"{self.invariant}: {self.found}"


@final
@attrs.define(eq=False)
class JournalBroken(BrokenPromise):
    """The journal is not the one that was written.

    Attributes:
        entry: The position of the first bad entry, counted from 1.
        problem: What is wrong with it.
    """

    code: ClassVar[str] = "journal_broken"

    entry: int
    problem: str

    def __str__(self) -> str:
        return f"entry {self.entry}: {self.problem}"
