"""The page in sums: failures first, each cause with what to do, one line for all of its hosts."""

from datetime import UTC, datetime
from io import StringIO

from rich.console import Console

from muster.campaign import Campaign
from muster.cli.standing import SHOWN_CAUSES, page_of
from muster.ids import CampaignId, FixName
from muster.outcomes import HostStatus, Stage
from muster.records import Standing, Stop, Sum, WaveState, WaveSum

NOW = datetime(2026, 10, 19, 8, tzinfo=UTC)
CAMPAIGN = Campaign(CampaignId("c"), "Vancouver", FixName("tzdata"), datetime(2026, 11, 1, 9, tzinfo=UTC))


def shown(standing: Standing) -> str:
    """The page as a terminal shows it."""
    file = StringIO()
    Console(file=file, width=150).print(page_of(CAMPAIGN, standing, now=NOW))
    return file.getvalue()


def test_the_page_says_what_a_manager_asks_first() -> None:
    failed = Sum(HostStatus.FAILED, Stage.COMMAND, "disk full", "", 1_200)
    counts = {HostStatus.VERIFIED: 90_000, HostStatus.FAILED: 1_200}
    stop = Stop("ann", "wait for the vendor", NOW)
    page = shown(Standing(counts, (failed,), stop, None, WaveSum(7, WaveState.HALTED, 500, "too many lost")))
    assert "90,000 of 91,200 hosts protected, 13 days to the deadline" in page
    assert "STOPPED by ann: wait for the vendor" in page
    assert "wave 7 (500 hosts) halted: too many lost" in page
    assert "1,200  disk full; look at the cause, then: muster retry" in page
    assert page.index("failed") < page.index("90,000  verified")


def test_a_hundred_causes_are_not_a_hundred_lines() -> None:
    causes = tuple(Sum(HostStatus.FAILED, Stage.COMMAND, f"cause {number}", "", 2) for number in range(100))
    page = shown(Standing({HostStatus.FAILED: 200}, causes, None, None, None))
    assert page.count("; look at the cause") == SHOWN_CAUSES
    assert "160  for other causes" in page
