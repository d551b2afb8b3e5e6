"""The commands ``muster visit``: what people say about visits that they begin and have finished."""

from typing import Annotated

import typer

from muster.cli.campaigns import ByOption, CampaignOption, JsonOption
from muster.cli.output import say, say_json, table
from muster.cli.workspace import me, opened
from muster.errors import InputError
from muster.ids import VisitId
from muster.words import count


def start(
    context: typer.Context,
    visit: Annotated[str, typer.Argument(help="Id of a visit of the plan that binds.")],
    campaign: CampaignOption = None,
    by: ByOption = None,
) -> None:
    """Begin an attended visit: from now on the reconciler pushes its hosts (muster up), within its time and its gates.

    It may be said early_minutes before its time (campaign.yml, running), and late.

    Example: muster visit start V-acme-van-remote-1
    """
    from flows.visits import start_visit

    with opened(context) as workspace:
        begun = start_visit(workspace.services, workspace.campaign(campaign).id, VisitId(visit), by=by or me())
        say(f"{visit} began at {begun.at:%Y-%m-%d %H:%M} UTC, says {begun.by}")
        say("next: muster up pushes its hosts (or muster run does, now); then muster visit finish says what it took")


def finish(
    context: typer.Context,
    visit: Annotated[str, typer.Argument(help="Id of a visit of the plan that binds.")],
    minutes: Annotated[float, typer.Option(help="What it took you, travel apart.")],
    travel: Annotated[float | None, typer.Option("--travel-minutes", help="The way there.")] = None,
    campaign: CampaignOption = None,
    by: ByOption = None,
    note: Annotated[str, typer.Option(help="What was out of the ordinary.")] = "",
) -> None:
    """Write down how long a visit took; muster estimate learns from it. Said again, the newest word counts.

    Example: muster visit finish V-acme-hq-onsite-1 --minutes 95 --travel-minutes 40
    """
    from flows.measured import finish_visit

    if minutes <= 0 or (travel is not None and travel < 0):
        raise InputError("a visit takes more than 0 minutes, and the way there at least 0", hint="such as --minutes 95")
    with opened(context) as workspace:
        done = finish_visit(
            workspace.services,
            workspace.campaign(campaign).id,
            VisitId(visit),
            minutes=minutes,
            travel_minutes=travel,
            by=by or me(),
            note=note,
        )
        say(f"{visit}: {done.mode.value}, {count(len(done.host_ids), 'machine')}, {minutes:g} minutes")
        say("next: muster estimate says what was learned; how each machine stands is asked by muster probe")


def finished(context: typer.Context, campaign: CampaignOption = None, as_json: JsonOption = False) -> None:
    """List the visits that were begun and those that were finished: when, how long they took, and who said so.

    Example: muster visit list
    """
    from flows.measured import finished_visits
    from flows.visits import starts_of

    with opened(context) as workspace:
        meant = workspace.campaign(campaign)
        found = finished_visits(workspace.services, meant.id)
        done = {one.visit_id for one in found}
        starts = sorted(starts_of(workspace.services, meant.id).values(), key=lambda one: (one.at, one.visit_id))
        if as_json:
            visits = [
                {
                    "visit": one.visit_id,
                    "mode": one.mode.value,
                    "hosts": list(one.host_ids),
                    "minutes": one.minutes,
                    "travel_minutes": one.travel_minutes,
                    "planned_travel_minutes": one.planned_travel_minutes,
                    "by": one.by,
                    "note": one.note,
                }
                for one in found
            ]
            begun = [{"visit": one.visit_id, "begun_at": one.at.isoformat(), "by": one.by} for one in starts]
            say_json({"visits": visits, "begun": begun})
            return
        for one in starts:
            if one.visit_id not in done:
                say(f"{one.visit_id} is under way since {one.at:%Y-%m-%d %H:%M} UTC, says {one.by}")
        if not found:
            say("no visit was finished yet: muster visit finish VISIT --minutes 95")
            return
        table(
            ("visit", "mode", "machines", "minutes", "travel", "by", "note"),
            [
                (
                    one.visit_id,
                    one.mode.value,
                    str(len(one.host_ids)),
                    f"{one.minutes:g}",
                    "" if one.travel_minutes is None else f"{one.travel_minutes:g}",
                    one.by,
                    one.note,
                )
                for one in found
            ],
            right=(2, 3, 4),
        )
