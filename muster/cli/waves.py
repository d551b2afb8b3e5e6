"""``muster waves``: what a run would do, and by which rules, before anything starts."""

from collections.abc import Callable, Iterator, Sequence
from typing import Annotated

import typer

from muster.campaign import Campaign, WavePolicy
from muster.cli.campaigns import CampaignOption, JsonOption, campaign_to_push
from muster.cli.output import count, say, say_json, table
from muster.cli.turns import HeldGroup, held_groups, plan_that_binds, scene_now
from muster.cli.workspace import Workspace, opened
from muster.fleet import Host
from muster.hours import hours_text
from muster.ids import HostId
from muster.outcomes import HostStatus
from muster.records import WaveRow, WaveState
from muster.safety import Budget, BudgetPolicy, GatePolicy, HostMatch
from push.budgets import Spent
from push.gates import Scene, first_held
from push.release import RUN, Selection, due_hosts, wanted_hosts
from push.spending import spent_of
from push.waves import forecast, kind_name, kind_of, kinds_seen, site_kinds

SHOWN_WAVES = 12


def waves(
    context: typer.Context,
    campaign: CampaignOption = None,
    ahead: Annotated[bool, typer.Option("--ahead", help="Also hosts whose visit is not due yet.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Explain what muster run would do: hosts, waves, rules, and whom gates hold. Nobody is touched or asked.

    Example: muster waves --ahead
    """
    with opened(context) as workspace:
        meant = campaign_to_push(workspace, campaign, quiet=as_json)
        found = _Explained(workspace, meant, ahead=ahead)
        if as_json:
            say_json(found.document())
        else:
            found.say()


class _Explained:
    """Everything that is told, worked out once."""

    def __init__(self, workspace: Workspace, campaign: Campaign, *, ahead: bool) -> None:
        self.campaign = campaign
        self.scene: Scene = scene_now(workspace, campaign)
        self.so_far: tuple[WaveRow, ...] = workspace.ledger.waves(campaign.id)
        self.stop = workspace.ledger.stopped(campaign.id)
        self.accounts: tuple[Spent, ...] = spent_of(workspace.ledger, campaign, self.scene.fleet)
        plan = plan_that_binds(workspace, campaign)
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
        seen = kinds_seen(self.so_far, self.scene.fleet)
        self.next: tuple[tuple[HostId, ...], ...] = forecast(
            campaign.waves, free[:limit], self.so_far, sites=self.sites, seen=seen
        )

    def kinds(self) -> Iterator[tuple[str, tuple[HostId, ...]]]:
        """The kinds of the next wave, each with its hosts."""
        found: dict[str, list[HostId]] = {}
        for host_id in self.next[0] if self.next else ():
            kind = kind_name(kind_of(self.scene.fleet.host[host_id], self.sites))
            found.setdefault(kind, []).append(host_id)
        yield from ((kind, tuple(hosts)) for kind, hosts in found.items())

    def say(self) -> None:
        """The page for people."""
        if self.stop:
            say(f"STOPPED by {self.stop.by}: {self.stop.reason}", style="bold red")
            say("  nothing starts until somebody lets it go on: muster resume")
        say("Rules", style="bold")
        for line in rules(self.campaign, self.scene):
            say(f"  {line}")
        self._say_budgets()
        self._say_so_far()
        self._say_next()
        self._say_held()

    def _say_budgets(self) -> None:
        for one in self.accounts:
            if one.lost:
                say(f"  of the budget of {one.whose}: {len(one.lost)} of {one.touched} lost", style="yellow")

    def _say_so_far(self) -> None:
        if self.so_far:
            say("\nSo far", style="bold")
            rows = [
                (str(one.number), str(len(one.host_ids)), one.state.value, one.verdict)
                for one in self.so_far[-SHOWN_WAVES:]
            ]
            table(("wave", "hosts", "", "verdict"), rows, right=(0, 1))

    def _say_next(self) -> None:
        say("\nIf it went on now and all went well", style="bold")
        if not self.planned:
            say("  no plan is dispatched yet: as if every host that needs the fix, or was not asked yet, were due")
        if self.so_far and self.so_far[-1].state is WaveState.OPEN:
            say(f"  wave {self.so_far[-1].number} is open: a run carries on with it first")
        if not self.next:
            say("  would touch nobody")
        else:
            sizes = [str(len(one)) for one in self.next]
            shown = sizes if len(sizes) <= SHOWN_WAVES else [*sizes[:SHOWN_WAVES], "..."]
            total = sum(map(len, self.next))
            waves_ = count(len(sizes), "wave")
            say(f"  would touch {', then '.join(shown)}: {count(total, 'host')} in {waves_}")
        if self.later:
            say(f"  {count(self.later, 'host')} not due yet by the plan (--ahead takes them in)")
        if self.over_limit:
            say(f"  {count(self.over_limit, 'host')} left for another run: gates.max_hosts_per_run")
        if self.next:
            title = "The first wave, by kind" if not self.so_far else "The next wave, by kind"
            say(f"\n{title}", style="bold")
            table(
                (
                    "kind",
                    "hosts",
                    "",
                ),
                [
                    (kind or "(no kind)", str(len(hosts)), ", ".join(hosts[:4]) + (" ..." if len(hosts) > 4 else ""))
                    for kind, hosts in self.kinds()
                ],
                right=(1,),
            )

    def _say_held(self) -> None:
        if self.held:
            say("\nHeld by gates", style="bold")
            for group in self.held:
                for line in group.lines():
                    say(f"  {line}")

    def document(self) -> dict[str, object]:
        """The same for scripts."""
        return {
            "campaign": self.campaign.id,
            "now": self.scene.now.isoformat(),
            "stopped": {"by": self.stop.by, "reason": self.stop.reason} if self.stop else None,
            "plan_dispatched": self.planned,
            "rules": list(rules(self.campaign, self.scene)),
            "budgets": [
                {"whose": one.whose, "lost": one.lost, "touched": one.touched, "breach": one.breach()}
                for one in self.accounts
            ],
            "so_far": [
                {"wave": one.number, "hosts": len(one.host_ids), "state": one.state.value, "verdict": one.verdict}
                for one in self.so_far
            ],
            "next": [list(one) for one in self.next],
            "next_by_kind": {kind: list(hosts) for kind, hosts in self.kinds()},
            "not_due": self.later,
            "over_limit": self.over_limit,
            "held": held_document(self.held),
        }


def held_document(groups: Sequence[HeldGroup]) -> list[dict[str, object]]:
    """Held hosts for scripts."""
    return [
        {
            "gate": group.held.gate,
            "reason": group.held.reason,
            "until": group.held.until.isoformat() if group.held.until else None,
            "what_to_do": group.held.hint,
            "hosts": list(group.host_ids),
        }
        for group in groups
    ]


def rules(campaign: Campaign, scene: Scene) -> Iterator[str]:
    """The rules of a campaign in sentences, each with how many of its hosts it is about."""
    yield from _wave_rules(campaign.waves)
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
