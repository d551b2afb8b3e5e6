"""The command ``muster odds``: how likely the plan is to come true, client by client."""

from typing import TYPE_CHECKING, Annotated

import typer

from muster.cli.campaigns import CampaignOption, JsonOption
from muster.cli.output import say, say_json, table
from muster.cli.planning import PlanOption, chosen_plan
from muster.cli.workspace import opened
from muster.plan import Plan
from muster.words import count

if TYPE_CHECKING:  # it brings OR-Tools, which other commands need not wait for
    from flows.tries import KnownTries
    from scheduler.robust import Odds

DOUBTFUL = 0.9
SHOWN_VISITS = 15
WHY = ("failed", "was offline")


def odds(  # noqa: PLR0913, PLR0917 - every option is an argument
    context: typer.Context,
    campaign: CampaignOption = None,
    plan_id: PlanOption = None,
    lives: Annotated[int, typer.Option(min=10, max=100_000, help="How many times the plan is lived through.")] = 1000,
    no_show: Annotated[
        float, typer.Option(min=0, max=1, help="The share of days on which somebody does not come.")
    ] = 0.01,
    failed: Annotated[
        float | None, typer.Option(min=0, max=1, help="The share of tries at a host that fail; by default as learned.")
    ] = None,
    offline: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="The share of tries that find a host offline; by default as learned."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the random numbers.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """Say how likely a plan is to come true, by client: visits take longer than thought, people do not come.

    The plan is lived through as it stands; nobody replans in it. Hosts fail and are offline, and are tried again
    while there is time.

    Example: muster odds --no-show 0.03
    """
    from flows.measured import effort_of
    from flows.planning import problem_as_planned
    from flows.tries import tries_of
    from scheduler.robust import simulate, uncertain

    with opened(context) as workspace:
        chosen = chosen_plan(workspace, workspace.campaign(campaign).id, plan_id)
        problem = problem_as_planned(workspace.services, chosen)
        efforts = uncertain(effort_of(workspace.services, chosen.campaign_id), workspace.ledger.fleet(), chosen)
        known = tries_of(workspace.services, chosen.campaign_id).replaced(failed, offline)
        found = simulate(problem, chosen, efforts, lives=lives, no_show=no_show, tries=known.tries, seed=seed)
        if as_json:
            say_json({"campaign": chosen.campaign_id, "plan": chosen.id, **_document(found, known)})
        else:
            _say(found, known, chosen)


def _say(found: "Odds", known: "KnownTries", plan: Plan) -> None:
    table(
        ("client", "visits", "hosts", "all done in", "hosts done"),
        [
            (str(one.client_id), f"{one.visits:,}", f"{one.hosts:,}", f"{one.all_done:.0%}", f"{one.done_share:.1%}")
            for one in sorted(found.clients, key=lambda one: (one.all_done, one.client_id))
        ],
        right=(1, 2, 3, 4),
    )
    say(
        f"\nall of it is done in {found.all_done:.0%} of {found.lives:,} lives; "
        f"on average {found.done_share:.1%} of the hosts are",
        style="bold",
    )
    for share, why, sentence in zip((found.failed, found.offline), WHY, known.sentences, strict=True):
        say(f"in {share:.1%} of lives a host that {why} is not put right in time;")
        say(f"  {sentence}")
    out = {one.visit_id for one in plan.unplaced}
    if out:
        say(f"{count(len(out), 'visit')} left out of the plan: not done in any life; muster plan explain says why")
    doubtful = sorted((share, str(v)) for v, share in found.visits.items() if share < DOUBTFUL and v not in out)
    if doubtful:
        say("placed, and the least likely to be done:")
    for share, visit in doubtful[:SHOWN_VISITS]:
        say(f"  {visit}: done in {share:.0%}")
    if len(doubtful) > SHOWN_VISITS:
        say(f"  and {len(doubtful) - SHOWN_VISITS} more below {DOUBTFUL:.0%} (--json has all)")


def _document(found: "Odds", known: "KnownTries") -> dict[str, object]:
    return {
        "lives": found.lives,
        "all_done": found.all_done,
        "done_share": found.done_share,
        "failed": found.failed,
        "offline": found.offline,
        "tries": list(known.sentences),
        "clients": [
            {
                "client": one.client_id,
                "visits": one.visits,
                "hosts": one.hosts,
                "all_done": one.all_done,
                "done_share": one.done_share,
            }
            for one in found.clients
        ],
        "visits": dict(found.visits),
    }
