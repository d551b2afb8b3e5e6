"""What notices to clients are made from, gathered from a workspace: the scene, the house, the plan that is meant."""

from flows.services import Services
from muster.campaign import Campaign
from muster.errors import NotFound
from muster.ids import CampaignId
from muster.plan import Plan
from reports.notices.compose import House
from reports.notices.due import Scene
from reports.notices.told import Told, read_told

LOOKED_BACK = 20
"""Plans that are looked through for a visit that is planned no more."""


def plan_in_force(services: Services, campaign_id: CampaignId) -> Plan:
    """The plan that binds, else the newest one.

    Raises:
        NotFound: there is none.
    """
    binding = services.ledger.dispatched(campaign_id)
    if binding is not None:
        return services.ledger.plan(binding.plan_id)
    there = services.ledger.plans(campaign_id)
    if not there:
        raise NotFound(f"campaign {campaign_id} has no plan yet", hint="muster plan makes one")
    return services.ledger.plan(there[-1])


def scene_of(services: Services, campaign: Campaign, plan: Plan) -> Scene:
    """What notices are made from."""
    ledger = services.ledger
    told = read_told(ledger, campaign.id)
    return Scene(
        plan=plan,
        fleet=ledger.fleet(),
        crew=ledger.crew(),
        told=told,
        now=services.clock.now(),
        reason=campaign.reason,
        states={state.host_id: state for state in ledger.hosts(campaign.id)},
        older=_older(services, plan, told),
    )


def _older(services: Services, plan: Plan, told: Told) -> Plan | None:
    """The newest other plan that knows a promised visit which this one does not; such visits are called off by it."""
    lost = told.promises.keys() - plan.visit.keys()
    ids = [one for one in services.ledger.plans(plan.campaign_id) if one != plan.id] if lost else []
    for plan_id in reversed(ids[-LOOKED_BACK:]):
        found = services.ledger.plan(plan_id)
        if lost & found.visit.keys():
            return found
    return None


def house_of(services: Services, campaign_id: CampaignId) -> House:
    """Who writes, with the company's own templates: of the campaign first, then of the workspace."""
    own = services.outlets.templates
    folders = tuple(folder for folder in (own / campaign_id, own) if folder.is_dir())
    return House(services.outlets.company, services.outlets.sender, campaign_id, folders)
