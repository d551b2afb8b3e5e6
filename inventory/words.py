"""Which word a file or sheet holds: by its name, else by the columns that it has."""

import re
from collections.abc import Sequence

from inventory.columns import COLUMNS, squeeze
from inventory.formats.texts import did_you_mean
from inventory.tables import Word
from muster.errors import Problem

_NAMES = {
    "client": Word.CLIENTS,
    "customer": Word.CLIENTS,
    "organization": Word.CLIENTS,
    "site": Word.SITES,
    "location": Word.SITES,
    "host": Word.HOSTS,
    "device": Word.HOSTS,
    "computer": Word.HOSTS,
    "machine": Word.HOSTS,
    "agent": Word.HOSTS,
    "partner": Word.PARTNERS,
    "crew": Word.CREW,
    "engineer": Word.CREW,
    "technician": Word.CREW,
    "people": Word.CREW,
}


def word_of(name: str, header: Sequence[str]) -> Word | None:
    """The word that a name tells (``hosts``, ``Acme hosts 2026``), else the one whose columns are there."""
    parts = [part.removesuffix("s") for part in re.split(r"[^a-z]+", name.lower())]
    told = {_NAMES[part] for part in parts if part in _NAMES}
    if len(told) == 1:
        return told.pop()
    scores = {word: _score(word, {squeeze(title) for title in header if title}) for word in Word}
    best = max(scores.values())
    winners = [word for word, score in scores.items() if score == best]
    return winners[0] if best > 0 and len(winners) == 1 else None


def _score(word: Word, header: set[str]) -> int:
    """How many columns of the word are there; nothing where a required one is missing."""
    found = 0
    for column in COLUMNS[word]:
        here = any(squeeze(name) in header for name in (column.name, *column.aliases))
        if column.required and not here:
            return 0
        found += here
    return found


def table_problem(source: str) -> Problem:
    """Nobody can tell what a file holds."""
    right = f"name the file after what it holds: {', '.join(f'{word}.csv' for word in Word)}"
    return Problem(source, "", "", "does not tell what it holds", right)


def sheet_problem(source: str, name: str) -> Problem:
    """Nobody can tell what a sheet holds."""
    near = did_you_mean(name.lower(), Word)
    right = f"name it {', '.join(Word)}, or let its name begin with _ to have it passed over{near}"
    return Problem(source, "", "", "does not tell what it holds", right)
