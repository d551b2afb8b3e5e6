"""Sums of money: exact decimals to the cent, each with its currency; currencies are never mixed."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from fractions import Fraction

from muster.errors import InputError
from partners.errors import CurrencyMismatch

CENT = Decimal("0.01")
_CODE = re.compile(r"[A-Z]{3}")
_TEXT = re.compile(r"(-?\d+(?:[.,]\d{1,2})?)\s*([A-Za-z]{3})?")


@dataclass(frozen=True, slots=True)
class Money:
    """A sum in one currency (ISO 4217), always whole cents.

    Raises:
        InputError: the amount is not finite or the currency is not three capital letters.
    """

    amount: Decimal
    currency: str

    def __post_init__(self) -> None:
        if not self.amount.is_finite():
            raise InputError(f"{self.amount} is not an amount of money")
        if not _CODE.fullmatch(self.currency):
            raise InputError(f"{self.currency!r} is not a currency", hint="write its three letters, such as EUR")
        object.__setattr__(self, "amount", self.amount.quantize(CENT, ROUND_HALF_UP))

    @classmethod
    def of_cents(cls, cents: int, currency: str) -> "Money":
        """So many cents."""
        return cls(Decimal(cents) / 100, currency)

    @property
    def cents(self) -> int:
        """Whole cents."""
        return int(self.amount * 100)

    def __add__(self, other: "Money") -> "Money":
        self._same(other)
        return Money(self.amount + other.amount, self.currency)

    def __sub__(self, other: "Money") -> "Money":
        self._same(other)
        return Money(self.amount - other.amount, self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.amount, self.currency)

    def times(self, factor: Decimal | Fraction | int) -> "Money":
        """So many times as much, rounded half up to the cent.

        A share such as minutes of an hour is given as a fraction: as a decimal it is cut off somewhere, and half a cent
        becomes less than half.
        """
        exact = Fraction(self.amount) * Fraction(factor)
        return Money(Decimal(exact.numerator) / exact.denominator, self.currency)

    def covers(self, other: "Money") -> bool:
        """Whether it is at least as much."""
        self._same(other)
        return self.amount >= other.amount

    def __str__(self) -> str:
        return f"{self.amount:,.2f} {self.currency}"

    def _same(self, other: "Money") -> None:
        if self.currency != other.currency:
            raise CurrencyMismatch(
                f"{self} and {other} cannot be taken together: Muster knows no exchange rates",
                hint="keep one campaign's money in one currency, or read its sums by currency",
            )


def parse_money(text: str, currency: str) -> Money:
    """``1200``, ``62.50``, ``62,50 CAD``; without a currency it is in ``currency``.

    Raises:
        InputError: it is none.
    """
    match = _TEXT.fullmatch(text.strip())
    try:
        if match:
            return Money(Decimal(match[1].replace(",", ".")), (match[2] or currency).upper())
    except InvalidOperation:
        pass
    raise InputError(f"{text!r} is not an amount of money", hint="write it such as 62.50 or '62.50 CAD'")


def total(sums: Iterable[Money]) -> tuple[Money, ...]:
    """All of them together, one sum for each currency, by its letters."""
    found: dict[str, Money] = {}
    for one in sums:
        found[one.currency] = found[one.currency] + one if one.currency in found else one
    return tuple(found[currency] for currency in sorted(found))


def total_in(sums: Iterable[Money], currency: str) -> Money:
    """All of them together in the one currency that they are all in; nothing of it where there are none."""
    result = Money(Decimal(0), currency)
    for one in sums:
        result = result + one
    return result
