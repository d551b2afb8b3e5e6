"""A folder to write fleet files into, and a reader of it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from inventory.read import Imported, read_files
from muster.crew import Crew, Engineer, Partner
from muster.fleet import Client, Fleet, Host, Site
from muster.ids import ClientId, HostId, PartnerId, PersonId, SiteId

ReadText = Callable[..., Imported]

KNOWN = Fleet(
    clients=(Client(ClientId("acme"), "Acme Dental", "a@acme.example", 2, partners_allowed=False),),
    sites=(
        Site(SiteId("van"), ClientId("acme"), "Vancouver clinic", "America/Vancouver", region="west"),
        Site(SiteId("12"), ClientId("acme"), "Burnaby", "America/Vancouver"),
    ),
    hosts=(Host(HostId("dc1"), SiteId("van"), "DC1", "10.0.0.1", port=2222, role="domain", tags=("pilot",)),),
)
KNOWN_CREW = Crew(
    engineers=(Engineer(PersonId("kim"), "Kim", "America/Vancouver", (), email="kim@example.com"),),
    partners=(Partner(PartnerId("nw"), "Northwest IT"),),
)


@pytest.fixture
def read_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ReadText:
    """Write files (name to text or bytes) and read them on top of ``KNOWN``."""
    monkeypatch.chdir(tmp_path)

    def read(files: dict[str, str | bytes], *, known: Fleet = KNOWN, known_crew: Crew = KNOWN_CREW) -> Imported:
        for name, content in files.items():
            data = content.encode() if isinstance(content, str) else content
            (tmp_path / name).write_bytes(data)
        return read_files([Path(name) for name in files], known=known, known_crew=known_crew)

    return read
