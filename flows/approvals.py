"""Approvals as the ledger keeps them: asked for, decided, and held against every act that needs one.

A request is a paper of the book, so asking and deciding are events that stay. Nothing waits in a process: an act that
is not approved yet ends with ``ApprovalNeeded``, and whoever tries again after the yes finds it open. So it does not
matter which process dies meanwhile, and Prefect's own pause, which a dead process leaves behind as Running, is not
needed.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from flows.alerts import alert_messages
from flows.approvals_wanted import wanted_to_roll_back
from flows.services import Services
from muster.approvals import (
    Act,
    Approval,
    ApprovalState,
    Decision,
    Persons,
    Request,
    newest,
    refuse_decider,
    waiting_sentence,
    who_may,
)
from muster.campaign import Campaign
from muster.clock import Clock
from muster.errors import ApprovalNeeded, Conflict, InputError, NotFound
from muster.ids import CampaignId, HostId
from muster.messages import Alert, Message, Severity
from muster.ports import Ledger
from partners.papers import Book, Index, Kept, Shelf, change
from reports.sending.outlets import Outlets

APPROVALS = Shelf("approval", Approval, lambda one: Index(one.id, campaign_id=one.campaign_id, state=one.state.value))

ASKED = "approval-asked"
"""The kind of alert that says that a person is waited for."""


@dataclass(frozen=True, slots=True)
class Gatekeeper:
    """Lets acts of one campaign through that need no approval or have one, and asks for the others."""

    campaign_id: CampaignId
    ledger: Ledger
    book: Book
    clock: Clock
    persons: Persons
    outlets: Outlets | None = None

    def pass_or_ask(self, requests: Sequence[Request], *, by: str) -> None:
        """Return when everything that is wanted may be done; otherwise ask for what lacks, once.

        Raises:
            ApprovalNeeded: somebody has to approve first; who and what is in its sentence.
        """
        campaign = self.ledger.campaign(self.campaign_id)
        waiting = [found for one in requests if (found := self._waiting(campaign, one, by=by)) is not None]
        if not waiting:
            return
        names = {name: None for one in waiting for name in who_may(campaign.approvals.rule(one.act), self.persons)}
        raise ApprovalNeeded(
            waiting_sentence(waiting, tuple(names)),
            tuple(one.id for one in waiting),
            hint=f'they say: muster approvals approve {" ".join(one.id for one in waiting)} --as NAME --why "..."',
        )

    def _waiting(self, campaign: Campaign, wanted: Request, *, by: str) -> Approval | None:
        """The request that has to be decided first; None where nothing stands in the way."""
        if campaign.approvals.rule(wanted.act) is None:
            return None
        while True:
            last = newest(approvals_of(self.book, self.campaign_id), wanted.act, wanted.subject)
            if last is not None and last.holds(self.clock.now()):
                return None
            if last is not None and last.state is ApprovalState.WAITING:
                return last
            asked = Approval(
                self.campaign_id,
                wanted.act,
                wanted.subject,
                wanted.sentence,
                by,
                self.clock.now(),
                number=1 if last is None else last.number + 1,
            )
            try:
                self.book.write(
                    [change(APPROVALS, asked, "approval asked")], by=by, messages=self._told(campaign, asked)
                )
            except Conflict:  # somebody else has just asked the same: theirs is the one
                continue
            return asked

    def _told(self, campaign: Campaign, asked: Approval) -> tuple[Message, ...]:
        """The word to whoever hears of alerts that somebody is waited for."""
        if self.outlets is None:
            return ()
        may = " or ".join(who_may(campaign.approvals.rule(asked.act), self.persons)) or "nobody is named"
        details = (("request", asked.id), ("asked by", asked.asked_by), ("who may decide", may))
        how = f"muster approvals approve {asked.id} --as NAME, or refuse"
        sentence = f"{campaign.name}: {asked.sentence} waits for an approval"
        alert = Alert(ASKED, Severity.WARNING, sentence, self.campaign_id, details, (how,), about=asked.id)
        return alert_messages(self.outlets, alert)


def gatekeeper(services: Services, campaign_id: CampaignId) -> Gatekeeper:
    """The gatekeeper of one campaign."""
    return Gatekeeper(campaign_id, services.ledger, services.book, services.clock, services.approvers, services.outlets)


def ask_to_roll_back(services: Services, campaign_id: CampaignId, host_ids: Sequence[HostId], *, by: str) -> None:
    """Return when these hosts may be rolled back; ask where that takes back a whole wave.

    Raises:
        ApprovalNeeded: somebody has to approve first.
    """
    ledger = services.ledger
    wanted = wanted_to_roll_back(ledger.waves(campaign_id), ledger.hosts(campaign_id), host_ids)
    gatekeeper(services, campaign_id).pass_or_ask(wanted, by=by)


def approvals_of(book: Book, campaign_id: CampaignId | None = None) -> tuple[Approval, ...]:
    """Every request, of one campaign or of all, in the order in which they were asked."""
    kept = (one.value for one in book.papers(APPROVALS, campaign_id=campaign_id))
    return tuple(sorted(kept, key=lambda one: (one.asked_at, one.number, one.id)))


def find_approval(book: Book, approval_id: str) -> Kept[Approval]:
    """One request, by its id.

    Raises:
        NotFound: there is none.
    """
    kept = book.find(APPROVALS, approval_id)
    if kept is None:
        raise NotFound(f"there is no request {approval_id!r}", hint="muster approvals list shows them")
    return kept


def decide(
    services: Services, approval_id: str, *, approved: bool, person: str, login: str = "", why: str = ""
) -> Approval:
    """Write down what a person says to a request. A no to the ramp also stops the campaign, gently.

    ``person`` is the name under which the rules know who decides; ``login`` the account from which it is said, empty
    where somebody else (the portal) has made sure who it is.

    Raises:
        NotFound: there is no such request.
        InputError: it is decided already, the person may not decide it, or a no does not say why.
    """
    kept = find_approval(services.book, approval_id)
    asked = kept.value
    rule = services.ledger.campaign(asked.campaign_id).approvals.rule(asked.act)
    refuse_decider(asked, rule, services.approvers, person=person, login=login)
    if not approved and not why.strip():
        raise InputError("a no needs its reason", hint='--why "..."')
    said = replace(asked, decision=Decision(approved, person, why.strip(), services.clock.now(), login))
    what = "approval given" if approved else "approval refused"
    with services.ledger.together():
        services.book.write([change(APPROVALS, said, what, kept)], by=person)
        if not approved and asked.act is Act.RAMP:
            reason = f"{asked.sentence}: refused by {person}: {said.decision.why if said.decision else ''}"
            services.ledger.stop(asked.campaign_id, by=person, reason=reason, gentle=True)
    return said


def still_waiting(approvals: Iterable[Approval]) -> tuple[Approval, ...]:
    """Those that nobody has decided yet."""
    return tuple(one for one in approvals if one.state is ApprovalState.WAITING)
