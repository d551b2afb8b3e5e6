"""How a receiver answered, whatever the channel."""

from dataclasses import dataclass
from enum import StrEnum

from muster.errors import MusterError


class Fate(StrEnum):
    """What became of a try."""

    TAKEN = "taken"
    REFUSED = "refused"
    """For good: to try again would be answered the same."""
    LATER = "later"


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a message at its receiver.

    Attributes:
        text: what was said: the receiver's words when it took it, else why not, in one sentence without any secret.
        wait_s: how long the receiver asked us to wait; None where it did not.
    """

    fate: Fate
    text: str
    wait_s: float | None = None


class OutletTrouble(MusterError):
    """The way out itself does not work: no message can be sent by it now, and none is to blame."""
