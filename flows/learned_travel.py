"""Ways as long as they were: the travel that a workspace knows, times what trips have taught."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scheduler.travel import LONGEST_MINUTES, Spot, Travel


@dataclass(frozen=True, slots=True)
class LearnedTravel:
    """Every way so many times as long, rounded up."""

    base: Travel
    ratio: float

    def matrix(self, spots: Sequence[Spot]) -> NDArray[np.int16]:
        """Minutes from row to column; zero on the diagonal."""
        longer = np.ceil(self.base.matrix(spots).astype(np.float64) * self.ratio - 1e-9)
        return np.minimum(longer, LONGEST_MINUTES).astype(np.int16)


def as_learned(travel: Travel, ratio: float) -> Travel:
    """The travel, as long as trips have shown; itself where they have shown nothing."""
    return travel if ratio == 1.0 else LearnedTravel(travel, ratio)
