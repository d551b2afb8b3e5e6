"""The command ``muster capacity``: are the people at hand enough before the date, and where are they not."""

from typing import TYPE_CHECKING

import typer

from muster.cli.campaigns import CampaignOption, JsonOption
from muster.cli.output import say, say_json, table
from muster.cli.workspace import opened

if TYPE_CHECKING:  # it brings OR-Tools, which other commands need not wait for
    from scheduler.capacity import Capacity, Need

PLANNED_SHARE = 0.8


def capacity(context: typer.Context, campaign: CampaignOption = None, as_json: JsonOption = False) -> None:
    """Say whether the people at hand are enough before the date, and where they are not.

    Example: muster capacity
    """
    from flows.planning import world_of
    from scheduler.capacity import capacity as work_out

    with opened(context) as workspace:
        meant = workspace.campaign(campaign)
        world = world_of(workspace.services, meant.id, now=workspace.services.clock.now())
        found = work_out(world, workspace.ledger.hosts(meant.id))
        if as_json:
            say_json(_document(str(meant.id), found))
        else:
            _say(found)


def _say(found: "Capacity") -> None:
    table(
        (
            "skills",
            "region",
            "visits",
            "hosts",
            *(f"hours at {share * 100:.0f} %" for share in found.shares),
            "short at 80 %",
        ),
        [_need_row(need, found.shares) for need in found.needs],
        right=tuple(range(2, 5 + len(found.shares))),
    )
    say()
    table(
        ("week", "from", "own hours", "partners' hours", "overtime", "used at 80 %"),
        [
            (
                f"{one.week[0]}-W{one.week[1]:02}",
                f"{one.monday:%d %b}",
                _hours(one.own_minutes),
                _hours(one.partner_minutes),
                _hours(one.overtime_minutes),
                _hours(one.used[PLANNED_SHARE]),
            )
            for one in found.weeks
        ],
        right=(2, 3, 4, 5),
    )
    say()
    say(_verdict(found), style="bold")


def _need_row(need: "Need", shares: tuple[float, ...]) -> tuple[str, ...]:
    short = need.short[PLANNED_SHARE]
    return (
        need.skills_in_words or "any",
        need.region or "-",
        str(need.visits),
        str(need.hosts),
        *(_hours(need.needed[share]) for share in shares),
        _hours(short) if short >= 1 else "-",
    )


def _verdict(found: "Capacity") -> str:
    """One sentence: enough, or short by how much and where."""
    needed = found.needed_minutes(PLANNED_SHARE)
    short = found.short_minutes(PLANNED_SHARE)
    at_hand = _hours(found.at_hand_minutes)
    figures = f"{_hours(needed)} hours needed at 80 % confidence, {at_hand} at hand before the date"
    if short < 1:
        return f"{figures}: enough"
    where = [
        f"{need.skills_in_words or 'any'} in {need.region or 'no region'} ({_hours(need.short[PLANNED_SHARE])}"
        f"{_weeks(need)})"
        for need in found.needs
        if need.short[PLANNED_SHARE] >= 1
    ]
    overtime = short - found.short_minutes(PLANNED_SHARE, overtime=True)
    closes = f"; overtime closes {_hours(overtime)}" if overtime >= 1 else ""
    return f"{figures}: short by {_hours(short)} hours, at {', '.join(where)}{closes}"


def _weeks(need: "Need") -> str:
    return f", weeks {', '.join(str(week) for _, week in need.tight_weeks)}" if need.tight_weeks else ""


def _hours(minutes: float) -> str:
    return f"{minutes / 60:,.1f}"


def _document(campaign: str, found: "Capacity") -> dict[str, object]:
    return {
        "campaign": campaign,
        "shares": list(found.shares),
        "needs": [
            {
                "skills": sorted(need.skills),
                "region": need.region,
                "visits": need.visits,
                "hosts": need.hosts,
                "needed_minutes": {str(share): need.needed[share] for share in found.shares},
                "short_minutes": {str(share): need.short[share] for share in found.shares},
                "short_minutes_with_overtime": {str(share): need.short_with_overtime[share] for share in found.shares},
                "tight_weeks": [f"{year}-W{week:02}" for year, week in need.tight_weeks],
            }
            for need in found.needs
        ],
        "weeks": [
            {
                "week": f"{one.week[0]}-W{one.week[1]:02}",
                "own_minutes": one.own_minutes,
                "partner_minutes": one.partner_minutes,
                "overtime_minutes": one.overtime_minutes,
                "used_minutes": {str(share): one.used[share] for share in found.shares},
            }
            for one in found.weeks
        ],
    }
