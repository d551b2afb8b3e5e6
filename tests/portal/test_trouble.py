"""The pages that tell of trouble: in the reader's language, and with nothing in them that the English page hides."""

import re
from datetime import timedelta
from html import unescape

import httpx
import pytest

from portal.access import Role
from portal.accounts import Whom
from portal.client.sentences import SENTENCES
from portal.limits import TooOften
from portal.links import Links
from portal.trouble import KEY_OF, TRY_AGAIN
from portal.trouble_speech import preferred
from reports.notices.languages import LANGUAGES
from tests.portal.conftest import RunningPortal, Screens

CODES = tuple(LANGUAGES)
CLIENT = Whom("Hugo", Role.CLIENT_CONTACT, client_ids=("harbour",))
PARTNER = Whom("Nils", Role.PARTNER_MANAGER, partner_id="north")


def ended_link(portal: RunningPortal, whom: Whom, code: str) -> str:
    """The address of a link that was taken back."""
    links = Links(portal.world.ledger, portal.portal.store, "test")
    link, word = links.add(whom, lasts=timedelta(days=1), language=code)
    links.revoke(link.id)
    return f"/enter/{word}"


def shape(page: str) -> str:
    """The elements of a page without its words."""
    return re.sub(r"\s+", " ", re.sub(r">[^<]+<", "><", re.sub(r'lang="\w\w"', "", page)))


@pytest.mark.parametrize("code", CODES)
def test_who_follows_an_ended_link_reads_so_in_the_language_of_the_link(portal: RunningPortal, code: str) -> None:
    own, address = SENTENCES[code], ended_link(portal, CLIENT, code)
    with portal.client() as hugo:
        hugo.headers["accept-language"] = "es" if code != "es" else "fr"
        for answer in (hugo.get(address), hugo.post("/enter", data={"word": address.removeprefix("/enter/")})):
            page = unescape(answer.text)
            assert answer.status_code == 404
            assert f'<html lang="{code}">' in page
            assert all(own[name] in page for name in ("trouble_nothing", "trouble_nothing_text", "trouble_first"))
            assert "Hugo" not in page
            assert "harbour" not in page.lower()


def test_a_partners_ended_link_is_told_of_in_english(portal: RunningPortal) -> None:
    with portal.client() as nils:
        page = nils.get(ended_link(portal, PARTNER, ""), headers={"accept-language": "de"}).text
        assert SENTENCES["en"]["trouble_nothing"] in page


@pytest.mark.parametrize("code", CODES)
def test_without_a_link_it_is_the_language_that_the_browser_asks_for(portal: RunningPortal, code: str) -> None:
    with portal.client() as nobody:
        nobody.headers["accept-language"] = f"it, {code}-XX;q=0.9, en;q=0.1" if code != "en" else "it, pl;q=0.9"
        english = nobody.get("/there/is/nothing", headers={"accept-language": "en"}).text
        page = nobody.get("/there/is/nothing").text
        assert SENTENCES[code]["trouble_nothing"] in unescape(page)
        assert shape(page) == shape(english)  # neither more nor less is said
        assert nobody.get("/enter/no-such-word").text.replace("/enter/no-such-word", "") == page


@pytest.mark.parametrize("code", CODES)
def test_a_contact_is_told_in_the_language_of_its_pages(portal: RunningPortal, code: str) -> None:
    own = SENTENCES[code]
    with portal.client(Role.CLIENT_CONTACT) as dora:
        dora.headers["accept-language"] = "fr" if code != "fr" else "es"
        assert f'<html lang="{code}">' in dora.get(f"/client?lang={code}").text  # kept on this device
        theirs, nowhere = dora.get("/manager"), dora.get("/there/is/nothing")
        assert theirs.text == nowhere.text
        page = unescape(theirs.text)
        assert all(one in page for one in (own["trouble_nothing"], own["visits"], own["certificate"], own["log_out"]))
        old = dora.post("/logout", headers={"x-csrf-token": "of-an-older-page"})
        assert all(own[name] in unescape(old.text) for name in ("trouble_fit", "trouble_old_text", "trouble_old_hint"))
        foreign = dora.post("/logout", headers={"origin": "https://evil.example"})
        assert all(own[name] in unescape(foreign.text) for name in ("trouble_site_text", "trouble_site_hint"))
        unsigned = dora.post("/client/certificate/vancouver/acme")
        assert all(own[name] in unescape(unsigned.text) for name in ("trouble_sign_text", "trouble_sign_hint"))
        wrong = unescape(dora.post("/logout", json=["no form"]).text)
        assert ("a JSON object is wanted" in wrong) == (code == "en")
        assert (own["trouble_fit_text"] in wrong) == (code != "en")


def test_a_manager_is_told_in_english_and_a_program_too(portal: RunningPortal) -> None:
    german = {"accept-language": "de"}
    with portal.client(Role.MANAGER) as manager:
        assert SENTENCES["en"]["trouble_nothing"] in manager.get("/there/is/nothing", headers=german).text
    with portal.client() as program:
        told = program.get("/there/is/nothing", headers={**german, "accept": "application/json"}).json()
        assert told["error"] == SENTENCES["en"]["trouble_nothing_text"]


def test_too_many_tries_are_told_with_how_long_to_wait(fresh_portal: RunningPortal) -> None:
    with fresh_portal.client() as somebody:
        for code in CODES:
            answer = refused(somebody, code)
            page, own = unescape(answer.text), SENTENCES[code]
            assert own["trouble_often"] in page
            assert own["trouble_often_text"] in page
            hint = own["trouble_often_hint"].format(minutes=1) if code != "en" else "try again in 1 minute"
            assert hint in page


def refused(somebody: httpx.Client, code: str) -> httpx.Response:
    """The answer to one try too many."""
    for _ in range(80):
        answer = somebody.post("/enter", data={"word": "no-such-word"}, headers={"accept-language": code})
        if answer.status_code == 429:
            return answer
    raise AssertionError("everybody may try for ever")


@pytest.mark.parametrize("wait_s", [1, 61, 7200])
def test_what_the_limit_says_is_what_the_page_looks_for(wait_s: float) -> None:
    error = TooOften(wait_s)
    assert error.message in KEY_OF
    assert TRY_AGAIN.fullmatch(error.hint)


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("de", "de"), ("fr-CA,fr;q=0.9,en;q=0.8", "fr"), ("it, en;q=0.2, es;q=0.7", "es"), ("de;q=0, fr;q=0.1", "fr"),
        ("", ""), ("*", ""), ("pl, it", ""), (";q=;;,,=q", ""), ("en, de", "en"), ("de;q=nonsense", "de"),
    ],
)  # fmt: skip
def test_of_our_languages_the_one_that_a_browser_wants_most_is_taken(header: str, code: str) -> None:
    assert preferred(header) == code


@pytest.mark.parametrize("phone", [False, True])
def test_long_german_words_fit_on_the_page(screens: Screens, *, phone: bool) -> None:
    page, form = screens.page(Role.CLIENT_CONTACT, phone=phone), "phone" if phone else "desktop"
    for name, address in (("certificate", "/client/certificate?lang=de"), ("trouble", "/there/is/nothing")):
        page.goto(address)
        assert page.evaluate("document.documentElement.lang") == "de"
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        screens.keep(page, f"client-{name}-de-{form}")
