"""An engineer's journey on a telephone in a real Chromium, from login to the end, also without a connection."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Route, expect

from muster.ids import HostId
from portal.field.records import FIELD
from tests.portal.conftest import RunningPortal, Screens, copy_world, start_portal, stop_portal
from tests.portal.field import PNG, may_start_early, notes, silent
from tests.portal.world import CAMPAIGN, PASSWORD, open_world

V2 = "/engineer/visits/vancouver/v2"


def test_an_engineer_s_day_on_a_telephone_from_login_to_the_end(
    fresh_portal: RunningPortal, screens_of: Callable[[RunningPortal], Screens], tmp_path: Path
) -> None:
    may_start_early(fresh_portal.world)
    screens = screens_of(fresh_portal)
    page = screens.page(phone=True)
    page.goto("/engineer")
    page.get_by_label("Name").fill("kim")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url("**/engineer")
    expect(page.get_by_role("heading", name="Harbour Freight Forwarding")).to_be_visible()
    page.get_by_role("button", name="Start").click()
    page.wait_for_url(f"**{V2}")  # to where the work is
    expect(page.get_by_text("Started at 09:00")).to_be_visible()
    screens.keep(page, "engineer-journey-1-started")
    silent(fresh_portal.world, [HostId("harbour-port-01")])  # something happens at a machine, and the page shows it
    expect(page.get_by_text("does not answer")).to_be_visible(timeout=60_000)
    page.get_by_text("Report a problem", exact=True).click()
    page.get_by_label("What happened").fill("The switch in the yard is dead.")
    photo = tmp_path / "switch.png"
    photo.write_bytes(PNG)
    page.locator("#problem-photo").set_input_files(photo)
    page.get_by_role("button", name="Report it").click()
    expect(page.locator(".said-list")).to_contain_text("The switch in the yard is dead.")
    expect(page.locator(".photos img")).to_have_count(1)
    screens.keep(page, "engineer-journey-2-reported")
    page.get_by_label("Minutes at work").fill("80")
    page.get_by_role("button", name="Finish").click()
    page.wait_for_url(re.compile(r"/engineer$"))
    expect(page.get_by_text("done")).to_have_count(2)
    screens.keep(page, "engineer-journey-3-finished")
    assert list(notes(fresh_portal.world, "visit finished"))[-1] == ("Kim Lee (kim)", "v2")


def test_what_is_entered_without_a_connection_is_kept_and_sent_later_once(
    fresh_portal: RunningPortal, screens_of: Callable[[RunningPortal], Screens]
) -> None:
    may_start_early(fresh_portal.world)
    book, screens = fresh_portal.world.services.book, screens_of(fresh_portal)
    page = screens.page("kim", phone=True)
    page.goto("/engineer")
    page.wait_for_selector("html[data-kept]")
    page.context.set_offline(True)
    page.goto(V2)  # kept on the telephone, though it was never opened
    expect(page.get_by_role("heading", name="Harbour Freight Forwarding")).to_be_visible()
    expect(page.locator(".offline")).to_be_visible()
    page.get_by_role("button", name="Start").click()
    page.get_by_text("Add a note or a photo").click()
    page.get_by_label("Note", exact=True).fill("The key is with the neighbour.")
    page.get_by_role("button", name="Keep it").click()
    expect(page.locator("[data-waiting-list] li")).to_have_count(2)
    screens.keep(page, "engineer-offline-waiting")
    page.reload()  # what was entered outlives the page
    page.get_by_label("Minutes at work").fill("45")  # there because the start waits to be sent
    page.get_by_role("button", name="Finish").click()
    expect(page.locator("[data-waiting-list] li")).to_have_count(3)
    assert book.papers(FIELD, campaign_id=CAMPAIGN) == ()

    lost: list[str] = []

    def lose_the_answer(route: Route) -> None:
        """The portal gets what is sent, but its answer never comes: the telephone will send it again."""
        if lost:
            route.continue_()
            return
        lost.append("answer")
        route.fetch()
        route.abort()

    page.context.route("**/say", lose_the_answer)
    page.context.set_offline(False)
    page.evaluate("window.dispatchEvent(new Event('online'))")
    page.wait_for_url(re.compile(r"/engineer$"), timeout=60_000)
    page.goto(V2)
    expect(page.locator(".said-list")).to_contain_text("The key is with the neighbour.")
    assert lost == ["answer"]
    assert [one.value.text for one in book.papers(FIELD, campaign_id=CAMPAIGN)] == ["The key is with the neighbour."]
    assert [by for by, _ in notes(fresh_portal.world, "visit started")] == ["Kim Lee (kim)"]
    assert list(notes(fresh_portal.world, "visit finished"))[-1] == ("Kim Lee (kim)", "v2")


def test_what_is_entered_while_the_portal_is_down_is_sent_once_when_it_is_back(
    world_folder: Path, tmp_path: Path, screens_of: Callable[[RunningPortal], Screens]
) -> None:
    """The telephone believes that it has a connection, and nobody answers; the page is even loaded anew meanwhile."""
    world = copy_world(world_folder, tmp_path)
    may_start_early(world)
    running = start_portal(world)
    port = int(running.url.rpartition(":")[2])
    page = screens_of(running).page("kim", phone=True)
    page.goto("/engineer")
    page.wait_for_selector("html[data-kept]")
    page.goto(V2)
    stop_portal(running)
    page.get_by_role("button", name="Start").click()
    expect(page.locator("[data-waiting-why]")).to_contain_text("No connection", timeout=60_000)
    expect(page.locator(".offline")).to_be_visible()
    page.reload()
    page.get_by_text("Add a note or a photo").click()
    page.get_by_label("Note", exact=True).fill("Nobody answers at the office either.")
    page.get_by_role("button", name="Keep it").click()
    expect(page.locator("[data-waiting-list] li")).to_have_count(2)
    page.reload()
    expect(page.locator("[data-waiting-list] li")).to_have_count(2)
    again = start_portal(open_world(tmp_path), port=port)
    try:
        expect(page.locator(".said-list")).to_contain_text("Nobody answers at the office either.", timeout=90_000)
        expect(page.get_by_text("Started at 09:00")).to_be_visible()
        expect(page.locator("[data-waiting]")).to_be_hidden()
        kept = [one.value for one in again.world.services.book.papers(FIELD, campaign_id=CAMPAIGN)]
        assert [one.text for one in kept] == ["Nobody answers at the office either."]
        assert kept[0].said_at <= kept[0].received_at
        assert [by for by, _ in notes(again.world, "visit started")] == ["Kim Lee (kim)"]
    finally:
        page.goto("about:blank")
        stop_portal(again)


@pytest.mark.slow
def test_the_pages_that_are_kept_go_when_the_engineer_logs_out(
    portal: RunningPortal, screens_of: Callable[[RunningPortal], Screens]
) -> None:
    page = screens_of(portal).page("omar", phone=True)
    portal.words.pop("omar")  # this session ends here
    page.goto("/engineer")
    page.wait_for_selector("html[data-kept]")
    assert page.evaluate("caches.has('muster-field-1')")
    page.get_by_text("Omar Haddad").click()
    page.get_by_role("button", name="Log out").click()
    page.wait_for_url("**/login")
    assert not page.evaluate("caches.has('muster-field-1')")
