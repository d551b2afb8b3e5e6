"""The small world of the partners' command-line tests, and what is typed in it again and again."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from muster.ids import HostId
from muster.outcomes import HostStatus
from tests.muster import worlds
from tests.muster.shell import Done, Shell

NOW = datetime(2027, 3, 1, 15, tzinfo=UTC)
SITES = """id,client_id,name,timezone,region,latitude,longitude,address
hq,acme,Head office,America/Vancouver,west,49.26,-123.11,1 Main Street
mill,borg,Mill,America/Vancouver,west,49.30,-123.10,2 Mill Lane
"""
HOSTS = "id,site_id,name,address,os\n" + "".join(
    f"h{n},{'hq' if n < 4 else 'mill'},pc{n},127.0.0.{n},linux\n" for n in range(1, 7)
)
CREW = """id,name,timezone,shifts,skills,rate_per_hour,partner_id,home_latitude,home_longitude
anna,Anna,America/Vancouver,Mon-Fri 08:00-08:30,linux,60,,49.28,-123.12
nils,Nils,America/Vancouver,Mon-Fri 08:00-16:00,linux,70,northwest-it,49.28,-123.12
nora,Nora,America/Vancouver,Mon-Fri 08:00-16:00,linux,70,northwest-it,49.28,-123.12
"""
LIST = """Company,Contact Email,Service Area,Expertise,Stars
Northwest IT,ops@nw.example,west,"linux; windows",5
Sloppy Ltd,not an address,west,linux,1
,ghost@x.example,,,
"""
CAMPAIGN = """
id: spring
name: Spring
fix: tzdata
deadline: 2027-03-12 18:00
timezone: America/Vancouver
reason: Your clocks must learn the new rules.
parameters: {instants: ["2027-03-14T12:00:00Z"]}
"""
SCORES = [f"{name}=4" for name in ("skill", "customer experience", "track record", "trustworthiness", "credit")]
PARTNER = "northwest-it"
ELIGIBLE = (
    ("vet", PARTNER, *SCORES, "getting along=5", "--evidence", "two references"),
    ("credential", PARTNER, "insurance", "liability insurance", "--until", "2027-12-31", "--insurer",
     "Mutual=2000000,insured"),
    ("agree", PARTNER, "A-1", "--rate", "hour=70", "--until", "2027-12-31", "--sla", "response_minutes=60", "--rework",
     "20"),
    ("sign", PARTNER, "A-1", "--ours", "Ada", "--theirs", "Nils"),
    ("sign", PARTNER, "A-1", "--board", "minutes of 1 March, item 2"),
)  # fmt: skip
"""What it takes until a partner may be given work."""


def answer(folder: Path, ids: Sequence[HostId], status: HostStatus) -> None:
    """A probe of hosts, answered now."""
    with worlds.services_in(folder) as services:
        worlds.answer(services, dict.fromkeys(ids, status))


def good(done: Done) -> str:
    assert done.returncode == 0, done.stderr
    return done.stdout


def make_eligible(muster: Shell, folder: Path) -> None:
    muster(folder, "partner", "import", "community.csv")
    said = [good(muster(folder, "partner", *words)) for words in ELIGIBLE]
    assert "eligible today" in said[-1]


def planned(muster: Shell, folder: Path) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(good(muster(folder, "plan", "--json")))["assignments"]
    return found
