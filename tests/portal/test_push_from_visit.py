"""Somebody in the field presses Start and Push, and real hosts are pushed and verified: they saw no credential."""

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ledger.portal_store import Account, portal_store_of
from muster.cli.workspace import Workspace
from muster.demo.cast import Kind
from muster.ids import CampaignId, HostId
from muster.outcomes import HostStatus
from muster.plan import Assignment
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
def dispatched(prefect_api_url: str, tmp_path: Path) -> Iterator[tuple[Workspace, frozenset[HostId]]]:
    """A workspace with a demo fleet, probed, planned and dispatched, and the hosts of it that can be mended."""
    del prefect_api_url
    with workspace_with_fleet(tmp_path / "workspace", hosts=12) as fleet:
        for words in (("probe",), ("plan", "--seconds", "1"), ("dispatch", "--without-notice", "a test")):
            muster(fleet.folder, *words)
        opened = Workspace(fleet.folder)
        campaign = replace(opened.ledger.campaign(CAMPAIGN), running=RunningPolicy(early_minutes=60 * 24 * 40))
        hosts = [state.host_id for state in opened.ledger.hosts(CAMPAIGN)]
        opened.ledger.open_campaign(campaign, hosts, by="test")
        yield opened, frozenset(HostId(one.id) for one in fleet.of_kind(Kind.STALE))
        opened.close()


def test_start_and_push_from_the_page_of_a_visit_verify_its_machines(
    dispatched: tuple[Workspace, frozenset[HostId]],
) -> None:
    workspace, mendable = dispatched
    mine, wanted = _pushable(workspace, mendable)
    account = Account("field", "Somebody", Role.ENGINEER.value, engineer_id=mine.person_id)
    hashed = replace(account, password_hash=hash_password("x" * 16), created_at=datetime.now(UTC))
    portal_store_of(workspace.ledger).add_account(hashed)
    running: RunningPortal = start_portal(World(workspace.services, workspace.settings))
    try:
        with running.client("field") as client:
            path = f"/engineer/visits/{CAMPAIGN}/{mine.visit_id}"
            for act in ("start", "push"):
                assert client.post(f"{path}/{act}", data={}, headers={"accept": "application/json"}).status_code == 200
            give_up = time.monotonic() + GIVE_UP_S
            while not all(_standing(workspace)[one].protected for one in wanted) and time.monotonic() < give_up:
                time.sleep(0.5)
            page = client.get(f"{path}/progress").text
    finally:
        running.server.should_exit = True
        running.thread.join(30)
    assert {_standing(workspace)[one] for one in wanted} == {HostStatus.VERIFIED}
    assert page.count("done and checked") >= len(wanted)
    assert "key:" not in page


def _standing(workspace: Workspace) -> dict[HostId, HostStatus]:
    return {state.host_id: state.status for state in workspace.ledger.hosts(CAMPAIGN)}


def _pushable(workspace: Workspace, mendable: frozenset[HostId]) -> tuple[Assignment, list[HostId]]:
    """The visit with the most machines that need the fix and take it, and these."""
    binding = workspace.ledger.dispatched(CAMPAIGN)
    assert binding is not None
    plan = workspace.ledger.plan(binding.plan_id)

    def take_it(one: Assignment) -> list[HostId]:
        return [host for host in plan.visit[one.visit_id].host_ids if host in mendable]

    best = max(plan.assignments, key=lambda one: len(take_it(one)))
    assert take_it(best)
    return best, take_it(best)
