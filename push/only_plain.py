"""Keeps from a pusher the orders that it cannot carry as they are meant, each with its own report.

Ansible knows nothing of jump hosts, of certificates for one session, nor of a host's own way to become root. Without
this it would go to a host directly, where another client's machine may have the same address, or run a step as an
account that was not meant.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from muster.fleet import Become
from muster.outcomes import Ending, Stage, StepReport
from muster.ports import Order, Pusher, StopSignal, Target

HINT = "push it by its scripts (push_by: ssh in muster.yml); steps that are playbooks only cannot reach it"


class OnlyPlain:
    """A Pusher that hands on what ``inner`` can carry; ``setting`` is how hosts become root that say nothing."""

    def __init__(self, inner: Pusher, *, setting: Become) -> None:
        self._inner = inner
        self._setting = setting

    def execute(self, orders: Iterable[Order], *, stop: StopSignal) -> Iterator[StepReport]:
        """See ``muster.ports.Pusher``."""
        refused: list[StepReport] = []

        def plain() -> Iterator[Order]:
            for order in orders:
                cause = why_not(order.target, self._setting)
                if cause:
                    refused.append(_refusal(order, cause))
                else:
                    yield order

        for report in self._inner.execute(plain(), stop=stop):
            yield report
            while refused:
                yield refused.pop()
        yield from refused


def why_not(target: Target, setting: Become) -> str:
    """Why such a pusher cannot carry anything to this host; empty where it can.

    It becomes root by sudo everywhere, where the setting says so, and nowhere else.
    """
    if target.jump:
        return "it is behind a jump host, and Ansible is not sent through one"
    if target.credential.startswith("ca:"):
        return f"{target.credential}: Ansible is not given certificates for one session"
    if target.user == "root":
        return ""
    if target.become_credential:
        return "its sudo asks for a password, and Ansible is not given one"
    wanted, given = target.become or setting, Become.SUDO if setting is Become.SUDO else Become.NONE
    if wanted not in {given, Become.SETTING}:
        return f"its way to become root is {wanted}, and Ansible's is {given} at every host"
    return ""


def _refusal(order: Order, cause: str) -> StepReport:
    now = datetime.now(UTC)
    ending = Ending.UNREACHABLE if order.target.jump else Ending.FAILED
    target = order.target.host_id
    return StepReport(target, order.step.name, ending, Stage.NOT_STARTED, cause, HINT, None, "", "", now, now)
