"""The command ``muster forecast``: the odds of finishing in time, what limits them, what helps, how they have gone."""

from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from muster.cli.campaigns import JsonOption
from muster.cli.output import say, say_json, table
from muster.cli.workspace import me, opened
from muster.words import amount

if TYPE_CHECKING:
    from flows.forecast import Forecast

SHOWN_CLIENTS = 15


def forecast(
    context: typer.Context,
    campaign: Annotated[
        str | None, typer.Argument(help="Id of the campaign; by default the one of campaign.yml.")
    ] = None,
    history: Annotated[bool, typer.Option("--history", help="Show the forecasts that were made; make none.")] = False,
    lives: Annotated[int, typer.Option(min=10, max=100_000, help="How often what is ahead is lived through.")] = 500,
    seconds: Annotated[
        float, typer.Option(min=0, help="How long each remedy is planned, where the odds are low; 0: none.")
    ] = 1.0,
    seed: Annotated[int, typer.Option(help="Of the random numbers.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """Say how likely the campaign is done in time, by client and in all, from what has happened so far. It is kept.

    Under the campaign's limit (forecast: least_odds) an alert is queued, with the best three remedies and their price.

    Example: muster forecast --history
    """
    from flows.forecast import forecast_campaign, forecasts_of

    with opened(context) as workspace:
        meant = workspace.campaign(campaign)
        if history:
            found = forecasts_of(workspace.services, meant.id)
            say_json([document(one) for one in found]) if as_json else _say_history(found, meant.timezone)
            return
        made = forecast_campaign(workspace.services, meant.id, by=me(), lives=lives, seconds=seconds, seed=seed)
        say_json(document(made)) if as_json else _say(made, meant.timezone)


def document(one: "Forecast") -> dict[str, object]:
    """A forecast, for scripts."""
    return {
        "campaign": one.campaign_id,
        "at": one.at.isoformat(),
        "plan": one.plan_id,
        "hosts": one.hosts,
        "protected": one.protected,
        "all_done": one.all_done,
        "done_share": one.done_share,
        "least_odds": one.least_odds,
        "falls_short": one.falls_short,
        "due": one.due,
        "due_done": one.due_done,
        "lost_share": one.lost_share,
        "hosts_left_out": one.left_out,
        "done_by": one.done_by.isoformat() if one.done_by else None,
        "worst": list(one.worst),
        "tries": list(one.tries),
        "clients": [
            {
                "client": client.client_id,
                "hosts": client.hosts,
                "protected": client.protected,
                "all_done": client.all_done,
                "done_share": client.done_share,
            }
            for client in one.clients
        ],
        "remedies": [
            {
                "scenario": remedy.scenario,
                "all_done": remedy.all_done,
                "gained": remedy.gained,
                "done_gained": remedy.done_gained,
                "more_cents": remedy.more_cents,
                "done_by": remedy.done_by.isoformat() if remedy.done_by else None,
            }
            for remedy in one.remedies
        ],
    }


def _say(one: "Forecast", zone: str) -> None:
    style = "bold red" if one.falls_short else "bold"
    say(f"done in time: odds {one.all_done:.0%} (limit {one.least_odds:.0%})", style=style)
    done_by = f"{one.done_by.astimezone(ZoneInfo(zone)):%a %d %b %H:%M}" if one.done_by else "never, as it stands"
    say(f"{one.protected:,} of {one.hosts:,} hosts protected, {one.done_share:.1%} expected by the deadline")
    say(f"the last visit ends: {done_by}; {one.left_out:,} hosts have no visit")
    if one.due:
        say(f"of {one.due:,} hosts whose visit is over {one.due_done:,} are right")
    if one.lost_share:
        say(f"{one.lost_share:.1%} of the hosts that were pushed stand failed or unknown")
    for sentence in one.tries:
        say(f"counted in the odds: {sentence}")
    rows = sorted(one.clients, key=lambda client: (client.all_done, client.client_id))
    table(
        ("client", "hosts", "protected", "all done in time", "hosts done"),
        [
            (c.client_id, f"{c.hosts:,}", f"{c.protected:,}", f"{c.all_done:.0%}", f"{c.done_share:.1%}")
            for c in rows[:SHOWN_CLIENTS]
        ],
        right=(1, 2, 3, 4),
    )
    if len(rows) > SHOWN_CLIENTS:
        say(f"and {len(rows) - SHOWN_CLIENTS} more that are likelier (--json has all)")
    for sentence in one.worst:
        say(f"limits it: {sentence}")
    for number, remedy in enumerate(one.remedies, start=1):
        say(f"remedy {number}: {remedy.sentence(one.currency)}")
    if one.falls_short:
        say("an alert is queued when the odds fall under the limit (muster messages)")


def _say_history(found: "tuple[Forecast, ...]", zone: str) -> None:
    if not found:
        say("no forecast was made yet: muster forecast")
        return
    table(
        ("when", "odds", "limit", "hosts expected", "protected", "left out", "best remedy"),
        [
            (
                f"{one.at.astimezone(ZoneInfo(zone)):%d %b %H:%M}",
                f"{one.all_done:.0%}",
                f"{one.least_odds:.0%}",
                f"{one.done_share:.1%}",
                f"{one.protected:,} of {one.hosts:,}",
                f"{one.left_out:,}",
                f"{one.remedies[0].scenario}, {amount(one.remedies[0].more_cents)}" if one.remedies else "",
            )
            for one in found
        ],
        right=(1, 2, 3, 4, 5),
    )
