"""Every page of the project manager as it looks: at a desk and on a phone, light and dark; pictures are kept."""

from collections.abc import Callable
from importlib import resources

import pytest
from playwright.sync_api import Page

from muster.plan import Plan
from portal.access import Role
from tests.portal.conftest import RunningPortal, Screens
from tests.portal.test_manager_board import BOARD

PAGES = {
    "list": "/manager",
    "board": BOARD,
    "failures": f"{BOARD}/failures",
    "sites": f"{BOARD}/sites",
    "map": f"{BOARD}/map",
    "changes": f"{BOARD}/changes",
    "hosts": f"{BOARD}/hosts?status=stale",
    "waves": f"{BOARD}/waves",
    "timeline": f"{BOARD}/timeline?day=2026-10-20",
    "plan": f"{BOARD}/plan",
    "approvals": f"{BOARD}/approvals",
    "capacity": f"{BOARD}/capacity",
    "what-if": f"{BOARD}/what-if",
    "premortem": f"{BOARD}/premortem",
    "money": f"{BOARD}/money",
}


@pytest.fixture(scope="module")
def filled(planned: tuple[RunningPortal, Plan]) -> tuple[RunningPortal, Plan]:
    """The same with a forecast, quotes and the profit."""
    with planned[0].client(Role.MANAGER) as client:
        client.post(f"{BOARD}/forecast")
        client.post(f"{BOARD}/money/offer", data={"host": "12.50", "site": "40", "until": "2026-10-31"})
        client.post(f"{BOARD}/money/quotes/harbour", data={"by": "Hugo Harbour"})
        client.post(f"{BOARD}/money/profit")
    return planned


def serious(page: Page) -> list[str]:
    """What axe's rules find that is serious or critical, with where it stands."""
    source = resources.files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
    page.evaluate(source)
    found = page.evaluate("axe.run(document)")
    assert len(found["passes"]) > 10, "axe has looked at nothing"
    return [
        f"{one['id']}: {one['help']} at {one['nodes'][0]['target']}"
        for one in found["violations"]
        if one["impact"] in {"serious", "critical"}
    ]


def look(screens: Screens, *, phone: bool, dark: bool) -> None:
    """Go through every page; none of them may scroll sideways, and no script may fail."""
    page = screens.page(Role.MANAGER, phone=phone, dark=dark)
    troubles: list[str] = []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("console", lambda said: troubles.append(said.text) if said.type == "error" else None)
    for name, path in PAGES.items():
        answer = page.goto(path)
        assert answer is not None
        assert answer.status == 200, name
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"{name} scrolls sideways on a {'phone' if phone else 'desk'}"
        screens.keep(page, f"manager-{name}-{'phone' if phone else 'desk'}-{'dark' if dark else 'light'}")
    assert not troubles


@pytest.mark.slow
def test_no_page_scrolls_sideways_on_a_phone_and_no_script_fails(
    filled: tuple[RunningPortal, Plan], screens_of: Callable[[RunningPortal], Screens]
) -> None:
    look(screens_of(filled[0]), phone=True, dark=False)


@pytest.mark.slow
@pytest.mark.parametrize("dark", [False, True])
def test_axe_finds_nothing_serious(
    filled: tuple[RunningPortal, Plan], screens_of: Callable[[RunningPortal], Screens], *, dark: bool
) -> None:
    running, plan = filled
    page = screens_of(running).page(Role.MANAGER, dark=dark)
    found = {}
    visit = plan.assignments[0].visit_id
    pages = {
        **PAGES,
        "move": f"{BOARD}/timeline?day=2026-10-20&visit={visit}",
        "why": f"{BOARD}/plan/{plan.id}/why/{visit}",
    }
    for name, path in pages.items():
        page.goto(path)
        if wrong := serious(page):
            found[name] = wrong
    assert not found


@pytest.mark.slow
@pytest.mark.parametrize(("phone", "dark"), [(False, False), (False, True), (True, True)])
def test_every_page_is_looked_at_in_every_light(
    filled: tuple[RunningPortal, Plan], screens_of: Callable[[RunningPortal], Screens], *, phone: bool, dark: bool
) -> None:
    look(screens_of(filled[0]), phone=phone, dark=dark)
