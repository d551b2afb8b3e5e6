"""The small world of the partners' command-line tests, and what is typed in it again and again."""

import json
import shutil
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from muster.cli.app import main
from muster.cli.workspace import Workspace
from muster.ids import CampaignId, HostId
from muster.outcomes import Finding, HostStatus, Stage, Verdict
from muster.records import ProbeRecord
from tests.muster.shell import Done, Shell

SPRING = CampaignId("spring")
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


def copied(made: Path, folder: Path) -> Path:
    """The workspace that was made, in a folder of its own, at the hour at which it was made."""
    shutil.copytree(made, folder, dirs_exist_ok=True)
    standing_at(folder, NOW)
    return folder


def typed(folder: Path, *words: str) -> None:
    """A command typed where no fixture of a single test may be used; its answer is not looked at."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(sys, "argv", ["muster", *words])
        with pytest.raises(SystemExit):
            main()


def standing_at(folder: Path, at: datetime) -> None:
    shift = (at - datetime.now(UTC)).total_seconds()
    (folder / "muster.yml").write_text(f"solve_seconds: 1\nclock_shift_s: {shift:.0f}\ncompany: Clockworks\n")


def answer(folder: Path, ids: Sequence[HostId], status: HostStatus) -> None:
    """A probe of hosts, answered now."""
    verdict = {HostStatus.RIGHT: Verdict.RIGHT, HostStatus.STALE: Verdict.STALE}.get(status)
    finding = Finding(verdict, "so it is", ()) if verdict else None
    opened = Workspace(folder)
    opened.ledger.begin_probes(SPRING, ids, by="test")
    at = opened.services.clock.now()
    opened.ledger.record_probes(
        SPRING, [ProbeRecord(one, status, finding, Stage.FINISHED, "", "", at) for one in ids], by="test"
    )
    opened.close()


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
