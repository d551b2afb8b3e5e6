"""Small workspaces for tests: their clock stands where the story needs it, and their hosts answered a probe."""

import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from flows.services import services_of
from muster.cli.app import main
from muster.cli.workspace import Workspace
from muster.ids import CampaignId, HostId
from muster.outcomes import Finding, HostStatus, Stage, Verdict
from muster.records import ProbeRecord
from muster.wiring import Wired

SPRING = CampaignId("spring")
VERDICTS = {
    HostStatus.RIGHT: Verdict.RIGHT,
    HostStatus.STALE: Verdict.STALE,
    HostStatus.UNSUPPORTED: Verdict.UNSUPPORTED,
}


def standing_at(folder: Path, at: datetime, **settings: object) -> None:
    """Let the workspace's clock stand at ``at`` from now on, never before it; other settings stay unless given."""
    file = folder / "muster.yml"
    there = yaml.safe_load(file.read_text()) if file.exists() else {}
    shift_s = (at - datetime.now(UTC)).total_seconds()
    file.write_text(yaml.safe_dump({**there, **settings, "clock_shift_s": shift_s}))
    services_of.cache_clear()


def copied(made: Path, folder: Path, at: datetime) -> Path:
    """A workspace that was made once, in a folder of its own, at the hour at which it was made."""
    shutil.copytree(made, folder, dirs_exist_ok=True)
    standing_at(folder, at)
    return folder


def typed(folder: Path, *words: str, code: int = 0) -> None:
    """A command typed where no fixture of a single test may be used; it must end with this code."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(sys, "argv", ["muster", *words])
        with pytest.raises(SystemExit) as ended:
            main()
    assert (ended.value.code or 0) == code, words


def bring_in(folder: Path, campaign: str, tables: Mapping[str, str]) -> None:
    """The campaign's file and the fleet's tables, by name, imported."""
    (folder / "campaign.yml").write_text(campaign)
    for name, text in tables.items():
        (folder / f"{name}.csv").write_text(text)
    typed(folder, "import", *(f"{name}.csv" for name in tables))


@contextmanager
def services_in(folder: Path) -> Iterator[Wired]:
    """The services of a workspace for the length of the block."""
    opened = Workspace(folder)
    try:
        yield opened.services
    finally:
        opened.close()


def enrol(folder: Path) -> tuple[HostId, ...]:
    """Open the campaign of the workspace's file; the hosts that it takes."""
    with services_in(folder) as services:
        file = Workspace(folder).campaign_file()
        ids = file.hosts_of(services.ledger.fleet())
        services.ledger.open_campaign(file.campaign, ids, by="test")
        return ids


def answer(services: Wired, standing: Mapping[HostId, HostStatus], campaign_id: CampaignId = SPRING) -> None:
    """Let hosts answer a probe, now."""
    at = services.clock.now()
    services.ledger.begin_probes(campaign_id, tuple(standing), by="test")
    records = [answered(host_id, status, at) for host_id, status in standing.items()]
    services.ledger.record_probes(campaign_id, records, by="test")


def answered(host_id: HostId, status: HostStatus, at: datetime) -> ProbeRecord:
    """What a probe brought back: a finding, or that nobody answered."""
    verdict = VERDICTS.get(status)
    if verdict is None:
        return ProbeRecord(host_id, status, None, Stage.CONNECT, "refused", "look at it", at)
    return ProbeRecord(host_id, status, Finding(verdict, f"it is {verdict}", ()), Stage.FINISHED, "", "", at)
