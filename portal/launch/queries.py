"""What the guide's pages show of what is known: launches, the fleet's size, columns, the plan."""

from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from zoneinfo import available_timezones

from inventory.presets import ASKED, OFTEN_ASKED, PRESETS, Taking, choices, label_of
from inventory.presets_files import missing
from inventory.presets_tables import Export, tables_of
from inventory.tables import Word
from muster.fleet import Fleet
from muster.plan import Plan, VisitMode
from partners.papers import Book
from portal.launch.state import LAUNCHES, SAVED, Launch, Part, SavedMapping
from portal.launch.steps import steps_of
from portal.reading import Reading

SAMPLES = 3
LONGEST_SAMPLE = 40
MOST_CLIENTS = 60
SHOWN_VISITS = 12
FIRST_ZONES = ("America/", "Europe/", "Australia/", "Asia/", "Africa/", "Pacific/", "Atlantic/", "Indian/")


@dataclass(frozen=True, slots=True)
class LaunchCard:
    """A launch in the list; ``step`` is where it stands."""

    launch: Launch
    title: str
    step: str
    path: str


@dataclass(frozen=True, slots=True)
class ColumnLine:
    """One column of a file, what stands in it, and what it is taken for."""

    number: int
    title: str
    samples: tuple[str, ...]
    target: str


@dataclass(frozen=True, slots=True)
class Gap:
    """What an export does not say: a target, and what stands in for it."""

    target: str
    label: str
    value: str
    required: bool
    help: str


@dataclass(frozen=True, slots=True)
class ClientLine:
    """A client that an export names, and its own time zone."""

    id: str
    name: str
    zone: str


@dataclass(frozen=True, slots=True)
class VisitLine:
    """A visit of the plan."""

    starts_at: datetime
    ends_at: datetime
    zone: str
    person: str
    site: str
    client: str
    hosts: int
    mode: str


def launch_cards(book: Book, reading: Reading) -> tuple[LaunchCard, ...]:
    """Every launch, the newest first; where it stands is the first step that is not done."""
    there = (one.value for one in book.papers(LAUNCHES) if one.value.put_away_at is None)
    found = sorted(there, key=lambda one: one.began_at, reverse=True)
    cards = []
    for one in found[:20]:
        steps = steps_of(one, reading, "")
        at = next((step for step in steps if not step.done and step.path), steps[-1])
        names = ", ".join(part.title for part in one.parts[:3])
        title = one.draft.get("name") or one.campaign_id or names or "nothing sent yet"
        cards.append(LaunchCard(one, title, at.label, at.path or steps[0].path))
    return tuple(cards)


def fleet_counts(reading: Reading) -> tuple[tuple[str, int], ...]:
    """How much is known already."""
    fleet, crew = reading.fleet, reading.crew
    return (
        ("client", len(fleet.clients)),
        ("site", len(fleet.sites)),
        ("machine", len(fleet.hosts)),
        ("person", len(crew.engineers)),
        ("partner", len(crew.partners)),
    )


def column_lines(export: Export, part: Part) -> tuple[ColumnLine, ...]:
    """Every column with the first different texts that stand in it."""
    lines = []
    for number, title in enumerate(export.columns):
        texts = dict.fromkeys(export.cell(row, number) for row in range(min(len(export.rows), 200)))
        samples = tuple(text[:LONGEST_SAMPLE] for text in islice((one for one in texts if one), SAMPLES))
        lines.append(ColumnLine(number, title or f"column {number + 1}", samples, part.targets[number]))
    return tuple(lines)


def gaps_of(part: Part) -> tuple[Gap, ...]:
    """What is asked for beside the columns: what every machine needs first, then what exports never have."""
    taking = part.taking()
    if not taking.is_combined:
        return ()
    helps = {
        "sites.timezone": "where the sites stand, such as America/Vancouver; it fills what is empty",
        "sites.access": "when people may come, such as Mon-Fri 08:00-17:00; empty: at any hour",
        "hosts.os": "linux, windows or other",
        "hosts.user": "the login name; empty: the setting default_user",
        "hosts.credential": "a reference such as env:NAME or key:~/.ssh/id_ed25519, never the secret itself",
    }
    needed = missing(Taking(taking.targets))
    asked = [one for one in ASKED if one in needed or one in part.defaults or one == "sites.timezone"]
    often = [one for one in OFTEN_ASKED if one not in taking.taken]
    return tuple(
        Gap(one, label_of(one), part.defaults.get(one, ""), one in needed, helps.get(one, "for every row"))
        for one in (*asked, *often)
    )


def clients_in(export: Export, part: Part, known: Fleet) -> tuple[ClientLine, ...]:
    """The clients that an export names, where each of them may have a time zone of its own."""
    taking = part.taking()
    if not taking.is_combined or "sites.timezone" in taking.taken:
        return ()
    made = next((one.table for one in tables_of(export, taking, known) if one.table.word is Word.CLIENTS), None)
    if made is None or len(made.rows) < 2:
        return ()
    at, name = made.columns.index("id"), made.columns.index("name")
    zones = part.of_client
    return tuple(
        ClientLine(row[at] or "", row[name] or "", zones.get(f"{row[at]}\tsites.timezone", ""))
        for row in made.rows[:MOST_CLIENTS]
        if row[at]
    )


def preset_choices(saved: dict[str, SavedMapping]) -> tuple[tuple[str, str], ...]:
    """What an export may be: the products, Muster's own files, what people saved, or none of them."""
    products = tuple((one.name, one.title) for one in PRESETS.values())
    own = tuple((SAVED + name, f"Saved: {name}") for name in sorted(saved))
    return (*own, *products, ("muster", "Muster's own files"), ("own", "Something else: I choose each column"))


def target_choices() -> tuple[tuple[str, tuple[tuple[str, str, str], ...]], ...]:
    """What a column may be taken for, those of machines first."""
    order = ("hosts", "clients", "sites", "both at once", "crew", "partners")
    there = dict(choices())
    return tuple((word, there[word]) for word in order)


def zones() -> tuple[str, ...]:
    """Names of time zones to choose from; others may be typed."""
    return tuple(sorted(one for one in available_timezones() if one.startswith(FIRST_ZONES)))


def visit_lines(reading: Reading, plan: Plan) -> tuple[VisitLine, ...]:
    """The first visits of a plan."""
    fleet, people = reading.fleet, reading.crew.engineer
    lines = []
    for one in sorted(plan.assignments, key=lambda each: (each.starts_at, each.person_id))[:SHOWN_VISITS]:
        visit = plan.visit[one.visit_id]
        site, person = fleet.site[visit.site_id], people.get(one.person_id)
        mode = "from afar" if visit.mode is VisitMode.REMOTE else "on site"
        client, name = fleet.client[visit.client_id].name, person.name if person else str(one.person_id)
        lines.append(
            VisitLine(one.starts_at, one.ends_at, site.timezone, name, site.name, client, len(visit.host_ids), mode)
        )
    return tuple(lines)
