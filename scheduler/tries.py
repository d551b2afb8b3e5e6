"""How often a push goes wrong: a prior, moved by the campaign's own tries, or what the campaign file says."""

from dataclasses import dataclass

PRIOR_FAILED = 0.03
"""Of the hosts that are reached so many fail a try before anything is known: a guess that is on the careful side."""

PRIOR_OFFLINE = 0.04
"""So many hosts are not to be reached when it is their turn: switched off, asleep, a line that is down."""

PRIOR_TRIES = 50.0
"""The prior counts like so many tries."""


@dataclass(frozen=True, slots=True)
class Tries:
    """What may happen to a host that is pushed, in each try.

    Attributes:
        failed: the share (0 to 1) of tries at a host that is there which fail.
        offline: the share (0 to 1) of tries at which the host is not there.
        most_failures: a host that failed so often waits for a person, and is not tried again.
    """

    failed: float = 0.0
    offline: float = 0.0
    most_failures: int = 3

    @property
    def sure(self) -> bool:
        """Whether nothing ever goes wrong."""
        return not self.failed and not self.offline


@dataclass(frozen=True, slots=True)
class Rate:
    """A share and where it is from: ``bad`` of ``tries`` were so.

    Attributes:
        chosen: who says it, such as ``the campaign file``, so that nothing is learned; empty where it is learned.
    """

    share: float
    bad: int = 0
    tries: int = 0
    chosen: str = ""

    def sentence(self, what: str) -> str:
        """Such as ``2.6% of tries fail (3 of 120 did)``."""
        if self.chosen:
            return f"{self.share:.1%} of tries {what} (by {self.chosen})"
        evidence = f"{self.bad:,} of {self.tries:,} did" if self.tries else "a guess: nothing was tried yet"
        return f"{self.share:.1%} of tries {what} ({evidence})"


def rate(bad: int, tries: int, prior: float, chosen: float | None = None) -> Rate:
    """What is chosen; else the prior, moved by what was seen: few tries move it little."""
    if chosen is not None:
        return Rate(chosen, bad, tries, chosen="the campaign file")
    return Rate((bad + PRIOR_TRIES * prior) / (tries + PRIOR_TRIES), bad, tries)
