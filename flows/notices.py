"""Notices to clients: gathered from the ledger, and queued in its outbox with the note that the client was told.

At dispatch that is one transaction with the dispatch itself (``flows.planning.dispatch_plan``). What becomes due later
(visits that are over) is queued by ``queue_notices``, which also keeps the letters of the day before in step with the
plan: they wait in the outbox, and those that do not hold any more are called off.
"""

from collections.abc import Iterable, Mapping
from email.utils import parseaddr

from flows.services import Services
from muster.campaign import Campaign
from muster.errors import MusterError, NotFound
from muster.ids import CampaignId, VisitId
from muster.messages import Channel, MessageState
from muster.plan import Plan
from reports.notes import events_of
from reports.notices.compose import House
from reports.notices.due import Scene
from reports.notices.outbox import Telling, kind_of, letters_now, reminder_keys, reminder_message
from reports.notices.told import WRITTEN, Occasion, Told, promises_in, read_told

LOOKED_BACK = 20
"""Plans that are looked through for a visit that is planned no more."""
AT_DISPATCH = (Occasion.DISPATCHED, Occasion.MOVED, Occasion.CALLED_OFF)
MOST_REMINDERS = 100_000


def telling_of(
    services: Services, campaign: Campaign, plan: Plan, *, occasions: Iterable[Occasion] = AT_DISPATCH, why: str = ""
) -> Telling:
    """What clients are to be told when this plan binds; nothing is written.

    Args:
        services: of the workspace.
        campaign: the plan's.
        plan: the one that binds or is about to.
        occasions: what is told at once; the letters of the day before are always brought in step with the plan.
        why: why visits moved, in the clients' words.

    Raises:
        InputError: a company's own template is wrong.
    """
    return telling_in(services, scene_of(services, campaign, plan), occasions=occasions, why=why)


def telling_in(
    services: Services, scene: Scene, *, occasions: Iterable[Occasion] = tuple(Occasion), why: str = ""
) -> Telling:
    """The same of a scene."""
    house = house_of(services, scene.plan.campaign_id)
    now = letters_now(scene, house, occasions, why_moved=why)
    wanted = reminder_keys(scene, house)
    there = services.ledger.messages(
        campaign_id=scene.plan.campaign_id, kind=kind_of(Occasion.DAY_BEFORE), limit=MOST_REMINDERS
    )
    standing = {one.message.key: one for one in there if one.state is not MessageState.CALLED_OFF}
    made = tuple(
        reminder_message(key, reminder, address, scene, house)
        for key, (reminder, address) in wanted.items()
        if key not in standing
    )
    stale = tuple(one.id for key, one in standing.items() if one.state is MessageState.WAITING and key not in wanted)
    return Telling(now.notes, (*now.messages, *made), now.letters, now.left, stale)


def queue_notices(services: Services, campaign_id: CampaignId, *, by: str) -> int:
    """Queue every notice that is due by the plan that binds; gives how many messages. Nothing is said twice.

    For whoever looks at the clock: running it twice, late, or not for a day does no harm.
    """
    if services.ledger.dispatched(campaign_id) is None:
        return 0
    plan = plan_in_force(services, campaign_id)
    telling = telling_of(services, services.ledger.campaign(campaign_id), plan, occasions=tuple(Occasion))
    return len(write(services, telling, campaign_id, by=by))


def undelivered(services: Services, campaign_id: CampaignId) -> Mapping[VisitId, str]:
    """Visits whose newest letter reached nobody because it was given up, each with the reason.

    By what was promised the client counts as told: somebody has to tell it another way, or mend the address.
    """
    failed = {
        one.message.key: one.error
        for one in services.ledger.messages(
            campaign_id=campaign_id, states=[MessageState.FAILED], channels=[Channel.EMAIL], limit=MOST_REMINDERS
        )
    }
    if not failed:
        return {}
    newest: dict[VisitId, list[str]] = {}
    for event in events_of(services.ledger, campaign_id, kinds=[WRITTEN]):
        keys = event.data.get("keys")
        for visit_id, _ in promises_in(event):
            newest[visit_id] = [str(key) for key in keys] if isinstance(keys, list) else []
    return {
        visit_id: failed[keys[0]] for visit_id, keys in newest.items() if keys and all(key in failed for key in keys)
    }


def write(services: Services, telling: Telling, campaign_id: CampaignId, *, by: str) -> tuple[int, ...]:
    """Write a telling by itself, in one transaction; gives the ids of its messages."""
    if telling.is_empty:
        return ()
    return services.ledger.post(
        telling.messages, by=by, campaign_id=campaign_id, notes=telling.notes, call_off=telling.call_off
    )


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
        notice=_notice(services, campaign),
    )


def _notice(services: Services, campaign: Campaign) -> Mapping[str, str]:
    """What the fix says that clients notice, by language; nothing where it cannot be read."""
    from playbooks.catalog import fix_spec

    workspace = services.outlets.templates.parent  # a company's own fixes lie beside its own templates
    try:
        spec = fix_spec(campaign.fix, workspace)
    except MusterError:
        return {}
    return {"en": spec.clients_notice, **spec.clients_notice_in}


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
    sender = parseaddr(services.outlets.sender)[1]  # it may carry a name, which an invitation's organizer does not
    return House(services.outlets.company, sender, campaign_id, folders)
