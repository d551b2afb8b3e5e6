"""The whole campaign as one flow, in this process, against the demo's real SSH hosts."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from flows.engine import engine
from muster.cli.workspace import Workspace
from muster.demo.cast import Kind
from muster.demo.fleet import DemoFleet
from muster.errors import EngineError, NothingToPlan
from muster.ids import CampaignId
from muster.outcomes import HostStatus, Stage
from muster.records import WaveState
from push.checking import CHECKED
from reports.grouping import what_next
from tests.flows.workspaces import workspace_with_fleet

CAMPAIGN = CampaignId("vancouver-2026")
ENDS = {
    Kind.STALE: HostStatus.VERIFIED,
    Kind.RIGHT: HostStatus.RIGHT,
    Kind.UNAFFECTED: HostStatus.RIGHT,
    Kind.REFUSING: HostStatus.UNREACHABLE,
    Kind.SILENT: HostStatus.UNKNOWN,
    Kind.CHANGED_KEY: HostStatus.UNTRUSTED,
    Kind.FULL_DISK: HostStatus.FAILED,
    Kind.ONSITE_ONLY: HostStatus.UNREACHABLE,
}


@pytest.fixture(scope="module")
def fleet(prefect_api_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoFleet]:
    del prefect_api_url
    with workspace_with_fleet(tmp_path_factory.mktemp("campaign") / "workspace", hosts=16) as running:
        yield running


@pytest.fixture(scope="module")
def workspace(fleet: DemoFleet) -> Iterator[Workspace]:
    """The workspace after one flow from the first question to the last verdict."""
    opened = Workspace(fleet.folder)
    file = opened.campaign_file()
    hosts = file.hosts_of(opened.ledger.fleet())
    opened.ledger.open_campaign(file.campaign, hosts, by="test")
    settings = opened.settings
    with engine("in-process", prefect_home=settings.path(settings.prefect_home), idle_s=0) as act:
        act(
            "campaign",
            {
                "workspace": str(fleet.folder),
                "campaign_id": str(CAMPAIGN),
                "host_ids": [str(host_id) for host_id in hosts],
                "by": "test",
                "seconds": 1.0,
                "seed": 0,
            },
        )
    yield opened
    opened.close()


def test_every_host_ends_as_its_kind_must(fleet: DemoFleet, workspace: Workspace) -> None:
    standing = {str(state.host_id): state.status for state in workspace.ledger.hosts(CAMPAIGN)}
    assert standing == {host.id: ENDS[host.kind] for host in fleet.hosts}


def test_the_broken_hosts_have_their_cause_and_their_stage(fleet: DemoFleet, workspace: Workspace) -> None:
    states = {str(state.host_id): state for state in workspace.ledger.hosts(CAMPAIGN)}
    expected = {
        Kind.REFUSING: (Stage.CONNECT, "refused"),
        Kind.SILENT: (Stage.BANNER, "said nothing"),
        Kind.CHANGED_KEY: (Stage.HOST_KEY, "its key has changed"),
        Kind.FULL_DISK: (Stage.FINISHED, "disk full"),
    }
    for kind, (stage, words) in expected.items():
        (host,) = fleet.of_kind(kind)
        assert states[host.id].stage is stage
        assert words in states[host.id].cause
        assert what_next(states[host.id])


def test_every_verified_host_has_a_before_and_an_after_of_two_sessions(workspace: Workspace) -> None:
    verified = [one for one in workspace.ledger.attempts(CAMPAIGN) if one.outcome]
    verified = [one for one in verified if one.outcome and one.outcome.status is HostStatus.VERIFIED]
    assert verified
    for attempt in verified:
        assert attempt.outcome is not None
        before, after = attempt.outcome.evidence.before, attempt.outcome.evidence.after
        assert before is not None
        assert after is not None
        assert "-08:00" in before.summary
        assert "-07:00" in after.summary or "right" in after.summary.lower()
        assert attempt.outcome.evidence.changes


def test_the_canary_came_first_and_every_wave_was_judged(workspace: Workspace) -> None:
    waves = workspace.ledger.waves(CAMPAIGN)
    assert len(waves) >= 2
    assert all(wave.state is WaveState.PASSED and wave.verdict for wave in waves)
    assert [wave.number for wave in waves] == list(range(1, len(waves) + 1))


def test_the_end_of_the_run_is_in_the_record_with_the_ledgers_own_counts(workspace: Workspace) -> None:
    ended = [one for one in workspace.ledger.events(campaign_id=CAMPAIGN, limit=100_000) if one.kind == "run ended"]
    assert len(ended) == 1
    assert ended[0].data["hosts"] == dict(Counter(one.status.value for one in workspace.ledger.hosts(CAMPAIGN)))


def test_a_dry_run_asks_and_changes_nothing(fleet: DemoFleet, workspace: Workspace) -> None:
    before = workspace.ledger.hosts(CAMPAIGN)
    asked = [host.id for kind in (Kind.STALE, Kind.FULL_DISK) for host in fleet.of_kind(kind)]
    settings, revision = workspace.settings, workspace.ledger.revision()
    with engine("in-process", prefect_home=settings.path(settings.prefect_home), idle_s=0) as act:
        act("check", {"workspace": str(fleet.folder), "campaign_id": str(CAMPAIGN), "host_ids": asked})
    events = workspace.ledger.events(campaign_id=CAMPAIGN, after=revision, limit=10_000)
    said = {str(one.host_id): one.data for one in events if one.kind == CHECKED}
    assert sorted(said) == sorted(asked)
    (full,) = fleet.of_kind(Kind.FULL_DISK)
    assert said[full.id]["would"], "it still needs the fix"
    assert any("-0800" in str(line) for line in cast("list[str]", said[full.id]["diff"]))
    verified = [host.id for host in fleet.of_kind(Kind.STALE)]
    assert all(not said[host_id]["would"] for host_id in verified), "there is nothing left to change"
    assert workspace.ledger.hosts(CAMPAIGN) == before


def test_a_flow_that_is_not_there_is_named(workspace: Workspace) -> None:
    with (
        engine("in-process", prefect_home=workspace.folder, idle_s=0) as act,
        pytest.raises(EngineError, match="waves"),
    ):
        act("wave", {})


def test_waves_without_a_plan_say_what_comes_first(fleet: DemoFleet, workspace: Workspace, tmp_path: Path) -> None:
    del workspace
    (tmp_path / "muster.yml").write_text("solve_seconds: 1\n")
    other = Workspace(tmp_path)
    file = Workspace(fleet.folder).campaign_file()
    other.ledger.save_inventory(Workspace(fleet.folder).ledger.fleet(), other.ledger.crew(), by="test")
    other.ledger.open_campaign(file.campaign, [], by="test")
    with engine("in-process", prefect_home=tmp_path, idle_s=0) as act, pytest.raises(NothingToPlan, match="dispatched"):
        act("waves", {"workspace": str(tmp_path), "campaign_id": str(CAMPAIGN), "ahead": True, "retry": False})
    other.ledger.close()
