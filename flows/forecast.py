"""The forecast of a campaign: the odds of finishing in time, by client and in all, and what helps where they are low.

It looks ahead from what has happened: what is protected is done; what is open is planned on from the plan that binds,
moving as little as a replan would, with durations as they were learned so far; that plan is then lived through many
times. Every forecast is kept, so that people see where it is going; when the odds fall under the campaign's limit, an
alert is queued with the best remedies and their price.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from flows.alerts import alert_messages
from flows.measured import effort_of
from flows.planning import problem_of
from flows.profit import clients_of
from flows.remedies import Remedy, remedies_of
from flows.services import Services
from flows.tries import tries_of
from muster.errors import NothingToPlan
from muster.ids import CampaignId, ClientId, HostId, PlanId
from muster.messages import Alert, Severity
from muster.outcomes import HostStatus
from muster.plan import Plan
from muster.records import HostState
from partners.papers import Index, Shelf, change

if TYPE_CHECKING:  # they bring OR-Tools, which most commands need not wait for
    from scheduler.problem import Problem
    from scheduler.robust import Odds

LIVES = 500
BEST = 3
"""Remedies that are told."""

FELL = "odds-fell"
"""The kind of the alert."""

TOUCHED = frozenset({HostStatus.VERIFIED, HostStatus.FAILED, HostStatus.UNKNOWN})
LOST = frozenset({HostStatus.FAILED, HostStatus.UNKNOWN})


@dataclass(frozen=True, slots=True)
class ClientForecast:
    """One client.

    Attributes:
        protected: machines that are right now.
        all_done: how likely all of its machines are done by the deadline (0 to 1).
        done_share: the expected share of its machines, those that are right already included.
    """

    client_id: ClientId
    hosts: int
    protected: int
    all_done: float
    done_share: float


@dataclass(frozen=True, slots=True)
class Open:
    """How many machines are open at an instant, if it goes as in the worst, and as in the best tenth of lives."""

    at: datetime
    worst: int
    best: int


@dataclass(frozen=True, slots=True)
class Forecast:
    """How a campaign will probably end, as it was seen at one instant.

    Attributes:
        plan_id: the plan that was gone on from; None where nothing needs a visit any more, or none was made yet.
        all_done: how likely everything is done by the deadline (0 to 1).
        done_share: the expected share of machines, those that are right already included.
        least_odds: the campaign's limit for ``all_done``.
        due, due_done: machines whose visit is over by now by the plan that binds, and how many of them are right.
        lost_share: of the machines that were pushed, how many stand failed or unknown now.
        left_out: machines that no visit can be found for.
        done_by: when the last visit would end; None where machines are left out.
        worst: what limits it, in sentences, the gravest first.
        tries: how often tries are taken to fail and to find a machine offline, in sentences with the evidence.
        remedies: the best, the most odds for the money first.
        band: how many machines will be open, as the visits end one after the other.
    """

    campaign_id: CampaignId
    at: datetime
    deadline: datetime
    plan_id: PlanId | None
    hosts: int
    protected: int
    all_done: float
    done_share: float
    least_odds: float
    due: int
    due_done: int
    lost_share: float
    left_out: int
    done_by: datetime | None
    clients: tuple[ClientForecast, ...]
    worst: tuple[str, ...] = ()
    remedies: tuple[Remedy, ...] = ()
    lives: int = LIVES
    currency: str = ""
    tries: tuple[str, ...] = ()
    band: tuple[Open, ...] = ()

    @property
    def falls_short(self) -> bool:
        """Whether the odds are under the campaign's limit."""
        return self.all_done < self.least_odds

    @property
    def id(self) -> str:
        """Unique over all campaigns."""
        return f"{self.campaign_id}/{self.at.isoformat()}"


FORECASTS = Shelf("forecast", Forecast, lambda one: Index(one.id, campaign_id=one.campaign_id))
"""Every forecast that was made, by campaign."""


def forecast_campaign(
    services: Services,
    campaign_id: CampaignId,
    *,
    by: str = "forecast",
    lives: int = LIVES,
    seconds: float = 1.0,
    seed: int = 0,
) -> Forecast:
    """Make a forecast, keep it, and queue an alert where the odds have fallen under the campaign's limit.

    Args:
        services: the ledger and the book.
        campaign_id: of which campaign.
        by: who asked, for the record.
        lives: how often what lies ahead is lived through.
        seconds: how long each remedy is planned; remedies are looked for only under the limit; 0 looks for none.
        seed: of the random numbers.

    Raises:
        NotFound: there is no such campaign.
    """
    found = look_ahead(services, campaign_id, lives=lives, seconds=seconds, seed=seed)
    before = forecasts_of(services, campaign_id)
    fell = found.falls_short and not (before and before[-1].falls_short)
    messages = alert_messages(services.outlets, alert_of(found)) if fell else ()
    kept = services.book.find(FORECASTS, found.id)
    services.book.write([change(FORECASTS, found, "forecast made", kept)], by=by, messages=messages)
    return found


def forecasts_of(services: Services, campaign_id: CampaignId) -> tuple[Forecast, ...]:
    """Every forecast of a campaign, the newest last."""
    kept = services.book.papers(FORECASTS, campaign_id=campaign_id)
    return tuple(sorted((one.value for one in kept), key=lambda one: one.at))


def alert_of(found: Forecast) -> Alert:
    """What people are told when the odds are under the limit."""
    clients = [one for one in found.clients if one.all_done < found.least_odds]
    worst = sorted(clients, key=lambda one: (one.all_done, one.client_id))[:BEST]
    details = (
        ("odds", f"{found.all_done:.0%}"),
        ("limit", f"{found.least_odds:.0%}"),
        ("machines right", f"{found.protected:,} of {found.hosts:,}"),
        ("expected", f"{found.done_share:.1%}"),
        *((f"client {one.client_id}", f"{one.all_done:.0%}") for one in worst),
    )
    return Alert(
        FELL,
        Severity.WARNING,
        f"campaign {found.campaign_id} is all done in time with odds of {found.all_done:.0%}, "
        f"under its limit of {found.least_odds:.0%}",
        found.campaign_id,
        details=details,
        remedies=tuple(one.sentence(found.currency) for one in found.remedies),
        about=found.at.isoformat(),
    )


def look_ahead(services: Services, campaign_id: CampaignId, *, lives: int, seconds: float, seed: int) -> Forecast:
    """A forecast that is not kept and tells nobody."""
    campaign, states = services.ledger.campaign(campaign_id), services.ledger.hosts(campaign_id)
    right = frozenset(one.host_id for one in states if one.status.protected)
    ahead = _plan_ahead(services, campaign_id, seed)
    due = _due(services, campaign_id)
    if ahead is None:
        open_hosts, odds, plan = 0, None, None
    else:
        problem, plan = ahead
        odds = _lived(services, problem, plan, lives, seed)
        open_hosts = sum(len(one.visit.host_ids) for one in problem.demands)
    found = Forecast(
        campaign_id=campaign_id,
        at=services.clock.now(),
        deadline=campaign.deadline,
        plan_id=_binding_id(services, campaign_id),
        hosts=len(states),
        protected=len(right),
        all_done=1.0 if odds is None else odds.all_done,
        done_share=_share(len(states) - open_hosts, open_hosts, 1.0 if odds is None else odds.done_share),
        least_odds=campaign.forecast.least_odds,
        due=len(due),
        due_done=len(due & right),
        lost_share=_lost(states),
        left_out=_left_out(plan) if plan else 0,
        done_by=_done_by(plan) if plan else None,
        clients=_clients(services, campaign_id, right, odds),
        worst=_worst(*ahead, odds) if ahead is not None and odds is not None else (),
        lives=lives,
        currency=services.currency,
        tries=tries_of(services, campaign_id).sentences,
        band=_band(len(states) - len(right), odds),
    )
    if plan is None or not found.falls_short or seconds <= 0:
        return found
    return replace(found, remedies=remedies_of(services, plan, seconds=seconds, seed=seed, most=BEST))


def _plan_ahead(services: Services, campaign_id: CampaignId, seed: int) -> "tuple[Problem, Plan] | None":
    """What is open, and the plan that it would be gone on with: what holds stays, the rest is placed around it."""
    try:
        problem = problem_of(services, campaign_id)
    except NothingToPlan:
        return None
    from scheduler.replan import KEEPING, replan
    from scheduler.solve import solve
    from scheduler.stop import MaxIterations

    binding, there = services.ledger.dispatched(campaign_id), services.ledger.plans(campaign_id)
    if binding is None and not there:
        return problem, solve(problem, MaxIterations(0), seed, with_reasons=False)
    current = services.ledger.plan(binding.plan_id if binding is not None else there[-1])
    return problem, replan(problem, current, MaxIterations(0), seed, freedoms=KEEPING).choices[-1].plan


def _lived(services: Services, problem: "Problem", plan: Plan, lives: int, seed: int) -> "Odds":
    from scheduler.robust import simulate, uncertain

    campaign = services.ledger.campaign(problem.campaign_id)
    efforts = uncertain(effort_of(services, campaign.id), services.ledger.fleet(), plan)
    tries = tries_of(services, campaign.id).tries
    return simulate(problem, plan, efforts, lives=lives, no_show=campaign.forecast.no_show, tries=tries, seed=seed)


def _band(still_open: int, odds: "Odds | None") -> tuple[Open, ...]:
    points = odds.course if odds is not None else ()
    return tuple(Open(one.at, max(0, still_open - one.worst), max(0, still_open - one.best)) for one in points)


def _binding_id(services: Services, campaign_id: CampaignId) -> PlanId | None:
    binding = services.ledger.dispatched(campaign_id)
    return binding.plan_id if binding else None


def _due(services: Services, campaign_id: CampaignId) -> frozenset[HostId]:
    """The machines whose visit is over by now, by the plan that binds."""
    binding = services.ledger.dispatched(campaign_id)
    if binding is None:
        return frozenset()
    plan, now = services.ledger.plan(binding.plan_id), services.clock.now()
    over = (one.visit_id for one in plan.assignments if one.ends_at <= now)
    return frozenset(host_id for visit_id in over for host_id in plan.visit[visit_id].host_ids)


def _clients(
    services: Services, campaign_id: CampaignId, right: frozenset[HostId], odds: "Odds | None"
) -> tuple[ClientForecast, ...]:
    """Every client; those with nothing open are done."""
    known = {one.client_id: one for one in odds.clients} if odds is not None else {}
    found = []
    for client_id, hosts in clients_of(services, campaign_id).items():
        one = known.get(client_id)
        still = one.hosts if one is not None else 0
        done = _share(len(hosts) - still, still, one.done_share if one is not None else 1.0)
        all_done = one.all_done if one is not None else 1.0
        found.append(ClientForecast(client_id, len(hosts), len(right & set(hosts)), all_done, done))
    return tuple(found)


def _share(settled: int, still: int, done_share: float) -> float:
    return (settled + still * done_share) / (settled + still) if settled + still else 1.0


def _lost(states: Sequence[HostState]) -> float:
    """Machines that were pushed and stand failed or unknown, as a share of all that were pushed."""
    pushed = [one.status for one in states if one.attempts and one.status in TOUCHED]
    return sum(status in LOST for status in pushed) / len(pushed) if pushed else 0.0


def _left_out(plan: Plan) -> int:
    return sum(len(plan.visit[out.visit_id].host_ids) for out in plan.unplaced)


def _done_by(plan: Plan) -> datetime | None:
    return None if plan.unplaced else max((one.ends_at for one in plan.assignments), default=None)


def _worst(problem: "Problem", plan: Plan, odds: "Odds") -> tuple[str, ...]:
    from scheduler.risk import risks

    return risks(problem, plan, odds)
