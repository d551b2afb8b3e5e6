"""Commands of partners' files: list, show, import, vet, override, credential, agree, sign, suspend and the others."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import InvalidOperation
from pathlib import Path
from typing import Annotated

import typer

from muster.cli.campaigns import JsonOption
from muster.cli.days import parse_day, today
from muster.cli.output import say, say_json, say_problems, table
from muster.cli.workspace import Workspace, me, opened
from muster.errors import InputError, NotFound, Problem
from muster.ids import ClientId, PersonId
from muster.words import count
from partners.agreement import months_after
from partners.credentials import Cover, Credential, CredentialKind
from partners.file import (
    HouseRules,
    PartnerFile,
    Suspension,
    Technician,
    authorised,
    judged,
    overridden,
    suspended,
    with_credential,
)
from partners.money import parse_money
from partners.papers import FILES, RULES, Change, change
from partners.standing import Standing, standing
from partners.vetting import Override, Score, mean_on, score_on

PartnerArgument = Annotated[str, typer.Argument(help="Id of a partner; muster partner list shows them.")]
ByOption = Annotated[str | None, typer.Option("--by", help="Who decides; by default whoever is logged in.")]
YEAR_DAYS = 365


def partner_list(context: typer.Context, as_json: JsonOption = False) -> None:
    """List the partners, and whether each may be given work today.

    Example: muster partner list
    """
    with opened(context) as workspace:
        day, house = today(workspace), rules_of(workspace)
        found = [(kept.value, standing(kept.value, day, house)) for kept in workspace.services.book.papers(FILES)]
        if as_json:
            say_json({"day": day, "partners": [_summary(file, one) for file, one in found]})
            return
        if not found:
            say("there are no partners yet: muster partner import LIST.csv")
            return
        table(
            ("id", "name", "regions", "standing"),
            [(file.id, file.name, ", ".join(file.regions) or "everywhere", str(one)) for file, one in found],
        )


def show(context: typer.Context, partner: PartnerArgument, as_json: JsonOption = False) -> None:
    """Show one partner: its scores, credentials and agreements, and every reason why it may not be given work.

    Example: muster partner show north
    """
    with opened(context) as workspace:
        file, day, house = file_of(workspace, partner), today(workspace), rules_of(workspace)
        found = standing(file, day, house)
        if as_json:
            from ledger.codec import Codec

            say_json({**_summary(file, found), "file": Codec(PartnerFile).to_plain(file)})
            return
        _say_file(file, found, day, house)


def import_list(
    context: typer.Context,
    files: Annotated[list[Path], typer.Argument(help="CSV lists of companies, as communities hand them out.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be taken in; take nothing in.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Take in a list of partners. Every bad row is named; nobody may be given work before being vetted and signed.

    Example: muster partner import community.csv --dry-run
    """
    from inventory.partner_list import read_partner_list

    with opened(context) as workspace:
        book = workspace.services.book
        kept = {one.value.id: one for one in book.papers(FILES)}
        problems: list[Problem] = []
        notes: list[str] = []
        changes: list[Change] = []
        for path in files:
            found = read_partner_list(path, {key: one.value for key, one in kept.items()})
            problems += found.problems
            notes += found.notes
            fresh = [file for file in found.files if file.id not in kept or kept[file.id].value != file]
            changes += [change(FILES, file, "partner listed", kept.get(file.id)) for file in fresh]
        if not dry_run:
            book.write(changes, by=me())
        if as_json:
            told = [{"place": p.place, "column": p.column, "wrong": p.wrong, "right": p.right} for p in problems]
            say_json({"dry_run": dry_run, "taken_in": len(changes), "problems": told, "notes": notes})
        else:
            say(f"{count(len(changes), 'partner')} {'would be ' if dry_run else ''}taken in or changed", style="bold")
            for note in notes:
                say(f"note: {note}")
            say_problems(problems)
    if problems:
        raise typer.Exit(1)


def vet(
    context: typer.Context,
    partner: PartnerArgument,
    scores: Annotated[list[str], typer.Argument(help="CRITERION=POINTS, 1 to 5, such as skill=4 'credit=3'.")],
    evidence: Annotated[str, typer.Option(help="What it rests on: who was asked, what was seen.")],
    until: Annotated[str | None, typer.Option(help="Last day it counts; by default a year from today.")] = None,
    by: ByOption = None,
    as_json: JsonOption = False,
) -> None:
    """Judge a partner by the six criteria or the company's own, with evidence.

    Example: muster partner vet north skill=4 "track record=5" --evidence "two references called"
    """
    with opened(context) as workspace:
        day = today(workspace)
        last = parse_day(until) if until else day + timedelta(days=YEAR_DAYS)
        made = tuple(_score(text, evidence, by or me(), day, last) for text in scores)
        house = rules_of(workspace)
        edited(workspace, partner, "partner judged", lambda file: judged(file, made, house), as_json=as_json)


def override(
    context: typer.Context,
    partner: PartnerArgument,
    subject: Annotated[str, typer.Argument(help="A criterion, 'overall', or the name of a credential.")],
    reason: Annotated[str, typer.Option(help="Why it is accepted.")],
    second: Annotated[str, typer.Option(help="The second person, who agrees.")],
    until: Annotated[str, typer.Option(help="Last day it holds, such as 2026-11-30.")],
    by: ByOption = None,
    as_json: JsonOption = False,
) -> None:
    """Accept what falls short: two different people, a reason, and an end. Agreements are never overridden.

    Example: muster partner override north credit --reason "paid in advance" --second ada --until 2026-11-30
    """
    with opened(context) as workspace:
        made = Override(subject, reason, by or me(), second, today(workspace), parse_day(until))
        house = rules_of(workspace)
        edited(workspace, partner, "partner overridden", lambda file: overridden(file, made, house), as_json=as_json)


def credential(  # noqa: PLR0913, PLR0917 - every option is an argument
    context: typer.Context,
    partner: PartnerArgument,
    kind: Annotated[CredentialKind, typer.Argument(help="What sort of proof it is.")],
    name: Annotated[str, typer.Argument(help="What it is called, such as 'liability insurance'.")],
    until: Annotated[str, typer.Option(help="Last day it is in force.")],
    since: Annotated[str | None, typer.Option("--from", help="First day; by default today.")] = None,
    person: Annotated[str | None, typer.Option(help="Whose it is; by default the company's.")] = None,
    insurer: Annotated[
        str | None,
        typer.Option(help="Of an insurance, CARRIER=LIMIT[,insured]: who, how much, whether it names us."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Write down a certification, a screening or an insurance that you have seen, with its end.

    Example: muster partner credential nw insurance "liability insurance" --until 2027-01-31 --insurer M=2000000,insured
    """
    with opened(context) as workspace:
        first = parse_day(since) if since else today(workspace)
        cover = _cover(insurer, workspace.settings.currency) if insurer else None
        owner = PersonId(person) if person else None
        made = Credential(kind, name, first, parse_day(until), me(), person_id=owner, cover=cover)
        edited(workspace, partner, "credential seen", lambda file: with_credential(file, made), as_json=as_json)


def suspend(
    context: typer.Context,
    partner: PartnerArgument,
    reason: Annotated[str, typer.Option(help="Why.")] = "",
    lift: Annotated[bool, typer.Option("--lift", help="Give it work again.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Give a partner nothing any more, until somebody lifts it. Plans that are dispatched stay: plan anew.

    Example: muster partner suspend north --reason "a complaint of Acme"
    """
    with opened(context) as workspace:
        made = None if lift else Suspension(me(), reason, today(workspace))
        what = "partner let in again" if lift else "partner suspended"
        edited(workspace, partner, what, lambda file: suspended(file, made), as_json=as_json)


def authorise(
    context: typer.Context,
    partner: PartnerArgument,
    person: Annotated[str, typer.Argument(help="Id of one of its people in the crew.")],
    until: Annotated[str, typer.Option(help="Last day.")],
    client: Annotated[list[str] | None, typer.Option(help="Only for this client; may be repeated.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Authorise one of a partner's people by name, for every client or for some.

    Example: muster partner authorise north nils --until 2026-12-31
    """
    with opened(context) as workspace:
        clients = tuple(ClientId(one) for one in client or ())
        made = Technician(PersonId(person), me(), today(workspace), parse_day(until), clients)
        edited(workspace, partner, "technician authorised", lambda file: authorised(file, made), as_json=as_json)


def limits(
    context: typer.Context,
    partner: PartnerArgument,
    region: Annotated[list[str] | None, typer.Option(help="Where it works; may be repeated; none: everywhere.")] = None,
    competes: Annotated[list[str] | None, typer.Option(help="A client it competes with; may be repeated.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Say where a partner works, and with which clients it competes; replaces what was said before.

    Example: muster partner limits north --region north --competes borg
    """
    with opened(context) as workspace:

        def limited(file: PartnerFile) -> PartnerFile:
            rivals = tuple(ClientId(one) for one in competes or ())
            return replace(file, regions=tuple(region or ()), competes_with=rivals)

        edited(workspace, partner, "partner limited", limited, as_json=as_json)


def edited(
    workspace: Workspace, partner: str, what: str, edit: Callable[[PartnerFile], PartnerFile], *, as_json: bool
) -> None:
    """Change a partner's file, and say how it stands now.

    Raises:
        NotFound: there is no such partner.
    """
    book = workspace.services.book
    before = book.find(FILES, partner)
    if before is None:
        raise _no_partner(workspace, partner)
    after = edit(before.value)
    if after != before.value:
        book.write([change(FILES, after, what, before)], by=me())
    found = standing(after, today(workspace), rules_of(workspace))
    if as_json:
        say_json(_summary(after, found))
        return
    say(f"{after.name}: {what}")
    _say_standing(found)


def file_of(workspace: Workspace, partner: str) -> PartnerFile:
    """A partner's file.

    Raises:
        NotFound: there is none.
    """
    kept = workspace.services.book.find(FILES, partner)
    if kept is None:
        raise _no_partner(workspace, partner)
    return kept.value


def rules_of(workspace: Workspace) -> HouseRules:
    """What is asked of every partner."""
    kept = workspace.services.book.find(RULES, "house")
    return HouseRules() if kept is None else kept.value


def _no_partner(workspace: Workspace, partner: str) -> NotFound:
    known = ", ".join(kept.value.id for kept in workspace.services.book.papers(FILES)[:20]) or "none yet"
    return NotFound(f"there is no partner {partner!r} (there are: {known})", hint="muster partner import LIST.csv")


def pair(text: str, what: str) -> tuple[str, str]:
    """``LEFT=RIGHT`` in two.

    Raises:
        InputError: it is not of that form.
    """
    left, equals, right = text.rpartition("=")
    if not equals or not left.strip():
        raise InputError(f"{text!r} is not of the form {what}")
    return left.strip(), right.strip()


def number(text: str, what: str) -> int:
    """A whole number.

    Raises:
        InputError: it is none.
    """
    try:
        return int(text)
    except ValueError:
        raise InputError(f"{text!r} is not a whole number ({what})") from None


def _score(text: str, evidence: str, by: str, on: date, until: date) -> Score:
    name, points = pair(text, "CRITERION=POINTS, such as skill=4")
    return Score(name, number(points, f"points for {name}"), evidence, by, on, until)


def _cover(text: str, currency: str) -> Cover:
    carrier, rest = pair(text, "CARRIER=LIMIT[,insured], such as Mutual=2000000,insured")
    limit, _, insured = rest.partition(",")
    try:
        return Cover(carrier, parse_money(limit, currency), additional_insured=insured.strip() == "insured")
    except InvalidOperation:
        raise InputError(f"{limit!r} is not a limit") from None


def _summary(file: PartnerFile, found: Standing) -> dict[str, object]:
    reasons = [{"rule": one.rule, "text": one.text, "remedy": one.remedy} for one in found.reasons]
    return {"id": file.id, "name": file.name, "eligible": found.eligible, "reasons": reasons}


def _say_standing(found: Standing) -> None:
    if found.eligible:
        say("  eligible today", style="green")
    for reason in found.reasons:
        say(f"  not eligible: {reason.text}{f' ({reason.remedy})' if reason.remedy else ''}", style="yellow")


def _say_file(file: PartnerFile, found: Standing, day: date, house: HouseRules) -> None:
    say(f"{file.name} ({file.id})", style="bold")
    _say_standing(found)
    rows = [(one.name, str(one.least), score_on(file.scores, one.name, day)) for one in house.criteria]
    table(
        ("criterion", "least", "points", "by", "until", "evidence"),
        [
            (name, least, *((str(s.points), s.by, str(s.valid_until), s.evidence) if s else ("-", "", "", "")))
            for name, least, s in rows
        ],
        right=(1, 2),
    )
    say(f"in all: {mean_on(file.scores, house.criteria, day) or '-'} (least {house.least_overall})")
    for one in file.overrides:
        say(f"overridden until {one.valid_until}: {one.subject}, {one.reason} ({one.by} and {one.second})")
    for held in file.credentials:
        cover = f", {held.cover.carrier} {held.cover.limit}" if held.cover else ""
        say(f"{held.kind}: {held.name}{cover}, until {held.valid_until} (seen by {held.verified_by})")
    for bound in file.agreements:
        survives = months_after(bound.last_day, bound.clauses.confidentiality_months)
        say(f"agreement {bound.id}: {bound.valid_from} to {bound.last_day}, confidential until {survives}")
