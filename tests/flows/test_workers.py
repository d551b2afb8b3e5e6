"""The same flow, handed to a real Prefect worker in another process."""

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from flows.services import services_of
from flows.workers import on_workers
from muster.cli.workspace import Workspace
from muster.errors import EngineError
from muster.ids import CampaignId
from muster.outcomes import HostStatus
from tests.flows.workspaces import muster, workspace_with_fleet

POOL = "test-pool"
CAMPAIGN = CampaignId("vancouver-2026")


@pytest.fixture
def worker(prefect_api_url: str, tmp_path: Path) -> Iterator[None]:
    """A worker that takes what is handed to the pool."""
    environment = {**os.environ, "PREFECT_API_URL": prefect_api_url, "PREFECT_HOME": str(tmp_path / "worker")}
    command = [sys.executable, "-m", "prefect", "worker", "start", "--pool", POOL, "--type", "process"]
    with (tmp_path / "worker.log").open("w") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
        yield
        os.killpg(process.pid, signal.SIGKILL)  # asked to go, it waits as long as Prefect's server keeps it
        process.wait()


@pytest.mark.usefixtures("worker")
def test_a_flow_on_a_worker_achieves_the_same_as_in_this_process(tmp_path: Path) -> None:
    folder = tmp_path / "workspace"
    with workspace_with_fleet(folder, hosts=12) as fleet:
        muster(folder, "import", str(fleet.files))
        workspace = Workspace(folder)
        try:
            file = workspace.campaign_file()
            hosts = file.hosts_of(workspace.ledger.fleet())
            workspace.ledger.open_campaign(file.campaign, hosts, by="test")
            act = on_workers(POOL)
            act("probe", {"workspace": str(folder), "campaign_id": str(CAMPAIGN), "host_ids": [str(h) for h in hosts]})
            found = Counter(state.status for state in workspace.ledger.hosts(CAMPAIGN))
            assert found[HostStatus.STALE] > 0
            assert found[HostStatus.PENDING] == 0
            asked_by = {event.by for event in workspace.ledger.events(campaign_id=CAMPAIGN) if "probe" in event.kind}
            assert all(f":{os.getpid()}:" not in by for by in asked_by), "another process has asked"
            with pytest.raises(EngineError, match="no plan is dispatched yet"):
                act(
                    "waves",
                    {
                        "workspace": str(folder),
                        "campaign_id": str(CAMPAIGN),
                        "ahead": True,
                        "retry": False,
                        "only": None,
                    },
                )
        finally:
            workspace.close()
            services_of.cache_clear()
