"""Step 3: the rows, with what is wrong in its cell; and the import."""

from dataclasses import replace

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from inventory.formats import BadValue
from inventory.formats.credentials import parse_credential
from inventory.presets import parts_of
from muster.errors import InputError
from muster.words import count
from portal.forms import Form, Posted, audited
from portal.launch.common import show
from portal.launch.sheet import export_of, found_in, sheet_of
from portal.launch.state import Part, folder_of, keep, launch_named
from portal.launch.steps import path_of
from portal.manager.common import Changer, PageNumber
from portal.render import back_to
from portal.services import services_of

router = APIRouter()
MOST_EDITS = 5_000
LONGEST_CELL = 2_000


@router.get("/launch/{launch_id}/rows")
def rows(
    request: Request,
    viewer: Changer,
    launch_id: str,
    part: str = "",
    page_number: PageNumber = 1,
    show_only: str = "",
    row: int = -1,
) -> Response:
    """A page of the sheet; where rows are wrong, these first."""
    kept = launch_named(request, launch_id)
    launch = kept.value
    if not launch.parts or not all(one.confirmed for one in launch.parts):
        return back_to(request, path_of(launch_id, "columns" if launch.parts else "fleet"))
    found = found_in(services_of(request).ledger, folder_of(request, launch_id), launch, kept.version)
    with_bad = next((one.key for one in launch.parts if found.cells(one.key)), "")
    chosen = launch.part(part or with_bad)
    only_bad = show_only == "bad" or (not show_only and bool(found.cells(chosen.key)))
    return show(
        request,
        viewer,
        launch,
        "rows",
        part=chosen,
        bad_of={one.key: len(found.cells(one.key)) for one in launch.parts},
        found=found,
        summary=[(word, *numbers) for word, numbers in found.summary.counts.items() if any(numbers)],
        takes=sum(added + changed for added, changed, _ in found.summary.counts.values()),
        sheet=sheet_of(found, chosen, page_number, only_bad=only_bad, opened=row),
        only="bad" if only_bad else "all",
    )


@router.post("/launch/{launch_id}/rows")
def correct(request: Request, viewer: Changer, launch_id: str, form: Form) -> Response:
    """Keep cells that were corrected; the sheet is checked again at once."""
    kept = launch_named(request, launch_id)
    part = kept.value.part(form.text("part"))
    edits = _edits(request, launch_id, part, form)
    if edits != part.edits:
        launch = replace(kept.value.with_part(replace(part, edits=edits)), imported="")
        keep(request, viewer, launch, kept, "launch rows corrected")
        audited(request, viewer, "launch rows corrected", launch=launch_id, file=part.title, cells=len(edits))
    only, number = form.text("show_only", "all"), int(form.number("page", 1))
    return back_to(request, f"{path_of(launch_id, 'rows')}?part={part.key}&show_only={only}&page={number}#sheet")


@router.post("/launch/{launch_id}/import")
def take_in(request: Request, viewer: Changer, launch_id: str, form: Form) -> Response:
    """Take the good rows in; the others stay in the sheet."""
    del form
    kept = launch_named(request, launch_id)
    if not kept.value.parts or not all(one.confirmed for one in kept.value.parts):
        raise InputError("the columns were not looked through yet", hint="confirm them first")
    ledger = services_of(request).ledger
    found = found_in(ledger, folder_of(request, launch_id), kept.value, kept.version)
    summary = ledger.save_inventory(found.checked.imported.fleet, found.checked.imported.crew, by=viewer.by)
    added = sum(one[0] for one in summary.counts.values())
    changed = sum(one[1] for one in summary.counts.values())
    said = f"{added:,} new and {changed:,} changed rows are taken in"
    said += f"; {count(found.bad_rows, 'row')} left out" if found.bad_rows else ""
    keep(request, viewer, replace(kept.value, imported=said), kept, "launch imported")
    audited(request, viewer, "fleet imported", launch=launch_id, added=added, changed=changed, bad=found.bad_rows)
    return back_to(request, path_of(launch_id, "campaign"), say=said, tone="warn" if found.bad_rows else "good")


def _edits(request: Request, launch_id: str, part: Part, form: Posted) -> dict[str, str]:
    """The corrections so far with those of the form; what stands in the file already is none."""
    export, edits = export_of(folder_of(request, launch_id), part), dict(part.edits)
    for key in form.fields:
        place = _place(key)
        if place is None:
            continue
        row, column = place
        if row >= len(export.rows) or column >= len(export.columns):
            raise InputError("there is no such cell", hint="load the page again")
        text = form.text(key, "")[:LONGEST_CELL]
        _refuse_secret(part, column, text)
        edits.pop(f"{row}:{column}", None)
        if text != export.cell(row, column):
            edits[f"{row}:{column}"] = text
    if len(edits) > MOST_EDITS:
        raise InputError(f"more than {MOST_EDITS:,} cells", hint="correct them in the file and send it again")
    return edits


def _place(key: str) -> tuple[int, int] | None:
    head, _, place = key.partition("-")
    row, _, column = place.partition("-")
    if head != "c" or not (row.isascii() and row.isdigit() and column.isascii() and column.isdigit()):
        return None
    return int(row), int(column)


def _refuse_secret(part: Part, column: int, text: str) -> None:
    """A text that is no reference may be the secret itself, and is not written down."""
    if not any(one.endswith("credential") for one in parts_of(part.targets[column])) or not text:
        return
    try:
        parse_credential(text)
    except BadValue as error:
        raise InputError("that is no credential reference; nothing was kept", hint=error.right) from None
