"""``muster plan bound``: prove, for a plan that stands, how far it can be from the best possible."""

import time
from typing import Annotated

import typer

from muster.cli.campaigns import CampaignOption, JsonOption
from muster.cli.output import say, say_json
from muster.cli.planning import PlanOption, chosen_plan
from muster.cli.searching import searching
from muster.cli.workspace import opened
from muster.words import amount


def bound(
    context: typer.Context,
    campaign: CampaignOption = None,
    plan_id: PlanOption = None,
    seconds: Annotated[
        float, typer.Option(min=0, help="How long to look for the proof; Ctrl-C takes the best so far.")
    ] = 60.0,
    as_json: JsonOption = False,
) -> None:
    """Prove how far a plan can be from the best possible. Changes nothing.

    Plans of thousands of visits carry no such proof unless their search was long. A minute is enough for 2,000 visits;
    10,000 take forty.

    Example: muster plan bound --seconds 120
    """
    from flows.planning import problem_as_planned
    from scheduler.gap import Gap, gap_of
    from scheduler.search import is_warm
    from scheduler.solve import Progress

    with opened(context) as workspace:
        chosen = chosen_plan(workspace, workspace.campaign(campaign).id, plan_id)
        problem = problem_as_planned(workspace.services, chosen)
        if not is_warm() and not as_json:
            say("the search is compiled first, once on this machine: a minute or two of one core")
        known = Gap(round(chosen.objective), None)
        began = time.monotonic()
        with searching(seconds, quiet=as_json) as (watch, cancelled):

            def show() -> None:
                passed, placed = time.monotonic() - began, len(chosen.visits) - len(chosen.unplaced)
                watch(Progress(0, passed, known.cents, known.bound_cents, placed, len(chosen.visits)))

            def heard(gap: Gap) -> None:
                nonlocal known
                known = gap
                show()

            def stopped() -> bool:
                show()
                return cancelled()

            found = gap_of(problem, chosen, seconds, stopped=stopped, heard=heard)
        if as_json:
            say_json(
                {"plan": chosen.id, "cost_cents": found.cents, "bound_cents": found.bound_cents, "gap": found.share}
            )
            return
        if found.cents != round(chosen.objective):
            say(
                f"fleet or people have changed since plan {chosen.id} was made: with all prices it came to "
                f"{amount(round(chosen.objective))} then, and comes to {amount(found.cents)} now"
            )
        _say_gap(found.share, found.cents, found.bound_cents, provable=found.provable)


def _say_gap(share: float | None, cents: int, bound_cents: int | None, *, provable: bool) -> None:
    if share is None or bound_cents is None:
        why = "give it more --seconds" if provable else "the travel table has more than 2,500 places"
        say(f"nothing could be proved: {why}")
    elif not share:
        say("proven to be the best possible plan")
    else:
        say(f"at most {share:.2%} from the best possible", style="bold")
        say("with the prices of what is left out, late or moved, the plan comes")
        say(f"to {amount(cents)}, and no plan comes to less than {amount(bound_cents)}")
