"""How the pages of engineers, partners and clients look: telephone and desk, light and dark, for axe, on paper."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from portal.access import Role
from portal.field.pictures import media_type
from reports.signing import create_key
from tests.portal.conftest import RunningPortal, Screens, start_portal, stop_portal
from tests.portal.field import PNG, may_start_early, silent
from tests.portal.test_manager_looks import serious
from tests.portal.world import add_accounts, hosts_of, make_world

pytestmark = pytest.mark.slow
V2, V4 = "/engineer/visits/vancouver/v2", "/partner/visits/vancouver/v4"
C2 = "/client/visits/vancouver/v2"
PAGES = (
    ("engineer-day", "kim", "/engineer"),
    ("engineer-visit", "kim", V2),
    ("engineer-sheet", "kim", "/engineer/day/2026-10-20/sheet"),
    ("engineer-calendar", "kim", "/calendar"),
    ("engineer-empty", "kim", "/engineer/day/2026-12-24"),
    ("partner-visits", "nils", "/partner/visits"),
    ("partner-visit", "nils", V4),
    ("partner-people", "nils", "/partner/people"),
    ("partner-work", "nils", "/partner/work"),
    ("technician-visit", "pat", V4),
    ("client-visits", "hugo", "/client/visits"),
    ("client-visit", "hugo", C2),
    ("client-times", "hugo", "/client/visits/vancouver/v3/times"),
    ("client-done", "dora", "/client/visits/vancouver/v1"),
    ("client-german", "dora", "/client/visits?lang=de"),
    ("client-certificate", "dora", "/client/certificate?lang=en"),
    ("engineer-photo", "kim", "/photo"),
    ("partner-photos", "nils", "/photo"),
    ("inbox", "ana", "/inbox"),
    ("manager-photos", "ana", "/photo"),
)


@pytest.fixture(scope="module")
def lived_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPortal]:
    """A portal in which something was said by everybody."""
    world = make_world(tmp_path_factory.mktemp("people"))
    add_accounts(world)
    create_key(world.settings.workspace)
    may_start_early(world)
    silent(world, hosts_of("harbour-port")[:2])
    running = start_portal(world)
    with running.client("kim") as kim, running.client("pat") as pat, running.client("hugo") as hugo:
        assert media_type(PNG) == "image/png"
        kim.post(V2 + "/start", data={})
        problem = {"kind": "problem", "text": "The server room is locked.", "key": "looks-key-1"}
        kim.post(V2 + "/say", data=problem, files={"photo": ("a.png", PNG, "image/png")})
        pat.post(V4 + "/conduct", data={})
        pat.post(V4 + "/start", data={})
        pat.post(V4 + "/matter", data={"matter": "incident", "text": "A flood in the cellar."})
        hugo.post(C2 + "/contact", data={"name": "Hugo", "phone": "604 555 0100", "arriving": "Gate 3"})
    with running.client("nils") as nils:
        nils.post(V4 + "/technician", data={"comes": "nia", "reason": "Pat is ill"})
    yield running
    stop_portal(running)


def listen(page: Page, name: str, wrong: list[str]) -> None:
    """Write down what fails in a page's scripts, and what its policy refuses."""
    page.on("pageerror", lambda error: wrong.append(f"{name}: {error}"))
    page.on("console", lambda said: wrong.append(f"{name}: {said.text}") if said.type == "error" else None)


def look(screens: Screens, *, phone: bool, dark: bool) -> None:
    """Go through every page: none scrolls sideways, no script fails, axe finds nothing serious."""
    size = f"{'phone' if phone else 'desk'}-{'dark' if dark else 'light'}"
    wrong: list[str] = []
    for name, who, path in PAGES:
        page = screens.page(who, phone=phone, dark=dark)
        listen(page, name, wrong)
        answer = page.goto(path)
        assert answer is not None
        assert answer.status == 200, name
        if page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") > 0:
            wrong.append(f"{name} scrolls sideways")
        page.evaluate("document.querySelectorAll('main details').forEach((one) => { one.open = true; })")
        wrong += [f"{name}: {one}" for one in serious(page)]
        screens.keep(page, f"{name}-{size}")
        page.context.close()
        screens.opened.remove(page.context)
    assert not wrong


@pytest.mark.parametrize(("phone", "dark"), [(True, False), (True, True), (False, False), (False, True)])
def test_no_page_scrolls_sideways_fails_or_is_seriously_hard_to_use(
    lived_in: RunningPortal, screens_of: Callable[[RunningPortal], Screens], *, phone: bool, dark: bool
) -> None:
    look(screens_of(lived_in), phone=phone, dark=dark)


def test_a_day_sheet_prints_on_few_pages_with_no_buttons_on_them(
    lived_in: RunningPortal, screens_of: Callable[[RunningPortal], Screens]
) -> None:
    screens = screens_of(lived_in)
    page = screens.page(Role.ENGINEER)
    page.goto("/engineer/day/2026-10-20/sheet")
    page.emulate_media(media="print", color_scheme="light")
    assert page.locator("button:visible, nav:visible").count() == 0
    assert page.get_by_text("Harbour Freight Forwarding").is_visible()
    screens.keep(page, "engineer-sheet-print")
    printed = page.pdf(format="A4")
    assert printed.startswith(b"%PDF")
    assert 1 <= printed.count(b"/Type /Page\n") + printed.count(b"/Type /Page ") + printed.count(b"/Type /Page/") <= 3


STOP = """() => {
  const one = document.activeElement;
  if (!one || one === document.body) return null;
  const label = one.labels?.[0]?.textContent ?? "";
  const seen = [one, one.nextElementSibling].some((e) => e && getComputedStyle(e).outlineStyle !== "none");
  const words = one.textContent.trim() || one.querySelector("img")?.alt || one.value || "";
  return [(one.getAttribute("aria-label") || label || words).trim(), seen];
}"""
"""What the keyboard stands on: its name, and whether one sees that it does (a choice is drawn by what follows it)."""


def stops(page: Page) -> list[tuple[str, bool]]:
    """Everything that the Tab key comes to, from the top of the page to its end."""
    found = []
    for _ in range(200):
        page.keyboard.press("Tab")
        if (one := page.evaluate(STOP)) is None:
            break
        found.append((one[0], one[1]))
    return found


def test_the_keyboard_comes_to_everything_and_one_sees_and_hears_where_it_stands(
    lived_in: RunningPortal, screens_of: Callable[[RunningPortal], Screens]
) -> None:
    screens, wrong = screens_of(lived_in), []
    for name, who, path in PAGES:
        page = screens.page(who)
        page.goto(path)
        found = stops(page)
        assert len(found) >= 5, name
        wrong += [f"{name}: {what!r}" for what, seen in found if not what or not seen]
    assert wrong == []


def test_a_note_is_written_by_keyboard_alone(
    lived_in: RunningPortal, screens_of: Callable[[RunningPortal], Screens]
) -> None:
    page = screens_of(lived_in).page("kim")
    page.goto(V2)

    def go_to(name: str) -> None:
        for _ in range(200):
            page.keyboard.press("Tab")
            if page.evaluate(STOP)[0] == name:
                return
        raise AssertionError(f"the keyboard does not come to {name}")

    go_to("Add a note or a photo")
    page.keyboard.press("Enter")
    go_to("Note")
    page.keyboard.type("Written without a mouse.")
    go_to("Keep it")
    page.keyboard.press("Enter")
    expect(page.locator(".said-list")).to_contain_text("Written without a mouse.")
