"""A large dispatched world for the portal's benchmark, drawn with a seed, in the middle of its waves.

A quarter of a million events: every host probed, four in ten pushed in waves, a plan that binds and is half over. The
workspace is built once and kept below ``.cache`` (for SQLite); PostgreSQL's is built anew.
"""

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from itertools import islice
from pathlib import Path
from random import Random
from typing import cast

import psycopg
from sqlalchemy import select, text

from ledger.database import Database
from ledger.portal_rows import Account, Session
from ledger.portal_store import portal_store_of
from ledger.store import SqlLedger
from ledger.tables import METADATA
from muster.campaign import Campaign
from muster.crew import Crew, Engineer, Partner, Shift
from muster.fleet import AccessWindow, Client, Fleet, Host, OsFamily, Place, Site, TransportName
from muster.ids import (
    CampaignId,
    ClientId,
    FixName,
    HostId,
    PartnerId,
    PersonId,
    PlanId,
    RunnerId,
    SiteId,
    VisitId,
)
from muster.outcomes import Evidence, Finding, HostOutcome, HostStatus, Stage, Verdict
from muster.plan import Assignment, Plan, PlanCost, Reason, Unplaced, Visit, VisitMode
from muster.ports import Ledger
from muster.records import ProbeRecord, WaveState
from muster.settings import Settings
from muster.steps import Fact, StepName
from muster.wiring import Wired
from partners.papers import FILES, change
from portal.access import Role
from portal.keys import hashed
from tests.partners.make import agreement, good_file, scores

SEED = 2026
VERSION = 1
"""Raised when the drawing changes, so that an older cached world is not taken for this one."""
CAMPAIGN = CampaignId("big")
NOW = datetime(2026, 10, 20, 16, 0, tzinfo=UTC)
START = datetime(2026, 10, 12, 13, 0, tzinfo=UTC)
DEADLINE = datetime(2026, 11, 10, 9, tzinfo=UTC)
ZONES = ("America/Vancouver", "America/Edmonton", "America/Toronto")
BY = "benchmark"
RUNNER = RunnerId("desk:1:1")
PEOPLE_PER_PARTNER = 10
PARTNERS_SHARE = 0.4
HOSTS_PER_WAVE = 2000
BATCH = 2000
STALE = Finding(Verdict.STALE, "an hour off from 1 November", (Fact("system", "2026-11-22T12:00:00Z", "-0800"),))
RIGHT = Finding(Verdict.RIGHT, "right at every instant", (Fact("system", "2026-11-22T12:00:00Z", "-0700"),))
CAUSES = tuple(f"{what} ({number})" for number in range(12) for what in ("disk full", "package lock held", "no login"))


@dataclass(frozen=True, slots=True)
class Size:
    """How large it is."""

    hosts: int = 100_000
    visits: int = 10_000
    people: int = 500

    @property
    def sites(self) -> int:
        """Places; some have several visits."""
        return max(4, self.visits * 2 // 5)

    @property
    def clients(self) -> int:
        """Customers of very different sizes."""
        return max(2, self.sites // 5)


@dataclass(frozen=True)
class BigWorld:
    """The world, opened."""

    services: Wired
    settings: Settings
    size: Size

    @property
    def ledger(self) -> Ledger:
        """Its ledger."""
        return self.services.ledger


def cached_world(cache: Path, size: Size) -> Path:
    """The workspace of a world on SQLite, built when it is not there yet."""
    folder = cache / f"portal-{VERSION}-{SEED}-{size.hosts}-{size.visits}-{size.people}"
    if not (folder / "done").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        world = open_world(folder, size)
        build(world)
        world.services.close()
        (folder / "done").touch()
    return folder


def open_world(folder: Path, size: Size, ledger_url: str = "sqlite:///muster.db") -> BigWorld:
    """A world in a workspace; its clock stands in the middle of the campaign and runs on."""
    shift_s = (NOW - datetime.now(UTC)).total_seconds()
    settings = Settings(workspace=folder.resolve(), ledger_url=ledger_url, clock_shift_s=shift_s)
    return BigWorld(Wired(settings), settings, size)


def build(world: BigWorld) -> None:
    """Draw it and write it, event by event, as a campaign does."""
    dice, ledger = Random(SEED), world.ledger  # noqa: S311 - a drawing that can be repeated
    fleet, crew = _fleet(world.size, dice), _crew(world.size)
    ledger.save_inventory(fleet, crew, by=BY)
    host_ids = [host.id for host in fleet.hosts]
    ledger.open_campaign(_campaign(), host_ids, by=BY)
    for some in _batches(host_ids):
        ledger.begin_probes(CAMPAIGN, some, by=BY)
        ledger.record_probes(CAMPAIGN, [_probe(host_id, dice) for host_id in some], by=BY)
    plan = _plan(fleet, crew, world.size, ledger.revision())
    ledger.save_plan(plan, by=BY)
    ledger.dispatch(plan.id, by=BY, expected_revision=ledger.revision())
    _push(ledger, plan, world.size.hosts * 4 // 10, dice)


def fill(world: BigWorld, folder: Path) -> None:
    """Fill the empty PostgreSQL database of a world with the rows of the one in a folder: the same world, sooner."""
    other = open_world(folder, world.size)
    source, target = _database(other.ledger), _database(world.ledger)
    with source.reading() as reading, target.writing() as writing:
        driver = cast("psycopg.Connection[object]", writing.connection.driver_connection)
        for table in METADATA.sorted_tables:
            columns = ", ".join(f'"{column.name}"' for column in table.columns)
            with driver.cursor().copy(f'COPY "{table.name}" ({columns}) FROM STDIN'.encode()) as copy:
                for row in reading.execute(select(table)):
                    copy.write_row(tuple(row))
    with target.writing() as writing:
        writing.execute(text("ANALYZE"))
    other.services.close()


def _database(ledger: Ledger) -> Database:
    if not isinstance(ledger, SqlLedger):
        raise TypeError(f"{ledger!r} is not on a database")
    return ledger.database


def _sign(world: BigWorld) -> None:
    """Vet every partner, with an agreement that covers the campaign, so that it is shown its visits."""
    book, today = world.services.book, START.date()
    files = (
        good_file(one.id, name=one.name, scores=scores(on=today), agreements=(agreement(id=f"A-{one.id}"),))
        for one in world.ledger.crew().partners
    )
    book.write([change(FILES, one, "partner added", book.find(FILES, one.id)) for one in files], by=BY)


def readers(world: BigWorld, count: int) -> tuple[tuple[Account, str], ...]:
    """So many accounts of all roles, each with the word of a session; the partners are vetted and have signed."""
    _sign(world)
    store, crew = portal_store_of(world.ledger), world.ledger.crew()
    now, found = datetime.now(UTC), []
    own = [one for one in crew.engineers if one.partner_id is None]
    others = [one for one in crew.engineers if one.partner_id is not None]
    for number in range(count):
        account = _account(number, own[number % len(own)], others[number % len(others)], world.size)
        store.add_account(replace(account, created_at=now, created_by=BY))
        word = f"reader-{number}-{now.timestamp()}"
        ends = now + timedelta(hours=12)
        store.begin_session(
            Session(hashed(word), account.id, None, "password", now, now, ends, "127.0.0.1", "benchmark")
        )
        found.append((account, word))
    return tuple(found)


def _account(number: int, own: Engineer, other: Engineer, size: Size) -> Account:
    """Of ten readers: four managers and auditors, three engineers, two of partners, one of a client."""
    name = f"reader{number}"
    match number % 10:
        case 0 | 1 | 2:
            return Account(name, name, Role.MANAGER, timezone=ZONES[0])
        case 3:
            return Account(name, name, Role.AUDITOR, timezone=ZONES[0])
        case 4 | 5 | 6:
            return Account(name, name, Role.ENGINEER, engineer_id=own.id, timezone=ZONES[0])
        case 7:
            return Account(name, name, Role.PARTNER_MANAGER, partner_id=other.partner_id, timezone=ZONES[0])
        case 8:
            partner, person = other.partner_id, other.id
            return Account(
                name, name, Role.PARTNER_TECHNICIAN, partner_id=partner, engineer_id=person, timezone=ZONES[0]
            )
        case _:
            client = f"c{number % size.clients:04}"
            return Account(name, name, Role.CLIENT_CONTACT, client_ids=(client,), timezone=ZONES[0])


def _fleet(size: Size, dice: Random) -> Fleet:
    clients = tuple(
        Client(ClientId(f"c{number:04}"), f"Client {number:04}", f"it@c{number:04}.example", priority=1 + number % 5)
        for number in range(size.clients)
    )
    weekdays = tuple(AccessWindow(day, time(7), time(18)) for day in range(5))
    sites = tuple(
        Site(
            SiteId(f"s{number:05}"),
            ClientId(f"c{_owner(number, size, dice):04}"),
            f"Place {number:05}",
            ZONES[number % 3],
            ("north", "coast", "east")[number % 3],
            f"{number} Main St",
            Place(49 + dice.random() * 5, -123 + dice.random() * 30),
            weekdays,
            ("office", "clinic", "shop")[number % 3],
        )
        for number in range(size.sites)
    )
    return Fleet(clients, sites, tuple(_host(number, size) for number in range(size.hosts)))


def _owner(number: int, size: Size, dice: Random) -> int:
    """Every client has a site, and a few have many."""
    return number if number < size.clients else int(size.clients * dice.random() ** 3)


def _host(number: int, size: Size) -> Host:
    windows = number % 3 != 0
    return Host(
        HostId(f"h{number:06}"),
        SiteId(f"s{number % size.sites:05}"),
        f"{'WS' if windows else 'srv'}-{number:06}",
        f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}",
        os=OsFamily.WINDOWS if windows else OsFamily.LINUX,
        os_version=("Windows 11", "Windows Server 2022", "Debian 12")[2 if not windows else number % 2],
        role=("desktop", "server", "till")[number % 3],
        transport=TransportName.WINRM if windows else TransportName.SSH,
        credential="env:HOSTS_KEY",
    )


def _crew(size: Size) -> Crew:
    shifts = tuple(Shift(day, time(8), time(17)) for day in range(5))
    partners = max(1, int(size.people * PARTNERS_SHARE) // PEOPLE_PER_PARTNER)

    def person(number: int) -> Engineer:
        partner = PartnerId(f"p{number % partners:02}") if number < partners * PEOPLE_PER_PARTNER else None
        return Engineer(
            PersonId(f"e{number:04}"),
            f"Person {number:04}",
            ZONES[number % 3],
            shifts,
            frozenset({"linux", "windows"}),
            partner,
            f"e{number:04}@{partner or 'us'}.example",
            Place(49.2, -123.1),
        )

    return Crew(
        tuple(person(number) for number in range(size.people)),
        tuple(Partner(PartnerId(f"p{number:02}"), f"Partner {number:02}") for number in range(partners)),
    )


def _campaign() -> Campaign:
    return Campaign(
        CAMPAIGN,
        "The clocks stay",
        FixName("tzdata"),
        DEADLINE,
        timezone=ZONES[0],
        reason="Machines with old rules would be an hour late from 1 November.",
        parameters={"instants": "2026-11-22T12:00:00Z"},
    )


def _probe(host_id: HostId, dice: Random) -> ProbeRecord:
    drawn = dice.random()
    if drawn < 0.10:
        return ProbeRecord(host_id, HostStatus.RIGHT, RIGHT, Stage.FINISHED, "", "", NOW)
    if drawn < 0.15:
        cause, hint = "refused: nothing listens on port 22", "is its SSH service running?"
        return ProbeRecord(host_id, HostStatus.UNREACHABLE, None, Stage.CONNECT, cause, hint, NOW)
    return ProbeRecord(host_id, HostStatus.STALE, STALE, Stage.FINISHED, "", "", NOW)


def _plan(fleet: Fleet, crew: Crew, size: Size, revision: int) -> Plan:
    """Visits one after another: each person has one a day or so, over twenty working days."""
    hosts: dict[SiteId, list[HostId]] = {site.id: [] for site in fleet.sites}
    for host in fleet.hosts:
        hosts[host.site_id].append(host.id)
    visits = tuple(_visits(fleet, hosts, size))
    placed = visits[: len(visits) * 98 // 100]
    assignments = tuple(_assigned(number, visit, crew) for number, visit in enumerate(placed))
    reason = Reason("skills", "nobody who may go there is free before the deadline", "two more hours of somebody")
    return Plan(
        PlanId("plan-big"),
        CAMPAIGN,
        START - timedelta(days=2),
        visits,
        assignments,
        tuple(Unplaced(visit.id, (reason,)) for visit in visits[len(placed) :]),
        PlanCost(123_450_00, 20_000_00, 0, 63_000_00),
        objective=1000.0,
        bound=968.0,
        seed=1,
        ledger_revision=revision,
        solver="drawn",
    )


def _visits(fleet: Fleet, hosts: dict[SiteId, list[HostId]], size: Size) -> Iterator[Visit]:
    per_visit = max(1, size.hosts // size.visits)
    number = 0
    for site in fleet.sites:
        here = hosts[site.id]
        for begin in range(0, len(here), per_visit):
            mode = VisitMode.REMOTE if number % 4 == 0 else VisitMode.ONSITE
            yield Visit(
                VisitId(f"v{number:05}"),
                site.client_id,
                site.id,
                mode,
                tuple(here[begin : begin + per_visit]),
                90,
                frozenset({"linux", "windows"}),
                3,
                START,
                DEADLINE,
            )
            number += 1


def _assigned(number: int, visit: Visit, crew: Crew) -> Assignment:
    person = crew.engineers[number % len(crew.engineers)]
    turn = number // len(crew.engineers)
    day, slot = divmod(turn, 2)
    starts = START + timedelta(days=day + 2 * (day // 5), hours=3 * slot)
    return Assignment(visit.id, person.id, starts, starts + timedelta(minutes=90), 20)


def _push(ledger: Ledger, plan: Plan, count: int, dice: Random) -> None:
    """Waves over the hosts of the earliest visits; a few fail, fewer are unknown."""
    by_start = sorted(plan.assignments, key=lambda one: one.starts_at)
    due = (host_id for one in by_start for host_id in plan.visit[one.visit_id].host_ids)
    host_ids = list(islice(due, count))
    for begin in range(0, len(host_ids), HOSTS_PER_WAVE):
        wave = ledger.open_wave(CAMPAIGN, host_ids[begin : begin + HOSTS_PER_WAVE], by=BY)
        leases = ledger.claim(
            CAMPAIGN, wave.host_ids, runner_id=RUNNER, step=StepName.APPLY, wave=wave.number, lease_s=3600
        )
        ledger.finish([(lease, outcome(dice)) for lease in leases])
        if begin + HOSTS_PER_WAVE < len(host_ids):
            ledger.close_wave(CAMPAIGN, wave.number, WaveState.PASSED, f"{len(leases)} pushed", by=BY)


def outcome(dice: Random) -> HostOutcome:
    """How one push ended."""
    drawn = dice.random()
    status = HostStatus.VERIFIED if drawn < 0.95 else HostStatus.FAILED if drawn < 0.985 else HostStatus.UNKNOWN
    good = status is HostStatus.VERIFIED
    cause = "" if good else dice.choice(CAUSES)
    evidence = Evidence(STALE, RIGHT if good else None, ("tzdata 2026.2",) if good else ())
    return HostOutcome(status, Stage.FINISHED if good else Stage.COMMAND, cause, "", evidence, 12.5, datetime.now(UTC))


def _batches(host_ids: Sequence[HostId]) -> Iterator[Sequence[HostId]]:
    for begin in range(0, len(host_ids), BATCH):
        yield host_ids[begin : begin + BATCH]
