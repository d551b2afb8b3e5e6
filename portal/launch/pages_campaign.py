"""Step 4: the fix, the date and the words; it writes the campaign file and opens the campaign."""

from collections import Counter
from dataclasses import replace

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from muster.words import count
from portal.access import Viewer
from portal.forms import Form, audited
from portal.launch.campaign_form import (
    LISTS,
    NUMBERS,
    PARAMETER,
    Wrong,
    first_draft,
    fixes_in,
    open_campaign,
    parameters_of,
    spec_of,
)
from portal.launch.common import show
from portal.launch.queries import zones
from portal.launch.state import Launch, keep, launch_named
from portal.launch.steps import path_of
from portal.manager.common import Changer
from portal.reading import Reading
from portal.render import back_to
from portal.services import portal_of, reading_of, services_of

router = APIRouter()
FIELDS = ("id", "name", "fix", "deadline", "timezone", "reason", "gates.windows", *NUMBERS, *LISTS)


@router.get("/launch/{launch_id}/campaign")
def campaign(request: Request, viewer: Changer, launch_id: str, fix: str = "") -> Response:
    """Choose a fix, then fill in what it needs."""
    launch = launch_named(request, launch_id).value
    if not reading_of(request).fleet.hosts:
        return back_to(request, path_of(launch_id, "rows" if launch.parts else "fleet"))
    draft = dict(launch.draft)
    if fix and fix != draft.get("fix"):
        draft = _begun(request, fix, draft)
    return _show(request, viewer, launch, draft, {})


@router.post("/launch/{launch_id}/campaign")
def opened(request: Request, viewer: Changer, launch_id: str, form: Form) -> Response:
    """Write the file and open the campaign, or say what is wrong at each field."""
    kept = launch_named(request, launch_id)
    names = [*FIELDS, *(key for key in form.fields if key.startswith(PARAMETER))]
    draft = {name: form.text(name, "") for name in names if form.text(name, "")}
    folder = portal_of(request).settings.workspace
    spec_of(form.text("fix"), folder)
    try:
        made = open_campaign(services_of(request), folder, draft, mine=kept.value.campaign_id, by=viewer.by)
    except Wrong as error:
        keep(request, viewer, replace(kept.value, draft=draft), kept, "launch campaign drafted")
        return _show(request, viewer, kept.value, draft, dict(error.fields), status=400)
    opened_id = str(made.file.campaign.id)
    launch = replace(kept.value, draft=draft, campaign_id=opened_id, file=made.name)
    keep(request, viewer, launch, kept, "launch campaign opened")
    audited(request, viewer, "campaign opened", campaign_id=opened_id, launch=launch_id, file=made.name)
    said = f"{made.file.campaign.name} is open for {count(made.hosts, 'machine')}; its file is {made.name}"
    return back_to(request, path_of(launch_id, "probe"), say=said)


def _begun(request: Request, fix: str, before: dict[str, str]) -> dict[str, str]:
    """What the form begins with for a fix; what was typed already stays, but for another fix's parameters."""
    spec_of(fix, portal_of(request).settings.workspace)
    reading = reading_of(request)
    there = [str(one.id) for one in reading.campaigns()]
    first = first_draft(fix, reading.now, _usual_zone(reading), there)
    return {**first, **{key: text for key, text in before.items() if not key.startswith(PARAMETER)}, "fix": fix}


def _usual_zone(reading: Reading) -> str:
    """The zone in which most sites stand."""
    found = Counter(one.timezone for one in reading.fleet.sites).most_common(1)
    return found[0][0] if found else "UTC"


def _show(
    request: Request, viewer: Viewer, launch: Launch, draft: dict[str, str], wrong: dict[str, str], status: int = 200
) -> Response:
    folder, reading = portal_of(request).settings.workspace, reading_of(request)
    fixes = fixes_in(folder)
    chosen = next((one for one in fixes if one.name == draft.get("fix")), None)
    parameters = parameters_of(spec_of(chosen.name, folder), draft) if chosen else ()
    usual = {key: default for key, (_, default) in NUMBERS.items()}
    more = (*NUMBERS, *LISTS, "gates.windows")
    return show(
        request,
        viewer,
        launch,
        "campaign",
        status=status,
        draft={**dict.fromkeys(FIELDS, ""), **draft},
        wrong=wrong,
        fixes=fixes,
        chosen=chosen,
        needed=[one for one in parameters if one.required],
        optional=[one for one in parameters if not one.required],
        numbers=[(key, label, draft.get(key, default), default) for key, (label, default) in NUMBERS.items()],
        lists=[(key, label, draft.get(key, ""), hint) for key, (label, hint) in LISTS.items()],
        more_open=any(draft.get(key, "") not in {"", usual.get(key, "")} or key in wrong for key in more),
        optional_open=any(key in wrong for key in (one.name for one in parameters if not one.required)),
        machines=len(reading.fleet.hosts),
        zones=zones(),
    )
