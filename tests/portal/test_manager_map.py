"""The sites of a campaign on a map: where they lie, how they stand, and the way into a part of it."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from muster.fleet import Place
from portal.access import Role
from portal.manager.queries_map import CELL, WIDE, Box, _around, _Sheet, box_named
from tests.portal.conftest import RunningPortal, Screens
from tests.portal.test_manager_board import BOARD, words


def test_sites_that_lie_together_are_one_mark_and_lead_into_the_map(portal: RunningPortal) -> None:
    with portal.client(Role.MANAGER) as client:
        whole = client.get(f"{BOARD}/map").text
        inside = whole.split('href="' + f"{BOARD}/map?box=")[1].split('"')[0]
        part = client.get(f"{BOARD}/map?box={inside}").text
        nowhere = client.get(f"{BOARD}/map?box=10,10,11,11").text
        wrong = client.get(f"{BOARD}/map?box=far away").text
    assert "2 sites: 7 of 16 machines open" in whole, "the two of Vancouver"
    assert "Prince George clinic (Acme Dental): 5 of 8 machines open, 3 in trouble" in whole
    assert f'href="{BOARD}/hosts?site=acme-north"' in whole
    assert "Head office (Acme Dental): 0 of 8 machines open" in part
    assert "Edmonton yard" not in part
    assert "nothing to draw" in words(nowhere)
    assert "Edmonton yard" in wrong, "what is no part is the whole"


def test_north_is_up_and_a_kilometre_is_as_long_across_as_up() -> None:
    points = [Place(49.0, -123.0), Place(54.0, -113.0)]
    sheet = _Sheet(_around(points), WIDE, 560.0)
    assert sheet.y(54.0) < sheet.y(49.0)
    assert sheet.x(-123.0) < sheet.x(-113.0)
    up = sheet.y(51.0) - sheet.y(52.0)
    across = sheet.x(-117.0) - sheet.x(-118.0)
    assert across / up == pytest.approx(0.62, abs=0.01), "a degree of longitude at 51.5 degrees north"
    for point in points:
        assert CELL / 2 < sheet.x(point.longitude) < WIDE - CELL / 2
    assert sheet.longitude(sheet.x(-117.3)) == pytest.approx(-117.3)


def test_one_place_by_itself_has_a_map_too() -> None:
    sheet = _Sheet(_around([Place(49.0, -123.0)]), WIDE, 560.0)
    assert 0 < sheet.x(-123.0) < WIDE
    assert box_named(Box(-123, 49, -122, 50).words) == Box(-123, 49, -122, 50)
    assert box_named("1,2,3") is None
    assert box_named("nan,1,2,3") is None


def test_by_keyboard_from_the_map_to_the_machines_of_a_site(
    portal: RunningPortal, screens_of: Callable[[RunningPortal], Screens]
) -> None:
    screens = screens_of(portal)
    page: Page = screens.page(Role.MANAGER)
    page.goto(f"{BOARD}/sites")
    page.get_by_role("link", name="Map", exact=True).press("Enter")
    mark = page.get_by_role("link", name="Edmonton yard (Harbour Freight Forwarding)").first
    mark.wait_for()
    screens.keep(page, "manager-map-desk-light")
    mark.press("Enter")
    page.wait_for_url("**/hosts?site=harbour-yard")
