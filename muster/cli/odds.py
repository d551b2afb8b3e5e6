"""The command ``muster odds``: how likely the plan is to come true, client by client."""

from typing import TYPE_CHECKING, Annotated

import typer

from muster.cli.campaigns import CampaignOption, JsonOption
from muster.cli.output import say, say_json, table
from muster.cli.planning import PlanOption, chosen_plan
from muster.cli.workspace import opened

if TYPE_CHECKING:  # it brings OR-Tools, which other commands need not wait for
    from scheduler.robust import Odds

DOUBTFUL = 0.9
SHOWN_VISITS = 15


def odds(
    context: typer.Context,
    campaign: CampaignOption = None,
    plan_id: PlanOption = None,
    lives: Annotated[int, typer.Option(min=10, max=100_000, help="How many times the plan is lived through.")] = 1000,
    no_show: Annotated[
        float, typer.Option(min=0, max=1, help="The share of days on which somebody does not come.")
    ] = 0.01,
    seed: Annotated[int, typer.Option(help="Of the random numbers.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """Say how likely a plan is to come true, by client: visits take longer than thought, people do not come.

    The plan is lived through as it stands; nobody replans in it.

    Example: muster odds --no-show 0.03
    """
    from flows.measured import effort_of
    from flows.planning import problem_as_planned
    from scheduler.robust import simulate, uncertain

    with opened(context) as workspace:
        chosen = chosen_plan(workspace, workspace.campaign(campaign).id, plan_id)
        problem = problem_as_planned(workspace.services, chosen)
        efforts = uncertain(effort_of(workspace.services, chosen.campaign_id), workspace.ledger.fleet(), chosen)
        found = simulate(problem, chosen, efforts, lives=lives, no_show=no_show, seed=seed)
        if as_json:
            say_json({"campaign": chosen.campaign_id, "plan": chosen.id, **_document(found)})
        else:
            _say(found)


def _say(found: "Odds") -> None:
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
    doubtful = sorted((share, str(visit)) for visit, share in found.visits.items() if share < DOUBTFUL)
    for share, visit in doubtful[:SHOWN_VISITS]:
        say(f"  {visit}: done in {share:.0%}")
    if len(doubtful) > SHOWN_VISITS:
        say(f"  and {len(doubtful) - SHOWN_VISITS} more below {DOUBTFUL:.0%} (--json has all)")


def _document(found: "Odds") -> dict[str, object]:
    return {
        "lives": found.lives,
        "all_done": found.all_done,
        "done_share": found.done_share,
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
