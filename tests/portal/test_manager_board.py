"""The board and the lists of the project manager, asked through the whole application."""

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from playwright.sync_api import expect

from ledger.open import open_ledger
from muster.clock import SystemClock
from muster.outcomes import HostStatus, Stage
from muster.records import ProbeRecord
from portal.access import Role
from portal.manager.burn import Ahead, burns
from portal.manager.hands import FAILED
from push.stop import StopWatch
from tests.portal.conftest import RunningPortal, Screens
from tests.portal.world import CAMPAIGN, NOW, RIGHT, hosts_of

BOARD = f"/manager/{CAMPAIGN}"


def words(html: str) -> str:
    """What a reader sees of a page, blanks made one."""
    text = re.sub(r"<(script|style|svg)\b.*?</\1>", " ", html, flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


def test_the_list_shows_each_campaign_with_how_it_stands(portal: RunningPortal) -> None:
    with portal.client(Role.MANAGER) as client:
        seen = words(client.get("/manager").text)
    assert "Vancouver keeps summer time" in seen
    assert "12 of 32 machines protected, 20 open" in seen


def test_the_board_says_the_state_in_one_glance(portal: RunningPortal) -> None:
    with portal.client(Role.MANAGER) as client:
        seen = words(client.get(BOARD).text)
    assert "11 days left, until Sun 1 Nov" in seen
    assert "12 of 32 machines" in seen
    assert "2 machines no space left on the device" in seen, "failures stand together by cause"
    assert "free some space" in seen, "with the next step"
    assert "Wave 2 under way" in seen
    assert "Wave 1 passed 8 of 8 machines protected" in seen
    assert "Port terminal" in seen


def test_an_auditor_sees_the_board_and_finds_nothing_to_press(portal: RunningPortal) -> None:
    with portal.client(Role.AUDITOR) as client:
        page = client.get(BOARD).text
        refused = client.post(f"{BOARD}/stop", data={"reason": "mine"})
    assert "In trouble" in page
    assert "/stop" not in page
    assert "/failures/" not in page
    assert refused.status_code == 404
    assert portal.world.ledger.stopped(CAMPAIGN) is None


def test_a_campaign_that_is_not_there_is_no_page(portal: RunningPortal) -> None:
    with portal.client(Role.MANAGER) as client:
        for path in ("", "/sites", "/hosts", "/failures"):
            assert client.get(f"/manager/nowhere{path}").status_code == 404


def test_sites_are_counted_as_a_whole_and_filtered_by_state(portal: RunningPortal) -> None:
    with portal.client(Role.MANAGER) as client:
        everything = words(client.get(f"{BOARD}/sites").text)
        failed = words(client.get(f"{BOARD}/sites?status=failed").text)
        clients = words(client.get(f"{BOARD}/sites?by=client").text)
    assert "1 to 4 of 4 sites" in everything
    assert "1 to 1 of 1 site;" in failed
    assert "Prince George clinic" in failed
    assert "1 to 2 of 2 clients" in clients


def test_no_list_shows_more_than_a_page(portal: RunningPortal) -> None:
    with portal.client(Role.MANAGER) as client:
        first = client.get(f"{BOARD}/hosts").text
        beyond = words(client.get(f"{BOARD}/hosts?page=99").text)
        stale = words(client.get(f"{BOARD}/hosts?status=stale&q=port").text)
    assert first.count('scope="row"') == 32
    assert "1 to 32 of 32 machines" in beyond
    assert "1 to 7 of 7 machines" in stale


def test_a_stop_needs_a_reason_and_says_who_stopped_it(fresh_portal: RunningPortal) -> None:
    ledger = fresh_portal.world.ledger
    with fresh_portal.client(Role.MANAGER) as client:
        assert client.post(f"{BOARD}/stop", data={"reason": "  "}).status_code == 400
        assert ledger.stopped(CAMPAIGN) is None
        there = client.post(f"{BOARD}/stop", data={"reason": "the vendor has recalled it", "how": "pause"})
        assert there.status_code == 303
        seen = words(client.get(BOARD).text)
        stop = ledger.stopped(CAMPAIGN)
        assert stop is not None
        assert stop.gentle
        assert stop.by == "Ana Silva (ana)"
        assert "Paused by Ana Silva (ana)" in seen
        assert "the vendor has recalled it" in seen
        client.post(f"{BOARD}/stop", data={"reason": "at once", "how": "stop"})
        assert "Stopped by Ana" in words(client.get(BOARD).text), "a pause gives way to a stop"
        client.post(f"{BOARD}/resume", data={"reason": "the vendor takes it back"})
        assert "Stopped by" not in words(client.get(BOARD).text)
    resumed = ledger.resumed(CAMPAIGN)
    assert resumed is not None
    assert (resumed.by, resumed.reason) == ("Ana Silva (ana)", "the vendor takes it back")
    notes = [event for event in ledger.events(campaign_id=CAMPAIGN) if event.kind.startswith("portal: campaign")]
    assert [event.kind for event in notes] == [
        "portal: campaign paused",
        "portal: campaign stopped",
        "portal: campaign let go on",
    ]
    assert notes[0].data["from"] == "127.0.0.1"


def test_a_stop_on_the_board_reaches_whoever_pushes(fresh_portal: RunningPortal) -> None:
    """A push looks at the stop through its own connection, as a process on another machine would."""
    folder = fresh_portal.world.settings.workspace
    pushing = open_ledger(f"sqlite:///{folder}/muster.db", clock=SystemClock())
    watch = StopWatch(pushing, CAMPAIGN, folder)
    assert not watch.is_set()
    with fresh_portal.client(Role.MANAGER) as client:
        client.post(f"{BOARD}/stop", data={"reason": "smoke in the server room", "how": "stop"})
    give_up = time.monotonic() + 60
    while not (reached := watch.is_set()) and time.monotonic() < give_up:  # it looks twice a second
        time.sleep(0.02)
    watch.leave()
    pushing.close()
    assert reached


def test_saying_why_counts_failures_anew_and_tries_again(fresh_portal: RunningPortal) -> None:
    ledger = fresh_portal.world.ledger
    with fresh_portal.client(Role.MANAGER) as client:
        board = client.get(BOARD).text
        keys = re.findall(r"/failures/([0-9a-f]{16})", board)
        done = client.post(f"{BOARD}/failures/{keys[0]}", data={"do": "ask", "cause": ""})
        assert done.status_code == 303
        gone = client.post(f"{BOARD}/failures/{'0' * 16}", data={"do": "ask"})
        assert gone.status_code == 409
        said = client.post(f"{BOARD}/failures/{keys[0]}", data={"do": "retry", "cause": "the disk was full of logs"})
        assert said.status_code == 303
    explained = [one for one in ledger.hosts(CAMPAIGN) if one.explanation]
    assert len(explained) == 2
    assert all("the disk was full of logs" in (one.explanation or "") for one in explained)
    # the world's folder is no workspace, so neither act can do its work: that is written down and shown
    give_up = time.monotonic() + 120
    while len(ended := ledger.events(campaign_id=CAMPAIGN, kinds=[FAILED])) < 2 and time.monotonic() < give_up:
        time.sleep(0.1)
    assert {str(one.data["act"]) for one in ended} == {"probe", "retry"}
    assert {one.by for one in ended} == {"Ana Silva (ana)"}
    with fresh_portal.client(Role.MANAGER) as client:
        seen = words(client.get(BOARD).text)
    assert "Trying again 2 machines ended badly" in seen
    assert "is no workspace" in seen


def test_the_board_makes_a_forecast_and_shows_it(fresh_portal: RunningPortal) -> None:
    with fresh_portal.client(Role.MANAGER) as client:
        assert "no forecast yet" in words(client.get(BOARD).text)
        client.post(f"{BOARD}/forecast")
        seen = words(client.get(BOARD).text)
    assert re.search(r"All done in time in \d+ % of 500 lives", seen)


def test_the_band_of_the_forecast_lies_between_the_worst_and_the_best_tenth() -> None:
    begun, deadline = datetime(2026, 10, 20, tzinfo=UTC), datetime(2026, 10, 30, tzinfo=UTC)
    now, ends = begun + timedelta(days=1), begun + timedelta(days=5)
    points = ((begun, 100), (now, 90))
    worst, best = ((now, 90), (ends, 60), (deadline, 60)), ((now, 90), (ends, 10), (deadline, 10))
    wide, narrow = burns(points, Ahead(((now, 90), (ends, 5)), worst, best, ends), deadline, "UTC")
    corners = [tuple(map(float, one.split(","))) for one in wide.band.split()]
    scale = wide.picture.scale
    assert (scale.x(deadline), scale.y(60)) in corners
    assert (scale.x(deadline), scale.y(10)) in corners
    assert corners[0] == corners[-1] == (scale.x(now), scale.y(90))
    assert narrow.width < wide.width
    assert not burns(points, Ahead(((now, 90), (ends, 5)), (), (), ends), deadline, "UTC")[0].band


def test_a_manager_stops_a_wave_by_keyboard_alone(
    fresh_portal: RunningPortal, screens_of: Callable[[RunningPortal], Screens]
) -> None:
    page = screens_of(fresh_portal).page(Role.MANAGER)
    page.goto("/manager")
    page.get_by_role("link", name="Vancouver keeps summer time").focus()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{BOARD}")
    page.get_by_text("Stop or pause").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.type("the canary's screens stay black")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Stopped by Ana Silva (ana)").wait_for()
    stop = fresh_portal.world.ledger.stopped(CAMPAIGN)
    assert stop is not None
    assert stop.reason == "the canary's screens stay black"
    assert not stop.gentle


def test_numbers_on_the_board_move_by_themselves_and_a_stop_is_said(
    fresh_portal: RunningPortal, screens_of: Callable[[RunningPortal], Screens]
) -> None:
    ledger = fresh_portal.world.ledger
    page = screens_of(fresh_portal).page(Role.MANAGER)
    page.goto(BOARD)
    left = page.locator('[data-live="left"]')
    assert left.inner_text() == "20"
    found = hosts_of("harbour-port")[0]
    ledger.begin_probes(CAMPAIGN, [found], by="test")
    right = ProbeRecord(found, HostStatus.RIGHT, RIGHT, Stage.FINISHED, "", "", NOW)
    ledger.record_probes(CAMPAIGN, [right], by="test")
    expect(left).to_have_text("19", timeout=30_000)
    ledger.stop(CAMPAIGN, by="kim", reason="smoke")
    page.get_by_text("Somebody has stopped the campaign.").wait_for()
    page.get_by_role("link", name="Show it").click()
    page.get_by_role("heading", name="Stopped by kim").wait_for()
