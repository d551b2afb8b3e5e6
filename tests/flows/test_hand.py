"""The process that carries out the reconciler's flow runs, at a real Prefect server."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread
from uuid import UUID

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import StateType
from prefect.states import Cancelled, Completed, Scheduled

from flows import hand as hand_module
from flows.hand import Hand, deployment_name
from flows.reconcile import reconcile
from flows.services import services_of
from muster.settings import load_settings
from tests.muster.test_supervising import until

LONG_AGO = datetime.now(UTC) - timedelta(days=3)


class Watched(Hand):
    """Keeps which flow runs it began instead of carrying them out."""

    begun: tuple[UUID, ...] = ()

    def _begin(self, run_id: UUID) -> None:
        self.begun = (*self.begun, run_id)


@pytest.fixture
def folder(prefect_api_url: str, tmp_path: Path) -> Iterator[Path]:
    assert prefect_api_url
    (tmp_path / "muster.yml").write_text("reconcile_every_s: 100000\n")
    yield tmp_path
    services_of.cache_clear()


def state_of(run_id: UUID) -> StateType | None:
    with get_client(sync_client=True) as client:
        return client.read_flow_run(run_id).state_type


def test_two_hands_begin_one_look_for_each_span_of_time(folder: Path) -> None:
    hands = [Watched(load_settings(folder)) for _ in range(2)]
    deployments = {one._deploy() for one in hands}
    assert len(deployments) == 1, "they share the workspace's deployment"
    (deployment,) = deployments
    for _ in range(2):
        for one in hands:
            one._take(deployment)
    assert len([*hands[0].begun, *hands[1].begun]) == 1


def test_looks_that_nobody_began_in_time_are_not_made_up_for(folder: Path) -> None:
    hand = Watched(load_settings(folder))
    deployment = hand._deploy()
    with get_client(sync_client=True) as client:
        late = [
            client.create_flow_run_from_deployment(deployment, state=Scheduled(scheduled_time=LONG_AGO)).id
            for _ in range(3)
        ]
    hand._take(deployment)
    assert len(hand.begun) == 1
    assert {state_of(run_id) for run_id in late} == {Cancelled().type}


def test_a_look_is_carried_out_and_what_is_long_over_is_tidied_away(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand = Hand(load_settings(folder))
    deployment = hand._deploy()
    hand._take(deployment)
    (thread,) = hand._threads
    thread.join(240)
    with get_client(sync_client=True) as client:
        (run,) = [one for one in client.read_flow_runs(limit=50) if one.deployment_id == deployment]
        assert run.state_type is Completed().type
        hand._tidy(client, deployment)
        assert client.read_flow_run(run.id).id == run.id, "it is fresh"
        monkeypatch.setattr(hand_module, "KEPT", timedelta(0))
        hand._tidy(client, deployment)
        assert not [one for one in client.read_flow_runs(limit=50) if one.deployment_id == deployment]


def test_a_server_that_has_forgotten_the_deployment_is_told_it_again(folder: Path) -> None:
    (folder / "muster.yml").write_text("reconcile_every_s: 1\n")
    hand = Watched(load_settings(folder))
    working = Thread(target=hand.work)
    working.start()
    try:
        until(lambda: bool(hand.begun))
        with get_client(sync_client=True) as client:
            known = client.read_flow_run(hand.begun[0]).deployment_id
            assert known is not None
            client.delete_deployment(known)
        before = len(hand.begun)
        until(lambda: len(hand.begun) > before + 1)
    finally:
        hand.leave()
        working.join(60)
    assert not working.is_alive()


def test_every_workspace_has_a_deployment_of_its_own(tmp_path: Path) -> None:
    names = {deployment_name(tmp_path / "a" / "spring"), deployment_name(tmp_path / "b" / "spring")}
    assert len(names) == 2
    assert all(name.startswith("spring-") for name in names)
    assert reconcile.name == "reconcile"
