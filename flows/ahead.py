"""What a run would do, and by which rules, before anything starts: hosts, waves, and whom gates hold."""

from collections.abc import Callable, Iterator, Sequence

from flows.services import Services
from flows.turns import HeldGroup, held_groups, plan_that_binds, scene_now
from muster.approvals import Act, ApprovalPolicy
from muster.campaign import Campaign, WavePolicy
from muster.fleet import Host
from muster.hours import hours_text
from muster.ids import HostId
from muster.outcomes import HostStatus
from muster.records import WaveRow
from muster.safety import Budget, BudgetPolicy, GatePolicy, HostMatch
from muster.words import amount, count
from push.budgets import Spent
from push.gates import Scene, first_held
from push.ramp import counted_waves
from push.release import RUN, Selection, due_hosts, wanted_hosts
from push.spending import spent_of
from push.waves import forecast, kind_name, kind_of, kinds_seen, site_kinds


class Ahead:
    """What a run would do if it began now, worked out once.

    Attributes:
        planned: whether a plan is dispatched; without one it is as if every host that needs the fix were due.
        later: hosts that are not due yet by the plan.
        held: hosts whose turn it is and that gates hold.
        over_limit: hosts that are left for another run.
        next: the hosts of each wave to come, if all goes well.
    """

    def __init__(self, services: Services, campaign: Campaign, *, ahead: bool) -> None:
        self.campaign = campaign
        self.scene: Scene = scene_now(services, campaign)
        self.so_far: tuple[WaveRow, ...] = services.ledger.waves(campaign.id)
        self.stop = services.ledger.stopped(campaign.id)
        self.accounts: tuple[Spent, ...] = spent_of(services.ledger, campaign, self.scene.fleet)
        plan = plan_that_binds(services, campaign)
        self.planned = plan is not None
        if plan is None:
            needs = (state for state in self.scene.states.values() if state.status in RUN | {HostStatus.PENDING})
            self.turn: Sequence[Host] = [self.scene.fleet.host[state.host_id] for state in needs]
            self.later = 0
        else:
            self.turn = wanted_hosts(self.scene, plan, Selection(RUN, ahead=ahead), frozenset())
            standing = {one.host_id for one in self.scene.states.values() if one.status in RUN}
            all_due = [one for one in due_hosts(plan, now=self.scene.now, ahead=True) if one in standing]
            self.later = len(all_due) - len(self.turn)
        self.sites = site_kinds(self.scene.fleet)
        self.held: tuple[HeldGroup, ...] = held_groups(self.turn, self.scene)
        free = [host for host in self.turn if first_held(host, self.scene) is None]
        limit = campaign.gates.max_hosts_per_run or None
        self.over_limit = len(free) - len(free[:limit])
        counted = counted_waves(services.ledger, campaign.id)
        seen = kinds_seen(counted, self.scene.fleet)
        self.next: tuple[tuple[HostId, ...], ...] = forecast(
            campaign.waves, free[:limit], counted, sites=self.sites, seen=seen
        )

    def kinds(self) -> Iterator[tuple[str, tuple[HostId, ...]]]:
        """The kinds of the next wave, each with its hosts."""
        found: dict[str, list[HostId]] = {}
        for host_id in self.next[0] if self.next else ():
            kind = kind_name(kind_of(self.scene.fleet.host[host_id], self.sites))
            found.setdefault(kind, []).append(host_id)
        yield from ((kind, tuple(hosts)) for kind, hosts in found.items())


def rules(campaign: Campaign, scene: Scene) -> Iterator[str]:
    """The rules of a campaign in sentences, each with how many of its hosts it is about."""
    yield from _wave_rules(campaign.waves)
    yield from _approval_rules(campaign.approvals)
    yield from _budget_rules(campaign.budgets)
    hosts = [scene.fleet.host[host_id] for host_id in scene.states]

    def whom(match: HostMatch) -> str:
        number = sum(match.takes(host, scene.site(host)) for host in hosts)
        return f"{match} ({count(number, 'host')})" if number else f"{match} (NO HOST of this campaign)"

    yield from _gate_rules(campaign.gates, whom)


def _wave_rules(policy: WavePolicy) -> Iterator[str]:
    yield (
        f"first wave: {count(policy.canary_per_kind, 'host')} of every kind (OS, version, role, sort of site); "
        "a kind that comes later gets its own"
    )
    yield f"then at most {policy.growth_factor:g} times the largest wave so far, {policy.max_wave_hosts:,} at most"
    lost = f", or at most {policy.tolerated_failures} lost" if policy.tolerated_failures else ""
    yield f"a wave passes when {policy.min_success_rate:.0%} of the hosts that were touched are verified{lost}"
    if policy.min_verified_hosts:
        yield f"and {count(policy.min_verified_hosts, 'host')} were verified in all waves so far"
    if policy.soak_seconds:
        yield f"a wave is watched for {policy.soak_seconds:g} s, then asked once more, before the next one begins"
    yield "otherwise nothing new starts, and a person decides (muster resume)"


def _approval_rules(policy: ApprovalPolicy) -> Iterator[str]:
    acts = {
        Act.RAMP: "the first wave after a canary",
        Act.MONEY: f"a plan over {amount(policy.money_over_cents)}",
        Act.NEW_CLIENT: "a partner at a client that is new to it",
        Act.ROLLBACK: "the roll back of a whole wave",
    }
    for act, what in acts.items():
        if (rule := policy.rule(act)) is not None:
            who = " or ".join(rule.by) or "one of the approvers in muster.yml"
            yield f"{what} waits for the yes of {who}"


def _budget_rules(policy: BudgetPolicy) -> Iterator[str]:
    named = (
        ("the campaign", policy.campaign),
        ("each client", policy.per_client),
        ("each OS version", policy.per_os_version),
        ("each partner", policy.per_partner),
    )
    for whose, budget in named:
        if words := _limit(budget):
            yield f"error budget of {whose}: {words}"


def _limit(budget: Budget) -> str:
    parts = []
    if budget.lost_hosts is not None:
        parts.append(f"{count(budget.lost_hosts, 'host')} lost")
    if budget.lost_share is not None:
        parts.append(f"{budget.lost_share:.0%} of the touched ones, once there are {budget.after_hosts}")
    return " or ".join(parts)


def _gate_rules(policy: GatePolicy, whom: Callable[[HostMatch], str]) -> Iterator[str]:
    for window in policy.windows:
        yield f"hours of {whom(window.hosts)}: {hours_text(window.hours)}, local time"
    for one in policy.blackouts:
        yield f"blackout of {whom(one.hosts)}: {one.starts:%d %b %Y %H:%M} to {one.ends:%d %b %Y %H:%M}, {one.reason}"
    for rule in policy.order:
        where = "in the whole campaign" if rule.within.value == "campaign" else f"of the same {rule.within.value}"
        yield f"order {where}: {whom(rule.first)} before {whom(rule.then)}"
    for hold in policy.holds:
        until = f" until {hold.until:%d %b %Y %H:%M}" if hold.until else ""
        yield f"hold{until}: {whom(hold.hosts)}, {hold.reason}"
    if policy.max_hosts_per_run:
        yield f"one run touches {count(policy.max_hosts_per_run, 'host')} at most"
    yield f"a host that failed {policy.max_failures_per_host} times in a row waits until somebody has said why"
    ready = policy.readiness
    asked = [f"{ready.free_disk_mb:,} MiB free"] if ready.free_disk_mb else []
    asked += ["no pending restart"] if ready.pending_reboot_holds else []
    asked += [f"a backup of at most {ready.backup.max_age_hours:g} h"] if ready.backup else []
    if asked:
        yield f"right before its push every host is asked for: {', '.join(asked)}"
