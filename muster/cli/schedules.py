"""The command ``muster schedule export``: somebody's visits as a calendar, a workbook, a page or a PDF."""

from pathlib import Path
from typing import Annotated

import typer

from muster.campaign import Campaign
from muster.cli.campaigns import CampaignOption
from muster.cli.output import say
from muster.cli.planning import chosen_plan
from muster.cli.workspace import Workspace, me, opened
from muster.errors import InputError, NotFound
from muster.files import write_whole
from muster.ids import PartnerId, PersonId
from muster.plan import Plan
from muster.words import count
from partners.conduct import conduct
from partners.scope import DEFAULT_WINDOW
from reports.schedule_entries import Entry, Schedule, entries_of, own_entries, partner_entries
from reports.schedules import Format, schedule_file


def export(
    context: typer.Context,
    person: Annotated[str | None, typer.Option(help="Id of one of our own people.")] = None,
    partner: Annotated[str | None, typer.Option(help="Id of a partner: its list, and nothing else.")] = None,
    form: Annotated[Format, typer.Option("--format", help="What to write.")] = Format.PDF,
    campaign: CampaignOption = None,
    out: Annotated[Path | None, typer.Option(help="The file; by default named in the folder reports.")] = None,
) -> None:
    """Write somebody's visits of the plan that binds (without one: the newest) as a file.

    A partner's list holds what it may see now: its own visits from two days before until half a day after.

    Example: muster schedule export --person kim --format ics
    """
    if (person is None) == (partner is None):
        raise InputError("whose schedule?", hint="--person ID or --partner ID")
    with opened(context) as workspace:
        meant = workspace.campaign(campaign)
        made = schedule_of(workspace, meant, person=person, partner=partner)
        path = out or workspace.folder / "reports" / f"{meant.id}-{person or partner}.{form.value}"
        write_whole(path, schedule_file(made, form))
        whose = {"person": person} if person else {"partner": partner}
        workspace.ledger.note(
            "schedule written",
            by=me(),
            campaign_id=meant.id,
            data={**whose, "format": form.value, "visits": [one.visit_id for one in made.entries]},
        )
        say(f"{count(len(made.entries), 'visit')} of {made.whose}: {path}")


def schedule_of(workspace: Workspace, campaign: Campaign, *, person: str | None, partner: str | None) -> Schedule:
    """The schedule of a person or a partner.

    Raises:
        NotFound: there is no such person or partner, or no plan.
    """
    ledger, now = workspace.ledger, workspace.services.clock.now()
    fleet, crew = ledger.fleet(), ledger.crew()
    rules: tuple[tuple[str, str], ...] = ()
    if person is not None:
        plan = binding_plan(workspace, campaign) or chosen_plan(workspace, campaign.id, None)
        entries = own_entries(plan, fleet, crew, PersonId(person))
        whose = crew.engineer[PersonId(person)].name
    else:
        partner_id = PartnerId(str(partner))
        if partner_id not in crew.partner:
            raise NotFound(
                f"there is no partner {partner!r}", hint=f"there are {', '.join(crew.partner) or 'none yet'}"
            )
        entries, rules = _shown_to(workspace, campaign, partner_id)
        whose = crew.partner[partner_id].name
    return Schedule(
        whose=whose,
        campaign=campaign.name,
        campaign_id=campaign.id,
        reason=campaign.reason,
        entries=entries,
        at=now,
        several=person is None,
        conduct=rules,
    )


def _shown_to(
    workspace: Workspace, campaign: Campaign, partner_id: PartnerId
) -> tuple[tuple[Entry, ...], tuple[tuple[str, str], ...]]:
    """What a partner sees, and the rules of conduct.

    Where there is a file on the partner, what it was shown is written down as a disclosure.

    Raises:
        NotFound: no plan binds.
        Refused: the partner is not eligible now, so nothing is shown.
    """
    from flows.partner_work import show_tasks
    from partners.papers import FILES

    binding = binding_plan(workspace, campaign)
    if binding is None:
        raise NotFound("no plan binds yet, and a partner sees no proposal", hint="muster dispatch first")
    if workspace.services.book.find(FILES, partner_id) is not None:
        listed, agreement = show_tasks(workspace.services, campaign.id, partner_id, DEFAULT_WINDOW, by=me())
        return entries_of(listed), conduct(workspace.settings.company, "", agreement)
    ledger, now = workspace.ledger, workspace.services.clock.now()
    return partner_entries(binding, ledger.fleet(), ledger.crew(), partner_id, now), ()


def binding_plan(workspace: Workspace, campaign: Campaign) -> Plan | None:
    """The plan that binds; None where none does."""
    binding = workspace.ledger.dispatched(campaign.id)
    return workspace.ledger.plan(binding.plan_id) if binding else None
