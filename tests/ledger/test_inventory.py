"""The inventory comes in by id, and comes out as it went in."""

from dataclasses import replace

import pytest

from ledger.store import SqlLedger
from muster.crew import Crew
from muster.errors import Conflict
from muster.fleet import Fleet
from muster.ids import SiteId
from tests.ledger.make import crew, fleet


def test_what_goes_in_comes_out_with_every_field(ledger: SqlLedger) -> None:
    ledger.save_inventory(fleet(), crew(), by="ann")
    assert ledger.fleet() == fleet()
    assert ledger.crew() == crew()


def test_everything_is_new_the_first_time_and_the_same_the_second(ledger: SqlLedger) -> None:
    first = ledger.save_inventory(fleet(4), crew(), by="ann")
    again = ledger.save_inventory(fleet(4), crew(), by="ann")
    assert first.counts == {
        "clients": (1, 0, 0),
        "sites": (1, 0, 0),
        "hosts": (4, 0, 0),
        "partners": (1, 0, 0),
        "engineers": (2, 0, 0),
    }
    assert again.counts == {word: (0, 0, added) for word, (added, _, _) in first.counts.items()}


def test_what_differs_is_changed_and_nothing_is_removed(ledger: SqlLedger) -> None:
    ledger.save_inventory(fleet(4), crew(), by="ann")
    moved = replace(fleet(1).hosts[0], address="10.9.9.9", tags=("new",), user="root")
    summary = ledger.save_inventory(Fleet(hosts=(moved,)), Crew(), by="ann")
    assert summary.counts["hosts"] == (0, 1, 0)
    assert ledger.fleet() == replace(fleet(4), hosts=(moved, *fleet(4).hosts[1:]))


def test_a_dry_run_counts_and_writes_nothing(ledger: SqlLedger) -> None:
    ledger.save_inventory(fleet(2), Crew(), by="ann")
    before = ledger.revision()
    summary = ledger.save_inventory(fleet(5), Crew(), by="ann", dry_run=True)
    assert summary.counts["hosts"] == (3, 0, 2)
    assert len(ledger.fleet().hosts) == 2
    assert ledger.revision() == before


def test_a_host_of_a_site_that_is_not_there_is_a_conflict_and_nothing_is_kept(ledger: SqlLedger) -> None:
    lost = replace(fleet(1).hosts[0], site_id=SiteId("nowhere"))
    with pytest.raises(Conflict, match="does not hold what was referred to"):
        ledger.save_inventory(replace(fleet(1), hosts=(lost,)), Crew(), by="ann")
    assert ledger.fleet() == Fleet()
    assert ledger.revision() == 0


def test_an_import_leaves_an_event_with_its_counts(ledger: SqlLedger) -> None:
    ledger.save_inventory(fleet(2), Crew(), by="ann")
    (event,) = ledger.events()
    assert (event.kind, event.by, event.campaign_id) == ("inventory saved", "ann", None)
    assert event.data["hosts"] == [2, 0, 0]
