"""What everybody meets, in a real browser: accessible, usable by keyboard alone, readable in the dark."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import axe_playwright_python
import pytest
from playwright.sync_api import Page

from portal.access import Role
from portal.guards import guards_of
from tests.portal.conftest import RunningPortal, Screens
from tests.portal.test_access import IDS, app_routes, paths_of
from tests.portal.world import PASSWORD

AXE = next(Path(axe_playwright_python.__file__).parent.rglob("axe.min.js")).read_text(encoding="utf-8")
SERIOUS = {"serious", "critical"}
EACH_TIME = {Role.MANAGER, Role.CLIENT_CONTACT}
"""Whose pages are looked at each time; everybody's by ``make test-slow``."""
NO_PAGES = ("/live", "/api", "/calendar", "/logout", "/oidc", "/metrics", "/health", "/login", "/enter")


def findings(page: Page) -> Sequence[str]:
    """Axe's serious and critical findings on the page that is open: the rule, and where."""
    page.evaluate(AXE)
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{one['id']}: {node['target']}"
        for one in found["violations"]
        if one["impact"] in SERIOUS
        for node in one["nodes"]
    ]


def pages_of(portal: RunningPortal, role: Role) -> Iterator[str]:
    """One address of every page of a role that answers with a page."""
    account = {Role.ENGINEER: 2, Role.PARTNER_MANAGER: 0, Role.PARTNER_TECHNICIAN: 0, Role.CLIENT_CONTACT: 0}
    with portal.client(role) as client:
        for path, route in app_routes(portal):
            guard = guards_of(route)[0]
            if (
                path.startswith(NO_PAGES)
                or "GET" not in (route.methods or ())
                or role not in getattr(guard, "roles", ())
            ):
                continue
            addresses = list(paths_of(path))
            address = addresses[min(account.get(role, 0), len(addresses) - 1)]
            answer = client.get(address)
            if answer.status_code == 200 and "<html" in answer.text[:200]:
                yield address


@pytest.mark.parametrize(
    "role",  # the auditor's pages are the manager's
    [pytest.param(one, marks=() if one in EACH_TIME else pytest.mark.slow) for one in Role if one is not Role.AUDITOR],
)
def test_no_page_has_a_serious_finding(screens: Screens, portal: RunningPortal, role: Role) -> None:
    page = screens.page(role, phone=role is not Role.MANAGER)
    looked, wrong = 0, {}
    for address in pages_of(portal, role):
        page.goto(address)
        looked += 1
        if found := findings(page):
            wrong[address] = found
    assert wrong == {}
    assert looked >= 2


def test_the_ways_in_have_no_serious_finding_by_day_and_by_night(screens: Screens) -> None:
    for dark in (False, True):
        page = screens.page(dark=dark)
        for address in ("/login", "/enter/nothing", "/there/is/nothing"):
            page.goto(address)
            assert findings(page) == [], (address, dark)
        screens.keep(page, f"nothing-{'dark' if dark else 'light'}")


def test_the_account_has_no_serious_finding(screens: Screens) -> None:
    page = screens.page(Role.MANAGER)
    for address in ("/account", "/account/second-factor"):
        page.goto(address)
        assert findings(page) == [], address
        screens.keep(page, address.strip("/").replace("/", "-"))


def test_one_comes_in_and_goes_out_by_keyboard_alone(screens: Screens) -> None:
    page = screens.page()
    page.goto("/login")
    page.keyboard.type("ana")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/manager")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "To the content"
    for _ in range(10):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.tagName") == "SUMMARY":
            break
    page.keyboard.press("Enter")
    assert page.get_by_role("button", name="Log out").is_visible()
    page.keyboard.press("Escape")
    assert not page.get_by_role("button", name="Log out").is_visible()
    page.keyboard.press("Enter")
    for _ in range(10):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent.trim()") == "Log out":
            break
    page.keyboard.press("Enter")
    page.wait_for_url("**/login")


def test_no_page_breaks_its_own_content_policy(screens: Screens, portal: RunningPortal) -> None:
    page = screens.page(Role.ENGINEER, phone=True)
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    for address in pages_of(portal, Role.ENGINEER):
        page.goto(address)
    assert said == []


def test_nothing_is_wider_than_a_telephone(screens: Screens, portal: RunningPortal) -> None:
    wide = []
    for role in (Role.ENGINEER, Role.PARTNER_MANAGER, Role.CLIENT_CONTACT):
        page = screens.page(role, phone=True)
        for address in pages_of(portal, role):
            page.goto(address)
            if page.evaluate("document.documentElement.scrollWidth > window.innerWidth + 1"):
                wide.append(address)
    assert wide == []


def test_everybody_has_real_ids_to_be_looked_at_with() -> None:
    assert {one["visit"] for one in IDS} == {"v1", "v3", "v4", "v5"}
