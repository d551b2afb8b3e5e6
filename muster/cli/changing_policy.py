"""The command ``muster change guidance``: a vendor says in mid-campaign that it is to be done otherwise."""

from typing import TYPE_CHECKING, Annotated

import typer

from muster.cli.campaigns import ByOption, CampaignOption, JsonOption
from muster.cli.change_pages import document, record_document, say_proposal, say_record
from muster.cli.output import say, say_json
from muster.cli.ways import AcceptOption, NoticeOption, WhyOption
from muster.cli.workspace import CAMPAIGN_FILE, me, opened
from muster.errors import InputError
from muster.words import count
from reports.folding import fold

if TYPE_CHECKING:
    from flows.guidance import Guidance

SHOWN_NAMES = 400


def guidance(  # noqa: PLR0913, PLR0917 - every option is an argument
    context: typer.Context,
    reason: Annotated[str, typer.Option(help="Why it is followed, for the record.")],
    source: Annotated[str, typer.Option(help="Where the vendor says so, such as a bulletin's number.")] = "",
    fix_changed: Annotated[
        bool, typer.Option("--fix-changed", help="The fix's own files are others: the ramp begins with a canary again.")
    ] = False,
    accept: AcceptOption = False,
    without_notice: NoticeOption = None,
    why: WhyOption = "",
    by: ByOption = None,
    campaign: CampaignOption = None,
    as_json: JsonOption = False,
) -> None:
    """A vendor changes the steps or their order in mid-campaign: write it into campaign.yml, and say it here.

    What is done stays; what must be asked again is named; what is in progress finishes as it began.

    Example: muster change guidance --source "KB931836 rev. 4" --reason "calendars before the patch"
    """
    from flows.changes import accept as make_so
    from flows.changes import propose
    from flows.guidance import guidance as means

    with opened(context) as workspace:
        meant, services = workspace.campaign(campaign), workspace.services
        file = workspace.campaign_file()
        if file.campaign.id != meant.id:
            raise InputError(f"{CAMPAIGN_FILE} is about {file.campaign.id}, not {meant.id}")
        services.check_fix(file.campaign)
        found = means(services, file.campaign, source=source, reason=reason, fix_changed=fix_changed)
        proposal = propose(services, meant.id, found.edit)
        record = None
        if accept:
            record = make_so(services, proposal, by=by or me(), why=why, without_notice=without_notice)
        if as_json:
            told = record_document(record) if record is not None else None
            say_json({**_machines(found), **document(proposal), "accepted": told})
            return
        _say(found)
        say_proposal(proposal, meant.timezone, workspace.ledger.crew())
        if record is not None:
            say_record(record)
        else:
            say("nothing is written yet: the same with --accept makes it so", style="bold")


def _machines(found: "Guidance") -> dict[str, object]:
    return {
        "differences": list(found.differences),
        "done": list(found.done),
        "ask_again": list(found.again),
        "in_progress": list(found.in_progress),
        "open": list(found.open),
    }


def _say(found: "Guidance") -> None:
    for one in found.differences:
        say(f"  {one}")
    say(f"{count(len(found.done), 'host')} done, and stay so; {count(len(found.open), 'host')} to be done the new way")
    if found.in_progress:
        say(f"{count(len(found.in_progress), 'host')} in progress, and finish as they began: {fold(found.in_progress)}")
    if found.again:
        names = fold(found.again)
        shown = names if len(names) <= SHOWN_NAMES else f"{names[:SHOWN_NAMES]}…"
        say(f"to be asked again: {count(len(found.again), 'host')}: {shown}", style="bold yellow")
        say("  muster probe HOST ... asks them; what is found wrong comes back into the plan")
