"""Approvals: acts for which a named person has to say yes first. Words and pure rules; ``flows.approvals`` keeps them.

A request names its act and its subject exactly (``ramp`` after ``wave 1``, ``money`` for ``plan P-12``), so that a yes
is a yes to one thing. Whoever asked cannot decide. A no ends the request: who wants the act all the same asks anew.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256

from muster.errors import InputError
from muster.ids import CampaignId

ROLLBACK_HOLDS = timedelta(hours=24)
"""A yes to a roll back is one for now: a roll back that was cut off may be begun again, next week's asks again."""

Persons = Mapping[str, str]
"""Who may approve where a rule names nobody: a name, and the login that stands behind it (empty: any)."""


class Act(StrEnum):
    """What may need an approval."""

    RAMP = "ramp"
    """The first wave after a canary."""
    MONEY = "money"
    """To dispatch a plan that costs more than the limit."""
    NEW_CLIENT = "new client"
    """To dispatch a plan that gives a partner a client that it has never had."""
    ROLLBACK = "rollback"
    """To roll back a whole wave."""


@dataclass(frozen=True, slots=True)
class ApprovalRule:
    """That an act needs an approval, and who may give it; without names everybody of the setting ``approvers``."""

    by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ApprovalPolicy:
    """Which acts of a campaign need an approval; None for those that need none.

    Attributes:
        money_over_cents: plans that cost no more need none.
    """

    ramp: ApprovalRule | None = None
    money: ApprovalRule | None = None
    new_client: ApprovalRule | None = None
    rollback: ApprovalRule | None = None
    money_over_cents: int = 0

    def rule(self, act: Act) -> ApprovalRule | None:
        """The rule about an act."""
        return {
            Act.RAMP: self.ramp,
            Act.MONEY: self.money,
            Act.NEW_CLIENT: self.new_client,
            Act.ROLLBACK: self.rollback,
        }[act]


class ApprovalState(StrEnum):
    """Where a request stands."""

    WAITING = "waiting"
    APPROVED = "approved"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person said to a request; ``login`` is the account from which it was said."""

    approved: bool
    by: str
    why: str
    at: datetime
    login: str = ""


@dataclass(frozen=True, slots=True)
class Request:
    """What is wanted, before anybody is asked; ``sentence`` says it to the person who decides."""

    act: Act
    subject: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Approval:
    """A request for an approval, from its asking to its decision; ``number`` counts those about the same subject."""

    campaign_id: CampaignId
    act: Act
    subject: str
    sentence: str
    asked_by: str
    asked_at: datetime
    number: int = 1
    decision: Decision | None = None

    @property
    def id(self) -> str:
        """Short enough to type; the same for the same request, whoever makes it."""
        whole = f"{self.campaign_id}\n{self.act.value}\n{self.subject}\n{self.number}"
        return f"A-{sha256(whole.encode()).hexdigest()[:8]}"

    @property
    def state(self) -> ApprovalState:
        """Where it stands."""
        if self.decision is None:
            return ApprovalState.WAITING
        return ApprovalState.APPROVED if self.decision.approved else ApprovalState.REFUSED

    def holds(self, now: datetime) -> bool:
        """Whether its act may be done now."""
        if self.decision is None or not self.decision.approved:
            return False
        return self.act is not Act.ROLLBACK or now < self.decision.at + ROLLBACK_HOLDS


def newest(approvals: Iterable[Approval], act: Act, subject: str) -> Approval | None:
    """The last request about one subject; None where nobody has asked."""
    about = [one for one in approvals if one.act is act and one.subject == subject]
    return max(about, key=lambda one: one.number, default=None)


def who_may(rule: ApprovalRule | None, persons: Persons) -> tuple[str, ...]:
    """The names of those who may decide."""
    return (rule.by if rule is not None and rule.by else None) or tuple(persons)


def refuse_decider(approval: Approval, rule: ApprovalRule | None, persons: Persons, *, person: str, login: str) -> None:
    """Refuse a person who may not decide a request.

    Raises:
        InputError: the request is decided already, or the person is not one of those who may, sits at another login
            than the one that stands behind the name, or is the one who asked.
    """
    if approval.decision is not None:
        said = approval.decision
        raise InputError(f"{approval.id} is {approval.state.value} already, by {said.by} at {said.at:%Y-%m-%d %H:%M}")
    may = who_may(rule, persons)
    if not _is_one_of(person, may):
        names = " or ".join(may) or "nobody"
        hint = f"they are {names}: see approvals in campaign.yml, and approvers in muster.yml"
        raise InputError(f"{person} is not one of those who may decide about {approval.act.value}", hint=hint)
    behind = _login_of(person, persons)
    if behind and login and login.casefold() != behind.casefold():
        hint = "log in as the person who decides; approvers in muster.yml says who stands behind which name"
        raise InputError(f"{person} decides from the login {behind}, and this is {login}", hint=hint)
    if _is_one_of(approval.asked_by, [person, *([behind] if behind else [])]):
        others = [name for name in may if name.casefold() != person.casefold()]
        hint = f"ask {' or '.join(others)}" if others else "name a second person in approvals of campaign.yml"
        raise InputError(f"{approval.asked_by} asked for {approval.id} and cannot decide it", hint=hint)


def waiting_sentence(asked: Sequence[Approval], may: Sequence[str]) -> str:
    """Who is waited for, and for what."""
    what = "; ".join(f"{one.sentence} ({one.id})" for one in asked)
    return f"{what}: waits for {' or '.join(may) or 'a person who may approve, and none is named'}"


def _is_one_of(name: str, names: Iterable[str]) -> bool:
    return name.casefold() in {one.casefold() for one in names}


def _login_of(person: str, persons: Persons) -> str:
    return next((login for name, login in persons.items() if name.casefold() == person.casefold()), "")
