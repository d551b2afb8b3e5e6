"""Waves and approvals of the project manager."""

from datetime import timedelta

from flows.approvals import APPROVALS
from muster.approvals import Act, Approval
from partners.papers import change
from portal.access import Role
from tests.portal.conftest import RunningPortal
from tests.portal.test_manager_board import BOARD, words
from tests.portal.world import CAMPAIGN, NOW


def asked(running: RunningPortal, by: str) -> Approval:
    """A request that waits."""
    made = Approval(CAMPAIGN, Act.RAMP, "wave 1", "go on after wave 1, the canary", by, NOW - timedelta(minutes=5))
    running.world.services.book.write([change(APPROVALS, made, "approval asked")], by=by)
    return made


def test_the_waves_say_their_rules_how_they_went_and_what_comes_next(portal: RunningPortal) -> None:
    with portal.client(Role.MANAGER) as client:
        seen = words(client.get(f"{BOARD}/waves").text)
    assert "first wave: 1 host of every kind" in seen
    assert "Wave 2 under way 6 3 3" in seen
    assert "A wave is open: a run carries on with it first." in seen


def test_who_asked_cannot_approve_and_a_no_needs_its_reason(fresh_portal: RunningPortal) -> None:
    mine = asked(fresh_portal, "Ana Silva (ana)")
    with fresh_portal.client(Role.MANAGER) as client:
        assert "Go on after wave 1" in words(client.get(f"{BOARD}/approvals").text)
        refused = client.post(f"{BOARD}/approvals/{mine.id}", data={"say": "yes"})
        assert refused.status_code == 400
        assert "you asked for this yourself" in refused.text
        assert client.post(f"{BOARD}/approvals/A-nothing", data={"say": "yes"}).status_code == 404


def test_a_named_person_approves_and_it_is_written_down(fresh_portal: RunningPortal) -> None:
    settings = fresh_portal.world.settings
    object.__setattr__(settings, "approvers", {"Ana Silva": "ana"})
    waiting = asked(fresh_portal, "omar")
    with fresh_portal.client(Role.MANAGER) as client:
        no_reason = client.post(f"{BOARD}/approvals/{waiting.id}", data={"say": "no"})
        assert no_reason.status_code == 400
        done = client.post(f"{BOARD}/approvals/{waiting.id}", data={"say": "yes", "why": "all green"})
        assert done.status_code == 303
        seen = words(client.get(f"{BOARD}/approvals").text)
    assert "Nothing waits for anybody." in seen
    assert "approved Ana Silva all green" in seen
    kept = fresh_portal.world.services.book.find(APPROVALS, waiting.id)
    assert kept is not None
