"""E-mail to a real SMTP server: what arrives, what is refused for good, what is tried again, and who is to blame."""

import socket
import time
from pathlib import Path

import pytest

from flows.server import free_port
from muster.messages import Content
from reports.sending.answers import Answer, Fate, OutletTrouble
from reports.sending.letters import letter_of
from reports.sending.mail import Mailer
from reports.sending.outlets import MailServer, Outlets, Security
from tests.reports.sending.servers import (
    PASSWORD,
    Certificate,
    Mailbox,
    drip,
    make_certificate,
    queued,
    smtp_server,
    talker,
)

OUTLETS = Outlets("Helpline, Ltd", "service@helpline.example", Path("outbox"), Path("templates"), str, str)
CALENDAR = "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nEND:VCALENDAR\r\n"


def server(port: int, **changes: object) -> MailServer:
    values: dict[str, object] = {"security": Security.NONE, "timeout_s": 10.0, **changes}
    return MailServer(str(values.pop("host", "127.0.0.1")), port, **values)  # type: ignore[arg-type]


def send(where: MailServer, to: str = "it@acme.example", longest_s: float = 30, key: str = "k1") -> Answer:
    mailer = Mailer(where, lambda _: PASSWORD, longest_s)
    try:
        return mailer.send(letter_of(queued(key, to), OUTLETS), to)
    finally:
        mailer.close()


@pytest.mark.parametrize("security", list(Security))
def test_a_letter_arrives_by_every_sort_of_connection(security: Security, certificate: Certificate) -> None:
    box = Mailbox()
    shown, login = None if security is Security.NONE else certificate, security is Security.STARTTLS
    with smtp_server(box, certificate=shown, from_the_start=security is Security.TLS, login=login) as port:
        where = server(port, security=security, ca=certificate.cert, user="muster" if login else "", credential="env:X")
        assert send(where) == Answer(Fate.TAKEN, "taken by 127.0.0.1")
    (letter,) = box.letters
    assert (letter["To"], letter["From"]) == ("it@acme.example", '"Helpline, Ltd" <service@helpline.example>')
    assert letter["Subject"] == "Grüße: a subject"
    body = letter.get_body(("plain",))
    assert body is not None
    assert body.get_content().strip() == "Zoé says hello"
    assert (box.senders, box.receivers) == (["service@helpline.example"], ["it@acme.example"])
    assert box.logins == (["muster"] if login else [])


def test_the_same_key_has_the_same_message_id_and_another_key_another() -> None:
    box = Mailbox()
    with smtp_server(box) as port:
        for key in ("k1", "k1", "k2"):
            send(server(port), key=key)
    first, again, other = (letter["Message-ID"] for letter in box.letters)
    assert first == again != other
    assert first.endswith("@helpline.example>")


def test_an_invitation_can_be_answered_and_is_a_file_besides() -> None:
    letter = letter_of(queued(content=Content("s", "t\n", "<p>t</p>", CALENDAR)), OUTLETS)
    kinds = [part.get_content_type() for part in letter.walk() if not part.is_multipart()]
    assert kinds == ["text/plain", "text/html", "text/calendar", "text/calendar"]
    methods = [part.get_param("method") for part in letter.walk() if part.get_content_type() == "text/calendar"]
    assert methods == ["REQUEST", "REQUEST"]


def test_one_connection_carries_many_letters_and_another_is_made_in_time() -> None:
    box = Mailbox()
    with smtp_server(box) as port:
        mailer = Mailer(server(port), str, 30)
        for number in range(120):
            mailer.send(letter_of(queued(f"k{number}"), OUTLETS), "it@acme.example")
        mailer.close()
    assert len(box.letters) == 120
    assert box.connections == 3


@pytest.mark.parametrize(
    ("answer", "fate"),
    [
        ("550 5.1.1 no such user", Fate.REFUSED),
        ("552 5.2.2 mailbox full", Fate.REFUSED),
        ("450 4.2.0 greylisted", Fate.LATER),
        ("452 4.2.2 mailbox full", Fate.LATER),
    ],
)
def test_a_receiver_that_is_refused_is_refused_for_good_or_for_now_and_others_are_not_touched(
    answer: str, fate: Fate
) -> None:
    box = Mailbox(refuses={"gone@acme.example": answer})
    with smtp_server(box) as port:
        mailer = Mailer(server(port), str, 30)
        said = mailer.send(letter_of(queued("k1", "gone@acme.example"), OUTLETS), "gone@acme.example")
        assert said.fate is fate
        assert answer in said.text
        assert mailer.send(letter_of(queued("k2"), OUTLETS), "it@acme.example").fate is Fate.TAKEN
        mailer.close()
    assert box.receivers == ["it@acme.example"]


def test_a_letter_that_is_refused_is_to_blame_itself() -> None:
    with smtp_server(Mailbox(data_answer="554 5.7.1 looks like spam")) as port:
        assert send(server(port)).fate is Fate.REFUSED
    with smtp_server(Mailbox(data_answer="451 4.3.0 try again")) as port:
        assert send(server(port)).fate is Fate.LATER


def test_a_server_that_does_not_take_our_sender_is_nobodys_letters_fault() -> None:
    box = Mailbox(sender_answer="550 5.7.1 not allowed to send as this")
    with smtp_server(box) as port, pytest.raises(OutletTrouble, match="does not take our sender: 550"):
        send(server(port))


def test_a_wrong_password_is_a_trouble_that_does_not_say_the_password(certificate: Certificate) -> None:
    with smtp_server(Mailbox(), certificate=certificate, login=True) as port:
        where = server(port, security=Security.STARTTLS, ca=certificate.cert, user="muster", credential="env:X")
        mailer = Mailer(where, lambda _: "wrong password", 30)
        with pytest.raises(OutletTrouble, match="does not take our login: 535") as caught:
            mailer.send(letter_of(queued(), OUTLETS), "it@acme.example")
    assert "wrong password" not in str(caught.value)
    assert "wrong password" not in repr(caught.value.__cause__)


@pytest.mark.parametrize("security", [Security.STARTTLS, Security.TLS])
def test_a_certificate_that_is_not_trusted_or_is_anothers_gets_no_letter(
    security: Security, certificate: Certificate, other_certificate: Certificate
) -> None:
    for shown, ca in ((certificate, None), (other_certificate, other_certificate.cert)):
        box = Mailbox()
        with (
            smtp_server(box, certificate=shown, from_the_start=security is Security.TLS) as port,
            pytest.raises(OutletTrouble, match="shows a certificate that is not trusted"),
        ):
            send(server(port, security=security, ca=ca))
        assert box.letters == []


def test_a_server_without_starttls_gets_neither_password_nor_letter() -> None:
    box = Mailbox()
    with smtp_server(box) as port, pytest.raises(OutletTrouble, match="STARTTLS"):
        send(server(port, security=Security.STARTTLS, user="muster", credential="env:X"))
    assert (box.letters, box.logins) == ([], [])


def test_a_server_that_is_not_there_or_does_not_speak_smtp_is_named() -> None:
    with pytest.raises(OutletTrouble, match="cannot be reached: Connection refused"):
        send(server(free_port()))
    with pytest.raises(OutletTrouble, match="has a name that cannot be resolved"):
        send(server(25, host="mail.invalid"))
    for greeting in (b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x00\xff\xfe garbage \r\n" * 20, b"554 go away\r\n"):

        def greet(connection: socket.socket, said: bytes = greeting) -> None:
            connection.sendall(said)

        with talker(greet) as port, pytest.raises(OutletTrouble, match=f"the mail server 127.0.0.1:{port} "):
            send(server(port))


def test_a_server_that_says_nothing_or_drips_has_an_end() -> None:
    def silent(connection: socket.socket) -> None:
        connection.recv(1)

    with talker(silent) as port, pytest.raises(OutletTrouble, match="said nothing for too long"):
        send(server(port, timeout_s=0.3))
    began = time.monotonic()
    with talker(drip) as port, pytest.raises(OutletTrouble):
        send(server(port, timeout_s=5.0), longest_s=1.0)
    assert time.monotonic() - began < 60, "without an end it would be for ever"


def test_a_server_that_falls_silent_in_the_middle_is_left_and_the_next_letter_begins_anew() -> None:
    port = free_port()
    box = Mailbox()
    mailer = Mailer(server(port), str, 30)
    with smtp_server(box, port=port):
        mailer.send(letter_of(queued("k1"), OUTLETS), "it@acme.example")
    with pytest.raises(OutletTrouble):
        mailer.send(letter_of(queued("k2"), OUTLETS), "it@acme.example")
    with smtp_server(box, port=port):
        assert mailer.send(letter_of(queued("k2"), OUTLETS), "it@acme.example").fate is Fate.TAKEN
        mailer.close()
    assert len(box.letters) == 2


@pytest.mark.parametrize("to", ["it@büro.example", "jörg@acme.example", "nobody", "a\nb@x.example", ""])
def test_an_address_that_cannot_be_used_is_refused_and_troubles_nobody(to: str) -> None:
    from reports.sending.post_office import PostOffice

    box = Mailbox()
    with smtp_server(box) as port:
        outlets = Outlets("H", "service@helpline.example", Path(), Path(), str, str, mail=server(port))
        with PostOffice(outlets) as office:
            said = office.send(queued("k1", to))
            assert said.fate is Fate.REFUSED or box.letters
            assert office.send(queued("k2")).fate is Fate.TAKEN


def test_the_sender_may_carry_a_name_and_without_one_that_is_an_address_no_letter_goes() -> None:
    from reports.sending.post_office import PostOffice

    box = Mailbox()
    with smtp_server(box) as port:
        for sender in ("Zoé at Helpline <service@helpline.example>", "", "helpline"):
            outlets = Outlets("H", sender, Path(), Path(), str, str, mail=server(port))
            with PostOffice(outlets) as office:
                if "@" in sender:
                    assert office.send(queued()).fate is Fate.TAKEN
                else:
                    with pytest.raises(OutletTrouble, match="notice_from"):
                        office.send(queued())
    assert [letter["From"] for letter in box.letters] == ["Zoé at Helpline <service@helpline.example>"]


def test_a_file_of_certificates_that_holds_none_is_named(tmp_path: Path, certificate: Certificate) -> None:
    wrong = tmp_path / "ca.pem"
    wrong.write_text("these are no certificates")
    with smtp_server(Mailbox(), certificate=certificate) as port, pytest.raises(OutletTrouble, match="messages_ca"):
        send(server(port, security=Security.STARTTLS, ca=wrong))
    assert make_certificate(tmp_path).cert.exists()
