"""A fake fix and fake hosts, in memory, for tests of what Muster makes of a host's answers.

What hosts really answer is tested with real ones in ``test_ssh.py`` and ``tests/flows``.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from ledger.open import open_ledger
from muster.campaign import Campaign, WavePolicy
from muster.clock import Clock, SystemClock
from muster.crew import Crew
from muster.fleet import Client, Fleet, Host, OsFamily, Site
from muster.ids import CampaignId, ClientId, FixName, HostId, RunnerId, SiteId
from muster.outcomes import Ending, Finding, Stage, StepReport, Verdict
from muster.ports import Ledger, Order, StopSignal
from muster.records import HostState
from muster.safety import BudgetPolicy, GatePolicy
from muster.steps import Step, StepName, StepOutput
from push.context import Context
from push.orders import Defaults, OrderBook

CAMPAIGN = CampaignId("c")
GATE = Step(StepName.PROBE, "echo gate")
Act = Callable[["FakeHosts", Order], tuple[Ending, str]]


class FakeFix:
    """Right is a host whose probe says ``fact	system	state	new``."""

    title = "a fake fix"

    def step(self, name: StepName, family: OsFamily, *, timezone: str) -> Step | None:
        del timezone
        return None if family is OsFamily.OTHER else Step(name, f"echo {name}")

    def judge(self, output: StepOutput, *, timezone: str) -> Finding:
        del timezone
        state = output.facts[0].value
        verdict = {"new": Verdict.RIGHT, "old": Verdict.STALE}.get(state, Verdict.UNSUPPORTED)
        return Finding(verdict, f"it is {state}", output.facts)


@dataclass
class FakeHosts:
    """Hosts that hold ``old`` or ``new``; ``acts`` replaces what a host does at a step, once for each entry.

    ``ready`` is what a host says when it is asked whether it may be pushed.
    """

    holds: dict[HostId, str]
    acts: dict[tuple[HostId, StepName], list[Act]] = field(default_factory=dict)
    seen: list[tuple[HostId, StepName]] = field(default_factory=list)
    ready: dict[HostId, str] = field(default_factory=dict)

    def execute(self, orders: Iterable[Order], *, stop: StopSignal) -> Iterator[StepReport]:
        for order in orders:
            name = order.step.name
            if stop.is_set():
                yield self._report(order, Ending.NOT_STARTED, "")
                continue
            self.seen.append((order.target.host_id, name))
            waiting = self.acts.get((order.target.host_id, name), [])
            ending, text = waiting.pop(0)(self, order) if waiting else self.well(order)
            yield self._report(order, ending, text)

    def well(self, order: Order) -> tuple[Ending, str]:
        """What a healthy host does."""
        host_id, name = order.target.host_id, order.step.name
        if order.step == GATE:
            return Ending.DONE, f"{self.ready.get(host_id, '')}\ndone\tprobe"
        if name is StepName.APPLY:
            self.holds[host_id] = "new"
            return Ending.DONE, "changed\tthe state\ndone\tapply"
        if name is StepName.ROLLBACK:
            self.holds[host_id] = "old"
            return Ending.DONE, "changed\tthe state back\ndone\trollback"
        return Ending.DONE, f"fact\tsystem\tstate\t{self.holds[host_id]}\ndone\t{name}"

    def _report(self, order: Order, ending: Ending, text: str) -> StepReport:
        now = datetime.now(UTC)
        stages = {
            Ending.UNREACHABLE: Stage.CONNECT,
            Ending.UNTRUSTED: Stage.HOST_KEY,
            Ending.NOT_STARTED: Stage.NOT_STARTED,
            Ending.UNKNOWN: Stage.COMMAND,
        }
        cause = "" if ending is Ending.DONE else f"{ending} on purpose"
        code = 0 if ending is Ending.DONE else None
        stage = stages.get(ending, Stage.FINISHED)
        return StepReport(order.target.host_id, order.step.name, ending, stage, cause, "", code, text, "", now, now)


def ends(ending: Ending) -> Act:
    """A host whose step ends like this, without having done anything."""
    return lambda _hosts, _order: (ending, "")


def silent_after_doing(hosts: FakeHosts, order: Order) -> tuple[Ending, str]:
    """A host that does what it is told, and whose answer is lost."""
    hosts.well(order)
    return Ending.UNKNOWN, ""


class Switch:
    """A stop that a test turns."""

    on = False

    def is_set(self) -> bool:
        return self.on


@dataclass
class World:
    """A ledger on SQLite with one campaign, and fake hosts."""

    ledger: Ledger
    hosts: FakeHosts
    context: Context
    switch: Switch
    held_back: Switch

    def standing(self) -> dict[str, str]:
        """The status of every host by its id."""
        return {str(state.host_id): state.status.value for state in self.ledger.hosts(CAMPAIGN)}

    def state(self, host_id: str) -> HostState:
        """The row of one host."""
        return next(state for state in self.ledger.hosts(CAMPAIGN) if state.host_id == host_id)

    def as_runner(self, name: str) -> Context:
        """The same context in the hands of somebody else."""
        old = self.context
        return Context(
            old.campaign_id,
            RunnerId(name),
            old.ledger,
            old.pusher,
            old.book,
            old.clock,
            old.stop,
            old.lease_s,
            old.held_back,
        )


def make_world(
    folder: Path,
    holds: dict[str, str],
    *,
    lease_s: float = 30,
    clock: Clock | None = None,
    gates: GatePolicy | None = None,
    budgets: BudgetPolicy | None = None,
    waves: WavePolicy | None = None,
    roles: dict[str, str] | None = None,
    port: int = 0,
) -> World:
    """Hosts that hold ``old`` or ``new``, enrolled in a campaign and not asked yet."""
    time = clock or SystemClock()
    ids = {HostId(name): state for name, state in holds.items()}
    fleet = Fleet(
        (Client(ClientId("acme"), "Acme"),),
        (Site(SiteId("hq"), ClientId("acme"), "HQ", "America/Vancouver"),),
        tuple(
            Host(host_id, SiteId("hq"), str(host_id), "127.0.0.1", port, role=(roles or {}).get(str(host_id), ""))
            for host_id in ids
        ),
    )
    ledger = open_ledger(f"sqlite:///{folder}/ledger.db", clock=time)
    ledger.save_inventory(fleet, Crew(), by="test")
    campaign = Campaign(
        CAMPAIGN,
        "C",
        FixName("fake"),
        datetime(2030, 1, 1, tzinfo=UTC),
        waves=waves or WavePolicy(),
        gates=gates or GatePolicy(),
        budgets=budgets or BudgetPolicy(),
    )
    ledger.open_campaign(campaign, tuple(ids), by="test")
    hosts, switch, held_back = FakeHosts(dict(ids)), Switch(), Switch()
    wanted = campaign.gates.readiness
    gate = GATE if wanted.asks else None
    book = OrderBook(fleet, FakeFix(), Defaults("root", "agent:", 60), "", wanted, lambda *_: gate)
    context = Context(CAMPAIGN, RunnerId("here:1:1.00"), ledger, hosts, book, time, switch, lease_s, held_back)
    return World(ledger, hosts, context, switch, held_back)
