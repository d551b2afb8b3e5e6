"""Step 2: what each column of a file is taken for, and what the file does not say."""

from dataclasses import replace

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from inventory.columns import squeeze
from inventory.formats import BadValue, weekly, zones
from inventory.formats.credentials import parse_credential
from inventory.formats.systems import parse_system
from inventory.presets import PRESETS, check_target, label_of, likely, parts_of
from inventory.presets_files import missing
from inventory.presets_tables import Export
from partners.papers import change
from portal.access import Viewer
from portal.forms import Form, Posted, audited
from portal.launch.common import show
from portal.launch.queries import clients_in, column_lines, gaps_of, preset_choices, target_choices
from portal.launch.queries import zones as zone_names
from portal.launch.sheet import export_of
from portal.launch.state import (
    MAPPINGS,
    Launch,
    Part,
    book_of,
    folder_of,
    keep,
    launch_named,
    mapping_of,
    proposed,
    saved_mappings,
)
from portal.launch.steps import path_of
from portal.manager.common import Changer
from portal.render import back_to
from portal.services import reading_of

router = APIRouter()
PARSERS = {
    "sites.timezone": zones.parse_zone,
    "hosts.os": parse_system,
    "hosts.credential": parse_credential,
    "sites.access": weekly.parse_weekly,
}
"""Defaults that can be looked at before any row is."""


@router.get("/launch/{launch_id}/columns")
def columns(request: Request, viewer: Changer, launch_id: str, part: str = "") -> Response:
    """Every column of one file."""
    launch = launch_named(request, launch_id).value
    if not launch.parts:
        return back_to(request, path_of(launch_id, "fleet"))
    waiting = next((one.key for one in launch.parts if not one.confirmed), "")
    return _show(request, viewer, launch, launch.part(part or waiting), {})


@router.post("/launch/{launch_id}/columns/preset")
def choose(request: Request, viewer: Changer, launch_id: str, form: Form) -> Response:
    """Propose the columns anew, by another preset."""
    kept = launch_named(request, launch_id)
    part = kept.value.part(form.text("part"))
    export = export_of(folder_of(request, launch_id), part)
    part = proposed(part, export, form.text("preset"), saved_mappings(book_of(request)))
    keep(request, viewer, kept.value.with_part(part), kept, "launch columns proposed")
    return back_to(request, f"{path_of(launch_id, 'columns')}?part={part.key}")


@router.post("/launch/{launch_id}/columns")
def confirm(request: Request, viewer: Changer, launch_id: str, form: Form) -> Response:
    """Keep what was chosen; go on when it holds together."""
    kept = launch_named(request, launch_id)
    part = kept.value.part(form.text("part"))
    export = export_of(folder_of(request, launch_id), part)
    part, wrong = _filled(part, export, form)
    part = replace(part, confirmed=not wrong)
    launch = replace(kept.value.with_part(part), imported="")
    if wrong:
        return _show(request, viewer, launch, part, wrong, status=400)
    keep(request, viewer, launch, kept, "launch columns confirmed")
    if name := form.text("save_as", "")[:60]:
        _save(request, viewer, name, part, export)
    audited(request, viewer, "launch columns confirmed", launch=launch_id, file=part.title)
    left = [one for one in launch.parts if not one.confirmed]
    there = f"{path_of(launch_id, 'columns')}?part={left[0].key}" if left else path_of(launch_id, "rows")
    return back_to(request, there)


def _filled(part: Part, export: Export, form: Posted) -> tuple[Part, dict[str, str]]:
    """The part with what the form says, and what is wrong with it by field."""
    targets = tuple(check_target(form.text(f"t-{number}", "")) for number in range(len(export.columns)))
    defaults = {key[2:]: form.text(key, "") for key in form.fields if key.startswith("d-")}
    defaults = {check_target(target): text for target, text in defaults.items() if text}
    own = {f"{key[2:]}\tsites.timezone": form.text(key, "") for key in form.fields if key.startswith("z-")}
    wrong = _wrong_columns(targets, export) | _wrong_texts(defaults, own)
    safe = {
        target: text for target, text in defaults.items() if f"d-{target}" not in wrong or "credential" not in target
    }
    filled = replace(part, targets=targets, defaults=safe, of_client={key: text for key, text in own.items() if text})
    for target in missing(filled.taking()):
        wrong.setdefault(f"d-{target}", "is needed: no column says it, so give one for all")
    if "" not in wrong and not any(targets):
        wrong[""] = "No column is used: say what at least one of them is."
    return filled, wrong


def _wrong_columns(targets: tuple[str, ...], export: Export) -> dict[str, str]:
    wrong: dict[str, str] = {}
    seen: dict[str, str] = {}
    for number, target in enumerate(targets):
        for one in parts_of(target):
            if one in seen:
                wrong[f"t-{number}"] = f"{seen[one]} is taken for this already: choose one of the two"
            seen.setdefault(one, export.columns[number])
    words = {one.partition(".")[0] for one in seen}
    if len(words) > 1 and words & {"crew", "partners"}:
        wrong[""] = "People, partners and machines do not stand in the same rows: use a file for each."
    return wrong


def _wrong_texts(defaults: dict[str, str], own: dict[str, str]) -> dict[str, str]:
    wrong: dict[str, str] = {}
    asked = [(f"d-{target}", target, text) for target, text in defaults.items()]
    asked += [(f"z-{key.partition(chr(9))[0]}", "sites.timezone", text) for key, text in own.items() if text]
    for field, target, text in asked:
        try:
            if target in PARSERS:
                PARSERS[target](text)
        except BadValue as error:
            wrong[field] = f"{error.wrong}: {error.right}"
    return wrong


def _save(request: Request, viewer: Viewer, name: str, part: Part, export: Export) -> None:
    book = book_of(request)
    before = book.find(MAPPINGS, name)
    book.write([change(MAPPINGS, mapping_of(name, part, export), "column mapping saved", before)], by=viewer.by)
    audited(request, viewer, "column mapping saved", name=name)


def _show(
    request: Request, viewer: Viewer, launch: Launch, part: Part, wrong: dict[str, str], status: int = 200
) -> Response:
    export = export_of(folder_of(request, launch.id), part)
    preset, names = likely(part.title, export.columns)
    fits = PRESETS[preset].title if preset in PRESETS else ""
    return show(
        request,
        viewer,
        launch,
        "columns",
        status=status,
        part=part,
        lines=column_lines(export, part),
        gaps=gaps_of(part),
        clients=clients_in(export, part, reading_of(request).fleet),
        presets=preset_choices(saved_mappings(book_of(request))),
        targets=target_choices(),
        label_of=label_of,
        lacks=PRESETS[part.preset].lacks if part.preset in PRESETS else "",
        fits=(fits, names, len({squeeze(one) for one in export.columns})) if fits and part.preset == preset else None,
        wrong=wrong,
        zones=zone_names(),
    )
