"""Papers: kept with versions on both databases, one event each, and rebuilt from the record."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from ledger.codec import Codec
from ledger.events import every_event
from ledger.kinds import Effect
from ledger.open import book_of
from ledger.papers import differences
from ledger.store import SqlLedger
from muster.errors import Conflict
from muster.ids import CampaignId, ClientId, HostId, PartnerId, PersonId, VisitId
from partners.file import ClientTerms, HouseRules
from partners.money import Money
from partners.offers import Offer, quote, signed
from partners.papers import FILES, OFFERS, QUOTES, RULES, TERMS, WORK, Kept, change
from partners.work import HostWork, HostWorkState, Payable, Work
from tests.ledger.conftest import Open
from tests.ledger.make import CAMPAIGN, begin_stale, claim, ids, plan
from tests.partners.make import DAY, END, NORTH, euros, good_file

AT = datetime(2026, 10, 20, 8, tzinfo=UTC)


def work() -> Work:
    host = HostWork(HostId("h1"), HostWorkState.VERIFIED, AT, AT, 1)
    return Work(
        CampaignId("tz"),
        VisitId("V-1"),
        NORTH,
        ClientId("c1"),
        PersonId("nils"),
        "A-1",
        AT,
        60,
        AT,
        AT,
        (host,),
        payable=Payable(euros("70.10"), euros("1.40"), "Kim", DAY, END),
    )


def test_a_paper_comes_back_as_it_was_written(ledger: SqlLedger) -> None:
    book = book_of(ledger)
    offer = Offer("list", CampaignId("tz"), "List", euros("4.35"), euros(40), euros(90))
    asked = quote(offer, ClientId("c1"), hosts=7, sites=2, valid_until=END)
    terms = ClientTerms(ClientId("c1"), "Ada", (NORTH,), (), Money(Decimal("12.30"), "CAD"))
    rules = HouseRules(least_overall=Decimal("3.75"))
    book.write(
        [
            change(FILES, good_file(), "partner written"),
            change(TERMS, terms, "client terms written"),
            change(RULES, rules, "rules written"),
            change(WORK, work(), "work claimed"),
            change(OFFERS, offer, "offer made"),
            change(QUOTES, asked, "quote made"),
        ],
        by="kim",
    )
    assert book.find(FILES, "north") == Kept(good_file(), 1)
    assert book.find(TERMS, "c1") == Kept(terms, 1)
    assert book.find(RULES, "house") == Kept(rules, 1)
    assert book.find(WORK, "tz/V-1") == Kept(work(), 1)
    assert book.find(OFFERS, "list") == Kept(offer, 1)
    assert book.find(QUOTES, "tz/c1") == Kept(asked, 1)
    assert differences(ledger.database) == ()


def test_papers_are_found_by_partner_client_and_campaign(ledger: SqlLedger) -> None:
    book = book_of(ledger)
    book.write([change(WORK, work(), "work claimed"), change(FILES, good_file(), "partner written")], by="kim")
    assert [kept.value.id for kept in book.papers(WORK, partner_id=NORTH)] == ["tz/V-1"]
    assert [kept.value.id for kept in book.papers(WORK, client_id=ClientId("c1"))] == ["tz/V-1"]
    assert book.papers(WORK, partner_id=PartnerId("south")) == ()
    assert book.papers(WORK, campaign_id=CampaignId("other")) == ()
    assert book.find(FILES, "south") is None


def test_who_read_an_older_version_is_refused_and_nothing_is_written(ledger: SqlLedger) -> None:
    book = book_of(ledger)
    book.write([change(FILES, good_file(), "partner written")], by="kim")
    read = book.find(FILES, "north")
    book.write([change(FILES, good_file(phone="1"), "partner written", read)], by="kim")
    late = change(FILES, good_file(phone="2"), "partner written", read)
    before = ledger.revision()
    with pytest.raises(Conflict, match="was changed meanwhile"):
        book.write([change(TERMS, ClientTerms(ClientId("c9")), "client terms written"), late], by="ada")
    assert ledger.revision() == before
    assert book.find(TERMS, "c9") is None
    kept = book.find(FILES, "north")
    assert kept is not None
    assert (kept.value.phone, kept.version) == ("1", 2)


def test_a_change_of_a_partner_moves_plans_and_a_quote_does_not(ledger: SqlLedger) -> None:
    begin_stale(ledger)
    made = plan()
    ledger.save_plan(made, by="planner")
    seen = ledger.revision()
    book = book_of(ledger)
    offer = Offer("list", CAMPAIGN, "List", euros(4), euros(40), euros(90))
    book.write([change(OFFERS, offer, "offer made")], by="kim")
    asked = quote(offer, ClientId("c1"), hosts=1, sites=1, valid_until=END)
    book.write([change(QUOTES, signed(asked, by="Bo", on=DAY), "quote signed")], by="kim")
    ledger.dispatch(made.id, by="kim", expected_revision=seen)
    seen = ledger.revision()
    book.write([change(FILES, good_file(), "partner written")], by="kim")
    with pytest.raises(Conflict, match="partner written"):
        ledger.dispatch(made.id, by="kim", expected_revision=seen)


def test_papers_and_pushes_do_not_get_in_each_others_way(ledger: SqlLedger) -> None:
    begin_stale(ledger)
    book_of(ledger).write([change(WORK, replace(work(), campaign_id=CAMPAIGN), "work claimed")], by="kim")
    assert len(claim(ledger, ids(2))) == 2
    with ledger.database.reading() as connection:
        written = [event for event in every_event(connection) if "paper" in event.data]
    assert [(event.kind, event.effect, event.campaign_id) for event in written] == [
        ("work claimed", Effect.KEEPS, CAMPAIGN)
    ]


def test_a_row_that_was_changed_by_hand_is_found(ledger: SqlLedger) -> None:
    book_of(ledger).write([change(FILES, good_file(), "partner written")], by="kim")
    with ledger.database.writing() as connection:
        connection.execute(text("UPDATE papers SET state = 'blessed'"))
    assert differences(ledger.database) == ("partner north: the table is not what the events say",)


def test_the_ledgers_own_words_are_not_to_be_had(ledger: SqlLedger) -> None:
    with pytest.raises(ValueError, match="the ledger's own word"):
        book_of(ledger).write([change(FILES, good_file(), "plan dispatched")], by="kim")


def test_a_secret_in_a_paper_is_taken_out_before_it_is_kept(url: str, opened: Open) -> None:
    ledger = opened(url, redact=lambda words: words.replace("hunter2", "•••"))
    book_of(ledger).write([change(FILES, good_file(phone="call hunter2"), "partner written")], by="kim")
    kept = book_of(ledger).find(FILES, "north")
    assert kept is not None
    assert kept.value.phone == "call •••"
    assert differences(ledger.database) == ()


@settings(max_examples=50)
@given(st.decimals(-(10**9), 10**9, places=2))
def test_money_survives_json_to_the_cent(amount: Decimal) -> None:
    codec = Codec(Money)
    money = Money(amount, "EUR")
    assert codec.from_text(codec.to_text(money)) == money
