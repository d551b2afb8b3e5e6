"""What a client reads in its own language beside its visits: the page around the certificate."""

import re

import pytest

from portal.access import Role
from portal.client.sentences import SENTENCES
from tests.portal.conftest import RunningPortal

DOCUMENT = "/client/certificate/vancouver/acme"
MADE_AT = re.compile(r"\d\d:\d\d(:\d\d)?")


@pytest.mark.parametrize("code", ["fr", "de", "es"])
def test_the_page_around_the_certificate_says_that_the_signed_document_is_in_english(
    portal: RunningPortal, code: str
) -> None:
    own, english = SENTENCES[code], SENTENCES["en"]
    with portal.client(Role.CLIENT_CONTACT) as dora:
        before = dora.get(DOCUMENT).text
        page = dora.get(f"/client/certificate?lang={code}").text
        assert f'<html lang="{code}">' in page
        assert own["certificate_english"] in page
        assert not [name for name in ("certificate_text", "certificate_english", "open") if english[name] in page]
        assert MADE_AT.sub("", dora.get(DOCUMENT).text) == MADE_AT.sub("", before)  # it stays as it is signed


def test_an_english_page_does_not_say_that_the_document_is_in_english(portal: RunningPortal) -> None:
    with portal.client(Role.CLIENT_CONTACT) as dora:
        assert SENTENCES["en"]["certificate_english"] not in dora.get("/client/certificate?lang=en").text
