"""The journeys of a partner and of a client on a telephone in a real Chromium, from the link in a letter to the end."""

from collections.abc import Callable
from datetime import timedelta

from playwright.sync_api import Page, expect

from flows.measured import finish_visit
from muster.ids import VisitId
from portal.access import Role
from portal.accounts import Whom
from portal.links import Links
from portal.partner.records import ANSWERS
from reports.signing import create_key
from tests.portal.conftest import RunningPortal, Screens
from tests.portal.field import may_start_early, notes, silent
from tests.portal.world import CAMPAIGN, hosts_of

Browse = Callable[[RunningPortal], Screens]


def come_in(running: RunningPortal, page: Page, whom: Whom) -> None:
    """By a link that somebody was sent, which works on this device only."""
    links = Links(running.world.ledger, running.portal.store, "test")
    _, word = links.add(whom, lasts=timedelta(days=3), timezone="America/Vancouver")
    page.goto(f"/enter/{word}")
    page.get_by_role("button", name="Open on this device").click()


def test_a_partner_s_people_on_the_telephone_from_the_link_to_what_is_owed(
    fresh_portal: RunningPortal, screens_of: Browse
) -> None:
    may_start_early(fresh_portal.world)
    screens = screens_of(fresh_portal)
    manager = screens.page(phone=True)
    come_in(fresh_portal, manager, Whom("Nils of North", Role.PARTNER_MANAGER, partner_id="north"))
    manager.get_by_role("link", name="Acme Dental").click()
    manager.get_by_role("button", name="Accept").click()
    expect(manager.get_by_text("Thank you, the office knows.")).to_be_visible()
    screens.keep(manager, "partner-journey-1-accepted")

    page = screens.page(phone=True)
    whom = Whom("Pat Roy", Role.PARTNER_TECHNICIAN, partner_id="north", engineer_id="pat")
    come_in(fresh_portal, page, whom)
    page.get_by_role("link", name="Acme Dental").click()
    expect(page.get_by_role("button", name="Start")).to_have_count(0)
    page.get_by_role("button", name="I have read them and go by them").click()
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_text("Started at 09:00")).to_be_visible()
    page.locator("summary", has_text="The client asks for more work").click()
    page.get_by_label("What is wanted, and by whom").fill("Two new laptops for the reception.")
    page.get_by_role("button", name="Pass it on").click()
    expect(page.get_by_text("Recorded as referral-1.")).to_be_visible()
    screens.keep(page, "partner-journey-2-referred")
    page.get_by_label("Minutes at work").fill("75")
    page.get_by_role("button", name="Finish").click()
    page.wait_for_url("**/partner/visits")
    expect(page.get_by_text("done")).to_be_visible()

    manager.get_by_role("link", name="Work", exact=True).click()
    expect(manager.get_by_text("waits for a fresh probe")).to_be_visible()
    screens.keep(manager, "partner-journey-3-work")
    answers = [
        (one.value.state.value, one.value.by.split(" (")[0]) for one in fresh_portal.world.services.book.papers(ANSWERS)
    ]
    assert answers == [("accepted", "Nils of North")]
    assert [visit for _, visit in notes(fresh_portal.world, "visit finished")][-1] == "v4"


def test_a_client_on_the_telephone_from_the_link_to_the_certificate(
    fresh_portal: RunningPortal, screens_of: Browse
) -> None:
    world = fresh_portal.world
    silent(world, hosts_of("harbour-port")[:-1])
    create_key(world.settings.workspace)
    finish_visit(
        world.services, CAMPAIGN, VisitId("v3"), minutes=50, travel_minutes=None, by="Omar Haddad (omar)", note=""
    )
    screens = screens_of(fresh_portal)
    page = screens.page(phone=True)
    come_in(fresh_portal, page, Whom("Hugo Harbour", Role.CLIENT_CONTACT, client_ids=("harbour",)))
    page.get_by_role("link", name="Open").click()
    expect(page.get_by_text("What you will notice")).to_be_visible()
    page.get_by_role("link", name="Show other times").click()
    page.locator(".slots button").nth(1).click()
    expect(page.get_by_text("You asked for")).to_be_visible()
    page.get_by_label("Name").fill("Hugo at the gate")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("whoever comes will know")).to_be_visible()
    screens.keep(page, "client-journey-1-asked")
    page.get_by_role("link", name="Visits").first.click()
    page.locator(".past", has_text="Omar Haddad").click()
    page.locator(".points .choice").nth(3).click()
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("You said: 4 of 5.")).to_be_visible()
    screens.keep(page, "client-journey-2-said")
    page.get_by_role("link", name="Certificate").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download the signed file").click()
    assert download.value.suggested_filename.endswith(".zip")
