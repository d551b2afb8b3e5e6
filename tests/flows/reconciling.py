"""A small campaign for the tests of the reconciler: real ledger and book, fake hosts, clocks that a test moves."""

import shutil
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from types import SimpleNamespace
from typing import cast

from flows.approvals import Gatekeeper
from flows.engine import Parameter
from flows.reconcile_view import what_is_open
from flows.services import Services
from ledger.open import book_of, open_ledger
from muster.campaign import Campaign, WavePolicy
from muster.clock import ManualClock
from muster.crew import Crew, Engineer, Partner
from muster.errors import CampaignStopped
from muster.fleet import Client, Fleet, Host, Site
from muster.ids import CampaignId, ClientId, FixName, HostId, PartnerId, PersonId, PlanId, RunnerId, SiteId, VisitId
from muster.outcomes import Ending
from muster.plan import Assignment, Plan, PlanCost, Visit, VisitMode
from muster.running import RunningPolicy
from muster.steps import StepName
from partners.papers import Book
from push.attempts import push_batch
from push.context import Context
from push.orders import Defaults, OrderBook
from push.probing import probe_hosts
from push.release import RUN, Selection, take_over
from push.turns import turns_of
from reports.sending.outlets import Outlets
from tests.push.fakes import CAMPAIGN, FakeFix, FakeHosts, Switch, ends

NOON = datetime(2026, 10, 19, 12, 0, tzinfo=UTC)
DEADLINE = NOON + timedelta(days=10)
HOUR = timedelta(hours=1)
VISITS = (VisitId("v0"), VisitId("v1"), VisitId("v2"))
HOSTS: Mapping[VisitId, tuple[HostId, ...]] = {
    visit_id: (HostId(f"h{number}a"), HostId(f"h{number}b")) for number, visit_id in enumerate(VISITS)
}
PERSONS = {"Kim Lee": "kim", "Ana Ruiz": ""}


def campaign_of(**policies: object) -> Campaign:
    """The campaign with these policies; unattended unless they say otherwise."""
    plain = Campaign(
        CAMPAIGN,
        "C",
        FixName("fake"),
        DEADLINE,
        waves=WavePolicy(canary_per_kind=100, growth_factor=100, tolerated_failures=100),
        running=RunningPolicy(unattended=True),
    )
    return replace(plain, **policies)  # type: ignore[arg-type]  # a test's own words


def fleet_of() -> Fleet:
    """Six hosts of one site, on ports where nobody listens."""
    host_ids = [host_id for visit_id in VISITS for host_id in HOSTS[visit_id]]
    return Fleet(
        (Client(ClientId("acme"), "Acme"), Client(ClientId("beta"), "Beta")),
        (Site(SiteId("hq"), ClientId("acme"), "HQ", "America/Vancouver"),),
        tuple(Host(host_id, SiteId("hq"), str(host_id), "127.0.0.1", 9) for host_id in host_ids),
    )


def plan_of(plan_id: str = "p1", *, cents: int = 0, person: str = "kim", client: str = "acme") -> Plan:
    """One visit an hour after another, the first at noon, each half an hour long."""
    visits = tuple(
        Visit(
            visit_id,
            ClientId(client),
            SiteId("hq"),
            VisitMode.REMOTE,
            HOSTS[visit_id],
            30,
            frozenset(),
            1,
            NOON,
            DEADLINE,
        )
        for visit_id in VISITS
    )
    placed = tuple(
        Assignment(visit.id, PersonId(person), NOON + number * HOUR, NOON + number * HOUR + HOUR / 2)
        for number, visit in enumerate(visits)
    )
    cost = PlanCost(labour_cents=cents)
    return Plan(PlanId(plan_id), CAMPAIGN, NOON, visits, placed, (), cost, 0.0, None, 0, 0, "test")


def crew_of() -> Crew:
    """One engineer of our own and one of a partner's."""
    people = (
        Engineer(PersonId("kim"), "Kim", "UTC", ()),
        Engineer(PersonId("pat"), "Pat", "UTC", (), partner_id=PartnerId("north")),
    )
    return Crew(people, (Partner(PartnerId("north"), "North IT"),))


@cache
def _template() -> Path:
    """A ledger with its schema, made once."""
    file = Path(mkdtemp(prefix="muster-reconcile-")) / "ledger.db"
    open_ledger(f"sqlite:///{file}", clock=ManualClock(NOON)).close()
    return file


class World:
    """A dispatched campaign whose hosts all need the fix, and machines that could look after it."""

    def __init__(self, folder: Path, campaign: Campaign, *, begins: datetime = NOON - 2 * HOUR) -> None:
        file = folder / "ledger.db"
        shutil.copy(_template(), file)
        self.clock = ManualClock(begins)
        self.lease_clock = ManualClock(begins)
        self.ledger = open_ledger(f"sqlite:///{file}", clock=self.clock, lease_clock=self.lease_clock)
        self.book: Book = book_of(self.ledger)
        self.fleet, host_ids = fleet_of(), tuple(host.id for host in fleet_of().hosts)
        self.ledger.save_inventory(self.fleet, crew_of(), by="test")
        self.ledger.open_campaign(campaign, host_ids, by="test")
        self.hosts = FakeHosts(dict.fromkeys(host_ids, "old"))
        self.stop = Switch()
        probe_hosts(self.context(), host_ids)
        self.dispatch(plan_of())
        self.hosts.seen.clear()

    def dispatch(self, plan: Plan) -> None:
        """Make a plan binding, as it is."""
        self.ledger.save_plan(plan, by="test")
        self.ledger.dispatch(plan.id, by="test", expected_revision=self.ledger.revision())

    def context(self, runner: str = "here:1:1.00") -> Context:
        """What acts at hosts need, in the hands of one machine."""
        book = OrderBook(self.fleet, FakeFix(), Defaults("root", "agent:", 60))
        gate = Gatekeeper(CAMPAIGN, self.ledger, self.book, self.clock, PERSONS)
        stop = self.stop
        return Context(
            CAMPAIGN, RunnerId(runner), self.ledger, self.hosts, book, self.clock, stop, 30, stop, approvals=gate
        )

    @property
    def services(self) -> Services:
        """As flows see it."""
        there = SimpleNamespace(
            ledger=self.ledger,
            book=self.book,
            clock=self.clock,
            approvers=PERSONS,
            currency="EUR",
            renew=lambda _: None,
            outlets=Outlets("Helpline", "us@helpline.example", Path(), Path(), str, str),
        )
        return cast("Services", there)

    def act(self, runner: str = "here:1:1.00") -> "Acts":
        """What carries flows out: their bodies, without Prefect."""
        return Acts(self, runner)

    def standing(self) -> dict[str, str]:
        """The status of every host."""
        return {str(state.host_id): state.status.value for state in self.ledger.hosts(CAMPAIGN)}

    def pushed(self) -> list[HostId]:
        """The hosts that were pushed, in their order."""
        return [host_id for host_id, step in self.hosts.seen if step is StepName.APPLY]

    def goes_away(self, host_id: HostId, times: int = 1) -> None:
        """The host's next probes and pushes find nobody."""
        for step in (StepName.PROBE, StepName.APPLY):
            self.hosts.acts[host_id, step] = [ends(Ending.UNREACHABLE)] * times


class Acts:
    """Carries out ``waves`` and ``probe`` as their flows do, and keeps which were carried out."""

    def __init__(self, world: World, runner: str) -> None:
        self.world = world
        self.runner = runner
        self.calls: list[str] = []

    def __call__(self, flow: str, parameters: Mapping[str, Parameter]) -> None:
        self.calls.append(flow)
        context = self.world.context(self.runner)
        if flow == "probe":
            host_ids = cast("list[str]", parameters["host_ids"])
            take_over(context)
            probe_hosts(context, [HostId(host_id) for host_id in host_ids])
            return
        assert flow == "waves"
        assert parameters["by_itself"]
        now_open = what_is_open(self.world.services, CampaignId(str(parameters["campaign_id"])))
        turns = turns_of(context, Selection(RUN, ahead=True, open_now=now_open, by=str(parameters["by"])))
        take_over(context)
        while wave := turns.next_wave():
            push_batch(context, turns.left_of(wave), wave=wave.number, step=StepName.APPLY)
            if self.world.ledger.stopped(CAMPAIGN) is not None:
                raise CampaignStopped("stopped")
            turns.settle(wave)
