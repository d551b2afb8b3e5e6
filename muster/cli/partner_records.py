"""Commands of what is kept of partners: clients' feedback, scorecards, documents."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from muster.cli.campaigns import CampaignOption, JsonOption
from muster.cli.days import today
from muster.cli.output import say, say_json, table
from muster.cli.partner_files import PartnerArgument, file_of, rules_of
from muster.cli.partner_work import VisitArgument
from muster.cli.workspace import me, opened
from muster.errors import InputError, NotFound
from muster.files import write_whole
from muster.ids import VisitId
from muster.words import count
from partners.papers import FEEDBACK, MATTERS, WORK, change
from partners.scorecard import Feedback, scorecard


class DocumentForm(StrEnum):
    """What an agreement is written as."""

    HTML = "html"
    PDF = "pdf"


def feedback(
    context: typer.Context,
    visit: VisitArgument,
    points: Annotated[int, typer.Argument(help="1 (bad) to 5 (good).")],
    by: Annotated[str, typer.Option("--by", help="Who of the client said so.")],
    text: Annotated[str, typer.Option(help="In the client's words.")] = "",
    campaign: CampaignOption = None,
    as_json: JsonOption = False,
) -> None:
    """Record what a client said of a partner's visit.

    Example: muster partner feedback V-acme-hq-onsite-1 5 --by "Bo Acme" --text "quick and friendly"
    """
    with opened(context) as workspace:
        meant, book = workspace.campaign(campaign), workspace.services.book
        work = book.find(WORK, f"{meant.id}/{visit}")
        if work is None:
            raise NotFound(f"no partner has claimed {visit}", hint="muster partner claim")
        made = Feedback(meant.id, VisitId(visit), work.value.partner_id, work.value.client_id, points, text, by)
        book.write([change(FEEDBACK, made, "feedback given", book.find(FEEDBACK, made.id))], by=me())
        say_json({"visit": visit, "points": points}) if as_json else say(f"{by}: {points} of 5 for {visit}")


def card(context: typer.Context, partner: PartnerArgument, as_json: JsonOption = False) -> None:
    """Show how a partner did and how we did by it, from what happened; it is evidence for the next vetting.

    Example: muster partner scorecard north
    """
    with opened(context) as workspace:
        file, book = file_of(workspace, partner), workspace.services.book
        found = scorecard(
            file.id,
            [one.value for one in book.papers(WORK, partner_id=file.id)],
            [one.value for one in book.papers(MATTERS, partner_id=file.id)],
            [one.value for one in book.papers(FEEDBACK, partner_id=file.id)],
            rules_of(workspace),
        )
        rows = [
            ("verified at the first try", str(found.first_try)),
            ("on time", str(found.on_time)),
            ("machines with rework", str(found.reworked)),
            ("incidents", str(found.incidents)),
            ("referrals", str(found.referrals)),
            ("clients' feedback", f"{found.feedback} of 5" if found.feedback is not None else "nothing yet"),
            ("we confirmed a day ahead", str(found.confirmed)),
            ("we approved within three days", str(found.approved_in_time)),
            ("we paid when due", str(found.paid_in_time)),
        ]
        if as_json:
            say_json({"partner": partner, "visits": found.visits, **dict(rows)})
            return
        say(f"{file.name}: {count(found.visits, 'visit')}", style="bold")
        table(("", ""), rows)


def document(
    context: typer.Context,
    partner: PartnerArgument,
    agreement: Annotated[str, typer.Argument(help="Id of the agreement.")],
    out: Annotated[Path | None, typer.Option(help="Where it is written; by default reports/ID.FORMAT.")] = None,
    form: Annotated[DocumentForm, typer.Option("--format", help="A page or a PDF.")] = DocumentForm.HTML,
    as_json: JsonOption = False,
) -> None:
    """Write an agreement as a document, for a lawyer to check: it is marked as a draft that needs counsel.

    Example: muster partner document north A-2026-1 --format pdf
    """
    from partners.file import agreement_of
    from reports.agreement_page import agreement_html
    from reports.pdf import pdf_of

    with opened(context) as workspace:
        found = agreement_of(file_of(workspace, partner), agreement)
        path = out or workspace.folder / "reports" / f"{agreement}.{form.value}"
        page = agreement_html(found, today(workspace))
        made = pdf_of(page) if form is DocumentForm.PDF else page.encode()
        try:
            write_whole(path, made)
        except OSError as error:
            raise InputError(f"{path}: cannot be written: {error.strerror or error}") from None
        say_json({"file": str(path)}) if as_json else say(f"wrote {path}: a draft that needs counsel")
