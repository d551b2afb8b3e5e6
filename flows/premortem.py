"""What could go wrong, asked before anything starts: the rules of ``reports.premortem`` put to a campaign."""

from pathlib import Path

from flows.services import Services
from muster.campaign import Campaign
from muster.fleet import OsFamily
from muster.ids import ClientId, PartnerId
from muster.plan import Plan
from muster.steps import StepName
from partners.papers import FILES
from reports.premortem.case import Case, case_of, tried_kinds
from reports.premortem.check import Answered, answered, read_ignored, worries
from reports.record import read_record


def looked_at(services: Services, folder: Path, campaign: Campaign, plan: Plan | None = None) -> tuple[Answered, ...]:
    """Every rule put to a campaign and a plan of it (the one that binds, else the newest); ``folder`` is the workspace.

    What is ignored with a reason stands beside its answer.
    """
    ignored = read_ignored(services.ledger, campaign.id)
    return answered(worries(case_in(services, folder, campaign, plan)), ignored)


def before_dispatch(services: Services, folder: Path, campaign: Campaign, plan: Plan) -> tuple[Answered, ...]:
    """What is not ignored, of a plan that is about to bind; that clients are not told yet is what dispatch mends."""
    return tuple(
        one for one in looked_at(services, folder, campaign, plan) if not one.ignored and one.worry.rule != "not-told"
    )


def case_in(services: Services, folder: Path, campaign: Campaign, plan: Plan | None = None) -> Case:
    """What the rules look at."""
    from reports.notices.told import read_told

    ledger = services.ledger
    record = read_record(ledger, campaign.id, now=services.clock.now())
    files = [kept.value for kept in services.book.papers(FILES)]
    rivals: dict[PartnerId, frozenset[ClientId]] = {one.id: frozenset(one.competes_with) for one in files}
    chosen = plan or record.plan
    return case_of(
        record,
        plan=chosen,
        rivals=rivals,
        told=read_told(ledger, campaign.id).announced(chosen) if chosen else (),
        rollback=families_with_rollback(folder, campaign),
        tried=tried_kinds(ledger, campaign, record.fleet),
    )


def families_with_rollback(folder: Path, campaign: Campaign) -> tuple[OsFamily, ...]:
    """The families on which the campaign's fix can be taken back."""
    from playbooks.catalog import prepare_fix

    fix = prepare_fix(campaign.fix, campaign.parameters, workspace=folder)
    return tuple(
        family
        for family in (OsFamily.LINUX, OsFamily.WINDOWS)
        if fix.step(StepName.ROLLBACK, family, timezone=campaign.timezone) is not None
    )
