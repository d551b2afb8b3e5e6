"""How a campaign runs by itself: what the reconciler may start without anybody at a keyboard."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RunningPolicy:
    """What begins by itself, and how often what has no answer is asked again.

    Attributes:
        unattended: remote visits begin by themselves at their time; without it each waits for ``muster visit start``.
        early_minutes: a person may start a visit so long before its time, not earlier.
        late_minutes: a visit that has not begun so long after its planned end does not begin by itself any more.
        ask_unknown_minutes: how often hosts whose outcome is unknown are asked how they stand.
        knock_minutes: how often hosts that could not be reached are knocked at, within their hours.
    """

    unattended: bool = False
    early_minutes: int = 30
    late_minutes: int = 240
    ask_unknown_minutes: int = 10
    knock_minutes: int = 15
