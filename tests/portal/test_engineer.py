"""Engineers' pages: what they show, what is kept of what engineers say, and the calendar."""

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from zoneinfo import ZoneInfo

import pytest
from icalendar import Calendar

from muster.ids import CampaignId, ClientId, HostId, PersonId, SiteId, VisitId
from muster.plan import VisitMode
from partners.papers import change
from portal.access import Role
from portal.field.contacts import CONTACTS, SiteContact
from portal.field.feeds import FEEDS, appointment
from portal.field.records import FIELD, REPLAN_WANTED
from portal.field.views import Card, Phase
from portal.keys import hashed
from reports.invitations import calendar
from tests.portal.conftest import RunningPortal
from tests.portal.field import PNG, may_start_early, notes, silent
from tests.portal.world import CAMPAIGN, NOW

HOST = HostId("harbour-port-01")
V2 = "/engineer/visits/vancouver/v2"
JSON = {"accept": "application/json"}


def test_my_day_shows_the_next_visit_first_with_where_when_why_and_whom_to_ask_for(fresh_portal: RunningPortal) -> None:
    contact = SiteContact(SiteId("harbour-port"), ClientId("harbour"), "Hugo at the gate", "+1 604 555 0100", "Gate 3")
    fresh_portal.world.services.book.write([change(CONTACTS, contact, "site contact named")], by="test")
    with fresh_portal.client(Role.ENGINEER) as client:
        text = client.get("/engineer").text
    wanted = ["Harbour Freight Forwarding", "Leave at 09:40", "777 Centennial Rd", "Hugo at the gate"]
    wanted += ["tel:+16045550100", "Gate 3", "7 machines, 0 right", "British Columbia stays on UTC-7", "Acme Dental"]
    assert [text.find(one) for one in wanted] == sorted(text.find(one) for one in wanted)
    assert all(one in text for one in wanted)


def test_an_engineer_sees_no_visit_of_anybody_else(portal: RunningPortal) -> None:
    with portal.client("omar") as client:
        day = client.get("/engineer").text
        assert "Edmonton yard" in day  # his own, tomorrow
        assert "Port terminal" not in day
        assert "Acme" not in day
        for visit in ("v2", "v4", "v7", "nothing"):
            for path in ("", "/progress", "/photos/" + "0" * 64):
                assert client.get(f"/engineer/visits/vancouver/{visit}{path}").status_code == 404
            for act in ("start", "push", "say", "finish"):
                sent = {"kind": "note", "text": "x", "key": "abcdefgh", "minutes": "5"}
                assert client.post(f"/engineer/visits/vancouver/{visit}/{act}", data=sent).status_code == 404


def test_a_visit_is_started_pushed_by_nobody_else_and_finished(fresh_portal: RunningPortal) -> None:
    world = fresh_portal.world
    with fresh_portal.client(Role.ENGINEER) as client:
        early = client.post(V2 + "/start", data={}, headers=JSON)
        assert (early.status_code, "may be started 30 minutes before" in early.json()["error"]) == (400, True)
        may_start_early(world)
        assert client.post(V2 + "/start", data={}, headers=JSON).status_code == 200
        assert "Started at 09:00" in client.get(V2).text
        assert "Now" in client.get("/engineer").text
        assert client.post(V2 + "/finish", data={"minutes": "soon"}, headers=JSON).status_code == 400
        done = client.post(V2 + "/finish", data={"minutes": "95", "travel": "25", "note": "quiet"}, headers=JSON)
        assert done.json()["next"] == "/engineer"
        assert "Finished at" in client.get(V2).text
    assert list(notes(world, "visit finished"))[-1] == ("Kim Lee (kim)", "v2")
    assert [by for by, _ in notes(world, "portal: visit finished")] == ["Kim Lee (kim)"]


def test_what_is_sent_twice_is_kept_once_and_each_word_asks_for_what_it_needs(fresh_portal: RunningPortal) -> None:
    book = fresh_portal.world.services.book
    said = {"kind": "cannot come", "text": "The car broke down", "key": "0123456789-abc", "said_at": NOW.isoformat()}
    with fresh_portal.client(Role.ENGINEER) as client:
        answers = [client.post(V2 + "/say", data=said, headers=JSON) for _ in range(3)]
        assert [one.status_code for one in answers] == [200] * 3
        assert (
            client.post(V2 + "/say", data={**said, "text": "", "key": "other-key-1"}, headers=JSON).status_code == 400
        )
        assert (
            client.post(V2 + "/say", data={**said, "kind": "gone", "key": "other-key-2"}, headers=JSON).status_code
            == 400
        )
        late = {"kind": "running late", "minutes": "20", "key": "other-key-3"}
        assert client.post(V2 + "/say", data=late, headers=JSON).status_code == 200
        assert (
            client.post(V2 + "/say", data={**late, "minutes": "0", "key": "other-key-4"}, headers=JSON).status_code
            == 400
        )
        assert "cannot come" in client.get("/engineer/day/2026-10-20").text
    kept = [one.value for one in book.papers(FIELD, campaign_id=CAMPAIGN)]
    assert sorted((one.kind.value, one.said_at == NOW) for one in kept) == [
        ("cannot come", True),
        ("running late", False),
    ]
    assert list(notes(fresh_portal.world, REPLAN_WANTED)) == [("Kim Lee (kim)", "v2")]


def test_a_photo_is_judged_by_its_content_kept_under_its_hash_and_not_shown_when_it_was_changed(
    fresh_portal: RunningPortal,
) -> None:
    folder = fresh_portal.world.settings.workspace / "evidence"
    said = {"kind": "finished by hand", "text": "cleaned the disk", "key": "photo-key-1", "host": "harbour-port-01"}
    with fresh_portal.client(Role.ENGINEER) as client:

        def send(content: bytes, key: str) -> int:
            files = {"photo": ("photo.png", content, "image/png")}
            return client.post(V2 + "/say", data={**said, "key": key}, files=files, headers=JSON).status_code

        assert send(b"<script>alert(1)</script>", "photo-key-0") == 400
        assert send(PNG + b"\0" * 8_000_000, "photo-key-0") == 400
        assert send(PNG, "photo-key-1") == 200
        name = sha256(PNG).hexdigest()
        shown = client.get(f"{V2}/photos/{name}")
        assert (shown.content, shown.headers["content-type"]) == (PNG, "image/png")
        assert "cleaned the disk" in client.get(V2).text
        file = folder / name[:2] / f"{name}.png"
        file.write_bytes(PNG + b"!")
        assert client.get(f"{V2}/photos/{name}").status_code == 404
    assert len(list(folder.rglob("*.png"))) == 1


def test_the_machines_say_how_they_stand_and_those_that_failed_how_to_finish_by_hand(
    fresh_portal: RunningPortal,
) -> None:
    silent(fresh_portal.world, [HOST])
    with fresh_portal.client(Role.ENGINEER) as client:
        text = client.get(V2 + "/progress").text
        assert "8</b> of 8 right" in client.get("/engineer/visits/vancouver/v1/progress").text
    assert text.index("WS-harbour-port-01") < text.index("srv-harbour-port-02")  # what is wrong stands first
    assert all(one in text for one in ("does not answer", "no answer at port 5985", "Then press Push again"))


def test_the_calendar_is_at_a_private_address_that_can_be_taken_back(fresh_portal: RunningPortal) -> None:
    with fresh_portal.client(Role.ENGINEER) as client, fresh_portal.client() as stranger:
        page = client.post("/calendar", data={}).text
        word = page.split("/calendar/")[1].split(".ics")[0]
        assert fresh_portal.world.services.book.find(FEEDS, word) is None
        assert fresh_portal.world.services.book.find(FEEDS, hashed(word)) is not None
        assert word not in client.get("/calendar").text
        made = Calendar.from_ical(stranger.get(f"/calendar/{word}.ics").content)
        events = {str(one["UID"]): one for one in made.walk("VEVENT")}
        assert sorted(events) == ["v1-kim@vancouver.muster", "v2-kim@vancouver.muster"]
        starts = events["v2-kim@vancouver.muster"].decoded("DTSTART")
        assert (starts.tzinfo.key, starts.astimezone(UTC)) == (
            "America/Vancouver",
            datetime(2026, 10, 20, 17, tzinfo=UTC),
        )
        assert stranger.get(f"/calendar/{'x' * 43}.ics").status_code == 404
        assert client.post("/calendar/revoke", data={}).status_code == 303
        assert stranger.get(f"/calendar/{word}.ics").status_code == 404


@pytest.mark.parametrize(("day", "offset_h"), [(31, -6), (2, -7)])
def test_a_promised_local_time_stays_one_across_the_clock_change(day: int, offset_h: int) -> None:
    """Denver leaves summer time on 1 November 2026: nine o'clock is nine o'clock on both sides of it."""
    zone = ZoneInfo("America/Denver")
    starts = datetime(2026, 10 if day == 31 else 11, day, 9, tzinfo=zone)
    card = Card(
        CampaignId("c"), VisitId(f"v{day}"), PersonId("kim"), "Acme", "Yard", "12 Yard Rd", VisitMode.ONSITE, starts,
        starts.replace(hour=10), 20, "", 3, 0, Phase.TO_COME,
    )  # fmt: skip
    made = Calendar.from_ical(calendar([appointment(card)], name="visits", at=NOW))
    found = made.walk("VEVENT")[0].decoded("DTSTART")
    assert (found.hour, found.utcoffset()) == (9, timedelta(hours=offset_h))
    rules = {(one.name, one.decoded("TZOFFSETTO")) for one in made.walk() if one.name in {"STANDARD", "DAYLIGHT"}}
    assert rules == {("STANDARD", timedelta(hours=-7)), ("DAYLIGHT", timedelta(hours=-6))}
