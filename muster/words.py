"""Numbers as people read them; commands, pages and letters say them alike."""


def count(number: int, singular: str, plural: str = "") -> str:
    """A number with its noun.

    >>> count(1, "host"), count(12400, "host"), count(2, "person", "people")
    ('1 host', '12,400 hosts', '2 people')
    """
    return f"{number:,} {singular if number == 1 else plural or singular + 's'}"


def amount(cents: int) -> str:
    """Cents as a sum of money, without its currency.

    >>> amount(123450), amount(-50)
    ('1,234.50', '-0.50')
    """
    whole, rest = divmod(abs(cents), 100)
    return f"{'-' if cents < 0 else ''}{whole:,}.{rest:02d}"
