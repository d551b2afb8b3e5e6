"""Letters say what, when and why in the client's language and time, and nothing of another client."""

import re
from dataclasses import replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import icalendar
import pytest

from muster.errors import InputError
from muster.ids import CampaignId, HostId, VisitId
from muster.messages import Channel, Content, Message, MessageState, Queued
from muster.outcomes import Finding, HostStatus, Stage, Verdict
from muster.records import HostState
from reports.notices.compose import Composed, House, compose
from reports.notices.due import Scene, due
from reports.notices.languages import LANGUAGES, known, language
from reports.notices.sentences import EN
from reports.notices.told import Occasion, Told, promise_of
from reports.sending.letters import letter_of
from reports.sending.outlets import Outlets
from tests.reports.notices.test_due import scene, shifted, told_of
from tests.reports.scenes import NEW_YORK, NOW, PARIS, local, plan

HOUSE = House("Helpline Ltd", "service@helpline.example", CampaignId("tz"))


def letters(occasion: Occasion, seen: Scene, house: House = HOUSE, why: str = "") -> dict[str, Composed]:
    return {str(one.client_id): compose(one, seen, house, why_moved=why) for one in due(seen, [occasion])}


def eml(composed: Composed, house: House) -> bytes:
    """The letter as it goes to the mail server."""
    content = Content(composed.subject, composed.text, composed.html, composed.ics.decode())
    message = Message("k", Channel.EMAIL, composed.to, "notice", content)
    outlets = Outlets(house.company, house.sender, Path("outbox"), Path("templates"), str, str)
    return letter_of(Queued(1, message, MessageState.WAITING, NOW, NOW), outlets).as_bytes()


def plain(composed: Composed) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<style.*?</style>|<[^>]+>", " ", composed.html))


def state(host_id: str, status: HostStatus, *advice: str) -> HostState:
    found = Finding(Verdict.RIGHT, "", (), advice) if advice else None
    return HostState(HostId(host_id), status, Stage.FINISHED, "", "", 1, 0, 1, None, None, None, None, found, NOW, None)


def test_the_letter_is_in_the_clients_language_and_time() -> None:
    composed = letters(Occasion.DISPATCHED, scene())["law"]
    assert composed.to == "cabinet@moreau.example"
    assert composed.subject == "Helpline Ltd : notre intervention du mardi 3 novembre 2026"
    for text in (composed.text, plain(composed)):
        assert "mardi 3 novembre 2026, de 14 h 00 à 15 h 30 (Paris, UTC+01:00)" in text
        assert "Zoé Petit intervient à distance" in text
        assert "Your computers must learn the new rules" in text, "the campaign's reason is said as it was written"


def test_a_letter_says_what_will_and_will_not_be_noticed_in_its_language() -> None:
    seen = replace(scene(), notice={"en": "Nothing, as a rule.", "fr": "Rien, en règle générale."})
    both = letters(Occasion.DISPATCHED, seen)
    assert "Ce que vous remarquerez: Rien, en règle générale." in both["law"].text
    assert "What you will notice: Nothing, as a rule." in both["dental"].text
    for one in both.values():
        assert seen.notice["fr" if one is both["law"] else "en"] in one.html
        assert one.text.count("\n\n\n") == 0
    assert "What you will not notice: We open none of your files" in both["dental"].text
    assert "notice" not in letters(Occasion.DISPATCHED, scene())["dental"].text


def test_hours_are_those_of_the_site_on_both_sides_of_its_clock_change() -> None:
    text = letters(Occasion.DISPATCHED, scene())["dental"].text
    assert "Saturday, 31 October 2026, 09:00 to 10:30 (New York, UTC-04:00)" in text
    assert "Monday, 2 November 2026, 09:00 to 10:30 (New York, UTC-05:00)" in text


@pytest.mark.parametrize("occasion", list(Occasion))
@pytest.mark.parametrize("code", sorted(LANGUAGES))
def test_every_notice_can_be_written_in_every_language(occasion: Occasion, code: str) -> None:
    seen = scene()
    if occasion in {Occasion.MOVED, Occasion.CALLED_OFF}:
        seen = replace(seen, told=told_of(plan()))
        seen = replace(seen, plan=shifted("v4", local(PARIS, 4, 9) - local(PARIS, 3, 9)))
        if occasion is Occasion.CALLED_OFF:
            seen = replace(seen, plan=replace(plan(), assignments=()))
    if occasion is Occasion.AFTER:
        seen = replace(seen, now=local(PARIS, 3, 18, month=11))
    if occasion is Occasion.DAY_BEFORE:
        seen = replace(seen, now=local(PARIS, 2, 18, month=11))
    (letter,) = [one for one in due(seen, [occasion]) if one.client_id == "law"]
    composed = compose(replace(letter, language=code), seen, HOUSE)
    assert language(code).sentences["closing"] in composed.text
    assert language(code).sentences["closing"] in composed.html
    assert "{" not in composed.text + composed.subject
    assert "Rivoli" in composed.text
    assert "\n\n\n" not in composed.text


def test_every_language_has_every_sentence_with_the_same_places() -> None:
    for speech in LANGUAGES.values():
        assert speech.sentences.keys() == EN.keys()
        for name, sentence in speech.sentences.items():
            assert set(re.findall(r"{(\w+)}", sentence)) == set(re.findall(r"{(\w+)}", EN[name])), (speech.code, name)
        assert (len(set(speech.weekdays)), len(set(speech.months))) == (7, 12)
    assert known("fr-CA")
    assert known("")
    assert not known("tlh")
    assert language("tlh").code == "en"


def test_a_move_says_what_was_before_what_is_now_and_why() -> None:
    seen = scene(
        told=told_of(plan()), plan=shifted("v2", local(NEW_YORK, 3, 11, month=11) - local(NEW_YORK, 2, 9, month=11))
    )
    composed = letters(Occasion.MOVED, seen, why="Kim Lee is ill.")["dental"]
    for text in (composed.text, plain(composed)):
        assert "Monday, 2 November 2026, 09:00 to 10:30" in text
        assert "Tuesday, 3 November 2026, 11:00 to 12:30" in text
        assert "Kim Lee is ill." in text
    unsaid = letters(Occasion.MOVED, seen)["dental"]
    assert "arrange our visits anew" in unsaid.text


def test_afterwards_the_client_learns_what_was_done_found_and_comes_next() -> None:
    states = (
        state("mill1", HostStatus.VERIFIED, "JVM 8 with its own old data"),
        state("mill2", HostStatus.UNREACHABLE),
        state("mill3", HostStatus.UNSUPPORTED),
        state("front1", HostStatus.VERIFIED),
    )
    seen = scene(now=local(NEW_YORK, 31, 13), states={one.host_id: one for one in states})
    text = letters(Occasion.AFTER, seen)["dental"].text
    assert "Done and checked: mill-01" in text
    assert "What we found: JVM 8 with its own old data" in text
    assert "mill-02: we could not reach it" in text
    assert "mill-03: this cannot be done from afar" in text
    assert "Nothing is left to do." in text, "Front Street's machine is right"


def test_a_letter_holds_nothing_of_another_client() -> None:
    both = letters(Occasion.DISPATCHED, scene())
    for mine, others in (("dental", ("Moreau", "Rivoli", "Zo")), ("law", ("Harbour", "Front", "Mill", "Kim", "Pat"))):
        everything = both[mine].text + both[mine].html + both[mine].ics.decode() + both[mine].subject
        for word in others:
            assert word not in everything


def test_a_letter_about_one_visit_is_an_invitation_and_its_changes_replace_it() -> None:
    composed = letters(Occasion.DISPATCHED, scene())["law"]
    (event,) = icalendar.Calendar.from_ical(composed.ics).walk("VEVENT")
    assert event.decoded("dtstart") == local(PARIS, 3, 14, month=11)
    assert str(event["attendee"]) == "mailto:cabinet@moreau.example"
    told = told_of(plan())
    seen = scene(told=told, plan=shifted("v4", local(PARIS, 4, 9) - local(PARIS, 3, 9)))
    (later,) = icalendar.Calendar.from_ical(letters(Occasion.MOVED, seen)["law"].ics).walk("VEVENT")
    assert (str(later["uid"]), str(event["sequence"]), str(later["sequence"])) == (str(event["uid"]), "0", "1")


def test_what_is_called_off_leaves_the_clients_calendar() -> None:
    seen = scene(told=told_of(plan()), plan=replace(plan(), assignments=plan().assignments[:3]))
    calendar = icalendar.Calendar.from_ical(letters(Occasion.CALLED_OFF, seen)["law"].ics)
    (event,) = calendar.walk("VEVENT")
    assert (str(calendar["method"]), str(event["status"]), str(event["uid"])) == ("CANCEL", "CANCELLED", "v4@tz.muster")
    assert int(str(event["sequence"])) == 1, "newer than the invitation"


def test_the_file_is_a_message_with_text_page_and_calendar() -> None:
    composed = letters(Occasion.DISPATCHED, scene())["law"]
    message = message_from_bytes(eml(composed, HOUSE), policy=default)
    assert isinstance(message, EmailMessage)
    assert (message["To"], message["From"]) == ("cabinet@moreau.example", "Helpline Ltd <service@helpline.example>")
    assert message["Subject"] == composed.subject
    kinds = [part.get_content_type() for part in message.walk() if not part.is_multipart()]
    assert kinds == ["text/plain", "text/html", "text/calendar", "text/calendar"]
    body = message.get_body(("plain",))
    assert body is not None
    assert "Zoé" in str(body.get_content())
    assert eml(composed, HOUSE).count(b"method") >= 1


def test_a_line_break_in_a_name_cannot_add_a_header() -> None:
    evil = replace(HOUSE, company="Help\nBcc: all@example.com")
    composed = letters(Occasion.DISPATCHED, scene(), evil)["law"]
    message = message_from_bytes(eml(composed, evil), policy=default)
    assert message["Bcc"] is None


def test_a_companys_own_template_takes_the_place_of_ours_and_a_wrong_one_is_named(tmp_path: Path) -> None:
    (tmp_path / "notices").mkdir()
    own = tmp_path / "notices" / "dispatched.txt.j2"
    own.write_text("Subject: Hello {{ client }}\nWe come {{ visits[0].when }}.\n")
    composed = letters(Occasion.DISPATCHED, scene(), replace(HOUSE, templates=(tmp_path,)))["dental"]
    assert composed.subject == "Hello Harbour Dental Group"
    assert composed.text.startswith("We come Saturday, 31 October 2026")
    wrong = tmp_path / "wrong"
    for text, said in (("Subject: {{ nothing }}\n", "nothing"), ("{% if %}", "line 1"), ("no subject", "first line")):
        (wrong / "notices").mkdir(parents=True, exist_ok=True)
        (wrong / "notices" / "dispatched.txt.j2").write_text(text)
        folder = tmp_path / f"{len(text)}"
        (wrong).rename(folder)
        with pytest.raises(InputError, match=said):
            letters(Occasion.DISPATCHED, scene(), replace(HOUSE, templates=(folder,)))


def test_what_people_wrote_is_escaped_on_the_page() -> None:
    evil = replace(scene(), reason="<script>alert(1)</script>")
    assert "<script>" not in letters(Occasion.DISPATCHED, evil)["dental"].html


def test_promises_are_kept_by_time_and_person() -> None:
    one = plan().assignments[0]
    told = Told({VisitId("v1"): promise_of(one)})
    assert told.announced(plan()) == ("v1",)
    assert told.announced(shifted("v1", local(PARIS, 2, 9) - local(PARIS, 1, 9))) == ()


def test_a_client_learns_which_partner_somebody_comes_from() -> None:
    text = letters(Occasion.DISPATCHED, scene())["dental"].text
    assert "Pat Doe (Island Networks) comes to you." in text
    assert "Kim Lee comes to you." in text
