"""How one matter of ``muster doctor`` stands."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """How a matter stands; only ``broken`` makes the command fail."""

    GOOD = "good"
    LOOK = "look at it"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Checkup:
    """One matter: how it stands, what was seen, and what to do where it is not good."""

    matter: str
    state: State
    seen: str
    cure: str = ""
