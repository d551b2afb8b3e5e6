"""Which visits a viewer may see: one answer for every page, every list, every count and the API.

* managers and auditors: every visit of the plan that binds;
* our engineers: those that they do themselves;
* a partner's manager: the partner's, within its window (``partners.scope``); its technician: their own of these;
* a client's contact: those at their own sites.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from starlette.requests import Request

from flows.partner_work import agreement_in_force
from muster.campaign import Campaign
from muster.fleet import Client, Site
from muster.ids import CampaignId, VisitId
from muster.plan import Assignment, Plan, Visit
from partners.errors import Refused
from partners.scope import DEFAULT_WINDOW, Window
from portal.access import Role, Viewer, nothing_there
from portal.reading import Reading
from portal.services import portal_of, reading_of, services_of


@dataclass(frozen=True, slots=True)
class Seen:
    """A visit that a viewer may see, with what belongs to it; ``assignment`` names who comes and when (UTC)."""

    campaign: Campaign
    plan: Plan
    visit: Visit
    assignment: Assignment
    client: Client
    site: Site


@dataclass(frozen=True, slots=True)
class Scope:
    """What one viewer may see now.

    Attributes:
        barred: the viewer's partner may be given nothing now, and is shown nothing.
    """

    viewer: Viewer
    reading: Reading
    window: Window = DEFAULT_WINDOW
    barred: bool = False

    def visits(self, campaign_id: CampaignId | None = None) -> tuple[Seen, ...]:
        """Every visit that the viewer may see, of one campaign or of all, by when it begins."""
        wanted = [campaign_id] if campaign_id is not None else [one.id for one in self.reading.campaigns()]
        found = [seen for one in wanted for seen in self._of_campaign(one)]
        return tuple(sorted(found, key=lambda one: (one.assignment.starts_at, one.visit.id, one.assignment.person_id)))

    def visit(self, campaign_id: CampaignId, visit_id: VisitId) -> Seen:
        """One visit.

        Raises:
            NotFound: there is none, or the viewer may not see it.
        """
        if campaign_id not in {one.id for one in self.reading.campaigns()}:
            raise nothing_there()
        if (plan := self.reading.binding_plan(campaign_id)) is None:
            raise nothing_there()
        for one in self.reading.assignments(plan).get(visit_id, ()):
            if self._may_see(plan.visit[visit_id], one, self.reading.now):
                return self._seen(self.reading.campaign(campaign_id).campaign, plan, one)
        raise nothing_there()

    def campaigns(self) -> tuple[Campaign, ...]:
        """The campaigns that the viewer may know of: all, or those with a visit that they may see."""
        if self.viewer.sees_all:
            return self.reading.campaigns()
        return tuple(one for one in self.reading.campaigns() if next(self._of_campaign(one.id), None) is not None)

    def campaign(self, campaign_id: CampaignId) -> Campaign:
        """One campaign.

        Raises:
            NotFound: there is none, or the viewer may not know of it.
        """
        for one in self.campaigns():
            if one.id == campaign_id:
                return one
        raise nothing_there()

    def _of_campaign(self, campaign_id: CampaignId) -> Iterator[Seen]:
        now = self.reading.now
        if (plan := self.reading.binding_plan(campaign_id)) is None:
            return
        campaign = self.reading.campaign(campaign_id).campaign
        for one in self._possible(plan):
            if self._may_see(plan.visit[one.visit_id], one, now):
                yield self._seen(campaign, plan, one)

    def _possible(self, plan: Plan) -> Iterable[Assignment]:
        """Assignments among which all are that the viewer may see, by the plan's index: few are looked at."""
        viewer, index = self.viewer, self.reading.index(plan)
        match viewer.role:
            case Role.MANAGER | Role.AUDITOR:
                return plan.assignments
            case Role.CLIENT_CONTACT:
                return index.at_clients(viewer.client_ids)
            case Role.PARTNER_MANAGER:
                return index.of_people(
                    one.id for one in self.reading.crew.engineers if one.partner_id == viewer.partner_id
                )
            case Role.ENGINEER | Role.PARTNER_TECHNICIAN:
                return index.of_people([viewer.engineer_id] if viewer.engineer_id else ())

    def _may_see(self, visit: Visit, assignment: Assignment, now: datetime) -> bool:
        viewer = self.viewer
        match viewer.role:
            case Role.MANAGER | Role.AUDITOR:
                return True
            case Role.ENGINEER:
                return assignment.person_id == viewer.engineer_id
            case Role.CLIENT_CONTACT:
                return visit.client_id in viewer.client_ids
            case Role.PARTNER_MANAGER | Role.PARTNER_TECHNICIAN:
                return self._partner_may_see(assignment, now)

    def _partner_may_see(self, assignment: Assignment, now: datetime) -> bool:
        """As ``partners.scope.task_list`` has it; a technician sees their own of these."""
        viewer = self.viewer
        person = self.reading.crew.engineer.get(assignment.person_id)
        if self.barred or person is None or viewer.partner_id is None or person.partner_id != viewer.partner_id:
            return False
        if viewer.role is Role.PARTNER_TECHNICIAN and assignment.person_id != viewer.engineer_id:
            return False
        return self.window.is_open(assignment, now)

    def _seen(self, campaign: Campaign, plan: Plan, assignment: Assignment) -> Seen:
        visit, fleet = plan.visit[assignment.visit_id], self.reading.fleet
        return Seen(campaign, plan, visit, assignment, fleet.client[visit.client_id], fleet.site[visit.site_id])


def scope_of(request: Request, viewer: Viewer) -> Scope:
    """What the viewer of a request may see, as of the newest event."""
    settings = portal_of(request).settings
    hours = timedelta(hours=settings.partner_sees_before_h), timedelta(hours=settings.partner_sees_after_h)
    reading = reading_of(request)
    return Scope(viewer, reading, Window(*hours), barred=_is_barred(request, viewer, reading.now))


def _is_barred(request: Request, viewer: Viewer, now: datetime) -> bool:
    if viewer.partner_id is None:
        return False
    try:
        agreement_in_force(services_of(request), viewer.partner_id, now)
    except Refused:  # its reasons are between the partner and us
        return True
    return False
