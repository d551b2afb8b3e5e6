"""An agreement as a document, made from its data: for a lawyer to check, never for signing as it is."""

from datetime import date
from html import escape

from partners.agreement import Clauses, Rate, RateUnit, SignedAgreement, months_after

NOTICE = (
    "DRAFT. This document was made from data and needs counsel. It is not legal advice. Penalties that punish rather "
    "than compensate are often not enforceable; which law applies, and what it asks for, only counsel can say."
)
_STYLE = """
body{font:16px/1.5 Georgia,serif;color:#1c2733;max-width:46rem;margin:2rem auto;padding:0 1.2rem}
h1{font-size:1.5rem;margin:1.2rem 0 .2rem}h2{font-size:1.05rem;margin:1.4rem 0 .2rem}
.draft{border:2px solid #a33;background:#fdf1ef;padding:.7rem 1rem;font-family:system-ui,sans-serif;font-size:.9rem}
table{border-collapse:collapse;width:100%}td{padding:.5rem .4rem;border-bottom:1px solid #ccd3da;vertical-align:top}
.sign td{height:3.2rem}p{margin:.3rem 0}@media print{body{margin:0}}
"""
_UNITS = {RateUnit.HOST: "machine that was verified", RateUnit.VISIT: "visit", RateUnit.HOUR: "hour of work"}


def agreement_html(agreement: SignedAgreement, today: date) -> str:
    """One HTML page that fetches nothing: the notice, the parties, every clause, the signatures."""
    clauses = "".join(
        f"<h2>{number}. {escape(heading)}</h2>" + "".join(f"<p>{escape(text)}</p>" for text in texts)
        for number, (heading, texts) in enumerate(_clauses(agreement), start=1)
    )
    parties = f"{escape(agreement.our_party)} and {escape(agreement.their_party)}"
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Agreement {escape(agreement.id)}: draft</title><style>{_STYLE}</style></head><body>"
        f'<p class="draft">{escape(NOTICE)} Made on {today}.</p>'
        f"<h1>Subcontracting agreement {escape(agreement.id)}</h1><p>between {parties}</p>"
        f'{clauses}<h2>Signatures</h2><table class="sign">{_signatures(agreement)}</table></body></html>'
    )


def _clauses(agreement: SignedAgreement) -> list[tuple[str, list[str]]]:
    terms = agreement.clauses
    return [
        ("Term", [f"It covers work from {agreement.valid_from} to {agreement.last_day}, both days included."]),
        ("Scope", _scope(agreement)),
        ("Customers and staff", _fair(agreement)),
        ("Confidentiality", _confidence(agreement)),
        ("No onward subcontracting", [_onward(terms)]),
        ("Price", [_price(terms.rate)]),
        ("Payment", _payment(agreement)),
        ("Cancellation", [_cancellation(agreement)]),
        ("Introductions", [_introduction(agreement)]),
        ("Service levels", _levels(terms)),
    ]


def _scope(agreement: SignedAgreement) -> list[str]:
    hours = agreement.capacity_minutes
    limit = "" if hours is None else f" At most {hours / 60:g} hours of work are covered."
    clients = ", ".join(agreement.clients)
    where = f" Only for these clients: {clients}." if clients else ""
    return [
        (
            f"{agreement.their_party} sends named people to the visits that it is given, and does there what its list "
            f"says and nothing else.{limit}{where}"
        ),
        f"It is given no password and no key of a client: {agreement.our_party} carries the change to the machines.",
    ]


def _fair(agreement: SignedAgreement) -> list[str]:
    fair = agreement.clauses.non_solicitation
    if fair is None:
        return ["Nothing is agreed."]
    whom = " and ".join(word for word, there in (("customers", fair.customers), ("staff", fair.staff)) if there)
    until = months_after(agreement.last_day, fair.survival_months)
    return [
        (
            f"Neither party solicits the other's {whom}, nor takes work that they offer, until {until} "
            f"({fair.survival_months} months after the end). A customer who asks for more is referred to its owner."
        ),
        f"A breach costs: {fair.penalty}.",
    ]


def _confidence(agreement: SignedAgreement) -> list[str]:
    months = agreement.clauses.confidentiality_months
    if not months:
        return ["Nothing is agreed."]
    return [
        (
            f"Whatever is seen or heard of customers, machines and prices stays in confidence until "
            f"{months_after(agreement.last_day, months)} ({months} months after the end)."
        )
    ]


def _onward(terms: Clauses) -> str:
    if terms.onward_subcontracting:
        return "Work may be passed on to third parties. (The house's rules give such an agreement no work.)"
    return "Work is not passed on to third parties."


def _price(rate: Rate | None) -> str:
    return "No price is agreed yet." if rate is None else f"{rate.price} for every {_UNITS[rate.unit]}."


def _payment(agreement: SignedAgreement) -> list[str]:
    terms = agreement.clauses
    rework = terms.rework_percent
    return [
        (
            f"A visit is payable when a fresh probe by {agreement.our_party} found every one of its machines right; "
            f"payment is due {terms.payment.days_after_verified} days later. A probe that finds one wrong reopens "
            "the visit and holds its payment."
        ),
        f"Machines that were wrong at the first try cost {rework:g} % of their share of the price."
        if rework
        else "Rework is not charged.",
    ]


def _cancellation(agreement: SignedAgreement) -> str:
    ends = agreement.clauses.cancellation
    return (
        f"A visit that is called off later than {ends.notice_hours} hours before it costs whoever calls it off "
        f"{ends.fee_percent:g} % of its price."
    )


def _introduction(agreement: SignedAgreement) -> str:
    share = agreement.clauses.introduction_percent
    if not share:
        return "Nothing is owed for a client that one side introduced to the other."
    return (
        f"Who takes on a client that the other side introduced owes it {share:g} % of the earnings that are expected "
        "of the client in the first year."
    )


def _levels(terms: Clauses) -> list[str]:
    if not terms.sla:
        return ["Nothing is agreed."]
    return [f"{one.kind.words}: {one.kind.better} {one.value} ({one.kind.unit})." for one in terms.sla]


def _signatures(agreement: SignedAgreement) -> str:
    sides = ((agreement.our_party, agreement.ours), (agreement.their_party, agreement.theirs))
    rows = [f"<td>for {escape(party)}</td><td>{escape(f'{s.name}, {s.on}') if s else ''}</td>" for party, s in sides]
    board = agreement.board
    approved = escape(f"{board.by}, {board.on}: {board.reference}") if board else "not yet"
    rows.append(f"<td>approved by the board</td><td>{approved}</td>")
    return "".join(f"<tr>{row}</tr>" for row in rows)
