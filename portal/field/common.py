"""What the routes of everybody in the field share: our own engineers' and the partners'."""

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response

from muster.ids import PersonId
from portal.access import Viewer, nothing_there
from portal.field.evidence import photo_content
from portal.field.queries import Source
from portal.field.records import Photo
from portal.field.views import VisitPage
from portal.render import FOLDER, back_to
from portal.services import portal_of, reading_of, services_of


def source_of(request: Request) -> Source:
    """Where the pages of a request read from."""
    return Source(reading_of(request), services_of(request), portal_of(request).settings.workspace)


def person_of(viewer: Viewer) -> PersonId:
    """The person of the crew that somebody is.

    Raises:
        NotFound: the account belongs to nobody of the crew.
    """
    if viewer.engineer_id is None:
        raise nothing_there()
    return viewer.engineer_id


def wants_json(request: Request) -> bool:
    """Whether a script asks, which is told in JSON what became of it."""
    return "application/json" in request.headers.get("accept", "")


def told(request: Request, path: str, sentence: str) -> Response:
    """After a change: a word for a script, or the page again for a browser."""
    return (
        JSONResponse({"said": sentence, "next": path}) if wants_json(request) else back_to(request, path, say=sentence)
    )


def photo_response(request: Request, photo: Photo) -> Response:
    """A photo as it was sent; it never changes, and only this browser keeps it."""
    content = photo_content(portal_of(request).settings.workspace, photo)
    return Response(content, media_type=photo.media_type, headers={"cache-control": "private, max-age=86400"})


def worker_script(scope: str) -> Response:
    """The service worker of an area."""
    headers = {"service-worker-allowed": scope, "cache-control": "no-cache"}
    return FileResponse(FOLDER / "static" / "engineer.sw.js", media_type="text/javascript", headers=headers)


def photo_of(found: VisitPage, sha256: str) -> Photo:
    """A photo among what was said of a visit.

    Raises:
        NotFound: there is none of this hash.
    """
    for report in found.reports:
        for one in report.photos:
            if one.sha256 == sha256:
                return one
    raise nothing_there()
