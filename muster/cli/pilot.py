"""The command ``muster pilot``: the few visits that teach most about how long the rest will take."""

from collections.abc import Mapping
from typing import Annotated

import typer

from muster.cli.campaigns import CampaignOption, JsonOption
from muster.cli.output import say, say_json, table
from muster.cli.workspace import opened
from muster.fleet import OsFamily
from muster.plan import VisitMode
from muster.words import count


def pilot(
    context: typer.Context,
    most: Annotated[int, typer.Option(min=1, help="How many visits.")] = 10,
    campaign: CampaignOption = None,
    as_json: JsonOption = False,
) -> None:
    """Pick the few visits that teach most about how long the rest takes, for the minutes that they cost.

    Example: muster pilot --most 10
    """
    from flows.measured import effort_of
    from flows.planning import problem_of
    from scheduler.pilot import minutes_of
    from scheduler.pilot import pilot as pick

    with opened(context) as workspace:
        meant = workspace.campaign(campaign)
        problem = problem_of(workspace.services, meant.id)
        fleet = workspace.ledger.fleet()
        visits = [demand.visit for demand in problem.demands]
        lessons = pick(visits, fleet, effort_of(workspace.services, meant.id), most)
        if as_json:
            say_json(
                {
                    "campaign": meant.id,
                    "minutes": minutes_of(lessons),
                    "visits": [
                        {
                            "visit": one.visit_id,
                            "minutes": one.effort_minutes,
                            "uncertain_hours_before": one.before_minutes / 60,
                            "uncertain_hours_after": one.after_minutes / 60,
                        }
                        for one in lessons
                    ],
                }
            )
            return
        table(
            ("visit", "machines", "minutes", "then uncertain by (hours)"),
            [
                (one.visit_id, _kinds(one.hosts), str(one.effort_minutes), f"{one.after_minutes / 60:,.1f}")
                for one in lessons
            ],
            right=(2, 3),
        )
        if lessons:
            first, last = lessons[0].before_minutes / 60, lessons[-1].after_minutes / 60
            say(
                f"\n{count(len(lessons), 'visit')}, {minutes_of(lessons) / 60:,.1f} hours: the means of all work "
                f"are uncertain by {first:,.1f} hours now, and by {last:,.1f} after them",
                style="bold",
            )
            say("next: have these done first; muster estimate then says what was learned")


def _kinds(hosts: Mapping[tuple[VisitMode, OsFamily], int]) -> str:

    return ", ".join(f"{number} {family.value} {mode.value}" for (mode, family), number in sorted(hosts.items()))
