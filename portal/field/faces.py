"""Photos of people, so that a client knows whom to let in: one's own, and those of a partner's or the company's people.

They lie in the workspace's folder ``people/``, named by the person's id; a company may put them there itself.
"""

from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from muster.crew import Engineer
from muster.errors import InputError, MusterError
from muster.files import write_whole
from muster.ids import PersonId
from portal.access import Role, Viewer, need, nothing_there
from portal.client.queries import PHOTOS, SUFFIXES, photo_file
from portal.field.evidence import MOST_BYTES, TYPES
from portal.field.pictures import bare, media_type
from portal.forms import Form, Posted, audited
from portal.manager.common import ROWS, PageNumber, rows_of
from portal.render import back_to, page
from portal.services import portal_of, reading_of

router = APIRouter()
OF_OTHERS = (Role.PARTNER_MANAGER, Role.MANAGER)
"""Who sets photos of other people: a partner's manager of its own, the company's of those that are no partner's."""
WithFaces = Annotated[Viewer, Depends(need(Role.ENGINEER, Role.PARTNER_TECHNICIAN, *OF_OTHERS))]


@router.get("/photo")
def faces(request: Request, viewer: WithFaces, page_number: PageNumber = 1) -> Response:
    """The photos that the viewer may change, page by page: their own, or those of their people."""
    folder = portal_of(request).settings.workspace
    rows = rows_of(_theirs(request, viewer), page_number)
    found = [(one, photo_file(folder, one.id) is not None) for one in rows.rows]
    own = viewer.role not in OF_OTHERS
    return page(request, viewer, "engineer/faces.html", people=found, own=own, at=rows.page, last=rows.pages)


@router.get("/photo/{person_id}")
def face(request: Request, viewer: WithFaces, person_id: str) -> Response:
    """One of them."""
    person = _person(request, viewer, person_id)
    file = photo_file(portal_of(request).settings.workspace, person.id)
    if file is None:
        raise nothing_there()
    return FileResponse(file, headers={"cache-control": "private, no-cache"})


@router.post("/photo")
def set_face(request: Request, viewer: WithFaces, form: Form) -> Response:
    """Keep a photo in the place of the one before."""
    person = _person(request, viewer, form.text("person", viewer.engineer_id or ""))
    content = bare(_sent(form))
    folder = portal_of(request).settings.workspace / PHOTOS
    suffix = TYPES[media_type(content) or ""]
    try:
        write_whole(folder / f"{person.id}.{suffix}", content)
        _remove(folder, person.id, but=suffix)
    except OSError as error:
        raise MusterError(f"the photo cannot be kept: {error.strerror or error}") from None
    audited(request, viewer, "photo set", person=person.id)
    return back_to(
        request, _page_of(request, viewer, person), say=f"Clients see this photo of {person.name} from now on."
    )


@router.post("/photo/remove")
def remove_face(request: Request, viewer: WithFaces, form: Form) -> Response:
    """Take a photo away."""
    person = _person(request, viewer, form.text("person", viewer.engineer_id or ""))
    _remove(portal_of(request).settings.workspace / PHOTOS, person.id)
    audited(request, viewer, "photo removed", person=person.id)
    return back_to(request, _page_of(request, viewer, person), say=f"There is no photo of {person.name} any more.")


def _theirs(request: Request, viewer: Viewer) -> list[Engineer]:
    crew = reading_of(request).crew
    if viewer.role is Role.PARTNER_MANAGER:
        mine = [one for one in crew.engineers if one.partner_id is not None and one.partner_id == viewer.partner_id]
    elif viewer.role is Role.MANAGER:
        mine = [one for one in crew.engineers if one.partner_id is None]
    else:
        mine = [one for one in crew.engineers if one.id == viewer.engineer_id]
    return sorted(mine, key=lambda one: (one.name, one.id))


def _page_of(request: Request, viewer: Viewer, person: Engineer) -> str:
    """The page of the list that somebody stands on, so that who sets one photo after another stays there."""
    number = _theirs(request, viewer).index(person) // ROWS + 1
    return f"/photo?page={number}" if number > 1 else "/photo"


def _person(request: Request, viewer: Viewer, person_id: str) -> Engineer:
    """Somebody whose photo is the viewer's to change.

    Raises:
        NotFound: there is none of that id, or it is not.
    """
    for one in _theirs(request, viewer):
        if one.id == person_id and Path(one.id).name == one.id:
            return one
    raise nothing_there()


def _sent(form: Posted) -> bytes:
    file = form.file("photo")
    content = b"" if file is None else file.file.read(MOST_BYTES + 1)
    if not content:
        raise InputError("no photo was chosen", hint="choose one and send it again")
    if len(content) > MOST_BYTES:
        raise InputError(f"the photo has more than {MOST_BYTES / 1e6:.0f} MB")
    return content


def _remove(folder: Path, person_id: PersonId, *, but: str = "") -> None:
    for suffix in SUFFIXES:
        if suffix != but:
            (folder / f"{person_id}.{suffix}").unlink(missing_ok=True)
