"""Prices that prove a bound for a generated campaign, kept so that it is proved again in minutes.

Nothing in such a file has to be believed: any prices prove a bound (``scheduler/search/at_prices.py``), and every day
is priced at them anew. A file is NumPy's ``.npz`` with the arrays ``recipe`` (visits, people, seed), ``worth`` (by
visit), ``cap`` (by cap and minute) and ``gain`` (by day, what its best tour is thought to gain), in sixtieths of a
cent.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Self
from zipfile import BadZipFile

import numpy as np

from benchmarks.instances import Recipe
from scheduler.search import Bounded
from scheduler.search.gathering import Prices
from scheduler.search.pricing import UNITS
from scheduler.search.records import Ints

FOLDER = Path(__file__).resolve().parent / "prices"


def kept_for(recipe: Recipe) -> Path:
    """Where those of a campaign are kept, if they are."""
    return FOLDER / f"visits-{recipe.visits}-people-{recipe.people}-seed-{recipe.seed}.npz"


@dataclass(frozen=True, slots=True)
class Kept:
    """Prices, and what days are thought to gain at them."""

    prices: Prices
    thought: Ints

    @classmethod
    def of(cls, bounded: Bounded) -> Self:
        """Those at which a bound was proved."""
        worth, gain, cap = (
            np.rint(UNITS * np.array(cents)).astype(np.int64)
            for cents in (bounded.worth_cents, bounded.day_cents, bounded.cap_cents_per_minute)
        )
        return cls(Prices(worth, cap), gain)

    @classmethod
    def read(cls, file: Path, recipe: Recipe) -> Self:
        """Those of a file; ValueError where it holds none, or those of another campaign."""
        try:
            with file.open("rb") as opened, np.load(opened) as found:
                made_for, worth, cap, gain = (found[name] for name in ("recipe", "worth", "cap", "gain"))
        except (OSError, ValueError, KeyError, BadZipFile) as error:
            raise ValueError(f"{file} holds no prices as benchmarks.schedule --keep-prices writes them") from error
        wanted = (recipe.visits, recipe.people, recipe.seed)
        if tuple(made_for.tolist()) != wanted:
            told = "{} visits, {} people, seed {}".format
            raise ValueError(f"{file} holds prices for {told(*made_for)}, and what is measured has {told(*wanted)}")
        return cls(Prices(worth, cap), gain)

    def write(self, file: Path, recipe: Recipe) -> None:
        """Keep them in a file."""
        file.parent.mkdir(parents=True, exist_ok=True)
        made_for = np.array([recipe.visits, recipe.people, recipe.seed])
        np.savez_compressed(file, recipe=made_for, worth=self.prices.worth, cap=self.prices.cap, gain=self.thought)
