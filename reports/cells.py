"""Texts for spreadsheets: disarmed, so that nothing a host or a file says is ever taken for a formula."""

from typing import Final

_FORMULA_STARTS: Final = tuple("=+-@\t\r\n|\N{FULLWIDTH EQUALS SIGN}\N{FULLWIDTH PLUS SIGN}"
                               "\N{FULLWIDTH HYPHEN-MINUS}\N{FULLWIDTH COMMERCIAL AT}")  # fmt: skip
_LONGEST: Final = 32_000
"""A spreadsheet holds 32,767 characters in a cell."""


def disarm(text: str) -> str:
    """The text with a ``'`` before it where a spreadsheet would calculate it; cut where a cell cannot hold it.

    >>> disarm("=1+1"), disarm("plain")
    ("'=1+1", 'plain')
    """
    kept = "".join(sign for sign in text if sign in "\n\t\r" or sign.isprintable())
    if kept.startswith(_FORMULA_STARTS) or kept.lstrip().startswith(_FORMULA_STARTS):
        kept = f"'{kept}"
    return kept if len(kept) <= _LONGEST else f"{kept[:_LONGEST]}…"
