"""The record: in order, complete, and open to notes."""

import threading
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from ledger.events import _query_of_kinds, append_note
from ledger.guard import Guard
from ledger.kinds import STEPS_OF_HOSTS
from ledger.replay import differences
from ledger.store import SqlLedger
from ledger.tables import RARE_EVENT
from ledger.writing import Writing
from muster.clock import ManualClock
from muster.errors import LedgerError
from muster.ids import CampaignId, HostId, VisitId
from tests.ledger.conftest import Open
from tests.ledger.make import CAMPAIGN, begin, begin_stale


def _note(connection_writing: Writing, kind: str) -> None:
    append_note(connection_writing, kind, by="ann", campaign_id=None, host_id=None, visit_id=None, data=None, at=None)


def test_events_are_read_in_pages_oldest_first(ledger: SqlLedger) -> None:
    for number in range(7):
        ledger.note(f"n{number}", by="ann")
    first = ledger.events(limit=3)
    rest = ledger.events(after=first[-1].revision, limit=100)
    assert [event.kind for event in (*first, *rest)] == [f"n{number}" for number in range(7)]
    assert ledger.revision() == rest[-1].revision
    assert ledger.events(after=ledger.revision()) == ()


def test_events_of_one_campaign_leave_out_the_others(ledger: SqlLedger) -> None:
    begin(ledger)
    ledger.note("elsewhere", by="ann")
    kinds = [event.kind for event in ledger.events(campaign_id=CAMPAIGN)]
    assert kinds == ["campaign opened", "hosts enrolled"]


def test_a_note_keeps_what_it_was_given(ledger: SqlLedger, clock: ManualClock) -> None:
    begin(ledger)
    at = datetime(2026, 11, 1, 2, tzinfo=timezone(timedelta(hours=-7)))
    ledger.note(
        "visit moved",
        by="eve",
        campaign_id=CAMPAIGN,
        host_id=HostId("h1"),
        visit_id=VisitId("v1"),
        data={"from": at, "hosts": (1, 2), "odd": float("nan"), "what": {"b", "a"}},
        at=at,
    )
    event = ledger.events()[-1]
    assert (event.at, event.campaign_id, event.host_id, event.by) == (at, CAMPAIGN, "h1", "eve")
    assert event.data == {
        "visit": "v1",
        "from": "2026-11-01T02:00:00-07:00",
        "hosts": [1, 2],
        "odd": "nan",
        "what": ["a", "b"],
    }
    ledger.note("now", by="eve")
    assert ledger.events()[-1].at == clock.now()


def test_a_note_changes_nothing_whatever_it_calls_itself(ledger: SqlLedger) -> None:
    begin_stale(ledger)
    before = ledger.hosts(CAMPAIGN)
    for kind in ("finished", "stopped", "plan dispatched", "wave opened", "hosts enrolled"):
        ledger.note(kind, by="eve", campaign_id=CAMPAIGN, host_id=HostId("h0"), data={"status": "verified"})
    assert ledger.hosts(CAMPAIGN) == before
    assert ledger.stopped(CAMPAIGN) is None
    assert differences(ledger) == ()


def test_a_naive_time_is_refused(ledger: SqlLedger) -> None:
    with pytest.raises(LedgerError, match="aware times only"):
        ledger.note("x", by="ann", at=datetime(2026, 11, 1))  # noqa: DTZ001 - naive on purpose
    assert ledger.revision() == 0


def test_a_reader_never_misses_an_event_that_is_committed_late(url: str, opened: Open, clock: ManualClock) -> None:
    """A second writer waits for the first, so no revision appears below one that was already read."""
    slow, quick, reader = opened(url), opened(url), opened(url)
    quick_done = threading.Event()

    def write_quickly() -> None:
        quick.note("quick", by="bob")
        quick_done.set()

    with slow.database.writing() as connection:
        _note(Writing(connection, Guard(), clock.now(), clock.now()), "slow")
        thread = threading.Thread(target=write_quickly)
        thread.start()
        assert not quick_done.wait(0.5), "two writers at once: the order of commits would not be that of revisions"
        assert reader.events() == (), "readers neither wait for writers nor see what is not committed"
    thread.join()
    assert [(event.revision, event.kind) for event in reader.events()] == [(1, "slow"), (2, "quick")]


def test_a_reader_that_pages_while_four_write_sees_every_event_once(url: str, opened: Open) -> None:
    writers, reader = [opened(url) for _ in range(4)], opened(url)

    def write(ledger: SqlLedger, name: str) -> None:
        for number in range(15):
            ledger.note(f"{name}-{number}", by=name)

    threads = [threading.Thread(target=write, args=(one, f"w{n}")) for n, one in enumerate(writers)]
    for thread in threads:
        thread.start()
    seen: list[str] = []
    after = 0
    give_up_at = time.monotonic() + 60
    while len(seen) < 60 and time.monotonic() < give_up_at:
        for event in reader.events(after=after, limit=5):
            assert event.revision == after + 1, "there are no gaps to wonder about"
            after = event.revision
            seen.append(event.kind)
    for thread in threads:
        thread.join()
    assert sorted(seen) == sorted(f"w{n}-{number}" for n in range(4) for number in range(15))


def test_events_by_kind_are_those_of_the_kind_whether_common_or_rare(ledger: SqlLedger) -> None:
    begin_stale(ledger)
    for number in range(3):
        ledger.note("said", by="ann", campaign_id=CAMPAIGN, data={"number": number})
        ledger.note("said", by="ann", data={"number": number})
        ledger.note("thought", by="ann", campaign_id=CAMPAIGN)
    everything = ledger.events(limit=1000)
    for kinds in (("said",), ("said", "thought"), ("probed",), ("probed", "said")):
        wanted = tuple(one for one in everything if one.kind in kinds)
        assert ledger.events(kinds=kinds, limit=1000) == wanted
        own = tuple(one for one in wanted if one.campaign_id == CAMPAIGN)
        assert ledger.events(kinds=kinds, campaign_id=CAMPAIGN, limit=1000) == own
        assert ledger.events(kinds=kinds, campaign_id=CAMPAIGN, after=own[0].revision, limit=2) == own[1:3]


@pytest.mark.parametrize("campaign_id", [None, CAMPAIGN])
def test_rare_events_are_found_by_their_kind_past_all_others(
    opened: Open, tmp_path: Path, campaign_id: str | None
) -> None:
    ledger = opened(f"sqlite:///{tmp_path}/ledger.db")
    query = _query_of_kinds(["said", "thought"], CampaignId(campaign_id) if campaign_id else None, 5, 100)
    told = query.compile(ledger.database._engine, compile_kwargs={"literal_binds": True})
    with ledger.database.reading() as connection:
        steps = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {told}")]
    assert steps[0] == "SEARCH events USING INDEX ix_events_kind_revision (kind=? AND revision>?)"


def test_the_index_of_events_by_kind_leaves_out_the_steps_of_hosts() -> None:
    words = ", ".join(f"'{kind.value}'" for kind in sorted(STEPS_OF_HOSTS))
    assert str(RARE_EVENT) == f"kind NOT IN ({words})"
