"""The campaign as a form: its fields, the file that is made of them, and errors at the field that is wrong."""

import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import yaml

from muster.campaign_file import CampaignFile, read_campaign_file
from muster.errors import CampaignFileError, Conflict, InputError
from muster.files import write_whole
from muster.wiring import Wired
from playbooks.catalog import entries, fix_spec
from playbooks.contract import FixSpec

FILE = "campaign.yml"
FOLDER = "campaigns"
EXAMPLE_ID = "my-campaign"
"""The id in the campaign file that ``muster init`` writes to be filled in."""
PARAMETER = "p."
NUMBERS = {
    "waves.canary_per_kind": ("Hosts of each kind in the first wave", "1"),
    "waves.growth_factor": ("Each wave is at most so many times the last", "2"),
    "waves.max_wave_hosts": ("Hosts in a wave at most", "500"),
    "waves.min_success_rate": ("Share that must be verified, or the campaign halts", "0.9"),
    "waves.tolerated_failures": ("Failures that a wave may have", "0"),
    "waves.soak_seconds": ("Seconds that a wave is watched before the next", "0"),
    "gates.max_failures_per_host": ("Failures in a row before a host waits for a person", "3"),
    "effort.remote_minutes_per_host": ("Minutes for a machine from afar", "3"),
    "effort.onsite_minutes_per_host": ("Minutes for a machine on site", "20"),
    "effort.setup_minutes": ("Minutes to set up a visit", "10"),
}
"""Key of the campaign file, label and default; what is left as it is does not stand in the file."""
LISTS = {
    "hosts.clients": ("Only these clients", "ids, separated by commas; empty: all"),
    "hosts.sites": ("Only these sites", "ids"),
    "hosts.os": ("Only these systems", "linux, windows"),
    "hosts.roles": ("Only these roles", "such as server"),
    "hosts.tags": ("Only these tags", "such as pilot"),
}
MOMENT = "%Y-%m-%d %H:%M"


@dataclass(frozen=True, slots=True)
class FixChoice:
    """A fix of the catalogue."""

    name: str
    title: str
    notice: str
    systems: tuple[str, ...]
    own: bool


@dataclass(frozen=True, slots=True)
class ParameterField:
    """A parameter of the fix as a field."""

    name: str
    label: str
    kind: str
    value: str
    help: str
    choices: tuple[str, ...]
    required: bool
    placeholder: str


@dataclass(frozen=True, slots=True)
class Written:
    """The campaign that was opened, and its file in the workspace."""

    file: CampaignFile
    name: str
    hosts: int


class Wrong(InputError):
    """Fields of the form are wrong: what is wrong with each, by the field's name; ``""`` is the whole."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        super().__init__("the campaign is not complete")
        self.fields = fields


def fixes_in(folder: Path) -> tuple[FixChoice, ...]:
    """Every fix that can be used."""
    return tuple(
        FixChoice(
            str(one.name), one.spec.title, one.spec.clients_notice, tuple(os.value for os in one.spec.families), one.own
        )
        for one in entries(folder)
        if one.spec
    )


def parameters_of(spec: FixSpec, draft: Mapping[str, str]) -> tuple[ParameterField, ...]:
    """The parameters of a fix: those that must be given first."""
    fields = [
        ParameterField(
            PARAMETER + name,
            name.replace("_", " ").capitalize(),
            one.type,
            draft.get(PARAMETER + name, one.default or ""),
            one.description,
            one.choices if one.type == "choice" else (),
            one.default is None,
            one.example,
        )
        for name, one in spec.parameters.items()
    ]
    return tuple(sorted(fields, key=lambda one: not one.required))


def first_draft(fix: str, now: datetime, zone: str, there: Sequence[str]) -> dict[str, str]:
    """What the form begins with: a deadline four weeks away, on a Friday evening, and an id nobody has."""
    day = now + timedelta(days=28)
    day += timedelta(days=(4 - day.weekday()) % 7)
    name, number = f"{fix}-{day:%Y-%m}", 2
    while name in there:
        name, number = f"{fix}-{day:%Y-%m}-{number}", number + 1
    return {"id": name, "deadline": f"{day:%Y-%m-%d}T18:00", "timezone": zone, "fix": fix}


def open_campaign(services: Wired, folder: Path, draft: Mapping[str, str], *, mine: str, by: str) -> Written:
    """Write the campaign's file and open it in the ledger; ``mine`` is the id that this launch opened before.

    Raises:
        Wrong: fields are wrong; nothing was written and nothing opened.
    """
    content = _content(draft)
    file = _read(content, draft)
    campaign, ledger = file.campaign, services.ledger
    if campaign.deadline <= services.clock.now():
        raise Wrong({"deadline": "is over already: give a date that is still to come"})
    if campaign.id != mine and any(one.id == campaign.id for one in ledger.campaigns()):
        raise Wrong({"id": "is the id of another campaign: give this one its own"})
    try:
        host_ids = file.hosts_of(ledger.fleet())
        services.check_fix(campaign)
        place = _place(folder, str(campaign.id), {str(one.id) for one in ledger.campaigns()})
        before = place.read_bytes() if place.exists() else None
        write_whole(place, content)
        try:
            ledger.open_campaign(campaign, host_ids, by=by)
        except BaseException:
            _put_back(place, before)
            raise
    except CampaignFileError as error:
        raise Wrong(_at_fields(error)) from None
    except Conflict as error:
        raise Wrong({"fix": error.message}) from None
    except InputError as error:
        raise Wrong(_at_parameter(error)) from None
    return Written(file, place.relative_to(folder).as_posix(), len(host_ids))


def _put_back(place: Path, before: bytes | None) -> None:
    if before is None:
        place.unlink(missing_ok=True)
    else:
        write_whole(place, before)


def _place(folder: Path, campaign_id: str, opened: set[str]) -> Path:
    """``campaign.yml`` where there is none, it is this one's, or it is the example, not filled in; else its own."""
    main = folder / FILE
    if not main.exists():
        return main
    try:
        known = str(read_campaign_file(main).campaign.id)
    except CampaignFileError:
        known = ""
    mine = known == campaign_id or (known == EXAMPLE_ID and known not in opened)
    return main if mine else folder / FOLDER / f"{campaign_id}.yml"


def _content(draft: Mapping[str, str]) -> bytes:
    """The file as it is written: the words first, then what differs from the defaults."""
    document: dict[str, object] = {key: draft.get(key, "") for key in ("id", "name", "fix")}
    document["deadline"] = draft.get("deadline", "").replace("T", " ") or None
    document["timezone"] = draft.get("timezone", "")
    document["reason"] = draft.get("reason", "")
    given = {key.removeprefix(PARAMETER): text for key, text in draft.items() if key.startswith(PARAMETER) and text}
    sections: dict[str, dict[str, object]] = {"parameters": dict(given)}
    for key, (_, default) in NUMBERS.items():
        text = draft.get(key, "").replace(",", ".")
        if text and text != default:
            section, _, name = key.partition(".")
            sections.setdefault(section, {})[name] = _number(text)
    if hours := draft.get("gates.windows", ""):
        sections.setdefault("gates", {})["windows"] = [{"hours": hours}]
    for key in LISTS:
        if words := [one.strip() for one in re.split(r"[,;]", draft.get(key, "")) if one.strip()]:
            sections.setdefault("hosts", {})[key.partition(".")[2]] = words
    document |= {name: section for name, section in sections.items() if section}
    head = "# Written by the portal's guide; every key: docs/campaign-file.md\n"
    return (head + yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=110)).encode()


def _number(text: str) -> object:
    """As YAML would read it: what is no number stays text, and is named as wrong."""
    try:
        return int(text) if text.lstrip("-").isdigit() else float(text)
    except ValueError:
        return text


def _read(content: bytes, draft: Mapping[str, str]) -> CampaignFile:
    if missing := {key: "is missing" for key in ("id", "name", "deadline", "timezone", "fix") if not draft.get(key)}:
        raise Wrong(missing)
    with tempfile.TemporaryDirectory(prefix="muster-campaign-") as place:
        path = Path(place) / FILE
        path.write_bytes(content)
        try:
            return read_campaign_file(path)
        except CampaignFileError as error:
            raise Wrong(_at_fields(error)) from None


def _at_fields(error: CampaignFileError) -> dict[str, str]:
    """What is wrong, by the name of the field; what belongs to none stands under the empty name."""
    if not error.problems:
        text = error.message.rpartition("campaign.yml: ")[2]
        return {
            "hosts.clients" if "no host of the fleet" in text else "": f"{text}: {error.hint}" if error.hint else text
        }
    found: dict[str, str] = {}
    for one in error.problems:
        parts = one.column.split(".")
        name = PARAMETER + ".".join(parts[1:]) if parts[0] == "parameters" else ".".join(parts[:2])
        value = f"{one.value!r} " if one.value else ""
        found.setdefault(name, f"{value}{one.wrong}: {one.right}")
    return found


def _at_parameter(error: InputError) -> dict[str, str]:
    found = re.search(r"parameters\.([a-z][a-z0-9_]*): (.*)", error.message, re.DOTALL)
    if found is None:
        return {"fix": error.in_a_line}
    text = re.sub(r"^Invalid isoformat string: ('.*?')", r"\1 is no instant", found[2])
    return {PARAMETER + found[1]: text}


def spec_of(name: str, folder: Path) -> FixSpec:
    """A fix of the catalogue.

    Raises:
        NotFound: there is none of that name.
    """
    return fix_spec(name, folder)
