"""Somebody in the field presses Start and Push, and real hosts are pushed and verified: they saw no credential."""

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ledger.portal_store import Account, portal_store_of
from muster.cli.workspace import Workspace
from muster.ids import CampaignId, HostId
from muster.outcomes import HostStatus
from muster.plan import Assignment, Plan
from muster.running import RunningPolicy
from portal.access import Role
from portal.passwords import hash_password
from tests.flows.workspaces import muster, workspace_with_fleet
from tests.portal.conftest import RunningPortal, start_portal
from tests.portal.world import World

pytestmark = pytest.mark.slow
CAMPAIGN = CampaignId("vancouver-2026")
GIVE_UP_S = 240.0


@pytest.fixture
def dispatched(prefect_api_url: str, tmp_path: Path) -> Iterator[Workspace]:
    """A workspace with a demo fleet behind it, probed, planned and dispatched; visits may be started now."""
    del prefect_api_url
    with workspace_with_fleet(tmp_path / "workspace", hosts=8) as fleet:
        for words in (("probe",), ("plan", "--seconds", "1"), ("dispatch", "--without-notice", "a test")):
            muster(fleet.folder, *words)
        opened = Workspace(fleet.folder)
        campaign = replace(opened.ledger.campaign(CAMPAIGN), running=RunningPolicy(early_minutes=60 * 24 * 40))
        hosts = [state.host_id for state in opened.ledger.hosts(CAMPAIGN)]
        opened.ledger.open_campaign(campaign, hosts, by="test")
        yield opened
        opened.close()


def test_start_and_push_from_the_page_of_a_visit_verify_its_machines(dispatched: Workspace) -> None:
    plan, mine = _pushable(dispatched)
    store = portal_store_of(dispatched.ledger)
    account = Account("field", "Somebody", Role.ENGINEER.value, engineer_id=mine.person_id)
    store.add_account(replace(account, password_hash=hash_password("x" * 16), created_at=datetime.now(UTC)))
    running: RunningPortal = start_portal(World(dispatched.services, dispatched.settings))
    try:
        with running.client("field") as client:
            path = f"/engineer/visits/{CAMPAIGN}/{mine.visit_id}"
            for act in ("start", "push"):
                assert client.post(f"{path}/{act}", data={}, headers={"accept": "application/json"}).status_code == 200
            wanted = plan.visit[mine.visit_id].host_ids
            give_up = time.monotonic() + GIVE_UP_S
            while not all(_standing(dispatched)[host].protected for host in wanted) and time.monotonic() < give_up:
                time.sleep(0.5)
            page = client.get(f"{path}/progress").text
        assert "done and checked" in page
        assert "key:" not in page
        assert {_standing(dispatched)[host] for host in wanted} <= {HostStatus.VERIFIED, HostStatus.RIGHT}
    finally:
        running.server.should_exit = True
        running.thread.join(30)


def _standing(workspace: Workspace) -> dict[HostId, HostStatus]:
    return {state.host_id: state.status for state in workspace.ledger.hosts(CAMPAIGN)}


def _pushable(workspace: Workspace) -> tuple[Plan, Assignment]:
    """A visit whose machines all need the fix and answer."""
    binding = workspace.ledger.dispatched(CAMPAIGN)
    assert binding is not None
    plan, standing = workspace.ledger.plan(binding.plan_id), _standing(workspace)
    for one in plan.assignments:
        if all(standing[host] is HostStatus.STALE for host in plan.visit[one.visit_id].host_ids):
            return plan, one
    raise AssertionError("no visit can be pushed")
