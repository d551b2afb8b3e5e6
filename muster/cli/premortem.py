"""The command ``muster premortem``: what could go wrong, asked before anything starts."""

from typing import Annotated

import typer

from flows.premortem import case_in, looked_at
from muster.cli.campaigns import CampaignOption, JsonOption
from muster.cli.output import errors, say, say_json, table
from muster.cli.workspace import me, opened
from muster.errors import InputError
from muster.words import count
from reports.premortem.check import RULES, Answered, heed, ignore
from reports.premortem.worry import listed, name_of, reason_and_cure

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
        found = looked_at(workspace.services, workspace.settings.workspace, workspace.campaign(campaign))
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
        case = case_in(workspace.services, workspace.settings.workspace, workspace.campaign(campaign))
        said = ignore(workspace.ledger, case, rule, by=by or me(), reason=reason)
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


def say_briefly(found: tuple[Answered, ...]) -> None:
    """One line for each severe worry, and how many others there are."""
    severe = [one.worry for one in found if one.blocks]
    for worry in severe:
        errors.print(f"severe: {worry.rule}: {worry.text}: {worry.concerned:,}", style="bold red", markup=False)
    if len(found) > len(severe):
        errors.print(f"{count(len(found) - len(severe), 'warning')}: muster premortem says which")


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
