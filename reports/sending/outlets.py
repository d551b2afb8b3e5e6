"""Where messages go, as the settings say it; secrets are references that are resolved at the moment of use."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType

from muster.errors import NotFound
from muster.messages import Alert

Secret = Callable[[str], str]
"""Gives what a credential reference stands for; raises SecretError, whose message never holds the secret."""


class Security(StrEnum):
    """How the connection to an SMTP server is protected."""

    STARTTLS = "starttls"
    """Begins in the clear and becomes TLS before anything is said; a server that cannot is refused."""
    TLS = "tls"
    NONE = "none"


class HookKind(StrEnum):
    """What a webhook expects."""

    SLACK = "slack"
    TEAMS = "teams"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class MailServer:
    """An SMTP server.

    Attributes:
        user, credential: to log in with; an empty user means that no login is tried.
        ca: a file with certificates that are trusted besides the system's; None for those alone.
        timeout_s: the longest wait for one answer.
    """

    host: str
    port: int
    security: Security
    user: str = ""
    credential: str = ""
    ca: Path | None = None
    timeout_s: float = 30.0


@dataclass(frozen=True, slots=True)
class Webhook:
    """One webhook.

    Attributes:
        url: a credential reference; the address itself is a secret.
        secret: a credential reference to what generic JSON is signed with; empty leaves it unsigned.
        alerts: the kinds of alert that go there; empty means all.
    """

    name: str
    kind: HookKind
    url: str
    secret: str = ""
    alerts: frozenset[str] = frozenset()

    def wants(self, alert: Alert) -> bool:
        """Whether an alert is told here."""
        return not self.alerts or alert.kind in self.alerts


@dataclass(frozen=True)
class Outlets:
    """Everything that is needed to write and to send messages.

    Attributes:
        company, sender: who writes; the sender is an e-mail address.
        mail: None where no SMTP server is set; letters then become files in ``folder``, and that is all.
        folder: for those files.
        alert_to: e-mail addresses that alerts go to.
        templates: the folder of the company's own templates.
        secret: resolves credential references.
        clean: takes every known secret out of a text.
        ca, timeout_s: for webhooks, as for the mail server.
    """

    company: str
    sender: str
    folder: Path
    templates: Path
    secret: Secret
    clean: Callable[[str], str]
    mail: MailServer | None = None
    webhooks: Mapping[str, Webhook] = field(default_factory=lambda: MappingProxyType({}))
    alert_to: tuple[str, ...] = ()
    ca: Path | None = None
    timeout_s: float = 30.0

    def webhook(self, name: str) -> Webhook:
        """A webhook by its name.

        Raises:
            NotFound: the settings have none of this name.
        """
        found = self.webhooks.get(name)
        if found is None:
            known = ", ".join(self.webhooks) or "none"
            raise NotFound(f"the settings have no webhook {name!r} (there are: {known})", hint="docs/messages.md")
        return found
