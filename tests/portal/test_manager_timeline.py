"""The timeline: one day drawn in real time, and a visit moved by hand, judged, answered and proposed."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta

from playwright.sync_api import Page

from flows.moving import Wish, around, check, make_way
from muster.ids import PersonId, PlanId, VisitId
from muster.plan import Plan
from portal.access import Role
from portal.manager.queries_timeline import HOUR_WIDTH, Axis, _ticks, clock_change, local_instant, told_time
from scheduler.localtime import instant, zone
from tests.portal.conftest import RunningPortal, Screens
from tests.portal.test_manager_board import BOARD, words
from tests.portal.world import CAMPAIGN

BERLIN, BACK, FORWARD = "Europe/Berlin", date(2026, 10, 25), date(2026, 3, 29)


def first_of(plan: Plan, person: str) -> tuple[VisitId, datetime]:
    """Somebody's first visit."""
    one = min((one for one in plan.assignments if one.person_id == person), key=lambda made: made.starts_at)
    return one.visit_id, one.starts_at


def test_a_visit_that_moves_breaks_what_stands_there_and_says_so(planned: tuple[RunningPortal, Plan]) -> None:
    running, plan = planned
    services = running.world.services
    problem = around(services, plan)
    visit_id, _ = first_of(plan, "omar")
    _, taken = first_of(plan, "cole")
    found = check(problem, plan, Wish(visit_id, PersonId("cole"), taken))
    assert "overlap" in {one.rule for one in found.breaks}
    assert not found.broken_before


def test_what_stands_in_the_way_moves_and_nothing_else(planned: tuple[RunningPortal, Plan]) -> None:
    running, plan = planned
    services = running.world.services
    visit_id, _ = first_of(plan, "omar")
    blocking, taken = first_of(plan, "cole")
    wish = Wish(visit_id, PersonId("cole"), taken)
    way = make_way(services, around(services, plan), plan, wish)
    assert way.granted
    assert blocking in {one.visit_id for one in way.moves}
    assert visit_id in way.told, "its client was told, and must hear of it"
    placed = {one.visit_id: one for one in way.plan.assignments}
    assert (placed[wish.visit_id].person_id, placed[wish.visit_id].starts_at) == ("cole", taken)
    moved = {one.visit_id for one in way.moves}
    for one in plan.assignments:
        if one.visit_id not in moved:
            assert (placed[one.visit_id].person_id, placed[one.visit_id].starts_at) == (one.person_id, one.starts_at)
    assert check(around(services, way.plan), way.plan, wish).breaks == ()


def test_a_place_outside_of_everybodys_hours_is_refused_with_its_reason(planned: tuple[RunningPortal, Plan]) -> None:
    running, plan = planned
    services = running.world.services
    visit_id, _ = first_of(plan, "omar")
    wish = Wish(visit_id, PersonId("omar"), datetime(2026, 10, 21, 8, tzinfo=UTC))
    way = make_way(services, around(services, plan), plan, wish)
    assert not way.granted
    assert way.why_not


def test_the_page_answers_a_form_without_any_script(planned: tuple[RunningPortal, Plan]) -> None:
    running, plan = planned
    _, starts_at = first_of(plan, "cole")
    other, _ = first_of(plan, "omar")
    local = starts_at.astimezone(zone("America/Edmonton"))
    fields = {"visit": other, "person": "cole", "date": f"{local:%Y-%m-%d}", "time": f"{local:%H:%M}"}
    with running.client(Role.MANAGER) as client:
        broken = words(client.post(f"{BOARD}/timeline", data={**fields, "do": "check"}).text)
        way = words(client.post(f"{BOARD}/timeline", data={**fields, "do": "move"}).text)
        nobody = client.post(f"{BOARD}/timeline", data={**fields, "person": "mallory", "do": "check"})
        no_time = client.post(f"{BOARD}/timeline", data={**fields, "time": "soon", "do": "check"})
    assert "Breaks" in broken
    assert "at the same time" in broken
    assert "What moves" in way
    assert "gets a new notice" in way
    assert (nobody.status_code, no_time.status_code) == (400, 400)


def test_what_is_proposed_is_kept_and_binds_nobody(planned: tuple[RunningPortal, Plan]) -> None:
    running, plan = planned
    visit_id, starts_at = first_of(plan, "omar")
    ledger = running.world.ledger
    fields = {"visit": visit_id, "person": "omar", "starts_at": (starts_at + timedelta(hours=2)).isoformat()}
    with running.client(Role.MANAGER) as client:
        done = client.post(f"{BOARD}/timeline", json={**fields, "do": "propose"})
    there = done.json()["there"]
    made = ledger.plan(PlanId(there.rpartition("/")[2]))
    assert next(one.starts_at for one in made.assignments if one.visit_id == visit_id) == starts_at + timedelta(hours=2)
    binding = ledger.dispatched(CAMPAIGN)
    assert binding is not None
    assert binding.plan_id == plan.id
    notes = [one for one in ledger.events(campaign_id=CAMPAIGN) if one.kind == "portal: move proposed"]
    assert notes[-1].by == "Ana Silva (ana)"


def test_a_visit_that_is_dropped_on_another_day_keeps_its_local_time(planned: tuple[RunningPortal, Plan]) -> None:
    """Also over a clock change: Edmonton's clocks go back on 1 November 2026."""
    running, plan = planned
    visit_id, starts_at = first_of(plan, "omar")
    local = starts_at.astimezone(zone("America/Edmonton"))
    fields = {"visit": visit_id, "person": "omar", "starts_at": starts_at.isoformat(), "do": "check"}
    with running.client(Role.MANAGER) as client:
        before = client.post(f"{BOARD}/timeline", json={**fields, "onto_day": "2026-10-23"}).json()["html"]
        after = client.post(f"{BOARD}/timeline", json={**fields, "onto_day": "2026-11-02"}).json()["html"]
    assert f"Fri 23 Oct {local:%H:%M} MDT" in before
    assert f"Mon 2 Nov {local:%H:%M}" in after
    assert "Breaks" in words(after), "that is after the deadline"


def test_an_auditor_looks_and_moves_nothing(planned: tuple[RunningPortal, Plan]) -> None:
    running, plan = planned
    visit_id, _ = first_of(plan, "omar")
    with running.client(Role.AUDITOR) as client:
        page = client.get(f"{BOARD}/timeline?visit={visit_id}").text
        assert "data-may-change" not in page
        assert "What breaks?" not in page
        assert client.post(f"{BOARD}/timeline", data={"visit": visit_id}).status_code == 404


def test_a_day_on_which_clocks_go_back_is_an_hour_longer() -> None:
    here = zone(BERLIN)
    axis = Axis(instant(BACK, time(), here), instant(BACK + timedelta(days=1), time(), here))
    labels = [one.label for one in _ticks(axis, BERLIN)]
    assert axis.width == 25 * HOUR_WIDTH
    assert labels[2:5] == ["02:00 CEST", "02:00 CET", "03:00"]
    assert clock_change(BACK, BERLIN) == "clocks go back by 60 minutes on this day"
    assert clock_change(FORWARD, BERLIN) == "clocks go forward by 60 minutes on this day"
    assert not clock_change(BACK + timedelta(days=1), BERLIN)


def test_a_promised_local_time_is_that_time_on_the_clocks_of_its_site() -> None:
    before, said = local_instant(BACK - timedelta(days=1), time(9), BERLIN, second=False)
    after, _ = local_instant(BACK, time(9), BERLIN, second=False)
    assert after - before == timedelta(hours=25)
    assert not said
    first, which = local_instant(BACK, time(2, 30), BERLIN, second=False)
    second, _ = local_instant(BACK, time(2, 30), BERLIN, second=True)
    assert second - first == timedelta(hours=1)
    assert "comes twice on that day, as clocks go back: the first one (CEST) is meant" in which
    jumped, why = local_instant(FORWARD, time(2, 30), BERLIN, second=False)
    assert jumped == datetime(2026, 3, 29, 1, tzinfo=UTC)
    assert "does not exist on that day" in why


def test_a_site_elsewhere_is_told_in_its_own_time() -> None:
    at = datetime(2026, 10, 20, 17, tzinfo=UTC)
    assert (
        told_time(at, at + timedelta(hours=1), "America/Edmonton", "America/Vancouver") == "11:00\N{EN DASH}12:00 MDT"
    )
    assert told_time(at, at + timedelta(hours=1), "America/Vancouver", "America/Vancouver") == "10:00\N{EN DASH}11:00"


def settled(page: Page) -> str:
    """What the portal has answered."""
    page.locator("[data-answer] .answer, [data-answer] .said.bad").first.wait_for()
    return page.locator("[data-answer]").inner_text()


def test_a_visit_is_dragged_onto_another_person_and_proposed(
    planned: tuple[RunningPortal, Plan], screens_of: Callable[[RunningPortal], Screens]
) -> None:
    running, plan = planned
    screens = screens_of(running)
    visit_id, _ = first_of(plan, "kim")
    page = screens.page(Role.MANAGER)
    page.goto(f"{BOARD}/timeline?day=2026-10-20")
    screens.keep(page, "manager-timeline-desk-light")
    bar = page.locator(f'[data-visit="{visit_id}"] > rect').bounding_box()
    row = page.locator('.tl-row[data-person="cole"]').bounding_box()
    assert bar is not None
    assert row is not None
    page.mouse.move(bar["x"] + 20, bar["y"] + 10)
    page.mouse.down()
    page.mouse.move(bar["x"] + 40, bar["y"] + 14, steps=4)
    page.mouse.move(bar["x"] + 20, row["y"] + row["height"] / 2, steps=8)
    screens.keep(page, "manager-timeline-dragging")
    page.mouse.up()
    said = settled(page)
    assert "Cole Tan" in said
    assert "Breaks" in said, "Cole has visits at that hour"
    page.get_by_role("button", name="What else moves?").last.click()
    page.get_by_role("heading", name="What moves").wait_for()
    screens.keep(page, "manager-timeline-moves-desk-light")
    page.get_by_role("button", name="Propose this").click()
    page.wait_for_url("**/plan/P-*")
    page.get_by_role("heading", name="What dispatch would do").wait_for()
    screens.keep(page, "manager-proposal-desk-light")


def test_a_visit_is_moved_by_keyboard_alone(
    planned: tuple[RunningPortal, Plan], screens_of: Callable[[RunningPortal], Screens]
) -> None:
    running, plan = planned
    page = screens_of(running).page(Role.MANAGER)
    visit_id, starts_at = first_of(plan, "omar")
    page.goto(f"{BOARD}/timeline?day=2026-10-21")
    page.locator(f'[data-visit="{visit_id}"]').focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    local = (starts_at + timedelta(minutes=30)).astimezone(zone("America/Edmonton"))
    assert f"{local:%H:%M} MDT" in settled(page)


def finger(page: Page) -> Callable[[str, list[tuple[float, float]]], None]:
    """A finger on the glass, as the browser has it from the device."""
    device = page.context.new_cdp_session(page)

    def touch(what: str, at: list[tuple[float, float]]) -> None:
        device.send("Input.dispatchTouchEvent", {"type": what, "touchPoints": [{"x": x, "y": y} for x, y in at]})

    return touch


def test_a_finger_that_rests_on_a_visit_drags_it_and_one_that_does_not_scrolls(
    planned: tuple[RunningPortal, Plan], screens_of: Callable[[RunningPortal], Screens]
) -> None:
    running, plan = planned
    screens = screens_of(running)
    visit_id, _ = first_of(plan, "kim")
    page = screens.page(Role.MANAGER, phone=True)
    page.clock.install()
    page.goto(f"{BOARD}/timeline?day=2026-10-20")
    page.clock.pause_at(
        datetime.now(UTC) + timedelta(hours=1)
    )  # how long a finger rests does not depend on the machine
    bar = page.locator(f'[data-visit="{visit_id}"]')
    bar.scroll_into_view_if_needed()
    touch, moving = finger(page), page.locator(f'.moving[data-visit="{visit_id}"]')
    box = page.locator(f'[data-visit="{visit_id}"] > rect').bounding_box()
    assert box is not None
    x, y = box["x"] + 12, box["y"] + 10
    scroller = page.locator(".tl-scroll")
    before = scroller.evaluate("""one => {
        one.addEventListener("scrollend", () => { one.dataset.rests = "" }, { once: true });
        return one.scrollLeft;
    }""")
    touch("touchStart", [(x, y)])
    for step in range(1, 6):
        touch("touchMove", [(x - 12 * step, y)])
    assert moving.count() == 0, "a finger that moves at once scrolls"
    touch("touchEnd", [])
    page.locator(".tl-scroll[data-rests]").wait_for()
    assert scroller.evaluate("one => one.scrollLeft") > before
    # how far it slides on depends on the machine, and may be under the column of names
    scroller.evaluate("(one, before) => { one.scrollLeft = before }", before)
    box = page.locator(f'[data-visit="{visit_id}"] > rect').bounding_box()
    row = page.locator('.tl-row[data-person="omar"]').bounding_box()
    assert box is not None
    assert row is not None
    x, y = box["x"] + 12, box["y"] + 10
    touch("touchStart", [(x, y)])
    assert moving.count() == 0, "it has not rested yet"
    page.clock.run_for(400)
    moving.wait_for()
    for step in range(1, 6):
        touch("touchMove", [(x, y + (row["y"] + 20 - y) * step / 5)])
    page.locator('.tl-row.over[data-person="omar"]').wait_for()
    screens.keep(page, "manager-timeline-finger-phone")
    touch("touchEnd", [])
    assert "Omar Haddad" in settled(page)
    assert page.url.endswith("timeline?day=2026-10-20"), "no tap is taken for a way to another page"
