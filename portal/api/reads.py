"""What can be read: the queries of the pages, as JSON."""

from contextlib import suppress
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from starlette.requests import Request

from muster.ids import CampaignId, HostId, PlanId, VisitId
from muster.outcomes import HostStatus
from muster.records import HostState
from partners.errors import Refused
from portal.access import Role, Viewer, nothing_there
from portal.api import models
from portal.api.guard import DESCRIBED, token_need
from portal.field.common import source_of
from portal.manager.queries_board import failures_of, newest_forecast, wave_lines
from portal.partner.lists import eyes_of, shown_to
from portal.reading import CampaignNow, Reading
from portal.scope import Seen, scope_of
from portal.services import portal_of, reading_of, services_of
from portal.tokens import Scope

router = APIRouter(dependencies=DESCRIBED)
Anybody = Annotated[Viewer, Depends(token_need(Scope.READ))]
Overseer = Annotated[Viewer, Depends(token_need(Scope.READ, Role.MANAGER, Role.AUDITOR))]
Id = Annotated[str, Path(min_length=1, max_length=200)]
Limit = Annotated[int, Query(ge=1, le=1000)]
LEFT_OUT_SHOWN = 100


@router.get("/me")
def me(viewer: Anybody) -> models.Me:
    """Whom the token acts for."""
    return models.Me(account=viewer.account_id, name=viewer.name, role=viewer.role)


@router.get("/campaigns")
def campaigns(request: Request, viewer: Anybody) -> models.Campaigns:
    """The campaigns that the account may know of."""
    return models.Campaigns(
        campaigns=[
            models.CampaignLine(id=one.id, name=one.name, deadline=one.deadline, timezone=one.timezone)
            for one in scope_of(request, viewer).campaigns()
        ]
    )


@router.get("/campaigns/{campaign_id}")
def status(request: Request, _viewer: Overseer, campaign_id: Id) -> models.Status:
    """How a campaign stands."""
    reading = reading_of(request)
    now = campaign_now(reading, campaign_id)
    campaign, counts, stop = now.campaign, reading.counts(now.campaign.id), now.stop
    return models.Status(
        id=campaign.id,
        name=campaign.name,
        fix=campaign.fix,
        deadline=campaign.deadline,
        timezone=campaign.timezone,
        now=reading.now,
        hosts=dict(counts),
        total=counts.total(),
        protected=sum(number for one, number in counts.items() if one.protected),
        stop=models.StopNow(by=stop.by, reason=stop.reason, at=stop.at, gentle=stop.gentle) if stop else None,
        wave=_waves(reading, now)[-1] if now.waves else None,
        plan_id=now.dispatched.plan_id if now.dispatched else None,
        revision=reading.revision,
    )


@router.get("/campaigns/{campaign_id}/hosts")
def hosts(
    request: Request,
    _viewer: Overseer,
    campaign_id: Id,
    status: Annotated[HostStatus | None, Query(description="Only machines that stand there.")] = None,
    site: Annotated[str, Query(max_length=200, description="Only machines of this site.")] = "",
    after: Annotated[str, Query(max_length=200, description="Only machines whose id comes after this one.")] = "",
    limit: Limit = 100,
) -> models.Hosts:
    """Machines by where they stand."""
    reading = reading_of(request)
    now = campaign_now(reading, campaign_id)
    fleet = reading.fleet

    def fits(one: HostState) -> bool:
        if status is not None and one.status is not status:
            return False
        return not site or fleet.host[one.host_id].site_id == site

    found = reading.first_states(now.campaign.id, fits, after=HostId(after), most=limit + 1)
    rows = [_host(reading, one) for one in found[:limit]]
    return models.Hosts(hosts=rows, next=rows[-1].id if len(found) > limit else None)


@router.get("/campaigns/{campaign_id}/hosts/{host_id}")
def host(request: Request, _viewer: Overseer, campaign_id: Id, host_id: Id) -> models.HostNow:
    """One machine."""
    reading = reading_of(request)
    now = campaign_now(reading, campaign_id)
    return _host(reading, reading.state(now.campaign.id, HostId(host_id)))


@router.get("/campaigns/{campaign_id}/failures")
def failures(request: Request, _viewer: Overseer, campaign_id: Id) -> models.Failures:
    """Failures by cause."""
    reading = reading_of(request)
    found = failures_of(reading, campaign_now(reading, campaign_id).campaign)
    return models.Failures(
        failures=[
            models.Failure(
                key=one.key,
                status=one.status,
                cause=one.cause,
                what_to_do=one.hint,
                hosts=one.number,
                names=one.names,
            )
            for one in found
        ]
    )


@router.get("/campaigns/{campaign_id}/waves")
def waves(request: Request, _viewer: Overseer, campaign_id: Id) -> models.Waves:
    """The waves so far."""
    reading = reading_of(request)
    return models.Waves(waves=_waves(reading, campaign_now(reading, campaign_id)))


@router.get("/campaigns/{campaign_id}/plans")
def plans(request: Request, _viewer: Overseer, campaign_id: Id) -> models.Plans:
    """The plans of a campaign."""
    now = campaign_now(reading_of(request), campaign_id)
    binding = now.dispatched.plan_id if now.dispatched else None
    return models.Plans(plans=[models.PlanLine(id=one, binding=one == binding) for one in now.plan_ids])


@router.get("/campaigns/{campaign_id}/plans/{plan_id}")
def plan(request: Request, _viewer: Overseer, campaign_id: Id, plan_id: Id) -> models.PlanSummary:
    """One plan: what it places, what it costs, what it leaves out and why."""
    reading = reading_of(request)
    if PlanId(plan_id) not in campaign_now(reading, campaign_id).plan_ids:
        raise nothing_there()
    found, cost = reading.plan(PlanId(plan_id)), reading.plan(PlanId(plan_id)).cost
    return models.PlanSummary(
        id=found.id,
        created_at=found.created_at,
        visits=len(found.visits),
        placed=len(reading.assignments(found)),
        left_out=len(found.unplaced),
        first_left_out=[
            models.LeftOut(
                visit_id=one.visit_id,
                client_id=found.visit[one.visit_id].client_id,
                site_id=found.visit[one.visit_id].site_id,
                hosts=len(found.visit[one.visit_id].host_ids),
                why=[reason.text for reason in one.reasons],
            )
            for one in found.unplaced[:LEFT_OUT_SHOWN]
        ],
        currency=services_of(request).currency,
        total_cents=cost.total_cents,
        labour_cents=cost.labour_cents,
        travel_cents=cost.travel_cents,
        overtime_cents=cost.overtime_cents,
        partner_cents=cost.partner_cents,
        gap=found.gap,
    )


@router.get("/campaigns/{campaign_id}/forecast")
def forecast(request: Request, _viewer: Overseer, campaign_id: Id) -> models.ForecastNow:
    """The newest forecast."""
    reading = reading_of(request)
    found = newest_forecast(services_of(request), reading, campaign_now(reading, campaign_id).campaign.id)
    if found is None:
        return models.ForecastNow(forecast=None)
    return models.ForecastNow(
        forecast=models.Odds(
            at=found.at,
            all_done=found.all_done,
            done_share=found.done_share,
            least_odds=found.least_odds,
            worst=list(found.worst),
        )
    )


@router.get("/visits")
def visits(
    request: Request,
    viewer: Anybody,
    campaign: Annotated[str, Query(max_length=200, description="Only of this campaign.")] = "",
    skip: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
    limit: Limit = 100,
) -> models.Visits:
    """The visits that the account may see: a manager's are all, a partner's its own in their window."""
    scope, reading = scope_of(request, viewer), reading_of(request)
    wanted = scope.campaign(CampaignId(campaign)).id if campaign else None
    found = scope.visits(wanted)
    _disclose(request, viewer)
    rows = [_visit(reading, one) for one in found[skip : skip + limit]]
    return models.Visits(visits=rows, total=len(found), next=skip + limit if skip + limit < len(found) else None)


@router.get("/visits/{campaign_id}/{visit_id}")
def visit(request: Request, viewer: Anybody, campaign_id: Id, visit_id: Id) -> models.VisitNow:
    """One visit with its machines."""
    reading = reading_of(request)
    seen = scope_of(request, viewer).visit(CampaignId(campaign_id), VisitId(visit_id))
    _disclose(request, viewer)
    states = {one.host_id: one.status for one in reading.states(seen.campaign.id, seen.visit.host_ids)}
    machines = [reading.fleet.host[host_id] for host_id in seen.visit.host_ids]
    return models.VisitNow(
        visit=_visit(reading, seen),
        hosts=[
            models.VisitHost(name=one.name, os=one.os_version or one.os.value, role=one.role, status=states.get(one.id))
            for one in machines
        ],
    )


def _disclose(request: Request, viewer: Viewer) -> None:
    """What a partner is shown here is written down as on its pages."""
    if viewer.partner_id is not None:
        with suppress(Refused):  # then its scope is empty, and nothing is shown
            shown_to(source_of(request), eyes_of(viewer, portal_of(request).settings))


def campaign_now(reading: Reading, campaign_id: str) -> CampaignNow:
    """One campaign as it stands.

    Raises:
        NotFound: there is none of that id.
    """
    if CampaignId(campaign_id) not in {one.id for one in reading.campaigns()}:
        raise nothing_there()
    return reading.campaign(CampaignId(campaign_id))


def _waves(reading: Reading, now: CampaignNow) -> list[models.Wave]:
    return [
        models.Wave(
            number=one.number,
            state=one.state,
            hosts=one.hosts,
            protected=one.protected,
            lost=one.lost,
            verdict=one.verdict,
            opened_at=one.opened_at,
            closed_at=one.closed_at,
        )
        for one in wave_lines(reading, now, now.waves)
    ]


def _host(reading: Reading, state: HostState) -> models.HostNow:
    machine = reading.fleet.host[state.host_id]
    return models.HostNow(
        id=state.host_id,
        name=machine.name,
        site_id=machine.site_id,
        client_id=reading.fleet.site[machine.site_id].client_id,
        os=machine.os_version or machine.os.value,
        role=machine.role,
        status=state.status,
        cause=state.cause,
        what_to_do=state.hint,
        attempts=state.attempts,
        wave=state.wave,
        visit_id=state.visit_id,
        person_id=state.person_id,
        changed_at=state.changed_at,
    )


def _visit(reading: Reading, seen: Seen) -> models.VisitLine:
    person = reading.crew.engineer.get(seen.assignment.person_id)
    return models.VisitLine(
        campaign_id=seen.campaign.id,
        visit_id=seen.visit.id,
        client_id=seen.client.id,
        client=seen.client.name,
        site_id=seen.site.id,
        site=seen.site.name,
        timezone=seen.site.timezone,
        mode=seen.visit.mode,
        person=person.name if person else "",
        starts_at=seen.assignment.starts_at,
        ends_at=seen.assignment.ends_at,
        hosts=len(seen.visit.host_ids),
    )
