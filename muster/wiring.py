"""The one place where implementations are chosen and put behind the ports."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from flows.alerts import stop_report
from flows.approvals import gatekeeper
from flows.beginning import barred_hosts
from flows.reach import OnlyWithinReach, limited
from flows.secret_blocks import SecretBlocks
from ledger.open import book_of, open_ledger
from muster.approvals import Persons
from muster.campaign import Campaign
from muster.clock import Clock, ShiftedClock, SystemClock
from muster.fleet import Become
from muster.garbage import collect_seldom
from muster.ids import CampaignId
from muster.ports import Ledger, Pusher
from muster.records import Note
from muster.settings import Settings, load_settings
from partners.papers import Book
from playbooks.catalog import prepare_fix
from playbooks.gates.steps import gate_step
from push.by_content import ByContent
from push.context import Context
from push.credentials import Credentials
from push.only_plain import OnlyPlain
from push.orders import Defaults, OrderBook
from push.redact import SHARED
from push.runners import this_runner
from push.stop import StopWatch
from reports.sending.outlets import HookKind, MailServer, Outlets, Security, Webhook

if TYPE_CHECKING:  # it brings numpy, which only plans need
    from scheduler.travel import Travel


class Wired:
    """The services of one workspace in one process; see ``flows.services.Services``."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.clock = _clock(settings)
        self._contexts: dict[CampaignId, Context] = {}
        self._watches: list[StopWatch] = []
        self._newest_watch: dict[CampaignId, StopWatch] = {}
        self._interrupted = False
        self._lock = Lock()

    @cached_property
    def ledger(self) -> Ledger:
        """The ledger, opened when it is first used; its schema is brought up to date."""
        return self.ledger_at(ledger_url(self.settings))

    def ledger_at(self, url: str) -> Ledger:
        """A ledger at any address, by this workspace's clock and with its messages; whoever asks closes it."""
        return open_ledger(url, clock=self.clock, redact=SHARED.clean, report=stop_report(self.outlets))

    @cached_property
    def credentials(self) -> Credentials:
        """What resolves credential references, Prefect's secret blocks among them."""
        settings = self.settings
        credentials = limited(settings)(
            SHARED,
            folder=settings.workspace,
            vault_password=settings.vault_password,
            command_timeout_s=settings.secret_command_timeout_s,
        )
        home, idle_s = settings.path(settings.prefect_home), settings.prefect_idle_s
        credentials.register("prefect", SecretBlocks(home, idle_s=idle_s))
        return credentials

    @cached_property
    def book(self) -> Book:
        """What is kept of partners and money, in the ledger's database."""
        return book_of(self.ledger)

    @cached_property
    def outlets(self) -> Outlets:
        """Who writes to people outside, and the ways by which it is sent, as the settings say."""
        settings = self.settings
        return Outlets(
            company=settings.company,
            sender=settings.notice_from,
            folder=settings.path(settings.outbox),
            templates=settings.workspace / "templates",
            secret=self.credentials.text,
            clean=SHARED.clean,
            mail=_mail_server(settings),
            webhooks=_webhooks(settings),
            alert_to=settings.alert_to,
            ca=_ca_of(settings),
            timeout_s=settings.messages_timeout_s,
        )

    @property
    def currency(self) -> str:
        """The company's currency."""
        return self.settings.currency

    @property
    def approvers(self) -> Persons:
        """Who may approve where a campaign names nobody."""
        return self.settings.approvers

    @cached_property
    def pusher(self) -> Pusher:
        """What carries scripts to hosts; one for all campaigns."""
        from push.by_transport import fast_pusher

        return fast_pusher(self.settings, self.credentials, redactor=SHARED)

    def _pusher_of(self, campaign_id: CampaignId, by: str) -> Pusher:
        """What carries steps to the hosts of one campaign; Ansible's tasks are noted in its record as they end."""

        def ansible() -> Pusher:
            from push.ansible import ansible_pusher

            def write(notes: Sequence[Note]) -> None:
                self.ledger.note_all(campaign_id, notes, by=by)

            setting = Become(self.settings.become)
            sudo = setting is Become.SUDO
            inner = ansible_pusher(self.settings, credentials=self.credentials, become=sudo, write=write)
            return OnlyPlain(inner, setting=setting)

        pusher = ByContent(lambda: self.pusher, ansible, prefer_ansible=self.settings.push_by == "ansible")
        if self.settings.engine != "workers":
            return pusher
        return OnlyWithinReach(pusher, {site.id: site.reach for site in self.ledger.fleet().sites}, self.reach)

    @cached_property
    def travel(self) -> "Travel":
        """How long ways take, as the setting says."""
        from inventory.travel_times import travel_of

        return travel_of(self.settings.travel, self.settings.workspace, self.settings.travel_timeout_s)

    @property
    def batch_hosts(self) -> int:
        """Hosts in one Prefect task run."""
        return self.settings.batch_hosts

    @property
    def part_hosts(self) -> int:
        """The most hosts that are handed to one worker at one time."""
        return self.settings.part_hosts

    @property
    def reach(self) -> str:
        """The network that this machine stands in; empty is home."""
        return self.settings.reach

    @property
    def limits(self) -> Mapping[str, int]:
        """Most hosts at one time over all machines together, by ``client ID`` and ``partner ID``."""
        return self.settings.limits

    def context(self, campaign_id: CampaignId) -> Context:
        """Everything for acts at the hosts of one campaign; made once, shared by all threads."""
        with self._lock:
            if campaign_id not in self._contexts:
                self._contexts[campaign_id] = self._make_context(campaign_id)
            return self._contexts[campaign_id]

    def renew(self, campaign_id: CampaignId) -> None:
        """Have the next context of a campaign made anew: hosts were imported, or a stop was lifted meanwhile."""
        with self._lock:
            self._contexts.pop(campaign_id, None)

    def check_fix(self, campaign: Campaign) -> None:
        """Refuse a campaign whose fix or parameters do not hold together.

        Raises:
            InputError: there is no such fix, or a parameter is wrong.
        """
        prepare_fix(campaign.fix, campaign.parameters, workspace=self.settings.workspace)

    def interrupt(self) -> None:
        """Stop what this process does at hosts, as soon as it safely can."""
        self._interrupted = True  # also for a watch that is only about to be made
        for watch in self._watches:
            watch.trip()

    def close(self) -> None:
        """Give back connections and threads."""
        for watch in self._watches:
            watch.leave()
        if "ledger" in self.__dict__:
            self.ledger.close()

    def _make_context(self, campaign_id: CampaignId) -> Context:
        settings, campaign = self.settings, self.ledger.campaign(campaign_id)
        watch = self._watch_of(campaign_id)
        fix = prepare_fix(campaign.fix, campaign.parameters, workspace=settings.workspace)
        defaults = Defaults(settings.default_user, settings.default_credential, settings.host_deadline_s)
        return Context(
            campaign_id=campaign_id,
            runner_id=this_runner(),
            ledger=self.ledger,
            pusher=self._pusher_of(campaign_id, this_runner()),
            book=OrderBook(
                self.ledger.fleet(),
                fix,
                defaults,
                f"campaign {campaign_id}",
                readiness=campaign.gates.readiness,
                gate=gate_step,
            ),
            clock=self.clock,
            stop=watch,
            lease_s=settings.lease_s,
            held_back=watch.held_back,
            approvals=gatekeeper(self, campaign_id),
            barred=lambda: barred_hosts(self, campaign_id),
        )

    def _watch_of(self, campaign_id: CampaignId) -> StopWatch:
        """What says when to stop; a stop that was seen stays seen, so that the next context takes another one."""
        watch = self._newest_watch.get(campaign_id)
        if watch is None or watch.is_set() or watch.held_back.is_set():
            watch = StopWatch(self.ledger, campaign_id, self.settings.workspace)
            self._newest_watch[campaign_id] = watch
            self._watches.append(watch)
        if self._interrupted:
            watch.trip()
        return watch


def open_services(workspace: Path) -> Wired:
    """The services of a workspace; registered as the opener of ``muster.services``."""
    collect_seldom()
    return Wired(load_settings(workspace))


USUAL_PORTS = {Security.STARTTLS: 587, Security.TLS: 465, Security.NONE: 25}


def _mail_server(settings: Settings) -> MailServer | None:
    if not settings.smtp_host:
        return None
    security = Security(settings.smtp_security)
    return MailServer(
        host=settings.smtp_host,
        port=settings.smtp_port or USUAL_PORTS[security],
        security=security,
        user=settings.smtp_user,
        credential=settings.smtp_credential,
        ca=_ca_of(settings),
        timeout_s=settings.messages_timeout_s,
    )


def _webhooks(settings: Settings) -> dict[str, Webhook]:
    return {
        name: Webhook(name, HookKind(one.kind), one.url, one.secret, frozenset(one.alerts))
        for name, one in settings.webhooks.items()
    }


def _ca_of(settings: Settings) -> Path | None:
    return settings.path(settings.messages_ca) if settings.messages_ca else None


def _clock(settings: Settings) -> Clock:
    return ShiftedClock(timedelta(seconds=settings.clock_shift_s)) if settings.clock_shift_s else SystemClock()


def ledger_url(settings: Settings) -> str:
    """The address of the ledger; a relative path in it is taken from the workspace."""
    prefix = "sqlite:///"
    if not settings.ledger_url.startswith(prefix):
        return settings.ledger_url
    return prefix + str(settings.path(Path(settings.ledger_url.removeprefix(prefix))))
