"""Files that a PSA takes in: a ticket for each visit, and its place in somebody's calendar.

The columns are the fields of ConnectWise Manage's tickets and schedule entries, and of Autotask's tickets. A PSA knows
companies, sites and people by its own names or numbers; the mapping file gives them, and what it lacks is named.
"""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from muster.crew import Crew
from muster.errors import InputError
from muster.files import why_unreadable
from muster.fleet import Fleet
from muster.ids import HostId
from muster.plan import Assignment, Plan, Visit, VisitMode
from muster.records import HostState
from reports.cells import disarm


class PsaSystem(StrEnum):
    """Which PSA."""

    CONNECTWISE = "connectwise"
    AUTOTASK = "autotask"


class PsaNames(BaseModel):
    """The mapping file ``psa.yml``: our ids on the left, the PSA's on the right."""

    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)

    companies: dict[str, str] = Field(default_factory=dict)
    sites: dict[str, str] = Field(default_factory=dict)
    people: dict[str, str] = Field(default_factory=dict)
    contracts: dict[str, str] = Field(default_factory=dict)
    contacts: dict[str, str] = Field(default_factory=dict)
    board: str = "Service"
    team: str = ""
    queue: str = ""
    status_open: str = "Scheduled"
    status_done: str = "Completed"
    priorities: dict[int, str] = Field(default_factory=dict)


@dataclass(frozen=True)
class Desk:
    """What tickets are made from."""

    campaign: str
    campaign_id: str
    reason: str
    plan: Plan
    fleet: Fleet
    crew: Crew
    states: Mapping[HostId, HostState]
    now: datetime


@dataclass(frozen=True)
class Table:
    """One file: its name, its columns, its rows."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def csv(self) -> bytes:
        """In UTF-8 with its mark, every text disarmed."""
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator="\r\n")
        writer.writerow(self.columns)
        writer.writerows([disarm(cell) for cell in row] for row in self.rows)
        return text.getvalue().encode("utf-8-sig")


CONNECTWISE_TICKET = (
    "summary", "board", "status", "company", "site", "contact", "owner", "team", "priority", "requiredDate",
    "budgetHours", "actualHours", "parentTicketId", "externalXRef", "customFields",
)  # fmt: skip
CONNECTWISE_ENTRY = ("objectId", "member", "type", "status", "dateStart", "dateEnd", "hours", "doneFlag")
AUTOTASK_TICKET = (
    "title", "companyID", "companyLocationID", "contactID", "status", "priority", "queueID", "assignedResourceID",
    "dueDateTime", "estimatedHours", "contractID",
)  # fmt: skip


def psa_tables(system: PsaSystem, desk: Desk, names: PsaNames) -> tuple[Table, ...]:
    """The files for a PSA."""
    visits = sorted(desk.plan.assignments, key=lambda one: (one.starts_at, one.visit_id, one.person_id))
    if system is PsaSystem.AUTOTASK:
        return (Table("autotask-tickets", AUTOTASK_TICKET, tuple(_autotask(desk, one, names) for one in visits)),)
    return (
        Table("connectwise-tickets", CONNECTWISE_TICKET, tuple(_connectwise(desk, one, names) for one in visits)),
        Table("connectwise-schedule", CONNECTWISE_ENTRY, tuple(_entry(desk, one, names) for one in visits)),
    )


def unmapped(system: PsaSystem, desk: Desk, names: PsaNames) -> tuple[str, ...]:
    """What the mapping lacks, in sentences; ConnectWise takes names where there is no mapping, Autotask does not."""
    if system is PsaSystem.CONNECTWISE and not (names.companies or names.people):
        return ()
    visits = [desk.plan.visit[one.visit_id] for one in desk.plan.assignments]
    wanted: tuple[tuple[str, Iterable[str], Mapping[str, str]], ...] = (
        ("companies", (visit.client_id for visit in visits), names.companies),
        ("people", (one.person_id for one in desk.plan.assignments), names.people),
    )
    return tuple(f"{key}: {id_}" for key, ids, there in wanted for id_ in dict.fromkeys(ids) if id_ not in there)


def read_mapping(path: Path) -> PsaNames:
    """The mapping file; an empty one where there is none.

    Raises:
        InputError: it cannot be read, or holds a key that is none.
    """
    if not path.exists():
        return PsaNames()
    try:
        return PsaNames.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")) or {})
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError(f"{path}: cannot be read: {why_unreadable(error)}") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        known = ", ".join(PsaNames.model_fields)
        raise InputError(f"{path}, {where}: {first['msg'].lower()}", hint=f"it may hold {known}") from None


def _connectwise(desk: Desk, one: Assignment, names: PsaNames) -> tuple[str, ...]:
    visit = desk.plan.visit[one.visit_id]
    client, site = desk.fleet.client[visit.client_id], desk.fleet.site[visit.site_id]
    return (
        _summary(desk, visit),
        names.board,
        _status(desk, visit, names),
        names.companies.get(client.id, client.name),
        names.sites.get(site.id, site.name),
        names.contacts.get(client.id, client.email),
        names.people.get(one.person_id, desk.crew.engineer[one.person_id].name),
        names.team,
        names.priorities.get(visit.priority, f"Priority {visit.priority}"),
        _utc(one.ends_at),
        _hours(visit.effort_minutes),
        "",
        "",
        _reference(desk, one),
        "",
    )


def _entry(desk: Desk, one: Assignment, names: PsaNames) -> tuple[str, ...]:
    visit = desk.plan.visit[one.visit_id]
    return (
        _reference(desk, one),
        names.people.get(one.person_id, desk.crew.engineer[one.person_id].name),
        "Service",
        "Firm",
        _utc(one.starts_at),
        _utc(one.ends_at),
        _hours((one.ends_at - one.starts_at).total_seconds() / 60),
        "true" if _done(desk, visit) else "false",
    )


def _autotask(desk: Desk, one: Assignment, names: PsaNames) -> tuple[str, ...]:
    visit = desk.plan.visit[one.visit_id]
    return (
        _summary(desk, visit),
        names.companies.get(visit.client_id, ""),
        names.sites.get(visit.site_id, ""),
        names.contacts.get(visit.client_id, ""),
        _status(desk, visit, names),
        names.priorities.get(visit.priority, str(visit.priority)),
        names.queue,
        names.people.get(one.person_id, ""),
        _utc(one.ends_at),
        _hours(visit.effort_minutes),
        names.contracts.get(visit.client_id, ""),
    )


def _summary(desk: Desk, visit: Visit) -> str:
    """At most 100 characters, which is what ConnectWise keeps of it."""
    site, how = desk.fleet.site[visit.site_id], "" if visit.mode is VisitMode.ONSITE else " (remote)"
    return f"{desk.campaign}: {site.name}, {len(visit.host_ids)} machines{how}"[:100]


def _status(desk: Desk, visit: Visit, names: PsaNames) -> str:
    return names.status_done if _done(desk, visit) else names.status_open


def _done(desk: Desk, visit: Visit) -> bool:
    states: Sequence[HostState | None] = [desk.states.get(host_id) for host_id in visit.host_ids]
    return all(state is not None and state.status.protected for state in states)


def _reference(desk: Desk, one: Assignment) -> str:
    """What a ticket and its schedule entry are matched by; one for each person of a visit."""
    return f"{desk.campaign_id}/{one.visit_id}/{one.person_id}"


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _hours(minutes: float) -> str:
    return f"{minutes / 60:.2f}"
