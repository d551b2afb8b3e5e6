"""Step 1: the files of the fleet, the crew and the partners."""

from dataclasses import replace

from fastapi import APIRouter
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response

from muster.errors import InputError
from muster.words import count
from portal.access import Viewer
from portal.forms import Form, audited
from portal.launch.common import show
from portal.launch.queries import fleet_counts
from portal.launch.sheet import export_of
from portal.launch.state import Part, book_of, folder_of, keep, launch_named, proposed, saved_mappings
from portal.launch.steps import path_of
from portal.launch.uploads import MOST_BYTES, take_in
from portal.manager.common import Changer
from portal.render import back_to
from portal.services import reading_of

router = APIRouter()
MOST_FILES = 12


@router.get("/launch/{launch_id}/fleet")
def fleet(request: Request, viewer: Changer, launch_id: str) -> Response:
    """What was sent, and the place to send more."""
    return _show(request, viewer, launch_id)


@router.post("/launch/{launch_id}/fleet")
def send(request: Request, viewer: Changer, launch_id: str, form: Form) -> Response:
    """Take files in; those that are refused are named, the others stay."""
    kept = launch_named(request, launch_id)
    launch, refused, there = kept.value, [], []
    folder, saved = folder_of(request, launch.id), saved_mappings(book_of(request))
    first = 1 + max((int(one.key.partition("-")[0]) for one in launch.parts), default=0)
    sent = [one for one in form.files.get("files", ()) if one.filename]
    if len(sent) + len(launch.parts) > MOST_FILES:
        for one in sent:
            one.file.close()
        raise InputError(f"more than {MOST_FILES} files at once", hint="send them in two launches")
    for number, one in enumerate(sent, start=first):
        try:
            parts = take_in(folder, number, one.filename or "", _content(one))
            there += [proposed(part, export_of(folder, part), "", saved) for part in parts]
        except InputError as error:
            refused.append(error.in_a_line)
    if there:
        parts_now: tuple[Part, ...] = (*launch.parts, *there)
        keep(request, viewer, replace(launch, parts=parts_now, imported=""), kept, "launch files sent")
        names = [one.title for one in there]
        audited(request, viewer, "launch files sent", launch=launch.id, files=names)
    if refused or not sent:
        return _show(request, viewer, launch_id, refused or ["no file was chosen: choose one or more"], status=400)
    said = f"{count(sum(one.rows for one in there), 'row')} read. Nothing is taken in yet."
    return back_to(request, path_of(launch.id, "columns"), say=said)


@router.post("/launch/{launch_id}/fleet/remove")
def remove(request: Request, viewer: Changer, launch_id: str, form: Form) -> Response:
    """Take a table out of the launch again; what was imported of it stays."""
    kept = launch_named(request, launch_id)
    part = kept.value.part(form.text("part"))
    left = tuple(one for one in kept.value.parts if one.key != part.key)
    keep(request, viewer, replace(kept.value, parts=left), kept, "launch file removed")
    if all(one.file != part.file for one in left):
        (folder_of(request, launch_id) / part.file).unlink(missing_ok=True)
    audited(request, viewer, "launch file removed", launch=launch_id, file=part.title)
    return back_to(request, path_of(launch_id, "fleet"), say=f"{part.title} is out of it")


def _content(file: UploadFile) -> bytes:
    with file.file:
        return file.file.read(MOST_BYTES + 1)


def _show(
    request: Request, viewer: Viewer, launch_id: str, refused: list[str] | None = None, status: int = 200
) -> Response:
    launch = launch_named(request, launch_id).value
    counts = fleet_counts(reading_of(request))
    limit = MOST_BYTES // 1024 // 1024
    return show(request, viewer, launch, "fleet", status=status, counts=counts, refused=refused or [], limit_mib=limit)
