"""What is kept of one partner, as one immutable value; every change is a function that gives the next one."""

from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal

from muster.fleet import Client
from muster.ids import ClientId, PartnerId, PersonId
from partners.agreement import BoardApproval, Signature, SignedAgreement
from partners.credentials import Credential, CredentialKind, Requirement
from partners.errors import Refused
from partners.money import Money
from partners.sla import Sla
from partners.vetting import SIX, Criterion, Override, Score


@dataclass(frozen=True, slots=True)
class HouseRules:
    """What the company asks of every partner.

    Attributes:
        criteria: the six, and the company's own.
        least_overall: the least weighted mean of all.
        board_needed: whether an agreement needs the board's word.
        named_technicians: whether only people who were authorised by name are sent.
        late_tolerance_minutes, early_tolerance_minutes: what still counts as on time.
    """

    criteria: tuple[Criterion, ...] = SIX
    least_overall: Decimal = Decimal("3.5")
    required: tuple[Requirement, ...] = (
        Requirement(CredentialKind.INSURANCE, "liability insurance", additional_insured=True),
    )
    board_needed: bool = True
    named_technicians: bool = False
    early_tolerance_minutes: int = 30
    late_tolerance_minutes: int = 15


@dataclass(frozen=True, slots=True)
class Technician:
    """Somebody of the partner's who may be sent.

    Attributes:
        clients: only to these; empty means to every client that the partner may be given.
    """

    person_id: PersonId
    authorised_by: str
    on: date
    until: date
    clients: tuple[ClientId, ...] = ()


@dataclass(frozen=True, slots=True)
class Suspension:
    """A partner that is given nothing until somebody lifts it."""

    by: str
    reason: str
    on: date


@dataclass(frozen=True, slots=True)
class PartnerFile:
    """Everything that is known of a partner and decides what it may be given.

    Attributes:
        regions: where it works; empty means everywhere.
        competes_with: clients whose competitor it is, or who it courts itself.
        specialities: what it says it can do, as its community lists it; nobody is sent because of that.
    """

    id: PartnerId
    name: str
    email: str = ""
    phone: str = ""
    legal_name: str = ""
    tax_number: str = ""
    regions: tuple[str, ...] = ()
    specialities: tuple[str, ...] = ()
    competes_with: tuple[ClientId, ...] = ()
    scores: tuple[Score, ...] = ()
    overrides: tuple[Override, ...] = ()
    credentials: tuple[Credential, ...] = ()
    agreements: tuple[SignedAgreement, ...] = ()
    technicians: tuple[Technician, ...] = ()
    suspension: Suspension | None = None


@dataclass(frozen=True, slots=True)
class ClientTerms:
    """What a client was promised, and whom it does not want.

    Attributes:
        owner: who of us answers for the client: referrals and incidents go to this person.
        unwanted: partners that must not come.
        promised: the service levels of the client's own contract; they flow down to partners.
        penalty_per_host: what we owe for every machine that is not right at the deadline.
    """

    client_id: ClientId
    owner: str = ""
    unwanted: tuple[PartnerId, ...] = ()
    promised: Sla = ()
    penalty_per_host: Money | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """All files and terms together, with the rules they are judged by."""

    files: dict[PartnerId, PartnerFile] = field(default_factory=dict)
    terms: dict[ClientId, ClientTerms] = field(default_factory=dict)
    rules: HouseRules = HouseRules()

    def terms_of(self, client: Client) -> ClientTerms:
        """A client's terms; nothing promised and nobody unwanted where none were written down."""
        return self.terms.get(client.id) or ClientTerms(client.id)


def judged(file: PartnerFile, scores: tuple[Score, ...], rules: HouseRules) -> PartnerFile:
    """With further scores.

    Raises:
        Refused: a score is for something that nobody is judged by.
    """
    known = {one.name.casefold() for one in rules.criteria}
    for score in scores:
        if score.criterion.casefold() not in known:
            raise Refused(
                f"{score.criterion!r} is no criterion of vetting",
                hint=f"the criteria are: {', '.join(one.name for one in rules.criteria)}",
            )
    return replace(file, scores=(*file.scores, *scores))


def overridden(file: PartnerFile, override: Override, rules: HouseRules) -> PartnerFile:
    """With an override.

    Raises:
        Refused: it is of something that no rule asks for.
    """
    subjects = ("overall", *(one.name for one in rules.criteria), *(one.name for one in rules.required))
    if override.subject.casefold() not in {subject.casefold() for subject in subjects}:
        raise Refused(f"there is no rule {override.subject!r} to override", hint=f"there are: {', '.join(subjects)}")
    return replace(file, overrides=(*file.overrides, override))


def with_credential(file: PartnerFile, credential: Credential) -> PartnerFile:
    """With one more credential."""
    return replace(file, credentials=(*file.credentials, credential))


def with_agreement(file: PartnerFile, agreement: SignedAgreement) -> PartnerFile:
    """With an agreement drafted, or drafted anew under its id.

    Raises:
        Refused: it was signed already; what was signed is not changed.
    """
    before = next((one for one in file.agreements if one.id == agreement.id), None)
    if before is not None and (before.ours or before.theirs):
        raise Refused(
            f"agreement {agreement.id} is signed and does not change any more", hint="draft a new one under another id"
        )
    return replace(file, agreements=(*(one for one in file.agreements if one.id != agreement.id), agreement))


def signed(
    file: PartnerFile,
    agreement_id: str,
    *,
    ours: Signature | None = None,
    theirs: Signature | None = None,
    board: BoardApproval | None = None,
) -> PartnerFile:
    """With signatures or the board's word on an agreement; what is there already stays.

    Raises:
        Refused: there is no such agreement.
    """
    old = agreement_of(file, agreement_id)
    new = replace(old, ours=old.ours or ours, theirs=old.theirs or theirs, board=old.board or board)
    return _with(file, new)


def terminated(file: PartnerFile, agreement_id: str, on: date) -> PartnerFile:
    """With an agreement that covers no work from a day on.

    Raises:
        Refused: there is no such agreement.
    """
    return _with(file, replace(agreement_of(file, agreement_id), terminated_on=on))


def authorised(file: PartnerFile, technician: Technician) -> PartnerFile:
    """With somebody who may be sent; a newer word on a person replaces the older one."""
    others = (one for one in file.technicians if one.person_id != technician.person_id)
    return replace(file, technicians=(*others, technician))


def suspended(file: PartnerFile, suspension: Suspension | None) -> PartnerFile:
    """Given nothing any more, or (None) given work again.

    Raises:
        Refused: a suspension without a reason.
    """
    if suspension is not None and not suspension.reason.strip():
        raise Refused(f"{file.name} cannot be suspended without a reason", hint="say why: --reason")
    return replace(file, suspension=suspension)


def agreement_of(file: PartnerFile, agreement_id: str) -> SignedAgreement:
    """One of the partner's agreements.

    Raises:
        Refused: there is none of that id.
    """
    for one in file.agreements:
        if one.id == agreement_id:
            return one
    there = ", ".join(one.id for one in file.agreements) or "none"
    raise Refused(f"{file.name} has no agreement {agreement_id!r} (there are: {there})")


def _with(file: PartnerFile, agreement: SignedAgreement) -> PartnerFile:
    return replace(file, agreements=tuple(agreement if one.id == agreement.id else one for one in file.agreements))
