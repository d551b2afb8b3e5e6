"""Gates: what must hold before a host is touched. One gate is one pure function; ``first_held`` asks them all.

The gates that a host itself must answer for (free disk, pending reboot, backup) are in ``push.gates_ready``.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from types import MappingProxyType

from muster.fleet import Fleet, Host, Site
from muster.hours import hours_text
from muster.ids import HostId
from muster.outcomes import HostStatus
from muster.records import HostState
from muster.safety import GatePolicy, OrderRule, Within
from scheduler.hours import Span, first_open, local_instant, local_span, told
from scheduler.touching import hours_of

SHOWN_BLOCKERS = 3


@dataclass(frozen=True, slots=True)
class Held:
    """Why a host may not be touched now.

    Attributes:
        gate: the gate's name, such as ``maintenance window``.
        reason: the sentence for people.
        until: aware; when it may be touched, as far as the clock decides; None where something else must happen first.
        hint: what would make it go on, besides waiting.
        opens: ``until`` in the words of the host's site, such as ``Sat 24 Oct 22:00 PDT``.
    """

    gate: str
    reason: str
    until: datetime | None = None
    hint: str = ""
    opens: str = ""

    def __str__(self) -> str:
        """The sentence with the time at which it ends."""
        return f"{self.gate}: {self.reason}" + (f"; from {self.opens} on it may be touched" if self.opens else "")


@dataclass(frozen=True)
class Scene:
    """Everything a gate may look at, as it stands at one instant (aware).

    Attributes:
        barred: hosts of visits whose people may not begin them any more, and why.
    """

    policy: GatePolicy
    fleet: Fleet
    states: Mapping[HostId, HostState]
    now: datetime
    barred: Mapping[HostId, str] = field(default_factory=lambda: MappingProxyType({}))

    def site(self, host: Host) -> Site:
        """Where a host stands."""
        return self.fleet.site[host.site_id]

    def zone(self, host: Host) -> str:
        """The zone of the host's site: its people's clock, whatever the machine itself is set to."""
        return self.site(host).timezone

    @cached_property
    def blockers(self) -> Mapping[tuple[int, str], tuple[HostId, ...]]:
        """For each order rule and place: the hosts of its ``first`` that are not through yet."""
        found: dict[tuple[int, str], list[HostId]] = {}
        for number, rule in enumerate(self.policy.order):
            for host_id, state in self.states.items():
                host = self.fleet.host[host_id]
                if not _is_through(state) and rule.first.takes(host, self.site(host)):
                    found.setdefault((number, _place(rule, self.site(host))), []).append(host_id)
        return {key: tuple(hosts) for key, hosts in found.items()}


Gate = Callable[[Host, Scene], Held | None]


def who_may(host: Host, scene: Scene) -> Held | None:
    """A host waits when the partner whose visit it is in may not do it any more: suspended, uninsured, not wanted."""
    reason = scene.barred.get(host.id)
    if reason is None:
        return None
    return Held("partner", reason, hint="give the visit to others: muster change suspend PARTNER, or muster replan")


def known_cause(host: Host, scene: Scene) -> Held | None:
    """A host that failed too often in a row waits until a person has said why."""
    state = scene.states.get(host.id)
    if state is None or state.status.protected or state.failures_in_row < scene.policy.max_failures_per_host:
        return None
    return Held(
        "cause wanted",
        f"it failed {state.failures_in_row} times in a row, and nobody has said why",
        hint=f'find out why, then: muster retry {host.id} --cause "..."',
    )


def known_issue(host: Host, scene: Scene) -> Held | None:
    """Hosts that a known issue is about wait, until its day or until a person takes the hold out."""
    for hold in scene.policy.holds:
        if not hold.hosts.takes(host, scene.site(host)):
            continue
        until = local_instant(hold.until, scene.zone(host)) if hold.until else None
        if until is None or scene.now < until:
            hint = "" if until else "when it is settled, take the hold out of campaign.yml"
            return Held("known issue", f"{hold.hosts} wait: {hold.reason}", until, hint)
    return None


def order_of_roles(host: Host, scene: Scene) -> Held | None:
    """A host waits for those that an order rule puts before it; who is before others never waits by the same rule."""
    site = scene.site(host)
    for number, rule in enumerate(scene.policy.order):
        if not rule.then.takes(host, site) or rule.first.takes(host, site):
            continue
        waits_for = scene.blockers.get((number, _place(rule, site)), ())
        if waits_for:
            more = f" and {len(waits_for) - SHOWN_BLOCKERS} more" if len(waits_for) > SHOWN_BLOCKERS else ""
            names = ", ".join(waits_for[:SHOWN_BLOCKERS]) + more
            where = "" if rule.within is Within.CAMPAIGN else f" of the same {rule.within}"
            return Held(
                "order",
                f"{rule.first} go first: it waits for {names}{where}",
                hint="see to these first (muster status), or change gates.order in campaign.yml",
            )
    return None


def maintenance_window(host: Host, scene: Scene) -> Held | None:
    """A host is touched within its hours of the week only, in the local time of its site."""
    hours = hours_of(host, scene.site(host), scene.policy)
    until = first_open(hours, (), scene.zone(host), scene.now)
    if until == scene.now:
        return None
    return Held("maintenance window", f"its hours are {hours_text(hours)}, local time", until)


def blackout(host: Host, scene: Scene) -> Held | None:
    """A host is not touched within a blackout, in the local time of its site."""
    for one in scene.policy.blackouts:
        span = local_span(one.starts, one.ends, scene.zone(host))
        if span.holds(scene.now) and one.hosts.takes(host, scene.site(host)):
            return Held("blackout", f"{one.reason}: nothing until {one.ends:%d %b %H:%M}, local time", span.ends_at)
    return None


BY_CLOCK: tuple[Gate, ...] = (known_issue, maintenance_window, blackout)
"""Gates that can close while a wave is under way; they are asked again right before a host is touched."""
GATES: tuple[Gate, ...] = (who_may, known_cause, order_of_roles, *BY_CLOCK)
"""All of them; the first that holds is the one that is told."""


def first_held(host: Host, scene: Scene, gates: tuple[Gate, ...] = GATES) -> Held | None:
    """The first gate that holds a host; None when it may be touched now.

    ``until`` is when all of them that go by the clock are open at once: hours that open inside a blackout do not count.
    """
    for gate in gates:
        held = gate(host, scene)
        if held is not None:
            return held if held.until is None else _until_all_open(held, host, scene)
    return None


def _until_all_open(held: Held, host: Host, scene: Scene) -> Held:
    site, zone = scene.site(host), scene.zone(host)
    closed = [local_span(one.starts, one.ends, zone) for one in scene.policy.blackouts if one.hosts.takes(host, site)]
    for hold in scene.policy.holds:
        if hold.hosts.takes(host, site):
            if hold.until is None:
                return Held(held.gate, held.reason, None, held.hint)
            closed.append(Span(scene.now, local_instant(hold.until, zone)))
    opens = first_open(hours_of(host, scene.site(host), scene.policy), closed, zone, scene.now)
    hint = held.hint or ("" if opens else "its hours never open: see gates.windows in campaign.yml")
    return Held(held.gate, held.reason, opens, hint, told(opens, zone) if opens else "")


def _is_through(state: HostState) -> bool:
    """Nobody waits for a host that is right, or that nobody can fix remotely."""
    return state.status.protected or state.status is HostStatus.UNSUPPORTED


def _place(rule: OrderRule, site: Site) -> str:
    return {Within.SITE: site.id, Within.CLIENT: site.client_id, Within.CAMPAIGN: ""}[rule.within]
