"""A partner that may be given work, and what it takes to be one, for tests."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from muster.ids import PartnerId
from partners.agreement import BoardApproval, Clauses, Rate, RateUnit, Signature, SignedAgreement
from partners.credentials import Cover, Credential, CredentialKind
from partners.file import PartnerFile
from partners.money import Money
from partners.sla import parse_term
from partners.vetting import SIX, Score

DAY = date(2026, 10, 19)
START, END = date(2026, 9, 1), date(2027, 8, 31)
NORTH = PartnerId("north")


def euros(amount: str | int) -> Money:
    return Money(Decimal(amount), "EUR")


def scores(points: int = 4, *, on: date = START, until: date = END, by: str = "Kim") -> tuple[Score, ...]:
    return tuple(Score(one.name, points, "two references were called", by, on, until) for one in SIX)


def insurance(*, until: date = END, additional: bool = True, limit: str = "2000000") -> Credential:
    return Credential(
        CredentialKind.INSURANCE,
        "liability insurance",
        START,
        until,
        "Kim",
        cover=Cover("Mutual", euros(limit), additional_insured=additional),
    )


def clauses(**changes: object) -> Clauses:
    plain = Clauses(
        rate=Rate(RateUnit.HOUR, euros(70)),
        rework_percent=Decimal(20),
        sla=(parse_term("response_minutes=60"), parse_term("fix_hours=8")),
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def agreement(**changes: object) -> SignedAgreement:
    good = SignedAgreement(
        id="A-1",
        our_party="Clockworks",
        their_party="North IT",
        valid_from=START,
        valid_until=END,
        ours=Signature("Ada", START),
        theirs=Signature("Nils", START),
        board=BoardApproval("the board", START, "minutes of 1 September"),
        clauses=clauses(),
    )
    return replace(good, **changes)  # type: ignore[arg-type]


def good_file(partner_id: str = NORTH, **changes: object) -> PartnerFile:
    good = PartnerFile(
        PartnerId(partner_id),
        partner_id.title(),
        email=f"ops@{partner_id}.example",
        scores=scores(),
        credentials=(insurance(),),
        agreements=(agreement(),),
    )
    return replace(good, **changes)  # type: ignore[arg-type]


def days_after(count: int) -> date:
    return DAY + timedelta(days=count)
