"""Commands around plans that change: plan diff, plan picture, replan."""

from collections import Counter
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from muster.cli.campaigns import CampaignOption, JsonOption
from muster.cli.output import say, say_json, table
from muster.cli.planning import PlanOption, chosen_plan
from muster.cli.workspace import Workspace, opened
from muster.crew import Crew
from muster.errors import InputError, MusterError, NothingToPlan
from muster.files import why_unreadable, write_whole
from muster.ids import CampaignId
from muster.plan import Plan
from muster.words import amount, count

if TYPE_CHECKING:  # the solver takes a second to import
    from scheduler.diff import Move, Placing
    from scheduler.replan import Choice

SHOWN_MOVES = 40
SHOWN_LOST = 6
ORDER = (
    "left out now", "placed now", "new visit", "not needed any more", "other person", "other day", "other time"
)  # fmt: skip
"""What changes most for a client first."""


class Picture(StrEnum):
    """What can be drawn of a plan."""

    TIMELINE = "timeline"
    MAP = "map"
    LOAD = "load"


def diff(
    context: typer.Context,
    before: Annotated[str, typer.Argument(help="Id of a plan, or a file of muster plan export.")],
    after: Annotated[str, typer.Argument(help="Id or file of another one.")],
    campaign: CampaignOption = None,
    everything: Annotated[bool, typer.Option("--all", help="Every visit that changed.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Say what is different between two plans: who moved, what came, what went, what it costs.

    Example: muster plan diff P-3f2a P-9c41
    """
    from scheduler.diff import diff as compare

    with opened(context) as workspace:
        meant = workspace.campaign(campaign)
        found = compare(_plan_or_file(workspace, meant.id, before), _plan_or_file(workspace, meant.id, after))
        if as_json:
            say_json(
                {
                    "cost_cents": found.cost_cents,
                    "kept_share": found.kept_share,
                    "moves": [_move_document(move) for move in found.changed],
                }
            )
            return
        if not found.changed:
            say("no change")
            return
        say(
            f"{count(len(found.changed), 'visit')} changed, {found.kept_share:.1%} kept, {_dearer(found.cost_cents)}",
            style="bold",
        )
        kinds = Counter(_what(move) for move in found.changed)
        ordered = sorted(found.changed, key=lambda move: (ORDER.index(_what(move)), _when(move), move.visit_id))
        say(f"  {', '.join(f'{what} {kinds[what]}' for what in ORDER if what in kinds)}")
        moves = [(move, "") for move in ordered]
        say_moves(moves, meant.timezone, workspace.ledger.crew(), most=None if everything else SHOWN_MOVES)


def export(
    context: typer.Context,
    plan_id: Annotated[str | None, typer.Argument(help="Id of a plan; by default the newest.")] = None,
    out: Annotated[Path | None, typer.Option(help="The JSON file; by default in the workspace.")] = None,
    campaign: CampaignOption = None,
) -> None:
    """Write a whole plan as JSON, for other programs and for muster plan diff; docs/plan-json.md describes it.

    Example: muster plan export --out plan.json
    """
    from scheduler.codec import plan_to_json

    with opened(context) as workspace:
        chosen = chosen_plan(workspace, workspace.campaign(campaign).id, plan_id)
        _written(out or workspace.folder / f"{chosen.id}.json", plan_to_json(chosen).encode())


def picture(
    context: typer.Context,
    kind: Annotated[Picture, typer.Argument(help="timeline by person and day, map of a day, load against capacity.")],
    out: Annotated[Path | None, typer.Option(help="The .svg or .png file; by default an SVG in the workspace.")] = None,
    day: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The day of a map.")] = None,
    campaign: CampaignOption = None,
    plan_id: PlanOption = None,
) -> None:
    """Draw a plan as SVG, or as PNG where the file is called so; no network is used.

    Example: muster plan picture map --day 2026-10-19 --out monday.png
    """
    from scheduler.pictures.png import png_of

    with opened(context) as workspace:
        meant = workspace.campaign(campaign)
        chosen = chosen_plan(workspace, meant.id, plan_id)
        drawn = _drawn(workspace, chosen, kind, day.date() if day else None)
        path = out or workspace.folder / f"{chosen.id}-{kind}.svg"
        _written(path, png_of(drawn) if path.suffix.lower() == ".png" else drawn.encode())


def replan(
    context: typer.Context,
    campaign: CampaignOption = None,
    cheaper: Annotated[bool, typer.Option("--cheaper", help="Also look for cheaper plans that move more.")] = False,
    keep: Annotated[list[str] | None, typer.Option(help="A visit that must not move; repeat it.")] = None,
    release: Annotated[
        list[str] | None,
        typer.Option(help="A visit that may move although its client was told; repeat it, or say all."),
    ] = None,
    seconds: Annotated[float | None, typer.Option(min=0, help="How long each cheaper choice is searched.")] = None,
    seed: Annotated[int, typer.Option(help="Of every random choice.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """After a change (somebody ill, late clients, a partner out): a plan that moves as little as it can.

    Shows one or more choices, each move with its cause; binds nobody. Visits whose clients were told when and who comes
    stay where they are unless you release them. --cheaper also looks for plans that cost less and move more.

    Example: muster replan --cheaper
    """
    from flows.changes import promised_in
    from flows.planning import keep_plan, problem_of
    from scheduler.replan import KEEPING, Freedom
    from scheduler.replan import replan as go_on
    from scheduler.stop import MaxSeconds

    with opened(context) as workspace:
        meant = workspace.campaign(campaign)
        binding = workspace.ledger.dispatched(meant.id)
        if binding is None:
            raise NothingToPlan("no plan binds yet, so there is nothing to go on from", hint="muster plan")
        current = workspace.ledger.plan(binding.plan_id)
        freedoms = tuple(Freedom) if cheaper else KEEPING
        each_s = workspace.settings.solve_seconds if seconds is None else seconds
        searches = sum(one not in KEEPING for one in freedoms)
        problem = problem_of(workspace.services, meant.id, search_s=each_s * searches)
        stop = MaxSeconds(each_s)
        promised = promised_in(workspace.services, current, keep or (), release or ())
        found = go_on(problem, current, stop, seed, promised=promised, freedoms=freedoms)
        for choice in found.choices:
            keep_plan(workspace.services, choice.plan)
        if as_json:
            choices = [_choice_document(choice) for choice in found.choices]
            say_json({"campaign": meant.id, "promised": sorted(promised), "choices": choices})
            return
        if promised:
            say(f"{count(len(promised), 'visit')} promised or kept by you; --release VISIT, or all, lets them move\n")
        for choice in found.choices:
            _say_choice(choice, meant.timezone, workspace.ledger.crew())


def _plan_or_file(workspace: Workspace, campaign_id: CampaignId, name: str) -> Plan:
    """A plan of the ledger by its id, or one from a file that was exported."""
    from scheduler.codec import plan_from_json

    if not name.lower().endswith(".json"):
        return chosen_plan(workspace, campaign_id, name)
    try:
        return plan_from_json(Path(name).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"{name}: cannot be read: {why_unreadable(error)}", hint="muster plan export writes one"
        ) from None
    except InputError as error:
        raise InputError(f"{name}: {error.message}", hint="muster plan export writes one") from None


def _written(path: Path, content: bytes) -> None:
    try:
        write_whole(path, content)
    except OSError as error:
        raise MusterError(f"{path}: cannot be written: {error.strerror}", hint="give another: --out FILE") from None
    say(f"written: {path}")


def _drawn(workspace: Workspace, plan: Plan, kind: Picture, day: date | None) -> str:
    from flows.measured import effort_of
    from flows.planning import problem_as_planned
    from scheduler.capacity import capacity_of
    from scheduler.pictures.daymap import day_map
    from scheduler.pictures.load import load
    from scheduler.pictures.timeline import timeline

    problem = problem_as_planned(workspace.services, plan)
    if kind is Picture.TIMELINE:
        return timeline(problem, plan)
    if kind is Picture.LOAD:
        effort = effort_of(workspace.services, plan.campaign_id)
        share = workspace.ledger.campaign(plan.campaign_id).effort.percentile
        return load(capacity_of(problem, workspace.ledger.fleet(), effort, (share,)), share, plan)
    if not plan.assignments:
        raise InputError("the plan has no visit, so there is no map", hint="muster plan")
    return day_map(problem, plan, day or min(one.starts_at for one in plan.assignments).date())


def _say_choice(choice: "Choice", zone: str, crew: Crew) -> None:
    placed, out = len(choice.plan.assignments), len(choice.plan.unplaced)
    left = f", {out} not placed" if out else ""
    say(
        f"{choice.freedom}: plan {choice.plan.id}, {count(placed, 'visit')}{left}, cost "
        f"{amount(choice.plan.cost.total_cents)} ({_dearer(choice.difference.cost_cents)}); "
        f"{choice.stayed_share:.1%} of what could stay stays to the minute, "
        f"{count(choice.elsewhere, 'visit')} with another person or day",
        style="bold",
    )
    say_lost(choice)
    if choice.moves:
        say_moves([(one.move, one.cause) for one in choice.moves], zone, crew)
    else:
        say("  nothing moves")
    say(f"  make it binding: muster dispatch {choice.plan.id}\n")


def say_lost(choice: "Choice") -> None:
    """Promised visits that cannot stay, the first of them by name."""
    lost = [str(visit_id) for visit_id in choice.broken_promises]
    if lost:
        more = f" and {len(lost) - SHOWN_LOST} more" if len(lost) > SHOWN_LOST else ""
        told = f"{', '.join(lost[:SHOWN_LOST])}{more}"
        say(f"  {count(len(lost), 'visit')} cannot stay where promised: {told}", style="bold red")


def say_moves(
    moves: list[tuple["Move", str]], zone: str, crew: Crew | None = None, *, most: int | None = SHOWN_MOVES
) -> None:
    """A table of moves, with their causes where they have any; the first of them, and people by name where known."""
    why = any(cause for _, cause in moves)
    table(
        ("visit", "what", "before", "after", *(("why",) if why else ())),
        [
            (
                str(move.visit_id),
                _what(move),
                _placing(move.before, zone, crew),
                _placing(move.after, zone, crew),
                *((cause,) if why else ()),
            )
            for move, cause in moves[:most]
        ],
    )
    if most is not None and len(moves) > most:
        say(f"and {len(moves) - most} more ({'--json has' if why else '--all shows'} all)")


def _what(move: "Move") -> str:
    """What became of a visit, in words; another day is told apart from another hour."""
    return "other day" if move.kind.value == "other time" and move.elsewhere else move.kind.value


def _when(move: "Move") -> str:
    """For the order of a table: when it is now, else when it was."""
    where = move.after or move.before
    return where.starts_at.isoformat() if where else ""


def _placing(placing: "Placing | None", zone: str, crew: Crew | None) -> str:
    if placing is None:
        return "-"
    known = crew.engineer if crew else {}
    names = [known[one].name if one in known else str(one) for one in placing.person_ids]
    return f"{', '.join(names)}, {placing.starts_at.astimezone(ZoneInfo(zone)):%a %d %b %H:%M}"


def _dearer(cents: int) -> str:
    return f"{amount(abs(cents))} {'dearer' if cents > 0 else 'cheaper'}" if cents else "at the same cost"


def _move_document(move: "Move") -> dict[str, object]:
    return {
        "visit": move.visit_id,
        "kind": move.kind.value,
        "before": placing(move.before),
        "after": placing(move.after),
    }


def placing(where: "Placing | None") -> dict[str, object] | None:
    """Who is at a visit and when, for scripts."""
    if where is None:
        return None
    return {
        "people": list(where.person_ids),
        "starts_at": where.starts_at.isoformat(),
        "ends_at": where.ends_at.isoformat(),
    }


def _choice_document(choice: "Choice") -> dict[str, object]:
    return {
        "freedom": choice.freedom.value,
        "plan": choice.plan.id,
        "cost_cents": choice.plan.cost.total_cents,
        "unplaced": len(choice.plan.unplaced),
        "kept_share": choice.kept_share,
        "stayed_share": choice.stayed_share,
        "elsewhere": choice.elsewhere,
        "broken_promises": list(choice.broken_promises),
        "moves": [{**_move_document(one.move), "cause": one.cause} for one in choice.moves],
    }
