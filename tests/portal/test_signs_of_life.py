"""When sessions were last used is written together, soon and beside the requests; who cannot write puts nobody out."""

import time
from collections.abc import Mapping
from datetime import datetime, timedelta

import pytest

from ledger.portal_store import PortalStore
from muster.errors import LedgerUnavailable
from portal.keys import hashed
from portal.seen import SignsOfLife
from tests.portal.conftest import RunningPortal
from tests.portal.waiting import LIMIT_S


def test_many_uses_of_two_sessions_are_one_write_that_comes_soon(
    fresh_portal: RunningPortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = fresh_portal.portal.store
    writes: list[Mapping[str, datetime]] = []
    write = store.see_sessions

    def noted(seen: Mapping[str, datetime]) -> None:
        write(seen)
        writes.append(seen)

    monkeypatch.setattr(store, "see_sessions", noted)
    first, second = (hashed(fresh_portal.word(who)) for who in ("ana", "kim"))
    later = fresh_portal.world.services.clock.now() + timedelta(minutes=10)
    signs = SignsOfLife(store)
    for _ in range(20):
        signs.see(first, later)
        signs.see(second, later)
    wait_for(writes, 1)
    assert writes == [{first: later, second: later}]
    found = [store.session(one) for one in (first, second)]
    assert [one[0].seen_at for one in found if one is not None] == [later, later]
    signs.see(first, later + timedelta(minutes=1))
    wait_for(writes, 2)
    assert writes[1:] == [{first: later + timedelta(minutes=1)}], "what was written once is not written again"


def test_a_busy_database_is_left_alone_and_told_again_by_the_next_request(
    fresh_portal: RunningPortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[Mapping[str, datetime]] = []

    def busy(_store: PortalStore, seen: Mapping[str, datetime]) -> None:
        tried.append(seen)
        raise LedgerUnavailable("the database is busy")

    monkeypatch.setattr(PortalStore, "see_sessions", busy)
    signs, now = SignsOfLife(fresh_portal.portal.store), fresh_portal.world.services.clock.now()
    for number in (1, 2):
        signs.see("somebody", now)
        wait_for(tried, number)


def wait_for(done: list[Mapping[str, datetime]], times: int) -> None:
    """Until so many are there."""
    give_up = time.monotonic() + LIMIT_S
    while len(done) < times:
        assert time.monotonic() < give_up, "nothing was written"
        time.sleep(0.05)
