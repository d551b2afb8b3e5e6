"""What is counted as hosts move is what counting them all would give; and a page reads nothing that did not move."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event

from ledger.portal_reads import moved_since
from ledger.store import SqlLedger
from muster.fleet import Fleet
from muster.ids import HostId, RunnerId, SiteId, VisitId
from muster.outcomes import HostStatus, Stage
from muster.records import HostState, WaveRow, WaveState
from muster.steps import StepName
from portal import reading as reading_module
from portal.manager.following import TROUBLE, OpenByEnd, Places, Protected, Troubles, WaveMoves
from portal.standing import Standing
from reports.grouping import group_hosts
from tests.portal.conftest import RunningPortal
from tests.portal.world import CAMPAIGN, NOW, _outcome, hosts_of

SPARE = hosts_of("harbour-port")


def state_of(number: int, status: HostStatus, cause: str, failures: int, minute: int) -> HostState:
    """A host somewhere; three sites and three visits for nine hosts."""
    return HostState(
        HostId(f"h{number}"), status, Stage.COMMAND, cause, "", 1, failures, 1, VisitId(f"v{number % 3}"),
        None, None, None, None, NOW + timedelta(minutes=minute),
    )  # fmt: skip


STATES = st.builds(
    state_of,
    st.integers(0, 8),
    st.sampled_from(HostStatus),
    st.sampled_from(["disk full", "no login on h3"]),
    st.integers(0, 3),
    st.integers(0, 200),
)


def site_of(host_id: HostId) -> SiteId:
    return SiteId(f"s{int(host_id[1:]) % 3}")


@given(st.lists(STATES, min_size=1, max_size=40), st.integers(0, 40))
def test_what_followers_count_is_what_counting_all_gives(moves: list[HostState], known: int) -> None:
    standing = Standing(moves[:known], site_of)
    keys = ("troubles", "places", "protected", "open")
    ends_of = {VisitId(f"v{number}"): NOW + timedelta(hours=number // 2) for number in range(3)}
    places = Places(site_of, lambda site, some: (site, some), lambda one: (-one[1].total(), len(one[1])))
    made = (Troubles(Fleet()), places, Protected(), OpenByEnd(ends_of))
    followers = [standing.follow(key, lambda one=one: one) for key, one in zip(keys, made, strict=True)]  # type: ignore[misc]
    for state in moves[known:]:
        standing.put(state)
        made[0].groups()
        made[1].told()
    now = {one.host_id: one for one in moves}.values()
    assert [id(one) for one in followers] == [id(one) for one in made]
    assert {one for one, _ in made[0].groups()} == set(group_hosts((s for s in now if s.status in TROUBLE), Fleet()))
    assert dict(made[1].told()) == {
        site: Counter(one.status for one in now if site_of(one.host_id) == site)
        for site in {site_of(one.host_id) for one in now}
    }
    ranks = [(-some.total(), len(some)) for _, some in made[1].told()]
    assert ranks == sorted(ranks)
    ends = Counter(one.changed_at.replace(second=0, microsecond=0) for one in now if one.status.protected)
    assert made[2].ends(by_minute=True) == ends
    left = Counter(ends_of[VisitId(str(one.visit_id))] for one in now if not one.status.protected)
    assert dict(made[3].after(NOW - timedelta(hours=1))) == left
    assert dict(made[3].after(NOW)) == {at: hosts for at, hosts in left.items() if at > NOW}
    assert standing.by_status == Counter(one.status for one in now)


@given(st.lists(st.tuples(st.integers(0, 59), st.sampled_from(HostStatus)), max_size=60))
def test_places_of_which_few_have_moved_stand_in_order_too(moves: list[tuple[int, HostStatus]]) -> None:
    places = Places(
        lambda host_id: int(host_id[1:]),
        lambda place, some: (place, some[HostStatus.FAILED], some.total()),
        lambda one: (-one[1],),
    )
    now = {number: state_of(number, HostStatus.STALE, "", 0, 0) for number in range(60)}
    for state in now.values():
        places.move(None, state)
    places.told()
    for number, status in moves:  # each by itself: few enough to be put in their places one by one
        before, now[number] = now[number], state_of(number, status, "", 0, 1)
        places.move(before, now[number])
        told = places.told()
        assert {one[0]: one[1] for one in told} == {n: int(s.status is HostStatus.FAILED) for n, s in now.items()}
        assert [one[1] for one in told] == sorted((one[1] for one in told), reverse=True)
        assert len(told) == 60


def test_a_group_tells_the_most_failures_in_a_row_of_one_of_its_hosts() -> None:
    troubles = Troubles(Fleet())
    for number, failures in enumerate((1, 3, 2)):
        troubles.move(None, state_of(number, HostStatus.FAILED, "disk full", failures, 0))
    assert [most for _, most in troubles.groups()] == [3]


def test_only_waves_whose_machines_moved_are_told_anew() -> None:
    waves = [WaveRow(n, WaveState.PASSED, (HostId(f"h{n}"), HostId("h9")), NOW, None, "") for n in (1, 2)]
    moves = WaveMoves()
    before = moves.moves(waves)
    moves.move(None, state_of(1, HostStatus.FAILED, "", 1, 0))
    moves.move(None, state_of(5, HostStatus.FAILED, "", 1, 0))
    after = moves.moves(waves)
    assert (after[1] > before[1], after[2] > before[2]) == (True, False)


@contextmanager
def statements(running: RunningPortal) -> Iterator[list[str]]:
    """Every statement that the database is given in the block."""
    ledger = running.world.ledger
    assert isinstance(ledger, SqlLedger)
    engine, found = ledger.database._engine, []

    def heard(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        found.append(statement)

    event.listen(engine, "before_cursor_execute", heard)
    try:
        yield found
    finally:
        event.remove(engine, "before_cursor_execute", heard)


def push_one(running: RunningPortal, number: int) -> None:
    """One more machine is verified, as a push writes it."""
    ledger = running.world.ledger
    leases = ledger.claim(
        CAMPAIGN, [SPARE[number]], runner_id=RunnerId("desk:1:1"), step=StepName.APPLY, wave=2, lease_s=60
    )
    ledger.finish([(lease, _outcome(HostStatus.VERIFIED)) for lease in leases])


PAGES = (
    ("ana", "/manager", 0),
    ("ana", f"/manager/{CAMPAIGN}", 0),
    ("ana", f"/manager/{CAMPAIGN}/sites", 0),
    ("ana", f"/manager/{CAMPAIGN}/hosts", 0),
    ("ana", f"/manager/{CAMPAIGN}/timeline", 0),
    ("nils", "/partner/visits", 0),
    ("dora", "/client/visits", 0),
)
"""Who looks at what, and the most statements besides those of the session and of what has moved."""


@pytest.mark.parametrize(("who", "path", "most"), PAGES)
def test_a_page_reads_only_what_a_push_has_moved(fresh_portal: RunningPortal, who: str, path: str, most: int) -> None:
    with fresh_portal.client(who) as client:
        assert client.get(path).status_code == 200
        client.get(path)
        push_one(fresh_portal, 0)
        with statements(fresh_portal) as found:
            assert client.get(path).status_code == 200
    read = [one for one in found if one.startswith("SELECT")]
    of_session = [one for one in read if "portal_sessions" in one or "portal_accounts" in one]
    of_moves = [one for one in read if "FROM host_states" in one or ("FROM events" in one and "kind IN" not in one)]
    assert sum("host_states" in one for one in of_moves) == 1, "the hosts that have moved"
    assert all("host_id IN" in one for one in of_moves if "host_states" in one), "never all hosts"
    assert len(read) - len(of_session) - len(of_moves) <= most, "\n".join(read)


def test_of_many_who_ask_at_once_one_looks(fresh_portal: RunningPortal, monkeypatch: pytest.MonkeyPatch) -> None:
    reading, looks = fresh_portal.portal.reading, []
    reading.refresh()
    began, go_on = threading.Event(), threading.Event()
    look = moved_since

    def slowly(*values: object) -> object:
        looks.append(values)
        began.set()
        assert go_on.wait(60)
        return look(*values)  # type: ignore[arg-type]

    monkeypatch.setattr(reading_module, "moved_since", slowly)
    tickets = Tickets(2 + ASKING)
    reading._tickets = tickets  # type: ignore[assignment]
    reading._looked = 0
    first = threading.Thread(target=reading.refresh)
    first.start()
    assert began.wait(60)
    push_one(fresh_portal, 1)
    others = [threading.Thread(target=reading.refresh) for _ in range(ASKING)]
    for one in others:
        one.start()
    assert tickets.all_out.wait(60), "all of them have asked"
    go_on.set()
    for one in (first, *others):
        one.join(60)
    assert len(looks) == 2, "the one that had begun, and one for all who asked after it"
    assert reading.state(CAMPAIGN, SPARE[1]).status is HostStatus.VERIFIED


ASKING = 12


class Tickets:
    """Numbers for those who ask; tells when so many are out."""

    def __init__(self, all_: int) -> None:
        self.all_out = threading.Event()
        self._out, self._all, self._lock = 0, all_, threading.Lock()

    def __next__(self) -> int:
        with self._lock:
            self._out += 1
            if self._out >= self._all:
                self.all_out.set()
            return self._out
