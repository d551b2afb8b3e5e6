"""``muster due``: what the reconciler would begin now, what it is at, what came of the last, and what it has missed."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import typer

from flows.approvals import approvals_of, still_waiting
from flows.reconcile_rules import CampaignView, View, due, is_under_way, missed
from flows.reconcile_view import view_of
from muster.cli.campaigns import JsonOption
from muster.cli.output import say, say_json, table
from muster.cli.workspace import Workspace, opened


@dataclass(frozen=True, slots=True)
class Row:
    """One line: how it stands, of which campaign, what, and the words about it."""

    state: str
    campaign: str
    what: str
    words: str


def due_now(context: typer.Context, as_json: JsonOption = False) -> None:
    """Say what begins by itself now and why, what is under way, how the last of each ended, which visits are missed.

    Starts nothing: muster up does.

    Example: muster due
    """
    with opened(context) as workspace:
        rows = tuple(_rows(workspace))
    if as_json:
        say_json([{"state": one.state, "campaign": one.campaign, "what": one.what, "words": one.words} for one in rows])
        return
    if not rows:
        say("nothing is due, nothing is under way, and nothing has begun by itself yet")
        return
    table(("", "campaign", "what", ""), [(one.state, one.campaign, one.what, one.words) for one in rows])


def _rows(workspace: Workspace) -> Iterator[Row]:
    services, now = workspace.services, workspace.services.clock.now()
    hour = workspace.settings.forecast_hour
    view = view_of(services, lease_now=datetime.now(UTC), forecast_hour=hour)
    for one in due(view, now):
        yield Row("due", str(one.campaign_id or ""), one.kind.value, one.why)
    for waiting in still_waiting(approvals_of(services.book)):
        yield Row("waits", str(waiting.campaign_id), waiting.id, f"{waiting.sentence} (muster approvals)")
    for campaign in view.campaigns:
        yield from _of_campaign(campaign, view, now)


def _of_campaign(one: CampaignView, view: View, now: datetime) -> Iterator[Row]:
    name = str(one.campaign.id)
    if one.stopped:
        yield Row("stopped", name, "", "nothing begins at its hosts until somebody says muster resume")
        return
    for duty in one.duties.values():
        if is_under_way(duty, view):
            yield Row("under way", name, duty.kind.value, f"since {_minute(duty.taken_at)}, by {duty.runner_id}")
        elif duty.ended_at is None:
            yield Row("broke off", name, duty.kind.value, f"begun {_minute(duty.taken_at)} by {duty.runner_id}")
        else:
            tries = f"; {duty.in_vain} times in vain" if duty.in_vain else ""
            said = f": {duty.said}" if duty.said else ""
            yield Row("ended", name, duty.kind.value, f"{_minute(duty.ended_at)}{said}{tries}")
    for visit_id in missed(one, now):
        yield Row("missed", name, str(visit_id), "its time is over and hosts of it need the fix: muster replan")


def _minute(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
