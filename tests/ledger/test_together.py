"""Several acts are one transaction: all of them happen, or none."""

import threading
from dataclasses import replace

import pytest

from ledger.open import book_of
from ledger.store import SqlLedger
from muster.crew import Crew
from muster.errors import NotFound
from muster.fleet import Fleet
from muster.ids import ClientId, PlanId
from partners.file import ClientTerms
from partners.papers import TERMS, change
from tests.ledger.make import CAMPAIGN, begin

TERMS_OF_ACME = ClientTerms(ClientId("acme"), owner="ada")


def test_all_of_it_is_there_when_the_block_ends_well(ledger: SqlLedger) -> None:
    begin(ledger)
    book, before = book_of(ledger), ledger.revision()
    with ledger.together():
        ledger.note("first", by="ann", campaign_id=CAMPAIGN)
        book.write([change(TERMS, TERMS_OF_ACME, "client terms written")], by="ann")
        assert ledger.revision() == before + 2, "what was written is read in the block"
    assert ledger.revision() == before + 2
    assert book.find(TERMS, "acme") is not None


def test_nothing_of_it_is_there_when_anything_in_it_fails(ledger: SqlLedger) -> None:
    begin(ledger)
    book, before, fleet = book_of(ledger), ledger.revision(), ledger.fleet()
    renamed = Fleet(tuple(replace(one, name="another") for one in fleet.clients))

    def act() -> None:
        with ledger.together():
            ledger.save_inventory(renamed, Crew(), by="ann")
            book.write([change(TERMS, TERMS_OF_ACME, "client terms written")], by="ann")
            with ledger.together():
                ledger.note("deeper", by="ann", campaign_id=CAMPAIGN)
            ledger.dispatch(PlanId("P-none"), by="ann", expected_revision=before)

    with pytest.raises(NotFound):
        act()
    assert (ledger.revision(), ledger.fleet()) == (before, fleet)
    assert book.find(TERMS, "acme") is None
    ledger.note("afterwards", by="ann", campaign_id=CAMPAIGN)
    assert ledger.revision() == before + 1, "the next act is one of its own"


def test_another_thread_waits_and_sees_all_of_it(ledger: SqlLedger) -> None:
    begin(ledger)
    before, inside, seen = ledger.revision(), threading.Event(), []

    def other() -> None:
        inside.wait(20)
        ledger.note("by another", by="bob", campaign_id=CAMPAIGN)
        seen.append(ledger.revision())

    thread = threading.Thread(target=other)
    thread.start()
    with ledger.together():
        ledger.note("first", by="ann", campaign_id=CAMPAIGN)
        inside.set()
        thread.join(0.2)
        assert thread.is_alive(), "there is one writer"
        ledger.note("second", by="ann", campaign_id=CAMPAIGN)
    thread.join(20)
    assert seen == [before + 3]
