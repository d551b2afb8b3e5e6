"""From hosts to orders: where a host is reached, and the step that its family and zone need."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from muster.errors import FixError
from muster.fleet import Fleet, Host, Jump, OsFamily, TransportName
from muster.ids import HostId
from muster.outcomes import Ending, Stage, StepReport
from muster.ports import Order, PreparedFix, Target
from muster.safety import Readiness
from muster.steps import Step, StepName

GateStep = Callable[[Readiness, OsFamily], Step | None]


def _nothing_to_ask(wanted: Readiness, family: OsFamily) -> Step | None:
    del wanted, family
    return None


@dataclass(frozen=True, slots=True)
class Defaults:
    """What a host takes when it names nothing of its own; ``deadline_s`` bounds one step at one host."""

    user: str
    credential: str
    deadline_s: float


@dataclass(frozen=True, slots=True)
class OrderBook:
    """Makes orders for the hosts of one fleet and one prepared fix.

    Attributes:
        purpose: whose orders they are.
        readiness: what a host is asked before it is pushed, and ``gate`` the step that asks it.
    """

    fleet: Fleet
    fix: PreparedFix
    defaults: Defaults
    purpose: str = ""
    readiness: Readiness = field(default_factory=Readiness)
    gate: GateStep = _nothing_to_ask

    def gate_order(self, host_id: HostId) -> Order | None:
        """The order that asks a host whether it is ready to be pushed; None where there is nothing to ask."""
        host = self.fleet.host[host_id]
        content = None if host.transport is TransportName.NONE else self.gate(self.readiness, host.os)
        return None if content is None else self._order(host, content, "gate")

    def order(self, host_id: HostId, step: StepName) -> Order | StepReport:
        """The order for one host, or the report that says why there can be none."""
        host = self.fleet.host[host_id]
        if host.transport is TransportName.NONE:
            return _no_order(
                host, step, Ending.UNREACHABLE, "only a person on site can reach it", "plan a visit on site"
            )
        try:
            content = self.fix.step(step, host.os, timezone=self.fleet.timezone_of(host))
        except FixError as error:  # such as a zone that the fix's source does not know: this host's own trouble
            return _no_order(host, step, Ending.FAILED, error.message, error.hint)
        if content is None:
            cause = f"the fix has no {step} for {host.os.value}"
            return _no_order(host, step, Ending.FAILED, cause, "fix it by hand on site, or take it out of the campaign")
        return self._order(host, content, step.value)

    def _order(self, host: Host, content: Step, what: str) -> Order:
        purpose = " ".join(word for word in (self.purpose, what, str(host.id)) if word)
        deadline_s = min(self.defaults.deadline_s, content.timeout_s + 30.0)
        return Order(target_of(host, self.fleet, self.defaults), content, deadline_s, purpose)


def target_of(host: Host, fleet: Fleet, defaults: Defaults) -> Target:
    """How a host is reached, with what it takes from its site and from the defaults."""
    site = fleet.site[host.site_id]
    return Target(
        host_id=host.id,
        site_id=host.site_id,
        transport=host.transport,
        address=host.address,
        port=host.port,
        user=host.user or defaults.user,
        credential=host.credential or defaults.credential,
        become=host.become,
        become_credential=host.become_credential,
        jump=tuple(_hop(jump, defaults) for jump in site.jump),
        site_hosts=site.max_hosts,
        site_bytes_per_s=site.bytes_per_s,
    )


def _hop(jump: Jump, defaults: Defaults) -> Jump:
    return replace(jump, user=jump.user or defaults.user, credential=jump.credential or defaults.credential)


def _no_order(host: Host, step: StepName, ending: Ending, cause: str, hint: str) -> StepReport:
    now = datetime.now(UTC)
    return StepReport(host.id, step, ending, Stage.NOT_STARTED, cause, hint, None, "", "", now, now)
