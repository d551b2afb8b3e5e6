"""The commands ``muster notices``: what clients are told, what is held back, and sheets for the door."""

from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from flows.notices import house_of, plan_in_force, scene_of, telling_of, undelivered
from flows.notices import write as queue
from muster.campaign import Campaign
from muster.cli.campaigns import CampaignOption, JsonOption
from muster.cli.days import parse_day
from muster.cli.output import say, say_json, say_rows
from muster.cli.planning import chosen_plan
from muster.cli.schedules import schedule_of
from muster.cli.workspace import Workspace, me, opened
from muster.errors import DispatchRejected, InputError, NotFound
from muster.files import write_whole
from muster.ids import CampaignId, VisitId
from muster.messages import Channel
from muster.plan import Plan, VisitMode
from muster.words import count
from reports.notices.compose import Composed, compose
from reports.notices.due import Held, Scene, due, held_back
from reports.notices.outbox import waive, waive_held
from reports.notices.told import WRITTEN, Occasion
from reports.pages import render
from reports.pdf import pdf_of


class Shown(StrEnum):
    """What of a letter is shown."""

    TEXT = "text"
    HTML = "html"
    ICS = "ics"


class Paper(StrEnum):
    """What a sheet is written as."""

    HTML = "html"
    PDF = "pdf"


OccasionOption = Annotated[
    list[Occasion] | None, typer.Option("--occasion", help="Only these; by default all that are due.")
]
WhyOption = Annotated[str, typer.Option("--why", help="Why visits moved, in the client's words.")]


def write(
    context: typer.Context,
    campaign: CampaignOption = None,
    occasion: OccasionOption = None,
    why: WhyOption = "",
    as_json: JsonOption = False,
) -> None:
    """Queue every notice that is due now in the outbox, and say nothing twice.

    Due are visits that were dispatched, moved or called off, and those that are over; the letters of the day before are
    queued with the time when they are to be sent. muster messages send sends what is due; while no SMTP server is set,
    it becomes files at once.

    Example: muster notices write --why "our engineer is ill"
    """
    with opened(context) as workspace:
        meant = workspace.campaign(campaign)
        before, plan = workspace.ledger.revision(), plan_in_force(workspace.services, meant.id)
        done = telling_of(workspace.services, meant, plan, occasions=occasion or tuple(Occasion), why=why)
        queue(workspace.services, done, meant.id, by=me())
        notices = notices_since(workspace, meant.id, before)
        to_folder(workspace)
        if as_json:
            say_json({"written": list(notices), "left": [_letter(one) for one in done.left]})
            return
        say_notices(workspace, len(notices))
        for letter in done.left:
            say(f"  not written: {letter.client_id}, {letter.occasion.value}: no e-mail address, or no reason")


def preview(
    context: typer.Context,
    occasion: Annotated[Occasion, typer.Argument(help="Which notice.")] = Occasion.DISPATCHED,
    client: Annotated[str | None, typer.Option(help="Id of a client; by default all that are due.")] = None,
    shown: Annotated[Shown, typer.Option("--format", help="What of it to show.")] = Shown.TEXT,
    campaign: CampaignOption = None,
    why: WhyOption = "",
) -> None:
    """Show the notices that would be written now, and write nothing.

    Example: muster notices preview dispatched --format html > notice.html
    """
    with opened(context) as workspace:
        meant = workspace.campaign(campaign)
        scene = scene_of(workspace.services, meant, plan_in_force(workspace.services, meant.id))
        letters = [one for one in due(scene, [occasion]) if client in {None, one.client_id}]
        if not letters:
            raise NotFound(f"no notice of this kind ({occasion.value}) is due now")
        for letter in letters:
            _show(compose(letter, scene, house_of(workspace.services, meant.id), why_moved=why), shown)


def list_held(context: typer.Context, campaign: CampaignOption = None, as_json: JsonOption = False) -> None:
    """Say for each visit of the newest plan whether its client knows, would be told at dispatch, or cannot be told.

    Example: muster notices list
    """
    with opened(context) as workspace:
        meant = workspace.campaign(campaign)
        scene = scene_of(workspace.services, meant, chosen_plan(workspace, meant.id, None))
        rows = _standing(scene, undelivered(workspace.services, meant.id))
        say_rows(("visit", "notice", "why"), rows, as_json=as_json)


def override(
    context: typer.Context,
    visits: Annotated[list[str], typer.Argument(help="Ids of visits.")],
    reason: Annotated[str, typer.Option(help="Why they may go without a notice.")],
    campaign: CampaignOption = None,
    by: Annotated[str | None, typer.Option(help="Who decides so; by default you.")] = None,
) -> None:
    """Let visits go without their notice. Recorded with the reason and your name.

    Example: muster notices override V-acme-hq-onsite-1 --reason "told by telephone"
    """
    if not reason.strip():
        raise InputError("without a reason no notice is left out", hint='--reason "told by telephone"')
    with opened(context) as workspace:
        meant = workspace.campaign(campaign)
        scene = scene_of(workspace.services, meant, chosen_plan(workspace, meant.id, None))
        unknown = [one for one in visits if VisitId(one) not in scene.plan.visit]
        if unknown:
            raise NotFound(f"plan {scene.plan.id} has no visit {unknown[0]!r}", hint="muster plan show --all")
        waive(workspace.ledger, scene, [VisitId(one) for one in visits], by=by or me(), reason=reason)
        say(f"{count(len(visits), 'visit')} may go without a notice: {reason}")


def sheet(
    context: typer.Context,
    person: Annotated[str | None, typer.Option(help="Id of one of our own people.")] = None,
    partner: Annotated[str | None, typer.Option(help="Id of a partner.")] = None,
    day: Annotated[str | None, typer.Option(help="Only this day, such as 2026-10-26.")] = None,
    form: Annotated[Paper, typer.Option("--format", help="What to write.")] = Paper.PDF,
    campaign: CampaignOption = None,
    out: Annotated[Path | None, typer.Option(help="The file; by default named in the folder reports.")] = None,
) -> None:
    """Write the sheets for the door: what to say, which machines, and what the client signs. One page for a visit.

    Example: muster notices sheet --person kim --day 2026-10-26
    """
    if (person is None) == (partner is None):
        raise InputError("whose sheets?", hint="--person ID or --partner ID")
    with opened(context) as workspace:
        meant = workspace.campaign(campaign)
        made = schedule_of(workspace, meant, person=person, partner=partner)
        wanted = parse_day(day) if day else None
        entries = tuple(one for one in made.entries if wanted in {None, one.starts.date()})
        html = render("door.html.j2", {"schedule": replace(made, entries=entries), "onsite": VisitMode.ONSITE})
        path = out or workspace.folder / "reports" / f"{meant.id}-{person or partner}-door.{form.value}"
        write_whole(path, html.encode() if form is Paper.HTML else pdf_of(html))
        say(f"{count(len(entries), 'sheet')}: {path}")


def check_notices(workspace: Workspace, campaign: Campaign, plan: Plan, without_notice: str | None) -> Scene:
    """Hold a plan back before it binds, where clients cannot be told; ``without_notice`` is a person's reason to go on.

    Raises:
        DispatchRejected: visits are held back, and nobody has given a reason.
    """
    scene = scene_of(workspace.services, campaign, plan)
    held = held_back(plan, scene)
    if held and without_notice:
        waive_held(workspace.ledger, scene, by=me(), reason=without_notice)
    elif held:
        raise DispatchRejected(
            f"{count(len(held), 'visit')} of plan {plan.id} held back: their clients cannot be told",
            tuple(_sentence(one) for one in held),
            hint='give what is missing, or: muster dispatch --without-notice "why"',
        )
    return scene


def notices_since(workspace: Workspace, campaign_id: CampaignId, revision: int) -> tuple[Mapping[str, object], ...]:
    """The notices that were queued after a revision: to whom, about what."""
    found = workspace.ledger.events(campaign_id=campaign_id, after=revision, kinds=[WRITTEN], limit=100_000)
    keys = ("occasion", "client", "to", "subject")
    return tuple({key: event.data.get(key) for key in keys} for event in found)


def to_folder(workspace: Workspace) -> None:
    """While no SMTP server is set, letters that are due become files at once."""
    from flows.delivery import deliver_due  # brings clients for HTTP and SMTP

    if workspace.services.outlets.mail is None:
        deliver_due(workspace.services, by=me(), channels=(Channel.EMAIL,))


def say_notices(workspace: Workspace, number: int, whom: str = "") -> None:
    """How many notices there are, and where."""
    outlets = workspace.services.outlets
    where = (
        f"in {outlets.folder}" if outlets.mail is None else "queued (muster messages send, or muster up, sends them)"
    )
    say(f"{count(number, 'notice')}{whom} {where}")


def _standing(scene: Scene, lost: Mapping[VisitId, str]) -> list[tuple[str, str, str]]:
    told, held = set(scene.told.announced(scene.plan)), {one.visit_id: one for one in held_back(scene.plan, scene)}
    rows: list[tuple[str, str, str]] = []
    for one in sorted({one.visit_id for one in scene.plan.assignments}):
        if one in scene.told.waived:
            waiver = scene.told.waived[one]
            rows.append((one, "goes without", f"{waiver.by}: {waiver.reason}"))
        elif one in told:
            rows.append((one, "not delivered", lost[one]) if one in lost else (one, "told", ""))
        elif one in held:
            rows.append((one, "held back", held[one].reason.text))
        else:
            rows.append((one, "at dispatch", "moved" if one in scene.told.promises else ""))
    return rows


def _sentence(held: Held) -> str:
    return f"{held.visit_id}: {held.reason.text}; {held.reason.remedy}"


def _show(composed: Composed, shown: Shown) -> None:
    if shown is Shown.TEXT:
        say(f"To: {composed.to or '(no address)'}\nSubject: {composed.subject}\n", style="bold")
        say(composed.text)
    else:
        typer.echo(composed.html if shown is Shown.HTML else composed.ics.decode())


def _letter(letter: object) -> dict[str, str]:
    return {name: str(getattr(letter, name)) for name in ("client_id", "occasion", "language")}
