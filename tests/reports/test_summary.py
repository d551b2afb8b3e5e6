"""The one-page summary says what the ledger says, fetches nothing, and fits a desk and a phone."""

import html
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from muster.ids import ClientId
from muster.outcomes import HostStatus
from muster.records import Stop
from muster.words import amount
from reports.burndown import beginning, burn_down, series
from reports.summary import render, summary_page, write_summary
from reports.words import days_left, moment, pace, share
from tests.reports.records import DEADLINE, MIXED, START, Story

CHROMIUM = Path("/usr/bin/chromium")
STOP = Stop("Ana", "wave 2 <halted>", START + timedelta(days=2))


class Tags(HTMLParser):
    """Every tag with its attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def _page(story: Story, **changes: object) -> str:
    record = story.record()
    return render(summary_page(replace(record, **changes), evidence=["tz-evidence.xlsx"]))  # type: ignore[arg-type]


def test_the_page_fetches_nothing_and_runs_nothing() -> None:
    tags = Tags(_page(Story(MIXED, stop=STOP)))
    assert tags.open == []
    assert not {"script", "link", "img", "iframe", "object", "form"} & {tag for tag, _ in tags.found}
    assert not [attrs for _, attrs in tags.found if {"src", "href", "onclick", "onload"} & set(attrs)]
    assert "url(" not in _page(Story(MIXED))
    assert ("html", {"lang": "en"}) in tags.found


def test_one_missing_host_never_reads_as_all() -> None:
    text = _page(Story([HostStatus.VERIFIED] * 149 + [HostStatus.UNREACHABLE], client_names=("Acme",)))
    assert "149 of 150" in text
    assert not re.search(r"\b100 ?%(?!;)", re.sub(r"<style>.*</style>", "", text, flags=re.DOTALL))
    assert "Nothing: every host is protected" not in text


def test_all_hosts_read_as_all() -> None:
    text = _page(Story([HostStatus.VERIFIED] * 150))
    assert "150 of 150 (100 %)" in text
    assert "Nothing: every host is protected" in text


def test_texts_of_hosts_and_people_are_escaped() -> None:
    evil = "<script>alert(1)</script>"
    text = _page(Story([HostStatus.FAILED], client_names=(evil,)), stop=STOP)
    assert evil not in text
    assert html.escape(evil) in text
    assert "wave 2 &lt;halted&gt;" in text


def test_what_is_open_is_grouped_with_cause_and_next_step() -> None:
    page = summary_page(Story(MIXED).record())
    assert [(group.status, group.count) for group in page.groups] == [
        (HostStatus.FAILED, 4),
        (HostStatus.UNKNOWN, 3),
        (HostStatus.UNTRUSTED, 2),
        (HostStatus.UNREACHABLE, 7),
        (HostStatus.UNSUPPORTED, 2),
        (HostStatus.STALE, 14),
    ]
    assert all(group.cause and group.hint and group.names for group in page.groups)
    assert sum(group.count for group in page.groups) + page.more_open == page.open


def test_many_groups_are_cut_and_the_rest_is_counted() -> None:
    record = Story([HostStatus.FAILED] * 40).record()
    states = tuple(replace(state, cause=f"cause {'x' * n}") for n, state in enumerate(record.hosts))
    page = summary_page(replace(record, hosts=states))
    assert (len(page.groups), page.more_open) == (12, 28)


def test_the_names_of_a_very_large_group_are_cut_and_counted() -> None:
    record = Story([HostStatus.FAILED] * 400).record()
    states = tuple(state for n, state in enumerate(record.hosts) if n % 2)
    (group,) = summary_page(replace(record, hosts=states)).groups
    assert group.count == 200
    assert len(group.names) < 200
    assert group.names.endswith("more")


def test_the_clients_add_up_to_the_whole() -> None:
    page = summary_page(Story(MIXED).record())
    assert sum(line.hosts for line in page.clients) == page.hosts == 150
    assert sum(line.protected for line in page.clients) == page.protected == 118


def test_a_clients_page_says_nothing_of_other_clients_or_of_cost() -> None:
    record = Story(MIXED).record()
    text = render(summary_page(record, client_id=ClientId("c0")))
    assert "For Acme Dental" in text
    assert "59 of 75" in text
    assert "Harbour" not in text
    assert "12,545.50" not in text


def test_the_plan_is_told_in_figures() -> None:
    plan = summary_page(Story(MIXED).record()).plan
    assert plan is not None
    assert (plan.visits, plan.placed, plan.people, plan.cost) == (3, 2, 1, "12,545.50")
    assert plan.quality == "at most 3.2% from the best possible"
    assert plan.unplaced[0][2] == "two more hours of a Windows engineer"


def test_a_campaign_without_anything_has_a_page() -> None:
    text = _page(Story([]), plan=None, dispatched=None)
    assert "0 of 0" in text
    assert "No host is in this campaign yet" in text


def test_the_burn_down_begins_with_all_hosts_and_ends_with_the_ledgers_figure() -> None:
    record = Story(MIXED).record()
    points = series(record)
    assert points[0][1] == 150
    assert points[-1] == (record.now, record.open)
    assert [at for at, _ in points] == sorted(at for at, _ in points)


def test_a_host_that_was_rolled_back_rises_in_the_burn_down_again() -> None:
    record = Story([HostStatus.VERIFIED, HostStatus.VERIFIED]).record()
    back = replace(record.hosts[0], status=HostStatus.ROLLED_BACK, changed_at=START + timedelta(days=2))
    points = series(replace(record, hosts=(back, record.hosts[1])))
    assert [count for _, count in points] == [2, 1, 0, 1, 1]


def test_the_pace_leads_from_now_to_nothing_at_the_deadline() -> None:
    burn = burn_down(Story(MIXED).record())
    assert burn.pace == f"{burn.now_x},{burn.now_y} {burn.deadline_x},{burn.bottom:.1f}"
    over = burn_down(Story(MIXED, now=DEADLINE + timedelta(days=1)).record())
    assert over.pace == ""
    assert over.deadline_x is not None
    assert over.deadline_x < over.now_x


def test_the_first_minutes_of_a_campaign_are_drawn_larger_beside_the_whole() -> None:
    record = Story([HostStatus.VERIFIED] * 4, now=START + timedelta(minutes=90)).record()
    first = beginning(record)
    assert first is not None
    assert first.deadline_x is None
    assert first.now_x == first.right
    assert [tick.label for tick in first.x_ticks] == [
        "08:20",
        "08:30",
        "08:40",
        "08:50",
        "09:00",
        "09:10",
        "09:20",
        "09:30",
    ]
    assert render(summary_page(record)).count("<polygon") == 2
    assert beginning(Story(MIXED).record()) is None


def test_the_picture_of_twelve_thousand_hosts_stays_small() -> None:
    record = Story([HostStatus.VERIFIED] * 12_000).record()
    assert len(burn_down(record).line) < 200_000


@pytest.mark.parametrize(
    ("left", "said"),
    [
        (timedelta(days=9, hours=23), "9 days left"),
        (timedelta(hours=47), "47 hours left"),
        (timedelta(minutes=1), "1 minute left"),
        (-timedelta(days=3), "over for 3 days"),
    ],
)
def test_days_that_are_left_are_rounded_down(left: timedelta, said: str) -> None:
    assert days_left(Story([], now=DEADLINE - left).record()) == said


def test_times_are_told_in_the_campaigns_zone() -> None:
    page = summary_page(Story(MIXED).record())
    assert page.deadline == "Sun 1 Nov 2026, 02:00 -07:00"
    assert page.as_of == "Thu 22 Oct 2026, 08:00 -07:00"


def test_figures_in_words() -> None:
    assert share(11_999, 12_000) == "11,999 of 12,000 (99 %)"
    assert (amount(123_456_70), amount(-50)) == ("123,456.70", "-0.50")
    assert pace(100, timedelta(days=9, hours=1)) == "12 a day"
    assert pace(0, timedelta(days=9)) == ""
    assert moment(datetime(2026, 11, 1, 9, tzinfo=UTC)) == "Sun 1 Nov 2026, 09:00 UTC"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.skip("no Chromium at /usr/bin/chromium (apt-get install chromium): the page is not looked at")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield chromium
        chromium.close()


@pytest.fixture
def open_page(browser: Browser, tmp_path: Path) -> Iterator[Page]:
    context = browser.new_context(offline=True)
    page = context.new_page()
    write_summary(Story(MIXED, stop=STOP).record(), tmp_path / "summary.html", evidence=["e" * 120 + ".xlsx"])
    page.goto((tmp_path / "summary.html").as_uri())
    yield page
    context.close()


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_nothing_is_wider_than_the_window(open_page: Page, width: int) -> None:
    open_page.set_viewport_size({"width": width, "height": 900})
    assert open_page.evaluate("document.documentElement.scrollWidth") <= width
    wide = (
        "[...document.querySelectorAll('main *')].filter(e => e.getBoundingClientRect().right > innerWidth + 1).length"
    )
    assert open_page.evaluate(wide) == 0


@pytest.mark.parametrize("width", [390, 1280])
def test_the_figures_that_a_person_sees_are_the_ledgers(open_page: Page, width: int) -> None:
    open_page.set_viewport_size({"width": width, "height": 900})
    assert open_page.locator("#protected").inner_text() == "118 of 150"
    assert open_page.locator("#open").inner_text() == "32"
    assert open_page.locator("#days-left").inner_text() == "9 days left"
    for status in set(MIXED):
        chip = open_page.locator(f"[data-status={status.name}]")
        assert chip.is_visible()
        assert chip.inner_text().split()[1:] == [str(MIXED.count(status)), *status.value.split()]
    assert open_page.locator("#open-hosts tbody tr").count() == 6
    assert open_page.locator("svg").first.is_visible()


def test_the_page_prints(open_page: Page) -> None:
    open_page.emulate_media(media="print")
    assert open_page.pdf(format="A4").startswith(b"%PDF")
