"""A stop that is pressed on the portal's board is obeyed like one that is typed, by pushes of another process."""

from datetime import UTC, datetime

import pytest

from ledger.portal_rows import Account
from ledger.portal_store import portal_store_of
from muster.settings import load_settings
from muster.wiring import Wired
from portal.access import Role
from tests.portal.conftest import RunningPortal, start_portal, stop_portal
from tests.portal.world import World
from tests.survival.stage import Stage
from tests.survival.test_stopping import OBEYED_WITHIN_S, nothing_happens_by_itself, stop_in_the_middle

pytestmark = [pytest.mark.timeout(900), pytest.mark.slow]


def portal_of(stage: Stage) -> RunningPortal:
    """A portal on the stage's workspace, with one manager."""
    settings = load_settings(stage.workspace)
    world = World(Wired(settings), settings)
    ana = Account("ana", "Ana Silva", Role.MANAGER, created_at=datetime.now(UTC), created_by="test")
    portal_store_of(world.ledger).add_account(ana)
    return start_portal(world)


def test_a_stop_on_the_board_ends_pushes_of_another_process_within_seconds(stage: Stage) -> None:
    running = portal_of(stage)
    try:
        (campaign,) = running.world.ledger.campaigns()
        with running.client(Role.MANAGER) as client:
            pressed = {"reason": "smoke in the server room", "how": "stop"}

            def press(_: object) -> None:
                answer = client.post(f"/manager/{campaign.id}/stop", data=pressed)
                assert answer.status_code == 303, answer.text

            said, seconds = stop_in_the_middle(stage, press)
            nothing_happens_by_itself(stage)
            page = client.get(f"/manager/{campaign.id}").text
            client.post(f"/manager/{campaign.id}/resume", data={"reason": "it was a toaster"})
    finally:
        stop_portal(running)
    assert seconds < OBEYED_WITHIN_S
    assert said.code == 3
    assert "smoke in the server room" in said.err
    assert "Stopped by Ana Silva (ana)" in page
