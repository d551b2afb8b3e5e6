"""What this package refuses, always because of something a person handed in."""

from muster.errors import InputError


class Refused(InputError):
    """Something that vetting, an agreement or the order of payment does not let anybody do."""


class CurrencyMismatch(InputError):
    """Two sums of different currencies were to be added or compared."""
