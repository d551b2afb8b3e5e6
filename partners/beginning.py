"""Whether a partner's visit may begin now: the rules of planning, judged once more when its machines are let go.

A plan was judged when it was dispatched; since then a partner may have been suspended, its insurance may have ended, a
client may not want it any more. What was dispatched is not begun then, and it says why.
"""

from datetime import date

from muster.crew import Crew, Engineer
from muster.fleet import Client, Site
from muster.ids import PersonId
from muster.plan import Reason
from partners.barriers import barriers_of
from partners.file import Known, PartnerFile
from partners.standing import agreement_on, person_reasons, standing
from scheduler.crew_days import objection_to, valid_on


def may_not_begin(
    known: Known, crew: Crew, person: Engineer, client: Client, site: Site, day: date
) -> tuple[Reason, ...]:
    """Every rule that a visit of this person at this site breaks on a day; empty where it may begin.

    Our own people break none of them but the client's wish not to see them.
    """
    if person.id in client.excluded:
        return (Reason("excluded", f"{client.id} does not want {person.name}", "ask the client"),)
    if person.partner_id is None:
        return ()
    if not client.partners_allowed:
        return (Reason("partner allowed", f"{client.id} allows no partners", "ask the client"),)
    file = known.files.get(person.partner_id)
    return _by_columns(crew, person, client, day) if file is None else _by_file(known, file, person, client, site, day)


def _by_file(
    known: Known, file: PartnerFile, person: Engineer, client: Client, site: Site, day: date
) -> tuple[Reason, ...]:
    found = [*standing(file, day, known.rules).reasons, *person_reasons(file, person.id, day, known.rules)]
    covering = agreement_on(file, day, known.rules)
    if covering is not None:
        if covering.clients and client.id not in covering.clients:
            text = f"agreement {covering.id} does not cover {client.id}"
            found.append(Reason("agreement", text, "agree on the client"))
        found += barriers_of(file, covering, client, site, known)
    if not _authorised_there(file, person.id, client, day, named=known.rules.named_technicians):
        found.append(Reason("technician", f"{person.name} is not authorised for {client.id}", "authorise the person"))
    return tuple(found)


def _authorised_there(file: PartnerFile, person_id: PersonId, client: Client, day: date, *, named: bool) -> bool:
    """Whether an authorisation that names clients names this one."""
    words = [one for one in file.technicians if one.person_id == person_id and one.on <= day <= one.until]
    return not named or not words or not words[-1].clients or client.id in words[-1].clients


def _by_columns(crew: Crew, person: Engineer, client: Client, day: date) -> tuple[Reason, ...]:
    """A partner without a file is judged by the columns of its row in the fleet's files."""
    if person.partner_id is None:
        return ()
    objection = objection_to(person.partner_id, crew, day, day)
    partner = crew.partner.get(person.partner_id)
    if not objection and partner is not None and not valid_on(partner, day):
        objection = "its vetting or agreement does not hold today"
    if objection:
        return (Reason("agreement", f"{person.partner_id}: {objection}", "muster import its new row"),)
    agreement = partner.agreement if partner is not None else None
    if agreement is not None and agreement.clients and client.id not in agreement.clients:
        return (Reason("agreement", f"the agreement of {person.partner_id} does not cover {client.id}", ""),)
    return ()
