"""Real servers on loopback: SMTP with TLS and log-in, HTTP with TLS, and sockets that misbehave."""

import datetime as dt
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from flows.server import free_port
from muster.messages import Alert, Channel, Content, Message, MessageState, Queued, Severity

PASSWORD = "correct horse battery staple"
AT = dt.datetime(2026, 10, 19, 8, tzinfo=dt.UTC)
ALERT = Alert(
    "campaign-stopped",
    Severity.CRITICAL,
    "Ann stopped vancouver <!channel> [here](https://evil.example)",
    None,
    (("wave", "3"), ("hosts", "41")),
    ("look at wave 3",),
)


def queued(key: str = "k1", to: str = "it@acme.example", content: Content | None = None) -> Queued:
    """A message as the outbox would hand it out."""
    said = content or Content("Grüße: a subject", "Zoé says hello\n", "<p>Zoé</p>", alert=ALERT)
    return Queued(7, Message(key, Channel.EMAIL, to, "notice dispatched", said), MessageState.WAITING, AT, AT, 1, 1)


@dataclass(frozen=True)
class Certificate:
    """A certificate of localhost that is its own authority."""

    cert: Path
    key: Path

    def server_context(self) -> ssl.SSLContext:
        """For a server that shows it."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.cert, self.key)
        return context


def make_certificate(folder: Path, name: str = "localhost") -> Certificate:
    """A certificate for a name and the loopback address."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    names = [x509.DNSName(name), *([x509.IPAddress(ip_address("127.0.0.1"))] if name == "localhost" else [])]
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    found = Certificate(folder / f"{name}.pem", folder / f"{name}.key")
    found.cert.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    found.key.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return found


@dataclass
class Mailbox:
    """What an SMTP server took, and what it says to whom.

    Attributes:
        refuses: receivers with the answer that they get.
        data_answer: what is said after the letter; empty takes it.
        logins: user names of who logged in.
    """

    letters: list[EmailMessage] = field(default_factory=list)
    senders: list[str] = field(default_factory=list)
    receivers: list[str] = field(default_factory=list)
    refuses: dict[str, str] = field(default_factory=dict)
    data_answer: str = ""
    sender_answer: str = ""
    logins: list[str] = field(default_factory=list)
    connections: int = 0

    async def handle_EHLO(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        """Count who comes."""
        del server, envelope
        session.host_name = hostname
        self.connections += 1
        return responses

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take the sender or not."""
        del server, session, options
        if self.sender_answer:
            return self.sender_answer
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take the receiver or not."""
        del server, session, options
        if address in self.refuses:
            return self.refuses[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keep the letter."""
        del server, session
        if self.data_answer:
            return self.data_answer
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        read = message_from_bytes(content, policy=default)
        assert isinstance(read, EmailMessage)
        self.letters.append(read)
        self.senders.append(envelope.mail_from or "")
        self.receivers += envelope.rcpt_tos
        return "250 2.0.0 queued"


class _TlsFromTheStart(Controller):
    """A server that speaks TLS at once; aiosmtpd's own check that it is up speaks none, so ours does."""

    def _trigger_server(self) -> None:
        with socket.create_connection((self.hostname, self.port), 5) as raw:
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            with context.wrap_socket(raw) as sock:
                sock.recv(100)


@contextmanager
def smtp_server(
    mailbox: Mailbox,
    *,
    certificate: Certificate | None = None,
    from_the_start: bool = False,
    login: bool = False,
    port: int = 0,
) -> Iterator[int]:
    """A server; gives its port. With a certificate it wants STARTTLS, or speaks TLS ``from_the_start``.

    aiosmtpd takes logins after STARTTLS only.
    """
    options: dict[str, Any] = {"hostname": "127.0.0.1", "port": port or free_port()}

    def check(_server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: object) -> AuthResult:
        right = isinstance(data, LoginPassword) and data == LoginPassword(b"muster", PASSWORD.encode())
        if right:
            mailbox.logins.append("muster")
        return AuthResult(success=right, handled=False)

    if login:
        options |= {"authenticator": check, "auth_required": True}
    if certificate and from_the_start:
        controller: Controller = _TlsFromTheStart(mailbox, ssl_context=certificate.server_context(), **options)
    elif certificate:
        controller = Controller(mailbox, tls_context=certificate.server_context(), require_starttls=True, **options)
    else:
        controller = Controller(mailbox, **options)
    controller.start()
    try:
        yield int(options["port"])
    finally:
        controller.stop()


@dataclass
class Request:
    """One request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """What an HTTP server was sent, and what it answers: status, headers, body; the last answer is repeated."""

    requests: list[Request] = field(default_factory=list)
    answers: list[tuple[int, dict[str, str], bytes]] = field(default_factory=lambda: [(200, {}, b"ok")])
    before: Callable[[], None] = lambda: None

    def next_answer(self) -> tuple[int, dict[str, str], bytes]:
        """What is said now."""
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@contextmanager
def http_server(receiver: Receiver, certificate: Certificate | None = None) -> Iterator[str]:
    """A server; gives its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            receiver.requests.append(Request(self.path, dict(self.headers.items()), body))
            receiver.before()
            status, headers, said = receiver.next_answer()
            try:
                self.send_response(status)
                for name, value in {"Content-Length": str(len(said)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(said)
            except OSError:
                return  # who asked has gone

        do_GET = do_POST  # noqa: N815 - a redirect that was followed would come as one

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the standard library's name
            del format, args

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if certificate is not None:
        server.socket = certificate.server_context().wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"{'https' if certificate else 'http'}://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def talker(talk: Callable[[socket.socket], None]) -> Iterator[int]:
    """A server that does whatever ``talk`` does with each connection; gives its port."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0.1)
    over = threading.Event()

    def serve() -> None:
        while not over.is_set():
            try:
                connection, _ = listener.accept()
            except TimeoutError:
                continue
            with connection:
                try:
                    talk(connection)
                except OSError:
                    continue

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield int(listener.getsockname()[1])
    finally:
        over.set()
        thread.join(10)
        listener.close()


def drip(connection: socket.socket) -> None:
    """Say a byte now and then, for ever: no time-out of one answer ends that."""
    stop = threading.Event()
    while not stop.wait(0.1):
        connection.sendall(b"2")
