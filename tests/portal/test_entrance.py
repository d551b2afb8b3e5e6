import pytest

from portal.access import Role
from tests.portal.conftest import RunningPortal, Screens
from tests.portal.world import PASSWORD


@pytest.mark.parametrize("role", list(Role))
def test_everybody_is_led_to_their_own_first_page(portal: RunningPortal, role: Role) -> None:
    with portal.client(role) as client:
        there = client.get("/")
        assert there.status_code == 303
        assert client.get(there.headers["location"]).status_code == 200


def test_name_and_password_let_a_manager_in_and_the_door_lets_her_out(screens: Screens) -> None:
    page = screens.page()
    page.goto("/manager")
    page.get_by_label("Name").fill("ana")
    page.get_by_label("Password").fill(PASSWORD)
    screens.keep(page, "login")
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url("**/manager")
    page.get_by_text("Ana Silva").click()
    page.get_by_role("button", name="Log out").click()
    page.wait_for_url("**/login")
