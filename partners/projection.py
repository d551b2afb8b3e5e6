"""From files, terms and agreements down to the few values that the planner knows.

The planner sees a partner as eligible on the days of one run (see ``standing.first_run``), with the minutes that its
agreement still covers, and is told which sites and which people are barred, by which rule. Whatever a file does not
allow is not in the planner's world, so that no plan can hold it. A partner without a file is judged by the columns
of its row in the fleet's files, as before.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

from muster.crew import Absence, Agreement, Crew, Engineer, Partner, Vetting
from muster.fleet import Fleet
from muster.ids import PartnerId, PersonId, SiteId
from partners.agreement import Rate, RateUnit, SignedAgreement
from partners.barriers import all_barriers
from partners.file import HouseRules, Known, PartnerFile
from partners.money import Money
from partners.standing import days, first_run, person_reasons, standing
from scheduler.problem import Barred


@dataclass(frozen=True, slots=True)
class Prices:
    """How agreed prices become cents an hour, which is all that the planner weighs.

    Attributes:
        currency: of the planner's cents; prices in another one do not reach the planner.
        minutes_per_host: of a remote machine; a price per machine counts as so many machines an hour. On site, where
            a machine takes longer, such a price is better than the planner believes.
        minutes_per_visit: of a usual visit; a price per visit counts as so many visits an hour.
    """

    currency: str
    minutes_per_host: float = 3.0
    minutes_per_visit: float = 60.0

    def an_hour(self, rate: Rate) -> Money:
        """What an hour comes to."""
        minutes = {
            RateUnit.HOUR: 60.0,
            RateUnit.HOST: self.minutes_per_host,
            RateUnit.VISIT: self.minutes_per_visit,
        }[rate.unit]
        return rate.price.times(60 / Fraction(str(minutes)))


@dataclass(frozen=True, slots=True)
class Projected:
    """What the planner is handed.

    Attributes:
        crew: with partners cut down to the days and minutes that are covered.
        objections: partners that can be given nothing, and why.
        kept_out: people who can be given nothing although their partner can, and why.
        barriers: sites to which a partner must not be sent, and by which rule.
        agreements: what covers each partner's work, for payment and disclosure.
    """

    crew: Crew
    objections: Mapping[PartnerId, str]
    kept_out: Mapping[PersonId, str]
    barriers: Mapping[SiteId, tuple[Barred, ...]]
    agreements: Mapping[PartnerId, SignedAgreement]


def project(
    crew: Crew,
    fleet: Fleet,
    known: Known,
    first: date,
    last: date,
    used_minutes: Mapping[str, int],
    prices: Prices,
) -> Projected:
    """Cut a crew down to what vetting and agreements allow between two dates.

    Args:
        crew: everybody, as the fleet's files tell.
        fleet: the sites that barriers are worked out for.
        known: files, terms and rules.
        first: the first day of planning.
        last: the last one.
        used_minutes: of verified work, by agreement; it counts against the agreement's capacity.
        prices: how agreed prices become the planner's cents an hour.
    """
    runs = {file.id: first_run(file, first, last, known.rules) for file in known.files.values()}
    agreements = {partner_id: run.agreement for partner_id, run in runs.items() if run is not None}
    objections = {
        file.id: f"{file.name}: {standing(file, first, known.rules)}"
        for file in known.files.values()
        if runs[file.id] is None
    }
    partners = {partner.id: partner for partner in crew.partners}
    for file in known.files.values():
        partners[file.id] = _planners_partner(file, partners.get(file.id))
        run = runs[file.id]
        if run is not None:
            partners[file.id] = replace(
                partners[file.id],
                vetting=Vetting(passed=True, judged_by=_judges(file), judged_on=run.first, valid_until=run.last),
                agreement=_planners_agreement(run.agreement, run.first, run.last, used_minutes),
            )
        elif file.agreements:  # given nothing, but a scenario may ask what if it were eligible
            last_one = _planners_agreement(file.agreements[-1], first, last, used_minutes)
            partners[file.id] = replace(partners[file.id], agreement=last_one)
    last_known = {file.id: file.agreements[-1] for file in known.files.values() if file.agreements}
    people = [_at_agreed_rate(one, {**last_known, **agreements}, prices) for one in crew.engineers]
    kept_out: dict[PersonId, str] = {}
    for number, person in enumerate(people):
        theirs = known.files.get(person.partner_id) if person.partner_id is not None else None
        if theirs is not None:
            people[number], reason = _on_good_days(person, theirs, known.rules, first, last)
            kept_out |= {person.id: reason} if reason else {}
    return Projected(
        crew=Crew(tuple(people), tuple(partners[key] for key in sorted(partners))),
        objections=objections,
        kept_out=kept_out,
        barriers=_barriers(known, agreements, fleet, people),
        agreements=agreements,
    )


def _planners_partner(file: PartnerFile, row: Partner | None) -> Partner:
    email, region = (row.email, row.region) if row else ("", "")
    return Partner(file.id, file.name, file.email or email, region or (file.regions[0] if file.regions else ""))


def _judges(file: PartnerFile) -> str:
    return ", ".join(dict.fromkeys(score.by for score in file.scores))


def _planners_agreement(agreement: SignedAgreement, first: date, last: date, used: Mapping[str, int]) -> Agreement:
    limit = agreement.capacity_minutes
    fair = agreement.clauses.non_solicitation
    return Agreement(
        signed_on=first,
        valid_until=last,
        capacity_minutes=None if limit is None else max(0, limit - used.get(agreement.id, 0)),
        clients=agreement.clients,
        non_solicitation=fair is not None,
    )


def _at_agreed_rate(person: Engineer, agreements: Mapping[PartnerId, SignedAgreement], prices: Prices) -> Engineer:
    agreement = agreements.get(person.partner_id) if person.partner_id is not None else None
    rate = agreement.clauses.rate if agreement is not None else None
    if rate is None or rate.price.currency != prices.currency:
        return person
    return replace(person, rate_cents_per_hour=prices.an_hour(rate).cents)


def _on_good_days(
    person: Engineer, file: PartnerFile, rules: HouseRules, first: date, last: date
) -> tuple[Engineer, str]:
    """The person, absent on every day on which a credential or an authorisation is missing; why, where on all days."""
    reasons = {day: person_reasons(file, person.id, day, rules) for day in days(first, last)}
    bad = {day: found for day, found in reasons.items() if found}
    if len(bad) == len(reasons):
        return person, "; ".join(reason.text for reason in bad[first])
    away = tuple(_whole_day(day, person.timezone, found[0].text) for day, found in bad.items())
    return replace(person, absences=(*person.absences, *away)), ""


def _whole_day(day: date, zone: str, reason: str) -> Absence:
    starts, ends = (datetime.combine(one, time(), ZoneInfo(zone)) for one in (day, day + timedelta(days=1)))
    return Absence(starts.astimezone(UTC), ends.astimezone(UTC), reason)


def _barriers(
    known: Known, agreements: Mapping[PartnerId, SignedAgreement], fleet: Fleet, people: Sequence[Engineer]
) -> dict[SiteId, tuple[Barred, ...]]:
    found: dict[SiteId, list[Barred]] = {}
    # also of partners that may be given nothing today: a scenario that adds one is held to the same rules
    bound = {
        file.id: agreements.get(file.id, file.agreements[-1] if file.agreements else None)
        for file in known.files.values()
    }
    for site_id, of_site in all_barriers(known, bound, fleet).items():
        for partner_id, reasons in of_site.items():
            found.setdefault(site_id, []).extend(Barred(partner_id, one.rule, one.text) for one in reasons)
    for partner_id in known.files:
        for bar, site_id in _not_authorised_there(known.files[partner_id], known.rules, fleet, people):
            found.setdefault(site_id, []).append(bar)
    return {site_id: tuple(bars) for site_id, bars in found.items()}


def _not_authorised_there(
    file: PartnerFile, rules: HouseRules, fleet: Fleet, people: Sequence[Engineer]
) -> list[tuple[Barred, SiteId]]:
    """People whose authorisation names clients, and every site of the others."""
    limited = {one.person_id: frozenset(one.clients) for one in file.technicians if one.clients}
    if not rules.named_technicians or not limited:
        return []
    return [
        (Barred(file.id, "technician", f"{person.name} is not authorised for {site.client_id}", person.id), site.id)
        for person in people
        if person.partner_id == file.id and person.id in limited
        for site in fleet.sites
        if site.client_id not in limited[person.id]
    ]
