"""Amounts: whole numbers of the smallest part, and prices that become amounts.

`Credits` have no decimals, `Units` have two. Everything inside is integer arithmetic on ``parts``,
so no decimal context of the host can change a result. Text, ``int``, ``Decimal`` and ``Fraction``
are read exactly at the edge; ``float``, ``bool`` and subclasses are refused, and numbers too large
to be meant are refused before any arithmetic is done with them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from decimal import ROUND_DOWN, Clamped, Context, Decimal, Rounded
from fractions import Fraction
from types import MappingProxyType
from typing import ClassVar, Final, Self, TypeAlias, final

import attrs

from unitledger.errors import (
    InvalidType,
    InvalidValue,
    LimitExceeded,
    NegativeAmount,
    NotFinite,
    TooPrecise,
    WrongUnit,
    shown,
)
from unitledger.values import Value

__all__ = [
    "MAX_PARTS",
    "UNIT_NAMES",
    "Amount",
    "Credits",
    "Number",
    "Rate",
    "Units",
    "exact",
]

Number: TypeAlias = int | str | Decimal | Fraction
"""What is read as an exact number at the edge."""

MAX_PARTS = 10**15
"""The largest amount, in smallest parts: below 2**53, so no JavaScript host garbles it."""

_EXACTLY = "int, str, Decimal or Fraction"
_MAX_TEXT = 64
_MAX_DIGITS = 40
_MAX_BITS = 256
_TEXT = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?").fullmatch
_QUOTIENT = re.compile(r"([0-9]{1,78})/([0-9]{1,78})").fullmatch

# In this context a Decimal of more than 40 digits, more than 40 decimals or 10^16 and above is
# not exact, so one operation refuses them all before a digit of them is converted.
_READABLE = Context(
    prec=_MAX_DIGITS,
    rounding=ROUND_DOWN,
    Emin=-1,
    Emax=15,
    capitals=1,
    clamp=0,
    flags=[],
    traps=[Clamped, Rounded],
)


def _ratio_of_decimal(value: Decimal, field: str) -> tuple[int, int]:
    if not value.is_finite():
        raise NotFinite(field)
    try:
        return _READABLE.plus(value).as_integer_ratio()
    except (Clamped, Rounded):
        asked = f"more, in a number near 1E{value.adjusted():+d}"
        raise LimitExceeded(f"digits of {field}", asked, _MAX_DIGITS) from None


def _ratio_of_text(value: str, field: str) -> tuple[int, int]:
    if len(value) > _MAX_TEXT:
        raise LimitExceeded(f"characters of {field}", str(len(value)), _MAX_TEXT)
    if _TEXT(value) is None:
        raise InvalidValue(field, shown(value), "ASCII digits with at most one point, like 12.50")
    return _ratio_of_decimal(Decimal(value), field)


def _ratio_of_fraction(value: Fraction, field: str) -> tuple[int, int]:
    over, under = value.numerator, value.denominator
    if type(over) is not int or type(under) is not int or under < 1:
        raise InvalidType(field, "a Fraction of other things than ints", _EXACTLY)
    if max(over.bit_length(), under.bit_length()) > _MAX_BITS:
        raise LimitExceeded(f"bits of {field}", "a Fraction of larger terms", _MAX_BITS)
    return over, under


def _ratio(value: Number, field: str) -> tuple[int, int]:
    """Numerator and denominator of a number small enough to be meant."""
    if type(value) is int:
        over, under = value, 1
    elif type(value) is str:
        over, under = _ratio_of_text(value, field)
    elif type(value) is Decimal:
        over, under = _ratio_of_decimal(value, field)
    elif type(value) is Fraction:
        over, under = _ratio_of_fraction(value, field)
    else:
        raise InvalidType(field, shown(value), _EXACTLY)
    if not -MAX_PARTS * under <= over <= MAX_PARTS * under:
        raise LimitExceeded(field, _written(value), MAX_PARTS)
    return over, under


def _written(value: Number) -> str:
    """The text, for an error, of a number that is known to be short."""
    if type(value) is Decimal:
        return format(value, "f")
    return str(value) if type(value) is Fraction else shown(value)


def exact(value: Number, field: str = "number") -> Fraction:
    """The number exactly as written, for a price, a rate or a share.

    >>> exact("1.10") == Fraction(11, 10)
    True

    Args:
        value: Text of ASCII digits (no exponent, no spaces), an int, a Decimal or a Fraction.
        field: What to call it in an error.

    Raises:
        InvalidType: A float, a bool, a subclass, or something else altogether.
        InvalidValue: Text that is not a plain number.
        NotFinite: NaN or an infinity.
        LimitExceeded: Beyond 10¹⁵ either way, text above 64 characters, a Decimal of more than
            forty digits or decimals, a Fraction with a term above 256 bits.

    Source: I5, I16, TU-290.
    """
    return Fraction(*_ratio(value, field))


@attrs.frozen(order=False, repr=False)
class Amount(Value):
    """So many smallest parts of one kind of unit; never below zero.

    Make one with `of`. Two amounts of different kinds never add, subtract or compare.

    Attributes:
        parts: Whole number of the smallest part: credits, or hundredths of a training unit.

    Source: C4, TU-290.
    """

    UNIT: ClassVar[str] = ""
    DECIMALS: ClassVar[int] = 0

    parts: int = attrs.field(kw_only=True)

    def __attrs_post_init__(self) -> None:
        parts = self.parts
        if type(parts) is not int:
            raise InvalidType("parts", shown(parts), "int")
        if not 0 <= parts <= MAX_PARTS:
            if parts < 0:
                raise NegativeAmount("parts", shown(parts))
            raise LimitExceeded("parts", shown(parts), MAX_PARTS)
        if not self.UNIT:
            raise InvalidType("amount", "a bare Amount", "Credits or Units")

    @classmethod
    def of(cls, value: Number) -> Self:
        """The amount exactly as written.

        Raises:
            InvalidType: A float, a bool, or another type that is never converted.
            InvalidValue: Text that is not a plain number.
            TooPrecise: More decimals than the unit has; nothing is rounded.
            NegativeAmount: Below zero.
            NotFinite: NaN or an infinity.
            LimitExceeded: More than 10¹⁵ parts.

        >>> Units.of("1.5")
        Units.of('1.50')

        Source: C4, TU-290.
        """
        over, under = _ratio(value, cls.UNIT)
        if over < 0:
            raise NegativeAmount(cls.UNIT, _written(value))
        parts, rest = divmod(over * 10**cls.DECIMALS, under)
        if rest:
            raise TooPrecise(cls.UNIT, _written(value), cls.DECIMALS)
        return cls(parts=parts)

    @classmethod
    def total(cls, amounts: Iterable[Amount]) -> Self:
        """The sum; zero when there are none. Much faster than adding one by one.

        Raises:
            WrongUnit: One of them is of another kind.
            LimitExceeded: More than 10¹⁵ parts.
        """
        if not isinstance(amounts, Iterable):
            raise InvalidType("amounts", shown(amounts), "amounts, one after the other")
        parts = 0
        for amount in amounts:
            if type(amount) is not cls:
                raise WrongUnit(cls.UNIT, _unit_of(amount))
            parts += amount.parts
        return cls(parts=parts)

    @property
    def text(self) -> str:
        """The number alone, always with the unit's decimals: ``"1.50"``, ``"3"``."""
        if not self.DECIMALS:
            return str(self.parts)
        whole, rest = divmod(self.parts, 10**self.DECIMALS)
        return f"{whole}.{rest:0{self.DECIMALS}d}"

    @property
    def decimal(self) -> Decimal:
        """The same number as a Decimal, exact under any context."""
        return Decimal(self.text)

    def __str__(self) -> str:
        return f"{self.text} {self.UNIT}"

    def __repr__(self) -> str:
        return f"{type(self).__name__}.of({self.text!r})"

    def __bool__(self) -> bool:
        return self.parts > 0

    def __add__(self, other: Self) -> Self:
        if type(other) is not type(self):
            raise WrongUnit(self.UNIT, _unit_of(other))
        return type(self)(parts=self.parts + other.parts)

    def __sub__(self, other: Self) -> Self:
        if type(other) is not type(self):
            raise WrongUnit(self.UNIT, _unit_of(other))
        return type(self)(parts=self.parts - other.parts)

    def __mul__(self, times: int) -> Self:
        if type(times) is not int:
            raise InvalidType("times", shown(times), "int")
        if times < 0:
            raise NegativeAmount("times", shown(times))
        if times > MAX_PARTS:
            raise LimitExceeded("times", shown(times), MAX_PARTS)
        return type(self)(parts=self.parts * times)

    __rmul__ = __mul__

    def __lt__(self, other: Self) -> bool:
        if type(other) is not type(self):
            raise WrongUnit(self.UNIT, _unit_of(other))
        return self.parts < other.parts

    def __le__(self, other: Self) -> bool:
        if type(other) is not type(self):
            raise WrongUnit(self.UNIT, _unit_of(other))
        return self.parts <= other.parts

    def __gt__(self, other: Self) -> bool:
        return not self <= other

    def __ge__(self, other: Self) -> bool:
        return not self < other


def _unit_of(value: object) -> str:
    return value.UNIT if type(value) is Credits or type(value) is Units else shown(value)


@final
@attrs.frozen(order=False, repr=False)
class Credits(Amount):
    """Whole credits: one pays one enrolment of one user in one course.

    >>> Credits.of(10) - Credits.of(4)
    Credits.of('6')

    Source: C1, C4.
    """

    UNIT: ClassVar[str] = "credits"
    DECIMALS: ClassVar[int] = 0


@final
@attrs.frozen(order=False, repr=False)
class Units(Amount):
    """Training units: a virtual currency with two decimals.

    >>> Units.of("30") + Units.of("0.05")
    Units.of('30.05')

    Source: TU-290.
    """

    UNIT: ClassVar[str] = "units"
    DECIMALS: ClassVar[int] = 2

    @classmethod
    def priced(cls, price: Number, rate: Rate | None = None) -> Units:
        """The price of one item in units, rounded up to the second decimal, once.

        Args:
            price: Money when a rate is given, else a price in units; zero or more.
            rate: Money per unit.

        Raises:
            NegativeAmount: The price is below zero.
            InvalidType: The rate is not a `Rate`, or the price as for `exact`.
            InvalidValue, NotFinite: As `exact`.
            LimitExceeded: As `exact`, or more than 10¹⁵ parts.

        >>> Units.priced("1.234") * 3
        Units.of('3.72')
        >>> Units.priced("100", Rate.of("0.99"))
        Units.of('101.02')

        Source: TU-120 to TU-124, TU-294, TU-295.
        """
        over, under = _ratio(price, "price")
        if over < 0:
            raise NegativeAmount("price", _written(price))
        over *= 10**cls.DECIMALS
        if rate is not None:
            if type(rate) is not Rate:
                raise InvalidType("rate", shown(rate), "Rate; read one with Rate.of")
            over *= rate.per_unit.denominator
            under *= rate.per_unit.numerator
        return cls(parts=-(-over // under))


@final
@attrs.frozen(repr=False)
class Rate(Value):
    """What one training unit is worth in money, as an exact fraction above zero.

    Attributes:
        per_unit: Money per unit.

    Source: TU-295, I5.
    """

    per_unit: Fraction

    def __attrs_post_init__(self) -> None:
        if type(self.per_unit) is not Fraction:
            raise InvalidType("per_unit", shown(self.per_unit), "Fraction; read one with Rate.of")
        own = exact(self.per_unit, "per_unit")
        if own <= 0:
            raise InvalidValue("per_unit", str(own), "money above zero per unit")
        object.__setattr__(self, "per_unit", own)

    @classmethod
    def of(cls, money_per_unit: Number) -> Rate:
        """The rate exactly as written; text may also be a quotient of two whole numbers.

        >>> Rate.of("0.99")
        Rate.of('99/100')
        >>> Rate.of("1/3")
        Rate.of('1/3')

        Raises:
            InvalidValue: Zero or less, or not a number.
            InvalidType, NotFinite, LimitExceeded: As `exact`.
        """
        quotient = _QUOTIENT(money_per_unit) if type(money_per_unit) is str else None
        if quotient is None:
            return cls(exact(money_per_unit, "rate"))
        over, under = map(int, quotient.groups())
        if not under:
            raise InvalidValue("rate", shown(money_per_unit), "a divisor above zero")
        return cls(Fraction(over, under))

    @property
    def text(self) -> str:
        """The rate as it can be read back by `of`: ``"99/100"``, ``"3"``."""
        return str(self.per_unit)

    def __repr__(self) -> str:
        return f"Rate.of({self.text!r})"


UNIT_NAMES: Final[Mapping[str, type[Credits | Units]]] = MappingProxyType(
    {"credits": Credits, "units": Units}
)
"""The kinds of unit by name."""
