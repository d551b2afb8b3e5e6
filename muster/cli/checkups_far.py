"""What ``muster doctor`` looks at beyond this machine: hosts' clocks, mail server, webhooks, who may approve."""

import smtplib
import socket
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import httpx

from muster.approvals import Act, who_may
from muster.cli.examined import Checkup, State
from muster.cli.workspace import Workspace
from muster.errors import MusterError
from muster.fleet import Fleet, Host, TransportName
from muster.outcomes import Ending, StepReport
from muster.ports import Order
from muster.steps import Step, StepName, read_output
from muster.words import count
from push.context import NEVER
from push.orders import Defaults, target_of
from reports.sending.outlets import MailServer, Security
from reports.sending.tls import trusting

HOSTS_APART_S = 60.0
"""Logs, certificates and Kerberos go by a host's clock; below this it is not worth a word."""
CLOCK = Step(
    StepName.PROBE, 'printf "fact\\tclock\\tnow\\t%s\\n" "$(date +%s)"\nprintf "done\\tprobe\\n"\n', timeout_s=15.0
)
CURE = "have it take the time from the network (NTP); a domain's machines take it from their domain controller"


def host_clocks(workspace: Workspace, hosts: Sequence[Host]) -> Iterator[Checkup]:
    """Whether hosts have the same time as this machine: SSH hosts are logged in to, WinRM's servers say it unasked."""
    seen = [*_by_ssh(workspace, hosts), *_by_winrm(workspace, hosts)]
    yield from (one for one in seen if one.state is not State.GOOD)
    good = sum(one.state is State.GOOD for one in seen)
    if seen:
        state = State.GOOD if good else State.LOOK
        yield Checkup("clocks", state, f"{good} of {count(len(seen), 'asked host')} have the same time as this machine")


def _by_ssh(workspace: Workspace, hosts: Sequence[Host]) -> Iterator[Checkup]:
    settings, fleet = workspace.settings, workspace.ledger.fleet()
    defaults = Defaults(settings.default_user, settings.default_credential, settings.host_deadline_s)
    orders = [
        Order(target_of(host, fleet, defaults), CLOCK, CLOCK.timeout_s + settings.connect_timeout_s, "doctor")
        for host in hosts
        if host.transport is TransportName.SSH
    ]
    for report in workspace.services.pusher.execute(orders, stop=NEVER) if orders else ():
        yield _told(report)


def _told(report: StepReport) -> Checkup:
    """What a host said when it was asked for the time: it must lie between the question and the answer."""
    facts = read_output(report.stdout).facts if report.ending is Ending.DONE else ()
    if not facts or not facts[0].value.isdigit():
        cause = report.cause or "it did not say what time it is"
        return Checkup("clocks", State.LOOK, f"{report.host_id}: {cause}", report.hint)
    at = float(facts[0].value)
    late_s = report.started_at.timestamp() - (at + 1)  # it says whole seconds
    early_s = at - report.ended_at.timestamp()
    return _apart(str(report.host_id), max(late_s, early_s, 0.0))


def _by_winrm(workspace: Workspace, hosts: Iterable[Host]) -> Iterator[Checkup]:
    for host in hosts:
        if host.transport is not TransportName.WINRM or workspace.ledger.fleet().site[host.site_id].jump:
            continue
        port = host.port or 5986
        scheme = "http" if port == 5985 else "https"
        try:
            # only the date of whoever answers is read, and nothing is sent: the certificate is the push's matter
            answer = httpx.get(f"{scheme}://{host.address}:{port}/wsman", verify=False, timeout=10.0)  # noqa: S501
            said = parsedate_to_datetime(answer.headers["date"])
        except (httpx.HTTPError, KeyError, ValueError):
            continue  # whether it answers at all is another examination
        yield _apart(str(host.id), max(0.0, abs((datetime.now(UTC) - said).total_seconds()) - 1))


def _apart(host: str, apart_s: float) -> Checkup:
    if apart_s > HOSTS_APART_S:
        return Checkup("clocks", State.LOOK, f"{host} and this machine are {apart_s:,.0f} s apart", CURE)
    return Checkup("clocks", State.GOOD, f"{host} has the same time as this machine")


def mail(workspace: Workspace) -> Iterator[Checkup]:
    """Whether the mail server answers, and speaks as securely as it is set; no letter is sent, nobody logs in."""
    server = workspace.services.outlets.mail
    if server is None:
        yield Checkup("messages", State.GOOD, "no mail server is set: letters become files in the outbox")
        return
    try:
        _greet(server)
    except (OSError, smtplib.SMTPException) as error:
        seen = f"the mail server {server.host}:{server.port}: {_words(error)}"
        yield Checkup("messages", State.BROKEN, seen, "see smtp_host, smtp_port and smtp_security in muster.yml")
        return
    seen = f"the mail server {server.host}:{server.port} answers ({server.security.value})"
    yield Checkup("messages", State.GOOD, f"{seen}; muster messages test sends a letter")


def _greet(server: MailServer) -> None:
    timeout_s = min(server.timeout_s, 10.0)
    if server.security is Security.TLS:
        with smtplib.SMTP_SSL(server.host, server.port, timeout=timeout_s, context=trusting(server.ca)) as client:
            client.noop()
        return
    with smtplib.SMTP(server.host, server.port, timeout=timeout_s) as client:
        if server.security is Security.STARTTLS:
            client.starttls(context=trusting(server.ca))
        client.noop()


def webhooks(workspace: Workspace) -> Iterator[Checkup]:
    """Whether whoever takes our webhooks listens; nothing is sent. Their addresses are secrets and are not shown."""
    outlets = workspace.services.outlets
    for name, webhook in outlets.webhooks.items():
        try:
            parts = urlsplit(outlets.secret(webhook.url))
            port = parts.port or (443 if parts.scheme == "https" else 80)
            socket.create_connection((parts.hostname or "", port), min(outlets.timeout_s, 10.0)).close()
        except (OSError, ValueError, MusterError) as error:
            cure = f"see webhooks.{name} in muster.yml; muster messages test sends one"
            yield Checkup("messages", State.BROKEN, f"webhook {name}: {_words(error)}", cure)
        else:
            yield Checkup("messages", State.GOOD, f"webhook {name}: somebody listens")


def approvers(workspace: Workspace) -> Iterator[Checkup]:
    """Whether every act that needs a yes has somebody, and somebody else than one person alone, to say it."""
    now = workspace.services.clock.now()
    for campaign in workspace.ledger.campaigns():
        for act in Act:
            rule = campaign.approvals.rule(act)
            if rule is None or now >= campaign.deadline:
                continue
            may = who_may(rule, workspace.settings.approvers)
            about, cure = f"{campaign.id}, {act.value}", "approvals in campaign.yml, or approvers in muster.yml"
            if not may:
                yield Checkup("approvals", State.BROKEN, f"{about}: nobody may say yes", f"name people: {cure}")
            elif len(may) == 1:
                seen = f"{about}: only {may[0]} may say yes, and not to their own request"
                yield Checkup("approvals", State.LOOK, seen, f"name a second person: {cure}")


def runs_by_itself(workspace: Workspace, *, is_up: bool) -> Iterator[Checkup]:
    """Whether somebody looks after campaigns that begin visits by themselves."""
    now = workspace.services.clock.now()
    waiting = [
        campaign.id
        for campaign in workspace.ledger.campaigns()
        if now < campaign.deadline and campaign.running.unattended
    ]
    if is_up:
        yield Checkup("muster up", State.GOOD, "runs, and looks for what is due")
    elif waiting:
        seen = f"does not run, and {', '.join(waiting)} begins visits by itself"
        yield Checkup("muster up", State.LOOK, seen, "muster up, here or on the machine that should look after it")


def sample_near(hosts: Sequence[Host], fleet: Fleet) -> list[Host]:
    """The hosts that this machine reaches itself: not those that only workers of another network reach."""
    return [host for host in hosts if not fleet.site[host.site_id].reach]


def _words(error: Exception) -> str:
    if isinstance(error, MusterError):
        return error.message
    if isinstance(error, smtplib.SMTPResponseException):
        said = error.smtp_error.decode(errors="replace") if isinstance(error.smtp_error, bytes) else error.smtp_error
        return f"{error.smtp_code} {said}"
    return (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__
