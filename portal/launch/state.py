"""What is kept of a launch between its pages, and the mappings of columns that people saved."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from starlette.requests import Request

from inventory.columns import squeeze
from inventory.presets import PRESETS, Taking, likely, muster_targets, targets_by
from inventory.presets_tables import Export
from muster.ids import CampaignId
from partners.papers import Book, Index, Kept, Shelf, change
from portal.access import Viewer, nothing_there
from portal.services import portal_of, services_of

FOLDER = "imports"
"""Of the workspace: the files that were sent, in a folder for each launch."""
SAVED = "saved:"
"""What the name of a saved mapping begins with among the presets."""


@dataclass(frozen=True, slots=True)
class Part:
    """One table of a file that was sent, and how it is taken.

    Attributes:
        key: names it within the launch.
        file: its name in the launch's folder; ``sheet`` is the number of the table in it.
        preset: what its columns were proposed by: a preset, ``muster``, ``own`` or ``saved:NAME``.
        confirmed: whether a person looked the columns through.
        of_client: defaults of single clients, by client and target with a tab between.
        edits: cells that were corrected, by row and column with a colon between.
    """

    key: str
    file: str
    sheet: int
    title: str
    rows: int
    preset: str = ""
    targets: tuple[str, ...] = ()
    confirmed: bool = False
    defaults: Mapping[str, str] = field(default_factory=dict)
    of_client: Mapping[str, str] = field(default_factory=dict)
    edits: Mapping[str, str] = field(default_factory=dict)

    def taking(self) -> Taking:
        """How its columns are taken."""
        clients: dict[str, dict[str, str]] = {}
        for key, text in self.of_client.items():
            client, _, target = key.partition("\t")
            clients.setdefault(client, {})[target] = text
        return Taking(self.targets, self.defaults, clients)


@dataclass(frozen=True, slots=True)
class Launch:
    """One walk through the guide.

    Attributes:
        imported: what the last import did, in words; empty before.
        draft: the fields of the campaign as they were typed last.
        campaign_id: once the campaign is open.
        file: where its campaign file lies in the workspace.
        asked_at: when machines were asked from here.
        put_away_at: when its files were deleted; what was imported stays.
    """

    id: str
    began_at: datetime
    began_by: str
    parts: tuple[Part, ...] = ()
    imported: str = ""
    draft: Mapping[str, str] = field(default_factory=dict)
    campaign_id: str = ""
    file: str = ""
    asked_at: datetime | None = None
    put_away_at: datetime | None = None

    def part(self, key: str) -> Part:
        """One of its parts; the first without a name.

        Raises:
            NotFound: there is none of that name.
        """
        for one in self.parts:
            if not key or one.key == key:
                return one
        raise nothing_there()

    def with_part(self, part: Part) -> "Launch":
        """The launch with a part in its new state."""
        return replace(self, parts=tuple(part if one.key == part.key else one for one in self.parts))


@dataclass(frozen=True, slots=True)
class SavedMapping:
    """How the columns of somebody's export are taken, under a name; target by squeezed name of the column."""

    name: str
    columns: Mapping[str, str]
    defaults: Mapping[str, str] = field(default_factory=dict)


LAUNCHES = Shelf(
    "launch", Launch, lambda one: Index(one.id, campaign_id=CampaignId(one.campaign_id) if one.campaign_id else None)
)
MAPPINGS = Shelf("column mapping", SavedMapping, lambda one: Index(one.name))


def book_of(request: Request) -> Book:
    """Where launches are kept."""
    return services_of(request).book


def launch_named(request: Request, launch_id: str) -> Kept[Launch]:
    """A launch.

    Raises:
        NotFound: there is none of that id, or it was put away.
    """
    found = book_of(request).find(LAUNCHES, launch_id)
    if found is None or found.value.put_away_at is not None:
        raise nothing_there()
    return found


def keep(request: Request, viewer: Viewer, launch: Launch, before: Kept[Launch] | None, what: str) -> None:
    """Write a launch as it is now.

    Raises:
        Conflict: somebody else changed it since it was read.
    """
    book_of(request).write([change(LAUNCHES, launch, what, before)], by=viewer.by)


def folder_of(request: Request, launch_id: str) -> Path:
    """Where the files of a launch lie."""
    return portal_of(request).settings.workspace / FOLDER / launch_id


def saved_mappings(book: Book) -> dict[str, SavedMapping]:
    """Every mapping that somebody saved, by its name."""
    return {one.value.name: one.value for one in book.papers(MAPPINGS)}


def proposed(part: Part, export: Export, preset: str, saved: Mapping[str, SavedMapping]) -> Part:
    """A part with the columns that a preset proposes; by itself the one that fits its names best."""
    preset = preset or likely(part.title, export.columns)[0]
    defaults = dict(part.defaults)
    if preset in PRESETS:
        targets = targets_by(PRESETS[preset].targets, export.columns)
    elif preset.startswith(SAVED) and preset.removeprefix(SAVED) in saved:
        mapping = saved[preset.removeprefix(SAVED)]
        targets = targets_by(mapping.columns, export.columns)
        defaults = {**mapping.defaults, **defaults}
    else:
        targets = muster_targets(part.title, export.columns)
    return replace(part, preset=preset, targets=targets, defaults=defaults, confirmed=False)


def mapping_of(name: str, part: Part, export: Export) -> SavedMapping:
    """What is saved of a part under a name."""
    columns = {squeeze(title): target for title, target in zip(export.columns, part.targets, strict=True) if title}
    return SavedMapping(name, columns, part.defaults)
