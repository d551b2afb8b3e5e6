"""The command ``muster premortem``: what could go wrong, asked before anything starts."""

from typing import Annotated

import typer

from muster.campaign import Campaign
from muster.cli.campaigns import CampaignOption, JsonOption
from muster.cli.output import count, errors, say, say_json, table
from muster.cli.workspace import Workspace, me, opened
from muster.errors import InputError
from muster.fleet import OsFamily
from muster.ids import ClientId, PartnerId
from muster.plan import Plan
from muster.steps import StepName
from reports.premortem.case import Case, case_of, tried_kinds
from reports.premortem.check import RULES, Answered, answered, heed, ignore, read_ignored, worries
from reports.premortem.worry import listed, name_of, reason_and_cure
from reports.record import read_record

STYLES = {"severe": "bold red", "warning": "yellow", "remark": ""}


def premortem(
    context: typer.Context,
    campaign: CampaignOption = None,
    everything: Annotated[bool, typer.Option("--all", help="Also what is ignored.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Ask what could go wrong, before anything starts. Ends with 1 when something severe is not ignored.

    Example: muster premortem
    """
    if context.invoked_subcommand is not None:
        return
    with opened(context) as workspace:
        found = looked_at(workspace, workspace.campaign(campaign))
        if as_json:
            say_json([_document(one) for one in found])
        else:
            _say(found, everything=everything)
    if any(one.blocks for one in found):
        raise typer.Exit(1)


def ignore_rule(
    context: typer.Context,
    rule: Annotated[str, typer.Argument(help="Name of a rule, such as no-slack.")],
    reason: Annotated[str, typer.Option(help="Why it can be lived with.")],
    campaign: CampaignOption = None,
    by: Annotated[str | None, typer.Option(help="Who decides so; by default you.")] = None,
) -> None:
    """Live with what a rule says, with a reason; holds until more are concerned. Recorded with your name.

    Example: muster premortem ignore no-backup --reason "backups are looked at every morning"
    """
    if not reason.strip():
        raise InputError("without a reason nothing is ignored", hint='--reason "why it can be lived with"')
    with opened(context) as workspace:
        said = ignore(
            workspace.ledger, case_in(workspace, workspace.campaign(campaign)), rule, by=by or me(), reason=reason
        )
        say(f"{rule} is ignored for {said.concerned:,} {said.of}; it speaks up again when there are more")


def heed_rule(
    context: typer.Context,
    rule: Annotated[str, typer.Argument(help="Name of a rule that is ignored.")],
    campaign: CampaignOption = None,
) -> None:
    """Take back that a rule is ignored.

    Example: muster premortem heed no-backup
    """
    with opened(context) as workspace:
        heed(workspace.ledger, workspace.campaign(campaign).id, rule, by=me())
        say(f"{rule} is not ignored any more")


def rules(context: typer.Context, as_json: JsonOption = False) -> None:
    """List the rules, each with its reason and its cure. Needs no workspace.

    Example: muster premortem rules
    """
    del context
    known = [(name_of(rule), *reason_and_cure(rule)) for rule in RULES]
    if as_json:
        say_json([{"rule": name, "reason": reason, "cure": cure} for name, reason, cure in known])
        return
    table(("rule", "reason", "cure"), known)


def looked_at(workspace: Workspace, campaign: Campaign, plan: Plan | None = None) -> tuple[Answered, ...]:
    """Every rule put to a campaign and a plan of it (the one that binds, else the newest)."""
    ignored = read_ignored(workspace.ledger, campaign.id)
    return answered(worries(case_in(workspace, campaign, plan)), ignored)


def before_dispatch(workspace: Workspace, campaign: Campaign, plan: Plan) -> tuple[Answered, ...]:
    """What is not ignored, of a plan that is about to bind; that clients are not told yet is what dispatch mends."""
    return tuple(
        one for one in looked_at(workspace, campaign, plan) if not one.ignored and one.worry.rule != "not-told"
    )


def say_briefly(found: tuple[Answered, ...]) -> None:
    """One line for each severe worry, and how many others there are."""
    severe = [one.worry for one in found if one.blocks]
    for worry in severe:
        errors.print(f"severe: {worry.rule}: {worry.text}: {worry.concerned:,}", style="bold red", markup=False)
    if len(found) > len(severe):
        errors.print(f"{count(len(found) - len(severe), 'warning')}: muster premortem says which")


def case_in(workspace: Workspace, campaign: Campaign, plan: Plan | None = None) -> Case:
    """What the rules look at."""
    from partners.papers import FILES
    from reports.notices.told import read_told

    ledger = workspace.ledger
    record = read_record(ledger, campaign.id, now=workspace.services.clock.now())
    files = [kept.value for kept in workspace.services.book.papers(FILES)]
    rivals: dict[PartnerId, frozenset[ClientId]] = {one.id: frozenset(one.competes_with) for one in files}
    chosen = plan or record.plan
    return case_of(
        record,
        plan=chosen,
        rivals=rivals,
        told=read_told(ledger, campaign.id).announced(chosen) if chosen else (),
        rollback=families_with_rollback(workspace, campaign),
        tried=tried_kinds(ledger, campaign, record.fleet),
    )


def families_with_rollback(workspace: Workspace, campaign: Campaign) -> tuple[OsFamily, ...]:
    """The families on which the campaign's fix can be taken back."""
    from playbooks.catalog import prepare_fix

    fix = prepare_fix(campaign.fix, campaign.parameters, workspace=workspace.settings.workspace)
    return tuple(
        family
        for family in (OsFamily.LINUX, OsFamily.WINDOWS)
        if fix.step(StepName.ROLLBACK, family, timezone=campaign.timezone) is not None
    )


def _say(found: tuple[Answered, ...], *, everything: bool) -> None:
    shown = [one for one in found if everything or one.ignored is None]
    for one in shown:
        worry = one.worry
        say(f"{worry.severity}: {worry.rule}", style=STYLES[worry.severity])
        say(f"  {worry.text}: {worry.concerned:,} ({listed(worry.examples, worry.concerned)})")
        say(f"  why it matters: {worry.reason}")
        say(f"  what helps: {worry.cure}")
        if one.ignored:
            say(f"  ignored by {one.ignored.by}: {one.ignored.reason}")
    hidden = len(found) - len(shown)
    if not shown:
        say("nothing speaks against it", style="bold")
    if hidden:
        say(f"{count(hidden, 'rule')} ignored with a reason (--all shows them)")


def _document(one: Answered) -> dict[str, object]:
    worry, ignored = one.worry, one.ignored
    return {
        "rule": worry.rule,
        "severity": worry.severity.value,
        "text": worry.text,
        "of": worry.of,
        "concerned": worry.concerned,
        "examples": list(worry.examples),
        "reason": worry.reason,
        "cure": worry.cure,
        "ignored": {"by": ignored.by, "reason": ignored.reason, "at": ignored.at} if ignored else None,
    }
