"""Commands of what happens in mid-campaign: each shows what would move and whom it concerns; --accept makes it so."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from muster.campaign import Campaign
from muster.cli.campaigns import ByOption, CampaignOption, JsonOption
from muster.cli.change_pages import document, record_document, say_proposal, say_record
from muster.cli.days import parse_moment
from muster.cli.output import say, say_json, table
from muster.cli.ways import AcceptOption, Way, takes_way
from muster.cli.workspace import Workspace, opened
from muster.errors import InputError
from muster.ids import PartnerId, PersonId, VisitId

if TYPE_CHECKING:  # they bring the solver
    from flows.changes import ChangeRecord, Edit, Proposal

ReasonOption = Annotated[str, typer.Option(help="Why, for the record; nobody outside reads it.")]
VisitArgument = Annotated[str, typer.Argument(help="Id of a visit of the plan that binds.")]


@takes_way
def sick(
    context: typer.Context,
    person: Annotated[str, typer.Argument(help="Id of somebody of the crew.")],
    until: Annotated[str, typer.Option(help="Last day or moment, local: 2026-10-28 or 2026-10-28T12:00.")],
    since: Annotated[str | None, typer.Option("--from", help="First day or moment; by default now.")] = None,
    reason: ReasonOption = "ill",
    *,
    way: Way,
) -> None:
    """Somebody cannot work for some time: ill, or called away.

    Example: muster change sick kim --until 2026-10-28 --reason "the flu"
    """
    from flows.change_kinds import sick as is_sick

    def make(workspace: Workspace, _: Campaign) -> "Edit":
        zone = _zone_of(workspace, person)
        starts = parse_moment(since, zone) if since else workspace.services.clock.now()
        ends = parse_moment(until, zone, last=True)
        return is_sick(workspace.services, PersonId(person), starts, ends, reason=reason, by=way.decides)

    _go(context, make, way)


def back(
    context: typer.Context,
    person: Annotated[str, typer.Argument(help="Id of somebody of the crew.")],
    accept: AcceptOption = False,
    by: ByOption = None,
    campaign: CampaignOption = None,
    as_json: JsonOption = False,
) -> None:
    """Somebody is there again, sooner than was said. Visits that were moved stay where they are now.

    Example: muster change back kim --accept
    """
    from flows.change_kinds import back as is_back

    way = Way(accept=accept, by=by, campaign=campaign, as_json=as_json)
    _go(context, lambda workspace, _: is_back(workspace.services, PersonId(person), by=way.decides), way)


@takes_way
def no_show(
    context: typer.Context,
    visit: VisitArgument,
    client_absent: Annotated[
        bool, typer.Option("--client-absent", help="Our side came; nobody let them in. Their day stays theirs.")
    ] = False,
    until: Annotated[
        str | None, typer.Option(help="Until when who did not come is away; by default the end of the day.")
    ] = None,
    reason: ReasonOption = "",
    *,
    way: Way,
) -> None:
    """Nobody came to a visit, or nobody was let in: it is planned anew. A partner's no-show is an incident.

    Example: muster change no-show V-acme-hq-onsite-1 --reason "no answer on the phone"
    """
    from flows import change_kinds

    def make(workspace: Workspace, meant: Campaign) -> "Edit":
        services, visit_id = workspace.services, VisitId(visit)
        if client_absent:
            return change_kinds.not_let_in(services, meant.id, visit_id, reason=reason)
        ends = parse_moment(until, meant.timezone, last=True) if until else None
        return change_kinds.no_show(services, meant.id, visit_id, until=ends, reason=reason, by=way.decides)

    _go(context, make, way)


@takes_way
def suspend(
    context: typer.Context,
    partner: Annotated[str, typer.Argument(help="Id of a partner.")],
    reason: ReasonOption,
    *,
    way: Way,
) -> None:
    """A partner is given nothing any more, and its visits go to others.

    One that was suspended already (muster partner suspend) is planned around all the same.

    Example: muster change suspend north --reason "its insurance has ended" --accept
    """
    from flows.change_kinds import partner_out

    def make(workspace: Workspace, _: Campaign) -> "Edit":
        return partner_out(workspace.services, PartnerId(partner), reason=reason, by=way.decides)

    _go(context, make, way)


@takes_way
def overrun(
    context: typer.Context,
    visit: VisitArgument,
    minutes: Annotated[int | None, typer.Option(min=1, help="How long it takes in all.")] = None,
    times: Annotated[float | None, typer.Option(min=0.1, help="How many times as long as planned, such as 2.")] = None,
    reason: ReasonOption = "",
    *,
    way: Way,
) -> None:
    """A visit takes longer than planned, whether it has begun or not; what comes after it makes room.

    Example: muster change overrun V-acme-hq-onsite-1 --times 2 --reason "old disks"
    """
    from flows.change_kinds import overrun as takes
    from flows.change_kinds import planned_minutes

    if (minutes is None) == (times is None):
        raise InputError("how long does it take?", hint="--minutes 180, or --times 2")

    def make(workspace: Workspace, meant: Campaign) -> "Edit":
        services, visit_id = workspace.services, VisitId(visit)
        long = minutes or round((times or 1) * planned_minutes(services, meant.id, visit_id))
        return takes(services, meant.id, visit_id, minutes=long, reason=reason, by=way.decides)

    _go(context, make, way)


@takes_way
def standstill(
    context: typer.Context,
    until: Annotated[str, typer.Option(help="When visits may begin again, local: 2026-10-28T08:00.")],
    reason: ReasonOption = "",
    *,
    way: Way,
) -> None:
    """A wave was stopped, or must be: nothing begins before a moment, and what stood there is planned later.

    The campaign is stopped with it, where it is not. Nothing goes on by itself: muster resume lets it.

    Example: muster change standstill --until 2026-10-28T08:00 --reason "Exchange first, says the vendor"
    """
    from flows.change_kinds import standstill as stands

    def make(workspace: Workspace, meant: Campaign) -> "Edit":
        return stands(workspace.services, meant.id, parse_moment(until, meant.timezone), reason=reason)

    _go(context, make, way)


def change_list(context: typer.Context, campaign: CampaignOption = None, as_json: JsonOption = False) -> None:
    """List the changes of a campaign that were decided: what, by whom, what moved, who was told.

    Example: muster change list
    """
    from flows.changes import changes_of

    with opened(context) as workspace:
        meant = workspace.campaign(campaign)
        found = changes_of(workspace.services, meant.id)
        if as_json:
            say_json([record_document(one) for one in found])
            return
        zone = ZoneInfo(meant.timezone)
        rows = [
            (
                f"{one.at.astimezone(zone):%d %b %H:%M}",
                one.kind,
                one.by,
                one.sentence,
                f"{one.moved:,}",
                one.plan_after or "-",
                f"waits for {', '.join(one.waits_for)}" if one.waits_for else ", ".join(one.told),
            )
            for one in found
        ]
        heads = ("when", "what", "by", "", "moved", "plan", "told")
        table(heads, rows, right=(4,)) if rows else say("nothing has changed yet")


def _go(context: typer.Context, make: "Callable[[Workspace, Campaign], Edit]", way: Way) -> None:
    with opened(context) as workspace:
        meant = workspace.campaign(way.campaign)
        go_about(workspace, meant, make(workspace, meant), way)


def go_about(workspace: Workspace, meant: Campaign, edit: "Edit", way: Way) -> None:
    """Plan a change, show it, and make it so where that is asked for."""
    from flows.changes import propose
    from scheduler.replan import KEEPING, Freedom

    found = propose(
        workspace.services,
        meant.id,
        edit,
        keep=way.keep or (),
        release=way.release or (),
        freedoms=tuple(Freedom) if way.cheaper else KEEPING,
        seconds=workspace.settings.solve_seconds,
    )
    record = _accepted(workspace, found, way) if way.accept else None
    if way.as_json:
        say_json({**document(found), "accepted": record_document(record) if record is not None else None})
        return
    say_proposal(found, meant.timezone, workspace.ledger.crew())
    if record is not None:
        say_record(record)
    elif found.choices or edit.what.papers:
        say("nothing is written yet: the same with --accept makes it so", style="bold")


def _accepted(workspace: Workspace, found: "Proposal", way: Way) -> "ChangeRecord":
    """Make it so; clients that cannot be told hold it back, as at any dispatch."""
    from flows.changes import accept

    number = None if way.choice is None or not found.choices else way.choice - 1
    return accept(
        workspace.services, found, by=way.decides, why=way.why, choice=number, without_notice=way.without_notice
    )


def _zone_of(workspace: Workspace, person: str) -> str:
    found = workspace.ledger.crew().engineer.get(PersonId(person))
    return found.timezone if found is not None else "UTC"
