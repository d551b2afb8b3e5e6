"""muster up with its real parts: a campaign that nobody runs by hand, an accident in the middle, a clean end."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import psutil
import pytest

from flows.server import OwnServer, free_port
from ledger.open import open_ledger
from muster.cli.up import parts_of
from muster.clock import SystemClock
from muster.demo.cast import Kind
from muster.demo.fleet import DemoFleet
from muster.ids import CampaignId
from muster.outcomes import HostStatus
from muster.records import AttemptRow, HostState
from muster.settings import Settings
from muster.steps import StepName
from tests.flows.workspaces import muster, workspace_with_fleet
from tests.muster.test_supervising import gone, until
from tests.survival.workplace import MUSTER, plain_environment

CAMPAIGN = CampaignId("vancouver-2026")
BY_ITSELF = "running: {visits: unattended, late_minutes: 100000}\n"
HOSTS = 14
WITHIN_S = 240


class Up:
    """``muster up`` in a process of its own, and the ledger that it writes."""

    def __init__(self, fleet: DemoFleet) -> None:
        self.fleet = fleet
        self.folder = fleet.folder
        self.port = free_port()
        self.before = set(psutil.pids())
        self.said = (self.folder.parent / "up.txt").open("w")
        self.process = self.start()

    def start(self, *words: str) -> "subprocess.Popen[bytes]":
        command = [str(MUSTER), "-C", str(self.folder), "up", "--port", str(self.port), *words]
        return subprocess.Popen(command, env=plain_environment(), stdout=self.said, stderr=self.said)

    def ends_clean(self) -> bool:
        """Ask it to end: it does, nothing of it is left, and every lease was given back."""
        seen = self.processes()
        self.process.terminate()
        assert self.process.wait(90) == 0
        assert [one for one in seen if not gone(one)] == []
        assert self.processes() == [], "nothing is left"
        return not [one for one in self.hosts() if one.runner_id is not None]

    def lines(self) -> str:
        return (self.folder / "muster.log").read_text()

    def pid(self, name: str) -> int:
        return int(json.loads((self.folder / ".up.json").read_text())[name][0])

    def hosts(self) -> tuple[HostState, ...]:
        with closing(open_ledger(f"sqlite:///{self.folder}/muster.db", clock=SystemClock())) as ledger:
            return ledger.hosts(CAMPAIGN)

    def attempts(self) -> tuple[AttemptRow, ...]:
        with closing(open_ledger(f"sqlite:///{self.folder}/muster.db", clock=SystemClock())) as ledger:
            return ledger.attempts(CAMPAIGN)

    def processes(self) -> list[psutil.Process]:
        """Every process that has begun since, and has to do with the workspace; not the services of its hosts."""
        found = []
        for process in psutil.process_iter():
            try:
                environment, words = process.environ(), process.cmdline()
            except psutil.Error:
                continue
            ours = str(self.folder) in " ".join([*words, *environment.values()])
            if ours and process.pid not in self.before and "MUSTER_ROOT" not in environment:
                found.append(process)
        return found


def stand_after_the_last_visit(folder: Path) -> None:
    """Move the workspace's clock to when every visit of the plan is due."""
    with closing(open_ledger(f"sqlite:///{folder}/muster.db", clock=SystemClock())) as ledger:
        binding = ledger.dispatched(CAMPAIGN)
        assert binding is not None
        last = max(one.starts_at for one in ledger.plan(binding.plan_id).assignments)
        assert last + timedelta(hours=1) < ledger.campaign(CAMPAIGN).deadline
    shift_s = round((last + timedelta(minutes=1) - datetime.now(UTC)).total_seconds())
    settings = (folder / "muster.yml").read_text().splitlines()
    settings[0] = f"clock_shift_s: {shift_s}"
    (folder / "muster.yml").write_text("\n".join([*settings, "reconcile_every_s: 2", ""]))


@pytest.fixture
def up(prefect_api_url: str, tmp_path: Path) -> Iterator[Up]:
    """A planned campaign whose visits are due, and nobody who runs it but muster up."""
    assert prefect_api_url  # for the commands that make it ready
    with workspace_with_fleet(tmp_path / "workspace", hosts=HOSTS) as fleet:
        file = fleet.folder / "campaign.yml"
        file.write_text(file.read_text() + BY_ITSELF)
        for words in (("probe",), ("plan", "--seconds", "1"), ("dispatch",)):
            muster(fleet.folder, *words)
        stand_after_the_last_visit(fleet.folder)
        started = Up(fleet)
        try:
            yield started
        finally:
            if started.process.poll() is None:
                started.process.kill()
                started.process.wait()
            started.said.close()
            for process in started.processes():
                process.kill()


@pytest.mark.slow
def test_a_campaign_is_carried_through_by_the_reconciler_alone(up: Up) -> None:
    stale = {host.id for host in up.fleet.of_kind(Kind.STALE)}
    until(lambda: any(one.status is HostStatus.CLAIMED for one in up.hosts()), WITHIN_S)
    assert up.ends_clean(), "in the middle of a push"
    up.process = up.start()
    until(lambda: "hand     looks every 2 s" in up.lines().split("up       ended")[-1], WITHIN_S)
    hand = up.pid("hand")
    os.kill(hand, signal.SIGKILL)
    until(lambda: up.pid("hand") != hand)
    second = up.start()
    assert second.wait(60) == 2
    until(lambda: all(one.status is HostStatus.VERIFIED for one in up.hosts() if one.host_id in stale), WITHIN_S)
    assert httpx.get(f"http://127.0.0.1:{up.port}/", follow_redirects=True).status_code == 200
    assert {"hand", "portal", "prefect"} == set(json.loads((up.folder / ".up.json").read_text()))
    assert up.ends_clean()
    pushes = [one for one in up.attempts() if one.step is StepName.APPLY and one.outcome is not None]
    done = [one.host_id for one in pushes if one.outcome and one.outcome.status is HostStatus.VERIFIED]
    assert set(done) <= stale
    assert len(done) == len(set(done)), "nobody was pushed to the end twice"
    up.said.flush()
    said = (up.folder.parent / "up.txt").read_text()
    assert f"muster up in {up.folder} runs already (process {up.process.pid})" in said
    assert "died of SIGKILL" in up.lines()
    assert "Traceback" not in said


def test_the_parts_are_those_that_the_settings_ask_for(tmp_path: Path) -> None:
    own, url = OwnServer(tmp_path, idle_s=0), "http://127.0.0.1:9/api"
    here = Settings(workspace=tmp_path)
    parts = parts_of(here, url, own, portal_port=8080)
    assert [part.name for part in parts] == ["prefect", "hand", "portal"]
    assert parts[-1].command[-3:] == ("portal", "--port", "8080")
    assert all(part.environment["PREFECT_API_URL"] == url for part in parts[1:])
    elsewhere = parts_of(here.model_copy(update={"engine": "workers"}), url, None, portal_port=None)
    assert [part.name for part in elsewhere] == ["hand", "worker"]
