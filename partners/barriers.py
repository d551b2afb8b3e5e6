"""Who may not be sent where: one function for each rule between a partner and a client's site."""

from collections.abc import Callable, Mapping

from muster.fleet import Client, Fleet, Site
from muster.ids import PartnerId, SiteId
from muster.plan import Reason
from partners.agreement import SignedAgreement
from partners.file import ClientTerms, Known, PartnerFile
from partners.sla import weaker

Rule = Callable[[PartnerFile, SignedAgreement | None, ClientTerms, Site], Reason | None]


def unwanted(file: PartnerFile, _agreement: SignedAgreement | None, terms: ClientTerms, site: Site) -> Reason | None:
    """The client has not said that it does not want this partner."""
    if file.id not in terms.unwanted:
        return None
    return Reason("unwanted", f"client {site.client_id} does not want {file.name}", "ask the client")


def competitor(file: PartnerFile, _agreement: SignedAgreement | None, _terms: ClientTerms, site: Site) -> Reason | None:
    """The partner does not compete with the client."""
    if site.client_id not in file.competes_with:
        return None
    return Reason("competitor", f"{file.name} competes with client {site.client_id}", "")


def region(file: PartnerFile, _agreement: SignedAgreement | None, _terms: ClientTerms, site: Site) -> Reason | None:
    """The site lies where the partner works; a site without a region may be anywhere."""
    regions = {one.casefold() for one in file.regions}
    if not regions or not site.region or site.region.casefold() in regions:
        return None
    where = ", ".join(file.regions)
    return Reason("region", f"{file.name} works in {where}, and {site.id} is in {site.region}", "agree on the region")


def service_level(
    file: PartnerFile, agreement: SignedAgreement | None, terms: ClientTerms, site: Site
) -> Reason | None:
    """The agreement promises us at least what the client was promised."""
    found = weaker(agreement.clauses.sla, terms.promised) if agreement is not None else ()
    if not found:
        return None
    text = (
        f"the agreement with {file.name} is weaker than what client {site.client_id} was promised: {'; '.join(found)}"
    )
    return Reason("service level", text, "agree on the stronger term")


RULES: tuple[Rule, ...] = (unwanted, competitor, region, service_level)


def barriers_of(
    file: PartnerFile, agreement: SignedAgreement | None, client: Client, site: Site, known: Known
) -> tuple[Reason, ...]:
    """Every rule that keeps a partner from a site; without an agreement those that need none."""
    terms = known.terms_of(client)
    found = (rule(file, agreement, terms, site) for rule in RULES)
    return tuple(reason for reason in found if reason is not None)


def all_barriers(
    known: Known, agreements: Mapping[PartnerId, SignedAgreement | None], fleet: Fleet
) -> dict[SiteId, dict[PartnerId, tuple[Reason, ...]]]:
    """The barriers of every partner that is named, by site; sites without any are left out."""
    found: dict[SiteId, dict[PartnerId, tuple[Reason, ...]]] = {}
    for site in fleet.sites:
        client = fleet.client[site.client_id]
        of_site = {
            partner_id: reasons
            for partner_id, agreement in agreements.items()
            if (reasons := barriers_of(known.files[partner_id], agreement, client, site, known))
        }
        if of_site:
            found[site.id] = of_site
    return found
