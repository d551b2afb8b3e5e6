"""Options and answers that several commands share."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Annotated

import typer

from muster.campaign import Campaign
from muster.cli.output import say, say_json
from muster.cli.workspace import CAMPAIGN_FILE, Workspace, me
from muster.ids import CampaignId, HostId
from muster.outcomes import HostStatus
from muster.records import HostState
from muster.words import count

CampaignOption = Annotated[
    str | None, typer.Option("--campaign", "-c", help="Id of the campaign; by default the one of campaign.yml.")
]
ByOption = Annotated[str | None, typer.Option("--by", help="Who decides so; by default the login name.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document for scripts.")]


def open_campaign_of_file(workspace: Workspace, *, quiet: bool = False) -> Campaign:
    """Open the campaign of ``campaign.yml``, or take over what has changed in the file; say so when it is new."""
    file = workspace.campaign_file()
    known = {campaign.id for campaign in workspace.ledger.campaigns()}
    host_ids = file.hosts_of(workspace.ledger.fleet())
    workspace.services.check_fix(file.campaign)
    workspace.ledger.open_campaign(file.campaign, host_ids, by=me())
    if file.campaign.id not in known and not quiet:
        say(f"opened campaign {file.campaign.id} with {count(len(host_ids), 'host')} ({CAMPAIGN_FILE})")
        if file.campaign.deadline <= workspace.services.clock.now():
            say(f"its deadline is over: nothing can be planned until {CAMPAIGN_FILE} has a later one", style="bold red")
    return file.campaign


def campaign_to_ask(workspace: Workspace, name: str | None, *, quiet: bool = False) -> Campaign:
    """The campaign a command means; the one of the campaign file is opened or brought up to date first."""
    if (workspace.folder / CAMPAIGN_FILE).exists() and name in {None, workspace.campaign_file().campaign.id}:
        return open_campaign_of_file(workspace, quiet=quiet)
    return workspace.campaign(name)


def campaign_to_push(workspace: Workspace, name: str | None, *, quiet: bool = False) -> Campaign:
    """The open campaign that a push means; what has changed in its campaign file is taken over first.

    A hold that somebody has just written into the file must hold.

    Raises:
        NotFound: there is no such open campaign.
    """
    campaign = workspace.campaign(name)
    if not (workspace.folder / CAMPAIGN_FILE).exists():
        return campaign
    file = workspace.campaign_file()
    if file.campaign.id != campaign.id or file.campaign == campaign:
        return campaign
    if not quiet:
        say(f"took over what has changed in {CAMPAIGN_FILE}")
    return open_campaign_of_file(workspace, quiet=quiet)


def counts_of(states: Sequence[HostState]) -> dict[str, int]:
    """How many hosts stand where, in the order of the statuses."""
    counts = Counter(state.status for state in states)
    return {status.value: counts[status] for status in HostStatus if counts[status]}


def say_standing(
    workspace: Workspace, campaign_id: CampaignId, *, as_json: bool, unanswered: Mapping[HostId, str] | None = None
) -> None:
    """The last lines of a command that touched hosts: where they stand now, and who gave no answer where asked."""
    states = workspace.ledger.hosts(campaign_id)
    protected = sum(state.status.protected for state in states)
    if as_json:
        standing = {"campaign": campaign_id, "hosts": len(states), "protected": protected}
        asked = {} if unanswered is None else {"unanswered": dict(unanswered)}
        say_json({**standing, "by_status": counts_of(states), **asked})
        return
    say(f"{protected:,} of {count(len(states), 'host')} protected:", style="bold")
    for status, number in counts_of(states).items():
        say(f"  {number:>7,}  {status}")


def chosen_hosts(names: Sequence[str], states: Sequence[HostState]) -> tuple[HostId, ...]:
    """The ids that were named, checked against the campaign.

    Raises:
        NotFound: a name is no host of the campaign.
    """
    from difflib import get_close_matches

    from muster.errors import NotFound

    there = {str(state.host_id): state.host_id for state in states}
    for name in names:
        if name not in there:
            near = get_close_matches(name, there, n=1)
            raise NotFound(
                f"the campaign has no host {name!r}{f'; did you mean {near[0]!r}?' if near else ''}",
                hint="muster status --all lists every host",
            )
    return tuple(there[name] for name in names)
