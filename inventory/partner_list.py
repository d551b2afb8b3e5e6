"""Lists of partners as communities hand them out: a CSV of companies, whatever its columns are called.

Every good row becomes a file to vet; every bad one is named. Nobody is eligible because of a list.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from inventory.columns import squeeze
from inventory.csvfile import read_csv
from inventory.formats import BadValue, texts
from muster.errors import Problem
from muster.ids import PartnerId
from partners.file import PartnerFile

ALIASES: Mapping[str, tuple[str, ...]] = {
    "id": ("id", "partner_id", "member_id", "member number"),
    "name": ("name", "company", "company_name", "business name", "organization", "msp"),
    "email": ("email", "e-mail", "contact_email", "mail"),
    "phone": ("phone", "telephone", "contact_phone", "mobile"),
    "legal_name": ("legal_name", "legal entity", "registered name"),
    "tax_number": ("tax_number", "vat", "vat number", "tax id", "ein"),
    "regions": ("regions", "region", "coverage", "area", "service area", "state", "province"),
    "specialities": ("specialities", "specialties", "skills", "services", "expertise"),
}
"""The columns of a list, and what communities call them; every other column is passed over, and told."""


@dataclass(frozen=True, slots=True)
class PartnerList:
    """What a list holds.

    Attributes:
        files: one for each good row: a new one, or a known one with what the list says anew.
        problems: everything that is wrong; its rows are not among the files.
        notes: what was read in a way that a person may want to check.
    """

    files: tuple[PartnerFile, ...]
    problems: tuple[Problem, ...]
    notes: tuple[str, ...] = ()


def read_partner_list(path: Path, known: Mapping[PartnerId, PartnerFile]) -> PartnerList:
    """Read a list; what is wrong with it is in the result, nothing is raised because of what stands in it."""
    source = str(path)
    if not path.is_file():
        return PartnerList((), (Problem(source, "", "", "is not there", "give the path of a CSV file"),))
    records = read_csv(path, source)
    problems = list(records.problems)
    at, passed_over = _columns(records.header)
    notes = [*records.notes, *([f"{source}: passed over: {', '.join(passed_over)}"] if passed_over else [])]
    if records.header and "name" not in at:
        right = f"name a column {' or '.join(repr(name) for name in ALIASES['name'][:3])}"
        problems.append(Problem(f"{source} line {records.header_line}", "name", "", "is missing", right))
        return PartnerList((), tuple(problems), tuple(notes))
    found: dict[PartnerId, PartnerFile] = {}
    for cells, line in zip(records.rows, records.lines, strict=True):
        row = {name: cells[index] if index < len(cells) else "" for name, index in at.items()}
        file, wrong = _file(row, f"{source} line {line}", known, found)
        problems += wrong
        if file is not None:
            found[file.id] = file
    return PartnerList(tuple(found.values()), tuple(problems), tuple(notes))


def _columns(header: Sequence[str]) -> tuple[dict[str, int], list[str]]:
    squeezed = [squeeze(title) for title in header]
    at: dict[str, int] = {}
    for name, aliases in ALIASES.items():
        places = [squeezed.index(squeeze(alias)) for alias in aliases if squeeze(alias) in squeezed]
        if places:
            at[name] = places[0]
    return at, [title for index, title in enumerate(header) if title and index not in at.values()]


def _file(
    row: Mapping[str, str], place: str, known: Mapping[PartnerId, PartnerFile], found: Mapping[PartnerId, PartnerFile]
) -> tuple[PartnerFile | None, list[Problem]]:
    name = texts.parse_text(row.get("name", ""))
    if not name:
        return None, [Problem(place, "name", "", "is empty", "every row names a company")]
    problems: list[Problem] = []
    identity = row.get("id", "") or re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    try:
        partner_id = PartnerId(texts.parse_id(identity))
    except BadValue as error:
        return None, [Problem(place, "id", identity, error.wrong, error.right)]
    email = row.get("email", "")
    if email:
        try:
            email = texts.parse_email(email)
        except BadValue as error:
            problems.append(Problem(place, "email", email, error.wrong, error.right))
    if not partner_id:
        problems.append(Problem(place, "id", name, "gives no id", "add a column id"))
    if partner_id in found:
        problems.append(Problem(place, "id", partner_id, "is there already", "give each its own id, or drop one row"))
    if problems:
        return None, problems
    return _merged(known.get(partner_id) or PartnerFile(partner_id, name), row, name, email), []


def _merged(file: PartnerFile, row: Mapping[str, str], name: str, email: str) -> PartnerFile:
    """What the list says, over what is known; an empty cell says nothing. Judgements and agreements stay."""
    regions, specialities = _list(row.get("regions", "")), _list(row.get("specialities", ""))
    return replace(
        file,
        name=name,
        email=email or file.email,
        phone=texts.parse_text(row.get("phone", "")) or file.phone,
        legal_name=texts.parse_text(row.get("legal_name", "")) or file.legal_name,
        tax_number=texts.parse_text(row.get("tax_number", "")) or file.tax_number,
        regions=regions or file.regions,
        specialities=specialities or file.specialities,
    )


def _list(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part.strip() for part in re.split(r"[;,/]", text) if part.strip()))
