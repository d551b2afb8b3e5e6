"""What is to be done at hosts, in plain words that may be handed to another machine."""

from dataclasses import dataclass
from typing import Literal

from muster.ids import HostId
from muster.steps import StepName

ActName = Literal["probe", "check", "push"]


@dataclass(frozen=True, slots=True)
class Act:
    """One thing to do at each of some hosts.

    Attributes:
        what: ``probe`` asks how they stand, ``check`` what a push would change, ``push`` carries ``step`` and verifies.
    """

    what: ActName
    wave: int = 0
    step: StepName = StepName.APPLY


PROBE = Act("probe")
CHECK = Act("check")
ROLL_BACK = Act("push", step=StepName.ROLLBACK)


def push_of(wave: int) -> Act:
    """The push of a wave."""
    return Act("push", wave)


@dataclass(frozen=True, slots=True)
class Part:
    """Hosts of one reach that one worker takes at one time."""

    reach: str
    host_ids: tuple[HostId, ...]
