"""What was sent to us: a form whose sender is known to be our own page, and the note of what was changed.

A form carries the session's CSRF token (the macro ``csrf()``), a script sends it as ``X-CSRF-Token`` (it stands in the
page's head). On top of it, what a browser says about where a request comes from must not be another site.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request

from muster.errors import InputError
from muster.ids import CampaignId, HostId, VisitId
from portal.access import Viewer
from portal.keys import same
from portal.services import portal_of, services_of
from portal.sessions import address_of, viewer_of

MOST_BYTES = 32 * 1024 * 1024
"""The largest form, files in it included."""
TEXT_LIMIT = 20_000
JSON_TYPE = "application/json"


@dataclass(frozen=True, slots=True)
class Posted:
    """The fields of a form (or of a flat JSON object that a script sent)."""

    fields: Mapping[str, tuple[str, ...]]
    files: Mapping[str, tuple[UploadFile, ...]]

    def text(self, name: str, default: str | None = None) -> str:
        """A field's text, without blanks around it.

        Raises:
            InputError: it is missing or empty, and there is no default.
        """
        found = self.fields.get(name, ("",))[0].strip()[:TEXT_LIMIT]
        if found:
            return found
        if default is None:
            raise InputError(f"{name.replace('_', ' ')} is missing", hint="fill it in and send it again")
        return default

    def all(self, name: str) -> tuple[str, ...]:
        """Every value of a field that may be there several times, such as ticked boxes."""
        return tuple(one.strip() for one in self.fields.get(name, ()) if one.strip())

    def number(self, name: str, default: float | None = None) -> float:
        """A field's number; a comma is taken for the decimal point.

        Raises:
            InputError: it is no number, or it is missing and there is no default.
        """
        text = self.text(name, "" if default is not None else None)
        if not text and default is not None:
            return default
        try:
            found = float(text.replace(",", "."))
        except ValueError:
            found = float("nan")
        if found != found or abs(found) > 1e12:  # noqa: PLR0124 - what is not equal to itself is no number
            raise InputError(f"{name.replace('_', ' ')}: {text!r} is no number", hint="such as 12.5")
        return found

    def instant(self, name: str, zone: tzinfo | None = None) -> datetime:
        """A field's instant; without an offset in it, the clock of ``zone`` is meant.

        Raises:
            InputError: it is no time of this century, or it has no offset and no zone is given.
        """
        text = self.text(name)
        with suppress(ValueError):
            at = datetime.fromisoformat(text)
            at = at if at.tzinfo is not None else at.replace(tzinfo=zone)
            if at.tzinfo is not None and 2000 <= at.year < 2200:
                return at
        raise InputError(f"{text[:40]!r} is no time", hint="choose a day and an hour")

    def ticked(self, name: str) -> bool:
        """Whether a box was ticked."""
        return self.fields.get(name, ("",))[0] not in {"", "0", "false", "off"}

    def close(self) -> None:
        """Give its files back."""
        for one in (file for files in self.files.values() for file in files):
            one.file.close()

    def file(self, name: str) -> UploadFile | None:
        """The file of a field, where one was chosen."""
        found = self.files.get(name, ())
        return found[0] if found and found[0].filename else None


async def posted(request: Request) -> AsyncIterator[Posted]:
    """A dependency: the form of somebody who is logged in, sent by our own page; its files are closed after the answer.

    Raises:
        LoginWanted: nobody is logged in.
        InputError: it was not sent by a page of this session.
    """
    from starlette.concurrency import run_in_threadpool

    check_origin(request)
    await run_in_threadpool(viewer_of, request)
    found = await _read(request)
    try:
        sent = request.headers.get("x-csrf-token") or found.text("csrf", "")
        if not same(sent, request.state.csrf):
            raise InputError(
                "this page was open for too long, or was sent by another site; nothing was changed",
                hint="load the page again, and send it again",
            )
        yield found
    finally:
        found.close()


async def posted_openly(request: Request) -> AsyncIterator[Posted]:
    """A dependency for the few forms that are sent before anybody is logged in: it must come from our own pages.

    Raises:
        InputError: another site sent it.
    """
    check_origin(request)
    found = await _read(request)
    try:
        yield found
    finally:
        found.close()


Form = Annotated[Posted, Depends(posted)]
OpenForm = Annotated[Posted, Depends(posted_openly)]


def check_origin(request: Request) -> None:
    """Refuse what a browser sends for another site; programs that are no browsers send neither header.

    Raises:
        InputError: it was sent for another site.
    """
    origin, site = request.headers.get("origin"), request.headers.get("sec-fetch-site")
    ours = {urlsplit(portal_of(request).settings.portal_url).netloc, request.headers.get("host", "")} - {""}
    foreign = origin is not None and urlsplit(origin).netloc not in ours  # "null", of a frame in a box, is nobody's
    if foreign or site in {"cross-site", "same-site"}:
        raise InputError("another site sent this; nothing was changed", hint="open the portal and do it there")


def audited(
    request: Request,
    viewer: Viewer,
    what: str,
    *,
    campaign_id: str | None = None,
    host_id: str | None = None,
    visit_id: str | None = None,
    **data: object,
) -> None:
    """Write down what a viewer changed: who, from where, in what role, how they came in, and ``data``."""
    services_of(request).ledger.note(
        f"portal: {what}",
        by=viewer.by,
        campaign_id=CampaignId(campaign_id) if campaign_id else None,
        host_id=HostId(host_id) if host_id else None,
        visit_id=VisitId(visit_id) if visit_id else None,
        data={**data, "from": address_of(request), "role": viewer.role.value, "came_by": viewer.how},
    )


async def _read(request: Request) -> Posted:
    length = request.headers.get("content-length", "0")
    if length.isdigit() and int(length) > MOST_BYTES:
        raise InputError(f"that is more than {MOST_BYTES // 1024 // 1024} MiB", hint="send less at a time")
    if request.headers.get("content-type", "").startswith(JSON_TYPE):
        return _from_json(await request.json())
    return _from_form(await request.form(max_files=20, max_fields=5000, max_part_size=MOST_BYTES))


def _from_json(document: object) -> Posted:
    if not isinstance(document, dict):
        raise InputError("a JSON object is wanted")
    found = {str(key): value if isinstance(value, list) else [value] for key, value in document.items()}
    return Posted({key: tuple(_word(one) for one in some) for key, some in found.items()}, {})


def _word(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else ""
    return "" if value is None else _kept(str(value))


def _kept(text: str) -> str:
    """What a database can keep of a text: no NUL, no half of a character."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()


def _from_form(form: FormData) -> Posted:
    fields: dict[str, tuple[str, ...]] = {}
    files: dict[str, tuple[UploadFile, ...]] = {}
    for key, value in form.multi_items():
        if isinstance(value, UploadFile):
            files[key] = (*files.get(key, ()), value)
        else:
            fields[key] = (*fields.get(key, ()), _kept(value))
    return Posted(fields, files)
