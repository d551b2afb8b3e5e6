"""Orders for tests that need no real host."""

from muster.fleet import TransportName
from muster.ids import HostId, SiteId
from muster.ports import Order, Target
from muster.steps import Step, StepName


def an_order(name: str = "host", *, site: str = "site", deadline_s: float = 10.0, step: Step | None = None) -> Order:
    """An order for a host that need not be there."""
    target = Target(HostId(name), SiteId(site), TransportName.SSH, "127.0.0.1", 22, "root", "agent:")
    return Order(target, step or Step(StepName.APPLY, "true"), deadline_s)


class NoStop:
    """A stop flag that is not set."""

    since: float | None = None
