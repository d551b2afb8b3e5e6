"""E-mail by SMTP: one connection for as many letters as it carries, with an end to every wait.

Who is to blame decides what happens. A server that cannot be reached, does not speak SMTP, has no TLS, shows another's
certificate, does not take our login or our sender, or closes the connection, is an ``OutletTrouble``: no letter goes,
and none is at fault. A server that refuses this receiver or this letter answers 5xx (for good) or 4xx (later).
"""

import smtplib
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from threading import Timer

from reports.sending.answers import Answer, Fate, OutletTrouble
from reports.sending.outlets import MailServer, Secret, Security
from reports.sending.tls import trusting

LETTERS_PER_CONNECTION = 50
"""Servers close connections that carry more; a new one is made in time."""
NOT_OURS = frozenset({421, 454, 530, 534, 535, 538})
"""Codes about the connection or the login, whatever command they answer."""


class Mailer:
    """Sends letters to one server; for one thread.

    Args:
        secret: resolves the reference to the password, when it is needed.
        longest_s: the longest time for one letter, a connection for it included.
    """

    def __init__(self, server: MailServer, secret: Secret, longest_s: float) -> None:
        self._server = server
        self._secret = secret
        self._longest_s = longest_s
        self._client: smtplib.SMTP | None = None
        self._carried = 0

    def send(self, letter: EmailMessage, to: str) -> Answer:
        """Hand a letter to the server for one receiver.

        Raises:
            OutletTrouble: the server cannot be used now.
            SecretError: the password cannot be resolved.
        """
        try:
            with self._ended_in_time():
                return self._send(self._connected(), letter, to)
        except (OSError, smtplib.SMTPException, ValueError) as error:
            self.close()
            if isinstance(error, UnicodeError):
                return Answer(Fate.REFUSED, f"{to!r} is no address that can be written in a letter")
            raise OutletTrouble(f"{self._where()} {_words(error)}") from None

    def close(self) -> None:
        """Say goodbye, where there is somebody to say it to."""
        client, self._client = self._client, None
        if client is not None:
            client.close()

    def _send(self, client: smtplib.SMTP, letter: EmailMessage, to: str) -> Answer:
        self._carried += 1
        try:
            client.send_message(letter, to_addrs=[to])
        except smtplib.SMTPRecipientsRefused as error:
            code, said = next(iter(error.recipients.values()))
            return self._refusal(code, said)
        except smtplib.SMTPDataError as error:
            return self._refusal(error.smtp_code, error.smtp_error)
        except smtplib.SMTPNotSupportedError:
            return Answer(Fate.REFUSED, f"{self._where()} takes no addresses beyond ASCII, such as {to}")
        return Answer(Fate.TAKEN, f"taken by {self._server.host}")

    def _refusal(self, code: int, said: bytes | str) -> Answer:
        if code in NOT_OURS:
            raise smtplib.SMTPResponseException(code, said)
        return Answer(Fate.REFUSED if code >= 500 else Fate.LATER, f"{self._where()} says {code} {_text(said)}")

    def _connected(self) -> smtplib.SMTP:
        if self._client is not None and self._carried >= LETTERS_PER_CONNECTION:
            self.close()
        if self._client is None:
            self._carried = 0
            self._client = self._connect()
        return self._client

    def _connect(self) -> smtplib.SMTP:
        server = self._server
        if server.security is Security.TLS:
            client: smtplib.SMTP = smtplib.SMTP_SSL(timeout=server.timeout_s, context=trusting(server.ca))
        else:
            client = smtplib.SMTP(timeout=server.timeout_s)
        self._client = client  # so that the watch can end a connection that is being made
        client._host = server.host  # type: ignore[attr-defined]  # noqa: SLF001 - the name that the certificate must have
        code, said = client.connect(server.host, server.port)
        if code != 220:
            raise smtplib.SMTPConnectError(code, said)
        if server.security is Security.STARTTLS:
            client.starttls(context=trusting(server.ca))
        if server.user:
            client.login(server.user, self._secret(server.credential))
        return client

    @contextmanager
    def _ended_in_time(self) -> Iterator[None]:
        """Cut the connection when the time is over: else a server that drips bytes keeps us for ever."""
        watch = Timer(self._longest_s, self._cut)
        watch.daemon = True
        watch.start()
        try:
            yield
        finally:
            watch.cancel()

    def _cut(self) -> None:
        sock = getattr(self._client, "sock", None)
        if sock is not None:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                return  # it was gone already

    def _where(self) -> str:
        return f"the mail server {self._server.host}:{self._server.port}"


SILENT, GONE = "said nothing for too long", "closed the connection, or does not speak SMTP"
_Said = smtplib.SMTPResponseException
WORDS: tuple[tuple[type[Exception], Callable[[Exception], str]], ...] = (
    (smtplib.SMTPAuthenticationError, lambda error: f"does not take our login: {_code(error)}"),
    (smtplib.SMTPSenderRefused, lambda error: f"does not take our sender: {_code(error)}"),
    (smtplib.SMTPConnectError, lambda error: f"did not greet us as a mail server does: {_code(error)}"),
    (smtplib.SMTPResponseException, lambda error: f"says {_code(error)}"),
    (smtplib.SMTPNotSupportedError, lambda error: f"lacks what is asked of it: {error}"),
    (smtplib.SMTPServerDisconnected, lambda error: SILENT if "timed out" in str(error) else GONE),
    (ssl.SSLCertVerificationError, lambda error: f"shows a certificate that is not trusted: {error.args[-1]}"),
    (ssl.SSLError, lambda error: f"does not speak TLS as it should: {getattr(error, 'reason', '')}"),
    (TimeoutError, lambda _: SILENT),
    (socket.gaierror, lambda _: "has a name that cannot be resolved"),
    (OSError, lambda error: f"cannot be reached: {getattr(error, 'strerror', '') or type(error).__name__}"),
)
"""What is wrong with a server, as the end of a sentence about it; the first that fits."""


def _words(error: Exception) -> str:
    words = (say(error) for kind, say in WORDS if isinstance(error, kind))
    return next(words, f"cannot be used ({type(error).__name__})")


def _code(error: Exception) -> str:
    return f"{error.smtp_code} {_text(error.smtp_error)}" if isinstance(error, _Said) else str(error)


def _text(said: bytes | str) -> str:
    words = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return " ".join(words.split())[:300]
